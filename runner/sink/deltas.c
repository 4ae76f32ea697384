// SPDX-License-Identifier: Apache-2.0
#include "base/id_map.h"
#include "base/util.h"
#include "runner/sink/deltas.h"

#define FIRST_ROOM 32u

/* `width` numbers for each id, at its index. */
struct deltas {
	struct id_map indexes;
	uint64_t *numbers;
	uint32_t width, room, max_ids;
};

struct deltas *deltas_new(uint32_t width, uint32_t max_ids)
{
	struct deltas *deltas = xcalloc(1, sizeof(*deltas));

	deltas->width = width ? width : 1;
	deltas->max_ids = max_ids;
	return deltas;
}

void deltas_free(struct deltas *deltas)
{
	if (!deltas)
		return;
	id_map_release(&deltas->indexes);
	free(deltas->numbers);
	free(deltas);
}

static uint32_t add(struct deltas *deltas, uint64_t id)
{
	uint32_t index;

	if (deltas->indexes.count >= deltas->max_ids)
		id_map_clear(&deltas->indexes);
	index = deltas->indexes.count;
	if (index == deltas->room) {
		deltas->room = MAX(2 * deltas->room, FIRST_ROOM);
		deltas->numbers = xreallocarray(deltas->numbers, deltas->room,
						deltas->width * sizeof(*deltas->numbers));
	}
	memset(deltas->numbers + (size_t)index * deltas->width, 0,
	       deltas->width * sizeof(*deltas->numbers));
	id_map_set(&deltas->indexes, id, index);
	return index;
}

uint64_t *deltas_of(struct deltas *deltas, uint64_t id, bool *ret_known)
{
	uint32_t index;

	*ret_known = id_map_find(&deltas->indexes, id, &index);
	if (!*ret_known)
		index = add(deltas, id);
	return deltas->numbers + (size_t)index * deltas->width;
}
