// SPDX-License-Identifier: Apache-2.0
/* `bombus save` and `bombus load`: images as files. */
#include "base/log.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/images/files.h"
#include "cmd/images/trust_args.h"
#include "cmd/images/work_folder.h"
#include "cmd/store_path.h"
#include "oci/image.h"

struct save_args {
	const char *output;
};

/* Each from the store that has it. */
static int save_images(const struct global_args *global, const struct words *words, const char *to,
		       struct err *err)
{
	_cleanup_free_ struct image_place *images = xcalloc(words->count, sizeof(*images));
	int rc;

	for (size_t i = 0; i < words->count; i++)
		images[i] = (struct image_place){ store_of_image(global, words->words[i]),
						  words->words[i] };
	rc = image_export(images, words->count, to, err);
	for (size_t i = 0; i < words->count; i++)
		free((char *)images[i].store);
	return rc;
}

static int run_save(const struct global_args *global, void *args, const struct words *words,
		    struct err *err)
{
	const struct save_args *a = args;
	const char *to = a->output ? a->output : "-";
	int rc;

	if (streq(to, "-") && isatty(STDOUT_FILENO)) {
		err_hint(err, "-o FILE or -o FOLDER/");
		return err_usage(err, "an archive is not written to a terminal");
	}
	rc = save_images(global, words, to, err);
	if (rc == 0 && !streq(to, "-"))
		log_info("saved %zu image%s to %s", words->count, words->count == 1 ? "" : "s", to);
	return rc;
}

static const struct opt save_opts[] = {
	{ 'o', "output", "FILE|FOLDER/", OPT_TEXT, offsetof(struct save_args, output),
	  "where to; - is standard output, which is also the default", NULL, "file" },
	{ 0 },
};

const struct command cmd_save = {
	.name = "save",
	.usage = "IMAGE...",
	.summary = "write images to an archive or a folder",
	.about = "An OCI image layout: in a tar (what other tools call oci-archive) or, where "
		 "FOLDER "
		 "exists or ends in /, as a folder to which the images are added.",
	.examples = "bombus save tcpconnlat -o tcpconnlat.tar\n"
		    "bombus save tcpconnlat opensnoop -o images/\n"
		    "bombus save tcpconnlat | ssh host bombus load -",
	.environment = "BOMBUS_STORE  folder of the local images",
	.opts = save_opts,
	.args_bytes = sizeof(struct save_args),
	.min_words = 1,
	.max_words = -1,
	.complete = "image",
	.run = run_save,
};

static void on_loaded(void *ctx, const char *name)
{
	const struct global_args *global = ctx;

	if (global->quiet)
		file_print_line(name);
	else
		log_info("loaded %s", name);
}

struct names {
	char **names;
	size_t count;
};

static void names_release(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
}

static void keep_name(void *ctx, const char *name)
{
	struct names *names = ctx;

	names->names = xreallocarray(names->names, names->count + 1, sizeof(*names->names));
	names->names[names->count++] = xstrdup(name);
}

static int verify_loaded(const char *store, const struct names *names, const struct policy *policy,
			 struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < names->count; i++) {
		_cleanup_(image_info_release) struct image_info info = { 0 };

		rc = image_find(store, names->names[i], &info, err);
		if (rc == 0 && !image_is_signature(&info))
			rc = image_verify(store, &info, policy, err);
		if (rc < 0)
			err_wrap(err, "%s", names->names[i]);
	}
	return rc;
}

/* Into a store of ours first: an image that is not trusted never comes into the user's. */
static int load_verified(const struct global_args *global, const char *store, const char *from,
			 const struct policy *policy, struct err *err)
{
	_cleanup_(names_release) struct names names = { 0 };
	_cleanup_work_folder_ char *work = NULL;
	int rc = work_folder_make(&work, err);

	if (rc == 0)
		rc = image_import(work, from, keep_name, &names, err);
	if (rc == 0)
		rc = verify_loaded(work, &names, policy, err);
	return rc < 0 ? rc : image_import(store, work, on_loaded, (void *)global, err);
}

static int run_load(const struct global_args *global, void *args, const struct words *words,
		    struct err *err)
{
	const struct trust_args *a = args;
	const char *from = words->count ? words->words[0] : "-";
	_cleanup_free_ char *store = store_path(global);
	_cleanup_policy_ struct policy *policy = NULL;
	int rc = trust_policy(a, &policy, err);

	if (rc < 0)
		return rc;
	return trust_asked(a) ? load_verified(global, store, from, policy, err)
			      : image_import(store, from, on_loaded, (void *)global, err);
}

static const struct opt load_opts[] = { TRUST_OPTS(0), { 0 } };

const struct command cmd_load = {
	.name = "load",
	.usage = "[FILE|FOLDER|-]",
	.summary = "read images from an archive or a folder",
	.about = "What 'bombus save' wrote, or another tool as an OCI image layout, in a folder or "
		 "a "
		 "tar. Images come under the names that they have there. Everything is checked "
		 "against its digest, and with a key or a policy against the signatures that came "
		 "along.",
	.examples = "bombus load tcpconnlat.tar\n"
		    "bombus load images/",
	.environment = "BOMBUS_STORE  folder of the local images\n"
		       "TMPDIR        where images are looked at before they are taken (/tmp)",
	.opts = load_opts,
	.args_bytes = sizeof(struct trust_args),
	.max_words = 1,
	.complete = "file",
	.run = run_load,
};
