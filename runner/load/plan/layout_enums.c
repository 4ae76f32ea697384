// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/layout_enums.h"

#include <bpf/btf.h>
#include "base/util.h"
#include "runner/load/plan/layout_types.h"

struct enum_known {
	uint32_t id;
	const struct enum_names *names;	 /* as they were read first */
	const struct enum_names *copied; /* in the other arena */
};

const struct enum_names *enum_list_get(struct enum_list *list, const struct btf *btf,
				       const struct shape *s, struct arena *arena)
{
	const struct enum_names *names;

	for (uint32_t i = 0; i < list->count; i++)
		if (list->known[i].id == s->id)
			return list->known[i].names;
	names = type_enum_names(btf, s->type, arena);
	list->known = xreallocarray(list->known, list->count + 1, sizeof(*list->known));
	list->known[list->count++] = (struct enum_known){ s->id, names, NULL };
	return names;
}

const struct enum_names *enum_list_copy(struct enum_list *list, const struct btf *btf,
					const struct enum_names *names, struct arena *arena)
{
	for (uint32_t i = 0; names && i < list->count; i++) {
		struct enum_known *e = &list->known[i];

		if (e->names != names)
			continue;
		if (!e->copied)
			e->copied = type_enum_names(btf, btf__type_by_id(btf, e->id), arena);
		return e->copied;
	}
	return NULL;
}

void enum_list_release(struct enum_list *list)
{
	free(list->known);
	list->known = NULL;
	list->count = 0;
}
