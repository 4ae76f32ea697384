/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of the command line to the configuration of a job. */
#ifndef BOMBUS_CMD_RUN_JOB_ARGS_H
#define BOMBUS_CMD_RUN_JOB_ARGS_H

#include "base/arena.h"
#include "cmd/run/run_args.h"
#include "runner/job/job.h"

struct program;
struct wallclock;

/* EXIT_USAGE. What is made lives in the arena; words and the program's bytes are borrowed. */
int job_config_of(const struct run_args *args, const struct program *program,
		  struct wallclock *clock, struct arena *arena, struct job_config *ret,
		  struct err *err);

#endif
