// SPDX-License-Identifier: Apache-2.0
#include "runner/load/elf/dwarf_types.h"

#include <bpf/btf.h>
#include <ctype.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* Bounds that only a malicious file reaches. */
#define MAX_DEPTH 32
#define MAX_STEPS 4000000 /* entries that are looked at */
#define MAX_TYPES 4096	  /* that are added */
#define MAX_CHAIN 64
#define POINTER_BYTES 8

struct dwarf {
	Elf *elf;
	Dwarf *dw;
	uint32_t steps;
	/* Types that were added already. */
	struct done {
		Dwarf_Off die;
		int id;
	} * done;
	size_t ndone;
};

struct dwarf *dwarf_open(const void *bytes, size_t len)
{
	struct dwarf *d = xcalloc(1, sizeof(*d));

	elf_version(EV_CURRENT);
	d->elf = elf_memory((char *)bytes, len);
	d->dw = d->elf ? dwarf_begin_elf(d->elf, DWARF_C_READ, NULL) : NULL;
	if (!d->dw) {
		dwarf_close(d);
		return NULL;
	}
	return d;
}

void dwarf_close(struct dwarf *d)
{
	if (!d)
		return;
	if (d->dw)
		dwarf_end(d->dw);
	if (d->elf)
		elf_end(d->elf);
	free(d->done);
	free(d);
}

static bool step(struct dwarf *d)
{
	return d->steps < MAX_STEPS && ++d->steps;
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, ret);
}

static bool is_qualifier(int tag)
{
	return tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
	       tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

/* Takes qualifiers and typedefs off. *ret_name: of the first typedef, else its own. */
static bool peel(Dwarf_Die *die, const char **ret_name)
{
	*ret_name = NULL;
	for (int i = 0; i < MAX_CHAIN; i++) {
		int tag = dwarf_tag(die);
		Dwarf_Die next;

		if ((tag == DW_TAG_typedef || !is_qualifier(tag)) && !*ret_name)
			*ret_name = dwarf_diename(die);
		if (tag != DW_TAG_typedef && !is_qualifier(tag)) {
			*ret_name = *ret_name ?: "";
			return true;
		}
		if (!type_of(die, &next))
			return false;
		*die = next;
	}
	return false;
}

static bool is_composite(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

static bool is_of_kernel(Dwarf_Die *die)
{
	const char *file = dwarf_decl_file(die);

	return file && (has_suffix(file, "vmlinux.h") || strstr(file, "/include/linux/") ||
			strstr(file, "/include/uapi/") || strstr(file, "/include/asm"));
}

static uint32_t size_of(Dwarf_Die *die)
{
	Dwarf_Word size;

	return dwarf_aggregate_size(die, &size) == 0 && size < UINT32_MAX ? (uint32_t)size : 0;
}

static bool number_at(Dwarf_Die *die, unsigned int name, Dwarf_Word *ret)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, name, &attr) && dwarf_formudata(&attr, ret) == 0;
}

/* 0: it has none, as of a flexible array. */
static uint32_t elements(Dwarf_Die *range)
{
	Dwarf_Word number;

	if (number_at(range, DW_AT_count, &number) && number < UINT32_MAX)
		return (uint32_t)number;
	if (number_at(range, DW_AT_upper_bound, &number) && number < UINT32_MAX - 1)
		return (uint32_t)number + 1;
	return 0;
}

/* The shortest record of this type, and whether it may be longer than the type. */
static void measure(Dwarf_Die *die, struct dwarf_type *type)
{
	Dwarf_Die member, last = { 0 }, array, range;
	Dwarf_Word at = 0;
	const char *name;

	type->least_bytes = type->size_bytes;
	if (!type->is_struct || dwarf_child(die, &member) != 0)
		return;
	do
		if (dwarf_tag(&member) == DW_TAG_member)
			last = member;
	while (dwarf_siblingof(&member, &member) == 0);
	if (!last.addr || !type_of(&last, &array) || !peel(&array, &name) ||
	    dwarf_tag(&array) != DW_TAG_array_type)
		return;
	number_at(&last, DW_AT_data_member_location, &at);
	type->least_bytes = at < type->size_bytes ? (uint32_t)at : type->size_bytes;
	type->is_open = dwarf_child(&array, &range) == 0 && !elements(&range);
}

/* A search, and the receiver of its finds. */
struct search {
	const struct dwarf_place *place;
	dwarf_found found;
	void *ctx;
};

