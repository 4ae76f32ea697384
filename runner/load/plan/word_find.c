// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/word_find.h"

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"

struct name_walk {
	const struct plan *plan;
	const struct map_plan *map;
	uint32_t next;
};

static const char *next_map(void *ctx)
{
	struct name_walk *w = ctx;

	return w->next < w->plan->nmaps ? w->plan->maps[w->next++].name : NULL;
}

static const char *next_field(void *ctx)
{
	struct name_walk *w = ctx;
	uint32_t i = w->next++, nkeys = w->map->has_key ? w->map->key.nfields : 0;

	if (i < nkeys)
		return w->map->key.fields[i].path;
	i -= nkeys;
	return w->map->has_value && i < w->map->value.nfields ? w->map->value.fields[i].path : NULL;
}

struct map_plan *word_map(struct plan_ctx *ctx, const char *option, const char *form, char *text,
			  char sep, char **ret_rest)
{
	char *rest = strchr(text, sep);
	struct map_plan *map;
	const char *near;

	if (!rest || rest == text || !rest[1]) {
		err_usage(ctx->err, "%s wants %s, not '%s'", option, form, text);
		return NULL;
	}
	*rest = '\0';
	*ret_rest = rest + 1;
	map = plan_map(ctx->plan, text);
	if (map)
		return map;
	near = suggest(text, next_map, &(struct name_walk){ .plan = ctx->plan });
	if (near)
		err_hint(ctx->err, "did you mean '%s'?", near);
	err_usage(ctx->err, "%s: no map '%s'", option, text);
	return NULL;
}

struct field *word_find_field(struct map_plan *map, const char *name)
{
	const struct field *field = map->has_key ? layout_find(&map->key, name) : NULL;

	if (!field && map->has_value)
		field = layout_find(&map->value, name);
	return (struct field *)field; /* of a plan that is being made */
}

struct field *word_field(struct plan_ctx *ctx, const char *option, struct map_plan *map,
			 const char *name)
{
	struct field *field = word_find_field(map, name);
	const char *near;

	if (field)
		return field;
	near = suggest(name, next_field, &(struct name_walk){ .map = map });
	if (near)
		err_hint(ctx->err, "did you mean '%s'?", near);
	err_usage(ctx->err, "%s: map %s has no field '%s'", option, map->name, name);
	return NULL;
}
