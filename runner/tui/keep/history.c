// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/keep/history.h"

#include "base/util.h"
#include "runner/tui/keep/reel.h"
#include "runner/tui/model/model_impl.h"
#include "runner/sink/stream.h"

/* A tab of the model, and the next thing that it has. */
struct track {
	struct source *source;
	uint64_t next_ns; /* UINT64_MAX: nothing more */
	struct reel *reel;
	const struct stream *stream;
	struct stream_walk walk;
	struct record record;
	enum stream_note note;
	uint64_t count; /* of the note */
	bool alone;	/* no other track of the source has sweeps */
	uint64_t swept_ns;
};

struct history {
	struct track *tracks;
	uint32_t ntracks;
	uint64_t interval_ns;
	struct sink *to;
};

static void next_record(struct track *t, uint64_t from_ns)
{
	do {
		if (!stream_next(t->stream, &t->walk, &t->record, &t->note, &t->count)) {
			t->next_ns = UINT64_MAX;
			return;
		}
	} while (t->record.time_ns < from_ns);
	t->next_ns = t->record.time_ns;
}

static void add_track(struct history *h, struct tab *tab, uint64_t from_ns)
{
	struct track *t = &h->tracks[h->ntracks];

	*t = (struct track){ .source = tab->env->source, .alone = true };
	if (tab->ops->kind == TAB_ROWS && rows_tab_past(tab)) {
		t->reel = reel_new(rows_tab_live(tab), t->source, from_ns);
		t->next_ns = reel_next_ns(t->reel);
	} else if (tab->ops->kind == TAB_STREAM) {
		t->stream = stream_tab_ring(tab);
		next_record(t, from_ns);
		t->swept_ns = t->next_ns;
	} else {
		return;
	}
	for (uint32_t i = 0; i < h->ntracks; i++) {
		if (h->tracks[i].source != t->source)
			continue;
		t->alone = false;
		h->tracks[i].alone &= !t->reel;
	}
	h->ntracks++;
}

static struct track *earliest(struct history *h)
{
	struct track *ret = NULL;

	for (uint32_t i = 0; i < h->ntracks; i++)
		if (h->tracks[i].next_ns != UINT64_MAX &&
		    (!ret || h->tracks[i].next_ns < ret->next_ns))
			ret = &h->tracks[i];
	return ret;
}

/* Another map of the source was read in the same sweep. */
static bool sweep_goes_on(const struct history *h, const struct track *t, uint64_t time_ns)
{
	for (uint32_t i = 0; i < h->ntracks; i++)
		if (h->tracks[i].reel && h->tracks[i].source == t->source &&
		    h->tracks[i].next_ns == time_ns)
			return true;
	return false;
}

static int give_sweep(struct history *h, struct track *t)
{
	uint64_t time_ns = t->next_ns;
	int ret = reel_give(t->reel, h->to);

	t->next_ns = reel_next_ns(t->reel);
	if (ret || sweep_goes_on(h, t, time_ns))
		return ret;
	return h->to->ops->swept(h->to, t->source, time_ns);
}

static int give_record(struct history *h, struct track *t)
{
	int ret = 0;

	/* A source without rows was swept too. */
	if (t->alone && t->next_ns - t->swept_ns >= h->interval_ns) {
		t->swept_ns = t->next_ns;
		ret = h->to->ops->swept(h->to, t->source, t->next_ns);
	}
	if (!ret && t->note == NOTE_NONE)
		ret = h->to->ops->event(h->to, t->source, &t->record);
	else if (!ret)
		ret = h->to->ops->lost(h->to, t->source, t->record.map,
				       t->note == NOTE_LOST_KERNEL ? LOST_KERNEL : LOST_QUEUE,
				       t->count, t->next_ns);
	return ret;
}

int history_give(struct model *model, uint64_t from_ns, struct sink *to)
{
	struct history h = { .interval_ns = model->settings.interval_ns, .to = to };
	struct track *t;
	int ret = 0;

	h.tracks = xcalloc(model->ntabs, sizeof(*h.tracks));
	for (uint32_t i = 0; i < model->ntabs; i++)
		if (model->tabs[i]->env->source)
			add_track(&h, model->tabs[i], from_ns);
	while (!ret && (t = earliest(&h))) {
		ret = t->reel ? give_sweep(&h, t) : give_record(&h, t);
		if (t->stream)
			next_record(t, from_ns);
	}
	for (uint32_t i = 0; i < h.ntracks; i++)
		reel_free(h.tracks[i].reel);
	free(h.tracks);
	return ret;
}
