// SPDX-License-Identifier: Apache-2.0
/* The store through its facade: each test has a folder of its own. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/util.h"
#include "oci/format/digest.h"
#include "oci/image.h"
#include "oci/format/manifest.h"

#define PROGRAM "not an object, but bytes"

struct folder {
	char top[64];
	char *store;
};

static int make_folder(void **state)
{
	struct folder *f = xcalloc(1, sizeof(*f));

	snprintf(f->top, sizeof(f->top), "/tmp/bombus-unit-XXXXXX");
	if (!mkdtemp(f->top))
		return -1;
	f->store = xasprintf("%s/a/store", f->top);
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int remove_folder(void **state)
{
	struct folder *f = *state;

	nftw(f->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f->store);
	free(f);
	return 0;
}

static int save(const char *store, const char *name, const char *program, char digest[72],
		struct err *err)
{
	static const struct image_pair notes[] = { { NOTE_TITLE, "x" } };
	struct image_build build = { program, strlen(program), "linux/amd64", notes, 1 };
	char unused[72];

	return image_save(store, name, &build, digest ? digest : unused, err);
}

static char *in_store(const struct folder *f, const char *name)
{
	return xasprintf("%s/%s", f->store, name);
}

static char *blob_path(const struct folder *f, const char *digest)
{
	return xasprintf("%s/blobs/sha256/%s", f->store, digest_hex(digest));
}

static void overwrite(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_image_save_and_read_back(void **state)
{
	const struct folder *f = *state;
	struct image_info info = { 0 };
	_cleanup_free_ void *program = NULL;
	size_t len = 0;
	char digest[72];

	assert_int_equal(save(f->store, "tool", PROGRAM, digest, NULL), 0);
	assert_true(digest_valid(digest));
	assert_int_equal(image_find(f->store, "tool", &info, NULL), 0);
	assert_string_equal(info.name, "tool");
	assert_string_equal(info.digest, digest);
	assert_string_equal(info.platform, "linux/amd64");
	assert_int_equal(info.nlayers, 1);
	assert_string_equal(info.layers[0].media_type, MEDIA_EBPF_PROGRAM);
	assert_string_equal(info.layers[0].title, "program.o");
	assert_true(info.layers[0].size_bytes == strlen(PROGRAM));
	assert_true(info.size_bytes > strlen(PROGRAM) + strlen(info.manifest_json));
	assert_int_equal(strlen(info.created), strlen("2026-11-20T09:00:00Z"));
	assert_int_equal(image_program(f->store, &info, &program, &len, NULL), 0);
	assert_int_equal(len, strlen(PROGRAM));
	assert_memory_equal(program, PROGRAM, len);
	image_info_release(&info);
}

static void test_image_digest_depends_on_content_alone(void **state)
{
	const struct folder *f = *state;
	char one[72], same[72], other[72];

	assert_int_equal(save(f->store, "a", PROGRAM, one, NULL), 0);
	assert_int_equal(save(f->store, "b", PROGRAM, same, NULL), 0);
	assert_int_equal(save(f->store, "a", PROGRAM "!", other, NULL), 0);
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
}

static void find(const char *store, const char *word, const char *wanted)
{
	struct image_info info = { 0 };
	struct err err = { 0 };
	int rc = image_find(store, word, &info, &err);

	if (wanted ? rc < 0 || !streq(info.name, wanted) : rc != -ENOENT)
		fail_msg("%s: %d, %s, not %s", word, rc, rc < 0 ? err.msg : info.name, wanted);
	image_info_release(&info);
}

static void test_image_find_by_name_tag_and_digest(void **state)
{
	const struct folder *f = *state;
	char digest[72], word[72];

	assert_int_equal(save(f->store, "plain", PROGRAM, NULL, NULL), 0);
	assert_int_equal(save(f->store, "tagged:latest", PROGRAM "1", NULL, NULL), 0);
	assert_int_equal(save(f->store, "host:5000/x/y:1.2", PROGRAM "2", digest, NULL), 0);
	assert_int_equal(save(f->store, "host:5000/x/z:latest", PROGRAM "3", NULL, NULL), 0);
	find(f->store, "plain", "plain");
	find(f->store, "tagged", "tagged:latest");
	find(f->store, "tagged:latest", "tagged:latest");
	find(f->store, "tagged:1", NULL);
	find(f->store, "plain:latest", "plain");
	find(f->store, "plain:1", NULL);
	find(f->store, ":latest", NULL);
	find(f->store, "host:5000/x/y:1.2", "host:5000/x/y:1.2");
	find(f->store, "host:5000/x/y", NULL);
	find(f->store, "host:5000/x/z", "host:5000/x/z:latest");
	find(f->store, digest, "host:5000/x/y:1.2");
	for (size_t digits = 1; digits <= 64; digits += 5) {
		snprintf(word, sizeof(word), "%.*s", (int)digits, digest_hex(digest));
		find(f->store, word, digits < 6 ? NULL : "host:5000/x/y:1.2");
	}
	find(f->store, "", NULL);
	find(f->store, "../../etc", NULL);
}

static void test_image_find_suggests(void **state)
{
	const struct folder *f = *state;
	struct image_info info = { 0 };
	struct err err = { 0 }, none = { 0 };

	assert_int_equal(image_find(f->store, "x", &info, &none), -ENOENT);
	assert_non_null(strstr(none.hint, "is empty"));
	assert_int_equal(save(f->store, "tcpconnlat", PROGRAM, NULL, NULL), 0);
	assert_int_equal(image_find(f->store, "tcpconlat", &info, &err), -ENOENT);
	assert_string_equal(err.hint, "did you mean tcpconnlat?");
}

static void test_image_names_are_checked(void **state)
{
	static const char *const bad[] = {
		"",	    "-x", "a b",  "a\nb",    "../x",	      "/x", "x'", "x\"",
		"\xc3\xa4", ".x", "x\\y", "x\x1b[m", "sha256:abcdef",
	};
	static const char *const good[] = { "x", "A.b-c_d", "h:5000/a/b:1.0@sha256", "0+1" };
	const struct folder *f = *state;
	char long_name[600];

	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(image_check_name(long_name, NULL), -EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };

		if (save(f->store, bad[i], PROGRAM, NULL, &err) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.exit, EXIT_USAGE);
	}
	assert_int_equal(access(f->store, F_OK), -1);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(image_check_name(good[i], NULL), 0);
}

static void test_image_list_is_sorted_and_survives_damage(void **state)
{
	const struct folder *f = *state;
	struct image_info *infos = NULL;
	_cleanup_free_ char *path = NULL;
	char digest[72];
	size_t count = 9;

	assert_int_equal(image_list(f->store, &infos, &count, NULL), 0);
	assert_int_equal(count, 0);
	free(infos);
	assert_int_equal(save(f->store, "c", PROGRAM "c", NULL, NULL), 0);
	assert_int_equal(save(f->store, "a", PROGRAM "a", digest, NULL), 0);
	assert_int_equal(save(f->store, "b", PROGRAM "b", NULL, NULL), 0);
	path = blob_path(f, digest);
	overwrite(path, "{}");
	assert_int_equal(image_list(f->store, &infos, &count, NULL), 0);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(infos[i].name[0], "abc"[i]);
		assert_int_equal(infos[i].damage != NULL, i == 0);
		image_info_release(&infos[i]);
	}
	free(infos);
}

/* What each of these does to the program's blob must be noticed before a byte of it is used. */
static void test_image_program_is_verified(void **state)
{
	const struct folder *f = *state;
	static const char *const contents[] = { "", PROGRAM "x", "Not an object, but bytes" };
	struct image_info info = { 0 };
	_cleanup_free_ char *path = NULL, *other = NULL;
	void *program = NULL;
	size_t len = 0;

	assert_int_equal(save(f->store, "x", PROGRAM, NULL, NULL), 0);
	assert_int_equal(image_find(f->store, "x", &info, NULL), 0);
	path = blob_path(f, info.layers[0].digest);
	for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
		overwrite(path, contents[i]);
		assert_int_equal(image_program(f->store, &info, &program, &len, NULL), -EBADMSG);
	}
	/* Also through a link to the right bytes: blobs are files. */
	other = in_store(f, "other");
	overwrite(other, PROGRAM);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_true(image_program(f->store, &info, &program, &len, NULL) < 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(image_program(f->store, &info, &program, &len, NULL) < 0);
	assert_int_equal(unlink(path), 0);
	assert_true(image_program(f->store, &info, &program, &len, NULL) < 0);
	/* Saving again heals it. */
	assert_int_equal(save(f->store, "x", PROGRAM, NULL, NULL), 0);
	assert_int_equal(image_program(f->store, &info, &program, &len, NULL), 0);
	free(program);
	image_info_release(&info);
}

