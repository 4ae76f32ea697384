// SPDX-License-Identifier: Apache-2.0
#include "base/id_map.h"

#include "base/util.h"

#define FIRST_BITS 6

static size_t places_of(const struct id_map *map)
{
	return map->places ? (size_t)map->mask + 1 : 0;
}

static void grow(struct id_map *map)
{
	struct id_map old = *map;
	size_t count = places_of(&old), bigger = count ? 2 * count : (size_t)1 << FIRST_BITS;

	map->places = xcalloc(bigger, sizeof(*map->places));
	map->mask = (uint32_t)(bigger - 1);
	map->shift = count ? old.shift - 1 : 64 - FIRST_BITS;
	for (size_t i = 0; i < count; i++)
		if (old.places[i].used)
			map->places[id_map_place(map, old.places[i].id)] = old.places[i];
	free(old.places);
}

void id_map_set(struct id_map *map, uint64_t id, uint32_t value)
{
	uint32_t known;

	if (!id_map_find(map, id, &known)) {
		if (map->count >= places_of(map) / 2)
			grow(map);
		map->count++;
	}
	map->places[id_map_place(map, id)] = (struct id_place){ id, value, true };
}

void id_map_remove(struct id_map *map, uint64_t id)
{
	uint32_t hole, home, mask = map->mask;

	if (!id_map_find(map, id, &home))
		return;
	/* Ids that the removed one pushed back move up. */
	hole = id_map_place(map, id);
	for (uint32_t at = (hole + 1) & mask; map->places[at].used; at = (at + 1) & mask) {
		home = id_map_home(map, map->places[at].id);
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		map->places[hole] = map->places[at];
		hole = at;
	}
	map->places[hole].used = false;
	map->count--;
}

void id_map_clear(struct id_map *map)
{
	if (map->places)
		memset(map->places, 0, places_of(map) * sizeof(*map->places));
	map->count = 0;
}

struct id_map id_map_clone(const struct id_map *map)
{
	struct id_map ret = *map;
	size_t bytes = places_of(map) * sizeof(*map->places);

	if (map->places)
		ret.places = memcpy(xmalloc(bytes), map->places, bytes);
	return ret;
}

void id_map_release(struct id_map *map)
{
	free(map->places);
	*map = (struct id_map){ 0 };
}
