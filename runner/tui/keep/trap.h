/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps: expressions over the rows or records of a map that somebody waits for.
 *
 *	p99 > 10ms			a row for which it holds
 *	p99 > 10ms for 3		in 3 sweeps one after the other
 *	p99 > 10ms then freeze,record	and what is done about it: bell (the usual), freeze, record
 *
 * A trap springs when it begins to hold, and again only after a sweep in which it did not. It looks
 * at all rows, whatever the filter shows, also while the tables are paused.
 */
#ifndef BOMBUS_RUNNER_TUI_KEEP_TRAP_H
#define BOMBUS_RUNNER_TUI_KEEP_TRAP_H

#include "runner/tui/model/model.h"

#define TRAP_AROUND_NS 5000000000ull /* recorded before it springs, and after */

enum trap_action {
	TRAP_BELL = 1 << 0,
	TRAP_FREEZE = 1 << 1,
	TRAP_RECORD = 1 << 2,
};

struct trap;

struct traps {
	struct model *model; /* borrowed */
	struct trap **all;
	uint32_t count;
};

void traps_release(struct traps *traps);

/* Of the current tab, in the place of one before; "": none any more. -EINVAL: *why explains. */
int traps_set(struct traps *traps, const char *text, struct model_why *why);
/* That of the current tab; "": none. */
const char *traps_text(const struct traps *traps);
/* "[MAP:]EXPR": of that map, or of each map of the source that has the fields. Returns how many
 * traps it set; 0 with an error: the source has no such map or fields. */
uint32_t traps_set_at(struct traps *traps, struct source *source, const char *text,
		      struct err *err);

/* After the model has it. */
void traps_event(struct traps *traps, const struct source *source, const struct record *record);
struct trap_sprung {
	uint8_t actions;	    /* enum trap_action, of all that sprang; 0: none */
	uint64_t time_ns;	    /* the sweep's */
	char text[256];		    /* which one, and where */
	const struct map_plan *map; /* of the first */
	uint64_t id;		    /* its row */
};
void traps_swept(struct traps *traps, const struct source *source, uint64_t time_ns,
		 struct trap_sprung *ret);
/* Before the model forgets the source. */
void traps_remove(struct traps *traps, const struct source *source);

#endif
