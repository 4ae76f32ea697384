// SPDX-License-Identifier: Apache-2.0
/*
 * A thread between the sources and some sinks. A source only puts records into the queue that it
 * has for this runner, and the host says when a sweep is over; everything that formats, writes or
 * waits happens here. Each source has a queue of its own: they come and go without the others, and
 * a record needs no word about where it is from.
 *
 * The thread ends when the queues were closed and emptied, or when a sink has had enough or failed;
 * either way the sinks' close() runs in it. Sinks without event, rows and lost serve on demand:
 * they get no thread.
 *
 * A source that plays itself makes the loop: the runner is its feed.
 */
#include "runner/sink/host/internal.h"

#include <errno.h>
#include <time.h>
#include "base/bell.h"
#include "base/clock.h"
#include "base/thread.h"
#include "runner/read/collect/queue.h"
#include "runner/sink/out.h"

#define CANCEL_MS 1000 /* grace for a cancelled sink to end */
#define HURRY_MS 100   /* the same, in a hurry */
#define LOOK_MS 50     /* between two calls of hurry() */
#define NS_PER_MS 1000000ull

static void sleep_on_queues(struct sink_runner *r)
{
	bool idle = true, has_queue = false;
	int timeout_ms = r->timeout_ms;
	nfds_t n = 0;

	r->fds[n++] = (struct pollfd){ r->bell_fd, POLLIN, 0 };
	for (uint32_t i = 0; i < r->nsources; i++) {
		struct queue *queue = r->sources[i]->queue;

		if (!queue)
			continue;
		has_queue = true;
		idle &= queue_sleep(queue);
		r->fds[n++] = (struct pollfd){ queue_data_fd(queue), POLLIN, 0 };
	}
	n = runner_sink_fds(r, n);
	if (has_queue || r->bell_fd < 0)
		timeout_ms = timeout_ms < 0 ? WATCH_MS : MIN(timeout_ms, WATCH_MS);
	if (idle)
		poll(r->fds, n, timeout_ms);
	for (uint32_t i = 0; i < r->nsources; i++)
		if (r->sources[i]->queue)
			queue_awake(r->sources[i]->queue);
	bell_answer(r->bell_fd);
}

/* Nothing to do: everything is handed out, then sleep. */
static int rest(struct sink_runner *r)
{
	int ret = runner_flush(r);

	if (!ret)
		sleep_on_queues(r);
	return ret;
}

static int give_all(struct sink_runner *r, bool *ret_more, bool *ret_swept)
{
	int ret = 0;

	for (uint32_t i = 0; i < r->nsources && !ret; i++)
		if (r->sources[i]->queue)
			ret = runner_give_records(r, r->sources[i], ret_more);
	if (!ret)
		ret = runner_turn(r);
	for (uint32_t i = 0; i < r->nsources && !ret; i++) {
		if (!attached_has_tick(r->sources[i]))
			continue;
		*ret_swept = true;
		ret = runner_give_sweep(r, r->sources[i]);
	}
	return ret;
}

static int runner_run(struct sink_runner *r)
{
	bool closing, more, swept;
	int ret = 0;

	for (;;) {
		more = swept = false;
		/* Asked first: what was put before the closing is there then. */
		closing = __atomic_load_n(&r->closing, __ATOMIC_ACQUIRE);
		ret = runner_take_orders(r);
		if (!ret)
			ret = give_all(r, &more, &swept);
		if (!ret && !swept && !more && closing)
			break;
		if (!ret && !swept && !more)
			ret = rest(r);
		if (ret)
			return ret;
	}
	for (uint32_t i = 0; i < r->nsources && !ret; i++)
		ret = runner_give_sweep(r, r->sources[i]);
	return ret ? ret : runner_flush(r);
}

/* ---- its life ---- */

/* What the reader did not get: lines that were thrown away, and records still in the queues. */
static uint64_t count_unwritten(struct sink_runner *r)
{
	struct out *out = runner_out(r);
	uint64_t count = out ? out->unwritten_lines : 0;
	struct record record;

	for (uint32_t i = 0; i < r->nsources; i++)
		while (r->sources[i]->queue && queue_get(r->sources[i]->queue, &record))
			count++;
	return count;
}

static void close_sinks(struct sink_runner *r)
{
	for (size_t i = 0; i < r->nsinks; i++)
		if (r->sinks[i]->ops->close)
			r->sinks[i]->ops->close(r->sinks[i]);
}

