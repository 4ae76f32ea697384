// SPDX-License-Identifier: Apache-2.0
/* Sweeps: the table takes over what a map holds, as a whole. */
#include "runner/read/series/series_table.h"

#include "base/util.h"

/* Room for a whole new generation of keys, since what it replaces is known at the end only. */
static bool sweep_full(const struct series *s)
{
	return (s->gauges ? s->put >= s->max : s->live >= s->max) || !series_can_pay(s);
}

void series_sweep_begin(struct series *s, uint64_t now_ns)
{
	s->now_ns = now_ns;
	s->sweep++;
	s->put = 0;
}

/* Marks the entry as present; its cells count from zero at the first put of a sweep. */
static union cell *sweep_entry(struct series *s, uint32_t ref)
{
	struct about *a = about_at(s, ref);
	union cell *cells = sweep_cells_of(s, entry_at(s, ref));

	if (a->sweep != s->sweep) {
		a->sweep = s->sweep;
		memset(cells, 0, s->cells_bytes);
		s->put += ref != 0;
	}
	return cells;
}

static uint32_t sweep_new(struct series *s, const void *key, uint32_t tag)
{
	uint32_t ref = 0;
	struct about *a;

	if (!sweep_full(s)) {
		ref = series_insert(s, key, tag, s->now_ns);
	} else {
		s->overflowed++;
		if (about_at(s, 0)->state == STATE_LIVE || about_at(s, 0)->state == STATE_COMING)
			return 0;
		series_init_entry(s, 0, NULL, s->now_ns);
	}
	a = about_at(s, ref);
	a->state = STATE_COMING;
	a->sweep = s->sweep - 1;
	return ref;
}

union cell *series_sweep_touch(struct series *s, const void *key)
{
	uint32_t tag, ref = series_look_up(s, key, &tag);

	return sweep_entry(s, ref ? ref : sweep_new(s, key, tag));
}

union cell *series_sweep_known(struct series *s, const void *key)
{
	uint32_t tag, ref = series_look_up(s, key, &tag);

	return ref ? sweep_entry(s, ref) : NULL;
}

void series_sweep_put(struct series *s, const void *key, const union cell *cells)
{
	union cell *dst = series_sweep_touch(s, key);
	const struct metric_plan *plan = s->plan;

	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		const struct family *family = &plan->families[i];
		uint32_t c = family->cell;

		if (family->type == METRIC_HISTOGRAM)
			for (uint32_t k = 0; k < family->nbounds + 2; k++)
				dst[c + k].u += cells[c + k].u;
		else if (family->cell_type == CELL_DOUBLE)
			dst[c].d += cells[c].d;
		else
			dst[c].u += cells[c].u;
	}
}

static void end_present(struct series *s, struct entry *e, struct about *a)
{
	union cell *seen = cells_of(s, e), *now = sweep_cells_of(s, e);

	if (a->state == STATE_COMING) {
		a->state = STATE_LIVE;
		a->born_gen = s->gen;
	} else if (memcmp(seen, now, s->cells_bytes) == 0) {
		return;
	}
	memcpy(seen, now, s->cells_bytes);
	e->change_ns = s->now_ns;
	e->change_gen = s->gen;
}

void series_sweep_end(struct series *s)
{
	for (uint32_t ref = 0; ref < s->nentries; ref++) {
		struct about *a = about_at(s, ref);
		struct entry *e = entry_at(s, ref);

		if (a->state == STATE_GONE) {
			series_age_gone(s, ref, a);
		} else if (a->state == STATE_FREE) {
			continue;
		} else if (a->sweep == s->sweep) {
			end_present(s, e, a);
		} else if (s->gauges) {
			series_let_go(s, ref);
		} else if (series_is_over(s, e, s->now_ns)) {
			s->expired++;
			series_let_go(s, ref);
		}
	}
	s->gen++;
}

void series_sweep_cancel(struct series *s)
{
	for (uint32_t ref = 0; ref < s->nentries; ref++)
		if (about_at(s, ref)->state == STATE_COMING)
			series_drop(s, ref);
}
