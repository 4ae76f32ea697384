// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/pull_image.h"

#include "base/log.h"
#include "base/util.h"
#include "cmd/store_path.h"

int pull_image(const struct global_args *global, const struct remote_args *args, const char *name,
	       const char *platform, uint64_t max_bytes, const struct policy *policy,
	       struct err *err)
{
	_cleanup_(remote_session_release) struct remote_session session = { 0 };
	_cleanup_free_ char *store = store_path(global), *moved = NULL;
	struct remote_result result = { 0 };
	int rc = remote_session_init(&session, global, args, err);

	if (rc < 0)
		return rc;
	session.opts.platform = platform;
	session.opts.max_bytes = max_bytes;
	session.opts.policy = policy;
	rc = remote_pull(store, name, &session.opts, &result, err);
	remote_session_release(&session);
	if (rc < 0) {
		err_wrap(err, "cannot pull %s", name);
		return rc;
	}
	moved = moved_text(&result);
	if (!result.current)
		log_info("pulled %s (%.*s, %s)", name, SHOWN_DIGEST_CHARS, result.digest, moved);
	else
		log_info("%s is up to date (%.*s)", name, SHOWN_DIGEST_CHARS, result.digest);
	return 0;
}
