// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_page.h"

static void fill(struct tui *t)
{
	struct connlat event = a_connlat();
	struct record record = record_of(&t->f, MAP_EVENTS, &event);

	for (uint32_t i = 0; i < 20; i++) {
		event.tgid = i;
		model_event(t->model, &t->f.fake.source, &record);
	}
	CONNS(t, 10, 182440, 20);
}

static void test_model_tabs(void **state)
{
	static const char *const want[] = { "events 20/s", "nested 0/s", "conns 3",
					    "http 0",	   "lat 0",	 "programs 1/2" };
	struct model_tab tab;
	char text[64];
	struct tui t;

	tui_init(&t, false);
	tui_sweep(&t);
	fill(&t);
	assert_int_equal(model_tabs(t.model), ARRAY_LEN(want));
	for (uint32_t i = 0; i < ARRAY_LEN(want); i++) {
		model_tab(t.model, i, &tab);
		snprintf(text, sizeof(text), "%s %s", tab.name, tab.count);
		assert_string_equal(text, want[i]);
	}
	assert_true(tab.warns && tab.kind == TAB_PROGRAMS);
	assert_int_equal(model_current(t.model), 0);
	assert_true(model_do(t.model, OP_TAB_PREV));
	assert_int_equal(model_current(t.model), 5);
	assert_true(model_do(t.model, OP_TAB_NEXT));
	assert_int_equal(model_current(t.model), 0);
	assert_false(model_go_tab(t.model, 6));
	tui_release(&t);
}

static void test_model_programs(void **state)
{
	struct prog_stats stats[3] = { { .runs = 1000, .run_ns = 5000 } };
	struct model_status status;
	struct model_detail detail;
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "programs");
	model_status(t.model, &status);
	assert_string_equal(status.cost, "");
	model_programs(t.model, &t.f.fake.source, stats, t.now_ns);
	stats[0] = (struct prog_stats){ .runs = 25800, .run_ns = 5000 + 24800 * 1300, .misses = 7 };
	model_programs(t.model, &t.f.fake.source, stats, t.now_ns + 2 * SECOND);
	assert_page(
		&t, 120, 9,
		"  NAME         TYPE        HOOK            STATE         RUNS/s    AVG/run    "
		"CPU %    MISSED\n"
		"> tcp_connect  fentry      tcp_v4_connect  attached      12,400     1.30us      "
		"1.6         7\n"
		"  tcp_close    kprobe      tcp_close       refused            0                   "
		"0         0\n"
		"  spare        kprobe                      standby            0                   "
		"0         0\n");
	model_status(t.model, &status);
	assert_string_equal(status.prog, "prog 1/2");
	assert_string_equal(status.cost, "1.30us x 12.4k/s 1.6% cpu");
	assert_true(status.prog_missing);
	model_do(t.model, OP_DOWN);
	model_detail(t.model, &detail);
	assert_string_equal(detail.lines[detail.count - 1].name, "reason");
	assert_string_equal(detail.lines[detail.count - 1].text, "this kernel has no 'tcp_close'");
	t.f.fake.progs[0].state = PROG_DETACHED;
	t.f.fake.progs[0].reason = "it was detached from outside";
	model_programs(t.model, &t.f.fake.source, stats, t.now_ns + 3 * SECOND);
	assert_int_equal(model_filter(t.model, "state == \"detached\"", &why), 0);
	model_detail(t.model, &detail);
	assert_string_equal(detail.lines[detail.count - 1].text, t.f.fake.progs[0].reason);
	model_status(t.model, &status);
	assert_string_equal(status.prog, "prog 0/2");
	tui_release(&t);
}

static void test_model_status(void **state)
{
	struct map_stats stats = { .read = 9688, .entries = 3, .lost_known = true };
	struct model_status status;
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	fill(&t);
	stats.lost_known = false;
	model_stats(t.model, &t.f.fake.source, &t.f.maps[MAP_EVENTS], &stats);
	model_status(t.model, &status);
	assert_string_equal(status.lost, "lost ?");
	stats.lost_known = true;
	model_stats(t.model, &t.f.fake.source, &t.f.maps[MAP_EVENTS], &stats);
	model_status(t.model, &status);
	assert_string_equal(status.lost, "lost 0");
	assert_false(status.lost_any);
	assert_int_equal(status.nleft, 3);
	assert_string_equal(status.left[0], "20 rows");
	assert_string_equal(status.left[1], "history 0s, 1.1KiB");
	assert_string_equal(status.left[2], "0 ev/s");
	model_lost(t.model, &t.f.fake.source, &t.f.maps[MAP_EVENTS], LOST_KERNEL, 300);
	model_lost(t.model, &t.f.fake.source, &t.f.maps[MAP_EVENTS], LOST_QUEUE, 12);
	model_status(t.model, &status);
	assert_string_equal(status.lost, "lost 312 (3.12%)");
	assert_true(status.lost_any);
	tui_go(&t, "conns");
	stats.read = 0;
	model_stats(t.model, &t.f.fake.source, &t.f.maps[MAP_CONNS], &stats);
	model_filter(t.model, "value > 10", &why);
	model_status(t.model, &status);
	assert_int_equal(status.nleft, 3);
	assert_string_equal(status.left[0], "2/3 rows");
	assert_string_equal(status.left[1], "filter value > 10");
	assert_string_equal(status.left[2], "map 3/1,024 (0%)");
	tui_release(&t);
}

