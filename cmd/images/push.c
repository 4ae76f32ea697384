// SPDX-License-Identifier: Apache-2.0
/* `bombus push`: an image of the store to a registry. */
#include "base/log.h"
#include "base/util.h"
#include "cmd/images/remote_args.h"
#include "cmd/store_path.h"

static int run_push(const struct global_args *global, void *args, const struct words *words,
		    struct err *err)
{
	_cleanup_(remote_session_release) struct remote_session session = { 0 };
	const char *name = words->words[0], *to = words->count > 1 ? words->words[1] : name;
	_cleanup_free_ char *store = store_of_image(global, name), *moved = NULL, *mounted = NULL;
	struct remote_result result = { 0 };
	int rc = remote_session_init(&session, global, args, err);

	if (rc < 0)
		return rc;
	rc = remote_push(store, name, to, &session.opts, &result, err);
	remote_session_release(&session);
	if (rc < 0) {
		err_wrap(err, "cannot push %s", to);
		return rc;
	}
	moved = moved_text(&result);
	mounted = result.mounted ? xasprintf(", %zu from another repository there", result.mounted)
				 : xstrdup("");
	log_info("pushed %s (%.*s, %s%s)", to, SHOWN_DIGEST_CHARS, result.digest, moved, mounted);
	if (global->quiet)
		printf("%s\n", result.digest);
	return 0;
}

static const struct opt push_opts[] = { REMOTE_OPTS(0), { 0 } };

const struct command cmd_push = {
	.name = "push",
	.usage = "IMAGE [TO]",
	.summary = "send an image to a registry",
	.about = "IMAGE is a name in the store. TO is the name in the registry, "
		 "HOST/REPOSITORY:TAG; the default is IMAGE itself. push sends nothing that the "
		 "registry already has. -q prints the digest.",
	.examples = "bombus push registry.example/tools/tcpconnlat:1.2\n"
		    "bombus push tcpconnlat localhost:5000/tools/tcpconnlat",
	.environment = "BOMBUS_STORE        folder of the local images\n" REMOTE_ENVIRONMENT,
	.opts = push_opts,
	.args_bytes = sizeof(struct remote_args),
	.min_words = 1,
	.max_words = 2,
	.complete = "image",
	.run = run_push,
};
