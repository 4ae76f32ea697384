/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of a command that goes on until somebody ends it: SIGINT, SIGTERM, SIGHUP, the bell of a
 * sink that has enough, the end of --duration.
 */
#ifndef BOMBUS_CMD_RUN_MAIN_LOOP_H
#define BOMBUS_CMD_RUN_MAIN_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/loop.h"

struct err;

/* How long a reader that stalls may hold us up when leaving. */
#define LEAVE_TIMEOUT_MS 2000

struct main_loop {
	struct loop *loop;
	int wake_fd; /* a bell (base/bell.h) that ends the loop */
};

/* From here on a signal is something to read, and does not kill. */
int main_loop_init(struct main_loop *l, struct err *err);
/* Ends the loop after this time. */
int main_loop_end_after(struct main_loop *l, uint64_t ns, struct err *err);
/* Whether a signal to end waits to be read. */
bool main_loop_interrupted(void);
/* Returns when it is time to leave, or -errno. */
int main_loop_run(struct main_loop *l, struct err *err);
void main_loop_release(struct main_loop *l); /* one that is zeroed as well */

#endif
