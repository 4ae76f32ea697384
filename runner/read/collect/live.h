/* SPDX-License-Identifier: Apache-2.0 */
/* The source of a program that runs: its collector and its object, see runner/source.h. */
#ifndef BOMBUS_RUNNER_READ_COLLECT_LIVE_H
#define BOMBUS_RUNNER_READ_COLLECT_LIVE_H

#include "runner/source.h"

struct collector;
struct object;

struct live_source {
	struct source source;
	struct object *object;
	struct collector *collector;
	struct step pull; /* getting the program's bytes */
};

/* All are borrowed for as long as the source is used. */
void live_source_init(struct live_source *ret, const char *name, struct object *object,
		      struct collector *collector, struct wallclock *clock);

#endif
