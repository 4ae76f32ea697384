// SPDX-License-Identifier: Apache-2.0
#include "base/strbuf.h"

#include <stdint.h>

#include "base/util.h"

#define MIN_CAP 64

void strbuf_init(struct strbuf *sb, size_t max_bytes)
{
	*sb = (struct strbuf)STRBUF_INIT(max_bytes);
}

void strbuf_release(struct strbuf *sb)
{
	free(sb->buf);
	strbuf_init(sb, sb->max);
}

/* Doubles, so that many small pieces cost little; `need` counts the NUL. */
static void grow(struct strbuf *sb, size_t need)
{
	size_t limit = sb->max < SIZE_MAX ? sb->max + 1 : SIZE_MAX;
	size_t cap = sb->cap <= limit / 2 ? sb->cap * 2 : limit;

	cap = MAX(cap, need);
	cap = MAX(cap, (size_t)MIN_CAP);
	sb->buf = xreallocarray(sb->buf, cap, 1);
	sb->cap = cap;
	sb->buf[sb->len] = '\0';
}

char *strbuf_reserve(struct strbuf *sb, size_t more)
{
	if (unlikely(sb->full || more > sb->max - sb->len || more >= SIZE_MAX - sb->len)) {
		sb->full = true;
		return NULL;
	}
	if (unlikely(more >= sb->cap - sb->len))
		grow(sb, sb->len + more + 1);
	return sb->buf + sb->len;
}

void strbuf_add(struct strbuf *sb, const void *bytes, size_t len)
{
	char *dst = strbuf_reserve(sb, len);

	if (!dst)
		return;
	if (len)
		memcpy(dst, bytes, len);
	strbuf_advance(sb, len);
}

void strbuf_adds(struct strbuf *sb, const char *text)
{
	strbuf_add(sb, text, strlen(text));
}

void strbuf_addc(struct strbuf *sb, char c)
{
	char *dst = strbuf_reserve(sb, 1);

	if (!dst)
		return;
	*dst = c;
	strbuf_advance(sb, 1);
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	size_t room = sb->cap - sb->len;
	va_list again;
	char *dst;
	int len;

	if (sb->full)
		return;
	va_copy(again, ap);
	len = vsnprintf(room ? sb->buf + sb->len : NULL, room, fmt, ap);
	if (len < 0) {
		/* Only a result over INT_MAX gets here. */
		sb->full = true;
	} else {
		dst = strbuf_reserve(sb, (size_t)len);
		if (dst && (size_t)len >= room)
			vsnprintf(dst, (size_t)len + 1, fmt, again);
		if (dst)
			strbuf_advance(sb, (size_t)len);
	}
	va_end(again);
	if (sb->buf)
		sb->buf[sb->len] = '\0';
}

void strbuf_add_html(struct strbuf *sb, const char *text)
{
	for (; *text; text++) {
		const char *as = *text == '<'	? "&lt;"
				 : *text == '>' ? "&gt;"
				 : *text == '&' ? "&amp;"
				 : *text == '"' ? "&quot;"
						: NULL;

		if (as)
			strbuf_adds(sb, as);
		else
			strbuf_addc(sb, *text);
	}
}

const char *strbuf_str(const struct strbuf *sb)
{
	return sb->buf ? sb->buf : "";
}

char *strbuf_steal(struct strbuf *sb)
{
	char *text = sb->buf ? sb->buf : xstrdup("");

	strbuf_init(sb, sb->max);
	return text;
}

void strbuf_add_word(struct strbuf *sb, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_./:=,@%+";

	if (*word && !word[strspn(word, plain)]) {
		strbuf_adds(sb, word);
		return;
	}
	strbuf_addc(sb, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			strbuf_adds(sb, "'\\''");
		else
			strbuf_addc(sb, *word);
	}
	strbuf_addc(sb, '\'');
}
