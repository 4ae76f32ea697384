/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Once everything is loaded and attached, reading needs next to nothing of what that took. What is
 * dropped here is dropped for good: permitted, effective, inheritable, ambient and bounding set,
 * and no program that is started can gain any (no_new_privs). Threads that run already keep theirs,
 * so this comes before the first one starts.
 *
 * These stay:
 *	CAP_DAC_READ_SEARCH	where a field is a cgroup's id: the way back to its path
 *	CAP_DAC_OVERRIDE	for the live table, which writes files where its user says
 *	CAP_PERFMON		for perf event arrays and perf_event programs, which need it for
 *				CPUs that come online later
 *	CAP_BPF			where the kernel asks for it to read maps (before 5.19), or
 *	CAP_SYS_ADMIN		before 5.8
 */
#ifndef BOMBUS_RUNNER_LOAD_SANDBOX_PRIVILEGES_H
#define BOMBUS_RUNNER_LOAD_SANDBOX_PRIVILEGES_H

#include <stdint.h>
#include "runner/load/plan/plan.h"

struct err;

/* Sets of 1 << CAP_*. */

/* Needed to read the program's data, beside those that the kernel asks for to read maps. */
uint64_t privileges_to_read(const struct plan *plan);

/* Drops all but `keep` and what the kernel asks for to read maps. A capability that the process
 * does not have is not missed. */
int privileges_drop(uint64_t keep, struct err *err);

/* Of a helper process: exactly these stay, for good. Failing is no error: it then has more. */
void privileges_keep_only(uint64_t keep);

/* No new socket of this process, nor of those that it starts, reaches a network. Failing is no
 * error. */
void privileges_no_network(void);

#endif
