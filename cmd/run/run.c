// SPDX-License-Identifier: Apache-2.0
/*
 * `bombus run`: the flow of design in one place.
 *
 *	bytes -> object (open) -> selection -> object (start) -> collector -> sinks -> loop
 *
 * and back again: detach, read what is left, let the sinks finish, say what happened.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/run/program.h"
#include "cmd/run/main_loop.h"
#include "cmd/run/run_args.h"
#include "cmd/run/run_show.h"
#include "cmd/run/run_sinks.h"
#include "runner/load/attach/object.h"
#include "runner/load/kernel/privileges.h"
#include "runner/sink/sink.h"

#define RUN_FOREVER_NS (UINT64_MAX / 4)
/* Between two looks at clocks and attachments. */
#define CHECK_NS 1000000000

/* What exists while a program runs; released in the opposite order. */
struct run {
	const struct global_args *global;
	const struct run_args *args;
	char *name;
	struct object *object;
	const struct plan *plan;
	struct main_loop main;
	struct collector *collector;
	struct wallclock *clock;
	struct run_sinks sinks;
	struct step pull;
	uint64_t start_ns;
};

static int on_clock(void *ctx, uint32_t events)
{
	struct run *run = ctx;

	wallclock_refresh(run->clock);
	object_check(run->object);
	return 0;
}

static void on_sweep(void *ctx)
{
	struct run *run = ctx;

	run_sinks_tick(&run->sinks);
}

static struct word_list list_of(const struct words *words)
{
	return (struct word_list){ words->words, words->count };
}

struct object_opts run_object_opts(const struct run_args *a)
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
	struct object_opts opts = run_object_opts(run->args);
	_cleanup_(program_release) struct program program = { 0 };
	const struct program_pull pull = { &run->args->remote, run->args->pull };
	struct selection selection = { 0 };
	struct select_words select = run->args->select;
	struct collector_opts collect = {
		.interval_ns = run->args->once ? RUN_FOREVER_NS : run->args->interval_ns,
		.clock = run->clock,
		.max_memory_bytes = run->args->max_memory_bytes,
		.series = { .max_series = (uint32_t)run->args->max_series,
			    .ttl_ns = run->args->series_ttl_ns },
	};
	int ret = run_record_check(run->args, err);

	if (ret >= 0)
		ret = program_open(&program, run->global, word, &pull, err);
	run->pull = program.pull;
	run->name = steal_ptr(&program.name);
	if (ret >= 0)
		ret = object_open(&run->object, run->name, program.bytes, program.len, &opts, err);
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
	if (ret >= 0 && !run->args->dry_run)
		ret = run_record_open(&run->sinks.record, run->args, program.bytes, program.len,
				      err);
	return ret;
}

static int open_sinks(struct run *run, struct err *err)
{
	struct sink_env env = {
		.program = run->name,
		.object = run->object,
		.plan = run->plan,
		.collector = run->collector,
		.clock = run->clock,
		.pull = run->pull,
		.max_records = run->args->count,
	};

	return run_sinks_open(&run->sinks, run->global, run->args, &env, run->main.wake_fd, err);
}

static int add_sources(struct run *run, struct err *err)
{
	int clock_fd = wallclock_fd(run->clock);
	struct loop *loop = run->main.loop;
	int ret = loop_add_timer(loop, CHECK_NS, CHECK_NS, on_clock, run, NULL, err);

	if (ret >= 0 && clock_fd >= 0)
		ret = loop_add_fd(loop, clock_fd, EPOLLIN, on_clock, run, NULL, err);
	if (ret >= 0 && (run->args->duration_ns || run->args->once))
		ret = main_loop_end_after(&run->main, run->args->duration_ns, err);
	return ret;
}

static int prepare(struct run *run, struct err *err)
{
	int ret = main_loop_init(&run->main, err);

	/* Addresses that cannot be listened on are found before the kernel is bothered. */
	return ret >= 0 ? open_sinks(run, err) : ret;
}

/* Whoever may write anywhere may do so from the live table: with sudo one is mostly in a folder of
 * somebody else's. */
static uint64_t also_kept(const struct run_args *args)
{
	return run_sinks_interactive(args) ? 1ULL << CAP_DAC_OVERRIDE : 0;
}

static int start_program(struct run *run, struct err *err)
{
	struct object_times times;
	int ret = object_start(run->object, err);

	if (ret < 0)
		return ret;
	/* What is exported, shown or kept about the programs; kernels before 5.8 do not tell. */
	if (run->args->metrics || run->args->prom_port || run->args->record ||
	    run_sinks_interactive(run->args))
		object_enable_stats(run->object);
	if (main_loop_interrupted()) {
		err_exit(err, EXIT_INTERRUPTED);
		return err_set(err, EINTR, "interrupted before it ran");
	}
	times = object_times(run->object);
	log_debug("%s: opened in %.1f ms, loaded in %.1f ms, attached in %.1f ms", run->name,
		  (double)times.open_ns / 1e6, (double)times.load_ns / 1e6,
		  (double)times.attach_ns / 1e6);
	ret = collector_start(run->collector, run->main.loop, err);
	if (ret >= 0 && !run->args->keep_caps)
		ret = privileges_drop(run->plan, also_kept(run->args), err);
	if (ret < 0)
		return ret;
	/* From here on the terminal may be the live table's. */
	show_start(run->plan, run->name);
	ret = run_sinks_start(&run->sinks, err);
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
	int ret;

	object_check(run->object);
	object_stop(run->object);
	collector_drain(run->collector);
	ret = run_sinks_stop(&run->sinks, &unwritten, err);
	if (!run->global->quiet)
		show_closing_line(run->object, run->collector, ran_ns, unwritten);
	return ret;
}

static void run_release(struct run *run)
{
	run_sinks_release(&run->sinks);
	collector_free(run->collector);
	object_free(run->object);
	wallclock_free(run->clock);
	main_loop_release(&run->main);
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
	_cleanup_(run_release) struct run run = { .global = global,
						  .args = args,
						  .clock = wallclock_new() };
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
	ret = main_loop_run(&run.main, err);
	int left = leave(&run, err);
	return ret < 0 ? ret : left;
}

static int help_run(const struct global_args *global, const char *word, struct err *err)
{
	_cleanup_(program_release) struct program program = { 0 };
	struct object_opts opts = { 0 };
	struct object *object = NULL;
	int ret = program_open(&program, global, word, NULL, err);

	if (ret >= 0)
		ret = object_open(&object, program.name, program.bytes, program.len, &opts, err);
	if (ret >= 0)
		show_plan(object_plan(object), program.name);
	object_free(object);
	return ret;
}

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
		       "NO_COLOR            no colour\n"
		       "OTEL_...            of OpenTelemetry: exporter, batches, limits, "
		       "sampler\n" REMOTE_ENVIRONMENT,
	.opts = run_opts,
	.args_bytes = sizeof(struct run_args),
	.min_words = 1,
	.max_words = 1,
	.complete = "image",
	.run = run_run,
	.help = help_run,
};
