// SPDX-License-Identifier: Apache-2.0
/* What is read from references, addresses, headers and credential files before any byte is sent. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "oci/registry/challenge.h"
#include "oci/registry/creds.h"
#include "oci/format/image_index.h"
#include "oci/format/ref.h"
#include "base/net/retry.h"
#include "base/url.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define VECTORS "spec/vectors/references.tsv"

static void check_vector(char *line, size_t ret_counts[2])
{
	char *save = NULL, *text = strtok_r(line, "\t", &save);
	const char *host = strtok_r(NULL, "\t", &save), *repository = strtok_r(NULL, "\t", &save),
		   *version = strtok_r(NULL, "\t", &save);
	struct ref ref = { 0 };
	struct err err = { 0 };
	int rc = ref_parse(text, &ref, &err);

	if (streq(host, "refused")) {
		if (rc != -EINVAL)
			fail_msg("taken: %s", text);
		assert_int_equal(err.exit, EXIT_USAGE);
		ret_counts[1]++;
		return;
	}
	if (rc < 0)
		fail_msg("%s: %s", text, err.msg);
	assert_string_equal(ref.host, host);
	assert_string_equal(ref.repository, repository);
	assert_string_equal(ref_version(&ref), version);
	ref_release(&ref);
	ret_counts[0]++;
}

static void test_ref_parse_vectors(void **state)
{
	_cleanup_free_ void *text = NULL;
	size_t counts[2] = { 0 };
	char *save = NULL;
	struct err err = { 0 };

	if (read_file(VECTORS, 1 << 20, &text, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (*line != '#')
			check_vector(line, counts);
	assert_in_range(counts[0], 10, 1000);
	assert_in_range(counts[1], 30, 1000);
	/* What no line can hold. */
	assert_int_equal(ref_parse("", &(struct ref){ 0 }, NULL), -EINVAL);
	assert_int_equal(ref_parse("r.example/x\n", &(struct ref){ 0 }, NULL), -EINVAL);
}

static void test_ref_is_remote_wants_a_path(void **state)
{
	assert_true(ref_is_remote("localhost:5000/x"));
	assert_true(ref_is_remote("user/x"));
	assert_false(ref_is_remote("x"));
	assert_false(ref_is_remote("x:1"));
	assert_false(ref_is_remote("./x"));
	assert_false(ref_is_remote("dir/X"));
}

static void test_url_join(void **state)
{
	static const struct {
		const char *base, *location, *wanted;
	} cases[] = {
		{ "http://h/v2/a/", "/v2/b?c=d", "http://h:80/v2/b?c=d" },
		{ "https://h:5000/v2/a/b", "c", "https://h:5000/v2/a/c" },
		{ "https://h:5000/v2/a/b?x=/y", "?z", "https://h:5000/v2/a/b?z" },
		{ "https://h/a", "https://Other.Example/b#c", "https://other.example:443/b" },
		{ "https://h/a", "//other/b", "https://other:443/b" },
		{ "http://[::1]:5/a", "/b", "http://[::1]:5/b" },
	};
	static const char *const bad[] = {
		"file:///etc/passwd", "https://u:p@h/",	    "https://",	     "https:///x",
		"http://h:0/",	      "http://h:99999/",    "http://h:+1/",  "https://h\\@other/",
		"https://h/a b",      "https://h/\r\nX: y", "https://h%2f/", "gopher://h/",
		"http://[::1",	      "http://[]/",	    "http://[::1]x", "http://::1]:80/",
		"http://[:[:]:]/",
	};
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = NULL;

		assert_int_equal(url_join(cases[i].base, cases[i].location, &text, NULL), 0);
		assert_string_equal(text, cases[i].wanted);
		free(text);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct url url = { 0 };

		if (url_parse(bad[i], &url, NULL) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(url_parse("https://user:secret@h/", &(struct url){ 0 }, &err), -EBADMSG);
	assert_null(strstr(err.msg, "secret"));
	assert_true(url_same_origin("http://h/a", "http://H:80/b"));
	assert_false(url_same_origin("http://h/a", "https://h/a"));
	assert_false(url_same_origin("http://h/a", "http://h:81/a"));
	assert_false(url_same_origin("http://h/a", "http://h.other/a"));
	assert_true(host_is_loopback("127.1.2.3:5000"));
	assert_true(host_is_loopback("[::1]:5000"));
	assert_true(host_is_loopback("localhost"));
	assert_false(host_is_loopback("localhost.example"));
	assert_false(host_is_loopback("127.0.0.1.example"));
}

static void test_challenges_parse(void **state)
{
	struct challenge list[CHALLENGES_MAX];
	const struct challenge *c;
	size_t count = challenges_parse(
		"Basic realm=\"a, b\" , bearer realm=\"https://t/x\",service=reg , "
		"scope=\"repository:a:pull,push\",error=\"insufficient_scope\"",
		list, 0);

	assert_int_equal(count, 2);
	assert_string_equal(challenge_find(list, count, "basic")->realm, "a, b");
	c = challenge_find(list, count, "Bearer");
	assert_non_null(c);
	assert_string_equal(c->realm, "https://t/x");
	assert_string_equal(c->service, "reg");
	assert_string_equal(c->scope, "repository:a:pull,push");
	assert_string_equal(c->error, "insufficient_scope");
	count = challenges_parse("Negotiate", list, count);
	assert_int_equal(count, 3);
	assert_null(challenge_find(list, count, "Digest"));
	challenges_release(list, count);
}

static void test_challenges_parse_survives(void **state)
{
	static const char *const odd[] = {
		"",
		",",
		",,,",
		"=",
		"\"",
		"Bearer realm",
		"Bearer realm=",
		"Bearer realm=\"",
		"Bearer realm=\"\\",
		"Bearer realm=\"a\\\"b\"",
		"a b c d e f g h i j k l m n o p",
		"realm=\"x\"",
		"Basic dG9rZW42OA==, Bearer realm=x",
		"\xff\xfe",
		"Bearer = , = , =",
	};

	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		struct challenge list[CHALLENGES_MAX];
		size_t count = challenges_parse(odd[i], list, 0);

		assert_true(count <= CHALLENGES_MAX);
		challenges_release(list, count);
	}
}

