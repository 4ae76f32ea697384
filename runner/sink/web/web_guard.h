/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guards the metrics, by the file of --web-config: TLS, client certificates, passwords. The
 * file and those it names are looked at for each new connection, and read again when they changed,
 * so that certificates are renewed and users come and go while we listen. What is then wrong with
 * them is said once, and all stays as it was. Of one thread, but for opening.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_GUARD_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_GUARD_H

#include "runner/sink/web/web_config.h"

struct web_guard;

/* path NULL: everybody may come, and nothing is hidden from those who listen. */
int web_guard_new(struct web_guard **ret, const char *path, struct err *err);
void web_guard_free(struct web_guard *guard);

/* Valid until the next connection begins. */
const struct web_config *web_guard_config(const struct web_guard *guard);

/* A connection begins: `session` is GnuTLS' where there is TLS, else NULL. What is returned is for
 * web_guard_end(). */
void *web_guard_begin(struct web_guard *guard, void *session);
void web_guard_end(struct web_guard *guard, void *handle);

/* As web_auth_password(). */
bool web_guard_password(struct web_guard *guard, const char *user, const char *password);

#endif
