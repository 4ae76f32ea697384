// SPDX-License-Identifier: Apache-2.0
/*
 * When maps are swept: with the interval, when somebody asks, and at the end. A round that takes
 * long goes on in slices, so that neither buffers nor signals wait for it.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/loop.h"
#include "base/util.h"
#include "runner/read/collect/collector_internal.h"

#define SLICE_NS 10000000      /* so long are signals and timers kept waiting by a sweep */
#define MAX_PAUSE_NS 100000000 /* at most between two rounds that were asked for */

static void tick(struct collector *c)
{
	if (c->on_sweep)
		c->on_sweep(c->on_sweep_ctx);
}

/* Iterators that bring maps up to date. */
static void walk(struct collector *c)
{
	const struct plan *plan = c->env.plan;
	struct err err = { 0 };

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		if (plan->progs[i].walk != WALK_SWEEP ||
		    object_walk(c->env.object, &plan->progs[i], &err) == 0 || c->walk_failed)
			continue;
		log_warn("%s: maps are swept without it", err.msg);
		c->walk_failed = true;
	}
}

static void begin_round(struct collector *c, bool only_records)
{
	c->round_begin_ns = now_mono_ns();
	if (!only_records) {
		demand_take(&c->demand);
		walk(c);
	}
	round_begin(&c->round, only_records);
}

static void end_round(struct collector *c)
{
	c->round_end_ns = now_mono_ns();
	if (!c->round.only_records)
		demand_answer(&c->demand);
	tick(c);
}

static void call_again(struct collector *c, uint64_t after_ns)
{
	const struct itimerspec spec = { .it_value.tv_nsec = (long)MAX(after_ns, 1ull) };

	timerfd_settime(c->next_fd, 0, &spec, NULL);
}

/* A part of the round; what waits in the loop has its turn before the next one. */
static void run_slice(struct collector *c)
{
	uint64_t end_ns = now_mono_ns() + SLICE_NS;

	while (round_step(&c->round)) {
		streams_serve(c);
		if (now_mono_ns() < end_ns)
			continue;
		/* With its priority, a long round leaves half of the time to others. */
		call_again(c, c->raised ? SLICE_NS : 0);
		return;
	}
	streams_serve(c);
	end_round(c);
	if (demand_is_open(&c->demand))
		call_again(c, 0);
}

/* Rounds that are asked for leave as much time to others as they take. */
static uint64_t pause_ns(const struct collector *c)
{
	uint64_t took_ns = c->round_end_ns - c->round_begin_ns;
	uint64_t since_ns = now_mono_ns() - c->round_end_ns;
	uint64_t pause = MIN(took_ns, (uint64_t)MAX_PAUSE_NS);

	return since_ns < pause ? pause - since_ns : 0;
}

static int on_next(void *ctx, uint32_t events)
{
	struct collector *c = ctx;
	uint64_t count;

	if (read(c->next_fd, &count, sizeof(count)) < 0)
		return 0; /* set anew meanwhile */
	if (!round_runs(&c->round)) {
		uint64_t wait_ns = pause_ns(c);

		if (!demand_is_open(&c->demand))
			return 0;
		if (wait_ns) {
			call_again(c, wait_ns);
			return 0;
		}
		begin_round(c, false);
	}
	run_slice(c);
	return streams_resume(c);
}

static int on_timer(void *ctx, uint32_t events)
{
	struct collector *c = ctx;

	if (c->own_clock)
		wallclock_refresh(c->env.clock);
	if (round_runs(&c->round)) {
		/* It takes longer than the interval. */
		round_watch_streams(&c->round);
		tick(c);
	} else {
		begin_round(c, c->on_demand);
		run_slice(c);
	}
	return streams_resume(c);
}

static int on_clock(void *ctx, uint32_t events)
{
	struct collector *c = ctx;

	wallclock_refresh(c->env.clock);
	return 0;
}

