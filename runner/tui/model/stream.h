/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last records of one map, as raw bytes: a ring of chunks of slots of one size. To store one
 * is a memcpy. Between the records stand notes: that some were lost, where it was noticed.
 *
 * Each slot has a number that never comes again. A position counts what is shown: all slots, or
 * under a filter those that match, and notes. Which match is kept as a bit per slot, so that the
 * n-th is found by counting bits.
 *
 * While frozen, what was there stays where it is, up to half of the ring, and what comes goes on
 * into the rest, of which the oldest goes first. A note says what is missing between the two.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_STREAM_H
#define BOMBUS_RUNNER_TUI_MODEL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/read/record.h"

struct stream;

enum stream_note {
	NOTE_NONE,	  /* a record */
	NOTE_LOST_KERNEL, /* counts what the program could not hand over */
	NOTE_LOST_QUEUE,  /* what came while we were too slow */
	NOTE_SKIPPED,	  /* what came while frozen, and is not kept */
};

struct stream *stream_new(const struct map_plan *map, uint64_t max_bytes);
void stream_free(struct stream *stream);

void stream_put(struct stream *stream, const struct record *record);
void stream_note(struct stream *stream, enum stream_note note, uint64_t count, uint64_t time_ns);

void stream_freeze(struct stream *stream, bool on);

/* What matches is to be shown from now on; NULL: all. */
typedef bool stream_match(void *ctx, const struct record *record);
void stream_filter(struct stream *stream, stream_match *match, void *ctx);
/* Looks at up to `max` records that were not looked at yet; false: there are more. */
bool stream_check(struct stream *stream, uint64_t max);

/* Positions; of what is frozen, while it is. */
uint64_t stream_shown(const struct stream *stream);
enum stream_note stream_at(const struct stream *stream, uint64_t at, struct record *ret,
			   uint64_t *ret_number, uint64_t *ret_count);
/* Where a slot stands; false: it is not there (any more), *ret is the nearest. */
bool stream_find(const struct stream *stream, uint64_t number, uint64_t *ret);

struct stream_stats {
	uint64_t records; /* that came, ever */
	uint64_t kept;	  /* of these, there still */
	uint64_t first, oldest_ns, newest_ns;
	uint64_t used_bytes, max_bytes;
	bool full; /* something had to go already */
};
struct stream_stats stream_stats(const struct stream *stream);

#endif