static void test_retry_pauses_grow_and_end(void **state)
{
	const uint64_t now = 1793523600ull * 1000000000, s = 1000000000;

	for (unsigned tries = 1; tries < 40; tries++) {
		uint64_t pause = retry_pause_ns(tries, NULL, now);

		assert_in_range(pause, 100000000, RETRY_MAX_NS);
	}
	assert_true(retry_pause_ns(6, NULL, now) > retry_pause_ns(1, NULL, now));
	assert_in_range(retry_pause_ns(1, "7", now), 7 * s, 7 * s);
	/* 1793523600 is Sun, 01 Nov 2026 09:00:00 GMT. */
	assert_in_range(retry_pause_ns(1, "Sun, 01 Nov 2026 09:00:09 GMT", now), 9 * s, 9 * s);
	assert_in_range(retry_pause_ns(1, "Sun, 01 Nov 2026 08:00:00 GMT", now), 0, s);
	assert_in_range(retry_pause_ns(1, "soon", now), 0, s);
	assert_true(retry_pause_ns(1, "61", now) > RETRY_MAX_NS);
	assert_true(retry_pause_ns(1, "Mon, 02 Nov 2026 09:00:00 GMT", now) > RETRY_MAX_NS);
	assert_true(retry_pause_ns(1, "18446744073709551615", now) > RETRY_MAX_NS);
	assert_true(retry_status(429) && retry_status(503) && retry_status(408));
	assert_false(retry_status(404) || retry_status(501) || retry_status(200));
}

static void test_platform_fits(void **state)
{
	assert_true(platform_fits("linux/amd64", "linux/amd64"));
	assert_true(platform_fits("linux/x86_64", "linux/amd64"));
	assert_true(platform_fits("linux/arm64/v8", "linux/aarch64"));
	assert_true(platform_fits("linux/arm64", "arm64"));
	assert_false(platform_fits("linux/arm/v6", "linux/arm/v7"));
	assert_false(platform_fits("windows/amd64", "linux/amd64"));
	assert_false(platform_fits("windows/amd64", "amd64"));
	assert_false(platform_fits("linux/arm", "linux/arm64"));
}

#define CHILD(platform)                                                                            \
	"{\"mediaType\":\"" MEDIA_MANIFEST "\",\"size\":9,\"digest\":\"sha256:" HEX                \
	"\",\"platform\":" platform "}"
#define INDEX(members) "{\"schemaVersion\":2," members "}"

static void test_multi_choose_leaves_attestations_out(void **state)
{
	const char *text = INDEX("\"manifests\":[" CHILD(
		"{\"os\":\"unknown\",\"architecture\":"
		"\"unknown\"}") "," CHILD("{\"os\":\"linux\",\"architecture\":\"arm64\","
					  "\"variant\":\"v8\"}") "]");
	const struct descriptor *one = NULL;
	struct image_index images = { 0 };
	struct err err = { 0 };
	char *all;

	assert_int_equal(image_index_parse(text, strlen(text), NULL, &images, NULL), 0);
	assert_int_equal(images.nmanifests, 2);
	assert_int_equal(image_index_choose(&images, "linux/arm64", &one, NULL), 0);
	assert_string_equal(one->platform, "linux/arm64/v8");
	assert_int_equal(image_index_choose(&images, "linux/s390x", &one, &err), -ENOENT);
	assert_non_null(strstr(err.hint, "linux/arm64/v8"));
	assert_null(strstr(err.hint, "unknown"));
	assert_int_equal(image_index_choose(&images, "unknown/unknown", &one, NULL), -ENOENT);
	all = image_index_platforms(&images);
	assert_string_equal(all, "linux/arm64/v8");
	free(all);
	image_index_release(&images);
}

