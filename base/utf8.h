/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that came from elsewhere (kernel memory, registries, command lines), made safe to show.
 * Valid is UTF-8 of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. Each
 * function returns the bytes written and writes no NUL; a NUL in the source is a control
 * character like others.
 */
#ifndef BOMBUS_BASE_UTF8_H
#define BOMBUS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_JSON_ROOM(len) (6 * (len))
#define UTF8_TERM_ROOM(len) (4 * (len))

/* The character at src: returns its bytes (1 to 4), or 0 where none starts in these len bytes. */
size_t utf8_decode(const char *src, size_t len, uint32_t *ret);

/*
 * Whether a character above U+009F has no shape of its own, so that text with it reads as other
 * text: it turns the direction of writing, separates lines, joins or separates at zero width, or is
 * a tag. Blanks (U+00A0, U+2009) and the soft hyphen (U+00AD) are not among them.
 */
bool utf8_is_hidden(uint32_t c);

/*
 * The inside of a JSON string; dst has room for UTF8_JSON_ROOM(len) and does not overlap src.
 * `"` and `\` get a backslash. Controls (U+0000-1F, DEL, U+0080-9F) become \u00XX, hidden
 * characters \uXXXX or a pair of them. Each byte that is not part of valid UTF-8 becomes \u00XX,
 * with the byte as XX: a reader sees the Latin-1 character of that number. Valid characters from
 * U+00A0 to U+00FF are never written as \u, so the JSON text still tells the two apart.
 */
size_t utf8_json_escape(char *dst, const char *src, size_t len);

/*
 * A whole JSON text that another writer made (libraries write DEL, U+009B and hidden characters as
 * they are): these become \u as above, and nothing else changes. The room is UTF8_JSON_ROOM(len).
 */
size_t utf8_json_text(char *dst, const char *src, size_t len);

/*
 * One line for a terminal; dst has room for UTF8_TERM_ROOM(len) and does not overlap src.
 * Controls as above (tab and newline too), invalid bytes and hidden characters become \xNN for
 * each of their bytes.
 */
size_t utf8_term_escape(char *dst, const char *src, size_t len);

/* The same as a malloc'ed string. */
char *utf8_term_text(const char *text);

#endif
