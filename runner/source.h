/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source is one program as its sinks see it: one that runs, one that is replayed from a
 * recording, or a test's fake. Sinks know sources and nothing behind them.
 *
 *	live       runner/read/collect/live.h: a collector and its object
 *	recording  runner/sink/recording/replay.h
 *	test       tests/support/fake_source.h
 *
 * The plan is immutable for as long as the source lives. Data that changes is read through the
 * operations. Any thread may call them; they lock inside, for a bounded time.
 *
 * A source outlives the host's last call with it: no sink uses it any more once
 * host_remove_source() returns 0, or host_has_left() true.
 */
#ifndef BOMBUS_RUNNER_SOURCE_H
#define BOMBUS_RUNNER_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/clock.h"
#include "runner/load/plan/plan.h"
#include "runner/read/record.h"
#include "runner/read/series/series.h"
#include "runner/read/text/resolve.h"

struct err;
struct queue;
struct source;
struct source_feed;
struct source_walk;
struct stacks;
struct who;

/* What is known about one map's data so far. All numbers are cumulative. */
struct map_stats {
	uint64_t read;		   /* records or entries taken from the kernel */
	uint64_t filtered;	   /* of these, kept away by the filter */
	uint64_t malformed;	   /* of these, of another size, or spans of no trace */
	uint64_t lost;		   /* by the kernel side; all that internal maps tell */
	bool lost_known;	   /* false: the program cannot tell; shown as '?' */
	uint64_t dropped;	   /* arrived, but a sink's queue was full */
	uint64_t sweeps, sweep_ns; /* number of sweeps, time of the last one */
	uint64_t entries;	   /* found by the last sweep */
	uint64_t ring_high_bytes;  /* the most that stood in the ring when it was looked at */
	uint64_t sweep_errors;	   /* sweeps that ended early (-errno logged once) */
	uint64_t whole_ns; /* monotonic time at which the last whole sweep ended; 0: none did */
	bool cut;	   /* the sweep after it was ended early, for want of time */
};

/* Every sweep finds all that is in it. */
static inline bool map_loses_nothing(const struct map_plan *map)
{
	return map->source == SOURCE_ARRAY || map->source == SOURCE_GLOBALS ||
	       map->source == SOURCE_ITER;
}

/* How the program got here; a step that has no end was not taken. */
struct source_steps {
	struct step pull, open, load, attach;
};

/* Where records were lost. */
enum lost_where {
	LOST_KERNEL, /* the program could not hand it over */
	LOST_QUEUE,  /* the sink was too slow */
};

/* How a source that plays itself goes on. In the thread of the sinks, which may change the first
 * part; the source keeps the second. */
struct source_play {
	double speed;	   /* 1: as it was; 0: as fast as it goes */
	bool paused;	   /* nothing comes, except up to until_ns */
	uint64_t until_ns; /* from the beginning: up to here it comes at once */

	uint64_t at_ns; /* from the beginning: what was given so far */
	double part;	/* of all, 0..1; NaN: unknown */
	bool over;	/* nothing more will come */
};

struct source_ops {
	/* The metric of the map's series; NULL: it has none. Always the same. */
	const struct metric_plan *(*metric)(struct source *source, const struct map_plan *map);
	/* One step of a walk, see below. */
	bool (*walk)(struct source *source, struct source_walk *walk);
	/* Of a map that has a metric. */
	struct series_stats (*series_stats)(struct source *source, const struct map_plan *map);
	struct map_stats (*map_stats)(struct source *source, const struct map_plan *map);
	struct prog_status (*prog_status)(struct source *source, const struct prog_plan *prog);
	/* -errno: unknown. */
	int (*prog_stats)(struct source *source, const struct prog_plan *prog,
			  struct prog_stats *ret);

	/* The rest may be NULL. */

	/* A descriptor of the map's stacks, -1 while there is none. NULL: names come from
	 * `names` alone. */
	int (*stacks_fd)(struct source *source, const struct map_plan *map);
	/* False: unknown. */
	bool (*steps)(struct source *source, struct source_steps *ret);
	/* On demand: series of maps are swept when refresh() asks for them and not with the
	 * interval. In the thread that reads. NULL: they are always as they are. */
	void (*on_demand)(struct source *source, bool on_demand);
	/* On demand: the series are as the maps are now, or (false) as the last sweep left them
	 * where that takes longer. */
	bool (*refresh)(struct source *source, uint64_t within_ns);
	/* Another time between sweeps, from now on. */
	void (*set_interval)(struct source *source, uint64_t interval_ns);
	/* A part of the memory limit, for what is kept to show the series; see
	 * collector_set_aside(). NULL: there is no limit. */
	uint64_t (*set_aside)(struct source *source, uint64_t max);
	/* The queue gets the source's records from now on, until it is removed. Only in the thread
	 * that reads. */
	void (*add_queue)(struct source *source, struct queue *queue);
	void (*remove_queue)(struct source *source, struct queue *queue);
	/* Instead of queues and sweeps: gives all that happened, in order, in the thread of the
	 * sinks; also what happened to recorded sources beside it. 0 at the end, else what a call
	 * of the feed returned, or -errno with an error. */
	int (*play)(struct source *source, struct source_feed *feed, struct err *err);
	/* Of a source that plays itself, and of those that it plays. NULL: it cannot be steered. */
	struct source_play *(*playing)(struct source *source);
};

