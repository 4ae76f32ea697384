// SPDX-License-Identifier: Apache-2.0
/*
 * `bombus run`: the flow of design in one place.
 *
 *	bytes -> jobs (open) -> sinks (open) -> jobs (attach) -> host (sources) -> jobs (read)
 *	-> sinks (start) -> loop
 *
 * and back again: detach, read what is left, let the sinks finish, say what happened.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/run/child.h"
#include "cmd/run/main_loop.h"
#include "cmd/run/prints.h"
#include "cmd/run/programs.h"
#include "cmd/run/reload.h"
#include "cmd/run/run_sandbox.h"
#include "cmd/run/run_sinks.h"
#include "cmd/run/show_plan.h"
#include "runner/load/kernel/trace_pipe.h"
#include "runner/load/loader/loader.h"
#include "runner/read/stack/stacks.h"
#include "runner/read/who/who.h"

#define LAST_SWEEPS_NS 1000000000 /* at the end: maps that take longer are not read once more */

/* What exists while programs run; released in the opposite order. */
struct run {
	const struct global_args *global;
	const struct run_args *args;
	struct main_loop main;
	struct wallclock *clock;
	struct programs programs;
	struct run_sinks sinks;
	struct run_sandbox sandbox;
	struct child child;	       /* the command behind -- */
	struct trace_pipe *trace_pipe; /* NULL: not asked for */
	struct loader *loader;	       /* with --watch: it loads what comes later */
	struct reload *reload;
};

static int on_check(void *ctx, uint32_t events)
{
	struct run *run = ctx;

	programs_check(&run->programs);
	return 0;
}

/* The clock was set, or the machine slept. */
static int on_clock_set(void *ctx, uint32_t events)
{
	wallclock_refresh(((struct run *)ctx)->clock);
	return 0;
}

static int add_timers(struct run *run, struct err *err)
{
	int clock_fd = wallclock_fd(run->clock);
	struct loop *loop = run->main.loop;
	bool rarely = run->args->once || run->args->interval_ns > PROGRAMS_CHECK_NS;
	int ret = 0;

	if (rarely) /* sweeps alone would check too seldom */
		ret = loop_add_timer(loop, PROGRAMS_CHECK_NS, PROGRAMS_CHECK_NS, on_check, run,
				     NULL, err);
	if (ret >= 0 && clock_fd >= 0)
		ret = loop_add_fd(loop, clock_fd, EPOLLIN, on_clock_set, run, NULL, err);
	if (ret >= 0 && (run->args->duration_ns || run->args->once))
		ret = main_loop_end_after(&run->main, run->args->duration_ns, err);
	return ret;
}

static int start(struct run *run, struct err *err)
{
	struct programs *p = &run->programs;
	int ret = 0;

	if (run->args->trace_pipe)
		ret = prints_open(&run->trace_pipe, run->main.loop, err);
	if (ret >= 0)
		ret = programs_attach(p, err);
	if (ret >= 0)
		stacks_ready(p->stacks);
	if (ret >= 0)
		ret = programs_read(p, run->sinks.host, run->main.loop, err);
	if (ret < 0 || !programs_left(p))
		return ret;
	if (run->args->watch)
		ret = reload_start(&run->reload, p, run->main.loop, err);
	if (ret >= 0)
		ret = run_sandbox_enter(&run->sandbox, run->args, &run->sinks, err);
	if (ret >= 0 && p->who)
		ret = who_run(p->who, err);
	/* From here on the terminal may be the live table's. */
	if (ret < 0)
		return ret;
	programs_show_start(p);
	ret = host_start(run->sinks.host, err);
	if (ret >= 0)
		ret = add_timers(run, err);
	if (ret >= 0)
		ret = child_watch(&run->child, run->main.loop, err);
	if (ret >= 0)
		child_go(&run->child);
	return ret;
}

static int leave(struct run *run, struct err *err)
{
	struct programs *p = &run->programs;
	uint64_t ran_ns, unwritten = 0;
	int ret;

	reload_stop(run->reload);
	/* --once is there to read everything, however long it takes. */
	ran_ns = programs_stop(p, run->args->once ? 0 : LAST_SWEEPS_NS, main_loop_interrupted);
	ret = run_sinks_stop(&run->sinks, &unwritten, err);
	programs_show_end(p, ran_ns, unwritten);
	return ret;
}

