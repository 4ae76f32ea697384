/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs are pulled, opened and attached in threads of their own, so that those that run are read
 * meanwhile, and a registry that does not answer does not hold up the others. loading_run() is the
 * one place where a job is opened and attached.
 */
#ifndef BOMBUS_CMD_AGENT_LOADING_H
#define BOMBUS_CMD_AGENT_LOADING_H

#include "cmd/agent/config.h"
#include "cmd/run/program.h"
#include "runner/job/job.h"

struct loading;

/* A program that was attached, and all that its job borrows. */
struct loaded {
	struct agent_config *config;
	struct program program;
	struct arena arena;
	struct job *job;
};
void loaded_free(struct loaded *loaded); /* NULL is fine */

/* What is to be done, and what came of it. */
struct load_task {
	const struct agent_program *program;
	struct agent_config *config; /* held */
	uint64_t slot;		     /* of the caller */
	bool refresh;		     /* ask the registry, and load it only if its digest is not: */
	char digest[72];
	struct loaded *loaded; /* NULL: it failed, or nothing changed */
	int code;
	struct err err;
	struct load_task *next;
};

/* Gets the image and opens it, without asking the kernel. */
int loading_check(const struct global_args *global, const struct agent_program *program,
		  struct err *err);

struct loading_opts {
	const struct global_args *global;
	struct wallclock *clock;
	struct series_budget *budget; /* NULL: none */
	struct loader *loader;
	struct opener *opener;
	struct who *who;
	struct stacks *stacks;
	int bell_fd; /* rung when a task is done */
};
int loading_new(struct loading **ret, const struct loading_opts *opts, struct err *err);
/* Waits for the tasks that are under way. */
void loading_free(struct loading *loading);
/* Takes the task over. */
void loading_put(struct loading *loading, struct load_task *task);
/* The next one that is done; NULL: there is none. */
struct load_task *loading_get(struct loading *loading);
void load_task_free(struct load_task *task);

#endif