static int open_reader(struct collector *c, struct reader *r, struct err *err)
{
	int code = 0;

	if (r->map->source == SOURCE_ITER)
		return 0;
	code = object_map_fd(c->env.object, r->map);
	if (code < 0)
		return err_sys(err, -code, "map %s is not there", r->map->symbol);
	/* Outputs already ask for its figures, in their own threads. */
	__atomic_store_n(&r->fd, code, __ATOMIC_RELEASE);
	code = 0;
	if (r->map->source == SOURCE_RING)
		code = ring_open(&r->ring, r->fd, err);
	else if (r->map->source == SOURCE_PERF)
		code = perf_reader_new(&r->perf, r, c->opts.perf_pages, err);
	if (code < 0) {
		err_wrap(err, "map %s", r->map->symbol);
		return code;
	}
	return reader_is_stream(r) ? streams_update(c, r, err) : 0;
}

/*
 * A busy machine must not keep the collector from its buffers for longer than these last: with a
 * real-time priority it runs as soon as there are records. Without CAP_SYS_NICE, and without
 * buffers, all stays as it is.
 */
static void raise_priority(struct collector *c)
{
	bool streams = false;
	int code;

	for (uint32_t i = 0; i < c->nreaders; i++)
		streams = streams || reader_is_stream(&c->readers[i]);
	if (!streams || c->opts.usual_priority)
		return;
	code = thread_raise_priority();
	c->raised = code == 0;
	if (code < 0)
		log_debug("the collector keeps its priority: %s", strerror(-code));
}

int collector_start(struct collector *c, struct loop *loop, struct err *err)
{
	uint64_t interval_ns = c->opts.interval_ns;
	int code = 0, clock_fd = c->own_clock ? wallclock_fd(c->own_clock) : -1;

	raise_priority(c);
	c->loop = loop;
	/* A scrape may come before this and see none. */
	__atomic_store_n(&c->next_fd, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
			 __ATOMIC_RELEASE);
	if (c->next_fd < 0)
		return err_sys(err, errno, "cannot make a timer for sweeps");
	code = loop_add_fd(loop, c->next_fd, EPOLLIN, on_next, c, &c->next_source, err);
	for (uint32_t i = 0; i < c->nreaders && code >= 0; i++)
		code = open_reader(c, &c->readers[i], err);
	streams_tell_unread(c);
	for (uint32_t i = 0; i < c->env.nqueues && code >= 0; i++)
		code = streams_add_room_source(c, i, err);
	if (code >= 0 && clock_fd >= 0)
		code = loop_add_fd(loop, clock_fd, EPOLLIN, on_clock, c, &c->clock_source, err);
	if (code >= 0)
		code = loop_add_timer(loop, interval_ns, interval_ns, on_timer, c, &c->timer, err);
	return code;
}

static bool is_over(const struct drain_limits *limits)
{
	return (limits->deadline_ns && now_mono_ns() >= limits->deadline_ns) ||
	       (limits->stop && limits->stop());
}

void collector_drain(struct collector *c, struct drain_limits *limits)
{
	struct drain_limits usual = { .patience_ms = DRAIN_PATIENCE_MS };

	limits = limits ? limits : &usual;
	/* Programs that were running when they were detached have ended after this. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	wallclock_refresh(c->env.clock);
	streams_drain(c, limits);
	/* A round that began before the end does not show the final state. */
	if (round_runs(&c->round))
		round_cut(&c->round);
	begin_round(c, false);
	c->round.deadline_ns = limits->deadline_ns;
	while (round_step(&c->round)) {
		streams_serve(c);
		if (is_over(limits))
			break;
	}
	if (round_runs(&c->round)) {
		round_cut(&c->round);
		round_watch_streams(&c->round);
	}
	demand_close(&c->demand);
	end_round(c);
	c->env.hold = true;
	streams_resume(c);
}

void collector_on_demand(struct collector *c, bool on_demand)
{
	c->on_demand = on_demand;
}

bool collector_refresh(struct collector *c, uint64_t within_ns)
{
	int next_fd = __atomic_load_n(&c->next_fd, __ATOMIC_ACQUIRE);

	return !c->on_demand || (next_fd >= 0 && demand_wait(&c->demand, next_fd, within_ns));
}

void collector_set_interval(struct collector *c, uint64_t interval_ns)
{
	if (c->timer)
		loop_set_timer(c->timer, interval_ns);
}

void collector_on_sweep(struct collector *c, void (*fn)(void *ctx), void *ctx)
{
	c->on_sweep = fn;
	c->on_sweep_ctx = ctx;
}
