// SPDX-License-Identifier: Apache-2.0
/*
 * `bombus run`: the flow of design in one place.
 *
 *	bytes -> object (open) -> selection -> object (start) -> collector -> sinks -> loop
 *
 * and back again: detach, read what is left, let the sinks finish, say what happened.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/remote_args.h"
#include "cmd/run_show.h"
#include "cmd/select.h"
#include "runner/load/object.h"
#include "runner/sink/sink.h"

/* How long a reader that stalls may hold us up when leaving. */
#define LEAVE_TIMEOUT_MS 2000
#define RUN_FOREVER_NS (UINT64_MAX / 4)
#define BEE_PORT_TEXT_MAX 16
/* Sweeping faster than this is a mistake in the unit. */
#define LEAST_INTERVAL_NS 1000000

struct run_args {
	const char *output;
	bool no_tty, once, all_maps, dry_run;
	uint64_t count, duration_ns, interval_ns;
	struct select_words select;
	struct words map, fields, set, attach, ring, max_entries, only;
	const char *pin_maps, *pin_progs;
	const char *metrics, *name_space, *compat, *web_config;
	const char *pull;
	struct remote_args remote;
	uint64_t prom_port, max_series, max_memory_bytes, series_ttl_ns;
};

#define MAX_SINKS 2

/* What exists while a program runs; released in the opposite order. */
struct run {
	const struct global_args *global;
	const struct run_args *args;
	char *name;
	struct object *object;
	const struct plan *plan;
	struct loop *loop;
	struct collector *collector;
	struct wallclock *clock;
	struct sink *sinks[MAX_SINKS];
	struct sink_host *hosts[MAX_SINKS];
	size_t nsinks;
	int wake_fd;
	uint64_t start_ns;
};

static int on_signal(void *ctx, uint32_t signal)
{
	return 1;
}

static int on_end(void *ctx, uint32_t expirations)
{
	return 1;
}

static int on_clock(void *ctx, uint32_t events)
{
	struct run *run = ctx;

	wallclock_refresh(run->clock);
	return 0;
}

static void on_sweep(void *ctx)
{
	struct run *run = ctx;

	for (size_t i = 0; i < run->nsinks; i++)
		sink_host_tick(run->hosts[i]);
}

static struct word_list list_of(const struct words *words)
{
	return (struct word_list){ words->words, words->count };
}

static struct object_opts object_opts_of(const struct run_args *a)
{
	return (struct object_opts){
		.set = list_of(&a->set),
		.map = list_of(&a->map),
		.attach = list_of(&a->attach),
		.ring = list_of(&a->ring),
		.max_entries = list_of(&a->max_entries),
		.only = list_of(&a->only),
		.fields = list_of(&a->fields),
		.pin_maps = a->pin_maps,
		.pin_progs = a->pin_progs,
		.all_maps = a->all_maps,
	};
}

/* Of the author's making: a section of globals has a '.' in its name, as no C name has. */
static bool has_maps(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (plan->maps[i].role != ROLE_INTERNAL || !strchr(plan->maps[i].symbol, '.'))
			return true;
	return false;
}

/* A program without maps may have other work, but whoever runs it to see something is told. */
static int check_shows(const struct run *run, struct err *err)
{
	const char *output = run->args->output;

	if (has_maps(run->plan) || run->args->dry_run || (output && streq(output, "none")))
		return 0;
	err_hint(err, "-o none runs it all the same");
	return err_set(err, EINVAL, "%s has no maps: there is nothing to show", run->name);
}

/* Everything that can be wrong without asking the kernel is found here. */
static int open_program(struct run *run, const char *word, struct err *err)
{
	struct object_opts opts = object_opts_of(run->args);
	_cleanup_free_ void *bytes = NULL;
	struct selection selection = { 0 };
	struct select_words select = run->args->select;
	struct collector_opts collect = {
		.interval_ns = run->args->once ? RUN_FOREVER_NS : run->args->interval_ns,
		.clock = run->clock,
		.max_memory_bytes = run->args->max_memory_bytes,
		.series = { .max_series =
				    (uint32_t)MIN(run->args->max_series, (uint64_t)UINT32_MAX),
			    .ttl_ns = run->args->series_ttl_ns },
	};
	size_t len = 0;
	int ret = 0;

	if (run->args->interval_ns && run->args->interval_ns < LEAST_INTERVAL_NS)
		return err_usage(err, "--interval is at least 1ms");
	ret = program_pull(run->global, &run->args->remote, run->args->pull, word, err);
	if (ret >= 0)
		ret = program_read(run->global, word, &bytes, &len, &run->name, err);
	if (ret >= 0)
		ret = object_open(&run->object, run->name, bytes, len, &opts, err);
	if (ret < 0)
		return ret;
	run->plan = object_plan(run->object);
	ret = check_shows(run, err);
	if (ret < 0)
		return ret;
	select.every_label = run->args->compat != NULL;
	ret = select_maps(run->plan, &select, &selection, err);
	if (ret < 0) {
		selection_release(run->plan, &selection);
		return ret;
	}
	ret = collector_new(&run->collector, run->object, &collect, selection.filters,
			    selection.metrics, err);
	free(selection.filters);
	free(selection.metrics);
	return ret;
}

