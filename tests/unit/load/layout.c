// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <bpf/btf.h>
#include <errno.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/layout.h"
#include "runner/load/plan/meanings.h"
#include "runner/load/plan/tags.h"

/* BTF with the types that every test wants. */
struct types {
	struct btf *btf;
	struct arena arena;
	int u8, u16, u32, u64, s8, s32, s64, chr, flag, f32, f64, u128;
};

static void types_init(struct types *t)
{
	struct btf *b = t->btf = btf__new_empty();

	t->u8 = btf__add_int(b, "unsigned char", 1, 0);
	t->u16 = btf__add_int(b, "unsigned short", 2, 0);
	t->u32 = btf__add_int(b, "unsigned int", 4, 0);
	t->u64 = btf__add_int(b, "unsigned long long", 8, 0);
	t->s8 = btf__add_int(b, "signed char", 1, BTF_INT_SIGNED);
	t->s32 = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	t->s64 = btf__add_int(b, "long long", 8, BTF_INT_SIGNED);
	t->chr = btf__add_int(b, "char", 1, BTF_INT_SIGNED);
	t->flag = btf__add_int(b, "_Bool", 1, BTF_INT_BOOL);
	t->f32 = btf__add_float(b, "float", 4);
	t->f64 = btf__add_float(b, "double", 8);
	t->u128 = btf__add_int(b, "unsigned __int128", 16, 0);
}

static void types_release(struct types *t)
{
	btf__free(t->btf);
	arena_release(&t->arena);
}

#define TYPES(t)                                                                                   \
	_cleanup_(types_release) struct types t = { 0 };                                           \
	types_init(&t)

static struct layout compile(struct types *t, int id)
{
	struct layout layout = { 0 };
	struct err err = { 0 };

	if (layout_compile(&t->arena, t->btf, (uint32_t)id, "value", &layout, &err))
		fail_msg("%s", err.msg);
	return layout;
}

static void expect_error(struct types *t, int id, int code, const char *part)
{
	struct layout layout = { .nfields = 77 };
	struct err err = { 0 };
	int rc = layout_compile(&t->arena, t->btf, (uint32_t)id, "value", &layout, &err);

	if (rc != -code || !strstr(err.msg, part))
		fail_msg("%d '%s', not '%s'", rc, err.msg, part);
	assert_int_equal(layout.nfields, 77);
}

struct want {
	const char *path;
	uint32_t off_bits, size_bits, count;
	uint8_t kind, meaning;
	bool is_signed, is_bits;
};

static void check_fields(const struct layout *l, const struct want *want, size_t count)
{
	for (size_t i = 0; i < count && i < l->nfields; i++) {
		const struct field *f = &l->fields[i];
		const struct want *w = &want[i];
		const char *last = strrchr(w->path, '.');

		if (!streq(f->path, w->path) || f->off_bits != w->off_bits ||
		    f->size_bits != w->size_bits || f->count != w->count || f->kind != w->kind ||
		    f->meaning != w->meaning || f->is_signed != w->is_signed ||
		    f->is_bits != w->is_bits)
			fail_msg("%s: field %s off %u size %u x%u kind %u meaning %u signed %d "
				 "bits %d",
				 w->path, f->path, f->off_bits, f->size_bits, f->count, f->kind,
				 f->meaning, f->is_signed, f->is_bits);
		assert_string_equal(f->name, last ? last + 1 : w->path);
		assert_false(strchr(f->label, '.'));
		assert_int_equal(strlen(f->label), strlen(w->path));
	}
	assert_int_equal(l->nfields, count);
}

static void test_layout_scalars_at_odd_offsets(void **state)
{
	TYPES(t);
	/* A packed struct: nothing is aligned, and the offsets are BTF's. */
	struct {
		const char *name;
		int type;
		uint32_t bytes;
		uint8_t kind, meaning;
		bool is_signed;
	} members[] = {
		{ "a", t.u8, 1, KIND_UINT, 0, false },
		{ "b", t.u64, 8, KIND_UINT, 0, false },
		{ "c", t.s32, 4, KIND_INT, 0, true },
		{ "d", t.u16, 2, KIND_UINT, 0, false },
		{ "e", t.flag, 1, KIND_BOOL, 0, false },
		{ "f", t.f64, 8, KIND_FLOAT, 0, false },
		{ "g", t.s64, 8, KIND_INT, 0, true },
		{ "h", t.f32, 4, KIND_FLOAT, 0, false },
		{ "i", t.chr, 1, KIND_INT, MEAN_CHAR, true },
		{ "j", t.u128, 16, KIND_UINT, 0, false },
		{ "k", t.s8, 1, KIND_INT, 0, true },
		{ "l", 0, 8, KIND_PTR, 0, false },
	};
	struct want want[ARRAY_LEN(members)];
	uint32_t off = 3;
	struct layout l;
	int ptr = btf__add_ptr(t.btf, t.u32), id = btf__add_struct(t.btf, "packed", 65);

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		int type = members[i].type ? members[i].type : ptr;

		assert_int_equal(btf__add_field(t.btf, members[i].name, type, off * 8, 0), 0);
		want[i] = (struct want){ members[i].name,      off * 8,
					 members[i].bytes * 8, 1,
					 members[i].kind,      members[i].meaning,
					 members[i].is_signed, false };
		off += members[i].bytes;
	}
	l = compile(&t, id);
	check_fields(&l, want, ARRAY_LEN(want));
	assert_int_equal(l.size_bytes, 65);
	assert_string_equal(l.type_name, "packed");
	assert_false(l.is_scalar);
}

static void test_layout_bit_fields(void **state)
{
	TYPES(t);
	int id = btf__add_struct(t.btf, "bits", 16), e = btf__add_enum(t.btf, "e", 4), old;
	struct layout l;

	btf__add_enum_value(t.btf, "E", 1);
	/* struct_with_bits comes behind the enum: members go to the type added last. */
	id = btf__add_struct(t.btf, "bits", 24);
	btf__add_field(t.btf, "low", t.u32, 0, 3);
	btf__add_field(t.btf, "mid", t.s32, 3, 13);
	btf__add_field(t.btf, "on", t.flag, 16, 1);
	btf__add_field(t.btf, "en", e, 17, 4);
	btf__add_field(t.btf, "whole", t.u32, 32, 32);
	btf__add_field(t.btf, "wide", t.u64, 65, 63);
	btf__add_field(t.btf, "plain", t.u64, 128, 0);
	l = compile(&t, id);
	check_fields(&l,
		     (struct want[]){
			     { "low", 0, 3, 1, KIND_UINT, 0, false, true },
			     { "mid", 3, 13, 1, KIND_INT, 0, true, true },
			     { "on", 16, 1, 1, KIND_BOOL, 0, false, true },
			     { "en", 17, 4, 1, KIND_ENUM, 0, false, true },
			     { "whole", 32, 32, 1, KIND_UINT, 0, false, false },
			     { "wide", 65, 63, 1, KIND_UINT, 0, false, true },
			     { "plain", 128, 64, 1, KIND_UINT, 0, false, false },
		     },
		     7);
	assert_int_equal(field_end_bytes(&l.fields[0]), 1);
	assert_int_equal(field_end_bytes(&l.fields[5]), 16);

	/* As it was before members had sizes: in the int itself. */
	old = btf__add_int(t.btf, "old", 4, 0);
	*(__u32 *)((struct btf_type *)btf__type_by_id(t.btf, (uint32_t)old) + 1) = 5 << 16 | 7;
	id = btf__add_struct(t.btf, "older", 8);
	btf__add_field(t.btf, "x", old, 8, 0);
	l = compile(&t, id);
	check_fields(&l, (struct want[]){ { "x", 13, 7, 1, KIND_UINT, 0, false, true } }, 1);
}