#define SOURCE_PROGRAM_MAX 128

struct opener;

struct source {
	const struct source_ops *ops;
	const char *name;		  /* the image's name as the user gave it */
	const char *digest;		  /* the image's; NULL: it is none, or unknown */
	char program[SOURCE_PROGRAM_MAX]; /* the short one that outputs use, see below */
	uint32_t number;		  /* small and dense: an index for tables. Of the host */
	bool several;			  /* others run beside it: outputs name it */
	bool recorded;			  /* its times are those of a recording; it plays itself, or
					   * another one of the recording plays it */
	const struct plan *plan;	  /* immutable */
	struct wallclock *clock;
	const struct name_source *names; /* NULL: those of the running system */
	struct opener *opener;		 /* finds cgroups for them; NULL: this process */
	struct who *who;		 /* containers and pods; NULL: they are not asked for */
	struct stacks *stacks;		 /* frames of user stacks; NULL: they stay addresses */
};

/* For one thread: names as the source knows them, of a recording or of the running system. Freed by
 * resolver_free(). */
struct resolver *source_resolver(const struct source *source);

/* Sets the name, which is borrowed, and the short one: "exec-trace" of
 * "example.org/x/exec-trace:1.2" and of "./exec-trace.bpf.o". Short names are unique within a host;
 * if two are equal, the host's caller changes one of them. */
void source_set_name(struct source *source, const char *name);

/*
 * The calls of a source that plays itself, in the order in which things happened. Each returns 0 to
 * go on. 1 or -errno means that it is time to end: the source returns that value at once.
 */
struct source_feed {
	int (*event)(struct source_feed *feed, struct source *source, const struct record *record);
	int (*rows)(struct source_feed *feed, struct source *source, const struct series_rows *rows,
		    uint64_t time_ns);
	int (*lost)(struct source_feed *feed, struct source *source, const struct map_plan *map,
		    enum lost_where where, uint64_t count, uint64_t time_ns);
	int (*swept)(struct source_feed *feed, struct source *source, uint64_t time_ns);
	/* Everything given so far is handed out; then sleeps, for at most timeout_ms and until `fd`
	 * (-1: none) is readable. -ECANCELED: the host ends. */
	int (*rest)(struct source_feed *feed, int fd, uint64_t timeout_ms);
	int stop_fd; /* readable when the host ends: a read that blocks is to watch it */
};

/*
 * A walk over one map's series, in blocks of rows that are copies: no lock is held between the
 * calls.
 *
 *	source_walk_init(&walk, source, map, rows);
 *	source_walk_begin(&walk);                       all series, or
 *	source_walk_begin_changed(&walk);               those that changed, came or went since the
 *	                                                last time that it was called
 *	while (source_walk_next(&walk))                 walk.rows, of which there may be none
 *		...
 *	source_walk_release(&walk);
 */
struct source_walk {
	struct source *source;
	const struct map_plan *map;
	struct series_rows rows;
	uint64_t cursor, since, mark;
	bool only_changed, drops;
	struct resolver *names; /* of decoders that leave rows out; NULL until first used */
};
/* For a map that has a metric. */
void source_walk_init(struct source_walk *walk, struct source *source, const struct map_plan *map,
		      uint32_t max_rows);
void source_walk_release(struct source_walk *walk); /* one that was never made as well */
void source_walk_begin(struct source_walk *walk);
void source_walk_begin_changed(struct source_walk *walk);
/* Rows of which a decoder finds that they are left out are not among them. */
bool source_walk_next(struct source_walk *walk);
/* Whether an expression of a label leaves row i out. The walk does so itself while it `drops`. */
bool source_walk_leaves_out(const struct source_walk *walk, uint32_t i);
/* For a source's walk(), with the lock of its series. */
bool source_walk_step(struct source_walk *walk, struct series *series);

static inline const struct metric_plan *source_metric(struct source *source,
						      const struct map_plan *map)
{
	return source->ops->metric(source, map);
}
static inline struct map_stats source_map_stats(struct source *source, const struct map_plan *map)
{
	return source->ops->map_stats(source, map);
}
static inline struct series_stats source_series_stats(struct source *source,
						      const struct map_plan *map)
{
	return source->ops->series_stats(source, map);
}
static inline struct prog_status source_prog_status(struct source *source,
						    const struct prog_plan *prog)
{
	return source->ops->prog_status(source, prog);
}
static inline int source_prog_stats(struct source *source, const struct prog_plan *prog,
				    struct prog_stats *ret)
{
	return source->ops->prog_stats(source, prog, ret);
}
static inline uint64_t source_set_aside(struct source *source, uint64_t max)
{
	return source->ops->set_aside ? source->ops->set_aside(source, max) : max;
}

#endif
