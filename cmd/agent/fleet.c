// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/fleet_internal.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/bell.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/net/retry.h"
#include "base/util.h"

#define LEAVE_TIMEOUT_NS 2000000000ull /* a sink that needs longer causes a warning */
#define PATIENCE_MS 100		       /* the loop waits for a sink whose queue is full */
#define LAST_SWEEPS_NS 1000000000
#define NS_PER_S 1e9

/* --- leaving --- */

/* The sinks forget it in their own time: the loop does not wait for them. */
static void leave(struct fleet *f, struct loaded *loaded)
{
	f->leavers = xreallocarray(f->leavers, f->nleavers + 1, sizeof(*f->leavers));
	f->leavers[f->nleavers++] = (struct leaver){ .loaded = loaded, .since_ns = now_mono_ns() };
	host_leave_source(f->host, job_source(loaded->job));
}

/* Frees those that no sink uses any more. */
static void see_off(struct fleet *f)
{
	for (size_t i = f->nleavers; i-- > 0;) {
		struct leaver *leaver = &f->leavers[i];
		struct source *source = job_source(leaver->loaded->job);

		if (host_has_left(f->host, source)) {
			loaded_free(leaver->loaded);
			*leaver = f->leavers[--f->nleavers];
		} else if (!leaver->warned && now_mono_ns() - leaver->since_ns > LEAVE_TIMEOUT_NS) {
			leaver->warned = true;
			log_warn("%s: an output stalls, so the memory of this program stays in use",
				 source->program);
		}
	}
}

static int on_left(void *ctx, uint32_t events)
{
	struct fleet *f = ctx;

	bell_answer(f->left_fd);
	see_off(f);
	return 0;
}

/* Detached before the rest is read; without the lock. */
static void stop_loaded(struct fleet *f, struct loaded *loaded)
{
	job_stop(loaded->job, &(struct drain_limits){ .deadline_ns = now_mono_ns() + LAST_SWEEPS_NS,
						      .patience_ms = PATIENCE_MS });
	leave(f, loaded);
	see_off(f);
}

static struct loaded *take_running(struct fleet *f, struct slot *slot)
{
	struct loaded *running;

	pthread_mutex_lock(&f->lock);
	running = steal_ptr(&slot->running);
	slot->running_as = NULL;
	slot->rates = (struct rates){ 0 };
	pthread_mutex_unlock(&f->lock);
	return running;
}

static void stop_slot(struct fleet *f, struct slot *slot)
{
	struct loaded *running = take_running(f, slot);

	if (running)
		stop_loaded(f, running);
}

/* --- coming --- */

static void swept(void *ctx, struct job *job)
{
	host_tick(ctx, job_source(job));
}

static int begin(struct fleet *f, struct slot *slot, struct load_task *task, struct err *err)
{
	struct loaded *to = steal_ptr(&task->loaded);
	struct source *source = job_source(to->job);
	int ret;

	/* The successor is attached: from here on both count, and outputs see one of them. */
	stop_slot(f, slot);
	slot->running_as = task->program; /* fleet_wants() asks for it */
	ret = host_add_source(f->host, source, err);
	if (ret >= 0)
		ret = job_read(to->job, f->opts.loop, err);
	if (ret < 0) {
		slot->running_as = NULL;
		job_detach(to->job);
		leave(f, to);
		return ret;
	}
	job_on_sweep(to->job, swept, f->host);
	pthread_mutex_lock(&f->lock);
	slot->running = to;
	slot->reason[0] = '\0';
	pthread_mutex_unlock(&f->lock);
	slot->failures = 0;
	slot->retry_ns = 0;
	log_info("%s is attached (%s%s%s)", task->program->name, task->program->image,
		 to->program.is_image ? ", " : "", to->program.image.digest);
	return 0;
}

static void failed(struct fleet *f, struct slot *slot, const struct err *err)
{
	uint64_t pause_ns = retry_pause_ns(MIN(++slot->failures, 16u), NULL, 0);
	bool known = streq(slot->reason, err->msg);

	pthread_mutex_lock(&f->lock);
	snprintf(slot->reason, sizeof(slot->reason), "%s", err->msg);
	pthread_mutex_unlock(&f->lock);
	slot->retry_ns = now_mono_ns() + pause_ns;
	/* Once is enough for people. */
	log_msg(known ? LOG_DEBUG : LOG_WARN, "%s %s: %s; the next try is in %.1f s",
		slot->wanted->name, slot->running ? "goes on as it was" : "is down", err->msg,
		(double)pause_ns / NS_PER_S);
	if (err->hint[0] && !known)
		log_warn("hint: %s", err->hint);
}

