/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to the files of struct sink_runner:
 *
 *	give.c		what its sinks are given: records from the queues, sweeps
 *	attached.c	sources that come and go
 *	play.c		a source that plays itself
 *	sink_runner.c	the thread and its life
 */
#ifndef BOMBUS_RUNNER_SINK_HOST_INTERNAL_H
#define BOMBUS_RUNNER_SINK_HOST_INTERNAL_H

#include <poll.h>
#include <pthread.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/host/sink_runner.h"
#include "runner/sink/slots.h"

#define WATCH_MS 500 /* how soon a reader that left is noticed where poll() does not tell */

struct runner_map {
	bool has_rows; /* which are wanted */
	struct source_walk walk;
	uint64_t lost, dropped;
};

/* A source, as far as this runner is concerned. */
struct attached {
	struct source *source;
	struct queue *queue;	 /* NULL: no records for these sinks */
	struct runner_map *maps; /* by map index */
	struct attached *next;	 /* in the inbox */
	bool tick;		 /* atomic: a sweep is over */
	bool leaves;		 /* of the host's thread: sink_runner_leave() was called */
	bool leaving;		 /* atomic: the thread has not let it go yet */
};

struct sink_runner {
	struct sink **sinks, **takers; /* all, and those that take records */
	size_t nsinks, ntakers;
	bool wants_rows, wants_lost, wants_swept, has_work;
	uint64_t left; /* of -n */
	int bell_fd, wake_fd, left_fd;

	/* Of the thread, once there is one. */
	struct attached **sources;
	uint32_t nsources;
	struct pollfd *fds;
	int timeout_ms; /* of the sinks' work(); -1: none */
	struct source *player;
	struct resolver *names; /* of decoders that leave records out; NULL until first used */
	struct source_feed feed;
	struct sink *failed;
	struct err err;

	/* Of the host's thread. */
	struct slots attached; /* by the source's number */
	pthread_t thread;
	bool has_thread, opened, abandoned, retired;
	uint64_t cancel_ns; /* when the output of one that was retired is cancelled */

	bool closing; /* atomic: sink_runner_stop() was called */
	bool orders;  /* atomic: there is something in the inbox, or a source leaves */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct attached *inbox; /* these three with the lock */
	bool ended;
	/* To be read after the thread ended. */
	int result;
	uint64_t unwritten;
};

static inline bool attached_has_tick(const struct attached *at)
{
	return __atomic_load_n(&at->tick, __ATOMIC_RELAXED);
}

/* give.c. All return 0, 1 (enough) or -errno, with r->failed set. */
int runner_give_event(struct sink_runner *r, struct source *source, const struct record *record);
/* No more rows than -n leaves. */
int runner_give_rows(struct sink_runner *r, struct source *source, const struct series_rows *all,
		     uint64_t time_ns);
int runner_give_loss(struct sink_runner *r, struct source *source, const struct map_plan *map,
		     enum lost_where where, uint64_t count, uint64_t time_ns);
int runner_give_swept(struct sink_runner *r, struct source *source, uint64_t time_ns);
/* Everything that was given is on its way; -EPIPE: it has no reader. */
int runner_flush(struct sink_runner *r);
/* The sinks' work(); sets timeout_ms. */
int runner_turn(struct sink_runner *r);
/* Records until there is none, a sweep is over, or it is the turn of something else (*ret_more). */
int runner_give_records(struct sink_runner *r, struct attached *at, bool *ret_more);
int runner_give_sweep(struct sink_runner *r, struct attached *at);
/* Where the sinks write; NULL: nowhere. */
struct out *runner_out(const struct sink_runner *r);
/* Adds what the sinks wait for to r->fds from n on; returns how many there are. */
nfds_t runner_sink_fds(const struct sink_runner *r, nfds_t n);

/* attached.c */
struct attached *attached_new(struct sink_runner *r, struct source *source);
void attached_free(struct attached *at);
int runner_tell_add(struct sink_runner *r, struct attached *at, struct err *err);
void runner_tell_remove(struct sink_runner *r, struct attached *at);
/* The thread: sources that came or leave since the last time. */
int runner_take_orders(struct sink_runner *r);

/* play.c: all that r->player gives, and then as long as a sink stays. */
int runner_play(struct sink_runner *r);

#endif
