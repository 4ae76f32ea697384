/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps frames in step with the terminal. On a slow link, bytes that the kernel has taken may wait
 * for seconds, and the effect of a key would appear after all of them. So each frame ends with a
 * status request (DSR, "CSI 5 n" of ECMA-48), and the next frame waits for the terminal's answer.
 *
 * There is no waiting for a terminal that has never answered.
 */
#ifndef BOMBUS_RUNNER_TUI_TERMINAL_PACE_H
#define BOMBUS_RUNNER_TUI_TERMINAL_PACE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/strbuf.h"

#define PACE_ANSWER "\x1b[0n" /* arrives among the keys */

struct pace {
	uint64_t asked_ns; /* 0: no question is open */
	bool answers;	   /* this terminal does */
};

/* At the start, and after the terminal was left: asks once, and does not wait. */
void pace_start(struct pace *pace, struct strbuf *out, uint64_t now_ns);
/* After a frame. */
void pace_frame(struct pace *pace, struct strbuf *out, uint64_t now_ns);
void pace_answered(struct pace *pace);
/* 0: the next frame may be drawn; else an upper bound on the wait. */
uint64_t pace_wait_ns(struct pace *pace, uint64_t now_ns);
/* Reads an answer that is still due from `in_fd`, for a bounded time, so that the shell does not
 * take it for keys. */
void pace_stop(struct pace *pace, int in_fd);

#endif