static void test_layout_nesting(void **state)
{
	TYPES(t);
	int inner, anon, both, deep, id;
	struct layout l;

	inner = btf__add_struct(t.btf, "inner", 8);
	btf__add_field(t.btf, "n", t.u32, 0, 0);
	btf__add_field(t.btf, "m", t.u16, 32, 0);
	anon = btf__add_struct(t.btf, NULL, 4);
	btf__add_field(t.btf, "lifted", t.u16, 16, 0);
	both = btf__add_union(t.btf, NULL, 8);
	btf__add_field(t.btf, "as_int", t.u64, 0, 0);
	btf__add_field(t.btf, "as_inner", inner, 0, 0);
	btf__add_field(t.btf, NULL, anon, 0, 0);
	deep = btf__add_array(t.btf, t.s32, inner, 2);
	id = btf__add_struct(t.btf, "outer", 48);
	btf__add_field(t.btf, "src", inner, 0, 0);
	btf__add_field(t.btf, NULL, both, 64, 0);
	btf__add_field(t.btf, "u", both, 128, 0);
	btf__add_field(t.btf, "slot", deep, 256, 0);
	l = compile(&t, id);
	check_fields(&l,
		     (struct want[]){
			     { "src.n", 0, 32, 1, KIND_UINT },
			     { "src.m", 32, 16, 1, KIND_UINT },
			     { "as_int", 64, 64, 1, KIND_UINT },
			     { "as_inner.n", 64, 32, 1, KIND_UINT },
			     { "as_inner.m", 96, 16, 1, KIND_UINT },
			     { "lifted", 80, 16, 1, KIND_UINT },
			     { "u.as_int", 128, 64, 1, KIND_UINT },
			     { "u.as_inner.n", 128, 32, 1, KIND_UINT },
			     { "u.as_inner.m", 160, 16, 1, KIND_UINT },
			     { "u.lifted", 144, 16, 1, KIND_UINT },
			     { "slot.0.n", 256, 32, 1, KIND_UINT },
			     { "slot.0.m", 288, 16, 1, KIND_UINT },
			     { "slot.1.n", 320, 32, 1, KIND_UINT },
			     { "slot.1.m", 352, 16, 1, KIND_UINT },
		     },
		     14);
	assert_string_equal(l.fields[12].label, "slot_1_n");
	assert_ptr_equal(layout_find(&l, "slot.1.m"), &l.fields[13]);
	assert_ptr_equal(layout_find(&l, "u_lifted"), &l.fields[9]);
	assert_ptr_equal(layout_find(&l, "lifted"), &l.fields[5]);
	assert_null(layout_find(&l, "n"));
	assert_null(layout_find(&l, "none"));
}

static void test_layout_arrays(void **state)
{
	TYPES(t);
	int comm = btf__add_array(t.btf, t.s32, t.chr, 16);
	int raw = btf__add_array(t.btf, t.s32, t.u8, 5);
	int bytes8 = btf__add_array(t.btf, t.s32, t.s8, 3);
	int nums = btf__add_array(t.btf, t.s32, t.u64, 4);
	int grid = btf__add_array(t.btf, t.s32, btf__add_array(t.btf, t.s32, t.s32, 3), 2);
	int names = btf__add_array(t.btf, t.s32, comm, 2);
	int bools = btf__add_array(t.btf, t.s32, t.flag, 2);
	int none = btf__add_array(t.btf, t.s32, t.u32, 0);
	int constchar = btf__add_const(t.btf, btf__add_volatile(t.btf, t.chr));
	int text = btf__add_array(t.btf, t.s32, constchar, 8);
	int id = btf__add_struct(t.btf, "arrays", 160);
	struct layout l;

	btf__add_field(t.btf, "comm", comm, 0, 0);
	btf__add_field(t.btf, "raw", raw, 128, 0);
	btf__add_field(t.btf, "small", bytes8, 168, 0);
	btf__add_field(t.btf, "nums", nums, 192, 0);
	btf__add_field(t.btf, "grid", grid, 448, 0);
	btf__add_field(t.btf, "names", names, 640, 0);
	btf__add_field(t.btf, "bools", bools, 896, 0);
	btf__add_field(t.btf, "text", text, 912, 0);
	btf__add_field(t.btf, "rest", none, 1280, 0);
	l = compile(&t, id);
	check_fields(&l,
		     (struct want[]){
			     { "comm", 0, 128, 1, KIND_TEXT },
			     { "raw", 128, 40, 1, KIND_BYTES },
			     { "small", 168, 8, 3, KIND_INT, 0, true },
			     { "nums", 192, 64, 4, KIND_UINT },
			     { "grid", 448, 32, 6, KIND_INT, 0, true },
			     { "names.0", 640, 128, 1, KIND_TEXT },
			     { "names.1", 768, 128, 1, KIND_TEXT },
			     { "bools", 896, 8, 2, KIND_BOOL },
			     { "text", 912, 64, 1, KIND_TEXT },
		     },
		     9);
}

static int add_ip_struct(struct types *t, const char *name, int family, uint32_t family_off,
			 uint32_t addr_off, uint32_t size)
{
	int addr = btf__add_array(t->btf, t->s32, t->u8, 16);
	int id = btf__add_struct(t->btf, name, size);

	if (family_off < addr_off)
		btf__add_field(t->btf, "family", family, family_off * 8, 0);
	btf__add_field(t->btf, "addr", addr, addr_off * 8, 0);
	if (family_off > addr_off)
		btf__add_field(t->btf, "family", family, family_off * 8, 0);
	return id;
}

