// SPDX-License-Identifier: Apache-2.0
/*
 * One recursive walk, with a `place` that says where in the record it stands. BTF comes from
 * unknown sources: every type is looked up with a check, chains of typedefs and nesting are
 * bounded, a budget of visited types bounds the time, and add_field() is the only way into the
 * result and checks each field against the record's end.
 */
#include "runner/load/plan/layout.h"

#include <bpf/btf.h>
#include <errno.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/layout_enums.h"
#include "runner/load/plan/layout_names.h"
#include "runner/load/plan/layout_types.h"
#include "runner/load/plan/meanings.h"
#include "runner/load/plan/tags.h"

#define MAX_VISITS 16384
#define MAX_ENUM_NAMES 4096

struct walk {
	struct arena scratch; /* what a failure leaves behind goes with it */
	const struct btf *btf;
	const struct tags *tags;
	struct err *err;
	const char *type_name;
	uint64_t record_bits;
	uint32_t tail_bytes; /* elements that a flexible array at the record's end gets; 0: none */
	struct field *fields;
	uint32_t nfields, cap;
	uint32_t visits;
	uint32_t depth;
	bool hidden;			   /* timers, locks and the like were left out */
	uint32_t around[LAYOUT_MAX_DEPTH]; /* type ids of the structs being walked */
	struct enum_list enums;
};

static int walk_type(struct walk *w, const struct place *place, uint32_t type_id);

static void walk_release(struct walk *w)
{
	free(w->fields);
	enum_list_release(&w->enums);
	arena_release(&w->scratch);
}

static int fail(struct walk *w, int code, const struct place *place, const char *why)
{
	err_exit(w->err, EXIT_FAILED);
	if (place && place->path)
		return err_set(w->err, code, "type '%.64s', member '%.128s': %s", w->type_name,
			       place->path, why);
	return err_set(w->err, code, "type '%.64s': %s", w->type_name, why);
}

static int resolve(struct walk *w, const struct place *place, uint32_t id, struct shape *ret)
{
	const char *why = type_resolve(w->btf, id, ret);

	return why ? fail(w, EINVAL, place, why) : 0;
}

/* The one way into the result. The caller has set kind, meaning, size, count and signs. */
static int add_field(struct walk *w, const struct place *place, struct field f)
{
	uint64_t bits = (uint64_t)f.size_bits * f.count;

	if (!bits)
		return fail(w, EINVAL, place, "it has no size");
	if (place->off_bits > w->record_bits || bits > w->record_bits - place->off_bits)
		return fail(w, EINVAL, place, "it reaches over the end of the record");
	if (!f.is_bits && place->off_bits % 8)
		return fail(w, EINVAL, place, "it does not start at a byte");
	if (w->nfields == LAYOUT_MAX_FIELDS)
		return fail(w, E2BIG, NULL, "more than 1024 fields");
	if (w->nfields == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 16;
		w->fields = xreallocarray(w->fields, w->cap, sizeof(*w->fields));
	}
	if (place->name)
		name_tells(place->name, &f);
	f.off_bits = (uint32_t)place->off_bits;
	f.path = place->path;
	f.name = place->name;
	f.label = place->path ? name_label(&w->scratch, place->path) : NULL;
	f.tags = place->tags;
	f.help = place->help;
	f.unit = place->unit ? place->unit : meaning_traits(f.meaning)->unit;
	f.decode = place->decode;
	w->fields[w->nfields++] = f;
	return 0;
}

/* A value of fixed shape that is made of bytes: addresses, names, hex. */
static int add_bytes(struct walk *w, const struct place *place, enum meaning meaning,
		     uint32_t size_bytes, uint32_t count)
{
	return add_field(w, place,
			 (struct field){ .kind = meaning_traits(meaning)->kind,
					 .meaning = meaning,
					 .size_bits = size_bytes * 8,
					 .count = count });
}

