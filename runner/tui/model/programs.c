// SPDX-License-Identifier: Apache-2.0
/* The last tab: what the programs themselves cost. */
#include <inttypes.h>
#include <math.h>
#include "base/util.h"
#include "runner/tui/model/order.h"
#include "runner/tui/model/shorts.h"
#include "runner/tui/model/tab.h"

struct program {
	char name[64], type[24], hook[96], state[16], reason[240];
	double runs_per_s, ns_per_run, cpu_percent;
	uint64_t runs, missed;
};

#define TEXT(member, title_)                                                                       \
	{                                                                                          \
		.name = title_, .path = title_, .label = title_, .count = 1, .kind = KIND_TEXT,    \
		.off_bits = 8 * offsetof(struct program, member),                                  \
		.size_bits = 8 * sizeof(((struct program *)0)->member)                             \
	}
#define NUMBER(member, title_, kind_, meaning_)                                                    \
	{                                                                                          \
		.name = title_, .path = title_, .label = title_, .count = 1, .kind = kind_,        \
		.meaning = meaning_, .off_bits = 8 * offsetof(struct program, member),             \
		.size_bits = 64                                                                    \
	}

static const struct field fields[] = {
	TEXT(name, "name"),
	TEXT(type, "type"),
	TEXT(hook, "hook"),
	TEXT(state, "state"),
	NUMBER(runs_per_s, "rate", KIND_FLOAT, MEAN_NONE),
	NUMBER(ns_per_run, "avg", KIND_FLOAT, MEAN_DURATION_NS),
	NUMBER(cpu_percent, "cpu", KIND_FLOAT, MEAN_NONE),
	NUMBER(missed, "missed", KIND_UINT, MEAN_NONE),
	/* From here on without a column. */
	NUMBER(runs, "runs", KIND_UINT, MEAN_NONE),
	TEXT(reason, "reason"),
};
static const char *const titles[] = { "name",	"type",	   "hook",  "state",
				      "runs/s", "avg/run", "cpu %", "missed" };

struct programs_tab {
	struct tab tab;
	struct map_plan shown;
	struct program *programs; /* by index in the plan */
	struct program *frozen;	  /* what is looked at while paused */
	struct prog_stats *last;
	struct order_item *order;
	uint64_t put_ns;
	bool known;
	struct programs_sum sum;
};

static struct programs_tab *programs_of(struct tab *tab)
{
	return container_of(tab, struct programs_tab, tab);
}

static struct program *seen(const struct programs_tab *pt)
{
	return pt->frozen ? pt->frozen : pt->programs;
}

static void text_into(char *dst, size_t room, const char *text)
{
	snprintf(dst, room, "%s", text ? text : "");
}

static bool is_wanted(const struct prog_status *status)
{
	return status->state != PROG_OFF && status->state != PROG_STANDBY;
}

/* States come with the start of the object, which may be after the first look. */
static bool read_states(struct programs_tab *pt)
{
	static const char *const states[] = {
		[PROG_WANTED] = "wanted",     [PROG_STANDBY] = "standby",
		[PROG_OFF] = "off",	      [PROG_REFUSED] = "refused",
		[PROG_LOADED] = "loaded",     [PROG_ATTACHED] = "attached",
		[PROG_DETACHED] = "detached",
	};
	struct source *source = pt->tab.env->source;
	const struct plan *plan = source->plan;
	uint32_t attached = 0, wanted = 0;
	bool changed;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *prog = &plan->progs[i];
		struct prog_status status = source_prog_status(source, prog);
		struct program *program = &pt->programs[i];

		text_into(program->state, sizeof(program->state), states[status.state]);
		text_into(program->reason, sizeof(program->reason), status.reason);
		text_into(program->hook, sizeof(program->hook), prog->target);
		attached += status.state == PROG_ATTACHED;
		wanted += is_wanted(&status);
	}
	changed = attached != pt->sum.attached || wanted != pt->sum.wanted;
	pt->sum.attached = attached;
	pt->sum.wanted = wanted;
	return changed;
}

static void programs_item(struct tab *tab, uint64_t at, struct item *ret)
{
	struct programs_tab *pt = programs_of(tab);
	uint32_t slot = pt->order[at].slot;
	struct source *source = tab->env->source;
	struct prog_status status = source_prog_status(source, &source->plan->progs[slot]);

	*ret = (struct item){ .record = { .map = &pt->shown,
					  .part = { NULL, &seen(pt)[slot] },
					  .value_bytes = sizeof(struct program) },
			      .id = slot,
			      .slot = slot };
	if (is_wanted(&status) && status.state != PROG_ATTACHED)
		ret->marks |= ROW_WARN;
}

static int compare_programs(const void *a, const void *b, void *ctx)
{
	const struct order_item *x = a, *y = b;
	const struct programs_tab *pt = ctx;
	const struct columns *columns = &pt->tab.columns;
	int ret = 0;

	if (columns->sort >= 0)
		ret = order_compare(columns->all[columns->sort].field, &seen(pt)[x->slot],
				    &seen(pt)[y->slot]) *
		      columns->direction;
	return ret ? ret : x->slot < y->slot ? -1 : x->slot > y->slot;
}

static void programs_prepare(struct tab *tab)
{
	struct programs_tab *pt = programs_of(tab);
	struct item item;
	uint64_t n = 0;

	if (!tab->dirty)
		return;
	tab->dirty = false;
	for (uint32_t i = 0; i < tab->env->source->plan->nprogs; i++) {
		pt->order[n].slot = i;
		programs_item(tab, n, &item);
		n += !tab->filter || tab_matches(tab, tab->filter, &item);
	}
	qsort_r(pt->order, n, sizeof(*pt->order), compare_programs, pt);
	tab->total = n;
}

