// SPDX-License-Identifier: Apache-2.0
/*
 * Every kind and meaning as JSON, in tables and plain. Each case runs at several offsets, odd ones
 * too, in a buffer that ends with the field and into one of exactly field_text_max() bytes, so that
 * sanitizers see a step outside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <time.h>

#include "base/clock.h"
#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/read/text/human.h"
#include "runner/read/text/resolve.h"

static struct enum_name color_names[] = { { 1, "RED" }, { 2, "GREEN" }, { 1000, "BLUE" } };
static const struct enum_names colors = { ARRAY_LEN(color_names), false, color_names };
static struct enum_name level_names[] = { { -5, "LOW" }, { 0, "ZERO" }, { 7, "HIGH" } };
static const struct enum_names levels = { ARRAY_LEN(level_names), true, level_names };
static struct enum_name odd_names[] = { { 1, "a\"\033b" } };
static const struct enum_names odd = { ARRAY_LEN(odd_names), false, odd_names };
static struct enum_name huge_names[] = { { 1, "ONE" }, { -1, "ALL" } };
static const struct enum_names huge = { ARRAY_LEN(huge_names), false, huge_names };

struct text_case {
	struct field field;
	const void *bytes;
	const char *json, *table, *plain; /* NULL: as JSON, without its quotes */
};

/* The bytes of numbers as this machine has them. */
#define N(type, ...) ((const type[]){ __VA_ARGS__ })
#define UINT(bits)                                                                                 \
	{                                                                                          \
		.kind = KIND_UINT, .size_bits = (bits), .count = 1                                 \
	}
#define UINTM(bits, m)                                                                             \
	{                                                                                          \
		.kind = KIND_UINT, .size_bits = (bits), .count = 1, .meaning = (m)                 \
	}
#define INT(bits)                                                                                  \
	{                                                                                          \
		.kind = KIND_INT, .size_bits = (bits), .count = 1, .is_signed = true               \
	}
#define INTM(bits, m)                                                                              \
	{                                                                                          \
		.kind = KIND_INT, .size_bits = (bits), .count = 1, .is_signed = true,              \
		.meaning = (m)                                                                     \
	}
#define FLOAT(bits)                                                                                \
	{                                                                                          \
		.kind = KIND_FLOAT, .size_bits = (bits), .count = 1                                \
	}
#define FLOATM(bits, m)                                                                            \
	{                                                                                          \
		.kind = KIND_FLOAT, .size_bits = (bits), .count = 1, .meaning = (m)                \
	}
#define ENUM(bits, e)                                                                              \
	{                                                                                          \
		.kind = KIND_ENUM, .size_bits = (bits), .count = 1, .enums = &(e)                  \
	}
#define TEXT(len)                                                                                  \
	{                                                                                          \
		.kind = KIND_TEXT, .size_bits = 8 * (len), .count = 1                              \
	}
#define DNS(len)                                                                                   \
	{                                                                                          \
		.kind = KIND_TEXT, .size_bits = 8 * (len), .count = 1, .meaning = MEAN_DNS         \
	}
#define BYTES(len, m)                                                                              \
	{                                                                                          \
		.kind = KIND_BYTES, .size_bits = 8 * (len), .count = 1, .meaning = (m)             \
	}
#define LIST(k, bits, n)                                                                           \
	{                                                                                          \
		.kind = (k), .size_bits = (bits), .count = (n)                                     \
	}

static void assert_text(const struct field *field, const void *base, enum style style,
			struct resolver *resolver, const char *want)
{
	_cleanup_free_ char *dst = xmalloc(field_text_max(field));
	size_t len = field_text(dst, field, base, style, resolver);
	_cleanup_free_ char *got = xstrndup(dst, len);

	assert_true(len <= field_text_max(field));
	assert_int_equal(strlen(got), len);
	assert_string_equal(got, want);
}

static void assert_case(const struct text_case *c, uint32_t off_bytes)
{
	struct field f = c->field;
	size_t size = (size_t)f.size_bits / 8 * f.count;
	_cleanup_free_ uint8_t *record = xmalloc(off_bytes + size);
	_cleanup_free_ char *stripped = xstrdup(c->json);
	size_t len = strlen(stripped);

	memset(record, 0xa5, off_bytes);
	memcpy(record + off_bytes, c->bytes, size);
	f.off_bits = off_bytes * 8;
	if (stripped[0] == '"' || stripped[0] == '[') {
		memmove(stripped, stripped + 1, len - 2);
		stripped[len - 2] = '\0';
	}
	assert_text(&f, record, STYLE_JSON, NULL, c->json);
	assert_text(&f, record, STYLE_PLAIN, NULL, c->plain ? c->plain : stripped);
	assert_text(&f, record, STYLE_TABLE, NULL, c->table ? c->table : stripped);
}

