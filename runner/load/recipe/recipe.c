// SPDX-License-Identifier: Apache-2.0
#include "runner/load/recipe/recipe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/plan/layout_names.h"
#include "runner/load/plan/plan_internal.h"

#define KEY_TEXT_MAX 300

int recipe_refuse(const struct recipe_place *at, struct err *err, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_usage(err, "%s:%u:%u: %s", at->path, at->line, at->column, what);
}

/* --- the bytes of a key or record --- */

static uint64_t labels_bytes(const struct recipe_label *labels, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (uint64_t)labels[i].size_bytes + labels[i].padding_bytes;
	return sum;
}

/* "dev 4, op 1, 3 of padding, bucket 8": a key or record by the object's types. */
static void describe(const struct layout *layout, uint32_t size_bytes, struct strbuf *text)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < layout->nfields && !text->full; i++) {
		const struct field *f = &layout->fields[i];
		uint32_t start = f->off_bits / 8, end = field_end_bytes(f);

		if (start > at)
			strbuf_addf(text, "%s%u of padding", text->len ? ", " : "", start - at);
		if (end <= at)
			continue;
		strbuf_addf(text, "%s%s %u", text->len ? ", " : "", f->path, end - start);
		at = end;
	}
	if (at < size_bytes)
		strbuf_addf(text, "%s%u of padding", text->len ? ", " : "", size_bytes - at);
}

/* Whether a label may begin or end at this byte: it cuts no number of a field in two. */
static bool is_border(const struct layout *types, uint32_t at)
{
	for (uint32_t i = 0; i < types->nfields; i++) {
		const struct field *f = &types->fields[i];
		uint32_t element = f->kind == KIND_BYTES || f->kind == KIND_TEXT || f->is_bits
					   ? 1
					   : MAX(f->size_bits / 8, 1u);

		if (at > f->off_bits / 8 && at < field_end_bytes(f) &&
		    (at - f->off_bits / 8) % element)
			return false;
	}
	return true;
}

static const struct field *field_at(const struct layout *types, uint32_t at, uint32_t bytes)
{
	for (uint32_t i = 0; i < types->nfields; i++)
		if (types->fields[i].off_bits == (uint64_t)at * 8 &&
		    field_end_bytes(&types->fields[i]) == at + bytes)
			return &types->fields[i];
	return NULL;
}

/* Warns of values that would be shown without an error and be wrong. */
static void warn_of_label(const struct recipe_label *label, uint32_t at, const struct layout *types)
{
	const struct field *f = field_at(types, at, label->size_bytes);

	if (!is_border(types, at) || !is_border(types, at + label->size_bytes))
		log_warn("%s:%u:%u: label '%s' is bytes %u to %u, which cut a number in two",
			 label->at.path, label->at.line, label->at.column, label->name, at,
			 at + label->size_bytes);
	else if (f && f->is_signed && f->count == 1 && streq(label->decode, "uint"))
		log_warn("%s:%u:%u: label '%s' is a signed number, of which uint makes a large one "
			 "where it is below 0",
			 label->at.path, label->at.line, label->at.column, label->name);
}

static void make_field(struct map_list *list, const struct recipe_label *label, uint32_t at,
		       enum map_role role, struct field *ret)
{
	struct arena *arena = &list->ctx->plan->arena;
	uint32_t size = label->size_bytes;
	bool number = has_prefix(label->decode, "uint") && size <= 8;
	struct field f = {
		.name = arena_strdup(arena, label->name),
		.off_bits = at * 8,
		.size_bits = size * 8,
		.count = 1,
		.kind = number ? KIND_UINT : KIND_BYTES,
	};

	f.path = f.label = f.name;
	if (strrchr(f.path, '.')) {
		f.name = strrchr(f.path, '.') + 1;
		f.label = name_label(arena, f.path);
	}
	if (streq(label->decode, "string"))
		field_give_text(&f);
	else if (streq(label->decode, "inet_ip") && size == 4)
		field_give_meaning(&f, MEAN_IPV4);
	else if (role == ROLE_SPANS && streq(label->decode, "hex") && size <= TRACE_ID_BYTES)
		f.meaning = MEAN_HEX;
	else if (!number || !streq(label->decode, "uint"))
		f.decode = arena_strdup(arena, label->decode);
	*ret = f;
}