static void test_layout_meanings(void **state)
{
	TYPES(t);
	int v4 = btf__add_typedef(t.btf, "ipv4_addr", t.u32);
	int v4s = btf__add_array(t.btf, t.s32, v4, 4);
	int v6 = btf__add_typedef(t.btf, "ipv6_addr", btf__add_array(t.btf, t.s32, t.u8, 16));
	int v6s = btf__add_array(t.btf, t.s32, v6, 2);
	int big = btf__add_typedef(t.btf, "ipv6_addr", t.u128);
	int old = btf__add_typedef(t.btf, "ipv6_addr", t.u32);
	int mac = btf__add_typedef(t.btf, "mac_addr", btf__add_array(t.btf, t.s32, t.u8, 6));
	int mine = btf__add_typedef(t.btf, "my_pid", btf__add_typedef(t.btf, "pid_t", t.s32));
	int twice = btf__add_typedef(t.btf, "uid", btf__add_typedef(t.btf, "pid_t", t.u32));
	int wrong = btf__add_typedef(t.btf, "mac_addr", t.u32);
	int us = btf__add_typedef(t.btf, "duration_us", t.u64);
	int dns = btf__add_array(t.btf, t.s32, btf__add_typedef(t.btf, "dns_name", t.chr), 64);
	int hex = btf__add_array(t.btf, t.s32, btf__add_typedef(t.btf, "hex", t.u8), 20);
	int quals = btf__add_const(t.btf, btf__add_typedef(t.btf, "gadget_errno", t.u32));
	int id = btf__add_struct(t.btf, "e", 256);
	struct layout l;

	btf__add_field(t.btf, "v4s", v4s, 0, 0);
	btf__add_field(t.btf, "v6s", v6s, 128, 0);
	btf__add_field(t.btf, "big", big, 384, 0);
	btf__add_field(t.btf, "old", old, 512, 0);
	btf__add_field(t.btf, "mac", mac, 544, 0);
	btf__add_field(t.btf, "mine", mine, 608, 0);
	btf__add_field(t.btf, "twice", twice, 640, 0);
	btf__add_field(t.btf, "wrong", wrong, 672, 0);
	btf__add_field(t.btf, "us", us, 704, 0);
	btf__add_field(t.btf, "dns", dns, 768, 0);
	btf__add_field(t.btf, "hex", hex, 1280, 0);
	btf__add_field(t.btf, "err", quals, 1440, 0);
	l = compile(&t, id);
	check_fields(&l,
		     (struct want[]){
			     { "v4s", 0, 32, 4, KIND_UINT, MEAN_IPV4 },
			     { "v6s", 128, 128, 2, KIND_BYTES, MEAN_IPV6 },
			     { "big", 384, 128, 1, KIND_BYTES, MEAN_IPV6 },
			     { "old", 512, 32, 1, KIND_UINT, MEAN_NONE },
			     { "mac", 544, 48, 1, KIND_BYTES, MEAN_MAC },
			     { "mine", 608, 32, 1, KIND_INT, MEAN_PID, true },
			     { "twice", 640, 32, 1, KIND_UINT, MEAN_UID },
			     { "wrong", 672, 32, 1, KIND_UINT, MEAN_NONE },
			     { "us", 704, 64, 1, KIND_UINT, MEAN_DURATION_US },
			     { "dns", 768, 512, 1, KIND_TEXT, MEAN_DNS },
			     { "hex", 1280, 160, 1, KIND_BYTES, MEAN_HEX },
			     { "err", 1440, 32, 1, KIND_UINT, MEAN_ERRNO },
		     },
		     12);
	assert_string_equal(l.fields[8].unit, "us");
	assert_null(l.fields[0].unit);
	assert_true(field_is_numeric(&l.fields[8]));
	assert_true(field_is_numeric(&l.fields[3]));
	assert_false(field_is_numeric(&l.fields[0])); /* a list of addresses */
	assert_false(field_is_numeric(&l.fields[5])); /* an identity */
	assert_false(field_is_time(&l.fields[8]));
}

