// SPDX-License-Identifier: Apache-2.0
#include "runner/job/job.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/job/cgroup_map.h"
#include "runner/load/loader/loader.h"
#include "runner/read/collect/live.h"
#include "runner/read/who/who.h"

struct job {
	char *name;
	struct object *object;
	struct collector *collector;
	struct live_source live;
	bool statistics;
	struct loader *loader;
	struct opener *opener;
	const struct recipe_cgroups *cgroups;
	struct cgroup_map *cgroup_map;
	struct aim *aim;	/* NULL: everything passes */
	uint64_t *aimed;	/* the cgroups that passed at the start */
	struct resolver *names; /* for the filters; NULL: they need none */
	uint64_t start_ns;
	void (*on_sweep)(void *ctx, struct job *job);
	void *sweep_ctx;
};

static void free_job(struct job **job)
{
	job_free(*job);
}

static int make_collector(struct job *job, const struct job_config *config, struct err *err)
{
	const struct plan *plan = object_plan(job->object);
	struct collector_opts collect = config->collect;
	struct selection selection = { 0 };
	int ret = select_maps(plan, &config->select, &selection, err);

	if (ret < 0) {
		selection_release(plan, &selection);
		return ret;
	}
	if (config->who) {
		job->names = resolver_new(config->collect.clock);
		resolver_set_who(job->names, config->who, WHO_WAIT_SHORT_MS);
		for (uint32_t i = 0; i < plan->nmaps; i++)
			filter_use_names(selection.filters[i], job->names);
	}
	ret = collector_new(&job->collector, job->object, &collect, selection.filters,
			    selection.metrics, err);
	free(selection.filters);
	free(selection.metrics);
	return ret;
}

static bool has_parts(const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (layout->fields[i].id_of)
			return true;
	return false;
}

static void warn_of_enrich(const struct job_config *config, const struct plan *plan)
{
	bool any = !config->object.plan.enrich;

	for (uint32_t i = 0; i < plan->nmaps && !any; i++)
		any = (plan->maps[i].has_key && has_parts(&plan->maps[i].key)) ||
		      (plan->maps[i].has_value && has_parts(&plan->maps[i].value));
	if (!any)
		log_warn("%s: --enrich: no record of it has the id of a cgroup, process or "
			 "namespace",
			 config->program ? config->program : config->name);
}

int job_open(struct job **ret, const struct job_config *config, struct err *err)
{
	_cleanup_(free_job) struct job *job = xcalloc(1, sizeof(*job));
	struct object_opts object = config->object;
	const char *title;
	int rc;

	job->name = xstrdup(config->name);
	title = config->program ? config->program : config->name;
	job->statistics = config->statistics;
	job->loader = config->loader;
	job->opener = config->collect.opener;
	object.aim.by_cgroup = aim_is_wanted(&config->aim);
	if (config->who && object.aim.by_cgroup) {
		rc = who_await(config->who, err);
		if (rc < 0)
			return rc;
		job->aim = aim_new(config->who, &config->aim);
		object.aim.cgroups = job->aimed = aim_cgroups(job->aim, &object.aim.ncgroups);
		object.aim.processes = aim_processes(job->aim, &object.aim.nprocesses);
	}
	rc = object_open(&job->object, title, config->elf, config->elf_bytes, &object, err);
	if (rc < 0)
		return rc;
	job->cgroups = config->cgroups;
	if (job->cgroups)
		rc = cgroup_map_check(job->cgroups, object_plan(job->object), err);
	if (rc < 0)
		return rc;
	rc = make_collector(job, config, err);
	if (rc < 0 && config->program)
		err_wrap(err, "%s", title);
	if (rc < 0)
		return rc;
	warn_of_enrich(config, object_plan(job->object));
	live_source_init(&job->live, job->name, job->object, job->collector, config->collect.clock);
	job->live.pull = config->pull;
	job->live.source.opener = job->opener;
	if (config->program)
		snprintf(job->live.source.program, sizeof(job->live.source.program), "%s",
			 config->program);
	job->live.source.digest = config->digest;
	job->live.source.who = config->who;
	*ret = steal_ptr(&job);
	return 0;
}

/*
 * Programs that were written for ebpf_exporter have a probe at a function of this name in
 * /proc/self/exe, by which they begin once all of them are attached.
 */
void post_attach_mark(void);
__attribute__((noinline, used)) void post_attach_mark(void)
{
	__asm__ volatile("");
}

int job_attach(struct job *job, struct err *err)
{
	bool statistics = job->statistics || job_plan(job)->statistics;
	struct object_times times;
	int ret = job->loader ? loader_attach(job->loader, job->object, statistics, err)
			      : object_start(job->object, err);

	if (ret < 0)
		return ret;
	if (job->aim)
		aim_follow(job->aim, job->object);
	job->start_ns = now_mono_ns();
	object_use_opener(job->object, job->opener);
	/* Kernels before 5.8 have no statistics; the figures are 0 then. */
	if (statistics && !job->loader)
		object_enable_stats(job->object);
	times = object_times(job->object);
	log_debug("%s: opened in %.1f ms, loaded in %.1f ms, attached in %.1f ms", job->name,
		  (double)times.open_ns / 1e6, (double)times.load_ns / 1e6,
		  (double)times.attach_ns / 1e6);
	post_attach_mark();
	return ret;
}

int job_read(struct job *job, struct loop *loop, struct err *err)
{
	int ret = job->cgroups
			  ? cgroup_map_start(&job->cgroup_map, job->cgroups, job->object, loop, err)
			  : 0;

	return ret < 0 ? ret : collector_start(job->collector, loop, err);
}

static void swept(void *ctx)
{
	struct job *job = ctx;

	job->on_sweep(job->sweep_ctx, job);
}

void job_on_sweep(struct job *job, void (*fn)(void *ctx, struct job *job), void *ctx)
{
	job->on_sweep = fn;
	job->sweep_ctx = ctx;
	collector_on_sweep(job->collector, swept, job);
}

void job_check(struct job *job)
{
	object_check(job->object);
}

void job_detach(struct job *job)
{
	object_check(job->object);
	object_stop(job->object);
}

void job_stop(struct job *job, struct drain_limits *limits)
{
	job_detach(job);
	collector_drain(job->collector, limits);
}

void job_free(struct job *job)
{
	if (!job)
		return;
	cgroup_map_free(job->cgroup_map);
	collector_free(job->collector);
	aim_free(job->aim);
	resolver_free(job->names);
	object_free(job->object);
	free(job->aimed);
	free(job->name);
	free(job);
}

const char *job_name(const struct job *job)
{
	return job->name;
}

const struct plan *job_plan(const struct job *job)
{
	return object_plan(job->object);
}

struct object *job_object(struct job *job)
{
	return job->object;
}

struct source *job_source(struct job *job)
{
	return &job->live.source;
}

static bool has_cgroup(const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (layout->fields[i].meaning == MEAN_CGROUP)
			return true;
	return false;
}

/* Buffers and samples of CPUs that come online; the way from a cgroup's id to its path. */
bool job_needs_opener(const struct job *job)
{
	const struct plan *plan = object_plan(job->object);

	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (streq(plan->progs[i].type, "perf_event"))
			return true;
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];

		if ((map->source == SOURCE_PERF && map->role != ROLE_INTERNAL) ||
		    (map->has_key && has_cgroup(&map->key)) ||
		    (map->has_value && has_cgroup(&map->value)))
			return true;
	}
	return false;
}

uint64_t job_ran_ns(const struct job *job)
{
	return now_mono_ns() - job->start_ns;
}
