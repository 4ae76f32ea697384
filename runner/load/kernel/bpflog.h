/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpf's messages about an object. Everything goes to log_debug(); a running capture
 * also keeps what a message to the user needs: the last warnings, the end of the verifier's log,
 * and the program that the last warning was about.
 *
 * libbpf's callback carries no context, so the running capture hangs on the thread. Captures do
 * not nest.
 */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_BPFLOG_H
#define BOMBUS_RUNNER_LOAD_KERNEL_BPFLOG_H

#include <stddef.h>

#define BPFLOG_NAME_MAX 128

struct bpflog {
	char warnings[8192]; /* whole lines, the last ones */
	size_t warnings_len;
	char verifier[16384];	      /* the end of the last verifier log; "" none */
	char blamed[BPFLOG_NAME_MAX]; /* the program of the last warning that named one; "" none */
	char map[BPFLOG_NAME_MAX];    /* the same for maps */
};

/* Forgets what was captured and captures what libbpf says on this thread until bpflog_end(). */
void bpflog_begin(struct bpflog *log);
void bpflog_end(struct bpflog *log);

/* Sends what libbpf says to log_debug() only; bpflog_begin() does it as well. */
void bpflog_quiet(void);

#endif
