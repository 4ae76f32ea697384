/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maps of the plan: libbpf's, then one for each iterator whose record type is known, then one
 * for each variable that is exported.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/elf.h"
#include "runner/load/hook.h"
#include "runner/load/plan_internal.h"

#define MAX_MAPS 4096
#define ITER_VAR "bombus_iter___"

/* One --map option. */
struct map_word {
	char *map;
	const char *role, *type; /* type NULL: none; both inside the same memory */
	bool used;
};

struct builder {
	struct plan_ctx *ctx;
	struct map_plan *maps;
	uint32_t count, cap;
	struct map_word *words;
};

static void builder_release(struct builder *b)
{
	for (size_t i = 0; b->words && i < b->ctx->nwords; i++)
		free(b->words[i].map);
	free(b->words);
	free(b->maps);
}

static const struct map_type {
	uint32_t type;
	const char *name;
	enum map_source source;
	bool per_cpu;
} map_types[] = {
	{ 1, "hash", SOURCE_HASH },
	{ 2, "array", SOURCE_ARRAY },
	{ 3, "prog_array" },
	{ 4, "perf_event_array", SOURCE_PERF },
	{ 5, "percpu_hash", SOURCE_HASH, true },
	{ 6, "percpu_array", SOURCE_ARRAY, true },
	{ 7, "stack_trace" },
	{ 8, "cgroup_array" },
	{ 9, "lru_hash", SOURCE_HASH },
	{ 10, "lru_percpu_hash", SOURCE_HASH, true },
	{ 11, "lpm_trie" },
	{ 12, "array_of_maps" },
	{ 13, "hash_of_maps" },
	{ 14, "devmap" },
	{ 15, "sockmap" },
	{ 16, "cpumap" },
	{ 17, "xskmap" },
	{ 18, "sockhash" },
	{ 19, "cgroup_storage" },
	{ 20, "reuseport_sockarray" },
	{ 21, "percpu_cgroup_storage" },
	{ 22, "queue", SOURCE_QUEUE },
	{ 23, "stack", SOURCE_QUEUE },
	{ 24, "sk_storage" },
	{ 25, "devmap_hash" },
	{ 26, "struct_ops" },
	{ 27, "ringbuf", SOURCE_RING },
	{ 28, "inode_storage" },
	{ 29, "task_storage" },
	{ 30, "bloom_filter" },
	{ 31, "user_ringbuf" },
	{ 32, "cgrp_storage" },
	{ 33, "arena" },
	{ 34, "insn_array" },
};

static const struct map_type *find_type(uint32_t type)
{
	return type && type <= ARRAY_LEN(map_types) ? &map_types[type - 1] : NULL;
}

const char *map_type_name(uint32_t type)
{
	static _Thread_local char other[32];
	const struct map_type *known = find_type(type);

	if (known)
		return known->name;
	snprintf(other, sizeof(other), "type %u", type);
	return other;
}

static struct map_plan *new_map(struct builder *b)
{
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 16;
		b->maps = xreallocarray(b->maps, b->cap, sizeof(*b->maps));
	}
	b->maps[b->count] = (struct map_plan){ .index = b->count, .prog = -1, .lost_map = -1 };
	return &b->maps[b->count++];
}

static const char *copy(struct builder *b, const char *text)
{
	return arena_strdup(&b->ctx->plan->arena, text);
}

static int parse_words(struct builder *b)
{
	struct plan_ctx *ctx = b->ctx;

	b->words = xcalloc(ctx->nwords + 1, sizeof(*b->words));
	for (size_t i = 0; i < ctx->nwords; i++) {
		struct map_word *w = &b->words[i];
		char *role, *type;

		w->map = xstrdup(ctx->words[i]);
		role = strchr(w->map, '=');
		if (!role || role == w->map || !role[1]) {
			err_hint(ctx->err, "for example --map events=counter");
			return err_usage(ctx->err, "--map wants MAP=ROLE, not '%s'", ctx->words[i]);
		}
		*role++ = '\0';
		type = strchr(role, ':');
		if (type)
			*type++ = '\0';
		if (map_role_parse(role) < 0) {
			err_hint(ctx->err, "roles are events, counter, gauge, histogram, spans, "
				 "internal");
			return err_usage(ctx->err, "--map %s: no role '%s'", w->map, role);
		}
		w->role = role;
		w->type = type && *type ? type : NULL;
	}
	return 0;
}

