/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that sign images: ECDSA (P-256, P-384), Ed25519 and RSA (2048 bits and more), as PEM.
 * Boundary file of OpenSSL's public-key functions.
 *
 * A public key is a SubjectPublicKeyInfo ("PUBLIC KEY"). A private key is PKCS #8 ("PRIVATE KEY"),
 * as OpenSSL writes it, or encrypted as cosign writes it (oci/trust/secret.h).
 *
 * Signatures are those of cosign: ECDSA in DER over SHA-256 (P-384: SHA-384), RSA with PKCS #1 v1.5
 * over SHA-256, Ed25519 over the message.
 */
#ifndef BOMBUS_OCI_TRUST_KEY_H
#define BOMBUS_OCI_TRUST_KEY_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct key;

#define KEY_MAX_BYTES (64u << 10) /* of a PEM file */
#define KEY_ID_ROOM 65		  /* hex digits of SHA-256, NUL */

/* `name` says in messages where the key comes from; it is copied. -EBADMSG. */
int key_public(const char *name, const void *pem, size_t len, struct key **ret, struct err *err);

/* A password is asked for only if the key is encrypted. Sets *ret (malloc'ed, wiped and freed by
 * the caller's callee); a wrong one is -EACCES. */
typedef int (*key_password)(void *ctx, char **ret, struct err *err);
int key_private(const char *name, const void *pem, size_t len, key_password password, void *ctx,
		struct key **ret, struct err *err);

/* A new P-256 key, as cosign makes them. */
int key_generate(struct key **ret, struct err *err);

void key_free(struct key *key);
static inline void key_freep(struct key **key)
{
	key_free(*key);
}
#define _cleanup_key_ __attribute__((cleanup(key_freep)))

const char *key_name(const struct key *key);
/* SHA-256 of the public key in DER. */
void key_id(const struct key *key, char ret[KEY_ID_ROOM]);
void key_id_bytes(const struct key *key, unsigned char ret[32]);

bool key_verify(const struct key *key, const void *message, size_t len, const void *signature,
		size_t signature_len);
/* *ret is malloc'ed. */
int key_sign(const struct key *key, const void *message, size_t len, void **ret, size_t *ret_len,
	     struct err *err);

/* The public half as PEM, malloc'ed. */
char *key_public_pem(const struct key *key);
/* The private half encrypted with a password, as cosign reads it; malloc'ed. */
int key_private_pem(const struct key *key, const char *password, char **ret, struct err *err);

#endif
