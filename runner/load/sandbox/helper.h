/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small process beside this one. It keeps a right that this process gives up, and does one kind
 * of work with it on request, over a socket (packet.h). It ends when the socket closes, and so with
 * this process in any case.
 */
#ifndef BOMBUS_RUNNER_LOAD_SANDBOX_HELPER_H
#define BOMBUS_RUNNER_LOAD_SANDBOX_HELPER_H

#include <sys/types.h>

struct helper {
	int fd;	   /* of this process; -1: it was not started */
	pid_t pid; /* 0: it was waited for */
};
#define HELPER_INIT ((struct helper){ .fd = -1 })

/*
 * Forks; in a process without threads. In the helper all signals are blocked, the standard
 * descriptors and its socket are open, and `keep_fd` where it is not -1, as HELPER_KEPT_FD; `run`
 * ends it by returning. 0 or -errno.
 */
#define HELPER_KEPT_FD 4
int helper_start(struct helper *ret, const char *name, void (*run)(int fd, void *ctx), void *ctx,
		 int keep_fd);

/* Its wait status, once it has ended. */
int helper_wait(struct helper *helper);
/* Closes the socket and waits for the end; nothing, where it was not started. */
void helper_stop(struct helper *helper);

#endif
