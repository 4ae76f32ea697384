/* SPDX-License-Identifier: Apache-2.0 */
/* A model of the outputs' fixture, fed by hand, and its pages as plain text. */
#ifndef BOMBUS_TESTS_TUI_FIXTURE_H
#define BOMBUS_TESTS_TUI_FIXTURE_H

#include "tests/support/sink_fixture.h"
#include "runner/tui/model/model.h"

#define SECOND 1000000000ull

struct tui {
	struct fixture f;
	struct fixture second; /* a second program with maps of the same names */
	bool has_second, second_runs;
	struct model *model;
	struct prog_plan progs[3];
	uint64_t now_ns;
};

/* The second program comes or goes. */
static inline void tui_second(struct tui *t, bool on)
{
	if (on == t->second_runs)
		return;
	t->second_runs = on;
	if (!on) {
		model_remove(t->model, &t->second.fake.source);
		return;
	}
	model_add(t->model, &t->second.fake.source);
	memset(t->second.since, 0, sizeof(t->second.since));
}

/* Without a second program: tui_init(). */
static inline void tui_init_programs(struct tui *t, bool utf8, bool several)
{
	const struct prog_plan progs[] = {
		{ .name = "tcp_connect", .type = "fentry", .target = "tcp_v4_connect" },
		{ .index = 1, .name = "tcp_close", .type = "kprobe", .target = "tcp_close" },
		{ .index = 2, .name = "spare", .type = "kprobe" },
	};
	static const struct prog_status states[] = {
		{ .state = PROG_ATTACHED },
		{ .state = PROG_REFUSED, .reason = "this kernel has no 'tcp_close'" },
		{ .state = PROG_STANDBY },
	};
	static const struct prog_plan second_prog = {
		.name = "openat",
		.type = "tracepoint",
		.target = "syscalls/sys_enter_openat",
	};
	struct model_opts opts = { .utf8 = utf8 };

	setenv("TZ", "UTC", 1);
	tzset();
	if (!setlocale(LC_ALL, utf8 ? "C.UTF-8" : "C"))
		fail_msg("no locale");
	memset(t, 0, sizeof(*t));
	fixture_init_max(&t->f, 200000);
	memcpy(t->progs, progs, sizeof(progs));
	memcpy(t->f.fake.progs, states, sizeof(states));
	t->f.plan.progs = t->progs;
	t->f.plan.nprogs = ARRAY_LEN(progs);
	source_set_name(&t->f.fake.source, "images.example/tcpconnect:1");
	t->now_ns = 100 * SECOND;
	t->model = model_new(&opts);
	t->f.fake.source.several = several;
	model_add(t->model, &t->f.fake.source);
	if (!several)
		return;
	t->has_second = true;
	fixture_init(&t->second);
	source_set_name(&t->second.fake.source, "images.example/opensnoop:1");
	t->second.fake.source.number = 1;
	t->second.fake.source.several = true;
	t->second.plan.progs = (struct prog_plan *)&second_prog;
	t->second.plan.nprogs = 1;
	t->second.fake.progs[0].state = PROG_ATTACHED;
	tui_second(t, true);
}

static inline void tui_init(struct tui *t, bool utf8)
{
	tui_init_programs(t, utf8, false);
}

static inline void tui_release(struct tui *t)
{
	model_free(t->model);
	fixture_release(&t->f);
	if (t->has_second)
		fixture_release(&t->second);
}

/* What changed in a map since the last time, as a sweep of the outputs' host gives it. */
static inline void tui_rows(struct tui *t, struct fixture *f, uint32_t map)
{
	struct series *series = f->fake.series[map];
	uint64_t mark = series_mark(series), cursor = 0;
	struct series_rows rows;

	series_rows_init(&rows, series_plan(series), 256);
	while (series_read(series, &cursor, f->since[map], true, &rows))
		model_rows(t->model, &f->fake.source, &rows);
	series_rows_release(&rows);
	f->since[map] = mark;
}

static inline void tui_sweep_of(struct tui *t, struct fixture *f)
{
	for (uint32_t i = MAP_CONNS; i < NMAPS; i++)
		tui_rows(t, f, i);
	model_swept(t->model, &f->fake.source, t->now_ns);
}

/* One second and a sweep. */
static inline void tui_sweep(struct tui *t)
{
	t->now_ns += SECOND;
	tui_sweep_of(t, &t->f);
}

/* The map conns: 10.0.0.1 has the first of these values, and so on; NONE: it is not there. */
#define NONE UINT64_MAX
#define CONNS(t, ...)                                                                              \
	tui_conns((t), (const uint64_t[]){ __VA_ARGS__ },                                          \
		  sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))
