// SPDX-License-Identifier: Apache-2.0
/*
 * OTLP: spans, log records and metrics, each with a queue and a thread that sends. The sink's own
 * thread encodes records into the queues; metrics are collected by the thread that sends them.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/sink/otlp/otlp.h"
#include "runner/sink/otlp/otlp_figures.h"
#include "runner/sink/otlp/otlp_logs.h"
#include "runner/sink/otlp/otlp_metrics.h"
#include "runner/sink/otlp/otlp_send.h"
#include "runner/sink/otlp/otlp_traces.h"
#include "runner/sink/slots.h"
#include "runner/sink/text.h"

/* How long a receiver that does not answer may hold up the end. */
#define LEAVE_MS 5000
/* The rest of that time is for other things that end. */
#define LEAVE_MARGIN_MS 1000
#define NS_PER_MS 1000000ull
#define LINE_MAX_BYTES 1024
/* On a busy machine spans come a few at a time. They are held so long to be sorted by their
 * resource, which is larger than several of them; never longer than a request waits anyway. */
#define HOLD_NS (200 * NS_PER_MS)

struct otlp_sink {
	struct sink sink;
	struct otlp_config config;
	struct naming naming;
	struct figures *figures;		 /* borrowed */
	struct otlp_resources *resources[2];	 /* by whether it is JSON; NULL: not needed yet */
	struct otlp_queue *queues[OTLP_SIGNALS]; /* NULL: off */
	struct otlp_sender *senders[OTLP_SIGNALS];
	struct slots programs; /* struct otlp_program, of the sink's thread */
	uint64_t held_ns;      /* since when records were not flushed; 0: all were */
	pthread_mutex_t lock;  /* of what follows: other threads look at it */
	struct slots shared;   /* the same programs */
	uint64_t unsampled;    /* of programs that are gone */
	bool running;
};

/* All that makes items of one source's records and series. */
struct otlp_program {
	struct source *source;
	struct sink_names names;
	struct otlp_traces *traces; /* NULL: off */
	struct otlp_logs *logs;
	struct otlp_metrics *metrics;
	bool told; /* how it was started */
};

static struct otlp_sink *otlp_of(struct sink *sink)
{
	return container_of(sink, struct otlp_sink, sink);
}

static bool is_json(const struct otlp_sink *otlp, enum otlp_signal signal)
{
	return otlp->config.targets[signal].protocol == OTLP_HTTP_JSON;
}

static struct otlp_resources *resources_for(struct otlp_sink *otlp, enum otlp_signal signal)
{
	bool json = is_json(otlp, signal);

	if (!otlp->resources[json])
		otlp->resources[json] =
			otlp_resources_new(&otlp->config, json, OTLP_RESOURCE_PATHS);
	return otlp->resources[json];
}

static struct otlp_queue *queue_for(const struct otlp_sink *otlp, enum otlp_signal signal)
{
	static const struct otlp_shape *const shapes[] = {
		[OTLP_TRACES] = &otlp_spans_shape,
		[OTLP_METRICS] = &otlp_metrics_shape,
		[OTLP_LOGS] = &otlp_logs_shape,
	};
	const struct otlp_batching *batching = &otlp->config.batching[signal];
	struct otlp_queue_opts opts = {
		.shape = shapes[signal],
		.json = is_json(otlp, signal),
		.prefix_bytes =
			otlp->config.targets[signal].protocol == OTLP_GRPC ? OTLP_GRPC_PREFIX : 0,
		.max_items = batching->max_queue_items,
		.max_batch = batching->max_batch_items,
		.delay_ns = batching->delay_ms * NS_PER_MS,
		.give_up_ns = batching->give_up_ms * NS_PER_MS,
	};

	if (signal == OTLP_METRICS) {
		opts.max_items = opts.max_batch = UINT64_MAX;
		opts.delay_ns = opts.give_up_ns = 0;
	}
	return otlp_queue_new(&opts);
}

