/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round: each map is looked at once, small ones first, so that a huge one is late alone. It is
 * made of steps that take a bounded time; the caller reads its buffers between them.
 */
#ifndef BOMBUS_RUNNER_READ_COLLECT_ROUND_H
#define BOMBUS_RUNNER_READ_COLLECT_ROUND_H

#include <stdbool.h>
#include <stdint.h>

struct reader;

struct round {
	struct reader *readers;	  /* borrowed */
	uint32_t *order, count;	  /* indices of readers, by the size of their maps */
	uint32_t turn;		  /* in `order`; count: no round runs */
	bool begun, only_records; /* the sweep of that map began; see round_begin() */
	uint64_t deadline_ns;	  /* monotonic: no sweep that is longer is begun; 0: none */
};

void round_init(struct round *round, struct reader *readers, uint32_t count);
void round_release(struct round *round);

/* only_records: no maps that become series, which are swept when somebody asks for them. */
void round_begin(struct round *round, bool only_records);
static inline bool round_runs(const struct round *round)
{
	return round->turn < round->count;
}
/* False: that was the last one. */
bool round_step(struct round *round);
/* Ends the round early: a map that was not read to its end stays as the last whole sweep left it,
 * and is marked as cut. */
void round_cut(struct round *round);

/* Without a round: CPUs that came or went, losses, series of events that expire. */
void round_watch_streams(struct round *round);

#endif
