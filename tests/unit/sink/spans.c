// SPDX-License-Identifier: Apache-2.0
/* Spans as lines of JSON and CSV and in tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>
#include <time.h>

#include "base/err.h"
#include "runner/sink/sink.h"
#include "tests/support/fake_source.h"
#include "tests/support/read_fixture.h"

#define START_NS 1795165200123456789ull /* 2026-11-20T09:00:00.123456789Z */
#define START "2026-11-20T09:00:00.123456789Z"
#define TRACE "11111111111111111111111111111111"

struct rec {
	uint8_t trace_id[16], span_id[8], parent_id[8];
	uint64_t start, took;
	char name[8];
	int32_t status;
	uint8_t kind;
	uint32_t pid;
	char comm[8];
	uint64_t event_at;
	char event_name[8];
	uint8_t link_trace[16], link_span[8];
	uint32_t link_why;
};

static struct field fields[] = {
	FIELD_NAMED("base.trace_id", struct rec, trace_id, KIND_BYTES),
	FIELD_NAMED("base.span_id", struct rec, span_id, KIND_BYTES),
	FIELD_NAMED("base.parent_span_id", struct rec, parent_id, KIND_BYTES),
	FIELD_NAMED("base.start", struct rec, start, KIND_UINT, .meaning = MEAN_UNIX_NS),
	FIELD_NAMED("base.span_duration_ns", struct rec, took, KIND_UINT),
	FIELD_NAMED("span_name", struct rec, name, KIND_TEXT),
	FIELD_NAMED("span_status", struct rec, status, KIND_INT, .meaning = MEAN_ERRNO),
	FIELD_NAMED("span_kind", struct rec, kind, KIND_UINT),
	FIELD(struct rec, pid, KIND_UINT, .meaning = MEAN_PID),
	FIELD_NAMED("who.comm", struct rec, comm, KIND_TEXT),
	FIELD_NAMED("span_events.0.at", struct rec, event_at, KIND_UINT, .meaning = MEAN_UNIX_NS),
	FIELD_NAMED("span_events.0.name", struct rec, event_name, KIND_TEXT),
	FIELD_NAMED("span_links.0.trace_id", struct rec, link_trace, KIND_BYTES),
	FIELD_NAMED("span_links.0.span_id", struct rec, link_span, KIND_BYTES),
	FIELD_NAMED("span_links.0.why", struct rec, link_why, KIND_UINT),
};

/* What a sink writes of a root, a child that failed, and a span of no trace. */
static char *written_by(struct sink *(*new_sink)(int fd))
{
	struct map_plan map = { .name = "calls",
				.service = "shop",
				.role = ROLE_SPANS,
				.has_value = true,
				.value = LAYOUT(struct rec, fields) };
	struct plan plan = { .maps = &map, .nmaps = 1 };
	struct wallclock *clock = wallclock_new();
	struct fake_source fake;
	struct rec rec = { .start = START_NS, .took = 1500, .pid = 7, .comm = "a\"b,\x1b" };
	struct record record = record_of(&map, NULL, &rec);
	int fd = memfd_create("spans", 0);
	struct sink *sink = new_sink(fd);
	struct err err = { 0 };
	char *text = xcalloc(1, 65536);

	memset(rec.trace_id, 0x11, 16);
	memset(rec.span_id, 0x22, 8);
	fake_source_init(&fake, "demo", &plan, clock);
	if (sink->ops->open)
		assert_int_equal(sink->ops->open(sink, &err), 0);
	assert_int_equal(sink->ops->add(sink, &fake.source, &err), 0);
	assert_int_equal(sink->ops->event(sink, &fake.source, &record), 0);
	memcpy(rec.parent_id, rec.span_id, 8);
	memset(rec.span_id, 0x33, 8);
	memcpy(rec.name, "wait\xff", 5);
	rec.status = -111;
	rec.kind = 3;
	rec.event_at = START_NS + 1;
	memcpy(rec.event_name, "retry", 5);
	memset(rec.link_trace, 0x44, 16);
	memset(rec.link_span, 0x55, 8);
	rec.link_why = 9;
	assert_int_equal(sink->ops->event(sink, &fake.source, &record), 0);
	memset(rec.trace_id, 0, 16);
	assert_int_equal(sink->ops->event(sink, &fake.source, &record), 0);
	assert_int_equal(sink->ops->flush(sink), 0);
	sink->ops->free(sink);
	assert_true(pread(fd, text, 65535, 0) > 0);
	close(fd);
	fake_source_release(&fake);
	wallclock_free(clock);
	return text;
}

