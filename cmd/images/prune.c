// SPDX-License-Identifier: Apache-2.0
/* `bombus prune`: frees what no name needs. */
#include "base/log.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/images/confirm.h"
#include "cmd/store_path.h"
#include "oci/image.h"
#include "runner/read/text/human.h"

struct prune_args {
	bool force, dry_run;
};

static int run_prune(const struct global_args *global, void *args, const struct words *words,
		     struct err *err)
{
	const struct prune_args *a = args;
	_cleanup_free_ char *store = store_path(global);
	_cleanup_free_ char *question = xasprintf("Remove what no image in %s needs?", store);
	char size[HUMAN_ROOM];
	uint64_t bytes = 0;
	size_t count = 0;
	int rc = confirm(a->force || a->dry_run, question, err);

	if (rc == 0)
		rc = image_prune(store, a->dry_run, &count, &bytes, err);
	if (rc == 0)
		log_info("%s %zu blob%s, %.*s", a->dry_run ? "would free" : "freed", count,
			 count == 1 ? "" : "s", (int)human_bytes(size, bytes), size);
	return rc;
}

#define ARG(member) offsetof(struct prune_args, member)
static const struct opt prune_opts[] = {
	{ 'f', "force", NULL, OPT_FLAG, ARG(force), "do not ask" },
	{ 0, "dry-run", NULL, OPT_FLAG, ARG(dry_run), "only say how much it would be" },
	{ 0 },
};

const struct command cmd_prune = {
	.name = "prune",
	.usage = "",
	.summary = "free what no image in the store needs",
	.about = "prune removes the blobs of removed images and downloads that did not finish. "
		 "It leaves the downloads of other bombus processes that are running.",
	.examples = "bombus prune --dry-run\n"
		    "bombus prune --force",
	.environment = "BOMBUS_STORE  folder of the local images",
	.opts = prune_opts,
	.args_bytes = sizeof(struct prune_args),
	.run = run_prune,
};
