// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "oci/format/digest.h"
#include "oci/format/index.h"
#include "oci/format/manifest.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CONFIG "\"config\":{\"mediaType\":\"c/c\",\"digest\":\"sha256:" HEX_A "\",\"size\":2}"
#define LAYER "{\"mediaType\":\"l/l\",\"digest\":\"sha256:" HEX_B "\",\"size\":7}"
#define MANIFEST "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER "]}"

static void test_digest_valid_takes_one_form_only(void **state)
{
	static const char *const bad[] = {
		"",
		"sha256:",
		"sha256:" HEX_A "a",
		"sha256:aaa",
		"SHA256:" HEX_A,
		HEX_A,
		"sha512:" HEX_A,
		"sha256:../../../../../../etc/passwd",
		"sha256:Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"sha256:gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		" sha256:" HEX_A,
		"sha256:" HEX_A "\n",
	};

	assert_true(digest_valid("sha256:" HEX_A));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (digest_valid(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void test_digest_of_known_bytes(void **state)
{
	char digest[DIGEST_ROOM];

	digest_of("abc", 3, digest);
	assert_string_equal(digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff"
				    "61f20015ad");
	digest_of("", 0, digest);
	assert_string_equal(digest, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49599"
				    "1b7852b855");
}

static void test_manifest_parse_reads_what_is_there(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_MANIFEST "\"," CONFIG
		",\"layers\":[{\"mediaType\":\"l/l\",\"digest\":\"sha256:" HEX_B
		"\",\"size\":4294967296,\"annotations\":{\"t\":\"x\"},\"platform\":"
		"{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\"}}],"
		"\"annotations\":{\"a\":\"1\",\"b\":\"\"},\"unknown\":[[1]]}";
	struct manifest m = { 0 };
	struct err err = { 0 };

	assert_int_equal(manifest_parse(text, strlen(text), MEDIA_MANIFEST, &m, &err), 0);
	assert_string_equal(m.media_type, MEDIA_MANIFEST);
	assert_string_equal(m.config.digest, "sha256:" HEX_A);
	assert_int_equal(m.nlayers, 1);
	assert_true(m.layers[0].size_bytes == 4294967296);
	assert_string_equal(m.layers[0].platform, "linux/arm/v7");
	assert_string_equal(annotation_get(m.layers[0].annotations, m.layers[0].nannotations, "t"),
			    "x");
	assert_int_equal(m.nannotations, 2);
	assert_string_equal(annotation_get(m.annotations, m.nannotations, "b"), "");
	assert_null(annotation_get(m.annotations, m.nannotations, "c"));
	manifest_release(&m);
}

static void test_manifest_parse_wants_no_media_type(void **state)
{
	struct manifest m = { 0 };

	assert_int_equal(manifest_parse(MANIFEST, strlen(MANIFEST), MEDIA_MANIFEST, &m, NULL), 0);
	assert_null(m.media_type);
	manifest_release(&m);
}

static void test_manifest_parse_refuses(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "not JSON" },
		{ "[]", "not a JSON object" },
		{ "{", "not JSON" },
		{ MANIFEST "x", "not JSON" },
		{ "{\"schemaVersion\":2,\"schemaVersion\":2," CONFIG ",\"layers\":[]}",
		  "duplicate" },
		{ "{\"schemaVersion\":1," CONFIG ",\"layers\":[]}", "schemaVersion" },
		{ "{" CONFIG ",\"layers\":[]}", "schemaVersion" },
		{ "{\"schemaVersion\":2,\"layers\":[]}", "config: a descriptor is missing" },
		{ "{\"schemaVersion\":2," CONFIG "}", "no layers" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":{}}", "no layers" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[7]}", "layer 0" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"manifests\":[]}", "not clear" },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_INDEX "\"," CONFIG
		  ",\"layers\":[]}",
		  "announced" },
		{ "{\"schemaVersion\":2,\"mediaType\":3," CONFIG ",\"layers\":[]}", "not a text" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"annotations\":{\"a\":1}}",
		  "annotation 'a'" },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"annotations\":[]}",
		  "not an object" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:" HEX_A
		  "\",\"size\":-1},\"layers\":[]}",
		  "not a size" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:" HEX_A
		  "\",\"size\":1.5},\"layers\":[]}",
		  "not a size" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:" HEX_A
		  "\",\"size\":99999999999999999999},\"layers\":[]}",
		  "too big" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:../../../x\",\"size\":1},"
		  "\"layers\":[]}",
		  "digest" },
		{ "{\"schemaVersion\":2,\"config\":{\"size\":1},\"layers\":[]}", "digest" },
		{ "{\"schemaVersion\":2,\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}", "deep" },
		{ "{\"schemaVersion\":2,\"a\":\"\\u0000\"}", "not JSON" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct manifest m = { 0 };
		struct err err = { 0 };
		int rc = manifest_parse(cases[i].text, strlen(cases[i].text), MEDIA_MANIFEST, &m,
					&err);

		if (rc != -EBADMSG || !strstr(err.msg, cases[i].message))
			fail_msg("%s: %d, %s", cases[i].text, rc, err.msg);
	}
}

