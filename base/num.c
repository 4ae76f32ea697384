// SPDX-License-Identifier: Apache-2.0
#include "base/num.h"

#include <math.h>
#include <pthread.h>

#include "base/util.h"

#define EXACT_INTEGERS 9007199254740992.0 /* 2^53: every integer up to it is a double */

static const char digit_pairs[201] = "00010203040506070809101112131415161718192021222324"
				     "25262728293031323334353637383940414243444546474849"
				     "50515253545556575859606162636465666768697071727374"
				     "75767778798081828384858687888990919293949596979899";

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

locale_t num_c_locale(void)
{
	pthread_once(&c_locale_once, make_c_locale);
	return c_locale;
}

static inline unsigned count_digits(uint64_t v)
{
	static const uint64_t powers[] = { 0,
					   10,
					   100,
					   1000,
					   10000,
					   100000,
					   1000000,
					   10000000,
					   100000000,
					   1000000000,
					   10000000000,
					   100000000000,
					   1000000000000,
					   10000000000000,
					   100000000000000,
					   1000000000000000,
					   10000000000000000,
					   100000000000000000,
					   1000000000000000000,
					   10000000000000000000u };
	unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
	unsigned n = bits * 1233 >> 12; /* log10 of 2^bits, or one less than the digits */

	return n + (v >= powers[n]);
}

static inline void put_pair(char *dst, uint32_t v)
{
	memcpy(dst, digit_pairs + v * 2, 2);
}

/* Exactly `count` digits, zeros in front. Numbers of 32 bits are the faster ones. */
static void put_digits(char *dst, uint64_t v, unsigned count)
{
	uint32_t w;

	for (; v > UINT32_MAX && count >= 4; v /= 10000) {
		w = (uint32_t)(v % 10000);
		count -= 4;
		put_pair(dst + count, w / 100);
		put_pair(dst + count + 2, w % 100);
	}
	w = (uint32_t)v;
	for (; count >= 4; w /= 10000) {
		count -= 4;
		put_pair(dst + count, w % 10000 / 100);
		put_pair(dst + count + 2, w % 100);
	}
	if (count >= 2) {
		count -= 2;
		put_pair(dst + count, w % 100);
		w /= 100;
	}
	if (count)
		dst[0] = (char)('0' + w % 10);
}

size_t num_u64(char *dst, uint64_t v)
{
	unsigned count = count_digits(v);

	put_digits(dst, v, count);
	return count;
}

size_t num_i64(char *dst, int64_t v)
{
	if (v >= 0)
		return num_u64(dst, (uint64_t)v);
	*dst = '-';
	return 1 + num_u64(dst + 1, -(uint64_t)v);
}

size_t num_u128(char *dst, unsigned __int128 v)
{
	const uint64_t step = 10000000000000000000ULL; /* 10^19, the largest in 64 bits */
	size_t len;

	if (v <= UINT64_MAX)
		return num_u64(dst, (uint64_t)v);
	len = num_u128(dst, v / step);
	put_digits(dst + len, (uint64_t)(v % step), 19);
	return len + 19;
}

/*
 * v = r / 10^k with r below 2^53 and k small: both are doubles exactly, so the division rounds
 * as reading the text does, and equality proves that it reads back. The smallest such k has the
 * fewest digits. Returns 0 where there is none.
 */
static size_t put_short_decimal(char *dst, double v)
{
	static const double powers[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
	static const uint64_t units[] = { 1,	  10,	   100,	     1000,	10000,
					  100000, 1000000, 10000000, 100000000, 1000000000 };

	if (v < 1e-4)
		return 0;
	for (unsigned k = 0; k < ARRAY_LEN(powers); k++) {
		double scaled = rint(v * powers[k]);
		uint64_t r;
		size_t len;

		if (scaled >= EXACT_INTEGERS)
			return 0;
		if (scaled / powers[k] != v)
			continue;
		r = (uint64_t)scaled;
		len = num_u64(dst, r / units[k]);
		if (k == 0)
			return len;
		dst[len++] = '.';
		put_digits(dst + len, r % units[k], k);
		return len + k;
	}
	return 0;
}

/*
 * Fifteen digits always survive the way into a normal double and back, so a shorter text shows
 * up there with its zeros gone; subnormal numbers have fewer good digits.
 */
static size_t put_any_double(char *dst, double v)
{
	locale_t before = uselocale(num_c_locale());
	char text[32];
	int len = 0;

	for (int digits = isnormal(v) ? 15 : 1; digits <= 17; digits++) {
		len = snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	uselocale(before);
	memcpy(dst, text, (size_t)len);
	return (size_t)len;
}

size_t num_double(char *dst, double v)
{
	size_t sign = 0, len;

	if (isnan(v)) {
		memcpy(dst, "NaN", 3);
		return 3;
	}
	if (isinf(v)) {
		memcpy(dst, v < 0 ? "-Inf" : "+Inf", 4);
		return 4;
	}
	if (signbit(v)) {
		*dst = '-';
		sign = 1;
		v = -v;
	}
	if (v == 0) {
		dst[sign] = '0';
		return sign + 1;
	}
	len = put_short_decimal(dst + sign, v);
	return sign + (len ? len : put_any_double(dst + sign, v));
}

size_t num_hex_bytes(char *dst, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++) {
		dst[2 * i] = NUM_HEX_DIGITS[p[i] >> 4];
		dst[2 * i + 1] = NUM_HEX_DIGITS[p[i] & 15];
	}
	return 2 * len;
}

static inline size_t put_octet(char *dst, uint32_t v)
{
	if (v < 10) {
		dst[0] = (char)('0' + v);
		return 1;
	}
	if (v < 100) {
		put_pair(dst, v);
		return 2;
	}
	dst[0] = (char)('0' + v / 100);
	put_pair(dst + 1, v % 100);
	return 3;
}

size_t num_ipv4(char *dst, const uint8_t addr[4])
{
	size_t len = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (i)
			dst[len++] = '.';
		len += put_octet(dst + len, addr[i]);
	}
	return len;
}

static size_t put_hex16(char *dst, unsigned v)
{
	size_t len = 0;

	for (int shift = 12; shift >= 0; shift -= 4)
		if (len || shift == 0 || v >> shift)
			dst[len++] = NUM_HEX_DIGITS[v >> shift & 15];
	return len;
}

/* The longest run of two or more zero groups; of equal ones the first. */
static void longest_zeros(const unsigned group[8], unsigned *ret_from, unsigned *ret_to)
{
	*ret_from = *ret_to = 8;
	for (unsigned i = 0; i < 8;) {
		unsigned end = i;

		while (end < 8 && group[end] == 0)
			end++;
		if (end - i >= 2 && end - i > *ret_to - *ret_from) {
			*ret_from = i;
			*ret_to = end;
		}
		i = end + 1;
	}
}

size_t num_ipv6(char *dst, const uint8_t addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned group[8], from, to;
	size_t len = 0;

	if (memcmp(addr, mapped, sizeof(mapped)) == 0) {
		memcpy(dst, "::ffff:", 7);
		return 7 + num_ipv4(dst + 7, addr + 12);
	}
	for (unsigned i = 0; i < 8; i++)
		group[i] = (unsigned)addr[2 * i] << 8 | addr[2 * i + 1];
	longest_zeros(group, &from, &to);
	for (unsigned i = 0; i < 8; i++) {
		if (i == from) {
			dst[len++] = ':';
			dst[len++] = ':';
			i = to - 1;
			continue;
		}
		if (i && i != to)
			dst[len++] = ':';
		len += put_hex16(dst + len, group[i]);
	}
	return len;
}
