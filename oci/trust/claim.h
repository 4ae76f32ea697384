/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that signatures of images are made over.
 *
 *	simple signing	{"critical":{"identity":{"docker-reference":R},
 *			"image":{"docker-manifest-digest":D},
 *			"type":"cosign container image signature"},"optional":null}
 *	bundle		https://github.com/sigstore/protobuf-specs, bundle v0.3: a DSSE
 *			envelope around an in-toto statement whose subject is D
 *
 * Nothing of a statement is to be believed before its signature is verified.
 */
#ifndef BOMBUS_OCI_TRUST_CLAIM_H
#define BOMBUS_OCI_TRUST_CLAIM_H

#include <stddef.h>
#include "oci/format/digest.h"

struct err;
struct key;

struct claim {
	char digest[DIGEST_ROOM];
	char *reference; /* as signed, malloc'ed; NULL: bundles name none */
};
void claim_release(struct claim *claim);

/* malloc'ed. */
char *claim_write(const char *reference, const char *digest);
int claim_read(const void *bytes, size_t len, struct claim *ret, struct err *err);

/* The envelope of a bundle, before its signatures are verified. */
struct envelope {
	void *signed_bytes; /* what the signatures are over: DSSE's pre-authentication encoding */
	size_t signed_len;
	void *payload;
	size_t payload_len;
	struct envelope_signature {
		void *bytes;
		size_t len;
	} * signatures;
	size_t nsignatures;
};
int envelope_read(const void *bundle, size_t len, struct envelope *ret, struct err *err);
void envelope_release(struct envelope *envelope);
/* The statement in its payload. */
int envelope_claim(const struct envelope *envelope, struct claim *ret, struct err *err);

/* A bundle over the digest, malloc'ed. */
int bundle_write(const struct key *key, const char *digest, char **ret, struct err *err);

#endif