static void test_spans_json(void **state)
{
	static const char root[] =
		"{\"time\":\"" START "\",\"map\":\"calls\",\"kind\":\"span\",\"trace_id\":\"" TRACE
		"\",\"span_id\":\"2222222222222222\",\"parent_span_id\":null,\"name\":\"calls\","
		"\"service\":\"shop\",\"start\":\"" START
		"\",\"end\":\"2026-11-20T09:00:00.123458289Z\",\"duration_ns\":1500,"
		"\"span_kind\":\"internal\",\"status\":\"unset\",\"status_message\":\"\","
		"\"fields\":{\"pid\":7,\"who\":{\"comm\":\"a\\\"b,\\u001b\"}},\"events\":[],"
		"\"links\":[]}\n";
	static const char child[] =
		"\",\"span_id\":\"3333333333333333\",\"parent_span_id\":\"2222222222222222\","
		"\"name\":\"wait\\u00ff\",";
	static const char child_end[] =
		"\"span_kind\":\"client\",\"status\":\"error\",\"status_message\":"
		"\"ECONNREFUSED\",\"fields\":{\"pid\":7,\"who\":{\"comm\":\"a\\\"b,\\u001b\"}},"
		"\"events\":[{\"time\":\"2026-11-20T09:00:00.123456790Z\",\"name\":\"retry\","
		"\"fields\":{}}],\"links\":[{\"trace_id\":\"44444444444444444444444444444444\","
		"\"span_id\":\"5555555555555555\",\"fields\":{\"why\":9}}]}\n";
	_cleanup_free_ char *text = written_by(sink_json_new);

	assert_memory_equal(text, root, strlen(root));
	assert_non_null(strstr(text + strlen(root), child));
	assert_string_equal(text + strlen(text) - strlen(child_end), child_end);
	assert_int_equal(strchr(text + strlen(root), '\n') - text, strlen(text) - 1);
}

static void test_spans_csv(void **state)
{
	_cleanup_free_ char *text = written_by(sink_csv_new);

	assert_string_equal(
		text,
		"time,map,kind,trace_id,span_id,parent_span_id,name,service,start,end,duration_ns,"
		"span_kind,status,status_message,pid,who.comm,count,where\n" START ",calls,span," TRACE
		",2222222222222222,,calls,shop," START ",2026-11-20T09:00:00.123458289Z,1500,"
		"internal,unset,,7,\"a\"\"b,\\x1b\",,\n" START ",calls,span," TRACE
		",3333333333333333,2222222222222222,wait\\xff,shop," START
		",2026-11-20T09:00:00.123458289Z,1500,client,error,ECONNREFUSED,7,"
		"\"a\"\"b,\\x1b\",,\n");
}

static struct sink *plain_table(int fd)
{
	return sink_table_new(fd, 0, false);
}

static void test_spans_table(void **state)
{
	_cleanup_free_ char *text = NULL;

	setenv("TZ", "UTC", 1);
	tzset();
	text = written_by(plain_table);
	assert_string_equal(
		text,
		"TIME             DURATION  NAME          SERVICE       STATUS            PID  "
		"WHO.COMM  TRACE_ID                          SPAN_ID           PARENT_SPAN_ID\n"
		"09:00:00.123456    1.50us  calls         shop                              7  "
		"a\"b,\\x1b  " TRACE "  2222222222222222\n"
		"09:00:00.123456    1.50us  wait\\xff      shop          ECONNREFUSED        7  "
		"a\"b,\\x1b  " TRACE "  3333333333333333  2222222222222222\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans_json),
		cmocka_unit_test(test_spans_csv),
		cmocka_unit_test(test_spans_table),
	};

	return cmocka_run_group_tests_name("spans", tests, NULL, NULL);
}