static int add_scalar(struct walk *w, const struct place *place, const struct shape *s,
		      uint32_t count)
{
	struct field f = { .count = count };
	struct place at = *place;
	uint32_t bits = place->bit_size;

	at.tags |= s->tags;
	if (!type_scalar_kind(s, &f))
		return fail(w, EINVAL, place, "its type holds no data");
	if (!btf_is_ptr(s->type) && !btf_is_float(s->type) && !type_is_plain_size(s->type))
		return fail(w, EINVAL, place, "a number of a size that there is not");
	if (btf_is_int(s->type) && !bits &&
	    (btf_int_bits(s->type) != s->type->size * 8 || btf_int_offset(s->type))) {
		/* How BTF wrote bit fields before members could. */
		bits = btf_int_bits(s->type);
		at.off_bits += btf_int_offset(s->type);
		if (!bits || count > 1)
			return fail(w, EINVAL, place, "a number without bits");
	}
	if (bits) {
		if (bits > 64 || bits > f.size_bits || f.kind == KIND_PTR || f.kind == KIND_FLOAT ||
		    f.kind == KIND_BYTES)
			return fail(w, EINVAL, place, "a bit field of a wrong size");
		f.is_bits = bits != f.size_bits || at.off_bits % 8;
		f.size_bits = bits;
	}
	if (f.kind == KIND_BOOL && !f.is_bits && f.size_bits != 8)
		f.kind = KIND_UINT;
	if (btf_is_any_enum(s->type)) {
		if (btf_vlen(s->type) > MAX_ENUM_NAMES)
			return fail(w, E2BIG, place, "an enum with more than 4096 names");
		f.enums = enum_list_get(&w->enums, w->btf, s, &w->scratch);
	}
	if (!f.is_bits && f.kind != KIND_BYTES && meaning_fits_number(s->meaning, f.size_bits / 8))
		f.meaning = s->meaning;
	else if (type_is_char(w->btf, s->type) && !f.is_bits)
		f.meaning = MEAN_CHAR;
	/* An int of 128 bits that is an address. */
	if (f.meaning && meaning_traits(f.meaning)->kind == KIND_BYTES &&
	    meaning_traits(f.meaning)->bytes == f.size_bits / 8)
		return add_bytes(w, &at, f.meaning, f.size_bits / 8, count);
	return add_field(w, &at, f);
}

static int add_ip(struct walk *w, const struct place *place, const struct ip_parts *parts,
		  uint32_t stride_bytes, uint32_t count)
{
	uint32_t start = MIN(parts->addr, parts->family);
	uint32_t end = MAX(parts->addr + LAYOUT_IP_BYTES, parts->family + parts->family_bytes);
	struct field f = { .kind = KIND_BYTES, .meaning = MEAN_IP, .count = count };
	struct place at = *place;

	/* In a list the elements follow each other with their padding. */
	if (count > 1) {
		start = 0;
		end = stride_bytes;
	}
	at.off_bits += start * 8;
	f.size_bits = (end - start) * 8;
	f.addr_at = (uint8_t)(parts->addr - start);
	f.family_at = (uint8_t)(parts->family - start);
	f.family_bytes = (uint8_t)parts->family_bytes;
	return add_field(w, &at, f);
}

static int go_below(struct walk *w, const struct place *parent, const char *name, struct place *ret)
{
	return place_below(&w->scratch, parent, name, ret)
		       ? 0
		       : fail(w, E2BIG, parent, "its name is too long");
}

static bool is_gap(struct walk *w, const struct btf_member *m)
{
	const struct btf_type *t = btf__type_by_id(w->btf, m->type);

	return !*name_of_member(w->btf, m) && !(t && btf_is_composite(t));
}

