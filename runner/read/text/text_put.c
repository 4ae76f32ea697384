// SPDX-License-Identifier: Apache-2.0
#include "runner/read/text/text_put.h"

#include <math.h>

#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/raw.h"

char *put_quoted(char *d, const struct value *v, const char *text, size_t len)
{
	switch (v->style) {
	case STYLE_JSON:
	case STYLE_NAME:
		*d++ = '"';
		d += utf8_json_escape(d, text, len);
		*d++ = '"';
		return d;
	case STYLE_TABLE:
		return d + utf8_term_escape(d, text, len);
	default:
		memcpy(d, text, len);
		return d + len;
	}
}

char *put_word(char *d, const struct value *v, const char *text, size_t len)
{
	bool quotes = v->style == STYLE_JSON || v->style == STYLE_NAME;

	if (quotes)
		*d++ = '"';
	memcpy(d, text, len);
	d += len;
	if (quotes)
		*d++ = '"';
	return d;
}

char *put_bare(char *d, const char *text)
{
	while (*text)
		*d++ = *text++;
	return d;
}

size_t format_hex(char *dst, uint64_t raw)
{
	unsigned shift = raw ? (63 - (unsigned)__builtin_clzll(raw)) / 4 * 4 : 0;
	size_t len = 0;

	dst[len++] = '0';
	dst[len++] = 'x';
	for (;; shift -= 4) {
		dst[len++] = NUM_HEX_DIGITS[raw >> shift & 15];
		if (shift == 0)
			return len;
	}
}

char *put_hex_number(char *d, const struct value *v, uint64_t raw)
{
	char word[WORD_MAX];

	return put_word(d, v, word, format_hex(word, raw));
}

/* 0.1f is 0.1 and not 0.10000000149011612: the fewest digits that give the same float. */
static double shortest_float(float v)
{
	locale_t before = uselocale(num_c_locale());
	char text[32];
	double d = v;

	for (int digits = 6; digits <= 9; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, (double)v);
		if (strtof(text, NULL) == v) {
			d = strtod(text, NULL);
			break;
		}
	}
	uselocale(before);
	return d;
}

static char *put_float(char *d, const struct value *v)
{
	double number = raw_double(v->field, v->at);

	if (v->style == STYLE_JSON && !isfinite(number))
		return put_bare(d, "null");
	if (v->field->size_bits == 32 && isfinite(number))
		number = shortest_float((float)number);
	return d + num_double(d, number);
}

static char *put_u128(char *d, const struct value *v)
{
	unsigned __int128 number = raw_u128(v->at);

	if (v->field->kind == KIND_INT && (__int128)number < 0) {
		*d++ = '-';
		number = -number;
	}
	return d + num_u128(d, number);
}

char *put_enum(char *d, const struct value *v)
{
	int64_t number = raw_int(v->field, v->at);
	const char *name = enum_name(v->field->enums, (uint64_t)number);
	char word[WORD_MAX];

	if (name)
		return put_quoted(d, v, name, strlen(name));
	return put_word(d, v, word,
			v->field->is_signed ? num_i64(word, number)
					    : num_u64(word, (uint64_t)number));
}

char *put_hex_bytes(char *d, const struct value *v)
{
	bool quotes = v->style == STYLE_JSON;

	if (quotes)
		*d++ = '"';
	d += num_hex_bytes(d, v->at, v->field->size_bits / 8);
	if (quotes)
		*d++ = '"';
	return d;
}

char *put_kind(char *d, const struct value *v)
{
	const struct field *f = v->field;

	switch (f->kind) {
	case KIND_UINT:
		if (unlikely(f->size_bits == 128))
			return put_u128(d, v);
		return d + num_u64(d, raw_u64(f, v->at));
	case KIND_INT:
		if (unlikely(f->size_bits == 128))
			return put_u128(d, v);
		return d + num_i64(d, raw_extend(raw_u64(f, v->at), f->size_bits));
	case KIND_TEXT:
		return put_quoted(d, v, (const char *)v->at,
				  strnlen((const char *)v->at, f->size_bits / 8));
	case KIND_BOOL:
		return put_bare(d, raw_u64(f, v->at) ? "true" : "false");
	case KIND_FLOAT:
		return put_float(d, v);
	case KIND_ENUM:
		return put_enum(d, v);
	case KIND_PTR:
		return put_hex_number(d, v, raw_u64(f, v->at));
	default:
		return put_hex_bytes(d, v);
	}
}
