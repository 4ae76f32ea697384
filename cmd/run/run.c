// SPDX-License-Identifier: Apache-2.0
/*
 * `bombus run`: the flow of design in one place.
 *
 *	bytes -> job (open) -> sinks (open) -> job (attach, read) -> sinks (start) -> loop
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
#include "cmd/run/job_args.h"
#include "cmd/run/main_loop.h"
#include "cmd/run/program.h"
#include "cmd/run/run_args.h"
#include "cmd/run/run_show.h"
#include "cmd/run/run_sinks.h"
#include "runner/load/kernel/privileges.h"
#include "runner/read/collect/collector.h"

/* Between two looks at clocks and attachments. */
#define CHECK_NS 1000000000
#define LAST_SWEEPS_NS 1000000000 /* at the end: maps that take longer are not read once more */

/* What exists while a program runs; released in the opposite order. */
struct run {
	const struct global_args *global;
	const struct run_args *args;
	struct arena arena;
	struct program program;
	struct job *job;
	struct main_loop main;
	struct wallclock *clock;
	struct run_sinks sinks;
};

static int on_clock(void *ctx, uint32_t events)
{
	struct run *run = ctx;

	wallclock_refresh(run->clock);
	job_check(run->job);
	return 0;
}

static void on_sweep(void *ctx)
{
	struct run *run = ctx;

	host_tick(run->sinks.host, job_source(run->job));
}

/* A program that shows nothing may have other work to do. */
static int check_shows(const struct run *run, struct err *err)
{
	const struct plan *plan = job_plan(run->job);
	const char *output = run->args->output;

	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (plan->maps[i].source != SOURCE_NONE && !plan->maps[i].fault)
			return 0;
	if (!plan->shows_nothing || run->args->dry_run || (output && streq(output, "none")))
		return 0;
	err_hint(err, "-o none runs it all the same");
	return err_set(err, EINVAL, "%s: nothing to show: %s", job_name(run->job), plan->advice);
}

/* Exported, shown or kept. */
static bool wants_statistics(const struct run_args *a)
{
	return !a->dry_run && (a->metrics || a->prom_port || a->record || run_sinks_interactive(a));
}

/* Everything that can be wrong without asking the kernel is found here. */
static int open_program(struct run *run, const char *word, struct err *err)
{
	const struct program_pull pull = { &run->args->remote, run->args->pull };
	struct program *program = &run->program;
	struct job_config config;
	int ret = run_record_check(run->args, err);

	if (ret >= 0)
		ret = program_open(program, run->global, word, &pull, err);
	if (ret >= 0)
		ret = job_config_of(run->args, program, run->clock, &run->arena, &config, err);
	if (ret < 0)
		return ret;
	config.pull = program->pull;
	config.statistics = wants_statistics(run->args);
	ret = job_open(&run->job, &config, err);
	if (ret >= 0)
		ret = check_shows(run, err);
	if (ret >= 0 && !run->args->dry_run)
		ret = run_record_open(&run->sinks.record, run->args, program->bytes, program->len,
				      err);
	return ret;
}

static int open_sinks(struct run *run, struct err *err)
{
	int ret = run_sinks_open(&run->sinks, run->global, run->args, run->main.wake_fd, err);

	return ret < 0 ? ret : host_add_source(run->sinks.host, job_source(run->job), err);
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
static uint64_t also_kept(const struct run *run)
{
	uint64_t keep = run_sinks_interactive(run->args) ? 1ULL << CAP_DAC_OVERRIDE : 0;

	return keep | (object_opens_cpus(job_object(run->job)) ? 1ULL << CAP_PERFMON : 0);
}

static int start_program(struct run *run, struct err *err)
{
	const struct plan *plan = job_plan(run->job);
	int ret = job_attach(run->job, err);

	if (ret < 0)
		return ret;
	if (main_loop_interrupted()) {
		err_exit(err, EXIT_INTERRUPTED);
		return err_set(err, EINTR, "interrupted before it ran");
	}
	ret = job_read(run->job, run->main.loop, err);
	if (ret >= 0 && !run->args->keep_caps)
		ret = privileges_drop(plan, also_kept(run), err);
	if (ret < 0)
		return ret;
	/* From here on the terminal may be the live table's. */
	show_start(job_source(run->job));
	ret = host_start(run->sinks.host, err);
	if (ret >= 0)
		ret = add_sources(run, err);
	collector_on_sweep(job_collector(run->job), on_sweep, run);
	return ret;
}

static int leave(struct run *run, struct err *err)
{
	uint64_t ran_ns = job_ran_ns(run->job), unwritten = 0;
	int ret;

	/* --once is there to read everything, however long it takes. */
	job_stop(run->job, run->args->once ? 0 : now_mono_ns() + LAST_SWEEPS_NS,
		 main_loop_interrupted);
	ret = run_sinks_stop(&run->sinks, &unwritten, err);
	if (!run->global->quiet)
		show_closing_line(job_source(run->job), job_object(run->job), ran_ns, unwritten);
	return ret;
}

static void run_release(struct run *run)
{
	run_sinks_release(&run->sinks);
	job_free(run->job);
	wallclock_free(run->clock);
	main_loop_release(&run->main);
	program_release(&run->program);
	arena_release(&run->arena);
}

static int dry_run(struct run *run, struct err *err)
{
	int ret = job_attach(run->job, err);

	object_stop(job_object(run->job));
	if (ret >= 0)
		show_programs(job_source(run->job));
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
