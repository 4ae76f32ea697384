// SPDX-License-Identifier: Apache-2.0
/* The last tab: the programs of all sources, and their cost. */
#include <inttypes.h>
#include <math.h>
#include "base/util.h"
#include "runner/tui/model/order.h"
#include "runner/tui/model/shorts.h"
#include "runner/tui/model/tab.h"

/* A row. */
struct program {
	char source[SOURCE_PROGRAM_MAX], name[64], type[24], hook[96], state[16], reason[240];
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

/* The first one only where there are several sources. */
static const struct field fields[] = {
	TEXT(source, "program"),
	TEXT(name, "name"),
	TEXT(type, "type"),
	TEXT(hook, "hook"),
	TEXT(state, "state"),
	NUMBER(runs_per_s, "rate", KIND_FLOAT, MEAN_NONE),
	NUMBER(ns_per_run, "avg", KIND_FLOAT, MEAN_DURATION_NS),
	NUMBER(cpu_percent, "cpu", KIND_FLOAT, MEAN_NONE),
	NUMBER(missed, "missed", KIND_UINT, MEAN_NONE),
	/* The rest has no column. */
	NUMBER(runs, "runs", KIND_UINT, MEAN_NONE),
	TEXT(reason, "reason"),
};
static const char *const titles[] = { "program", "name",    "type",  "hook",  "state",
				      "runs/s",	 "avg/run", "cpu %", "missed" };

struct entry {
	struct program shown;
	uint64_t id;
	bool warns;
	struct source *source; /* gone, perhaps, for a frozen entry */
	const struct prog_plan *prog;
	struct prog_stats last;
};

/* The sum of the programs of a source. */
struct share {
	struct source *source;
	uint64_t put_ns;
	bool known; /* the rates are known */
	struct programs_sum sum;
};

struct programs_tab {
	struct tab tab;
	struct map_plan shown;
	struct entry *entries; /* by source, in the order of its plan */
	uint32_t nentries;
	struct entry *frozen; /* shown while paused */
	uint32_t nfrozen;
	struct share *shares;
	uint32_t nshares;
	bool several; /* sources have been named */
	uint64_t next_id;
	struct order_item *order;
};

static struct programs_tab *programs_of(struct tab *tab)
{
	return container_of(tab, struct programs_tab, tab);
}

static struct entry *seen(const struct programs_tab *pt)
{
	return pt->frozen ? pt->frozen : pt->entries;
}

static void text_into(char *dst, size_t room, const char *text)
{
	snprintf(dst, room, "%s", text ? text : "");
}

static bool is_wanted(const struct prog_status *status)
{
	return status->state != PROG_OFF && status->state != PROG_STANDBY;
}

/* States change when the source starts, which may be after the first look. True if one did. */
static bool read_states(struct programs_tab *pt, struct share *share)
{
	uint32_t attached = 0, wanted = 0;
	bool changed;

	for (uint32_t i = 0; i < pt->nentries; i++) {
		struct entry *entry = &pt->entries[i];
		struct prog_status status;

		if (entry->source != share->source)
			continue;
		status = source_prog_status(entry->source, entry->prog);
		text_into(entry->shown.state, sizeof(entry->shown.state),
			  prog_state_name(status.state));
		text_into(entry->shown.reason, sizeof(entry->shown.reason), status.reason);
		text_into(entry->shown.hook, sizeof(entry->shown.hook), entry->prog->target);
		entry->warns = is_wanted(&status) && status.state != PROG_ATTACHED;
		attached += status.state == PROG_ATTACHED;
		wanted += is_wanted(&status);
	}
	changed = attached != share->sum.attached || wanted != share->sum.wanted;
	share->sum.attached = attached;
	share->sum.wanted = wanted;
	return changed;
}

static void programs_item(struct tab *tab, uint64_t at, struct item *ret)
{
	struct programs_tab *pt = programs_of(tab);
	uint32_t slot = pt->order[at].slot;
	const struct entry *entry = &seen(pt)[slot];

	*ret = (struct item){ .record = { .map = &pt->shown,
					  .part = { NULL, &entry->shown },
					  .value_bytes = sizeof(struct program) },
			      .id = entry->id,
			      .slot = slot,
			      .marks = entry->warns ? ROW_WARN : 0 };
}

static int compare_programs(const void *a, const void *b, void *ctx)
{
	const struct order_item *x = a, *y = b;
	const struct programs_tab *pt = ctx;
	const struct columns *columns = &pt->tab.columns;
	int ret = 0;

	if (columns->sort >= 0)
		ret = order_compare(columns->all[columns->sort].field, &seen(pt)[x->slot].shown,
				    &seen(pt)[y->slot].shown) *
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
	for (uint32_t i = 0; i < (pt->frozen ? pt->nfrozen : pt->nentries); i++) {
		pt->order[n].slot = i;
		programs_item(tab, n, &item);
		n += !tab->filter || tab_matches(tab, tab->filter, &item);
	}
	qsort_r(pt->order, n, sizeof(*pt->order), compare_programs, pt);
	tab->total = n;
}

static bool programs_find(struct tab *tab, uint64_t id, uint64_t *ret_at)
{
	struct programs_tab *pt = programs_of(tab);

	for (uint64_t i = 0; i < tab->total; i++) {
		if (seen(pt)[pt->order[i].slot].id != id)
			continue;
		*ret_at = i;
		return true;
	}
	return false;
}

static void programs_pause(struct tab *tab, bool on)
{
	struct programs_tab *pt = programs_of(tab);
	size_t bytes = pt->nentries * sizeof(*pt->entries);

	free(pt->frozen);
	pt->frozen = on ? memcpy(xmalloc(bytes + 1), pt->entries, bytes) : NULL;
	pt->nfrozen = pt->nentries;
	tab->dirty = true;
}

static void programs_count(struct tab *tab, char *dst, size_t room)
{
	struct programs_tab *pt = programs_of(tab);
	struct programs_sum sum;

	for (uint32_t i = 0; i < pt->nshares; i++)
		read_states(pt, &pt->shares[i]);
	sum = programs_tab_sum(tab);
	snprintf(dst, room, "%u/%u", sum.attached, sum.wanted);
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

	free(pt->entries);
	free(pt->frozen);
	free(pt->shares);
	free(pt->order);
	tab_release(tab);
	free(pt);
}

static struct share *share_of(struct programs_tab *pt, const struct source *source)
{
	uint32_t i = 0;

