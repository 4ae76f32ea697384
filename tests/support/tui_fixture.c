// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_fixture.h"

void tui_second(struct tui *t, bool on)
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

void tui_init_programs(struct tui *t, bool utf8, bool several)
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
		fixture_fail("no locale");
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

void tui_init(struct tui *t, bool utf8)
{
	tui_init_programs(t, utf8, false);
}

void tui_release(struct tui *t)
{
	model_free(t->model);
	fixture_release(&t->f);
	if (t->has_second)
		fixture_release(&t->second);
}

void tui_rows(struct tui *t, struct fixture *f, uint32_t map)
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

void tui_sweep_of(struct tui *t, struct fixture *f)
{
	for (uint32_t i = MAP_CONNS; i < NMAPS; i++)
		tui_rows(t, f, i);
	model_swept(t->model, &f->fake.source, t->now_ns, t->now_ns);
}

void tui_sweep(struct tui *t)
{
	t->now_ns += SECOND;
	tui_sweep_of(t, &t->f);
}

void tui_conns(struct tui *t, const uint64_t *values, uint32_t n)
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

void tui_go(struct tui *t, const char *name)
{
	struct model_tab tab;

	for (uint32_t i = 0; i < model_tabs(t->model); i++) {
		model_tab(t->model, i, &tab);
		if (streq(tab.name, name)) {
			model_go_tab(t->model, i);
			return;
		}
	}
	fixture_fail("no tab %s", name);
}
