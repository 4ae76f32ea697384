/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to the metrics: a YAML file in the format of Prometheus' exporter-toolkit.
 *
 *	tls_server_config:
 *	  cert_file: server.pem		# paths are relative to this file
 *	  key_file: server.key
 *	  client_auth_type: RequireAndVerifyClientCert
 *	  client_ca_file: ca.pem
 *	  min_version: TLS12		# TLS10 to TLS13; max_version as well
 *	  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
 *	  curve_preferences: [X25519, CurveP256]
 *	http_server_config:
 *	  headers: { Strict-Transport-Security: max-age=31536000 }
 *	basic_auth_users:
 *	  alice: $2y$10$...		# bcrypt
 *
 * An unknown key is an error that names it, and so is a list of suites that GnuTLS cannot express
 * exactly (tls_words.h). http2 and prefer_server_cipher_suites are accepted and change nothing: the
 * server speaks HTTP/1.1 and always prefers its own order of ciphers.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WEB_CONFIG_H
#define BOMBUS_RUNNER_SINK_WEB_WEB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"

struct err;

enum client_auth {
	CLIENT_AUTH_NONE,
	CLIENT_AUTH_REQUEST,	   /* asked for, not verified */
	CLIENT_AUTH_REQUIRE_ANY,   /* any certificate */
	CLIENT_AUTH_VERIFY_GIVEN,  /* verified if there is one */
	CLIENT_AUTH_REQUIRE_VERIFY /* one that verifies */
};

enum web_file { WEB_CERT, WEB_KEY, WEB_CA, WEB_FILES };

/* Of the file and those it names: equal as long as none of them changed. */
struct web_stamp {
	uint64_t files[1 + WEB_FILES];
};

struct web_pair {
	const char *name, *value;
};

/* All zero without a file: HTTP without passwords. */
struct web_config {
	bool tls;
	const char *cert_pem, *key_pem, *ca_pem; /* contents; ca_pem may be NULL */
	const char *files[WEB_FILES];		 /* their paths; NULL: not named */
	const char *priorities;			 /* in GnuTLS' language */
	enum client_auth client_auth;
	struct web_pair *headers, *users; /* users: bcrypt hashes */
	size_t nheaders, nusers;
	struct web_stamp stamp; /* of what was read */
	struct arena arena;
};

/* EXIT_USAGE for an error in the file. Release it after a failure, too. */
int web_config_read(struct web_config *ret, const char *path, struct err *err);
void web_config_release(struct web_config *config);

struct web_stamp web_config_stamp(const struct web_config *config, const char *path);
static inline bool web_stamp_equal(const struct web_stamp *a, const struct web_stamp *b)
{
	for (int i = 0; i < 1 + WEB_FILES; i++)
		if (a->files[i] != b->files[i])
			return false;
	return true;
}

#endif
