// SPDX-License-Identifier: Apache-2.0
#include "oci/digest.h"

#include <openssl/evp.h>

#include "base/num.h"
#include "base/util.h"

bool digest_valid(const char *text)
{
	return has_prefix(text, DIGEST_PREFIX) &&
	       strspn(digest_hex(text), "0123456789abcdef") == DIGEST_HEX_DIGITS &&
	       !digest_hex(text)[DIGEST_HEX_DIGITS];
}

const char *digest_hex(const char *digest)
{
	return digest + strlen(DIGEST_PREFIX);
}

void digest_of(const void *bytes, size_t len, char ret[DIGEST_ROOM])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int hash_len = 0;
	size_t n = strlen(DIGEST_PREFIX);

	/* Without SHA-256 nothing can be named or trusted: as with memory, there is no way on. */
	if (!EVP_Digest(bytes, len, hash, &hash_len, EVP_sha256(), NULL) ||
	    hash_len != DIGEST_HEX_DIGITS / 2) {
		fputs("bombus: the cryptographic library refuses SHA-256\n", stderr);
		abort();
	}
	memcpy(ret, DIGEST_PREFIX, n);
	n += num_hex_bytes(ret + n, hash, hash_len);
	ret[n] = '\0';
}
