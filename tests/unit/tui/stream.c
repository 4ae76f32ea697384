// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_page.h"
#include "runner/sink/stream.h"

/* Records of 48 bytes whose first field but one says which one it is. */
static void put(struct stream *s, struct fixture *f, uint32_t tgid)
{
	struct connlat event = a_connlat();
	struct record record = record_of(f, MAP_EVENTS, &event);

	event.tgid = tgid;
	record.time_ns = FIXTURE_TIME_NS + tgid;
	stream_put(s, &record);
}

static uint32_t tgid_at(const struct stream *s, uint64_t at)
{
	uint64_t number, count;
	struct record record;
	struct connlat event;

	assert_int_equal(stream_at(s, at, &record, &number, &count), NOTE_NONE);
	memcpy(&event, record.part[PART_VALUE], sizeof(event));
	assert_int_equal(record.time_ns, FIXTURE_TIME_NS + event.tgid);
	return event.tgid;
}

static void test_stream_bounded(void **state)
{
	struct stream_stats stats;
	struct fixture f;
	struct stream *s;
	uint64_t at;

	fixture_init(&f);
	s = stream_new(&f.maps[MAP_EVENTS], 64 << 10);
	assert_int_equal(stream_shown(s), 0);
	for (uint32_t i = 0; i < 10000; i++)
		put(s, &f, i);
	stats = stream_stats(s);
	assert_int_equal(stats.records, 10000);
	assert_true(stats.full);
	assert_true(stats.used_bytes <= 64 << 10);
	assert_true(stats.used_bytes >= 60 << 10);
	assert_int_equal(stats.kept, stream_shown(s));
	assert_int_equal(stats.newest_ns - stats.oldest_ns, stats.kept - 1);
	for (uint64_t i = 0; i < stats.kept; i++)
		assert_int_equal(tgid_at(s, i), 10000 - stats.kept + i);
	/* A number is for ever, its place is not. */
	assert_true(stream_find(s, 9999, &at));
	assert_int_equal(at, stats.kept - 1);
	assert_false(stream_find(s, 17, &at));
	assert_int_equal(at, 0);
	stream_free(s);
	fixture_release(&f);
}

static bool is_seventh(void *ctx, const struct record *record)
{
	struct connlat event;

	memcpy(&event, record->part[PART_VALUE], sizeof(event));
	++*(uint32_t *)ctx;
	return event.tgid % 7 == 0;
}

/* A smaller ring keeps the newest records and their numbers, a larger one has room for more. */
static void test_stream_resize(void **state)
{
	struct stream_stats stats;
	uint32_t calls = 0;
	struct fixture f;
	struct stream *s;
	uint64_t at;

	fixture_init(&f);
	s = stream_new(&f.maps[MAP_EVENTS], 256 << 10);
	for (uint32_t i = 0; i < 10000; i++)
		put(s, &f, i);
	stream_note(s, NOTE_LOST_KERNEL, 5, FIXTURE_TIME_NS);
	stream_resize(s, 64 << 10);
	stats = stream_stats(s);
	assert_true(stats.full);
	assert_int_equal(stats.records, 10000);
	assert_true(stats.max_bytes <= 64 << 10);
	assert_true(stats.used_bytes >= 60 << 10);
	assert_int_equal(stream_shown(s), stats.kept + 1);
	for (uint64_t i = 0; i < stats.kept; i++)
		assert_int_equal(tgid_at(s, i), 10000 - stats.kept + i);
	assert_true(stream_find(s, 9999, &at));
	assert_int_equal(at, stats.kept - 1);
	stream_resize(s, 256 << 10);
	for (uint32_t i = 10000; i < 11000; i++)
		put(s, &f, i);
	assert_int_equal(stream_stats(s).kept, stats.kept + 1000);
	assert_int_equal(tgid_at(s, stats.kept + 1), 10000); /* behind the note */
	assert_true(stream_find(s, 11000, &at));
	assert_int_equal(tgid_at(s, at), 10999);
	/* Under a filter, and frozen. */
	stream_filter(s, is_seventh, &calls);
	stream_freeze(s, true);
	for (uint32_t i = 11000; i < 12000; i++)
		put(s, &f, i);
	stream_resize(s, 128 << 10);
	assert_true(stream_check(s, UINT64_MAX));
	assert_int_equal(tgid_at(s, stream_shown(s) - 1), 10999 / 7 * 7);
	stream_freeze(s, false);
	assert_true(stream_check(s, UINT64_MAX));
	assert_int_equal(tgid_at(s, stream_shown(s) - 1), 11999 / 7 * 7);
	stream_free(s);
	/* One that is empty, and frozen so. */
	s = stream_new(&f.maps[MAP_EVENTS], 256 << 10);
	stream_freeze(s, true);
	stream_resize(s, 64 << 10);
	put(s, &f, 1);
	assert_int_equal(stream_shown(s), 0);
	stream_freeze(s, false);
	assert_int_equal(stream_shown(s), 1);
	stream_free(s);
	fixture_release(&f);
}

