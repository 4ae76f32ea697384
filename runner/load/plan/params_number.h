/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of 1 to 16 bytes as one kind of number, for reading and writing parameters. */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_PARAMS_NUMBER_H
#define BOMBUS_RUNNER_LOAD_PLAN_PARAMS_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/num.h"
#include "runner/load/plan/layout.h"

typedef unsigned __int128 u128;
typedef __int128 i128;

/* Numbers of every size as one, so that there is one check of the range. */
struct number {
	bool negative;
	u128 size; /* without its sign */
};

/* The largest number without sign, and the largest size of a negative one. */
static inline u128 number_max(const struct field *f)
{
	u128 all = ~(u128)0 >> (128 - f->size_bits);

	return f->is_signed ? all >> 1 : all;
}

static inline u128 number_min(const struct field *f)
{
	return f->is_signed ? number_max(f) + 1 : 0;
}

static inline const char *number_text(char buf[NUM_U128_ROOM + 2], bool negative, u128 v)
{
	size_t n = 0;

	if (negative)
		buf[n++] = '-';
	n += num_u128(buf + n, v);
	buf[n] = '\0';
	return buf;
}

static inline void number_store(const struct field *f, struct number n, void *dst)
{
	u128 bits = n.negative ? -n.size : n.size;
	uint64_t v64 = (uint64_t)bits;
	uint32_t v32 = (uint32_t)bits;
	uint16_t v16 = (uint16_t)bits;
	uint8_t v8 = (uint8_t)bits;

	switch (f->size_bits) {
	case 8:
		memcpy(dst, &v8, sizeof(v8));
		break;
	case 16:
		memcpy(dst, &v16, sizeof(v16));
		break;
	case 32:
		memcpy(dst, &v32, sizeof(v32));
		break;
	case 64:
		memcpy(dst, &v64, sizeof(v64));
		break;
	default:
		memcpy(dst, &bits, sizeof(bits));
	}
}

static inline struct number number_load(const struct field *f, const void *src)
{
	struct number n = { 0 };
	uint64_t v64 = 0;

	if (f->size_bits > 64) {
		memcpy(&n.size, src, sizeof(n.size));
	} else {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		memcpy(&v64, src, f->size_bits / 8);
#else
		memcpy((char *)&v64 + 8 - f->size_bits / 8, src, f->size_bits / 8);
#endif
		n.size = v64;
	}
	if (f->is_signed && n.size > number_max(f)) {
		n.negative = true;
		n.size = (number_min(f) << 1) - n.size;
	}
	return n;
}

/* From the machine's order to the network's, or back. */
static inline void number_net(const struct field *f, uint8_t *bytes)
{
	uint32_t len = f->size_bits / 8;

	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return;
	for (uint32_t i = 0; i < len / 2; i++) {
		uint8_t byte = bytes[i];

		bytes[i] = bytes[len - 1 - i];
		bytes[len - 1 - i] = byte;
	}
}

static inline struct number number_of_enum(const struct field *f, int64_t value)
{
	if (f->is_signed && value < 0)
		return (struct number){ true, -(u128)(i128)value };
	return (struct number){ false, (uint64_t)value };
}

#endif
