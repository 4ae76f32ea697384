// SPDX-License-Identifier: Apache-2.0
/*
 * A thread between the collector and one sink. The collector only puts records into the queue
 * and says when a sweep is over; everything that formats, writes or waits happens here.
 *
 * The thread ends when the queue was closed and emptied, or when the sink has had enough or
 * failed; either way the sink's close() runs in it. Sinks without event, rows and lost serve on
 * demand: they get no thread.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/out.h"
#include "runner/sink/text.h"

/* The kernel's buffer is the long queue; this one covers a sink that is busy for a moment. Its
 * pages come into being when first used. */
#define QUEUE_BYTES (1u << 20)
/* Rows are copied under the collector's lock: so many at a time, and so many bytes. */
#define BLOCK_ROWS 256u
#define BLOCK_BYTES (128u << 10)
/* How soon a reader that left is noticed while the queue is empty: its sleep looks at nothing
 * else. (A sink that gets no records sleeps on all it waits for, and notices at once.) */
#define WATCH_MS 500
/* A sink that people talk to has its turn after so many records: a millisecond or so. */
#define TURN_RECORDS 4096u
/* Grace for a cancelled sink to end. */
#define CANCEL_MS 1000

struct host_map {
	struct series *series; /* NULL: none, or not wanted */
	struct series_rows rows;
	uint64_t since;
	uint64_t lost, dropped;
};

struct sink_host {
	struct sink *sink;
	struct sink_env env;
	struct queue *queue;   /* NULL: no records for this sink */
	int bell_fd;	       /* without a queue: eventfd, rung for ticks and the end */
	struct host_map *maps; /* by map index */
	struct err err;
	pthread_t thread;
	bool has_thread, opened, abandoned;
	int wake_fd;
	int timeout_ms; /* of the sink's work(); -1: none */
	bool tick;	/* atomic: a sweep is over */
	bool closing;	/* atomic: sink_host_stop() was called */
	uint64_t records;
	/* Of the thread, to be read after it ended. */
	int result;
	uint64_t unwritten;
};

static void count_record(struct sink_host *host)
{
	__atomic_store_n(&host->records, host->records + 1, __ATOMIC_RELAXED);
}

static bool tick_pending(const struct sink_host *host)
{
	return __atomic_load_n(&host->tick, __ATOMIC_RELAXED);
}

/* Records until there is none, a sweep is over, or it is the turn of something else. */
static int give_records(struct sink_host *host, bool *ret_more)
{
	const struct sink_ops *ops = host->sink->ops;
	uint32_t left = ops->work ? TURN_RECORDS : UINT32_MAX;
	struct record record;
	int ret = 0;

	while (!ret && left && !tick_pending(host) && queue_get(host->queue, &record)) {
		count_record(host);
		ret = ops->event(host->sink, &record);
		left--;
	}
	*ret_more = !left;
	return ret;
}

static int give_turn(struct sink_host *host)
{
	host->timeout_ms = -1;
	return host->sink->ops->work ? host->sink->ops->work(host->sink, &host->timeout_ms) : 0;
}

static int give_lost(struct sink_host *host, uint64_t time_ns)
{
	const struct sink_ops *ops = host->sink->ops;
	int ret = 0;

	for (uint32_t i = 0; ops->lost && i < host->env.plan->nmaps && !ret; i++) {
		const struct map_plan *map = &host->env.plan->maps[i];
		struct host_map *seen = &host->maps[i];
		struct map_stats now;

		if (map->role == ROLE_INTERNAL && !seen->series)
			continue;
		now = collector_stats(host->env.collector, map);
		if (now.lost > seen->lost)
			ret = ops->lost(host->sink, map, LOST_KERNEL, now.lost - seen->lost,
					time_ns);
		/* Of records that no sink's queue took there are some only where this one wants
		 * records. */
		if (!ret && ops->event && now.dropped > seen->dropped)
			ret = ops->lost(host->sink, map, LOST_QUEUE, now.dropped - seen->dropped,
					time_ns);
		seen->lost = now.lost;
		seen->dropped = now.dropped;
	}
	return ret;
}

/* What changed in one map's series since the last time, in blocks. */
static int give_series(struct sink_host *host, struct host_map *map, uint64_t time_ns)
{
	uint64_t cursor = 0, mark;
	bool more = true;
	int ret = 0;

	collector_lock(host->env.collector);
	mark = series_mark(map->series);
	while (more && !ret) {
		more = series_read(map->series, &cursor, map->since, true, &map->rows);
		collector_unlock(host->env.collector);
		if (map->rows.count)
			ret = host->sink->ops->rows(host->sink, &map->rows, time_ns);
		collector_lock(host->env.collector);
	}
	collector_unlock(host->env.collector);
	map->since = mark;
	return ret;
}