static void test_stream_filter(void **state)
{
	struct fixture f;
	struct stream *s;
	uint32_t calls = 0;
	uint64_t at, shown;

	fixture_init(&f);
	s = stream_new(&f.maps[MAP_EVENTS], 256 << 10);
	for (uint32_t i = 0; i < 1000; i++)
		put(s, &f, i);
	stream_filter(s, is_seventh, &calls);
	assert_false(stream_check(s, 10));
	assert_int_equal(calls, 10);
	assert_true(stream_check(s, 990));
	assert_int_equal(calls, 1000); /* each once */
	assert_int_equal(stream_shown(s), 143);
	for (uint32_t i = 0; i < 143; i++)
		assert_int_equal(tgid_at(s, i), 7 * i);
	assert_true(stream_find(s, 994, &at));
	assert_int_equal(at, 142);
	assert_false(stream_find(s, 15, &at));
	assert_int_equal(at, 3); /* where it would stand */
	for (uint32_t i = 1000; i < 20000; i++)
		put(s, &f, i);
	assert_true(stream_check(s, UINT64_MAX));
	shown = stream_shown(s);
	assert_int_equal(tgid_at(s, shown - 1), 19999 / 7 * 7);
	for (uint64_t i = 1; i < shown; i++)
		assert_int_equal(tgid_at(s, i), tgid_at(s, i - 1) + 7);
	stream_filter(s, NULL, NULL);
	assert_int_equal(stream_shown(s), stream_stats(s).kept);
	stream_free(s);
	fixture_release(&f);
}

/* What stood there stays, up to half; what comes goes on; what is missing is said. */
static void test_stream_freeze(void **state)
{
	uint64_t before, after, number, count, sum = 0;
	struct record record;
	uint32_t newest;
	struct fixture f;
	struct stream *s;

	fixture_init(&f);
	s = stream_new(&f.maps[MAP_EVENTS], 256 << 10);
	for (uint32_t i = 0; i < 6000; i++)
		put(s, &f, i);
	before = stream_shown(s);
	stream_freeze(s, true);
	put(s, &f, 6000);
	assert_int_equal(tgid_at(s, stream_shown(s) - 1), 5999);
	for (uint32_t i = 6001; i < 50000; i++)
		put(s, &f, i);
	after = stream_shown(s);
	assert_true(after >= before / 2 - 200 && after <= before / 2 + 200);
	assert_int_equal(tgid_at(s, after - 1), 5999);
	stream_freeze(s, false);
	assert_int_equal(stream_at(s, after, &record, &number, &count), NOTE_SKIPPED);
	newest = tgid_at(s, after + 1);
	assert_int_equal(6000 + count, newest);
	sum = after + count + (stream_shown(s) - after - 1);
	assert_int_equal(tgid_at(s, stream_shown(s) - 1), 49999);
	assert_int_equal(sum, 50000 - (6000 - after));
	put(s, &f, 50000);
	assert_int_equal(tgid_at(s, stream_shown(s) - 1), 50000);
	/* Nothing missed: nothing said. */
	stream_freeze(s, true);
	put(s, &f, 50001);
	stream_freeze(s, false);
	assert_int_equal(tgid_at(s, stream_shown(s) - 1), 50001);
	stream_free(s);
	fixture_release(&f);
}

