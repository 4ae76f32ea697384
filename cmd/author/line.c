// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/line.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/util.h"

#define MAX_LINE_BYTES 1024
#define MAX_SHOWN 40
#define MARK "> "

enum key {
	KEY_CTRL_C = 3,
	KEY_CTRL_D = 4,
	KEY_BACKSPACE = 8,
	KEY_TAB = 9,
	KEY_CTRL_U = 21,
	KEY_ESCAPE = 27,
	KEY_DELETE = 127
};

struct line {
	struct strbuf text;
	unsigned char sequence; /* KEY_ESCAPE, '[' or 'O': where in an arrow's bytes; 0: in none */
	line_complete complete;
	void *ctx;
};

/* Cells for the text behind the mark, and for the cursor behind it. */
static size_t text_cells(void)
{
	struct winsize size = { 0 };
	size_t width =
		ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;

	return MAX(width, sizeof(MARK) + 1) - sizeof(MARK);
}

/* One line of the terminal, with the end of a longer text: only one line can be drawn again. */
static void show(const struct line *l)
{
	size_t cells = text_cells(), skip = l->text.len > cells ? l->text.len - cells : 0;

	fprintf(stderr, "\r\033[K" MARK "%s", strbuf_str(&l->text) + skip);
}

static size_t common_bytes(const struct words *words)
{
	size_t len = strlen(words->words[0]);

	for (size_t i = 1; i < words->count; i++)
		for (size_t k = 0; k < len; k++)
			if (words->words[i][k] != words->words[0][k])
				len = k;
	return len;
}

static void list(const struct words *words)
{
	fputc('\n', stderr);
	for (size_t i = 0; i < words->count && i < MAX_SHOWN; i++) {
		size_t len = strlen(words->words[i]);
		_cleanup_free_ char *safe = xmalloc(UTF8_TERM_ROOM(len) + 1);

		safe[utf8_term_escape(safe, words->words[i], len)] = '\0';
		fprintf(stderr, "  %s\n", safe);
	}
	if (words->count > MAX_SHOWN)
		fprintf(stderr, "  and %zu more\n", words->count - MAX_SHOWN);
}

static void complete(struct line *l)
{
	struct words words = { 0 };
	size_t len = l->text.len, common;

	l->complete(l->ctx, strbuf_str(&l->text), &words);
	common = words.count ? common_bytes(&words) : 0;
	/* A text with a wildcard is not how the words begin. */
	if (common > len && has_prefix(words.words[0], strbuf_str(&l->text)))
		strbuf_add(&l->text, words.words[0] + len, common - len);
	else if (words.count > 1 || common > len)
		list(&words);
	words_release(&words);
}

/* The bytes of arrows and the like do nothing: "ESC [ 1 ; 5 C", "ESC O P". */
static bool in_sequence(struct line *l, unsigned char key)
{
	unsigned char before = l->sequence;

	l->sequence = key == KEY_ESCAPE ? key : 0;
	if (before == KEY_ESCAPE && (key == '[' || key == 'O'))
		l->sequence = key;
	else if (before == '[' && key >= ' ' && key < '@')
		l->sequence = before;
	else if ((before != '[' && before != 'O') || key < ' ')
		return key == KEY_ESCAPE;
	return true;
}

/* 1: the line is whole; -1: the user gave up. */
static int take(struct line *l, unsigned char key)
{
	if (in_sequence(l, key))
		return 0;
	switch (key) {
	case '\r':
	case '\n':
		return 1;
	case KEY_CTRL_C:
		return -1;
	case KEY_CTRL_D:
		return l->text.len ? 0 : -1;
	case KEY_BACKSPACE:
	case KEY_DELETE:
		if (l->text.len)
			l->text.buf[--l->text.len] = '\0';
		return 0;
	case KEY_CTRL_U:
		strbuf_reset(&l->text);
		return 0;
	case KEY_TAB:
		complete(l);
		return 0;
	default:
		if (key > ' ' && key < KEY_DELETE)
			strbuf_addc(&l->text, (char)key);
		return 0;
	}
}

char *line_ask(const char *prompt, line_complete words, void *ctx)
{
	_cleanup_strbuf_ struct strbuf said = STRBUF_INIT(MAX_LINE_BYTES);
	struct line l = { .text = said, .complete = words, .ctx = ctx };
	struct termios before, raw;
	unsigned char key;
	int done = 0;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return NULL;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	fprintf(stderr, "%s\n", prompt);
	do {
		show(&l);
		done = read(STDIN_FILENO, &key, 1) == 1 ? take(&l, key) : -1;
	} while (!done);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	fputc('\n', stderr);
	said = l.text;
	return done > 0 ? strbuf_steal(&said) : NULL;
}
