// SPDX-License-Identifier: Apache-2.0
#include "base/proto_read.h"

#define VARINT_MAX_BYTES 10

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

static bool take_varint(struct bytes *from, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < VARINT_MAX_BYTES && i < from->len; i++) {
		v |= (uint64_t)(from->ptr[i] & 0x7f) << (7 * i);
		if (from->ptr[i] & 0x80)
			continue;
		*from = bytes_of(from->ptr + i + 1, from->len - i - 1);
		*ret = v;
		return true;
	}
	return false;
}

bool proto_take(struct bytes *from, struct proto_field *ret)
{
	struct bytes begin = *from;
	uint64_t tag, len = 0;

	*ret = (struct proto_field){ 0 };
	if (!take_varint(from, &tag) || tag >> 3 > UINT32_MAX)
		return false;
	ret->number = (uint32_t)(tag >> 3);
	switch (tag & 7) {
	case WIRE_VARINT:
		if (!take_varint(from, &ret->value))
			return false;
		break;
	case WIRE_FIXED64:
		len = 8;
		break;
	case WIRE_BYTES:
		if (!take_varint(from, &len))
			return false;
		break;
	case WIRE_FIXED32:
		len = 4;
		break;
	default:
		return false;
	}
	if (len > from->len)
		return false;
	ret->bytes = bytes_of(from->ptr, len);
	*from = bytes_of(from->ptr + len, from->len - len);
	ret->whole = bytes_of(begin.ptr, begin.len - from->len);
	return true;
}
