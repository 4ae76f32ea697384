// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/reload.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/bell.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/thread.h"
#include "base/util.h"
#include "cmd/author/compiler.h"
#include "cmd/author/source.h"

/* Of a source, and all that its job borrows. */
struct version {
	struct program program;
	struct arena arena;
	struct job *job; /* NULL: it was refused */
	uint64_t start_ns;
	struct err err;
	struct version *next;
};

struct watching {
	struct reload *reload;
	size_t at;		 /* of the program */
	struct version *running; /* NULL: the first one, which is the programs' own */
	struct version *loading; /* by the thread; NULL: there is none */
	struct version *waiting; /* for the thread to end */
	pthread_t thread;
	int bell_fd; /* rung when the thread is done */
};

struct reload {
	struct programs *programs;
	struct loop *loop;
	struct watching *all;
	size_t count;
	struct version *left; /* sinks may still know their sources */
};

static void version_free(struct version *v)
{
	if (!v)
		return;
	job_free(v->job);
	program_release(&v->program);
	arena_release(&v->arena);
	free(v);
}

static void refused(const struct err *err)
{
	if (err->detail[0])
		log_error("%s", err->detail);
	log_error("%s; the version before it goes on", err->msg);
	if (err->hint[0])
		log_error("hint: %s", err->hint);
}

/* ---- loading, in a thread ---- */

static void *load(void *ctx)
{
	struct watching *w = ctx;
	struct version *v = w->loading;
	int ret = programs_open_job(w->reload->programs, w->at, &v->program, &v->arena, &v->job,
				    &v->err);

	if (ret >= 0)
		ret = job_attach(v->job, &v->err);
	if (ret < 0)
		job_free(steal_ptr(&v->job));
	bell_ring(w->bell_fd);
	return NULL;
}

static void begin(struct watching *w, struct version *v)
{
	w->loading = v;
	if (thread_start(&w->thread, "reload", load, w, &v->err) >= 0)
		return;
	refused(&v->err);
	version_free(steal_ptr(&w->loading));
}

/* ---- in the loop ---- */

/* The job before it is detached once the new one is attached: from here on outputs see one. */
static int replace(struct watching *w, struct version *v, struct err *err)
{
	struct reload *r = w->reload;
	struct job *old = NULL;
	bool gone;
	int ret = programs_replace(r->programs, w->at, v->job, r->loop, &old, &gone, err);

	if (w->running && gone) {
		version_free(w->running);
	} else if (w->running) {
		w->running->next = r->left;
		r->left = w->running;
	} else if (gone) {
		job_free(old);
	} else {
		struct version *first = xcalloc(1, sizeof(*first));

		first->job = old;
		first->next = r->left;
		r->left = first;
	}
	w->running = v;
	if (ret >= 0)
		log_info("%s: the new version runs, %.0f ms after it was saved", v->program.name,
			 (double)(now_mono_ns() - v->start_ns) / 1e6);
	return ret;
}

static int on_loaded(void *ctx, uint32_t events)
{
	struct watching *w = ctx;
	struct version *v = steal_ptr(&w->loading);
	struct err err = { 0 };
	int ret = 0;

	bell_answer(w->bell_fd);
	pthread_join(w->thread, NULL);
	if (v->job)
		ret = replace(w, v, &err);
	else
		refused(&v->err);
	if (!v->job)
		version_free(v);
	if (ret < 0)
		log_error("%s", err.msg);
	else if (w->waiting)
		begin(w, steal_ptr(&w->waiting));
	return ret;
}

static struct version *version_of(const struct program *program, struct compiled *made)
{
	struct version *v = xcalloc(1, sizeof(*v));

	v->program.name = xstrdup(program->name);
	v->program.bytes = steal_ptr(&made->bytes);
	v->program.len = made->len;
	v->program.pull = program->pull;
	v->start_ns = made->start_ns;
	return v;
}

static int on_compiled(void *ctx, uint32_t events)
{
	struct watching *w = ctx;
	const struct program *program = &w->reload->programs->all[w->at].program;
	_cleanup_(compiled_release) struct compiled made = { 0 };
	struct err err = { 0 };
	int ret = compiler_take(program->compiler, &made, &err);

	if (ret == -EPIPE) {
		log_error("%s", err.msg);
		return ret;
	}
	if (made.said && *made.said)
		log_msg(ret < 0 ? LOG_ERROR : LOG_WARN, "%s", made.said);
	if (ret >= 0)
		ret = source_check_object(program->name, made.bytes, made.len, NULL, &err);
	if (ret < 0) {
		refused(&err);
		return 0;
	}
	version_free(w->waiting);
	w->waiting = version_of(program, &made);
	if (!w->loading)
		begin(w, steal_ptr(&w->waiting));
	return 0;
}

/* ---- life ---- */

static int watch(struct reload *r, size_t at, struct err *err)
{
	struct watching *w = &r->all[r->count++];
	int fd = compiler_fd(r->programs->all[at].program.compiler), ret;

	*w = (struct watching){ .reload = r, .at = at, .bell_fd = bell_new() };
	ret = w->bell_fd < 0 ? err_sys(err, -w->bell_fd, "eventfd")
			     : loop_add_fd(r->loop, w->bell_fd, EPOLLIN, on_loaded, w, NULL, err);
	return ret < 0 ? ret : loop_add_fd(r->loop, fd, EPOLLIN, on_compiled, w, NULL, err);
}

int reload_start(struct reload **ret, struct programs *programs, struct loop *loop, struct err *err)
{
	struct reload *r = xcalloc(1, sizeof(*r));
	int code = 0;

	r->programs = programs;
	r->loop = loop;
	r->all = xcalloc(programs->count, sizeof(*r->all));
	*ret = r;
	for (size_t i = 0; i < programs->count && code >= 0; i++)
		if (programs->all[i].job && programs->all[i].program.compiler)
			code = watch(r, i, err);
	return code;
}

void reload_stop(struct reload *r)
{
	for (size_t i = 0; r && i < r->count; i++) {
		struct watching *w = &r->all[i];

		if (w->loading)
			pthread_join(w->thread, NULL);
		version_free(steal_ptr(&w->loading));
		version_free(steal_ptr(&w->waiting));
	}
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		if (r->all[i].running)
			r->programs->all[r->all[i].at].job = NULL;
		version_free(r->all[i].running);
		close_fd(&r->all[i].bell_fd);
	}
	for (struct version *v = r->left, *next; v; v = next) {
		next = v->next;
		version_free(v);
	}
	free(r->all);
	free(r);
}
