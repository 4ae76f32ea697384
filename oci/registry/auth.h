/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials for one registry: none until it asks, then Basic or a token of the server that it
 * names (https://distribution.github.io/distribution/spec/auth/). Tokens are kept per scope
 * until shortly before they end.
 */
#ifndef BOMBUS_OCI_REGISTRY_AUTH_H
#define BOMBUS_OCI_REGISTRY_AUTH_H

#include <stdbool.h>
#include "base/net/http.h"

struct auth;

struct auth_opts {
	struct http *http;
	const char *host;	   /* as in references and credential files */
	const char *base;	   /* the registry's address, "https://host:port" */
	const char *authfile;	   /* NULL: where they usually are */
	bool plain_http;	   /* the user allowed it for other hosts than this machine */
	const char *user, *secret; /* instead of any file; NULL: see there */
};
struct auth *auth_new(const struct auth_opts *opts);
void auth_free(struct auth *auth);

/* "Authorization: ..." for requests in this scope ("repository:x:pull", several with spaces
 * between; NULL: none), as far as it is known. NULL: send none. Valid until the next call. */
const char *auth_header(struct auth *auth, const char *repository, const char *scope);

/*
 * After answer 401 number `round` (0: the first) to one request. 0: ask again with the header that
 * there is now. EXIT_REGISTRY where nothing more can be done.
 */
int auth_answer(struct auth *auth, const struct http_response *response, const char *repository,
		const char *scope, unsigned round, struct err *err);

#endif
