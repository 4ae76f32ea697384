/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs of one `run`.
 *
 * A word of the command line is IMAGE or NAME=IMAGE. A program without a name of its own gets the
 * short one of its image or file; a second one of that name becomes NAME-2, and so on. Outputs and
 * words of the command line (route.h) use it where several programs run.
 *
 * With --keep-going a program that cannot be opened, attached or read is reported and left out;
 * the exit status is that of the first.
 */
#ifndef BOMBUS_CMD_RUN_PROGRAMS_H
#define BOMBUS_CMD_RUN_PROGRAMS_H

#include "base/arena.h"
#include "cmd/run/program.h"
#include "cmd/run/run_args.h"
#include "cmd/run/run_record.h"
#include "runner/job/job.h"
#include "runner/sink/host/host.h"

struct global_args;

struct run_program {
	struct program program;
	const char *name;
	bool is_named;	      /* by the command line */
	struct object *probe; /* its plan, before words are routed */
	struct job *job;      /* NULL: left out */
};

struct programs {
	const struct global_args *global;
	const struct run_args *args;
	struct run_program *all;
	struct run_args *routed; /* by program */
	size_t count;
	struct opener *opener;	     /* borrowed; NULL: this process opens */
	struct who *who;	     /* NULL: not asked for */
	struct stacks *stacks;	     /* NULL: no program has user stacks */
	struct loader *loader;	     /* borrowed; NULL: this process loads */
	struct wallclock *clock;     /* borrowed */
	struct host *host;	     /* has their sources */
	bool statistics;	     /* of the kernel, about its programs: wanted */
	uint64_t checked_ns;	     /* time of the last check by programs_check() */
	struct series_budget budget; /* of the series of all of them */
	struct arena arena;
	int failed; /* exit status of the first that was left out; 0: none was */
};

/* Opens them all: what can be wrong without asking the kernel fails here. */
int programs_open(struct programs *programs, const struct words *words, struct wallclock *clock,
		  struct err *err);
/* Loads and attaches them, in the order of the command line. -EINTR between two of them after a
 * signal. */
int programs_attach(struct programs *programs, struct err *err);

/* The host gets their sources and the loop reads them, from now on: one that could not be attached
 * is never seen by a sink. */
int programs_read(struct programs *programs, struct host *host, struct loop *loop, struct err *err);
/* The job of another version of the program at this place, as programs_open() makes it; the version
 * and the arena live as long. Any thread. On failure *ret needs freeing too. */
int programs_open_job(struct programs *programs, size_t at, const struct program *version,
		      struct arena *arena, struct job **ret, struct err *err);
/* Puts an attached job in the place of the one that runs there, which is detached and read to its
 * end. Without *ret_gone some sinks still know its source. A failure ends the run. */
int programs_replace(struct programs *programs, size_t at, struct job *job, struct loop *loop,
		     struct job **ret_old, bool *ret_gone, struct err *err);
/* Adds them, with their words, to a recording. */
void programs_record(const struct programs *programs, struct run_record *record);
/* Every PROGRAMS_CHECK_NS: refreshes the clock and finds programs that were detached from outside.
 * Sweeps call it too, so that an idle process wakes up once for both. */
#define PROGRAMS_CHECK_NS 1000000000ull
void programs_check(struct programs *programs);
/* Detaches them all, then reads what is left; the sweeps take at most sweeps_ns (0: no limit), and
 * `stop` ends them at once. Returns how long they ran. */
uint64_t programs_stop(struct programs *programs, uint64_t sweeps_ns, bool (*stop)(void));

/* programs_show.c: a line for each at the start and at the end, and tables of their states. */
void programs_show_start(const struct programs *programs);
void programs_show_end(const struct programs *programs, uint64_t ran_ns, uint64_t unwritten);
void programs_show_states(const struct programs *programs);

/* How many are not left out. */
size_t programs_left(const struct programs *programs);
/* Whether outputs name the programs. */
bool programs_several(const struct programs *programs);
/* See job_needs_opener(). */
bool programs_need_opener(const struct programs *programs);
/* Starts the helper that names frames of user stacks, if a program has some. Before there are
 * threads and while there are privileges. */
int programs_start_stacks(struct programs *programs, struct err *err);
void programs_release(struct programs *programs);

#endif
