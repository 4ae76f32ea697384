// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/host/host.h"

#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/host/sink_runner.h"

#define EXCHANGE_MS 500 /* the host waits so long for the end of a sink that goes */

struct host {
	struct host_opts opts;
	struct sink_runner **runners;
	size_t nrunners;
	struct source **sources; /* by number; NULL: the number is free */
	bool *leaves;		 /* as sources: host_leave_source() was called */
	uint32_t nsources;
};

struct host *host_new(const struct host_opts *opts)
{
	struct host *host = xcalloc(1, sizeof(*host));

	host->opts = *opts;
	return host;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	for (size_t i = 0; i < host->nrunners; i++)
		sink_runner_free(host->runners[i]);
	free(host->runners);
	free(host->sources);
	free(host->leaves);
	free(host);
}

static void keep_runner(struct host *host, struct sink_runner *runner)
{
	host->runners = xreallocarray(host->runners, host->nrunners + 1, sizeof(*host->runners));
	host->runners[host->nrunners++] = runner;
}

static void add_runner(struct host *host, struct sink *const *sinks, size_t count)
{
	keep_runner(host, sink_runner_new(sinks, count, host->opts.wake_fd, host->opts.left_fd));
}

void host_add_sinks(struct host *host, struct sink *const *sinks, size_t count)
{
	if (count)
		add_runner(host, sinks, count);
}

int host_open(struct host *host, struct err *err)
{
	bool limited = false;
	int ret = 0;

	for (size_t i = 0; i < host->nrunners && ret >= 0; i++) {
		struct sink_runner *runner = host->runners[i];

		if (!limited && host->opts.max_records && sink_runner_takes_records(runner)) {
			sink_runner_limit(runner, host->opts.max_records);
			limited = true;
		}
		ret = sink_runner_open(runner, err);
	}
	return ret < 0 ? ret : 0;
}

static void give_number(struct host *host, struct source *source)
{
	uint32_t i = 0;

	while (i < host->nsources && host->sources[i])
		i++;
	if (i == host->nsources) {
		host->nsources++;
		host->sources =
			xreallocarray(host->sources, host->nsources, sizeof(*host->sources));
		host->leaves = xreallocarray(host->leaves, host->nsources, sizeof(*host->leaves));
	}
	host->sources[i] = source;
	host->leaves[i] = false;
	source->number = i;
}

/* Nothing reads series at another time than when it asks for them. */
static bool all_refresh(const struct host *host)
{
	for (size_t i = 0; i < host->nrunners; i++)
		if (!sink_runner_refreshes(host->runners[i]))
			return false;
	return true;
}

static int give_source(struct host *host, struct sink_runner *runner, struct source *source,
		       struct err *err)
{
	const char *name = sink_runner_name(runner);

	if (!host->opts.wants || host->opts.wants(host->opts.ctx, source, name))
		return sink_runner_add(runner, source, err);
	sink_runner_leave_out(runner, source);
	return 0;
}

int host_add_source(struct host *host, struct source *source, struct err *err)
{
	int ret = 0;

	give_number(host, source);
	/* A recording is played to its end, also where there is no sink to see it. */
	if (source->ops->play && !host->nrunners)
		add_runner(host, NULL, 0);
	if (source->ops->on_demand)
		source->ops->on_demand(source, all_refresh(host));
	for (size_t i = 0; i < host->nrunners && ret >= 0; i++)
		ret = give_source(host, host->runners[i], source, err);
	return ret < 0 ? ret : 0;
}

int host_start(struct host *host, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < host->nrunners && ret >= 0; i++)
		ret = sink_runner_start(host->runners[i], err);
	return ret < 0 ? ret : 0;
}

/* --- exchanging sinks --- */

/* Frees those that were retired and have ended. */
static void reap(struct host *host)
{
	for (size_t i = host->nrunners; i-- > 0;) {
		if (!sink_runner_is_over(host->runners[i], 0))
			continue;
		sink_runner_free(host->runners[i]);
		memmove(&host->runners[i], &host->runners[i + 1],
			(--host->nrunners - i) * sizeof(*host->runners));
	}
}

static int join(struct host *host, struct sink_runner *runner, struct err *err)
{
	int ret = 0;

	for (uint32_t i = 0; i < host->nsources && ret >= 0; i++)
		if (host->sources[i] && !host->leaves[i])
			ret = give_source(host, runner, host->sources[i], err);
	return ret < 0 ? ret : sink_runner_start(runner, err);
}

static void renew_demand(struct host *host)
{
	bool on_demand = all_refresh(host);

	for (uint32_t i = 0; i < host->nsources; i++)
		if (host->sources[i] && host->sources[i]->ops->on_demand)
			host->sources[i]->ops->on_demand(host->sources[i], on_demand);
}

int host_exchange(struct host *host, struct sink *old, struct sink *sink, bool *ret_gone,
		  struct err *err)
{
	struct sink_runner *leaving = NULL, *coming = NULL;
	int ret = 0;

	*ret_gone = false;
	for (size_t i = 0; i < host->nrunners; i++)
		if (old && sink_runner_has(host->runners[i], old))
			leaving = host->runners[i];
	if (sink) {
		sink->late = true;
		coming = sink_runner_new(&sink, 1, host->opts.wake_fd, host->opts.left_fd);
		ret = sink_runner_open(coming, err);
	}
	if (ret >= 0 && leaving) {
		*ret_gone = true;
		sink_runner_retire(leaving);
		sink_runner_is_over(leaving, EXCHANGE_MS);
		reap(host);
	}
	if (ret >= 0 && coming)
		ret = join(host, coming, err);
	if (ret < 0)
		sink_runner_drop(coming);
	else if (coming)
		keep_runner(host, coming);
	renew_demand(host);
	return ret < 0 ? ret : 0;
}

void host_tick(struct host *host, struct source *source)
{
	reap(host);
	for (size_t i = 0; i < host->nrunners; i++)
		sink_runner_tick(host->runners[i], source);
}

void host_leave_source(struct host *host, struct source *source)
{
	host->leaves[source->number] = true;
	for (size_t i = 0; i < host->nrunners; i++)
		sink_runner_leave(host->runners[i], source);
}

/* Its number stays taken where a sink may still use it. */
static bool is_left(struct host *host, struct source *source, int timeout_ms)
{
	bool left = true;

	for (size_t i = 0; i < host->nrunners; i++)
		left &= sink_runner_is_left(host->runners[i], source, timeout_ms);
	if (left)
		host->sources[source->number] = NULL;
	return left;
}

bool host_has_left(struct host *host, struct source *source)
{
	return is_left(host, source, 0);
}

int host_remove_source(struct host *host, struct source *source, int timeout_ms)
{
	host_leave_source(host, source);
	return is_left(host, source, timeout_ms) ? 0 : -ETIMEDOUT;
}

static bool is_error(int code)
{
	return code < 0 && code != -EPIPE && code != -ETIMEDOUT;
}

int host_stop(struct host *host, int timeout_ms, uint64_t *ret_unwritten, struct err *err)
{
	uint64_t unwritten = 0;
	int ret = 0;

	for (size_t i = 0; i < host->nrunners; i++) {
		struct err local = { 0 };
		uint64_t here = 0;
		int code = sink_runner_stop(host->runners[i], timeout_ms, host->opts.hurry, &here,
					    &local);

		unwritten += here;
		if (is_error(code) && !is_error(ret) && err)
			*err = local;
		if (code < 0 && !is_error(ret) && (!ret || is_error(code)))
			ret = code;
	}
	if (ret_unwritten)
		*ret_unwritten = unwritten;
	return ret;
}
