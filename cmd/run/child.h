/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command behind `--`. It runs in a cgroup of its own, so that a filter by that cgroup selects
 * it and its descendants. `run` ends when it ends.
 *
 *	child_start()	makes the cgroup and the process, which waits. It needs all privileges and a
 *			process without threads
 *	child_go()	lets the process become the command
 *	child_status()	its exit status, after the loop saw it end
 *	child_release()	removes the cgroup, once the last process in it has ended
 *
 * The command's standard output goes to standard error, as that of `run` is for data. The command
 * gets SIGTERM if `run` ends first.
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
	struct helper sweeper; /* removes the cgroup */
};
#define CHILD_INIT ((struct child){ .go_fd = -1, .pid_fd = -1, .sweeper = HELPER_INIT })

int child_start(struct child *child, const char *const *argv, size_t count, struct err *err);
/* The loop ends when the command ends. */
int child_watch(struct child *child, struct loop *loop, struct err *err);
void child_go(struct child *child);
/* The exit status as a shell has it: 128 + N after signal N; 0 while the command runs. */
int child_status(struct child *child);
void child_release(struct child *child);

#endif
