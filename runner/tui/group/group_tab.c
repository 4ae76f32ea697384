// SPDX-License-Identifier: Apache-2.0
/*
 * The rows or records of a tab, in groups of equal values of some columns. It is shown in the place
 * of that tab, its base: it takes the rows that the base shows, filtered and paused as there, and
 * makes the groups anew after each sweep.
 *
 * A group's key is the plain text of its columns, which a filter understands. A long text is shown
 * cut, but different texts are different groups.
 */
#include <math.h>
#include <xxhash.h>
#include "base/id_map.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/raw.h"
#include "runner/tui/group/group_impl.h"
#include "runner/tui/model/order.h"
#include "runner/tui/model/shorts.h"
#include "runner/tui/model/tab.h"

#define MEASURES_MAX 3u	      /* columns of records that are measured */
#define ROWS_MAX (1u << 17)   /* the newest ones of a stream */
#define GROUPS_MAX (1u << 16) /* what more there are is one group, OVERFLOW_TEXT */

/* P99_OF follows its MEDIAN_OF. */
enum measure_kind { COUNT_OF, SUM_OF, MEDIAN_OF, P99_OF, MAX_OF, SHARE_OF };

/* A number of a group. */
struct measure {
	uint8_t kind;		     /* enum measure_kind */
	const struct column *column; /* of the base; NULL: none */
	uint32_t of;		     /* MEDIAN_OF: which array of values; SHARE_OF: which measure */
};

/* One value of one row, for quantiles. */
struct value {
	uint32_t group;
	double value;
};

/* --- making groups --- */

/* The hash of the whole texts, of which the key has the beginnings. */
static uint64_t key_of(struct group_tab *gt, const struct item *item, uint8_t *ret)
{
	uint64_t hash = 0;

	memset(ret, 0, key_bytes(gt));
	for (uint32_t i = 0; i < gt->base->nby; i++) {
		const struct column *column = &gt->base->columns.all[gt->base->by[i]];
		size_t len = tab_value(gt->base, column, item, STYLE_PLAIN);

		hash = XXH3_64bits_withSeed(gt->base->scratch, len, hash + 1);
		memcpy(ret + i * KEY_TEXT, gt->base->scratch, MIN(len, (size_t)KEY_TEXT - 1));
	}
	return hash;
}

static uint32_t group_for(struct group_tab *gt, const struct item *item)
{
	uint8_t key[TAB_GROUP_BY * KEY_TEXT];
	uint64_t hash = key_of(gt, item, key);
	uint32_t group;

	if (id_map_find(&gt->found, hash, &group))
		return group;
	if (gt->ngroups == GROUPS_MAX)
		return GROUPS_MAX - 1;
	if (gt->ngroups == GROUPS_MAX - 1) {
		memset(key, 0, key_bytes(gt));
		memcpy(key, OVERFLOW_TEXT, sizeof(OVERFLOW_TEXT));
	}
	if (gt->ngroups == gt->room) {
		gt->room = MAX(gt->room * 2, 64u);
		gt->keys = xreallocarray(gt->keys, gt->room, key_bytes(gt));
		gt->cells = xreallocarray(gt->cells, gt->room, gt->nmeasures * sizeof(double));
		gt->ids = xreallocarray(gt->ids, gt->room, sizeof(*gt->ids));
	}
	group = gt->ngroups++;
	id_map_set(&gt->found, hash, group);
	gt->ids[group] = hash;
	memcpy(key_at(gt, group), key, key_bytes(gt));
	memset(cells_at(gt, group), 0, gt->nmeasures * sizeof(double));
	return group;
}

static double value_of(const struct column *column, const struct item *item)
{
	const void *base = item->record.part[column->part];
	double value = base ? field_double(column->field, base, 0) : 0;

	return isfinite(value) ? value : 0;
}

static void add_item(struct group_tab *gt, const struct item *item, struct value **values,
		     uint32_t row)
{
	uint32_t group = group_for(gt, item);
	double *cells = cells_at(gt, group), value;
	bool first = cells[0] == 0; /* it counts */

	for (uint32_t i = 0; i < gt->nmeasures; i++) {
		const struct measure *m = &gt->measures[i];

		value = m->column ? value_of(m->column, item) : 1;
		if (m->kind == SUM_OF || m->kind == COUNT_OF)
			cells[i] += value;
		else if (m->kind == MAX_OF)
			cells[i] = first ? value : MAX(cells[i], value);
		else if (m->kind == MEDIAN_OF)
			values[m->of][row] = (struct value){ group, value };
	}
}

