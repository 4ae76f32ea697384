/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where data goes: one interface for all. A sink is a table of functions and runs in a thread of
 * its own (struct sink_host), so that it may block as long as it likes: it gets records out of
 * its bounded queue and reads series as snapshots. An empty slot means "not wanted".
 *
 *	open     once, before anything is attached: the plan is final. No threads yet
 *	start    once, when everything is attached and privileges are gone
 *	event    a record of a map of role events or spans, filtered already
 *	rows     series that changed, came or went since the last time, once per sweep
 *	lost     a map's loss grew: `count` more since the last call
 *	swept    a sweep is over, its losses and rows were given; also when there were none
 *	flush    after a batch: everything given so far should be on its way
 *	work     between batches, whenever fd() is readable and after the time that it asked for
 *	close    once, after the last record and rows
 *
 * event, rows and swept return 0, 1 when the sink has had enough (-n reached), or -errno. A failure
 * ends the run: -EPIPE quietly (the reader left), others with an error.
 * Sinks that serve on demand (Prometheus) have no event and rows, and read in their own threads.
 */
#ifndef BOMBUS_RUNNER_SINK_SINK_H
#define BOMBUS_RUNNER_SINK_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/read/collect/collector.h"
#include "runner/read/series/naming.h"
#include "runner/read/text/resolve.h"

struct err;
struct out;
struct sink;

/* What a sink may look at: immutable during a run, shared by all sinks. */
struct sink_env {
	const char *program; /* the image's name as the user gave it */
	struct object *object;
	const struct plan *plan;
	struct collector *collector;
	struct wallclock *clock;
	struct step pull;		 /* getting the program's bytes */
	const struct name_source *names; /* NULL: those of the running system */
	uint64_t max_records;		 /* -n: sinks that print stop after so many; 0: no limit */
};

enum lost_where {
	LOST_KERNEL, /* the program could not hand it over */
	LOST_QUEUE,  /* the sink was too slow */
};

struct sink_ops {
	const char *name;
	int (*open)(struct sink *sink, const struct sink_env *env, struct err *err);
	int (*start)(struct sink *sink, struct err *err);
	int (*event)(struct sink *sink, const struct record *record);
	int (*rows)(struct sink *sink, const struct series_rows *rows, uint64_t time_ns);
	int (*lost)(struct sink *sink, const struct map_plan *map, enum lost_where where,
		    uint64_t count, uint64_t time_ns);
	int (*swept)(struct sink *sink, uint64_t time_ns);
	int (*flush)(struct sink *sink);
	/* For sinks that people talk to: what there is to do beside the data, in little time.
	 * *timeout_ms: when to come again at the latest; -1, as it stands there: no matter.
	 * Returns as event does. */
	int (*work)(struct sink *sink, int *timeout_ms);
	int (*fd)(struct sink *sink);	 /* -1: none */
	void (*tick)(struct sink *sink); /* after each sweep, in the collector's thread */
	void (*close)(struct sink *sink);
	void (*free)(struct sink *sink);
	/* The descriptor it writes to, if it does: the host notices there when the reader leaves
	 * while nothing is to be written, and ends a write that stalls when time is over. */
	struct out *(*out)(struct sink *sink);
	int leave_ms; /* the time that its close() may take, where that is more than the host's */
};

/* Embedded first in every sink's own struct. */
struct sink {
	const struct sink_ops *ops;
	struct err *err; /* where its thread leaves the error of the call that failed */
};

/* The sinks there are. Descriptors are borrowed. */
enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
struct sink *sink_json_new(int fd);
struct sink *sink_csv_new(int fd);
/* width_columns 0: not limited (not a terminal). */
struct sink *sink_table_new(int fd, uint32_t width_columns, bool color);

struct prometheus_opts {
	const char *listen; /* "127.0.0.1:9091", ":9091" (all interfaces), "[::1]:0" */
	struct naming naming;
	struct figures *figures; /* borrowed; its scrapes show them, and add their own */
	const char *web_config;	 /* path of a file as in runner/sink/web/web_config.h; NULL: none */
};
/* Listens in open(); the port that was bound (for :0) can be asked for afterwards. */
struct sink *sink_prometheus_new(const struct prometheus_opts *opts);
uint16_t sink_prometheus_port(const struct sink *sink);

/*
 * Runs one sink: thread, queue, snapshots. `wake` is an eventfd written when the sink ended by
 * itself (-n reached, the pipe closed, an error), so that the main loop stops.
 */
struct sink_host;
/* Takes the sink over, unless it fails. Before collector_start(). */
int sink_host_open(struct sink_host **ret, struct sink *sink, const struct sink_env *env,
		   int wake_fd, struct err *err);
/* What came meanwhile waits in the queue. */
int sink_host_start(struct sink_host *host, struct err *err);
/* The sweep is over: the sink looks at the series. The collector's thread, never blocks. */
void sink_host_tick(struct sink_host *host);
/* Ends it: the queue is closed, everything in it is still written, for at most timeout_ms.
 * Returns what the sink ended with: 0, -EPIPE, -ETIMEDOUT (a stalled pipe: *ret_unwritten records
 * did not get out), another -errno with err set. */
int sink_host_stop(struct sink_host *host, int timeout_ms, uint64_t *ret_unwritten,
		   struct err *err);
uint64_t sink_host_records(const struct sink_host *host); /* given to the sink so far */
/* Frees the sink too. The collector must not put records into its queue any more. */
void sink_host_free(struct sink_host *host);

#endif