static void test_stream_notes(void **state)
{
	uint64_t number, count;
	struct record record;
	struct fixture f;
	uint32_t calls = 0;
	struct stream *s;

	fixture_init(&f);
	s = stream_new(&f.maps[MAP_NESTED], 64 << 10);
	stream_note(s, NOTE_LOST_KERNEL, 312, 5);
	assert_int_equal(stream_at(s, 0, &record, &number, &count), NOTE_LOST_KERNEL);
	assert_int_equal(count, 312);
	assert_int_equal(stream_stats(s).kept, 0);
	stream_filter(s, is_seventh, &calls);
	assert_true(stream_check(s, 10));
	assert_int_equal(calls, 0);
	assert_int_equal(stream_shown(s), 1); /* a filter hides no loss */
	stream_free(s);
	fixture_release(&f);
}

/* Records that are larger than the ring, and ones of a byte. */
static void test_stream_sizes(void **state)
{
	static uint8_t bytes[1 << 20];
	struct fixture f;
	struct map_plan map;
	struct record record;

	fixture_init(&f);
	for (uint32_t size = 1; size <= sizeof(bytes); size *= 32) {
		struct stream *s;

		map = f.maps[MAP_EVENTS];
		map.value.size_bytes = size;
		record = (struct record){ .map = &map,
					  .part = { NULL, bytes },
					  .value_bytes = size };
		s = stream_new(&map, 64 << 10);
		for (uint32_t i = 0; i < 5000 && (size < 4096 || i < 9); i++)
			stream_put(s, &record);
		stream_note(s, NOTE_LOST_QUEUE, 1, 0);
		assert_true(stream_shown(s) >= 4);
		stream_free(s);
	}
	fixture_release(&f);
}

/* The tab. */

static void event(struct tui *t, const char *comm, uint32_t tgid)
{
	struct connlat event = a_connlat();
	struct record record = record_of(&t->f, MAP_EVENTS, &event);

	memset(event.comm, 0, sizeof(event.comm));
	memcpy(event.comm, comm, MIN(strlen(comm), sizeof(event.comm)));
	event.tgid = tgid;
	model_event(t->model, &t->f.fake.source, &record);
}

#define HEADER                                                                                     \
	"  TIME             SADDR_V4         DADDR_V4         COMM          DELTA_US    TS_US    " \
	"TGID     AF\n"

/* The rows' column TGID. */
static void assert_tgids(struct tui *t, uint32_t height, const char *want)
{
	struct strbuf sb = STRBUF_INIT(1 << 16);
	struct model_page page;
	uint32_t k = 0;

	model_page(t->model, 200, height, &page);
	while (!strstr(page.columns[k].title, "TGID"))
		k++;
	for (uint32_t i = 0; i < page.nrows; i++)
		strbuf_addf(&sb, "%s%s", i ? " " : "",
			    page.rows[i].note ? page.rows[i].note : page.rows[i].cells[k].text);
	assert_string_equal(strbuf_str(&sb), want);
	strbuf_release(&sb);
}

static void test_stream_page(void **state)
{
	struct tui t;

	tui_init(&t, true);
	assert_page(&t, 110, 3, HEADER "(no events yet)\n");
	event(&t, "curl", 1);
	event(&t, "a\x1b[31m\xff", 2);
	event(&t, "\xe8\xaa\x9e\xe8\xaa\x9e", 3);
	model_lost(t.model, &t.f.fake.source, &t.f.maps[MAP_EVENTS], LOST_KERNEL, 1312);
	/* It follows; nothing raw comes through; a wide character has two cells. */
	assert_page(&t, 110, 3,
		    "  TIME             SADDR_V4         DADDR_V4         COMM             "
		    "DELTA_US       TS_US    TGID     AF\n"
		    "  09:00:00.123456  10.0.0.1         8.8.8.8          a\\x1b[31m\\xff        "
		    "1220  5149693413       2      2\n"
		    "  09:00:00.123456  10.0.0.1         8.8.8.8          語語                 "
		    "1220  5149693413       3      2\n"
		    "> ──── 1312 events of 'events' lost: ring buffer full; widen with --ring "
		    "events=4M ───────────────────────────\n");
	tui_release(&t);
}