static void collect(void *ctx)
{
	struct otlp_sink *otlp = ctx;

	pthread_mutex_lock(&otlp->lock);
	for (uint32_t i = 0; i < otlp->shared.count; i++) {
		const struct otlp_program *program = otlp->shared.all[i];

		if (program && program->metrics)
			otlp_metrics_collect(program->metrics);
	}
	pthread_mutex_unlock(&otlp->lock);
}

static int prepare_sender(struct otlp_sink *otlp, enum otlp_signal signal, struct err *err)
{
	const struct otlp_batching *batching = &otlp->config.batching[signal];
	struct otlp_sender_opts opts = {
		.signal = signal,
		.target = &otlp->config.targets[signal],
		.queue = otlp->queues[signal],
	};

	if (signal == OTLP_METRICS) {
		opts.fill = collect;
		opts.ctx = otlp;
		opts.interval_ns = batching->delay_ms * NS_PER_MS;
		/* The next collection says the same again, where all is cumulative. */
		if (otlp->config.temporality == OTLP_CUMULATIVE)
			opts.give_up_ns = batching->give_up_ms * NS_PER_MS;
	}
	return otlp_sender_new(&otlp->senders[signal], &opts, err);
}

/* The maker of a signal's items. */
static int prepare(struct otlp_sink *otlp, enum otlp_signal signal, struct otlp_program *program,
		   struct err *err)
{
	struct otlp_resources *resources = resources_for(otlp, signal);
	struct otlp_queue *queue = otlp->queues[signal];
	struct otlp_metrics_opts metrics = {
		.config = &otlp->config,
		.json = is_json(otlp, signal),
		.source = program->source,
		.naming = &otlp->naming,
		.queue = queue,
	};

	switch (signal) {
	case OTLP_TRACES:
		return otlp_traces_new(&program->traces, &otlp->config, is_json(otlp, signal),
				       program->source, resources, program->names.resolver, queue,
				       err);
	case OTLP_LOGS:
		program->logs = otlp_logs_new(&otlp->config, is_json(otlp, signal), program->source,
					      resources, program->names.resolver, queue);
		break;
	case OTLP_METRICS:
		metrics.origin = otlp_resources_get(resources, program->source,
						    (struct span_text){ "", 0 }, false, 0, NULL);
		program->metrics = otlp_metrics_new(&metrics);
	}
	return 0;
}

static void finish(struct otlp_sink *otlp)
{
	uint64_t now_ns = now_mono_ns();

	for (int i = 0; i < OTLP_SIGNALS; i++) {
		uint64_t give_up_ms = otlp->config.batching[i].give_up_ms;
		uint64_t wait_ms = give_up_ms ? MIN(give_up_ms, (uint64_t)LEAVE_MS) : LEAVE_MS;

		if (otlp->senders[i])
			otlp_sender_finish(otlp->senders[i], now_ns + wait_ms * NS_PER_MS);
	}
	for (int i = 0; i < OTLP_SIGNALS; i++)
		if (otlp->senders[i])
			otlp_sender_wait(otlp->senders[i]);
}

static int otlp_open(struct sink *sink, struct err *err)
{
	struct otlp_sink *otlp = otlp_of(sink);
	int ret = 0;

	for (int i = 0; i < OTLP_SIGNALS && ret >= 0; i++)
		if (otlp->config.targets[i].on)
			ret = prepare_sender(otlp, i, err);
	return ret;
}

static void share(struct otlp_sink *otlp, const struct source *source, void *program)
{
	pthread_mutex_lock(&otlp->lock);
	slots_set(&otlp->shared, source, program);
	pthread_mutex_unlock(&otlp->lock);
}

static void free_program(struct otlp_program *program)
{
	otlp_traces_free(program->traces);
	otlp_logs_free(program->logs);
	otlp_metrics_free(program->metrics);
	sink_names_release(&program->names);
	free(program);
}

