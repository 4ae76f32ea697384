// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/load/attach/object.h"
#include "runner/sink/otlp/otlp.h"
#include "base/process.h"
#include "runner/sink/prometheus/scrape_own.h"
#include "runner/sink/text.h"

/* Of what a figure is, and so what labels it has. */
enum own_kind { OF_MAP, OF_PROGRAM, OF_PROCESS, OF_SCRAPES, OF_SIGNAL, OF_DROPS };

/* What there is to look at: what belongs to the kind is set. */
struct own_view {
	const struct map_plan *map;
	struct map_stats stats;
	bool has_series;
	struct series_stats series;
	const struct prog_plan *prog;
	bool has_runs;
	struct prog_stats runs;
	struct process_stats process;
	const struct scrape_totals *totals;
	struct otlp_counts otlp;
	bool is_traces;
	enum otlp_drop reason;
};

/* False: it has no such figure. */
typedef bool (*own_fn)(const struct own_view *view, struct expo_number *ret);

#define OWN(name, known, value)                                                                    \
	static bool own_##name(const struct own_view *view, struct expo_number *ret)               \
	{                                                                                          \
		ret->cell.u = (value);                                                             \
		return known;                                                                      \
	}
#define OWN_SCALED(name, known, value, by)                                                         \
	static bool own_##name(const struct own_view *view, struct expo_number *ret)               \
	{                                                                                          \
		ret->cell.u = (value);                                                             \
		ret->scale = (by);                                                                 \
		return known;                                                                      \
	}
#define OWN_DOUBLE(name, known, value)                                                             \
	static bool own_##name(const struct own_view *view, struct expo_number *ret)               \
	{                                                                                          \
		ret->type = CELL_DOUBLE;                                                           \
		ret->cell.d = (value);                                                             \
		return known;                                                                      \
	}

static bool is_table(const struct own_view *view)
{
	return view->stats.sweeps &&
	       (view->map->source == SOURCE_HASH || view->map->source == SOURCE_ARRAY ||
		view->map->source == SOURCE_QUEUE);
}

static double fill_ratio(const struct own_view *view)
{
	return (double)view->stats.entries / (double)MAX(view->map->max_entries, 1u);
}

/* It may be detached from outside meanwhile. */
static uint8_t state_of(const struct prog_plan *prog)
{
	return __atomic_load_n(&prog->state, __ATOMIC_ACQUIRE);
}

/* A program whose turn has come. */
static bool is_running(const struct prog_plan *prog)
{
	return state_of(prog) != PROG_OFF && state_of(prog) != PROG_STANDBY;
}

OWN(read, true, view->stats.read)
OWN(filtered, true, view->stats.filtered)
OWN(malformed, true, view->stats.malformed)
OWN(lost, view->stats.lost_known, view->stats.lost)
OWN(dropped, true, view->stats.dropped)
OWN(entries, is_table(view), view->stats.entries)
OWN(capacity, is_table(view), view->map->max_entries)
OWN_DOUBLE(fill, is_table(view), fill_ratio(view))
OWN(refused, view->map->source == SOURCE_HASH && view->stats.lost_known, view->stats.lost)
OWN(ring_size, view->map->source == SOURCE_RING, view->map->max_entries)
OWN(ring_high, view->map->source == SOURCE_RING, view->stats.ring_high_bytes)
OWN(series, view->has_series, view->series.live)
OWN(series_max, view->has_series, view->series.max)
OWN(series_memory, view->has_series, view->series.memory_bytes)
OWN(overflowed, view->has_series, view->series.overflowed)
OWN(expired, view->has_series, view->series.expired)
OWN_SCALED(sweep_time, view->stats.sweeps, view->stats.sweep_ns, 1e-9)
OWN(sweep_errors, view->stats.sweeps, view->stats.sweep_errors)
OWN(attached, true, state_of(view->prog) == PROG_ATTACHED)
OWN(attach_errno, true, (uint64_t)abs(view->prog->reason_code))
OWN(runs, view->has_runs, view->runs.runs)
OWN_SCALED(run_time, view->has_runs, view->runs.run_ns, 1e-9)
OWN(misses, view->has_runs, view->runs.misses)
OWN_DOUBLE(cpu, true, view->process.cpu_s)
OWN_DOUBLE(start, true, view->process.start_s)
OWN(resident, true, view->process.resident_bytes)
OWN(virtual, true, view->process.virtual_bytes)
OWN(fds, true, view->process.fds)
OWN(max_fds, true, view->process.max_fds)
OWN(threads, true, view->process.threads)
OWN(scrapes, view->totals, view->totals->scrapes)
OWN(scrapes_failed, view->totals, view->totals->failed)
OWN_SCALED(scrape_time, view->totals && view->totals->scrapes, view->totals->last_ns, 1e-9)
OWN(scrape_size, view->totals && view->totals->scrapes, view->totals->last_bytes)

