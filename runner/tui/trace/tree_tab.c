// SPDX-License-Identifier: Apache-2.0
/* One trace as a tree. */
#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/span/span.h"
#include "runner/tui/model/shorts.h"
#include "runner/tui/trace/traces.h"

#define MAX_INDENT 24u
#define MISSING "(missing)"
#define FOLD_ROOM 16

/* A row. */
struct shown {
	char name[64], service[48], map[64], status[8];
	uint64_t duration, self;
};

#define FIELD_OF(member, kind_, ...)                                                               \
	{                                                                                          \
		.name = #member, .path = #member, .label = #member, .count = 1, .kind = kind_,     \
		.off_bits = 8 * offsetof(struct shown, member),                                    \
		.size_bits = 8 * sizeof(((struct shown *)0)->member), __VA_ARGS__                  \
	}
static const struct field fields[] = {
	FIELD_OF(name, KIND_TEXT),
	FIELD_OF(duration, KIND_UINT, .meaning = MEAN_DURATION_NS, .unit = "ns"),
	FIELD_OF(self, KIND_UINT, .meaning = MEAN_DURATION_NS, .unit = "ns"),
	FIELD_OF(service, KIND_TEXT),
	FIELD_OF(map, KIND_TEXT),
	FIELD_OF(status, KIND_TEXT),
};

struct branch {
	struct span_row row;
	struct shown shown;
	uint64_t time_ns;
	bool folded;
};

struct tree_tab {
	struct tab tab;
	struct tab *traces;
	struct map_plan plan;
	uint8_t trace[TRACE_ID_BYTES];
	uint64_t version; /* of the list, when the tree was made */
	struct branch *all;
	uint32_t count;
	uint32_t *shown; /* numbers of rows */
	uint32_t failed, missing;
};

static struct tree_tab *tree_of(const struct tab *tab)
{
	return container_of(tab, struct tree_tab, tab);
}

/* --- the tree is made --- */

static void read_branch(struct tree_tab *tree, const struct span_row *row, struct branch *ret)
{
	struct tab *spans = traces_tab_spans(tree->traces, row);
	struct shown *shown = &ret->shown;
	struct trace_span span;
	const char *label, *status;

	*ret = (struct branch){ .row = *row, .time_ns = row->start_ns };
	shown->duration = row->missing ? 0 : row->duration_ns;
	shown->self = row->self_ns;
	trace_text(shown->name, sizeof(shown->name), MISSING, strlen(MISSING));
	if (!spans || !stream_tab_span(spans, row->number, &span))
		return;
	label = tab_label(spans);
	status = span.status == SPAN_STATUS_UNSET ? "" : span_status_name(span.status);
	trace_text(shown->name, sizeof(shown->name), span.name.ptr, span.name.len);
	trace_text(shown->service, sizeof(shown->service), span.service.ptr, span.service.len);
	trace_text(shown->map, sizeof(shown->map), label, strlen(label));
	trace_text(shown->status, sizeof(shown->status), status, strlen(status));
}

/* What was folded stays so. */
static bool was_folded(const struct tree_tab *tree, const struct span_row *row)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct branch *old = &tree->all[i];

		if (old->row.map == row->map && old->row.number == row->number &&
		    old->row.missing == row->missing)
			return old->folded;
	}
	return false;
}

static uint32_t seen_of(const struct span_row *rows, uint32_t count)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i < count; i++)
		seen += !rows[i].missing;
	return seen;
}

static void make_tree(struct tree_tab *tree)
{
	uint32_t count = 0;
	const struct span_row *rows = traces_tab_rows(tree->traces, tree->trace, &count);
	struct branch *all;

	/* Some records may be gone by now. While paused, an earlier moment has fewer. */
	if (!rows || (!tree->traces->paused && seen_of(rows, count) < tree->count - tree->missing))
		return;
	all = xcalloc(count + 1, sizeof(*all));
	tree->failed = 0;
	for (uint32_t i = 0; i < count; i++) {
		read_branch(tree, &rows[i], &all[i]);
		all[i].folded = was_folded(tree, &rows[i]);
		tree->failed += rows[i].failed;
	}
	free(tree->all);
	tree->all = all;
	tree->count = count;
	tree->missing = count - seen_of(rows, count);
	tree->tab.axis_ns = count ? rows[0].trace_ns : 0;
	tree->tab.dirty = true;
}

/* --- the tab --- */

static void read_row(const struct tree_tab *tree, uint32_t number, struct item *ret)
{
	const struct branch *branch = &tree->all[number];

	*ret = (struct item){ .record = { .map = &tree->plan,
					  .part = { NULL, &branch->shown },
					  .value_bytes = sizeof(branch->shown),
					  .time_ns = branch->time_ns },
			      .id = branch->row.number << 16 | branch->row.map << 1 |
				    branch->row.missing,
			      .slot = number,
			      .marks = branch->row.failed ? ROW_WARN : 0,
			      .unknown = branch->row.missing,
			      .span = &branch->row };
	/* A missing span has no number: its place among the others does. */
	if (branch->row.missing)
		ret->id = (uint64_t)number << 1 | 1;
}

static void tree_prepare(struct tab *tab)
{
	struct tree_tab *tree = tree_of(tab);
	uint32_t n = 0;
	struct item item;

	tab->paused = tree->traces->paused;
	tab_prepare(tree->traces);
	if (tree->version != tree->traces->version) {
		make_tree(tree);
		tree->version = tree->traces->version;
	}
	if (!tab->dirty)
		return;
	tab->dirty = false;
	tree->shown = xreallocarray(tree->shown, tree->count + 1, sizeof(*tree->shown));
	for (uint32_t i = 0; i < tree->count; i++) {
		read_row(tree, i, &item);
		if (!tab->filter || tab_matches(tab, tab->filter, &item))
			tree->shown[n++] = i;
		if (tree->all[i].folded)
			i += tree->all[i].row.below;
	}
	tab->total = n;
}