static int compare_values(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

/* Both quantiles of a measured column, by rank. */
static void fill_quantiles(struct group_tab *gt, uint32_t measure, struct value *values,
			   uint32_t count)
{
	uint32_t end;

	qsort(values, count, sizeof(*values), compare_values);
	for (uint32_t i = 0; i < count; i = end) {
		double *cells = cells_at(gt, values[i].group);

		for (end = i; end < count && values[end].group == values[i].group;)
			end++;
		cells[measure] = values[i + (end - i - 1) / 2].value;
		cells[measure + 1] = values[i + (uint32_t)((end - i - 1) * 0.99)].value;
	}
}

/* The share is the last measure. */
static void fill_shares(struct group_tab *gt)
{
	uint32_t share = gt->nmeasures - 1, of = gt->measures[share].of;
	double all = 0;

	for (uint32_t g = 0; g < gt->ngroups; g++)
		all += cells_at(gt, g)[of];
	for (uint32_t g = 0; g < gt->ngroups; g++)
		cells_at(gt, g)[share] = all > 0 ? 100 * cells_at(gt, g)[of] / all : 0;
}

static void make_groups(struct group_tab *gt)
{
	struct value *values[MEASURES_MAX] = { NULL };
	uint64_t total = gt->base->total, from = total > ROWS_MAX ? total - ROWS_MAX : 0;
	uint32_t n = 0;
	struct item item;

	id_map_clear(&gt->found);
	gt->ngroups = 0;
	for (uint32_t i = 0; i < gt->nmeasures; i++)
		if (gt->measures[i].kind == MEDIAN_OF)
			values[gt->measures[i].of] = xcalloc(total - from + 1, sizeof(**values));
	for (uint64_t at = from; at < total; at++) {
		gt->base->ops->item(gt->base, at, &item);
		if (!item.note && !(item.marks & ROW_GONE))
			add_item(gt, &item, values, n++);
	}
	for (uint32_t i = 0; i < gt->nmeasures; i++)
		if (gt->measures[i].kind == MEDIAN_OF)
			fill_quantiles(gt, i, values[gt->measures[i].of], n);
	for (uint32_t i = 0; i < MEASURES_MAX; i++)
		free(values[i]);
	fill_shares(gt);
	gt->rows = n;
}

/* --- the tab --- */

static void read_group(const struct group_tab *gt, uint32_t group, struct item *ret)
{
	*ret = (struct item){ .record = { .map = &gt->shown,
					  .part = { key_at(gt, group), cells_at(gt, group) },
					  .value_bytes = gt->shown.value_bytes },
			      .id = gt->ids[group],
			      .slot = group };
}

static int compare_groups(const void *a, const void *b, void *ctx)
{
	const struct order_item *x = a, *y = b;
	const struct group_tab *gt = ctx;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return memcmp(key_at(gt, x->slot), key_at(gt, y->slot), key_bytes(gt));
}

static void group_prepare(struct tab *tab)
{
	struct group_tab *gt = group_of(tab);
	const struct columns *columns = &tab->columns;
	const struct column *sorted = &columns->all[MAX(columns->sort, 0)];
	uint32_t n = 0;
	struct item item;

	tab->paused = gt->base->paused;
	tab_prepare(gt->base);
	if (gt->version != gt->base->version) {
		make_groups(gt);
		gt->version = gt->base->version;
		tab->dirty = true;
	}
	if (!tab->dirty)
		return;
	tab->dirty = false;
	free(gt->order);
	gt->order = xcalloc(gt->ngroups + 1, sizeof(*gt->order));
	for (uint32_t g = 0; g < gt->ngroups; g++) {
		read_group(gt, g, &item);
		if (tab->filter && !tab_matches(tab, tab->filter, &item))
			continue;
		gt->order[n] = (struct order_item){ .slot = g };
		gt->order[n].key = order_key(sorted->field, item.record.part[sorted->part]);
		if (columns->direction < 0)
			gt->order[n].key = ~gt->order[n].key;
		n++;
	}
	if (tab->view == VIEW_TALKS)
		talks_order(gt, n);
	else
		qsort_r(gt->order, n, sizeof(*gt->order), compare_groups, gt);
	tab->total = n;
}

static void group_item(struct tab *tab, uint64_t at, struct item *ret)
{
	read_group(group_of(tab), group_of(tab)->order[at].slot, ret);
}

static bool group_find(struct tab *tab, uint64_t id, uint64_t *ret_at)
{
	struct group_tab *gt = group_of(tab);
	uint32_t group;

	*ret_at = MIN(*ret_at, tab->total - 1);
	if (!id_map_find(&gt->found, id, &group))
		return false;
	for (uint64_t i = 0; i < tab->total; i++) {
		if (gt->order[i].slot != group)
			continue;
		*ret_at = i;
		return true;
	}
	return false;
}

static void group_pause(struct tab *tab, bool on)
{
	tab_pause(group_of(tab)->base, on);
}

static void group_count(struct tab *tab, char *dst, size_t room)
{
	char text[SHORT_ROOM];

	short_commas(text, group_of(tab)->ngroups);
	snprintf(dst, room, "%s", text);
}

static void group_status(struct tab *tab, struct arena *arena, struct model_status *ret)
{
	struct group_tab *gt = group_of(tab);
	char groups[SHORT_ROOM], rows[SHORT_ROOM];

	short_commas(groups, tab->total);
	short_commas(rows, gt->rows);
	ret->left[ret->nleft++] =
		arena_printf(arena, "%s group%s of %s", groups, tab->total == 1 ? "" : "s", rows);
	if (tab->filter)
		ret->left[ret->nleft++] = arena_printf(arena, "filter %s", tab->filter->text);
	if (gt->base->filter)
		ret->left[ret->nleft++] = arena_printf(arena, "of %s", gt->base->filter->text);
}

static bool group_can_view(const struct tab *tab, enum view view)
{
	const struct group_tab *gt = group_of(tab);

	return view == VIEW_TABLE || (view == VIEW_TALKS && gt->base->nby == 2);
}

static const char *group_empty(struct tab *tab)
{
	return "no rows yet";
}

static void group_free(struct tab *tab)
{
	struct group_tab *gt = group_of(tab);

	id_map_release(&gt->found);
	free(gt->ids);
	free(gt->keys);
	free(gt->cells);
	free(gt->order);
	free(gt->leads);
	free(gt->measures);
	arena_release(&gt->arena);
	tab_release(tab);
	free(gt);
}

static const struct tab_ops group_ops = {
	.kind = TAB_GROUPS,
	.prepare = group_prepare,
	.item = group_item,
	.find = group_find,
	.span = talks_span,
	.pause = group_pause,
	.refilter = tab_resort,
	.count = group_count,
	.status = group_status,
	.can_view = group_can_view,
	.empty = group_empty,
	.free = group_free,
};

/* --- columns --- */

static struct field *add_number(struct group_tab *gt, enum measure_kind kind,
				const struct column *column, uint32_t of, const char *path)
{
	struct layout *layout = &gt->shown.value;
	struct field *field = &layout->fields[layout->nfields];
	const struct field *like = column ? column->field : NULL;

	gt->measures[gt->nmeasures] =
		(struct measure){ .kind = (uint8_t)kind, .column = column, .of = of };
	*field = (struct field){ .kind = KIND_FLOAT, .size_bits = 64, .count = 1 };
	field->name = field->path = field->label = path;
	field->off_bits = gt->nmeasures * 64;
	if (like) {
		field->meaning = like->meaning;
		field->unit = like->unit;
	}
	gt->nmeasures++;
	layout->nfields++;
	return field;
}

static bool is_measured(const struct tab *base, const struct column *column)
{
	const struct field *field = column->field;

	if (base->ops->kind == TAB_ROWS)
		return column->sums;
	return field && column->form == FORM_FIELD && column->part == PART_VALUE &&
	       field->count == 1 && raw_is_number(field) && field->kind != KIND_ENUM &&
	       (meaning_traits(field->meaning)->flags & MEANS_AMOUNT) && !(field->tags & TAG_LABEL);
}

static bool is_by(const struct tab *base, uint32_t column)
{
	for (uint32_t i = 0; i < base->nby; i++)
		if (base->by[i] == column)
			return true;
	return false;
}

/* Sums of what the rows of a series show; of records the sum, the quantiles and the maximum. */
static void add_measures(struct group_tab *gt)
{
	const struct columns *columns = &gt->base->columns;
	bool records = gt->base->ops->kind == TAB_STREAM;
	uint32_t measured = 0;

	add_number(gt, COUNT_OF, NULL, 0, records ? "records" : "rows");
	for (uint32_t i = 0; i < columns->count && measured < MEASURES_MAX; i++) {
		const struct column *c = &columns->all[i];
		const char *path = c->field ? c->field->path : "";

		if (is_by(gt->base, i) || !is_measured(gt->base, c))
			continue;
		if (!records) {
			add_number(gt, SUM_OF, c, 0, path);
			continue;
		}
		add_number(gt, SUM_OF, c, 0, arena_printf(&gt->arena, "%s.sum", path));
		add_number(gt, MEDIAN_OF, c, measured, arena_printf(&gt->arena, "%s.p50", path));
		add_number(gt, P99_OF, c, measured, arena_printf(&gt->arena, "%s.p99", path));
		add_number(gt, MAX_OF, c, 0, arena_printf(&gt->arena, "%s.max", path));
		measured++;
	}
	/* Of the records, or of the first sum of series. */
	add_number(gt, SHARE_OF, NULL, !records && gt->nmeasures > 1, "share")->unit = "%";
}

static void add_columns(struct group_tab *gt)
{
	struct columns *columns = &gt->tab.columns;
	struct layout *key = &gt->shown.key, *value = &gt->shown.value;

	for (uint32_t i = 0; i < key->nfields; i++)
		columns_add(columns, key->fields[i].path, &key->fields[i], FORM_FIELD)->part =
			PART_KEY;
	for (uint32_t i = 0; i < value->nfields; i++)
		columns_add(columns, value->fields[i].path, &value->fields[i], FORM_NUMBER)->part =
			PART_VALUE;
	if (key->nfields == 2)
		talks_add_columns(gt);
	/* By the records, or by the first sum of series. */
	columns->sort = (int)key->nfields + (gt->base->ops->kind == TAB_ROWS && gt->nmeasures > 2);
	columns->direction = -1;
}

struct tab *group_tab_new(struct tab *base)
{
	struct group_tab *gt = xcalloc(1, sizeof(*gt));
	uint32_t most = base->columns.count * 4 + 2;
	struct field *fields;

	gt->base = base;
	gt->version = base->version - 1;
	gt->measures = xcalloc(most, sizeof(*gt->measures));
	gt->shown = (struct map_plan){
		.name = base->name, .symbol = base->name, .has_key = true, .has_value = true
	};
	gt->shown.key.type_name = gt->shown.value.type_name = "";
	fields = arena_array(&gt->arena, struct field, base->nby + most + 1);
	gt->shown.key.fields = fields;
	gt->shown.value.fields = fields + base->nby;
	for (uint32_t i = 0; i < base->nby; i++) {
		const struct column *column = &base->columns.all[base->by[i]];
		struct field *field = &fields[gt->shown.key.nfields++];

		*field = (struct field){ .kind = KIND_TEXT,
					 .off_bits = i * KEY_TEXT * 8,
					 .size_bits = KEY_TEXT * 8,
					 .count = 1 };
		field->name = field->path = field->label = column->field->path;
	}
	gt->shown.key.size_bytes = gt->shown.key_bytes = base->nby * KEY_TEXT;
	add_measures(gt);
	gt->shown.value.size_bytes = gt->shown.value_bytes =
		gt->nmeasures * (uint32_t)sizeof(double);
	tab_init(&gt->tab, &group_ops, base->env, base->name, NULL, &gt->shown);
	add_columns(gt);
	tab_ready(&gt->tab);
	return &gt->tab;
}

bool group_tab_filter(struct tab *tab, struct strbuf *ret)
{
	struct group_tab *gt = group_of(tab);
	const struct tab *base = gt->base;
	struct item item;

	tab_prepare(tab);
	if (!tab->total)
		return false;
	group_item(tab, tab->cursor, &item);
	/* No filter finds all others. */
	if (item.slot == GROUPS_MAX - 1)
		return false;
	for (uint32_t i = 0; i < base->nby; i++) {
		const char *text = (const char *)key_at(gt, item.slot) + i * KEY_TEXT;

		/* Nor a text of which only the beginning is known. */
		if (strlen(text) == KEY_TEXT - 1)
			return false;
		strbuf_addf(ret, "%s%s == ", i ? " && " : "",
			    base->columns.all[base->by[i]].field->path);
		pick_add_text(ret, text, strlen(text));
	}
	return true;
}
