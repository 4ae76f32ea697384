/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups of version 2 as they come and go: the kernel's tracepoints cgroup_mkdir and cgroup_rmdir,
 * read by perf events, which report even a group that lives for a moment, with its id and path.
 * Opening takes CAP_PERFMON and tracefs; reading takes no privilege.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_CGROUP_EVENTS_H
#define BOMBUS_RUNNER_READ_WHO_CGROUP_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct cgroup_events;
struct err;

int cgroup_events_open(struct cgroup_events **ret, struct err *err);
void cgroup_events_close(struct cgroup_events *events);

/* For epoll or poll: readable when there are events. */
int cgroup_events_fd(const struct cgroup_events *events);

/*
 * Calls fn for each event there is: first for groups that came, then for those that went. The end
 * of a group may be in a later call than its start, or in an earlier one. False: the kernel lost
 * events.
 */
bool cgroup_events_read(struct cgroup_events *events,
			void (*fn)(void *ctx, uint64_t id, const char *path, bool came), void *ctx);

#endif
