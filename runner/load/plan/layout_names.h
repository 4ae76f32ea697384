/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fields of a layout are called: where in the record a walk stands, and the names that say
 * so. Names come from BTF, which may be damaged.
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_LAYOUT_NAMES_H
#define BOMBUS_RUNNER_LOAD_PLAN_LAYOUT_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct btf;
struct btf_member;
struct field;
struct shape;
struct tags;

struct place {
	const char *path; /* NULL at the top */
	const char *name; /* last component */
	uint64_t off_bits;
	uint32_t bit_size; /* of a bit field; 0: none */
	uint8_t tags;	   /* its own and those of the structs around it */
	const char *help, *unit, *decode;
};

/* The path with '_' where it has dots. */
const char *name_label(struct arena *arena, const char *path);

/* The place of a member or element called `name` below parent. False: the path is too long. */
bool place_below(struct arena *arena, const struct place *parent, const char *name,
		 struct place *ret);

/* A member's name as far as it can be part of a path: types may be called "unsigned int". */
const char *name_of_member(const struct btf *btf, const struct btf_member *m);

/* May BOMBUS_NAME() call a member so? "net.peer" stands as if it were in a struct `net`. */
bool name_is_path(const char *name);

/* Of a lone value, which has no member that names it. */
const char *name_of_scalar(const struct field *f, const char *default_name);

/*
 * Of a member without a name whose struct or union is one field (struct in_addr): C reaches it by
 * the names inside, which are unique around it. The first of them, else the meaning's.
 */
const char *name_of_unnamed(const struct btf *btf, const struct shape *s);

/* Of a member that is a union of addresses: its own, else what the names inside begin with. NULL:
 * another member has that name, or tags say something of the struct or of the union. */
const char *name_of_union(const struct btf *btf, const struct tags *tags, const struct shape *s,
			  uint32_t member, struct arena *arena);

/*
 * What a member's name says about bytes of which its type says too little: a __be16 called "dport"
 * is a port and a __be32 called "saddr" an address; 16 bytes called "trace_id" and 8 called
 * "span_id" or "parent_span_id" are the ids of a trace, whatever they are made of.
 */
void name_tells(const char *name, struct field *f);

/* The fields with copies of their names and texts; enums are borrowed still. */
struct field *fields_copy(const struct field *from, uint32_t count, struct arena *arena);

/* Of a member without a name: "" where its own members take its place, else the name of the one
 * field that it is. */
const char *name_of_nested(const struct btf *btf, const struct btf_member *m);

/* Where <bombus/histogram.bpf.h> puts a key's own members beside the bucket: they stand as if that
 * struct were not there. A lone number is called as it would be without the bucket. */
#define LABELS_MEMBER "bombus__labels"
const char *name_of_labels(const struct btf *btf, const struct btf_member *m);

#endif