static void test_layout_addresses_with_family(void **state)
{
	TYPES(t);
	static const struct {
		uint32_t family_off, addr_off, size;
		uint32_t off_bytes, size_bytes, addr_at, family_at, family_bytes;
	} cases[] = {
		{ 16, 0, 20, 0, 20, 0, 16, 4 }, /* our own */
		{ 16, 0, 17, 0, 17, 0, 16, 1 },
		{ 0, 4, 20, 0, 20, 4, 0, 2 },
		{ 20, 4, 24, 4, 18, 0, 16, 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int family = cases[i].family_bytes == 4	  ? t.u32
			     : cases[i].family_bytes == 2 ? t.u16
							  : t.u8;
		int ip = add_ip_struct(&t, "ip_addr", family, cases[i].family_off,
				       cases[i].addr_off, cases[i].size);
		int id = btf__add_struct(t.btf, "e", 64);
		const struct field *f;
		struct layout l;

		btf__add_field(t.btf, "peer", ip, 64, 0);
		l = compile(&t, id);
		f = &l.fields[0];
		assert_int_equal(l.nfields, 1);
		assert_int_equal(f->meaning, MEAN_IP);
		assert_string_equal(f->path, "peer");
		assert_int_equal(f->off_bits, (8 + cases[i].off_bytes) * 8);
		assert_int_equal(f->size_bits, cases[i].size_bytes * 8);
		assert_int_equal(f->addr_at, cases[i].addr_at);
		assert_int_equal(f->family_at, cases[i].family_at);
		assert_int_equal(f->family_bytes, cases[i].family_bytes);
	}
}

/* Inspektor Gadget's endpoint: an address whose version stands behind port and protocol. */
static void test_layout_gadget_endpoint(void **state)
{
	TYPES(t);
	int v6 = btf__add_array(t.btf, t.s32, t.u8, 16), u, ep, id;
	struct layout l;

	u = btf__add_union(t.btf, "gadget_ip_addr_t", 16);
	btf__add_field(t.btf, "v6", v6, 0, 0);
	btf__add_field(t.btf, "v4", t.u32, 0, 0);
	ep = btf__add_struct(t.btf, "gadget_l4endpoint_t", 24);
	btf__add_field(t.btf, "addr_raw", u, 0, 0);
	btf__add_field(t.btf, "port", t.u16, 128, 0);
	btf__add_field(t.btf, "proto_raw", t.u16, 144, 0);
	btf__add_field(t.btf, "version", t.u8, 160, 0);
	id = btf__add_struct(t.btf, "e", 32);
	btf__add_field(t.btf, "src", ep, 64, 0);
	l = compile(&t, id);
	check_fields(&l,
		     (struct want[]){
			     { "src.addr", 64, 168, 1, KIND_BYTES, MEAN_IP },
			     { "src.port", 192, 16, 1, KIND_UINT },
			     { "src.proto_raw", 208, 16, 1, KIND_UINT },
		     },
		     3);
	assert_int_equal(l.fields[0].addr_at, 0);
	assert_int_equal(l.fields[0].family_at, 20);
	assert_int_equal(l.fields[0].family_bytes, 1);
}

static void test_layout_enums(void **state)
{
	TYPES(t);
	int plain = btf__add_enum(t.btf, "plain", 4), neg, wide, small, id;
	struct layout l;

	btf__add_enum_value(t.btf, "BIG", 0x80000000LL);
	btf__add_enum_value(t.btf, "B", 2);
	btf__add_enum_value(t.btf, "A", 1);
	neg = btf__add_enum(t.btf, "neg", 4);
	btf__add_enum_value(t.btf, "ZERO", 0);
	btf__add_enum_value(t.btf, "MINUS", -1);
	wide = btf__add_enum64(t.btf, "wide", 8, false);
	btf__add_enum64_value(t.btf, "HUGE", 1ULL << 63);
	btf__add_enum64_value(t.btf, "TINY", 3);
	small = btf__add_enum(t.btf, "small", 1);
	btf__add_enum_value(t.btf, "S", 200);
	id = btf__add_struct(t.btf, "e", 24);
	btf__add_field(t.btf, "plain", plain, 0, 0);
	btf__add_field(t.btf, "neg", neg, 32, 0);
	btf__add_field(t.btf, "wide", wide, 64, 0);
	btf__add_field(t.btf, "small", small, 128, 0);
	btf__add_field(t.btf, "again", plain, 160, 0);
	l = compile(&t, id);
	check_fields(&l,
		     (struct want[]){
			     { "plain", 0, 32, 1, KIND_ENUM },
			     { "neg", 32, 32, 1, KIND_ENUM, 0, true },
			     { "wide", 64, 64, 1, KIND_ENUM },
			     { "small", 128, 8, 1, KIND_ENUM },
			     { "again", 160, 32, 1, KIND_ENUM },
		     },
		     5);
	assert_int_equal(l.fields[0].enums->count, 3);
	assert_string_equal(l.fields[0].enums->names[0].name, "A");
	assert_string_equal(l.fields[0].enums->names[2].name, "BIG");
	assert_true(l.fields[0].enums->names[2].value == 0x80000000LL);
	assert_true(l.fields[1].enums->is_signed);
	assert_string_equal(l.fields[1].enums->names[0].name, "MINUS");
	assert_true((uint64_t)l.fields[2].enums->names[1].value == 1ULL << 63);
	assert_ptr_equal(l.fields[0].enums, l.fields[4].enums);
}

static void test_layout_tags(void **state)
{
	TYPES(t);
	int inner = btf__add_struct(t.btf, "inner", 8), id;
	const struct field *f;
	struct layout l;

	btf__add_field(t.btf, "a", t.u32, 0, 0);
	btf__add_field(t.btf, "b", t.u32, 32, 0);
	id = btf__add_struct(t.btf, "e", 32);
	btf__add_field(t.btf, "in", inner, 0, 0);
	btf__add_field(t.btf, "took", t.u64, 64, 0);
	btf__add_field(t.btf, "odd", t.u32, 128, 0);
	btf__add_field(t.btf, "plain", t.u32, 160, 0);
	btf__add_decl_tag(t.btf, "bombus:label", id, 0);
	btf__add_decl_tag(t.btf, "bombus:unit:bytes", id, 0);
	btf__add_decl_tag(t.btf, "bombus:hide", inner, 1);
	btf__add_decl_tag(t.btf, "bombus:unit:ms", inner, 1);
	btf__add_decl_tag(t.btf, "bombus:observe", id, 1);
	btf__add_decl_tag(t.btf, "bombus:unit:us", id, 1);
	btf__add_decl_tag(t.btf, "bombus:help:how long\x1b[31m", id, 1);
	btf__add_decl_tag(t.btf, "bombus:name:even", id, 2);
	btf__add_decl_tag(t.btf, "bombus:gauge", id, 2);
	btf__add_decl_tag(t.btf, "bombus:value", id, 2);
	btf__add_decl_tag(t.btf, "bombus:labels", id, 3); /* no such word */
	btf__add_decl_tag(t.btf, "label", id, 3);	  /* not ours */
	btf__add_decl_tag(t.btf, "bombus:name:net.peer", id, 3);
	l = compile(&t, id);
	assert_int_equal(l.nfields, 5);
	f = l.fields;
	assert_int_equal(f[0].tags, TAG_LABEL);
	assert_string_equal(f[0].unit, "bytes");
	assert_int_equal(f[1].tags, TAG_LABEL | TAG_HIDE);
	assert_string_equal(f[1].unit, "ms");
	assert_int_equal(f[2].tags, TAG_OBSERVE);
	assert_string_equal(f[2].unit, "us");
	assert_string_equal(f[2].help, "how long [31m");
	assert_string_equal(f[3].path, "even");
	assert_string_equal(f[3].name, "even");
	assert_int_equal(f[3].tags, TAG_GAUGE | TAG_VALUE);
	assert_string_equal(f[4].path, "net.peer");
	assert_string_equal(f[4].label, "net_peer");
	assert_string_equal(f[4].name, "peer");
	assert_int_equal(f[4].tags, 0);
	assert_null(f[4].help);
	assert_null(f[4].unit);
}

/* Names that are no path are not taken. */
static void test_layout_odd_names(void **state)
{
	static const char *const names[] = { ".a", "a.", "a..b", ".", "a b", "a\"", "" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		TYPES(t);
		int id = btf__add_struct(t.btf, "e", 4);
		_cleanup_free_ char *tag = xasprintf("bombus:name:%s", names[i]);
		struct layout l;

		btf__add_field(t.btf, "plain", t.u32, 0, 0);
		btf__add_decl_tag(t.btf, tag, id, 0);
		l = compile(&t, id);
		assert_string_equal(l.fields[0].path, "plain");
	}
}

static void test_layout_scalar_records(void **state)
{
	TYPES(t);
	int pid = btf__add_typedef(t.btf, "pid_t", t.s32);
	int ns = btf__add_typedef(t.btf, "duration", t.u64);
	int array = btf__add_array(t.btf, t.s32, t.u64, 27);
	int text = btf__add_array(t.btf, t.s32, t.chr, 16);
	int ip = btf__add_typedef(t.btf, "ip_addr", add_ip_struct(&t, NULL, t.u32, 16, 0, 20));
	int point = btf__add_struct(t.btf, "point", 8), points;
	const struct {
		int id;
		const char *name, *type;
		uint32_t size, count;
	} cases[] = {
		{ t.u64, "value", "unsigned long long", 8, 1 },
		{ pid, "pid", "pid_t", 4, 1 },
		{ ns, "value", "duration", 8, 1 },
		{ array, "value", "", 216, 27 },
		{ text, "value", "", 16, 1 },
		{ ip, "addr", "ip_addr", 20, 1 },
	};
	struct layout l;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		l = compile(&t, cases[i].id);
		assert_true(l.is_scalar);
		assert_int_equal(l.nfields, 1);
		assert_string_equal(l.fields[0].name, cases[i].name);
		assert_string_equal(l.fields[0].path, cases[i].name);
		assert_string_equal(l.type_name, cases[i].type);
		assert_int_equal(l.size_bytes, cases[i].size);
		assert_int_equal(l.fields[0].count, cases[i].count);
	}
	btf__add_field(t.btf, "x", t.u32, 0, 0);
	points = btf__add_array(t.btf, t.s32, point, 2);
	(void)points;
	point = btf__add_struct(t.btf, "point2", 8);
	btf__add_field(t.btf, "x", t.u32, 0, 0);
	l = compile(&t, btf__add_array(t.btf, t.s32, point, 2));
	assert_false(l.is_scalar);
	assert_string_equal(l.fields[1].path, "1.x");
}

