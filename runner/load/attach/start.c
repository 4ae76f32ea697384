// SPDX-License-Identifier: Apache-2.0
/*
 * Load and attach, with alternatives.
 *
 * Programs of one job are tried in file order, one at a time. Looking at a few files rules out the
 * hopeless ones without a load; beyond that the first candidate is believed to work, since asking
 * first would cost another reading of the kernel's BTF. When the kernel refuses a program that has
 * alternatives left, the object is opened again from its bytes and the next one takes its place.
 * Each round refuses at least one program, so there are at most as many rounds as programs. A job
 * of which no alternative works ends the object, unless all that is wrong is an absent hook and the
 * options, or the program itself, say to go on without it.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/kernel/explain.h"
#include "runner/load/plan/hook.h"
#include "runner/load/attach/object_internal.h"
#include "runner/load/kernel/mounts.h"

#define LARGE_BSS (1u << 20)

#define NO_CULPRIT UINT32_MAX

static bool has_turn(const struct object *object, uint32_t i)
{
	return object_state(object, i) == PROG_WANTED || object_state(object, i) == PROG_STANDBY;
}

static uint32_t alternatives_left(const struct object *object, const char *job)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < object->plan.nprogs; i++)
		count += has_turn(object, i) && streq(object->plan.progs[i].job, job);
	return count;
}

static void refuse(struct object *object, const struct prog_plan *prog, int code,
		   const char *reason)
{
	object_set_status(object, prog->index, PROG_REFUSED, arena_strdup(&object->reasons, reason),
			  code);
	log_debug("program '%s' left out: %s", prog->name, reason);
}

static bool has_candidate(const struct object *object, const char *job)
{
	for (uint32_t i = 0; i < object->plan.nprogs; i++)
		if (object_state(object, i) == PROG_WANTED && streq(object->plan.progs[i].job, job))
			return true;
	return false;
}

/* The candidate of each job; what files already rule out is refused here. */
static void choose(struct object *object)
{
	const struct plan *plan = &object->plan;
	char reason[256];

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *prog = &plan->progs[i];

		if (object_state(object, i) != PROG_STANDBY || has_candidate(object, prog->job))
			continue;
		if ((prog->optional || alternatives_left(object, prog->job) > 1) &&
		    !attach_possible(prog, &object->targets[i], reason, sizeof(reason)))
			refuse(object, prog, -ENOENT, reason);
		else
			object_set_status(object, i, PROG_WANTED, NULL, 0);
	}
}

/* Nothing is left to load, since each program's hook is missing and each could be left out. */
static int check_any(const struct object *object, struct err *err)
{
	const struct prog_plan *last = NULL;

	for (uint32_t i = 0; i < object->plan.nprogs; i++) {
		if (has_turn(object, i))
			return 0;
		if (object_state(object, i) == PROG_REFUSED)
			last = &object->plan.progs[i];
	}
	if (!last)
		return 0;
	err_exit(err, EXIT_KERNEL);
	return err_set(err, ENOENT, "none of its programs has its hook here; '%s' (%s): %s",
		       last->name, last->section, object->status[last->index].reason);
}

/* Two programs that the author's own loader chose from, and the plan does not know as such. */
static void warn_twice(const struct object *object)
{
	const struct plan *plan = &object->plan;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		for (uint32_t k = 0; k < i; k++) {
			const struct prog_plan *a = &plan->progs[k], *b = &plan->progs[i];

			if (object_state(object, k) == PROG_WANTED &&
			    object_state(object, i) == PROG_WANTED && !object->targets[i].count &&
			    !object->targets[k].count && prog_same_hook(a, b))
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
	const struct prog_status why = object_prog_status(object, refused);
	const struct plan *plan = &object->plan;
	const char *target;
	uint8_t hook = hook_of(refused->section, &target)->hook;

	if (why.reason_code != -EPERM || (hook != HOOK_FENTRY && hook != HOOK_LSM))
		return;
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *prog = &plan->progs[i];

		if (has_turn(object, i) && hook_of(prog->section, &target)->hook == hook &&
		    alternatives_left(object, prog->job) > 1)
			refuse(object, prog, -EPERM, why.reason);
	}
}

/* The message of err without "program 'x' (section): ". */
static const char *cause_in(const struct err *err, const struct prog_plan *prog)
{
	_cleanup_free_ char *prefix = xasprintf("program '%s' (%s): ", prog->name, prog->section);

	return has_prefix(err->msg, prefix) ? err->msg + strlen(prefix) : err->msg;
}

static bool is_absence(int code)
{
	return code == -ENOENT || code == -ESRCH;
}

/*
 * Every alternative of the job was refused, and each is listed with its reason. An absent hook is
 * the ordinary one; a program that was refused for another reason is the one to explain.
 */