static void test_multi_parse_refuses(void **state)
{
	static const char *const bad[] = {
		"{}",
		INDEX("\"manifests\":{}"),
		INDEX("\"manifests\":[],\"layers\":[]"),
		INDEX("\"manifests\":[],\"config\":{}"),
		INDEX("\"manifests\":[{}]"),
		INDEX("\"manifests\":[],\"manifests\":[]"),
		INDEX("\"mediaType\":\"" MEDIA_MANIFEST "\",\"manifests\":[]"),
		"{\"schemaVersion\":1,\"manifests\":[]}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct image_index images = { 0 };

		if (image_index_parse(bad[i], strlen(bad[i]), MEDIA_INDEX, &images, NULL) !=
		    -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	}
}

/* --- credentials ----------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_creds_find_takes_the_longest_prefix(void **state)
{
	char path[] = "/tmp/bombus-creds-XXXXXX";
	struct creds creds = { 0 };
	struct err err = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	/* a:b, c:d and e:f */
	write_text(path, "{\"auths\":{\"https://r.example/v1/\":{\"auth\":\"YTpi\"},"
			 "\"r.example/team\":{\"auth\":\"Yzpk\"},"
			 "\"https://index.docker.io/v1/\":{\"auth\":\"ZTpm\"},"
			 "\"t.example\":{\"identitytoken\":\"T\"}}}");
	assert_int_equal(creds_find(path, "r.example", "other/x", &creds, &err), 0);
	assert_string_equal(creds.user, "a");
	assert_string_equal(creds.secret, "b");
	creds_release(&creds);
	assert_int_equal(creds_find(path, "r.example", "team/x", &creds, &err), 0);
	assert_string_equal(creds.user, "c");
	creds_release(&creds);
	assert_int_equal(creds_find(path, "r.example", "teams/x", &creds, &err), 0);
	assert_string_equal(creds.user, "a");
	creds_release(&creds);
	assert_int_equal(creds_find(path, "docker.io", "library/x", &creds, &err), 0);
	assert_string_equal(creds.user, "e");
	creds_release(&creds);
	assert_int_equal(creds_find(path, "t.example", "x", &creds, &err), 0);
	assert_null(creds.user);
	assert_string_equal(creds.identity_token, "T");
	creds_release(&creds);
	assert_int_equal(creds_find(path, "r.example.other", "x", &creds, &err), 0);
	assert_null(creds.user);
	write_text(path, "{\"auths\":{\"r.example\":{\"auth\":\"!\"}}}");
	assert_int_equal(creds_find(path, "r.example", "x", &creds, &err), -EBADMSG);
	write_text(path, "{\"credsStore\":\"../../bin/sh\"}");
	assert_int_equal(creds_find(path, "r.example", "x", &creds, &err), -EBADMSG);
	unlink(path);
}

static void test_creds_save_keeps_the_rest_and_the_secret(void **state)
{
	char path[] = "/tmp/bombus-creds-XXXXXX";
	_cleanup_free_ char *where = NULL, *erased = NULL;
	_cleanup_free_ void *text = NULL;
	struct creds creds = { 0 };
	struct stat st;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_text(path, "{\"other\":1,\"auths\":{\"a.example\":{\"auth\":\"YTpi\"}}}");
	chmod(path, 0644);
	assert_int_equal(creds_save(path, "r.example", "u", "p:w", &where, NULL), 0);
	assert_string_equal(where, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(creds_find(path, "r.example", "x", &creds, NULL), 0);
	assert_string_equal(creds.secret, "p:w");
	creds_release(&creds);
	assert_int_equal(creds_find(path, "a.example", "x", &creds, NULL), 0);
	assert_string_equal(creds.user, "a");
	creds_release(&creds);
	assert_int_equal(creds_erase(path, "r.example", &erased, NULL), 0);
	assert_int_equal(creds_erase(path, "r.example", &erased, NULL), -ENOENT);
	assert_int_equal(read_file(path, 4096, &text, NULL, NULL), 0);
	assert_non_null(strstr(text, "other"));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ref_parse_vectors),
		cmocka_unit_test(test_ref_is_remote_wants_a_path),
		cmocka_unit_test(test_url_join),
		cmocka_unit_test(test_challenges_parse),
		cmocka_unit_test(test_challenges_parse_survives),
		cmocka_unit_test(test_retry_pauses_grow_and_end),
		cmocka_unit_test(test_platform_fits),
		cmocka_unit_test(test_multi_choose_leaves_attestations_out),
		cmocka_unit_test(test_multi_parse_refuses),
		cmocka_unit_test(test_creds_find_takes_the_longest_prefix),
		cmocka_unit_test(test_creds_save_keeps_the_rest_and_the_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
