// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/password.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>

#include "base/err.h"
#include "base/util.h"

#define MAX_LINE 1024
#define MAX_PASSWORD_BYTES (64u << 10)

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

static int ask_password(const struct password_source *source, char **ret, struct err *err)
{
	_cleanup_(secret_free) char *again = NULL;

	if (!isatty(STDIN_FILENO)) {
		err_hint(err, "--password-file FILE, or " PASSWORD_VARIABLE);
		return err_usage(err, "there is no terminal to ask for the key's password on");
	}
	*ret = ask_line("Password of the private key", false);
	if (!source->twice)
		return 0;
	again = ask_line("Again", false);
	if (streq(*ret, again))
		return 0;
	secret_free(ret);
	*ret = NULL;
	return err_usage(err, "the two passwords differ");
}

int password_get(void *ctx, char **ret, struct err *err)
{
	const struct password_source *source = ctx;
	const char *variable = getenv(PASSWORD_VARIABLE);
	void *bytes = NULL;
	int rc;

	if (!source->file && !variable)
		return ask_password(source, ret, err);
	if (!source->file) {
		*ret = xstrdup(variable);
		return 0;
	}
	rc = read_file(source->file, MAX_PASSWORD_BYTES, &bytes, NULL, err);
	if (rc < 0)
		return rc;
	*ret = without_newline(bytes);
	return 0;
}