/* Raw access, for what libbpf's writer would refuse. */
static struct btf_type *raw(struct types *t, int id)
{
	return (struct btf_type *)btf__type_by_id(t->btf, (uint32_t)id);
}

static void test_layout_refuses_what_holds_no_data(void **state)
{
	TYPES(t);
	int proto = btf__add_func_proto(t.btf, 0), fwd = btf__add_fwd(t.btf, "f", BTF_FWD_STRUCT);
	int var = btf__add_var(t.btf, "v", BTF_VAR_STATIC, t.u32);
	int empty = btf__add_struct(t.btf, "empty", 8), nothing = btf__add_struct(t.btf, "nil", 0);
	int alias = btf__add_typedef(t.btf, "alias", 0), id;

	expect_error(&t, 0, EINVAL, "void");
	expect_error(&t, alias, EINVAL, "type 'alias': void");
	expect_error(&t, proto, EINVAL, "no data");
	expect_error(&t, fwd, EINVAL, "no data");
	expect_error(&t, var, EINVAL, "no data");
	expect_error(&t, empty, EINVAL, "no members");
	expect_error(&t, nothing, EINVAL, "no data");
	expect_error(&t, 9999, EINVAL, "not there");
	id = btf__add_struct(t.btf, "holder", 8);
	btf__add_field(t.btf, "gone", t.u32, 0, 0);
	btf_members(raw(&t, id))[0].type = 9999;
	expect_error(&t, id, EINVAL, "type 'holder', member 'gone': its type is not there");
	btf_members(raw(&t, id))[0].type = (uint32_t)fwd;
	expect_error(&t, id, EINVAL, "member 'gone'");
}

static void test_layout_refuses_wrong_offsets(void **state)
{
	TYPES(t);
	int id = btf__add_struct(t.btf, "e", 8);
	struct btf_type *type;

	btf__add_field(t.btf, "x", t.u32, 0, 0);
	type = raw(&t, id);
	compile(&t, id);
	btf_members(type)[0].offset = 33;
	expect_error(&t, id, EINVAL, "end of the record");
	btf_members(type)[0].offset = 1;
	expect_error(&t, id, EINVAL, "start at a byte");
	btf_members(type)[0].offset = UINT32_MAX;
	expect_error(&t, id, EINVAL, "end of the record");
	/* With bit field sizes. */
	type->info |= 1u << 31;
	btf_members(type)[0].offset = 33u << 24;
	expect_error(&t, id, EINVAL, "bit field of a wrong size");
	btf_members(type)[0].offset = 8u << 24 | 60;
	expect_error(&t, id, EINVAL, "end of the record");
	btf_members(type)[0].offset = 8u << 24 | 56;
	compile(&t, id);
	btf_members(type)[0].type = (uint32_t)t.f32;
	expect_error(&t, id, EINVAL, "not a number");
	raw(&t, t.u32)->size = 3;
	btf_members(type)[0].type = (uint32_t)t.u32;
	btf_members(type)[0].offset = 0;
	expect_error(&t, id, EINVAL, "size that there is not");
}

static void test_layout_refuses_cycles(void **state)
{
	TYPES(t);
	int alias = btf__add_typedef(t.btf, "alias", t.u32), id, array;

	raw(&t, alias)->type = (uint32_t)alias;
	expect_error(&t, alias, EINVAL, "typedef of itself");
	id = btf__add_struct(t.btf, "snake", 8);
	btf__add_field(t.btf, "tail", t.u32, 0, 0);
	btf_members(raw(&t, id))[0].type = (uint32_t)id;
	expect_error(&t, id, EINVAL, "contains itself");
	array = btf__add_array(t.btf, t.s32, id, 1);
	btf_members(raw(&t, id))[0].type = (uint32_t)array;
	expect_error(&t, id, EINVAL, "contains itself");
	btf_array(raw(&t, array))->type = (uint32_t)array;
	expect_error(&t, array, E2BIG, "larger");
}

static void test_layout_refuses_too_much(void **state)
{
	TYPES(t);
	int id = btf__add_struct(t.btf, "many", 40000), deep, wide, next, empty, e;
	char name[32];

	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		btf__add_field(t.btf, name, t.u32, (uint32_t)i * 32, 0);
	}
	expect_error(&t, id, E2BIG, "more than 1024 fields");
	id = btf__add_struct(t.btf, "most", 4096);
	for (int i = 0; i < LAYOUT_MAX_FIELDS; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		btf__add_field(t.btf, name, t.u32, (uint32_t)i * 32, 0);
	}
	assert_int_equal(compile(&t, id).nfields, LAYOUT_MAX_FIELDS);

	deep = t.u32;
	for (int i = 0; i < LAYOUT_MAX_DEPTH + 1; i++) {
		int prev = deep;

		deep = btf__add_struct(t.btf, "d", 4);
		btf__add_field(t.btf, "d", prev, 0, 0);
		if (i == LAYOUT_MAX_DEPTH - 1)
			assert_int_equal(compile(&t, deep).nfields, 1);
	}
	expect_error(&t, deep, E2BIG, "16 deep");

	expect_error(&t, btf__add_array(t.btf, t.s32, t.u64, 131073), E2BIG, "larger than 1 MiB");
	compile(&t, btf__add_array(t.btf, t.s32, t.u64, 131072));
	expect_error(&t, btf__add_array(t.btf, t.s32, t.u64, UINT32_MAX), E2BIG, "larger");
	wide = btf__add_struct(t.btf, "wide", LAYOUT_MAX_BYTES + 1);
	btf__add_field(t.btf, "x", t.u32, 0, 0);
	expect_error(&t, wide, E2BIG, "larger");

	/* Types that yield no field cost time all the same. */
	empty = btf__add_struct(t.btf, "empty", 4);
	next = empty;
	for (int i = 0; i < 12; i++) {
		int prev = next;

		next = btf__add_struct(t.btf, "fan", 4);
		for (int k = 0; k < 8; k++)
			btf__add_field(t.btf, NULL, prev, 0, 0);
	}
	expect_error(&t, next, E2BIG, "too many types");

	e = btf__add_enum(t.btf, "e", 4);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "E%d", i);
		btf__add_enum_value(t.btf, name, i);
	}
	expect_error(&t, e, E2BIG, "enum");
}

static void test_layout_refuses_improper_names(void **state)
{
	TYPES(t);
	int id = btf__add_struct(t.btf, "e", 8);
	char longer[LAYOUT_MAX_DEPTH * 64];

	btf__add_field(t.btf, "esc\x1b[31m", t.u32, 0, 0);
	expect_error(&t, id, EINVAL, "no proper name");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	id = btf__add_struct(t.btf, "e", 8);
	btf__add_field(t.btf, longer, t.u32, 0, 0);
	expect_error(&t, id, EINVAL, "no proper name");
	/* Padding has no name and is no field. */
	id = btf__add_struct(t.btf, "e", 8);
	btf__add_field(t.btf, "x", t.u32, 0, 3);
	btf__add_field(t.btf, NULL, t.u32, 3, 5);
	assert_int_equal(compile(&t, id).nfields, 1);
}

