// SPDX-License-Identifier: Apache-2.0
/* Which role a map can have, and why not another. */
#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/plan_internal.h"

static const struct role_word {
	const char *word;
	enum map_role role;
} role_words[] = {
	/* The first of each role is its name. */
	{ "internal", ROLE_INTERNAL }, { "events", ROLE_EVENTS },	{ "counter", ROLE_COUNTER },
	{ "gauge", ROLE_GAUGE },       { "histogram", ROLE_HISTOGRAM }, { "spans", ROLE_SPANS },
	{ "hist", ROLE_HISTOGRAM },    { "print", ROLE_EVENTS },
};

static const struct role_word prefixes[] = {
	{ "counter_", ROLE_COUNTER }, { "gauge_", ROLE_GAUGE }, { "hist_", ROLE_HISTOGRAM },
	{ "print_", ROLE_EVENTS },    { "spans_", ROLE_SPANS },
};

const char *map_role_name(enum map_role role)
{
	for (size_t i = 0; i < ARRAY_LEN(role_words); i++)
		if (role_words[i].role == role)
			return role_words[i].word;
	return "unknown";
}

const char *prog_state_name(enum prog_state state)
{
	static const char *const names[] = {
		[PROG_WANTED] = "wanted",     [PROG_STANDBY] = "standby",
		[PROG_OFF] = "off",	      [PROG_REFUSED] = "refused",
		[PROG_LOADED] = "loaded",     [PROG_ATTACHED] = "attached",
		[PROG_DETACHED] = "detached",
	};

	return (unsigned)state < ARRAY_LEN(names) ? names[state] : "?";
}

int map_role_parse(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(role_words); i++)
		if (streq(role_words[i].word, text))
			return role_words[i].role;
	return -EINVAL;
}

int role_of_prefix(const char *name, const char **ret_rest)
{
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (has_prefix(name, prefixes[i].word) && name[strlen(prefixes[i].word)]) {
			*ret_rest = name + strlen(prefixes[i].word);
			return prefixes[i].role;
		}
	}
	return -1;
}

/* Records that come once and are gone. */
static bool is_stream(const struct map_plan *map)
{
	return map_is_ring(map) || map->source == SOURCE_QUEUE || map->source == SOURCE_ITER;
}

static bool is_number(const struct field *f)
{
	return f->count == 1 && (f->kind == KIND_UINT || f->kind == KIND_INT ||
				 f->kind == KIND_BOOL || f->kind == KIND_FLOAT);
}

static bool has_number(const struct layout *layout, uint8_t tags)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *f = &layout->fields[i];

		if (f->tags & TAG_HIDE)
			continue;
		if (field_is_numeric(f) ||
		    (is_number(f) && (layout->is_scalar || (f->tags & tags))))
			return true;
	}
	return false;
}

static bool is_bucket(const struct field *f)
{
	return is_number(f) && (streq(f->name, "bucket") || streq(f->name, "slot"));
}

/* One entry per bucket: a member of the key, a lone key, or an array's index says which. */
static bool has_bucket_key(const struct map_plan *map)
{
	const struct layout *key = &map->key, *value = &map->value;

	if ((map->source != SOURCE_HASH && map->source != SOURCE_ARRAY) || !map->has_key ||
	    value->nfields != 1 || value->fields[0].count != 1 ||
	    value->fields[0].kind != KIND_UINT)
		return false;
	if (key->is_scalar)
		return is_number(&key->fields[0]) && map->max_entries != 1;
	for (uint32_t i = 0; i < key->nfields; i++)
		if (is_bucket(&key->fields[i]))
			return true;
	return false;
}

/* One entry per histogram: an array in the value. */
static bool has_slots(const struct layout *value)
{
	for (uint32_t i = 0; i < value->nfields; i++) {
		const struct field *f = &value->fields[i];
		bool named = value->is_scalar || (f->tags & TAG_SLOTS) || streq(f->name, "slots") ||
			     streq(f->name, "buckets");

		if (named && f->count > 1 && f->kind == KIND_UINT && !f->is_bits &&
		    (f->size_bits == 64 || f->size_bits == 32))
			return true;
	}
	return false;
}

