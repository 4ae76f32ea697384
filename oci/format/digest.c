// SPDX-License-Identifier: Apache-2.0
#include "oci/format/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/num.h"
#include "base/util.h"

bool digest_valid(const char *text)
{
	return has_prefix(text, DIGEST_PREFIX) &&
	       strspn(digest_hex(text), NUM_HEX_DIGITS) == DIGEST_HEX_DIGITS &&
	       !digest_hex(text)[DIGEST_HEX_DIGITS];
}

const char *digest_hex(const char *digest)
{
	return digest + strlen(DIGEST_PREFIX);
}

/* Without SHA-256 nothing can be named or trusted, so the process ends as it does without memory,
 * which is the usual cause. */
static void insist(bool done)
{
	if (done)
		return;
	fputs("bombus: the cryptographic library refuses SHA-256\n", stderr);
	out_of_memory();
}

static void write_digest(const unsigned char *hash, unsigned int hash_len, char ret[DIGEST_ROOM])
{
	size_t n = strlen(DIGEST_PREFIX);

	insist(hash_len == DIGEST_HEX_DIGITS / 2);
	memcpy(ret, DIGEST_PREFIX, n);
	n += num_hex_bytes(ret + n, hash, hash_len);
	ret[n] = '\0';
}

/* If its own initialization fails, the library goes on and dereferences a null pointer. */
static void begin(void)
{
	insist(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1);
}

void digest_of(const void *bytes, size_t len, char ret[DIGEST_ROOM])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int hash_len = 0;

	begin();
	insist(EVP_Digest(bytes, len, hash, &hash_len, EVP_sha256(), NULL) == 1);
	write_digest(hash, hash_len, ret);
}

struct hasher {
	EVP_MD_CTX *ctx;
	const EVP_MD *kind;
};

struct hasher *hasher_new(void)
{
	struct hasher *hasher = xcalloc(1, sizeof(*hasher));

	begin();
	hasher->ctx = EVP_MD_CTX_new();
	hasher->kind = EVP_sha256();
	insist(hasher->ctx != NULL);
	hasher_restart(hasher);
	return hasher;
}

/* A FIPS configuration may refuse SHA-1, so that failing is possible here. */
struct hasher *hasher_new_git(size_t hex_digits, uint64_t size_bytes)
{
	struct hasher *hasher = xcalloc(1, sizeof(*hasher));
	char head[32];
	int len = snprintf(head, sizeof(head), "blob %llu", (unsigned long long)size_bytes) + 1;

	begin();
	hasher->ctx = EVP_MD_CTX_new();
	hasher->kind = hex_digits == DIGEST_HEX_DIGITS ? EVP_sha256() : EVP_sha1();
	if (hasher->ctx && (size_t)EVP_MD_size(hasher->kind) * 2 == hex_digits &&
	    EVP_DigestInit_ex(hasher->ctx, hasher->kind, NULL) == 1) {
		hasher_add(hasher, head, (size_t)len);
		return hasher;
	}
	hasher_free(hasher);
	return NULL;
}

void hasher_free(struct hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->ctx);
	free(hasher);
}

void hasher_restart(struct hasher *hasher)
{
	insist(EVP_DigestInit_ex(hasher->ctx, hasher->kind, NULL) == 1);
}

void hasher_add(struct hasher *hasher, const void *bytes, size_t len)
{
	insist(EVP_DigestUpdate(hasher->ctx, bytes, len) == 1);
}

void hasher_end(struct hasher *hasher, char ret[DIGEST_ROOM])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int hash_len = 0;

	insist(EVP_DigestFinal_ex(hasher->ctx, hash, &hash_len) == 1);
	write_digest(hash, hash_len, ret);
	hasher_restart(hasher);
}

void hasher_end_hex(struct hasher *hasher, char ret[DIGEST_HEX_ROOM])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int hash_len = 0;

	insist(EVP_DigestFinal_ex(hasher->ctx, hash, &hash_len) == 1);
	insist(2 * hash_len < DIGEST_HEX_ROOM);
	ret[num_hex_bytes(ret, hash, hash_len)] = '\0';
}
