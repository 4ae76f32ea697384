// SPDX-License-Identifier: Apache-2.0
/* utf8 and num: what turns bytes into text. */
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/util.h"

typedef size_t (*escape_fn)(char *dst, const char *src, size_t len);

static uint64_t random_state = 1;

/* xorshift64*: the same numbers in every run. */
static uint64_t next_random(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 2685821657736338717ULL;
}

/* Both buffers are exactly as large as they may have to be, so that sanitizers see a slip. */
static char *escape_exact(escape_fn escape, size_t per_byte, const char *src, size_t len)
{
	_cleanup_free_ char *exact = xmalloc(len);
	_cleanup_free_ char *dst = xmalloc(per_byte * len);
	size_t used;

	if (len)
		memcpy(exact, src, len);
	used = escape(dst, exact, len);
	assert_true(used <= per_byte * len);
	assert_null(memchr(dst, 0, used));
	return xstrndup(dst, used);
}

static char *json(const char *src, size_t len)
{
	return escape_exact(utf8_json_escape, 6, src, len);
}

static char *term(const char *src, size_t len)
{
	return escape_exact(utf8_term_escape, 4, src, len);
}

#define TEXT(s) s, sizeof(s) - 1

/* case: weird -o json, F3 */
static void test_utf8_escapes_what_is_unsafe(void **state)
{
	static const struct {
		const char *src;
		size_t len;
		const char *json, *term;
	} cases[] = {
		{ TEXT(""), "", "" },
		{ TEXT("plain, and longer than eight"), "plain, and longer than eight",
		  "plain, and longer than eight" },
		{ TEXT("say \"hi\" c:\\"), "say \\\"hi\\\" c:\\\\", "say \"hi\" c:\\" },
		{ TEXT("a\0b"), "a\\u0000b", "a\\x00b" },
		{ TEXT("\t\r\n"), "\\u0009\\u000d\\u000a", "\\x09\\x0d\\x0a" },
		{ TEXT("\x1b[31mred"), "\\u001b[31mred", "\\x1b[31mred" },
		{ TEXT("\x7f"), "\\u007f", "\\x7f" },
		{ TEXT("\xc2\x80\xc2\x9f"), "\\u0080\\u009f", "\\xc2\\x80\\xc2\\x9f" },
		{ TEXT("\xc2\xa0"), "\xc2\xa0", "\xc2\xa0" },
		{ TEXT("Z\u00fcrich \u65e5\u672c \U0001f41d"),
		  "Z\u00fcrich \u65e5\u672c \U0001f41d", "Z\u00fcrich \u65e5\u672c \U0001f41d" },
		{ TEXT("\xff\xfe"), "\\u00ff\\u00fe", "\\xff\\xfe" },
		{ TEXT("\xc3"), "\\u00c3", "\\xc3" },
		{ TEXT("\xe2\x82"), "\\u00e2\\u0082", "\\xe2\\x82" },
		{ TEXT("\xc3(ok)"), "\\u00c3(ok)", "\\xc3(ok)" },
		{ TEXT("\xc0\x80"), "\\u00c0\\u0080", "\\xc0\\x80" },
		{ TEXT("\xed\xa0\x80"), "\\u00ed\\u00a0\\u0080", "\\xed\\xa0\\x80" },
		{ TEXT("\xf4\x90\x80\x80"), "\\u00f4\\u0090\\u0080\\u0080",
		  "\\xf4\\x90\\x80\\x80" },
		{ TEXT("a\u202eb"), "a\\u202eb", "a\\xe2\\x80\\xaeb" },
		{ TEXT("\u2066\u2069"), "\\u2066\\u2069", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9" },
		{ TEXT("\u2027\u2028\u2029\u202f"), "\u2027\\u2028\\u2029\u202f",
		  "\u2027\\xe2\\x80\\xa8\\xe2\\x80\\xa9\u202f" },
		{ TEXT("\u200a\u200b\u200f\u2010"), "\u200a\\u200b\\u200f\u2010",
		  "\u200a\\xe2\\x80\\x8b\\xe2\\x80\\x8f\u2010" },
		{ TEXT("\u061c\ufeff"), "\\u061c\\ufeff", "\\xd8\\x9c\\xef\\xbb\\xbf" },
		{ TEXT("\ufffd\uffff"), "\ufffd\\uffff", "\ufffd\\xef\\xbf\\xbf" },
		{ TEXT("\U000e0041\U000e007f"), "\\udb40\\udc41\\udb40\\udc7f",
		  "\\xf3\\xa0\\x81\\x81\\xf3\\xa0\\x81\\xbf" },
		{ TEXT("\u00ad\u00ff"), "\u00ad\u00ff", "\u00ad\u00ff" },
		{ TEXT("\u0628\u05d0\ufe0f\uffa1"), "\u0628\u05d0\ufe0f\uffa1",
		  "\u0628\u05d0\\xef\\xb8\\x8f\uffa1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *j = json(cases[i].src, cases[i].len);
		_cleanup_free_ char *t = term(cases[i].src, cases[i].len);

		assert_string_equal(j, cases[i].json);
		assert_string_equal(t, cases[i].term);
	}
}

static void test_utf8_json_text_hides_nothing(void **state)
{
	static const char text[] =
		"{\n  \"a\\\"\\u0041\u00fc\": \"\x7f\xc2\x9b\u202e\u200d\U000e0041\",\n  \"b\": "
		"[1, \"\\n\"]}";
	_cleanup_free_ char *safe = escape_exact(utf8_json_text, 6, TEXT(text));

	assert_string_equal(safe, "{\n  \"a\\\"\\u0041\u00fc\": \"\\u007f\\u009b\\u202e\\u200d"
				  "\\udb40\\udc41\",\n  \"b\": [1, \"\\n\"]}");
}

/* A character alone is too short for the way of eight bytes, so this takes only the other one. */
static char *escape_slowly(escape_fn escape, const char *src, size_t len)
{
	char *dst = xmalloc(6 * len + 1);
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t size = utf8_decode(src + i, len - i, &c);

		size = size ? size : 1;
		used += escape(dst + used, src + i, size);
		i += size;
	}
	dst[used] = '\0';
	return dst;
}

static void assert_ways_agree(const char *src, size_t len)
{
	_cleanup_free_ char *j = json(src, len);
	_cleanup_free_ char *t = term(src, len);
	_cleanup_free_ char *slow_j = escape_slowly(utf8_json_escape, src, len);
	_cleanup_free_ char *slow_t = escape_slowly(utf8_term_escape, src, len);

	assert_string_equal(j, slow_j);
	assert_string_equal(t, slow_t);
}

static void test_utf8_fast_way_equals_slow_way(void **state)
{
	static const char *const pieces[] = { "a",	"bcdefghijk", "\"",	"\\",
					      "\x1b",	"\x1f",	      " ",	"!",
					      "~",	"\x7f",	      "\x80",	"\xff",
					      "\u00e9", "\U0001f41d", "\u202e", "#",
					      "[",	"]",	      "\x01",	"\xe2\x80" };
	char text[32];

	/* Each byte at each place of a run, with a borrow from the byte below and without. */
	for (unsigned fill = 0; fill < 2; fill++) {
		for (unsigned place = 0; place < 20; place++) {
			for (unsigned c = 0; c < 256; c++) {
				memset(text, fill ? '~' : ' ', sizeof(text));
				text[place] = (char)c;
				assert_ways_agree(text, 20);
			}
		}
	}
	for (unsigned round = 0; round < 20000; round++) {
		char mixed[256];
		size_t len = 0;

		for (unsigned n = next_random() % 20; n; n--) {
			const char *piece = pieces[next_random() % ARRAY_LEN(pieces)];

			memcpy(mixed + len, piece, strlen(piece));
			len += strlen(piece);
		}
		assert_ways_agree(mixed, len);
	}
}

/* The Unicode standard's table of well-formed sequences (table 3-7), as the second opinion. */
static size_t well_formed(const uint8_t *p)
{
	static const struct {
		uint8_t from, to, second_from, second_to, size;
	} rows[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (p[0] < rows[i].from || p[0] > rows[i].to || p[1] < rows[i].second_from ||
		    p[1] > rows[i].second_to)
			continue;
		for (unsigned k = 2; k < rows[i].size; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return rows[i].size;
	}
	return 0;
}

static void test_utf8_decode_follows_the_standard(void **state)
{
	static const uint8_t tails[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	uint32_t c;

	for (unsigned head = 0; head < 0x10000; head++) {
		for (unsigned t = 0; t < ARRAY_LEN(tails) * ARRAY_LEN(tails); t++) {
			uint8_t bytes[4] = { (uint8_t)(head >> 8), (uint8_t)head,
					     tails[t % ARRAY_LEN(tails)],
					     tails[t / ARRAY_LEN(tails)] };
			size_t size = utf8_decode((const char *)bytes, 4, &c);

			if (size != well_formed(bytes))
				fail_msg("%02x %02x %02x %02x: %zu", bytes[0], bytes[1], bytes[2],
					 bytes[3], size);
			if (size > 1)
				assert_int_equal(utf8_decode((const char *)bytes, size - 1, &c), 0);
		}
	}
	assert_int_equal(utf8_decode("", 0, &c), 0);
	assert_int_equal(utf8_decode("\U0001f41d", 4, &c), 4);
	assert_int_equal(c, 0x1f41d);
	assert_int_equal(utf8_decode("\u20ac", 3, &c), 3);
	assert_int_equal(c, 0x20ac);
	assert_int_equal(utf8_decode("\u00e9", 2, &c), 2);
	assert_int_equal(c, 0xe9);
}

static void test_num_integers_equal_printf(void **state)
{
	char buf[64], expected[64];

	for (unsigned round = 0; round < 20000; round++) {
		uint64_t v = next_random() >> next_random() % 64;

		buf[num_u64(buf, v)] = '\0';
		snprintf(expected, sizeof(expected), "%" PRIu64, v);
		assert_string_equal(buf, expected);
		buf[num_i64(buf, (int64_t)v)] = '\0';
		snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)v);
		assert_string_equal(buf, expected);
	}
	for (uint64_t v = 1;; v *= 10) {
		buf[num_u64(buf, v)] = '\0';
		snprintf(expected, sizeof(expected), "%" PRIu64, v);
		assert_string_equal(buf, expected);
		buf[num_u64(buf, v - 1)] = '\0';
		snprintf(expected, sizeof(expected), "%" PRIu64, v - 1);
		assert_string_equal(buf, expected);
		if (v > UINT64_MAX / 10)
			break;
	}
	assert_int_equal(num_u64(buf, UINT64_MAX), NUM_U64_ROOM);
	assert_int_equal(num_i64(buf, INT64_MIN), NUM_I64_ROOM);
	assert_memory_equal(buf, "-9223372036854775808", NUM_I64_ROOM);
}

static void test_num_u128_keeps_inner_zeros(void **state)
{
	const unsigned __int128 ten19 = 10000000000000000000ULL;
	static const char *const expected[] = {
		"0",
		"18446744073709551615",
		"18446744073709551616",
		"100000000000000000000000000000000000000",
		"340282366920938463463374607431768211455",
	};
	const unsigned __int128 values[] = { 0, UINT64_MAX, (unsigned __int128)1 << 64,
					     ten19 * ten19, ~(unsigned __int128)0 };
	char buf[NUM_U128_ROOM + 1];

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		buf[num_u128(buf, values[i])] = '\0';
		assert_string_equal(buf, expected[i]);
	}
}

