/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to series.c, series_sweep.c and series_read.c: how the table stands in memory.
 *
 * A slot is 8 bytes: the low half of the key's hash and the number of its entry. The half is all
 * that is needed to find a slot's place in a table of any size, so that growing and deleting read
 * the slots only, in order. Linear probing, at most three quarters full, deletion closes the gap.
 *
 * Entries stand in blocks that never move. An entry's hot part is what an event touches: times,
 * key, cells, side by side. What only sweeps and readers need stands apart (struct about).
 * Entry 0 is the overflow series; it is in no slot, and 0 in a slot means that it is empty.
 *
 * A swept series has its cells twice: as they are visible, and as the sweep counts them.
 */
#ifndef BOMBUS_RUNNER_READ_SERIES_SERIES_TABLE_H
#define BOMBUS_RUNNER_READ_SERIES_SERIES_TABLE_H

#include "runner/read/series/series.h"

struct slot {
	uint32_t tag; /* low half of the hash */
	uint32_t ref; /* entry; 0: empty */
};

struct entry {
	uint64_t change_ns;
	uint64_t change_gen;
	uint64_t data[]; /* key, padded to 8; visible cells; a sweep's cells */
};

enum state {
	STATE_FREE,
	STATE_COMING, /* first put by the sweep that runs: not to be seen yet */
	STATE_LIVE,
	STATE_GONE, /* in no slot any more */
	STATE_IDLE, /* expired, but its key is still in the map: remembered until it changes or goes
		     */
};

struct about {
	uint64_t id;
	uint64_t born_gen;
	uint32_t tag;
	uint32_t sweep;	    /* number of the last one that put it */
	uint32_t next_free; /* STATE_FREE */
	uint8_t state;	    /* enum state */
	uint8_t rounds;	    /* STATE_GONE, STATE_IDLE: sweeps or expiries since then, up to
			     * SERIES_GONE_ROUNDS */
};

/* Sweeps or expiries for which a series that went can still be read, as gone. */
#define SERIES_GONE_ROUNDS 2

struct series {
	/* Used by series_touch(). */
	struct slot *slots;
	uint32_t mask;
	uint32_t key_bytes;
	uint8_t **blocks; /* block_entries entries, then as many struct about */
	uint32_t block_shift;
	uint32_t stride;
	uint64_t seed;
	uint64_t gen;

	const struct metric_plan *plan;
	struct series_budget *budget; /* NULL: none */
	uint64_t spent_bytes;	      /* blocks and slots */
	uint32_t cells_at;	      /* bytes from entry.data */
	uint32_t cells_bytes;
	uint32_t nblocks, nentries; /* entries ever used, the overflow's included */
	uint32_t first_free;
	uint32_t used_slots;
	uint32_t live, coming, idle, gone; /* entries by state; live, coming and idle without the
					    * overflow's */
	uint32_t max;			   /* of those that are live */
	uint64_t ttl_ns;
	uint64_t next_id;
	bool swept, gauges;

	uint64_t now_ns; /* of the sweep */
	uint32_t sweep, put;
	uint64_t over; /* entries of this sweep that the overflow series took */

	uint64_t overflowed, expired;
	uint64_t last_over; /* `over` of the last whole sweep */
};

static inline struct entry *entry_at(const struct series *s, uint32_t ref)
{
	uint8_t *block = s->blocks[ref >> s->block_shift];
	uint32_t i = ref & ((1u << s->block_shift) - 1);

	return (struct entry *)(block + (size_t)i * s->stride);
}

static inline struct about *about_at(const struct series *s, uint32_t ref)
{
	uint8_t *block = s->blocks[ref >> s->block_shift];
	uint32_t i = ref & ((1u << s->block_shift) - 1);

	return (struct about *)(block + ((size_t)s->stride << s->block_shift)) + i;
}

static inline union cell *cells_of(const struct series *s, struct entry *e)
{
	return (union cell *)((uint8_t *)e->data + s->cells_at);
}

static inline union cell *sweep_cells_of(const struct series *s, struct entry *e)
{
	return (union cell *)((uint8_t *)e->data + s->cells_at + s->cells_bytes);
}

/* The entry of this key, or 0. */
uint32_t series_look_up(const struct series *s, const void *key, uint32_t *ret_tag);
/* Whether the budget allows a new entry. */
bool series_can_pay(const struct series *s);
/* A new live entry for a key that has none. */
uint32_t series_insert(struct series *s, const void *key, uint32_t tag, uint64_t now_ns);
/* Empties an entry's bytes and gives it a new id; it is live. */
void series_init_entry(struct series *s, uint32_t ref, const void *key, uint64_t now_ns);
/* Makes the overflow series live, empty where it was not before. */
void series_open_overflow(struct series *s, uint64_t now_ns);
/* Takes it from the table; readers still see it as gone for a while. */
void series_let_go(struct series *s, uint32_t ref);
/* Takes it away as if it had never been. */
void series_drop(struct series *s, uint32_t ref);
/* A gone entry gets older, and is free in the end. */
void series_age_gone(struct series *s, uint32_t ref, struct about *a);
/* Adds cells to others of the same plan. */
void series_add_cells(const struct metric_plan *plan, union cell *dst, const union cell *cells);
/* Whether it did not change for longer than the TTL. */
bool series_is_over(const struct series *s, const struct entry *e, uint64_t now_ns);

#endif
