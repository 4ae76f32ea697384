/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How text.c writes one value: the functions that its table names by meaning. Each writes to `d`
 * and returns what is behind it; field_text_max() knows the room that they need.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_TEXT_PUT_H
#define BOMBUS_RUNNER_READ_TEXT_TEXT_PUT_H

#include "runner/read/text/decode.h"

#define WORD_MAX 64   /* names of names.h, times, addresses: all shorter */
#define FLAGS_MAX 256 /* names of bits; what would be longer is a number */

struct value {
	const struct field *field;
	const uint8_t *at; /* its first byte; for bit fields the byte its first bit is in */
	enum style style;
	struct resolver *resolver;
	const void *base; /* of the record or key that it is part of */
};

/* Text of others, escaped as the style wants it. */
char *put_quoted(char *d, const struct value *v, const char *text, size_t len);
/* Text of our own: nothing in it needs escaping. */
char *put_word(char *d, const struct value *v, const char *text, size_t len);
char *put_bare(char *d, const char *text);  /* without quotes in JSON: null, true */
size_t format_hex(char *dst, uint64_t raw); /* "0xff" */
char *put_hex_number(char *d, const struct value *v, uint64_t raw);
char *put_hex_bytes(char *d, const struct value *v);
char *put_enum(char *d, const struct value *v);
/* By the field's kind, whatever it means. */
char *put_kind(char *d, const struct value *v);

/* Whether a number that has a name is shown by it. */
static inline bool shows_name(const struct value *v)
{
	return (v->style == STYLE_TABLE || v->style == STYLE_NAME) && v->field->kind <= KIND_ENUM &&
	       v->field->kind != KIND_FLOAT;
}

/* text_bits.c */
char *put_flags(char *d, const struct value *v);
char *put_open_flags(char *d, const struct value *v);
char *put_file_mode(char *d, const struct value *v);

#endif
