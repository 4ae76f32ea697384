/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line of `run` says, and the table that reads it. */
#ifndef BOMBUS_CMD_RUN_RUN_ARGS_H
#define BOMBUS_CMD_RUN_RUN_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include "cmd/cmd.h"
#include "cmd/images/remote_args.h"
#include "cmd/images/trust_args.h"
#include "cmd/run/object_words.h"
#include "cmd/run/select_words.h"

struct run_args {
	const char *output, *record;
	const char *user; /* NULL: nobody */
	bool usual_priority, inlines;
	bool no_tty, once, dry_run, keep_caps, keep_going, force, trace_pipe, watch;
	uint64_t count, duration_ns, interval_ns;
	struct select_words select;
	struct object_words object;
	struct words cflags;	    /* of sources */
	struct words runtime_state; /* further folders of container runtimes */
	const char *name_space, *compat;
	const char *pull, *config_object;
	const char *config_text; /* of a recording: the configuration that it was made with */
	struct remote_args remote;
	struct trust_args trust;
	uint64_t max_series, max_memory_bytes, series_ttl_ns;
};

extern const struct opt run_opts[];

#endif