static const char *output_form(const struct run_args *a)
{
	if (a->output)
		return a->output;
	return isatty(STDOUT_FILENO) ? "table" : "json";
}

static int new_output(struct run *run)
{
	const char *form = output_form(run->args);
	struct winsize size = { 0 };

	if (streq(form, "json"))
		run->sinks[run->nsinks++] = sink_json_new(STDOUT_FILENO);
	else if (streq(form, "csv"))
		run->sinks[run->nsinks++] = sink_csv_new(STDOUT_FILENO);
	else if (streq(form, "table")) {
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
		run->sinks[run->nsinks++] = sink_table_new(STDOUT_FILENO, size.ws_col,
							   want_color(run->global, STDOUT_FILENO));
	}
	return 0;
}

static void new_prometheus(struct run *run, char port[BEE_PORT_TEXT_MAX])
{
	const struct run_args *a = run->args;
	struct prometheus_opts opts = {
		.listen = a->metrics,
		.namespace_ = a->name_space ? a->name_space : "ebpf",
		.compat_bee = a->compat != NULL,
		.web_config = a->web_config,
	};

	if (a->prom_port) {
		snprintf(port, BEE_PORT_TEXT_MAX, ":%u", (unsigned)a->prom_port);
		opts.listen = port;
	}
	if (opts.listen)
		run->sinks[run->nsinks++] = sink_prometheus_new(&opts);
}

static int start_sinks(struct run *run, struct err *err)
{
	struct sink_env env = {
		.program = run->name,
		.object = run->object,
		.plan = run->plan,
		.collector = run->collector,
		.clock = run->clock,
		.max_records = run->args->count,
	};

	for (size_t i = 0; i < run->nsinks; i++) {
		int ret = sink_host_start(&run->hosts[i], run->sinks[i], &env, run->wake_fd, err);

		if (ret < 0)
			return ret;
	}
	return 0;
}

static int add_sources(struct run *run, struct err *err)
{
	int clock_fd = wallclock_fd(run->clock);
	int ret = loop_add_fd(run->loop, run->wake_fd, EPOLLIN, on_end, run, NULL, err);

	if (ret >= 0 && clock_fd >= 0)
		ret = loop_add_fd(run->loop, clock_fd, EPOLLIN, on_clock, run, NULL, err);
	if (ret >= 0)
		ret = loop_add_timer(run->loop, 1000000000, 1000000000, on_clock, run, NULL, err);
	if (ret >= 0 && (run->args->duration_ns || run->args->once))
		ret = loop_add_timer(run->loop, run->args->duration_ns, 0, on_end, run, NULL, err);
	return ret;
}

/* From here on a signal is something to be read, not something that kills. */
static int prepare(struct run *run, struct err *err)
{
	static const int leave[] = { SIGINT, SIGTERM, SIGHUP };
	char port[BEE_PORT_TEXT_MAX];
	sigset_t signals;
	int ret;

	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_LEN(leave); i++)
		sigaddset(&signals, leave[i]);
	run->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (run->wake_fd < 0)
		return err_sys(err, errno, "eventfd");
	ret = loop_new(&run->loop, err);
	if (ret >= 0)
		ret = loop_add_signals(run->loop, &signals, on_signal, run, err);
	if (ret >= 0)
		ret = new_output(run);
	new_prometheus(run, port);
	/* Addresses that cannot be listened on are found before the kernel is bothered. */
	return ret >= 0 ? start_sinks(run, err) : ret;
}

static bool interrupted(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
		sigismember(&pending, SIGHUP));
}

static int start_program(struct run *run, struct err *err)
{
	struct object_times times;
	int ret = object_start(run->object, err);

	if (ret < 0)
		return ret;
	/* What is exported about the programs; kernels before 5.8 do not tell. */
	if (run->args->metrics || run->args->prom_port)
		object_enable_stats(run->object);
	if (interrupted()) {
		err_exit(err, EXIT_INTERRUPTED);
		return err_set(err, EINTR, "interrupted before it ran");
	}
	times = object_times(run->object);
	log_debug("%s: opened in %.1f ms, loaded in %.1f ms, attached in %.1f ms", run->name,
		  (double)times.open_ns / 1e6, (double)times.load_ns / 1e6,
		  (double)times.attach_ns / 1e6);
	ret = collector_start(run->collector, run->loop, err);
	if (ret >= 0)
		ret = add_sources(run, err);
	collector_on_sweep(run->collector, on_sweep, run);
	run->start_ns = now_mono_ns();
	return ret;
}