static void put_manifest(const struct folder *f, const char *name, const char *media_type,
			 const char *manifest)
{
	char digest[DIGEST_ROOM];
	_cleanup_free_ char *path = NULL, *index = in_store(f, "index.json"), *text = NULL;

	digest_of(manifest, strlen(manifest), digest);
	path = blob_path(f, digest);
	overwrite(path, manifest);
	text = xasprintf(
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"%s\","
		"\"size\":%zu,\"annotations\":{\"" NOTE_REF_NAME "\":\"%s\"}}]}",
		media_type, digest, strlen(manifest), name);
	overwrite(index, text);
}

static void test_image_of_others_is_refused_clearly(void **state)
{
#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PART(type) "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX "\",\"size\":3}"
#define HEAD "{\"schemaVersion\":2,\"config\":" PART("c/c") ",\"layers\":["
	static const struct {
		const char *layers, *message;
	} cases[] = {
		{ HEAD "]}", "it has no layer" },
		{ HEAD PART("text/x-other") "]}", "its first layer is 'text/x-other'" },
		{ HEAD PART("application/wasm") "]}", "WebAssembly" },
		{ HEAD PART("application/vnd.oci.image.layer.v1.tar+gzip") "]}", "cannot open" },
		{ HEAD PART(MEDIA_EBPF_PROGRAM) "," PART(MEDIA_EBPF_PROGRAM) "]}",
		  "more than one" },
		{ HEAD PART("x/y") "," PART(MEDIA_EBPF_PROGRAM) "]}", "cannot open" },
	};
	const struct folder *f = *state;
	struct image_info info = { 0 };
	struct err index_err = { 0 };
	void *program = NULL;
	size_t len = 0;

	assert_int_equal(save(f->store, "x", PROGRAM, NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };

		put_manifest(f, "x", MEDIA_MANIFEST, cases[i].layers);
		assert_int_equal(image_find(f->store, "x", &info, &err), 0);
		assert_true(image_program(f->store, &info, &program, &len, &err) < 0);
		if (!strstr(err.msg, cases[i].message))
			fail_msg("%s: %s", cases[i].layers, err.msg);
		image_info_release(&info);
	}
	put_manifest(f, "x", MEDIA_INDEX, "{\"schemaVersion\":2,\"manifests\":[]}");
	assert_int_equal(image_find(f->store, "x", &info, &index_err), -EBADMSG);
	assert_non_null(strstr(index_err.msg, "it is not there for"));
}

