/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink of a file of stacks: it adds them up while the run goes on, and writes them at the end.
 * The file appears whole, or not at all. --folded, --pprof and --flamegraph differ in how they
 * write it, struct flame_form.
 */
#ifndef BOMBUS_RUNNER_SINK_FLAME_FLAME_FILE_H
#define BOMBUS_RUNNER_SINK_FLAME_FLAME_FILE_H

#include "runner/sink/exporter.h"
#include "runner/sink/flame/flame_feed.h"

/* What is written. */
struct flame_report {
	struct flame_tree *tree; /* added up */
	struct flame_unit unit;
	const char *title;	       /* the programs */
	uint64_t time_ns, duration_ns; /* Unix time of the start */
};

struct flame_form {
	struct sink_ops ops; /* flame_file_ops(NAME) */
	/* 0 or -errno. */
	int (*write)(const struct flame_report *report, int fd);
};

/* The options of each: a path. */
struct flame_args {
	const char *path;
};
static inline bool flame_wanted(const void *args)
{
	return ((const struct flame_args *)args)->path != NULL;
}

struct sink *flame_file_new(const struct flame_form *form, const char *path,
			    const struct export_env *env);

int flame_file_open(struct sink *sink, struct err *err);
int flame_file_add(struct sink *sink, struct source *source, struct err *err);
int flame_file_start(struct sink *sink, struct err *err);
int flame_file_event(struct sink *sink, struct source *source, const struct record *record);
int flame_file_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		    uint64_t time_ns);
void flame_file_remove(struct sink *sink, struct source *source);
void flame_file_close(struct sink *sink);
void flame_file_free(struct sink *sink);
#define FLAME_LEAVE_MS 10000
#define flame_file_ops(word)                                                                       \
	{                                                                                          \
		.name = word, .open = flame_file_open, .add = flame_file_add,                      \
		.start = flame_file_start, .event = flame_file_event, .rows = flame_file_rows,     \
		.remove = flame_file_remove, .close = flame_file_close, .free = flame_file_free,   \
		.leave_ms = FLAME_LEAVE_MS,                                                        \
	}

#endif
