// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/sink/web/tls_words.h"

#define TLS13 3

enum { KX_ANY = 0, KX_ECDSA = 1, KX_ECDHE = 2, KX_RSA = 4 };
enum { AES_128_GCM = 1, AES_256_GCM = 2, CHACHA20 = 4, AES_128_CBC = 8, AES_256_CBC = 16 };
#define AEAD (AES_128_GCM | AES_256_GCM | CHACHA20)

static const struct {
	const char *name;
	uint8_t kx; /* KX_ANY: of TLS 1.3 */
	uint8_t cipher;
} suites[] = {
	{ "TLS_AES_128_GCM_SHA256", KX_ANY, AES_128_GCM },
	{ "TLS_AES_256_GCM_SHA384", KX_ANY, AES_256_GCM },
	{ "TLS_CHACHA20_POLY1305_SHA256", KX_ANY, CHACHA20 },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", KX_ECDSA, AES_128_GCM },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", KX_ECDSA, AES_256_GCM },
	{ "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", KX_ECDSA, CHACHA20 },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", KX_ECDSA, AES_128_CBC },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", KX_ECDSA, AES_256_CBC },
	{ "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", KX_ECDHE, AES_128_GCM },
	{ "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", KX_ECDHE, AES_256_GCM },
	{ "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", KX_ECDHE, CHACHA20 },
	{ "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", KX_ECDHE, AES_128_CBC },
	{ "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", KX_ECDHE, AES_256_CBC },
	{ "TLS_RSA_WITH_AES_128_GCM_SHA256", KX_RSA, AES_128_GCM },
	{ "TLS_RSA_WITH_AES_256_GCM_SHA384", KX_RSA, AES_256_GCM },
	{ "TLS_RSA_WITH_AES_128_CBC_SHA", KX_RSA, AES_128_CBC },
	{ "TLS_RSA_WITH_AES_256_CBC_SHA", KX_RSA, AES_256_CBC },
};

static const char *const kx_words[] = { "ECDHE-ECDSA", "ECDHE-RSA", "RSA" };
static const char *const cipher_words[] = { "AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305",
					    "AES-128-CBC", "AES-256-CBC" };
static const char *const group_names[] = { "CurveP256", "CurveP384", "CurveP521", "X25519" };
static const char *const group_words[] = { "SECP256R1", "SECP384R1", "SECP521R1", "X25519" };
static const char *const version_names[] = { "TLS10", "TLS11", "TLS12", "TLS13" };

static int place_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (streq(names[i], name))
			return (int)i;
	return -1;
}

bool tls_version(const char *name, uint8_t *ret)
{
	int i = place_of(version_names, ARRAY_LEN(version_names), name);

	if (i >= 0)
		*ret = (uint8_t)i;
	return i >= 0;
}

bool tls_add_suite(struct tls_words *words, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
		if (streq(suites[i].name, name)) {
			words->suites |= 1u << i;
			return true;
		}
	}
	return false;
}

bool tls_add_group(struct tls_words *words, const char *name)
{
	int i = place_of(group_names, ARRAY_LEN(group_names), name);

	if (i < 0 || words->ngroups == TLS_MAX_GROUPS)
		return false;
	words->groups[words->ngroups++] = (uint8_t)i;
	return true;
}

static void add_words(struct strbuf *dst, const char *const *words, size_t count, uint8_t bits)
{
	for (size_t i = 0; i < count; i++)
		if (bits & 1u << i)
			strbuf_addf(dst, ":+%s", words[i]);
}

/* All named suites together, and whether they admit others. */
static bool combine(const struct tls_words *words, uint8_t *min, uint8_t *max, uint8_t *kx,
		    uint8_t *ciphers, const char **ret_why, const char **ret_suite)
{
	for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
		if (words->suites & 1u << i) {
			*kx |= suites[i].kx;
			*ciphers |= suites[i].cipher;
		}
	}
	if (!*kx)
		*min = TLS13; /* nothing is named for what is older */
	if (*min > *max) {
		*ret_why = "cipher_suites has none for max_version";
		return false;
	}
	if (*max == TLS13 && !(*ciphers & AEAD)) {
		*ret_why = "cipher_suites has none for TLS 1.3; add one, or max_version: TLS12";
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(suites) && *min < TLS13; i++) {
		if (!(words->suites & 1u << i) && suites[i].kx & *kx &&
		    suites[i].cipher & *ciphers) {
			*ret_why = "cipher_suites cannot be had without one more; name it, too, or "
				   "fewer: ";
			*ret_suite = suites[i].name;
			return false;
		}
	}
	/* A key exchange is needed as a matter of form. */
	if (!*kx)
		*kx = KX_ECDSA | KX_ECDHE;
	return true;
}

bool tls_priorities(const struct tls_words *words, struct strbuf *dst, const char **ret_why,
		    const char **ret_suite)
{
	static const char *const version_words[] = { "1.0", "1.1", "1.2", "1.3" };
	uint8_t min = words->min_version, max = words->max_version, kx = 0, ciphers = 0;

	*ret_suite = "";
	if (min > max) {
		*ret_why = "min_version is above max_version";
		return false;
	}
	if (words->suites && !combine(words, &min, &max, &kx, &ciphers, ret_why, ret_suite))
		return false;
	strbuf_adds(dst, "NORMAL:%SERVER_PRECEDENCE:-VERS-ALL");
	for (int i = max; i >= min; i--)
		strbuf_addf(dst, ":+VERS-TLS%s", version_words[i]);
	if (words->suites) {
		strbuf_adds(dst, ":-KX-ALL:-CIPHER-ALL:-MAC-ALL:+AEAD:+SHA1");
		add_words(dst, kx_words, ARRAY_LEN(kx_words), kx);
		add_words(dst, cipher_words, ARRAY_LEN(cipher_words), ciphers);
	}
	if (words->ngroups)
		strbuf_adds(dst, ":-GROUP-ALL");
	for (uint8_t i = 0; i < words->ngroups; i++)
		strbuf_addf(dst, ":+GROUP-%s", group_words[words->groups[i]]);
	return true;
}
