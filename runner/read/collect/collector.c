// SPDX-License-Identifier: Apache-2.0
#include "runner/read/collect/collector.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"
#include "runner/read/collect/reader.h"

#define DEFAULT_INTERVAL_NS 1000000000ull
#define RUN_RECORDS 65536    /* of one ring before others have their turn */
#define GROUP_BYTES 8192     /* of records or keys that are counted at once */
#define BREATH_RECORDS 16384 /* of each ring between the pieces of a sweep */
#define STALL_MS 2000	     /* at the end: how long a full queue is waited for */
#define BUSY_TRIES 20	     /* at the end: how often a record is waited for, 1 ms each */

struct collector {
	struct reader_env env;
	struct collector_opts opts;
	struct series_budget budget;
	struct reader *readers;
	uint32_t nreaders;
	struct reader **by_map; /* NULL entries */
	struct wallclock *own_clock;
	struct loop *loop;
	struct loop_source *timer, *clock_source;
	struct loop_source **room_sources; /* as env.queues */
	void (*on_sweep)(void *ctx);
	void *on_sweep_ctx;
};

static bool is_stream(const struct reader *r)
{
	return r->map->source == SOURCE_RING || r->map->source == SOURCE_PERF;
}

/* A map that has something for us. */
static bool is_wanted(const struct map_plan *map)
{
	return map->role != ROLE_INTERNAL && map->source != SOURCE_NONE && map->has_value;
}

/* A layout that reaches over the kernel's sizes would read what is not there. */
static int check_sizes(const struct map_plan *map, struct err *err)
{
	bool table = map->source == SOURCE_HASH || map->source == SOURCE_ARRAY;

	if (map->has_key && table && map->key.size_bytes > map->key_bytes)
		return err_set(err, EINVAL, "map %s: its keys have %u bytes, their type has %u",
			       map->symbol, map->key_bytes, map->key.size_bytes);
	if ((table || map->source == SOURCE_GLOBALS || map->source == SOURCE_QUEUE) &&
	    map->value.size_bytes > map->value_bytes)
		return err_set(err, EINVAL, "map %s: its values have %u bytes, their type has %u",
			       map->symbol, map->value_bytes, map->value.size_bytes);
	if (!map->value.size_bytes)
		return err_set(err, EINVAL, "map %s: its records are empty", map->symbol);
	return 0;
}

static void init_reader(struct collector *c, struct reader *r, const struct map_plan *map,
			struct filter **filter, struct metric_plan **metric)
{
	r->env = &c->env;
	r->map = map;
	r->fd = -1;
	r->filter = filter ? steal_ptr(filter) : NULL;
	r->metric = metric ? steal_ptr(metric) : NULL;
	r->time = layout_time(&map->value);
	reader_expect(r);
	if (map->role == ROLE_SPANS)
		r->trace = span_trace_id(map);
	if (r->metric) {
		r->series = series_new(r->metric, &c->opts.series);
		r->group = MAX(1u, MAX(r->metric->key_bytes, map->value.size_bytes));
		r->group = MIN(GROUP_BYTES / r->group, (uint32_t)SERIES_TOUCH_MAX);
		r->group = MAX(1u, r->group);
		r->key = xcalloc(r->group, reader_key_stride(r->metric));
	}
	if (r->filter && map->per_cpu)
		r->folded = xcalloc(1, map->value_bytes);
	c->by_map[map->index] = r;
}

static void free_metric(struct metric_plan *metric)
{
	if (metric)
		metric_release(metric);
	free(metric);
}

static void breathe(void *ctx);

int collector_new(struct collector **ret, struct object *object, const struct collector_opts *opts,
		  struct filter **filters, struct metric_plan **metrics, struct err *err)
{
	const struct plan *plan = object_plan(object);
	struct collector *c = xcalloc(1, sizeof(*c));
	int r = 0;