static bool programs_find(struct tab *tab, uint64_t id, uint64_t *ret_at)
{
	for (uint64_t i = 0; i < tab->total; i++) {
		if (programs_of(tab)->order[i].slot != id)
			continue;
		*ret_at = i;
		return true;
	}
	return false;
}

static void programs_pause(struct tab *tab, bool on)
{
	struct programs_tab *pt = programs_of(tab);
	size_t bytes = tab->env->source->plan->nprogs * sizeof(*pt->programs);

	free(pt->frozen);
	pt->frozen = on ? memcpy(xmalloc(bytes), pt->programs, bytes) : NULL;
	tab->dirty = true;
}

static void programs_count(struct tab *tab, char *dst, size_t room)
{
	struct programs_tab *pt = programs_of(tab);

	read_states(pt);
	snprintf(dst, room, "%u/%u", pt->sum.attached, pt->sum.wanted);
}

static void programs_status(struct tab *tab, struct arena *arena, struct model_status *ret)
{
	ret->left[ret->nleft++] = arena_printf(arena, "%" PRIu64 " program%s", tab->total,
					       tab->total == 1 ? "" : "s");
	if (tab->filter)
		ret->left[ret->nleft++] = arena_printf(arena, "filter %s", tab->filter->text);
}

static bool programs_can_view(const struct tab *tab, enum view view)
{
	return view == VIEW_TABLE;
}

static const char *programs_empty(struct tab *tab)
{
	return tab->filter ? "nothing matches the filter" : "no programs";
}

static void programs_free(struct tab *tab)
{
	struct programs_tab *pt = programs_of(tab);

	free(pt->programs);
	free(pt->frozen);
	free(pt->last);
	free(pt->order);
	tab_release(tab);
	free(pt);
}

bool programs_tab_put(struct tab *tab, const struct prog_stats *stats, uint64_t mono_ns)
{
	struct programs_tab *pt = programs_of(tab);
	double seconds = (double)(mono_ns - pt->put_ns) / 1e9, runs = 0, ns = 0;
	bool changed = read_states(pt), first = !pt->put_ns;

	for (uint32_t i = 0; i < tab->env->source->plan->nprogs; i++) {
		struct program *program = &pt->programs[i], before = *program;
		uint64_t n = stats[i].runs - pt->last[i].runs;
		uint64_t spent = stats[i].run_ns - pt->last[i].run_ns;

		program->runs = stats[i].runs;
		program->missed = stats[i].misses;
		pt->last[i] = stats[i];
		if (first || !(seconds > 0))
			continue;
		program->runs_per_s = (double)n / seconds;
		program->ns_per_run = n ? (double)spent / (double)n : NAN;
		program->cpu_percent = (double)spent / 1e9 / seconds * 100;
		runs += (double)n;
		ns += (double)spent;
		changed |= program->runs_per_s != before.runs_per_s ||
			   program->cpu_percent != before.cpu_percent ||
			   program->missed != before.missed;
	}
	pt->put_ns = mono_ns;
	if (!first && seconds > 0) {
		pt->known = true;
		pt->sum.runs_per_s = runs / seconds;
		pt->sum.ns_per_run = runs > 0 ? ns / runs : 0;
		pt->sum.cpu = ns / 1e9 / seconds;
	}
	if (!changed || tab->paused)
		return changed;
	tab->dirty = true;
	return true;
}

struct programs_sum programs_tab_sum(const struct tab *tab)
{
	const struct programs_tab *pt = container_of(tab, struct programs_tab, tab);
	struct programs_sum sum = pt->sum;

	if (!pt->known)
		sum.cpu = NAN;
	return sum;
}

static const struct tab_ops programs_ops = {
	.kind = TAB_PROGRAMS,
	.prepare = programs_prepare,
	.item = programs_item,
	.find = programs_find,
	.pause = programs_pause,
	.refilter = tab_resort,
	.count = programs_count,
	.status = programs_status,
	.can_view = programs_can_view,
	.empty = programs_empty,
	.free = programs_free,
};

struct tab *programs_tab_new(struct tab_env *env)
{
	struct programs_tab *pt = xcalloc(1, sizeof(*pt));
	const struct plan *plan = env->source->plan;

	pt->programs = xcalloc(plan->nprogs + 1, sizeof(*pt->programs));
	pt->last = xcalloc(plan->nprogs + 1, sizeof(*pt->last));
	pt->order = xcalloc(plan->nprogs + 1, sizeof(*pt->order));
	pt->shown = (struct map_plan){ .name = "programs", .symbol = "programs" };
	pt->shown.has_value = true;
	pt->shown.value_bytes = sizeof(struct program);
	pt->shown.value = (struct layout){ .type_name = "program",
					   .fields = (struct field *)fields,
					   .nfields = ARRAY_LEN(fields),
					   .size_bytes = sizeof(struct program) };
	tab_init(&pt->tab, &programs_ops, env, "programs", NULL, &pt->shown);
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		columns_add(&pt->tab.columns, titles[i], &fields[i],
			    fields[i].kind == KIND_TEXT ? FORM_FIELD : FORM_NUMBER)
			->part = PART_VALUE;
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct program *program = &pt->programs[i];

		text_into(program->name, sizeof(program->name), plan->progs[i].name);
		text_into(program->type, sizeof(program->type), plan->progs[i].type);
		program->ns_per_run = NAN;
	}
	tab_ready(&pt->tab);
	return &pt->tab;
}
