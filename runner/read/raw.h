/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The innermost reads of decode.c, text.c and filter.c: one element's bytes to a number. `at` is
 * its first byte (for a bit field the byte that its first bit is in), aligned or not; nothing
 * outside the element is read.
 */
#ifndef BOMBUS_RUNNER_READ_RAW_H
#define BOMBUS_RUNNER_READ_RAW_H

#include <arpa/inet.h>
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/load/plan/layout.h"

/* Bit fields: `bits` (1 to 64) bits behind the first `skip` (0 to 7) ones. */
uint64_t raw_bits(const uint8_t *at, uint32_t skip, uint32_t bits);

static inline uint64_t raw_bytes(const uint8_t *at, uint32_t bytes)
{
	uint64_t v64 = 0;
	uint32_t v32;
	uint16_t v16;

	switch (bytes) {
	case 1:
		return *at;
	case 2:
		memcpy(&v16, at, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, at, sizeof(v32));
		return v32;
	case 8:
		memcpy(&v64, at, sizeof(v64));
		return v64;
	case 16:
		memcpy(&v64, at + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 : 0), sizeof(v64));
		return v64;
	default: /* no C type, but BTF can say it */
		for (uint32_t i = 0; i < bytes; i++) {
			uint32_t place = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? bytes - 1 - i : i;

			if (i < 8)
				v64 |= (uint64_t)at[place] << (8 * i);
		}
		return v64;
	}
}

/* As it stands, without sign. */
static inline uint64_t raw_u64(const struct field *f, const uint8_t *at)
{
	if (unlikely(f->is_bits))
		return raw_bits(at, f->off_bits % 8, MIN(f->size_bits, 64u));
	return raw_bytes(at, f->size_bits / 8);
}

static inline int64_t raw_extend(uint64_t raw, uint32_t bits)
{
	if (bits == 0 || bits >= 64)
		return (int64_t)raw;
	return (int64_t)(raw << (64 - bits)) >> (64 - bits);
}

static inline double raw_double(const struct field *f, const uint8_t *at)
{
	double v64;
	float v32;

	if (f->size_bits == 32) {
		memcpy(&v32, at, sizeof(v32));
		return v32;
	}
	if (f->size_bits != 64)
		return 0;
	memcpy(&v64, at, sizeof(v64));
	return v64;
}

static inline const uint8_t *raw_element(const struct field *f, const void *base, uint32_t i)
{
	return (const uint8_t *)base + f->off_bits / 8 + (size_t)i * (f->size_bits / 8);
}

static inline bool raw_is_swapped(const struct field *f)
{
	return field_net_bits(f) != 0;
}

/* A number in network order. */
static inline uint64_t raw_swapped(const struct field *f, const uint8_t *at)
{
	uint32_t bits = field_net_bits(f);

	if (bits == 16)
		return ntohs((uint16_t)raw_bytes(at, 2));
	if (bits == 32)
		return ntohl((uint32_t)raw_bytes(at, 4));
	return be64toh(raw_bytes(at, 8));
}

static inline int64_t raw_int(const struct field *f, const uint8_t *at)
{
	uint64_t raw;

	switch (f->kind) {
	case KIND_UINT:
	case KIND_PTR:
		if (unlikely(raw_is_swapped(f)))
			return (int64_t)raw_swapped(f, at);
		return (int64_t)raw_u64(f, at);
	case KIND_INT:
	case KIND_ENUM:
		raw = raw_u64(f, at);
		if (f->is_signed || f->kind == KIND_INT)
			return raw_extend(raw, f->size_bits);
		return (int64_t)raw;
	case KIND_BOOL:
		return raw_u64(f, at) != 0;
	default:
		return raw_is_swapped(f) && f->kind == KIND_BYTES ? (int64_t)raw_swapped(f, at) : 0;
	}
}

static inline unsigned __int128 raw_u128(const uint8_t *at)
{
	unsigned __int128 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* The nearest integer there is; NaN gives 0. */
static inline int64_t raw_int_of_double(double v)
{
	if (!(v > -0x1p63))
		return __builtin_isnan(v) ? 0 : INT64_MIN;
	return v >= 0x1p63 ? INT64_MAX : (int64_t)v;
}

static inline uint64_t raw_uint_of_double(double v)
{
	if (!(v < 0x1p63))
		return __builtin_isnan(v) ? 0 : v >= 0x1p64 ? UINT64_MAX : (uint64_t)v;
	return (uint64_t)raw_int_of_double(v);
}

static inline bool raw_all_zero(const uint8_t *bytes, size_t len)
{
	uint64_t any = 0, word;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		memcpy(&word, bytes + i, 8);
		any |= word;
	}
	for (; i < len; i++)
		any |= bytes[i];
	return !any;
}

/* Any kind that raw_int() reads. */
static inline bool raw_is_number(const struct field *f)
{
	return f->kind <= KIND_ENUM && f->kind != KIND_FLOAT && f->size_bits <= 64;
}

#endif