static void offer(Dwarf_Die *die, bool is_pointed, bool is_here, const struct search *s)
{
	struct dwarf_type type = { .is_pointed = is_pointed, .is_here = is_here };
	int tag;

	if (!peel(die, &type.name))
		return;
	tag = dwarf_tag(die);
	if (!is_composite(tag) && tag != DW_TAG_base_type && tag != DW_TAG_enumeration_type)
		return;
	type.is_struct = is_composite(tag);
	type.id = dwarf_dieoffset(die);
	type.size_bytes = size_of(die);
	type.is_kernel = is_of_kernel(die);
	measure(die, &type);
	if (type.size_bytes)
		s->found(s->ctx, &type);
}

/* Only the simple forms: in a register, in the frame. */
static bool stands_at(Dwarf_Die *variable, const struct dwarf_place *place)
{
	Dwarf_Attribute attr;
	Dwarf_Op *op;
	size_t count;

	if (!dwarf_attr(variable, DW_AT_location, &attr) ||
	    dwarf_getlocation_addr(&attr, place->pc, &op, &count, 1) != 1 || count != 1)
		return false;
	if (place->in_frame < 0)
		return op->atom == DW_OP_reg0;
	return op->atom == DW_OP_fbreg && ((int64_t)op->number == place->in_frame ||
					   (int64_t)op->number == place->in_frame_16);
}

static void offer_variable(Dwarf_Die *variable, const struct search *s)
{
	bool is_here = stands_at(variable, s->place);
	Dwarf_Die type, target;
	const char *name;

	if (!type_of(variable, &type))
		return;
	target = type;
	if (!peel(&target, &name))
		return;
	if (dwarf_tag(&target) != DW_TAG_pointer_type)
		offer(&type, false, is_here, s);
	else if (type_of(&target, &type))
		offer(&type, true, is_here, s);
}

static void walk_locals(struct dwarf *d, Dwarf_Die *parent, int depth, const struct search *s)
{
	Dwarf_Die die;

	if (depth > MAX_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_variable:
		case DW_TAG_formal_parameter:
			offer_variable(&die, s);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine:
			walk_locals(d, &die, depth + 1, s);
			break;
		}
	} while (step(d) && dwarf_siblingof(&die, &die) == 0);
}

/* Calls `each` for each entry at the top of a unit. */
static void each_top(struct dwarf *d, void (*each)(struct dwarf *d, Dwarf_Die *die, void *arg),
		     void *arg)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die top, die;

	d->steps = 0;
	while (step(d) && dwarf_get_units(d->dw, unit, &unit, NULL, NULL, &top, NULL) == 0) {
		if (dwarf_child(&top, &die) != 0)
			continue;
		do
			each(d, &die, arg);
		while (step(d) && dwarf_siblingof(&die, &die) == 0);
	}
}

static void look_for_function(struct dwarf *d, Dwarf_Die *die, void *arg)
{
	const struct search *s = arg;
	const char *name;

	if (dwarf_tag(die) != DW_TAG_subprogram || !dwarf_hasattr(die, DW_AT_high_pc))
		return;
	name = dwarf_diename(die);
	if (name && streq(name, s->place->function))
		walk_locals(d, die, 0, s);
}

static void look_for_struct(struct dwarf *d, Dwarf_Die *die, void *arg)
{
	const struct search *s = arg;
	int tag = dwarf_tag(die);
	Dwarf_Die type = *die;

	if ((is_composite(tag) || tag == DW_TAG_typedef) && dwarf_diename(die))
		offer(&type, false, false, s);
}

void dwarf_each_local(struct dwarf *d, const struct dwarf_place *place, dwarf_found found,
		      void *ctx)
{
	each_top(d, look_for_function, &(struct search){ place, found, ctx });
}

void dwarf_each_struct(struct dwarf *d, dwarf_found found, void *ctx)
{
	each_top(d, look_for_struct, &(struct search){ NULL, found, ctx });
}

/* --- into BTF -------------------------------------------------------------------------------- */

/* The kernel takes only names that C has. */
static const char *c_name(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die) ?: "";

	for (size_t i = 0; name[i]; i++)
		if (!(isalpha((unsigned char)name[i]) || name[i] == '_' ||
		      (i && isdigit((unsigned char)name[i]))))
			return "";
	return strlen(name) < 128 ? name : "";
}