/* The last word for this map: later options win. */
static struct map_word *find_word(struct builder *b, const struct map_plan *map)
{
	struct map_word *found = NULL;

	for (size_t i = 0; i < b->ctx->nwords; i++) {
		struct map_word *w = &b->words[i];

		if (streq(w->map, map->symbol) || streq(w->map, map->name)) {
			w->used = true;
			found = w;
		}
	}
	return found;
}

struct name_walk {
	const struct builder *b;
	uint32_t next;
};

static const char *next_map_name(void *arg)
{
	struct name_walk *walk = arg;

	return walk->next < walk->b->count ? walk->b->maps[walk->next++].name : NULL;
}

static int check_words(struct builder *b)
{
	for (size_t i = 0; i < b->ctx->nwords; i++) {
		struct name_walk walk = { b, 0 };
		const char *near;

		if (b->words[i].used)
			continue;
		near = suggest(b->words[i].map, next_map_name, &walk);
		if (near)
			err_hint(b->ctx->err, "did you mean '%s'?", near);
		return err_usage(b->ctx->err, "--map: no map '%s'", b->words[i].map);
	}
	return 0;
}

static const char *next_struct_name(void *arg)
{
	struct name_walk *walk = arg;
	const struct btf *btf = walk->b->ctx->btf;

	while (++walk->next < btf__type_cnt(btf)) {
		const struct btf_type *t = btf__type_by_id(btf, walk->next);
		const char *name = t ? btf__name_by_offset(btf, t->name_off) : NULL;

		if (name && *name && btf_is_struct(t))
			return name;
	}
	return NULL;
}

/* "event" or "struct event" of --map; 0: there is none. */
static uint32_t named_type(struct builder *b, const char *name)
{
	static const uint32_t kinds[] = { BTF_KIND_STRUCT, BTF_KIND_TYPEDEF, BTF_KIND_UNION };
	struct name_walk walk = { b, 0 };
	const char *near;

	if (has_prefix(name, "struct "))
		name += strlen("struct ");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int id = btf__find_by_name_kind(b->ctx->btf, name, kinds[i]);

		if (id > 0)
			return (uint32_t)id;
	}
	near = suggest(name, next_struct_name, &walk);
	if (near)
		err_hint(b->ctx->err, "did you mean '%s'?", near);
	err_usage(b->ctx->err, "--map: the object has no struct '%s'", name);
	return 0;
}

static int compile(struct builder *b, uint32_t type_id, const char *default_name,
		   struct layout *ret, struct err *err)
{
	return layout_compile_tagged(&b->ctx->plan->arena, b->ctx->btf, b->ctx->tags, type_id,
				     default_name, ret, err);
}

/* An array's keys are its indices, with or without a type. */
static void index_layout(struct builder *b, struct layout *ret)
{
	struct field *f = arena_new(&b->ctx->plan->arena, struct field);

	*f = (struct field){ .name = "index", .path = "index", .label = "index",
			     .kind = KIND_UINT, .size_bits = 32, .count = 1 };
	*ret = (struct layout){ .type_name = "__u32", .fields = f, .nfields = 1,
				.size_bytes = 4, .is_scalar = true };
}

static void fill_key(struct builder *b, struct map_plan *map, uint32_t type_id, struct err *why)
{
	const char *name = map->source == SOURCE_ARRAY ? "index" : "key";

	if (map->source != SOURCE_HASH && map->source != SOURCE_ARRAY)
		return;
	if (type_id && compile(b, type_id, name, &map->key, why) == 0)
		map->has_key = map->key.size_bytes == map->key_bytes;
	if (!map->has_key && map->source == SOURCE_ARRAY && map->key_bytes == 4) {
		index_layout(b, &map->key);
		map->has_key = true;
	}
}

