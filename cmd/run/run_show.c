// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/run_show.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/job/totals.h"
#include "runner/load/attach/object.h"
#include "runner/sink/text.h"

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* An iterator's records need the iterator. */
static bool is_shown(struct source *source, const struct map_plan *map)
{
	const struct plan *plan = source->plan;

	return map->role != ROLE_INTERNAL &&
	       (map->prog < 0 ||
		source_prog_status(source, &plan->progs[map->prog]).state == PROG_ATTACHED);
}

void show_start(struct source *source)
{
	const struct plan *plan = source->plan;
	const char *name = source->several ? source->program : source->name;
	uint32_t attached = 0, shown = 0;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct prog_status status = source_prog_status(source, &plan->progs[i]);

		attached += status.state == PROG_ATTACHED;
		if (status.state == PROG_REFUSED)
			log_debug("%s: %s", plan->progs[i].name, status.reason);
	}
	for (uint32_t i = 0; i < plan->nmaps; i++)
		shown += is_shown(source, &plan->maps[i]);
	log_info("%s: %u program%s attached, %u map%s shown%s", name, attached, plural(attached),
		 shown, plural(shown), isatty(STDIN_FILENO) ? "; Ctrl-C to leave" : "");
	if (plan->advice)
		log_warn("%s: %s%s", name, shown ? "" : "nothing is shown: ", plan->advice);
}

static void add_lost(struct strbuf *line, const struct job_totals *t)
{
	if (!t->any_unknown)
		strbuf_addf(line, ", %" PRIu64 " lost", t->lost);
	else if (t->lost)
		strbuf_addf(line, ", at least %" PRIu64 " lost", t->lost);
	else
		strbuf_adds(line, ", ? lost");
}

/* What the limits on series left no room for. */
static void add_overflow(struct strbuf *line, const struct job_totals *t)
{
	if (t->over_entries)
		strbuf_addf(line, ", %" PRIu64 " %s overflowed", t->over_entries,
			    t->over_entries == 1 ? "entry" : "entries");
	if (t->over_events)
		strbuf_addf(line, ", %" PRIu64 " event%s overflowed", t->over_events,
			    plural(t->over_events));
}

static void add_totals(struct strbuf *line, const struct job_totals *t, uint64_t unwritten)
{
	if (t->any_events || !t->any_series) {
		strbuf_addf(line, "%" PRIu64 " event%s", t->events, plural(t->events));
		add_lost(line, t);
	}
	if (t->any_series)
		strbuf_addf(line, "%s%" PRIu64 " series", t->any_events ? ", " : "", t->series);
	add_overflow(line, t);
	if (t->any_series && !t->any_events && (t->lost || t->any_unknown))
		add_lost(line, t);
	if (t->filtered)
		strbuf_addf(line, ", %" PRIu64 " filtered out", t->filtered);
	if (t->malformed)
		strbuf_addf(line, ", %" PRIu64 " malformed", t->malformed);
	if (t->dropped + unwritten)
		strbuf_addf(line, ", %" PRIu64 " dropped: the output was too slow",
			    t->dropped + unwritten);
}

/* Programs keep starts, parents and the like there: events are missing for each. */
static void add_internal(struct strbuf *line, struct source *source)
{
	const struct plan *plan = source->plan;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		uint64_t lost = source_map_stats(source, map).lost;

		if (map->role == ROLE_INTERNAL && lost)
			strbuf_addf(line, "; %" PRIu64 " lost in %s", lost, map->name);
	}
}

/* Maps that there was no time for. What is shown of them is from their last whole sweep. */
static void add_cut(struct strbuf *line, struct source *source)
{
	const struct plan *plan = source->plan;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		struct map_stats s = source_map_stats(source, map);

		if (map->role == ROLE_INTERNAL || !s.cut)
			continue;
		if (s.whole_ns)
			strbuf_addf(line, "; %s was last read whole %.1fs before the end",
				    map->name, (double)(now_mono_ns() - s.whole_ns) / 1e9);
		else
			strbuf_addf(line, "; %s was never read whole: %" PRIu64 " of %u entries",
				    map->name, s.entries, map->max_entries);
	}
}

void show_closing_line(struct source *source, const struct object *object, uint64_t ran_ns,
		       uint64_t unwritten)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT(4096);
	struct job_totals t = job_totals(source);
	char pinned[2048];

	if (source->several)
		strbuf_addf(&line, "%s: ", source->program);
	strbuf_addf(&line, "ran %.1fs: ", (double)ran_ns / 1e9);
	add_totals(&line, &t, unwritten);
	add_internal(&line, source);
	add_cut(&line, source);
	if (object_pinned(object, pinned, sizeof(pinned))) {
		for (char *c = pinned; *c; c++)
			if (*c == '\n')
				*c = c[1] ? ' ' : '\0';
		strbuf_addf(&line, "; stays pinned: %s", pinned);
	} else {
		strbuf_adds(&line, "; nothing stays pinned");
	}
	log_info("%s", strbuf_str(&line));
}

void show_unwritten(uint64_t unwritten)
{
	log_info("%" PRIu64 " record%s dropped: the output was too slow", unwritten,
		 plural(unwritten));
}

void show_replay_line(struct source *source, uint64_t span_ns)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT(4096);
	struct job_totals t = job_totals(source);

	if (source->several)
		strbuf_addf(&line, "%s: ", source->program);
	strbuf_addf(&line, "replayed %.1fs: ", (double)span_ns / 1e9);
	add_totals(&line, &t, 0);
	log_info("%s", strbuf_str(&line));
}
