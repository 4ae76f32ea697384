/* SPDX-License-Identifier: Apache-2.0 */
/* What the live table keeps in memory, given to a sink in the order of time: the records of all
 * streams and the sweeps of all rows, of the sources that are there. */
#ifndef BOMBUS_RUNNER_TUI_KEEP_HISTORY_H
#define BOMBUS_RUNNER_TUI_KEEP_HISTORY_H

#include "runner/tui/model/model.h"

/* What is not older than from_ns, since 1970. Rows begin with a sweep of all. Returns what the sink
 * did. */
int history_give(struct model *model, uint64_t from_ns, struct sink *to);

#endif