	c->opts = opts ? *opts : (struct collector_opts){ 0 };
	if (!c->opts.interval_ns)
		c->opts.interval_ns = DEFAULT_INTERVAL_NS;
	if (!c->opts.clock)
		c->opts.clock = c->own_clock = wallclock_new();
	if (c->opts.max_memory_bytes) {
		c->budget.max_bytes = c->opts.max_memory_bytes;
		c->opts.series.budget = &c->budget;
	}
	c->env = (struct reader_env){
		.object = object,
		.plan = plan,
		.clock = c->opts.clock,
		.lock = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER },
		.hold = true,
		.cpus = (uint32_t)MAX(libbpf_num_possible_cpus(), 1),
		.breathe = breathe,
		.ctx = c,
	};
	c->readers = xcalloc(plan->nmaps, sizeof(*c->readers));
	c->by_map = xcalloc(plan->nmaps, sizeof(struct reader *));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (!is_wanted(&plan->maps[i]))
			continue;
		if (r == 0)
			r = check_sizes(&plan->maps[i], err);
		init_reader(c, &c->readers[c->nreaders++], &plan->maps[i],
			    filters ? &filters[i] : NULL, metrics ? &metrics[i] : NULL);
	}
	/* What belongs to no reader was taken over as well. */
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		filter_free(filters ? filters[i] : NULL);
		free_metric(metrics ? metrics[i] : NULL);
	}
	if (r < 0) {
		collector_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void free_reader(struct collector *c, struct reader *r)
{
	if (c->loop)
		loop_remove(c->loop, r->source);
	perf_reader_free(r->perf);
	ring_close(&r->ring);
	series_free(r->series);
	filter_free(r->filter);
	free_metric(r->metric);
	free(r->key);
	free(r->padded);
	free(r->folded);
}

void collector_free(struct collector *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->nreaders; i++)
		free_reader(c, &c->readers[i]);
	for (uint32_t i = 0; c->loop && i < c->env.nqueues; i++)
		loop_remove(c->loop, c->room_sources[i]);
	if (c->loop) {
		loop_remove(c->loop, c->timer);
		loop_remove(c->loop, c->clock_source);
	}
	wallclock_free(c->own_clock);
	free(c->room_sources);
	free(c->env.queues);
	free(c->env.room);
	free(c->readers);
	free(c->by_map);
	free(c);
}

static int add_room_source(struct collector *c, uint32_t i, struct err *err);

void collector_add_queue(struct collector *c, struct queue *queue)
{
	struct reader_env *env = &c->env;
	uint32_t i = env->nqueues;

	env->queues = xreallocarray(env->queues, i + 1, sizeof(struct queue *));
	c->room_sources = xreallocarray(c->room_sources, i + 1, sizeof(struct loop_source *));
	c->room_sources[i] = NULL;
	env->queues[env->nqueues++] = queue;
	if (c->loop)
		add_room_source(c, i, NULL); /* where that fails, the timer looks as well */
}

