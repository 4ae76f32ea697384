/* SPDX-License-Identifier: Apache-2.0 */
/* The outputs of a run: made from the command line, started, ticked and stopped together. */
#ifndef BOMBUS_CMD_RUN_RUN_SINKS_H
#define BOMBUS_CMD_RUN_RUN_SINKS_H

#include "base/strbuf.h"
#include "cmd/run/exporters.h"
#include "cmd/run/run_args.h"
#include "cmd/run/run_record.h"
#include "runner/sink/host/host.h"

struct run_sinks {
	struct host *host;
	struct figures *figures;  /* of bombus itself */
	struct strbuf command;	  /* that began the run */
	struct run_record record; /* set before the start, where there is to be one */
	struct files *files; /* make what the live table writes; borrowed; NULL: this process */
	bool together;	     /* all in one thread: the source plays itself */
	const struct sink *recorder;
	struct sink *made[EXPORTERS_COUNT]; /* as the exporters; NULL: not asked for */
	const struct exports *exports;
};

/* Whether the live table is among them. */
bool run_sinks_interactive(const struct run_args *args, const struct exports *exports);
/* What -o is: given, or found out. */
const char *run_sinks_form(const struct run_args *args, const struct exports *exports);

/* Before the kernel is bothered: makes and opens them all; what cannot be opened or listened on is
 * found here. */
int run_sinks_open(struct run_sinks *sinks, const struct global_args *global,
		   const struct run_args *args, int wake_fd, struct err *err);
/* Waits for each to finish, for a bounded time; what did not get out is counted. A reader that
 * left or stalls is no error. */
int run_sinks_stop(struct run_sinks *sinks, uint64_t *ret_unwritten, struct err *err);
void run_sinks_release(struct run_sinks *sinks);

#endif
