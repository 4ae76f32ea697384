/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings sources and sinks together. The host alone opens, starts, counts (-n), gives several
 * sinks the same, reports errors and stops; sinks and sources know nothing of each other's lives.
 *
 *	host_new, host_add_sinks...	what there is
 *	host_open			what cannot be opened or listened on fails here
 *	host_add_source			before the source runs
 *	host_start			everything is attached and privileges are gone
 *	host_tick			after each sweep of a source
 *	host_add_source, host_leave_source	sources come and go
 *	host_exchange			so do sinks
 *	host_stop			the sources have stopped; what they left is written
 *
 * All calls come from one thread, that of the loop that reads the sources.
 */
#ifndef BOMBUS_RUNNER_SINK_HOST_HOST_H
#define BOMBUS_RUNNER_SINK_HOST_HOST_H

#include <stddef.h>
#include "runner/sink/sink.h"

struct host;

struct host_opts {
	/* -n: the run ends after so many records and rows; 0: no limit. Counted where records are
	 * taken first. */
	uint64_t max_records;
	/* A bell (base/bell.h), rung when sinks ended by themselves: enough records, a reader that
	 * left, an error. -1: none. */
	int wake_fd;
	/* A bell, rung when a sink has let go of a source that leaves. 0: none. */
	int left_fd;
	/* Asked while host_stop() waits: true ends the waiting. NULL: nothing does. */
	bool (*hurry)(void);
	/* Whether the sink of this name gets the source. NULL: each sink gets each source. */
	bool (*wants)(void *ctx, const struct source *source, const char *sink);
	void *ctx;
};

struct host *host_new(const struct host_opts *opts);
/* Frees the sinks too. Sources must not put records any more. */
void host_free(struct host *host);

/*
 * Sinks that run in one thread and are given the same, in this order: a recording beside an
 * output. Takes them over. With a source that plays itself all sinks stand together.
 */
void host_add_sinks(struct host *host, struct sink *const *sinks, size_t count);

int host_open(struct host *host, struct err *err);
/* Gives the source its number, and the sinks the source. Its queues fill from now on. On failure
 * some sinks have it: it has to live until the host is freed. */
int host_add_source(struct host *host, struct source *source, struct err *err);
int host_start(struct host *host, struct err *err);

/*
 * `sink` takes the place of `old` among the running sinks; either may be NULL. It is opened first,
 * and a failure of that changes nothing. Then `old` gets nothing more and ends, and `sink` gets all
 * sources: each record goes to one of them, and what one counts the other does not. A sink that
 * does not end at once does so beside the others. Frees `sink` when it fails; where `old` is gone
 * by then *ret_gone is true.
 */
int host_exchange(struct host *host, struct sink *old, struct sink *sink, bool *ret_gone,
		  struct err *err);

/* A sweep of the source is over: the sinks look at its series. Never blocks. */
void host_tick(struct host *host, struct source *source);

/*
 * The source has stopped: everything that it left is still given to the sinks, which forget it
 * then. host_leave_source() only begins that. The source has to live until host_has_left() is true,
 * or the host is freed; a sink that stalls keeps it. Another source of its name may come meanwhile.
 */
void host_leave_source(struct host *host, struct source *source);
bool host_has_left(struct host *host, struct source *source);
/* Both, for at most timeout_ms. -ETIMEDOUT: it goes on leaving. */
int host_remove_source(struct host *host, struct source *source, int timeout_ms);

/*
 * Ends all sinks: everything that was queued is still written, for at most timeout_ms each.
 * Returns the first error, with err set; else -EPIPE where a reader left, or -ETIMEDOUT where a
 * sink stalled (*ret_unwritten records did not get out). May be called again.
 */
int host_stop(struct host *host, int timeout_ms, uint64_t *ret_unwritten, struct err *err);

#endif