static void run_stream(struct reader *r, uint64_t max)
{
	if (r->perf)
		perf_reader_run(r->perf);
	else
		reader_run_ring(r, max);
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
static int update_source(struct collector *c, struct reader *r, struct err *err)
{
	if (r->waits == !r->source || !c->loop)
		return 0;
	if (!r->waits)
		return loop_add_fd(c->loop, stream_fd(r), EPOLLIN, on_stream, r, &r->source, err);
	loop_remove(c->loop, r->source);
	r->source = NULL;
	return 0;
}

static struct collector *collector_of(const struct reader *r)
{
	return container_of(r->env, struct collector, env);
}

static int on_stream(void *ctx, uint32_t events)
{
	struct reader *r = ctx;

	run_stream(r, RUN_RECORDS);
	return update_source(collector_of(r), r, NULL);
}

/* Goes on with what waited for room. */
static int resume(struct collector *c)
{
	int code = 0;

	for (uint32_t i = 0; i < c->nreaders && code >= 0; i++) {
		struct reader *r = &c->readers[i];

		if (!is_stream(r) || !r->waits)
			continue;
		run_stream(r, RUN_RECORDS);
		code = update_source(c, r, NULL);
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
	resume(c); /* a reader may have waited for this queue alone */
}

static int on_room(void *ctx, uint32_t events)
{
	struct collector *c = ctx;

	for (uint32_t i = 0; i < c->env.nqueues; i++)
		queue_room_taken(c->env.queues[i]);
	return resume(c);
}

/* A long sweep must not let the rings fill. */
static void breathe(void *ctx)
{
	struct collector *c = ctx;

	for (uint32_t i = 0; i < c->nreaders; i++) {
		struct reader *r = &c->readers[i];

		if (is_stream(r) && (r->perf || r->ring.data) && !r->waits) {
			run_stream(r, BREATH_RECORDS);
			update_source(c, r, NULL);
		}
	}
}

static void sweep_all(struct collector *c)
{
	for (uint32_t i = 0; i < c->nreaders; i++) {
		struct reader *r = &c->readers[i];

		if (r->perf)
			perf_reader_sweep(r->perf);
		if (!is_stream(r)) {
			reader_sweep(r);
		} else if (r->series) {
			fair_lock_take(&c->env.lock);
			series_expire(r->series, now_mono_ns());
			fair_lock_release(&c->env.lock);
		}
		breathe(c);
	}
	if (c->on_sweep)
		c->on_sweep(c->on_sweep_ctx);
}

static int on_timer(void *ctx, uint32_t events)
{
	struct collector *c = ctx;

	wallclock_refresh(c->env.clock);
	sweep_all(c);
	return resume(c);
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
	r->fd = object_map_fd(c->env.object, r->map);
	if (r->fd < 0)
		return err_sys(err, -r->fd, "map %s is not there", r->map->symbol);
	if (r->map->source == SOURCE_RING)
		code = ring_open(&r->ring, r->fd, err);
	else if (r->map->source == SOURCE_PERF)
		code = perf_reader_new(&r->perf, r, c->opts.perf_pages, err);
	if (code < 0) {
		err_wrap(err, "map %s", r->map->symbol);
		return code;
	}
	return is_stream(r) ? update_source(c, r, err) : 0;
}

static int add_room_source(struct collector *c, uint32_t i, struct err *err)
{
	int fd = queue_room_fd(c->env.queues[i]);

	if (fd < 0) /* the timer looks as well */
		return 0;
	return loop_add_fd(c->loop, fd, EPOLLIN, on_room, c, &c->room_sources[i], err);
}

int collector_start(struct collector *c, struct loop *loop, struct err *err)
{
	uint64_t interval_ns = c->opts.interval_ns;
	int code = 0, clock_fd = c->own_clock ? wallclock_fd(c->own_clock) : -1;

	c->loop = loop;
	for (uint32_t i = 0; i < c->nreaders && code >= 0; i++)
		code = open_reader(c, &c->readers[i], err);
	for (uint32_t i = 0; i < c->env.nqueues && code >= 0; i++)
		code = add_room_source(c, i, err);
	if (code >= 0 && clock_fd >= 0)
		code = loop_add_fd(loop, clock_fd, EPOLLIN, on_clock, c, &c->clock_source, err);
	if (code >= 0)
		code = loop_add_timer(loop, interval_ns, interval_ns, on_timer, c, &c->timer, err);
	return code;
}

/* Waits for the only queue; false when it does not move any more. */
static bool wait_for_queue(struct collector *c)
{
	struct pollfd pfd = { .fd = queue_room_fd(c->env.queues[0]), .events = POLLIN };
	int n = poll(&pfd, 1, STALL_MS);

	queue_room_taken(c->env.queues[0]);
	return n > 0;
}

/* Reads up to where the ring is now, with patience for the queue and for what is being written. */
static void drain_ring(struct collector *c, struct reader *r)
{
	unsigned long end = __atomic_load_n(r->ring.producer, __ATOMIC_ACQUIRE);
	int tries = 0;

	while ((long)(end - r->ring.pos) > 0 && tries < BUSY_TRIES) {
		uint64_t n = reader_run_ring(r, RUN_RECORDS);

		if (r->waits) {
			c->env.hold = wait_for_queue(c);
		} else if (!n && (long)(end - r->ring.pos) > 0) {
			usleep(1000);
			tries++;
		}
	}
}

static void drain_perf(struct collector *c, struct reader *r)
{
	perf_reader_run(r->perf);
	while (r->waits) {
		c->env.hold = wait_for_queue(c);
		perf_reader_run(r->perf);
	}
}

void collector_drain(struct collector *c)
{
	/* Programs that were running when they were detached have ended after this. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	wallclock_refresh(c->env.clock);
	for (uint32_t i = 0; i < c->nreaders; i++) {
		struct reader *r = &c->readers[i];

		if (r->perf)
			drain_perf(c, r);
		else if (r->ring.data)
			drain_ring(c, r);
	}
	sweep_all(c);
	c->env.hold = true;
	resume(c);
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

void collector_lock(struct collector *c)
{
	fair_lock_take(&c->env.lock);
}

void collector_unlock(struct collector *c)
{
	fair_lock_release(&c->env.lock);
}

uint64_t collector_set_aside(struct collector *c, uint64_t max)
{
	uint64_t bytes = max;

	if (!c->opts.max_memory_bytes)
		return max;
	collector_lock(c);
	bytes = MIN(max, c->budget.max_bytes / 4);
	c->budget.max_bytes -= bytes;
	collector_unlock(c);
	return bytes;
}

struct series *collector_series(const struct collector *c, const struct map_plan *map)
{
	const struct reader *r = c->by_map[map->index];

	return r ? r->series : NULL;
}

static bool loses_nothing(const struct reader *r)
{
	return map_loses_nothing(r->map) || (r->perf && perf_reader_knows_loss(r->perf));
}

struct map_stats collector_stats(const struct collector *c, const struct map_plan *map)
{
	const struct reader *r = c->by_map[map->index];
	struct map_stats stats = { 0 };
	uint64_t lost = 0;
	bool counted;

	/* What an internal map did not take is missed as well. */
	if (!r) {
		stats.lost_known = reader_read_lost(&c->env, map, &stats.lost) && !map_evicts(map);
		return stats;
	}
	counted = r->fd >= 0 && reader_read_lost(&c->env, map, &lost);
	stats = (struct map_stats){
		.read = tally_get(&r->read),
		.filtered = tally_get(&r->filtered),
		.malformed = tally_get(&r->malformed),
		/* What the program counts of perf buffers, the kernel counts as well. */
		.lost = MAX(tally_get(&r->lost), lost),
		.lost_known = (counted && !map_evicts(map)) || loses_nothing(r),
		.dropped = tally_get(&r->dropped),
		.sweeps = tally_get(&r->sweeps),
		.sweep_ns = tally_get(&r->sweep_ns),
		.entries = tally_get(&r->entries),
		.ring_high_bytes = tally_get(&r->ring_high_bytes),
		.sweep_errors = tally_get(&r->sweep_errors),
	};
	return stats;
}
