// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/host/internal.h"

static struct sink_runner *runner_of(struct source_feed *feed)
{
	return container_of(feed, struct sink_runner, feed);
}

static int feed_event(struct source_feed *feed, struct source *source, const struct record *record)
{
	return runner_give_event(runner_of(feed), source, record);
}

static int feed_rows(struct source_feed *feed, struct source *source,
		     const struct series_rows *rows, uint64_t time_ns)
{
	return runner_give_rows(runner_of(feed), source, rows, time_ns);
}

static int feed_lost(struct source_feed *feed, struct source *source, const struct map_plan *map,
		     enum lost_where where, uint64_t count, uint64_t time_ns)
{
	return runner_give_loss(runner_of(feed), source, map, where, count, time_ns);
}

static int feed_swept(struct source_feed *feed, struct source *source, uint64_t time_ns)
{
	struct sink_runner *r = runner_of(feed);

	for (size_t i = 0; i < r->nsinks; i++)
		if (r->sinks[i]->ops->tick)
			r->sinks[i]->ops->tick(r->sinks[i]);
	return runner_give_swept(r, source, time_ns);
}

static int feed_rest(struct source_feed *feed, int fd, uint64_t timeout_ms)
{
	struct sink_runner *r = runner_of(feed);
	nfds_t n = 2;
	int ret = runner_flush(r);

	if (!ret)
		ret = runner_turn(r);
	if (ret)
		return ret;
	r->fds[0] = (struct pollfd){ r->bell_fd, POLLIN, 0 };
	r->fds[1] = (struct pollfd){ fd, POLLIN, 0 };
	n = runner_sink_fds(r, n);
	timeout_ms = MIN(timeout_ms, (uint64_t)WATCH_MS);
	if (r->timeout_ms >= 0)
		timeout_ms = MIN(timeout_ms, (uint64_t)r->timeout_ms);
	poll(r->fds, n, (int)timeout_ms);
	return __atomic_load_n(&r->closing, __ATOMIC_ACQUIRE) ? 1 : 0;
}

static bool stays(const struct sink_runner *r)
{
	for (size_t i = 0; i < r->nsinks; i++)
		if (r->sinks[i]->ops->stays)
			return true;
	return false;
}

/* What was given is to be seen, also what stood before damage. */
int runner_play(struct sink_runner *r)
{
	struct source_feed *feed = &r->feed;
	int ret, flushed;

	*feed = (struct source_feed){ feed_event, feed_rows, feed_lost,
				      feed_swept, feed_rest, r->bell_fd };
	ret = r->player->ops->play(r->player, feed, &r->err);
	flushed = runner_flush(r);
	while (!ret && !flushed && stays(r))
		flushed = feed_rest(feed, -1, UINT64_MAX);
	return ret >= 0 && flushed < 0 ? flushed : ret;
}