static void fill_value(struct builder *b, struct map_plan *map, uint32_t type_id, struct err *why)
{
	bool keeps = map->source == SOURCE_HASH || map->source == SOURCE_ARRAY ||
		     map->source == SOURCE_QUEUE;

	if (!type_id || compile(b, type_id, "value", &map->value, why) < 0)
		return;
	if (keeps && map->value.size_bytes != map->value_bytes) {
		err_set(why, EINVAL, "its type is of %u bytes, its values are of %u",
			map->value.size_bytes, map->value_bytes);
		return;
	}
	/* What a perf event array holds by itself are descriptors, often declared as such. */
	map->has_value = !(map->source == SOURCE_PERF && map->value.is_scalar &&
			   map->value.size_bytes == 4);
}

static void fill_tags(struct builder *b, struct map_plan *map, const char *var)
{
	struct arena *arena = &b->ctx->plan->arena;
	const struct tags *tags = b->ctx->tags;
	uint32_t id = tags_var(tags, var);
	const char *name;

	if (!id)
		return;
	map->help = tag_text(tags, id, TAGS_WHOLE, "help", arena);
	map->unit = tag_text(tags, id, TAGS_WHOLE, "unit", arena);
	map->buckets = tag_text(tags, id, TAGS_WHOLE, "buckets", arena);
	name = tag_text(tags, id, TAGS_WHOLE, "name", arena);
	if (name)
		map->name = name;
}

static const char *suffix_of(const struct builder *b, const char *symbol)
{
	const struct elf_image *image = b->ctx->image;

	for (size_t i = 0; image && i < image->nmaps; i++)
		if (streq(image->maps[i].name, symbol))
			return image->maps[i].suffix;
	return "";
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && streq(text + len - end_len, end);
}

static bool is_lost_map(const char *symbol)
{
	return ends_with(symbol, "__lost") || ends_with(symbol, "_lost_samples");
}

/* What is said about the map's role, by whatever comes first; ORIGIN_PLAIN: nothing. */
static int asked_role(struct builder *b, const struct map_plan *map, const struct map_word *word,
		      enum map_role *ret, enum role_origin *ret_origin)
{
	const char *suffix = suffix_of(b, map->symbol), *rest;
	int role;

	*ret_origin = ORIGIN_PLAIN;
	*ret = ROLE_INTERNAL;
	if (word) {
		*ret_origin = ORIGIN_WORD;
		*ret = (enum map_role)map_role_parse(word->role);
		return 0;
	}
	if (is_lost_map(map->symbol))
		return 0;
	if (*suffix) {
		role = map_role_parse(suffix);
		if (role < 0) {
			err_exit(b->ctx->err, EXIT_FAILED);
			err_hint(b->ctx->err, "sections are .maps.counter, .gauge, .histogram, "
				 ".hist, .events, .print, .spans, .internal");
			return err_set(b->ctx->err, EINVAL, "map '%s' is in section '.maps.%s', "
				       "which names no role", map->symbol, suffix);
		}
		*ret_origin = ORIGIN_SUFFIX;
		*ret = (enum map_role)role;
		return 0;
	}
	role = role_of_prefix(map->symbol, &rest);
	if (role >= 0) {
		*ret_origin = ORIGIN_PREFIX;
		*ret = (enum map_role)role;
	} else if (map->source == SOURCE_RING || map->source == SOURCE_PERF) {
		*ret = map->has_value ? ROLE_EVENTS : ROLE_INTERNAL;
	}
	return 0;
}

static int apply_role(struct builder *b, struct map_plan *map, const struct map_word *word,
		      const struct err *why)
{
	enum role_origin origin;
	enum map_role role;
	int rc = asked_role(b, map, word, &role, &origin);

	if (rc)
		return rc;
	/* A record type that is there and cannot be read is a mistake, not an internal map. */
	if (origin == ORIGIN_PLAIN && role == ROLE_INTERNAL && *why->msg &&
	    (map->source == SOURCE_RING || map->source == SOURCE_PERF) && !is_lost_map(map->symbol))
		role = ROLE_EVENTS;
	rc = role_apply(map, role, origin, why->msg, b->ctx->err);
	if (rc || origin != ORIGIN_PLAIN || !b->ctx->all_maps || is_lost_map(map->symbol))
		return rc;
	if (map->role == ROLE_INTERNAL && map->has_key && map->has_value &&
	    (map->source == SOURCE_HASH || map->source == SOURCE_ARRAY))
		map->role = ROLE_GAUGE;
	return 0;
}