static void run_release(struct run *run)
{
	run_sinks_release(&run->sinks);
	reload_free(run->reload);
	programs_release(&run->programs);
	who_free(run->programs.who);
	stacks_free(run->programs.stacks);
	wallclock_free(run->clock);
	main_loop_release(&run->main);
	trace_pipe_free(run->trace_pipe);
	run_sandbox_release(&run->sandbox);
	child_release(&run->child);
	loader_free(run->loader);
}

static int dry_run(struct run *run, struct err *err)
{
	struct programs *p = &run->programs;
	int ret = programs_attach(p, err);

	for (size_t i = 0; i < p->count; i++)
		if (p->all[i].job)
			job_detach(p->all[i].job);
	if (ret < 0)
		return ret;
	programs_show_states(p);
	return p->failed;
}

/* From opened programs to the end. Positive: the exit status. */
static int run_programs(struct run *run, struct err *err)
{
	struct programs *p = &run->programs;
	int ret = run_sandbox_prepare(&run->sandbox, p, &run->sinks, err), left, status;

	run->sinks.files = run->sandbox.files;
	if (ret >= 0)
		ret = main_loop_init(&run->main, err);
	/* Addresses that cannot be listened on are found before the kernel is bothered. */
	if (ret >= 0)
		ret = run_sinks_open(&run->sinks, run->global, run->args, run->main.wake_fd, err);
	if (ret >= 0)
		ret = start(run, err);
	if (ret < 0 || !programs_left(p))
		return ret < 0 ? ret : p->failed;
	ret = main_loop_run(&run->main, err);
	status = child_status(&run->child);
	left = leave(run, err);
	ret = ret < 0 ? ret : left;
	return ret < 0 ? ret : p->failed ? p->failed : status;
}

/* Before there are threads. */
static int start_names(struct run *run, struct err *err)
{
	const struct run_args *a = run->args;
	bool wanted = object_words_name_groups(&a->object);
	int ret;

	if ((!wanted && !run_sinks_interactive(a, run->global->exports)) || a->dry_run)
		return 0;
	ret = who_start(&run->programs.who, err);
	if (ret >= 0)
		ret = who_begin(run->programs.who, a->runtime_state.words, a->runtime_state.count,
				err);
	if (ret >= 0 || wanted)
		return ret;
	/* The live table does without. */
	who_free(steal_ptr(&run->programs.who));
	return 0;
}

/* Before privileges are given up. Programs see only the command's cgroup, and there is no live
 * table, as it would mix with the command's output. */
static int start_child(struct run *run, struct run_args *args, const struct words *words,
		       struct err *err)
{
	const char **argv = words->words + words->count - words->behind;
	int ret = args->dry_run ? 0 : child_start(&run->child, argv, words->behind, err);

	args->no_tty = true;
	if (run->child.cgroup)
		words_add(&args->object.cgroups, run->child.cgroup);
	return ret;
}

/* Before anything else: the loader inherits what is open. */
static int start_loader(struct run *run, struct err *err)
{
	const struct run_args *a = run->args;
	const char *other = a->once		  ? "--once"
			    : a->dry_run	  ? "--dry-run"
			    : a->record		  ? "--record"
			    : a->object.pin_maps  ? "--pin-maps"
			    : a->object.pin_progs ? "--pin-progs"
						  : NULL;
	int ret;

	if (!a->watch)
		return 0;
	if (other)
		return err_usage(err, "--watch and %s exclude each other", other);
	ret = loader_start(&run->loader, err);
	run->programs.loader = run->loader;
	return ret;
}

/* A word that is watched. */
static int check_watch(const struct programs *p, struct err *err)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->all[i].program.compiler || !p->args->watch)
			return 0;
	err_hint(err, "it is for sources: bombus run x.bpf.c --watch");
	return err_usage(err, "--watch: there is no source to watch");
}