static struct slot *slot_by_id(struct fleet *f, uint64_t id)
{
	struct slot *slot = f->slots;

	while (slot && slot->id != id)
		slot = slot->next;
	return slot;
}

static void put_task(struct fleet *f, struct slot *slot, bool refresh)
{
	struct load_task *task = xcalloc(1, sizeof(*task));

	task->program = slot->wanted;
	task->config = agent_config_ref(slot->config);
	task->slot = slot->id;
	task->refresh = refresh;
	if (refresh)
		snprintf(task->digest, sizeof(task->digest), "%s",
			 slot->running->program.image.digest);
	slot->loading = true;
	slot->retry_ns = 0;
	loading_put(f->loading, task);
}

static void plan_pull(struct slot *slot)
{
	slot->pull_ns = slot->wanted->pull_ns ? now_mono_ns() + slot->wanted->pull_ns : 0;
}

static void take_task(struct fleet *f, struct load_task *task)
{
	struct slot *slot = slot_by_id(f, task->slot);

	if (!slot)
		return;
	slot->loading = false;
	/* Wanted otherwise by now: what was loaded goes with its task. */
	if (slot->wanted != task->program) {
		put_task(f, slot, false);
		return;
	}
	if (task->loaded)
		task->code = begin(f, slot, task, &task->err);
	pthread_mutex_lock(&f->lock);
	slot->tried = true;
	pthread_mutex_unlock(&f->lock);
	plan_pull(slot);
	if (task->code < 0 && task->refresh)
		log_warn("%s: cannot look for a new image: %s", slot->wanted->name, task->err.msg);
	else if (task->code < 0)
		failed(f, slot, &task->err);
}

static int on_bell(void *ctx, uint32_t events)
{
	struct fleet *f = ctx;
	struct load_task *task;

	bell_answer(f->bell_fd);
	while ((task = loading_get(f->loading))) {
		take_task(f, task);
		load_task_free(task);
	}
	return 0;
}

/* --- what is wanted --- */

static struct slot *slot_of_name(struct fleet *f, const char *name)
{
	struct slot *slot = f->slots;

	while (slot && !streq(slot->wanted->name, name))
		slot = slot->next;
	return slot;
}

static void remove_slot(struct fleet *f, struct slot *slot)
{
	struct slot **at = &f->slots;

	log_info("%s is detached", slot->wanted->name);
	stop_slot(f, slot);
	pthread_mutex_lock(&f->lock);
	while (*at != slot)
		at = &(*at)->next;
	*at = slot->next;
	pthread_mutex_unlock(&f->lock);
	agent_config_unref(slot->config);
	free(slot);
}

static void want(struct fleet *f, const struct agent_program *p)
{
	struct slot *slot = slot_of_name(f, p->name), **at = &f->slots;

	if (slot && streq(slot->wanted->identity, p->identity))
		return;
	if (slot) {
		struct agent_config *old = slot->config;

		/* What runs holds its own configuration. */
		pthread_mutex_lock(&f->lock);
		slot->config = agent_config_ref(p->config);
		slot->wanted = p;
		pthread_mutex_unlock(&f->lock);
		agent_config_unref(old);
		slot->failures = 0;
	} else {
		slot = xcalloc(1, sizeof(*slot));
		slot->id = ++f->next_id;
		slot->config = agent_config_ref(p->config);
		slot->wanted = p;
		pthread_mutex_lock(&f->lock);
		while (*at)
			at = &(*at)->next;
		*at = slot;
		pthread_mutex_unlock(&f->lock);
	}
	if (!slot->loading)
		put_task(f, slot, false);
}

void fleet_apply(struct fleet *f, struct agent_config *config)
{
	f->budget.sharers = (uint32_t)config->count;
	for (struct slot *slot = f->slots, *next; slot; slot = next) {
		next = slot->next;
		if (!agent_config_program(config, slot->wanted->name))
			remove_slot(f, slot);
	}
	for (size_t i = 0; i < config->count; i++)
		want(f, &config->programs[i]);
}

/* --- once a second --- */

