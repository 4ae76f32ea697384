// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/layout_types.h"

#include <bpf/btf.h>
#include "base/arena.h"
#include "base/util.h"
#include "runner/load/plan/gadget.h"
#include "runner/load/plan/meanings.h"

const char *type_name_at(const struct btf *btf, uint32_t off)
{
	const char *name = btf__name_by_offset(btf, off);
	size_t len = name ? strnlen(name, TYPE_MAX_NAME) : TYPE_MAX_NAME;

	if (len == TYPE_MAX_NAME)
		return "";
	for (size_t i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] > '~')
			return "";
	return name;
}

const char *type_resolve(const struct btf *btf, uint32_t id, struct shape *ret)
{
	struct shape s = { 0 };

	for (int steps = 0; steps < TYPE_MAX_CHAIN; steps++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!t)
			return "its type is not there";
		if (btf_is_typedef(t)) {
			const char *name = type_name_at(btf, t->name_off);

			s.tags |= gadget_typedef_tags(name);
			if (!s.meaning)
				s.meaning = meaning_of_typedef(name);
			if (!s.name && *name)
				s.name = name;
		} else if (!btf_is_mod(t) && !btf_is_type_tag(t)) {
			s.type = btf_is_void(t) ? NULL : t;
			s.id = id;
			if (!s.name)
				s.name = type_name_at(btf, t->name_off);
			if (!s.meaning && btf_is_composite(t))
				s.meaning = meaning_of_struct(type_name_at(btf, t->name_off));
			*ret = s;
			return NULL;
		}
		id = t->type;
	}
	return "a typedef of itself";
}

uint64_t type_size(const struct btf *btf, uint32_t id)
{
	uint64_t count = 1;

	for (int depth = 0; depth < TYPE_MAX_CHAIN; depth++) {
		struct shape s;

		if (type_resolve(btf, id, &s) || !s.type)
			return 0;
		if (btf_is_ptr(s.type))
			return count * TYPE_POINTER_BYTES;
		if (!btf_is_array(s.type)) {
			bool sized = btf_is_int(s.type) || btf_is_any_enum(s.type) ||
				     btf_is_composite(s.type) || btf_is_float(s.type);
			uint64_t size = sized ? s.type->size : 0;

			return size > LAYOUT_MAX_BYTES || count * size > LAYOUT_MAX_BYTES
				       ? 0
				       : count * size;
		}
		count *= btf_array(s.type)->nelems;
		if (!count || count > LAYOUT_MAX_BYTES)
			return 0;
		id = btf_array(s.type)->type;
	}
	return 0;
}

static int compare_signed(const void *a, const void *b)
{
	int64_t x = ((const struct enum_name *)a)->value, y = ((const struct enum_name *)b)->value;

	return x < y ? -1 : x > y;
}

static int compare_unsigned(const void *a, const void *b)
{
	uint64_t x = (uint64_t)((const struct enum_name *)a)->value;
	uint64_t y = (uint64_t)((const struct enum_name *)b)->value;

	return x < y ? -1 : x > y;
}

/* Compilers before the flag existed wrote negative enums without it: small negative numbers are
 * believed, large ones are unsigned. */
bool type_is_signed_enum(const struct btf_type *t)
{
	if (BTF_INFO_KFLAG(t->info))
		return true;
	for (uint32_t i = 0; btf_is_enum(t) && i < btf_vlen(t); i++)
		if (btf_enum(t)[i].val < 0 && btf_enum(t)[i].val >= -4096)
			return true;
	return false;
}

struct enum_names *type_enum_names(const struct btf *btf, const struct btf_type *t,
				   struct arena *arena)
{
	struct enum_names *names = arena_new(arena, struct enum_names);
	uint32_t count = btf_vlen(t);

	names->names = arena_array(arena, struct enum_name, count);
	names->is_signed = type_is_signed_enum(t);
	for (uint32_t i = 0; i < count; i++) {
		const struct btf_enum64 *e64 = btf_is_enum64(t) ? btf_enum64(t) + i : NULL;
		const struct btf_enum *e = btf_enum(t) + i;
		const char *name = type_name_at(btf, e64 ? e64->name_off : e->name_off);
		int64_t value = e64		   ? (int64_t)btf_enum64_value(e64)
				: names->is_signed ? (int64_t)e->val
						   : (int64_t)(uint32_t)e->val;

		if (*name)
			names->names[names->count++] =
				(struct enum_name){ value, arena_strdup(arena, name) };
	}
	qsort(names->names, names->count, sizeof(*names->names),
	      names->is_signed ? compare_signed : compare_unsigned);
	return names;
}

