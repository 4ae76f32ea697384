/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to the collector: collector.c makes it and answers questions, collector_run.c decides
 * when maps are swept, streams.c reads buffers as their records come.
 */
#ifndef BOMBUS_RUNNER_READ_COLLECT_COLLECTOR_INTERNAL_H
#define BOMBUS_RUNNER_READ_COLLECT_COLLECTOR_INTERNAL_H

#include "runner/read/collect/collector.h"
#include "runner/read/collect/demand.h"
#include "runner/read/collect/reader.h"
#include "runner/read/collect/round.h"

struct collector {
	struct reader_env env;
	struct collector_opts opts;
	struct reader *readers;
	uint32_t nreaders;
	struct reader **by_map; /* NULL entries */
	struct wallclock *own_clock;
	struct loop *loop;
	struct loop_source *timer, *clock_source, *next_source;
	struct round round;
	struct demand demand;
	int next_fd; /* timerfd: a round goes on, or one was asked for */
	bool on_demand;
	bool walk_failed; /* an iterator did, and a message said so */
	bool raised;	  /* its thread has a real-time priority */
	uint64_t round_begin_ns, round_end_ns;
	struct loop_source **room_sources; /* as env.queues */
	void (*on_sweep)(void *ctx);
	void *on_sweep_ctx;
};

/* streams.c. Adds the reader to the loop, or takes it away while it waits for its queue. */
int streams_update(struct collector *collector, struct reader *reader, struct err *err);
/* Goes on with what waited for room. */
int streams_resume(struct collector *collector);
/* Tells the programs whether their records are read (BOMBUS_UNREAD). */
void streams_tell_unread(struct collector *collector);
/* Reads what is there, but only so much of each; between the steps of a sweep. */
void streams_serve(struct collector *collector);
/* Reads all that is there, with patience for a queue that is full. */
void streams_drain(struct collector *collector, struct drain_limits *limits);
/* Wakes the loop when queue number `i` has room again. */
int streams_add_room_source(struct collector *collector, uint32_t i, struct err *err);

#endif
