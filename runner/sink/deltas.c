// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/sink/deltas.h"

#define FIRST_SLOTS 64u

/* Open addressing, at most half full. Slot i holds id + 1 (0: empty) and `width` numbers. */
struct deltas {
	uint64_t *ids;
	uint64_t *numbers;
	uint32_t width, slots, used, max_ids;
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
	free(deltas->ids);
	free(deltas->numbers);
	free(deltas);
}

static uint32_t find_slot(const struct deltas *deltas, uint64_t id)
{
	uint32_t mask = deltas->slots - 1;
	uint32_t slot = (uint32_t)((id * 0x9e3779b97f4a7c15ull) >> 32) & mask;

	while (deltas->ids[slot] && deltas->ids[slot] != id + 1)
		slot = (slot + 1) & mask;
	return slot;
}

static void allocate(struct deltas *deltas, uint32_t slots)
{
	deltas->slots = slots;
	deltas->used = 0;
	deltas->ids = xcalloc(slots, sizeof(*deltas->ids));
	deltas->numbers = xcalloc(slots, (size_t)deltas->width * sizeof(*deltas->numbers));
}

static uint64_t *numbers_at(const struct deltas *deltas, uint32_t slot)
{
	return deltas->numbers + (size_t)slot * deltas->width;
}

static void make_room(struct deltas *deltas)
{
	struct deltas old = *deltas;
	uint32_t slot;

	if (deltas->used < deltas->slots / 2)
		return;
	if (old.used >= deltas->max_ids) {
		memset(deltas->ids, 0, deltas->slots * sizeof(*deltas->ids));
		deltas->used = 0;
		return;
	}
	allocate(deltas, old.slots ? old.slots * 2 : FIRST_SLOTS);
	for (uint32_t i = 0; i < old.slots; i++) {
		if (!old.ids[i])
			continue;
		slot = find_slot(deltas, old.ids[i] - 1);
		deltas->ids[slot] = old.ids[i];
		memcpy(numbers_at(deltas, slot), numbers_at(&old, i),
		       deltas->width * sizeof(*deltas->numbers));
		deltas->used++;
	}
	free(old.ids);
	free(old.numbers);
}

uint64_t *deltas_of(struct deltas *deltas, uint64_t id, bool *ret_known)
{
	uint32_t slot;

	make_room(deltas);
	slot = find_slot(deltas, id);
	*ret_known = deltas->ids[slot] != 0;
	if (!*ret_known) {
		deltas->ids[slot] = id + 1;
		deltas->used++;
		memset(numbers_at(deltas, slot), 0, deltas->width * sizeof(*deltas->numbers));
	}
	return numbers_at(deltas, slot);
}
