// SPDX-License-Identifier: Apache-2.0
/* The tab of a map that has records. */
#include <inttypes.h>
#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/text/human.h"
#include "runner/sink/print/table_map.h"
#include "runner/tui/model/order.h"
#include "runner/tui/model/shorts.h"
#include "runner/sink/stream.h"
#include "runner/tui/model/tab.h"
#include "runner/tui/trace/waterfall.h"

/* Records that the filter checks per frame: with text made for each of them, and without. */
#define CHECK_TEXT 50000u
#define CHECK_BYTES 500000u
#define SORT_MAX (1u << 17) /* the newest frozen records */
#define NOTE_ROOM 1024
#define SECOND_NS 1000000000ull
#define MAX_NAME 256 /* of a map, in the waterfall */

struct stream_tab {
	struct tab tab;
	struct stream *stream;
	struct order_item *order; /* while frozen and sorted; slot: number minus `base` */
	uint64_t base;
	struct span_row *spans;	  /* in the waterfall */
	struct span_plan plan;	  /* of a map of role spans */
	struct arena arena;	  /* the plan's */
	struct span_maker *maker; /* NULL until it is needed */
	struct record span;	  /* of stream_tab_span() */
	uint64_t first, seen;	  /* state of the ring when it was sorted or laid out */
	uint64_t records;	  /* at the last sweep */
	uint64_t swept_ns;
	double rate;
	char note[NOTE_ROOM];
};

/* Spans have trace ids; without them there is nothing to lay out. */
static bool has_traces(const struct stream_tab *st)
{
	return st->plan.trace_id.nparts != 0;
}

static struct stream_tab *stream_tab_of(struct tab *tab)
{
	return container_of(tab, struct stream_tab, tab);
}

static const char *note_text(struct stream_tab *st, enum stream_note note, uint64_t count)
{
	const char *rule = st->tab.env->settings->page.utf8 ? "────" : "----";
	char text[NOTE_ROOM - 32], number[SHORT_ROOM];

	short_commas(number, count);
	if (note == NOTE_SKIPPED)
		snprintf(text, sizeof(text), "%s more arrived while the view was frozen", number);
	else
		lost_text(text, sizeof(text), st->tab.map,
			  note == NOTE_LOST_QUEUE ? LOST_QUEUE : LOST_KERNEL, count);
	snprintf(st->note, sizeof(st->note), "%s %s ", rule, text);
	return st->note;
}

static void item_at(struct stream_tab *st, uint64_t at, struct item *ret)
{
	enum stream_note note;
	uint64_t count = 0;

	*ret = (struct item){ 0 };
	note = stream_at(st->stream, at, &ret->record, &ret->id, &count);
	if (note == NOTE_NONE)
		return;
	ret->record = (struct record){ .time_ns = ret->record.time_ns };
	ret->marks = ROW_NOTE;
	ret->note = note_text(st, note, count);
}

static void stream_item(struct tab *tab, uint64_t at, struct item *ret)
{
	struct stream_tab *st = stream_tab_of(tab);
	uint64_t place = at;

	if (st->order)
		stream_find(st->stream, st->base + st->order[at].slot, &place);
	else if (st->spans)
		stream_find(st->stream, st->spans[at].number, &place);
	item_at(st, place, ret);
	ret->span = st->spans ? &st->spans[at] : NULL;
}

static bool matches(void *ctx, const struct record *record)
{
	struct tab *tab = ctx;
	struct item item = { .record = *record };

	return tab_matches(tab, tab->filter, &item);
}

/* Sorting frozen records. */

static void record_at(const struct stream_tab *st, uint32_t slot, struct record *ret)
{
	uint64_t at, number, count;

	stream_find(st->stream, st->base + slot, &at);
	stream_at(st->stream, at, ret, &number, &count);
}

static int compare_records(const void *a, const void *b, void *ctx)
{
	const struct order_item *x = a, *y = b;
	const struct stream_tab *st = ctx;
	const struct columns *columns = &st->tab.columns;
	const struct column *column = &columns->all[columns->sort];
	struct record p, q;
	int ret = 0;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (column->field &&
	    (column->field->kind == KIND_TEXT || column->field->kind == KIND_BYTES ||
	     column->field->size_bits == 128)) {
		record_at(st, x->slot, &p);
		record_at(st, y->slot, &q);
		ret = order_compare(column->field, p.part[column->part], q.part[column->part]);
	}
	return ret ? ret * columns->direction : x->slot < y->slot ? -1 : x->slot > y->slot;
}