static void test_num_double_is_short(void **state)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ -0.0, "-0" },
		{ 1, "1" },
		{ -42, "-42" },
		{ 0.1, "0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ -1234.000001, "-1234.000001" },
		{ 0.0001, "0.0001" },
		{ 1e-7, "1e-07" },
		{ 1e15, "1000000000000000" },
		{ 9007199254740991.0, "9007199254740991" },
		{ 18446744073709551616.0, "1.8446744073709552e+19" },
		{ 1e22, "1e+22" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ -2.2250738585072014e-308, "-2.2250738585072014e-308" },
		{ 5e-324, "5e-324" },
		{ (double)NAN, "NaN" },
		{ (double)INFINITY, "+Inf" },
		{ -(double)INFINITY, "-Inf" },
	};
	char buf[NUM_DOUBLE_ROOM + 1];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf[num_double(buf, cases[i].v)] = '\0';
		assert_string_equal(buf, cases[i].text);
	}
}

/* Reads back, and %.*g with one digit less does not. */
static void assert_shortest(double v)
{
	_cleanup_free_ char *buf = xmalloc(NUM_DOUBLE_ROOM + 1);
	size_t len = num_double(buf, v);
	char shorter[64];
	int digits;

	assert_true(len <= NUM_DOUBLE_ROOM);
	buf[len] = '\0';
	if (strtod(buf, NULL) != v)
		fail_msg("%s is not %.17g", buf, v);
	if (v == 0)
		return;
	for (digits = 1; digits < 17; digits++) {
		snprintf(shorter, sizeof(shorter), "%.*g", digits, v);
		if (strtod(shorter, NULL) == v)
			break;
	}
	snprintf(shorter, sizeof(shorter), "%.*e", digits - 1, v);
	/* The same significant digits; the two only differ in where the point is. */
	for (const char *a = shorter, *b = buf + strspn(buf, "-0."); *a && *a != 'e';) {
		if (*a == '-' || *a == '.') {
			a++;
		} else if (*b == '.') {
			b++;
		} else {
			if (*a != *b)
				fail_msg("%s, not the digits of %s", buf, shorter);
			a++;
			b++;
		}
	}
}

