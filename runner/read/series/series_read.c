// SPDX-License-Identifier: Apache-2.0
/* Copies of rows, in pieces. */
#include "runner/read/series/series_table.h"

#include "base/util.h"

#define READ_AT_MOST 65536 /* entries that one series_read() looks at */

void series_rows_init(struct series_rows *rows, const struct metric_plan *plan, uint32_t max)
{
	*rows = (struct series_rows){
		.plan = plan,
		.max = max,
		.keys = xcalloc(max, plan->key_bytes),
		.cells = xcalloc(max, plan->ncells * sizeof(union cell)),
		.flags = xcalloc(max, sizeof(uint8_t)),
		.change_ns = xcalloc(max, sizeof(uint64_t)),
		.place = xcalloc(max, sizeof(uint32_t)),
		.id = xcalloc(max, sizeof(uint64_t)),
	};
}

void series_rows_release(struct series_rows *rows)
{
	free(rows->keys);
	free(rows->cells);
	free(rows->flags);
	free(rows->change_ns);
	free(rows->place);
	free(rows->id);
	*rows = (struct series_rows){ 0 };
}

static uint8_t row_flags(const struct series *s, uint32_t ref, uint64_t since)
{
	const struct about *a = about_at(s, ref);
	uint8_t flags = ref ? 0 : SERIES_OVERFLOW;

	if (a->state != STATE_LIVE)
		return flags | SERIES_GONE;
	if (a->born_gen > since)
		flags |= SERIES_NEW;
	if (entry_at(s, ref)->change_gen > since)
		flags |= SERIES_CHANGED;
	return flags;
}

static bool is_readable(const struct about *a)
{
	return a->state == STATE_LIVE || a->state == STATE_GONE ||
	       (a->state == STATE_IDLE && a->rounds < SERIES_GONE_ROUNDS);
}

static void copy_row(const struct series *s, uint32_t ref, uint64_t since, struct series_rows *rows)
{
	struct entry *e = entry_at(s, ref);
	uint32_t i = rows->count++;

	memcpy(rows->keys + (size_t)i * s->key_bytes, e->data, s->key_bytes);
	memcpy(rows->cells + (size_t)i * s->plan->ncells, cells_of(s, e), s->cells_bytes);
	rows->flags[i] = row_flags(s, ref, since);
	rows->change_ns[i] = e->change_ns;
	rows->place[i] = ref;
	rows->id[i] = about_at(s, ref)->id;
}

uint32_t series_block_rows(const struct metric_plan *plan, uint32_t max_rows, uint64_t max_bytes)
{
	uint64_t row = plan->key_bytes + (uint64_t)plan->ncells * sizeof(union cell) + 32;
	uint64_t rows = max_bytes / row;

	return rows < 1 ? 1 : (uint32_t)MIN(rows, (uint64_t)max_rows);
}

bool series_read(const struct series *s, uint64_t *cursor, uint64_t since, bool only_changed,
		 struct series_rows *rows)
{
	uint64_t ref = *cursor, end = MIN((uint64_t)s->nentries, ref + READ_AT_MOST);

	rows->count = 0;
	for (; ref < end && rows->count < rows->max; ref++) {
		if (!is_readable(about_at(s, (uint32_t)ref)))
			continue;
		if (only_changed && entry_at(s, (uint32_t)ref)->change_gen <= since)
			continue;
		copy_row(s, (uint32_t)ref, since, rows);
	}
	*cursor = ref;
	return rows->count || ref < s->nentries;
}

/* Kept apart from series_touch(): a row says that it is the overflow's, and it may be gone. */
static uint32_t place_of_row(struct series *s, const void *key, bool overflow, uint64_t now_ns)
{
	uint32_t tag, ref = overflow ? 0 : series_look_up(s, key, &tag);

	if (ref)
		return ref;
	if (!overflow && s->live < s->max && series_can_pay(s))
		return series_insert(s, key, tag, now_ns);
	s->overflowed += !overflow;
	series_open_overflow(s, now_ns);
	return 0;
}

void series_put_row(struct series *s, const struct series_rows *rows, uint32_t i)
{
	const uint8_t *key = rows->keys + (size_t)i * s->key_bytes;
	bool overflow = rows->flags[i] & SERIES_OVERFLOW;
	struct entry *e;
	uint32_t ref, tag;

	if (rows->flags[i] & SERIES_GONE) {
		ref = overflow ? 0 : series_look_up(s, key, &tag);
		if (ref || (overflow && about_at(s, 0)->state == STATE_LIVE))
			series_let_go(s, ref);
		return;
	}
	ref = place_of_row(s, key, overflow, rows->change_ns[i]);
	e = entry_at(s, ref);
	memcpy(cells_of(s, e), rows->cells + (size_t)i * s->plan->ncells, s->cells_bytes);
	e->change_ns = rows->change_ns[i];
	e->change_gen = s->gen;
}
