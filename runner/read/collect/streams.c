// SPDX-License-Identifier: Apache-2.0
/*
 * Ring and perf buffers, read as their records come, and the queues that these go to.
 *
 * A record that wakes its reader costs both sides microseconds, and a ring wakes it whenever it had
 * read everything. So a ring that does so often is read with a timer instead, whose period is short
 * enough that the ring does not fill meanwhile; when records come slowly again, each wakes the
 * reader. Perf buffers do the same by themselves (perf.c).
 */
#include <bpf/bpf.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/util.h"
#include "runner/read/collect/collector_internal.h"

#define RUN_RECORDS 65536    /* of one ring before others have their turn */
#define STEP_RECORDS 16384   /* of each ring between the steps of a sweep */
#define PACE_MOST_NS 2000000 /* longest period, and so the delay of a record */
#define PACE_LEAST_NS 200000 /* a ring that needs a shorter one wakes its reader each time */
#define PACE_BYTES_NS 1	     /* bytes a nanosecond that a ring may get */
#define PACE_WINDOW_NS 10000000
#define PACE_BUSY_RUNS 3   /* so often woken in that time */
#define PACE_QUIET_TICKS 8 /* so often in a row hardly any record */
#define PACE_QUIET_RECORDS 2
#define BUSY_NS 1000000 /* how long a record that is being written gets */
#define LOOK_MS 50	/* at the end: between two calls of `stop` */
#define BUSY_TRIES 20	/* at the end: how often a record is waited for, 1 ms each */

/* Returns the number of records from a ring; perf buffers count their own. */
static uint64_t run_stream(struct reader *r, uint64_t max)
{
	if (!r->perf)
		return reader_run_ring(r, max);
	perf_reader_run(r->perf);
	return 0;
}

static int on_stream(void *ctx, uint32_t events);

static int stream_fd(const struct reader *r)
{
	return r->perf ? perf_reader_fd(r->perf) : r->fd;
}

/*
 * The kernel says that there are records for as long as there are, so a reader that waits for its
 * queue is taken from the loop until the queue has room.
 */
int streams_update(struct collector *c, struct reader *r, struct err *err)
{
	bool listens = !r->waits && !r->pace.timer;

	if (listens == !!r->source || !c->loop)
		return 0;
	if (listens)
		return loop_add_fd(c->loop, stream_fd(r), EPOLLIN, on_stream, r, &r->source, err);
	loop_remove(c->loop, r->source);
	r->source = NULL;
	return 0;
}

static struct collector *collector_of(const struct reader *r)
{
	return container_of(r->env, struct collector, env);
}

/* 0: the ring is too small to be read with a timer. */
static uint64_t pace_ns(const struct reader *r)
{
	uint64_t ns = r->perf ? 0 : (r->ring.mask + 1) / PACE_BYTES_NS;

	return ns < PACE_LEAST_NS ? 0 : MIN(ns, (uint64_t)PACE_MOST_NS);
}

/* The next record of the ring is not finished, but the kernel reports the ring as readable: the
 * reader, with its priority, would keep the writer from its CPU. */
static bool is_stuck(struct reader *r, uint64_t records)
{
	return !records && !r->perf && !r->waits && !ring_empty(&r->ring);
}

static int on_pace(void *ctx, uint32_t expirations)
{
	struct reader *r = ctx;
	struct collector *c = collector_of(r);
	uint64_t records = r->waits ? UINT64_MAX : run_stream(r, RUN_RECORDS);

	if (is_stuck(r, records))
		return 0;
	r->pace.quiet_ticks = records > PACE_QUIET_RECORDS ? 0 : r->pace.quiet_ticks + 1;
	if (r->pace.quiet_ticks >= PACE_QUIET_TICKS || !pace_ns(r)) {
		loop_remove(c->loop, r->pace.timer);
		r->pace = (struct pace){ 0 };
	}
	return streams_update(c, r, NULL);
}

/* After the reader was woken. */
static void choose_pace(struct collector *c, struct reader *r)
{
	uint64_t now_ns = now_mono_ns(), ns = pace_ns(r);

	if (now_ns - r->pace.window_ns > PACE_WINDOW_NS) {
		r->pace.window_ns = now_ns;
		r->pace.window_runs = 0;
	}
	if (++r->pace.window_runs >= PACE_BUSY_RUNS && ns)
		loop_add_timer(c->loop, ns, ns, on_pace, r, &r->pace.timer, NULL);
}

static int on_stream(void *ctx, uint32_t events)
{
	struct reader *r = ctx;
	struct collector *c = collector_of(r);

	if (is_stuck(r, run_stream(r, RUN_RECORDS)))
		loop_add_timer(c->loop, BUSY_NS, BUSY_NS, on_pace, r, &r->pace.timer, NULL);
	else
		choose_pace(c, r);
	return streams_update(c, r, NULL);
}

