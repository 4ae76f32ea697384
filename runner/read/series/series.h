/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The series of one map: canonical key -> cells. An open-addressing table over XXH3 hashes with
 * the entries in stable blocks beside it, so that growing moves 8 bytes a series and nothing
 * that a reader looks at.
 *
 * One thread writes (the collector). Any thread reads, a block at a time, through series_read();
 * both hold the collector's lock (collector.h), for a bounded time.
 *
 * Bounded: at most max_series live entries. A new key over that goes to the overflow series and
 * is counted. Entries that did not change for ttl_ns go when a sweep ends or series_expire() runs.
 * They are kept as gone for two more sweeps or expiries, and stand beside the limit. So does an
 * expired entry whose key is still in the map: it is remembered without being seen, and comes
 * back under its id when its value changes. All entries together are at most twice max_series.
 */
#ifndef BOMBUS_RUNNER_READ_SERIES_SERIES_H
#define BOMBUS_RUNNER_READ_SERIES_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/read/series/metric.h"

struct series;

/* What all series together may take, those of several programs too: only the thread that reads
 * them changes it. */
struct series_budget {
	uint64_t max_bytes, used_bytes;
	uint64_t aside_bytes; /* taken off max_bytes for what shows the series */
	uint32_t sharers;     /* programs that set something aside; 0: one */
};

#define SERIES_DEFAULT_MAX 10000

struct series_opts {
	uint32_t max_series;	      /* 0: SERIES_DEFAULT_MAX */
	uint64_t ttl_ns;	      /* 0: entries stay */
	struct series_budget *budget; /* a new key beyond it goes to the overflow series as well.
				       * Borrowed; NULL: there is none */
};

struct series *series_new(const struct metric_plan *plan, const struct series_opts *opts);
void series_free(struct series *series);
const struct metric_plan *series_plan(const struct series *series);

/* Events: the cells of this key's series, to be added to; the overflow's when the table is full.
 * now_ns is monotonic and remembered as the time of the last change. */
union cell *series_touch(struct series *series, const void *key, uint64_t now_ns);

/* The same for `count` keys at once (at most SERIES_TOUCH_MAX), which is faster: one waits for
 * memory while the others are worked on. */
#define SERIES_TOUCH_MAX 32
void series_touch_many(struct series *series, const void *const *keys, uint32_t count,
		       uint64_t now_ns, union cell **ret_cells);

/*
 * Sweeps: between begin and end each present key is put once or more (the cells of equal keys add
 * up); at the end what was not put is gone: gauges at once, counters and histograms after the
 * TTL. A present key whose cells stay the same for the TTL expires as well. The values become
 * visible at the end of the sweep, never half. The overflow series is counted anew by each sweep.
 * A key that was deleted and comes back is another series with another id.
 */
void series_sweep_begin(struct series *series, uint64_t now_ns);
void series_sweep_put(struct series *series, const void *key, const union cell *cells);
/* The same without a copy: the cells of this key in this sweep, zero at first, to be added to. */
union cell *series_sweep_touch(struct series *series, const void *key);
/* The same for a key that is not worth a new series: NULL where it has none yet. */
union cell *series_sweep_known(struct series *series, const void *key);
void series_sweep_end(struct series *series);
/* Instead of the end, when the map could not be read: all stays as it was before. */
void series_sweep_cancel(struct series *series);

/* Events only: drops what was not touched for the TTL. */
void series_expire(struct series *series, uint64_t now_ns);

/* Events only: all go, and begin anew at their next event. */
void series_flush(struct series *series);

struct series_rows;
/* Row i of what series_read() gave once, in a recording: its series is as it was then. */
void series_put_row(struct series *series, const struct series_rows *rows, uint32_t i);

enum series_flag {
	SERIES_NEW = 1 << 0,	  /* first seen after `since` */
	SERIES_CHANGED = 1 << 1,  /* cells changed after `since` */
	SERIES_GONE = 1 << 2,	  /* its key was deleted; shown once, then not there any more */
	SERIES_OVERFLOW = 1 << 3, /* every label is "__overflow__"; key is all zero */
};

/* Copies of rows, so that they may be looked at without the lock. */
struct series_rows {
	const struct metric_plan *plan;
	uint32_t count;
	uint32_t max;	     /* set by series_rows_init */
	uint8_t *keys;	     /* count * key_bytes */
	union cell *cells;   /* count * ncells */
	uint8_t *flags;	     /* enum series_flag */
	uint64_t *change_ns; /* monotonic time of the last change */
	uint32_t *place;     /* small and dense: where it stands, until it goes */
	uint64_t *id; /* stays with a key as long as it lives, never reused: caches hang on it */
};
void series_rows_init(struct series_rows *rows, const struct metric_plan *plan, uint32_t max);
void series_rows_release(struct series_rows *rows);

/* How many rows of a plan go into a block of so many bytes: at least one, at most max_rows. */
uint32_t series_block_rows(const struct metric_plan *plan, uint32_t max_rows, uint64_t max_bytes);

/*
 * Fills rows with the next live (and gone) series behind *cursor, starting at 0. only_changed:
 * those that changed, came or went after generation `since`. Returns false, without rows, when
 * there are no more; a true one may come without rows too, as each call takes a bounded time.
 * A row that comes or goes between two calls is seen or not; none is seen twice.
 */
bool series_read(const struct series *series, uint64_t *cursor, uint64_t since, bool only_changed,
		 struct series_rows *rows);
/* Counts up with every sweep and expiry and every call of this: a point to be named in `since`. */
uint64_t series_mark(struct series *series);

struct series_stats {
	uint32_t live, max;
	uint64_t overflowed; /* events or entries that went to the overflow series */
	uint64_t over_now;   /* entries of the last sweep that did */
	uint64_t expired;
	bool swept; /* filled by sweeps, not by events */
	size_t memory_bytes;
};
struct series_stats series_stats(const struct series *series);

#endif