static inline void tui_conns(struct tui *t, const uint64_t *values, uint32_t n)
{
	series_sweep_begin(t->f.fake.series[MAP_CONNS], t->now_ns);
	for (uint32_t i = 0; i < n; i++) {
		if (values[i] != NONE)
			put_conn(&t->f, (uint8_t)(i + 1), values[i]);
	}
	sweep_end(&t->f, MAP_CONNS);
	/* A connection that is not there any more goes at once. */
	for (uint32_t i = 0; i < UINT8_MAX; i++) {
		if (i >= n || values[i] == NONE)
			drop_conn(&t->f, (uint8_t)(i + 1));
	}
	tui_sweep(t);
}

static inline void tui_go(struct tui *t, const char *name)
{
	struct model_tab tab;

	for (uint32_t i = 0; i < model_tabs(t->model); i++) {
		model_tab(t->model, i, &tab);
		if (streq(tab.name, name)) {
			model_go_tab(t->model, i);
			return;
		}
	}
	fail_msg("no tab %s", name);
}

static inline void add_cell(struct strbuf *sb, const char *text, uint32_t cells, uint32_t width,
			    bool right, bool last)
{
	assert_true(cells <= width);
	for (uint32_t i = cells; right && i < width; i++)
		strbuf_addc(sb, ' ');
	strbuf_adds(sb, text);
	for (uint32_t i = cells; !right && !last && i < width; i++)
		strbuf_addc(sb, ' ');
	if (!last)
		strbuf_adds(sb, "  ");
}

static inline void end_line(struct strbuf *sb)
{
	while (sb->len && sb->buf[sb->len - 1] == ' ')
		sb->len--;
	strbuf_addc(sb, '\n');
}

/* The page as a screen would draw it, marks in front; the caller frees. */
static inline char *page_text_of(struct tui *t, uint32_t width, uint32_t height)
{
	struct strbuf sb = STRBUF_INIT(1 << 20);
	struct model_page page;

	model_page(t->model, width, height, &page);
	strbuf_adds(&sb, "  ");
	for (uint32_t k = 0; k < page.ncolumns; k++) {
		const struct page_column *c = &page.columns[k];

		add_cell(&sb, c->title, c->title_cells, c->width, c->right, k + 1 == page.ncolumns);
	}
	end_line(&sb);
	for (uint32_t i = 0; i < page.nrows; i++) {
		const struct page_row *row = &page.rows[i];

		strbuf_addc(&sb, row->marks & ROW_CURSOR ? '>' : row->marks & ROW_NEW ? '+' : ' ');
		strbuf_addc(&sb, row->marks & ROW_FOUND ? '*' : ' ');
		if (row->marks & ROW_NOTE)
			strbuf_adds(&sb, row->note);
		for (uint32_t k = 0; k < page.ncolumns && !(row->marks & ROW_NOTE); k++)
			add_cell(&sb, row->cells[k].text, row->cells[k].cells,
				 page.columns[k].width, page.columns[k].right,
				 k + 1 == page.ncolumns);
		if (row->marks & ROW_GONE)
			strbuf_adds(&sb, "  gone");
		end_line(&sb);
	}
	if (!page.nrows)
		strbuf_addf(&sb, "(%s)\n", page.empty);
	return strbuf_steal(&sb);
}

static inline void assert_page(struct tui *t, uint32_t width, uint32_t height, const char *want)
{
	_cleanup_free_ char *text = page_text_of(t, width, height);

	assert_string_equal(text, want);
}

static inline void assert_cursor(struct tui *t, uint32_t row)
{
	struct model_page page;

	model_page(t->model, 80, 50, &page);
	for (uint32_t i = 0; i < page.nrows; i++)
		assert_int_equal(!!(page.rows[i].marks & ROW_CURSOR), i == row);
	assert_true(row < page.nrows);
}

/* The first column of the page's rows, with blanks between them. */
static inline void assert_rows(struct tui *t, uint32_t height, const char *want)
{
	struct strbuf sb = STRBUF_INIT(1 << 16);
	struct model_page page;

	model_page(t->model, 200, height, &page);
	for (uint32_t i = 0; i < page.nrows; i++)
		strbuf_addf(&sb, "%s%s", i ? " " : "",
			    page.rows[i].note ? page.rows[i].note : page.rows[i].cells[0].text);
	assert_string_equal(strbuf_str(&sb), want);
	strbuf_release(&sb);
}

#endif
