// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sink_fixture.h"
#include "runner/tui/model/order.h"
#include "runner/tui/model/shorts.h"

#define BYTES(...)                                                                                 \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

/* Each pair in order, and not the other way round. */
static void test_order_fields(void **state)
{
	static const struct {
		struct field field;
		uint8_t less[16], more[16];
	} cases[] = {
		{ FIELD("u32", "", 0, 32, 1, KIND_UINT, MEAN_NONE), BYTES(255), BYTES(0, 1) },
		{ FIELD("i32", "", 0, 32, 1, KIND_INT, MEAN_NONE, .is_signed = true),
		  BYTES(255, 255, 255, 255), BYTES(0) },
		{ FIELD("port", "", 0, 16, 1, KIND_UINT, MEAN_PORT_BE), BYTES(0, 80), BYTES(1, 0) },
		{ FIELD("ipv4", "", 0, 32, 1, KIND_UINT, MEAN_IPV4), BYTES(9, 255), BYTES(10, 0) },
		{ FIELD("ipv6", "", 0, 128, 1, KIND_BYTES, MEAN_IPV6),
		  BYTES(1, 2, 3, 4, 5, 6, 7, 8, 1, 9), BYTES(1, 2, 3, 4, 5, 6, 7, 8, 2) },
		{ FIELD("text", "", 0, 128, 1, KIND_TEXT, MEAN_NONE), "same text a",
		  "same text b" },
		{ FIELD("text", "", 0, 128, 1, KIND_TEXT, MEAN_NONE), "same text", "same text a" },
		{ FIELD("text", "", 0, 128, 1, KIND_TEXT, MEAN_NONE), "b\0zzz", "ba" },
		{ FIELD("wide", "", 0, 128, 1, KIND_UINT, MEAN_NONE), BYTES(9), BYTES(0, 1) },
		{ FIELD("wide", "", 0, 128, 1, KIND_UINT, MEAN_NONE), BYTES(255), { [8] = 1 } },
		{ FIELD("bits", "", 0, 4, 1, KIND_UINT, MEAN_NONE, .is_bits = true), BYTES(0xf2),
		  BYTES(0x03) },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct field *field = &cases[i].field;

		if (order_compare(field, cases[i].less, cases[i].more) >= 0 ||
		    order_compare(field, cases[i].more, cases[i].less) <= 0)
			fail_msg("case %zu, %s", i, field->name);
		assert_int_equal(order_compare(field, cases[i].less, cases[i].less), 0);
		assert_true(order_key(field, cases[i].less) <= order_key(field, cases[i].more));
	}
}

static void test_order_floats(void **state)
{
	static const double sorted[] = { -1e300, -2, -0.5, 0, 1e-9, 1, 3e9 };
	const struct field field = FIELD("d", "", 0, 64, 1, KIND_FLOAT, MEAN_NONE);
	double none = 0.0 / 0.0;

	for (size_t i = 1; i < ARRAY_LEN(sorted); i++)
		assert_true(order_key(&field, &sorted[i - 1]) < order_key(&field, &sorted[i]));
	assert_true(order_key(&field, &none) < order_key(&field, &sorted[0]));
}

static void test_order_shorts(void **state)
{
	static const struct {
		double value;
		const char *want;
	} cases[] = {
		{ 0, "0" },	      { -3, "0" },
		{ 0.054, "0.05" },    { 1, "1" },
		{ 7.46, "7.5" },      { 9.96, "10" },
		{ 97.96, "98" },      { 999.4, "999" },
		{ 999.6, "1.0k" },    { 12400, "12.4k" },
		{ 412007, "412k" },   { 3.1e6, "3.1M" },
		{ 999.96e3, "1.0M" }, { 1e30, "1000000000000E" },
	};
	char text[SHORT_ROOM];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		short_scaled(text, cases[i].value);
		assert_string_equal(text, cases[i].want);
	}
	short_commas(text, 0);
	assert_string_equal(text, "0");
	short_commas(text, 999);
	assert_string_equal(text, "999");
	short_commas(text, 1000);
	assert_string_equal(text, "1,000");
	short_commas(text, UINT64_MAX);
	assert_string_equal(text, "18,446,744,073,709,551,615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_fields),
		cmocka_unit_test(test_order_floats),
		cmocka_unit_test(test_order_shorts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
