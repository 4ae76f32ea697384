// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/host/internal.h"

#include "base/bell.h"
#include "runner/read/collect/queue.h"
#include "runner/sink/text.h"

/* The kernel's buffer is the long queue; this one covers a sink that is busy for a moment. Its
 * pages come into being when first used. */
#define QUEUE_BYTES (1u << 20)
/* Rows are copied under the series' lock: so many at a time, and so many bytes. */
#define BLOCK_ROWS 256u
#define BLOCK_BYTES (128u << 10)

struct attached *attached_new(struct sink_runner *r, struct source *source)
{
	struct attached *at = xcalloc(1, sizeof(*at));
	const struct plan *plan = source->plan;
	bool has_records = false;

	at->source = source;
	at->maps = xcalloc(plan->nmaps + 1, sizeof(*at->maps));
	if (source->ops->play || source->recorded)
		return at;
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		const struct metric_plan *metric =
			r->wants_rows ? source_metric(source, map) : NULL;

		has_records |= map_has_records(map);
		at->maps[i].has_rows = metric != NULL;
		if (metric)
			source_walk_init(&at->maps[i].walk, source, map,
					 series_block_rows(metric, BLOCK_ROWS, BLOCK_BYTES));
	}
	if (r->ntakers && has_records)
		at->queue = queue_new(plan, QUEUE_BYTES);
	return at;
}

void attached_free(struct attached *at)
{
	for (uint32_t i = 0; i < at->source->plan->nmaps; i++)
		source_walk_release(&at->maps[i].walk);
	free(at->maps);
	queue_free(at->queue);
	free(at);
}

int runner_tell_add(struct sink_runner *r, struct attached *at, struct err *err)
{
	int ret = 0;

	r->sources = xreallocarray(r->sources, r->nsources + 1, sizeof(*r->sources));
	r->sources[r->nsources++] = at;
	r->fds = xreallocarray(r->fds, 3 + r->nsources + r->nsinks, sizeof(*r->fds));
	for (size_t i = 0; i < r->nsinks && ret >= 0; i++)
		if (r->sinks[i]->ops->add)
			ret = r->sinks[i]->ops->add(r->sinks[i], at->source, err);
	return ret < 0 ? ret : 0;
}

void runner_tell_remove(struct sink_runner *r, struct attached *at)
{
	for (size_t i = 0; i < r->nsinks; i++)
		if (r->sinks[i]->ops->remove)
			r->sinks[i]->ops->remove(r->sinks[i], at->source);
	for (uint32_t i = 0; i < r->nsources; i++)
		if (r->sources[i] == at)
			r->sources[i] = r->sources[--r->nsources];
}

/* All that it left behind, before the sinks forget it. */
static int let_go(struct sink_runner *r, struct attached *at)
{
	bool more;
	int ret = 0;

	do {
		more = false;
		__atomic_store_n(&at->tick, false, __ATOMIC_RELAXED);
		if (at->queue)
			ret = runner_give_records(r, at, &more);
	} while (!ret && more);
	if (!ret)
		ret = runner_give_sweep(r, at);
	if (!ret)
		ret = runner_flush(r);
	if (ret)
		return ret;
	runner_tell_remove(r, at);
	pthread_mutex_lock(&r->lock);
	__atomic_store_n(&at->leaving, false, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	if (r->left_fd > 0)
		bell_ring(r->left_fd);
	return 0;
}

static int let_leave(struct sink_runner *r)
{
	int ret = 0;

	for (uint32_t i = r->nsources; i-- > 0 && !ret;)
		if (__atomic_load_n(&r->sources[i]->leaving, __ATOMIC_ACQUIRE))
			ret = let_go(r, r->sources[i]);
	return ret;
}

int runner_take_orders(struct sink_runner *r)
{
	struct attached *came;
	int ret = 0;

	if (likely(!__atomic_load_n(&r->orders, __ATOMIC_ACQUIRE)))
		return 0;
	pthread_mutex_lock(&r->lock);
	__atomic_store_n(&r->orders, false, __ATOMIC_RELAXED);
	came = steal_ptr(&r->inbox);
	pthread_mutex_unlock(&r->lock);
	/* One that comes may be the successor of one that leaves. */
	ret = let_leave(r);
	for (; came && !ret; came = came->next)
		ret = runner_tell_add(r, came, &r->err);
	return ret ? ret : let_leave(r);
}