/* A predecessor has sent all that the program did until now. */
static void note(struct otlp_program *program)
{
	struct source *source = program->source;
	struct source_steps steps = { 0 };

	program->told = true;
	if (program->metrics && source->ops->steps && source->ops->steps(source, &steps))
		otlp_metrics_note(program->metrics,
				  wallclock_from_mono(source->clock, steps.attach.end_ns));
}

static int otlp_add(struct sink *sink, struct source *source, struct err *err)
{
	struct otlp_sink *otlp = otlp_of(sink);
	struct otlp_program *program = xcalloc(1, sizeof(*program));
	int ret = 0;

	program->source = source;
	sink_names_init(&program->names, source);
	for (int i = 0; i < OTLP_SIGNALS && ret >= 0; i++)
		if (otlp->config.targets[i].on)
			ret = prepare(otlp, i, program, err);
	if (ret < 0) {
		free_program(program);
		return ret;
	}
	if (sink->late && !otlp->running)
		note(program);
	slots_set(&otlp->programs, source, program);
	share(otlp, source, program);
	return 0;
}

/* The counts since the last collection are not lost. */
static void otlp_remove(struct sink *sink, struct source *source)
{
	struct otlp_sink *otlp = otlp_of(sink);
	struct otlp_program *program = slots_get(&otlp->programs, source);

	if (program->traces)
		otlp_traces_flush(program->traces);
	pthread_mutex_lock(&otlp->lock);
	if (program->metrics && otlp->running)
		otlp_metrics_collect(program->metrics);
	if (program->traces)
		otlp->unsampled += otlp_traces_counts(program->traces).unsampled;
	slots_set(&otlp->shared, source, NULL);
	pthread_mutex_unlock(&otlp->lock);
	slots_set(&otlp->programs, source, NULL);
	free_program(program);
}

/* bombus' own trace, of how it got here: once, when that is known. */
static void tell_start(struct otlp_program *program)
{
	program->told = true;
	if (program->traces)
		otlp_traces_start(program->traces);
}

static int otlp_event(struct sink *sink, struct source *source, const struct record *record)
{
	struct otlp_sink *otlp = otlp_of(sink);
	struct otlp_program *program = slots_get(&otlp->programs, source);

	if (!otlp->held_ns)
		otlp->held_ns = now_mono_ns();
	sink_names_get(&program->names);
	if (unlikely(!program->told))
		tell_start(program);
	if (record->map->role == ROLE_SPANS && program->traces)
		otlp_traces_event(program->traces, record);
	else if (record->map->role == ROLE_EVENTS && program->logs)
		otlp_logs_event(program->logs, record);
	return 0;
}

static void flush_spans(struct otlp_sink *otlp)
{
	otlp->held_ns = 0;
	for (uint32_t i = 0; i < otlp->programs.count; i++) {
		const struct otlp_program *program = otlp->programs.all[i];

		if (program && program->traces)
			otlp_traces_flush(program->traces);
	}
}

/* How long spans are still held, ns; 0: they are due, or there are none. */
static uint64_t hold_left(const struct otlp_sink *otlp)
{
	uint64_t most_ns = MIN(HOLD_NS, otlp->config.batching[OTLP_TRACES].delay_ms * NS_PER_MS);
	uint64_t age_ns = otlp->held_ns ? now_mono_ns() - otlp->held_ns : most_ns;

	return age_ns < most_ns ? most_ns - age_ns : 0;
}

static int otlp_flush(struct sink *sink)
{
	if (!hold_left(otlp_of(sink)))
		flush_spans(otlp_of(sink));
	return 0;
}

static int otlp_work(struct sink *sink, int *timeout_ms)
{
	struct otlp_sink *otlp = otlp_of(sink);
	uint64_t left_ns = hold_left(otlp);

	if (!otlp->held_ns)
		return 0;
	if (!left_ns)
		flush_spans(otlp);
	else if (*timeout_ms < 0 || left_ns / NS_PER_MS < (uint64_t)*timeout_ms)
		*timeout_ms = (int)(left_ns / NS_PER_MS) + 1;
	return 0;
}