static int give_sweep(struct sink_host *host)
{
	uint64_t time_ns = now_real_ns();
	int ret;

	__atomic_store_n(&host->tick, false, __ATOMIC_RELAXED);
	ret = give_lost(host, time_ns);
	for (uint32_t i = 0; i < host->env.plan->nmaps && !ret; i++) {
		if (host->maps[i].series)
			ret = give_series(host, &host->maps[i], time_ns);
	}
	if (!ret && host->sink->ops->swept)
		ret = host->sink->ops->swept(host->sink, time_ns);
	return ret;
}

static struct out *host_out(const struct sink_host *host)
{
	return host->sink->ops->out ? host->sink->ops->out(host->sink) : NULL;
}

static int give_flush(struct sink_host *host)
{
	return host->sink->ops->flush ? host->sink->ops->flush(host->sink) : 0;
}

/* watched: wakes as well. */
static void wait_for_bell(struct sink_host *host, struct pollfd watched, int timeout_ms)
{
	struct pollfd fds[2] = { { .fd = host->bell_fd, .events = POLLIN }, watched };
	uint64_t rings;

	poll(fds, 2, host->bell_fd < 0 && timeout_ms < 0 ? WATCH_MS : timeout_ms);
	if (fds[0].revents && read(host->bell_fd, &rings, sizeof(rings)) < 0)
		return; /* somebody else's interruption: the caller looks again anyway */
}

static void wake(struct sink_host *host)
{
	uint64_t one = 1;

	if (host->queue)
		queue_publish(host->queue);
	else if (host->bell_fd >= 0 && write(host->bell_fd, &one, sizeof(one)) < 0)
		return; /* it rings already */
}

/* Nothing to do: everything is handed out, then sleep. */
static int rest(struct sink_host *host)
{
	const struct sink_ops *ops = host->sink->ops;
	struct pollfd watched = { .fd = -1 };
	struct out *out = host_out(host);
	int ret = give_flush(host);

	if (ret)
		return ret;
	if (out && out_reader_left(out))
		return -EPIPE;
	if (ops->fd)
		watched = (struct pollfd){ .fd = ops->fd(host->sink), .events = POLLIN };
	else if (out && out_has_reader(out))
		watched.fd = out->fd; /* for errors */
	if (!host->queue)
		wait_for_bell(host, watched, host->timeout_ms);
	else
		queue_wait_or_fd(host->queue, ops->fd ? watched.fd : -1,
				 host->timeout_ms < 0 ? WATCH_MS : MIN(host->timeout_ms, WATCH_MS));
	return 0;
}

static int host_run(struct sink_host *host)
{
	bool closing, more;
	int ret = 0;

	for (;;) {
		more = false;
		/* Asked first: what was put before the closing is there then. */
		closing = __atomic_load_n(&host->closing, __ATOMIC_ACQUIRE);
		if (host->queue)
			ret = give_records(host, &more);
		if (!ret)
			ret = give_turn(host);
		if (!ret && tick_pending(host))
			ret = give_sweep(host);
		else if (!ret && closing && !more)
			break;
		else if (!ret && !more)
			ret = rest(host);
		if (ret)
			return ret;
	}
	ret = give_sweep(host);
	return ret ? ret : give_flush(host);
}

/* What the reader did not get: lines that were thrown away, and records nobody looked at. */
static uint64_t count_unwritten(struct sink_host *host)
{
	struct out *out = host_out(host);
	uint64_t count = out ? out->unwritten_lines : 0;
	struct record record;

	while (host->queue && queue_get(host->queue, &record))
		count++;
	return count;
}

static void *host_main(void *arg)
{
	struct sink_host *host = arg;
	const struct sink_ops *ops = host->sink->ops;
	uint64_t one = 1;
	int ret = host_run(host);

	if (ret == 1) /* enough: but what was given is to be seen */
		host->result = give_flush(host);
	else
		host->result = ret;
	if (host->result < 0)
		host->unwritten = count_unwritten(host);
	/* What still comes is for nobody: the collector must neither wait nor count drops. */
	if (host->queue)
		queue_abandon(host->queue);
	if (ops->close)
		ops->close(host->sink);
	if (ret && host->wake_fd >= 0 && write(host->wake_fd, &one, sizeof(one)) < 0)
		return NULL; /* it is readable already */
	return NULL;
}

static uint32_t block_rows(const struct metric_plan *plan)
{
	uint64_t row = plan->key_bytes + (uint64_t)plan->ncells * sizeof(union cell) + 32;
	uint64_t rows = BLOCK_BYTES / row;

	return rows < 1 ? 1 : MIN(rows, (uint64_t)BLOCK_ROWS);
}

static void prepare_maps(struct sink_host *host)
{
	const struct plan *plan = host->env.plan;
	struct host_map *map;

	host->maps = xcalloc(plan->nmaps + 1, sizeof(*host->maps));
	for (uint32_t i = 0; host->sink->ops->rows && i < plan->nmaps; i++) {
		map = &host->maps[i];
		map->series = collector_series(host->env.collector, &plan->maps[i]);
		if (map->series)
			series_rows_init(&map->rows, series_plan(map->series),
					 block_rows(series_plan(map->series)));
	}
}

