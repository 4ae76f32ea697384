/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to the collector: one map being read. reader.c takes single records, sweep.c whole
 * maps, percpu_sum.c adds up the CPUs, perf.c reads perf buffers; collector.c decides
 * when.
 */
#ifndef BOMBUS_RUNNER_READ_COLLECT_READER_H
#define BOMBUS_RUNNER_READ_COLLECT_READER_H

#include <pthread.h>
#include <stdatomic.h>
#include "base/clock.h"
#include "runner/load/attach/object.h"
#include "runner/read/filter/filter.h"
#include "runner/read/series/metric.h"
#include "runner/read/collect/queue.h"
#include "runner/read/collect/ring.h"
#include "runner/read/series/series.h"
#include "runner/read/span/span.h"

struct loop_source;
struct perf_reader;

/*
 * A mutex that a thread which takes it often cannot keep from others: a thread asks for it only
 * when it is first in line, and goes to the end of the line after releasing it.
 */
struct fair_lock {
	pthread_mutex_t line, held;
};

static inline void fair_lock_take(struct fair_lock *lock)
{
	pthread_mutex_lock(&lock->line);
	pthread_mutex_lock(&lock->held);
	pthread_mutex_unlock(&lock->line);
}

static inline void fair_lock_release(struct fair_lock *lock)
{
	pthread_mutex_unlock(&lock->held);
}

/*
 * A set of the hashes of keys, 0 for an empty place. It can hold every key of a large map, so a key
 * takes half the memory that it takes in a struct id_map.
 */
struct seen {
	uint64_t *hashes;
	uint64_t mask, count;
};

/* The sweep that runs: one map at a time. */
struct sweep {
	uint64_t start_ns;
	uint64_t in, out; /* places in the map; both kinds need 4 bytes */
	uint64_t left;	  /* keys that it may look at */
	struct seen seen;
	size_t have; /* bytes of a record that the iterator has not written whole */
	int iter_fd;
	bool first; /* nothing was read yet */
};

/* Shared by all readers of a collector. */
struct reader_env {
	struct object *object;
	struct opener *opener; /* opens perf buffers; NULL: this process */
	const struct plan *plan;
	struct wallclock *clock;
	struct fair_lock lock; /* of all series */
	struct queue **queues;
	uint32_t nqueues;
	bool hold;     /* with one queue: leave in the kernel what it has no room for */
	uint32_t cpus; /* possible ones */
	struct sweep sweep;
	uint8_t *room; /* the sweep's */
	size_t room_bytes;
};

/* How often a ring woke its reader lately; streams.c. */
struct pace {
	struct loop_source *timer; /* NULL: each record wakes the reader */
	uint64_t window_ns;
	uint32_t window_runs, quiet_ticks;
};

typedef _Atomic uint64_t tally; /* written by one thread, read by any */

struct reader {
	struct reader_env *env;
	const struct map_plan *map;
	struct filter *filter;	     /* owned */
	struct metric_plan *metric;  /* owned */
	struct series *series;	     /* owned; NULL: records go to the queues */
	const struct field *time;    /* the record's own; NULL: when it was read */
	struct span_id_fields trace; /* of spans: all zero is no trace */
	uint32_t least, most;	     /* bytes that a record has; see struct layout */
	uint8_t *padded;	     /* a record that is shorter than its type; NULL: none may be */
	uint8_t *key;		     /* room for `group` canonical keys */
	uint32_t group;		     /* records that are counted at once */
	uint8_t *summed;	     /* room for a value, its CPUs added up; NULL: not needed */
	int fd;
	bool per_key; /* no batches for this map on this kernel */
	bool warned, warned_size;
	uint8_t guess_checks; /* sweeps that were looked at for a wrong guess */
	uint32_t batch;
	const uint8_t *globals; /* SOURCE_GLOBALS: a part of the section, mapped; NULL: none is */
	size_t globals_first, globals_bytes;
	uint64_t flush_at_ns; /* when its series are next forgotten; 0: not yet known */
	uint64_t expected_ns; /* so long took the last sweep, or the part of it before it was cut */

