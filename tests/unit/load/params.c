// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/params.h"

#define NUMBER(bits, sign)                                                                         \
	{                                                                                          \
		.kind = (sign) ? KIND_INT : KIND_UINT, .is_signed = (sign), .size_bits = (bits),   \
		.count = 1                                                                         \
	}
#define MEANING(mean, bits)                                                                        \
	{                                                                                          \
		.kind = KIND_UINT, .meaning = (mean), .size_bits = (bits), .count = 1              \
	}

static const struct field u8 = NUMBER(8, false), u16 = NUMBER(16, false), u32 = NUMBER(32, false),
			  u64 = NUMBER(64, false), u128 = NUMBER(128, false), s8 = NUMBER(8, true),
			  s16 = NUMBER(16, true), s64 = NUMBER(64, true);
static const struct field flag = { .kind = KIND_BOOL, .size_bits = 8, .count = 1 };
static const struct field text8 = { .kind = KIND_TEXT, .size_bits = 64, .count = 1 };
static const struct field bytes4 = { .kind = KIND_BYTES, .size_bits = 32, .count = 1 };
static const struct field mac = {
	.kind = KIND_BYTES, .meaning = MEAN_MAC, .size_bits = 48, .count = 1
};
static const struct field v4 = MEANING(MEAN_IPV4, 32), port = MEANING(MEAN_PORT_BE, 16);
static const struct field v6 = {
	.kind = KIND_BYTES, .meaning = MEAN_IPV6, .size_bits = 128, .count = 1
};
static const struct field ip = { .kind = KIND_BYTES,
				 .meaning = MEAN_IP,
				 .size_bits = 160,
				 .count = 1,
				 .family_at = 16,
				 .family_bytes = 4 };
static const struct field ns = MEANING(MEAN_DURATION_NS, 64);
static const struct field us = {
	.kind = KIND_UINT, .meaning = MEAN_DURATION_US, .size_bits = 32, .count = 1, .unit = "us"
};
static const struct field ms = {
	.kind = KIND_UINT, .meaning = MEAN_DURATION_MS, .size_bits = 64, .count = 1, .unit = "ms"
};
static const struct field size = MEANING(MEAN_SIZE_BYTES, 64);
static const struct field list16 = {
	.kind = KIND_INT, .is_signed = true, .size_bits = 16, .count = 4
};
static const struct field v4list = {
	.kind = KIND_UINT, .meaning = MEAN_IPV4, .size_bits = 32, .count = 2
};
static const struct field chr = {
	.kind = KIND_INT, .meaning = MEAN_CHAR, .is_signed = true, .size_bits = 8, .count = 1
};
static const struct field f32 = { .kind = KIND_FLOAT, .size_bits = 32, .count = 1 };
static const struct field f64 = { .kind = KIND_FLOAT, .size_bits = 64, .count = 1 };
static struct enum_name colors[] = { { -5, "BLUE" }, { 0, "RED" }, { 7, "GREEN" } };
static const struct enum_names color_names = { 3, true, colors };
static const struct field color = {
	.kind = KIND_ENUM, .is_signed = true, .size_bits = 32, .count = 1, .enums = &color_names
};