static void test_layout_knows_the_names_of_others(void **state)
{
	static const struct {
		const char *name;
		enum meaning meaning;
	} names[] = {
		{ "gadget_timestamp", MEAN_BOOTTIME_NS },
		{ "gadget_mntns_id", MEAN_MNTNS },
		{ "gadget_uid", MEAN_UID },
		{ "gadget_bytes", MEAN_SIZE_BYTES },
		{ "__kernel_pid_t", MEAN_PID },
		{ "u32", MEAN_NONE },
		{ "port_be", MEAN_PORT_BE },
		{ "kstack_id", MEAN_KSTACK },
		{ "", MEAN_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(meaning_of_typedef(names[i].name), names[i].meaning);
	assert_false(meaning_fits_number(MEAN_PORT_BE, 4));
	assert_true(meaning_fits_number(MEAN_PORT_BE, 2));
	assert_false(meaning_fits_number(MEAN_PID, 12)); /* no size that is two at once */
	assert_false(meaning_fits_bytes(MEAN_PID, 4));
	assert_false(meaning_fits_bytes(MEAN_IPV6, 0));
}

/* A record may fill its last array in part; a flexible one of char is text. */
static void test_layout_of_records_that_vary(void **state)
{
	TYPES(t);
	struct btf *b = t.btf;
	int fixed = btf__add_array(b, t.u32, t.chr, 256), open = btf__add_array(b, t.u32, t.chr, 0);
	int numbers = btf__add_array(b, t.u32, t.u32, 0), ids[4];
	struct tags *tags = tags_new(b);
	static const struct {
		uint32_t size, min, nfields;
		bool is_open;
	} wanted[] = { { 264, 8, 3, false },
		       { 8 + LAYOUT_TAIL_BYTES, 8, 3, true },
		       { 8, 8, 2, true },
		       { 268, 12, 4, false } };
	const int tails[] = { fixed, open, numbers };

	for (int i = 0; i < 3; i++) {
		ids[i] = btf__add_struct(b, "rec", i ? 8 : 264);
		btf__add_field(b, "pid", t.u32, 0, 0);
		btf__add_field(b, "len", t.u32, 32, 0);
		btf__add_field(b, "data", tails[i], 64, 0);
	}
	ids[3] = btf__add_struct(b, "outer", 268);
	btf__add_field(b, "type", t.u32, 0, 0);
	btf__add_field(b, "in", ids[0], 32, 0);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		struct layout layout = { 0 };
		struct err err = { 0 };

		if (layout_compile_record(&t.arena, b, tags, (uint32_t)ids[i], "value", &layout,
					  &err))
			fail_msg("%s", err.msg);
		assert_int_equal(layout.size_bytes, wanted[i].size);
		assert_int_equal(layout.min_bytes, wanted[i].min);
		assert_int_equal(layout.nfields, wanted[i].nfields);
		assert_int_equal(layout.is_open, wanted[i].is_open);
		/* A map's value has the kernel's size. */
		layout = compile(&t, ids[i]);
		assert_int_equal(layout.min_bytes, layout.size_bytes);
		assert_false(layout.is_open);
	}
	tags_free(tags);
}

/* case: unnamed_member, F4: C reaches a member without a name by the names inside it. */
static void test_layout_unnamed_members_have_names(void **state)
{
	TYPES(t);
	int v6 = btf__add_array(t.btf, t.s32, t.u8, 16);
	int in = btf__add_struct(t.btf, "in_addr", 4), in6, bare, ip, inner, id;
	struct layout l;

	btf__add_field(t.btf, "s_addr", t.u32, 0, 0);
	in6 = btf__add_struct(t.btf, "in6_addr", 16);
	btf__add_field(t.btf, "in6_u", v6, 0, 0);
	bare = btf__add_struct(t.btf, "mac_addr", 6);
	ip = add_ip_struct(&t, "ip_addr", t.u32, 16, 0, 20);
	inner = btf__add_struct(t.btf, "inner", 4);
	btf__add_field(t.btf, "", in, 0, 0);
	id = btf__add_struct(t.btf, "e", 64);
	btf__add_field(t.btf, "pid", t.u32, 0, 0);
	btf__add_field(t.btf, "", in, 32, 0);
	btf__add_field(t.btf, "", in6, 64, 0);
	btf__add_field(t.btf, "", bare, 192, 0);
	btf__add_field(t.btf, "", ip, 256, 0);
	btf__add_field(t.btf, "in", inner, 416, 0);
	l = compile(&t, id);
	check_fields(&l,
		     (struct want[]){
			     { "pid", 0, 32, 1, KIND_UINT },
			     { "s_addr", 32, 32, 1, KIND_UINT, MEAN_IPV4 },
			     { "in6_u", 64, 128, 1, KIND_BYTES, MEAN_IPV6 },
			     { "mac", 192, 48, 1, KIND_BYTES, MEAN_MAC },
			     { "addr", 256, 160, 1, KIND_BYTES, MEAN_IP },
			     { "in.s_addr", 416, 32, 1, KIND_UINT, MEAN_IPV4 },
		     },
		     6);
}

/* A type in network order may be any number: the member's name says which. */
static void test_layout_network_order_by_name(void **state)
{
	TYPES(t);
	int be16 = btf__add_typedef(t.btf, "__be16", t.u16);
	int be32 = btf__add_typedef(t.btf, "__be32", t.u32);
	int be64 = btf__add_typedef(t.btf, "__be64", t.u64);
	int port = btf__add_typedef(t.btf, "port_be", be16);
	int list = btf__add_array(t.btf, t.s32, be32, 2);
	int id = btf__add_struct(t.btf, "e", 64);
	struct layout l;

	btf__add_field(t.btf, "be_port", be16, 0, 0);
	btf__add_field(t.btf, "proto", be16, 16, 0);
	btf__add_field(t.btf, "saddr", be32, 32, 0);
	btf__add_field(t.btf, "seq", be32, 64, 0);
	btf__add_field(t.btf, "port", be32, 96, 0);
	btf__add_field(t.btf, "cookie", be64, 128, 0);
	btf__add_field(t.btf, "typed", port, 192, 0);
	btf__add_field(t.btf, "dport", t.u16, 208, 0);
	btf__add_field(t.btf, "ip", list, 224, 0);
	l = compile(&t, id);
	check_fields(&l,
		     (struct want[]){
			     { "be_port", 0, 16, 1, KIND_UINT, MEAN_PORT_BE },
			     { "proto", 16, 16, 1, KIND_UINT, MEAN_BE },
			     { "saddr", 32, 32, 1, KIND_UINT, MEAN_IPV4 },
			     { "seq", 64, 32, 1, KIND_UINT, MEAN_BE },
			     { "port", 96, 32, 1, KIND_UINT, MEAN_BE },
			     { "cookie", 128, 64, 1, KIND_UINT, MEAN_BE },
			     { "typed", 192, 16, 1, KIND_UINT, MEAN_PORT_BE },
			     { "dport", 208, 16, 1, KIND_UINT, MEAN_NONE },
			     { "ip", 224, 32, 2, KIND_UINT, MEAN_IPV4 },
		     },
		     9);
}

/* Ids of traces are bytes, whatever they are made of: text would end at the first zero. */
static void test_layout_ids_of_traces(void **state)
{
	TYPES(t);
	int c16 = btf__add_array(t.btf, t.s32, t.chr, 16),
	    c8 = btf__add_array(t.btf, t.s32, t.chr, 8);
	int w2 = btf__add_array(t.btf, t.s32, t.u64, 2);
	int parent = btf__add_struct(t.btf, "parent", 16), words, id;
	struct layout l;

	btf__add_field(t.btf, "span_id", t.u64, 0, 0);
	btf__add_field(t.btf, "trace_id", t.u64, 64, 0);
	words = btf__add_struct(t.btf, "words", 16);
	btf__add_field(t.btf, "trace_id", w2, 0, 0);
	id = btf__add_struct(t.btf, "e", 128);
	btf__add_field(t.btf, "trace_id", c16, 0, 0);
	btf__add_field(t.btf, "span_id", c8, 128, 0);
	btf__add_field(t.btf, "parent_span_id", c8, 192, 0);
	btf__add_field(t.btf, "other_id", c8, 256, 0);
	btf__add_field(t.btf, "parent", parent, 320, 0);
	btf__add_field(t.btf, "words", words, 448, 0);
	l = compile(&t, id);
	check_fields(&l,
		     (struct want[]){
			     { "trace_id", 0, 128, 1, KIND_BYTES, MEAN_HEX },
			     { "span_id", 128, 64, 1, KIND_BYTES, MEAN_HEX },
			     { "parent_span_id", 192, 64, 1, KIND_BYTES, MEAN_HEX },
			     { "other_id", 256, 64, 1, KIND_TEXT },
			     { "parent.span_id", 320, 64, 1, KIND_BYTES, MEAN_HEX },
			     { "parent.trace_id", 384, 64, 1, KIND_UINT },
			     { "words.trace_id", 448, 128, 1, KIND_BYTES, MEAN_HEX },
		     },
		     7);
}

/* case: timers, A11: what the kernel keeps in a value for itself holds nothing for others. */
static void test_layout_leaves_out_what_is_the_kernels(void **state)
{
	TYPES(t);
	int timer = btf__add_struct(t.btf, "bpf_timer", 16), lock, id, lone;
	struct layout l;

	btf__add_field(t.btf, "", t.u64, 0, 0);
	btf__add_field(t.btf, "", t.u64, 64, 0);
	lock = btf__add_struct(t.btf, "bpf_spin_lock", 4);
	btf__add_field(t.btf, "val", t.u32, 0, 0);
	id = btf__add_struct(t.btf, "el", 32);
	btf__add_field(t.btf, "t", timer, 0, 0);
	btf__add_field(t.btf, "l", lock, 128, 0);
	btf__add_field(t.btf, "n", t.u64, 192, 0);
	l = compile(&t, id);
	check_fields(&l, (struct want[]){ { "n", 192, 64, 1, KIND_UINT } }, 1);
	lone = btf__add_struct(t.btf, "lone", 4);
	btf__add_field(t.btf, "l", lock, 0, 0);
	expect_error(&t, lone, EINVAL, "keeps to itself");
}

/* A union of both kinds of address, and a number beside it that tells which. */
static void test_layout_unions_of_addresses(void **state)
{
	TYPES(t);
	static const struct {
		const char *v4, *v6, *name, *family, *beside;
		const char *path; /* NULL: it stays a union */
	} cases[] = {
		{ "saddr_v4", "saddr_v6", "", "af", "x", "saddr" },
		{ "v4", "v6", "peer", "family", "x", "peer" },
		{ "v4", "v6", "", "ip_ver", "x", "addr" },
		{ "daddr4", "daddr6", "", "version", "x", "daddr" },
		{ "saddr_v4", "saddr_v6", "", "kind", "x", NULL },
		{ "saddr_v4", "saddr_v6", "", "af", "saddr", NULL },
	};
	int v6 = btf__add_array(t.btf, t.s32, t.u8, 16);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int u = btf__add_union(t.btf, NULL, 16), id;
		struct layout l;

		btf__add_field(t.btf, cases[i].v4, t.u32, 0, 0);
		btf__add_field(t.btf, cases[i].v6, v6, 0, 0);
		id = btf__add_struct(t.btf, "e", 40);
		btf__add_field(t.btf, cases[i].name, u, 32, 0);
		btf__add_field(t.btf, cases[i].beside, t.u64, 192, 0);
		btf__add_field(t.btf, cases[i].family, t.u16, 256, 0);
		l = compile(&t, id);
		if (!cases[i].path) {
			assert_int_equal(l.nfields, 4);
			assert_string_equal(l.fields[0].path, "saddr_v4");
			continue;
		}
		assert_int_equal(l.nfields, 3);
		assert_string_equal(l.fields[0].path, cases[i].path);
		assert_int_equal(l.fields[0].meaning, MEAN_IP);
		assert_int_equal(l.fields[0].off_bits, 32);
		assert_int_equal(l.fields[0].addr_at, 0);
		assert_int_equal(l.fields[0].family_at, 28);
		assert_int_equal(l.fields[0].family_bytes, 2);
		assert_string_equal(l.fields[2].path, cases[i].family);
	}
}

