/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a field to a number or to text. Pure: bytes in, values out; nothing is
 * allocated. Reading is unaligned-safe and never leaves the field.
 */
#ifndef BOMBUS_RUNNER_READ_DECODE_H
#define BOMBUS_RUNNER_READ_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/load/layout.h"

struct resolver; /* runner/read/resolve.h: names that the running system knows */

/* How text is made. */
enum style {
	STYLE_JSON,  /* a JSON value: 42, "curl", [1,2], escaped; 64-bit integers as numbers; NaN null */
	STYLE_TABLE, /* for people: 1.22ms, 1.2 MiB, ESTABLISHED; control characters escaped \xNN */
	STYLE_PLAIN, /* for labels, csv and regular expressions: as JSON without quotes, raw text
		      * bytes as they are up to NUL (escape afterwards), lists joined with ',' */
};

/* Element `i` of the field as a number. Floats are converted; text and bytes give 0. */
uint64_t field_u64(const struct field *field, const void *base, uint32_t i);
int64_t field_i64(const struct field *field, const void *base, uint32_t i);
double field_double(const struct field *field, const void *base, uint32_t i);

/* The name of a value in an enum; NULL: none. */
const char *enum_name(const struct enum_names *names, uint64_t raw);

/* The most bytes that field_text() can need for this field in any style, all elements. */
size_t field_text_max(const struct field *field);

/*
 * Writes all of the field, without NUL; returns the length. dst has field_text_max() bytes.
 * `resolver` may be NULL: then ids stay numbers. What is a time is RFC 3339 through the
 * resolver's clock.
 */
size_t field_text(char *dst, const struct field *field, const void *base, enum style style,
		  struct resolver *resolver);

#endif
