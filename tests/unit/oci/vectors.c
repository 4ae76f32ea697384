// SPDX-License-Identifier: Apache-2.0
/* spec/vectors/documents.tsv: what is taken and what is refused, and why. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "oci/image_internal.h"
#include "oci/format/json.h"
#include "oci/format/image_index.h"

#define VECTORS "spec/vectors/documents.tsv"
#define PLATFORM "linux/arm64"

/* Each leaves in `found` what a result behind "=" says, or fails as parsing does. */
static int check_manifest(const char *text, const char *announced, struct strbuf *found,
			  struct err *err)
{
	struct manifest m = { 0 };
	struct image_info info = { 0 };
	int rc = manifest_parse(text, strlen(text), announced, &m, err);

	if (rc < 0)
		return rc;
	image_fill_info(&info, &m);
	strbuf_addf(found, "%s", image_format(&info) ? image_format(&info) : "-");
	if (image_check_runs(&m, err) < 0)
		strbuf_addf(found, ", refused");
	image_info_release(&info);
	manifest_release(&m);
	return 0;
}

static int check_run(const char *text, const char *announced, struct strbuf *found, struct err *err)
{
	struct manifest m = { 0 };
	int rc = manifest_parse(text, strlen(text), announced, &m, err);

	if (rc < 0)
		fail_msg("it is not even read: %s", err->msg);
	rc = image_check_runs(&m, err);
	manifest_release(&m);
	return rc;
}

static int check_index(const char *text, const char *announced, struct strbuf *found,
		       struct err *err)
{
	const struct descriptor *one = NULL;
	struct image_index images = { 0 };
	int rc = image_index_parse(text, strlen(text), announced, &images, err);

	if (rc == 0)
		rc = image_index_choose(&images, PLATFORM, &one, err);
	if (rc == 0)
		strbuf_addf(found, "%s", one->digest);
	image_index_release(&images);
	return rc;
}

static int check_config(const char *text, const char *announced, struct strbuf *found,
			struct err *err)
{
	_cleanup_json_ json_t *json = NULL;
	struct image_info info = { 0 };
	int rc = json_parse("the config", text, strlen(text), &json, err);

	if (rc < 0)
		return rc;
	image_fill_config(&info, json);
	strbuf_addf(found, "%s ", info.platform ? info.platform : "-");
	for (size_t i = 0; i < info.nlabels; i++)
		strbuf_addf(found, "%s%s", i ? "," : "", info.labels[i].name);
	if (!info.nlabels)
		strbuf_addf(found, "-");
	image_info_release(&info);
	return 0;
}

static const struct {
	const char *kind;
	int (*check)(const char *text, const char *announced, struct strbuf *found,
		     struct err *err);
} kinds[] = {
	{ "manifest", check_manifest },
	{ "run", check_run },
	{ "index", check_index },
	{ "config", check_config },
};

/* 1: it was to be taken, 0: to be refused. */
static int check_line(char *line)
{
	_cleanup_strbuf_ struct strbuf found = STRBUF_INIT(1024);
	char *save = NULL, *kind = strtok_r(line, "\t", &save);
	char *announced = strtok_r(NULL, "\t", &save), *result = strtok_r(NULL, "\t", &save);
	char *text = strtok_r(NULL, "", &save);
	struct err err = { 0 };
	int rc = 1;

	assert_non_null(text);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (streq(kinds[i].kind, kind))
			rc = kinds[i].check(text, streq(announced, "-") ? NULL : announced, &found,
					    &err);
	if (rc == 1)
		fail_msg("what is a '%s'?", kind);
	if (*result == '=') {
		if (rc < 0)
			fail_msg("refused: %s: %s", text, err.msg);
		assert_string_equal(strbuf_str(&found), result + 1);
		return 1;
	}
	if (rc == 0 || !strstr(err.msg, result))
		fail_msg("%s: not '%s': %d, %s", text, result, rc, err.msg);
	return 0;
}

static void test_documents_are_as_the_vectors_say(void **state)
{
	_cleanup_free_ void *text = NULL;
	size_t taken = 0, all = 0;
	char *save = NULL;
	struct err err = { 0 };

	if (read_file(VECTORS, 1 << 20, &text, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		taken += (size_t)check_line(line);
		all++;
	}
	assert_in_range(taken, 15, 1000);
	assert_in_range(all - taken, 40, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents_are_as_the_vectors_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