OWN(otlp_sent, true, view->otlp.sent)
OWN(otlp_queued, true, view->otlp.queued)
OWN(otlp_retries, true, view->otlp.retries)
OWN(otlp_unsampled, view->is_traces, view->otlp.unsampled)
OWN(otlp_dropped, true, view->otlp.dropped[view->reason])

#define COUNTER_OF(kind_, name, unit, help, fn_)                                                   \
	{                                                                                          \
		.family = { name, help, unit, METRIC_COUNTER }, .kind = kind_, .fn = fn_           \
	}
#define GAUGE_OF(kind_, name, unit, help, fn_)                                                     \
	{                                                                                          \
		.family = { name, help, unit, METRIC_GAUGE }, .kind = kind_, .fn = fn_             \
	}

static const struct own {
	struct expo_family family;
	enum own_kind kind;
	own_fn fn;
} owns[] = {
	COUNTER_OF(OF_MAP, "bombus_events_read_total", "",
		   "Records and map entries taken from the kernel.", own_read),
	COUNTER_OF(OF_MAP, "bombus_events_filtered_total", "",
		   "Of those read, kept away by a filter.", own_filtered),
	COUNTER_OF(OF_MAP, "bombus_events_malformed_total", "",
		   "Of those read, of another size than their type.", own_malformed),
	COUNTER_OF(OF_MAP, "bombus_events_lost_total", "",
		   "Records that the program could not hand over; absent where it cannot tell.",
		   own_lost),
	COUNTER_OF(OF_MAP, "bombus_events_dropped_total", "",
		   "Records read that an output was too slow for.", own_dropped),
	GAUGE_OF(OF_MAP, "bombus_map_entries", "", "Entries that the last sweep found.",
		 own_entries),
	GAUGE_OF(OF_MAP, "bombus_map_capacity", "", "Entries that the map has room for.",
		 own_capacity),
	GAUGE_OF(OF_MAP, "bombus_map_fill_ratio", "ratio", "How full the last sweep found the map.",
		 own_fill),
	COUNTER_OF(OF_MAP, "bombus_map_update_failures_total", "",
		   "Updates that the map refused; absent where the program cannot tell.",
		   own_refused),
	GAUGE_OF(OF_MAP, "bombus_ring_size_bytes", "bytes", "Size of the ring buffer.",
		 own_ring_size),
	GAUGE_OF(OF_MAP, "bombus_ring_fill_max_bytes", "bytes",
		 "The most that stood in the ring buffer when it was looked at.", own_ring_high),
	GAUGE_OF(OF_MAP, "bombus_series", "", "Series that are kept at the moment.", own_series),
	GAUGE_OF(OF_MAP, "bombus_series_limit", "", "Most series that are kept.", own_series_max),
	GAUGE_OF(OF_MAP, "bombus_series_memory_bytes", "bytes", "Memory that the series take.",
		 own_series_memory),
	COUNTER_OF(OF_MAP, "bombus_series_overflowed_total", "",
		   "Records and entries counted in the overflow series, being over the limit.",
		   own_overflowed),
	COUNTER_OF(OF_MAP, "bombus_series_expired_total", "",
		   "Series dropped after their time to live.", own_expired),
	GAUGE_OF(OF_MAP, "bombus_sweep_duration_seconds", "seconds",
		 "Time that the last sweep of the map took.", own_sweep_time),
	COUNTER_OF(OF_MAP, "bombus_sweep_errors_total", "", "Sweeps of the map that ended early.",
		   own_sweep_errors),
	GAUGE_OF(OF_PROGRAM, "bombus_program_attached", "",
		 "1 where the program is attached, by what alternatives have in common.",
		 own_attached),
	GAUGE_OF(OF_PROGRAM, "bombus_program_attach_errno", "",
		 "Why it is not, as the number of the error; 0: no error.", own_attach_errno),
	COUNTER_OF(OF_PROGRAM, "bombus_program_runs_total", "", "How often the program ran.",
		   own_runs),
	COUNTER_OF(OF_PROGRAM, "bombus_program_run_seconds_total", "seconds",
		   "Time that the program ran.", own_run_time),
	COUNTER_OF(OF_PROGRAM, "bombus_program_misses_total", "",
		   "Runs left out as the program was running already.", own_misses),
	COUNTER_OF(OF_SCRAPES, "bombus_scrapes_total", "", "Scrapes begun, this one included.",
		   own_scrapes),
	COUNTER_OF(OF_SCRAPES, "bombus_scrapes_failed_total", "",
		   "Scrapes that were late or given up by the other side.", own_scrapes_failed),
	GAUGE_OF(OF_SCRAPES, "bombus_scrape_duration_seconds", "seconds",
		 "Time that the last complete scrape took.", own_scrape_time),
	GAUGE_OF(OF_SCRAPES, "bombus_scrape_size_bytes", "bytes",
		 "Size of the last complete scrape, before it was compressed.", own_scrape_size),
	COUNTER_OF(OF_SIGNAL, "bombus_otlp_sent_total", "",
		   "Spans, data points and log records that a receiver of OTLP took.",
		   own_otlp_sent),
	COUNTER_OF(OF_DROPS, "bombus_otlp_dropped_total", "", "Those that none took, by why.",
		   own_otlp_dropped),
	COUNTER_OF(OF_SIGNAL, "bombus_otlp_unsampled_total", "", "Spans that the sampler left out.",
		   own_otlp_unsampled),
	GAUGE_OF(OF_SIGNAL, "bombus_otlp_queue_length", "", "Those that wait to be sent.",
		 own_otlp_queued),
	COUNTER_OF(OF_SIGNAL, "bombus_otlp_retries_total", "",
		   "Requests that failed and were to be tried again.", own_otlp_retries),
	COUNTER_OF(OF_PROCESS, "process_cpu_seconds_total", "seconds",
		   "User and system time of this process.", own_cpu),
	GAUGE_OF(OF_PROCESS, "process_start_time_seconds", "seconds",
		 "When this process began, since 1970.", own_start),
	GAUGE_OF(OF_PROCESS, "process_resident_memory_bytes", "bytes", "Memory that it occupies.",
		 own_resident),
	GAUGE_OF(OF_PROCESS, "process_virtual_memory_bytes", "bytes", "Addresses that it uses.",
		 own_virtual),
	GAUGE_OF(OF_PROCESS, "process_open_fds", "", "Open file descriptors.", own_fds),
	GAUGE_OF(OF_PROCESS, "process_max_fds", "", "Most file descriptors that may be open.",
		 own_max_fds),
	GAUGE_OF(OF_PROCESS, "process_threads", "", "Threads.", own_threads),
};

