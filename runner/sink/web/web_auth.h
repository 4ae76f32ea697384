/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to the metrics by user and password, by a struct web_config. One that was right is known
 * from then on; any other one has to be compared with a hash, which web_check does. One thread.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_AUTH_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_AUTH_H

#include "runner/sink/web/web_check.h"
#include "runner/sink/web/web_config.h"

struct web_auth;

enum web_access {
	WEB_ALLOWED,
	WEB_DENIED,
	WEB_UNKNOWN, /* `ret` is to be compared */
};

/* The configuration's texts are borrowed. */
int web_auth_new(struct web_auth **ret, const struct web_config *config, struct err *err);
void web_auth_free(struct web_auth *auth);

/* The user and the password in the value of an Authorization header (RFC 7617), malloc'ed. False:
 * it is of another kind, or malformed. */
bool web_auth_read(const char *header, char **ret_user, char **ret_password);

/*
 * WEB_ALLOWED where no user is configured. NULL: none was given. In WEB_UNKNOWN's check everything
 * is set but `password` and done(). A user that does not exist is compared with the hash of one
 * that does, always the same one, so that the time of an answer does not tell which users exist.
 */
enum web_access web_auth_ask(struct web_auth *auth, const char *user, const char *password,
			     struct web_check *ret);
/* After a check that matches. */
void web_auth_learn(struct web_auth *auth, const struct web_check *check);

#endif