bool is_histogram_value(const struct map_plan *map)
{
	const struct layout *value = &map->value;
	uint32_t numbers = 0;

	for (uint32_t i = 0; i < value->nfields; i++)
		numbers += field_is_numeric(&value->fields[i]);
	/* Its sum and its count, by whatever name: more of them are results of their own. */
	return !value->is_scalar && has_slots(value) && numbers <= 2;
}

static const char *histogram_fault(const struct map_plan *map)
{
	if (is_stream(map))
		return has_number(&map->value, TAG_OBSERVE | TAG_VALUE)
			       ? NULL
			       : "its records have no number to observe";
	if (has_bucket_key(map) || has_slots(&map->value))
		return NULL;
	return "it is none of the three forms: a map of one number by a key with a member 'bucket' "
	       "or 'slot', by a lone number or by an index; a value with an array 'slots' or "
	       "'buckets'; records in a ring buffer";
}

static const char *spans_fault(const struct map_plan *map)
{
	static const struct {
		const char *name;
		uint32_t bytes;
	} members[] = {
		{ "trace_id", TRACE_ID_BYTES },	     { "span_id", SPAN_ID_BYTES },
		{ "parent_span_id", SPAN_ID_BYTES }, { "span_monotonic_timestamp_ns", 8 },
		{ "span_boottime_timestamp_ns", 8 }, { "span_duration_ns", 8 },
	};
	const struct layout *value = &map->value;

	if (!is_stream(map) || map->source == SOURCE_ITER)
		return "spans come from ring buffers";
	if (!layout_find(value, "span_duration_ns") ||
	    !(layout_find(value, "span_monotonic_timestamp_ns") ||
	      layout_find(value, "span_boottime_timestamp_ns") || layout_time(value)))
		return "a span needs the members span_monotonic_timestamp_ns and "
		       "span_duration_ns";
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const struct field *f = layout_find(value, members[i].name);

		if (f && (uint64_t)f->size_bits * f->count != members[i].bytes * 8)
			return i == 0 ? "trace_id has to be 16 bytes"
				      : "a span's ids and times have to be 8 bytes";
	}
	return NULL;
}

static const char *role_fault(const struct map_plan *map, enum map_role role)
{
	switch (role) {
	case ROLE_COUNTER:
		return is_stream(map) ||
				       has_number(&map->value, TAG_VALUE | TAG_COUNTER | TAG_GAUGE)
			       ? NULL
			       : "its value holds no number";
	case ROLE_GAUGE:
		if (is_stream(map) && map->source != SOURCE_ITER)
			return "its records come and go, and a gauge is a value that stays";
		return has_number(&map->value, TAG_VALUE | TAG_COUNTER | TAG_GAUGE)
			       ? NULL
			       : "its value holds no number";
	case ROLE_HISTOGRAM:
		return histogram_fault(map);
	case ROLE_SPANS:
		return spans_fault(map);
	default:
		return NULL;
	}
}

static int refuse(const struct map_plan *map, enum map_role role, enum role_origin origin,
		  const char *why, struct err *err)
{
	err_exit(err, origin == ORIGIN_WORD ? EXIT_USAGE : EXIT_FAILED);
	return err_set(err, EINVAL, "map '%s' cannot have the role %s: %s", map->symbol,
		       map_role_name(role), why);
}

int role_apply(struct map_plan *map, enum map_role role, enum role_origin origin, const char *why,
	       struct err *err)
{
	const char *fault;

	map->role = ROLE_INTERNAL;
	map->exported = false;
	if (role == ROLE_INTERNAL)
		return 0;
	if (map->source == SOURCE_NONE)
		return refuse(map, role, origin, "a map of this type has nothing to show", err);
	if (!map->has_value || (map->source == SOURCE_HASH && !map->has_key)) {
		if (*why)
			return refuse(map, role, origin, why, err);
		err_hint(err, "declare it with __type(), or name it: --map %s=%s:STRUCT",
			 map->symbol, map_role_name(role));
		return refuse(map, role, origin,
			      map->has_value   ? "the type of its keys is not known"
			      : is_stream(map) ? "the type of its records is not known"
					       : "the type of its values is not known",
			      err);
	}
	if (role == ROLE_EVENTS && !is_stream(map)) {
		/* Nothing happens in a table: it is shown as it stands. */
		map->role = ROLE_GAUGE;
		return 0;
	}
	fault = role_fault(map, role);
	if (fault)
		return refuse(map, role, origin, fault, err);
	map->role = role;
	map->exported = true;
	return 0;
}