static int walk_member(struct walk *w, const struct place *parent, const struct shape *s,
		       uint32_t i)
{
	const struct btf_member *m = btf_members(s->type) + i;
	const char *name = name_of_member(w->btf, m);
	const char *given = tag_text(w->tags, s->id, (int)i, "name", &w->scratch);
	struct place place = *parent;
	const char *text;
	int rc;

	if (is_gap(w, m))
		return m->name_off ? fail(w, EINVAL, parent, "a member has no proper name") : 0;
	if (given && name_is_path(given))
		name = given;
	else if (!*name)
		name = name_of_nested(w->btf, m);
	else if (streq(name, LABELS_MEMBER))
		name = name_of_labels(w->btf, m);
	if (*name) {
		rc = go_below(w, parent, name, &place);
		if (rc)
			return rc;
	}
	place.off_bits += btf_member_bit_offset(s->type, i);
	place.bit_size = btf_member_bitfield_size(s->type, i);
	place.tags |= tag_flags(w->tags, s->id, (int)i);
	text = tag_text(w->tags, s->id, (int)i, "help", &w->scratch);
	place.help = text ? text : place.help;
	text = tag_text(w->tags, s->id, (int)i, "unit", &w->scratch);
	place.unit = text ? text : place.unit;
	place.decode = tag_text(w->tags, s->id, (int)i, "decode", &w->scratch);
	return walk_type(w, &place, m->type);
}

/* Inspektor Gadget's endpoint with its port: the address and its version become one field. */
static int walk_endpoint(struct walk *w, const struct place *place, const struct shape *s,
			 const struct ip_parts *parts)
{
	struct place addr;
	int rc = go_below(w, place, "addr", &addr);

	if (!rc)
		rc = add_ip(w, &addr, parts, s->type->size, 1);
	for (uint32_t i = 0; !rc && i < btf_vlen(s->type); i++) {
		if (i == parts->addr_member || i == parts->family_member)
			continue;
		rc = walk_member(w, place, s, i);
	}
	return rc;
}

/* An address of either family is one field; any other member is what it is. */
static int walk_union(struct walk *w, const struct place *parent, const struct shape *s, uint32_t i)
{
	struct ip_parts parts;
	const char *name = type_union_address(w->btf, s->type, i, &parts)
				   ? name_of_union(w->btf, w->tags, s, i, &w->scratch)
				   : NULL;
	struct place place;
	int rc;

	if (!name)
		return walk_member(w, parent, s, i);
	rc = go_below(w, parent, name, &place);
	return rc ? rc : add_ip(w, &place, &parts, 0, 1);
}

static int walk_members(struct walk *w, const struct place *place, const struct shape *s)
{
	struct ip_parts parts;
	int rc = 0;

	for (uint32_t i = 0; i < w->depth; i++)
		if (w->around[i] == s->id)
			return fail(w, EINVAL, place, "a struct that contains itself");
	if (w->depth == LAYOUT_MAX_DEPTH)
		return fail(w, E2BIG, place, "nested more than 16 deep");
	w->around[w->depth++] = s->id;
	if (streq(type_name_at(w->btf, s->type->name_off), "gadget_l4endpoint_t") &&
	    type_ip_parts(w->btf, s->type, &parts)) {
		rc = walk_endpoint(w, place, s, &parts);
	} else {
		for (uint32_t i = 0; !rc && i < btf_vlen(s->type); i++)
			rc = walk_union(w, place, s, i);
	}
	w->depth--;
	return rc;
}

/* Each element at a place of its own: "slot.0", "slot.1". */
static int unroll(struct walk *w, const struct place *place, uint32_t type_id, uint32_t nelems)
{
	uint64_t stride = type_size(w->btf, type_id);
	int rc = 0;

	if (nelems > LAYOUT_MAX_FIELDS)
		return fail(w, E2BIG, place, "an array of more than 1024 structs");
	if (w->depth == LAYOUT_MAX_DEPTH)
		return fail(w, E2BIG, place, "nested more than 16 deep");
	w->around[w->depth++] = 0;
	for (uint32_t i = 0; !rc && i < nelems; i++) {
		struct place element;
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		rc = go_below(w, place, name, &element);
		element.off_bits += i * stride * 8;
		element.help = place->help;
		if (!rc)
			rc = walk_type(w, &element, type_id);
	}
	w->depth--;
	return rc;
}

