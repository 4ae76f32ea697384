// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/needs.h"

#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/plan/hook.h"

#define MAX_REASON 4096

static void add_feature(struct need *need, const char *feature)
{
	for (size_t i = 0; i < need->count; i++)
		if (streq(need->any_of[i], feature))
			return;
	if (need->count < NEED_MAX_ALTERNATIVES)
		need->any_of[need->count++] = feature;
}

static bool same_features(const struct need *a, const struct need *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!streq(a->any_of[i], b->any_of[i]))
			return false;
	return true;
}

/* Two that need the same are one need for both. */
static void add_need(struct needs *needs, struct need *need, const char *kind, const char *name)
{
	for (size_t i = 0; i < needs->count; i++) {
		char **reason = &needs->items[i].reason;

		if (!same_features(&needs->items[i], need))
			continue;
		if (strlen(*reason) < MAX_REASON) {
			char *both = xasprintf("%s, %s", *reason, name);

			free(*reason);
			*reason = both;
		}
		return;
	}
	need->reason = xasprintf("%s %s", kind, name);
	needs->items = xreallocarray(needs->items, needs->count + 1, sizeof(*needs->items));
	needs->items[needs->count++] = *need;
}

/* A job's first program speaks for all of its alternatives. */
static void add_job(struct needs *needs, const struct plan *plan, uint32_t index)
{
	const char *job = plan->progs[index].job, *target;
	struct need need = { 0 };

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const char *feature = hook_of(plan->progs[i].section, &target)->feature;

		if (!streq(plan->progs[i].job, job))
			continue;
		if (i < index || !feature)
			return;
		add_feature(&need, feature);
	}
	add_need(needs, &need, "program", job);
}

void needs_of(const struct plan *plan, struct needs *ret)
{
	*ret = (struct needs){ 0 };
	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (plan->progs[i].first_state != PROG_OFF)
			add_job(ret, plan, i);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		struct need need = { 0 };

		/* Variables, which libbpf puts in maps of its own ("x.rodata"), are no choice. */
		if (map->source == SOURCE_ITER || strchr(map->symbol, '.'))
			continue;
		add_feature(&need, map_type_name(map->type));
		add_need(ret, &need, "map", map->symbol);
	}
}

void needs_release(struct needs *needs)
{
	for (size_t i = 0; i < needs->count; i++)
		free(needs->items[i].reason);
	free(needs->items);
	*needs = (struct needs){ 0 };
}

char *need_text(const struct need *need)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(MAX_REASON);

	for (size_t i = 0; i < need->count; i++)
		strbuf_addf(&text, "%s%s", i ? " or " : "", need->any_of[i]);
	return xstrdup(strbuf_str(&text));
}
