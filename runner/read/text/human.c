// SPDX-License-Identifier: Apache-2.0
#include "runner/read/text/human.h"

#include <time.h>

#include "base/num.h"
#include "base/util.h"

#define NS_PER_S 1000000000ULL

static size_t put(char *dst, const char *text)
{
	size_t len = 0;

	while (text[len]) {
		dst[len] = text[len];
		len++;
	}
	return len;
}

static size_t put_padded(char *dst, uint64_t v, unsigned width)
{
	char digits[NUM_U64_ROOM];
	size_t len = num_u64(digits, v), zeros = len < width ? width - len : 0;

	memset(dst, '0', zeros);
	memcpy(dst + zeros, digits, len);
	return zeros + len;
}

/* q is a number of 10^-decimals. */
static size_t put_decimal(char *dst, uint64_t q, unsigned decimals)
{
	uint64_t one = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
	size_t len = num_u64(dst, q / one);

	if (decimals) {
		dst[len++] = '.';
		len += put_padded(dst + len, q % one, decimals);
	}
	return len;
}

static size_t put_two_units(char *dst, uint64_t big, const char *big_unit, uint64_t small,
			    const char *small_unit)
{
	size_t len = num_u64(dst, big);

	len += put(dst + len, big_unit);
	len += put_padded(dst + len, small, 2);
	return len + put(dst + len, small_unit);
}

static size_t put_long_duration(char *dst, uint64_t seconds)
{
	uint64_t minutes = seconds / 60, hours = minutes / 60;

	if (hours == 0)
		return put_two_units(dst, minutes, "m", seconds % 60, "s");
	if (hours < 24)
		return put_two_units(dst, hours, "h", minutes % 60, "m");
	return put_two_units(dst, hours / 24, "d", hours % 24, "h");
}

size_t human_duration(char *dst, uint64_t value, uint64_t unit_ns)
{
	/* Finest first; taken is the first that needs fewer than `below` steps after rounding. */
	static const struct {
		uint64_t step_ns;
		uint16_t below;
		uint8_t decimals;
		const char unit[3];
	} scales[] = {
		{ 1, 1000, 0, "ns" },	    { 10, 1000, 2, "us" },	{ 100, 1000, 1, "us" },
		{ 1000, 1000, 0, "us" },    { 10000, 1000, 2, "ms" },	{ 100000, 1000, 1, "ms" },
		{ 1000000, 1000, 0, "ms" }, { 10000000, 1000, 2, "s" }, { 100000000, 600, 1, "s" },
		{ NS_PER_S, 60, 0, "s" },
	};
	unsigned __int128 ns = (unsigned __int128)value * unit_ns;
	size_t len;

	if (value == 0)
		return put(dst, "0");
	for (size_t i = 0; i < ARRAY_LEN(scales) && ns < 60 * NS_PER_S; i++) {
		uint64_t step = scales[i].step_ns, steps = ((uint64_t)ns + step / 2) / step;

		/* Finer than the value itself is: there are no such digits. */
		if ((step < unit_ns && i + 1 < ARRAY_LEN(scales)) || steps >= scales[i].below)
			continue;
		len = put_decimal(dst, steps, scales[i].decimals);
		return len + put(dst + len, scales[i].unit);
	}
	return put_long_duration(dst, (uint64_t)((ns + NS_PER_S / 2) / NS_PER_S));
}

size_t human_bytes(char *dst, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned u = 0;
	unsigned __int128 unit = 1024;
	uint64_t tenths;
	size_t len;

	if (bytes < 1024) {
		len = num_u64(dst, bytes);
		return len + put(dst + len, "B");
	}
	for (;; u++, unit *= 1024) {
		tenths = (uint64_t)(((unsigned __int128)bytes * 10 + unit / 2) / unit);
		if (tenths < 10240 || u + 1 == ARRAY_LEN(units))
			break;
	}
	len = put_decimal(dst, tenths, 1);
	return len + put(dst + len, units[u]);
}

size_t human_clock(char *dst, uint64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / NS_PER_S);
	struct tm tm;
	size_t len = 0;

	if (!localtime_r(&seconds, &tm))
		return num_u64(dst, unix_ns);
	len += put_padded(dst, (uint64_t)tm.tm_hour, 2);
	dst[len++] = ':';
	len += put_padded(dst + len, (uint64_t)tm.tm_min, 2);
	dst[len++] = ':';
	len += put_padded(dst + len, (uint64_t)tm.tm_sec, 2);
	dst[len++] = '.';
	return len + put_padded(dst + len, unix_ns % NS_PER_S / 1000, 6);
}