bool type_is_char(const struct btf *btf, const struct btf_type *t)
{
	return btf_is_int(t) && t->size == 1 && !(btf_int_encoding(t) & BTF_INT_BOOL) &&
	       ((btf_int_encoding(t) & BTF_INT_CHAR) ||
		streq(type_name_at(btf, t->name_off), "char"));
}

bool type_is_octet(const struct btf_type *t)
{
	return btf_is_int(t) && t->size == 1 &&
	       !(btf_int_encoding(t) & (BTF_INT_BOOL | BTF_INT_SIGNED | BTF_INT_CHAR));
}

bool type_is_byte(const struct btf *btf, const struct btf_type *t)
{
	return type_is_char(btf, t) || type_is_octet(t);
}

bool type_is_plain_size(const struct btf_type *t)
{
	return t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8 ||
	       (t->size == 16 && btf_is_int(t));
}

bool type_scalar_kind(const struct shape *s, struct field *f)
{
	const struct btf_type *t = s->type;

	if (btf_is_ptr(t)) {
		f->kind = KIND_PTR;
		f->size_bits = TYPE_POINTER_BYTES * 8;
	} else if (btf_is_any_enum(t)) {
		f->kind = KIND_ENUM;
		f->is_signed = type_is_signed_enum(t);
		f->size_bits = t->size * 8;
	} else if (btf_is_float(t)) {
		f->kind = t->size == 4 || t->size == 8 ? KIND_FLOAT : KIND_BYTES;
		f->size_bits = t->size * 8;
	} else if (btf_is_int(t)) {
		uint8_t encoding = btf_int_encoding(t);

		f->is_signed = encoding & BTF_INT_SIGNED;
		f->kind = f->is_signed ? KIND_INT : KIND_UINT;
		if (encoding & BTF_INT_BOOL) {
			f->kind = KIND_BOOL;
			f->is_signed = false;
		}
		f->size_bits = t->size * 8;
	} else {
		return false;
	}
	return true;
}

bool type_is_of_kernel(const struct btf *btf, const struct btf_type *t)
{
	static const char *const names[] = {
		"bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",     "bpf_wq",
		"bpf_task_work", "bpf_list_head",     "bpf_list_node", "bpf_rb_root",
		"bpf_rb_node",	 "bpf_refcount",      "bpf_dynptr",
	};
	const char *name = type_name_at(btf, t->name_off);

	for (size_t i = 0; btf_is_struct(t) && i < ARRAY_LEN(names); i++)
		if (streq(name, names[i]))
			return true;
	return false;
}

bool type_ip_parts(const struct btf *btf, const struct btf_type *t, struct ip_parts *ret)
{
	const struct btf_member *m = btf_members(t);
	bool has_addr = false, has_family = false;

	if (!btf_is_struct(t) || btf_vlen(t) > 16)
		return false;
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		uint32_t off = btf_member_bit_offset(t, i);
		struct shape s;

		if (type_resolve(btf, m[i].type, &s) || !s.type || off % 8 ||
		    btf_member_bitfield_size(t, i) || off > 64 * 8)
			continue;
		if (!has_addr && type_size(btf, m[i].type) == LAYOUT_IP_BYTES) {
			has_addr = true;
			ret->addr = off / 8;
			ret->addr_member = i;
		} else if (btf_is_int(s.type) && type_is_plain_size(s.type) && s.type->size <= 4) {
			const char *name = type_name_at(btf, m[i].name_off);
			bool named = streq(name, "family") || streq(name, "version") ||
				     streq(name, "af");

			/* The member with such a name, else the only number beside the address. */
			if (has_family && !named)
				continue;
			has_family = true;
			ret->family = off / 8;
			ret->family_bytes = s.type->size;
			ret->family_member = i;
		}
	}
	return has_addr && has_family;
}