static void assert_cases(const struct text_case *cases, size_t count)
{
	static const uint32_t offsets[] = { 0, 1, 3, 8, 13 };

	for (size_t i = 0; i < count; i++)
		for (size_t o = 0; o < ARRAY_LEN(offsets); o++)
			assert_case(&cases[i], offsets[o]);
}

static void test_decode_kinds(void **state)
{
	const struct text_case cases[] = {
		{ UINT(8), N(uint8_t, 0), "0" },
		{ UINT(8), N(uint8_t, 255), "255" },
		{ UINT(16), N(uint16_t, 65535), "65535" },
		{ UINT(32), N(uint32_t, UINT32_MAX), "4294967295" },
		{ UINT(64), N(uint64_t, UINT64_MAX), "18446744073709551615" },
		{ UINT(128), N(uint64_t, UINT64_MAX, UINT64_MAX),
		  "340282366920938463463374607431768211455" },
		{ INT(8), N(int8_t, -128), "-128" },
		{ INT(16), N(int16_t, -2), "-2" },
		{ INT(32), N(int32_t, INT32_MIN), "-2147483648" },
		{ INT(64), N(int64_t, INT64_MIN), "-9223372036854775808" },
		{ INT(64), N(int64_t, INT64_MAX), "9223372036854775807" },
		{ INT(128), N(int64_t, -3, -1), "-3" },
		{ { .kind = KIND_BOOL, .size_bits = 8, .count = 1 }, N(uint8_t, 0), "false" },
		{ { .kind = KIND_BOOL, .size_bits = 8, .count = 1 }, N(uint8_t, 2), "true" },
		{ FLOAT(64), N(double, 0.1), "0.1" },
		{ FLOAT(64), N(double, -1e300), "-1e+300" },
		{ FLOAT(32), N(float, 0.1f), "0.1" },
		{ FLOAT(32), N(float, 16777216.f), "16777216" },
		{ FLOAT(32), N(float, 3.4028235e38f), "3.4028235e+38" },
		{ FLOAT(64), N(double, NAN), "null", "NaN", "NaN" },
		{ FLOAT(64), N(double, INFINITY), "null", "+Inf", "+Inf" },
		{ FLOAT(32), N(float, -INFINITY), "null", "-Inf", "-Inf" },
		{ { .kind = KIND_PTR, .size_bits = 64, .count = 1 },
		  N(uint64_t, 0xffff888000001000),
		  "\"0xffff888000001000\"" },
		{ { .kind = KIND_PTR, .size_bits = 64, .count = 1 }, N(uint64_t, 0), "\"0x0\"" },
		{ ENUM(32, colors), N(uint32_t, 2), "\"GREEN\"" },
		{ ENUM(16, colors), N(uint16_t, 1000), "\"BLUE\"" },
		{ ENUM(32, colors), N(uint32_t, 3), "\"3\"" },
		{ ENUM(8, odd), N(uint8_t, 1), "\"a\\\"\\u001bb\"", "a\"\\x1bb", "a\"\033b" },
		{ ENUM(64, huge), N(uint64_t, UINT64_MAX), "\"ALL\"" },
		{ ENUM(64, huge), N(uint64_t, UINT64_MAX - 1), "\"18446744073709551614\"" },
		{ TEXT(16), "curl\0garbage....", "\"curl\"" },
		{ TEXT(4), "full", "\"full\"" },
		{ TEXT(4), "\0bcd", "\"\"" },
		{ TEXT(7), "a\"\\\n\033\xff\x7f", "\"a\\\"\\\\\\u000a\\u001b\\u00ff\\u007f\"",
		  "a\"\\\\x0a\\x1b\\xff\\x7f", "a\"\\\n\033\xff\x7f" },
		{ TEXT(6), "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
		{ BYTES(4, MEAN_NONE), "\xde\xad\xbe\xef", "\"deadbeef\"" },
		{ BYTES(3, MEAN_HEX), "\0\1\2", "\"000102\"" },
	};

	assert_cases(cases, ARRAY_LEN(cases));
}

static void test_decode_signed_enum(void **state)
{
	struct field f = ENUM(8, levels);
	int8_t low = -5, none = -6;

	f.is_signed = true;
	assert_text(&f, &low, STYLE_JSON, NULL, "\"LOW\"");
	assert_text(&f, &none, STYLE_JSON, NULL, "\"-6\"");
	assert_int_equal(field_i64(&f, &low, 0), -5);
}

static void test_decode_lists(void **state)
{
	const struct text_case cases[] = {
		{ LIST(KIND_UINT, 16, 3), N(uint16_t, 1, 20, 300), "[1,20,300]" },
		{ LIST(KIND_INT, 8, 2), N(int8_t, -1, 1), "[-1,1]" },
		{ LIST(KIND_BOOL, 8, 2), N(uint8_t, 1, 0), "[true,false]" },
		{ LIST(KIND_FLOAT, 64, 2), N(double, 0.5, NAN), "[0.5,null]", "0.5,NaN",
		  "0.5,NaN" },
		{ { .kind = KIND_UINT, .size_bits = 32, .count = 2, .meaning = MEAN_IPV4 },
		  "\x0a\0\0\1\x7f\0\0\1",
		  "[\"10.0.0.1\",\"127.0.0.1\"]",
		  "10.0.0.1,127.0.0.1",
		  "10.0.0.1,127.0.0.1" },
		{ { .kind = KIND_ENUM, .size_bits = 32, .count = 2, .enums = &colors },
		  N(uint32_t, 1, 9),
		  "[\"RED\",\"9\"]",
		  "RED,9",
		  "RED,9" },
	};

	assert_cases(cases, ARRAY_LEN(cases));
}

static void test_decode_addresses(void **state)
{
	const struct text_case cases[] = {
		{ UINTM(32, MEAN_IPV4), "\xc0\xa8\0\1", "\"192.168.0.1\"" },
		{ UINTM(32, MEAN_IPV4), "\0\0\0\0", "\"0.0.0.0\"" },
		{ BYTES(16, MEAN_IPV6), "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
		  "\"2001:db8::1\"" },
		{ BYTES(16, MEAN_IPV6), "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1",
		  "\"::ffff:10.0.0.1\"" },
		{ BYTES(6, MEAN_MAC), "\2\0\x5e\x10\xab\xff", "\"02:00:5e:10:ab:ff\"" },
		{ UINTM(16, MEAN_PORT_BE), "\1\xbb", "443" },
		/* Meanings that do not go with the size: the kind decides. */
		{ BYTES(5, MEAN_MAC), "\1\2\3\4\5", "\"0102030405\"" },
		{ BYTES(3, MEAN_IPV6), "\1\2\3", "\"010203\"" },
		{ BYTES(4, MEAN_IP), "\1\2\3\4", "\"01020304\"" },
		{ UINTM(8, MEAN_IPV4), "\7", "7" },
		{ UINTM(8, MEAN_PORT_BE), "\7", "7" },
	};

	assert_cases(cases, ARRAY_LEN(cases));
}

/* Address and family in any order, the family of any width, padding full of garbage. */
static void test_decode_address_by_family(void **state)
{
	static const struct {
		uint8_t addr_at, family_at, family_bytes, size;
		uint32_t family;
		const char *want;
	} cases[] = {
		{ 0, 16, 4, 20, 2, "10.9.8.7" },   { 0, 16, 2, 24, 2, "10.9.8.7" },
		{ 0, 16, 1, 17, 2, "10.9.8.7" },   { 0, 16, 1, 17, 4, "10.9.8.7" },
		{ 4, 0, 4, 20, 10, "a09:807::" },  { 8, 1, 1, 24, 6, "a09:807::" },
		{ 0, 16, 4, 20, 99, "a09:807::" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct field f = BYTES(cases[i].size, MEAN_IP);
		_cleanup_free_ uint8_t *record = xmalloc(cases[i].size);
		uint64_t family = cases[i].family;
		uint16_t family16 = (uint16_t)family;
		uint32_t family32 = (uint32_t)family;
		uint8_t family8 = (uint8_t)family;

		f.addr_at = cases[i].addr_at;
		f.family_at = cases[i].family_at;
		f.family_bytes = cases[i].family_bytes;
		memset(record, 0xee, cases[i].size);
		memset(record + f.addr_at, 0, 16);
		memcpy(record + f.addr_at, "\x0a\x09\x08\x07", 4);
		memcpy(record + f.family_at,
		       f.family_bytes == 1   ? (void *)&family8
		       : f.family_bytes == 2 ? (void *)&family16
					     : (void *)&family32,
		       f.family_bytes);
		assert_text(&f, record, STYLE_PLAIN, NULL, cases[i].want);
		memset(record + f.addr_at, 0, 16);
		memset(record + f.family_at, 0, f.family_bytes);
		assert_text(&f, record, STYLE_JSON, NULL, "\"\"");
	}
}

static void test_decode_quantities(void **state)
{
	const struct text_case cases[] = {
		{ UINTM(64, MEAN_DURATION_NS), N(uint64_t, 1220000), "1220000", "1.22ms",
		  "1220000" },
		{ UINTM(32, MEAN_DURATION_US), N(uint32_t, 1220), "1220", "1.22ms", "1220" },
		{ UINTM(32, MEAN_DURATION_MS), N(uint32_t, 5), "5", "5ms", "5" },
		{ UINTM(32, MEAN_DURATION_S), N(uint32_t, 3723), "3723", "1h02m", "3723" },
		{ INTM(64, MEAN_DURATION_NS), N(int64_t, -1500), "-1500", "-1.50us", "-1500" },
		{ INTM(64, MEAN_DURATION_S), N(int64_t, INT64_MIN), "-9223372036854775808",
		  "-106751991167300d15h", "-9223372036854775808" },
		{ UINTM(64, MEAN_DURATION_NS), N(uint64_t, 0), "0" },
		{ FLOATM(64, MEAN_DURATION_MS), N(double, 1.5), "1.5", "1.50ms", "1.5" },
		{ FLOATM(64, MEAN_DURATION_MS), N(double, NAN), "null", "NaN", "NaN" },
		{ FLOATM(64, MEAN_DURATION_S), N(double, -1e300), "-1e+300", "-213503d23h",
		  "-1e+300" },
		{ UINTM(64, MEAN_SIZE_BYTES), N(uint64_t, 1234567), "1234567", "1.2MiB",
		  "1234567" },
		{ UINTM(16, MEAN_SIZE_BYTES), N(uint16_t, 1023), "1023", "1023B", "1023" },
		{ INTM(32, MEAN_SIZE_BYTES), N(int32_t, -2048), "-2048", "-2.0KiB", "-2048" },
		{ BYTES(2, MEAN_DURATION_NS), "\1\2", "\"0102\"" },
	};

	assert_cases(cases, ARRAY_LEN(cases));
}

static void test_decode_names(void **state)
{
	const struct text_case cases[] = {
		{ INTM(32, MEAN_ERRNO), N(int32_t, 111), "\"ECONNREFUSED\"" },
		{ INTM(32, MEAN_ERRNO), N(int32_t, -111), "\"ECONNREFUSED\"" },
		{ UINTM(32, MEAN_ERRNO), N(uint32_t, -13), "\"EACCES\"" },
		{ UINTM(8, MEAN_ERRNO), N(uint8_t, 200), "\"200\"" },
		{ INTM(32, MEAN_ERRNO), N(int32_t, 0), "\"0\"", "", "0" },
		{ INTM(64, MEAN_ERRNO), N(int64_t, -4000), "\"-4000\"" },
		{ INTM(32, MEAN_SIGNAL), N(int32_t, 9), "\"SIGKILL\"" },
		{ UINTM(8, MEAN_SIGNAL), N(uint8_t, 99), "\"99\"" },
		{ INTM(32, MEAN_SIGNAL), N(int32_t, 0), "\"0\"", "", "0" },
		{ UINTM(16, MEAN_AF), N(uint16_t, 10), "\"AF_INET6\"" },
		{ UINTM(8, MEAN_TCP_STATE), N(uint8_t, 1), "\"ESTABLISHED\"" },
		{ UINTM(8, MEAN_TCP_STATE), N(uint8_t, 0), "\"0\"" },
		{ UINTM(8, MEAN_IP_PROTO), N(uint8_t, 17), "\"udp\"" },
		{ UINTM(32, MEAN_SYSCALL), N(uint32_t, 999999), "\"999999\"" },
		{ { .kind = KIND_ENUM,
		    .size_bits = 32,
		    .count = 1,
		    .meaning = MEAN_TCP_STATE,
		    .enums = &colors },
		  N(uint32_t, 1000),
		  "\"BLUE\"" },
		{ INTM(8, MEAN_CHAR), "x", "\"x\"" },
		{ INTM(8, MEAN_CHAR), "\0", "\"\"" },
		{ INTM(8, MEAN_CHAR), "\n", "\"\\u000a\"", "\\x0a", "\n" },
		{ UINTM(32, MEAN_HEX), N(uint32_t, 0xbeef), "\"0xbeef\"" },
		/* Nobody to ask: numbers. */
		{ UINTM(32, MEAN_UID), N(uint32_t, 0), "0" },
		{ UINTM(64, MEAN_CGROUP), N(uint64_t, 77), "77" },
		{ UINTM(32, MEAN_DEV), N(uint32_t, 8 << 20 | 17), "\"8:17\"" },
		{ UINTM(32, MEAN_IFINDEX), N(uint32_t, 1), "\"1\"" },
		{ UINTM(64, MEAN_KSYM), N(uint64_t, 0xffffffff81000000), "\"0xffffffff81000000\"" },
		{ INTM(32, MEAN_KSTACK), N(int32_t, 7), "\"7\"" },
		/* No stack: the helper's error, whatever the field's sign and width. */
		{ INTM(32, MEAN_KSTACK), N(int32_t, -14), "\"[not in the kernel]\"" },
		{ UINTM(32, MEAN_USTACK), N(int32_t, -17), "\"[lost: another stack has its place in the map]\"" },
		{ UINTM(64, MEAN_USTACK), N(uint64_t, 4294967282), "\"[no user stack]\"" },
		{ UINTM(64, MEAN_USTACK), N(int64_t, -14), "\"[no user stack]\"" },
		{ INTM(32, MEAN_KSTACK), N(int32_t, -99999), "\"-99999\"" },
		{ UINTM(64, MEAN_KTIME_NS), N(uint64_t, 123), "123" },
		{ UINTM(64, MEAN_UNIX_NS), N(uint64_t, 0), "null", "", "" },
		{ UINTM(64, MEAN_UNIX_NS), N(uint64_t, 1795165200123456789),
		  "\"2026-11-20T09:00:00.123456789Z\"", "09:00:00.123456",
		  "2026-11-20T09:00:00.123456789Z" },
	};

	assert_cases(cases, ARRAY_LEN(cases));
}

static void test_decode_dns(void **state)
{
	char long_label[64 + 1];
	struct field f = DNS(64);
	const struct text_case cases[] = {
		{ DNS(16), "\7example\3org\0xx", "\"example.org\"" },
		{ DNS(13), "\7example\3org\0", "\"example.org\"" },
		{ DNS(16), "example.org\0....", "\"example.org\"" },
		{ DNS(8), "\7example", "\"example\"" },
		{ DNS(6), "\7exam\0", "\"exam\"" },
		{ DNS(8), "\3www\xc0\x0c..", "\"www\"" },
		{ DNS(4), "\0\0\0\0", "\"\"" },
		{ DNS(6), "\3a\033b\0\0", "\"a\\u001bb\"", "a\\x1bb", "a\033b" },
		{ DNS(1), "\x3f", "\"?\"" },
		/* A digit in front is a length as well: 49 bytes follow, but with zeros in them. */
		{ DNS(51),
		  "1.0.0.10.in-addr.arpa\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		  "\"1.0.0.10.in-addr.arpa\"" },
	};

	assert_cases(cases, ARRAY_LEN(cases));
	memset(long_label, 'a', sizeof(long_label));
	long_label[0] = 63;
	assert_text(&f, long_label, STYLE_PLAIN, NULL,
		    "?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

/* What a bit is by the ABI of little-endian machines, one at a time. */
static uint64_t slow_bits(const uint8_t *bytes, uint32_t off, uint32_t size)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < size; i++)
		v |= (uint64_t)(bytes[(off + i) / 8] >> (off + i) % 8 & 1) << i;
	return v;
}

static void test_decode_bit_fields_at_every_place(void **state)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	static const uint8_t pattern[] = { 0x9d, 0x42, 0xe7, 0x18, 0xb3, 0x5a, 0xc6,
					   0x01, 0xff, 0x80, 0x7e, 0x33, 0xa9 };

	for (uint32_t off = 0; off < 24; off++) {
		for (uint32_t size = 1; size <= 64; size++) {
			struct field f = { .kind = KIND_UINT,
					   .off_bits = off,
					   .size_bits = size,
					   .count = 1,
					   .is_bits = true };
			uint32_t bytes = field_end_bytes(&f);
			_cleanup_free_ uint8_t *record = xmalloc(bytes);
			uint64_t want = slow_bits(pattern, off, size);
			int64_t want_signed = (int64_t)(want << (64 - size)) >> (64 - size);

			memcpy(record, pattern, bytes);
			assert_int_equal(field_u64(&f, record, 0), want);
			f.kind = KIND_INT;
			assert_int_equal(field_i64(&f, record, 0), want_signed);
		}
	}
#else
	skip();
#endif
}

/* The compiler is asked where its bit fields are: right on either byte order. */
static void test_decode_bit_fields_of_the_compiler(void **state)
{
	struct {
		unsigned a : 3;
		int b : 7;
		unsigned c : 12;
		_Bool d : 1;
		unsigned e : 9;
	} v = { .a = 5, .b = -33, .c = 0xabc, .d = 1, .e = 300 };
	struct field a = {
		.kind = KIND_UINT, .off_bits = 0, .size_bits = 3, .count = 1, .is_bits = true
	};
	struct field b = { .kind = KIND_INT,
			   .off_bits = 3,
			   .size_bits = 7,
			   .count = 1,
			   .is_bits = true,
			   .is_signed = true };
	struct field c = {
		.kind = KIND_UINT, .off_bits = 10, .size_bits = 12, .count = 1, .is_bits = true
	};
	struct field d = {
		.kind = KIND_BOOL, .off_bits = 22, .size_bits = 1, .count = 1, .is_bits = true
	};
	struct field e = {
		.kind = KIND_UINT, .off_bits = 23, .size_bits = 9, .count = 1, .is_bits = true
	};

	assert_text(&a, &v, STYLE_JSON, NULL, "5");
	assert_text(&b, &v, STYLE_JSON, NULL, "-33");
	assert_text(&c, &v, STYLE_JSON, NULL, "2748");
	assert_text(&d, &v, STYLE_JSON, NULL, "true");
	assert_text(&e, &v, STYLE_JSON, NULL, "300");
}

static void test_decode_numbers(void **state)
{
	struct field f = INT(32), port = UINTM(16, MEAN_PORT_BE), addr = UINTM(32, MEAN_IPV4);
	struct field d = FLOAT(64), text = TEXT(4), wide = UINT(128), list = LIST(KIND_INT, 16, 3);
	int32_t minus = -7;
	double inf = INFINITY, nan = NAN, big = 1e19, small = -1.9;
	unsigned __int128 huge_value = ((unsigned __int128)1 << 64) + 5;
	int16_t numbers[] = { 1, -2, 3 };

	assert_int_equal(field_i64(&f, &minus, 0), -7);
	assert_true(field_u64(&f, &minus, 0) == (uint64_t)-7);
	assert_true(field_double(&f, &minus, 0) == -7.0);
	assert_int_equal(field_u64(&port, "\x1f\x90", 0), 8080);
	assert_int_equal(field_u64(&addr, "\x0a\0\0\1", 0), 0x0a000001);
	assert_true(field_u64(&d, &inf, 0) == UINT64_MAX);
	assert_true(field_i64(&d, &inf, 0) == INT64_MAX);
	assert_true(field_u64(&d, &nan, 0) == 0);
	assert_true(field_u64(&d, &big, 0) == 10000000000000000000ULL);
	assert_int_equal(field_i64(&d, &small, 0), -1);
	assert_true(field_double(&d, &big, 0) == 1e19);
	assert_int_equal(field_u64(&text, "1234", 0), 0);
	assert_int_equal(field_u64(&wide, &huge_value, 0), 5);
	assert_true(field_double(&wide, &huge_value, 0) == 0x1p64);
	assert_int_equal(field_i64(&list, numbers, 1), -2);
	assert_int_equal(field_i64(&list, numbers, 2), 3);
}

static void test_decode_times_by_the_clock(void **state)
{
	struct wallclock *clock = wallclock_new();
	struct resolver *resolver = resolver_new(clock);
	struct field ktime = UINTM(64, MEAN_KTIME_NS), boot = UINTM(64, MEAN_BOOTTIME_NS);
	uint64_t at = now_mono_ns(), zero = 0;
	char want[33] = "\"";

	format_rfc3339(wallclock_from_mono(clock, at), want + 1);
	want[31] = '"';
	assert_text(&ktime, &at, STYLE_JSON, resolver, want);
	format_rfc3339(wallclock_from_boot(clock, at), want + 1);
	want[31] = '"';
	assert_text(&boot, &at, STYLE_JSON, resolver, want);
	assert_text(&ktime, &zero, STYLE_JSON, resolver, "null");
	assert_text(&ktime, &zero, STYLE_TABLE, resolver, "");
	resolver_free(resolver);
	wallclock_free(clock);
}

static void test_decode_ids_by_the_resolver(void **state)
{
	struct resolver *resolver = resolver_new(NULL);
	struct field uid = UINTM(32, MEAN_UID), ifindex = UINTM(32, MEAN_IFINDEX);
	struct field many = UINTM(32, MEAN_IFINDEX);
	uint32_t root = 0, lo = 1,
		 los[20] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };

	assert_text(&uid, &root, STYLE_TABLE, resolver, "root");
	assert_text(&uid, &root, STYLE_JSON, resolver, "0");
	assert_text(&uid, &root, STYLE_PLAIN, resolver, "0");
	assert_text(&ifindex, &lo, STYLE_JSON, resolver, "\"lo\"");
	assert_text(&ifindex, &lo, STYLE_PLAIN, resolver, "lo");
	many.count = 2;
	assert_text(&many, los, STYLE_PLAIN, resolver, "lo,lo");
	many.count = 18;
	assert_text(&many, los, STYLE_PLAIN, resolver, "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1");
	resolver_free(resolver);
}

