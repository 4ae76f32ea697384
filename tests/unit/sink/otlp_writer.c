// SPDX-License-Identifier: Apache-2.0
/* The same message in both encodings, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/num.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp_writer.h"

struct both {
	struct strbuf bytes;
	struct otlp_writer w;
};

static void begin(struct both *b, bool json)
{
	strbuf_init(&b->bytes, 1 << 20);
	b->w = (struct otlp_writer){ &b->bytes, json };
}

/* Ends it: JSON as it is, protobuf in hex. */
static void assert_written(struct both *b, const char *want)
{
	_cleanup_free_ char *text = xcalloc(1, 2 * b->bytes.len + 1);

	assert_false(b->bytes.full);
	if (b->w.json)
		memcpy(text, strbuf_str(&b->bytes), b->bytes.len);
	else
		num_hex_bytes(text, strbuf_str(&b->bytes), b->bytes.len);
	assert_string_equal(text, want);
	strbuf_release(&b->bytes);
}

#define CHECK(json_text, proto_hex, ...)                                                           \
	do {                                                                                       \
		for (int json = 0; json < 2; json++) {                                             \
			struct both b;                                                             \
			struct otlp_writer *w = &b.w;                                              \
                                                                                                   \
			begin(&b, json);                                                           \
			__VA_ARGS__;                                                               \
			assert_written(&b, json ? (json_text) : (proto_hex));                      \
		}                                                                                  \
	} while (0)

static void test_writer_has_each_type(void **state)
{
	static const uint8_t id[] = { 0xab, 0x01 };

	CHECK("\"a\":\"x\\\"y\"", "0a03782279", otlp_string(w, OTLP_KEY(1, "a"), "x\"y", 3));
	CHECK("\"a\":\"ab01\"", "0a02ab01", otlp_id(w, OTLP_KEY(1, "a"), id, 2));
	CHECK("\"a\":\"qwE=\"", "0a02ab01", otlp_bytes(w, OTLP_KEY(1, "a"), id, 2));
	CHECK("\"a\":\"qw==\"", "0a01ab", otlp_bytes(w, OTLP_KEY(1, "a"), id, 1));
	CHECK("\"a\":\"\"", "0a00", otlp_bytes(w, OTLP_KEY(1, "a"), id, 0));
	CHECK("\"a\":true", "0801", otlp_bool(w, OTLP_KEY(1, "a"), true));
	CHECK("\"a\":300", "08ac02", otlp_enum(w, OTLP_KEY(1, "a"), 300));
	CHECK("\"a\":-2", "0803", otlp_sint32(w, OTLP_KEY(1, "a"), -2));
	CHECK("\"a\":\"-1\"", "08ffffffffffffffffff01", otlp_int64(w, OTLP_KEY(1, "a"), -1));
	CHECK("\"a\":257",
	      "85010101"
	      "0000",
	      otlp_fixed32(w, OTLP_KEY(16, "a"), 257));
	CHECK("\"a\":\"18446744073709551615\"", "09ffffffffffffffff",
	      otlp_fixed64(w, OTLP_KEY(1, "a"), UINT64_MAX));
	CHECK("\"a\":\"-2\"", "09feffffffffffffff", otlp_sfixed64(w, OTLP_KEY(1, "a"), -2));
	CHECK("\"a\":0.5", "09000000000000e03f", otlp_double(w, OTLP_KEY(1, "a"), 0.5));
	CHECK("\"a\":\"-Infinity\"", "09000000000000f0ff",
	      otlp_double(w, OTLP_KEY(1, "a"), -INFINITY));
	CHECK("\"a\":\"NaN\"", "09000000000000f87f", otlp_double(w, OTLP_KEY(1, "a"), NAN));
}

