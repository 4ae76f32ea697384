// SPDX-License-Identifier: Apache-2.0
/*
 * The maps of the plan: libbpf's, then one for each iterator whose record type is known, then one
 * for each variable that is exported.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/elf/elf.h"
#include "runner/load/elf/map_use.h"
#include "runner/load/plan/gadget.h"
#include "runner/load/plan/plan_internal.h"

/* An array's keys are its indices, with or without a type. */
static void index_layout(struct map_list *list, struct layout *ret)
{
	struct field *f = arena_new(&list->ctx->plan->arena, struct field);

	*f = (struct field){ .name = "index",
			     .path = "index",
			     .label = "index",
			     .kind = KIND_UINT,
			     .size_bits = 32,
			     .count = 1 };
	*ret = (struct layout){
		.type_name = "__u32", .fields = f, .nfields = 1, .size_bytes = 4, .is_scalar = true
	};
}

static void fill_key(struct map_list *list, struct map_plan *map, uint32_t type_id, struct err *why)
{
	const char *name = map->source == SOURCE_ARRAY ? "index" : "key";

	if (map->source != SOURCE_HASH && map->source != SOURCE_ARRAY)
		return;
	if (type_id && map_list_compile(list, type_id, name, false, &map->key, why) == 0)
		map->has_key = map->key.size_bytes == map->key_bytes;
	if (!map->has_key && map->source == SOURCE_ARRAY && map->key_bytes == 4) {
		index_layout(list, &map->key);
		map->has_key = true;
	}
}

static void fill_value(struct map_list *list, struct map_plan *map, uint32_t type_id,
		       struct err *why)
{
	bool keeps = map->source == SOURCE_HASH || map->source == SOURCE_ARRAY ||
		     map->source == SOURCE_QUEUE;

	if (!type_id ||
	    map_list_compile(list, type_id, "value", map_is_ring(map), &map->value, why) < 0)
		return;
	if (keeps && map->value.size_bytes != map->value_bytes) {
		err_set(why, EINVAL, "its type is of %u bytes, its values are of %u",
			map->value.size_bytes, map->value_bytes);
		return;
	}
	/* A perf event array itself holds descriptors, and is often declared so. */
	map->has_value =
		!(map->source == SOURCE_PERF && map->value.is_scalar && map->value.size_bytes == 4);
}

static const char *suffix_of(const struct map_list *list, const char *symbol)
{
	const struct elf_image *image = list->ctx->image;

	for (size_t i = 0; image && i < image->nmaps; i++)
		if (streq(image->maps[i].name, symbol))
			return image->maps[i].suffix;
	return "";
}

/* A map that belongs to another one. */
static bool is_companion(const char *symbol)
{
	return has_suffix(symbol, "__lost") || has_suffix(symbol, "_lost_samples") ||
	       has_suffix(symbol, "__unread");
}

/* A gadget's member of a type for histograms. */
static bool has_slots(const struct map_plan *map)
{
	for (uint32_t i = 0; map->has_value && i < map->value.nfields; i++)
		if (map->value.fields[i].tags & TAG_SLOTS)
			return true;
	return false;
}

/* The role that the first source gives the map; ORIGIN_PLAIN: none gives one. */
static int asked_role(struct map_list *list, const struct map_plan *map,
		      const struct map_word *word, enum map_role *ret, enum role_origin *ret_origin,
		      struct err *err)
{
	const char *suffix = suffix_of(list, map->symbol), *rest;
	int role;

	*ret_origin = ORIGIN_PLAIN;
	*ret = ROLE_INTERNAL;
	if (word) {
		*ret_origin = ORIGIN_WORD;
		*ret = word->role;
		return 0;
	}
	if (is_companion(map->symbol))
		return 0;
	if (*suffix) {
		role = map_role_parse(suffix);
		if (role < 0) {
			err_hint(err, "sections are .maps.counter, .gauge, .histogram, "
				      ".hist, .events, .print, .spans, .internal");
			return err_set(err, EINVAL,
				       "map '%s' is in section '.maps.%s', "
				       "which names no role",
				       map->symbol, suffix);
		}
		*ret_origin = ORIGIN_SUFFIX;
		*ret = (enum map_role)role;
		return 0;
	}
	role = role_of_prefix(map->symbol, &rest);
	if (role >= 0) {
		*ret_origin = ORIGIN_PREFIX;
		*ret = (enum map_role)role;
	} else if ((map->source == SOURCE_HASH || map->source == SOURCE_ARRAY) &&
		   gadget_is_iterated(list->ctx->btf, map->symbol)) {
		*ret_origin = ORIGIN_PREFIX;
		*ret = has_slots(map) ? ROLE_HISTOGRAM : ROLE_GAUGE;
	} else if (map_is_ring(map)) {
		*ret = map->has_value ? ROLE_EVENTS : ROLE_INTERNAL;
	}
	return 0;
}

