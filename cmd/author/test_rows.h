/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that a program gave, as lines of JSON, against the rows that a test expects. */
#ifndef BOMBUS_CMD_AUTHOR_TEST_ROWS_H
#define BOMBUS_CMD_AUTHOR_TEST_ROWS_H

#include "base/strbuf.h"
#include "cmd/author/test_file.h"

/* True: they are as expected; else `why` gets lines. Of a series its last row counts. */
bool test_rows_match(const char *json, const struct test_case *test, struct strbuf *why);

#endif
