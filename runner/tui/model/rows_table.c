// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/rows_table.h"

#include "base/util.h"

#define FIRST_PLACES 64u

static uint32_t home_of(const struct rows *rows, uint64_t id)
{
	return (uint32_t)((id * 0x9e3779b97f4a7c15ull) >> 32) & (rows->nplaces - 1);
}

/* The place of the id, or the free one where it belongs. */
static uint32_t place_of(const struct rows *rows, uint64_t id)
{
	uint32_t at = home_of(rows, id);

	while (rows->places[at].slot && rows->places[at].id != id)
		at = (at + 1) & (rows->nplaces - 1);
	return at;
}

static void make_places(struct rows *rows)
{
	struct place *old = rows->places;
	uint32_t n = rows->nplaces;

	if (n && rows->nslots - rows->nspare < n / 2)
		return;
	rows->nplaces = n ? 2 * n : FIRST_PLACES;
	rows->places = xcalloc(rows->nplaces, sizeof(*rows->places));
	for (uint32_t i = 0; i < n; i++) {
		if (old[i].slot)
			rows->places[place_of(rows, old[i].id)] = old[i];
	}
	free(old);
}

void rows_table_add(struct rows *rows, uint64_t id, uint32_t slot)
{
	make_places(rows);
	rows->places[place_of(rows, id)] = (struct place){ .id = id, .slot = slot + 1 };
}

void rows_table_drop(struct rows *rows, uint64_t id)
{
	/* Entries that it pushed back move up. */
	uint32_t mask = rows->nplaces - 1, hole = place_of(rows, id), home;

	for (uint32_t at = (hole + 1) & mask; rows->places[at].slot; at = (at + 1) & mask) {
		home = home_of(rows, rows->places[at].id);
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		rows->places[hole] = rows->places[at];
		hole = at;
	}
	rows->places[hole].slot = 0;
}

bool rows_find(const struct rows *rows, uint64_t id, uint32_t *ret_slot)
{
	uint32_t at = rows->nplaces ? place_of(rows, id) : 0;

	if (!rows->nplaces || !rows->places[at].slot)
		return false;
	*ret_slot = rows->places[at].slot - 1;
	return true;
}
