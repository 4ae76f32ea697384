/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that came from elsewhere (kernel memory, registries, command lines), made safe to show.
 * Valid is what RFC 3629 says: no overlong forms, no surrogates, nothing above U+10FFFF. Each
 * function returns the bytes written and writes no NUL; a NUL in the source is a control
 * character like others.
 */
#ifndef BOMBUS_BASE_UTF8_H
#define BOMBUS_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_JSON_ROOM(len) (6 * (len))
#define UTF8_TERM_ROOM(len) (4 * (len))

/* The character at src: returns its bytes (1 to 4), or 0 where none starts in these len bytes. */
size_t utf8_decode(const char *src, size_t len, uint32_t *ret);

/*
 * The inside of a JSON string; dst has room for UTF8_JSON_ROOM(len) and does not overlap src.
 * `"` and `\` get a backslash. Controls (U+0000-1F, DEL, U+0080-9F) become \u00XX. So does each
 * byte that is not part of valid UTF-8, with the byte as XX: a reader sees the byte as the
 * Latin-1 character of that number. Valid characters from U+00A0 on are never written as \u, so
 * the JSON text still tells the two apart where that matters.
 */
size_t utf8_json_escape(char *dst, const char *src, size_t len);

/*
 * One line for a terminal; dst has room for UTF8_TERM_ROOM(len) and does not overlap src.
 * Controls as above (tab and newline too), invalid bytes and the characters that turn the
 * direction of writing (U+202A-202E, U+2066-2069) become \xNN for each of their bytes.
 */
size_t utf8_term_escape(char *dst, const char *src, size_t len);

#endif