static void measure(struct fleet *f, struct slot *slot)
{
	struct source *source = job_source(slot->running->job);
	struct rates now = { .time_ns = now_mono_ns(), .lost_known = true }, *old = &slot->rates;
	const struct plan *plan = source->plan;
	struct prog_stats stats;
	double seconds;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		struct map_stats map = source_map_stats(source, &plan->maps[i]);

		now.read += map_has_records(&plan->maps[i]) ? map.read : 0;
		now.lost += map.lost + map.dropped;
		now.lost_known &= map.lost_known || !map_has_records(&plan->maps[i]);
	}
	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (source_prog_stats(source, &plan->progs[i], &stats) >= 0)
			now.run_ns += stats.run_ns;
	seconds = old->time_ns ? (double)(now.time_ns - old->time_ns) / NS_PER_S : 0;
	if (seconds > 0) {
		now.records = (double)(now.read - old->read) / seconds;
		now.cpu = (double)(now.run_ns - old->run_ns) / NS_PER_S / seconds;
	}
	pthread_mutex_lock(&f->lock);
	*old = now;
	pthread_mutex_unlock(&f->lock);
}

void fleet_tick(struct fleet *f)
{
	uint64_t now_ns = now_mono_ns();

	see_off(f);
	for (struct slot *slot = f->slots; slot; slot = slot->next) {
		if (slot->running) {
			job_check(slot->running->job);
			measure(f, slot);
		}
		if (slot->loading)
			continue;
		if (slot->retry_ns && now_ns >= slot->retry_ns)
			put_task(f, slot, false);
		else if (slot->pull_ns && now_ns >= slot->pull_ns && slot->running &&
			 slot->running->program.is_image)
			put_task(f, slot, true);
	}
}

struct fleet_counts fleet_count(struct fleet *f)
{
	struct fleet_counts counts = { .settled = true };

	pthread_mutex_lock(&f->lock);
	for (const struct slot *slot = f->slots; slot; slot = slot->next) {
		counts.wanted++;
		counts.up += slot->running != NULL;
		counts.settled &= slot->tried;
	}
	pthread_mutex_unlock(&f->lock);
	return counts;
}

bool fleet_wants(void *ctx, const struct source *source, const char *sink)
{
	struct fleet *f = ctx;
	const struct slot *slot = slot_of_name(f, source->program);

	for (size_t i = 0; slot && slot->running_as && i < EXPORTERS_COUNT; i++)
		if (streq(exporters[i]->name, sink))
			return slot->running_as->exporters & KEY_EXPORT(i);
	return true;
}

/* --- life --- */

int fleet_new(struct fleet **ret, const struct fleet_opts *opts, struct err *err)
{
	struct fleet *f = xcalloc(1, sizeof(*f));
	struct loading_opts loading = { .global = opts->global,
					.clock = opts->clock,
					.loader = opts->loader,
					.opener = opts->opener,
					.who = opts->who,
					.stacks = opts->stacks };
	int code;

	f->opts = *opts;
	f->budget = (struct series_budget){ .max_bytes = opts->max_memory_bytes, .sharers = 1 };
	pthread_mutex_init(&f->lock, NULL);
	f->bell_fd = loading.bell_fd = bell_new();
	f->left_fd = bell_new();
	loading.budget = opts->max_memory_bytes ? &f->budget : NULL;
	code = MIN(f->bell_fd, f->left_fd);
	code = code < 0 ? err_sys(err, -code, "eventfd")
			: loop_add_fd(opts->loop, f->bell_fd, EPOLLIN, on_bell, f, NULL, err);
	if (code >= 0)
		code = loop_add_fd(opts->loop, f->left_fd, EPOLLIN, on_left, f, NULL, err);
	if (code >= 0)
		code = loading_new(&f->loading, &loading, err);
	if (code < 0) {
		fleet_free(f);
		return code;
	}
	figures_add(opts->figures, &fleet_figures, f);
	*ret = f;
	return 0;
}

int fleet_left_fd(const struct fleet *f)
{
	return f->left_fd;
}

void fleet_set_host(struct fleet *f, struct host *host)
{
	f->host = host;
}

void fleet_stop(struct fleet *f)
{
	loading_free(steal_ptr(&f->loading));
	for (struct slot *slot = f->slots; slot; slot = slot->next)
		if (slot->running)
			job_detach(slot->running->job);
	while (f->slots)
		remove_slot(f, f->slots);
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	loading_free(f->loading);
	figures_remove(f->opts.figures, f);
	for (size_t i = 0; i < f->nleavers; i++)
		loaded_free(f->leavers[i].loaded);
	free(f->leavers);
	close_fd(&f->bell_fd);
	close_fd(&f->left_fd);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
