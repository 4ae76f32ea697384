/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording (runner/sink/recording/record.h) that the live table makes while it runs: of what
 * comes from now on, or of what it keeps in memory. It is fed in the thread of the table, and
 * written by a thread of its own.
 */
#ifndef BOMBUS_RUNNER_TUI_KEEP_TAPE_H
#define BOMBUS_RUNNER_TUI_KEEP_TAPE_H

#include "runner/sink/recording/record.h"

struct files;
struct model;
struct tape;

struct tape_opts {
	struct files *files; /* make the file; NULL: this process does */
	const struct record_image *images;
	size_t nimages;
	struct source *const *sources; /* NULL entries are left out */
	size_t nsources;
	bool told;  /* times are those of the data */
	bool waits; /* nothing is left out where the file is slow */
};

/* All is borrowed until tape_end(). ENOTSUP: the objects of the programs are not known. */
int tape_start(struct tape **ret, const struct tape_opts *opts, const char *path, struct err *err);
/* Takes what sinks take. A file that cannot be written any more takes nothing. */
struct sink *tape_sink(struct tape *tape);
const char *tape_path(const struct tape *tape);
/* All series as they are, from which changes go on. */
void tape_begin(struct tape *tape, uint64_t time_ns);

/* Writes the rest, frees it. *ret_bytes: of the file. An error when it is not whole. */
int tape_end(struct tape *tape, uint64_t *ret_bytes, struct err *err);

/* What the model keeps since from_ns, as a recording of its own. */
int tape_save(struct model *model, uint64_t from_ns, const struct tape_opts *opts, const char *path,
	      uint64_t *ret_bytes, struct err *err);

#endif
