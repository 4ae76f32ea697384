// SPDX-License-Identifier: Apache-2.0
#include "base/parse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <strings.h>

#include "base/num.h"
#include "base/util.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

int parse_u64(const char *text, uint64_t *ret)
{
	unsigned base = 10;
	bool over = false;
	uint64_t v = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		base = 16;
	else if (text[0] == '0' && (text[1] == 'o' || text[1] == 'O'))
		base = 8;
	if (base != 10)
		text += 2;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		unsigned digit = (unsigned)digit_of(*text);

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v))
			over = true;
	}
	if (over)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_i64(const char *text, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t v, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
	int rc;

	if (*text == '-' || *text == '+')
		text++;
	rc = parse_u64(text, &v);
	if (rc < 0)
		return rc;
	if (v > limit)
		return -ERANGE;
	*ret = (int64_t)(negative ? -v : v);
	return 0;
}

static size_t skip_digits(const char **text)
{
	const char *from = *text;

	while (**text >= '0' && **text <= '9')
		(*text)++;
	return (size_t)(*text - from);
}

/* strtod() also takes white space, hexadecimal, "inf" and "nan". */
static bool is_decimal(const char *text)
{
	size_t digits;

	if (*text == '-' || *text == '+')
		text++;
	digits = skip_digits(&text);
	if (*text == '.') {
		text++;
		digits += skip_digits(&text);
	}
	if (!digits)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		if (*text == '-' || *text == '+')
			text++;
		if (!skip_digits(&text))
			return false;
	}
	return !*text;
}

int parse_double(const char *text, double *ret)
{
	double v;

	if (!is_decimal(text))
		return -EINVAL;
	v = strtod_l(text, NULL, num_c_locale());
	if (isinf(v))
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_bool(const char *text, bool *ret)
{
	static const char *const words[][2] = {
		{ "false", "true" }, { "no", "yes" }, { "off", "on" }, { "0", "1" }
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		for (int v = 0; v < 2; v++) {
			if (strcasecmp(text, words[i][v]) == 0) {
				*ret = v;
				return 0;
			}
		}
	}
	return -EINVAL;
}

/* "12" or "1.5": a number of units, kept as whole and as parts of 10^-digits. */
struct amount {
	uint64_t whole;
	uint64_t part;
	uint64_t part_of; /* 10^digits */
	bool over;
};

/* Moves *text behind the number. Digits finer than 10^-18 cannot matter for any unit. */
static int scan_amount(const char **text, struct amount *ret)
{
	struct amount a = { .part_of = 1 };
	size_t digits = 0;
	const char *p = *text;

	for (; *p >= '0' && *p <= '9'; p++, digits++)
		if (__builtin_mul_overflow(a.whole, (uint64_t)10, &a.whole) ||
		    __builtin_add_overflow(a.whole, (uint64_t)(*p - '0'), &a.whole))
			a.over = true;
	if (!digits)
		return -EINVAL;
	if (*p == '.') {
		if (p[1] < '0' || p[1] > '9')
			return -EINVAL;
		for (p++; *p >= '0' && *p <= '9'; p++) {
			if (a.part_of == 1000000000000000000ULL)
				continue;
			a.part = a.part * 10 + (uint64_t)(*p - '0');
			a.part_of *= 10;
		}
	}
	*text = p;
	*ret = a;
	return 0;
}

/* Adds amount * unit to *sum, parts of the smallest unit cut off. */
static int add_amount(uint64_t *sum, const struct amount *a, uint64_t unit)
{
	uint64_t whole, part = (uint64_t)((unsigned __int128)a->part * unit / a->part_of);

	if (a->over || __builtin_mul_overflow(a->whole, unit, &whole) ||
	    __builtin_add_overflow(whole, part, &whole) || __builtin_add_overflow(*sum, whole, sum))
		return -ERANGE;
	return 0;
}

/* Largest first: "1m30s", and neither "30s1m" nor "1s1s", which are slips more often than meant. */
static const struct {
	const char *name;
	uint64_t ns;
} duration_units[] = {
	{ "d", 86400000000000ULL }, { "h", 3600000000000ULL }, { "m", 60000000000ULL },
	{ "s", 1000000000 },	    { "ms", 1000000 },	       { "us", 1000 },
	{ "\u00b5s", 1000 },	    { "\u03bcs", 1000 },       { "ns", 1 },
};

/* A unit's name ends where a digit or the text's end follows; "m" is not the start of "ms". */
static int find_duration_unit(const char *text, size_t *ret_len)
{
	size_t len = strcspn(text, "0123456789.");

	for (size_t i = 0; i < ARRAY_LEN(duration_units); i++) {
		const char *name = duration_units[i].name;

		if (strlen(name) == len && memcmp(text, name, len) == 0) {
			*ret_len = len;
			return (int)i;
		}
	}
	return -EINVAL;
}

int parse_duration_ns(const char *text, uint64_t *ret)
{
	uint64_t sum = 0, last_ns = UINT64_MAX;
	bool over = false;
	size_t len;

	for (bool first = true; first || *text; first = false) {
		struct amount amount;
		int unit;

		if (scan_amount(&text, &amount) < 0)
			return -EINVAL;
		if (first && !*text) {
			if (add_amount(&sum, &amount, 1000000000) < 0)
				return -ERANGE;
			break;
		}
		unit = find_duration_unit(text, &len);
		if (unit < 0 || duration_units[unit].ns >= last_ns)
			return -EINVAL;
		last_ns = duration_units[unit].ns;
		if (add_amount(&sum, &amount, last_ns) < 0)
			over = true;
		text += len;
	}
	if (over)
		return -ERANGE;
	*ret = sum;
	return 0;
}

int parse_size(const char *text, uint64_t *ret)
{
	static const char letters[] = "kmgtpe";
	struct amount amount;
	uint64_t sum = 0, unit = 1;
	const char *letter;

	if (scan_amount(&text, &amount) < 0)
		return -EINVAL;
	letter = *text ? strchr(letters, tolower((unsigned char)*text)) : NULL;
	if (letter) {
		unit <<= 10 * (letter - letters + 1);
		text++;
		if (*text == 'i' && (text[1] == 'b' || text[1] == 'B'))
			text++;
	}
	if (*text == 'b' || *text == 'B')
		text++;
	if (*text || (unit == 1 && amount.part))
		return -EINVAL;
	if (add_amount(&sum, &amount, unit) < 0)
		return -ERANGE;
	*ret = sum;
	return 0;
}

int parse_ip(const char *text, uint8_t ret_addr[16], unsigned *ret_len, unsigned *ret_bits)
{
	const char *slash = strchrnul(text, '/');
	size_t addr_len = (size_t)(slash - text);
	char addr_text[INET6_ADDRSTRLEN];
	uint8_t addr[16];
	uint64_t bits;
	unsigned len;
	int rc;

	if (addr_len >= sizeof(addr_text))
		return -EINVAL;
	memcpy(addr_text, text, addr_len);
	addr_text[addr_len] = '\0';
	if (inet_pton(AF_INET, addr_text, addr) == 1)
		len = 4;
	else if (inet_pton(AF_INET6, addr_text, addr) == 1)
		len = 16;
	else
		return -EINVAL;
	bits = 8 * len;
	if (*slash) {
		if (slash[1 + strspn(slash + 1, "0123456789")])
			return -EINVAL;
		rc = parse_u64(slash + 1, &bits);
		if (rc < 0)
			return rc;
		if (bits > 8 * len)
			return -ERANGE;
	}
	memcpy(ret_addr, addr, len);
	*ret_len = len;
	*ret_bits = (unsigned)bits;
	return 0;
}
