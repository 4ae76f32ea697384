/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials for registries, from the files that container tools keep and from their helpers
 * (programs called docker-credential-NAME). In this order, the first that has something counts:
 *
 *	--authfile or REGISTRY_AUTH_FILE, and then no other file
 *	our own				$XDG_CONFIG_HOME/bombus/auth.json; as root
 * /etc/bombus/auth.json podman's			$XDG_RUNTIME_DIR/containers/auth.json,
 *					$XDG_CONFIG_HOME/containers/auth.json
 *	Docker's			$DOCKER_CONFIG/config.json, else ~/.docker/config.json
 *
 * In a file: credHelpers of the host, then auths (the longest prefix of host/repository), then
 * credsStore. Nothing is written but our own file, or the one that was named.
 */
#ifndef BOMBUS_OCI_REGISTRY_CREDS_H
#define BOMBUS_OCI_REGISTRY_CREDS_H

#include <stdbool.h>

struct err;

struct creds {
	char *user, *secret;  /* both NULL: none were found */
	char *identity_token; /* to be exchanged at the token server; NULL: none */
};
void creds_release(struct creds *creds);

/* 0 where there are none, too. `authfile` NULL: as above. A file or helper that is broken is an
 * error: to go on without would end in a refusal that says nothing of it. */
int creds_find(const char *authfile, const char *host, const char *repository, struct creds *ret,
	       struct err *err);

/* Writes them under `host`, readable by their owner alone. ret_path (malloc'ed) says where. */
int creds_save(const char *authfile, const char *host, const char *user, const char *secret,
	       char **ret_path, struct err *err);
/* -ENOENT: our file has none for this host. */
int creds_erase(const char *authfile, const char *host, char **ret_path, struct err *err);

/* base64 of "user:secret"; malloc'ed. */
char *creds_basic(const char *user, const char *secret);

#endif