	while (pt->shares[i].source != source)
		i++;
	return &pt->shares[i];
}

/* Takes the statistics of a program, `seconds` after the last ones; 0: the first ones. */
static bool put_stats(struct entry *entry, const struct prog_stats *stats, double seconds)
{
	struct program *program = &entry->shown, before = *program;
	uint64_t n = stats->runs - entry->last.runs, spent = stats->run_ns - entry->last.run_ns;

	program->runs = stats->runs;
	program->missed = stats->misses;
	entry->last = *stats;
	if (!(seconds > 0))
		return false;
	program->runs_per_s = (double)n / seconds;
	program->ns_per_run = n ? (double)spent / (double)n : NAN;
	program->cpu_percent = (double)spent / 1e9 / seconds * 100;
	return program->runs_per_s != before.runs_per_s ||
	       program->cpu_percent != before.cpu_percent || program->missed != before.missed;
}

bool programs_tab_put(struct tab *tab, struct source *source, const struct prog_stats *stats,
		      uint64_t mono_ns)
{
	struct programs_tab *pt = programs_of(tab);
	struct share *share = share_of(pt, source);
	double seconds = share->put_ns ? (double)(mono_ns - share->put_ns) / 1e9 : 0;
	double runs_per_s = 0, cpu = 0;
	bool changed = read_states(pt, share);

	for (uint32_t i = 0; i < pt->nentries; i++) {
		struct entry *entry = &pt->entries[i];

		if (entry->source != source)
			continue;
		changed |= put_stats(entry, &stats[entry->prog->index], seconds);
		runs_per_s += entry->shown.runs_per_s;
		cpu += entry->shown.cpu_percent / 100;
	}
	share->put_ns = mono_ns;
	if (seconds > 0) {
		share->known = true;
		share->sum.runs_per_s = runs_per_s;
		share->sum.cpu = cpu;
	}
	if (!changed || tab->paused)
		return changed;
	tab->dirty = true;
	return true;
}

struct programs_sum programs_tab_sum(const struct tab *tab)
{
	const struct programs_tab *pt = container_of(tab, struct programs_tab, tab);
	struct programs_sum sum = { 0 };
	bool known = false;

