/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing Protocol Buffers' wire format: enough for messages whose fields are known, which is all
 * that sending needs. Fields are written in the order of the calls.
 *
 *	size_t at = proto_open(sb, 4);		// a message in field 4
 *	proto_bytes(sb, 1, "name", 4);
 *	proto_close(sb, at);
 *
 * A message's length stands before it and is known behind it: one byte is kept free, and what was
 * written moves where that is not enough. When the buffer is full all of this does nothing more.
 */
#ifndef BOMBUS_BASE_PROTO_H
#define BOMBUS_BASE_PROTO_H

#include <stddef.h>
#include <stdint.h>
#include "base/strbuf.h"

#define PROTO_VARINT_ROOM 10

void proto_varint(struct strbuf *sb, uint64_t v); /* without a field */
void proto_u64(struct strbuf *sb, uint32_t field, uint64_t v);
void proto_sint(struct strbuf *sb, uint32_t field, int64_t v);	   /* sint32, sint64 */
void proto_fixed32(struct strbuf *sb, uint32_t field, uint32_t v); /* sfixed32 */
void proto_fixed64(struct strbuf *sb, uint32_t field, uint64_t v); /* sfixed64 */
void proto_double(struct strbuf *sb, uint32_t field, double v);
/* Without a field: one of several that are packed. */
void proto_raw64(struct strbuf *sb, uint64_t v);
void proto_bytes(struct strbuf *sb, uint32_t field, const void *bytes, size_t len);

static inline uint64_t proto_zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

/* A message in a field (or packed numbers, written with proto_varint()). */
size_t proto_open(struct strbuf *sb, uint32_t field);
void proto_close(struct strbuf *sb, size_t at);

/* A message that stands alone, with its length before it. */
size_t proto_open_delimited(struct strbuf *sb);

#endif