static void test_model_detail(void **state)
{
	struct model_detail detail;
	struct tui t;

	tui_init(&t, false);
	model_detail(t.model, &detail);
	assert_int_equal(detail.count, 0);
	fill(&t);
	model_detail(t.model, &detail);
	assert_string_equal(detail.title, "events");
	assert_int_equal(detail.count, 8);
	assert_string_equal(detail.lines[0].text, "2026-11-20T09:00:00.123456789Z");
	assert_string_equal(detail.lines[3].name, "comm");
	assert_string_equal(detail.lines[3].text, "telnet");
	tui_go(&t, "conns");
	model_detail(t.model, &detail);
	assert_int_equal(detail.count, 3);
	assert_string_equal(detail.lines[0].name, "daddr_v4");
	assert_string_equal(detail.lines[1].name, "value");
	assert_string_equal(detail.lines[1].text, "10");
	tui_release(&t);
}

static void assert_json(struct tui *t, const char *want)
{
	struct strbuf json = STRBUF_INIT(1 << 16);

	assert_true(model_row_json(t->model, &json));
	if (!strstr(strbuf_str(&json), want))
		fail_msg("%s", strbuf_str(&json));
	assert_null(strchr(strbuf_str(&json), '\n'));
	strbuf_release(&json);
}

static void test_model_row_json(void **state)
{
	struct strbuf none = STRBUF_INIT(100);
	struct tui t;

	tui_init(&t, false);
	assert_false(model_row_json(t.model, &none));
	fill(&t);
	assert_json(&t, "\"kind\":\"event\",\"fields\":{\"saddr_v4\":\"10.0.0.1\"");
	tui_go(&t, "conns");
	assert_json(&t, "\"kind\":\"counter\",\"key\":{\"daddr_v4\":\"10.0.0.1\"},\"value\":10}");
	tui_go(&t, "programs");
	assert_json(&t, "{\"name\":\"tcp_connect\",\"type\":\"fentry\"");
	tui_release(&t);
}

