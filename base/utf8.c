// SPDX-License-Identifier: Apache-2.0
/*
 * Nearly everything that passes here is plain ASCII without anything to escape. Eight bytes are
 * therefore looked at in one register: each test leaves the top bit set in the bytes it is about.
 * A borrow can flag bytes wrongly, but only above one that is flagged rightly, and only the
 * lowest counts. Reading is little-endian for that reason.
 */
#include "base/utf8.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "base/num.h"
#include "base/util.h"

#define ONES 0x0101010101010101ULL
#define TOPS 0x8080808080808080ULL

static inline uint64_t load8(const char *src)
{
	uint64_t word;

	memcpy(&word, src, sizeof(word));
	return le64toh(word);
}

static inline uint64_t bytes_equal(uint64_t word, uint8_t c)
{
	uint64_t v = word ^ (ONES * c);

	return (v - ONES) & ~v & TOPS;
}

static inline uint64_t bytes_unsafe(uint64_t word)
{
	uint64_t control = (word - ONES * 0x20) & ~word & TOPS;

	return control | (word & TOPS) | bytes_equal(word, 0x7f);
}

static inline bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Ranges are in ascending order, and text of most languages is below or between them. */
bool utf8_is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x034f, 0x034f },   /* combining grapheme joiner */
		{ 0x061c, 0x061c },   /* Arabic letter mark: direction */
		{ 0x115f, 0x1160 },   /* Hangul fillers */
		{ 0x17b4, 0x17b5 },   /* Khmer vowels without a shape */
		{ 0x180b, 0x180f },   /* Mongolian selectors and separator */
		{ 0x200b, 0x200f },   /* zero width, joiners, direction marks */
		{ 0x2028, 0x202e },   /* line and paragraph separators, direction */
		{ 0x2060, 0x206f },   /* word joiner, invisible operators, isolates */
		{ 0x3164, 0x3164 },   /* Hangul filler */
		{ 0xfeff, 0xfeff },   /* zero width no-break space */
		{ 0xffa0, 0xffa0 },   /* half-width Hangul filler */
		{ 0xfff0, 0xfffb },   /* interlinear annotation */
		{ 0xfffe, 0xffff },   /* no characters: XML must not have them */
		{ 0x1bca0, 0x1bca3 }, /* shorthand format controls */
		{ 0x1d173, 0x1d17a }, /* musical format controls */
		{ 0xe0000, 0xe0fff }, /* tag characters, selectors */
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (c <= ranges[i].last)
			return c >= ranges[i].first;
	return false;
}

size_t utf8_decode(const char *src, size_t len, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = (const uint8_t *)src;
	size_t size;
	uint32_t c;

	if (len == 0)
		return 0;
	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	size = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len < size)
		return 0;
	c = p[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return size;
}

static char *put_json(char *dst, uint8_t c)
{
	memcpy(dst, "\\u00", 4);
	dst[4] = NUM_HEX_DIGITS[c >> 4];
	dst[5] = NUM_HEX_DIGITS[c & 15];
	return dst + 6;
}

static char *put_unit(char *dst, uint32_t unit)
{
	memcpy(dst, "\\u", 2);
	for (int i = 0; i < 4; i++)
		dst[2 + i] = NUM_HEX_DIGITS[unit >> (12 - 4 * i) & 15];
	return dst + 6;
}

/* A character above U+FFFF takes two units of UTF-16. */
static char *put_hidden(char *dst, uint32_t c)
{
	if (c < 0x10000)
		return put_unit(dst, c);
	dst = put_unit(dst, 0xd800 + ((c - 0x10000) >> 10));
	return put_unit(dst, 0xdc00 + ((c - 0x10000) & 0x3ff));
}

static char *put_term(char *dst, uint8_t c)
{
	memcpy(dst, "\\x", 2);
	dst[2] = NUM_HEX_DIGITS[c >> 4];
	dst[3] = NUM_HEX_DIGITS[c & 15];
	return dst + 4;
}

/*
 * Copies ahead to the first byte for which `mask` has a flag. All eight are stored: the room
 * left is a multiple of the eight or more bytes of source left, and the rest is written over.
 */
#define COPY_PLAIN(dst, src, end, mask)                                                            \
	while ((end) - (src) >= 8) {                                                               \
		uint64_t word = load8(src), flags = (mask);                                        \
		unsigned plain = flags ? (unsigned)__builtin_ctzll(flags) / 8 : 8;                 \
                                                                                                   \
		memcpy((dst), (src), 8);                                                           \
		(dst) += plain;                                                                    \
		(src) += plain;                                                                    \
		if (flags)                                                                         \
			break;                                                                     \
	}

size_t utf8_json_escape(char *dst, const char *src, size_t len)
{
	const char *start = dst, *end = src + len;

	while (src < end) {
		uint32_t c = 0;
		size_t size;

		COPY_PLAIN(dst, src, end,
			   bytes_unsafe(word) | bytes_equal(word, '"') | bytes_equal(word, '\\'));
		if (src == end)
			break;
		size = utf8_decode(src, (size_t)(end - src), &c);
		if (size == 0) {
			dst = put_json(dst, (uint8_t)*src++);
			continue;
		}
		if (is_control(c)) {
			dst = put_json(dst, (uint8_t)c);
		} else if (utf8_is_hidden(c)) {
			dst = put_hidden(dst, c);
		} else {
			if (c == '"' || c == '\\')
				*dst++ = '\\';
			memcpy(dst, src, size);
			dst += size;
		}
		src += size;
	}
	return (size_t)(dst - start);
}

/* Outside of its strings JSON is ASCII, and inside them a backslash may only stand before ASCII. */
size_t utf8_json_text(char *dst, const char *src, size_t len)
{
	const char *start = dst, *end = src + len;

	while (src < end) {
		uint32_t c = 0;
		size_t size;

		COPY_PLAIN(dst, src, end, bytes_unsafe(word));
		if (src == end)
			break;
		size = utf8_decode(src, (size_t)(end - src), &c);
		if (size == 0) {
			dst = put_json(dst, (uint8_t)*src++);
			continue;
		}
		if (c >= 0x7f && (is_control(c) || utf8_is_hidden(c))) {
			dst = put_hidden(dst, c);
		} else {
			memcpy(dst, src, size);
			dst += size;
		}
		src += size;
	}
	return (size_t)(dst - start);
}

/* A selector makes an emoji one cell or two, and terminals differ in which. */
static bool is_selector(uint32_t c)
{
	return c >= 0xfe00 && c <= 0xfe0f;
}

size_t utf8_term_escape(char *dst, const char *src, size_t len)
{
	const char *start = dst, *end = src + len;

	while (src < end) {
		uint32_t c = 0;
		size_t size;

		COPY_PLAIN(dst, src, end, bytes_unsafe(word));
		if (src == end)
			break;
		size = utf8_decode(src, (size_t)(end - src), &c);
		if (size && !is_control(c) && !utf8_is_hidden(c) && !is_selector(c)) {
			memcpy(dst, src, size);
			dst += size;
			src += size;
			continue;
		}
		for (size_t left = size ? size : 1; left; left--)
			dst = put_term(dst, (uint8_t)*src++);
	}
	return (size_t)(dst - start);
}

char *utf8_term_text(const char *text)
{
	size_t len = strlen(text);
	char *safe = xmalloc(UTF8_TERM_ROOM(len) + 1);

	safe[utf8_term_escape(safe, text, len)] = '\0';
	return safe;
}
