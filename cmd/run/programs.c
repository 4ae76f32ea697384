// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/programs.h"

#include <errno.h>

#include "runner/read/stack/stacks.h"
#include "base/err.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/run/job_args.h"
#include "cmd/run/main_loop.h"
#include "cmd/run/route.h"
#include "cmd/run/run_sinks.h"
#include "runner/read/span/span.h"

/* What a name of the command line may be made of: it stands before a ':' and in labels. */
static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* The length of NAME in "NAME=IMAGE"; 0: there is none. A file may be called "a=b.o". */
static size_t name_len(const char *word)
{
	size_t len = 0;

	while (is_name_char(word[len]))
		len++;
	return word[len] == '=' && may_access(word, F_OK) != 0 ? len : 0;
}

bool programs_several(const struct programs *p)
{
	return p->count > 1;
}

size_t programs_left(const struct programs *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++)
		count += p->all[i].job != NULL;
	return count;
}

/* Reports why a program is left out, and leaves it out; without --keep-going it returns the error.
 */
static int leave_out(struct programs *p, struct run_program *program, int code, struct err *err)
{
	job_free(steal_ptr(&program->job));
	object_free(steal_ptr(&program->probe));
	if (!p->args->keep_going || code == -EINTR)
		return code;
	if (!p->failed)
		p->failed = err->exit ? err->exit : EXIT_FAILED;
	error_print(err);
	*err = (struct err){ 0 };
	return 0;
}

/* --- names --- */

/* By another program; those that have no name yet do not count. */
static bool is_taken(const struct programs *p, size_t at, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (i != at && p->all[i].name && streq(p->all[i].name, name))
			return true;
	return false;
}

/* The name that the image or file gives; the second of them is NAME-2. */
static void name_program(struct programs *p, size_t at)
{
	struct run_program *program = &p->all[at];
	struct span_text text = program_service(program->program.name);
	const char *base = arena_printf(&p->arena, "%.*s", (int)text.len, text.ptr);

	program->name = base;
	for (unsigned n = 2; is_taken(p, at, program->name); n++)
		program->name = arena_printf(&p->arena, "%s-%u", base, n);
}

/* Names of the command line are taken before others are made. */
static int read_names(struct programs *p, const struct words *words, struct err *err)
{
	size_t standard = 0;

	for (size_t i = 0; i < p->count; i++) {
		size_t len = name_len(words->words[i]);
		const char *name = arena_printf(&p->arena, "%.*s", (int)len, words->words[i]);

		standard += streq(words->words[i] + len + (len > 0), "-");
		if (standard > 1)
			return err_usage(
				err, "standard input holds one program, and '-' is given twice");
		if (!len)
			continue;
		/* Pins of the program go to a folder of this name. */
		if (streq(name, ".") || streq(name, ".."))
			return err_usage(err, "'%s' cannot be the name of a program", name);
		if (is_taken(p, i, name))
			return err_usage(err, "two programs have the name '%s'", name);
		p->all[i].is_named = true;
		p->all[i].name = name;
	}
	return 0;
}

/* --- opening --- */

static int read_program(struct programs *p, size_t at, const char *word, struct err *err)
{
	const struct program_pull pull = { &p->args->remote,	       p->args->pull,
					   p->args->config_object,     &p->args->trust,
					   .cflags = &p->args->cflags, .watch = p->args->watch };
	struct run_program *program = &p->all[at];
	struct object_opts none = { 0 };
	size_t len = program->is_named ? strlen(program->name) + 1 : 0;
	int ret = program_open(&program->program, p->global, word + len, &pull, err);

	if (!program->is_named && ret >= 0)
		name_program(p, at);
	else if (!program->name)
		program->name = word;
	if (ret < 0)
		return ret;
	if (!programs_several(p))
		return 0;
	/* Only the plan is asked for, to find out which words are for it. */
	program_recipes(&program->program, &none);
	return object_open(&program->probe, program->name, program->program.bytes,
			   program->program.len, &none, err);
}

static int route(struct programs *p, struct err *err)
{
	struct route_program *programs;
	int ret;

	if (!programs_several(p)) {
		p->routed[0] = *p->args;
		return 0;
	}
	programs = arena_array(&p->arena, struct route_program, p->count);
	for (size_t i = 0; i < p->count; i++) {
		const struct object *probe = p->all[i].probe;

		programs[i] = (struct route_program){ p->all[i].name,
						      probe ? object_plan(probe) : NULL, probe };
	}
	ret = route_words(p->args, programs, p->count, &p->arena, p->routed, err);
	for (size_t i = 0; i < p->count; i++) {
		struct object_words *object = &p->routed[i].object;
		const char *name = p->all[i].name;

		if (object->pin_maps)
			object->pin_maps = arena_printf(&p->arena, "%s/%s", object->pin_maps, name);
		if (object->pin_progs)
			object->pin_progs =
				arena_printf(&p->arena, "%s/%s", object->pin_progs, name);
	}
	return ret;
}

