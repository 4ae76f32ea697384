// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/line.h"

#include <stdio.h>
#include <termios.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/util.h"

#define MAX_LINE_BYTES 1024
#define MAX_SHOWN 40

enum key {
	KEY_CTRL_C = 3,
	KEY_CTRL_D = 4,
	KEY_BACKSPACE = 8,
	KEY_TAB = 9,
	KEY_CTRL_U = 21,
	KEY_DELETE = 127
};

struct line {
	const char *prompt;
	struct strbuf text;
	line_complete complete;
	void *ctx;
};

static void show(const struct line *l)
{
	fprintf(stderr, "\r\033[K%s%s", l->prompt, strbuf_str(&l->text));
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
	if (common > len)
		strbuf_add(&l->text, words.words[0] + len, common - len);
	else if (words.count > 1)
		list(&words);
	words_release(&words);
}

/* 1: the line is whole; -1: the user gave up. */
static int take(struct line *l, unsigned char key)
{
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
	struct line l = { prompt, said, words, ctx };
	struct termios before, raw;
	unsigned char key;
	int done = 0;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return NULL;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	do {
		show(&l);
		done = read(STDIN_FILENO, &key, 1) == 1 ? take(&l, key) : -1;
	} while (!done);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	fputc('\n', stderr);
	said = l.text;
	return done > 0 ? strbuf_steal(&said) : NULL;
}