static int add_map(struct builder *b, const struct bpf_map *from)
{
	struct err why = { 0 };
	struct map_plan *map;
	const struct map_type *type;
	const struct map_word *word;
	uint32_t value_id = bpf_map__btf_value_type_id(from);
	const char *rest;

	if (b->count >= MAX_MAPS)
		return err_set(b->ctx->err, E2BIG, "more than %d maps", MAX_MAPS);
	map = new_map(b);
	map->symbol = map->name = map->backing_symbol = copy(b, bpf_map__name(from));
	map->type = bpf_map__type(from);
	map->key_bytes = bpf_map__key_size(from);
	map->value_bytes = bpf_map__value_size(from);
	map->max_entries = bpf_map__max_entries(from);
	if (bpf_map__is_internal(from))
		return 0;
	type = find_type(map->type);
	if (!type) {
		err_exit(b->ctx->err, EXIT_FAILED);
		return err_set(b->ctx->err, EINVAL, "map '%s' is of type %u, which is not known",
			       map->symbol, map->type);
	}
	map->source = type->source;
	map->per_cpu = type->per_cpu;
	if (!*suffix_of(b, map->symbol) && role_of_prefix(map->symbol, &rest) >= 0)
		map->name = copy(b, rest);
	fill_tags(b, map, map->symbol);
	word = find_word(b, map);
	if (word && word->type) {
		value_id = named_type(b, word->type);
		if (!value_id)
			return -EINVAL;
	}
	fill_key(b, map, bpf_map__btf_key_type_id(from), &why);
	fill_value(b, map, value_id, &why);
	if (map->source == SOURCE_RING || map->source == SOURCE_PERF)
		map->key_bytes = map->value_bytes = 0;
	return apply_role(b, map, word, &why);
}

/* A program "iter/..." with a pointer variable that names its record's type. */
static int add_iter(struct builder *b, const struct prog_plan *prog)
{
	const struct btf *btf = b->ctx->btf;
	_cleanup_free_ char *var = xasprintf(ITER_VAR "%s", prog->name);
	uint32_t id = tags_var(b->ctx->tags, var);
	const struct btf_type *t = id ? btf__type_by_id(btf, id) : NULL;
	const struct map_word *word;
	struct map_plan *map;
	struct err why = { 0 };
	enum map_role role = ROLE_EVENTS;

	if (!t)
		return 0;
	for (int i = 0; t && i < 8 && (btf_is_var(t) || btf_is_mod(t)); i++)
		t = btf__type_by_id(btf, t->type);
	if (!t || !btf_is_ptr(t)) {
		err_exit(b->ctx->err, EXIT_FAILED);
		return err_set(b->ctx->err, EINVAL, "variable '%s' has to be a pointer", var);
	}
	map = new_map(b);
	map->symbol = map->name = prog->name;
	map->source = SOURCE_ITER;
	map->prog = (int)prog->index;
	if (compile(b, t->type, "value", &map->value, &why) == 0)
		map->has_value = true;
	fill_tags(b, map, var);
	word = find_word(b, map);
	if (word)
		role = (enum map_role)map_role_parse(word->role);
	return role_apply(map, role, word ? ORIGIN_WORD : ORIGIN_SUFFIX, why.msg, b->ctx->err);
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

static int add_global(struct builder *b, const struct bpf_map *section, const char *section_name,
		      const struct btf_var_secinfo *info, enum map_role role)
{
	const struct btf *btf = b->ctx->btf;
	const struct btf_type *var = btf__type_by_id(btf, info->type);
	const char *name = btf__name_by_offset(btf, var->name_off);
	const struct map_word *word;
	struct map_plan *map;
	struct err why = { 0 };

	if (b->count >= MAX_MAPS)
		return err_set(b->ctx->err, E2BIG, "more than %d maps", MAX_MAPS);
	map = new_map(b);
	map->symbol = map->name = copy(b, name);
	map->backing_symbol = copy(b, section_name);
	map->source = SOURCE_GLOBALS;
	map->type = bpf_map__type(section);
	map->key_bytes = bpf_map__key_size(section);
	map->value_bytes = bpf_map__value_size(section);
	map->max_entries = 1;
	if (compile(b, var->type, "value", &map->value, &why) == 0)
		map->has_value = place_variable(&map->value, info->offset, map->value_bytes);
	fill_tags(b, map, name);
	word = find_word(b, map);
	if (word)
		role = (enum map_role)map_role_parse(word->role);
	return role_apply(map, role, word ? ORIGIN_WORD : ORIGIN_SUFFIX, why.msg, b->ctx->err);
}

static bool is_data_section(const char *name)
{
	return streq(name, ".bss") || streq(name, ".data") || has_prefix(name, ".bss.") ||
	       has_prefix(name, ".data.");
}

static int add_section(struct builder *b, const struct btf_type *t)
{
	const struct btf *btf = b->ctx->btf;
	const char *name = btf__name_by_offset(btf, t->name_off);
	const struct bpf_map *section;
	int rc = 0;

	if (!name || !is_data_section(name))
		return 0;
	section = bpf_object__find_map_by_name(b->ctx->obj, name);
	for (uint32_t i = 0; section && !rc && i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *info = btf_var_secinfos(t) + i;
		const struct btf_type *var = btf__type_by_id(btf, info->type);
		uint8_t tags = tag_flags(b->ctx->tags, info->type, TAGS_WHOLE);

		if (!var || !btf_is_var(var) || !(tags & (TAG_COUNTER | TAG_GAUGE)) ||
		    !btf__name_by_offset(btf, var->name_off))
			continue;
		rc = add_global(b, section, name, info,
				tags & TAG_COUNTER ? ROLE_COUNTER : ROLE_GAUGE);
	}
	return rc;
}

/* Where taking the prefix off makes two maps look the same, it stays on. */
static void keep_names_apart(struct builder *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		struct map_plan *map = &b->maps[i];

		for (uint32_t k = 0; k < b->count; k++) {
			if (k != i && (streq(map->name, b->maps[k].name) ||
				       streq(map->name, b->maps[k].symbol))) {
				map->name = map->symbol;
				break;
			}
		}
	}
}

