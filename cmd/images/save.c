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
	rc = export_images(global, words->words, words->count, to, err);
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
	.about = "save writes an OCI image layout: a tar (other tools call it oci-archive) or, "
		 "if FOLDER exists or ends in /, a folder, to which it adds the images.",
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

static void ignore_name(void *ctx, const char *name)
{
}

static int verify_one(const char *store, const char *name, const struct policy *policy,
		      struct err *err)
{
	_cleanup_(image_info_release) struct image_info info = { 0 };
	int rc = image_find(store, name, &info, err);

	if (rc == 0 && !image_is_signature(&info))
		rc = image_verify(store, &info, policy, err);
	if (rc < 0)
		err_wrap(err, "%s", name);
	return rc;
}

static int verify_all(const char *store, const struct policy *policy, struct err *err)
{
	struct image_info *infos = NULL;
	size_t count = 0;
	int rc = image_list(store, &infos, &count, err);

	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = verify_one(store, infos[i].name, policy, err);
		image_info_release(&infos[i]);
	}
	free(infos);
	return rc;
}

/* Loads into a temporary store first: the user's store never has an image that is not trusted. */
static int load_verified(const struct global_args *global, const char *store, const char *from,
			 const struct policy *policy, struct err *err)
{
	_cleanup_work_folder_ char *work = NULL;
	int rc = work_folder_make(&work, err);

	if (rc == 0)
		rc = image_import(work, from, ignore_name, NULL, err);
	if (rc == 0)
		rc = verify_all(work, policy, err);
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
	.about = "load reads an OCI image layout, of 'bombus save' or of another tool, from a "
		 "folder or a tar. Images keep the names that they have there. load checks "
		 "everything against its digest, and with a key or a policy also the signatures "
		 "that came along.",
	.examples = "bombus load tcpconnlat.tar\n"
		    "bombus load images/",
	.environment = "BOMBUS_STORE  folder of the local images\n"
		       "TMPDIR        where images are verified before they are loaded (/tmp)",
	.opts = load_opts,
	.args_bytes = sizeof(struct trust_args),
	.max_words = 1,
	.complete = "file",
	.run = run_load,
};