/* If the kernel refuses, the records are read and thrown away. */
void streams_tell_unread(struct collector *c)
{
	uint32_t zero = 0;

	for (uint32_t i = 0; i < c->nreaders; i++) {
		const struct reader *r = &c->readers[i];
		uint32_t unread = !c->env.nqueues && !r->series;
		int fd = -1;

		if (reader_is_stream(r) && r->map->unread_map >= 0)
			fd = object_map_fd(c->env.object, &c->env.plan->maps[r->map->unread_map]);
		if (fd >= 0)
			bpf_map_update_elem(fd, &zero, &unread, BPF_ANY);
	}
}

/* Goes on with what waited for room. */
int streams_resume(struct collector *c)
{
	int code = 0;

	for (uint32_t i = 0; i < c->nreaders && code >= 0; i++) {
		struct reader *r = &c->readers[i];

		if (!reader_is_stream(r) || !r->waits)
			continue;
		run_stream(r, RUN_RECORDS);
		code = streams_update(c, r, NULL);
	}
	return code;
}

void collector_remove_queue(struct collector *c, struct queue *queue)
{
	struct reader_env *env = &c->env;
	uint32_t i = 0;

	while (i < env->nqueues && env->queues[i] != queue)
		i++;
	if (i == env->nqueues)
		return;
	if (c->loop)
		loop_remove(c->loop, c->room_sources[i]);
	env->nqueues--;
	env->queues[i] = env->queues[env->nqueues];
	c->room_sources[i] = c->room_sources[env->nqueues];
	streams_tell_unread(c);
	streams_resume(c); /* a reader may have waited for this queue alone */
}

static int on_room(void *ctx, uint32_t events)
{
	struct collector *c = ctx;

	for (uint32_t i = 0; i < c->env.nqueues; i++)
		queue_room_taken(c->env.queues[i]);
	return streams_resume(c);
}

/* A long sweep must not let the rings fill. */
void streams_serve(struct collector *c)
{
	for (uint32_t i = 0; i < c->nreaders; i++) {
		struct reader *r = &c->readers[i];

		if (reader_is_stream(r) && (r->perf || r->ring.data) && !r->waits) {
			run_stream(r, STEP_RECORDS);
			streams_update(c, r, NULL);
		}
	}
}

int streams_add_room_source(struct collector *c, uint32_t i, struct err *err)
{
	int fd = queue_room_fd(c->env.queues[i]);

	if (fd < 0) /* the timer looks as well */
		return 0;
	return loop_add_fd(c->loop, fd, EPOLLIN, on_room, c, &c->room_sources[i], err);
}

void collector_add_queue(struct collector *c, struct queue *queue)
{
	struct reader_env *env = &c->env;
	uint32_t i = env->nqueues;

	env->queues = xreallocarray(env->queues, i + 1, sizeof(struct queue *));
	c->room_sources = xreallocarray(c->room_sources, i + 1, sizeof(struct loop_source *));
	c->room_sources[i] = NULL;
	env->queues[env->nqueues++] = queue;
	if (!c->loop)
		return;
	streams_add_room_source(c, i, NULL); /* where that fails, the timer looks as well */
	streams_tell_unread(c);
}

/* Waits for the only queue; false when it does not move any more, or there is no time for it. */
static bool wait_for_queue(struct collector *c, struct drain_limits *limits)
{
	struct pollfd pfd = { .fd = queue_room_fd(c->env.queues[0]), .events = POLLIN };
	int n = 0;

	while (n == 0 && limits->patience_ms > 0 && !(limits->stop && limits->stop())) {
		n = poll(&pfd, 1, LOOK_MS);
		limits->patience_ms -= n == 0 ? LOOK_MS : 0;
	}
	queue_room_taken(c->env.queues[0]);
	return n > 0;
}

/* Reads up to where the ring is now, with patience for the queue and for what is being written. */
static void drain_ring(struct collector *c, struct reader *r, struct drain_limits *limits)
{
	unsigned long end = __atomic_load_n(r->ring.producer, __ATOMIC_ACQUIRE);
	int tries = 0;

	while ((long)(end - r->ring.pos) > 0 && tries < BUSY_TRIES) {
		uint64_t n = reader_run_ring(r, RUN_RECORDS);

		if (r->waits) {
			c->env.hold = wait_for_queue(c, limits);
		} else if (!n && (long)(end - r->ring.pos) > 0) {
			usleep(1000);
			tries++;
		}
	}
}

static void drain_perf(struct collector *c, struct reader *r, struct drain_limits *limits)
{
	perf_reader_run(r->perf);
	while (r->waits) {
		c->env.hold = wait_for_queue(c, limits);
		perf_reader_run(r->perf);
	}
}

void streams_drain(struct collector *c, struct drain_limits *limits)
{
	for (uint32_t i = 0; i < c->nreaders; i++) {
		struct reader *r = &c->readers[i];

		if (r->perf)
			drain_perf(c, r, limits);
		else if (r->ring.data)
			drain_ring(c, r, limits);
	}
}