/* Any kind with any meaning and size stays inside its bytes and its room. */
static void test_decode_any_field_is_safe(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 20, 24, 40 };

	for (unsigned kind = KIND_UINT; kind <= KIND_BYTES; kind++) {
		for (unsigned m = MEAN_NONE; m <= MEAN_IP_PROTO; m++) {
			for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
				for (unsigned fill = 0; fill < 256; fill += 51) {
					struct field f = { .kind = (uint8_t)kind,
							   .count = 3,
							   .meaning = (uint8_t)m,
							   .family_at = 16,
							   .size_bits = sizes[s] * 8,
							   .family_bytes = 4 };
					_cleanup_free_ char *dst = xmalloc(field_text_max(&f));
					_cleanup_free_ uint8_t *bytes = xmalloc(sizes[s] * 3);

					memset(bytes, (int)fill, sizes[s] * 3);
					for (int style = STYLE_JSON; style <= STYLE_PLAIN; style++)
						assert_true(field_text(dst, &f, bytes,
								       (enum style)style,
								       NULL) <= field_text_max(&f));
					field_double(&f, bytes, 2);
				}
			}
		}
	}
}

static void test_decode_human_durations(void **state)
{
	static const struct {
		uint64_t value, unit_ns;
		const char *want;
	} cases[] = {
		{ 0, 1, "0" },
		{ 999, 1, "999ns" },
		{ 1000, 1, "1.00us" },
		{ 9994, 1, "9.99us" },
		{ 9995, 1, "10.0us" },
		{ 99950, 1, "100us" },
		{ 999499, 1, "999us" },
		{ 999500, 1, "1.00ms" },
		{ 999999999, 1, "1.00s" },
		{ 5, 1000, "5us" },
		{ 1500, 1000000, "1.50s" },
		{ 59949, 1000000, "59.9s" },
		{ 59960, 1000000, "1m00s" },
		{ 61, 1000000000, "1m01s" },
		{ 3599, 1000000000, "59m59s" },
		{ 3600, 1000000000, "1h00m" },
		{ 90000, 1000000000, "1d01h" },
		{ UINT64_MAX, 1000000000, "213503982334601d07h" },
		{ UINT64_MAX, 1, "213503d23h" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char dst[HUMAN_ROOM + 1];

		dst[human_duration(dst, cases[i].value, cases[i].unit_ns)] = '\0';
		assert_string_equal(dst, cases[i].want);
	}
}

static void test_decode_human_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} cases[] = {
		{ 0, "0B" },
		{ 1023, "1023B" },
		{ 1024, "1.0KiB" },
		{ 1536, "1.5KiB" },
		{ 1048524, "1023.9KiB" },
		{ 1048575, "1.0MiB" },
		{ 1u << 30, "1.0GiB" },
		{ UINT64_MAX, "16.0EiB" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char dst[HUMAN_ROOM + 1];

		dst[human_bytes(dst, cases[i].bytes)] = '\0';
		assert_string_equal(dst, cases[i].want);
	}
}

