// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"
#include "base/parse.h"
#include "base/util.h"

#define NS_S 1000000000ULL

struct u64_case {
	const char *text;
	int rc;
	uint64_t value;
};

/* Every case starts from a value no case yields, which has to survive a failure. */
static void run_u64(int (*parse)(const char *, uint64_t *), const struct u64_case *cases, size_t n)
{
	const uint64_t untouched = 0x5eed5eed5eed5eedULL;

	for (size_t i = 0; i < n; i++) {
		uint64_t v = untouched;
		int rc = parse(cases[i].text, &v);

		if (rc != cases[i].rc || v != (rc ? untouched : cases[i].value))
			fail_msg("\"%s\": %d and %llu, not %d and %llu", cases[i].text, rc,
				 (unsigned long long)v, cases[i].rc,
				 (unsigned long long)cases[i].value);
	}
}

static void test_parse_u64_takes_three_bases(void **state)
{
	static const struct u64_case cases[] = {
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE },
		{ "99999999999999999999999", -ERANGE },
		{ "99999999999999999999999x", -EINVAL },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
		{ "0x10000000000000000", -ERANGE },
		{ "0XaB", 0, 0xab },
		{ "0o777", 0, 0777 },
		{ "0o1777777777777777777777", 0, UINT64_MAX },
		{ "0o2000000000000000000000", -ERANGE },
		{ "0o8", -EINVAL },
		{ "", -EINVAL },
		{ "0x", -EINVAL },
		{ "0o", -EINVAL },
		{ "x1", -EINVAL },
		{ "-1", -EINVAL },
		{ "+1", -EINVAL },
		{ " 1", -EINVAL },
		{ "1 ", -EINVAL },
		{ "1a", -EINVAL },
		{ "0xg", -EINVAL },
		{ "1.0", -EINVAL },
	};

	run_u64(parse_u64, cases, ARRAY_LEN(cases));
}

static void test_parse_i64_knows_its_limits(void **state)
{
	static const struct {
		const char *text;
		int rc;
		int64_t value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "-0", 0, 0 },
		{ "+5", 0, 5 },
		{ "-5", 0, -5 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "-9223372036854775809", -ERANGE },
		{ "-0x8000000000000000", 0, INT64_MIN },
		{ "--1", -EINVAL },
		{ "-+1", -EINVAL },
		{ "-", -EINVAL },
		{ "", -EINVAL },
		{ "1-", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t v = 77;

		assert_int_equal(parse_i64(cases[i].text, &v), cases[i].rc);
		assert_true(v == (cases[i].rc ? 77 : cases[i].value));
	}
}

