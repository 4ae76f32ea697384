/* SPDX-License-Identifier: Apache-2.0 */
/* The outputs of a run: made from the command line, started, ticked and stopped together. */
#ifndef BOMBUS_CMD_RUN_RUN_SINKS_H
#define BOMBUS_CMD_RUN_RUN_SINKS_H

#include "cmd/run/run_args.h"
#include "cmd/run/run_record.h"
#include "runner/sink/sink.h"

#define RUN_MAX_SINKS 8

struct run_sinks {
	struct sink *sinks[RUN_MAX_SINKS];
	struct sink_host *hosts[RUN_MAX_SINKS];
	size_t count;
	struct run_record record; /* set before the start, where there is to be one */
	const struct sink *recorder;
	struct figures *figures;
};

/* Whether the live table is among them. */
bool run_sinks_interactive(const struct run_args *args);
/* The output that -o names, NULL for none; and what --metrics asks for, NULL where nothing does. */
struct sink *run_sinks_output(const struct global_args *global, const struct run_args *args);
int run_sinks_metrics(struct sink **ret, const struct run_args *args, struct figures *figures,
		      struct err *err);
/* Those of the process so far. */
struct figures *run_sinks_figures(void);
/* What -o is: given, or found out. */
const char *run_sinks_form(const struct run_args *args);

/* Before the kernel is bothered: what cannot be opened or listened on is found here. */
int run_sinks_open(struct run_sinks *sinks, const struct global_args *global,
		   const struct run_args *args, const struct sink_env *env, int wake_fd,
		   struct err *err);
/* Their threads, once everything is attached and privileges are dropped. */
int run_sinks_start(struct run_sinks *sinks, struct err *err);
void run_sinks_tick(struct run_sinks *sinks);
/* Waits for each to finish, for a bounded time; what did not get out is counted. A reader that
 * left or stalls is no error. */
int run_sinks_stop(struct run_sinks *sinks, uint64_t *ret_unwritten, struct err *err);
void run_sinks_release(struct run_sinks *sinks);

#endif
