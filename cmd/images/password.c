// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/password.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>

#include "base/util.h"

#define MAX_LINE 1024

void secret_free(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
}

char *without_newline(char *text)
{
	text[strcspn(text, "\r\n")] = '\0';
	return text;
}

/* A terminal gives a line at a time. Nothing of it stays in a buffer of stdio. */
static void read_line(char *line, size_t size)
{
	ssize_t n;

	do {
		n = read(STDIN_FILENO, line, size - 1);
	} while (n < 0 && errno == EINTR);
	line[MAX(n, 0)] = '\0';
}

/* One line from the terminal, shown or not. malloc'ed. What is not shown leaves the terminal as it
 * was also after Ctrl-C, which ends the line there and is only then the signal that it stands for.
 */
char *ask_line(const char *what, bool shown)
{
	struct termios old, quiet;
	char line[MAX_LINE] = "", *answer;
	bool changed = !shown && tcgetattr(STDIN_FILENO, &old) == 0;

	if (changed) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
		quiet.c_cc[VEOL] = old.c_cc[VINTR];
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	fprintf(stderr, "%s: ", what);
	read_line(line, sizeof(line));
	if (changed) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		fputc('\n', stderr);
		if (old.c_cc[VINTR] && strchr(line, old.c_cc[VINTR]))
			raise(SIGINT);
	}
	answer = xstrdup(without_newline(line));
	explicit_bzero(line, sizeof(line));
	return answer;
}