static bool is_showable(const struct map_plan *map)
{
	return map->role == ROLE_INTERNAL && map->has_key && map->has_value &&
	       (map->source == SOURCE_HASH || map->source == SOURCE_ARRAY) &&
	       !is_companion(map->symbol);
}

/* It holds state between two events, such as the time at which a request began. */
static bool is_scratch(struct map_list *list, const struct map_plan *map)
{
	uint8_t habits = map_habits(list, map);
	bool lone = map->value.is_scalar && map->value.size_bytes == sizeof(uint64_t);

	return (habits & HABIT_DELETES) || ((habits & HABIT_MOMENT) && lone);
}

/* The role of an internal map with a known layout comes from the layout. */
static bool show_internal(struct map_list *list, struct map_plan *map)
{
	enum map_role role = ROLE_GAUGE;

	if (!is_showable(map))
		return false;
	if (is_histogram_value(map))
		role = ROLE_HISTOGRAM;
	else if (map_habits(list, map) & HABIT_ADDS)
		role = ROLE_COUNTER;
	if (role_apply(map, role, ORIGIN_PLAIN, "", NULL))
		map->role = ROLE_GAUGE;
	map->exported = false;
	return true;
}

static int apply_role(struct map_list *list, struct map_plan *map, const struct map_word *word,
		      const struct err *why, struct err *err)
{
	enum role_origin origin;
	enum map_role role;
	int rc = asked_role(list, map, word, &role, &origin, err);

	if (rc) {
		list->has_role = true;
		return rc;
	}
	/* A record type that is there and cannot be read is a mistake, not an internal map. */
	if (origin == ORIGIN_PLAIN && role == ROLE_INTERNAL && *why->msg && map_is_ring(map) &&
	    !is_companion(map->symbol))
		role = ROLE_EVENTS;
	rc = role_apply(map, role, origin, why->msg, err);
	if (rc && origin == ORIGIN_PREFIX && role == ROLE_GAUGE && is_showable(map) &&
	    gadget_is_iterated(list->ctx->btf, map->symbol)) {
		map->role = ROLE_GAUGE; /* whatever its values are */
		rc = 0;
	}
	map->exported = map->exported && !map->is_raw;
	list->has_role = list->has_role || origin != ORIGIN_PLAIN ||
			 (map->role != ROLE_INTERNAL && !map->is_raw);
	if (!rc && list->ctx->opts->all_maps && origin == ORIGIN_PLAIN)
		show_internal(list, map);
	return rc;
}

/* libbpf puts a part of the file's name in front of a section's: "x.bpf.bss" for ".bss". */
static const char *map_name(const struct bpf_map *map)
{
	static const char *const sections[] = { ".bss", ".data", ".rodata", ".kconfig" };
	const char *name = bpf_map__name(map);

	for (size_t i = 0; bpf_map__is_internal(map) && i < ARRAY_LEN(sections); i++)
		if (has_suffix(name, sections[i]))
			return sections[i];
	return name;
}

static bool is_plain(const struct map_list *list, const char *symbol)
{
	const char *rest;

	return !*suffix_of(list, symbol) && role_of_prefix(symbol, &rest) < 0;
}

/* The key and the value, or record, of a map. value_id: as it is declared; 0: it is not. */
static int fill_layouts(struct map_list *list, struct map_plan *map, uint32_t key_id,
			uint32_t value_id, const struct map_word *word, struct err *why)
{
	if (map_is_ring(map) && gadget_record_type(list->ctx->btf, map->symbol))
		value_id = gadget_record_type(list->ctx->btf, map->symbol);
	if (word && word->type) {
		value_id = words_type(list, word->type);
		if (!value_id)
			return -EINVAL;
	}
	fill_key(list, map, key_id, why);
	fill_value(list, map, value_id, why);
	if (!map_is_ring(map))
		return 0;
	map->key_bytes = map->value_bytes = 0;
	if (!map->has_value && !*why->msg)
		fill_value(list, map, records_type(list, map), why);
	if (!map->has_value && !*why->msg &&
	    (word ? word->role == ROLE_EVENTS : is_plain(list, map->symbol)))
		records_raw(list, map);
	if (map->is_raw)
		map->record_sizes = records_sizes(list, map);
	else if (map->has_value && list->ctx->opts->strict)
		map->record_sizes = records_short(list, map);
	records_exact(list, map);
	return 0;
}

