// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden.h"

#include "base/err.h"
#include "base/util.h"
#include "tests/support/unit.h"

void assert_golden(const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("tests/golden/%s", name);
	struct err err = { 0 };
	void *want = NULL;

	if (getenv("UPDATE_GOLDEN")) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	if (read_file(path, 1 << 20, &want, NULL, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
	assert_string_equal(text, want);
	free(want);
}
