// SPDX-License-Identifier: Apache-2.0
/* The words that make an object show or export something. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/plan/plan_internal.h"

static bool is_shown(const struct map_plan *map)
{
	return map->role != ROLE_INTERNAL;
}

/* The maps that were made gauges, since none has a role. */
static void advise_role(struct strbuf *text, const struct plan *plan)
{
	const struct map_plan *first = NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (!is_shown(&plan->maps[i]))
			continue;
		first = first ? first : &plan->maps[i];
		count++;
	}
	strbuf_addf(text,
		    "no map has a role: --map %s=%s exports %s, as SEC(\".maps.%s\") in the "
		    "source does; without it %s only shown",
		    first->symbol,
		    first->role == ROLE_GAUGE ? "counter (or gauge, histogram)"
					      : map_role_name(first->role),
		    first->symbol,
		    first->role == ROLE_GAUGE ? "counter" : map_role_name(first->role),
		    count > 1 ? "the maps are" : "it is");
}

/* The command line says that the map is not to be shown. */
static bool is_unwanted(const struct plan_opts *opts, const struct map_plan *map)
{
	for (size_t i = 0; i < opts->nroles; i++)
		if (opts->roles[i].role == ROLE_INTERNAL &&
		    (streq(opts->roles[i].map, map->symbol) ||
		     streq(opts->roles[i].map, map->name)))
			return true;
	return false;
}

/* The command line makes every map internal that could be shown. */
static bool advise_unwanted(struct strbuf *text, const struct plan_ctx *ctx)
{
	const struct plan *plan = ctx->plan;
	bool some = false;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];

		if (is_unwanted(ctx->opts, map))
			some = true;
		else if (map->source != SOURCE_NONE && (map->has_value || map_is_ring(map)))
			return false;
	}
	if (some)
		strbuf_adds(text, "--map MAP=internal hides all of its maps");
	return some;
}

/* Of records that are shown as bytes. */
static void advise_raw(struct strbuf *text, const struct map_plan *map)
{
	if (map->choices) {
		const char *first = strchr(map->choices, ' ');
		const char *name =
			first && !has_prefix(map->choices, "__") ? first + 1 : map->choices;

		strbuf_addf(text,
			    "map '%s' does not say what its records are, and they can be %s: --map "
			    "%s=events:%.*s chooses; until then they are shown as bytes",
			    map->symbol, map->choices, map->symbol, (int)strcspn(name, ", "), name);
		return;
	}
	strbuf_addf(text, "map '%s' does not say what its records are", map->symbol);
	if (*map->record_sizes)
		strbuf_addf(text, ", and the object has no type of %s bytes that they could be",
			    map->record_sizes);
	strbuf_addf(text,
		    ": they are shown as bytes; --map %s=events:STRUCT names their type, as "
		    "__type(value, struct STRUCT) in the source does",
		    map->symbol);
}

static bool advise_record(struct strbuf *text, const struct plan_ctx *ctx)
{
	const char *between = "";

	for (uint32_t i = 0; i < ctx->plan->nmaps; i++) {
		const struct map_plan *map = &ctx->plan->maps[i];
		bool unknown = map_is_ring(map) && !map->has_value && !is_shown(map);

		if (is_unwanted(ctx->opts, map) || !(map->is_raw || unknown))
			continue;
		strbuf_adds(text, between);
		between = "; ";
		if (map->is_raw)
			advise_raw(text, map);
		else
			strbuf_addf(text,
				    "map '%s' does not say what its records are: --map "
				    "%s=events:STRUCT names their type, as __type(value, struct "
				    "STRUCT) in the source does",
				    map->symbol, map->symbol);
	}
	return *between;
}

/* A definition in the form of libbpf's: a struct of pointers with a member "type". */
static bool is_map_definition(const struct btf *btf, const struct btf_type *var)
{
	const struct btf_type *t = btf__type_by_id(btf, var->type);
	const struct btf_member *m;
	bool type = false, size = false;

	if (!t || !btf_is_struct(t))
		return false;
	m = btf_members(t);
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *member = btf__type_by_id(btf, m[i].type);
		const char *name = btf__name_by_offset(btf, m[i].name_off);

		if (!member || !btf_is_ptr(member) || !name)
			return false;
		type = type || streq(name, "type");
		size = size || streq(name, "max_entries") || streq(name, "key") ||
		       streq(name, "key_size") || streq(name, "value");
	}
	return type && size;
}

