/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens perf events on CPUs that come online, and cgroups by their ids, after this process gave up
 * the capabilities that this takes. A helper keeps them: CAP_PERFMON, CAP_DAC_READ_SEARCH and,
 * where perf_event_paranoid is above 2 (Debian), CAP_SYS_ADMIN. It does nothing else, and has few
 * system calls.
 *
 *	opener_new()	this process opens
 *	opener_start()	from here on a helper opens
 */
#ifndef BOMBUS_RUNNER_LOAD_SANDBOX_OPENER_H
#define BOMBUS_RUNNER_LOAD_SANDBOX_OPENER_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct opener;
struct perf_event_attr;
struct sandbox_user;

struct opener *opener_new(void);
void opener_free(struct opener *opener); /* takes NULL */
/* In a process without threads. `user` is the helper's, NULL: this process's. */
int opener_start(struct opener *opener, const struct sandbox_user *user, struct err *err);

/* While `own` is set, this process still opens perf events itself: it has its capabilities. */
void opener_prefer_own(struct opener *opener, bool own);

/* Any thread; an opener of NULL is this process. A descriptor or -errno. -EPERM: the helper only
 * opens events that show nothing but records of BPF programs. */
int opener_perf_event(struct opener *opener, const struct perf_event_attr *attr, int cpu);
/* For its path alone (O_PATH), by the id that bpf_get_current_cgroup_id() gives. root_fd is the
 * root of the cgroup2 mount. */
int opener_cgroup(struct opener *opener, int root_fd, uint64_t id);

#endif