static void test_writer_has_only_valid_text(void **state)
{
	/* A byte that starts no character becomes the one of its number: U+00FF, U+00C3. */
	CHECK("\"a\":\"x\\u00ffy\"", "0a0478c3bf79", otlp_string(w, OTLP_KEY(1, "a"), "x\xffy", 3));
	CHECK("\"a\":\"\\u00c3\"", "0a02c383", otlp_string(w, OTLP_KEY(1, "a"), "\xc3", 1));
	CHECK("\"a\":\"\xc3\xa9\"", "0a02c3a9", otlp_string(w, OTLP_KEY(1, "a"), "\xc3\xa9", 2));
	CHECK("\"a\":\"\\u00ff\\u00ff\"", "0a04c3bfc3bf",
	      otlp_string(w, OTLP_KEY(1, "a"), "\xff\xff", 2));
}

static void test_writer_nests(void **state)
{
	CHECK("{\"l\":[{\"a\":1},{}],\"m\":{\"b\":2},\"e\":[]}", "0a0208010a0012021002", {
		size_t all = otlp_document(w);
		size_t m;

		otlp_list(w, OTLP_KEY(1, "l"));
		m = otlp_item(w, OTLP_KEY(1, "l"));
		otlp_enum(w, OTLP_KEY(1, "a"), 1);
		otlp_end(w, m);
		m = otlp_item(w, OTLP_KEY(1, "l"));
		otlp_end(w, m);
		otlp_list_end(w);
		m = otlp_message(w, OTLP_KEY(2, "m"));
		otlp_enum(w, OTLP_KEY(2, "b"), 2);
		otlp_end(w, m);
		otlp_list(w, OTLP_KEY(3, "e"));
		otlp_list_end(w);
		otlp_end(w, all);
	});
}

static void test_writer_packs(void **state)
{
	CHECK("\"p\":[\"1\",\"300\"],\"d\":[0.5],\"f\":[\"2\"]",
	      "0a0301ac02"
	      "1208000000000000e03f"
	      "1a080200000000000000",
	      {
		      size_t p = otlp_packed(w, OTLP_KEY(1, "p"));

		      otlp_packed_uint64(w, 1);
		      otlp_packed_uint64(w, 300);
		      otlp_packed_end(w, p);
		      p = otlp_packed(w, OTLP_KEY(2, "d"));
		      otlp_packed_double(w, 0.5);
		      otlp_packed_end(w, p);
		      p = otlp_packed(w, OTLP_KEY(3, "f"));
		      otlp_packed_fixed64(w, 2);
		      otlp_packed_end(w, p);
	      });
}

static void test_writer_has_attributes(void **state)
{
	CHECK("\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"v\"}},"
	      "{\"key\":\"n\",\"value\":{\"intValue\":\"7\"}},"
	      "{\"key\":\"b\",\"value\":{\"boolValue\":false}},"
	      "{\"key\":\"d\",\"value\":{\"doubleValue\":1}}]",
	      "4a080a016b12030a0176"
	      "4a070a016e12021807"
	      "4a070a016212021000"
	      "4a0e0a0164120921000000000000f03f",
	      {
		      otlp_list(w, OTLP_KEY(9, "attributes"));
		      otlp_attr_text(w, 9, "k", "v");
		      otlp_attr_int(w, 9, "n", 7);
		      otlp_attr_bool(w, 9, "b", false);
		      otlp_attr_double(w, 9, "d", 1);
		      otlp_list_end(w);
	      });
}

static void test_writer_stops_when_it_is_full(void **state)
{
	for (int json = 0; json < 2; json++) {
		struct both b;
		struct otlp_attr attr;

		begin(&b, json);
		b.bytes.max = 16;
		attr = otlp_attr(&b.w, 1, "key", 3);
		otlp_string(&b.w, OTLP_ANY_STRING, "longer than there is room for", 29);
		otlp_attr_end(&b.w, attr);
		assert_true(b.bytes.full);
		assert_true(b.bytes.len <= 16);
		strbuf_release(&b.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer_has_each_type),
		cmocka_unit_test(test_writer_has_only_valid_text),
		cmocka_unit_test(test_writer_nests),
		cmocka_unit_test(test_writer_packs),
		cmocka_unit_test(test_writer_has_attributes),
		cmocka_unit_test(test_writer_stops_when_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