static void test_num_double_reads_back(void **state)
{
	for (unsigned round = 0; round < 20000; round++) {
		uint64_t bits = next_random();
		double v;

		memcpy(&v, &bits, sizeof(v));
		if (isfinite(v))
			assert_shortest(v);
		assert_shortest((double)(next_random() % 1000000000000) / 1e9);
		assert_shortest((double)(int64_t)next_random() / 1000);
		assert_shortest((double)(next_random() % 100000) / 1e8);
	}
}

static void test_num_double_ignores_the_locale(void **state)
{
	static const char *const commas[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8" };
	char buf[NUM_DOUBLE_ROOM + 1];
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(commas) && !found; i++)
		found = setlocale(LC_NUMERIC, commas[i]) != NULL;
	if (!found) {
		print_message("missing: a locale with a decimal comma (de_DE.UTF-8)\n");
		skip();
	}
	buf[num_double(buf, 1.0 / 3)] = '\0';
	setlocale(LC_NUMERIC, "C");
	assert_string_equal(buf, "0.3333333333333333");
}

static void test_num_hex_is_lower_case(void **state)
{
	char buf[NUM_HEX_ROOM(4)];

	assert_int_equal(num_hex_bytes(buf, "\x00\x0f\xa5\xff", 4), 8);
	assert_memory_equal(buf, "000fa5ff", 8);
	assert_int_equal(num_hex_bytes(buf, NULL, 0), 0);
}

