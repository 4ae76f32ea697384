// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/loading.h"

#include <errno.h>

#include "base/bell.h"
#include "base/thread.h"
#include "base/util.h"
#include "cmd/images/pull_image.h"
#include "cmd/images/trust_args.h"
#include "cmd/run/job_args.h"
#include "cmd/store_path.h"
#include "oci/format/ref.h"

/* Fewer registries than this that do not answer hold up no other program. */
#define WORKERS 4

struct loading {
	struct loading_opts opts;
	pthread_t threads[WORKERS];
	size_t started;
	/* Held while a program is opened and attached, which takes memory and hardly waits. */
	pthread_mutex_t opening;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ends;		       /* these three with the lock */
	struct load_task *todo, *done; /* in order */
};

void loaded_free(struct loaded *loaded)
{
	if (!loaded)
		return;
	job_free(loaded->job);
	program_release(&loaded->program);
	arena_release(&loaded->arena);
	agent_config_unref(loaded->config);
	free(loaded);
}

void load_task_free(struct load_task *task)
{
	loaded_free(task->loaded);
	agent_config_unref(task->config);
	free(task);
}

static void append(struct load_task **list, struct load_task *task)
{
	while (*list)
		list = &(*list)->next;
	task->next = NULL;
	*list = task;
}

static int open_job(const struct loading_opts *opts, const struct agent_program *p,
		    struct loaded *to, struct err *err)
{
	struct job_config config;
	int ret = job_config_of(&p->args, &to->program, opts->clock, &to->arena, &config, err);

	if (ret < 0)
		return ret;
	config.pull = to->program.pull;
	config.statistics = true;
	config.loader = opts->loader;
	config.collect.opener = opts->opener;
	config.who = opts->who;
	config.program = p->name;
	config.collect.series.budget = opts->budget;
	ret = job_open(&to->job, &config, err);
	if (ret < 0)
		return ret;
	job_source(to->job)->several = true;
	job_source(to->job)->stacks = opts->stacks;
	if (plan_is_empty(job_plan(to->job)))
		return err_set(err, EINVAL, "nothing to show: %s", job_plan(to->job)->advice);
	return 0;
}

int loading_check(const struct global_args *global, const struct agent_program *p, struct err *err)
{
	const struct program_pull pull = { &p->args.remote, p->pull, p->args.config_object,
					   &p->args.trust, .no_sources = true };
	struct loading_opts opts = { .clock = wallclock_new() };
	struct loaded *to = xcalloc(1, sizeof(*to));
	int ret = program_open(&to->program, global, p->image, &pull, err);

	if (ret >= 0)
		ret = open_job(&opts, p, to, err);
	if (ret >= 0)
		ret = object_would_start(job_object(to->job), err);
	loaded_free(to);
	wallclock_free(opts.clock);
	return ret;
}

/* Whether the store has another image by now; asks the registry before. */
static int is_new(struct loading *l, const struct load_task *task, struct err *err)
{
	const struct agent_program *p = task->program;
	_cleanup_free_ char *store = NULL;
	_cleanup_policy_ struct policy *policy = NULL;
	struct image_info image = { 0 };
	int ret = trust_policy(&p->args.trust, &policy, err);

	if (ret == 0 && ref_is_remote(p->image))
		ret = pull_image(l->opts.global, &p->args.remote, p->image, NULL, 0, policy, err);

	store = store_of_image(l->opts.global, p->image);
	if (ret >= 0)
		ret = image_find(store, p->image, &image, err);
	if (ret >= 0)
		ret = !streq(image.digest, task->digest);
	image_info_release(&image);
	return ret;
}

static int open_and_attach(struct loading *l, const struct agent_program *p, struct loaded *to,
			   struct err *err)
{
	int ret;

	pthread_mutex_lock(&l->opening);
	ret = open_job(&l->opts, p, to, err);
	if (ret >= 0)
		ret = job_attach(to->job, err);
	pthread_mutex_unlock(&l->opening);
	return ret;
}

/* Pulls, opens and attaches. */
static int loading_run(struct loading *l, struct load_task *task)
{
	const struct agent_program *p = task->program;
	const struct program_pull pull = { &p->args.remote, p->pull, p->args.config_object,
					   &p->args.trust, .no_sources = true };
	struct loaded *to;
	int ret = task->refresh ? is_new(l, task, &task->err) : 1;

	if (ret <= 0)
		return ret;
	to = xcalloc(1, sizeof(*to));
	to->config = agent_config_ref(task->config);
	ret = program_open(&to->program, l->opts.global, p->image, &pull, &task->err);
	if (ret >= 0)
		ret = open_and_attach(l, p, to, &task->err);
	if (ret >= 0)
		task->loaded = to;
	else
		loaded_free(to);
	return ret < 0 ? ret : 0;
}

static void *work(void *ctx)
{
	struct loading *l = ctx;
	struct load_task *task;

	pthread_mutex_lock(&l->lock);
	while (true) {
		while (!l->ends && !l->todo)
			pthread_cond_wait(&l->changed, &l->lock);
		if (l->ends)
			break;
		task = l->todo;
		l->todo = task->next;
		pthread_mutex_unlock(&l->lock);
		task->code = loading_run(l, task);
		pthread_mutex_lock(&l->lock);
		append(&l->done, task);
		bell_ring(l->opts.bell_fd);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

int loading_new(struct loading **ret, const struct loading_opts *opts, struct err *err)
{
	struct loading *l = xcalloc(1, sizeof(*l));
	int code;

	l->opts = *opts;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
	pthread_mutex_init(&l->opening, NULL);
	for (code = 0; l->started < WORKERS && code >= 0; l->started += code >= 0)
		code = thread_start(&l->threads[l->started], "loading", work, l, err);
	if (code < 0)
		loading_free(l);
	else
		*ret = l;
	return code;
}

void loading_free(struct loading *l)
{
	struct load_task *task;

	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->ends = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
	while (l->started)
		pthread_join(l->threads[--l->started], NULL);
	while ((task = l->todo)) {
		l->todo = task->next;
		load_task_free(task);
	}
	while ((task = l->done)) {
		l->done = task->next;
		load_task_free(task);
	}
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->opening);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void loading_put(struct loading *l, struct load_task *task)
{
	pthread_mutex_lock(&l->lock);
	append(&l->todo, task);
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

struct load_task *loading_get(struct loading *l)
{
	struct load_task *task;

	pthread_mutex_lock(&l->lock);
	task = l->done;
	if (task)
		l->done = task->next;
	pthread_mutex_unlock(&l->lock);
	return task;
}