/* What still comes is for no sink: the sources must neither wait nor count drops. */
static void end(struct sink_runner *r)
{
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	for (uint32_t i = 0; i < r->nsources; i++)
		if (r->sources[i]->queue)
			queue_abandon(r->sources[i]->queue);
	for (struct attached *at = r->inbox; at; at = at->next)
		if (at->queue)
			queue_abandon(at->queue);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void *runner_main(void *arg)
{
	struct sink_runner *r = arg;
	int ret = r->player ? runner_play(r) : runner_run(r);

	if (ret == 1 && !r->player) /* enough: but what was given is to be seen */
		r->result = runner_flush(r);
	else
		r->result = MIN(ret, 0);
	if (r->result < 0)
		r->unwritten = count_unwritten(r);
	end(r);
	close_sinks(r);
	/* A sink may write its last lines in close(). */
	if (r->result >= 0 && runner_out(r))
		r->result = out_flush(runner_out(r));
	/* The host knows of an end that it asked for. */
	if (r->player || (ret && !__atomic_load_n(&r->closing, __ATOMIC_ACQUIRE)))
		bell_ring(r->wake_fd);
	return NULL;
}

struct sink_runner *sink_runner_new(struct sink *const *sinks, size_t count, int wake_fd,
				    int left_fd)
{
	struct sink_runner *r = xcalloc(1, sizeof(*r));

	r->sinks = xcalloc(count + 1, sizeof(*r->sinks));
	r->takers = xcalloc(count + 1, sizeof(*r->takers));
	r->nsinks = count;
	for (size_t i = 0; i < count; i++) {
		const struct sink_ops *ops = sinks[i]->ops;

		r->sinks[i] = sinks[i];
		sinks[i]->err = &r->err;
		if (ops->event)
			r->takers[r->ntakers++] = sinks[i];
		r->wants_rows |= ops->rows != NULL;
		r->wants_lost |= ops->lost != NULL;
		r->wants_swept |= ops->swept != NULL;
		r->has_work |= ops->work != NULL;
	}
	r->left = UINT64_MAX;
	r->wake_fd = wake_fd;
	r->left_fd = left_fd;
	r->bell_fd = bell_new();
	r->fds = xcalloc(3 + count, sizeof(*r->fds));
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	return r;
}

void sink_runner_limit(struct sink_runner *r, uint64_t max_records)
{
	r->left = max_records;
}

bool sink_runner_takes_records(const struct sink_runner *r)
{
	return r->ntakers || r->wants_rows;
}

bool sink_runner_refreshes(const struct sink_runner *r)
{
	for (size_t i = 0; i < r->nsinks; i++)
		if (!r->sinks[i]->ops->refreshes)
			return false;
	return true;
}

int sink_runner_open(struct sink_runner *r, struct err *err)
{
	int ret = 0;

	r->opened = true;
	for (size_t i = 0; i < r->nsinks && ret >= 0; i++)
		if (r->sinks[i]->ops->open)
			ret = r->sinks[i]->ops->open(r->sinks[i], err);
	return ret;
}

static bool has_ended(struct sink_runner *r)
{
	bool ended;

	pthread_mutex_lock(&r->lock);
	ended = r->ended;
	pthread_mutex_unlock(&r->lock);
	return ended;
}

static void order(struct sink_runner *r, struct attached *at)
{
	pthread_mutex_lock(&r->lock);
	if (at) {
		at->next = r->inbox;
		r->inbox = at;
	}
	if (r->ended && at && at->queue)
		queue_abandon(at->queue);
	__atomic_store_n(&r->orders, true, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&r->lock);
	bell_ring(r->bell_fd);
}

int sink_runner_add(struct sink_runner *r, struct source *source, struct err *err)
{
	struct attached *at;
	int ret = 0;

	slots_set(&r->attached, source, NULL);
	if (has_ended(r) || r->retired)
		return 0;
	at = attached_new(r, source);
	slots_set(&r->attached, source, at);
	if (source->ops->play)
		r->player = source;
	if (r->has_thread)
		order(r, at);
	else
		ret = runner_tell_add(r, at, err);
	if (ret >= 0 && at->queue)
		source->ops->add_queue(source, at->queue);
	return ret;
}

const char *sink_runner_name(const struct sink_runner *r)
{
	return r->nsinks ? r->sinks[0]->ops->name : "";
}

void sink_runner_leave_out(struct sink_runner *r, struct source *source)
{
	slots_set(&r->attached, source, NULL);
}

int sink_runner_start(struct sink_runner *r, struct err *err)
{
	_cleanup_free_ char *name =
		xasprintf("sink-%s", r->nsinks ? r->sinks[0]->ops->name : "none");
	int ret = 0;

	for (size_t i = 0; i < r->nsinks && ret >= 0; i++)
		if (r->sinks[i]->ops->start)
			ret = r->sinks[i]->ops->start(r->sinks[i], err);
	if (ret >= 0 &&
	    (r->ntakers || r->wants_rows || r->wants_lost || r->wants_swept || r->player)) {
		ret = thread_start(&r->thread, name, runner_main, r, err);
		r->has_thread = ret >= 0;
	}
	return ret;
}

void sink_runner_tick(struct sink_runner *r, struct source *source)
{
	struct attached *at = slots_get(&r->attached, source);

	for (size_t i = 0; i < r->nsinks; i++)
		if (r->sinks[i]->ops->tick)
			r->sinks[i]->ops->tick(r->sinks[i]);
	if (!r->has_thread || !at)
		return;
	__atomic_store_n(&at->tick, true, __ATOMIC_RELEASE);
	bell_ring(r->bell_fd);
}

/* NULL: these sinks do not have it. */
static struct attached *attached_of(const struct sink_runner *r, const struct source *source)
{
	return source->number < r->attached.count ? slots_get(&r->attached, source) : NULL;
}

void sink_runner_leave(struct sink_runner *r, struct source *source)
{
	struct attached *at = attached_of(r, source);

	if (!at || at->leaves)
		return;
	at->leaves = true;
	if (r->retired)
		return;
	if (at->queue) {
		source->ops->remove_queue(source, at->queue);
		queue_close(at->queue);
	}
	if (r->has_thread) {
		__atomic_store_n(&at->leaving, true, __ATOMIC_RELEASE);
		order(r, NULL);
	}
}

/* False: the thread is not done with it, and the time is over. */
static bool wait_until_gone(struct sink_runner *r, const struct attached *at, int timeout_ms)
{
	struct timespec deadline;
	bool gone;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += timeout_ms / 1000 + 1; /* whole seconds will do */
	pthread_mutex_lock(&r->lock);
	while (timeout_ms && !r->ended && __atomic_load_n(&at->leaving, __ATOMIC_RELAXED))
		if (pthread_cond_clockwait(&r->changed, &r->lock, CLOCK_MONOTONIC, &deadline))
			break;
	gone = r->ended || !__atomic_load_n(&at->leaving, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&r->lock);
	return gone;
}

bool sink_runner_is_left(struct sink_runner *r, struct source *source, int timeout_ms)
{
	struct attached *at = attached_of(r, source);

	if (!at)
		return true;
	if (r->retired ? !sink_runner_is_over(r, timeout_ms)
		       : r->has_thread && !wait_until_gone(r, at, timeout_ms))
		return false;
	/* Where the thread did not do it. */
	if (!r->has_thread || __atomic_load_n(&at->leaving, __ATOMIC_RELAXED))
		runner_tell_remove(r, at);
	slots_set(&r->attached, source, NULL);
	attached_free(at);
	return true;
}

/* The queues first: a sink that sees that it is over sees the last records too. */
static void begin_end(struct sink_runner *r)
{
	for (uint32_t i = 0; i < r->attached.count; i++) {
		const struct attached *at = r->attached.all[i];

		if (at && at->queue)
			queue_close(at->queue);
	}
	__atomic_store_n(&r->closing, true, __ATOMIC_RELEASE);
	bell_ring(r->bell_fd);
}

static int leave_ms(const struct sink_runner *r, int timeout_ms)
{
	for (size_t i = 0; i < r->nsinks; i++)
		timeout_ms = MAX(timeout_ms, r->sinks[i]->ops->leave_ms);
	return timeout_ms;
}

static bool join_unless(struct sink_runner *r, int timeout_ms, bool (*hurry)(void))
{
	for (; timeout_ms > 0 && !(hurry && hurry()); timeout_ms -= LOOK_MS)
		if (thread_join_within(r->thread, MIN(timeout_ms, LOOK_MS)))
			return true;
	return thread_join_within(r->thread, 0);
}

/* Returns false when it does not even end after being cancelled: it is left behind. */
static bool end_thread(struct sink_runner *r, int timeout_ms, bool (*hurry)(void),
		       bool *ret_in_time)
{
	struct out *out = runner_out(r);

	begin_end(r);
	timeout_ms = leave_ms(r, timeout_ms);
	*ret_in_time = join_unless(r, timeout_ms, hurry);
	if (*ret_in_time)
		return true;
	if (out)
		out_cancel(out);
	return thread_join_within(r->thread, hurry && hurry() ? HURRY_MS : CANCEL_MS);
}

static int end_result(struct sink_runner *r, struct err *err)
{
	const struct sink *failed = r->failed ? r->failed : r->nsinks ? r->sinks[0] : NULL;

	if (r->result >= 0 || r->result == -EPIPE)
		return r->result;
	if (r->err.msg[0] && err)
		*err = r->err;
	else if (!r->err.msg[0])
		err_sys(err, -r->result, "cannot write the %s output",
			failed ? failed->ops->name : "");
	return r->result;
}

int sink_runner_stop(struct sink_runner *r, int timeout_ms, bool (*hurry)(void),
		     uint64_t *ret_unwritten, struct err *err)
{
	bool in_time = true;

	*ret_unwritten = 0;
	if (!r->has_thread) {
		if (r->opened)
			close_sinks(r);
		r->opened = false;
		return 0;
	}
	r->has_thread = false;
	r->opened = false;
	if (!end_thread(r, timeout_ms, hurry, &in_time)) {
		pthread_detach(r->thread);
		r->abandoned = true;
		return -ETIMEDOUT;
	}
	*ret_unwritten = r->unwritten;
	if (r->result == -ECANCELED)
		return -ETIMEDOUT;
	return end_result(r, err);
}

/* ---- one that goes while others stay ---- */

bool sink_runner_has(const struct sink_runner *r, const struct sink *sink)
{
	for (size_t i = 0; i < r->nsinks; i++)
		if (r->sinks[i] == sink)
			return true;
	return false;
}

static void remove_queues(struct sink_runner *r)
{
	for (uint32_t i = 0; i < r->attached.count; i++) {
		const struct attached *at = r->attached.all[i];

		if (at && at->queue)
			at->source->ops->remove_queue(at->source, at->queue);
	}
}

void sink_runner_retire(struct sink_runner *r)
{
	remove_queues(r);
	r->retired = true;
	for (size_t i = 0; i < r->nsinks; i++)
		if (r->sinks[i]->ops->retire)
			r->sinks[i]->ops->retire(r->sinks[i]);
	if (r->has_thread) {
		begin_end(r);
		r->cancel_ns = now_mono_ns() + (uint64_t)leave_ms(r, CANCEL_MS) * NS_PER_MS;
	} else if (r->opened) {
		close_sinks(r);
		r->opened = false;
	}
}

bool sink_runner_is_over(struct sink_runner *r, int timeout_ms)
{
	struct out *out = runner_out(r);

	if (!r->retired)
		return false;
	if (r->has_thread && out && now_mono_ns() > r->cancel_ns)
		out_cancel(out);
	if (r->has_thread && !thread_join_within(r->thread, timeout_ms))
		return false;
	r->has_thread = r->opened = false;
	return true;
}

void sink_runner_drop(struct sink_runner *r)
{
	if (r)
		remove_queues(r);
	sink_runner_free(r);
}

void sink_runner_free(struct sink_runner *r)
{
	uint64_t unwritten;

	if (!r)
		return;
	if (r->has_thread || r->opened)
		sink_runner_stop(r, 0, NULL, &unwritten, NULL);
	if (r->abandoned) /* its thread still uses all of this */
		return;
	for (size_t i = 0; i < r->nsinks; i++)
		r->sinks[i]->ops->free(r->sinks[i]);
	for (uint32_t i = 0; i < r->attached.count; i++)
		if (r->attached.all[i])
			attached_free(r->attached.all[i]);
	slots_release(&r->attached);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	close_fd(&r->bell_fd);
	free(r->sources);
	free(r->fds);
	free(r->sinks);
	free(r->takers);
	resolver_free(r->names);
	free(r);
}
