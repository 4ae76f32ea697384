// SPDX-License-Identifier: Apache-2.0
/* The list of traces. */
#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/span/span.h"
#include "runner/tui/model/order.h"
#include "runner/tui/model/shorts.h"
#include "runner/sink/stream.h"
#include "runner/tui/trace/traces.h"

#define LEAST_SPANS 1024u /* of a map, however many there are */

/* A row. */
struct shown {
	char name[64], service[48];
	uint64_t duration, spans, failed, missing;
	uint8_t trace_id[TRACE_ID_BYTES];
};

#define FIELD_OF(member, path_, kind_, meaning_, ...)                                              \
	{                                                                                          \
		.name = path_, .path = path_, .label = path_, .count = 1, .kind = kind_,           \
		.meaning = meaning_, .off_bits = 8 * offsetof(struct shown, member),               \
		.size_bits = 8 * sizeof(((struct shown *)0)->member), __VA_ARGS__                  \
	}
static const struct field fields[] = {
	FIELD_OF(name, "name", KIND_TEXT, MEAN_NONE),
	FIELD_OF(service, "service", KIND_TEXT, MEAN_NONE),
	FIELD_OF(duration, "duration", KIND_UINT, MEAN_DURATION_NS, .unit = "ns"),
	FIELD_OF(spans, "spans", KIND_UINT, MEAN_NONE),
	FIELD_OF(failed, "failed", KIND_UINT, MEAN_NONE),
	FIELD_OF(missing, "missing", KIND_UINT, MEAN_NONE),
	FIELD_OF(trace_id, "trace_id", KIND_BYTES, MEAN_NONE),
};

struct trace {
	uint32_t first, count; /* of the rows of spans */
	uint64_t start_ns;
	struct shown shown;
};

/* A map. */
struct member {
	uint32_t id; /* `map` of its rows; never used again */
	struct tab *tab;
};

struct traces_tab {
	struct tab tab;
	struct map_plan plan;
	struct member *members;
	uint32_t nmembers, next_id;
	struct span_row *rows;
	uint32_t nrows;
	struct trace *traces;
	uint32_t ntraces;
	struct order_item *order;
	uint64_t seen;	   /* spans, when the list was made */
	uint64_t until_ns; /* spans after that are left out; 0: none */
	bool stale;
	bool cut; /* there are older spans */
};

static struct traces_tab *traces_of(const struct tab *tab)
{
	return container_of(tab, struct traces_tab, tab);
}

void trace_text(char *dst, size_t room, const char *text, size_t len)
{
	size_t at = 0, n;
	uint32_t c;

	for (; at < len; at += n) {
		n = utf8_decode(text + at, len - at, &c);
		n = n ? n : 1;
		if (at + n >= room)
			break;
	}
	memset(dst, 0, room);
	memcpy(dst, text, at);
}

/* --- the list is made --- */

static uint64_t spans_seen(const struct traces_tab *tt)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < tt->nmembers; i++)
		seen += stream_stats(stream_tab_ring(tt->members[i].tab)).records;
	return seen;
}

static void row_of_span(struct span_row *ret, const struct trace_span *span, uint32_t map,
			uint64_t number)
{
	*ret = (struct span_row){ .number = number,
				  .map = map,
				  .failed = span->status == SPAN_STATUS_ERROR,
				  .start_ns = span->start_ns,
				  .duration_ns = span->end_ns - MIN(span->start_ns, span->end_ns),
				  .order = span->end_ns };
	memcpy(ret->trace, span->trace_id, sizeof(ret->trace));
	memcpy(&ret->id, span->span_id, sizeof(ret->id));
	memcpy(&ret->parent, span->parent_id, sizeof(ret->parent));
}