	struct ring ring;
	struct perf_reader *perf;
	struct loop_source *source;
	bool waits; /* for room in the only queue */
	struct pace pace;

	tally read, filtered, malformed, lost, dropped;
	tally sweeps, sweep_ns, entries, sweep_errors, ring_high_bytes;
	tally whole_ns; /* when the last whole sweep ended; 0: there was none */
	tally cut;	/* a sweep was ended early since then */
};

static inline bool reader_is_stream(const struct reader *r)
{
	return map_is_ring(r->map);
}

static inline void tally_add(tally *t, uint64_t n)
{
	atomic_store_explicit(t, atomic_load_explicit(t, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline void tally_set(tally *t, uint64_t n)
{
	atomic_store_explicit(t, n, memory_order_relaxed);
}

static inline uint64_t tally_get(const tally *t)
{
	return atomic_load_explicit((tally *)t, memory_order_relaxed);
}

/* From one canonical key to the next. */
static inline size_t reader_key_stride(const struct metric_plan *plan)
{
	return (plan->key_bytes + 15) & ~(size_t)15;
}

static inline uint32_t reader_stride(const struct map_plan *map)
{
	return map->per_cpu ? (map->value_bytes + 7) & ~7u : map->value_bytes;
}

/*
 * reader.c. Sets the lengths that records of the map may have.
 */
void reader_expect(struct reader *reader);
/*
 * One record of `len` bytes that arrived; the lock is held if there are series. False:
 * the queue has no room, the record was not taken.
 */
bool reader_take(struct reader *reader, const void *bytes, uint32_t len, uint64_t now_ns);
/* Reads at most `max` records of the ring; the number read. Sets `waits`. */
uint64_t reader_run_ring(struct reader *reader, uint64_t max);
/* The same for the perf buffer of one CPU, up to where it is now. */
struct cpu_buffer;
uint64_t reader_run_cpu(struct reader *reader, struct cpu_buffer *buffer, uint8_t *room);
void reader_publish(struct reader *reader);
bool reader_has_room(const struct reader *reader);
/* sweep.c. Hashes, arrays, globals and iterators; and queues, which are emptied. One sweep runs at
 * a time. */
void reader_sweep_begin(struct reader *reader);
/* A piece of it. False: it came to its end. */
bool reader_sweep_step(struct reader *reader);
/* Instead of the end: all stays as it was before. */
void reader_sweep_cancel(struct reader *reader);
/* All of it at once. */
void reader_sweep(struct reader *reader);
/* entries.c. Entries that the sweep read; keys are NULL where the map has none. */
void reader_put_entries(struct reader *reader, const uint8_t *keys, uint32_t key_step,
			const uint8_t *values, size_t value_step, uint32_t value_bytes,
			uint32_t count);
/* How much the program says it lost; false: it does not say. */
bool reader_read_lost(const struct reader_env *env, const struct map_plan *map, uint64_t *ret);

/* percpu_sum.c. The first copy of a per-CPU value that says something: where the texts and ids are.
 */
const uint8_t *reader_telling_copy(const struct reader *reader, const uint8_t *values);
/* That copy with the numbers of all CPUs added up, as a filter sees it; in reader->summed. */
const uint8_t *reader_sum_cpus(struct reader *reader, const uint8_t *values);

/* perf.c */
int perf_reader_new(struct perf_reader **ret, struct reader *reader, uint32_t pages,
		    struct err *err);
void perf_reader_free(struct perf_reader *perf);
int perf_reader_fd(const struct perf_reader *perf);
/* Reads what is there, as long as there is room. Sets `waits`. */
void perf_reader_run(struct perf_reader *perf);
/* Looks for CPUs that came or went, and counts what the kernel did not take. */
void perf_reader_sweep(struct perf_reader *perf);
/* Whether the map's `lost` is all that was lost. */
bool perf_reader_knows_loss(const struct perf_reader *perf);

#endif