/* A family being written: its head comes with its first figure. */
struct own_out {
	struct strbuf *dst;
	const struct expo_format *format;
	const struct own *own;
	size_t at;
	bool headed;
};

static void head(struct own_out *out, const struct expo_family *family)
{
	if (!out->headed) {
		out->at = out->dst->len;
		out->format->family(out->dst, family);
	}
	out->headed = true;
}

static void add_number(struct own_out *out, const struct expo_family *family,
		       const struct expo_label *labels, uint32_t nlabels,
		       const struct expo_number *number)
{
	struct strbuf set = STRBUF_INIT(out->dst->max);

	out->format->labels(&set, labels, nlabels);
	out->format->number(out->dst, family, (struct expo_set){ strbuf_str(&set), set.len },
			    number);
	strbuf_release(&set);
}

static void add_figure(struct own_out *out, const struct own_view *view,
		       const struct expo_label *labels, uint32_t nlabels)
{
	struct expo_number number = { .type = CELL_U64, .scale = 1 };

	if (!out->own->fn(view, &number))
		return;
	head(out, &out->own->family);
	add_number(out, &out->own->family, labels, nlabels, &number);
}

static void add_map(struct own_out *out, const struct map_plan *map, const struct sink_env *env)
{
	struct series *series = collector_series(env->collector, map);
	struct own_view view = { .map = map, .stats = collector_stats(env->collector, map) };
	struct expo_label label = { "map", map->name, strlen(map->name) };

	if (series) {
		view.has_series = true;
		collector_lock(env->collector);
		view.series = series_stats(series);
		collector_unlock(env->collector);
	}
	add_figure(out, &view, &label, 1);
}

