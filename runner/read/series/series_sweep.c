// SPDX-License-Identifier: Apache-2.0
/*
 * Sweeps: the table takes over what a map holds, as a whole.
 *
 * A sweep knows only at its end which series go. New keys of gauges are therefore let in as long
 * as those that the sweep put fit the limit, so that a whole generation of keys can replace
 * another. Where old series turn up late, the end moves the new ones that are too many into the
 * overflow series.
 */
#include "runner/read/series/series_table.h"

#include "base/util.h"

static bool sweep_full(const struct series *s)
{
	uint64_t tracked = (uint64_t)s->live + s->coming + s->idle;

	if (s->gauges ? s->put >= s->max : s->live + s->coming >= s->max)
		return true;
	return tracked >= 2 * (uint64_t)s->max || !series_can_pay(s);
}

void series_sweep_begin(struct series *s, uint64_t now_ns)
{
	s->now_ns = now_ns;
	s->sweep++;
	s->put = 0;
	s->over = 0;
}

/* Marks the entry as present; its cells count from zero at the first put of a sweep. */
static union cell *sweep_entry(struct series *s, uint32_t ref)
{
	struct about *a = about_at(s, ref);
	union cell *cells = sweep_cells_of(s, entry_at(s, ref));

	if (a->sweep != s->sweep) {
		a->sweep = s->sweep;
		memset(cells, 0, s->cells_bytes);
		s->put += ref != 0 && a->state != STATE_IDLE;
	}
	return cells;
}

static void sweep_overflow(struct series *s)
{
	struct about *a = about_at(s, 0);

	s->over++;
	if (a->state == STATE_LIVE || a->state == STATE_COMING)
		return;
	series_open_overflow(s, s->now_ns);
	a->state = STATE_COMING;
	a->sweep = s->sweep - 1;
}

static uint32_t sweep_new(struct series *s, const void *key, uint32_t tag)
{
	struct about *a;
	uint32_t ref;

	if (sweep_full(s)) {
		sweep_overflow(s);
		return 0;
	}
	ref = series_insert(s, key, tag, s->now_ns);
	a = about_at(s, ref);
	a->state = STATE_COMING;
	a->sweep = s->sweep - 1;
	s->live--;
	s->coming++;
	return ref;
}

union cell *series_sweep_touch(struct series *s, const void *key)
{
	uint32_t tag, ref = series_look_up(s, key, &tag);

	return sweep_entry(s, ref ? ref : sweep_new(s, key, tag));
}

union cell *series_sweep_known(struct series *s, const void *key)
{
	uint32_t tag, ref;

	if (!s->used_slots)
		return NULL;
	ref = series_look_up(s, key, &tag);
	return ref ? sweep_entry(s, ref) : NULL;
}

void series_sweep_put(struct series *s, const void *key, const union cell *cells)
{
	series_add_cells(s->plan, series_sweep_touch(s, key), cells);
}

static void take_over(struct series *s, uint32_t ref)
{
	struct entry *e = entry_at(s, ref);

	memcpy(cells_of(s, e), sweep_cells_of(s, e), s->cells_bytes);
	e->change_ns = s->now_ns;
	e->change_gen = s->gen;
}

static bool is_unchanged(const struct series *s, uint32_t ref)
{
	struct entry *e = entry_at(s, ref);

	return memcmp(cells_of(s, e), sweep_cells_of(s, e), s->cells_bytes) == 0;
}

/* From now on it is remembered, so that it does not come back before it changes. */
static void let_idle(struct series *s, uint32_t ref)
{
	struct about *a = about_at(s, ref);

	a->state = STATE_IDLE;
	a->rounds = 0;
	s->expired++;
	s->live--;
	s->idle++;
	entry_at(s, ref)->change_gen = s->gen;
}

static void end_live(struct series *s, uint32_t ref)
{
	struct about *a = about_at(s, ref);
	struct entry *e = entry_at(s, ref);
	bool present = a->sweep == s->sweep;
	bool over = s->key_bytes && series_is_over(s, e, s->now_ns);

	if (present && !is_unchanged(s, ref)) {
		take_over(s, ref);
	} else if (present && over) {
		let_idle(s, ref);
	} else if (!present && s->gauges) {
		series_let_go(s, ref);
	} else if (!present && series_is_over(s, e, s->now_ns)) {
		s->expired++;
		series_let_go(s, ref);
	}
}

/* Gives a new or returning series its place, if there is one left. */
static bool make_live(struct series *s, uint32_t ref)
{
	struct about *a = about_at(s, ref);

	if (s->live >= s->max) {
		sweep_overflow(s);
		series_add_cells(s->plan, sweep_entry(s, 0), sweep_cells_of(s, entry_at(s, ref)));
		return false;
	}
	s->coming -= a->state == STATE_COMING;
	s->idle -= a->state == STATE_IDLE;
	s->live++;
	a->state = STATE_LIVE;
	a->born_gen = s->gen;
	take_over(s, ref);
	return true;
}

static void end_idle(struct series *s, uint32_t ref)
{
	struct about *a = about_at(s, ref);

	if (entry_at(s, ref)->change_gen == s->gen)
		return; /* idle since this sweep */
	if (a->sweep != s->sweep)
		series_drop(s, ref);
	else if (is_unchanged(s, ref) || !make_live(s, ref))
		a->rounds = (uint8_t)MIN(a->rounds + 1, SERIES_GONE_ROUNDS);
}

/* After all others: they may have moved into it. */
static void end_overflow(struct series *s)
{
	struct about *a = about_at(s, 0);
	bool present = a->sweep == s->sweep;

	if (a->state == STATE_GONE) {
		series_age_gone(s, 0, a);
	} else if (a->state == STATE_COMING) {
		a->state = STATE_LIVE;
		a->born_gen = s->gen;
		take_over(s, 0);
	} else if (a->state == STATE_LIVE && present && !is_unchanged(s, 0)) {
		take_over(s, 0);
	} else if (a->state == STATE_LIVE && !present &&
		   (s->gauges || series_is_over(s, entry_at(s, 0), s->now_ns))) {
		series_let_go(s, 0);
	}
}

void series_sweep_end(struct series *s)
{
	for (uint32_t ref = 1; ref < s->nentries; ref++) {
		struct about *a = about_at(s, ref);

		if (a->state == STATE_LIVE)
			end_live(s, ref);
		else if (a->state == STATE_GONE)
			series_age_gone(s, ref, a);
	}
	for (uint32_t ref = 1; (s->coming || s->idle) && ref < s->nentries; ref++) {
		uint8_t state = about_at(s, ref)->state;

		if (state == STATE_IDLE)
			end_idle(s, ref);
		else if (state == STATE_COMING && !make_live(s, ref))
			series_drop(s, ref);
	}
	end_overflow(s);
	s->overflowed += s->over;
	s->last_over = s->over;
	s->gen++;
}

void series_sweep_cancel(struct series *s)
{
	for (uint32_t ref = 0; ref < s->nentries; ref++)
		if (about_at(s, ref)->state == STATE_COMING)
			series_drop(s, ref);
	s->over = 0;
}
