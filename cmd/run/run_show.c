// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/run_show.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "runner/load/attach/object.h"
#include "runner/sink/text.h"

static const char *prog_state_name(uint8_t state)
{
	static const char *const names[] = {
		[PROG_WANTED] = "wanted",     [PROG_STANDBY] = "standby",
		[PROG_OFF] = "off",	      [PROG_REFUSED] = "refused",
		[PROG_LOADED] = "loaded",     [PROG_ATTACHED] = "attached",
		[PROG_DETACHED] = "detached",
	};

	return state < ARRAY_LEN(names) ? names[state] : "?";
}

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

static bool has_events(const struct map_plan *map)
{
	return map->role != ROLE_INTERNAL &&
	       (map->source == SOURCE_RING || map->source == SOURCE_PERF ||
		map->source == SOURCE_QUEUE || map->source == SOURCE_ITER);
}

struct totals {
	uint64_t events, lost, filtered, malformed, dropped, series;
	uint64_t over_entries, over_events; /* in overflow series: of the last sweeps; ever */
	bool any_events, any_series, any_known, any_unknown;
};

static struct totals add_up(struct source *source)
{
	const struct plan *plan = source->plan;
	struct totals t = { 0 };

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		struct map_stats s = source_map_stats(source, map);

		if (map->role == ROLE_INTERNAL)
			continue;
		if (has_events(map)) {
			t.any_events = true;
			t.events += s.read;
			t.filtered += s.filtered; /* of maps: the same entries at each sweep */
			t.any_known = t.any_known || s.lost_known;
			t.any_unknown = t.any_unknown || !s.lost_known;
		}
		t.any_unknown = t.any_unknown || (map_evicts(map) && !s.lost_known);
		t.lost += s.lost;
		t.malformed += s.malformed;
		t.dropped += s.dropped;
		if (source_metric(source, map)) {
			struct series_stats kept = source_series_stats(source, map);

			t.any_series = true;
			t.series += kept.live;
			t.over_entries += kept.over_now;
			t.over_events += kept.swept ? 0 : kept.overflowed;
		}
	}
	return t;
}

static void add_lost(struct strbuf *line, const struct totals *t)
{
	if (!t->any_unknown)
		strbuf_addf(line, ", %" PRIu64 " lost", t->lost);
	else if (t->lost)
		strbuf_addf(line, ", at least %" PRIu64 " lost", t->lost);
	else
		strbuf_adds(line, ", ? lost");
}

/* What the limits on series left no room for. */
static void add_overflow(struct strbuf *line, const struct totals *t)
{
	if (t->over_entries)
		strbuf_addf(line, ", %" PRIu64 " %s overflowed", t->over_entries,
			    t->over_entries == 1 ? "entry" : "entries");
	if (t->over_events)
		strbuf_addf(line, ", %" PRIu64 " event%s overflowed", t->over_events,
			    plural(t->over_events));
}

static void add_totals(struct strbuf *line, const struct totals *t, uint64_t unwritten)
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
	struct totals t = add_up(source);
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
	struct totals t = add_up(source);

	strbuf_addf(&line, "replayed %.1fs: ", (double)span_ns / 1e9);
	add_totals(&line, &t, 0);
	log_info("%s", strbuf_str(&line));
}

static struct listing *start_listing(const struct column *columns, size_t count,
				     const char *heading)
{
	printf("%s\n", heading);
	return listing_new("table", columns, count, NULL);
}

void show_programs(struct source *source)
{
	const struct plan *plan = source->plan;
	static const struct column columns[] = {
		{ "Program" }, { "Type" }, { "Hook" }, { "State" }, { "Reason" },
	};
	struct listing *l = listing_new("table", columns, ARRAY_LEN(columns), NULL);

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *p = &plan->progs[i];
		struct prog_status status = source_prog_status(source, p);
		const char *cells[] = { p->name, p->type, p->target, prog_state_name(status.state),
					status.reason };

		listing_row(l, cells);
	}
	listing_end(l, NULL);
}

