/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests as OCI writes them: "sha256:" and 64 lower-case hex digits. A text from outside
 * passes digest_valid() before any path is built from it. Boundary file of OpenSSL.
 */
#ifndef BOMBUS_OCI_FORMAT_DIGEST_H
#define BOMBUS_OCI_FORMAT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_PREFIX "sha256:"
#define DIGEST_HEX_DIGITS 64
#define DIGEST_ROOM 72 /* prefix, digits, NUL */
#define DIGEST_HEX_ROOM (DIGEST_HEX_DIGITS + 1)

bool digest_valid(const char *text);

/* The digits behind the prefix of a valid digest. */
const char *digest_hex(const char *digest);

void digest_of(const void *bytes, size_t len, char ret[DIGEST_ROOM]);

/* The same in pieces. hasher_end() leaves it ready for another run. */
struct hasher;
struct hasher *hasher_new(void);
void hasher_free(struct hasher *hasher);
void hasher_add(struct hasher *hasher, const void *bytes, size_t len);
void hasher_restart(struct hasher *hasher);
void hasher_end(struct hasher *hasher, char ret[DIGEST_ROOM]);

/*
 * The name that git gives to a file of this size: SHA-1 (40 digits) or SHA-256 (64 digits) of a
 * header and the bytes. It is used once and ends with hasher_end_hex(). NULL: OpenSSL refuses the
 * algorithm.
 */
struct hasher *hasher_new_git(size_t hex_digits, uint64_t size_bytes);
void hasher_end_hex(struct hasher *hasher, char ret[DIGEST_HEX_ROOM]);

#endif