static void sort_records(struct stream_tab *st)
{
	const struct columns *columns = &st->tab.columns;
	const struct column *column = &columns->all[columns->sort];
	uint64_t shown = stream_shown(st->stream), from = shown > SORT_MAX ? shown - SORT_MAX : 0;
	uint32_t n = 0;
	struct item item;

	st->order = xcalloc(shown - from + 1, sizeof(*st->order));
	for (uint64_t i = from; i < shown; i++) {
		item_at(st, i, &item);
		if (i == from)
			st->base = item.id;
		if (item.note)
			continue;
		st->order[n] = (struct order_item){ .slot = (uint32_t)(item.id - st->base) };
		st->order[n].key =
			column->field ? order_key(column->field, item.record.part[column->part])
				      : item.record.time_ns;
		if (columns->direction < 0)
			st->order[n].key = ~st->order[n].key;
		n++;
	}
	qsort_r(st->order, n, sizeof(*st->order), compare_records, st);
	st->tab.total = n;
}

static void lay_out_spans(struct stream_tab *st)
{
	uint64_t shown = stream_shown(st->stream);
	uint64_t from = shown > WATERFALL_MAX ? shown - WATERFALL_MAX : 0;
	uint32_t n = 0;
	struct item item;

	st->spans = xcalloc(shown - from + 1, sizeof(*st->spans));
	for (uint64_t i = from; i < shown; i++) {
		item_at(st, i, &item);
		if (!item.note)
			span_row_read(&st->spans[n++], &st->plan, &item.record, item.id);
	}
	waterfall_layout(st->spans, n);
	st->tab.total = n;
}

static void stream_prepare(struct tab *tab)
{
	struct stream_tab *st = stream_tab_of(tab);
	bool text = tab->filter && !tab->filter->filter;
	bool falls = tab->view == VIEW_WATERFALL;
	bool sorted = !falls && tab->paused && tab->columns.sort >= 0;
	bool all = stream_check(st->stream, text ? CHECK_TEXT : CHECK_BYTES);
	struct stream_stats stats = stream_stats(st->stream);

	tab->version += tab->unfinished;
	tab->unfinished = !all;
	if (((st->order && sorted) || (st->spans && falls)) && !tab->dirty &&
	    stats.first == st->first && (tab->paused || stats.records == st->seen))
		return;
	free(st->order);
	free(st->spans);
	st->order = NULL;
	st->spans = NULL;
	st->first = stats.first;
	st->seen = stats.records;
	tab->dirty = !all;
	tab->total = stream_shown(st->stream);
	if (sorted)
		sort_records(st);
	else if (falls)
		lay_out_spans(st);
}

/* Names are indented below those of their parents. */
#define MAX_INDENT 24u

static size_t stream_span(struct tab *tab, const struct column *column, const struct item *item)
{
	struct stream_tab *st = stream_tab_of(tab);
	const struct span_row *span = item->span;
	const struct field *name = st->plan.name;
	const char *word;
	char *dst = tab->scratch;
	uint32_t lead;

	if (column->form == FORM_WORD) {
		word = span_word(&st->plan, column->field, item->record.part[PART_VALUE]);
		return word ? (size_t)(stpcpy(dst, word) - dst)
			    : field_text(dst, column->field, item->record.part[PART_VALUE],
					 STYLE_TABLE, sink_names_get(&tab->env->names));
	}
	if (!span)
		return 0;
	if (column->form == FORM_SPAN) {
		lead = MIN(2 * span->depth, MAX_INDENT);
		memset(dst, ' ', lead);
		if (name)
			return lead + field_text(dst + lead, name, item->record.part[PART_VALUE],
						 STYLE_TABLE, sink_names_get(&tab->env->names));
		return lead + utf8_term_escape(dst + lead, tab->name,
					       MIN(strlen(tab->name), (size_t)MAX_NAME));
	}
	return waterfall_bar(dst, span, column->seen, tab->env->settings->page.utf8);
}

static bool stream_find_at(struct tab *tab, uint64_t id, uint64_t *ret_at)
{
	struct stream_tab *st = stream_tab_of(tab);
	bool found;

	for (uint64_t i = 0; st->spans && i < tab->total; i++) {
		if (st->spans[i].number != id)
			continue;
		*ret_at = i;
		return true;
	}
	if (st->spans) {
		*ret_at = MIN(tab->cursor, tab->total - 1);
		return false;
	}
	if (!st->order) {
		found = stream_find(st->stream, id, ret_at);
		*ret_at = MIN(*ret_at, tab->total - 1);
		return found;
	}
	for (uint64_t i = 0; i < tab->total; i++) {
		if (st->base + st->order[i].slot != id)
			continue;
		*ret_at = i;
		return true;
	}
	return false;
}

static void stream_pause(struct tab *tab, bool on)
{
	struct stream_tab *st = stream_tab_of(tab);

	stream_freeze(st->stream, on);
	tab->following = !on;
	tab->dirty = true;
	tab->version++;
	if (!on)
		tab->columns.sort = -1;
}