static bool plan_has_records(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (map_has_records(&plan->maps[i]))
			return true;
	}
	return false;
}

/* Signals are the main thread's, but for those that say that this thread cannot go on. */
static int start_thread(struct sink_host *host, struct err *err)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	sigset_t all, before;
	char name[16];
	int code;

	sigfillset(&all);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&host->thread, NULL, host_main, host);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code)
		return err_sys(err, code, "cannot start the output's thread");
	host->has_thread = true;
	snprintf(name, sizeof(name), "sink-%s", host->sink->ops->name);
	pthread_setname_np(host->thread, name);
	return 0;
}

static void release(struct sink_host *host)
{
	for (uint32_t i = 0; i < host->env.plan->nmaps; i++) {
		if (host->maps[i].series)
			series_rows_release(&host->maps[i].rows);
	}
	free(host->maps);
	queue_free(host->queue);
	close_fd(&host->bell_fd);
	free(host);
}

int sink_host_open(struct sink_host **ret, struct sink *sink, const struct sink_env *env,
		   int wake_fd, struct err *err)
{
	struct sink_host *host = xcalloc(1, sizeof(*host));
	const struct sink_ops *ops = sink->ops;
	int code = 0;

	host->sink = sink;
	host->env = *env;
	host->wake_fd = wake_fd;
	sink->err = &host->err;
	prepare_maps(host);
	host->bell_fd = -1;
	if (ops->event && plan_has_records(env->plan))
		host->queue = queue_new(env->plan, QUEUE_BYTES);
	else if (ops->rows || ops->lost)
		host->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ops->open)
		code = ops->open(sink, &host->env, err);
	if (code < 0) {
		sink->err = NULL;
		release(host);
		return code;
	}
	host->opened = true;
	if (host->queue)
		collector_add_queue(env->collector, host->queue);
	*ret = host;
	return 0;
}

int sink_host_start(struct sink_host *host, struct err *err)
{
	const struct sink_ops *ops = host->sink->ops;
	int ret = ops->start ? ops->start(host->sink, err) : 0;

	if (ret >= 0 && (ops->event || ops->rows || ops->lost))
		ret = start_thread(host, err);
	return ret;
}

void sink_host_tick(struct sink_host *host)
{
	if (host->sink->ops->tick)
		host->sink->ops->tick(host->sink);
	if (!host->has_thread)
		return;
	__atomic_store_n(&host->tick, true, __ATOMIC_RELEASE);
	wake(host);
}

static bool join_within(struct sink_host *host, int timeout_ms)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += timeout_ms / 1000;
	deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_sec++;
		deadline.tv_nsec -= 1000000000;
	}
	return pthread_clockjoin_np(host->thread, NULL, CLOCK_MONOTONIC, &deadline) == 0;
}

/* Returns false when it does not even end after being cancelled: it is left behind. */
static bool end_thread(struct sink_host *host, int timeout_ms, bool *ret_in_time)
{
	struct out *out = host_out(host);

	/* The queue first: who sees that it is over sees the last records too. */
	if (host->queue)
		queue_close(host->queue);
	__atomic_store_n(&host->closing, true, __ATOMIC_RELEASE);
	if (!host->queue)
		wake(host);
	*ret_in_time = join_within(host, MAX(timeout_ms, host->sink->ops->leave_ms));
	if (*ret_in_time)
		return true;
	if (out)
		out_cancel(out);
	return join_within(host, CANCEL_MS);
}

static int end_result(struct sink_host *host, struct err *err)
{
	if (host->result >= 0 || host->result == -EPIPE)
		return host->result;
	if (host->err.msg[0] && err)
		*err = host->err;
	else if (!host->err.msg[0])
		err_sys(err, -host->result, "cannot write the %s output", host->sink->ops->name);
	return host->result;
}

int sink_host_stop(struct sink_host *host, int timeout_ms, uint64_t *ret_unwritten, struct err *err)
{
	bool in_time = true;

	if (ret_unwritten)
		*ret_unwritten = 0;
	if (!host->has_thread) {
		if (host->opened && host->sink->ops->close)
			host->sink->ops->close(host->sink);
		host->opened = false;
		return 0;
	}
	host->has_thread = false;
	host->opened = false;
	if (!end_thread(host, timeout_ms, &in_time)) {
		pthread_detach(host->thread);
		host->abandoned = true;
		return -ETIMEDOUT;
	}
	if (ret_unwritten)
		*ret_unwritten = host->unwritten;
	if (host->result == -ECANCELED)
		return -ETIMEDOUT;
	return end_result(host, err);
}

uint64_t sink_host_records(const struct sink_host *host)
{
	return __atomic_load_n(&host->records, __ATOMIC_RELAXED);
}

void sink_host_free(struct sink_host *host)
{
	if (!host)
		return;
	if (host->has_thread || host->opened)
		sink_host_stop(host, 0, NULL, NULL);
	if (host->abandoned) /* its thread still uses all of this */
		return;
	host->sink->ops->free(host->sink);
	release(host);
}