static void test_parse_double_is_decimal_and_finite(void **state)
{
	static const struct {
		const char *text;
		int rc;
		double value;
	} cases[] = {
		{ "0", 0, 0 },	       { "1.5", 0, 1.5 },	{ ".5", 0, 0.5 },
		{ "5.", 0, 5 },	       { "-2.5e3", 0, -2500 },	{ "+1E-2", 0, 0.01 },
		{ "1e308", 0, 1e308 }, { "5e-324", 0, 5e-324 }, { "1e-999", 0, 0 },
		{ "1e309", -ERANGE },  { "-1e309", -ERANGE },	{ "", -EINVAL },
		{ ".", -EINVAL },      { "e5", -EINVAL },	{ "1e", -EINVAL },
		{ "1e+", -EINVAL },    { "inf", -EINVAL },	{ "nan", -EINVAL },
		{ "0x10", -EINVAL },   { " 1", -EINVAL },	{ "1,5", -EINVAL },
		{ "1.5.2", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		double v = 77;
		int rc = parse_double(cases[i].text, &v);

		if (rc != cases[i].rc || v != (rc ? 77 : cases[i].value))
			fail_msg("\"%s\": %d and %g", cases[i].text, rc, v);
	}
}

static void test_parse_bool_takes_words(void **state)
{
	static const struct {
		const char *text;
		int rc;
		bool value;
	} cases[] = {
		{ "true", 0, true },	 { "YES", 0, true },	{ "On", 0, true },
		{ "1", 0, true },	 { "false", 0, false }, { "no", 0, false },
		{ "OFF", 0, false },	 { "0", 0, false },	{ "", -EINVAL },
		{ "y", -EINVAL },	 { "2", -EINVAL },	{ "true ", -EINVAL },
		{ "truetrue", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool v = !cases[i].value;

		assert_int_equal(parse_bool(cases[i].text, &v), cases[i].rc);
		assert_int_equal(v, cases[i].rc ? !cases[i].value : cases[i].value);
	}
}

static void test_parse_duration_adds_its_units(void **state)
{
	static const struct u64_case cases[] = {
		{ "0", 0, 0 },
		{ "10", 0, 10 * NS_S },
		{ "0.25", 0, NS_S / 4 },
		{ "10s", 0, 10 * NS_S },
		{ "1m30s", 0, 90 * NS_S },
		{ "1.5h", 0, 5400 * NS_S },
		{ "250ms", 0, 250000000 },
		{ "5us", 0, 5000 },
		{ "5\u00b5s", 0, 5000 },
		{ "7ns", 0, 7 },
		{ "1.9ns", 0, 1 },
		{ "2h", 0, 7200 * NS_S },
		{ "1d2h3m4s5ms6us7ns", 0, 93784005006007ULL },
		{ "1.0000000000000000000000001s", 0, NS_S },
		{ "18446744073709551615ns", 0, UINT64_MAX },
		{ "18446744073709551616ns", -ERANGE },
		{ "18446744073s", 0, 18446744073 * NS_S },
		{ "18446744074", -ERANGE },
		{ "213503d24h", -ERANGE },
		{ "999999999999d1x", -EINVAL },
		{ "", -EINVAL },
		{ "s", -EINVAL },
		{ "-1s", -EINVAL },
		{ "1x", -EINVAL },
		{ "1 s", -EINVAL },
		{ "1S", -EINVAL },
		{ "1m30", -EINVAL },
		{ "30s1m", -EINVAL },
		{ "1s1s", -EINVAL },
		{ "1us1\u00b5s", -EINVAL },
		{ ".5s", -EINVAL },
		{ "1.s", -EINVAL },
		{ "1.5.5s", -EINVAL },
		{ "0x10s", -EINVAL },
	};

	run_u64(parse_duration_ns, cases, ARRAY_LEN(cases));
}

static void test_parse_size_counts_in_1024(void **state)
{
	static const struct u64_case cases[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "17B", 0, 17 },
		{ "4K", 0, 4096 },
		{ "4k", 0, 4096 },
		{ "4kB", 0, 4096 },
		{ "4KiB", 0, 4096 },
		{ "4M", 0, 4ULL << 20 },
		{ "1G", 0, 1ULL << 30 },
		{ "1.5G", 0, 3ULL << 29 },
		{ "2T", 0, 2ULL << 40 },
		{ "1P", 0, 1ULL << 50 },
		{ "15E", 0, 15ULL << 60 },
		{ "16E", -ERANGE },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE },
		{ "", -EINVAL },
		{ "K", -EINVAL },
		{ "4Ki", -EINVAL },
		{ "4KK", -EINVAL },
		{ "4KBB", -EINVAL },
		{ "4iB", -EINVAL },
		{ "1.5", -EINVAL },
		{ "1.5B", -EINVAL },
		{ "-1K", -EINVAL },
		{ "4 K", -EINVAL },
		{ "4X", -EINVAL },
	};

	run_u64(parse_size, cases, ARRAY_LEN(cases));
}