/* Exported, shown or kept. Not while the live table is up: it asks the terminal. */
static bool wants_statistics(const struct programs *p)
{
	const struct run_args *a = p->args;

	return !a->dry_run && (exports_wanted(p->global->exports, true) || a->record ||
			       run_sinks_interactive(a, p->global->exports));
}

/* A program that shows nothing may have other work to do. */
static int check_shows(struct job *job, const char *name, const struct run_args *a, struct err *err)
{
	const struct plan *plan = job_plan(job);

	if (!plan_is_empty(plan) || a->dry_run || (a->output && streq(a->output, "none")))
		return 0;
	if (object_would_start(job_object(job), err) < 0)
		return -EINVAL; /* the better reason */
	err_hint(err, "-o none runs it all the same");
	return err_set(err, EINVAL, "%s: nothing to show: %s", name, plan->advice);
}

int programs_open_job(struct programs *p, size_t at, const struct program *program,
		      struct arena *arena, struct job **ret, struct err *err)
{
	const struct run_program *named = &p->all[at];
	struct job_config config;
	int code = job_config_of(&p->routed[at], program, p->clock, arena, &config, err);

	if (code < 0 && programs_several(p))
		err_wrap(err, "%s", named->name);
	if (code < 0)
		return code;
	config.pull = program->pull;
	config.statistics = p->statistics;
	config.collect.opener = p->opener;
	config.who = p->who;
	config.loader = p->loader;
	if (programs_several(p) || named->is_named)
		config.program = named->name;
	if (p->budget.max_bytes)
		config.collect.series.budget = &p->budget;
	code = job_open(ret, &config, err);
	if (code < 0)
		return code;
	job_source(*ret)->several = programs_several(p);
	job_source(*ret)->stacks = p->stacks;
	return check_shows(*ret, config.program ? config.program : config.name, p->args, err);
}

/* --object is for one configuration. */
static int check_object(const struct programs *p, struct err *err)
{
	size_t configs = 0;

	for (size_t i = 0; i < p->count; i++)
		configs += p->all[i].program.config != NULL;
	if (!p->args->config_object || configs == 1)
		return 0;
	err_hint(err, "NAME.yaml has its object NAME.bpf.o beside it");
	return err_usage(err, configs ? "--object is for one configuration, and there are several"
				      : "--object is for a configuration (NAME.yaml), and there is "
					"none");
}

int programs_open(struct programs *p, const struct words *words, struct wallclock *clock,
		  struct err *err)
{
	int ret;

	p->clock = clock;
	p->statistics = wants_statistics(p);
	p->count = words->count;
	p->all = xcalloc(p->count, sizeof(*p->all));
	p->routed = xcalloc(p->count, sizeof(*p->routed));
	p->budget = (struct series_budget){ .max_bytes = p->args->max_memory_bytes,
					    .sharers = (uint32_t)p->count };
	ret = read_names(p, words, err);
	for (size_t i = 0; i < p->count && ret >= 0; i++) {
		ret = read_program(p, i, words->words[i], err);
		if (ret < 0)
			ret = leave_out(p, &p->all[i], ret, err);
	}
	if (ret >= 0)
		ret = check_object(p, err);
	if (ret >= 0)
		ret = route(p, err);
	for (size_t i = 0; i < p->count && ret >= 0; i++) {
		if (programs_several(p) && !p->all[i].probe)
			continue;
		ret = programs_open_job(p, i, &p->all[i].program, &p->arena, &p->all[i].job, err);
		object_free(steal_ptr(&p->all[i].probe));
		if (ret < 0)
			ret = leave_out(p, &p->all[i], ret, err);
	}
	return ret;
}

int programs_start_stacks(struct programs *p, struct err *err)
{
	bool any = p->args->watch; /* a later version may have some */
	int ret;

	for (size_t i = 0; i < p->count; i++)
		any |= p->all[i].job && plan_has_user_stacks(job_plan(p->all[i].job));
	if (!any)
		return 0;
	ret = stacks_start(&p->stacks, p->args->inlines, true, err);
	for (size_t i = 0; i < p->count && ret >= 0; i++)
		if (p->all[i].job)
			job_source(p->all[i].job)->stacks = p->stacks;
	return ret;
}

/* --- attaching --- */

