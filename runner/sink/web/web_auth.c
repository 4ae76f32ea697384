// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/web/web_auth.h"

#include <errno.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/util.h"

#define KNOWN_MAX 16

struct web_auth {
	struct web_config config; /* its texts are borrowed */
	/*
	 * bcrypt is slow on purpose, and scrapers come again and again: a user and password that
	 * were right are known by a hash of 128 bits with a secret that never leaves this process.
	 */
	uint8_t secret[XXH3_SECRET_SIZE_MIN];
	uint64_t known[KNOWN_MAX][2];
	uint32_t nknown;
};

int web_auth_new(struct web_auth **ret, const struct web_config *config, struct err *err)
{
	struct web_auth *auth = xcalloc(1, sizeof(*auth));

	auth->config = *config;
	if (getrandom(auth->secret, sizeof(auth->secret), 0) != sizeof(auth->secret)) {
		web_auth_free(auth);
		return err_sys(err, errno, "no random numbers");
	}
	*ret = auth;
	return 0;
}

void web_auth_free(struct web_auth *auth)
{
	free(auth);
}

bool web_auth_read(const char *header, char **ret_user, char **ret_password)
{
	const char *text = header + strcspn(header, " ");
	size_t room = strlen(header), len = 0;
	_cleanup_free_ char *plain = xcalloc(room + 1, 1);
	char *colon;
	bool good;

	if (strncasecmp(header, "Basic ", 6) != 0)
		return false;
	text += strspn(text, " ");
	good = base64_decode(plain, room, text, &len) == 0 && !memchr(plain, '\0', len);
	colon = good ? strchr(plain, ':') : NULL;
	if (colon) {
		*ret_user = xstrndup(plain, (size_t)(colon - plain));
		*ret_password = xstrdup(colon + 1);
	}
	explicit_bzero(plain, room);
	return colon != NULL;
}

static void make_mark(const struct web_auth *auth, const char *user, const char *password,
		      uint64_t ret[2])
{
	/* The length before it keeps "a" + "bc" apart from "ab" + "c". */
	_cleanup_free_ char *text = xasprintf("%zu %s%s", strlen(user), user, password);
	XXH128_hash_t hash =
		XXH3_128bits_withSecret(text, strlen(text), auth->secret, sizeof(auth->secret));

	explicit_bzero(text, strlen(text));
	ret[0] = hash.low64;
	ret[1] = hash.high64;
}

static const char *hash_of(const struct web_auth *auth, const char *user, bool *ret_is_user)
{
	const struct web_config *config = &auth->config;
	uint64_t n = XXH3_64bits_withSecret(user, strlen(user), auth->secret, sizeof(auth->secret));

	*ret_is_user = true;
	for (size_t i = 0; i < config->nusers; i++)
		if (streq(config->users[i].name, user))
			return config->users[i].value;
	*ret_is_user = false;
	return config->users[n % config->nusers].value;
}

enum web_access web_auth_ask(struct web_auth *auth, const char *user, const char *password,
			     struct web_check *ret)
{
	if (!auth->config.nusers)
		return WEB_ALLOWED;
	if (!user || !password)
		return WEB_DENIED;
	make_mark(auth, user, password, ret->mark);
	snprintf(ret->hash, sizeof(ret->hash), "%s", hash_of(auth, user, &ret->is_user));
	for (uint32_t i = 0; ret->is_user && i < MIN(auth->nknown, (uint32_t)KNOWN_MAX); i++)
		if (memcmp(auth->known[i], ret->mark, sizeof(ret->mark)) == 0)
			return WEB_ALLOWED;
	return WEB_UNKNOWN;
}

void web_auth_learn(struct web_auth *auth, const struct web_check *check)
{
	memcpy(auth->known[auth->nknown++ % KNOWN_MAX], check->mark, sizeof(check->mark));
}
