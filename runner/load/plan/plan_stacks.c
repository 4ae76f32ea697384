// SPDX-License-Identifier: Apache-2.0
/*
 * Which fields hold ids of stacks, and of which STACK_TRACE map: what the instructions do comes
 * first, then what the names say.
 */
#include <endian.h>
#include <limits.h>
#include <linux/bpf.h>
#include "base/util.h"
#include "runner/load/elf/elf_code.h"
#include "runner/load/elf/map_use.h"
#include "runner/load/plan/plan_internal.h"

struct uses {
	const struct plan *plan;
	uint32_t nstacks;
	struct stack_use *all; /* maps by their index in the plan */
	size_t count;
};

static void add_use(void *ctx, const struct stack_use *use)
{
	struct uses *uses = ctx;

	uses->all = xreallocarray(uses->all, uses->count + 1, sizeof(*uses->all));
	uses->all[uses->count++] = *use;
}

static int index_of(const struct plan *plan, const char *symbol)
{
	for (uint32_t i = 0; symbol && i < plan->nmaps; i++)
		if (streq(plan->maps[i].symbol, symbol))
			return (int)i;
	return MAP_USE_ANY;
}

static void look(void *ctx, const struct elf_code *code)
{
	static const struct map_use_ops ops = { .stack = add_use };
	struct uses *uses = ctx;
	_cleanup_free_ int *maps = xcalloc(code->count + 1, sizeof(*maps));

	for (size_t i = 0; i < code->count; i++)
		maps[i] = index_of(uses->plan, code->symbols[i]);
	map_use_find(code->insns, maps, code->count, &ops, uses);
}

int plan_stacks_number(const struct plan *plan, const struct map_plan *map)
{
	int number = 0;

	if (map->type != BPF_MAP_TYPE_STACK_TRACE)
		return -1;
	for (uint32_t i = 0; i < map->index; i++)
		number += plan->maps[i].type == BPF_MAP_TYPE_STACK_TRACE;
	return number < FIELD_NO_STACKS ? number : -1;
}

/* The one map of all uses at this place; -1: there is none, or they differ. */
static int used_map(const struct uses *uses, int map, bool in_key, uint32_t off_bytes)
{
	int found = -1;

	for (size_t i = 0; i < uses->count; i++) {
		const struct stack_use *use = &uses->all[i];

		if (use->map != map || use->off_bytes != (int32_t)off_bytes ||
		    (map >= 0 && use->in_key != in_key))
			continue;
		if (found >= 0 && found != use->stack_map)
			return -1;
		found = use->stack_map;
	}
	return found;
}

/* A record that is written in another map first, or through a pointer of a function's caller. */
static int used_elsewhere(const struct uses *uses, const struct layout *layout, uint32_t off_bytes)
{
	int found = -1;

	for (size_t i = 0; i < uses->count; i++) {
		const struct stack_use *use = &uses->all[i];

		if (use->off_bytes != (int32_t)off_bytes ||
		    (use->map >= 0 && !streq(uses->plan->maps[use->map].value.type_name
						     ? uses->plan->maps[use->map].value.type_name
						     : "",
					     layout->type_name)))
			continue;
		if (found >= 0 && found != use->stack_map)
			return -1;
		found = use->stack_map;
	}
	return found;
}

/* Where there are several: "kstacks" and "kern_stacks" for the kernel's, "ustacks" and
 * "user_stacks" for those of users. */
static bool is_named_for(const char *name, bool user)
{
	return name[0] == (user ? 'u' : 'k') || strstr(name, user ? "user" : "kern");
}

static int named_map(const struct plan *plan, bool user, uint32_t nstacks)
{
	int found = -1;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (plan->maps[i].type != BPF_MAP_TYPE_STACK_TRACE ||
		    (nstacks > 1 && !is_named_for(plan->maps[i].symbol, user)))
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

/* A plain number that programs put the ids of one kind of stack into, and nothing says what it is.
 */
static void give_meaning(const struct uses *uses, const struct map_plan *map, struct field *f,
			 bool in_key)
{
	const struct stack_use *found = NULL;

	if (f->meaning != MEAN_NONE || f->count != 1 || f->is_bits || f->tags ||
	    (f->kind != KIND_INT && f->kind != KIND_UINT) || f->size_bits < 32)
		return;
	for (size_t i = 0; i < uses->count; i++) {
		const struct stack_use *use = &uses->all[i];

		if (use->map != (int)map->index || use->in_key != in_key ||
		    use->off_bytes != (int32_t)(f->off_bits / 8))
			continue;
		if (!use->knows_flags || (found && found->is_user != use->is_user))
			return;
		found = use;
	}
	if (found)
		field_give_meaning(f, found->is_user ? MEAN_USTACK : MEAN_KSTACK);
}

/* Names by which programs call the process of a record, the best one first. */
static int rank_of_pid(const struct field *f)
{
	static const char *const names[] = { "tgid", "pid", "_tgid", "_pid" };

	if (f->count != 1 || f->is_bits || f->size_bits < 32 ||
	    (f->kind != KIND_INT && f->kind != KIND_UINT) ||
	    (f->meaning != MEAN_PID && f->meaning != MEAN_NONE))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i][0] == '_' ? has_suffix(f->name, names[i]) : streq(f->name, names[i]))
			return (int)i;
	return -1;
}

/* The process whose stack it is. */
static void find_pid(const struct layout *layout, struct field *stack)
{
	int best = INT_MAX;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *f = &layout->fields[i];
		int rank = rank_of_pid(f);

		if (rank < 0 || rank >= best)
			continue;
		best = rank;
		stack->has_pid = true;
		stack->pid_at = f->off_bits / 8;
		if (__BYTE_ORDER == __BIG_ENDIAN)
			stack->pid_at += f->size_bits / 8 - 4;
	}
}

static void choose(const struct uses *uses, const struct map_plan *map, struct layout *layout,
		   bool in_key)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		struct field *f = &layout->fields[i];
		int found, number = -1;

		give_meaning(uses, map, f, in_key);
		if (f->meaning != MEAN_KSTACK && f->meaning != MEAN_USTACK)
			continue;
		if (f->meaning == MEAN_USTACK)
			find_pid(layout, f);
		found = used_map(uses, (int)map->index, in_key, f->off_bits / 8);
		if (found < 0)
			found = used_elsewhere(uses, layout, f->off_bits / 8);
		if (found < 0)
			found = named_map(uses->plan, f->meaning == MEAN_USTACK, uses->nstacks);
		if (found >= 0)
			number = plan_stacks_number(uses->plan, &uses->plan->maps[found]);
		f->stacks = number < 0 ? FIELD_NO_STACKS : (uint8_t)number;
	}
}

void plan_stacks(struct plan_ctx *ctx)
{
	struct plan *plan = ctx->plan;
	struct uses uses = { .plan = plan };

	for (uint32_t i = 0; i < plan->nmaps; i++)
		uses.nstacks += plan->maps[i].type == BPF_MAP_TYPE_STACK_TRACE;
	if (!uses.nstacks)
		return;
	elf_code_each(ctx->image, look, &uses);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		struct map_plan *map = &plan->maps[i];

		if (map->has_key)
			choose(&uses, map, &map->key, true);
		if (map->has_value)
			choose(&uses, map, &map->value, false);
	}
	free(uses.all);
}
