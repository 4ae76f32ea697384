// SPDX-License-Identifier: Apache-2.0
/* Groups of rows and of records, and the way in and out. */
#include "tests/support/tui_fixture.h"
#include "tests/support/tui_page.h"

static void put_events(struct tui *t, const char *comm, uint64_t from_us, uint32_t count)
{
	struct connlat event = a_connlat();
	struct record record;

	memset(event.comm, 0, sizeof(event.comm));
	memcpy(event.comm, comm, strlen(comm));
	for (uint32_t i = 0; i < count; i++) {
		event.delta_us = from_us + i;
		record = record_of(&t->f, MAP_EVENTS, &event);
		model_event(t->model, &t->f.fake.source, &record);
	}
}

static void choose(struct tui *t, const char *title)
{
	struct model_page page;

	model_page(t->model, 300, 10, &page);
	for (uint32_t i = 0; i < page.ncolumns; i++)
		if (strstr(page.columns[i].title, title)) {
			model_column(t->model, page.columns[i].column);
			return;
		}
	fail_msg("no column %s", title);
}

/* The cells of a column, with blanks between. */
static void assert_column(struct tui *t, const char *title, const char *want)
{
	struct strbuf text = STRBUF_INIT(4096);
	struct model_page page;

	model_page(t->model, 300, 20, &page);
	for (uint32_t i = 0; i < page.ncolumns; i++)
		for (uint32_t r = 0; strstr(page.columns[i].title, title) && r < page.nrows; r++)
			strbuf_addf(&text, "%s%s", r ? " " : "", page.rows[r].cells[i].text);
	assert_string_equal(strbuf_str(&text), want);
	strbuf_release(&text);
}

static void test_groups_of_records(void **state)
{
	struct model_tab tab;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "events");
	put_events(&t, "curl", 1, 100); /* 1..100 */
	put_events(&t, "say \"hi\"", 1000, 3);
	tui_sweep(&t);
	choose(&t, "COMM");
	assert_true(model_do(t.model, OP_GROUP));
	model_tab(t.model, model_current(t.model), &tab);
	assert_int_equal(tab.kind, TAB_GROUPS);
	assert_column(&t, "COMM", "curl say \"hi\"");
	assert_column(&t, "RECORDS", "100 3");
	assert_column(&t, "DELTA_US.SUM", "5,050 3,003");
	assert_column(&t, "DELTA_US.P50", "50 1,001");
	assert_column(&t, "DELTA_US.P99", "99 1,001");
	assert_column(&t, "DELTA_US.MAX", "100 1,002");
	assert_column(&t, "SHARE", "97 2.9");
	/* New records count at the next sweep. */
	put_events(&t, "curl", 1, 1);
	tui_sweep(&t);
	assert_column(&t, "RECORDS", "101 3");
	/* Sorted and filtered as any table. */
	choose(&t, "MAX");
	assert_true(model_do(t.model, OP_SORT));
	assert_column(&t, "COMM", "say \"hi\" curl");
	/* Into a group, out again, and away. */
	assert_true(model_do(t.model, OP_INTO));
	assert_string_equal(model_filter_text(t.model), "comm == \"say \\\"hi\\\"\"");
	assert_column(&t, "DELTA_US", "1000 1001 1002");
	assert_true(model_do(t.model, OP_OUT));
	assert_column(&t, "RECORDS", "101 3");
	assert_true(model_do(t.model, OP_UNGROUP));
	assert_false(model_do(t.model, OP_UNGROUP));
	assert_false(model_do(t.model, OP_OUT));
	model_tab(t.model, model_current(t.model), &tab);
	assert_int_equal(tab.kind, TAB_STREAM);
	tui_release(&t);
}

static void test_groups_of_rows(void **state)
{
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 100, 20, 300);
	CONNS(&t, 110, 20, 330);
	choose(&t, "DADDR");
	assert_true(model_do(t.model, OP_GROUP));
	assert_column(&t, "DADDR", "10.0.0.3 10.0.0.1 10.0.0.2");
	assert_column(&t, "ROWS", "1 1 1");
	assert_column(&t, "VALUE", "330 110 20");
	assert_column(&t, "/s", "");
	assert_column(&t, "RATE", "30 10 0");
	/* An address as its text is a filter. */
	assert_int_equal(model_filter(t.model, "value > 50", &why), 0);
	assert_true(model_do(t.model, OP_INTO));
	assert_string_equal(model_filter_text(t.model), "daddr_v4 == \"10.0.0.3\"");
	assert_column(&t, "VALUE", "330");
	CONNS(&t, 110, 20, NONE);
	CONNS(&t, 110, 20, NONE);
	assert_true(model_do(t.model, OP_OUT));
	assert_column(&t, "DADDR", "10.0.0.1 10.0.0.2");
	/* The key's column again: no groups. */
	model_column(t.model, 0);
	assert_true(model_do(t.model, OP_GROUP));
	assert_false(model_do(t.model, OP_UNGROUP));
	tui_release(&t);
}

