// SPDX-License-Identifier: Apache-2.0
/*
 * Data that is shown like a map: the records of iterators, and variables of .bss and .data
 * that are tagged as counters or gauges, or that --map names.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/gadget.h"
#include "runner/load/plan/plan_internal.h"

#define ITER_VAR "bombus_iter___"

/* The type that a pointer variable names, or a gadget's declaration. 0: nothing says. */
static int iter_type(struct map_list *list, const char *var, const char *prog, uint32_t *ret)
{
	const struct btf *btf = list->ctx->btf;
	uint32_t id = tags_var(list->ctx->tags, var);
	const struct btf_type *t = id ? btf__type_by_id(btf, id) : NULL;

	*ret = 0;
	if (!t) {
		*ret = gadget_iter_type(btf, prog);
		return 0;
	}
	for (int i = 0; t && i < 8 && (btf_is_var(t) || btf_is_mod(t)); i++)
		t = btf__type_by_id(btf, t->type);
	if (!t || !btf_is_ptr(t)) {
		err_exit(list->ctx->err, EXIT_FAILED);
		return err_set(list->ctx->err, EINVAL, "variable '%s' has to be a pointer", var);
	}
	*ret = t->type;
	return 0;
}

/* A program "iter/..." whose record's type is known. */
static int add_iter(struct map_list *list, const struct prog_plan *prog)
{
	_cleanup_free_ char *var = xasprintf(ITER_VAR "%s", prog->name);
	const struct map_word *word;
	struct map_plan *map;
	struct err why = { 0 }, fault = { 0 };
	enum map_role role = ROLE_EVENTS;
	uint32_t type_id;
	int rc = iter_type(list, var, prog->name, &type_id);

	if (rc || !type_id)
		return rc;
	map = map_list_add(list);
	map->symbol = map->name = prog->name;
	map->source = SOURCE_ITER;
	list->has_role = true;
	map->prog = (int)prog->index;
	if (map_list_compile(list, type_id, "value", false, &map->value, &why) == 0)
		map->has_value = true;
	map_list_tags(list, map, var);
	word = words_find(list, map);
	if (word)
		role = word->role;
	rc = role_apply(map, role, word ? ORIGIN_WORD : ORIGIN_SUFFIX, why.msg, &fault);
	return map_list_fault(list, map, word, rc, &fault);
}

/* The layout of a variable, moved to where it stands in its section. */
static bool place_variable(struct layout *layout, uint32_t off_bytes, uint32_t section_bytes)
{
	if (off_bytes > section_bytes || layout->size_bytes > section_bytes - off_bytes ||
	    section_bytes > UINT32_MAX / 8)
		return false;
	for (uint32_t i = 0; i < layout->nfields; i++)
		layout->fields[i].off_bits += off_bytes * 8;
	layout->size_bytes = section_bytes;
	return true;
}

static int add_global(struct map_list *list, const struct bpf_map *section,
		      const char *section_name, const struct btf_var_secinfo *info,
		      enum map_role role)
{
	const struct btf *btf = list->ctx->btf;
	const struct btf_type *var = btf__type_by_id(btf, info->type);
	const char *name = btf__name_by_offset(btf, var->name_off);
	const struct map_word *word;
	struct map_plan *map;
	struct err why = { 0 }, fault = { 0 };
	int rc;

	if (list->count >= PLAN_MAX_MAPS)
		return err_set(list->ctx->err, E2BIG, "more than %d maps", PLAN_MAX_MAPS);
	map = map_list_add(list);
	map->symbol = map->name = map_list_copy(list, name);
	map->backing_symbol = map_list_copy(list, section_name);
	map->source = SOURCE_GLOBALS;
	map->type = bpf_map__type(section);
	map->key_bytes = bpf_map__key_size(section);
	map->value_bytes = bpf_map__value_size(section);
	map->max_entries = 1;
	list->has_role = true;
	if (map_list_compile(list, var->type, "value", false, &map->value, &why) == 0)
		map->has_value = place_variable(&map->value, info->offset, map->value_bytes);
	map_list_tags(list, map, name);
	word = words_find(list, map);
	if (word)
		role = word->role;
	rc = role_apply(map, role, word ? ORIGIN_WORD : ORIGIN_SUFFIX, why.msg, &fault);
	return map_list_fault(list, map, word, rc, &fault);
}

static int add_section(struct map_list *list, const struct btf_type *t)
{
	const struct btf *btf = list->ctx->btf;
	const char *name = btf__name_by_offset(btf, t->name_off);
	const struct bpf_map *section;
	int rc = 0;

	if (!name || !plan_is_data_section(name))
		return 0;
	section = bpf_object__find_map_by_name(list->ctx->obj, name);
	for (uint32_t i = 0; section && !rc && i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *info = btf_var_secinfos(t) + i;
		const struct btf_type *var = btf__type_by_id(btf, info->type);
		uint8_t tags = tag_flags(list->ctx->tags, info->type, TAGS_WHOLE);
		const char *symbol = var ? btf__name_by_offset(btf, var->name_off) : NULL;

		if (!symbol || !btf_is_var(var) ||
		    (!(tags & (TAG_COUNTER | TAG_GAUGE)) && !words_name(list, symbol)))
			continue;
		rc = add_global(list, section, name, info,
				tags & TAG_COUNTER ? ROLE_COUNTER : ROLE_GAUGE);
	}
	return rc;
}

int pseudo_maps(struct map_list *list)
{
	const struct plan *plan = list->ctx->plan;
	const struct btf *btf = list->ctx->btf;
	int rc = 0;

	for (uint32_t i = 0; !rc && i < plan->nprogs; i++)
		if (has_prefix(plan->progs[i].section, "iter/") ||
		    has_prefix(plan->progs[i].section, "iter.s/"))
			rc = add_iter(list, &plan->progs[i]);
	for (uint32_t id = 1; !rc && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (t && btf_is_datasec(t))
			rc = add_section(list, t);
	}
	return rc;
}