/* The labels as the fields of a layout. `types` are the object's; empty: it has none. */
static void cut(struct map_list *list, const struct plan_recipe *recipe, size_t nlabels,
		const struct layout *types, struct layout *ret)
{
	struct field *fields = arena_array(&list->ctx->plan->arena, struct field, nlabels + 1);
	uint32_t at = 0;

	for (size_t i = 0; i < nlabels; i++) {
		const struct recipe_label *label = &recipe->labels[i];

		warn_of_label(label, at, types);
		make_field(list, label, at, recipe->role, &fields[i]);
		at += label->size_bytes + label->padding_bytes;
	}
	*ret = (struct layout){
		.type_name = "", .fields = fields, .nfields = (uint32_t)nlabels, .size_bytes = at
	};
}

/* --- one map --- */

static int refuse_size(struct map_list *list, const struct plan_recipe *recipe, const char *what,
		       uint64_t have, uint32_t size_bytes, const struct layout *types)
{
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT(KEY_TEXT_MAX);
	const struct recipe_place *at =
		recipe->nlabels ? &recipe->labels[recipe->nlabels - 1].at : &recipe->at;

	describe(types, size_bytes, &key);
	if (key.len && types->nfields)
		err_hint(list->ctx->err, "by its type the %s is: %s", what, strbuf_str(&key));
	else
		err_hint(list->ctx->err, "size and padding of the labels have to add up to %u",
			 size_bytes);
	return recipe_refuse(at, list->ctx->err,
			     "the labels of '%s' take %llu bytes with their padding, and its %s "
			     "has %u",
			     recipe->map, (unsigned long long)have, what, size_bytes);
}

static int check_value(struct map_list *list, const struct map_plan *map,
		       const struct plan_recipe *recipe)
{
	if (map->value_bytes == 8)
		return 0;
	return recipe_refuse(&recipe->at, list->ctx->err,
			     "the values of map '%s' have %u bytes; a metric takes one number of 8 "
			     "bytes (u64)",
			     recipe->map, map->value_bytes);
}

static void one_number(struct map_list *list, struct map_plan *map)
{
	struct field *f = arena_new(&list->ctx->plan->arena, struct field);

	*f = (struct field){ .name = "value",
			     .path = "value",
			     .label = "value",
			     .kind = KIND_UINT,
			     .size_bits = 64,
			     .count = 1 };
	map->value = (struct layout){
		.type_name = "__u64", .fields = f, .nfields = 1, .size_bytes = 8, .is_scalar = true
	};
	map->has_value = true;
}

static int shape_entries(struct map_list *list, struct map_plan *map,
			 const struct plan_recipe *recipe)
{
	const struct layout none = { 0 }, types = map->has_key ? map->key : none;
	size_t n = recipe->nlabels;
	const struct recipe_label *last = n ? &recipe->labels[n - 1] : NULL;
	uint64_t bytes;

	/* A label of nothing but the CPU needs no key: there is one entry. */
	map->split_cpu = map->per_cpu && last && streq(last->name, RECIPE_CPU) &&
			 recipe->role == ROLE_COUNTER;
	n -= map->split_cpu;
	bytes = labels_bytes(recipe->labels, n);
	if (map->split_cpu && last->size_bytes + last->padding_bytes != RECIPE_CPU_BYTES)
		return recipe_refuse(&last->at, list->ctx->err,
				     "the label cpu of the per-CPU map '%s' has %u bytes, and the "
				     "number of a CPU has %d: size: %d",
				     recipe->map, last->size_bytes + last->padding_bytes,
				     RECIPE_CPU_BYTES, RECIPE_CPU_BYTES);
	if (n ? bytes != map->key_bytes : map->key_bytes != 4)
		return refuse_size(list, recipe, "key",
				   bytes + (map->split_cpu ? RECIPE_CPU_BYTES : 0), map->key_bytes,
				   &types);
	if (!n && map->source == SOURCE_ARRAY && map->max_entries != 1) {
		err_hint(list->ctx->err, "labels: [{name: index, size: 4, decoders: [{name: "
					 "uint}]}]");
		return recipe_refuse(&recipe->at, list->ctx->err,
				     "'%s' has no label for the index of its %u entries",
				     recipe->map, map->max_entries);
	}
	map->has_key = n > 0;
	map->key = none;
	if (n)
		cut(list, recipe, n, &types, &map->key);
	one_number(list, map);
	return check_value(list, map, recipe);
}