static void test_manifest_parse_counts_layers_and_bytes(void **state)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(8u << 20);
	struct manifest m = { 0 };
	struct err err = { 0 };

	strbuf_adds(&text, "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER);
	for (int i = 1; i < MANIFEST_MAX_LAYERS; i++)
		strbuf_adds(&text, "," LAYER);
	strbuf_adds(&text, "]}");
	assert_int_equal(manifest_parse(text.buf, text.len, NULL, &m, &err), 0);
	assert_int_equal(m.nlayers, MANIFEST_MAX_LAYERS);
	manifest_release(&m);
	text.len -= 2;
	strbuf_adds(&text, "," LAYER "]}");
	assert_int_equal(manifest_parse(text.buf, text.len, NULL, &m, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "more than 256 layers"));
	while (text.len <= MANIFEST_MAX_BYTES)
		strbuf_adds(&text,
			    "                                                              ");
	assert_int_equal(manifest_parse(text.buf, text.len, NULL, &m, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "larger than 4 MiB"));
}

/* Every beginning of a valid manifest, and every byte of it changed: no crash, and never a digest
 * that is none. */
static void test_manifest_parse_survives_damage(void **state)
{
	static const char whole[] = MANIFEST;
	char text[sizeof(whole)];

	for (size_t i = 0; i < strlen(whole); i++) {
		struct manifest m = { 0 };

		memcpy(text, whole, sizeof(whole));
		assert_int_equal(manifest_parse(text, i, NULL, &m, NULL), -EBADMSG);
		text[i] ^= 0x15;
		if (manifest_parse(text, strlen(whole), NULL, &m, NULL) == 0)
			assert_true(digest_valid(m.config.digest));
		manifest_release(&m);
	}
}

static void test_manifest_write_does_not_depend_on_order(void **state)
{
	static const struct image_pair one[] = { { "b", "2" }, { "a", "1" }, { "c", "ä\"\n" } };
	static const struct image_pair two[] = {
		{ "c", "x" },
		{ "a", "1" },
		{ "c", "ä\"\n" },
		{ "b", "2" },
	};
	struct descriptor layer = { "l/l", "sha256:" HEX_B, 7, NULL, one, 1 };
	struct manifest m = {
		.media_type = MEDIA_MANIFEST,
		.config = { "c/c", "sha256:" HEX_A, 2 },
		.layers = &layer,
		.nlayers = 1,
		.annotations = one,
		.nannotations = ARRAY_LEN(one),
	};
	_cleanup_free_ char *first = NULL, *second = NULL;

	assert_int_equal(manifest_write(&m, &first, NULL), 0);
	assert_string_equal(first,
			    "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_MANIFEST "\"," CONFIG
			    ",\"layers\":[{\"mediaType\":\"l/l\",\"digest\":\"sha256:" HEX_B
			    "\",\"size\":7,\"annotations\":{\"b\":\"2\"}}],"
			    "\"annotations\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"ä\\\"\\n\"}}");
	m.annotations = two;
	m.nannotations = ARRAY_LEN(two);
	assert_int_equal(manifest_write(&m, &second, NULL), 0);
	assert_string_equal(first, second);
}

static void test_manifest_write_refuses_what_is_not_utf8(void **state)
{
	static const struct image_pair bad[] = { { "a", "\xff" } };
	struct manifest m = {
		.config = { "c/c", "sha256:" HEX_A, 2 },
		.annotations = bad,
		.nannotations = 1,
	};
	char *text = NULL;

	assert_int_equal(manifest_write(&m, &text, NULL), -EILSEQ);
	assert_null(text);
}