static void test_parse_ip_takes_addresses_and_prefixes(void **state)
{
	static const struct {
		const char *text;
		int rc;
		unsigned len, bits;
		uint8_t addr[16];
	} cases[] = {
		{ "10.0.0.0/8", 0, 4, 8, { 10 } },
		{ "10.1.2.3", 0, 4, 32, { 10, 1, 2, 3 } },
		{ "10.1.2.3/8", 0, 4, 8, { 10, 1, 2, 3 } },
		{ "0.0.0.0/0", 0, 4, 0, { 0 } },
		{ "2001:db8::1", 0, 16, 128, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
		{ "::/0", 0, 16, 0, { 0 } },
		{ "fe80::/10", 0, 16, 10, { 0xfe, 0x80 } },
		{ "::ffff:1.2.3.4", 0, 16, 128, { [10] = 0xff, 0xff, 1, 2, 3, 4 } },
		{ "10.0.0.0/33", -ERANGE },
		{ "::/129", -ERANGE },
		{ "::/99999999999999999999", -ERANGE },
		{ "10.0.0.0/", -EINVAL },
		{ "10.0.0.0/0x8", -EINVAL },
		{ "10.0.0.0/-1", -EINVAL },
		{ "10.0.0.0/8/8", -EINVAL },
		{ "10.0.0", -EINVAL },
		{ "10.0.0.256", -EINVAL },
		{ "/8", -EINVAL },
		{ "", -EINVAL },
		{ "fe80::1%eth0", -EINVAL },
		{ "[::1]", -EINVAL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned len = 99, bits = 99;
		uint8_t addr[16] = { 0 };
		int rc = parse_ip(cases[i].text, addr, &len, &bits);

		if (rc != cases[i].rc)
			fail_msg("\"%s\": %d", cases[i].text, rc);
		assert_int_equal(len, rc ? 99 : cases[i].len);
		assert_int_equal(bits, rc ? 99 : cases[i].bits);
		assert_memory_equal(addr, cases[i].addr, sizeof(addr));
	}
}

static void test_suggest_finds_the_nearest(void **state)
{
	static const char *const names[] = { "run",	"rm",	  "pull",	 "push",
					     "prune",	"login",  "logout",	 "dashboard",
					     "package", "verify", "max-entries", "delta_us" };
	static const struct {
		const char *typed, *name;
	} cases[] = {
		{ "rnu", "run" },
		{ "rum", "run" },
		{ "RUN", "run" },
		{ "r", NULL },
		{ "pul", "pull" },
		{ "pish", "push" },
		{ "loging", "login" },
		{ "dash", "dashboard" },
		{ "dahsboard", "dashboard" },
		{ "pakcage", "package" },
		{ "verfiy", "verify" },
		{ "max_entries", "max-entries" },
		{ "delta-us", "delta_us" },
		{ "delta", "delta_us" },
		{ "", NULL },
		{ "x", NULL },
		{ "kubectl", NULL },
		{ "zzz", NULL },
	};
	char endless[100];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *name = suggest_from(cases[i].typed, names, ARRAY_LEN(names));

		if (cases[i].name ? !name || !streq(name, cases[i].name) : name != NULL)
			fail_msg("\"%s\": %s, not %s", cases[i].typed, name, cases[i].name);
	}
	assert_null(suggest_from("run", NULL, 0));
	memset(endless, 'r', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_null(suggest_from(endless, names, ARRAY_LEN(names)));
	assert_null(suggest_from("rrr", (const char *const[]){ endless }, 1));
}

static void test_suggest_prefers_the_first_of_equals(void **state)
{
	static const char *const names[] = { "cost", "cast", "cash" };

	assert_string_equal(suggest_from("cust", names, ARRAY_LEN(names)), "cost");
	assert_ptr_equal(suggest_from("cash", names, ARRAY_LEN(names)), names[2]);
}

static void test_base64_follows_the_rfc(void **state)
{
	static const struct {
		const char *plain, *text;
	} cases[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "+/+/" },
	};
	static const char *const refused[] = { "Z",
					       "Zg=",
					       "Zg===",
					       "Zg==Zg==",
					       "Zm9v=",
					       "Zm 9v",
					       "Zm9-",
					       "====",
					       "\xc3\xa4"
					       "aa" };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[32] = "", plain[32] = "";
		size_t len = strlen(cases[i].plain), n = 0;

		assert_int_equal(base64_encode(text, cases[i].plain, len), BASE64_ROOM(len));
		assert_string_equal(text, cases[i].text);
		assert_int_equal(base64_decode(plain, sizeof(plain), text, &n), 0);
		assert_int_equal(n, len);
		assert_string_equal(plain, cases[i].plain);
		text[strcspn(text, "=")] = '\0';
		assert_int_equal(base64_decode(plain, sizeof(plain), text, &n), 0);
		assert_int_equal(n, len);
		if (len)
			assert_int_equal(base64_decode(plain, len - 1, text, &n), -ENOSPC);
	}
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		char plain[32];
		size_t n = 0;

		assert_int_equal(base64_decode(plain, sizeof(plain), refused[i], &n), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_u64_takes_three_bases),
		cmocka_unit_test(test_parse_i64_knows_its_limits),
		cmocka_unit_test(test_parse_double_is_decimal_and_finite),
		cmocka_unit_test(test_parse_bool_takes_words),
		cmocka_unit_test(test_parse_duration_adds_its_units),
		cmocka_unit_test(test_parse_size_counts_in_1024),
		cmocka_unit_test(test_parse_ip_takes_addresses_and_prefixes),
		cmocka_unit_test(test_suggest_finds_the_nearest),
		cmocka_unit_test(test_suggest_prefers_the_first_of_equals),
		cmocka_unit_test(test_base64_follows_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
