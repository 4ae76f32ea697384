// SPDX-License-Identifier: Apache-2.0
/* Traces whose spans come from two maps: the list, the tree of one, and what is missing. */
#include "tests/support/golden.h"
#include "tests/support/tui_page.h"
#include "tests/support/tui_show.h"
#include "runner/read/span/span.h"

struct span {
	uint8_t trace[16], id[8], parent[8];
	uint64_t start, duration;
	int32_t code;
	char name[20];
};

static struct field span_fields[] = {
	FIELD("trace_id", "trace_id", 0, 128, 1, KIND_BYTES, MEAN_NONE),
	FIELD("span_id", "span_id", 16, 64, 1, KIND_BYTES, MEAN_NONE),
	FIELD("parent_span_id", "parent_span_id", 24, 64, 1, KIND_BYTES, MEAN_NONE),
	FIELD("span_unix_timestamp_ns", "start", 32, 64, 1, KIND_UINT, MEAN_UNIX_NS),
	FIELD("span_duration_ns", "duration", 40, 64, 1, KIND_UINT, MEAN_DURATION_NS),
	FIELD("span_status", "span_status", 48, 32, 1, KIND_INT, MEAN_ERRNO),
	FIELD("span_name", "span_name", 52, 160, 1, KIND_TEXT, MEAN_NONE),
};
static const struct layout span_layout = LAYOUT(span_fields, "span", sizeof(struct span));

#define US 1000ull

/* Two maps of spans, in a screen of their own. */
static void spans_init_as(struct show *s, bool utf8, uint32_t width, uint32_t height)
{
	struct model_opts opts = { .utf8 = utf8 };
	const uint32_t maps[] = { MAP_EVENTS, MAP_NESTED };

	show_init(s, utf8, width, height);
	screen_release(&s->screen);
	model_free(s->t.model);
	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		s->t.f.maps[maps[i]].role = ROLE_SPANS;
		s->t.f.maps[maps[i]].value = span_layout;
		s->t.f.maps[maps[i]].service = i ? "database" : "shop";
	}
	s->t.model = model_new(&opts);
	model_add(s->t.model, &s->t.f.fake.source);
	screen_init(&s->screen, s->t.model, utf8);
	tui_go(&s->t, "traces");
}

static void spans_init(struct show *s, uint32_t width, uint32_t height)
{
	spans_init_as(s, true, width, height);
}

/* Times in us after the fixture's. */
static void put(struct show *s, uint32_t map, uint8_t trace, uint8_t id, uint8_t parent,
		uint64_t start, uint64_t duration, const char *name, int32_t code)
{
	struct span span = { .trace = { trace, [15] = trace },
			     .id = { id },
			     .parent = { parent },
			     .start = FIXTURE_TIME_NS + start * US,
			     .duration = duration * US,
			     .code = code };
	struct record record;

	memcpy(span.name, name, strlen(name));
	record = record_of(&s->t.f, map, &span);
	record.time_ns = span.start + span.duration;
	model_event(s->t.model, &s->t.f.fake.source, &record);
}

/*
 *	1: checkout 0-100	(shop)
 *	     query 10-50	(database)
 *	       read 20-30	(shop)
 *	     query 40-90	(database, failed), of which 10 run beside the first
 *	2: of a parent that was not seen: two children (database)
 *	3: ping, the newest	(shop)
 */
static void put_traces(struct show *s)
{
	put(s, MAP_EVENTS, 1, 3, 2, 20, 10, "read", 0);
	put(s, MAP_NESTED, 1, 2, 1, 10, 40, "query", 0);
	put(s, MAP_NESTED, 1, 4, 1, 40, 50, "query\x1b", -5);
	put(s, MAP_EVENTS, 1, 1, 0, 0, 100, "checkout", 0);
	put(s, MAP_NESTED, 2, 5, 9, 500, 20, "left", 0);
	put(s, MAP_NESTED, 2, 6, 9, 530, 10, "right", 0);
	put(s, MAP_EVENTS, 3, 7, 0, 900, 5, "ping", 0);
	tui_sweep(&s->t);
}

static void assert_list(struct show *s, const char *title, const char *want)
{
	struct strbuf text = STRBUF_INIT(4096);
	struct model_page page;

	model_page(s->t.model, 300, 20, &page);
	for (uint32_t i = 0; i < page.ncolumns; i++)
		for (uint32_t r = 0; strstr(page.columns[i].title, title) && r < page.nrows; r++)
			strbuf_addf(&text, "%s%s", r ? "|" : "", page.rows[r].cells[i].text);
	assert_string_equal(strbuf_str(&text), want);
	strbuf_release(&text);
}