/* What is written, and what is read back (NULL: the same text). */
static void test_params_write_and_read_back(void **state)
{
	static const struct {
		const struct field *field;
		const char *text, *again;
	} cases[] = {
		{ &u8, "255", NULL },
		{ &u8, "0", NULL },
		{ &u8, "0xff", "255" },
		{ &u16, "65535", NULL },
		{ &u32, "4294967295", NULL },
		{ &u64, "18446744073709551615", NULL },
		{ &u128, "340282366920938463463374607431768211455", NULL },
		{ &s8, "-128", NULL },
		{ &s8, "127", NULL },
		{ &s16, "-32768", NULL },
		{ &s64, "-9223372036854775808", NULL },
		{ &s64, "9223372036854775807", NULL },
		{ &flag, "true", NULL },
		{ &flag, "no", "false" },
		{ &flag, "1", "true" },
		{ &text8, "seven77", NULL },
		{ &text8, "", NULL },
		{ &text8, "a,b c", NULL },
		{ &bytes4, "deadbeef", NULL },
		{ &bytes4, "DE:AD", "dead0000" },
		{ &mac, "aa:bb:cc:00:11:22", NULL },
		{ &v4, "10.0.0.1", NULL },
		{ &v6, "2001:db8::1", NULL },
		{ &ip, "10.1.2.3", NULL },
		{ &ip, "fe80::1", NULL },
		{ &port, "443", NULL },
		{ &port, "65535", NULL },
		{ &ns, "10ms", "10000000" },
		{ &ns, "5", NULL },
		{ &us, "10ms", "10000" },
		{ &us, "7", NULL },
		{ &ms, "2s", "2000" },
		{ &size, "4M", "4194304" },
		{ &size, "12", NULL },
		{ &list16, "1,-2,3,4", NULL },
		{ &list16, "1,-2", NULL },
		{ &list16, "", "0" },
		{ &v4list, "10.0.0.1,10.0.0.2", NULL },
		{ &chr, "x", NULL },
		{ &chr, "5", NULL },
		{ &chr, "65", "A" },
		{ &f32, "1.5", NULL },
		{ &f64, "-0.25", NULL },
		{ &color, "GREEN", NULL },
		{ &color, "-5", "BLUE" },
		{ &color, "BLUE", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct field *f = cases[i].field;
		size_t bytes = (size_t)f->size_bits / 8 * f->count;
		uint8_t value[64];
		char text[128];
		struct err err = { 0 };

		memset(value, 0xa5, sizeof(value));
		if (param_write(f, cases[i].text, value, bytes, "parameter x", &err))
			fail_msg("'%s': %s", cases[i].text, err.msg);
		assert_int_equal(value[bytes], 0xa5);
		param_read(f, value, text, sizeof(text));
		assert_string_equal(text, cases[i].again ? cases[i].again : cases[i].text);
	}
}

static void test_params_bytes_are_the_kernels(void **state)
{
	static const struct {
		const struct field *field;
		const char *text;
		size_t len;
		uint8_t bytes[20];
	} cases[] = {
		{ &v4, "10.0.0.1", 4, { 10, 0, 0, 1 } },
		{ &port, "443", 2, { 1, 187 } },
		{ &text8, "ab", 8, { 'a', 'b' } },
		{ &bytes4, "de", 4, { 0xde } },
		{ &flag, "yes", 1, { 1 } },
		{ &chr, "x", 1, { 'x' } },
		{ &v6, "::1", 16, { [15] = 1 } },
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		{ &ip, "1.2.3.4", 20, { 1, 2, 3, 4, [16] = 2 } },
		{ &ip, "::2", 20, { [15] = 2, [16] = 10 } },
		{ &list16, "1,-2", 8, { 1, 0, 0xfe, 0xff } },
		{ &color, "BLUE", 4, { 0xfb, 0xff, 0xff, 0xff } },
#endif
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t value[20];

		memset(value, 0xa5, sizeof(value));
		assert_int_equal(
			param_write(cases[i].field, cases[i].text, value, cases[i].len, "p", NULL),
			0);
		assert_memory_equal(value, cases[i].bytes, cases[i].len);
	}
}

static void test_params_refuse(void **state)
{
	static const struct {
		const struct field *field;
		const char *text, *part;
	} cases[] = {
		{ &u8, "256", "parameter x: 256 is more than 255" },
		{ &u8, "-1", "-1 is less than 0" },
		{ &u16, "70000", "70000 is more than 65535" },
		{ &s8, "128", "more than 127" },
		{ &s8, "-129", "less than -128" },
		{ &u64, "18446744073709551616", "more than 18446744073709551615" },
		{ &u128, "340282366920938463463374607431768211456", "out of range" },
		{ &u32, "", "not a number" },
		{ &u32, "12x", "not a number" },
		{ &u32, "--1", "not a number" },
		{ &u32, "-", "not a number" },
		{ &u32, " 1", "not a number" },
		{ &flag, "maybe", "neither true nor false" },
		{ &text8, "eight888", "longer than 7 bytes" },
		{ &bytes4, "deadbeef00", "more than 4 bytes" },
		{ &bytes4, "d", "hex" },
		{ &bytes4, "xy", "hex" },
		{ &mac, "aa:bb", "not 6 bytes" },
		{ &v4, "::1", "not an IPv4 address" },
		{ &v4, "10.0.0.0/8", "not an address" },
		{ &v6, "10.0.0.1", "not an IPv6 address" },
		{ &ip, "host", "not an address" },
		{ &port, "65536", "more than 65535" },
		{ &us, "1500ns", "whole number of us" },
		{ &us, "5000s", "more than 4294967295" },
		{ &ms, "soon", "length of time" },
		{ &size, "4Q", "not a size" },
		{ &list16, "1,2,3,4,5", "more than 4 values" },
		{ &list16, "1,,2", "not a number" },
		{ &list16, "1,40000", "more than 32767" },
		{ &color, "PINK", "none of the enum's names" },
		{ &color, "3", "none of the" },
		{ &chr, "xy", "not a number" },
		{ &f64, "1.5x", "not a number" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t bytes = (size_t)cases[i].field->size_bits / 8 * cases[i].field->count;
		uint8_t value[32], before[32];
		struct err err = { 0 };
		int rc;

		memset(value, 0xa5, sizeof(value));
		memcpy(before, value, sizeof(value));
		rc = param_write(cases[i].field, cases[i].text, value, bytes, "parameter x", &err);
		if (rc >= 0 || !strstr(err.msg, cases[i].part))
			fail_msg("'%s': %d '%s'", cases[i].text, rc, err.msg);
		assert_int_equal(err.exit, EXIT_USAGE);
		assert_memory_equal(value, before, sizeof(value));
	}
}

static void test_params_suggest_enum_names(void **state)
{
	uint8_t value[4];
	struct err err = { 0 };

	assert_true(param_write(&color, "GREN", value, 4, "p", &err) < 0);
	assert_string_equal(err.hint, "did you mean 'GREEN'?");
}

static void test_params_never_write_over_the_variable(void **state)
{
	uint8_t value[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

	assert_true(param_write(&u64, "5", value, 4, "p", NULL) < 0);
	assert_int_equal(value[0], 1);
	/* A variable that is larger than its field has zeros behind it. */
	assert_int_equal(param_write(&u8, "5", value, 8, "p", NULL), 0);
	assert_int_equal(value[0], 5);
	assert_int_equal(value[7], 0);
}

static void test_params_read_cuts_text_to_the_room(void **state)
{
	char text[4];

	assert_int_equal(param_read(&text8, "abcdefgh", text, sizeof(text)), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(param_read(&u64, "\0\0\0\0\0\0\0\0", text, 0), 0);
}

/* A namespace by its number, by a path, or the own one. */
static void test_params_take_namespaces(void **state)
{
	static const struct field netns = MEANING(MEAN_NETNS, 32);
	struct err err = { 0 };
	uint32_t value = 0;
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(param_write(&netns, "self", &value, 4, "p", NULL), 0);
	assert_int_equal(value, st.st_ino);
	assert_int_equal(param_write(&netns, "7", &value, 4, "p", NULL), 0);
	assert_int_equal(value, 7);
	assert_int_equal(param_write(&netns, "/proc/self/ns/net", &value, 4, "p", NULL), 0);
	assert_int_equal(value, st.st_ino);
	assert_true(param_write(&netns, "/no/such/path", &value, 4, "p", &err) < 0);
	assert_string_equal(err.msg, "p: /no/such/path: No such file or directory");
	assert_true(param_write(&netns, "mine", &value, 4, "p", NULL) < 0);
	assert_int_equal(value, st.st_ino);
}

static void test_params_set_by_name(void **state)
{
	struct param params[] = {
		{ .name = "min_us",
		  .field = NUMBER(64, false),
		  .section_off_bytes = 0,
		  .size_bytes = 8 },
		{ .name = "max_pid",
		  .field = NUMBER(16, false),
		  .section_off_bytes = 8,
		  .size_bytes = 2 },
	};
	struct plan plan = { .params = params, .nparams = 2 };
	uint8_t rodata[10] = { 0 };
	struct err err = { 0 };

	assert_int_equal(params_set(&plan, rodata, sizeof(rodata), "max_pid", "513", &err), 0);
	assert_int_equal(rodata[8], 1);
	assert_int_equal(rodata[9], 2);
	assert_true(params_set(&plan, rodata, sizeof(rodata), "min_uz", "1", &err) < 0);
	assert_string_equal(err.hint, "did you mean 'min_us'?");
	assert_int_equal(err.exit, EXIT_USAGE);
	err = (struct err){ 0 };
	assert_true(params_set(&plan, rodata, sizeof(rodata), "max_pid", "70000", &err) < 0);
	assert_string_equal(err.msg, "parameter max_pid: 70000 is more than 65535");
	/* A section that is smaller than the plan says. */
	assert_true(params_set(&plan, rodata, 9, "max_pid", "1", NULL) < 0);
	assert_int_equal(rodata[8], 1);
	assert_int_equal(rodata[9], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_params_write_and_read_back),
		cmocka_unit_test(test_params_bytes_are_the_kernels),
		cmocka_unit_test(test_params_refuse),
		cmocka_unit_test(test_params_suggest_enum_names),
		cmocka_unit_test(test_params_never_write_over_the_variable),
		cmocka_unit_test(test_params_read_cuts_text_to_the_room),
		cmocka_unit_test(test_params_take_namespaces),
		cmocka_unit_test(test_params_set_by_name),
	};

	return cmocka_run_group_tests_name("load_params", tests, NULL, NULL);
}
