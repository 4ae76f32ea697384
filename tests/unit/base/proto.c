// SPDX-License-Identifier: Apache-2.0
/* Protocol Buffers' wire format, byte for byte, as its encoding guide has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/num.h"
#include "base/proto.h"
#include "base/util.h"

static void assert_hex(struct strbuf *sb, const char *want)
{
	_cleanup_free_ char *hex = xmalloc(NUM_HEX_ROOM(sb->len) + 1);

	hex[num_hex_bytes(hex, strbuf_str(sb), sb->len)] = '\0';
	assert_string_equal(hex, want);
	strbuf_reset(sb);
}

static void test_proto_varints(void **state)
{
	static const struct {
		uint64_t v;
		const char *want;
	} cases[] = {
		{ 0, "00" },
		{ 1, "01" },
		{ 127, "7f" },
		{ 128, "8001" },
		{ 150, "9601" },
		{ 16383, "ff7f" },
		{ 16384, "808001" },
		{ UINT32_MAX, "ffffffff0f" },
		{ INT64_MAX, "ffffffffffffffff7f" },
		{ 1ULL << 63, "80808080808080808001" },
		{ UINT64_MAX, "ffffffffffffffffff01" },
	};
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(1024);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		proto_varint(&sb, cases[i].v);
		assert_hex(&sb, cases[i].want);
	}
}

static void test_proto_fields(void **state)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(1024);

	proto_u64(&sb, 1, 150);
	assert_hex(&sb, "089601");
	proto_u64(&sb, 15, 0);
	assert_hex(&sb, "7800");
	proto_u64(&sb, 16, 1); /* the first whose key takes two bytes */
	assert_hex(&sb, "800101");
	proto_u64(&sb, 536870911, 1); /* the last there is */
	assert_hex(&sb, "f8ffffff0f01");
	proto_fixed32(&sb, 1, 0x01020304);
	assert_hex(&sb, "0d04030201");
	proto_fixed64(&sb, 2, 0x0102030405060708);
	assert_hex(&sb, "110807060504030201");
	proto_double(&sb, 3, 1.0);
	assert_hex(&sb, "19000000000000f03f");
	proto_raw64(&sb, 1);
	assert_hex(&sb, "0100000000000000");
	proto_bytes(&sb, 2, "testing", 7);
	assert_hex(&sb, "120774657374696e67");
	proto_bytes(&sb, 2, "", 0);
	assert_hex(&sb, "1200");
}

static void test_proto_zigzag(void **state)
{
	static const struct {
		int64_t v;
		uint64_t want;
	} cases[] = {
		{ 0, 0 },
		{ -1, 1 },
		{ 1, 2 },
		{ -2, 3 },
		{ INT32_MAX, 4294967294 },
		{ INT32_MIN, 4294967295 },
		{ INT64_MAX, UINT64_MAX - 1 },
		{ INT64_MIN, UINT64_MAX },
	};
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(64);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_true(proto_zigzag(cases[i].v) == cases[i].want);
	proto_sint(&sb, 5, -3);
	assert_hex(&sb, "2805");
}

/* The length's own length: what is behind it moves where one byte is not enough. */
static void test_proto_messages_of_any_length(void **state)
{
	static const size_t lengths[] = { 0,	 1,	125,   126,   127,  128,
					  16381, 16382, 16383, 16384, 70000 };
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(1 << 20), want = STRBUF_INIT(1 << 20);
	_cleanup_free_ char *text = xmalloc(70000);

	memset(text, 'x', 70000);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		size_t outer = proto_open(&sb, 3), inner = proto_open(&sb, 1);
		size_t head;

		strbuf_add(&sb, text, lengths[i]);
		proto_close(&sb, inner);
		proto_close(&sb, outer);
		proto_bytes(&want, 1, text, lengths[i]);
		head = want.len;
		strbuf_reset(&want);
		proto_u64(&want, 3, head);
		want.buf[0] = 3 << 3 | 2; /* the same key, of bytes */
		proto_bytes(&want, 1, text, lengths[i]);
		assert_int_equal(sb.len, want.len);
		assert_memory_equal(sb.buf, want.buf, sb.len);
		strbuf_reset(&sb);
		strbuf_reset(&want);
	}
}

static void test_proto_delimited(void **state)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(1024);
	size_t at;

	for (int i = 0; i < 2; i++) {
		at = proto_open_delimited(&sb);
		proto_u64(&sb, 1, 150);
		proto_close(&sb, at);
	}
	assert_hex(&sb, "0308960103089601");
}

/* Whatever its size is: nothing is written over the end, and `full` says that something is missing.
 */
static void test_proto_full(void **state)
{
	for (size_t max = 0; max < 150; max++) {
		_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(max);
		size_t at = proto_open(&sb, 1);

		for (int i = 0; i < 20; i++)
			proto_fixed32(&sb, 2, 7);
		proto_bytes(&sb, 3, "0123456789012345678901234567890123456789", 40);
		proto_close(&sb, at);
		assert_true(sb.len <= max);
		assert_int_equal(sb.full, max < 145); /* 2 + 100 + 42, and a byte more of length */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proto_varints),
		cmocka_unit_test(test_proto_fields),
		cmocka_unit_test(test_proto_zigzag),
		cmocka_unit_test(test_proto_messages_of_any_length),
		cmocka_unit_test(test_proto_delimited),
		cmocka_unit_test(test_proto_full),
	};

	return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