static void gather_from(struct traces_tab *tt, const struct member *member, uint64_t max)
{
	struct stream_stats stats = stream_stats(stream_tab_ring(member->tab));
	uint64_t from = stats.next > max ? stats.next - max : 0;
	struct trace_span span;

	tt->cut |= from > stats.first;
	for (uint64_t n = MAX(from, stats.first); n < stats.next; n++) {
		if (!stream_tab_span(member->tab, n, &span) ||
		    (tt->until_ns && span.record->time_ns > tt->until_ns))
			continue;
		row_of_span(&tt->rows[tt->nrows++], &span, member->id, n);
	}
}

static void gather(struct traces_tab *tt)
{
	uint64_t each = MAX(TRACES_SPANS / MAX(tt->nmembers, 1u), LEAST_SPANS);

	free(tt->rows);
	tt->rows = xcalloc(2 * each * tt->nmembers + 1, sizeof(*tt->rows));
	tt->nrows = 0;
	tt->cut = false;
	for (uint32_t i = 0; i < tt->nmembers; i++)
		gather_from(tt, &tt->members[i], each);
	tt->nrows = waterfall_add_missing(tt->rows, tt->nrows);
	waterfall_layout(tt->rows, tt->nrows);
}

/* The name is that of the first span with a record: the root, or the first below a missing one. */
static void describe(struct traces_tab *tt, struct trace *trace)
{
	const struct span_row *rows = tt->rows + trace->first, *named = NULL;
	struct shown *shown = &trace->shown;
	struct trace_span span;
	struct tab *spans;

	shown->duration = rows[0].trace_ns;
	memcpy(shown->trace_id, rows[0].trace, sizeof(shown->trace_id));
	trace->start_ns = UINT64_MAX;
	for (uint32_t i = 0; i < trace->count; i++) {
		trace->start_ns = MIN(trace->start_ns, rows[i].start_ns);
		shown->missing += rows[i].missing;
		shown->failed += rows[i].failed;
		shown->spans += !rows[i].missing;
		if (!rows[i].missing && !named)
			named = &rows[i];
	}
	spans = named ? traces_tab_spans(&tt->tab, named) : NULL;
	if (!spans || !stream_tab_span(spans, named->number, &span))
		return;
	trace_text(shown->name, sizeof(shown->name), span.name.ptr, span.name.len);
	trace_text(shown->service, sizeof(shown->service), span.service.ptr, span.service.len);
}

static void make_list(struct traces_tab *tt)
{
	uint32_t end;

	gather(tt);
	free(tt->traces);
	tt->traces = xcalloc(tt->nrows + 1, sizeof(*tt->traces));
	tt->ntraces = 0;
	for (uint32_t i = 0; i < tt->nrows; i = end) {
		struct trace *trace = &tt->traces[tt->ntraces++];

		for (end = i + 1; end < tt->nrows && memcmp(tt->rows[i].trace, tt->rows[end].trace,
							    TRACE_ID_BYTES) == 0;)
			end++;
		trace->first = i;
		trace->count = end - i;
		describe(tt, trace);
	}
	tt->traces = xreallocarray(tt->traces, tt->ntraces + 1, sizeof(*tt->traces));
	tt->seen = spans_seen(tt);
	tt->tab.version++;
	tt->tab.dirty = true;
}

/* --- the tab --- */

static void read_trace(const struct traces_tab *tt, uint32_t trace, struct item *ret)
{
	const struct shown *shown = &tt->traces[trace].shown;

	*ret = (struct item){ .record = { .map = &tt->plan,
					  .part = { NULL, shown },
					  .value_bytes = sizeof(*shown),
					  .time_ns = tt->traces[trace].start_ns },
			      .slot = trace,
			      .marks = shown->failed ? ROW_WARN : 0 };
	memcpy(&ret->id, shown->trace_id + TRACE_ID_BYTES - sizeof(ret->id), sizeof(ret->id));
}

