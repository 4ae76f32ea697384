/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing buffer of bytes.
 *
 * Invariants: buf[len] is NUL whenever buf is not NULL; len <= max. A piece that would grow it
 * over max is left out and sets `full`: the writer goes on, and the owner checks once at the end. A
 * piece is added whole or not at all, and nothing is added after one was left out, so the content
 * is always a prefix of everything written.
 */
#ifndef BOMBUS_BASE_STRBUF_H
#define BOMBUS_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *buf; /* NULL before the first byte; use strbuf_str() for a C string */
	size_t len;
	size_t cap;
	size_t max;
	bool full;
};

#define STRBUF_INIT(max_bytes)                                                                     \
	{                                                                                          \
		.max = (max_bytes)                                                                 \
	}
#define _cleanup_strbuf_ __attribute__((cleanup(strbuf_release)))

void strbuf_init(struct strbuf *sb, size_t max_bytes);
void strbuf_release(struct strbuf *sb);
static inline void strbuf_reset(struct strbuf *sb)
{
	sb->len = 0;
	sb->full = false;
	if (sb->buf)
		sb->buf[0] = '\0';
}

/* Room for `more` bytes behind len, to be written directly, then strbuf_advance(). NULL: full. */
char *strbuf_reserve(struct strbuf *sb, size_t more);
static inline void strbuf_advance(struct strbuf *sb, size_t used)
{
	sb->len += used;
	if (sb->buf)
		sb->buf[sb->len] = '\0';
}

void strbuf_add(struct strbuf *sb, const void *bytes, size_t len);
void strbuf_adds(struct strbuf *sb, const char *text);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap);
/* A word of a shell's command line, in quotes where it needs them. */
void strbuf_add_word(struct strbuf *sb, const char *word);
/* A text for a page or an attribute in quotes: < > & and " are escaped. */
void strbuf_add_html(struct strbuf *sb, const char *text);

/* "" when empty, else buf with its NUL. Valid until the next change. */
const char *strbuf_str(const struct strbuf *sb);
/* Hands the malloc'ed, NUL-ended text over and leaves the buffer empty and not full. */
char *strbuf_steal(struct strbuf *sb);

#endif