/* Up holds it still, what comes goes on behind, G follows again. */
static void test_stream_follow(void **state)
{
	struct model_status status;
	struct tui t;

	tui_init(&t, false);
	model_column(t.model, 7);
	for (uint32_t i = 0; i < 10; i++)
		event(&t, "curl", i);
	assert_tgids(&t, 3, "7 8 9");
	assert_true(model_following(t.model));
	assert_false(model_do(t.model, OP_DOWN));
	assert_true(model_do(t.model, OP_UP));
	assert_true(model_paused(t.model) && !model_following(t.model));
	for (uint32_t i = 10; i < 20; i++)
		event(&t, "curl", i);
	assert_tgids(&t, 3, "7 8 9");
	assert_cursor(&t, 8);
	model_status(t.model, &status);
	assert_string_equal(status.left[0], "row 9/10");
	assert_true(model_do(t.model, OP_PAGE_UP));
	assert_true(model_do(t.model, OP_LAST));
	assert_tgids(&t, 3, "17 18 19");
	assert_false(model_paused(t.model));
	assert_false(model_do(t.model, OP_LAST));
	event(&t, "curl", 20);
	assert_tgids(&t, 3, "18 19 20");
	assert_true(model_do(t.model, OP_PAUSE));
	event(&t, "curl", 21);
	assert_tgids(&t, 3, "18 19 20");
	assert_true(model_do(t.model, OP_FOLLOW));
	assert_tgids(&t, 3, "19 20 21");
	tui_release(&t);
}

static void test_stream_picks(void **state)
{
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	for (uint32_t i = 0; i < 1000; i++)
		event(&t, i % 2 ? "curl" : "Nginx", i);
	assert_int_equal(model_filter(t.model, "nGIN", &why), 0);
	assert_tgids(&t, 3, "994 996 998");
	assert_int_equal(model_filter(t.model, "comm == curl && tgid < 500", &why), 0);
	assert_tgids(&t, 3, "495 497 499");
	event(&t, "curl", 7);
	event(&t, "curl", 700);
	assert_tgids(&t, 3, "497 499 7");
	assert_int_equal(model_filter(t.model, "tgid >", &why), -EINVAL);
	assert_int_equal(why.caret, 6);
	assert_tgids(&t, 3, "497 499 7");
	/* Sorted, it stands still. */
	model_column(t.model, 6);
	assert_true(model_do(t.model, OP_SORT));
	assert_true(model_paused(t.model));
	assert_tgids(&t, 3, "9 7 7");
	assert_true(model_do(t.model, OP_FIRST));
	assert_tgids(&t, 3, "499 497 495");
	assert_true(model_do(t.model, OP_SORT));
	assert_tgids(&t, 1, "499"); /* the cursor's row stays in sight */
	assert_true(model_do(t.model, OP_FIRST));
	assert_tgids(&t, 3, "1 3 5");
	assert_true(model_do(t.model, OP_FOLLOW));
	assert_int_equal(model_filter(t.model, NULL, &why), 0);
	assert_tgids(&t, 3, "999 7 700");
	/* Marks do not stop it; to go to them does. */
	assert_int_equal(model_mark(t.model, "tgid == 998", &why), 0);
	assert_true(model_following(t.model));
	assert_true(model_do(t.model, OP_FOUND_PREV));
	assert_true(model_paused(t.model));
	assert_tgids(&t, 1, "998");
	tui_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream_resize), cmocka_unit_test(test_stream_bounded),
		cmocka_unit_test(test_stream_filter), cmocka_unit_test(test_stream_freeze),
		cmocka_unit_test(test_stream_notes),  cmocka_unit_test(test_stream_sizes),
		cmocka_unit_test(test_stream_page),   cmocka_unit_test(test_stream_follow),
		cmocka_unit_test(test_stream_picks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
