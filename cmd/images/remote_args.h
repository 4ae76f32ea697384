/* SPDX-License-Identifier: Apache-2.0 */
/* The options of every command that talks to a registry, and its progress. */
#ifndef BOMBUS_CMD_IMAGES_REMOTE_ARGS_H
#define BOMBUS_CMD_IMAGES_REMOTE_ARGS_H

#include "cmd/cmd.h"
#include "oci/remote.h"

struct remote_args {
	bool plain_http, insecure;
	const char *ca_file, *cert_file, *key_file, *authfile;
	uint64_t retries;
};

#define REMOTE_MAX_RETRIES 100

/* Entries of an option table; `at` is the offset of the struct remote_args. */
#define REMOTE_OPT(at, member) ((at) + offsetof(struct remote_args, member))
#define REMOTE_OPTS(at) REMOTE_OPTS_KEY(at, "key")
/* For commands whose --key is another. */
#define REMOTE_OPTS_KEY(at, key_name)                                                              \
	{ .kind = OPT_GROUP, .help = "Registry" },                                                 \
		{ 0,                                                                               \
		  "plain-http",                                                                    \
		  NULL,                                                                            \
		  OPT_FLAG,                                                                        \
		  REMOTE_OPT(at, plain_http),                                                      \
		  "use HTTP without TLS; a registry on this machine gets it by default" },         \
		{ 0,                                                                               \
		  "insecure",                                                                      \
		  NULL,                                                                            \
		  OPT_FLAG,                                                                        \
		  REMOTE_OPT(at, insecure),                                                        \
		  "do not check the registry's certificate" },                                     \
		{ 0,                                                                               \
		  "ca-file",                                                                       \
		  "FILE",                                                                          \
		  OPT_TEXT,                                                                        \
		  REMOTE_OPT(at, ca_file),                                                         \
		  "trust this authority (PEM) instead of the system's",                            \
		  NULL,                                                                            \
		  "file" },                                                                        \
		{ 0,                                                                               \
		  "cert",                                                                          \
		  "FILE",                                                                          \
		  OPT_TEXT,                                                                        \
		  REMOTE_OPT(at, cert_file),                                                       \
		  "our certificate (PEM), for registries that want one",                           \
		  NULL,                                                                            \
		  "file" },                                                                        \
		{ 0,	key_name, "FILE", OPT_TEXT, REMOTE_OPT(at, key_file), "and its key (PEM)", \
		  NULL, "file" },                                                                  \
		{ 0,                                                                               \
		  "authfile",                                                                      \
		  "FILE",                                                                          \
		  OPT_TEXT,                                                                        \
		  REMOTE_OPT(at, authfile),                                                        \
		  "read credentials from this file only",                                          \
		  NULL,                                                                            \
		  "file" },                                                                        \
	{                                                                                          \
		0, "retries", "N", OPT_U64, REMOTE_OPT(at, retries),                               \
			"times that a request is tried (5)", .max = REMOTE_MAX_RETRIES             \
	}

#define REMOTE_ENVIRONMENT                                                                         \
	"REGISTRY_AUTH_FILE  as --authfile\n"                                                      \
	"DOCKER_CONFIG       folder of Docker's config.json (~/.docker)\n"                         \
	"HTTPS_PROXY, HTTP_PROXY, NO_PROXY  proxies"

/* EXIT_USAGE where the options contradict each other. Shows progress until it is released. */
struct remote_session {
	struct remote_opts opts;
	struct progress *progress;
};
int remote_session_init(struct remote_session *session, const struct global_args *global,
			const struct remote_args *args, struct err *err);
void remote_session_release(struct remote_session *session);

/* How much was moved: "3 blobs, 21 KiB". malloc'ed. */
char *moved_text(const struct remote_result *result);

#define SHOWN_DIGEST_CHARS 19 /* "sha256:" and 12 digits */

#endif
