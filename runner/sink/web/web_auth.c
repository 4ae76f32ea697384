// SPDX-License-Identifier: Apache-2.0
/* The only file that knows libcrypt, which is loaded for it. */
#include <crypt.h>
#include <errno.h>
#include <sys/random.h>
#include <xxhash.h>
#include "base/dynlib.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/web/web_auth.h"

/* bcrypt of a text that nobody has: what an unknown user is compared with, so that an answer
 * takes as long as it does for a known one. */
#define NOBODY_HASH "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
#define KNOWN_MAX 16

struct web_auth {
	struct web_config config; /* its texts are borrowed */
	void *libcrypt;
	__typeof__(&crypt_r) crypt;
	struct crypt_data *crypt_room;
	/*
	 * bcrypt is slow on purpose, and scrapers come again and again: who was let in is known by
	 * a hash of 128 bits with a secret that never leaves this process.
	 */
	uint8_t secret[XXH3_SECRET_SIZE_MIN];
	XXH128_hash_t known[KNOWN_MAX];
	uint32_t nknown;
};

static int load_crypt(struct web_auth *auth, struct err *err)
{
	const struct dynlib_symbol symbols[] = { { "crypt_r", &auth->crypt } };

	auth->crypt_room = xcalloc(1, sizeof(*auth->crypt_room));
	if (getrandom(auth->secret, sizeof(auth->secret), 0) != sizeof(auth->secret))
		return err_sys(err, errno, "no random numbers");
	return dynlib_open(&auth->libcrypt, "libcrypt.so.1", "libcrypt1", "cannot check passwords",
			   symbols, ARRAY_LEN(symbols), err);
}

int web_auth_new(struct web_auth **ret, const struct web_config *config, struct err *err)
{
	struct web_auth *auth = xcalloc(1, sizeof(*auth));
	int code = 0;

	auth->config = *config;
	if (config->nusers)
		code = load_crypt(auth, err);
	if (code < 0) {
		web_auth_free(auth);
		return code;
	}
	*ret = auth;
	return 0;
}

void web_auth_free(struct web_auth *auth)
{
	if (!auth)
		return;
	dynlib_close(auth->libcrypt);
	free(auth->crypt_room);
	free(auth);
}

/* In a time that does not tell where they differ. */
static bool same_text(const char *a, const char *b)
{
	size_t len = strlen(a);
	unsigned diff = 0;

	if (len != strlen(b))
		return false;
	for (size_t i = 0; i < len; i++)
		diff |= (unsigned char)a[i] ^ (unsigned char)b[i];
	return !diff;
}

static bool matches(struct web_auth *auth, const char *password, const char *hash)
{
	const char *got = auth->crypt(password, hash, auth->crypt_room);

	return got && same_text(got, hash);
}

static XXH128_hash_t mark_of(const struct web_auth *auth, const char *user, const char *password)
{
	/* The length before it keeps "a" + "bc" apart from "ab" + "c". */
	_cleanup_free_ char *text = xasprintf("%zu %s%s", strlen(user), user, password);
	XXH128_hash_t hash =
		XXH3_128bits_withSecret(text, strlen(text), auth->secret, sizeof(auth->secret));

	explicit_bzero(text, strlen(text));
	return hash;
}

bool web_auth_password(struct web_auth *auth, const char *user, const char *password)
{
	const char *hash = NULL;
	XXH128_hash_t mark;

	if (!auth->config.nusers)
		return true;
	if (!user || !password)
		return false;
	for (size_t i = 0; i < auth->config.nusers && !hash; i++)
		if (streq(auth->config.users[i].name, user))
			hash = auth->config.users[i].value;
	mark = mark_of(auth, user, password);
	for (uint32_t i = 0; hash && i < MIN(auth->nknown, (uint32_t)KNOWN_MAX); i++)
		if (XXH128_isEqual(auth->known[i], mark))
			return true;
	if (!matches(auth, password, hash ? hash : NOBODY_HASH) || !hash)
		return false;
	auth->known[auth->nknown++ % KNOWN_MAX] = mark;
	return true;
}