static int run_run(const struct global_args *global, void *args, const struct words *words,
		   struct err *err)
{
	struct run_args *a = args;
	_cleanup_(run_release) struct run run = { .global = global,
						  .args = a,
						  .programs = { .global = global, .args = a },
						  .clock = wallclock_new(),
						  .child = CHILD_INIT };
	struct words programs = *words;
	int ret = run_record_check(a, err);

	if (ret >= 0)
		ret = start_loader(&run, err);
	/* "run -- IMAGE" is an image. */
	if (words->behind < words->count)
		programs.count -= words->behind;
	if (ret >= 0 && programs.count < words->count)
		ret = start_child(&run, a, words, err);
	if (ret >= 0)
		ret = run_sandbox_init(&run.sandbox, a, err);
	run.programs.opener = run.sandbox.opener;
	if (ret >= 0)
		ret = start_names(&run, err);
	if (ret >= 0)
		ret = programs_open(&run.programs, &programs, run.clock, err);
	if (ret >= 0)
		ret = check_watch(&run.programs, err);
	if (ret < 0)
		return ret;
	if (!programs_left(&run.programs))
		return run.programs.failed;
	if (a->dry_run)
		return dry_run(&run, err);
	ret = programs_start_stacks(&run.programs, err);
	if (ret >= 0)
		ret = run_record_open(&run.sinks.record, a, err);
	if (ret < 0)
		return ret;
	/* The live table can begin a recording at any time. */
	if (a->record || exports_record(global->exports, run_sinks_form(a, global->exports)))
		programs_record(&run.programs, &run.sinks.record);
	return run_programs(&run, err);
}

const struct command cmd_run = {
	.name = "run",
	.usage = "[NAME=]IMAGE|FILE.o|FILE.bpf.c|FILE.yaml|- ... [-- COMMAND ...]",
	.summary = "load programs, attach them and show their maps",
	.about =
		"IMAGE is a name in the local store, or of a program that was installed with "
		"bombus "
		"('bombus list --available'). If neither has it and the name has a registry or a "
		"'/' in it, run pulls it first. A path, or a word that ends in .o, is an object "
		"file; - reads an object from standard input. A word that ends in .c is a source, "
		"which clang compiles first. NAME.yaml is a configuration for ebpf_exporter, whose "
		"object is NAME.bpf.o. Data goes to standard output, everything else to standard "
		"error. Ctrl-C detaches everything.\n"
		"Several programs run in one process and share one output, one address for "
		"metrics and one OTLP exporter, which name each program. NAME is the program's "
		"name there. The default is the last part of IMAGE; a second program of that name "
		"gets NAME-2. An argument of --set, --map, --where and the like applies to the "
		"program that has the thing it names. If several have it, PROGRAM: before the "
		"argument chooses one program, and *: chooses all of them.\n"
		"run starts the COMMAND behind -- once everything is attached. The programs see "
		"only the command and the processes that it starts. run ends when the command "
		"ends, with its exit status. The command's output goes to standard error.\n"
		"'bombus run IMAGE --help' also lists the image's maps, fields and parameters.",
	.examples = "bombus run tcpconnlat\n"
		    "bombus run tcpconnlat -o json --where 'delta_us > 1000 && comm ~ \"^ng\"'\n"
		    "bombus run tcpconnlat --map events=counter --metrics\n"
		    "bombus run opensnoop --set target_pid=1234 --duration 10s\n"
		    "bombus run tcpconnect opensnoop execsnoop --metrics "
		    "--set opensnoop:target_pid=1234\n"
		    "bombus run opensnoop -- make -j4\n"
		    "bombus run x.bpf.c --watch",
	.environment = "BOMBUS_STORE        folder of the local images\n"
		       "BOMBUS_CLANG, BOMBUS_INCLUDE, XDG_CACHE_HOME  as of build, for sources\n"
		       "NO_COLOR            no colour\n"
		       "OTEL_...            of OpenTelemetry: exporter, batches, limits, "
		       "sampler\n"
		       "DD_...              of Datadog, with --dogstatsd\n" REMOTE_ENVIRONMENT,
	.opts = run_opts,
	.args_bytes = sizeof(struct run_args),
	.exports = true,
	.min_words = 1,
	.max_words = -1,
	.complete = "image",
	.run = run_run,
	.help = program_help,
};
