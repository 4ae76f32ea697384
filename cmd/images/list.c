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
#include "cmd/store_path.h"
#include "oci/image.h"
#include "runner/read/text/human.h"

struct list_args {
	const char *format;
	struct remote_args remote;
};

/* What a table shows, and behind it what only JSON and templates have. */
static const struct column columns[] = {
	{ "Name" }, { "Digest" }, { "Size", .right = true }, { "Created" }, { "Platform" },
};
#define TABLE_COLUMNS 4

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
	const char *cells[] = { info->name, digest, size, created, info->platform };

	listing_row(listing, cells);
}

static void print_names(const struct image_info *infos, size_t count)
{
	for (size_t i = 0; i < count; i++)
		file_print_line(infos[i].name);
}

static int print_list(const struct image_info *infos, size_t count, const char *format,
		      struct err *err)
{
	bool table = !format || streq(format, "table");
	struct listing *listing =
		listing_new(format, columns, table ? TABLE_COLUMNS : ARRAY_LEN(columns), err);

	if (!listing)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		add_row(listing, &infos[i], table);
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

static int run_list(const struct global_args *global, void *args, const struct words *words,
		    struct err *err)
{
	const struct list_args *a = args;
	_cleanup_free_ char *store = NULL;
	struct image_info *infos = NULL;
	size_t count = 0;
	int rc;

	if (words->count)
		return list_tags(global, a, words->words[0], err);
	store = store_path(global);
	rc = image_list(store, &infos, &count, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (infos[i].damage)
			log_warn("%s", infos[i].damage);
	if (!count && !(a->format && streq(a->format, "json")))
		log_info("the store %s is empty; 'bombus build FILE.bpf.c' makes an image", store);
	if (global->quiet && !a->format)
		print_names(infos, count);
	else if (count || a->format)
		rc = print_list(infos, count, a->format, err);
	for (size_t i = 0; i < count; i++)
		image_info_release(&infos[i]);
	free(infos);
	return rc;
}

static const struct opt list_opts[] = {
	{ 0, "format", "FORM", OPT_TEXT, offsetof(struct list_args, format),
	  "table, json, or a template of {{.Name}} {{.Digest}} {{.Size}} {{.Created}} "
	  "{{.Platform}}; of a repository {{.Tag}}" },
	REMOTE_OPTS(offsetof(struct list_args, remote)),
	{ 0 },
};

const struct command cmd_list = {
	.name = "list",
	.usage = "[REGISTRY/REPOSITORY]",
	.summary = "the images in the local store, or the tags in a registry",
	.about = "A table for people; --format json and templates give whole digests, bytes and "
		 "times. -q prints the names alone.",
	.examples = "bombus list\n"
		    "bombus list -q\n"
		    "bombus list registry.example/tools/tcpconnlat\n"
		    "bombus list --format '{{.Name}} {{.Digest}}'",
	.environment = "BOMBUS_STORE        folder of the local images\n" REMOTE_ENVIRONMENT,
	.opts = list_opts,
	.args_bytes = sizeof(struct list_args),
	.max_words = 1,
	.run = run_list,
};