/* Exports `name` and compares; times are cut off. */
static void assert_export(struct tui *t, const char *name, uint64_t want_rows, const char *want)
{
	char dir[] = "/tmp/tui-export-XXXXXX";
	struct strbuf text = STRBUF_INIT(1 << 16);
	_cleanup_free_ char *path = NULL;
	struct err err = { 0 };
	void *bytes = NULL;
	uint64_t rows = 0;

	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/%s", dir, name);
	if (model_export(t->model, path, &rows, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(rows, want_rows);
	assert_int_equal(model_export(t->model, path, &rows, &err), -EEXIST);
	assert_int_equal(read_file(path, 1 << 20, &bytes, NULL, &err), 0);
	for (const char *p = bytes; *p;) {
		if (p[0] == '2' && strnlen(p, 5) == 5 && p[4] == '-') /* a date */
			p = strchr(p, 'Z') + 1;
		else
			strbuf_addc(&text, *p++);
	}
	assert_string_equal(strbuf_str(&text), want);
	strbuf_release(&text);
	free(bytes);
	unlink(path);
	rmdir(dir);
}

static void test_model_export(void **state)
{
	struct err err = { 0 };
	struct model_why why;
	uint64_t rows;
	struct tui t;

	tui_init(&t, false);
	fill(&t);
	tui_go(&t, "conns");
	model_filter(t.model, "value > 10", &why);
	model_column(t.model, 1);
	model_do(t.model, OP_SORT);
	model_do(t.model, OP_PAUSE);
	CONNS(&t, 1000, 2000, 3000, 4000); /* the frozen view is what is written */
	assert_export(&t, "a.csv", 2,
		      "daddr_v4,value,rate\n"
		      "10.0.0.2,182440,0\n10.0.0.3,20,0\n");
	assert_export(&t, "a.json", 2,
		      "{\"daddr_v4\":\"10.0.0.2\",\"value\":182440,\"rate\":0}\n"
		      "{\"daddr_v4\":\"10.0.0.3\",\"value\":20,\"rate\":0}\n");
	/* The columns as they are shown: the rate first, the key hidden. */
	model_column(t.model, 2);
	model_do(t.model, OP_MOVE_LEFT);
	model_do(t.model, OP_MOVE_LEFT);
	model_column(t.model, 0);
	model_do(t.model, OP_HIDE);
	assert_export(&t, "b.csv", 2, "rate,value\n0,182440\n0,20\n");
	model_do(t.model, OP_SHOW_ALL);
	assert_int_equal(model_export(t.model, "/tmp/x.pdf", &rows, &err), -EINVAL);
	assert_int_equal(model_export(t.model, "/nowhere/x.csv", &rows, &err), -ENOENT);
	tui_go(&t, "events");
	model_filter(t.model, "tgid in (3, 4)", &why);
	assert_export(&t, "a.csv", 2,
		      "time,saddr_v4,daddr_v4,comm,delta_us,ts_us,tgid,af\n"
		      ",10.0.0.1,8.8.8.8,telnet,1220,5149693413,3,2\n"
		      ",10.0.0.1,8.8.8.8,telnet,1220,5149693413,4,2\n");
	tui_go(&t, "programs");
	model_do(t.model, OP_PAUSE);
	assert_export(&t, "a.txt", 3,
		      "NAME         TYPE        HOOK            STATE        RUNS/S  AVG/RUN    "
		      "CPU %   MISSED\n"
		      "tcp_connect  fentry      tcp_v4_connect  attached          0                "
		      " 0        0\n"
		      "tcp_close    kprobe      tcp_close       refused           0                "
		      " 0        0\n"
		      "spare        kprobe                      standby           0                "
		      " 0        0\n");
	tui_release(&t);
}

static void test_model_log(void **state)
{
	char text[32];
	struct tui t;

	tui_init(&t, false);
	assert_int_equal(model_log_lines(t.model), 0);
	model_log(t.model, "libbpf: one\x1b[2J\n\nlibbpf: two\n", FIXTURE_TIME_NS);
	assert_int_equal(model_log_lines(t.model), 2);
	assert_string_equal(model_log_line(t.model, 0), "09:00:00 libbpf: one\\x1b[2J");
	for (uint32_t i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		model_log(t.model, text, FIXTURE_TIME_NS);
	}
	assert_int_equal(model_log_lines(t.model), 1000);
	assert_int_equal(model_log_dropped(t.model), 1002);
	assert_string_equal(model_log_line(t.model, 0), "09:00:00 line 1000");
	tui_release(&t);
}

/* Whatever is pressed on whatever page size, everything fits and is clean. */
static void test_model_any_keys(void **state)
{
	struct model_histogram histogram;
	struct model_heatmap heatmap;
	struct model_status status;
	struct model_detail detail;
	struct model_page page;
	struct model_why why;
	struct tui t;

	tui_init(&t, true);
	srand(7);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t width = (uint32_t)rand() % 140, height = (uint32_t)rand() % 30;

		model_do(t.model, (enum model_op)(rand() % (OP_FOUND_PREV + 1)));
		if (rand() % 10 == 0)
			fill(&t);
		if (rand() % 20 == 0)
			model_filter(t.model, rand() % 2 ? "10" : "nonsense >", &why);
		if (rand() % 20 == 0)
			model_mark(t.model, rand() % 2 ? "1" : "", &why);
		observe(&t.f, rand() % 2 ? "vda" : "sd\x1b", (uint64_t)rand() % 2000);
		model_page(t.model, width, height, &page);
		assert_true(page.nrows <= height);
		assert_true(page.ncolumns > 0);
		for (uint32_t r = 0; r < page.nrows; r++) {
			for (uint32_t k = 0; k < page.ncolumns && !page.rows[r].note; k++) {
				const struct page_cell *cell = &page.rows[r].cells[k];

				assert_true(cell->cells <= page.columns[k].width);
				assert_int_equal(strlen(cell->text), cell->bytes);
				assert_null(strpbrk(cell->text, "\x1b\n\t"));
			}
		}
		model_row(t.model, (uint32_t)rand() % 40);
		model_scroll(t.model, rand() % 40 - 20);
		model_column(t.model, (uint32_t)rand() % 10);
		model_status(t.model, &status);
		model_detail(t.model, &detail);
		model_histogram(t.model, &histogram);
		model_heatmap(t.model, width, &heatmap);
	}
	tui_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model_tabs),     cmocka_unit_test(test_model_programs),
		cmocka_unit_test(test_model_status),   cmocka_unit_test(test_model_detail),
		cmocka_unit_test(test_model_row_json), cmocka_unit_test(test_model_export),
		cmocka_unit_test(test_model_log),      cmocka_unit_test(test_model_any_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
