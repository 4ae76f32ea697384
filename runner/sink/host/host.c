// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/host/host.h"

#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/sink/host/sink_runner.h"

struct host {
	struct host_opts opts;
	struct sink_runner **runners;
	size_t nrunners;
	struct source **sources; /* by number; NULL: the number is free */
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
	free(host);
}

static void add_runner(struct host *host, struct sink *const *sinks, size_t count)
{
	host->runners = xreallocarray(host->runners, host->nrunners + 1, sizeof(*host->runners));
	host->runners[host->nrunners++] = sink_runner_new(sinks, count, host->opts.wake_fd);
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
	if (i == host->nsources)
		host->sources =
			xreallocarray(host->sources, ++host->nsources, sizeof(*host->sources));
	host->sources[i] = source;
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

int host_add_source(struct host *host, struct source *source, struct err *err)
{
	int ret = 0;

	give_number(host, source);
	/* A recording is played to its end, also where there is no sink to see it. */
	if (source->ops->play && !host->nrunners)
		add_runner(host, NULL, 0);
	if (source->ops->on_demand)
		source->ops->on_demand(source, all_refresh(host));
	for (size_t i = 0; i < host->nrunners && ret >= 0; i++) {
		const char *name = sink_runner_name(host->runners[i]);

		if (host->opts.wants && !host->opts.wants(host->opts.ctx, source, name))
			sink_runner_leave_out(host->runners[i], source);
		else
			ret = sink_runner_add(host->runners[i], source, err);
	}
	return ret < 0 ? ret : 0;
}

int host_start(struct host *host, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < host->nrunners && ret >= 0; i++)
		ret = sink_runner_start(host->runners[i], err);
	return ret < 0 ? ret : 0;
}

void host_tick(struct host *host, struct source *source)
{
	for (size_t i = 0; i < host->nrunners; i++)
		sink_runner_tick(host->runners[i], source);
}

int host_remove_source(struct host *host, struct source *source, int timeout_ms)
{
	int ret = 0;

	for (size_t i = 0; i < host->nrunners; i++) {
		int code = sink_runner_remove(host->runners[i], source, timeout_ms);

		if (code < 0)
			ret = code;
	}
	/* Its number stays taken where a sink may still use it. */
	if (ret == 0)
		host->sources[source->number] = NULL;
	return ret;
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
