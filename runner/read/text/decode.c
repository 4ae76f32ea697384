// SPDX-License-Identifier: Apache-2.0
#include "runner/read/text/decode.h"

#include <sys/socket.h>
#include <time.h>

#include "base/util.h"
#include "base/clock.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/raw.h"

/*
 * `skip` bits in front of it in the first byte. On little-endian machines bits are counted from
 * the lowest of a byte, on big-endian ones from the highest; either way only its bytes are read.
 */
uint64_t raw_bits(const uint8_t *at, uint32_t skip, uint32_t bits)
{
	uint32_t bytes = (skip + bits + 7) / 8;
	unsigned __int128 all = 0;

	for (uint32_t i = 0; i < bytes; i++) {
		if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
			all = all << 8 | at[i];
		else
			all |= (unsigned __int128)at[i] << (8 * i);
	}
	all >>= __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 * bytes - skip - bits : skip;
	return (uint64_t)all & (bits < 64 ? (1ULL << bits) - 1 : UINT64_MAX);
}

uint64_t field_u64(const struct field *field, const void *base, uint32_t i)
{
	const uint8_t *at = raw_element(field, base, i);

	if (unlikely(field->kind == KIND_FLOAT))
		return raw_uint_of_double(raw_double(field, at));
	return (uint64_t)raw_int(field, at);
}

int64_t field_i64(const struct field *field, const void *base, uint32_t i)
{
	const uint8_t *at = raw_element(field, base, i);

	if (unlikely(field->kind == KIND_FLOAT))
		return raw_int_of_double(raw_double(field, at));
	return raw_int(field, at);
}

double field_double(const struct field *field, const void *base, uint32_t i)
{
	const uint8_t *at = raw_element(field, base, i);

	if (field->kind == KIND_FLOAT)
		return raw_double(field, at);
	if (field->size_bits == 128 && field->kind == KIND_UINT)
		return (double)raw_u128(at);
	if (field->size_bits == 128 && field->kind == KIND_INT)
		return (double)(__int128)raw_u128(at);
	if (field->kind == KIND_INT || (field->kind == KIND_ENUM && field->is_signed))
		return (double)raw_int(field, at);
	return (double)(uint64_t)raw_int(field, at);
}

const char *enum_name(const struct enum_names *names, uint64_t raw)
{
	uint32_t low = 0, high = names ? names->count : 0;
	int64_t value = (int64_t)raw;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int64_t there = names->names[mid].value;

		if (names->is_signed ? there < value : (uint64_t)there < raw)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < (names ? names->count : 0) && names->names[low].value == value)
		return names->names[low].name;
	return NULL;
}

uint64_t time_to_unix(struct wallclock *clock, uint8_t meaning, uint64_t ns)
{
	switch (meaning_traits(meaning)->clock) {
	case CLOCK_MONOTONIC:
		return wallclock_from_mono(clock, ns);
	case CLOCK_BOOTTIME:
		return wallclock_from_boot(clock, ns);
	default:
		return ns;
	}
}

int field_ip_family(const struct field *field, const uint8_t *at)
{
	static const uint8_t zero[LAYOUT_IP_BYTES];
	uint32_t room = field->size_bits / 8;

	if (!field->family_bytes || field->family_at + field->family_bytes > room ||
	    field->addr_at + LAYOUT_IP_BYTES > room)
		return -1;
	switch (raw_bytes(at + field->family_at, field->family_bytes)) {
	case AF_INET:
	case 4:
		return AF_INET;
	case AF_INET6:
	case 6:
		return AF_INET6;
	default:
		return memcmp(at + field->addr_at, zero, sizeof(zero)) == 0 ? AF_UNSPEC : AF_INET6;
	}
}
