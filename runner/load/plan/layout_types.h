/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single questions about types in BTF that may be hostile: every reference is looked up with a
 * check, every chain is bounded.
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_LAYOUT_TYPES_H
#define BOMBUS_RUNNER_LOAD_PLAN_LAYOUT_TYPES_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

struct arena;
struct btf_type;

#define TYPE_MAX_CHAIN 64
#define TYPE_MAX_NAME 256    /* longer names count as none */
#define TYPE_POINTER_BYTES 8 /* BPF's, whatever this machine's are */

/* A type with its qualifiers and typedefs taken off. */
struct shape {
	const struct btf_type *type; /* NULL: void */
	uint32_t id;
	enum meaning meaning; /* of the first typedef that is known */
	uint8_t tags;	      /* enum field_tag, as typedefs of gadgets say */
	const char *name;     /* of the first typedef, else the type's own */
};

/* NULL, or why not. */
const char *type_resolve(const struct btf *btf, uint32_t id, struct shape *ret);

/* A name by its offset; "" where there is none or it is nothing that can be shown. */
const char *type_name_at(const struct btf *btf, uint32_t off);

/* The bytes that a type takes; 0: none, or more than LAYOUT_MAX_BYTES. */
uint64_t type_size(const struct btf *btf, uint32_t id);

bool type_is_signed_enum(const struct btf_type *t);
struct enum_names *type_enum_names(const struct btf *btf, const struct btf_type *t,
				   struct arena *arena);

bool type_is_char(const struct btf *btf, const struct btf_type *t);
bool type_is_octet(const struct btf_type *t);
bool type_is_byte(const struct btf *btf, const struct btf_type *t); /* either */
bool type_is_plain_size(const struct btf_type *t); /* 1, 2, 4, 8 bytes; ints also 16 */

/* An array at the end of a type, also at the end of its last member. */
struct tail {
	uint32_t off_bytes;
	bool is_open; /* a flexible array */
	bool is_char;
};

/* False: the type does not end with an array. */
bool type_tail(const struct btf *btf, uint32_t id, struct tail *ret);
/* The kind, size and sign of a number, an enum or a pointer; false: the type is none of them. */
bool type_scalar_kind(const struct shape *s, struct field *f);
/* What the kernel keeps in a map's value for itself (timers, locks, lists): programs and user space
 * see nothing that means anything. */
bool type_is_of_kernel(const struct btf *btf, const struct btf_type *t);

/* Where in a struct the address and its family stand, in bytes. */
struct ip_parts {
	uint32_t addr, family, family_bytes;
	uint32_t addr_member, family_member;
};

/* Looks for both in a struct; false: it is no such struct. */
bool type_ip_parts(const struct btf *btf, const struct btf_type *t, struct ip_parts *ret);

/*
 * A member of a struct that is a union of an IPv4 and an IPv6 address, or 16 bytes that are called
 * an address, where a number beside it is called as if it were their family ("af", "family",
 * "version" ...). ret is in the struct.
 */
bool type_union_address(const struct btf *btf, const struct btf_type *t, uint32_t member,
			struct ip_parts *ret);

/* A struct or union that is one field with a meaning; ret of MEAN_IP only. */
bool type_is_one_field(const struct btf *btf, const struct shape *s, struct ip_parts *ret);

#endif
