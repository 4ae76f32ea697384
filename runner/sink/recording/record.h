/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink that records, spec/recording.md. The host gives it and the output beside it the same, in
 * one thread and one order: what the output showed and what is in the file are the same records,
 * the same rows with the same times.
 *
 *	sink's thread    items into blocks of bytes; a copy each, nothing is formatted
 *	writer's thread  checksum, zlib where there is time for it, write
 *
 * Between the two is a bounded number of blocks. Where there is another sink it is never kept
 * waiting: what no block has room for is counted and stands in the file as lost. A recorder alone
 * waits, as the kernel's buffer is the longer queue.
 *
 * Its sources are there before it starts: the file begins with all programs.
 *
 * A file that cannot be written any more ends the recording with a warning, and the run only where
 * there is no other output; what was written so far can be replayed.
 */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_RECORD_H
#define BOMBUS_RUNNER_SINK_RECORDING_RECORD_H

#include "base/new_file.h"
#include "runner/sink/sink.h"

/* "map", "events=counter": options of the command line that the plan depends on. */
struct record_option {
	const char *name, *value;
};

/* A program as a recording keeps it, beside its source. */
struct record_image {
	const char *program; /* as its source calls it; NULL: there is one source */
	const void *elf;
	size_t elf_bytes;
	const struct record_option *options;
	size_t noptions;
};

struct record_opts {
	int fd;		       /* borrowed */
	const char *path;      /* for messages */
	struct new_file *file; /* named with the first record; borrowed; NULL: it has a name */
	bool alone;	       /* there is no output beside it */
	bool told;	       /* times are those of records and rows, not of the clock */
	bool no_log;	       /* without the messages of bombus */
	const struct record_image *images; /* borrowed until the sink has started */
	size_t nimages;
};

struct sink *sink_record_new(const struct record_opts *opts);

/* After the end of the sink's thread: what the file took, and did not. -errno: what ended it. */
struct record_result {
	uint64_t bytes, dropped;
	int error;
};
struct record_result sink_record_result(const struct sink *sink);

#endif
