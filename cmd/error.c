// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/util.h"
#include "cmd/cmd.h"

/*
 * Messages quote text of images and registries. It is escaped, and each line after the first is
 * indented: none of it can look like a message of its own.
 */
static void print_lines(const char *prefix, const char *text, const char *indent)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		_cleanup_free_ char *safe = xmalloc(UTF8_TERM_ROOM(len) + 1);

		safe[utf8_term_escape(safe, line, len)] = '\0';
		fprintf(stderr, "%s%s%s\n", prefix, line == text ? "" : indent, safe);
		line += len + (line[len] == '\n');
	}
}

int error_print(const struct err *err)
{
	print_lines(LOG_INDENT, err->detail, "");
	print_lines("bombus: ", err->msg, LOG_INDENT);
	print_lines("hint: ", err->hint, LOG_INDENT);
	return err->exit ? err->exit : EXIT_FAILED;
}