/* Groups by two columns as a map: the busiest first, and of each the busiest partner. */
static void test_groups_talk(void **state)
{
	struct connlat event = a_connlat();
	struct record record;
	struct model_why why;
	static const struct {
		const char *comm;
		uint8_t to;
		uint32_t count;
	} talks[] = { { "curl", 1, 3 }, { "nginx", 9, 6 }, { "curl", 2, 5 }, { "sh\x1b", 1, 1 } };
	struct tui t;

	tui_init(&t, true);
	tui_go(&t, "events");
	record = record_of(&t.f, MAP_EVENTS, &event);
	for (size_t i = 0; i < ARRAY_LEN(talks); i++)
		for (uint32_t n = 0; n < talks[i].count; n++) {
			memset(event.comm, 0, sizeof(event.comm));
			memcpy(event.comm, talks[i].comm, strlen(talks[i].comm));
			memcpy(event.daddr, (const uint8_t[]){ 10, 0, 0, talks[i].to }, 4);
			model_event(t.model, &t.f.fake.source, &record);
		}
	tui_sweep(&t);
	choose(&t, "COMM");
	assert_true(model_do(t.model, OP_GROUP));
	assert_false(model_can_view(t.model, VIEW_TALKS));
	/* The second column, beside the first. */
	choose(&t, "RECORDS");
	assert_true(model_do(t.model, OP_GROUP)); /* the rows again */
	choose(&t, "DADDR_V4");
	assert_true(model_do(t.model, OP_GROUP));
	assert_true(model_do(t.model, OP_VIEW));
	assert_page(&t, 60, 9,
		    "  COMM ──▶ DADDR_V4    ▼ RECORDS\n"
		    "> curl   ──▶ 10.0.0.2          5  ████████████████▋\n"
		    "         ──▶ 10.0.0.1          3  ██████████\n"
		    "  nginx  ──▶ 10.0.0.9          6  ████████████████████\n"
		    "  sh\\x1b ──▶ 10.0.0.1          1  ███▎\n");
	/* All columns again are where they were. */
	assert_false(model_do(t.model, OP_SHOW_ALL));
	/* Filtered and gone into as any groups. */
	assert_int_equal(model_filter(t.model, "records > 2", &why), 0);
	assert_true(model_do(t.model, OP_DOWN));
	assert_true(model_do(t.model, OP_INTO));
	assert_string_equal(model_filter_text(t.model),
			    "comm == \"curl\" && daddr_v4 == \"10.0.0.1\"");
	assert_true(model_do(t.model, OP_OUT));
	tui_release(&t);
}

/* What is beyond the limit of groups is one group with a name of its own. */
static void test_groups_beyond_the_limit(void **state)
{
	enum { GROUPS = 65536, RECORDS = 70000 };
	const struct model_opts opts = { .history_bytes = 256u << 20 };
	struct connlat event = a_connlat();
	struct record record;
	struct model_page page;
	struct tui t;

	tui_init(&t, false);
	model_free(t.model);
	t.model = model_new(&opts);
	model_add(t.model, &t.f.fake.source);
	tui_go(&t, "events");
	record = record_of(&t.f, MAP_EVENTS, &event);
	for (uint32_t i = 0; i < RECORDS; i++) {
		event.tgid = i;
		model_event(t.model, &t.f.fake.source, &record);
	}
	tui_sweep(&t);
	choose(&t, "TGID");
	assert_true(model_do(t.model, OP_GROUP));
	model_page(t.model, 300, 3, &page);
	assert_int_equal(page.total, GROUPS);
	assert_string_equal(page.rows[0].cells[0].text, "__overflow__");
	assert_string_equal(page.rows[0].cells[1].text, "4,465"); /* 70,000 - 65,535 */
	assert_false(model_do(t.model, OP_INTO));
	tui_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_of_records),
		cmocka_unit_test(test_groups_of_rows),
		cmocka_unit_test(test_groups_talk),
		cmocka_unit_test(test_groups_beyond_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
