/* SPDX-License-Identifier: Apache-2.0 */
/* What `run` and `replay` say to a person at the start and on leaving, on standard error. */
#ifndef BOMBUS_CMD_RUN_RUN_SHOW_H
#define BOMBUS_CMD_RUN_RUN_SHOW_H

#include <stdint.h>
#include "runner/source.h"

struct object;

/* "2 programs attached, 3 maps shown" and what was left out and why. */
void show_start(struct source *source);

/* "ran 10.0s: 1204 events, 0 lost; nothing stays pinned": one line, which names the program where
 * several run. */
void show_closing_line(struct source *source, const struct object *object, uint64_t ran_ns,
		       uint64_t unwritten);

/* Of several programs together: "20 records dropped: the output was too slow". */
void show_unwritten(uint64_t unwritten);

/* "replayed 10.0s: 1204 events, 0 lost": what was counted while it was recorded. */
void show_replay_line(struct source *source, uint64_t span_ns);

#endif
