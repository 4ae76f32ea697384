/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source whose every answer stands in this struct, for the tests of the sinks. What changes while
 * a sink's thread runs is changed with the lock.
 */
#ifndef BOMBUS_TESTS_SUPPORT_FAKE_SOURCE_H
#define BOMBUS_TESTS_SUPPORT_FAKE_SOURCE_H

#include <pthread.h>
#include "runner/source.h"

#define FAKE_MAPS 16
#define FAKE_PROGS 8
#define FAKE_QUEUES 4

struct fake_source {
	struct source source;
	pthread_mutex_t lock;
	struct series *series[FAKE_MAPS]; /* by map index; NULL: none. Borrowed */
	struct map_stats stats[FAKE_MAPS];
	struct prog_status progs[FAKE_PROGS];
	struct prog_stats prog_stats[FAKE_PROGS];
	bool knows_stats; /* prog_stats are known */
	struct source_steps steps;
	struct queue *queues[FAKE_QUEUES]; /* those that were added; NULL entries */
	struct queue *queue;		   /* the one that was added last */
	uint64_t interval_ns;		   /* that was asked for */
};

/* The plan and the clock are borrowed. */
void fake_source_init(struct fake_source *fake, const char *name, const struct plan *plan,
		      struct wallclock *clock);
void fake_source_release(struct fake_source *fake);
void fake_lock(struct fake_source *fake);
void fake_unlock(struct fake_source *fake);

#endif
