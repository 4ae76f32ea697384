/* SPDX-License-Identifier: Apache-2.0 */
/* Private to replay.c and replay_items.c. */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_REPLAY_INTERNAL_H
#define BOMBUS_RUNNER_SINK_RECORDING_REPLAY_INTERNAL_H

#include <pthread.h>

#include "base/arena.h"
#include "base/err.h"
#include "runner/sink/recording/replay.h"
#include "runner/sink/recording/replay_file.h"
#include "runner/sink/recording/replay_names.h"
#include "runner/sink/text.h"

/* As the head block has it. */
struct recorded_map {
	const char *symbol;
	uint64_t numbers[4];
};

struct replay_program {
	struct replay *replay;
	const char *name, *short_name; /* short_name NULL: there are no others */
	uint64_t followers;	       /* programs behind it */
	struct record_option *options;
	size_t noptions;
	struct recorded_map *maps;
	uint32_t nmaps;
	void *elf;
	size_t elf_len;
	struct replay_names *names;

	/* Once it is prepared. */
	struct source source;
	struct source_ops ops; /* of the first with the play() of replay.c */
	pthread_mutex_t lock;  /* of the series and of the four below */
	struct metric_plan **metrics;
	struct series **series;
	struct map_stats *stats;
	uint64_t *played; /* atomic: records, by map index */
	struct prog_status *status;
	struct prog_stats *prog_stats;
	struct arena reasons; /* the texts in `status` */
	struct map_shape *shapes;
	struct series_rows *rows; /* by map index; of the thread that plays */
	struct filter **filters;
};

struct replay {
	struct replay_file file;
	struct arena arena;
	const char *version;
	uint64_t time_ns;
	struct replay_program **programs;
	size_t count;
	struct source_play play;

	/* While it plays. */
	struct replay_program *current; /* that of the next items */
	struct source_feed *feed;
	uint64_t due_ns; /* monotonic: when what was given last was due */
	uint64_t last_ns;
	uint64_t file_bytes; /* 0: unknown */
	struct replay_result result;
	struct err *err;
};

/* The items of the current block: 0, or what ends the replay. */
int replay_block(struct replay *rp);

/* replay_source.c: what the source says, and its memory. */
void replay_source_init(struct replay_program *p, const struct plan *plan,
			struct metric_plan **metrics, struct wallclock *clock,
			const struct series_opts *opts);
void replay_source_release(struct replay_program *p);
/* The recording says that this is how it is now. */
void replay_put_rows(struct replay_program *p, const struct series_rows *rows);
void replay_put_stats(struct replay_program *p, const struct map_plan *map,
		      const struct map_stats *stats);
/* The first reason stays. NULL: none. */
void replay_put_prog(struct replay_program *p, uint32_t prog, enum prog_state state,
		     const char *reason, const struct prog_stats *stats);

#endif
