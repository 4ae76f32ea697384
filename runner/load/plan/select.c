// SPDX-License-Identifier: Apache-2.0
/* --fields: which fields of a map are shown. */
#include <errno.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/plan/plan.h"

struct names_walk {
	const struct map_plan *map;
	const struct plan *plan;
	uint32_t index;
};

static const char *next_field(void *ctx)
{
	struct names_walk *w = ctx;
	uint32_t i = w->index++, nkeys = w->map->has_key ? w->map->key.nfields : 0;

	if (i < nkeys)
		return w->map->key.fields[i].path;
	i -= nkeys;
	return w->map->has_value && i < w->map->value.nfields ? w->map->value.fields[i].path : NULL;
}

static const char *next_map(void *ctx)
{
	struct names_walk *w = ctx;

	return w->index < w->plan->nmaps ? w->plan->maps[w->index++].name : NULL;
}

static void hide_all(struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		layout->fields[i].tags |= TAG_HIDE;
}

/* A name may be that of a whole struct: "src" shows src.addr and src.port. */
static bool show(struct layout *layout, const char *name)
{
	size_t len = strlen(name);
	bool found = false;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		struct field *f = &layout->fields[i];

		if (streq(f->path, name) || streq(f->label, name) ||
		    (has_prefix(f->path, name) && f->path[len] == '.')) {
			f->tags &= (uint8_t)~TAG_HIDE;
			found = true;
		}
	}
	return found;
}

int plan_select_fields(struct plan *plan, const char *word, struct err *err)
{
	_cleanup_free_ char *text = xstrdup(word);
	char *list = strchr(text, '='), *save = NULL;
	struct map_plan *map;

	if (!list || list == text || !list[1 + strspn(list + 1, ",")])
		return err_usage(err, "--fields wants MAP=FIELD,FIELD, not '%s'", word);
	*list++ = '\0';
	map = plan_map(plan, text);
	if (!map) {
		const char *near = suggest(text, next_map, &(struct names_walk){ .plan = plan });

		if (near)
			err_hint(err, "did you mean '%s'?", near);
		return err_usage(err, "--fields: no map '%s'", text);
	}
	if (map->role == ROLE_INTERNAL) {
		err_hint(err, "--all-maps or --map %s=ROLE shows it", text);
		return err_usage(err, "--fields: map '%s' is internal to the program", text);
	}
	hide_all(&map->key);
	hide_all(&map->value);
	for (char *f = strtok_r(list, ",", &save); f; f = strtok_r(NULL, ",", &save)) {
		bool in_key = map->has_key && show(&map->key, f);
		bool in_value = map->has_value && show(&map->value, f);

		if (!in_key && !in_value) {
			const char *near =
				suggest(f, next_field, &(struct names_walk){ .map = map });

			if (near)
				err_hint(err, "did you mean '%s'?", near);
			return err_usage(err, "--fields: map %s has no field '%s'", map->name, f);
		}
	}
	return 0;
}
