/* SPDX-License-Identifier: Apache-2.0 */
/* A model of the outputs' fixture, fed by hand, with one program or two. */
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
void tui_second(struct tui *t, bool on);
/* Without a second program: tui_init(). */
void tui_init_programs(struct tui *t, bool utf8, bool several);
void tui_init(struct tui *t, bool utf8);
void tui_release(struct tui *t);
/* What changed in a map since the last time, as a sweep of the outputs' host gives it. */
void tui_rows(struct tui *t, struct fixture *f, uint32_t map);
void tui_sweep_of(struct tui *t, struct fixture *f);
/* One second and a sweep. */
void tui_sweep(struct tui *t);
void tui_go(struct tui *t, const char *name);

/* The map conns: 10.0.0.1 has the first of these values, and so on; NONE: it is not there. */
#define NONE UINT64_MAX
#define CONNS(t, ...)                                                                              \
	tui_conns((t), (const uint64_t[]){ __VA_ARGS__ },                                          \
		  sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))
void tui_conns(struct tui *t, const uint64_t *values, uint32_t n);

#endif
