// SPDX-License-Identifier: Apache-2.0
/*
 * Load and attach, with alternatives.
 *
 * Programs of one job are tried in file order, one at a time. Looking at a few files rules out the
 * hopeless ones without a load; beyond that the first candidate is believed to work, since asking
 * first would cost another reading of the kernel's BTF. When the kernel refuses a program that has
 * alternatives left, the object is opened again from its bytes and the next one takes its place.
 * Each round refuses at least one program, so there are at most as many rounds as programs.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/kernel/explain.h"
#include "runner/load/plan/hook.h"
#include "runner/load/attach/object_internal.h"

#define NO_CULPRIT UINT32_MAX

static bool has_turn(const struct prog_plan *prog)
{
	return prog->state == PROG_WANTED || prog->state == PROG_STANDBY;
}

static uint32_t alternatives_left(const struct plan *plan, const char *job)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->nprogs; i++)
		count += has_turn(&plan->progs[i]) && streq(plan->progs[i].job, job);
	return count;
}

static void refuse(struct object *object, struct prog_plan *prog, int code, const char *reason)
{
	prog->state = PROG_REFUSED;
	prog->reason = arena_strdup(&object->plan.arena, reason);
	prog->reason_code = code;
	log_debug("program '%s' left out: %s", prog->name, reason);
}

static bool has_candidate(const struct plan *plan, const char *job)
{
	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (plan->progs[i].state == PROG_WANTED && streq(plan->progs[i].job, job))
			return true;
	return false;
}

/* The candidate of each job; what files already rule out is refused here. */
static void choose(struct object *object)
{
	struct plan *plan = &object->plan;
	char reason[256];

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct prog_plan *prog = &plan->progs[i];

		if (prog->state != PROG_STANDBY || has_candidate(plan, prog->job))
			continue;
		if (alternatives_left(plan, prog->job) > 1 &&
		    !attach_possible(prog, &object->targets[i], reason, sizeof(reason)))
			refuse(object, prog, -ENOENT, reason);
		else
			prog->state = PROG_WANTED;
	}
}

/* Two programs that the author's own loader chose from, and the plan does not know as such. */
static void warn_twice(const struct object *object)
{
	const struct plan *plan = &object->plan;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		for (uint32_t k = 0; k < i; k++) {
			const struct prog_plan *a = &plan->progs[k], *b = &plan->progs[i];

			if (a->state == PROG_WANTED && b->state == PROG_WANTED &&
			    !object->targets[i].count && !object->targets[k].count &&
			    prog_same_hook(a, b))
				log_warn("programs '%s' (%s) and '%s' (%s) run at the same place, "
					 "and what they count may count twice: --only %s and the "
					 "others that are needed leaves '%s' out",
					 a->name, a->section, b->name, b->section, a->name,
					 b->name);
		}
	}
}

/*
 * A machine that forbids one fentry program forbids them all: their turn does not come, so that
 * not each of them costs a round.
 */
static void refuse_like(struct object *object, const struct prog_plan *refused)
{
	struct plan *plan = &object->plan;
	const char *target;
	uint8_t hook = hook_of(refused->section, &target)->hook;

	if (refused->reason_code != -EPERM || (hook != HOOK_FENTRY && hook != HOOK_LSM))
		return;
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct prog_plan *prog = &plan->progs[i];

		if (has_turn(prog) && hook_of(prog->section, &target)->hook == hook &&
		    alternatives_left(plan, prog->job) > 1)
			refuse(object, prog, -EPERM, refused->reason);
	}
}

/* What err says without "program 'x' (section): ". */
static const char *cause_in(const struct err *err, const struct prog_plan *prog)
{
	_cleanup_free_ char *prefix = xasprintf("program '%s' (%s): ", prog->name, prog->section);

	return has_prefix(err->msg, prefix) ? err->msg + strlen(prefix) : err->msg;
}

/* Every alternative of the job was refused: says so of each. */
static void explain_job(const struct object *object, const char *job, struct err *err)
{
	const struct plan *plan = &object->plan;
	struct err all = { .exit = err->exit };
	size_t len = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->nprogs && len < sizeof(all.detail); i++) {
		const struct prog_plan *prog = &plan->progs[i];

		if (prog->state != PROG_REFUSED || !streq(prog->job, job))
			continue;
		len += (size_t)snprintf(all.detail + len, sizeof(all.detail) - len, "%s (%s): %s\n",
					prog->name, prog->section, prog->reason);
		count++;
	}
	if (count < 2)
		return;
	if (len < sizeof(all.detail))
		snprintf(all.detail + len, sizeof(all.detail) - len, "%s", err->detail);
	err_set(&all, ENOTSUP, "program '%s': none of its %u alternatives works here", job, count);
	err_hint(&all, "%s",
		 *err->hint ? err->hint : "'bombus check' lists what this kernel can do");
	*err = all;
}

/* ---- one round ---- */

static int load(struct object *object, uint32_t *ret_culprit, struct err *err)
{
	struct plan *plan = &object->plan;
	const struct bpflog *log = &object->log;
	uint64_t start = now_mono_ns();
	struct prog_plan *blamed;
	int rc;

	bpflog_begin(&object->log);
	rc = bpf_object__load(object->bpf);
	bpflog_end(&object->log);
	object->times.load = (struct step){ start, now_mono_ns() };
	object->times.load_ns += object->times.load.end_ns - start;
	if (rc == 0)
		return 0;
	blamed = *log->blamed ? plan_prog(plan, log->blamed) : NULL;
	if (!blamed || blamed->state != PROG_WANTED)
		return explain_object(rc, log, err);
	*ret_culprit = blamed->index;
	return explain_load(blamed, rc, *log->verifier ? log->verifier : log->warnings, err);
}