static void test_config_write_names_the_platform(void **state)
{
	_cleanup_free_ char *any = NULL, *arm = NULL;
	struct err err = { 0 };
	char *none = NULL;

	assert_int_equal(config_write(NULL, &any, NULL), 0);
	assert_string_equal(any, "{}");
	assert_int_equal(config_write("linux/arm/v7", &arm, NULL), 0);
	assert_string_equal(arm, "{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":\"v7\"}");
	assert_int_equal(config_write("linux", &none, &err), -EINVAL);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_int_equal(config_write("a/b/c/d", &none, NULL), -EINVAL);
}

static void free_index(struct index **index)
{
	index_free(*index);
}
#define _cleanup_index_ _cleanup_(free_index)

static void test_index_put_replaces_and_leaves_others_alone(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"manifests\":["
		"{\"mediaType\":\"x/y\",\"digest\":\"sha512:zz\",\"size\":\"?\",\"foreign\":[1]},"
		"{\"mediaType\":\"m/m\",\"digest\":\"sha256:" HEX_A
		"\",\"size\":1,\"annotations\":{"
		"\"" NOTE_REF_NAME "\":\"b\"}}],\"annotations\":{\"kept\":\"yes\"}}";
	_cleanup_index_ struct index *index = NULL;
	_cleanup_free_ char *written = NULL;
	struct image_pair note = { "when", "now" };
	struct descriptor desc = { "m/m", "sha256:" HEX_B, 9, "linux/amd64", &note, 1 };
	const struct index_entry *entries;
	size_t count;

	assert_int_equal(index_parse(text, strlen(text), &index, NULL), 0);
	assert_int_equal(index_put(index, "b", &desc, NULL), 0);
	assert_int_equal(index_put(index, "a", &desc, NULL), 0);
	entries = index_entries(index, &count);
	assert_int_equal(count, 2);
	assert_string_equal(entries[0].name, "a");
	assert_string_equal(entries[1].name, "b");
	assert_string_equal(entries[1].desc.digest, "sha256:" HEX_B);
	assert_string_equal(entries[1].desc.platform, "linux/amd64");
	assert_null(index_find(index, "c"));
	assert_ptr_equal(index_find(index, "b"), &entries[1]);
	written = index_write(index);
	assert_non_null(strstr(written, "\"foreign\":[1]"));
	assert_non_null(strstr(written, "\"kept\":\"yes\""));
	assert_null(strstr(written, HEX_A));
}

static void test_index_parse_refuses(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"schemaVersion\":2}",
		"{\"schemaVersion\":2,\"manifests\":{}}",
		"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
		"{\"schemaVersion\":2,\"manifests\":[],\"mediaType\":\"" MEDIA_MANIFEST "\"}",
		"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:..\",\"size\":1,"
		"\"annotations\":{\"" NOTE_REF_NAME "\":\"x\"}}]}",
		"{\"schemaVersion\":2,\"manifests\":["
		"{\"digest\":\"sha256:" HEX_A "\",\"size\":1,\"annotations\":{\"" NOTE_REF_NAME
		"\":\"x\"}},{\"digest\":\"sha256:" HEX_B
		"\",\"size\":1,\"annotations\":{\"" NOTE_REF_NAME "\":\"x\"}}]}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct index *index = NULL;

		if (index_parse(bad[i], strlen(bad[i]), &index, NULL) != -EBADMSG || index)
			fail_msg("taken: %s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest_valid_takes_one_form_only),
		cmocka_unit_test(test_digest_of_known_bytes),
		cmocka_unit_test(test_manifest_parse_reads_what_is_there),
		cmocka_unit_test(test_manifest_parse_wants_no_media_type),
		cmocka_unit_test(test_manifest_parse_refuses),
		cmocka_unit_test(test_manifest_parse_counts_layers_and_bytes),
		cmocka_unit_test(test_manifest_parse_survives_damage),
		cmocka_unit_test(test_manifest_write_does_not_depend_on_order),
		cmocka_unit_test(test_manifest_write_refuses_what_is_not_utf8),
		cmocka_unit_test(test_config_write_names_the_platform),
		cmocka_unit_test(test_index_put_replaces_and_leaves_others_alone),
		cmocka_unit_test(test_index_parse_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