static void test_decode_names_beside_numbers(void **state)
{
	static const struct {
		struct field field;
		uint64_t value;
		const char *json, *table, *name;
	} cases[] = {
		{ UINTM(32, MEAN_OPEN_FLAGS), 02101, "1089", "O_WRONLY|O_CREAT|O_APPEND",
		  "\"O_WRONLY|O_CREAT|O_APPEND\"" },
		{ UINTM(32, MEAN_OPEN_FLAGS), 0, "0", "O_RDONLY", "\"O_RDONLY\"" },
		{ UINTM(32, MEAN_FILE_MODE), 0100644, "33188", "-rw-r--r--", "\"-rw-r--r--\"" },
		{ UINTM(16, MEAN_FILE_MODE), 041777, "17407", "drwxrwxrwt", "\"drwxrwxrwt\"" },
		{ UINTM(32, MEAN_FILE_MODE), 0104711, "35273", "-rws--x--x", "\"-rws--x--x\"" },
		{ UINTM(32, MEAN_FILE_MODE), 0640, "416", "rw-r-----", "\"rw-r-----\"" },
		{ UINTM(32, MEAN_UID), 7, "7", "7", "null" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(field_has_name(&cases[i].field));
		assert_text(&cases[i].field, &cases[i].value, STYLE_JSON, NULL, cases[i].json);
		assert_text(&cases[i].field, &cases[i].value, STYLE_TABLE, NULL, cases[i].table);
		assert_text(&cases[i].field, &cases[i].value, STYLE_NAME, NULL, cases[i].name);
	}
	assert_false(field_has_name(&(struct field)UINTM(32, MEAN_PID)));
}

/* Bits with names of an enum: the largest that is whole first, what is left in hex. */
static void test_decode_flags_of_an_enum(void **state)
{
	static struct enum_name list[] = {
		{ 0, "NONE" }, { 1, "A" }, { 2, "B" }, { 3, "A_AND_B" }, { 8, "D" }
	};
	static const struct enum_names names = { ARRAY_LEN(list), false, list };
	static const struct field f = { .kind = KIND_ENUM,
					.size_bits = 32,
					.count = 1,
					.meaning = MEAN_FLAGS,
					.enums = &names };
	static const struct {
		uint32_t value;
		const char *json;
	} cases[] = {
		{ 0, "\"0x0\"" },	 { 2, "\"B\"" },	 { 10, "\"B|D\"" },
		{ 11, "\"A_AND_B|D\"" }, { 0x41, "\"A|0x40\"" }, { 0x40, "\"0x40\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_text(&f, &cases[i].value, STYLE_JSON, NULL, cases[i].json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode_kinds),
		cmocka_unit_test(test_decode_signed_enum),
		cmocka_unit_test(test_decode_lists),
		cmocka_unit_test(test_decode_addresses),
		cmocka_unit_test(test_decode_address_by_family),
		cmocka_unit_test(test_decode_quantities),
		cmocka_unit_test(test_decode_names),
		cmocka_unit_test(test_decode_dns),
		cmocka_unit_test(test_decode_bit_fields_at_every_place),
		cmocka_unit_test(test_decode_bit_fields_of_the_compiler),
		cmocka_unit_test(test_decode_numbers),
		cmocka_unit_test(test_decode_times_by_the_clock),
		cmocka_unit_test(test_decode_ids_by_the_resolver),
		cmocka_unit_test(test_decode_any_field_is_safe),
		cmocka_unit_test(test_decode_human_durations),
		cmocka_unit_test(test_decode_human_sizes),
		cmocka_unit_test(test_decode_names_beside_numbers),
		cmocka_unit_test(test_decode_flags_of_an_enum),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
