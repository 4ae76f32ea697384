/* SPDX-License-Identifier: Apache-2.0 */
/* Private to record.c, the sink, and record_items.c, which turns what it gets into items. */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_RECORD_INTERNAL_H
#define BOMBUS_RUNNER_SINK_RECORDING_RECORD_INTERNAL_H

#include <pthread.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "runner/sink/recording/record.h"
#include "runner/sink/recording/record_file.h"
#include "runner/sink/slots.h"
#include "runner/sink/text.h"

#define RECORD_SEEN_NAMES 4096u /* ids that were looked up within the last second */
#define RECORD_LOG_BYTES (64u << 10)

/* What was written last of an id's name. */
struct seen_name {
	uint64_t id, hash, until_ns;
	uint8_t kind;
};

struct record_map {
	struct map_shape shape;
	const struct field **named; /* fields of records or labels whose names have to travel */
	uint8_t *named_part;
	uint32_t nnamed;
	uint64_t dropped; /* no ITEM_LOST has them yet */
};

struct record_program {
	struct source *source;
	struct sink_names names;
	struct seen_name *seen;
	struct record_map *maps;
	uint32_t number; /* in the file */
};

struct recorder {
	struct sink sink;
	struct record_opts opts;
	struct record_file *file;
	struct slots programs;	     /* struct record_program, by the source's number */
	struct record_program **all; /* the same, in the order of the file */
	uint32_t count;
	const struct record_program *current; /* that of the last item; at first all[0] */
	uint64_t last_ns;		      /* the next record or row has its difference to it */
	uint64_t arrival_ns;		      /* monotonic, of the last ITEM_TIME */
	uint64_t flushed_ns, stats_ns;
	struct clock_offsets clock;
	bool warned, has_rows;
	struct record_result result;
	pthread_mutex_t log_lock;
	struct strbuf log; /* items, made by any thread */
};

/* The coarse monotonic clock: fine enough for a replay, and a few nanoseconds a call. */
uint64_t record_now_ns(void);

/* Before each item, with its time: puts the time, and once a second statistics and messages. */
void record_put_tick(struct recorder *r, uint64_t time_ns);
/* Without room a record or row is counted; the count goes into the file when there is room. */
void record_put_record(struct recorder *r, struct record_program *p, const struct record *record);
void record_put_rows(struct recorder *r, struct record_program *p, const struct series_rows *rows,
		     uint64_t time_ns);
void record_put_lost(struct recorder *r, const struct record_program *p, uint32_t map,
		     enum lost_where where, uint64_t count, uint64_t time_ns);
void record_put_sweep(struct recorder *r, const struct record_program *p, uint64_t time_ns);
void record_put_clock(struct recorder *r); /* if it is another one than before */
void record_put_last(struct recorder *r);  /* how everything stands at the end */

/* For log_also(), with the recorder as ctx: any thread. */
void record_note_log(void *ctx, enum log_level level, const char *line);

#endif
