/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last records of one map, as raw bytes: a ring of chunks of equal slots. Storing a record is a
 * memcpy. Notes between the records tell of losses, where they were noticed.
 *
 * Each slot has a number that is never used again. A position counts shown slots: all, or with a
 * filter the matching records and the notes. A bit per slot says whether it matches, and the n-th
 * one is found by counting bits.
 *
 * While frozen, the records from before stay, up to half of the ring. New ones go into the rest,
 * where the oldest are dropped first. A note tells how many are missing between the two.
 */
#ifndef BOMBUS_RUNNER_SINK_STREAM_H
#define BOMBUS_RUNNER_SINK_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/read/record.h"

struct stream;

enum stream_note {
	NOTE_NONE,	  /* a record */
	NOTE_LOST_KERNEL, /* the program could not hand them over */
	NOTE_LOST_QUEUE,  /* the live table was too slow */
	NOTE_SKIPPED,	  /* dropped while frozen */
};

struct stream *stream_new(const struct map_plan *map, uint64_t max_bytes);
void stream_free(struct stream *stream);
/* Another limit from now on; the newest records stay, as many as fit, with their numbers. */
void stream_resize(struct stream *stream, uint64_t max_bytes);

void stream_put(struct stream *stream, const struct record *record);
void stream_note(struct stream *stream, enum stream_note note, uint64_t count, uint64_t time_ns);

void stream_freeze(struct stream *stream, bool on);

/* Shows only matching records from now on; NULL: all. */
typedef bool stream_match(void *ctx, const struct record *record);
void stream_filter(struct stream *stream, stream_match *match, void *ctx);
/* Checks up to `max` records that the filter has not seen; false: more remain. */
bool stream_check(struct stream *stream, uint64_t max);

/* Positions; while frozen, of the frozen records. */
uint64_t stream_shown(const struct stream *stream);
enum stream_note stream_at(const struct stream *stream, uint64_t at, struct record *ret,
			   uint64_t *ret_number, uint64_t *ret_count);
/* The record of a slot, whatever is shown. False: it is a note, or not there any more. */
bool stream_record(const struct stream *stream, uint64_t number, struct record *ret);
/* The position of a slot; false: it is not there, and *ret is the nearest position. */
bool stream_find(const struct stream *stream, uint64_t number, uint64_t *ret);

/* All that is kept, oldest first, whatever the filter shows. `walk` is zeroed at first, and valid
 * until the next change. False: no more. */
struct stream_walk {
	uint32_t chunk, slot;
};
bool stream_next(const struct stream *stream, struct stream_walk *walk, struct record *ret,
		 enum stream_note *ret_note, uint64_t *ret_count);

struct stream_stats {
	uint64_t records; /* all that ever arrived */
	uint64_t kept;	  /* of these, still in the ring */
	uint64_t first, oldest_ns, newest_ns;
	uint64_t next; /* number of the next slot */
	uint64_t used_bytes, max_bytes;
	bool full; /* records were dropped for new ones */
};
struct stream_stats stream_stats(const struct stream *stream);

#endif
