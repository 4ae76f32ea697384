/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the host: the thread of some sinks that are given the same. */
#ifndef BOMBUS_RUNNER_SINK_HOST_SINK_RUNNER_H
#define BOMBUS_RUNNER_SINK_HOST_SINK_RUNNER_H

#include <stddef.h>
#include "runner/sink/sink.h"

struct sink_runner;

/* Takes the sinks over. wake_fd: -1 or a bell, rung when they ended by themselves. left_fd: as in
 * struct host_opts. */
struct sink_runner *sink_runner_new(struct sink *const *sinks, size_t count, int wake_fd,
				    int left_fd);
void sink_runner_free(struct sink_runner *runner);

/* -n. Before the start. */
void sink_runner_limit(struct sink_runner *runner, uint64_t max_records);
bool sink_runner_takes_records(const struct sink_runner *runner);
/* Whether all its sinks ask for a sweep before they read series. */
bool sink_runner_refreshes(const struct sink_runner *runner);

/* Of its first sink; "": it has none. */
const char *sink_runner_name(const struct sink_runner *runner);
/* Its sinks do not see the source. */
void sink_runner_leave_out(struct sink_runner *runner, struct source *source);

int sink_runner_open(struct sink_runner *runner, struct err *err);
int sink_runner_add(struct sink_runner *runner, struct source *source, struct err *err);
int sink_runner_start(struct sink_runner *runner, struct err *err);
void sink_runner_tick(struct sink_runner *runner, struct source *source);
/* The source has stopped: the sinks are given what it left, and forget it. */
void sink_runner_leave(struct sink_runner *runner, struct source *source);
/* Whether the sinks have forgotten the source, or never had it. Waits for at most timeout_ms. */
bool sink_runner_is_left(struct sink_runner *runner, struct source *source, int timeout_ms);
/* Whether the sink is among its own. */
bool sink_runner_has(const struct sink_runner *runner, const struct sink *sink);
/* Its sinks get nothing more; the thread writes what they have and ends. */
void sink_runner_retire(struct sink_runner *runner);
/* Whether it was retired and has ended, so that it can be freed. Waits for at most timeout_ms. */
bool sink_runner_is_over(struct sink_runner *runner, int timeout_ms);
/* One that did not start; NULL is fine. */
void sink_runner_drop(struct sink_runner *runner);
/* As host_stop(); `hurry` as in struct host_opts. */
int sink_runner_stop(struct sink_runner *runner, int timeout_ms, bool (*hurry)(void),
		     uint64_t *ret_unwritten, struct err *err);

#endif
