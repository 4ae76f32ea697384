// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/dogstatsd/dogstatsd.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/figures.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/dogstatsd/dogstatsd_series.h"
#include "runner/sink/exporter.h"
#include "runner/sink/own_figures.h"
#include "runner/sink/slots.h"

/* How long a server that is slow may hold up one round. */
#define ROUND_NS 1000000000ull
#define NS_PER_S 1000000000ull
/* Sweeps come at about their time. */
#define EARLY_NS 50000000ull
#define LEAVE_MS 3000
#define LINE_MAX_BYTES 1024

struct dogstatsd_sink {
	struct sink sink;
	struct dogstatsd_config config;
	struct naming naming;
	struct figures *figures; /* borrowed */
	struct dogstatsd_socket *socket;
	struct dogstatsd_packet *packet;
	struct dogstatsd_counts counts;
	struct dogstatsd_figures *own;
	struct slots programs; /* struct told_program */
	uint64_t own_ns;       /* when our own figures were told */
	bool running;
};

struct told_program {
	struct source *source;
	struct dogstatsd_series *series;
	uint64_t told_ns;  /* Unix time of the last round */
	uint64_t swept_ns; /* of the last sweep */
};

static struct dogstatsd_sink *dogstatsd_of(struct sink *sink)
{
	return container_of(sink, struct dogstatsd_sink, sink);
}

/* --- figures ---------------------------------------------------------------------------------- */

static bool get_lines(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct dogstatsd_counts *)of)->lines);
}

static bool get_packets(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct dogstatsd_counts *)of)->packets);
}

static bool get_bytes(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct dogstatsd_counts *)of)->bytes);
}

static bool get_dropped(const void *of, struct figure_value *ret)
{
	return figure_count(ret, *(const uint64_t *)of);
}

static const struct own_figure sent_rows[] = {
	{ "bombus_dogstatsd_sent_total", "Metrics sent to the DogStatsD server.", "",
	  FIGURE_COUNTER, get_lines },
	{ "bombus_dogstatsd_packets_total", "Packets sent to the DogStatsD server.", "",
	  FIGURE_COUNTER, get_packets },
	{ "bombus_dogstatsd_sent_bytes_total", "Bytes sent to the DogStatsD server.", "bytes",
	  FIGURE_COUNTER, get_bytes },
};

static const struct own_figure drop_rows[] = {
	{ "bombus_dogstatsd_dropped_total", "Metrics that could not be sent, by the reason.", "",
	  FIGURE_COUNTER, get_dropped },
};

static void each_sent(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct dogstatsd_counts counts = dogstatsd_counts_read(ctx);

	visit->visit(visit, &counts, NULL, 0);
}

static void each_drop(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct dogstatsd_counts counts = dogstatsd_counts_read(ctx);

	for (int i = 0; i < DOGSTATSD_DROPS; i++) {
		const struct figure_label label = { "reason", dogstatsd_drop_name(i) };

		visit->visit(visit, &counts.dropped[i], &label, 1);
	}
}

static const struct figure_table sent_figures = { sent_rows, ARRAY_LEN(sent_rows),
						  FIGURES_DOGSTATSD, each_sent };
static const struct figure_table drop_figures = { drop_rows, ARRAY_LEN(drop_rows),
						  FIGURES_DOGSTATSD_DROPS, each_drop };

/* --- rounds ----------------------------------------------------------------------------------- */

static void tell_program(struct dogstatsd_sink *d, struct told_program *program, uint64_t now_ns)
{
	/* Only what is replayed has another time than that of its arrival. */
	uint64_t time_s = program->source->recorded ? now_ns / NS_PER_S : 0;

	program->told_ns = now_ns;
	dogstatsd_socket_round(d->socket, now_mono_ns() + ROUND_NS);
	dogstatsd_series_tell(program->series, d->packet, time_s);
}

static void tell_own(struct dogstatsd_sink *d)
{
	d->own_ns = now_mono_ns();
	dogstatsd_socket_round(d->socket, d->own_ns + ROUND_NS);
	dogstatsd_figures_tell(d->own, d->packet);
}

