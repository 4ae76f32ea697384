/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a recording and is its source: it gives, in the same order, what a program gave while it
 * was recorded.
 *
 *	replay_open()		the head and the program; both stay in memory as long as the replay
 *	  ... the caller opens the object and compiles the metrics ...
 *	replay_prepare()	compares the plan with the recording, and makes the source
 *	  ... a host takes the source, plays it and stops ...
 *	replay_result()
 *
 * The source's series, statistics, states, clock and names follow the recording while it plays.
 *
 * The bytes are anybody's: all that is read is checked, a block's checksum before its content, and
 * memory is bounded by RECORDING_MAX_BLOCK twice, the program and REPLAY_MAX_NAMES.
 */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_REPLAY_H
#define BOMBUS_RUNNER_SINK_RECORDING_REPLAY_H

#include "runner/sink/recording/record.h"
#include "runner/source.h"

#define REPLAY_MAX_NAMES 65536 /* names that are remembered; more are not known */
#define REPLAY_MAX_NAME_BYTES (16u << 20)

struct replay;

/* fd and path are borrowed. Errors: no recording, a newer version's, cut before there is data. */
int replay_open(struct replay **ret, int fd, const char *path, struct err *err);
void replay_free(struct replay *replay);

const char *replay_program(const struct replay *replay); /* the image's name */
const char *replay_version(const struct replay *replay); /* of the bombus that made it */
uint64_t replay_time_ns(const struct replay *replay);	 /* when */
const void *replay_elf(const struct replay *replay, size_t *ret_len);
const struct record_option *replay_options(const struct replay *replay, size_t *ret_count);

/*
 * `metrics` is by map index, NULL entries where there is none; what they point to is taken over,
 * also on failure. The clock is one without measurements (base/clock.h); it and the plan are
 * borrowed. EINVAL: this bombus makes another plan of the program than the one that recorded.
 */
int replay_prepare(struct replay *replay, const struct plan *plan, struct metric_plan **metrics,
		   struct wallclock *clock, const struct series_opts *opts, struct err *err);
/* Once it is prepared. */
struct source *replay_source(struct replay *replay);

struct replay_opts {
	double speed;		 /* 1: as it was; 0: as fast as it goes */
	struct filter **filters; /* by map index: of records, and of rows as metric_row_map()
				  * says; entries may be NULL. Borrowed */
};
/* Before it plays. */
void replay_choose(struct replay *replay, const struct replay_opts *opts);

/* How it went, once it has played. */
struct replay_result {
	uint64_t span_ns; /* of the recording, as far as it was played */
	uint64_t offset;  /* in the file, of the last block that was whole */
	bool cut;	  /* the recording ended without its end */
};
struct replay_result replay_result(const struct replay *replay);

#endif
