// SPDX-License-Identifier: Apache-2.0
/* The --map options. */
#include <bpf/btf.h>
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/plan/plan_internal.h"

void words_copy(struct map_list *list)
{
	const struct plan_opts *opts = list->ctx->opts;

	list->words = xcalloc(opts->nroles + 1, sizeof(*list->words));
	for (size_t i = 0; i < opts->nroles; i++)
		list->words[i] = (struct map_word){ opts->roles[i].map, opts->roles[i].role,
						    opts->roles[i].type, false };
}

struct map_word *words_find(struct map_list *list, const struct map_plan *map)
{
	struct map_word *found = NULL;

	for (size_t i = 0; i < list->ctx->opts->nroles; i++) {
		struct map_word *w = &list->words[i];

		if (streq(w->map, map->symbol) || streq(w->map, map->name)) {
			w->used = true;
			found = w;
		}
	}
	return found;
}

bool words_name(const struct map_list *list, const char *name)
{
	for (size_t i = 0; i < list->ctx->opts->nroles; i++)
		if (streq(list->words[i].map, name))
			return true;
	return false;
}

struct name_walk {
	const struct map_list *list;
	uint32_t next;
};

static const char *next_map_name(void *arg)
{
	struct name_walk *walk = arg;

	return walk->next < walk->list->count ? walk->list->maps[walk->next++].name : NULL;
}

/* The first variable of a section of variables; NULL: `section` is no such section. */
static const char *variable_of(const struct btf *btf, const char *section)
{
	_cleanup_free_ char *name = xasprintf("%s%s", *section == '.' ? "" : ".", section);
	int id = plan_is_data_section(name) ? btf__find_by_name_kind(btf, name, BTF_KIND_DATASEC)
					    : 0;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL, *var;

	if (!t || !btf_vlen(t))
		return NULL;
	var = btf__type_by_id(btf, btf_var_secinfos(t)->type);
	return var ? btf__name_by_offset(btf, var->name_off) : NULL;
}

static int unknown_map(struct map_list *list, const char *name)
{
	struct err *err = list->ctx->err;
	const char *variable = variable_of(list->ctx->btf, name);
	const char *near = suggest(name, next_map_name, &(struct name_walk){ list, 0 });

	if (variable) {
		err_hint(err, "--map %s=counter, and so on", variable);
		return err_usage(err,
				 "--map: '%s' is a section of variables; each of them has "
				 "a role of its own",
				 name);
	}
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return err_usage(err, "--map: no map '%s'", name);
}

int words_check(struct map_list *list)
{
	for (size_t i = 0; i < list->ctx->opts->nroles; i++)
		if (!list->words[i].used)
			return unknown_map(list, list->words[i].map);
	return 0;
}

static const char *next_struct_name(void *arg)
{
	struct name_walk *walk = arg;
	const struct btf *btf = walk->list->ctx->btf;

	while (++walk->next < btf__type_cnt(btf)) {
		const struct btf_type *t = btf__type_by_id(btf, walk->next);
		const char *name = t ? btf__name_by_offset(btf, t->name_off) : NULL;

		if (name && *name && btf_is_struct(t))
			return name;
	}
	return NULL;
}

uint32_t words_type(struct map_list *list, const char *name)
{
	static const uint32_t kinds[] = { BTF_KIND_STRUCT, BTF_KIND_TYPEDEF, BTF_KIND_UNION };
	struct name_walk walk = { list, 0 };
	const char *near;

	if (has_prefix(name, "struct "))
		name += strlen("struct ");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int id = btf__find_by_name_kind(list->ctx->btf, name, kinds[i]);

		if (id > 0)
			return (uint32_t)id;
	}
	near = suggest(name, next_struct_name, &walk);
	if (near)
		err_hint(list->ctx->err, "did you mean '%s'?", near);
	err_usage(list->ctx->err, "--map: the object has no struct '%s'", name);
	return 0;
}