static int dogstatsd_swept(struct sink *sink, struct source *source, uint64_t time_ns)
{
	struct dogstatsd_sink *d = dogstatsd_of(sink);
	struct told_program *program = slots_get(&d->programs, source);
	uint64_t interval_ns = d->config.interval_ns;

	program->swept_ns = time_ns;
	if (!program->told_ns)
		program->told_ns = time_ns;
	/* The clock may have been set back. */
	if (time_ns < program->told_ns || time_ns - program->told_ns + EARLY_NS >= interval_ns)
		tell_program(d, program, time_ns);
	if (now_mono_ns() - d->own_ns + EARLY_NS >= interval_ns)
		tell_own(d);
	return 0;
}

/* --- life ------------------------------------------------------------------------------------- */

static int dogstatsd_open(struct sink *sink, struct err *err)
{
	struct dogstatsd_sink *d = dogstatsd_of(sink);
	int ret = dogstatsd_socket_new(&d->socket, &d->config, err);

	if (ret < 0)
		return ret;
	d->packet = dogstatsd_packet_new(d->socket, d->config.max_bytes, &d->counts);
	d->own = dogstatsd_figures_new(&d->config, d->figures);
	return 0;
}

static int dogstatsd_add(struct sink *sink, struct source *source, struct err *err)
{
	struct dogstatsd_sink *d = dogstatsd_of(sink);
	struct told_program *program = xcalloc(1, sizeof(*program));

	program->source = source;
	program->series = dogstatsd_series_new(&d->config, &d->naming, source);
	if (sink->late && !d->running)
		dogstatsd_series_note(program->series);
	slots_set(&d->programs, source, program);
	own_figures_add(d->figures, source);
	return 0;
}

static void free_program(struct told_program *program)
{
	dogstatsd_series_free(program->series);
	free(program);
}

static uint64_t last_time(const struct told_program *program)
{
	return program->source->recorded ? program->swept_ns : now_real_ns();
}

/* What it counted since the last round is not lost. */
static void dogstatsd_remove(struct sink *sink, struct source *source)
{
	struct dogstatsd_sink *d = dogstatsd_of(sink);
	struct told_program *program = slots_get(&d->programs, source);

	if (d->running)
		tell_program(d, program, last_time(program));
	own_figures_remove(d->figures, source);
	slots_set(&d->programs, source, NULL);
	free_program(program);
}

static int dogstatsd_start(struct sink *sink, struct err *err)
{
	struct dogstatsd_sink *d = dogstatsd_of(sink);

	d->running = true;
	d->own_ns = now_mono_ns();
	figures_add(d->figures, &sent_figures, &d->counts);
	figures_add(d->figures, &drop_figures, &d->counts);
	if (sink->late)
		dogstatsd_figures_note(d->own);
	return 0;
}

/* Losses are a warning; other counts are for --verbose. */
static void say_counts(const struct dogstatsd_sink *d)
{
	struct dogstatsd_counts counts = dogstatsd_counts_read(&d->counts);
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT(LINE_MAX_BYTES);
	uint64_t dropped = 0;

	for (int i = 0; i < DOGSTATSD_DROPS; i++) {
		dropped += counts.dropped[i];
		if (counts.dropped[i])
			strbuf_addf(&line, "%s%" PRIu64 " %s", line.len ? ", " : "",
				    counts.dropped[i], dogstatsd_drop_name(i));
	}
	log_msg(dropped ? LOG_WARN : LOG_DEBUG,
		"DogStatsD: %" PRIu64 " metrics sent in %" PRIu64 " packets, %" PRIu64
		" could not be sent%s%s%s",
		counts.lines, counts.packets, dropped, dropped ? " (" : "", strbuf_str(&line),
		dropped ? ")" : "");
}

static void dogstatsd_retire(struct sink *sink)
{
	struct dogstatsd_sink *d = dogstatsd_of(sink);

	figures_remove(d->figures, &d->counts);
}

static void dogstatsd_close(struct sink *sink)
{
	struct dogstatsd_sink *d = dogstatsd_of(sink);

	if (!d->running)
		return;
	for (uint32_t i = 0; i < d->programs.count; i++) {
		struct told_program *program = d->programs.all[i];

		if (program)
			tell_program(d, program, last_time(program));
	}
	tell_own(d);
	say_counts(d);
}

static void dogstatsd_free(struct sink *sink)
{
	struct dogstatsd_sink *d = dogstatsd_of(sink);

	for (uint32_t i = 0; i < d->programs.count; i++) {
		struct told_program *program = d->programs.all[i];

		if (!program)
			continue;
		own_figures_remove(d->figures, program->source);
		free_program(program);
	}
	slots_release(&d->programs);
	figures_remove(d->figures, &d->counts);
	dogstatsd_figures_free(d->own);
	dogstatsd_packet_free(d->packet);
	dogstatsd_socket_free(d->socket);
	dogstatsd_config_release(&d->config);
	free(d);
}

