/* SPDX-License-Identifier: Apache-2.0 */
/* Programs, their maps and their state, as JSON for the page: spec/web.md. */
#ifndef BOMBUS_RUNNER_SINK_LIVE_DESCRIBE_H
#define BOMBUS_RUNNER_SINK_LIVE_DESCRIBE_H

#include "base/strbuf.h"
#include "runner/source.h"

/* One object: all that does not change while the program is there. */
void describe_program(struct strbuf *sb, struct source *source);
/* One object: counts of its maps and states of its programs, at this time. */
void describe_state(struct strbuf *sb, struct source *source, uint64_t time_ns);

#endif