/* Elements of an array that are values of their own make a list. */
static int walk_elements(struct walk *w, const struct place *place, const struct shape *elem,
			 uint32_t elem_id, uint32_t count)
{
	bool number = btf_is_int(elem->type) || btf_is_any_enum(elem->type) ||
		      btf_is_ptr(elem->type) || btf_is_float(elem->type);
	bool known = number && meaning_fits_number(elem->meaning, elem->type->size);
	bool any_size = meaning_traits(elem->meaning)->bytes == MEANING_ANY_BYTES;
	uint64_t size = type_size(w->btf, elem_id);
	struct ip_parts parts;

	if (!size || size * count > LAYOUT_MAX_BYTES)
		return fail(w, E2BIG, place, "an array that is too large or of nothing");
	if (elem->meaning == MEAN_IP && type_ip_parts(w->btf, elem->type, &parts))
		return add_ip(w, place, &parts, (uint32_t)size, count);
	if (!number && meaning_fits_bytes(elem->meaning, (uint32_t)size) && !any_size)
		return add_bytes(w, place, elem->meaning, (uint32_t)size, count);
	if (type_is_byte(w->btf, elem->type) && any_size)
		return add_bytes(w, place, elem->meaning, count, 1);
	if (number && !known && type_is_char(w->btf, elem->type))
		return add_field(
			w, place,
			(struct field){ .kind = KIND_TEXT, .count = 1, .size_bits = count * 8 });
	if (number && !known && type_is_octet(elem->type))
		return add_bytes(w, place, MEAN_NONE, count, 1);
	if (number)
		return add_scalar(w, place, elem, count);
	return unroll(w, place, elem_id, count);
}

static int walk_array(struct walk *w, const struct place *place, const struct shape *s)
{
	const struct btf_array *a = btf_array(s->type);
	uint64_t count = a->nelems;
	uint64_t size = type_size(w->btf, s->id);
	uint32_t elem_id = a->type;
	struct shape elem;
	int rc = resolve(w, place, elem_id, &elem);

	if (rc)
		return rc;
	if (!elem.type)
		return fail(w, EINVAL, place, "an array of nothing");
	if (!count && w->tail_bytes && type_is_char(w->btf, elem.type))
		return walk_elements(w, place, &elem, elem_id, w->tail_bytes);
	if (!count)
		return 0; /* a flexible array: no type says how long it is */
	if (meaning_fits_bytes(s->meaning, (uint32_t)size))
		return add_bytes(w, place, s->meaning, (uint32_t)size, 1);
	/* Dimensions of numbers are one list; texts and byte strings stay apart. */
	for (int dims = 0; btf_is_array(elem.type) && dims < TYPE_MAX_CHAIN; dims++) {
		const struct btf_array *inner = btf_array(elem.type);
		struct shape next;

		rc = resolve(w, place, inner->type, &next);
		if (rc)
			return rc;
		if (!next.type)
			return fail(w, EINVAL, place, "an array of nothing");
		if (!inner->nelems)
			return 0;
		if (type_is_byte(w->btf, next.type) || btf_is_composite(next.type) ||
		    meaning_fits_bytes(elem.meaning, (uint32_t)type_size(w->btf, elem_id)))
			break;
		count *= inner->nelems;
		if (count > LAYOUT_MAX_BYTES)
			return fail(w, E2BIG, place, "an array that is too large");
		elem_id = inner->type;
		elem = next;
	}
	if (count > LAYOUT_MAX_BYTES)
		return fail(w, E2BIG, place, "an array that is too large");
	return walk_elements(w, place, &elem, elem_id, (uint32_t)count);
}