/* The sink connects to the socket again after a restart of the server. */
static size_t dogstatsd_reads(const struct sink *sink, const char **ret, size_t max)
{
	const struct dogstatsd_sink *d = container_of(sink, struct dogstatsd_sink, sink);

	if (!d->config.path || !max)
		return 0;
	ret[0] = d->config.path;
	return 1;
}

struct sink *sink_dogstatsd_new(struct dogstatsd_config *config, const struct naming *naming,
				struct figures *figures)
{
	static const struct sink_ops ops = {
		.name = "dogstatsd",
		.leave_ms = LEAVE_MS,
		.open = dogstatsd_open,
		.add = dogstatsd_add,
		.start = dogstatsd_start,
		.swept = dogstatsd_swept,
		.remove = dogstatsd_remove,
		.retire = dogstatsd_retire,
		.reads = dogstatsd_reads,
		.close = dogstatsd_close,
		.free = dogstatsd_free,
	};
	struct dogstatsd_sink *d = xcalloc(1, sizeof(*d));

	d->sink.ops = &ops;
	d->config = *config;
	*config = (struct dogstatsd_config){ 0 };
	d->naming = *naming;
	d->figures = figures;
	return &d->sink;
}

/* --- its options ------------------------------------------------------------------------------ */

#define LEAST_INTERVAL_NS 1000000

struct dogstatsd_args {
	const char *address, *histograms;
	struct words tags;
	uint64_t interval_ns;
};

static bool dogstatsd_wanted(const void *args)
{
	return ((const struct dogstatsd_args *)args)->address != NULL;
}

static const char *get_variable(void *ctx, const char *name)
{
	return getenv(name);
}

static int dogstatsd_new(struct sink **ret, const void *args, const struct export_env *env,
			 struct err *err)
{
	const struct dogstatsd_args *a = args;
	const struct dogstatsd_flags flags = { .address = a->address,
					       .tags = a->tags.words,
					       .ntags = a->tags.count,
					       .interval_ns = a->interval_ns,
					       .histograms = a->histograms };
	_cleanup_(dogstatsd_config_release) struct dogstatsd_config config = { 0 };
	int code;

	if (!a->address)
		return flags.ntags || flags.interval_ns || flags.histograms
			       ? err_usage(err, "--dogstatsd is missing: there is nothing to send")
			       : 0;
	code = dogstatsd_config_read(&config, &flags, get_variable, NULL, err);
	if (code >= 0)
		*ret = sink_dogstatsd_new(&config, &env->naming, env->figures);
	return code;
}

#define ARG(member) offsetof(struct dogstatsd_args, member)
static const struct opt dogstatsd_opts[] = {
	{ .name = "dogstatsd",
	  .arg = "ADDRESS",
	  .kind = OPT_OPTIONAL,
	  .offset = ARG(address),
	  .help = "send metrics to a DogStatsD server: HOST:PORT or unix:///PATH "
		  "(DD_DOGSTATSD_URL, or 127.0.0.1:8125)",
	  .choices = "",
	  .key = "host" },
	{ .name = "dogstatsd-tag",
	  .arg = "TAG",
	  .kind = OPT_WORDS,
	  .offset = ARG(tags),
	  .help = "a tag of all these metrics (team:x); repeat for more",
	  .key = "tags" },
	{ .name = "dogstatsd-interval",
	  .arg = "TIME",
	  .kind = OPT_DURATION,
	  .offset = ARG(interval_ns),
	  .help = "time between two rounds of sending (10s)",
	  .min = LEAST_INTERVAL_NS,
	  .key = "interval" },
	{ .name = "dogstatsd-histograms",
	  .arg = "TYPE",
	  .kind = OPT_CHOICE,
	  .offset = ARG(histograms),
	  .help = "histograms as distribution or histogram (distribution)",
	  .choices = "distribution histogram",
	  .key = "histograms" },
	{ 0 },
};

const struct exporter exporter_dogstatsd = {
	.name = "dogstatsd",
	.type = "dogstatsd",
	.alias = "datadog",
	.group = "DogStatsD",
	.opts = dogstatsd_opts,
	.args_bytes = sizeof(struct dogstatsd_args),
	.wanted = dogstatsd_wanted,
	.new = dogstatsd_new,
};
