/* SPDX-License-Identifier: Apache-2.0 */
/* Who may see the metrics: passwords and client certificates, by a struct web_config. */
#ifndef BOMBUS_RUNNER_SINK_WEB_AUTH_H
#define BOMBUS_RUNNER_SINK_WEB_AUTH_H

#include <stdbool.h>
#include "runner/sink/web_config.h"

struct web_auth;

/* Loads what the configuration needs. The configuration is borrowed. */
int web_auth_new(struct web_auth **ret, const struct web_config *config, struct err *err);
void web_auth_free(struct web_auth *auth);

/* True where no user is configured. NULL: none was given. One thread. */
bool web_auth_password(struct web_auth *auth, const char *user, const char *password);
/* `session` is GnuTLS' (gnutls_session_t). True where no certificate is asked for. */
bool web_auth_certificate(struct web_auth *auth, void *session);

#endif
