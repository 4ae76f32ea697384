/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups of version 2 as they come and go: the kernel's tracepoints cgroup_mkdir and cgroup_rmdir,
 * read by perf events. A group that lives for a moment is seen as surely as any other, with its id
 * and path. Takes CAP_PERFMON and tracefs to open, and nothing after that.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_CGROUP_EVENTS_H
#define BOMBUS_RUNNER_READ_WHO_CGROUP_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct cgroup_events;
struct err;

int cgroup_events_open(struct cgroup_events **ret, struct err *err);
void cgroup_events_close(struct cgroup_events *events);

/* Readable when there are some: for epoll or poll. */
int cgroup_events_fd(const struct cgroup_events *events);

/*
 * Gives all that there are: those that came, then those that went. One that came may be gone, and
 * its end be in a later call, or have been in an earlier one. False: the kernel lost some.
 */
bool cgroup_events_read(struct cgroup_events *events,
			void (*fn)(void *ctx, uint64_t id, const char *path, bool came), void *ctx);

#endif