static void test_num_ip_follows_rfc5952(void **state)
{
	static const char *const texts[] = {
		"::",
		"::1",
		"1::",
		"2001:db8::1",
		"2001:db8:0:1:1:1:1:1",
		"2001:0:0:1::1",
		"2001:db8::1:0:0:1",
		"fe80::204:61ff:fe9d:f156",
		"::ffff:10.0.0.1",
		"1:2:3:4:5:6:7:8",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"1:0:2:0:3:0:4:0",
		"::2:3:4:5:6:7:8",
		"1:2:3:4:5:6::",
		"64:ff9b::a00:1",
		"0:0:1::",
	};
	char buf[NUM_IPV6_ROOM + 1];
	uint8_t addr[16];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *expected = texts[i];

		assert_int_equal(inet_pton(AF_INET6, texts[i], addr), 1);
		buf[num_ipv6(buf, addr)] = '\0';
		/* One zero group is not shortened. */
		if (streq(expected, "::2:3:4:5:6:7:8"))
			expected = "0:2:3:4:5:6:7:8";
		assert_string_equal(buf, expected);
	}
	assert_int_equal(num_ipv4(buf, (const uint8_t[]){ 0, 9, 10, 255 }), 10);
	assert_memory_equal(buf, "0.9.10.255", 10);
	assert_int_equal(num_ipv4(buf, (const uint8_t[]){ 255, 255, 255, 255 }), NUM_IPV4_ROOM);
}

/* As a shell reads it. */
static void test_strbuf_words_for_a_shell(void **state)
{
	static const char *const words[][2] = {
		{ "run", "run" },
		{ "--set", "--set" },
		{ "a=b,c:d/e.f", "a=b,c:d/e.f" },
		{ "", "''" },
		{ "p99 > 10ms", "'p99 > 10ms'" },
		{ "$(x) `y`", "'$(x) `y`'" },
		{ "it's", "'it'\\''s'" },
		{ "~user", "'~user'" },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct strbuf sb = STRBUF_INIT(100);

		strbuf_add_word(&sb, words[i][0]);
		assert_string_equal(strbuf_str(&sb), words[i][1]);
		strbuf_release(&sb);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_escapes_what_is_unsafe),
		cmocka_unit_test(test_utf8_json_text_hides_nothing),
		cmocka_unit_test(test_utf8_fast_way_equals_slow_way),
		cmocka_unit_test(test_utf8_decode_follows_the_standard),
		cmocka_unit_test(test_num_integers_equal_printf),
		cmocka_unit_test(test_num_u128_keeps_inner_zeros),
		cmocka_unit_test(test_num_double_is_short),
		cmocka_unit_test(test_num_double_reads_back),
		cmocka_unit_test(test_num_double_ignores_the_locale),
		cmocka_unit_test(test_num_hex_is_lower_case),
		cmocka_unit_test(test_strbuf_words_for_a_shell),
		cmocka_unit_test(test_num_ip_follows_rfc5952),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