/* Of all programs there were. Any thread. */
static uint64_t unsampled_of(struct otlp_sink *otlp)
{
	uint64_t count;

	pthread_mutex_lock(&otlp->lock);
	count = otlp->unsampled;
	for (uint32_t i = 0; i < otlp->shared.count; i++) {
		const struct otlp_program *program = otlp->shared.all[i];

		if (program && program->traces)
			count += otlp_traces_counts(program->traces).unsampled;
	}
	pthread_mutex_unlock(&otlp->lock);
	return count;
}

static struct otlp_counts counts_of(struct otlp_sink *otlp, enum otlp_signal signal)
{
	struct otlp_counts counts = otlp_queue_counts(otlp->queues[signal]);

	if (signal == OTLP_TRACES)
		counts.unsampled = unsampled_of(otlp);
	return counts;
}

static bool get_unsampled(const void *of, struct figure_value *ret)
{
	return figure_count(ret, unsampled_of((struct otlp_sink *)of));
}

static void each_sampler(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	const struct figure_label label = { "signal", otlp_spans_shape.signal };

	visit->visit(visit, ctx, &label, 1);
}

static const struct own_figure sampler_rows[] = {
	{ "bombus_otlp_unsampled_total", "Spans that the sampler left out.", "", FIGURE_COUNTER,
	  get_unsampled },
};
static const struct figure_table sampler_figures = { sampler_rows, ARRAY_LEN(sampler_rows),
						     FIGURES_OTLP, each_sampler };

static void add_figures(struct otlp_sink *otlp)
{
	if (otlp->config.targets[OTLP_TRACES].on)
		figures_add(otlp->figures, &sampler_figures, otlp);
	for (int i = 0; i < OTLP_SIGNALS; i++)
		if (otlp->queues[i])
			otlp_figures_add(otlp->figures, otlp->queues[i]);
}

static int otlp_start(struct sink *sink, struct err *err)
{
	struct otlp_sink *otlp = otlp_of(sink);
	int ret = 0;

	otlp->running = true;
	add_figures(otlp);
	for (int i = 0; i < OTLP_SIGNALS && ret >= 0; i++)
		if (otlp->senders[i])
			ret = otlp_sender_start(otlp->senders[i], err);
	for (uint32_t i = 0; i < otlp->programs.count && ret >= 0; i++)
		if (otlp->programs.all[i] && !sink->late)
			tell_start(otlp->programs.all[i]);
	return ret;
}

/* Losses are a warning; other counts are for --verbose. */
static void say_counts(struct otlp_sink *otlp, enum otlp_signal signal)
{
	struct otlp_counts counts = counts_of(otlp, signal);
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT(LINE_MAX_BYTES);
	uint64_t dropped = 0;

	for (int i = 0; i < OTLP_DROPS; i++) {
		/* Own spans that the receiver has no use for are no loss. */
		dropped += i == OTLP_DROP_UNSUPPORTED ? 0 : counts.dropped[i];
		if (counts.dropped[i])
			strbuf_addf(&line, "%s%" PRIu64 " %s", line.len ? ", " : "",
				    counts.dropped[i], otlp_drop_name(i));
	}
	log_msg(dropped ? LOG_WARN : LOG_DEBUG,
		"OTLP %s: %" PRIu64 " sent, %" PRIu64 " dropped%s%s%s, %" PRIu64
		" requests, %" PRIu64 " failed and retried, %" PRIu64 " divided, %" PRIu64
		" not sampled",
		otlp_signal_name(signal), counts.sent, dropped, dropped ? " (" : "",
		strbuf_str(&line), dropped ? ")" : "", counts.requests, counts.retries,
		counts.splits, counts.unsampled);
}

/* Gives the sink a thread, since its end takes as long as the receiver does. */
static int otlp_swept(struct sink *sink, struct source *source, uint64_t time_ns)
{
	return 0;
}

static void otlp_close(struct sink *sink)
{
	struct otlp_sink *otlp = otlp_of(sink);

	flush_spans(otlp);
	finish(otlp);
	for (int i = 0; i < OTLP_SIGNALS; i++)
		if (otlp->queues[i])
			say_counts(otlp, i);
}