static bool counts_loss(const struct map_plan *map)
{
	return map->source == SOURCE_ARRAY && map->has_value && map->value.is_scalar &&
	       map->value.size_bytes == 8 && map->value.fields[0].kind == KIND_UINT;
}

static void link_lost_maps(struct builder *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		size_t len = strlen(b->maps[i].symbol);

		for (uint32_t k = 0; k < b->count && !is_lost_map(b->maps[i].symbol); k++) {
			const char *rest = b->maps[k].symbol;

			if (strncmp(rest, b->maps[i].symbol, len) || !counts_loss(&b->maps[k]))
				continue;
			rest += len;
			if (streq(rest, "__lost") || streq(rest, "_lost_samples"))
				b->maps[i].lost_map = (int)k;
		}
	}
}

static int build(struct builder *b)
{
	struct plan_ctx *ctx = b->ctx;
	const struct bpf_map *map;
	int rc = parse_words(b);

	bpf_object__for_each_map(map, ctx->obj)
		if (!rc)
			rc = add_map(b, map);
	for (uint32_t i = 0; !rc && i < ctx->plan->nprogs; i++)
		if (has_prefix(ctx->plan->progs[i].section, "iter/") ||
		    has_prefix(ctx->plan->progs[i].section, "iter.s/"))
			rc = add_iter(b, &ctx->plan->progs[i]);
	for (uint32_t id = 1; !rc && id < btf__type_cnt(ctx->btf); id++) {
		const struct btf_type *t = btf__type_by_id(ctx->btf, id);

		if (t && btf_is_datasec(t))
			rc = add_section(b, t);
	}
	return rc ? rc : check_words(b);
}

int plan_maps(struct plan_ctx *ctx)
{
	_cleanup_(builder_release) struct builder b = { .ctx = ctx };
	int rc = build(&b);

	if (rc)
		return rc;
	keep_names_apart(&b);
	link_lost_maps(&b);
	ctx->plan->maps = arena_array(&ctx->plan->arena, struct map_plan, b.count + 1);
	if (b.count)
		memcpy(ctx->plan->maps, b.maps, b.count * sizeof(*b.maps));
	ctx->plan->nmaps = b.count;
	return 0;
}
