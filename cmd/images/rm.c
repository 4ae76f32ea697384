// SPDX-License-Identifier: Apache-2.0
/* `bombus rm`: takes names away. */
#include <errno.h>

#include "base/log.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/images/confirm.h"
#include "cmd/store_path.h"
#include "oci/image.h"

struct rm_args {
	bool force;
};

/* `run` finds an installed image, but `rm` does not remove it. */
static void hint_installed(const char *name, struct err *err)
{
	_cleanup_free_ char *system = system_store_path();

	if (!system || image_missing(system, name))
		return;
	err->hint[0] = '\0';
	err_hint(err, "%s was installed with bombus and is removed with it", name);
}

static int run_rm(const struct global_args *global, void *args, const struct words *words,
		  struct err *err)
{
	const struct rm_args *a = args;
	_cleanup_free_ char *store = store_path(global);
	_cleanup_free_ char *question = xasprintf("Remove %zu image%s from %s?", words->count,
						  words->count == 1 ? "" : "s", store);
	int rc = confirm(a->force, question, err);

	for (size_t i = 0; rc == 0 && i < words->count; i++) {
		_cleanup_free_ char *name = NULL;

		rc = image_remove(store, words->words[i], &name, err);
		if (rc == -ENOENT && err)
			hint_installed(words->words[i], err);
		if (rc == 0)
			log_info("removed %s", name);
	}
	return rc;
}

static const struct opt rm_opts[] = {
	{ 'f', "force", NULL, OPT_FLAG, offsetof(struct rm_args, force), "do not ask" },
	{ 0 },
};

const struct command cmd_rm = {
	.name = "rm",
	.usage = "IMAGE...",
	.summary = "remove images from the store",
	.about = "rm removes names only; 'bombus prune' then frees what no other name needs.",
	.examples = "bombus rm tcpconnlat\n"
		    "bombus rm --force $(bombus list -q) && bombus prune --force",
	.environment = "BOMBUS_STORE  folder of the local images",
	.opts = rm_opts,
	.args_bytes = sizeof(struct rm_args),
	.min_words = 1,
	.max_words = -1,
	.complete = "stored",
	.run = run_rm,
};
