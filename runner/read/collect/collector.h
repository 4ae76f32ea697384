/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that reads from the kernel. It owns the ring and perf buffers, sweeps the maps,
 * applies filters, keeps the series and feeds the sinks' queues.
 *
 *	ring, perf ---> filter ---> series (counter, histogram of events)
 *	               \--------> queue of each sink that wants events
 *	sweeps    ---> filter ---> series (counter, gauge, histogram)
 *	queues, iterators -------> queue of each sink that wants events
 *
 * Nothing stalls it: a sink that does not keep up finds its queue full. Where that sink is the
 * only consumer of a ring buffer, the records are left in the kernel until there is room (the
 * kernel's buffer is the longer queue, and the program counts what does not fit); everything else
 * goes on meanwhile. With several consumers, records for a full queue are dropped and counted.
 *
 * Records whose size does not fit their type, and spans whose trace id is all zero, are malformed:
 * they are counted and never shown.
 *
 * What is swept: hashes, arrays, iterators and globals. An array's entry shows up when it is not
 * zero for the first time, and stays; the only entry of an array, and the only series of a map,
 * are always there. A filter on a per-CPU map sees its numbers added up.
 */
#ifndef BOMBUS_RUNNER_READ_COLLECT_COLLECTOR_H
#define BOMBUS_RUNNER_READ_COLLECT_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/attach/object.h"
#include "runner/read/filter/filter.h"
#include "runner/read/series/metric.h"
#include "runner/read/collect/queue.h"
#include "runner/read/series/series.h"
#include "runner/source.h"

struct collector;
struct loop;
struct err;
struct wallclock;

struct collector_opts {
	uint64_t interval_ns; /* between sweeps; 0: 1 s */
	struct series_opts series;
	uint32_t perf_pages;	 /* per CPU; 0: 64 */
	bool usual_priority;	 /* the thread that reads gets no real-time priority */
	struct wallclock *clock; /* for the records' times, borrowed; NULL: one of its own */
	struct opener *opener;	 /* opens perf buffers, borrowed; NULL: this process does */
};

/*
 * `filters` and `metrics` are arrays by map index, NULL entries where there is none. What they
 * point to is taken over, also on failure; the arrays stay the caller's. The object is borrowed and
 * has to be started before collector_start().
 */
int collector_new(struct collector **ret, struct object *object, const struct collector_opts *opts,
		  struct filter **filters, struct metric_plan **metrics, struct err *err);
/* Before the loop is freed. */
void collector_free(struct collector *collector);

/* A queue that gets the records of all maps of role events and spans from now on. Borrowed, until
 * it is removed. After start only in the loop's thread. */
void collector_add_queue(struct collector *collector, struct queue *queue);
void collector_remove_queue(struct collector *collector, struct queue *queue);

/* Opens the buffers and adds them and the sweep timer to the loop, whose thread calls back here. */
int collector_start(struct collector *collector, struct loop *loop, struct err *err);

/* Limits of the last reading. Collectors that share them end together. */
struct drain_limits {
	uint64_t deadline_ns; /* of the sweep, monotonic; 0: none */
	bool (*stop)(void);   /* true: at once; NULL: nothing stops it */
	int patience_ms;      /* time left to wait for a sink that stands still; counts down */
};
#define DRAIN_PATIENCE_MS 2000

/*
 * Loop thread: reads all records there are and sweeps once, e.g. for --once and at the end, after
 * object_stop(). Waits for the only sink, but if it stands still only as long as the limits allow;
 * records that its queue cannot take then are dropped, and counted. A sweep that does not reach its
 * end is marked as cut. NULL limits: DRAIN_PATIENCE_MS and nothing else.
 */
void collector_drain(struct collector *collector, struct drain_limits *limits);

/*
 * On demand, series of maps are swept when somebody asks for them, and not with the interval. For
 * sinks that serve on demand only; set by the loop's thread. Any thread asks: the series are then
 * as the maps are now, or as the last sweep left them (false) where that takes longer than
 * `within_ns`.
 */
void collector_on_demand(struct collector *collector, bool on_demand);
bool collector_refresh(struct collector *collector, uint64_t within_ns);

/* After start, any thread: another time between sweeps, from now on. */
void collector_set_interval(struct collector *collector, uint64_t interval_ns);

/* Called in the loop thread after each sweep (all maps done). */
void collector_on_sweep(struct collector *collector, void (*fn)(void *ctx), void *ctx);

/* Any thread. The lock is for series_read() of this collector's series, held for a bounded number
 * of rows at a time. Taking it makes the collector yield at the next opportunity. */
void collector_lock(struct collector *collector);
void collector_unlock(struct collector *collector);

/* A part of what all series together may take, for what is kept for showing them: at most `max`
 * bytes, and a quarter of a limit, which the series then do without. Returns how many. */
uint64_t collector_set_aside(struct collector *collector, uint64_t max);

/* The series of a map; NULL where it has none. Immutable set after collector_new(). */
struct series *collector_series(const struct collector *collector, const struct map_plan *map);
struct map_stats collector_stats(const struct collector *collector, const struct map_plan *map);

#endif