	for (uint32_t i = 0; i < pt->nshares; i++) {
		const struct share *share = &pt->shares[i];

		sum.attached += share->sum.attached;
		sum.wanted += share->sum.wanted;
		sum.runs_per_s += share->sum.runs_per_s;
		sum.cpu += share->sum.cpu;
		known |= share->known;
	}
	sum.ns_per_run = sum.runs_per_s > 0 ? sum.cpu * 1e9 / sum.runs_per_s : 0;
	if (!known)
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

/* Sets the columns and the fields that filters and exports see. */
static void set_fields(struct programs_tab *pt)
{
	size_t first = !pt->several;

	columns_release(&pt->tab.columns);
	pt->tab.columns.sort = -1;
	pt->shown.value.fields = (struct field *)fields + first;
	pt->shown.value.nfields = ARRAY_LEN(fields) - first;
	for (size_t i = first; i < ARRAY_LEN(titles); i++)
		columns_add(&pt->tab.columns, titles[i], &fields[i],
			    fields[i].kind == KIND_TEXT ? FORM_FIELD : FORM_NUMBER)
			->part = PART_VALUE;
}

void programs_tab_add(struct tab *tab, struct source *source)
{
	struct programs_tab *pt = programs_of(tab);
	const struct plan *plan = source->plan;

	pt->shares = xreallocarray(pt->shares, pt->nshares + 1, sizeof(*pt->shares));
	pt->shares[pt->nshares++] = (struct share){ .source = source };
	pt->entries =
		xreallocarray(pt->entries, pt->nentries + plan->nprogs + 1, sizeof(*pt->entries));
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct entry *entry = &pt->entries[pt->nentries++];

		*entry = (struct entry){ .id = pt->next_id++,
					 .source = source,
					 .prog = &plan->progs[i] };
		text_into(entry->shown.source, sizeof(entry->shown.source), source->program);
		text_into(entry->shown.name, sizeof(entry->shown.name), plan->progs[i].name);
		text_into(entry->shown.type, sizeof(entry->shown.type), plan->progs[i].type);
		entry->shown.ns_per_run = NAN;
	}
	free(pt->order);
	pt->order = xcalloc(MAX(pt->nentries, pt->nfrozen) + 1, sizeof(*pt->order));
	tab->dirty = true;
	if (source->several && !pt->several) {
		pt->several = true;
		set_fields(pt);
	}
}

void programs_tab_remove(struct tab *tab, struct source *source)
{
	struct programs_tab *pt = programs_of(tab);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < pt->nentries; i++)
		if (pt->entries[i].source != source)
			pt->entries[kept++] = pt->entries[i];
	pt->nentries = kept;
	*share_of(pt, source) = pt->shares[pt->nshares - 1];
	pt->nshares--;
	tab->dirty = true;
}

struct tab *programs_tab_new(struct tab_env *env)
{
	struct programs_tab *pt = xcalloc(1, sizeof(*pt));

	pt->shown = (struct map_plan){ .name = "programs", .symbol = "programs" };
	pt->shown.has_value = true;
	pt->shown.value_bytes = sizeof(struct program);
	pt->shown.value =
		(struct layout){ .type_name = "program", .size_bytes = sizeof(struct program) };
	pt->order = xcalloc(1, sizeof(*pt->order));
	tab_init(&pt->tab, &programs_ops, env, "programs", NULL, &pt->shown);
	set_fields(pt);
	tab_ready(&pt->tab);
	return &pt->tab;
}
