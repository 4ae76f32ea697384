// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/layout_names.h"

#include <bpf/btf.h>
#include "base/arena.h"
#include "base/util.h"
#include "runner/load/plan/layout_types.h"
#include "runner/load/plan/meanings.h"
#include "runner/load/plan/tags.h"

#define MAX_PATH 512

const char *name_label(struct arena *arena, const char *path)
{
	char *label = arena_strdup(arena, path);

	for (char *c = label; *c; c++)
		if (*c == '.')
			*c = '_';
	return label;
}

static const char *join_path(struct arena *arena, const struct place *parent, const char *name)
{
	const char *path = parent->path ? arena_printf(arena, "%s.%s", parent->path, name)
					: arena_strdup(arena, name);

	return strlen(path) < MAX_PATH ? path : NULL;
}

bool place_below(struct arena *arena, const struct place *parent, const char *name,
		 struct place *ret)
{
	const char *dot;

	*ret = (struct place){ .off_bits = parent->off_bits,
			       .tags = parent->tags,
			       .unit = parent->unit };
	ret->path = join_path(arena, parent, name);
	if (!ret->path)
		return false;
	dot = strrchr(ret->path, '.');
	/* Damaged types may have names that end in a dot. */
	ret->name = dot && dot[1] ? dot + 1 : ret->path;
	return true;
}

const char *name_of_member(const struct btf *btf, const struct btf_member *m)
{
	const char *name = type_name_at(btf, m->name_off);

	return strchr(name, ' ') ? "" : name;
}

bool name_is_path(const char *name)
{
	size_t len = strlen(name);

	return len && !strpbrk(name, " \"'") && name[0] != '.' && name[len - 1] != '.' &&
	       !strstr(name, "..");
}

const char *name_of_scalar(const struct field *f, const char *default_name)
{
	const char *name = meaning_traits(f->meaning)->name;

	return name ? name : default_name;
}

const char *name_of_unnamed(const struct btf *btf, const struct shape *s)
{
	const struct btf_member *m = btf_members(s->type);
	const char *name;

	for (uint32_t i = 0; i < btf_vlen(s->type); i++) {
		name = name_of_member(btf, &m[i]);
		if (*name)
			return name;
	}
	name = meaning_traits(s->meaning)->name;
	return name ? name : "value";
}

/* What both begin with, without the separator: "saddr" of "saddr_v4" and "saddr_v6". */
static size_t shared_length(const char *a, const char *b)
{
	size_t len = 0;

	while (a[len] && a[len] == b[len])
		len++;
	if (len && a[len - 1] == 'v' && (len == 1 || a[len - 2] == '_'))
		len--;
	else if (len > 3 && strncmp(a + len - 3, "_ip", 3) == 0)
		len -= 3;
	while (len && a[len - 1] == '_')
		len--;
	return len;
}

static const char *shared_name(const struct btf *btf, const struct btf_type *t, struct arena *arena)
{
	const struct btf_member *m = btf_members(t);
	const char *first = btf_vlen(t) ? name_of_member(btf, &m[0]) : "";
	size_t len = strlen(first);

	for (uint32_t i = 1; i < btf_vlen(t); i++)
		len = MIN(len, shared_length(first, name_of_member(btf, &m[i])));
	return len ? arena_printf(arena, "%.*s", (int)len, first) : "addr";
}

const char *name_of_union(const struct btf *btf, const struct tags *tags, const struct shape *s,
			  uint32_t member, struct arena *arena)
{
	const struct btf_member *m = btf_members(s->type);
	const char *name = name_of_member(btf, &m[member]);
	struct shape in;

	/* Of what the author says something, nothing is guessed. */
	if (type_resolve(btf, m[member].type, &in) || !in.type || tags_any(tags, in.id) ||
	    tags_any(tags, s->id))
		return NULL;
	if (*name)
		return name;
	name = shared_name(btf, in.type, arena);
	for (uint32_t i = 0; i < btf_vlen(s->type); i++)
		if (streq(name_of_member(btf, &m[i]), name))
			return NULL;
	return name;
}

static bool ends_in(const char *name, const char *const *ends, size_t count)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < count; i++) {
		size_t end = strlen(ends[i]);

		if (len >= end && strcasecmp(name + len - end, ends[i]) == 0)
			return true;
	}
	return false;
}

static bool is_trace_id(const char *name, uint64_t bits)
{
	return (bits == 128 && streq(name, "trace_id")) ||
	       (bits == 64 && (streq(name, "span_id") || streq(name, "parent_span_id")));
}

void name_tells(const char *name, struct field *f)
{
	static const char *const ports[] = { "port" };
	static const char *const addresses[] = { "addr", "addr4", "addr_v4", "addr_be", "ip",
						 "ip4",	 "ipv4",  "ip_v4",   "ip_be" };
	uint64_t bits = (uint64_t)f->size_bits * f->count;

	if (f->meaning == MEAN_BE && f->size_bits == 16 && ends_in(name, ports, ARRAY_LEN(ports)))
		f->meaning = MEAN_PORT_BE;
	else if (f->meaning == MEAN_BE && f->size_bits == 32 &&
		 ends_in(name, addresses, ARRAY_LEN(addresses)))
		f->meaning = MEAN_IPV4;
	if (is_trace_id(name, bits) && !f->is_bits &&
	    (f->meaning == MEAN_NONE || f->meaning == MEAN_HEX))
		*f = (struct field){ .kind = KIND_BYTES,
				     .meaning = MEAN_HEX,
				     .size_bits = (uint32_t)bits,
				     .count = 1 };
}

struct field *fields_copy(const struct field *from, uint32_t count, struct arena *arena)
{
	struct field *fields = arena_array(arena, struct field, count);

	for (uint32_t i = 0; i < count; i++) {
		struct field *f = &fields[i];
		size_t name_at;

		*f = from[i];
		name_at = strlen(f->path) - strlen(f->name);
		f->path = arena_strdup(arena, f->path);
		f->name = f->path + name_at;
		f->label = strchr(f->path, '.') ? arena_strdup(arena, f->label) : f->path;
		f->help = arena_strdup(arena, f->help);
		f->unit = arena_strdup(arena, f->unit);
		f->decode = arena_strdup(arena, f->decode);
	}
	return fields;
}

const char *name_of_nested(const struct btf *btf, const struct btf_member *m)
{
	struct ip_parts parts;
	struct shape s;

	if (type_resolve(btf, m->type, &s) || !s.type || !btf_is_composite(s.type))
		return "";
	return type_is_one_field(btf, &s, &parts) ? name_of_unnamed(btf, &s) : "";
}

const char *name_of_labels(const struct btf *btf, const struct btf_member *m)
{
	struct shape s;

	if (type_resolve(btf, m->type, &s) || !s.type)
		return "key";
	return btf_is_composite(s.type)
		       ? name_of_nested(btf, m)
		       : name_of_scalar(&(struct field){ .meaning = (uint8_t)s.meaning }, "key");
}