bool type_tail(const struct btf *btf, uint32_t id, struct tail *ret)
{
	struct tail tail = { 0 };

	for (int depth = 0; depth < LAYOUT_MAX_DEPTH; depth++) {
		const struct btf_member *last;
		struct shape s;
		uint32_t off;

		if (type_resolve(btf, id, &s) || !s.type)
			return false;
		if (btf_is_array(s.type)) {
			tail.is_open = !btf_array(s.type)->nelems;
			if (type_resolve(btf, btf_array(s.type)->type, &s) || !s.type)
				return false;
			tail.is_char = type_is_char(btf, s.type);
			*ret = tail;
			return true;
		}
		if (!btf_is_struct(s.type) || !btf_vlen(s.type))
			return false;
		last = btf_members(s.type) + btf_vlen(s.type) - 1;
		off = btf_member_bit_offset(s.type, btf_vlen(s.type) - 1);
		if (btf_member_bitfield_size(s.type, btf_vlen(s.type) - 1) || off % 8 ||
		    off / 8 > LAYOUT_MAX_BYTES - tail.off_bytes)
			return false;
		tail.off_bytes += off / 8;
		id = last->type;
	}
	return false;
}

static bool is_family_name(const char *name)
{
	static const char *const words[] = { "af",	   "family",	"version",
					     "ipver",	   "ver",	"ip_ver",
					     "ip_version", "sa_family", "addr_family" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (streq(name, words[i]))
			return true;
	return false;
}

/* Of 4 and of 16 bytes, and of nothing else. */
static bool is_address_union(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);
	uint32_t n4 = 0, n16 = 0;

	if (!btf_is_union(t) || t->size != LAYOUT_IP_BYTES || btf_vlen(t) > 4)
		return false;
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		uint64_t size = type_size(btf, m[i].type);

		n4 += size == 4;
		n16 += size == LAYOUT_IP_BYTES;
	}
	return n4 && n16 && n4 + n16 == btf_vlen(t);
}

/* 16 bytes without a meaning of their own that are called an address: a number, or a list. */
static bool is_address_bytes(const struct btf *btf, const struct btf_member *m,
			     const struct shape *s)
{
	const char *name = type_name_at(btf, m->name_off);
	struct shape elem;

	if (s->meaning || type_size(btf, m->type) != LAYOUT_IP_BYTES ||
	    !(has_suffix(name, "addr") || streq(name, "ip") || has_suffix(name, "_ip")))
		return false;
	if (btf_is_int(s->type))
		return true;
	return btf_is_array(s->type) && !type_resolve(btf, btf_array(s->type)->type, &elem) &&
	       elem.type && !elem.meaning && btf_is_int(elem.type) &&
	       (elem.type->size == 1 || elem.type->size == 4) && !type_is_char(btf, elem.type);
}

static bool find_family(const struct btf *btf, const struct btf_type *t, struct ip_parts *ret)
{
	const struct btf_member *m = btf_members(t);

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		uint32_t off = btf_member_bit_offset(t, i);
		struct shape s;

		if (!is_family_name(type_name_at(btf, m[i].name_off)) || off % 8 ||
		    btf_member_bitfield_size(t, i) || type_resolve(btf, m[i].type, &s) || !s.type ||
		    !btf_is_int(s.type) || !type_is_plain_size(s.type) || s.type->size > 4)
			continue;
		ret->family = off / 8;
		ret->family_bytes = s.type->size;
		ret->family_member = i;
		return true;
	}
	return false;
}

bool type_union_address(const struct btf *btf, const struct btf_type *t, uint32_t member,
			struct ip_parts *ret)
{
	const struct btf_member *m = btf_members(t) + member;
	uint32_t off = btf_member_bit_offset(t, member);
	struct shape s;

	if (!btf_is_struct(t) || off % 8 || type_resolve(btf, m->type, &s) || !s.type ||
	    !(is_address_union(btf, s.type) || is_address_bytes(btf, m, &s)) ||
	    !find_family(btf, t, ret))
		return false;
	ret->addr = off / 8;
	ret->addr_member = member;
	/* Both are kept as distances of a byte from the field's start. */
	return ret->family < ret->addr ? ret->addr - ret->family <= UINT8_MAX
				       : ret->family - ret->addr <= UINT8_MAX;
}

bool type_is_one_field(const struct btf *btf, const struct shape *s, struct ip_parts *ret)
{
	if (s->meaning == MEAN_IP)
		return type_ip_parts(btf, s->type, ret);
	return s->type->size <= LAYOUT_MAX_BYTES && meaning_fits_bytes(s->meaning, s->type->size);
}
