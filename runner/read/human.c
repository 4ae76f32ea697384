// SPDX-License-Identifier: Apache-2.0
#include "runner/read/human.h"

#include <time.h>

#include "base/num.h"
#include "base/util.h"

#define NS_PER_S 1000000000ULL

static size_t put(char *dst, const char *text)
{
	size_t len = strlen(text);

	memcpy(dst, text, len);
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
	static const struct {
		uint64_t ns, below;
		const char *name;
	} units[] = {
		{ 1, 1000, "ns" },
		{ 1000, 1000, "us" },
		{ 1000000, 1000, "ms" },
		{ NS_PER_S, 60, "s" },
	};
	unsigned __int128 ns = (unsigned __int128)value * unit_ns;
	size_t len;

	if (value == 0)
		return put(dst, "0");
	for (size_t u = 0; u < ARRAY_LEN(units); u++) {
		unsigned most = units[u].ns <= unit_ns ? 0 : 2;

		if (ns >= (unsigned __int128)units[u].ns * units[u].below)
			continue;
		for (unsigned decimals = most + 1; decimals-- > 0;) {
			uint64_t one = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
			uint64_t step = units[u].ns / one;
			uint64_t q = (uint64_t)((ns + step / 2) / step);

			/* Rounding may have carried it into the next digit or unit. */
			if (q >= 1000 || q >= units[u].below * one)
				continue;
			len = put_decimal(dst, q, decimals);
			return len + put(dst + len, units[u].name);
		}
	}
	return put_long_duration(dst, (uint64_t)((ns + NS_PER_S / 2) / NS_PER_S));
}

size_t human_bytes(char *dst, uint64_t bytes)
{
	static const char *const units[] = { " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };
	unsigned u = 0;
	unsigned __int128 unit = 1024;
	uint64_t tenths;
	size_t len;

	if (bytes < 1024) {
		len = num_u64(dst, bytes);
		return len + put(dst + len, " B");
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