static const char *field_type(const struct field *f, char *text, size_t size)
{
	static const char *const kinds[] = {
		[KIND_UINT] = "uint",	[KIND_INT] = "int",	[KIND_BOOL] = "bool",
		[KIND_FLOAT] = "float", [KIND_ENUM] = "enum",	[KIND_PTR] = "pointer",
		[KIND_TEXT] = "text",	[KIND_BYTES] = "bytes",
	};
	const char *meaning = meaning_type(f->meaning);
	int n;

	if (meaning)
		n = snprintf(text, size, "%s", meaning);
	else if (f->is_bits)
		n = snprintf(text, size, "%s:%u", kinds[f->kind], f->size_bits);
	else if (f->kind == KIND_TEXT || f->kind == KIND_BYTES)
		n = snprintf(text, size, "%s[%u]", kinds[f->kind], f->size_bits / 8);
	else if (f->kind == KIND_UINT || f->kind == KIND_INT || f->kind == KIND_FLOAT)
		n = snprintf(text, size, "%s%u", kinds[f->kind], f->size_bits);
	else
		n = snprintf(text, size, "%s", kinds[f->kind]);
	if (f->count > 1 && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, "[%u]", f->count);
	return text;
}

static void field_rows(struct listing *l, const struct map_plan *map, const struct layout *layout,
		       const char *part, const struct metric_plan *metric)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *f = &layout->fields[i];
		char type[64];
		const char *cells[] = { map->name,
					part,
					f->path,
					field_type(f, type, sizeof(type)),
					metric ? metric_field_word(metric, f) : "",
					f->unit,
					f->help };

		if (!(f->tags & TAG_HIDE))
			listing_row(l, cells);
	}
}

static void show_maps(const struct plan *plan)
{
	static const struct column maps[] = {
		{ "Map" },  { "Role" }, { "Type" }, { "Entries", .right = true },
		{ "Loss" }, { "Help" },
	};
	static const struct column fields[] = {
		{ "Map" }, { "Part" }, { "Field" }, { "Type" }, { "As" }, { "Unit" }, { "Help" },
	};
	struct listing *l = start_listing(maps, ARRAY_LEN(maps), "\nMaps:");

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *m = &plan->maps[i];
		_cleanup_free_ char *entries = xasprintf("%u", m->max_entries);
		bool stream = m->source == SOURCE_RING || m->source == SOURCE_QUEUE;
		const char *loss = map_evicts(m)				  ? "?"
				   : m->lost_map >= 0 || m->source == SOURCE_PERF ? "exact"
				   : stream					  ? "?"
										  : "";
		const char *cells[] = { m->name,
					map_role_name(m->role),
					map_type_name(m->type),
					m->source == SOURCE_ITER ? "" : entries,
					loss,
					m->help };

		listing_row(l, cells);
	}
	listing_end(l, NULL);
	l = start_listing(fields, ARRAY_LEN(fields), "\nFields:");
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *m = &plan->maps[i];
		struct metric_plan metric;
		bool has_metric = map_has_series(m) && metric_compile(&metric, m, NULL, NULL) >= 0;
		const struct metric_plan *as = has_metric ? &metric : NULL;

		if (m->role != ROLE_INTERNAL && m->has_key)
			field_rows(l, m, &m->key, "key", as);
		if (m->role != ROLE_INTERNAL && m->has_value)
			field_rows(l, m, &m->value, m->has_key ? "value" : "record", as);
		if (has_metric)
			metric_release(&metric);
	}
	listing_end(l, NULL);
}

void show_plan(const struct plan *plan, const char *name)
{
	static const struct column params[] = {
		{ "Parameter" },
		{ "Type" },
		{ "Default" },
		{ "Help" },
	};
	static const struct column progs[] = { { "Program" }, { "Type" }, { "Hook" } };
	struct listing *l;

	printf("\n%s\n", name);
	show_maps(plan);
	if (plan->nparams) {
		l = start_listing(params, ARRAY_LEN(params), "\nParameters (--set NAME=VALUE):");
		for (uint32_t i = 0; i < plan->nparams; i++) {
			const struct param *p = &plan->params[i];
			const char *cells[] = { p->name, p->type_name, p->default_text, p->help };

			listing_row(l, cells);
		}
		listing_end(l, NULL);
	}
	l = start_listing(progs, ARRAY_LEN(progs), "\nPrograms:");
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *p = &plan->progs[i];
		const char *cells[] = { p->name, p->type,
					p->target	  ? p->target
					: p->needs_target ? "needs --attach"
							  : "" };

		listing_row(l, cells);
	}
	listing_end(l, NULL);
}