/* Detaches first, so that what the kernel side counted can no longer change. */
static int leave(struct run *run, struct err *err)
{
	uint64_t ran_ns = now_mono_ns() - run->start_ns, unwritten = 0;
	int ret = 0;

	object_stop(run->object);
	collector_drain(run->collector);
	for (size_t i = 0; i < run->nsinks; i++) {
		uint64_t here = 0;
		int code = sink_host_stop(run->hosts[i], LEAVE_TIMEOUT_MS, &here, err);

		unwritten += here;
		if (code < 0 && code != -EPIPE && code != -ETIMEDOUT)
			ret = code;
	}
	if (!run->global->quiet)
		show_closing_line(run->object, run->collector, ran_ns, unwritten);
	return ret;
}

static void run_release(struct run *run)
{
	for (size_t i = 0; i < run->nsinks; i++)
		if (run->hosts[i])
			sink_host_free(run->hosts[i]);
		else
			run->sinks[i]->ops->free(run->sinks[i]);
	collector_free(run->collector);
	object_free(run->object);
	loop_free(run->loop);
	wallclock_free(run->clock);
	close_fd(&run->wake_fd);
	free(run->name);
}

static int dry_run(struct run *run, struct err *err)
{
	int ret = object_start(run->object, err);

	object_stop(run->object);
	if (ret >= 0)
		show_programs(run->plan);
	return ret;
}

static int run_run(const struct global_args *global, void *args, const struct words *words,
		   struct err *err)
{
	_cleanup_(run_release) struct run run = {
		.global = global, .args = args, .wake_fd = -1, .clock = wallclock_new()
	};
	int ret = open_program(&run, words->words[0], err);

	if (ret < 0)
		return ret;
	if (run.args->dry_run)
		return dry_run(&run, err);
	ret = prepare(&run, err);
	if (ret >= 0)
		ret = start_program(&run, err);
	if (ret < 0)
		return ret;
	show_start(run.plan, run.name);
	ret = loop_run(run.loop);
	if (ret < 0)
		err_sys(err, -ret, "reading");
	int left = leave(&run, err);
	return ret < 0 ? ret : left;
}

static int help_run(const struct global_args *global, const char *word, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	_cleanup_free_ char *name = NULL;
	struct object_opts opts = { 0 };
	struct object *object = NULL;
	size_t len = 0;
	int ret = program_read(global, word, &bytes, &len, &name, err);

	if (ret >= 0)
		ret = object_open(&object, name, bytes, len, &opts, err);
	if (ret >= 0)
		show_plan(object_plan(object), name);
	object_free(object);
	return ret;
}

