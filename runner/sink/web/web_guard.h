/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to the metrics, by the file of --web-config: TLS, client certificates, passwords. The
 * guard looks at the file, and at the files that it names, for each new connection, and reads them
 * again when they changed: certificates are renewed and users change while the server runs. An
 * error in them is reported once, and the previous content stays in use. One thread, but for
 * opening.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_GUARD_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_GUARD_H

#include "runner/sink/web/web_auth.h"
#include "runner/sink/web/web_config.h"

struct web_guard;

/* path NULL: no TLS and no passwords. */
int web_guard_new(struct web_guard **ret, const char *path, struct err *err);
void web_guard_free(struct web_guard *guard);

/* Valid until the next connection begins. */
const struct web_config *web_guard_config(const struct web_guard *guard);
/* What is read again when it changes: at most `max` paths; returns how many. */
size_t web_guard_files(const struct web_guard *guard, const char **ret, size_t max);

/* A connection begins: `session` is GnuTLS' where there is TLS, else NULL. Returns a handle for
 * web_guard_end(). */
void *web_guard_begin(struct web_guard *guard, void *session);
void web_guard_end(struct web_guard *guard, void *handle);

/* See web_auth.h, and web_check.h for a pair that is WEB_UNKNOWN. */
enum web_access web_guard_ask(struct web_guard *guard, const char *user, const char *password,
			      struct web_check *ret);
void web_guard_learn(struct web_guard *guard, const struct web_check *check);
bool web_guard_can_check(struct web_guard *guard);
void web_guard_check(struct web_guard *guard, struct web_check *check);
void web_guard_stop(struct web_guard *guard); /* ends all checks */

#endif
