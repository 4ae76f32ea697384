// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/print/csv_sheet.h"
#include "tests/support/golden.h"
#include "tests/support/sink_fixture.h"

static void give_events(struct fixture *f, struct sink *sink)
{
	struct connlat event = a_connlat();
	struct record record = record_of(f, MAP_EVENTS, &event);

	assert_int_equal(give_event(f, sink, &record), 0);
	memcpy(event.comm, "a,\"b\"\n\xff\x1b[m", 11);
	assert_int_equal(give_event(f, sink, &record), 0);
	memcpy(event.comm, " space\0", 7);
	assert_int_equal(give_event(f, sink, &record), 0);
	memcpy(event.comm, "gr\xc3\xbc\xc3\x9f\0", 8);
	assert_int_equal(give_event(f, sink, &record), 0);
}

static void test_csv_golden(void **state)
{
	struct nested nested = { .addr = { 192, 168, 0, 1 },
				 .port = { 0, 53 },
				 .ratio = -0.25,
				 .comm = "dig",
				 .list = { 1, 2, 3 } };
	struct record record;
	struct fixture f;
	struct sink *sink;
	char *text;

	fixture_init(&f);
	sink = sink_csv_new(f.fd);
	open_sink(&f, sink);
	give_events(&f, sink);
	give_lost(&f, sink, MAP_EVENTS, LOST_KERNEL, 3, FIXTURE_TIME_NS);
	give_lost(&f, sink, MAP_EVENTS, LOST_QUEUE, 4, FIXTURE_TIME_NS);
	give_events(&f, sink);
	record = record_of(&f, MAP_NESTED, &nested);
	assert_int_equal(give_event(&f, sink, &record), 0);
	sweep_begin(&f, MAP_CONNS);
	put_conn(&f, 1, 42);
	put_conn(&f, 2, UINT64_MAX);
	sweep_end(&f, MAP_CONNS);
	assert_int_equal(give_rows(&f, sink, MAP_CONNS), 0);
	sweep_begin(&f, MAP_HTTP);
	put_http(&f, 443, 1000, -5);
	sweep_end(&f, MAP_HTTP);
	assert_int_equal(give_rows(&f, sink, MAP_HTTP), 0);
	for (uint64_t us = 0; us < 8; us++)
		observe(&f, "vda", us);
	observe(&f, "vd,a", 1001);
	assert_int_equal(give_rows(&f, sink, MAP_LAT), 0);
	assert_int_equal(sink->ops->flush(sink), 0);
	text = written(&f);
	assert_golden("sink_csv.csv", text);
	free(text);
	sink->ops->free(sink);
	fixture_release(&f);
}

/* What is gone has as many columns as what is there. */
static void test_csv_gone_keeps_columns(void **state)
{
	uint8_t key[8] = "vda", flag = SERIES_GONE;
	union cell cells[8] = { { .u = 1 } };
	uint64_t ns = 0, id = 1;
	struct series_rows rows = { .count = 1,
				    .max = 1,
				    .keys = key,
				    .cells = cells,
				    .flags = &flag,
				    .change_ns = &ns,
				    .id = &id };
	struct fixture f;
	struct sink *sink;
	char *text;

	fixture_init(&f);
	rows.plan = &f.metrics[MAP_LAT];
	sink = sink_csv_new(f.fd);
	open_sink(&f, sink);
	sink->ops->rows(sink, &f.fake.source, &rows, FIXTURE_TIME_NS);
	sink->ops->flush(sink);
	text = written(&f);
	assert_string_equal(text,
			    "time,map,kind,src.addr,ratio,src.port,saddr_v4,daddr_v4,comm,"
			    "delta_us,ts_us,tgid,af,list,value,bytes,depth,disk,count,sum,"
			    "le_1,le_5,le_1000,le_inf,where\n"
			    "2026-11-20T09:00:00.123456789Z,lat,gone,,,,,,,,,,,,,,,vda,,,,,,,\n");
	free(text);
	sink->ops->free(sink);
	fixture_release(&f);
}

static void assert_spread(const struct csv_sheet *sheet, const char *header, const char *line,
			  const char *want)
{
	struct csv_place place = { 0 };
	char dst[200];

	csv_place_find(&place, sheet, header);
	*csv_sheet_spread(sheet, &place, dst, line, strlen(line)) = '\0';
	assert_string_equal(dst, want);
	csv_place_release(&place);
}

/* A name that two kinds have in the same order is there once, in any order of the kinds. */
static void test_csv_sheet(void **state)
{
	struct csv_sheet sheet = { 0 };
	char *header;

	csv_sheet_add(&sheet, "t,a,b,c\n");
	csv_sheet_add(&sheet, "t,b,d");
	csv_sheet_add(&sheet, "t,x,c");
	csv_sheet_add(&sheet, "t,c,a");
	csv_sheet_add(&sheet, "t,\"q,r\"");
	csv_sheet_need(&sheet, "a");
	csv_sheet_need(&sheet, "where");
	header = csv_sheet_header(&sheet);
	assert_string_equal(header, "t,x,a,b,c,d,a,\"q,r\",where\n");
	assert_spread(&sheet, "t,a,b,c", "1,2,3,4", "1,,2,3,4,,,,");
	assert_spread(&sheet, "t,b,d", "1,\"2,\"\",\",3", "1,,,\"2,\"\",\",,3,,,");
	assert_spread(&sheet, "t,x,c", "1,,3", "1,,,,3,,,,");
	assert_spread(&sheet, "t,c,a", "1,2,3", "1,,,,2,,3,,");
	assert_spread(&sheet, "t,\"q,r\"", "1,", "1,,,,,,,,");
	assert_spread(&sheet, "t,x", "1,2", "1,2,,,,,,,");
	free(header);
	csv_sheet_release(&sheet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv_golden),
		cmocka_unit_test(test_csv_sheet),
		cmocka_unit_test(test_csv_gone_keeps_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