#define ARG(member) offsetof(struct run_args, member)
static const struct opt run_opts[] = {
	{ .kind = OPT_GROUP, .help = "Output" },
	{ 'o', "output", "FORM", OPT_CHOICE, ARG(output),
	  "table, json (one object a line), csv or none; a terminal gets the table, else json",
	  "table json csv none" },
	{ 0, "no-tty", NULL, OPT_FLAG, ARG(no_tty), "not the live table" },
	{ 'n', "count", "COUNT", OPT_U64, ARG(count), "leave after so many records (0: do not)" },
	{ 0, "duration", "TIME", OPT_DURATION, ARG(duration_ns),
	  "leave after this time (0: do not)" },
	{ 0, "once", NULL, OPT_FLAG, ARG(once),
	  "read every map once and leave: at once, or after --duration" },
	{ 0, "interval", "TIME", OPT_DURATION, ARG(interval_ns), "time between map sweeps (1s)" },
	{ .kind = OPT_GROUP, .help = "Choice" },
	{ 'f', "filter", "MAP,FIELD,REGEX", OPT_WORDS, ARG(select.filter),
	  "only records whose field matches the regular expression; repeat to narrow" },
	{ 0, "where", "[MAP:]EXPR", OPT_WORDS, ARG(select.where),
	  "only records for which this holds: 'delta_us > 1000 && comm ~ \"^ng\"'; repeat to "
	  "narrow" },
	{ 0, "map", "MAP=ROLE", OPT_WORDS, ARG(map),
	  "show a map as events, counter, gauge, histogram or internal; MAP=ROLE:STRUCT names its "
	  "record's type" },
	{ 0, "all-maps", NULL, OPT_FLAG, ARG(all_maps), "internal maps too" },
	{ 0, "fields", "MAP=A,B", OPT_WORDS, ARG(fields), "show only these fields" },
	{ 0, "labels", "MAP=A,B", OPT_WORDS, ARG(select.labels),
	  "exactly these fields are labels" },
	{ 0, "drop-label", "MAP=A,B", OPT_WORDS, ARG(select.drop_labels),
	  "these fields are no labels" },
	{ 0, "relabel", "MAP,FIELD,/REGEX/TEXT/", OPT_WORDS, ARG(select.relabels),
	  "where the regular expression matches the whole label it becomes this text, with $1 for "
	  "its first group; any character may stand for /" },
	{ 0, "per-cpu", NULL, OPT_FLAG, ARG(select.per_cpu),
	  "split per-CPU values by a label cpu, do not add them up" },
	{ 'b', "hist-buckets", "MAP,[1,2,3]", OPT_WORDS, ARG(select.hist_buckets),
	  "bounds of a histogram made of events" },
	{ 'k', "hist-value-key", "MAP,FIELD", OPT_WORDS, ARG(select.hist_keys),
	  "the field that a histogram made of events observes" },
	{ .kind = OPT_GROUP, .help = "Program" },
	{ 0, "set", "VAR=VALUE", OPT_WORDS, ARG(set), "set a parameter" },
	{ 0, "attach", "PROG=TARGET", OPT_WORDS, ARG(attach),
	  "where a program is attached: an interface, a cgroup's path, BINARY:FUNCTION[,pid=N]" },
	{ 0, "only", "PROG,...", OPT_CSV, ARG(only), "only these programs" },
	{ 0, "ring", "MAP=SIZE", OPT_WORDS, ARG(ring), "size of a ring buffer: events=4M" },
	{ 0, "max-entries", "MAP=N", OPT_WORDS, ARG(max_entries), "capacity of a map" },
	{ 0, "pin-maps", "DIR", OPT_TEXT, ARG(pin_maps), "pin the maps in this bpffs folder", NULL,
	  "dir" },
	{ 0, "pin-progs", "DIR", OPT_TEXT, ARG(pin_progs), "pin the programs in this bpffs folder",
	  NULL, "dir" },
	{ 0, "dry-run", NULL, OPT_FLAG, ARG(dry_run), "load, verify, attach, detach, report" },
	{ .kind = OPT_GROUP, .help = "Metrics" },
	{ 0, "metrics", "ADDR", OPT_OPTIONAL, ARG(metrics),
	  "serve Prometheus metrics (127.0.0.1:9091)", "127.0.0.1:9091" },
	{ 0, "prom-port", "PORT", OPT_U64, ARG(prom_port),
	  "serve Prometheus metrics on this port of all interfaces" },
	{ 0, "web-config", "FILE", OPT_TEXT, ARG(web_config),
	  "TLS, client certificates and passwords for the metrics, as exporters of Prometheus take "
	  "them",
	  NULL, "file" },
	{ 0, "namespace", "WORD", OPT_TEXT, ARG(name_space), "first part of metric names (ebpf)" },
	{ 0, "max-series", "N", OPT_U64, ARG(max_series),
	  "series per map; what is over is counted in one overflow series (10000)" },
	{ 0, "max-memory", "SIZE", OPT_SIZE, ARG(max_memory_bytes),
	  "memory that all series together may take; what is over is counted as well" },
	{ 0, "series-ttl", "TIME", OPT_DURATION, ARG(series_ttl_ns),
	  "forget series that did not change for this time" },
	{ 0, "compat", "TOOL", OPT_CHOICE, ARG(compat), "name metrics as this tool does: bee",
	  "bee" },
	{ .kind = OPT_GROUP, .help = "Image" },
	{ 0, "pull", "WHEN", OPT_CHOICE, ARG(pull),
	  "always, missing (where the name has a registry or a '/' in it) or never (missing)",
	  "always missing never" },
	REMOTE_OPTS(ARG(remote)),
	{ 0 },
};

const struct command cmd_run = {
	.name = "run",
	.usage = "IMAGE|FILE.o|-",
	.summary = "load a program, attach it and show its maps",
	.about =
		"IMAGE is a name in the local store, and is pulled first where it is not there and "
		"names a registry; a path or a word ending in .o is an object "
		"file; - reads an object from standard input. Data goes to standard output, "
		"everything else to standard error. Ctrl-C detaches everything.\n"
		"'bombus run IMAGE --help' also lists the image's maps, fields and parameters.",
	.examples = "bombus run tcpconnlat\n"
		    "bombus run tcpconnlat -o json --where 'delta_us > 1000 && comm ~ \"^ng\"'\n"
		    "bombus run tcpconnlat --map events=counter --metrics\n"
		    "bombus run opensnoop --set target_pid=1234 --duration 10s\n"
		    "bombus build x.bpf.c --binary-only -o - | bombus run -",
	.environment = "BOMBUS_STORE        folder of the local images\n"
		       "NO_COLOR            no colour\n" REMOTE_ENVIRONMENT,
	.opts = run_opts,
	.args_bytes = sizeof(struct run_args),
	.min_words = 1,
	.max_words = 1,
	.complete = "image",
	.run = run_run,
	.help = help_run,
};