static bool has_fallback(const struct plan *plan, const struct prog_plan *prog)
{
	return alternatives_left(plan, prog->job) > 1;
}

/*
 * Those that may be refused and replaced come first, so that little has to be undone: detaching
 * takes the kernel longer than all the rest.
 */
static int attach_wanted(struct object *object, bool with_fallback, uint32_t *ret_culprit,
			 struct err *err)
{
	struct plan *plan = &object->plan;
	int rc = 0;

	for (uint32_t i = 0; i < plan->nprogs && rc == 0; i++) {
		if (plan->progs[i].state != PROG_WANTED ||
		    has_fallback(plan, &plan->progs[i]) != with_fallback)
			continue;
		*ret_culprit = i;
		plan->progs[i].attach.start_ns = now_mono_ns();
		rc = attach_program(object->attachments, object->bpf, object->progs[i],
				    &plan->progs[i], &object->targets[i], err);
		plan->progs[i].attach.end_ns = now_mono_ns();
	}
	return rc;
}

static int attach(struct object *object, uint32_t *ret_culprit, struct err *err)
{
	uint64_t start = now_mono_ns();
	int rc;

	object->attachments = attachments_new();
	bpflog_begin(&object->log);
	rc = attach_wanted(object, true, ret_culprit, err);
	if (rc == 0)
		rc = attach_wanted(object, false, ret_culprit, err);
	bpflog_end(&object->log);
	object->times.attach = (struct step){ start, now_mono_ns() };
	object->times.attach_ns += object->times.attach.end_ns - start;
	if (rc < 0)
		attachments_free(steal_ptr(&object->attachments));
	return rc;
}

static int start_round(struct object *object, uint32_t *ret_culprit, struct err *err)
{
	struct plan *plan = &object->plan;
	int rc = 0;

	*ret_culprit = NO_CULPRIT;
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		bool wanted = plan->progs[i].state == PROG_WANTED;

		bpf_program__set_autoload(object->progs[i], wanted);
		if (!wanted || rc < 0)
			continue;
		bpflog_begin(&object->log);
		rc = attach_prepare(object->bpf, object->progs[i], &plan->progs[i],
				    &object->targets[i], err);
		bpflog_end(&object->log);
		if (rc < 0)
			*ret_culprit = i;
	}
	if (rc == 0)
		rc = options_check_sizes(object, err);
	if (rc == 0)
		rc = pins_prepare(object, err);
	if (rc == 0)
		rc = load(object, ret_culprit, err);
	return rc < 0 ? rc : attach(object, ret_culprit, err);
}

/* 0: another round is worth it. */
static int next_round(struct object *object, uint32_t culprit, int code, struct err *err)
{
	struct prog_plan *prog = culprit == NO_CULPRIT ? NULL : &object->plan.progs[culprit];

	if (!prog)
		return code;
	refuse(object, prog, code, cause_in(err, prog));
	if (!alternatives_left(&object->plan, prog->job)) {
		explain_nearest(prog, code, err);
		explain_job(object, prog->job, err);
		return code;
	}
	refuse_like(object, prog);
	choose(object);
	pins_release(object);
	*err = (struct err){ 0 };
	return object_reopen(object, err);
}

static void started(struct object *object)
{
	struct plan *plan = &object->plan;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct prog_plan *prog = &plan->progs[i];

		if (prog->state == PROG_WANTED) {
			prog->state = attachments_has(object->attachments, i) ? PROG_ATTACHED
									      : PROG_LOADED;
		} else if (prog->state == PROG_STANDBY) {
			prog->state = PROG_OFF;
			prog->reason = "an alternative of its job works";
		}
	}
	/* What is left over from reading the kernel's types goes back to the system. */
	elf_image_release(&object->image);
	malloc_trim(0);
}

static int give_up(struct object *object, int code, const struct err *local, struct err *err)
{
	attachments_free(steal_ptr(&object->attachments));
	pins_release(object);
	bpf_object__close(steal_ptr(&object->bpf));
	for (uint32_t i = 0; i < object->plan.nprogs; i++)
		object->progs[i] = NULL;
	if (err)
		*err = *local;
	err_wrap(err, "%s", object->name);
	return code;
}

static bool wants_tracefs(const struct plan *plan)
{
	const char *target;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		switch (has_turn(&plan->progs[i]) ? hook_of(plan->progs[i].section, &target)->hook
						  : HOOK_NONE) {
		case HOOK_TRACEPOINT:
		case HOOK_KPROBE:
		case HOOK_KSYSCALL:
		case HOOK_KPROBE_MULTI:
			return true;
		default:
			break;
		}
	}
	return false;
}

int object_start(struct object *object, struct err *err)
{
	struct err local = { 0 };
	uint32_t culprit, rounds = 0;
	int rc;

	if (object->attachments || !object->image.bytes)
		return err_set(err, EALREADY, "%s was started before", object->name);
	if (wants_tracefs(&object->plan))
		tracefs_ensure(); /* where that fails, attaching says why it matters */
	choose(object);
	warn_twice(object);
	while ((rc = start_round(object, &culprit, &local)) < 0)
		if (rounds++ >= object->plan.nprogs || next_round(object, culprit, rc, &local) < 0)
			break;
	if (rc == 0)
		rc = pins_finish(object, &local);
	if (rc < 0)
		return give_up(object, rc, &local, err);
	started(object);
	return 0;
}