static void sort_by(struct show *s, const char *field)
{
	assert_int_equal(model_sort_by(s->t.model, field, NULL), 0);
}

static void test_traces_list(void **state)
{
	struct model_page page;
	struct model_why why;
	struct model_tab tab;
	struct show s;

	spans_init(&s, 120, 20);
	assert_shows(&s, "no spans yet");
	put_traces(&s);
	/* The newest first. */
	assert_list(&s, "NAME", "ping|left|checkout");
	assert_list(&s, "SERVICE", "shop|database|shop");
	assert_list(&s, "DURATION", "5.00us|40.0us|100us");
	assert_list(&s, "SPANS", "1|2|4");
	assert_list(&s, "FAILED", "0|0|1");
	assert_list(&s, "MISSING", "0|1|0");
	model_page(s.t.model, 120, 20, &page);
	assert_int_equal(page.rows[2].marks & ROW_WARN, ROW_WARN);
	assert_int_equal(page.rows[1].marks & ROW_WARN, 0);
	assert_shows(&s, "of 8 spans"); /* one is missing */
	/* The slowest, the failed. */
	sort_by(&s, "duration");
	assert_list(&s, "NAME", "checkout|left|ping");
	sort_by(&s, "name:up");
	assert_list(&s, "NAME", "checkout|left|ping");
	sort_by(&s, "failed");
	assert_list(&s, "NAME", "checkout|ping|left"); /* equal ones: the newest first */
	assert_int_equal(model_filter(s.t.model, "duration < 50us && missing == 0", &why), 0);
	assert_list(&s, "NAME", "ping");
	assert_int_equal(model_filter(s.t.model, "LEF", &why), 0);
	assert_list(&s, "NAME", "left");
	assert_int_equal(model_filter(s.t.model, NULL, &why), 0);
	/* A filter of a map's own tab leaves the traces whole. */
	tui_go(&s.t, "nested");
	assert_int_equal(model_filter(s.t.model, "name == \"none\"", &why), 0);
	tui_go(&s.t, "traces");
	put(&s, MAP_EVENTS, 2, 9, 0, 490, 60, "late", 0);
	tui_sweep(&s.t);
	assert_list(&s, "NAME", "checkout|ping|late");
	assert_list(&s, "MISSING", "0|0|0");
	model_tab(s.t.model, model_current(s.t.model), &tab);
	assert_int_equal(tab.kind, TAB_TRACES);
	assert_string_equal(tab.count, "1/s");
	show_release(&s);
}

static void test_traces_tree(void **state)
{
	struct model_page page;
	struct model_why why;
	struct show s;

	spans_init(&s, 110, 20);
	put_traces(&s);
	sort_by(&s, "duration");
	assert_true(model_do(s.t.model, OP_INTO));
	assert_page(
		&s.t, 110, 9,
		"  SPAN           DURATION    SELF  0                   50.0us          100us  "
		"SERVICE     MAP         STATUS\n"
		"> checkout          100us  20.0us  █████████████████████████████████████████  "
		"shop        events\n"
		"    query          40.0us  30.0us      ████████████████▍                      "
		"database    nested\n"
		"      read         10.0us  10.0us          ████                               "
		"shop        events\n"
		"    query\\x1b      50.0us  50.0us                  ████████████████████▌      "
		"database    nested      error\n");
	model_page(s.t.model, 110, 9, &page);
	assert_int_equal(page.rows[3].marks & ROW_WARN, ROW_WARN);
	assert_int_equal(page.rows[1].marks & ROW_WARN, 0);
	/* Fields of the tree are those of a filter. */
	assert_int_equal(model_filter(s.t.model, "self >= 30us && map == \"nested\"", &why), 0);
	assert_rows(&s.t, 9, "  query   query\\x1b");
	assert_int_equal(model_filter(s.t.model, NULL, &why), 0);
	/* What is folded stays so when the trace grows. */
	type(&s, "gjc");
	assert_rows(&s.t, 9, "checkout   query +1   query\\x1b");
	put(&s, MAP_EVENTS, 1, 8, 4, 45, 5, "write", 0);
	tui_sweep(&s.t);
	assert_rows(&s.t, 9, "checkout   query +1   query\\x1b     write");
	type(&s, "c");
	assert_rows(&s.t, 9, "checkout   query     read   query\\x1b     write");
	assert_shows(&s, "5 spans  1 failed  trace 01000000000000000000000000000001");
	/* Details are those of the record too. */
	type(&s, "jj\r");
	assert_shows(&s, "status                  error");
	assert_shows(&s, "span_status             EIO");
	type(&s, "\x1b\x1b");
	assert_list(&s, "NAME", "checkout|left|ping");
	show_release(&s);
}

