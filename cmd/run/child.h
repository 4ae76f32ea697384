/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command behind `--`: it runs in a cgroup of its own, so that a filter by that cgroup has it
 *and all that it starts, and `run` ends with it.
 *
 *	child_start()	the cgroup, and the process, which waits: in a process without threads that
 *			has all its rights
 *	child_go()	it becomes the command
 *	child_status()	once the loop saw its end
 *	child_release()	the cgroup goes, when the last process in it does
 *
 * Its standard output is standard error: that of `run` is for data. It gets SIGTERM when `run` ends
 * before it.
 */
#ifndef BOMBUS_CMD_RUN_CHILD_H
#define BOMBUS_CMD_RUN_CHILD_H

#include <sys/types.h>
#include "runner/load/sandbox/helper.h"

struct err;
struct loop;

struct child {
	pid_t pid; /* 0: there is none */
	int go_fd, pid_fd;
	char *cgroup;	       /* from the root of version 2: "/bombus-123" */
	struct helper sweeper; /* takes the cgroup away */
};
#define CHILD_INIT ((struct child){ .go_fd = -1, .pid_fd = -1, .sweeper = HELPER_INIT })

int child_start(struct child *child, const char *const *argv, size_t count, struct err *err);
/* The loop ends when it does. */
int child_watch(struct child *child, struct loop *loop, struct err *err);
void child_go(struct child *child);
/* As a shell has it: 128 and the signal; 0 while it runs. */
int child_status(struct child *child);
void child_release(struct child *child);

#endif
