/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from 64-bit ids to 32-bit values, mostly indexes into an array of the caller's. Every id
 * and every value is allowed. A zeroed struct id_map is empty and ready for use.
 *
 *	struct id_map map = { 0 };
 *	uint32_t index;
 *
 *	if (!id_map_find(&map, id, &index))
 *		id_map_set(&map, id, index = count++);
 *	id_map_release(&map);
 *
 * Open addressing with linear probing. The number of places is a power of two, at least twice the
 * number of ids; a place takes 16 bytes. Only id_map_set() allocates, and only for a new id. The
 * map doubles when it is half full and never shrinks: the caller bounds the number of ids.
 *
 * The hash has no seed: hash ids that an adversary chooses with a seed of your own first.
 * No locking: any number of threads may look up while none changes the map.
 */
#ifndef BOMBUS_BASE_ID_MAP_H
#define BOMBUS_BASE_ID_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct id_place {
	uint64_t id;
	uint32_t value;
	bool used;
};

struct id_map {
	struct id_place *places; /* NULL: none yet */
	uint32_t mask;		 /* number of places minus 1 */
	uint32_t shift;		 /* leaves that many bits of a 64-bit hash */
	uint32_t count;		 /* ids in the map */
};

/*
 * The place where the search for the id begins. The map has places. Four ids in a row begin side by
 * side, in one or two cache lines: the ids of series are mostly read in their order.
 */
static inline uint32_t id_map_home(const struct id_map *map, uint64_t id)
{
	return (uint32_t)(((id >> 2) * 0x9e3779b97f4a7c15ull) >> map->shift & ~3ull) | (id & 3);
}

/* The place of the id, or the free one where it belongs. The map has places. */
static inline uint32_t id_map_place(const struct id_map *map, uint64_t id)
{
	uint32_t at = id_map_home(map, id);

	while (map->places[at].used && map->places[at].id != id)
		at = (at + 1) & map->mask;
	return at;
}

/* False when the id is not in the map; *ret is unchanged then. */
static inline bool id_map_find(const struct id_map *map, uint64_t id, uint32_t *ret)
{
	const struct id_place *place;

	if (!map->count)
		return false;
	place = &map->places[id_map_place(map, id)];
	if (!place->used)
		return false;
	*ret = place->value;
	return true;
}

/* Adds the id, or replaces its value. */
void id_map_set(struct id_map *map, uint64_t id, uint32_t value);
/* Does nothing when the id is not in the map. */
void id_map_remove(struct id_map *map, uint64_t id);
/* Removes all ids and keeps the memory. */
void id_map_clear(struct id_map *map);

/* A copy with memory of its own. */
struct id_map id_map_clone(const struct id_map *map);
void id_map_release(struct id_map *map);

#endif
