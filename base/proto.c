// SPDX-License-Identifier: Apache-2.0
#include "base/proto.h"
#include "base/util.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

static size_t put_varint(char *dst, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		dst[n++] = (char)(v | 0x80);
	dst[n++] = (char)v;
	return n;
}

void proto_varint(struct strbuf *sb, uint64_t v)
{
	char text[PROTO_VARINT_ROOM];

	strbuf_add(sb, text, put_varint(text, v));
}

static size_t put_tag(char *dst, uint32_t field, enum wire_type type)
{
	return put_varint(dst, (uint64_t)field << 3 | type);
}

void proto_u64(struct strbuf *sb, uint32_t field, uint64_t v)
{
	char text[2 * PROTO_VARINT_ROOM];
	size_t n = put_tag(text, field, WIRE_VARINT);

	n += put_varint(text + n, v);
	strbuf_add(sb, text, n);
}

void proto_sint(struct strbuf *sb, uint32_t field, int64_t v)
{
	proto_u64(sb, field, proto_zigzag(v));
}

static size_t put_fixed(char *dst, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		dst[i] = (char)(v >> (8 * i));
	return bytes;
}

void proto_fixed32(struct strbuf *sb, uint32_t field, uint32_t v)
{
	char text[PROTO_VARINT_ROOM + sizeof(v)];
	size_t n = put_tag(text, field, WIRE_FIXED32);

	n += put_fixed(text + n, v, sizeof(v));
	strbuf_add(sb, text, n);
}

void proto_fixed64(struct strbuf *sb, uint32_t field, uint64_t v)
{
	char text[PROTO_VARINT_ROOM + sizeof(v)];
	size_t n = put_tag(text, field, WIRE_FIXED64);

	n += put_fixed(text + n, v, sizeof(v));
	strbuf_add(sb, text, n);
}

void proto_raw64(struct strbuf *sb, uint64_t v)
{
	char text[sizeof(v)];

	strbuf_add(sb, text, put_fixed(text, v, sizeof(v)));
}

void proto_double(struct strbuf *sb, uint32_t field, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	proto_fixed64(sb, field, bits);
}

void proto_bytes(struct strbuf *sb, uint32_t field, const void *bytes, size_t len)
{
	char text[2 * PROTO_VARINT_ROOM];
	size_t n = put_tag(text, field, WIRE_BYTES);

	n += put_varint(text + n, len);
	strbuf_add(sb, text, n);
	strbuf_add(sb, bytes, len);
}

size_t proto_open_delimited(struct strbuf *sb)
{
	strbuf_addc(sb, '\0');
	return sb->len;
}

size_t proto_open(struct strbuf *sb, uint32_t field)
{
	char text[PROTO_VARINT_ROOM];

	strbuf_add(sb, text, put_tag(text, field, WIRE_BYTES));
	return proto_open_delimited(sb);
}

void proto_close(struct strbuf *sb, size_t at)
{
	char text[PROTO_VARINT_ROOM];
	size_t len = sb->len - at, n = put_varint(text, len);

	if (n > 1 && !strbuf_reserve(sb, n - 1))
		sb->full = true;
	if (sb->full)
		return;
	if (n > 1) {
		memmove(sb->buf + at + n - 1, sb->buf + at, len);
		strbuf_advance(sb, n - 1);
	}
	memcpy(sb->buf + at - 1, text, n);
}