static void test_traces_missing(void **state)
{
	struct show s;

	spans_init(&s, 110, 20);
	put_traces(&s);
	type(&s, "j\r");
	assert_rows(&s.t, 9, "(missing)   left   right");
	assert_list(&s, "DURATION", "?|20.0us|10.0us");
	assert_shows(&s, "2 spans  1 missing");
	assert_false(model_do(s.t.model, OP_INTO));
	type(&s, "\r");
	assert_shows(&s, "name      (missing)");
	type(&s, "\x1b");
	/* The parent comes. */
	put(&s, MAP_EVENTS, 2, 9, 0, 490, 60, "late", 0);
	tui_sweep(&s.t);
	assert_rows(&s.t, 9, "late   left   right");
	assert_list(&s, "SELF", "30.0us|20.0us|10.0us");
	/* All of its records go with their source; the tree stays. */
	model_remove(s.t.model, &s.t.f.fake.source);
	assert_rows(&s.t, 9, "late   left   right");
	type(&s, "\r");
	assert_shows(&s, "name      late");
	assert_hides(&s, "span_name");
	type(&s, "\x1b\x1b");
	assert_list(&s, "NAME", "ping|late|checkout");
	model_add(s.t.model, &s.t.f.fake.source);
	put(&s, MAP_EVENTS, 4, 1, 0, 0, 1, "again", 0);
	tui_sweep(&s.t);
	assert_list(&s, "NAME", "again");
	show_release(&s);
}

/* A trace of many spans, and more spans than are kept. */
static void test_traces_many(void **state)
{
	struct model_page page;
	struct show s;

	spans_init(&s, 110, 20);
	for (uint32_t i = 0; i < 300; i++)
		for (uint32_t k = 1; k <= 100; k++)
			put(&s, k % 2 ? MAP_EVENTS : MAP_NESTED, (uint8_t)(i + 1), (uint8_t)k,
			    (uint8_t)(k - 1), i * 1000 + k, 200 - 2 * k, "deep", 0);
	tui_sweep(&s.t);
	model_page(s.t.model, 110, 20, &page);
	assert_true(page.total == 163); /* of 16,384 spans, 100 of them of no trace */
	assert_shows(&s, "of the newest 16,285 spans");
	type(&s, "\r");
	model_page(s.t.model, 110, 20, &page);
	assert_int_equal(page.total, 100);
	for (uint32_t width = 0; width < 80; width++)
		free(page_text_of(&s.t, width, 4));
	show_release(&s);
}

static void check_golden(bool utf8, uint32_t width, uint32_t height)
{
	static const struct {
		const char *name, *keys;
	} scenes[] = {
		{ "the list, slowest first", "llls" },
		{ "the tree of a trace", "G\rj" },
		{ "folded", "G\rjc" },
		{ "without its root", "j\r" },
		{ "the fields of a span", "G\rjjj\r" },
	};
	struct strbuf sb = STRBUF_INIT(1 << 20);
	char path[64];
	struct show s;

	for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
		_cleanup_free_ char *text = NULL;

		spans_init_as(&s, utf8, width, height);
		put_traces(&s);
		free(look(&s));
		for (const char *k = scenes[i].keys; *k; k++) {
			screen_key(&s.screen, (unsigned char)*k);
			free(look(&s));
		}
		text = look(&s);
		strbuf_addf(&sb, "=== %s\n%s", scenes[i].name, text);
		show_release(&s);
	}
	snprintf(path, sizeof(path), "tui/%ux%u.traces%s", width, height, utf8 ? "" : ".ascii");
	assert_golden(path, strbuf_str(&sb));
	strbuf_release(&sb);
}

static void test_traces_golden(void **state)
{
	check_golden(true, 60, 10);
	check_golden(true, 80, 24);
	check_golden(true, 120, 36);
	check_golden(true, 200, 60);
	check_golden(false, 80, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traces_list),    cmocka_unit_test(test_traces_tree),
		cmocka_unit_test(test_traces_missing), cmocka_unit_test(test_traces_many),
		cmocka_unit_test(test_traces_golden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