/* An index may come from elsewhere, with a name that looks like the digest of another image. */
static void test_image_find_trusts_a_digest_more_than_a_name(void **state)
{
	const struct folder *f = *state;
	_cleanup_free_ char *index = in_store(f, "index.json");
	_cleanup_free_ char *text = NULL;
	struct image_info info = { 0 };
	char good[72], bad[72];

	assert_int_equal(save(f->store, "good", PROGRAM, good, NULL), 0);
	assert_int_equal(save(f->store, "bad", PROGRAM "!", bad, NULL), 0);
	text = xasprintf("{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"%s\",\"size\":1,"
			 "\"annotations\":{\"" NOTE_REF_NAME "\":\"%s\"}}]}",
			 bad, good);
	overwrite(index, text);
	assert_int_equal(image_find(f->store, good, &info, NULL), -ENOENT);
}

static void test_store_refuses_a_folder_of_other_things(void **state)
{
	const struct folder *f = *state;
	_cleanup_free_ char *path = NULL;
	struct image_info *infos = NULL;
	struct err err = { 0 };
	size_t count;

	assert_int_equal(make_dirs(f->store, NULL), 0);
	path = in_store(f, "thesis.txt");
	overwrite(path, "words");
	assert_int_equal(save(f->store, "x", PROGRAM, NULL, &err), -ENOTEMPTY);
	assert_int_equal(image_list(f->store, &infos, &count, NULL), -ENOTEMPTY);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(save(f->store, "x", PROGRAM, NULL, NULL), 0);
}

static void test_store_of_another_version_is_refused(void **state)
{
	const struct folder *f = *state;
	_cleanup_free_ char *path = in_store(f, "oci-layout");
	struct image_info info = { 0 };

	assert_int_equal(save(f->store, "x", PROGRAM, NULL, NULL), 0);
	overwrite(path, "{\"imageLayoutVersion\":\"2.0.0\"}");
	assert_int_equal(image_find(f->store, "x", &info, NULL), -EBADMSG);
	assert_int_equal(save(f->store, "x", PROGRAM, NULL, NULL), -EBADMSG);
}