static void tree_item(struct tab *tab, uint64_t at, struct item *ret)
{
	read_row(tree_of(tab), tree_of(tab)->shown[at], ret);
}

static bool tree_find(struct tab *tab, uint64_t id, uint64_t *ret_at)
{
	struct item item;

	for (uint64_t i = 0; i < tab->total; i++) {
		tree_item(tab, i, &item);
		if (item.id != id)
			continue;
		*ret_at = i;
		return true;
	}
	*ret_at = MIN(*ret_at, tab->total - 1);
	return false;
}

static size_t tree_span(struct tab *tab, const struct column *column, const struct item *item)
{
	const struct branch *branch = &tree_of(tab)->all[item->slot];
	const struct shown *shown = &branch->shown;
	uint32_t lead = MIN(2 * branch->row.depth, MAX_INDENT);
	char *dst = tab->scratch;
	size_t len;

	if (column->form == FORM_BAR)
		return waterfall_bar(dst, &branch->row, column->seen,
				     tab->env->settings->page.utf8);
	memset(dst, ' ', lead);
	len = lead +
	      utf8_term_escape(dst + lead, shown->name, strnlen(shown->name, sizeof(shown->name)));
	if (branch->folded)
		len += (size_t)snprintf(dst + len, FOLD_ROOM, " +%u", branch->row.below);
	return len;
}

static void tree_pause(struct tab *tab, bool on)
{
	tab_pause(tree_of(tab)->traces, on);
}

static void tree_count(struct tab *tab, char *dst, size_t room)
{
	char text[SHORT_ROOM];

	short_commas(text, tree_of(tab)->count);
	snprintf(dst, room, "%s", text);
}

static void tree_status(struct tab *tab, struct arena *arena, struct model_status *ret)
{
	struct tree_tab *tree = tree_of(tab);
	char id[2 * TRACE_ID_BYTES + 1];

	for (int i = 0; i < TRACE_ID_BYTES; i++)
		snprintf(id + 2 * i, 3, "%02x", tree->trace[i]);
	ret->left[ret->nleft++] = arena_printf(arena, "%u span%s", tree->count - tree->missing,
					       tree->count - tree->missing == 1 ? "" : "s");
	if (tree->failed)
		ret->left[ret->nleft++] = arena_printf(arena, "%u failed", tree->failed);
	if (tree->missing)
		ret->left[ret->nleft++] = arena_printf(arena, "%u missing", tree->missing);
	if (tab->filter)
		ret->left[ret->nleft++] = arena_printf(arena, "filter %s", tab->filter->text);
	ret->left[ret->nleft++] = arena_printf(arena, "trace %s", id);
}

static bool tree_can_view(const struct tab *tab, enum view view)
{
	return view == VIEW_WATERFALL;
}

static const char *tree_empty(struct tab *tab)
{
	return "no spans";
}

static bool tree_origin(struct tab *tab, uint64_t at, struct tab **ret_tab, struct item *ret)
{
	struct tree_tab *tree = tree_of(tab);
	const struct span_row *row = &tree->all[tree->shown[at]].row;
	struct trace_span span;

	*ret_tab = traces_tab_spans(tree->traces, row);
	if (!*ret_tab || !stream_tab_span(*ret_tab, row->number, &span))
		return false;
	*ret = (struct item){ .record = *span.record, .id = row->number };
	return true;
}

static void tree_free(struct tab *tab)
{
	struct tree_tab *tree = tree_of(tab);

	free(tree->all);
	free(tree->shown);
	tab_release(tab);
	free(tree);
}

static const struct tab_ops tree_ops = {
	.kind = TAB_TRACE,
	.prepare = tree_prepare,
	.item = tree_item,
	.find = tree_find,
	.span = tree_span,
	.pause = tree_pause,
	.refilter = tab_resort,
	.count = tree_count,
	.status = tree_status,
	.can_view = tree_can_view,
	.empty = tree_empty,
	.origin = tree_origin,
	.free = tree_free,
};

bool tree_tab_fold(struct tab *tab)
{
	struct tree_tab *tree = tree_of(tab);
	struct branch *branch;

	tab_prepare(tab);
	if (!tab->total)
		return false;
	branch = &tree->all[tree->shown[tab->cursor]];
	if (!branch->row.below)
		return false;
	branch->folded = !branch->folded;
	tab_resort(tab);
	return true;
}

struct tab *tree_tab_new(struct tab *traces)
{
	struct tree_tab *tree = xcalloc(1, sizeof(*tree));
	struct columns *columns = &tree->tab.columns;

	if (!traces_tab_chosen(traces, tree->trace)) {
		free(tree);
		return NULL;
	}
	tree->traces = traces;
	tree->version = traces->version - 1;
	tree->plan = (struct map_plan){
		.name = "trace",
		.symbol = "trace",
		.has_value = true,
		.value_bytes = sizeof(struct shown),
		.value = { .type_name = "",
			   .fields = (struct field *)fields,
			   .nfields = ARRAY_LEN(fields),
			   .size_bytes = sizeof(struct shown) },
	};
	tab_init(&tree->tab, &tree_ops, traces->env, traces->name, NULL, &tree->plan);
	tree->tab.view = VIEW_WATERFALL;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct column *column = columns_add(columns, i ? fields[i].path : "span",
						    &fields[i], i ? FORM_FIELD : FORM_SPAN);

		column->part = PART_VALUE;
		column->sets = SET_FALL;
		if (streq(fields[i].path, "self"))
			columns_add(columns, "", NULL, FORM_BAR);
	}
	tab_ready(&tree->tab);
	return &tree->tab;
}