/* The variables of .bss and .data; NULL behind the last. */
static const struct btf_type *next_variable(const struct btf *btf, uint32_t *id, uint32_t *index)
{
	for (; *id < btf__type_cnt(btf); ++*id, *index = 0) {
		const struct btf_type *section = btf__type_by_id(btf, *id), *var;
		const char *name;

		if (!section || !btf_is_datasec(section))
			continue;
		name = btf__name_by_offset(btf, section->name_off);
		if (!name || !plan_is_data_section(name) || *index >= btf_vlen(section))
			continue;
		var = btf__type_by_id(btf, btf_var_secinfos(section)[(*index)++].type);
		if (var && btf_is_var(var))
			return var;
	}
	return NULL;
}

bool plan_has_variable(const struct bpf_object *obj, const char *name)
{
	const struct btf *btf = bpf_object__btf(obj);
	uint32_t id = 1, index = 0;
	const struct btf_type *var;

	while (btf && (var = next_variable(btf, &id, &index)))
		if (streq(btf__name_by_offset(btf, var->name_off), name))
			return true;
	return false;
}

static const char *stray_map(const struct btf *btf)
{
	uint32_t id = 1, index = 0;
	const struct btf_type *var;

	while ((var = next_variable(btf, &id, &index)))
		if (btf__name_by_offset(btf, var->name_off) && is_map_definition(btf, var))
			return btf__name_by_offset(btf, var->name_off);
	return NULL;
}

static bool advise_section(struct strbuf *text, const struct plan *plan)
{
	if (plan->stray_map)
		strbuf_addf(text,
			    "variable '%s' looks like a map, but stands in no section for maps: "
			    "write SEC(\".maps\") behind it",
			    plan->stray_map);
	return plan->stray_map;
}

static bool advise_variable(struct strbuf *text, const struct btf *btf)
{
	uint32_t id = 1, index = 0, count = 0;
	const struct btf_type *var;
	const char *first = NULL;

	while ((var = next_variable(btf, &id, &index))) {
		const char *name = btf__name_by_offset(btf, var->name_off);

		if (!name || is_map_definition(btf, var))
			continue;
		first = first ? first : name;
		count++;
	}
	if (!first)
		return false;
	strbuf_addf(text, "it keeps its results in variables: --map %s=counter shows %s", first,
		    count > 1 ? "one of them" : "it");
	return true;
}

/* The first map that cannot be what its author wants. */
static bool advise_fault(struct strbuf *text, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (!plan->maps[i].fault)
			continue;
		strbuf_adds(text, plan->maps[i].fault);
		return true;
	}
	return false;
}

static void advise_nothing(struct strbuf *text, const struct plan_ctx *ctx)
{
	const struct plan *plan = ctx->plan;
	uint32_t maps = 0;

	for (uint32_t i = 0; i < plan->nmaps; i++)
		maps += plan->maps[i].source != SOURCE_NONE;
	if (advise_fault(text, plan) || advise_unwanted(text, ctx) || advise_record(text, ctx) ||
	    advise_section(text, plan))
		return;
	if (maps)
		strbuf_adds(text, "the types of its maps are not known: __type(key, ...) and "
				  "__type(value, ...) in the source say them");
	else if (!advise_variable(text, ctx->btf))
		strbuf_adds(text, "it has no maps");
}

void plan_advise(struct plan_ctx *ctx, bool is_bare)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(2048);
	struct plan *plan = ctx->plan;
	bool shown = false;

	plan->stray_map = arena_strdup(&plan->arena, stray_map(ctx->btf));
	for (uint32_t i = 0; i < plan->nmaps; i++)
		shown = shown || is_shown(&plan->maps[i]);
	plan->shows_nothing = !shown;
	if (!shown)
		advise_nothing(&text, ctx);
	else if (advise_record(&text, ctx) && is_bare)
		strbuf_adds(&text, "; ");
	if (shown && is_bare)
		advise_role(&text, plan);
	if (!*strbuf_str(&text))
		return;
	plan->advice = arena_strdup(&plan->arena, strbuf_str(&text));
}

bool plan_is_empty(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (plan->maps[i].source != SOURCE_NONE && !plan->maps[i].fault)
			return false;
	return plan->shows_nothing;
}
