// SPDX-License-Identifier: Apache-2.0
/* Versions, suites and curves as a priority string: exactly what is named, or a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/util.h"
#include "runner/sink/web/tls_words.h"

/* The priority string of the words; or why there is none, with the suite. Each test ends it. */
static struct strbuf priorities(const char *min, const char *max, const char *const *suites,
				const char *const *groups)
{
	struct tls_words words = TLS_WORDS_INIT;
	struct strbuf sb = STRBUF_INIT(4096);
	const char *why, *suite;

	if (min)
		assert_true(tls_version(min, &words.min_version));
	if (max)
		assert_true(tls_version(max, &words.max_version));
	for (; suites && *suites; suites++)
		assert_true(tls_add_suite(&words, *suites));
	for (; groups && *groups; groups++)
		assert_true(tls_add_group(&words, *groups));
	if (!tls_priorities(&words, &sb, &why, &suite))
		strbuf_addf(&sb, "%s%s", why, suite);
	return sb;
}

#define LIST(...)                                                                                  \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define assert_priorities(min, max, suites, groups, wanted)                                        \
	do {                                                                                       \
		struct strbuf sb_ = priorities(min, max, suites, groups);                          \
		assert_string_equal(strbuf_str(&sb_), wanted);                                     \
		strbuf_release(&sb_);                                                              \
	} while (0)

#define BEGIN "NORMAL:%SERVER_PRECEDENCE:-VERS-ALL"
#define EXACTLY ":-KX-ALL:-CIPHER-ALL:-MAC-ALL:+AEAD:+SHA1"

static void test_tls_versions(void **state)
{
	assert_priorities(NULL, NULL, NULL, NULL, BEGIN ":+VERS-TLS1.3:+VERS-TLS1.2");
	assert_priorities("TLS10", "TLS11", NULL, NULL, BEGIN ":+VERS-TLS1.1:+VERS-TLS1.0");
	assert_priorities("TLS13", NULL, NULL, NULL, BEGIN ":+VERS-TLS1.3");
	assert_priorities("TLS13", "TLS12", NULL, NULL, "min_version is above max_version");
	assert_false(tls_version("TLS14", &(uint8_t){ 0 }));
	assert_false(tls_version("1.2", &(uint8_t){ 0 }));
}

static void test_tls_suites_are_exact(void **state)
{
	assert_priorities(NULL, NULL,
			  LIST("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
			  NULL,
			  BEGIN ":+VERS-TLS1.3:+VERS-TLS1.2" EXACTLY ":+ECDHE-ECDSA:+AES-256-GCM");
	assert_priorities(NULL, "TLS12", LIST("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"), NULL,
			  BEGIN ":+VERS-TLS1.2" EXACTLY ":+ECDHE-RSA:+AES-128-CBC");
	/* Both key exchanges with both ciphers are four. */
	assert_priorities(NULL, NULL,
			  LIST("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
			       "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
			  NULL,
			  "cipher_suites cannot be had without one more; name it, too, or fewer: "
			  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
	assert_priorities(NULL, NULL,
			  LIST("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
			       "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
			       "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
			       "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
			  NULL,
			  BEGIN ":+VERS-TLS1.3:+VERS-TLS1.2" EXACTLY
				":+ECDHE-ECDSA:+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM");
	/* What is named for TLS 1.3 would be a suite of TLS 1.2 as well. */
	assert_priorities(NULL, NULL,
			  LIST("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"),
			  NULL,
			  "cipher_suites cannot be had without one more; name it, too, or fewer: "
			  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
	assert_priorities("TLS13", NULL,
			  LIST("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"),
			  NULL,
			  BEGIN ":+VERS-TLS1.3" EXACTLY ":+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM");
}

static void test_tls_suites_and_versions_go_together(void **state)
{
	/* Nothing is named that TLS 1.2 has. */
	assert_priorities(NULL, NULL, LIST("TLS_CHACHA20_POLY1305_SHA256"), NULL,
			  BEGIN ":+VERS-TLS1.3" EXACTLY
				":+ECDHE-ECDSA:+ECDHE-RSA:+CHACHA20-POLY1305");
	assert_priorities(NULL, "TLS12", LIST("TLS_CHACHA20_POLY1305_SHA256"), NULL,
			  "cipher_suites has none for max_version");
	assert_priorities(NULL, NULL, LIST("TLS_RSA_WITH_AES_128_CBC_SHA"), NULL,
			  "cipher_suites has none for TLS 1.3; add one, or max_version: TLS12");
}

static void test_tls_curves_keep_their_order(void **state)
{
	struct tls_words words = TLS_WORDS_INIT;

	assert_priorities("TLS13", NULL, NULL, LIST("X25519", "CurveP256"),
			  BEGIN ":+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1");
	assert_false(tls_add_group(&words, "P-256"));
	for (int i = 0; i < TLS_MAX_GROUPS; i++)
		assert_true(tls_add_group(&words, "CurveP521"));
	assert_false(tls_add_group(&words, "CurveP521"));
	assert_false(tls_add_suite(&words, "TLS_RSA_WITH_RC4_128_SHA"));
	assert_false(tls_add_suite(&words, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"));
	assert_false(tls_add_suite(&words, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_versions),
		cmocka_unit_test(test_tls_suites_are_exact),
		cmocka_unit_test(test_tls_suites_and_versions_go_together),
		cmocka_unit_test(test_tls_curves_keep_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
