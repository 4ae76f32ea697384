/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a recording and goes through it again: a sink gets, in the same order, what one got while
 * it was made. The way is
 *
 *	replay_open()	 the head and the program; both stay in memory as long as the replay
 *	  ... the caller opens the object, compiles the metrics, makes a collector (not started) ...
 *	replay_start()	 compares the plan with the recording, and plays in a thread of its own
 *	replay_stop()
 *
 * The sink's functions are called in that thread, as a host would do it. Those that serve on demand
 * are opened by the caller: the collector's series and statistics, the object's programs, the
 * clock and the names (replay_names()) follow the recording.
 *
 * The bytes are anybody's: all that is read is checked, a block's checksum before its content, and
 * memory is bounded by RECORDING_MAX_BLOCK twice, the program and REPLAY_MAX_NAMES.
 */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_REPLAY_H
#define BOMBUS_RUNNER_SINK_RECORDING_REPLAY_H

#include "runner/sink/recording/record.h"
#include "runner/sink/sink.h"

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
const struct name_source *replay_names(const struct replay *replay);

struct replay_opts {
	double speed;		 /* 1: as it was; 0: as fast as it goes */
	struct filter **filters; /* by map index: of records, and of rows as metric_row_map()
				  * says; entries may be NULL. Borrowed */
	bool stay;		 /* at the end the sink stays until it or somebody else leaves */
	int wake_fd;		 /* written when it has ended by itself */
};

/* The sink is borrowed, NULL: none. The env is the collector's and the object's; its clock is one
 * that is told. EINVAL: this bombus makes another plan of the program than the one that recorded.
 */
int replay_start(struct replay *replay, const struct sink_env *env, struct sink *sink,
		 const struct replay_opts *opts, struct err *err);

/* How it went. */
struct replay_result {
	uint64_t span_ns; /* of the recording, as far as it was played */
	uint64_t offset;  /* in the file, of the last block that was whole */
	bool cut;	  /* the recording ended without its end */
};
/* Ends it, for at most timeout_ms where the sink stalls. -errno: what the sink ended with, or that
 * the recording is damaged. -EPIPE: the reader left. */
int replay_stop(struct replay *replay, int timeout_ms, struct replay_result *ret, struct err *err);

#endif
