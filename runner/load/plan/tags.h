/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object's declaration tags ("bombus:<word>[:<text>]") and variables, found by one walk over
 * its BTF and then looked up by type. Borrows the BTF.
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_TAGS_H
#define BOMBUS_RUNNER_LOAD_PLAN_TAGS_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

struct arena;
struct btf;
struct tags;

#define TAGS_WHOLE (-1) /* component: the type or variable itself, not a member */

struct tags *tags_new(const struct btf *btf);
void tags_free(struct tags *tags);

/* Whether a type or one of its members has any tag. */
bool tags_any(const struct tags *tags, uint32_t type_id);
bool tag_has(const struct tags *tags, uint32_t type_id, int component, const char *word);
/* The text behind "bombus:<word>:", copied to the arena on one line without control characters,
 * at most 512 bytes; NULL: there is none or it is empty. */
const char *tag_text(const struct tags *tags, uint32_t type_id, int component, const char *word,
		     struct arena *arena);
/* The tags of struct field. */
uint8_t tag_flags(const struct tags *tags, uint32_t type_id, int component);

/* The type id of a variable; 0: there is none of that name. */
uint32_t tags_var(const struct tags *tags, const char *name);

/* As layout_compile(), for many types of one object: the tags are gathered once. */
int layout_compile_tagged(struct arena *arena, const struct btf *btf, const struct tags *tags,
			  uint32_t type_id, const char *default_name, struct layout *ret,
			  struct err *err);

/* The same for records whose length may vary: a flexible array of char at the end is a text of
 * LAYOUT_TAIL_BYTES, and part of size_bytes. */
int layout_compile_record(struct arena *arena, const struct btf *btf, const struct tags *tags,
			  uint32_t type_id, const char *default_name, struct layout *ret,
			  struct err *err);

#endif
