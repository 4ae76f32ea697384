// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/order.h"

#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/read/raw.h"

#define SIGN (1ull << 63)

static bool is_wide(const struct field *field)
{
	return raw_is_number(field) == false && field->size_bits == 128 &&
	       (field->kind == KIND_UINT || field->kind == KIND_INT);
}

/* Text ends at its NUL; bytes after it do not count. */
static size_t bytes_of(const struct field *field, const uint8_t *at)
{
	size_t len = (size_t)field->size_bits / 8 * field->count;

	return field->kind == KIND_TEXT ? strnlen((const char *)at, len) : len;
}

uint64_t order_key(const struct field *field, const void *base)
{
	const uint8_t *at = (const uint8_t *)base + field->off_bits / 8;
	uint64_t bits, key = 0;
	double value;
	size_t len;

	if (field->kind == KIND_FLOAT) {
		value = field_double(field, base, 0);
		if (value != value)
			return 0; /* no number sorts below every number */
		memcpy(&bits, &value, sizeof(bits));
		return bits & SIGN ? ~bits : bits | SIGN;
	}
	if (is_wide(field)) {
		unsigned __int128 wide = raw_u128(at);

		return (uint64_t)(wide >> 64) ^ (field->kind == KIND_INT ? SIGN : 0);
	}
	if (raw_is_number(field) || raw_is_swapped(field))
		return field->kind == KIND_INT || field->is_signed
			       ? (uint64_t)field_i64(field, base, 0) ^ SIGN
			       : field_u64(field, base, 0);
	len = MIN(bytes_of(field, at), sizeof(key));
	for (size_t i = 0; i < sizeof(key); i++)
		key = key << 8 | (i < len ? at[i] : 0);
	return key;
}

int order_compare(const struct field *field, const void *a, const void *b)
{
	uint64_t x = order_key(field, a), y = order_key(field, b);
	const uint8_t *p = (const uint8_t *)a + field->off_bits / 8;
	const uint8_t *q = (const uint8_t *)b + field->off_bits / 8;
	size_t n, m;
	int ret;

	if (x != y)
		return x < y ? -1 : 1;
	if (is_wide(field))
		return (uint64_t)raw_u128(p) < (uint64_t)raw_u128(q)   ? -1
		       : (uint64_t)raw_u128(p) > (uint64_t)raw_u128(q) ? 1
								       : 0;
	if (field->kind == KIND_FLOAT || field->is_bits)
		return 0;
	n = bytes_of(field, p);
	m = bytes_of(field, q);
	ret = memcmp(p, q, MIN(n, m));
	return ret ? ret : n < m ? -1 : n > m;
}
