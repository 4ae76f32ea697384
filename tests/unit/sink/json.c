// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden.h"
#include "tests/support/sink_fixture.h"
#include <math.h>

static struct nested a_nested(void)
{
	struct nested v = { .addr = { 192, 168, 0, 1 },
			    .port = { 0x01, 0xbb },
			    .hidden = 7,
			    .ratio = 0.5,
			    .list = { 1, 2, 65535 } };

	memcpy(v.comm, "a\"\\\n\xff\x1b", 7);
	return v;
}

static void test_json_golden(void **state)
{
	struct connlat event = a_connlat();
	struct nested nested = a_nested();
	struct record record;
	struct fixture f;
	struct sink *sink;
	char *text;

	fixture_init(&f);
	sink = sink_json_new(f.fd);
	open_sink(&f, sink);
	record = record_of(&f, MAP_EVENTS, &event);
	assert_int_equal(give_event(&f, sink, &record), 0);
	event.delta_us = UINT64_MAX;
	event.af = -1;
	assert_int_equal(give_event(&f, sink, &record), 0);
	record = record_of(&f, MAP_NESTED, &nested);
	assert_int_equal(give_event(&f, sink, &record), 0);
	nested.ratio = NAN;
	assert_int_equal(give_event(&f, sink, &record), 0);
	give_lost(&f, sink, MAP_EVENTS, LOST_KERNEL, 3, FIXTURE_TIME_NS);
	give_lost(&f, sink, MAP_EVENTS, LOST_QUEUE, 4, FIXTURE_TIME_NS);

	sweep_begin(&f, MAP_CONNS);
	put_conn(&f, 1, 42);
	put_conn(&f, 2, UINT64_MAX);
	sweep_end(&f, MAP_CONNS);
	assert_int_equal(give_rows(&f, sink, MAP_CONNS), 0);
	sweep_begin(&f, MAP_CONNS);
	put_conn(&f, 1, 42);
	put_conn(&f, 2, 7);
	sweep_end(&f, MAP_CONNS);
	assert_int_equal(give_rows(&f, sink, MAP_CONNS), 0);

	sweep_begin(&f, MAP_HTTP);
	put_http(&f, 443, 1000, -5);
	sweep_end(&f, MAP_HTTP);
	assert_int_equal(give_rows(&f, sink, MAP_HTTP), 0);

	for (uint64_t us = 0; us < 8; us++)
		observe(&f, "vda", us);
	observe(&f, "vda", 1001);
	assert_int_equal(give_rows(&f, sink, MAP_LAT), 0);
	assert_int_equal(sink->ops->flush(sink), 0);
	text = written(&f);
	assert_golden("sink_json.ndjson", text);
	free(text);
	sink->ops->free(sink);
	fixture_release(&f);
}

static void test_json_overflow_labels(void **state)
{
	struct fixture f;
	struct sink *sink;
	char *text;

	fixture_init_max(&f, 1);
	sink = sink_json_new(f.fd);
	open_sink(&f, sink);
	observe(&f, "vda", 1);
	observe(&f, "vdb", 2);
	observe(&f, "vdc", 3);
	give_rows(&f, sink, MAP_LAT);
	sink->ops->flush(sink);
	text = written(&f);
	assert_non_null(strstr(text, "\"key\":{\"disk\":\"vda\"},\"count\":1,"));
	assert_non_null(strstr(text, "\"key\":{\"disk\":\"__overflow__\"},\"count\":2,\"sum\":5,"));
	free(text);
	sink->ops->free(sink);
	fixture_release(&f);
}

static void test_json_gone_has_key_only(void **state)
{
	struct fixture f;
	struct sink *sink;
	char *text;

	fixture_init(&f);
	fill_conns_with_one_gone(&f);
	sink = sink_json_new(f.fd);
	open_sink(&f, sink);
	assert_int_equal(give_rows(&f, sink, MAP_CONNS), 0);
	sink->ops->flush(sink);
	text = written(&f);
	assert_string_equal(text, "{\"time\":\"2026-11-20T09:00:00.123456789Z\",\"map\":\"conns\","
				  "\"kind\":\"counter\",\"key\":{\"daddr_v4\":\"10.0.0.1\"},"
				  "\"value\":1}\n"
				  "{\"time\":\"2026-11-20T09:00:00.123456789Z\",\"map\":\"conns\","
				  "\"kind\":\"gone\",\"key\":{\"daddr_v4\":\"10.0.0.2\"}}\n");
	free(text);
	sink->ops->free(sink);
	fixture_release(&f);
}

static void test_json_full_disk_is_an_error(void **state)
{
	struct connlat event = a_connlat();
	struct record record;
	struct fixture f;
	struct sink *sink;
	int fd = open("/dev/full", O_WRONLY);

	if (fd < 0)
		skip();
	fixture_init(&f);
	sink = sink_json_new(fd);
	open_sink(&f, sink);
	record = record_of(&f, MAP_EVENTS, &event);
	give_event(&f, sink, &record);
	assert_int_equal(sink->ops->flush(sink), -ENOSPC);
	assert_int_equal(sink->ops->flush(sink), -ENOSPC);
	sink->ops->free(sink);
	close(fd);
	fixture_release(&f);
}

/* Names are untrusted too, and so deep that no stack would hold them. */
static void test_json_hostile_names(void **state)
{
	char deep[4096];
	struct field fields[2];
	uint8_t bytes[2] = { 1, 2 };
	struct record record;
	struct fixture f;
	struct sink *sink;
	char *text;

	memset(deep, '.', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	fields[0] = (struct field)FIELD("a\"b\n", "x", 0, 8, 1, KIND_UINT, MEAN_NONE);
	fields[1] = (struct field)FIELD(deep, "y", 1, 8, 1, KIND_UINT, MEAN_NONE);
	fixture_init(&f);
	f.maps[MAP_NESTED].value = (struct layout)LAYOUT(fields, "t", 2);
	f.maps[MAP_NESTED].name = "quo\"te";
	sink = sink_json_new(f.fd);
	open_sink(&f, sink);
	record = record_of(&f, MAP_NESTED, bytes);
	assert_int_equal(give_event(&f, sink, &record), 0);
	assert_int_equal(sink->ops->flush(sink), 0);
	text = written(&f);
	assert_non_null(strstr(text, "\"map\":\"quo\\\"te\""));
	assert_non_null(strstr(text, "\"fields\":{\"a\\\"b\\u000a\":1,"));
	free(text);
	sink->ops->free(sink);
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_golden),
		cmocka_unit_test(test_json_overflow_labels),
		cmocka_unit_test(test_json_gone_has_key_only),
		cmocka_unit_test(test_json_full_disk_is_an_error),
		cmocka_unit_test(test_json_hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