static int add(struct dwarf *d, Dwarf_Die *die, struct btf *btf, int depth);

/* 0: void. */
static int add_type_of(struct dwarf *d, Dwarf_Die *die, struct btf *btf, int depth)
{
	Dwarf_Die type;

	return type_of(die, &type) ? add(d, &type, btf, depth + 1) : 0;
}

static int add_base(Dwarf_Die *die, struct btf *btf)
{
	const char *name = dwarf_diename(die);
	uint32_t size = size_of(die);
	Dwarf_Word encoding = 0;
	int bits = 0;

	number_at(die, DW_AT_encoding, &encoding);
	if (!name || !*name)
		name = "number";
	if (encoding == DW_ATE_float)
		return btf__add_float(btf, name, size);
	if (encoding == DW_ATE_boolean)
		bits = BTF_INT_BOOL;
	else if (encoding == DW_ATE_signed || encoding == DW_ATE_signed_char)
		bits = BTF_INT_SIGNED;
	return btf__add_int(btf, name, size, bits);
}

static int add_enum(Dwarf_Die *die, struct btf *btf)
{
	uint32_t size = size_of(die);
	bool wide = size == 8;
	Dwarf_Die value;
	int id = wide ? btf__add_enum64(btf, c_name(die), size, false)
		      : btf__add_enum(btf, c_name(die), size);

	if (id < 0 || dwarf_child(die, &value) != 0)
		return id;
	for (int i = 0; i < MAX_TYPES; i++) {
		const char *name = c_name(&value);
		Dwarf_Attribute attr;
		Dwarf_Sword number;

		if (*name && dwarf_attr(&value, DW_AT_const_value, &attr) &&
		    dwarf_formsdata(&attr, &number) == 0) {
			if (wide)
				btf__add_enum64_value(btf, name, (uint64_t)number);
			else
				btf__add_enum_value(btf, name, number);
		}
		if (dwarf_siblingof(&value, &value) != 0)
			break;
	}
	return id;
}

static int add_array(struct dwarf *d, Dwarf_Die *die, struct btf *btf, int depth)
{
	uint32_t counts[8];
	size_t dimensions = 0;
	Dwarf_Die range;
	int id = add_type_of(d, die, btf, depth), index;

	if (id <= 0 || dwarf_child(die, &range) != 0)
		return id < 0 ? id : -EINVAL;
	do
		if (dwarf_tag(&range) == DW_TAG_subrange_type && dimensions < ARRAY_LEN(counts))
			counts[dimensions++] = elements(&range);
	while (step(d) && dwarf_siblingof(&range, &range) == 0);
	index = btf__find_by_name_kind(btf, "__ARRAY_SIZE_TYPE__", BTF_KIND_INT);
	if (index <= 0)
		index = btf__add_int(btf, "__ARRAY_SIZE_TYPE__", 4, 0);
	while (dimensions > 0 && id > 0 && index > 0)
		id = btf__add_array(btf, index, id, counts[--dimensions]);
	return id;
}

/* Where a member begins, in bits. */
static bool place_of(Dwarf_Die *member, uint32_t *ret_off, uint32_t *ret_bits)
{
	Dwarf_Word at = 0, bits = 0, bit_off = 0, unit = 0;

	*ret_bits = 0;
	number_at(member, DW_AT_data_member_location, &at);
	if (at > UINT32_MAX / 8 - 8)
		return false;
	at *= 8;
	if (number_at(member, DW_AT_bit_size, &bits)) {
		if (bits > 64)
			return false;
		*ret_bits = (uint32_t)bits;
		if (number_at(member, DW_AT_data_bit_offset, &bit_off))
			at = bit_off;
		else if (number_at(member, DW_AT_bit_offset, &bit_off) &&
			 number_at(member, DW_AT_byte_size, &unit) && unit <= 8 &&
			 bit_off + bits <= unit * 8) /* counted from the other end */
			at += unit * 8 - bit_off - bits;
	}
	*ret_off = (uint32_t)at;
	return at <= UINT32_MAX;
}

struct member {
	const char *name;
	int type;
	uint32_t off_bits, bits;
	const char *tags[8];
	size_t ntags;
};

