// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/sink/prometheus/label_cache.h"

#define BLOCK_SHIFT 8
#define BLOCK_SERIES (1u << BLOCK_SHIFT)
#define FIRST_TEXT_BYTES 1024u

/* The texts of series that stand side by side, in the order they came. */
struct block {
	uint64_t ids[BLOCK_SERIES]; /* 0: none */
	uint32_t at[BLOCK_SERIES], len[BLOCK_SERIES];
	uint32_t used, cap; /* of the text */
	uint32_t stale;	    /* of what is used: of series that went */
	char *text;
};

struct shelf {
	struct block **blocks;
	uint32_t nblocks;
};

struct label_cache {
	uint64_t bytes, max_bytes;
	uint32_t nmaps;
	struct shelf shelves[]; /* EXPO_SETS for each map */
};

struct label_cache *label_cache_new(uint32_t nmaps, uint64_t max_bytes)
{
	struct label_cache *cache =
		xcalloc(1, sizeof(*cache) + (size_t)nmaps * EXPO_SETS * sizeof(struct shelf));

	cache->nmaps = nmaps;
	cache->max_bytes = max_bytes;
	return cache;
}

void label_cache_free(struct label_cache *cache)
{
	if (!cache)
		return;
	for (uint32_t i = 0; i < cache->nmaps * EXPO_SETS; i++) {
		struct shelf *shelf = &cache->shelves[i];

		for (uint32_t k = 0; k < shelf->nblocks; k++) {
			if (shelf->blocks[k])
				free(shelf->blocks[k]->text);
			free(shelf->blocks[k]);
		}
		free(shelf->blocks);
	}
	free(cache);
}

uint64_t label_cache_bytes(const struct label_cache *cache)
{
	return cache->bytes;
}

bool label_cache_get(const struct label_cache *cache, uint32_t map, enum expo_sets sets,
		     uint32_t place, uint64_t id, struct expo_set *ret)
{
	const struct shelf *shelf = &cache->shelves[map * EXPO_SETS + sets];
	uint32_t i = place & (BLOCK_SERIES - 1);
	const struct block *block;

	if (place >> BLOCK_SHIFT >= shelf->nblocks)
		return false;
	block = shelf->blocks[place >> BLOCK_SHIFT];
	if (!block || block->ids[i] != id)
		return false;
	*ret = (struct expo_set){ block->text + block->at[i], block->len[i] };
	return true;
}

static bool pay(struct label_cache *cache, uint64_t bytes)
{
	if (cache->bytes + bytes > cache->max_bytes)
		return false;
	cache->bytes += bytes;
	return true;
}

static struct block *block_of(struct label_cache *cache, struct shelf *shelf, uint32_t n)
{
	uint32_t more = n < shelf->nblocks ? 0 : n + 1 - shelf->nblocks;

	if (more) {
		if (!pay(cache, more * sizeof(*shelf->blocks)))
			return NULL;
		shelf->blocks = xreallocarray(shelf->blocks, n + 1, sizeof(*shelf->blocks));
		memset(shelf->blocks + shelf->nblocks, 0, more * sizeof(*shelf->blocks));
		shelf->nblocks = n + 1;
	}
	if (!shelf->blocks[n] && pay(cache, sizeof(struct block)))
		shelf->blocks[n] = xcalloc(1, sizeof(struct block));
	return shelf->blocks[n];
}

/* Room for len more; a block is of equal texts, so that the first tell how long all will be. */
static bool make_room(struct label_cache *cache, struct block *block, uint32_t len)
{
	uint64_t cap = MAX(block->cap, FIRST_TEXT_BYTES);

	while (cap < (uint64_t)block->used + len)
		cap += cap / 2;
	if (cap == block->cap)
		return true;
	if (cap > UINT32_MAX || !pay(cache, cap - block->cap))
		return false;
	block->text = xreallocarray(block->text, cap, 1);
	block->cap = (uint32_t)cap;
	return true;
}

void label_cache_put(struct label_cache *cache, uint32_t map, enum expo_sets sets, uint32_t place,
		     uint64_t id, struct expo_set set)
{
	struct shelf *shelf = &cache->shelves[map * EXPO_SETS + sets];
	struct block *block = block_of(cache, shelf, place >> BLOCK_SHIFT);
	uint32_t i = place & (BLOCK_SERIES - 1);

	if (!block || set.len > UINT32_MAX / 2)
		return;
	if (block->ids[i])
		block->stale += block->len[i];
	block->ids[i] = 0;
	/* Mostly of the past: begun anew. */
	if (block->stale > block->used / 2) {
		memset(block->ids, 0, sizeof(block->ids));
		block->used = block->stale = 0;
	}
	if (!make_room(cache, block, (uint32_t)set.len))
		return;
	memcpy(block->text + block->used, set.bytes, set.len);
	block->at[i] = block->used;
	block->len[i] = (uint32_t)set.len;
	block->ids[i] = id;
	block->used += (uint32_t)set.len;
}
