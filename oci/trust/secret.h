/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypted private keys of cosign (sigstore's pkg/signature/secure-systems-lab encrypted format):
 * a PEM block "ENCRYPTED SIGSTORE PRIVATE KEY" (older ones: "ENCRYPTED COSIGN PRIVATE KEY") around
 * JSON
 *
 *	{ "kdf": { "name": "scrypt", "params": { "N": 65536, "r": 8, "p": 1 }, "salt": BASE64 },
 *	  "cipher": { "name": "nacl/secretbox", "nonce": BASE64 }, "ciphertext": BASE64 }
 *
 * whose plain text is a PKCS #8 key in DER. Boundary file of libsodium, which is loaded when it is
 * first used.
 */
#ifndef BOMBUS_OCI_TRUST_SECRET_H
#define BOMBUS_OCI_TRUST_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct err;

#define SECRET_PEM_LABEL "ENCRYPTED SIGSTORE PRIVATE KEY"
bool secret_is_label(const char *pem_label);

/* Into *ret, malloc'ed; the caller wipes it. -EACCES: the password is wrong; -EBADMSG. */
int secret_open(const void *json, size_t len, const char *password, void **ret, size_t *ret_len,
		struct err *err);
/* One line of JSON, malloc'ed. */
int secret_seal(const void *plain, size_t len, const char *password, char **ret, struct err *err);

#endif