/* The declaration tags of a member, as clang writes them. */
static void read_tags(struct dwarf *d, Dwarf_Die *die, struct member *m)
{
	Dwarf_Die note;

	if (dwarf_child(die, &note) != 0)
		return;
	do {
		const char *name = dwarf_diename(&note), *text;
		Dwarf_Attribute attr;

		if (m->ntags == ARRAY_LEN(m->tags) || !name || !streq(name, "btf_decl_tag") ||
		    !dwarf_attr(&note, DW_AT_const_value, &attr))
			continue;
		text = dwarf_formstring(&attr);
		if (text && *text)
			m->tags[m->ntags++] = text;
	} while (step(d) && dwarf_siblingof(&note, &note) == 0);
}

/* The types of members come before the struct, since its members have to follow it at once. */
static int read_members(struct dwarf *d, Dwarf_Die *die, struct btf *btf, int depth,
			struct member **ret)
{
	struct member *members = NULL;
	size_t count = 0;
	Dwarf_Die member;
	int rc = 0;

	if (dwarf_child(die, &member) != 0)
		return 0;
	do {
		struct member m = { 0 };

		if (dwarf_tag(&member) != DW_TAG_member)
			continue;
		m.name = c_name(&member);
		m.type = add_type_of(d, &member, btf, depth);
		read_tags(d, &member, &m);
		if (m.type <= 0 || !place_of(&member, &m.off_bits, &m.bits) || count == MAX_TYPES) {
			rc = m.type < 0 ? m.type : -EINVAL;
			break;
		}
		members = xreallocarray(members, count + 1, sizeof(*members));
		members[count++] = m;
	} while (step(d) && dwarf_siblingof(&member, &member) == 0);
	*ret = members;
	return rc ? rc : (int)count;
}

static int add_composite(struct dwarf *d, Dwarf_Die *die, struct btf *btf, int depth)
{
	_cleanup_free_ struct member *members = NULL;
	int count = read_members(d, die, btf, depth, &members), id, rc = 0;
	bool is_struct = dwarf_tag(die) == DW_TAG_structure_type;

	if (count < 0)
		return count;
	id = is_struct ? btf__add_struct(btf, c_name(die), size_of(die))
		       : btf__add_union(btf, c_name(die), size_of(die));
	for (int i = 0; i < count && id > 0 && rc == 0; i++)
		rc = btf__add_field(btf, members[i].name, members[i].type, members[i].off_bits,
				    members[i].bits);
	for (int i = 0; i < count && id > 0; i++)
		for (size_t k = 0; k < members[i].ntags; k++)
			btf__add_decl_tag(btf, members[i].tags[k], id, i);
	return rc < 0 ? rc : id;
}

static int add_new(struct dwarf *d, Dwarf_Die *die, struct btf *btf, int depth)
{
	int tag = dwarf_tag(die), id;

	if (is_composite(tag))
		return add_composite(d, die, btf, depth);
	switch (tag) {
	case DW_TAG_base_type:
		return add_base(die, btf);
	case DW_TAG_enumeration_type:
		return add_enum(die, btf);
	case DW_TAG_array_type:
		return add_array(d, die, btf, depth);
	case DW_TAG_pointer_type: /* shown as an address, whatever it points to */
	case DW_TAG_reference_type:
		return btf__add_ptr(btf, 0);
	case DW_TAG_typedef:
		id = add_type_of(d, die, btf, depth);
		return id > 0 && *c_name(die) ? btf__add_typedef(btf, c_name(die), id) : id;
	}
	if (is_qualifier(tag))
		return add_type_of(d, die, btf, depth);
	return -EINVAL;
}

static int add(struct dwarf *d, Dwarf_Die *die, struct btf *btf, int depth)
{
	Dwarf_Off off = dwarf_dieoffset(die);
	int id;

	if (depth > MAX_DEPTH || d->ndone >= MAX_TYPES || !step(d))
		return -E2BIG;
	for (size_t i = 0; i < d->ndone; i++)
		if (d->done[i].die == off)
			return d->done[i].id;
	id = add_new(d, die, btf, depth);
	if (id <= 0)
		return id < 0 ? id : -EINVAL;
	d->done = xreallocarray(d->done, d->ndone + 1, sizeof(*d->done));
	d->done[d->ndone++] = (struct done){ off, id };
	return id;
}

int dwarf_add_type(struct dwarf *d, uint64_t id, struct btf *btf)
{
	Dwarf_Die die;

	d->steps = 0;
	return dwarf_offdie(d->dw, id, &die) ? add(d, &die, btf, 0) : -ENOENT;
}
