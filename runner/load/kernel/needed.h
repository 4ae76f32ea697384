/* SPDX-License-Identifier: Apache-2.0 */
/* Which capabilities a program needs, and which it could use, each with the reason. */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_NEEDED_H
#define BOMBUS_RUNNER_LOAD_KERNEL_NEEDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;

struct needed_cap {
	uint64_t cap;	  /* one bit, see caps.h */
	bool is_optional; /* the program runs without it */
	char why[192];	  /* "on_packet changes the network" */
};

/* Of the plan's programs that have chosen[] set, and of its maps. At most NEEDED_MAX; returns how
 * many. */
#define NEEDED_MAX 16
size_t needed_caps(const struct plan *plan, const bool *chosen, struct needed_cap ret[NEEDED_MAX]);

#endif