static int shape_records(struct map_list *list, struct map_plan *map,
			 const struct plan_recipe *recipe)
{
	const struct layout none = { 0 },
			    types = map->has_value && !map->is_raw ? map->value : none;
	uint64_t bytes = labels_bytes(recipe->labels, recipe->nlabels);

	if (types.nfields && bytes > types.size_bytes)
		return refuse_size(list, recipe, "record", bytes, types.size_bytes, &types);
	if (!recipe->nlabels)
		return recipe_refuse(&recipe->at, list->ctx->err,
				     "'%s' has no labels for its records", recipe->map);
	cut(list, recipe, recipe->nlabels, &types, &map->value);
	/* A perf event is padded to whole 8 bytes; bytes behind the labels do not count. */
	map->value.is_open = true;
	map->has_value = true;
	map->is_raw = false;
	return 0;
}

static int check_kind(struct map_list *list, const struct map_plan *map,
		      const struct plan_recipe *recipe)
{
	bool entries = map->source == SOURCE_HASH || map->source == SOURCE_ARRAY;
	const struct recipe_place *at = &recipe->at;
	struct err *err = list->ctx->err;
	char type[32];

	snprintf(type, sizeof(type), "%s", map_type_name(map->type));
	if (recipe->role == ROLE_SPANS && map->source != SOURCE_RING)
		return recipe_refuse(at, err,
				     "spans come from a ringbuf, and '%s' is a map of the "
				     "type %s",
				     recipe->map, type);
	if (recipe->role != ROLE_SPANS && !recipe->is_stream && map->source == SOURCE_PERF) {
		err_hint(err, "perf_event_array: true");
		return recipe_refuse(at, err,
				     "'%s' is a perf event array, and nothing here says so",
				     recipe->map);
	}
	if (recipe->is_stream && map->source != SOURCE_PERF)
		return recipe_refuse(at, err,
				     "'%s' is no perf event array, but a map of the type %s",
				     recipe->map, type);
	if (recipe->role != ROLE_SPANS && !recipe->is_stream && !entries)
		return recipe_refuse(at, err,
				     "'%s' is a map of the type %s; a metric needs a hash "
				     "or an array",
				     recipe->map, type);
	return 0;
}

static const struct plan_recipe *find(const struct map_list *list, const char *symbol)
{
	const struct plan_opts *opts = list->ctx->opts;

	for (size_t i = 0; i < opts->nrecipes; i++)
		if (streq(opts->recipes[i].map, symbol))
			return &opts->recipes[i];
	return NULL;
}

int recipe_apply(struct map_list *list, struct map_plan *map)
{
	const struct plan_recipe *recipe = find(list, map->symbol);
	int rc;

	if (!recipe)
		return 0;
	rc = check_kind(list, map, recipe);
	if (rc == 0)
		rc = map_is_ring(map) ? shape_records(list, map, recipe)
				      : shape_entries(list, map, recipe);
	if (rc < 0)
		return rc;
	map->name = map->symbol;
	map->name_space = map_list_copy(list, recipe->name_space);
	map->help = map_list_copy(list, recipe->help);
	map->unit = NULL;
	map->buckets = map_list_copy(list, recipe->buckets);
	map->counted = NULL;
	map->service = map_list_copy(list, recipe->service);
	map->span = map_list_copy(list, recipe->span);
	map->flush_ns = recipe->flush_ns;
	map->role = recipe->role;
	map->exported = true;
	return 0;
}

struct symbol_walk {
	const struct map_list *list;
	uint32_t next;
};

static const char *next_symbol(void *ctx)
{
	struct symbol_walk *walk = ctx;

	return walk->next < walk->list->count ? walk->list->maps[walk->next++].symbol : NULL;
}

int recipes_check(struct map_list *list)
{
	const struct plan_opts *opts = list->ctx->opts;

	for (size_t i = 0; i < opts->nrecipes; i++) {
		const struct plan_recipe *recipe = &opts->recipes[i];
		struct symbol_walk walk = { list, 0 };
		bool found = false;
		const char *near;

		for (uint32_t k = 0; k < list->count && !found; k++)
			found = streq(list->maps[k].symbol, recipe->map);
		if (found)
			continue;
		near = suggest(recipe->map, next_symbol, &walk);
		if (near)
			err_hint(list->ctx->err, "did you mean '%s'?", near);
		return recipe_refuse(&recipe->at, list->ctx->err, "the object has no map '%s'",
				     recipe->map);
	}
	return 0;
}
