/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU time, memory, descriptors and threads of this process, read from /proc. */
#ifndef BOMBUS_BASE_PROCESS_H
#define BOMBUS_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/figures.h"

struct process_stats {
	double cpu_s;	/* user and system time of all threads */
	double start_s; /* Unix time */
	uint64_t resident_bytes, virtual_bytes;
	uint64_t fds, max_fds, threads;
};

/* False where /proc is not there or not of the known form. */
bool process_stats_read(struct process_stats *ret);

extern const struct figure_table process_figures; /* process_...; ctx: NULL */

#endif