static void explain_job(const struct object *object, const char *job, struct err *err)
{
	const struct rejection *last = object->rejection;
	const struct plan *plan = &object->plan;
	struct err all = { .exit = err->exit };
	const char *name = "", *reason = NULL;
	size_t len = 0;
	uint32_t count = 0;

	if (last && streq(last->job, job))
		*err = last->err;
	for (uint32_t i = 0; i < plan->nprogs && len < sizeof(all.detail); i++) {
		const struct prog_plan *prog = &plan->progs[i];

		if (object_state(object, i) != PROG_REFUSED || !streq(prog->job, job))
			continue;
		len += (size_t)snprintf(all.detail + len, sizeof(all.detail) - len, "%s (%s): %s\n",
					prog->name, prog->section, object->status[i].reason);
		count++;
		if (!is_absence(object->status[i].reason_code)) {
			name = prog->name;
			reason = object->status[i].reason;
		}
	}
	if (count < 2)
		return;
	if (len < sizeof(all.detail))
		snprintf(all.detail + len, sizeof(all.detail) - len, "%s", err->detail);
	err_set(&all, ENOTSUP, "program '%s': none of its %u alternatives works here%s%s%s%s", job,
		count, reason ? "; " : "", name, reason ? ": " : "", reason ? reason : "");
	err_hint(&all, "%s",
		 *err->hint ? err->hint : "'bombus check' lists what this kernel can do");
	*err = all;
}

/* ---- one round ---- */

/*
 * libbpf keeps shared memory for .bss and reads all of it when it loads, which makes every page
 * resident. Nothing writes there before; private memory that only is read takes none.
 */
static void spare_bss(struct bpf_object *bpf)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, bpf) {
		const char *name = bpf_map__name(map);
		size_t bytes = 0, len = strlen(name);
		void *at = bpf_map__is_internal(map) ? (void *)bpf_map__initial_value(map, &bytes)
						     : NULL;

		if (at && bytes >= LARGE_BSS && len > 4 && streq(name + len - 4, ".bss"))
			(void)!mmap(at, bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	}
}

static int load(struct object *object, uint32_t *ret_culprit, struct err *err)
{
	const struct plan *plan = &object->plan;
	const struct bpflog *log = &object->log;
	uint64_t start = now_mono_ns();
	const struct prog_plan *blamed;
	int rc;

	spare_bss(object->bpf);
	bpflog_begin(&object->log);
	rc = bpf_object__load(object->bpf);
	bpflog_end(&object->log);
	object->times.load = (struct step){ start, now_mono_ns() };
	object->times.load_ns += object->times.load.end_ns - start;
	if (rc == 0)
		return 0;
	blamed = *log->blamed ? plan_prog(plan, log->blamed) : NULL;
	if (!blamed || object_state(object, blamed->index) != PROG_WANTED)
		return explain_object(rc, log, err);
	*ret_culprit = blamed->index;
	return explain_load(blamed, rc, *log->verifier ? log->verifier : log->warnings,
			    object->opts.btf, err);
}

static bool has_fallback(const struct object *object, const struct prog_plan *prog)
{
	return alternatives_left(object, prog->job) > 1;
}

/*
 * Programs that may be refused and replaced come first, so that little has to be undone: detaching
 * takes the kernel longer than all the rest.
 */
static int attach_wanted(struct object *object, bool with_fallback, uint32_t *ret_culprit,
			 struct err *err)
{
	const struct plan *plan = &object->plan;
	int rc = 0;

	for (uint32_t i = 0; i < plan->nprogs && rc == 0; i++) {
		struct step *step = &object->status[i].attach;

		if (object_state(object, i) != PROG_WANTED ||
		    has_fallback(object, &plan->progs[i]) != with_fallback)
			continue;
		*ret_culprit = i;
		__atomic_store_n(&step->start_ns, now_mono_ns(), __ATOMIC_RELAXED);
		rc = attach_program(object->attachments, object->bpf, object->progs[i],
				    &plan->progs[i], &object->targets[i], err);
		__atomic_store_n(&step->end_ns, now_mono_ns(), __ATOMIC_RELAXED);
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
		bool wanted = object_state(object, i) == PROG_WANTED;

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
		rc = options_check_maps(object, err);
	if (rc == 0)
		rc = pins_prepare(object, err);
	if (rc == 0)
		rc = load(object, ret_culprit, err);
	if (rc == 0)
		rc = aim_fill(object, err);
	return rc < 0 ? rc : attach(object, ret_culprit, err);
}

/* A hook that this kernel or this file does not have, as against one that is refused. */
static bool is_missing(int code, const struct err *err)
{
	return is_absence(code) && err->exit != EXIT_USAGE;
}

static uint32_t turns_left(const struct object *object)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < object->plan.nprogs; i++)
		count += has_turn(object, i);
	return count;
}

/* A file that the user named is no matter of what this machine happens to have. */
static bool has_path(const struct word_list *targets)
{
	return targets->count && strchr(targets->words[0], '/');
}