static int walk_type(struct walk *w, const struct place *place, uint32_t type_id)
{
	struct ip_parts parts;
	struct shape s;
	int rc;

	if (++w->visits > MAX_VISITS)
		return fail(w, E2BIG, NULL, "it is made of too many types");
	rc = resolve(w, place, type_id, &s);
	if (rc)
		return rc;
	if (!s.type)
		return fail(w, EINVAL, place, "void holds no data");
	if (btf_is_composite(s.type)) {
		if (place->bit_size || (place->off_bits % 8))
			return fail(w, EINVAL, place, "a struct that does not start at a byte");
		if (type_is_of_kernel(w->btf, s.type)) {
			w->hidden = true;
			return 0;
		}
		if (!type_is_one_field(w->btf, &s, &parts))
			return walk_members(w, place, &s);
		return s.meaning == MEAN_IP ? add_ip(w, place, &parts, s.type->size, 1)
					    : add_bytes(w, place, s.meaning, s.type->size, 1);
	}
	if (place->bit_size && !btf_is_int(s.type) && !btf_is_any_enum(s.type))
		return fail(w, EINVAL, place, "a bit field that is not a number");
	if (btf_is_array(s.type))
		return walk_array(w, place, &s);
	return add_scalar(w, place, &s, 1);
}

/* How long a record may be. */
static void measure(struct walk *w, uint32_t type_id, bool is_record, uint64_t *size,
		    struct layout *layout)
{
	struct tail tail;

	layout->min_bytes = (uint32_t)*size;
	if (!is_record || !type_tail(w->btf, type_id, &tail) || tail.off_bytes > *size ||
	    !tail.off_bytes)
		return;
	layout->min_bytes = tail.off_bytes;
	layout->is_open = tail.is_open;
	if (tail.is_open && tail.is_char && tail.off_bytes + LAYOUT_TAIL_BYTES > *size) {
		*size = tail.off_bytes + LAYOUT_TAIL_BYTES;
		w->tail_bytes = LAYOUT_TAIL_BYTES;
	}
}

static int compile(struct arena *arena, const struct btf *btf, const struct tags *tags,
		   uint32_t type_id, const char *default_name, bool is_record, struct layout *ret,
		   struct err *err)
{
	_cleanup_(walk_release) struct walk w = {
		.btf = btf, .tags = tags, .err = err, .type_name = "(anonymous)"
	};
	struct place top = { 0 };
	struct layout layout = { 0 };
	struct shape s;
	uint64_t size;
	int rc = resolve(&w, NULL, type_id, &s);

	if (rc)
		return rc;
	w.type_name = s.name && *s.name ? s.name : "(anonymous)";
	if (!s.type)
		return fail(&w, EINVAL, NULL, "void holds no data");
	size = type_size(w.btf, type_id);
	if (!size && (btf_is_array(s.type) || (btf_is_composite(s.type) && s.type->size)))
		return fail(&w, E2BIG, NULL, "it is empty or larger than 1 MiB");
	if (!size)
		return fail(&w, EINVAL, NULL, "it holds no data");
	measure(&w, type_id, is_record, &size, &layout);
	w.record_bits = size * 8;
	rc = walk_type(&w, &top, type_id);
	if (rc)
		return rc;
	if (!w.nfields)
		return fail(&w, EINVAL, NULL,
			    w.hidden ? "it has only members that the kernel keeps to itself"
				     : "it has no members");
	if (!w.fields[0].path) {
		layout.is_scalar = true;
		w.fields[0].name = name_of_scalar(&w.fields[0], default_name);
		w.fields[0].path = w.fields[0].label = w.fields[0].name;
	}
	layout.type_name = arena_strdup(arena, s.name ? s.name : "");
	layout.size_bytes = (uint32_t)size;
	layout.nfields = w.nfields;
	layout.fields = fields_copy(w.fields, w.nfields, arena);
	for (uint32_t i = 0; i < w.nfields; i++)
		layout.fields[i].enums = enum_list_copy(&w.enums, btf, w.fields[i].enums, arena);
	*ret = layout;
	return 0;
}

int layout_compile_tagged(struct arena *arena, const struct btf *btf, const struct tags *tags,
			  uint32_t type_id, const char *default_name, struct layout *ret,
			  struct err *err)
{
	return compile(arena, btf, tags, type_id, default_name, false, ret, err);
}

int layout_compile_record(struct arena *arena, const struct btf *btf, const struct tags *tags,
			  uint32_t type_id, const char *default_name, struct layout *ret,
			  struct err *err)
{
	return compile(arena, btf, tags, type_id, default_name, true, ret, err);
}
