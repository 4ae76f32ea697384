/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a recording and is its sources, one a program: it gives, in the same order, what the
 * programs gave while they were recorded. Programs have numbers from 0.
 *
 *	replay_open()		the heads and the programs, which the replay keeps in memory
 *	  ... the caller opens each object and compiles its metrics ...
 *	replay_prepare()	of each: compares the plan with the recording, and makes the source
 *	  ... a host takes the sources in their order, plays the first and stops ...
 *	replay_result()
 *
 * The sources' series, statistics, states, clock and names follow the recording while it plays.
 *
 * The bytes are anybody's: all that is read is checked, a block's checksum before its content, and
 * memory is bounded by RECORDING_MAX_BLOCK twice, the programs (RECORDING_MAX_ELF) and
 * REPLAY_MAX_NAMES of each.
 */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_REPLAY_H
#define BOMBUS_RUNNER_SINK_RECORDING_REPLAY_H

#include "runner/sink/recording/record.h"
#include "runner/source.h"

#define REPLAY_MAX_NAMES 65536 /* names that are remembered; more are not known */
#define REPLAY_MAX_NAME_BYTES (16u << 20)

struct filter;
struct replay;

/* fd and path are borrowed. Errors: no recording, a newer version's, cut before there is data. */
int replay_open(struct replay **ret, int fd, const char *path, struct err *err);
void replay_free(struct replay *replay);

size_t replay_count(const struct replay *replay);	 /* of programs: 1 at least */
const char *replay_version(const struct replay *replay); /* of the bombus that made it */
uint64_t replay_time_ns(const struct replay *replay);	 /* when */
/* The image's name. */
const char *replay_program(const struct replay *replay, size_t program);
/* The one that outputs use, where there are several; else NULL. */
const char *replay_short_name(const struct replay *replay, size_t program);
const void *replay_elf(const struct replay *replay, size_t program, size_t *ret_len);
const struct record_option *replay_options(const struct replay *replay, size_t program,
					   size_t *ret_count);

/*
 * `metrics` is by map index, NULL entries where there is none; what they point to is taken over,
 * also on failure. The clock is one without measurements (base/clock.h); it and the plan are
 * borrowed. EINVAL: this bombus makes another plan of the program than the one that recorded.
 */
int replay_prepare(struct replay *replay, size_t program, const struct plan *plan,
		   struct metric_plan **metrics, struct wallclock *clock,
		   const struct series_opts *opts, struct err *err);
/* Once it is prepared. */
struct source *replay_source(struct replay *replay, size_t program);

/* Before it plays. 1: as it was; 0, which is the default: as fast as it goes. */
void replay_set_speed(struct replay *replay, double speed);
/* By map index: of records, and of rows as metric_row_map() says; entries may be NULL. Borrowed. */
void replay_set_filters(struct replay *replay, size_t program, struct filter **filters);

/* How it went, once it has played. */
struct replay_result {
	uint64_t span_ns; /* of the recording, as far as it was played */
	uint64_t offset;  /* in the file, of the last block that was whole */
	bool cut;	  /* the recording ended without its end */
};
struct replay_result replay_result(const struct replay *replay);

#endif
