// SPDX-License-Identifier: Apache-2.0
/* --name, --label and --span: names for the maps and fields of objects that cannot be changed. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/layout_names.h"
#include "runner/load/plan/plan_internal.h"
#include "runner/load/plan/word_find.h"

static int name_map(struct plan_ctx *ctx, const char *word)
{
	_cleanup_free_ char *text = xstrdup(word);
	char *name = NULL;
	struct map_plan *map = word_map(ctx, "--name", "MAP=NAME", text, '=', &name);
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
	struct map_plan *map = word_map(ctx, "--span", "MAP=NAME", text, '=', &name);

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

static int name_field(struct plan_ctx *ctx, const char *word)
{
	_cleanup_free_ char *text = xstrdup(word);
	struct arena *arena = &ctx->plan->arena;
	char *rest = NULL, *name, *label;
	struct map_plan *map = word_map(ctx, "--label", "MAP,FIELD=NAME", text, ',', &rest);
	struct field *field, *other;
	const char *dot;

	if (!map)
		return -EINVAL;
	name = strchr(rest, '=');
	if (!name || name == rest || !name_is_path(name + 1))
		return err_usage(ctx->err, "--label wants MAP,FIELD=NAME, not '%s'", word);
	*name++ = '\0';
	field = word_field(ctx, "--label", map, rest);
	if (!field)
		return -EINVAL;
	other = word_find_field(map, name);
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
