/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON object whose members are fields, prepared once: the constant text between the values is
 * laid out at the start, nesting included, so that writing one is copying pieces and formatting
 * values.
 */
#ifndef BOMBUS_RUNNER_SINK_PRINT_JSON_SHAPE_H
#define BOMBUS_RUNNER_SINK_PRINT_JSON_SHAPE_H

#include <stddef.h>
#include <string.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/strbuf.h"
#include "runner/load/plan/layout.h"

struct resolver;

struct json_member {
	const char *path; /* "src.addr" is a member of the object "src" */
	const struct field *field;
	uint8_t part;  /* index into the array of bases */
	uint8_t style; /* STYLE_JSON, or STYLE_NAME */
};

struct json_shape {
	struct json_piece {
		const char *text; /* before the value */
		size_t len;
		const struct field *field;
		uint8_t part, style;
	} * pieces;
	uint32_t npieces;
	const char *tail;
	size_t tail_len;
	size_t max_bytes; /* that one can need */
};

/* Members of one path's beginning come together, in the order of the first of them. */
void json_shape_init(struct json_shape *ret, struct arena *arena, const struct json_member *members,
		     uint32_t count);

/* Adds a member "<path>_name" behind each that has a name; the array has room for twice as many.
 * Returns how many there are. */
uint32_t json_members_name(struct json_member *members, uint32_t count, struct arena *arena);

/* Both return the end. A base that is NULL gives null. */
char *json_shape_write(char *dst, const struct json_shape *shape, const void *const bases[],
		       struct resolver *resolver);
/* Every value is the same text (with its quotes), of at most JSON_SAME_MAX bytes. */
#define JSON_SAME_MAX 32
char *json_shape_write_same(char *dst, const struct json_shape *shape, const char *value);

/* A quoted and escaped string. */
void json_add_string(struct strbuf *sb, const char *text, size_t len);

/*
 * Copies a short text in pieces of JSON_CHUNK bytes, which takes less than a call of memcpy():
 * there is so much room behind both texts, and what is written too much is overwritten by what
 * follows.
 */
#define JSON_CHUNK 16
static inline char *json_put_chunks(char *dst, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i += JSON_CHUNK)
		memcpy(dst + i, text + i, JSON_CHUNK);
	return dst + len;
}

#endif
