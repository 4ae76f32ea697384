/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source with two maps whose records and keys are struct stacked: events, and times, a counter.
 * Stack 1 to 3 of users and 1 of the kernel have names.
 */
#ifndef BOMBUS_TESTS_STACKS_FIXTURE_H
#define BOMBUS_TESTS_STACKS_FIXTURE_H

#include "tests/support/sink_fixture.h"

/* A record and a key: which stacks. */
struct stacked {
	uint32_t pid;
	int32_t user, kernel;
	char comm[8];
};

enum { STACK_EVENTS, STACK_TIMES, STACK_MAPS };

struct stacks_fixture {
	struct fake_source fake;
	struct map_plan maps[STACK_MAPS];
	struct metric_plan metric;
	struct plan plan;
	struct wallclock *clock;
	struct name_source names;
};

/* Which of the two is shown. */
void stacks_init(struct stacks_fixture *f, bool events);
void stacks_release(struct stacks_fixture *f);

/* A row of STACK_TIMES as a sweep gives it; valid while what it is made of is. */
struct stacks_row {
	struct stacked key;
	union cell cell;
	uint64_t id, ns;
	uint32_t place;
	uint8_t flags;
};
struct series_rows stacks_rows(struct stacks_fixture *f, struct stacks_row *row);

#endif