int programs_attach(struct programs *p, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < p->count && ret >= 0; i++) {
		struct run_program *program = &p->all[i];

		if (!program->job)
			continue;
		ret = job_attach(program->job, err);
		if (ret < 0)
			ret = leave_out(p, program, ret, err);
		if (ret >= 0 && main_loop_interrupted()) {
			err_exit(err, EXIT_INTERRUPTED);
			ret = err_set(err, EINTR, "interrupted before it ran");
		}
	}
	return ret;
}

/* --- reading --- */

/* Of a job that has a successor. */
#define REPLACED_SWEEPS_NS 200000000
#define REPLACED_PATIENCE_MS 100
#define EARLY_NS 100000000 /* a timer may be late, and the next one comes that much sooner */

void programs_check(struct programs *p)
{
	uint64_t now_ns = now_mono_ns();

	if (now_ns - p->checked_ns + EARLY_NS < PROGRAMS_CHECK_NS)
		return;
	p->checked_ns = now_ns;
	wallclock_refresh(p->clock);
	for (size_t i = 0; i < p->count; i++)
		if (p->all[i].job)
			job_check(p->all[i].job);
}

static void on_sweep(void *ctx, struct job *job)
{
	struct programs *p = ctx;

	host_tick(p->host, job_source(job));
	programs_check(p);
}

static int read_job(struct programs *p, struct job *job, struct loop *loop, struct err *err)
{
	int ret = job_read(job, loop, err);

	if (ret < 0 && job_source(job)->several)
		err_wrap(err, "%s", job_source(job)->program);
	if (ret < 0)
		host_remove_source(p->host, job_source(job), LEAVE_TIMEOUT_MS);
	else
		job_on_sweep(job, on_sweep, p);
	return ret;
}

int programs_read(struct programs *p, struct host *host, struct loop *loop, struct err *err)
{
	int ret = 0;

	p->host = host;
	p->checked_ns = now_mono_ns();
	for (size_t i = 0; i < p->count && ret >= 0; i++) {
		if (!p->all[i].job)
			continue;
		/* A fault of an output, not of the program: it ends the run. Some sinks have the
		 * source by then, so the job lives until the host is freed. */
		ret = host_add_source(host, job_source(p->all[i].job), err);
		if (ret < 0)
			return ret;
		ret = read_job(p, p->all[i].job, loop, err);
		if (ret < 0)
			ret = leave_out(p, &p->all[i], ret, err);
	}
	return ret;
}

int programs_replace(struct programs *p, size_t at, struct job *job, struct loop *loop,
		     struct job **ret_old, bool *ret_gone, struct err *err)
{
	struct drain_limits limits = { .deadline_ns = now_mono_ns() + REPLACED_SWEEPS_NS,
				       .patience_ms = REPLACED_PATIENCE_MS };
	struct job *old = p->all[at].job;
	int ret;

	job_stop(old, &limits);
	*ret_gone = host_remove_source(p->host, job_source(old), LEAVE_TIMEOUT_MS) == 0;
	*ret_old = old;
	p->all[at].job = job;
	ret = host_add_source(p->host, job_source(job), err);
	return ret < 0 ? ret : read_job(p, job, loop, err);
}

void programs_record(const struct programs *p, struct run_record *record)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->all[i].job)
			run_record_add(record, programs_several(p) ? p->all[i].name : NULL,
				       &p->routed[i], &p->all[i].program);
}

uint64_t programs_stop(struct programs *p, uint64_t sweeps_ns, bool (*stop)(void))
{
	/* All of them wait for the same outputs. */
	struct drain_limits limits = { .stop = stop, .patience_ms = LEAVE_TIMEOUT_MS };
	uint64_t ran_ns = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (!p->all[i].job)
			continue;
		ran_ns = MAX(ran_ns, job_ran_ns(p->all[i].job));
		job_detach(p->all[i].job);
	}
	limits.deadline_ns = sweeps_ns ? now_mono_ns() + sweeps_ns : 0;
	for (size_t i = 0; i < p->count; i++)
		if (p->all[i].job)
			job_stop(p->all[i].job, &limits);
	return ran_ns;
}

bool programs_need_opener(const struct programs *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->all[i].job && job_needs_opener(p->all[i].job))
			return true;
	return false;
}

void programs_release(struct programs *p)
{
	for (size_t i = 0; i < p->count; i++) {
		job_free(p->all[i].job);
		object_free(p->all[i].probe);
		program_release(&p->all[i].program);
	}
	if (programs_several(p) && p->routed)
		route_release(p->routed, p->count);
	free(p->routed);
	free(p->all);
	arena_release(&p->arena);
}