/* To the last record by then, where the records stand in the order of time. */
static void stream_travel(struct tab *tab, uint64_t real_ns)
{
	uint64_t low = 0, high;
	struct item item;

	tab_prepare(tab);
	if (stream_tab_of(tab)->order || stream_tab_of(tab)->spans)
		return;
	for (high = tab->total; low < high;) {
		uint64_t mid = low + (high - low) / 2;

		tab->ops->item(tab, mid, &item);
		if (item.record.time_ns <= real_ns)
			low = mid + 1;
		else
			high = mid;
	}
	tab_go(tab, low ? low - 1 : 0);
}

static void stream_refilter(struct tab *tab)
{
	stream_filter(stream_tab_of(tab)->stream, tab->filter ? matches : NULL, tab);
	tab->dirty = true;
	tab->version++;
}

static void stream_count(struct tab *tab, char *dst, size_t room)
{
	char text[SHORT_ROOM];

	short_scaled(text, stream_tab_of(tab)->rate);
	snprintf(dst, room, "%s/s", text);
}

static void stream_status(struct tab *tab, struct arena *arena, struct model_status *ret)
{
	struct stream_tab *st = stream_tab_of(tab);
	struct stream_stats stats = stream_stats(st->stream);
	char row[SHORT_ROOM], total[SHORT_ROOM], kept[SHORT_ROOM], rate[SHORT_ROOM],
		bytes[HUMAN_ROOM + 1], span[HUMAN_ROOM + 1];
	uint64_t ns = stats.newest_ns > stats.oldest_ns ? stats.newest_ns - stats.oldest_ns : 0;

	short_commas(row, tab->total ? tab->cursor + 1 : 0);
	short_commas(total, tab->total);
	short_commas(kept, stats.kept);
	ret->left[ret->nleft++] =
		!tab->following ? arena_printf(arena, "row %s/%s", row, total)
		: tab->filter	? arena_printf(arena, "%s/%s rows", total, kept)
			      : arena_printf(arena, "%s row%s", total, tab->total == 1 ? "" : "s");
	if (st->order && tab->total == SORT_MAX)
		ret->left[ret->nleft++] = "the newest, sorted";
	if (tab->filter)
		ret->left[ret->nleft++] = arena_printf(arena, "filter %s", tab->filter->text);
	span[ns < 10 * SECOND_NS ? human_duration(span, ns / 1000000, 1000000)
				 : human_duration(span, ns / SECOND_NS, SECOND_NS)] = '\0';
	bytes[human_bytes(bytes, stats.full ? stats.max_bytes : stats.used_bytes)] = '\0';
	ret->left[ret->nleft++] =
		arena_printf(arena, "history %s, %s%s", ns >= 1000000 ? span : "0s", bytes,
			     stats.full ? " full" : "");
	short_scaled(rate, st->rate);
	ret->left[ret->nleft++] = arena_printf(arena, "%s ev/s", rate);
}

static bool stream_can_view(const struct tab *tab, enum view view)
{
	const struct stream_tab *st = container_of(tab, struct stream_tab, tab);

	return view == VIEW_TABLE || (view == VIEW_WATERFALL && has_traces(st));
}

static int stream_give(struct tab *tab, struct sink *sink, uint64_t from, uint64_t to,
		       uint64_t *ret_rows)
{
	struct item item;
	int ret = 0;

	for (uint64_t i = from; i < to && !ret; i++) {
		stream_item(tab, i, &item);
		if (item.note)
			continue;
		ret = sink->ops->event(sink, tab->env->source, &item.record);
		++*ret_rows;
	}
	return ret;
}

static const char *stream_empty(struct tab *tab)
{
	return "no events yet";
}

static void stream_tab_free(struct tab *tab)
{
	struct stream_tab *st = stream_tab_of(tab);

	stream_free(st->stream);
	span_maker_free(st->maker);
	free(st->order);
	free(st->spans);
	arena_release(&st->arena);
	tab_release(tab);
	free(st);
}

const struct stream *stream_tab_ring(struct tab *tab)
{
	return stream_tab_of(tab)->stream;
}

void stream_tab_put(struct tab *tab, const struct record *record)
{
	stream_put(stream_tab_of(tab)->stream, record);
	tab_want(tab, record->part[PART_KEY], record->part[PART_VALUE]);
}

void stream_tab_lost(struct tab *tab, enum lost_where where, uint64_t count)
{
	struct stream_tab *st = stream_tab_of(tab);
	enum stream_note note = where == LOST_QUEUE ? NOTE_LOST_QUEUE : NOTE_LOST_KERNEL;

	stream_note(st->stream, note, count, stream_stats(st->stream).newest_ns);
}