static void otlp_retire(struct sink *sink)
{
	struct otlp_sink *otlp = otlp_of(sink);

	for (int i = 0; i < OTLP_SIGNALS; i++)
		figures_remove(otlp->figures, otlp->queues[i]);
	figures_remove(otlp->figures, otlp);
}

static void otlp_free(struct sink *sink)
{
	struct otlp_sink *otlp = otlp_of(sink);

	otlp_retire(sink);
	for (int i = 0; i < OTLP_SIGNALS; i++)
		otlp_sender_free(otlp->senders[i]);
	for (uint32_t i = 0; i < otlp->programs.count; i++)
		if (otlp->programs.all[i])
			free_program(otlp->programs.all[i]);
	slots_release(&otlp->programs);
	slots_release(&otlp->shared);
	for (int i = 0; i < OTLP_SIGNALS; i++)
		otlp_queue_free(otlp->queues[i]);
	for (size_t i = 0; i < ARRAY_LEN(otlp->resources); i++)
		otlp_resources_free(otlp->resources[i]);
	pthread_mutex_destroy(&otlp->lock);
	otlp_config_release(&otlp->config);
	free(otlp);
}

bool sink_otlp_counts(const struct sink *sink, enum otlp_signal signal, struct otlp_counts *ret)
{
	struct otlp_sink *otlp = otlp_of((struct sink *)sink);

	if (!otlp->queues[signal])
		return false;
	*ret = counts_of(otlp, signal);
	return true;
}

/* libcurl reads them for each connection. */
static size_t otlp_reads(const struct sink *sink, const char **ret, size_t max)
{
	const struct otlp_sink *otlp = container_of(sink, struct otlp_sink, sink);
	size_t count = 0;

	for (size_t i = 0; i < OTLP_SIGNALS; i++) {
		const struct otlp_target *target = &otlp->config.targets[i];
		const char *paths[] = { target->ca_file, target->cert_file, target->key_file };

		for (size_t k = 0; k < ARRAY_LEN(paths) && count < max; k++)
			if (target->on && paths[k])
				ret[count++] = paths[k];
	}
	return count;
}

struct sink *sink_otlp_new(struct otlp_config *config, const struct naming *naming,
			   struct figures *figures)
{
	static const struct sink_ops ops = {
		.name = "otlp",
		.leave_ms = LEAVE_MS + LEAVE_MARGIN_MS,
		.open = otlp_open,
		.add = otlp_add,
		.remove = otlp_remove,
		.start = otlp_start,
		.reads = otlp_reads,
		.event = otlp_event,
		.flush = otlp_flush,
		.work = otlp_work,
		.retire = otlp_retire,
		.close = otlp_close,
		.free = otlp_free,
	};
	/* Metrics need no records: these stay in the queues of those that do. */
	static const struct sink_ops metrics_ops = {
		.name = "otlp",
		.leave_ms = LEAVE_MS + LEAVE_MARGIN_MS,
		.open = otlp_open,
		.add = otlp_add,
		.remove = otlp_remove,
		.start = otlp_start,
		.swept = otlp_swept,
		.retire = otlp_retire,
		.close = otlp_close,
		.free = otlp_free,
	};
	struct otlp_sink *otlp = xcalloc(1, sizeof(*otlp));

	otlp->config = *config;
	*config = (struct otlp_config){ 0 };
	otlp->naming = *naming;
	otlp->figures = figures;
	pthread_mutex_init(&otlp->lock, NULL);
	for (int i = 0; i < OTLP_SIGNALS; i++)
		if (otlp->config.targets[i].on)
			otlp->queues[i] = queue_for(otlp, i);
	otlp->sink.ops = otlp->config.targets[OTLP_TRACES].on || otlp->config.targets[OTLP_LOGS].on
				 ? &ops
				 : &metrics_ops;
	return &otlp->sink;
}
