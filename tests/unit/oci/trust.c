// SPDX-License-Identifier: Apache-2.0
/* Keys, statements and policies, without a registry. */
#include "tests/support/unit.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/ref.h"
#include "oci/trust/claim.h"
#include "oci/trust/key.h"
#include "oci/trust/policy.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct key *new_key(void)
{
	struct key *key = NULL;
	struct err err = { 0 };

	assert_int_equal(key_generate(&key, &err), 0);
	return key;
}

static int give_password(void *ctx, char **ret, struct err *err)
{
	*ret = xstrdup(ctx);
	return 0;
}

static void test_key_encrypted_round_trip(void **state)
{
	_cleanup_key_ struct key *key = new_key(), *again = NULL, *wrong = NULL;
	_cleanup_free_ char *pem = NULL;
	_cleanup_free_ void *signature = NULL;
	size_t len = 0;
	struct err err = { 0 };

	assert_int_equal(key_private_pem(key, "secret", &pem, &err), 0);
	assert_int_equal(key_private("k", pem, strlen(pem), give_password, "other", &wrong, &err),
			 -EACCES);
	assert_int_equal(key_private("k", pem, strlen(pem), give_password, "secret", &again, &err),
			 0);
	assert_int_equal(key_sign(again, "text", 4, &signature, &len, &err), 0);
	assert_true(key_verify(key, "text", 4, signature, len));
	assert_false(key_verify(key, "texT", 4, signature, len));
	assert_false(key_verify(key, "text", 4, signature, len - 1));
}

static void test_claim_round_trip(void **state)
{
	_cleanup_free_ char *text = claim_write("r.example/a/b", DIGEST);
	_cleanup_(claim_release) struct claim claim = { 0 };
	struct err err = { 0 };

	assert_string_equal(text,
			    "{\"critical\":{\"identity\":{\"docker-reference\":\"r.example/a/b\"},"
			    "\"image\":{\"docker-manifest-digest\":\"" DIGEST "\"},"
			    "\"type\":\"cosign container image signature\"},\"optional\":null}");
	assert_int_equal(claim_read(text, strlen(text), &claim, &err), 0);
	assert_string_equal(claim.digest, DIGEST);
	assert_string_equal(claim.reference, "r.example/a/b");
}

static void test_bundle_is_signed_over_its_encoding(void **state)
{
	_cleanup_key_ struct key *key = new_key();
	_cleanup_(envelope_release) struct envelope e = { 0 };
	_cleanup_(claim_release) struct claim claim = { 0 };
	_cleanup_free_ char *bundle = NULL;
	struct err err = { 0 };

	assert_int_equal(bundle_write(key, DIGEST, &bundle, &err), 0);
	assert_int_equal(envelope_read(bundle, strlen(bundle), &e, &err), 0);
	assert_int_equal(e.nsignatures, 1);
	assert_memory_equal(e.signed_bytes, "DSSEv1 28 application/vnd.in-toto+json ", 39);
	assert_true(key_verify(key, e.signed_bytes, e.signed_len, e.signatures[0].bytes,
			       e.signatures[0].len));
	assert_int_equal(envelope_claim(&e, &claim, &err), 0);
	assert_string_equal(claim.digest, DIGEST);
	assert_null(claim.reference);
}

/* The kind of the first requirement that a policy has for an image. */
static int kind_for(const char *policy_text, const char *name)
{
	struct requirements lists[POLICY_LISTS];
	_cleanup_(ref_release) struct ref ref = { 0 };
	struct policy *policy = policy_new();
	struct err err = { 0 };
	int kind;

	assert_int_equal(policy_parse(policy, "p", policy_text, strlen(policy_text), &err), 0);
	assert_int_equal(ref_parse(name, &ref, &err), 0);
	policy_for(policy, &ref, lists);
	assert_int_equal(lists[1].count, 1);
	kind = lists[1].list[0].kind;
	policy_free(policy);
	return kind;
}

static void test_policy_nearest_scope(void **state)
{
	static const char policy[] =
		"{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{"
		"\"r.example\":[{\"type\":\"insecureAcceptAnything\"}],"
		"\"r.example/bad\":[{\"type\":\"reject\"}],"
		"\"r.example/bad/but:1\":[{\"type\":\"insecureAcceptAnything\"}],"
		"\"*.wide.example\":[{\"type\":\"insecureAcceptAnything\"}]}}}";
	static const struct {
		const char *name;
		int kind;
	} cases[] = {
		{ "r.example/good:1", REQUIRE_NOTHING },
		{ "r.example/bad:1", REQUIRE_REJECT },
		{ "r.example/bad/but:1", REQUIRE_NOTHING },
		{ "r.example/bad/but:2", REQUIRE_REJECT },
		{ "r.example/badly:1", REQUIRE_NOTHING },
		{ "a.wide.example/x:1", REQUIRE_NOTHING },
		{ "wide.example/x:1", REQUIRE_REJECT },
		{ "other.example/x", REQUIRE_REJECT },
		{ "local", REQUIRE_REJECT },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (kind_for(policy, cases[i].name) != cases[i].kind)
			fail_msg("%s", cases[i].name);
}

static void test_policy_compares_names(void **state)
{
	static const struct {
		int name;
		const char *reference, *image;
		bool fits;
	} cases[] = {
		{ NAME_REPOSITORY, "r.example/a", "r.example/a:1", true },
		{ NAME_REPOSITORY, "r.example/b", "r.example/a:1", false },
		{ NAME_EXACT_OR_DIGEST, "r.example/a:1", "r.example/a:1", true },
		{ NAME_EXACT_OR_DIGEST, "r.example/a:2", "r.example/a:1", false },
		{ NAME_EXACT_OR_DIGEST, "r.example/a", "r.example/a:latest", false },
		{ NAME_EXACT_OR_DIGEST, "r.example/a:2", "r.example/a@" DIGEST, true },
		{ NAME_EXACT, "r.example/a:2", "r.example/a@" DIGEST, false },
		{ NAME_EXACT, "not a reference", "r.example/a:1", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct requirement r = { .name = cases[i].name, .name_stated = true };
		struct claim claim = { .reference = (char *)cases[i].reference };
		_cleanup_(ref_release) struct ref ref = { 0 };

		assert_int_equal(ref_parse(cases[i].image, &ref, NULL), 0);
		if (requirement_names(&r, &claim, &ref) != cases[i].fits)
			fail_msg("%s as %s", cases[i].image, cases[i].reference);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_encrypted_round_trip),
		cmocka_unit_test(test_claim_round_trip),
		cmocka_unit_test(test_bundle_is_signed_over_its_encoding),
		cmocka_unit_test(test_policy_nearest_scope),
		cmocka_unit_test(test_policy_compares_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
