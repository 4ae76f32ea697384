/* SPDX-License-Identifier: Apache-2.0 */
/* The enums that a walk meets: each one's names are read once, however many fields have them. */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_LAYOUT_ENUMS_H
#define BOMBUS_RUNNER_LOAD_PLAN_LAYOUT_ENUMS_H

#include <stdint.h>

struct arena;
struct btf;
struct enum_names;
struct shape;

struct enum_list {
	struct enum_known *known;
	uint32_t count;
};

/* The names of an enum; they live in `arena`. */
const struct enum_names *enum_list_get(struct enum_list *list, const struct btf *btf,
				       const struct shape *s, struct arena *arena);
/* The same names in another arena, the same for all calls. NULL for NULL. */
const struct enum_names *enum_list_copy(struct enum_list *list, const struct btf *btf,
					const struct enum_names *names, struct arena *arena);
void enum_list_release(struct enum_list *list);

#endif
