// SPDX-License-Identifier: Apache-2.0
/* The maps while they are gathered: what those of libbpf and those that are none have in common. */
#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/plan_internal.h"

void map_list_release(struct map_list *list)
{
	free(list->words);
	free(list->writes);
	free(list->habits);
	free(list->maps);
}

struct map_plan *map_list_add(struct map_list *list)
{
	if (list->count == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 16;
		list->maps = xreallocarray(list->maps, list->cap, sizeof(*list->maps));
	}
	list->maps[list->count] = (struct map_plan){
		.index = list->count, .prog = -1, .lost_map = -1, .unread_map = -1
	};
	return &list->maps[list->count++];
}

const char *map_list_copy(struct map_list *list, const char *text)
{
	return arena_strdup(&list->ctx->plan->arena, text);
}

int map_list_compile(struct map_list *list, uint32_t type_id, const char *default_name,
		     bool is_record, struct layout *ret, struct err *err)
{
	struct plan_ctx *ctx = list->ctx;
	int rc;

	if (list->fields > PLAN_MAX_FIELDS)
		return err_set(err, E2BIG, "the object's maps have more than %d fields",
			       PLAN_MAX_FIELDS);
	rc = (is_record ? layout_compile_record : layout_compile_tagged)(
		&ctx->plan->arena, ctx->btf, ctx->tags, type_id, default_name, ret, err);
	list->fields += rc ? LAYOUT_MAX_FIELDS : ret->nfields;
	return rc;
}

void map_list_tags(struct map_list *list, struct map_plan *map, const char *var)
{
	struct arena *arena = &list->ctx->plan->arena;
	const struct tags *tags = list->ctx->tags;
	uint32_t id = tags_var(tags, var);
	const char *name;

	if (!id)
		return;
	map->help = tag_text(tags, id, TAGS_WHOLE, "help", arena);
	map->unit = tag_text(tags, id, TAGS_WHOLE, "unit", arena);
	map->buckets = tag_text(tags, id, TAGS_WHOLE, "buckets", arena);
	map->counted = tag_text(tags, id, TAGS_WHOLE, "counted", arena);
	map->plain_names = tag_has(tags, id, TAGS_WHOLE, "plain_names");
	map->service = tag_text(tags, id, TAGS_WHOLE, "service", arena);
	map->span = tag_text(tags, id, TAGS_WHOLE, "span", arena);
	name = tag_text(tags, id, TAGS_WHOLE, "name", arena);
	if (name)
		map->name = name;
}

bool plan_is_data_section(const char *name)
{
	return streq(name, ".bss") || streq(name, ".data") || has_prefix(name, ".bss.") ||
	       has_prefix(name, ".data.");
}

int map_list_fault(struct map_list *list, struct map_plan *map, const struct map_word *word,
		   int code, const struct err *fault)
{
	if (code && word && list->ctx->err)
		*list->ctx->err = *fault;
	if (!code || word)
		return code;
	map->role = ROLE_INTERNAL;
	map->exported = false;
	map->fault = *fault->hint ? arena_printf(&list->ctx->plan->arena, "%s (%s)", fault->msg,
						 fault->hint)
				  : map_list_copy(list, fault->msg);
	return 0;
}
