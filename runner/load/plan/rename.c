// SPDX-License-Identifier: Apache-2.0
/* --name, --label and --span: names for the maps and fields of objects that cannot be changed. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/plan/plan_internal.h"

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

/* The map in front of `sep`; *ret_rest is what follows, inside `text`. */
static struct map_plan *find_map(struct plan_ctx *ctx, const char *option, const char *form,
				 char *text, char sep, char **ret_rest)
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

static int name_map(struct plan_ctx *ctx, const char *word)
{
	_cleanup_free_ char *text = xstrdup(word);
	char *name = NULL;
	struct map_plan *map = find_map(ctx, "--name", "MAP=NAME", text, '=', &name);
	const struct map_plan *other;

	if (!map)
		return -EINVAL;
	other = plan_map(ctx->plan, name);
	if (other && other != map)
		return err_usage(ctx->err, "--name %s: another map is called '%s'", word, name);
	map->name = arena_strdup(&ctx->plan->arena, name);
	return 0;
}

static int name_span(struct plan_ctx *ctx, const char *word)
{
	_cleanup_free_ char *text = xstrdup(word);
	char *name = NULL;
	struct map_plan *map = find_map(ctx, "--span", "MAP=NAME", text, '=', &name);

	if (!map)
		return -EINVAL;
	if (map->role != ROLE_SPANS) {
		err_hint(ctx->err, "--map %s=spans shows its records as spans", map->symbol);
		return err_usage(ctx->err, "--span: map '%s' has the role %s, not spans", map->name,
				 map_role_name(map->role));
	}
	map->span = arena_strdup(&ctx->plan->arena, name);
	return 0;
}

static struct field *find_field(struct map_plan *map, const char *name)
{
	const struct field *field = map->has_key ? layout_find(&map->key, name) : NULL;

	if (!field && map->has_value)
		field = layout_find(&map->value, name);
	return (struct field *)field; /* of a plan that is being made */
}

/* As BOMBUS_NAME: a path of its own, which has no blanks and quotes. */
static bool is_path(const char *name)
{
	size_t len = strlen(name);

	return len && !strpbrk(name, " \"'") && name[0] != '.' && name[len - 1] != '.' &&
	       !strstr(name, "..");
}

static int name_field(struct plan_ctx *ctx, const char *word)
{
	_cleanup_free_ char *text = xstrdup(word);
	struct arena *arena = &ctx->plan->arena;
	char *rest = NULL, *name, *label;
	struct map_plan *map = find_map(ctx, "--label", "MAP,FIELD=NAME", text, ',', &rest);
	struct field *field, *other;
	const char *dot;

	if (!map)
		return -EINVAL;
	name = strchr(rest, '=');
	if (!name || name == rest || !is_path(name + 1))
		return err_usage(ctx->err, "--label wants MAP,FIELD=NAME, not '%s'", word);
	*name++ = '\0';
	field = find_field(map, rest);
	if (!field) {
		struct name_walk walk = { .map = map };
		const char *near = suggest(rest, next_field, &walk);

		if (near)
			err_hint(ctx->err, "did you mean '%s'?", near);
		return err_usage(ctx->err, "--label: map %s has no field '%s'", map->name, rest);
	}
	other = find_field(map, name);
	if (other && other != field)
		return err_usage(ctx->err, "--label %s: another field is called '%s'", word, name);
	field->path = arena_strdup(arena, name);
	dot = strrchr(field->path, '.');
	field->name = dot ? dot + 1 : field->path;
	field->label = label = arena_strdup(arena, name);
	for (; *label; label++)
		if (*label == '.')
			*label = '_';
	return 0;
}

int plan_rename(struct plan_ctx *ctx)
{
	const struct plan_opts *opts = ctx->opts;
	int rc = 0;

	for (size_t i = 0; i < opts->labels.count && !rc; i++)
		rc = name_field(ctx, opts->labels.words[i]);
	for (size_t i = 0; i < opts->spans.count && !rc; i++)
		rc = name_span(ctx, opts->spans.words[i]);
	for (size_t i = 0; i < opts->names.count && !rc; i++)
		rc = name_map(ctx, opts->names.words[i]);
	return rc;
}