void stream_tab_limit(struct tab *tab, uint64_t bytes)
{
	struct stream_tab *st = stream_tab_of(tab);

	stream_resize(st->stream, bytes);
	/* Positions in what was sorted or laid out are those of the old ring. */
	tab->dirty = true;
}

bool stream_tab_has_traces(const struct tab *tab)
{
	return tab->ops->kind == TAB_STREAM &&
	       has_traces(container_of(tab, struct stream_tab, tab));
}

double stream_tab_rate(const struct tab *tab)
{
	return container_of(tab, struct stream_tab, tab)->rate;
}

bool stream_tab_span(struct tab *tab, uint64_t number, struct trace_span *ret)
{
	static const struct span_sampler all = { .kind = SAMPLER_ON };
	struct stream_tab *st = stream_tab_of(tab);

	if (!st->maker)
		st->maker = span_maker_new(&all, tab->env->source->clock,
					   sink_names_get(&tab->env->names));
	return stream_record(st->stream, number, &st->span) &&
	       span_make(st->maker, &st->plan, &st->span, ret) == 0;
}

bool stream_tab_swept(struct tab *tab, uint64_t mono_ns)
{
	struct stream_tab *st = stream_tab_of(tab);
	uint64_t records = stream_stats(st->stream).records;
	double before = st->rate;

	if (st->swept_ns && mono_ns > st->swept_ns)
		st->rate = (double)(records - st->records) * 1e9 / (double)(mono_ns - st->swept_ns);
	tab->version += records != st->records && !tab->paused;
	st->records = records;
	st->swept_ns = mono_ns;
	return st->rate != before;
}

static const struct tab_ops stream_ops = {
	.kind = TAB_STREAM,
	.prepare = stream_prepare,
	.item = stream_item,
	.find = stream_find_at,
	.span = stream_span,
	.pause = stream_pause,
	.travel = stream_travel,
	.refilter = stream_refilter,
	.count = stream_count,
	.status = stream_status,
	.can_view = stream_can_view,
	.give = stream_give,
	.empty = stream_empty,
	.free = stream_tab_free,
};

static struct column *add_column(struct stream_tab *st, const char *title,
				 const struct field *field, enum part part)
{
	struct column *column = columns_add(&st->tab.columns, title, field, FORM_FIELD);

	column->part = (uint8_t)part;
	return column;
}

static void add_columns(struct stream_tab *st, const struct layout *layout, enum part part)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (has_column(layout, &layout->fields[i]))
			add_column(st, layout->fields[i].path, &layout->fields[i], part);
}

/* The order of the plain table: the wide ids come last. */
static void add_span_columns(struct stream_tab *st, const struct layout *layout)
{
	const struct span_plan *plan = &st->plan;
	const struct {
		const char *title;
		const struct field *field;
	} known[] = {
		{ "duration", plan->duration },
		{ "name", plan->name },
		{ "service", plan->service },
		{ "kind", plan->kind },
		{ "status", plan->status },
		{ NULL, NULL }, /* the attributes */
		{ "trace_id", plan->trace_id.part[0] },
		{ "span_id", plan->span_id.part[0] },
		{ "parent_span_id", plan->parent_id.part[0] },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].field) {
			struct column *column =
				add_column(st, known[i].title, known[i].field, PART_VALUE);

			if (known[i].field == plan->duration && has_traces(st))
				column->sets |= SET_FALL;
			if (known[i].field == plan->kind || known[i].field == plan->status) {
				column->form = FORM_WORD;
				column->right = false;
				column->seen = 5; /* "error" */
			}
		}
		for (uint32_t k = 0; !known[i].title && k < plan->attrs.count; k++)
			if (has_column(layout, plan->attrs.all[k].field))
				add_column(st, plan->attrs.all[k].name, plan->attrs.all[k].field,
					   PART_VALUE);
	}
}

struct tab *stream_tab_new(struct tab_env *env, const struct map_plan *map, uint64_t bytes)
{
	struct stream_tab *st = xcalloc(1, sizeof(*st));

	st->stream = stream_new(map, bytes);
	tab_init(&st->tab, &stream_ops, env, map->name, map, map);
	if (map->role == ROLE_SPANS)
		span_plan_init(&st->plan, &st->arena, map);
	if (has_traces(st))
		columns_add(&st->tab.columns, "span", NULL, FORM_SPAN);
	st->tab.columns.cursor = has_traces(st);
	columns_add(&st->tab.columns, "time", NULL, FORM_TIME)->seen = 15;
	if (map->has_key)
		add_columns(st, &map->key, PART_KEY);
	if (map->role == ROLE_SPANS)
		add_span_columns(st, &map->value);
	else
		add_columns(st, &map->value, PART_VALUE);
	if (has_traces(st))
		columns_add(&st->tab.columns, "", NULL, FORM_BAR);
	st->tab.following = true;
	tab_ready(&st->tab);
	return &st->tab;
}
