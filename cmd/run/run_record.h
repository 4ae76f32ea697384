/* SPDX-License-Identifier: Apache-2.0 */
/* --record: the file, and the options that a recording has to know again when it is replayed. */
#ifndef BOMBUS_CMD_RUN_RUN_RECORD_H
#define BOMBUS_CMD_RUN_RUN_RECORD_H

#include "cmd/run/program.h"
#include "cmd/run/run_args.h"
#include "runner/sink/recording/record.h"

/* What a recording is made of; zeroed: none. */
struct run_record {
	struct new_file file; /* of --record FILE */
	int fd;		      /* of --record - */
	struct record_opts opts;
	struct run_image {
		struct record_image image;
		void *elf;
		struct record_option *options;
	} * programs;
	struct record_image *images; /* those of `programs`, as the sink takes them */
	size_t count;
};

/* Checks what is asked for, before anything is opened or loaded. EXIT_USAGE. */
int run_record_check(const struct run_args *args, struct err *err);
/* Makes the file; nothing where --record was not given. */
int run_record_open(struct run_record *record, const struct run_args *args, struct err *err);
/* Adds a program with its own words. The object's bytes are copied. `name` is its name in outputs,
 * borrowed; NULL: it is the only program. */
void run_record_add(struct run_record *record, const char *name, const struct run_args *args,
		    const struct program *program);
void run_record_release(struct run_record *record);

/* A recording's options become arguments; texts are borrowed. EINVAL: one that is not known. */
int run_record_apply(struct run_args *args, const struct record_option *options, size_t count,
		     struct err *err);
/* The lists that it may have made longer. */
void run_record_forget(struct run_args *args);

#endif