/* Equal traces: the newest first. */
static int compare_traces(const void *a, const void *b, void *ctx)
{
	const struct order_item *x = a, *y = b;
	const struct traces_tab *tt = ctx;
	const struct columns *columns = &tt->tab.columns;
	const struct field *field = columns->all[MAX(columns->sort, 0)].field;
	int ret;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	ret = field ? order_compare(field, &tt->traces[x->slot].shown, &tt->traces[y->slot].shown)
		    : 0;
	if (ret)
		return ret * columns->direction;
	return x->tie != y->tie ? (x->tie > y->tie ? -1 : 1) : 0;
}

static void traces_prepare(struct tab *tab)
{
	struct traces_tab *tt = traces_of(tab);
	const struct columns *columns = &tab->columns;
	const struct field *field = columns->all[MAX(columns->sort, 0)].field;
	uint32_t n = 0;
	struct item item;

	if (tt->stale)
		make_list(tt);
	tt->stale = false;
	if (!tab->dirty)
		return;
	tab->dirty = false;
	free(tt->order);
	tt->order = xcalloc(tt->ntraces + 1, sizeof(*tt->order));
	for (uint32_t i = 0; i < tt->ntraces; i++) {
		read_trace(tt, i, &item);
		if (tab->filter && !tab_matches(tab, tab->filter, &item))
			continue;
		tt->order[n] = (struct order_item){ .slot = i, .tie = item.record.time_ns };
		tt->order[n].key = field ? order_key(field, item.record.part[PART_VALUE])
					 : item.record.time_ns;
		if (columns->direction < 0)
			tt->order[n].key = ~tt->order[n].key;
		n++;
	}
	qsort_r(tt->order, n, sizeof(*tt->order), compare_traces, tt);
	tab->total = n;
}

static void traces_item(struct tab *tab, uint64_t at, struct item *ret)
{
	read_trace(traces_of(tab), traces_of(tab)->order[at].slot, ret);
}

static bool traces_find(struct tab *tab, uint64_t id, uint64_t *ret_at)
{
	struct item item;

	for (uint64_t i = 0; i < tab->total; i++) {
		traces_item(tab, i, &item);
		if (item.id != id)
			continue;
		*ret_at = i;
		return true;
	}
	*ret_at = MIN(*ret_at, tab->total - 1);
	return false;
}

static void traces_pause(struct tab *tab, bool on)
{
	struct traces_tab *tt = traces_of(tab);

	tt->until_ns = 0;
	tt->stale |= !on;
}

static void traces_travel(struct tab *tab, uint64_t real_ns)
{
	traces_of(tab)->until_ns = real_ns;
	traces_of(tab)->stale = true;
}

static void traces_count(struct tab *tab, char *dst, size_t room)
{
	struct traces_tab *tt = traces_of(tab);
	char text[SHORT_ROOM];
	double rate = 0;

	for (uint32_t i = 0; i < tt->nmembers; i++)
		rate += stream_tab_rate(tt->members[i].tab);
	short_scaled(text, rate);
	snprintf(dst, room, "%s/s", text);
}

static void traces_status(struct tab *tab, struct arena *arena, struct model_status *ret)
{
	struct traces_tab *tt = traces_of(tab);
	char row[SHORT_ROOM], total[SHORT_ROOM];

	short_commas(row, tab->total ? tab->cursor + 1 : 0);
	short_commas(total, tab->total);
	ret->left[ret->nleft++] = arena_printf(arena, "trace %s/%s", row, total);
	if (tab->filter)
		ret->left[ret->nleft++] = arena_printf(arena, "filter %s", tab->filter->text);
	short_commas(total, tt->nrows);
	ret->left[ret->nleft++] =
		arena_printf(arena, "of %s%s spans", tt->cut ? "the newest " : "", total);
}

static bool traces_can_view(const struct tab *tab, enum view view)
{
	return view == VIEW_TABLE;
}

static const char *traces_empty(struct tab *tab)
{
	return "no spans yet";
}

