/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a recording brings along. One thread adds, any thread asks. */
#ifndef BOMBUS_RUNNER_SINK_RECORDING_REPLAY_NAMES_H
#define BOMBUS_RUNNER_SINK_RECORDING_REPLAY_NAMES_H

#include "runner/read/text/resolve.h"

struct replay_names;

struct replay_names *replay_names_new(void);
void replay_names_free(struct replay_names *names);
/* text NULL: it has no name (any more). Bounded: what is too much is not remembered. */
void replay_names_put(struct replay_names *names, enum meaning meaning, uint64_t id,
		      const char *text, size_t len);
const struct name_source *replay_names_source(const struct replay_names *names);

#endif