static void add_program(struct own_out *out, const struct prog_plan *prog,
			const struct sink_env *env)
{
	struct own_view view = { .prog = prog };
	struct expo_label labels[] = {
		{ "program", prog->job, strlen(prog->job) },
		{ "variant", prog->name, strlen(prog->name) },
		{ "type", prog->type, strlen(prog->type) },
	};

	if (!is_running(prog))
		return;
	view.has_runs = env->object && object_prog_stats(env->object, prog, &view.runs) == 0;
	add_figure(out, &view, labels, ARRAY_LEN(labels));
}

static void add_signal(struct own_out *out, enum otlp_signal signal, const struct sink *otlp)
{
	const char *name = otlp_signal_name(signal);
	struct expo_label labels[2] = { { "signal", name, strlen(name) } };
	struct own_view view = { .is_traces = signal == OTLP_TRACES };
	bool by_reason = out->own->kind == OF_DROPS;

	if (!sink_otlp_counts(otlp, signal, &view.otlp))
		return;
	for (int i = 0; i < (by_reason ? OTLP_DROPS : 1); i++) {
		view.reason = i;
		name = otlp_drop_name(i);
		labels[1] = (struct expo_label){ "reason", name, strlen(name) };
		add_figure(out, &view, labels, by_reason ? 2 : 1);
	}
}

/* An internal map is not read, but may say what it did not take. */
static bool is_of(const struct own *own, const struct map_plan *map)
{
	return map_has_records(map) || map_has_series(map) ||
	       (map->lost_map >= 0 && (own->fn == own_lost || own->fn == own_refused));
}

static void add_own(struct own_out *out, const struct scrape_opts *opts)
{
	const struct sink_env *env = opts->env;
	struct own_view view = { .totals = opts->totals };

	switch (out->own->kind) {
	case OF_MAP:
		for (uint32_t i = 0; i < env->plan->nmaps; i++)
			if (is_of(out->own, &env->plan->maps[i]))
				add_map(out, &env->plan->maps[i], env);
		break;
	case OF_PROGRAM:
		for (uint32_t i = 0; i < env->plan->nprogs; i++)
			add_program(out, &env->plan->progs[i], env);
		break;
	case OF_PROCESS:
		if (process_stats_read(&view.process))
			add_figure(out, &view, NULL, 0);
		break;
	case OF_SCRAPES:
		if (opts->totals)
			add_figure(out, &view, NULL, 0);
		break;
	case OF_SIGNAL:
	case OF_DROPS:
		for (int i = 0; env->otlp && i < OTLP_SIGNALS; i++)
			add_signal(out, i, env->otlp);
		break;
	}
}

static void add_build_info(struct own_out *out)
{
	static const struct expo_family family = { "bombus_build_info",
						   "Always 1, labelled with the version.", "",
						   METRIC_GAUGE };
	static const struct expo_number one = { CELL_U64, { 1 }, 1 };
	struct expo_label version = { "version", BOMBUS_VERSION, strlen(BOMBUS_VERSION) };

	head(out, &family);
	add_number(out, &family, &version, 1, &one);
}

bool scrape_own(struct strbuf *dst, uint32_t nth, const struct scrape_opts *opts)
{
	struct own_out out = { .dst = dst, .format = opts->format };

	if (nth > ARRAY_LEN(owns))
		return false;
	if (nth == 0) {
		add_build_info(&out);
	} else {
		out.own = &owns[nth - 1];
		add_own(&out, opts);
	}
	if (out.headed && out.format->family_end)
		out.format->family_end(dst, out.at);
	return true;
}
