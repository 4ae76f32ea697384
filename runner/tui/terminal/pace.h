/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far behind the terminal is. Behind a slow link, bytes that the kernel took may wait for
 * seconds, and a key would be answered after all of them. So each frame ends with a question (DSR,
 * "CSI 5 n" of ECMA-48), and the next one waits until the terminal has answered the last.
 *
 * A terminal that has never answered is not waited for.
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

/* A new connection to the terminal: asks once, and waits for nothing. */
void pace_start(struct pace *pace, struct strbuf *out, uint64_t now_ns);
/* After a frame. */
void pace_frame(struct pace *pace, struct strbuf *out, uint64_t now_ns);
void pace_answered(struct pace *pace);
/* 0: the next frame may be drawn; else the time to wait for at most. */
uint64_t pace_wait_ns(struct pace *pace, uint64_t now_ns);
/* Takes an answer that is still to come from `in_fd`, within a bounded time, so that the shell does
 * not read it as keys. */
void pace_stop(struct pace *pace, int in_fd);

#endif
