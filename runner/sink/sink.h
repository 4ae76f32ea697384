/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where data goes: one interface for all. A sink is a table of functions and runs in a thread of
 * its own (runner/sink/host), so that it may block as long as it likes: it gets records out of
 * a bounded queue and reads series as snapshots. An empty slot means "not wanted".
 *
 *	open     once, before anything is attached: opens files and addresses, and fails if it
 *	         cannot. No threads yet
 *	add      a source: its plan is final, it may not run yet. A sink keeps what it needs of each
 *	         source in a table by source->number. Before start, or later in the sink's thread
 *	start    once, when everything is attached and privileges are gone
 *	event    a record of a map of role events or spans, filtered already
 *	rows     series that changed, came or went since the last time, once per sweep
 *	lost     a map's loss grew: `count` more since the last call
 *	swept    a sweep is over, its losses and rows were given; also when there were none
 *	flush    after a batch: everything given so far should be on its way
 *	work     between batches, whenever fd() is readable and after the time that it asked for
 *	remove   a source: its last records and rows were given. Its number may be another's soon
 *	close    once, after the last record and rows
 *
 * event, rows and swept return 0, 1 when the sink has had enough (a person left), or -errno. A
 * failure ends the run: -EPIPE quietly (the reader left), others with an error.
 * Sinks that serve on demand (Prometheus) have no event and rows, and read in their own threads;
 * their add and remove come from the host's caller.
 */
#ifndef BOMBUS_RUNNER_SINK_SINK_H
#define BOMBUS_RUNNER_SINK_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/read/series/naming.h"
#include "runner/source.h"

struct err;
struct out;
struct sink;
struct strbuf;

struct sink_ops {
	const char *name;
	int (*open)(struct sink *sink, struct err *err);
	int (*add)(struct sink *sink, struct source *source, struct err *err);
	int (*start)(struct sink *sink, struct err *err);
	int (*event)(struct sink *sink, struct source *source, const struct record *record);
	int (*rows)(struct sink *sink, struct source *source, const struct series_rows *rows,
		    uint64_t time_ns);
	int (*lost)(struct sink *sink, struct source *source, const struct map_plan *map,
		    enum lost_where where, uint64_t count, uint64_t time_ns);
	int (*swept)(struct sink *sink, struct source *source, uint64_t time_ns);
	int (*flush)(struct sink *sink);
	/* For interactive sinks: short work beside the data. Sets *timeout_ms to the longest time
	 * until the next call; -1, its value at the call: no limit. Returns as event does. */
	int (*work)(struct sink *sink, int *timeout_ms);
	int (*fd)(struct sink *sink);	 /* -1: none */
	void (*tick)(struct sink *sink); /* after each sweep, in the collector's thread */
	void (*remove)(struct sink *sink, struct source *source);
	/* Another sink takes its place: it removes its figures. Before close, in the thread of the
	 * host's caller. */
	void (*retire)(struct sink *sink);
	void (*close)(struct sink *sink);
	void (*free)(struct sink *sink);
	/* The output that the sink writes to; NULL: none. The host uses it to notice that the
	 * reader left while the sink writes nothing, and to end a stalled write at the deadline. */
	struct out *(*out)(struct sink *sink);
	/* The files and sockets that it opens again while it runs: at most `max` paths, which are
	 * the sink's; returns how many. After open. */
	size_t (*reads)(const struct sink *sink, const char **ret, size_t max);
	int leave_ms;	/* the time that its close() may take, where that is more than the host's */
	bool refreshes; /* it calls its sources' refresh() before it reads series, and needs no
			 * sweeps at other times */
	bool stays;	/* it serves or has a screen: it goes on when a recording is over */
};

/* Embedded first in every sink's own struct. */
struct sink {
	const struct sink_ops *ops;
	struct err *err; /* where its thread leaves the error of the call that failed */
	/* Its sources run already when it is added: it sends only what they count from then on. The
	 * host sets it before add(). */
	bool late;
};

/* Sinks without a header of their own, and Prometheus. Descriptors are borrowed. */
struct sink *sink_json_new(int fd);
/* From now on the descriptor is the sink's, which closes it. */
void sink_json_own_fd(struct sink *sink);
/* Numbers that have names (users, groups, cgroups, flags of open(2), modes of files) get a member
 * "<name>_name" beside them. Before it gets its first source. */
void sink_json_names(struct sink *sink);
struct sink *sink_csv_new(int fd);
/* width_columns 0: not limited (not a terminal). */
struct sink *sink_table_new(int fd, uint32_t width_columns, bool color);

/* Takes records and rows and does nothing with them: the host counts what it is given (-n). */
struct sink *sink_count_new(void);

/* What a process of many programs has on the pages. Called by the server's thread. */
struct prometheus_hooks {
	/* False, with the reason: not ready. */
	bool (*ready)(void *ctx, char *why, size_t size);
	/* Adds HTML to the landing page, instead of the maps. */
	void (*landing)(void *ctx, struct strbuf *html);
	void (*reload)(void *ctx); /* of POST /-/reload */
	void *ctx;
};

struct prometheus_opts {
	const char *listen; /* "127.0.0.1:9091", ":9091" (all interfaces), "[::1]:0" */
	struct naming naming;
	struct figures *figures; /* borrowed; its scrapes show them, and add their own */
	const struct prometheus_hooks *hooks; /* borrowed; NULL: none */
	bool has_reload;		      /* there is the page of hooks->reload */
	int listen_fd;			      /* listens already; taken over; 0: none */
	bool page;			      /* with the page for browsers */
	const char *web_config; /* path of a file as in runner/sink/web/web_config.h; NULL: none */
};
/* Listens in open(); the port that was bound (for :0) can be asked for afterwards. */
struct sink *sink_prometheus_new(const struct prometheus_opts *opts);
uint16_t sink_prometheus_port(const struct sink *sink);
/* A duplicate of the socket that listens, for a successor; -errno. */
int sink_prometheus_dup(const struct sink *sink);

#endif
