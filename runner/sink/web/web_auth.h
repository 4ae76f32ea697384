/* SPDX-License-Identifier: Apache-2.0 */
/* Who may see the metrics by a password, by a struct web_config. */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_AUTH_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_AUTH_H

#include <stdbool.h>
#include "runner/sink/web/web_config.h"

struct web_auth;

/* Loads what the configuration needs. What it holds is borrowed. */
int web_auth_new(struct web_auth **ret, const struct web_config *config, struct err *err);
void web_auth_free(struct web_auth *auth);

/* True where no user is configured. NULL: none was given. One thread. */
bool web_auth_password(struct web_auth *auth, const char *user, const char *password);

#endif
