/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to the files of struct fleet:
 *
 *	fleet.c		which programs are wanted and which run
 *	fleet_pages.c	what figures and pages show of them
 */
#ifndef BOMBUS_CMD_AGENT_FLEET_INTERNAL_H
#define BOMBUS_CMD_AGENT_FLEET_INTERNAL_H

#include <pthread.h>

#include "cmd/agent/fleet.h"

#define REASON_MAX 1024

/* What the last second brought. */
struct rates {
	uint64_t time_ns, read, run_ns, lost;
	bool lost_known;
	double records, cpu;
};

struct slot {
	struct slot *next;
	uint64_t id;
	const struct agent_program *wanted;	/* NULL: it is going */
	struct agent_config *config;		/* of `wanted`; held */
	struct loaded *running;			/* NULL: it is down */
	const struct agent_program *running_as; /* NULL with `running` */
	bool loading;
	bool tried;
	unsigned failures;
	uint64_t retry_ns, pull_ns; /* when; 0: not */
	char reason[REASON_MAX];    /* why it is down, or has not its successor; "": it is well */
	struct rates rates;
};

struct fleet {
	struct fleet_opts opts;
	struct host *host;
	struct loading *loading;
	struct series_budget budget;
	int bell_fd;
	uint64_t next_id;
	/* Around what pages and figures see: the list, and of a slot all but its rates' sums. */
	pthread_mutex_t lock;
	struct slot *slots;
	/* Stopped, but a sink may still use their sources. */
	struct leaver {
		struct loaded *loaded;
		uint64_t since_ns;
		bool warned;
	} * leavers;
	size_t nleavers;
	int left_fd; /* a bell, of the host */
};

extern const struct figure_table fleet_figures; /* ctx: the fleet */

#endif