static int add_map(struct map_list *list, const struct bpf_map *from)
{
	struct err why = { 0 }, fault = { 0 };
	struct map_plan *map;
	const struct map_type *type;
	const struct map_word *word;
	const char *rest;
	int rc;

	if (list->count >= PLAN_MAX_MAPS)
		return err_set(list->ctx->err, E2BIG, "more than %d maps", PLAN_MAX_MAPS);
	map = map_list_add(list);
	map->symbol = map->backing_symbol = map_list_copy(list, bpf_map__name(from));
	map->name = map_list_copy(list, map_name(from));
	map->type = bpf_map__type(from);
	map->key_bytes = bpf_map__key_size(from);
	map->value_bytes = bpf_map__value_size(from);
	map->max_entries = bpf_map__max_entries(from);
	if (bpf_map__is_internal(from))
		return 0;
	type = map_type_find(map->type);
	if (!type) {
		err_set(&fault, EINVAL, "map '%s' is of type %u, which is not known", map->symbol,
			map->type);
		return map_list_fault(list, map, NULL, -EINVAL, &fault);
	}
	map->source = type->source;
	map->per_cpu = type->per_cpu;
	if (!*suffix_of(list, map->symbol) && role_of_prefix(map->symbol, &rest) >= 0)
		map->name = map_list_copy(list, rest);
	map_list_tags(list, map, map->symbol);
	word = words_find(list, map);
	rc = fill_layouts(list, map, bpf_map__btf_key_type_id(from),
			  bpf_map__btf_value_type_id(from), word, &why);
	if (rc)
		return rc;
	if (list->ctx->opts->nrecipes && !(word && word->type)) {
		rc = recipe_apply(list, map);
		list->has_role = true;
		map->found_type = NULL;
		if (rc < 0 || !word)
			return rc;
	}
	return map_list_fault(list, map, word, apply_role(list, map, word, &why, &fault), &fault);
}

/* Where taking the prefix off makes two maps look the same, it stays on. */
static void keep_names_apart(struct map_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		struct map_plan *map = &list->maps[i];

		for (uint32_t k = 0; k < list->count; k++) {
			if (k != i && (streq(map->name, list->maps[k].name) ||
				       streq(map->name, list->maps[k].symbol))) {
				map->name = map->symbol;
				break;
			}
		}
	}
}

/* Gadgets say of theirs how large it is and no more. */
static bool counts_loss(const struct map_plan *map)
{
	if (map->source != SOURCE_ARRAY || map->value_bytes != sizeof(uint64_t))
		return false;
	return !map->has_value || (map->value.is_scalar && map->value.size_bytes == 8 &&
				   map->value.fields[0].kind == KIND_UINT);
}

static bool is_flag(const struct map_plan *map)
{
	return map->source == SOURCE_ARRAY && map->value_bytes == sizeof(uint32_t);
}

static void link_companions(struct map_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		size_t len = strlen(list->maps[i].symbol);

		for (uint32_t k = 0; k < list->count && !is_companion(list->maps[i].symbol); k++) {
			const char *rest = list->maps[k].symbol;

			if (strncmp(rest, list->maps[i].symbol, len) != 0)
				continue;
			rest += len;
			if (streq(rest, "__unread") && is_flag(&list->maps[k]))
				list->maps[i].unread_map = (int)k;
			if (!counts_loss(&list->maps[k]))
				continue;
			if (streq(rest, "__lost") || streq(rest, "_lost_samples"))
				list->maps[i].lost_map = (int)k;
		}
	}
}

static int gather(struct map_list *list)
{
	struct plan_ctx *ctx = list->ctx;
	const struct bpf_map *map;
	int rc = 0;

	words_copy(list);
	bpf_object__for_each_map(map, ctx->obj)
		if (!rc)
			rc = add_map(list, map);
	if (!rc)
		rc = recipes_check(list);
	if (!rc)
		rc = pseudo_maps(list);
	return rc ? rc : words_check(list);
}

/* Where no map has a role, shows all but those with state of requests under way; those too, if
 * there are no others. */
static bool show_bare(struct map_list *list)
{
	bool shown = false;

	for (int pass = 0; pass < 2 && !shown; pass++)
		for (uint32_t i = 0; i < list->count; i++) {
			struct map_plan *map = &list->maps[i];

			if (is_showable(map) && (pass || !is_scratch(list, map)))
				shown = show_internal(list, map) || shown;
		}
	return shown;
}

int plan_maps(struct plan_ctx *ctx)
{
	_cleanup_(map_list_release) struct map_list list = { .ctx = ctx };
	bool is_bare = false;
	int rc = gather(&list);

	if (rc)
		return rc;
	is_bare = !list.has_role && show_bare(&list);
	keep_names_apart(&list);
	link_companions(&list);
	ctx->plan->maps = arena_array(&ctx->plan->arena, struct map_plan, list.count + 1);
	if (list.count)
		memcpy(ctx->plan->maps, list.maps, list.count * sizeof(*list.maps));
	ctx->plan->nmaps = list.count;
	plan_advise(ctx, is_bare);
	return 0;
}
