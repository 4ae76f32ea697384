/* SPDX-License-Identifier: Apache-2.0 */
/* Private to replay.c and replay_items.c. */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_REPLAY_INTERNAL_H
#define BOMBUS_RUNNER_SINK_RECORDING_REPLAY_INTERNAL_H

#include <pthread.h>

#include "base/arena.h"
#include "base/err.h"
#include "runner/sink/out.h"
#include "runner/sink/recording/replay.h"
#include "runner/sink/recording/replay_file.h"
#include "runner/sink/recording/replay_names.h"
#include "runner/sink/text.h"

/* As the head block has it. */
struct told_map {
	const char *symbol;
	uint64_t numbers[4];
};

struct replay {
	struct replay_file file;
	struct arena arena;
	const char *program, *version;
	uint64_t time_ns;
	struct record_option *options;
	size_t noptions;
	struct told_map *maps;
	uint32_t nmaps;
	void *elf;
	size_t elf_len;
	struct replay_names *names;

	/* While it plays. */
	struct sink_env env;
	struct sink *sink; /* NULL: none */
	struct replay_opts opts;
	struct map_shape *shapes;
	struct series_rows *rows; /* by map index */
	pthread_t thread;
	bool started, abandoned;
	int stop_fd;
	uint64_t start_ns, last_ns;
	struct replay_result result;
	int code;
	struct err err;
};

/* The items of the current block: 0, or what ends the replay. */
int replay_block(struct replay *rp);
/* What was given so far is on its way; -EPIPE: nobody reads it. */
int replay_flush(struct replay *rp);
/* A turn for the sink; then sleeps, at most so long, or until its fd() or `fd` (-1: none) has
 * something. -ECANCELED: replay_stop(). */
int replay_rest(struct replay *rp, int fd, uint64_t timeout_ms);
struct out *replay_out(const struct replay *rp); /* the sink's; NULL: none */

#endif
