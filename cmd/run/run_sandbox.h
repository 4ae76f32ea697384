/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The privileges that `run` gives up once everything is attached, and the helper processes that
 * keep some of them.
 *
 *	run_sandbox_init()	before programs are opened: they borrow ->opener
 *	run_sandbox_prepare()	before outputs are opened: they borrow ->files
 *	run_sandbox_enter()	everything is attached, no thread runs
 */
#ifndef BOMBUS_CMD_RUN_RUN_SANDBOX_H
#define BOMBUS_CMD_RUN_RUN_SANDBOX_H

#include "cmd/run/programs.h"
#include "cmd/run/run_sinks.h"
#include "runner/load/sandbox/sandbox.h"

struct files;
struct opener;

struct run_sandbox {
	bool is_off; /* --keep-caps */
	struct sandbox box;
	struct opener *opener;
	struct files *files; /* NULL: this process makes files */
};

int run_sandbox_init(struct run_sandbox *sandbox, const struct run_args *args, struct err *err);
int run_sandbox_prepare(struct run_sandbox *sandbox, const struct programs *programs,
			const struct run_sinks *sinks, struct err *err);
int run_sandbox_enter(struct run_sandbox *sandbox, const struct run_args *args,
		      const struct run_sinks *sinks, struct err *err);
void run_sandbox_release(struct run_sandbox *sandbox);

#endif