static void test_store_removes_what_a_killed_writer_left(void **state)
{
	const struct folder *f = *state;
	_cleanup_free_ char *left = in_store(f, ".tmp-abcdef");

	assert_int_equal(save(f->store, "x", PROGRAM, NULL, NULL), 0);
	overwrite(left, "half of some");
	assert_int_equal(save(f->store, "y", PROGRAM, NULL, NULL), 0);
	assert_int_equal(access(left, F_OK), -1);
}

/* All of the names are there afterwards, each complete. */
static void check_names(const char *store, size_t wanted)
{
	struct image_info *infos = NULL;
	size_t count = 0;

	assert_int_equal(image_list(store, &infos, &count, NULL), 0);
	if (wanted)
		assert_int_equal(count, wanted);
	for (size_t i = 0; i < count; i++) {
		struct err err = { 0 };
		void *program = NULL;
		size_t len;

		assert_null(infos[i].damage);
		if (image_program(store, &infos[i], &program, &len, &err) < 0)
			fail_msg("%s: %s", infos[i].name, err.msg);
		free(program);
		image_info_release(&infos[i]);
	}
	free(infos);
}

static void save_many(const char *store, int writer, int count)
{
	for (int i = 0; i < count; i++) {
		char name[32], program[64];
		struct err err = { 0 };

		snprintf(name, sizeof(name), "w%d-%d", writer, i);
		snprintf(program, sizeof(program), "program %d of %d", i % 4, writer);
		if (save(store, name, program, NULL, &err) < 0) {
			fprintf(stderr, "writer %d: image %d: %s\n", writer, i, err.msg);
			_exit(1);
		}
	}
	_exit(0);
}

static void write_together(const char *store, int writers, int each)
{
	pid_t pids[8];

	for (int w = 0; w < writers; w++) {
		pids[w] = fork();
		if (!pids[w])
			save_many(store, w, each);
	}
	for (int w = 0; w < writers; w++) {
		int status = -1;

		waitpid(pids[w], &status, 0);
		assert_int_equal(status, 0);
	}
	check_names(store, writers * each);
}

static void test_store_takes_writers_at_the_same_time(void **state)
{
	const struct folder *f = *state;

	write_together(f->store, 4, 25);
}

/* One writer makes the store while the others look whether the folder is one. */
static void test_store_is_made_by_writers_at_the_same_time(void **state)
{
	const struct folder *f = *state;

	for (int round = 0; round < 100; round++) {
		_cleanup_free_ char *store = xasprintf("%s/%d", f->store, round);

		write_together(store, 4, 1);
	}
}

/* Killed at some moment after `us`; the later ones hit what the earlier ones left. */
static void kill_one(const char *store, int round, long us)
{
	struct timespec pause = { .tv_nsec = us * 1000 };
	pid_t pid = fork();

	if (!pid)
		save_many(store, round, 1000);
	nanosleep(&pause, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_store_survives_being_killed(void **state)
{
	const struct folder *f = *state;

	for (int round = 0; round < 150; round++) {
		kill_one(f->store, round, 200 + 97 * round % 9000);
		check_names(f->store, 0);
	}
	assert_int_equal(save(f->store, "last", PROGRAM, NULL, NULL), 0);
	find(f->store, "last", "last");
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_image_save_and_read_back),
		in_folder(test_image_digest_depends_on_content_alone),
		in_folder(test_image_find_by_name_tag_and_digest),
		in_folder(test_image_find_suggests),
		in_folder(test_image_names_are_checked),
		in_folder(test_image_list_is_sorted_and_survives_damage),
		in_folder(test_image_program_is_verified),
		in_folder(test_image_of_others_is_refused_clearly),
		in_folder(test_image_find_trusts_a_digest_more_than_a_name),
		in_folder(test_store_refuses_a_folder_of_other_things),
		in_folder(test_store_of_another_version_is_refused),
		in_folder(test_store_removes_what_a_killed_writer_left),
		in_folder(test_store_takes_writers_at_the_same_time),
		in_folder(test_store_is_made_by_writers_at_the_same_time),
		in_folder(test_store_survives_being_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