/* Whether the others may run without this job. */
static bool skips(const struct object *object, const struct prog_plan *prog, int code,
		  struct err *err)
{
	size_t len;

	if (!turns_left(object))
		return false;
	if (prog->optional && is_absence(code) && !has_path(&object->targets[prog->index]))
		return true;
	if (!is_missing(code, err))
		return false;
	if (object->opts.skip_missing) {
		log_warn("%s: left out: %s", object->name, err->msg);
		return true;
	}
	len = strlen(err->hint);
	snprintf(err->hint + len, sizeof(err->hint) - len,
		 "%s--skip-missing runs the others without it", len ? "; " : "");
	return false;
}

static void keep_rejection(struct object *object, const char *job, const struct err *err)
{
	if (!object->rejection)
		object->rejection = xcalloc(1, sizeof(*object->rejection));
	*object->rejection = (struct rejection){ job, *err };
}

/* 0: another round is worth it. */
static int next_round(struct object *object, uint32_t culprit, int code, struct err *err)
{
	const struct prog_plan *prog = culprit == NO_CULPRIT ? NULL : &object->plan.progs[culprit];

	if (!prog)
		return code;
	refuse(object, prog, code, cause_in(err, prog));
	if (!is_absence(code))
		keep_rejection(object, prog->job, err);
	if (!alternatives_left(object, prog->job)) {
		explain_nearest(prog, code, err);
		explain_job(object, prog->job, err);
		if (!skips(object, prog, code, err))
			return code;
	}
	refuse_like(object, prog);
	choose(object);
	pins_release(object);
	*err = (struct err){ 0 };
	return object_reopen(object, err);
}

/* What was there before is taken in after the programs are attached: between the two nothing is
 * missed. */
static int walk_at_start(const struct object *object, struct err *err)
{
	const struct plan *plan = &object->plan;
	int rc = 0;

	for (uint32_t i = 0; i < plan->nprogs && rc == 0; i++)
		if (plan->progs[i].walk == WALK_START && object_state(object, i) == PROG_WANTED)
			rc = object_walk(object, &plan->progs[i], err);
	return rc;
}

static void started(struct object *object)
{
	for (uint32_t i = 0; i < object->plan.nprogs; i++) {
		if (object_state(object, i) == PROG_WANTED)
			object_set_status(object, i,
					  attachments_has(object->attachments, i) ? PROG_ATTACHED
										  : PROG_LOADED,
					  NULL, 0);
		else if (object_state(object, i) == PROG_STANDBY)
			object_set_status(object, i, PROG_OFF, "an alternative of its job works",
					  0);
	}
	for (uint32_t i = 0; i < object->plan.nprogs; i++)
		object->prog_fds[i] = object_state(object, i) >= PROG_LOADED
					      ? bpf_program__fd(object->progs[i])
					      : -1;
	/* Memory left from reading the kernel's types goes back to the system. */
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

static bool wants_tracefs(const struct object *object)
{
	const struct plan *plan = &object->plan;
	const char *target;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		switch (has_turn(object, i) ? hook_of(plan->progs[i].section, &target)->hook
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

int object_would_start(struct object *object, struct err *err)
{
	const struct plan *plan = &object->plan;
	int rc = 0;

	choose(object);
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct err local = { 0 };

		if (object_state(object, i) != PROG_WANTED)
			continue;
		bpflog_begin(&object->log);
		rc = attach_prepare(object->bpf, object->progs[i], &plan->progs[i],
				    &object->targets[i], &local);
		bpflog_end(&object->log);
		if (rc == 0)
			continue;
		refuse(object, &plan->progs[i], rc, cause_in(&local, &plan->progs[i]));
		if (!alternatives_left(object, plan->progs[i].job)) {
			if (err)
				*err = local;
			err_wrap(err, "%s", object->name);
			return rc;
		}
		choose(object);
		i = UINT32_MAX; /* from the start: another one has its turn */
	}
	rc = options_check_maps(object, err);
	if (rc < 0)
		err_wrap(err, "%s", object->name);
	return rc;
}

int object_start(struct object *object, struct err *err)
{
	struct err local = { 0 };
	uint32_t culprit, rounds = 0;
	int rc;

	if (object->attachments || !object->image.bytes)
		return err_set(err, EALREADY, "%s was started before", object->name);
	if (wants_tracefs(object))
		tracefs_ensure(); /* where that fails, attaching says why it matters */
	choose(object);
	warn_twice(object);
	rc = check_any(object, &local);
	if (rc < 0)
		return give_up(object, rc, &local, err);
	while ((rc = start_round(object, &culprit, &local)) < 0)
		if (rounds++ >= object->plan.nprogs || next_round(object, culprit, rc, &local) < 0)
			break;
	if (rc == 0)
		rc = pins_finish(object, &local);
	if (rc == 0)
		rc = walk_at_start(object, &local);
	if (rc < 0)
		return give_up(object, rc, &local, err);
	started(object);
	return 0;
}
