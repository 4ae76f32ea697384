// SPDX-License-Identifier: Apache-2.0
/*
 * Programs for one hook by two mechanisms: "tp_btf/sched_switch" and "raw_tp/sched_switch". Their
 * author's own loader attaches one of them; both would count everything twice. Where their names
 * differ only in the mechanism (switch_btf and switch_raw) they are alternatives for one job.
 */
#include <string.h>

#include "base/util.h"
#include "runner/load/plan/hook.h"
#include "runner/load/plan/plan_internal.h"

#define CORE_MAX 128

enum place { PLACE_NONE, PLACE_EVENT, PLACE_ENTRY, PLACE_RETURN };

/* Where in the kernel the program runs, and by which mechanism. */
struct spot {
	enum place place;
	uint8_t hook;
	const char *name; /* of the tracepoint or function */
};

static struct spot spot_of(const struct prog_plan *prog)
{
	const char *target, *slash;
	const struct hook_type *type = hook_of(prog->section, &target);
	struct spot spot = { .hook = type->hook, .name = target };

	switch (type->hook) {
	case HOOK_TRACEPOINT:
		slash = strchr(target, '/');
		spot.name = slash ? slash + 1 : "";
		/* fall through */
	case HOOK_RAW_TP:
	case HOOK_TP_BTF:
		spot.place = PLACE_EVENT;
		break;
	case HOOK_FENTRY:
	case HOOK_KPROBE:
		spot.place = type->ret ? PLACE_RETURN : PLACE_ENTRY;
		break;
	default:
		break;
	}
	if (!*spot.name)
		spot.place = PLACE_NONE;
	return spot;
}

bool prog_same_hook(const struct prog_plan *a, const struct prog_plan *b)
{
	struct spot x = spot_of(a), y = spot_of(b);

	return x.place != PLACE_NONE && x.place == y.place && x.hook != y.hook &&
	       streq(x.name, y.name);
}

static bool is_mechanism(const char *word, size_t len)
{
	static const char *const words[] = {
		"btf",	 "raw",	   "tp",	"tracepoint", "rawtp",	"fentry", "fexit",
		"entry", "kprobe", "kretprobe", "exit",	      "handle", "ret",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == len && !memcmp(words[i], word, len))
			return true;
	return false;
}

/* The name without the words that say how it is attached. */
static void core_of(const char *name, char core[CORE_MAX])
{
	size_t used = 0;

	while (*name) {
		size_t len = strcspn(name, "_");

		if (len && !is_mechanism(name, len) && used + len + 2 < CORE_MAX) {
			memcpy(core + used, name, len);
			used += len;
			core[used++] = '_';
		}
		name += len + (name[len] == '_');
	}
	core[used] = '\0';
}

static bool same_core(const struct prog_plan *a, const struct prog_plan *b)
{
	char x[CORE_MAX], y[CORE_MAX];

	core_of(a->name, x);
	core_of(b->name, y);
	return *x && streq(x, y);
}

void plan_twins(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct prog_plan *prog = &plan->progs[i];

		for (uint32_t k = 0; k < i; k++) {
			const struct prog_plan *other = &plan->progs[k];

			/* A '?' says already that they are not all meant to run. */
			if (prog->first_state != PROG_WANTED || other->first_state != PROG_WANTED ||
			    !prog_same_hook(prog, other) || !same_core(prog, other))
				continue;
			prog->job = other->job;
			break;
		}
	}
}
