// SPDX-License-Identifier: Apache-2.0
/* `bombus list`: the images of the local store. */
#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/images/remote_args.h"
#include "cmd/images/age.h"
#include "cmd/images/files.h"
#include "cmd/images/images.h"
#include "cmd/store_path.h"
#include "oci/image.h"
#include "runner/read/text/human.h"

struct list_args {
	const char *format;
	bool available;
	struct remote_args remote;
};

/* What a table shows, and behind it what only JSON and templates have. */
static const struct column columns[] = {
	{ "Name" },    { "Digest" },   { "Size", .right = true, .number = true },
	{ "Created" }, { "Platform" }, { "Description" },
};
#define TABLE_COLUMNS 4
static const struct column available_columns[] = { { "Name" }, { "Description" } };

/* For people rounded and short, for programs as it is. */
static void add_row(struct listing *listing, const struct image_info *info, bool table)
{
	char human[HUMAN_ROOM];
	size_t human_len = human_bytes(human, info->size_bytes);
	_cleanup_free_ char *size =
		table ? xstrndup(human, human_len) : xasprintf("%" PRIu64, info->size_bytes);
	_cleanup_free_ char *created = table ? age_text(info->created, now_real_ns())
					     : xstrdup(info->created ? info->created : "");
	_cleanup_free_ char *digest =
		table ? xstrndup(info->digest, SHOWN_DIGEST_CHARS) : xstrdup(info->digest);
	const char *cells[] = { info->name, digest,	    size,
				created,    info->platform, image_description(info) };

	listing_row(listing, cells);
}

static void print_names(const struct images *images)
{
	for (size_t i = 0; i < images->count; i++)
		file_print_line(images->infos[i].name);
}

static int print_list(const struct images *images, const char *format, struct err *err)
{
	bool table = !format || streq(format, "table");
	struct listing *listing =
		listing_new(format, columns, table ? TABLE_COLUMNS : ARRAY_LEN(columns), err);

	if (!listing)
		return -EINVAL;
	for (size_t i = 0; i < images->count; i++)
		add_row(listing, &images->infos[i], table);
	return listing_end(listing, err);
}

static int print_tags(char *const *tags, size_t count, const struct global_args *global,
		      const char *format, struct err *err)
{
	static const struct column tag_columns[] = { { "Tag" } };
	struct listing *listing;

	if (global->quiet && !format) {
		for (size_t i = 0; i < count; i++)
			file_print_line(tags[i]);
		return 0;
	}
	listing = listing_new(format, tag_columns, ARRAY_LEN(tag_columns), err);
	if (!listing)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		listing_row(listing, (const char *const *)&tags[i]);
	return listing_end(listing, err);
}

/* The tags of a repository in a registry. */
static int list_tags(const struct global_args *global, const struct list_args *a, const char *name,
		     struct err *err)
{
	_cleanup_(remote_session_release) struct remote_session session = { 0 };
	struct tag_list tags = { 0 };
	int printed = 0, rc = remote_session_init(&session, global, &a->remote, err);

	if (rc == 0)
		rc = remote_tags(name, &session.opts, &tags, err);
	if (tags.refused)
		log_warn("%zu entr%s in the list of %s cannot be a tag", tags.refused,
			 tags.refused == 1 ? "y" : "ies", name);
	/* What came before an error is shown, and the error ends the command. */
	if (rc == 0 || tags.count)
		printed =
			print_tags(tags.names, tags.count, global, a->format, rc == 0 ? err : NULL);
	tag_list_release(&tags);
	return rc < 0 ? rc : printed;
}

static int print_available(const struct images *images, const char *format, struct err *err)
{
	struct listing *listing =
		listing_new(format, available_columns, ARRAY_LEN(available_columns), err);

	if (!listing)
		return -EINVAL;
	for (size_t i = 0; i < images->count; i++)
		listing_row(listing, (const char *const[]){ images->infos[i].name,
							    image_description(&images->infos[i]) });
	return listing_end(listing, err);
}

/* The images that `run` finds by a short name. */
static int list_available(const struct global_args *global, const char *format, struct err *err)
{
	_cleanup_(images_release) struct images images = { 0 };
	int rc = images_available(&images, global, err);

	if (rc < 0)
		return rc;
	if (global->quiet && !format)
		print_names(&images);
	else if (images.count || format)
		rc = print_available(&images, format, err);
	return rc;
}

static int list_own(const struct global_args *global, const char *format, struct err *err)
{
	_cleanup_free_ char *store = store_path(global), *system = system_store_path();
	_cleanup_(images_release) struct images images = { 0 };
	int rc = images_read(store, &images, err);

	if (rc < 0)
		return rc;
	if (!images.count && !(format && streq(format, "json")))
		log_info("the store %s is empty; %s", store,
			 system ? "'bombus list --available' shows the images that are installed "
				  "with bombus"
				: "'bombus build FILE.bpf.c' makes an image");
	if (global->quiet && !format)
		print_names(&images);
	else if (images.count || format)
		rc = print_list(&images, format, err);
	return rc;
}

static int run_list(const struct global_args *global, void *args, const struct words *words,
		    struct err *err)
{
	const struct list_args *a = args;

	if (words->count && a->available)
		return err_usage(err, "--available is about this machine, not about %s",
				 words->words[0]);
	if (words->count)
		return list_tags(global, a, words->words[0], err);
	return a->available ? list_available(global, a->format, err)
			    : list_own(global, a->format, err);
}

static const struct opt list_opts[] = {
	{ 'a', "available", NULL, OPT_FLAG, offsetof(struct list_args, available),
	  "the images that 'run' finds by name, and their purpose: those of the store, and those "
	  "that were installed with bombus" },
	{ 0, "format", "FORM", OPT_TEXT, offsetof(struct list_args, format),
	  "table, json, or a template of {{.Name}} {{.Digest}} {{.Size}} {{.Created}} "
	  "{{.Platform}} {{.Description}}; of a repository {{.Tag}}; with --available {{.Name}} "
	  "{{.Description}}",
	  .complete = "table json" },
	REMOTE_OPTS(offsetof(struct list_args, remote)),
	{ 0 },
};

const struct command cmd_list = {
	.name = "list",
	.usage = "[REGISTRY/REPOSITORY]",
	.summary = "the images in the local store, or the tags in a registry",
	.about = "list prints a table. --format json and templates give whole digests, bytes and "
		 "times; -q prints the names alone.",
	.examples = "bombus list\n"
		    "bombus list --available\n"
		    "bombus list -q\n"
		    "bombus list registry.example/tools/tcpconnlat\n"
		    "bombus list --format '{{.Name}} {{.Digest}}'",
	.environment = "BOMBUS_STORE        folder of the local images\n" REMOTE_ENVIRONMENT,
	.opts = list_opts,
	.args_bytes = sizeof(struct list_args),
	.max_words = 1,
	.run = run_list,
};