/* As the tools of bcc keep them: 16 bytes of either family in one number, or in a list. */
static void test_layout_addresses_in_numbers(void **state)
{
	TYPES(t);
	int words = btf__add_array(t.btf, t.s32, t.u32, 4);
	int bytes = btf__add_array(t.btf, t.s32, t.u8, 16);
	int text = btf__add_array(t.btf, t.s32, t.chr, 16);
	const struct {
		const char *name;
		int type;
		const char *family;
		bool is_address;
	} cases[] = {
		{ "saddr", t.u128, "family", true }, { "daddr", words, "family", true },
		{ "addr", bytes, "ver", true },	     { "peer_ip", bytes, "af", true },
		{ "saddr", t.u128, "kind", false },  { "cookie", t.u128, "family", false },
		{ "addr", text, "family", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int id = btf__add_struct(t.btf, "e", 32);
		struct layout l;

		btf__add_field(t.btf, cases[i].name, cases[i].type, 0, 0);
		btf__add_field(t.btf, cases[i].family, t.u16, 16 * 8, 0);
		l = compile(&t, id);
		assert_int_equal(l.nfields, 2);
		assert_string_equal(l.fields[0].path, cases[i].name);
		if ((l.fields[0].meaning == MEAN_IP) != cases[i].is_address)
			fail_msg("%s beside %s", cases[i].name, cases[i].family);
		if (cases[i].is_address)
			assert_int_equal(l.fields[0].family_at, 16);
	}
}

/* --as: numbers become bytes and bytes numbers, where the size is right. */
static void test_layout_fields_take_other_meanings(void **state)
{
	static const struct {
		struct field from;
		enum meaning meaning;
		bool fits;
		uint32_t bits, count;
		uint8_t kind;
	} cases[] = {
		{ { .kind = KIND_UINT, .size_bits = 32, .count = 1 },
		  MEAN_ERRNO,
		  true,
		  32,
		  1,
		  KIND_UINT },
		{ { .kind = KIND_INT, .size_bits = 32, .count = 1, .is_signed = true },
		  MEAN_IPV4,
		  true,
		  32,
		  1,
		  KIND_UINT },
		{ { .kind = KIND_BYTES, .size_bits = 32, .count = 1 },
		  MEAN_IPV4,
		  true,
		  32,
		  1,
		  KIND_UINT },
		{ { .kind = KIND_UINT, .size_bits = 32, .count = 4 },
		  MEAN_IPV6,
		  true,
		  128,
		  1,
		  KIND_BYTES },
		{ { .kind = KIND_UINT, .size_bits = 32, .count = 4 },
		  MEAN_IPV4,
		  true,
		  32,
		  4,
		  KIND_UINT },
		{ { .kind = KIND_UINT, .size_bits = 128, .count = 1 },
		  MEAN_IPV6,
		  true,
		  128,
		  1,
		  KIND_BYTES },
		{ { .kind = KIND_TEXT, .size_bits = 64 * 8, .count = 1 },
		  MEAN_DNS,
		  true,
		  512,
		  1,
		  KIND_TEXT },
		{ { .kind = KIND_TEXT, .size_bits = 64, .count = 1 },
		  MEAN_HEX,
		  true,
		  64,
		  1,
		  KIND_UINT },
		{ { .kind = KIND_BYTES, .size_bits = 64, .count = 1 },
		  MEAN_KTIME_NS,
		  true,
		  64,
		  1,
		  KIND_UINT },
		{ { .kind = KIND_FLOAT, .size_bits = 64, .count = 1 },
		  MEAN_DURATION_MS,
		  true,
		  64,
		  1,
		  KIND_FLOAT },
		{ { .kind = KIND_ENUM, .size_bits = 32, .count = 1 },
		  MEAN_NONE,
		  true,
		  32,
		  1,
		  KIND_UINT },
		{ { .kind = KIND_PTR, .size_bits = 64, .count = 1 },
		  MEAN_KSYM,
		  true,
		  64,
		  1,
		  KIND_UINT },
		{ { .kind = KIND_FLOAT, .size_bits = 64, .count = 1 }, MEAN_ERRNO },
		{ { .kind = KIND_UINT, .size_bits = 64, .count = 1 }, MEAN_IPV4 },
		{ { .kind = KIND_UINT, .size_bits = 32, .count = 1 }, MEAN_KTIME_NS },
		{ { .kind = KIND_BYTES, .size_bits = 24, .count = 1 }, MEAN_ERRNO },
		{ { .kind = KIND_UINT, .size_bits = 5, .count = 1, .is_bits = true }, MEAN_ERRNO },
		{ { .kind = KIND_BYTES, .meaning = MEAN_IP, .size_bits = 160, .count = 1 },
		  MEAN_HEX },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct field f = cases[i].from;

		assert_int_equal(field_give_meaning(&f, cases[i].meaning), cases[i].fits);
		if (!cases[i].fits) {
			assert_memory_equal(&f, &cases[i].from, sizeof(f));
			continue;
		}
		assert_int_equal(f.meaning, cases[i].meaning);
		assert_int_equal(f.size_bits, cases[i].bits);
		assert_int_equal(f.count, cases[i].count);
		assert_int_equal(f.kind, cases[i].kind);
		assert_false(f.is_signed);
	}
}

static void test_layout_words_of_meanings(void **state)
{
	assert_int_equal(meaning_of_word("errno"), MEAN_ERRNO);
	assert_int_equal(meaning_of_word("Duration_US"), MEAN_DURATION_US);
	assert_int_equal(meaning_of_word("port"), MEAN_PORT_BE);
	assert_int_equal(meaning_of_word("number"), MEAN_NONE);
	assert_int_equal(meaning_of_word("__be32"), MEAN_BE);
	assert_int_equal(meaning_of_word("gadget_signal"), MEAN_SIGNAL);
	assert_int_equal(meaning_of_word("MEAN_ERRNO"), MEAN_COUNT);
	assert_int_equal(meaning_of_word(""), MEAN_COUNT);
}

/* Each type's name has one meaning, and each number in recordings as well. */
static void test_layout_rows_of_meanings_are_distinct(void **state)
{
	uint64_t recorded = 0;

	for (uint8_t m = 0; m < MEAN_COUNT; m++) {
		const struct meaning_traits *traits = meaning_traits(m);

		for (const char *const *t = traits->types; t && *t; t++)
			assert_int_equal(meaning_of_typedef(*t), m);
		for (const char *const *t = traits->structs; t && *t; t++)
			assert_int_equal(meaning_of_struct(*t), m);
		assert_true(!traits->unit_ns || traits->unit);
		assert_true(traits->recorded < 64);
		assert_false(traits->recorded && recorded & 1ULL << traits->recorded);
		recorded |= 1ULL << traits->recorded;
	}
	assert_int_equal(meaning_of_typedef("no_such_type"), MEAN_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout_scalars_at_odd_offsets),
		cmocka_unit_test(test_layout_bit_fields),
		cmocka_unit_test(test_layout_nesting),
		cmocka_unit_test(test_layout_arrays),
		cmocka_unit_test(test_layout_meanings),
		cmocka_unit_test(test_layout_addresses_with_family),
		cmocka_unit_test(test_layout_gadget_endpoint),
		cmocka_unit_test(test_layout_enums),
		cmocka_unit_test(test_layout_tags),
		cmocka_unit_test(test_layout_odd_names),
		cmocka_unit_test(test_layout_scalar_records),
		cmocka_unit_test(test_layout_refuses_what_holds_no_data),
		cmocka_unit_test(test_layout_refuses_wrong_offsets),
		cmocka_unit_test(test_layout_refuses_cycles),
		cmocka_unit_test(test_layout_refuses_too_much),
		cmocka_unit_test(test_layout_refuses_improper_names),
		cmocka_unit_test(test_layout_knows_the_names_of_others),
		cmocka_unit_test(test_layout_of_records_that_vary),
		cmocka_unit_test(test_layout_unnamed_members_have_names),
		cmocka_unit_test(test_layout_network_order_by_name),
		cmocka_unit_test(test_layout_ids_of_traces),
		cmocka_unit_test(test_layout_leaves_out_what_is_the_kernels),
		cmocka_unit_test(test_layout_unions_of_addresses),
		cmocka_unit_test(test_layout_addresses_in_numbers),
		cmocka_unit_test(test_layout_fields_take_other_meanings),
		cmocka_unit_test(test_layout_words_of_meanings),
		cmocka_unit_test(test_layout_rows_of_meanings_are_distinct),
	};

	return cmocka_run_group_tests_name("load_layout", tests, NULL, NULL);
}