static void traces_free(struct tab *tab)
{
	struct traces_tab *tt = traces_of(tab);

	free(tt->members);
	free(tt->rows);
	free(tt->traces);
	free(tt->order);
	tab_release(tab);
	free(tt);
}

bool traces_tab_swept(struct tab *tab)
{
	struct traces_tab *tt = traces_of(tab);

	if (!tab->paused)
		tt->stale |= spans_seen(tt) != tt->seen;
	return tt->stale;
}

void traces_tab_add(struct tab *tab, struct tab *spans)
{
	struct traces_tab *tt = traces_of(tab);

	tt->members = xreallocarray(tt->members, tt->nmembers + 1, sizeof(*tt->members));
	tt->members[tt->nmembers++] = (struct member){ tt->next_id++, spans };
}

/* The list stays as it is until there are new spans. */
void traces_tab_remove(struct tab *tab, const struct tab *spans)
{
	struct traces_tab *tt = traces_of(tab);
	uint32_t kept = 0;

	if (tt->stale)
		make_list(tt);
	tt->stale = false;
	for (uint32_t i = 0; i < tt->nmembers; i++)
		if (tt->members[i].tab != spans)
			tt->members[kept++] = tt->members[i];
	tt->nmembers = kept;
	tt->seen = spans_seen(tt);
}

const struct span_row *traces_tab_rows(struct tab *tab, const uint8_t trace[TRACE_ID_BYTES],
				       uint32_t *ret_count)
{
	struct traces_tab *tt = traces_of(tab);

	tab_prepare(tab);
	for (uint32_t i = 0; i < tt->ntraces; i++) {
		if (memcmp(tt->traces[i].shown.trace_id, trace, TRACE_ID_BYTES) != 0)
			continue;
		*ret_count = tt->traces[i].count;
		return tt->rows + tt->traces[i].first;
	}
	return NULL;
}

bool traces_tab_chosen(struct tab *tab, uint8_t ret[TRACE_ID_BYTES])
{
	struct traces_tab *tt = traces_of(tab);

	tab_prepare(tab);
	if (!tab->total)
		return false;
	memcpy(ret, tt->traces[tt->order[tab->cursor].slot].shown.trace_id, TRACE_ID_BYTES);
	return true;
}

struct tab *traces_tab_spans(struct tab *tab, const struct span_row *row)
{
	struct traces_tab *tt = traces_of(tab);

	for (uint32_t i = 0; i < tt->nmembers && !row->missing; i++)
		if (tt->members[i].id == row->map)
			return tt->members[i].tab;
	return NULL;
}

static const struct tab_ops traces_ops = {
	.kind = TAB_TRACES,
	.prepare = traces_prepare,
	.item = traces_item,
	.find = traces_find,
	.pause = traces_pause,
	.travel = traces_travel,
	.refilter = tab_resort,
	.count = traces_count,
	.status = traces_status,
	.can_view = traces_can_view,
	.empty = traces_empty,
	.free = traces_free,
};

struct tab *traces_tab_new(struct tab_env *env)
{
	struct traces_tab *tt = xcalloc(1, sizeof(*tt));
	struct columns *columns = &tt->tab.columns;

	tt->stale = true;
	tt->plan = (struct map_plan){
		.name = "traces",
		.symbol = "traces",
		.has_value = true,
		.value_bytes = sizeof(struct shown),
		.value = { .type_name = "",
			   .fields = (struct field *)fields,
			   .nfields = ARRAY_LEN(fields),
			   .size_bytes = sizeof(struct shown) },
	};
	tab_init(&tt->tab, &traces_ops, env, tt->plan.name, NULL, &tt->plan);
	columns_add(columns, "time", NULL, FORM_TIME)->seen = 15;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		columns_add(columns, fields[i].path, &fields[i], FORM_FIELD)->part = PART_VALUE;
	columns->sort = 0;
	columns->direction = -1;
	tab_ready(&tt->tab);
	return &tt->tab;
}
