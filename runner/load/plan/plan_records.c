// SPDX-License-Identifier: Apache-2.0
/*
 * Facts about maps that instructions have and declarations do not. Records of ring buffers and perf
 * event arrays: the types that were found where none is declared (record_types.h), and the sizes
 * that programs write. Other maps: how programs use their values.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/elf/elf_code.h"
#include "runner/load/elf/map_use.h"
#include "runner/load/elf/record_types.h"
#include "runner/load/plan/plan_internal.h"

#define MAX_SIZES 8
#define UNKNOWN_BYTES 64 /* that are shown of records whose size is not known */
#define MAX_RAW_BYTES 1024
#define MAX_WRITES 4096

static bool is_record_of(const struct btf *btf, const struct btf_type *t, const char *symbol)
{
	const char *name = t && btf_is_decl_tag(t) ? btf__name_by_offset(btf, t->name_off) : NULL;

	return name && has_prefix(name, RECORD_OF_PREFIX) &&
	       streq(name + strlen(RECORD_OF_PREFIX), symbol);
}

uint32_t records_type(struct map_list *list, struct map_plan *map)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT(2048);
	const struct btf *btf = list->ctx->btf;
	uint32_t found = 0, count = 0;

	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id), *record;

		if (!is_record_of(btf, t, map->symbol))
			continue;
		found = t->type;
		record = btf__type_by_id(btf, found);
		strbuf_addf(&names, "%s%s%s", count++ ? ", " : "",
			    btf_is_struct(record)  ? "struct "
			    : btf_is_union(record) ? "union "
						   : "",
			    btf__name_by_offset(btf, record->name_off) ?: "");
	}
	if (!count)
		return 0;
	if (count > 1)
		map->choices = map_list_copy(list, strbuf_str(&names));
	else
		map->found_type = map_list_copy(list, strbuf_str(&names));
	return count == 1 ? found : 0;
}

/* --- sizes ----------------------------------------------------------------------------------- */

/* The plan has maps in the object's order. */
static int index_of(const struct bpf_object *obj, const char *symbol)
{
	const struct bpf_map *map;
	int i = 0;

	if (!symbol)
		return MAP_USE_ANY;
	bpf_object__for_each_map(map, obj) {
		if (streq(bpf_map__name(map), symbol))
			return i;
		i++;
	}
	return MAP_USE_ANY;
}

static void add_write(void *ctx, const struct record_use *use)
{
	struct map_list *list = ctx;

	if (list->nwrites == MAX_WRITES)
		return;
	list->writes = xreallocarray(list->writes, list->nwrites + 1, sizeof(*list->writes));
	list->writes[list->nwrites++] = *use;
}

static void add_habit(void *ctx, int map, enum map_habit habit)
{
	struct map_list *list = ctx;

	list->habits[map] |= habit;
}

static void look(void *ctx, const struct elf_code *code)
{
	static const struct map_use_ops ops = { .record = add_write, .habit = add_habit };
	struct map_list *list = ctx;
	_cleanup_free_ int *maps = xcalloc(code->count + 1, sizeof(*maps));

	for (size_t i = 0; i < code->count; i++)
		maps[i] = index_of(list->ctx->obj, code->symbols[i]);
	map_use_find(code->insns, maps, code->count, &ops, list);
}

struct sizes {
	uint32_t all[MAX_SIZES];
	uint32_t count;
	bool any;     /* something is written */
	bool unknown; /* also of a size that is not known, or of more than these */
	bool appends; /* a packet may stand behind a record */
};

static void add_write_to(struct sizes *s, const struct record_use *use)
{
	int32_t size = use->size;

	s->any = true;
	s->appends = s->appends || use->appends;
	for (uint32_t i = 0; i < s->count; i++)
		if (size > 0 && s->all[i] == (uint32_t)size)
			return;
	if (size <= 0 || s->count == MAX_SIZES)
		s->unknown = true;
	else
		s->all[s->count++] = (uint32_t)size;
}

static void find_uses(struct map_list *list)
{
	if (list->has_uses)
		return;
	list->has_uses = true;
	list->habits = xcalloc(PLAN_MAX_MAPS, sizeof(*list->habits));
	if (list->ctx->image)
		elf_code_each(list->ctx->image, look, list);
}

uint8_t map_habits(struct map_list *list, const struct map_plan *map)
{
	find_uses(list);
	return map->index < PLAN_MAX_MAPS ? list->habits[map->index] : 0;
}

/* A write into a map that is not known may be one into this. */
static struct sizes sizes_of(struct map_list *list, const struct map_plan *map)
{
	struct sizes s = { 0 };

	find_uses(list);
	for (size_t i = 0; i < list->nwrites; i++)
		if (list->writes[i].map == (int)map->index || list->writes[i].map == MAP_USE_ANY)
			add_write_to(&s, &list->writes[i]);
	s.unknown = s.unknown || list->nwrites == MAX_WRITES;
	return s;
}

const char *records_sizes(struct map_list *list, const struct map_plan *map)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(256);
	struct sizes s = sizes_of(list, map);

	for (uint32_t i = 0; i < s.count && !s.unknown; i++)
		strbuf_addf(&text, "%s%u", i ? ", " : "", s.all[i]);
	return map_list_copy(list, strbuf_str(&text));
}

const char *records_short(struct map_list *list, const struct map_plan *map)
{
	struct sizes s = sizes_of(list, map);

	for (uint32_t i = 0; i < s.count; i++)
		if (s.all[i] >= map->value.size_bytes)
			return "";
	return records_sizes(list, map);
}

void records_raw(struct map_list *list, struct map_plan *map)
{
	struct arena *arena = &list->ctx->plan->arena;
	struct sizes s = sizes_of(list, map);
	uint32_t bytes = s.unknown ? UNKNOWN_BYTES : 0;
	struct field *f;

	if (!s.any)
		return;
	for (uint32_t i = 0; i < s.count; i++)
		bytes = MAX(bytes, MIN(s.all[i], (uint32_t)MAX_RAW_BYTES));
	f = arena_new(arena, struct field);
	*f = (struct field){ .name = "bytes",
			     .path = "bytes",
			     .label = "bytes",
			     .kind = KIND_BYTES,
			     .size_bits = bytes * 8,
			     .count = 1 };
	map->value = (struct layout){ .type_name = "",
				      .fields = f,
				      .nfields = 1,
				      .size_bytes = bytes,
				      .min_bytes = 1,
				      .is_open = true,
				      .is_scalar = true };
	map->has_value = map->is_raw = true;
}

void records_exact(struct map_list *list, struct map_plan *map)
{
	struct layout *layout = &map->value;
	struct sizes s;

	if (!map->has_value)
		return;
	s = sizes_of(list, map);
	if (s.appends && map->source == SOURCE_PERF)
		layout->is_open = true;
	for (uint32_t i = 0; i < s.count && !s.unknown && !layout->is_open; i++)
		if (s.all[i] == layout->size_bytes)
			layout->min_bytes = layout->size_bytes;
}
