// SPDX-License-Identifier: Apache-2.0
/*
 * Who talks to whom: groups by two columns, each value of the first one with those of the second.
 * The busiest of the first come first, and of each the busiest of the second.
 */
#include "base/utf8.h"
#include "runner/tui/group/group_impl.h"
#include "runner/tui/model/blocks.h"

#define FROM_CELLS 24u

/* The number that is shown: the sort column's, if it has one. */
static uint32_t talk_measure(const struct group_tab *gt)
{
	int sort = gt->tab.columns.sort - (int)gt->shown.key.nfields;

	return sort >= 0 && (uint32_t)sort < gt->nmeasures ? (uint32_t)sort : 0;
}

static double talk_value(const struct group_tab *gt, uint32_t group)
{
	return MAX(cells_at(gt, group)[talk_measure(gt)], 0.0);
}

static int compare_from(const struct group_tab *gt, const struct order_item *x,
			const struct order_item *y)
{
	return memcmp(key_at(gt, x->slot), key_at(gt, y->slot), KEY_TEXT);
}

static int by_from(const void *a, const void *b, void *ctx)
{
	return compare_from(ctx, a, b);
}

static int by_talk(const void *a, const void *b, void *ctx)
{
	const struct order_item *x = a, *y = b;
	const struct group_tab *gt = ctx;
	int ret = x->key < y->key ? -1 : x->key > y->key;

	if (!ret)
		ret = compare_from(gt, x, y);
	if (!ret)
		ret = x->tie < y->tie ? -1 : x->tie > y->tie;
	return ret ? ret : memcmp(key_at(gt, x->slot), key_at(gt, y->slot), key_bytes(gt));
}

/* Larger numbers first. The bits of positive ones are in their order. */
static uint64_t down(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return ~bits;
}

void talks_order(struct group_tab *gt, uint32_t n)
{
	uint32_t end;

	qsort_r(gt->order, n, sizeof(*gt->order), by_from, gt);
	for (uint32_t i = 0; i < n; i = end) {
		double total = 0;

		for (end = i; end < n && compare_from(gt, &gt->order[i], &gt->order[end]) == 0;)
			total += talk_value(gt, gt->order[end++].slot);
		for (uint32_t k = i; k < end; k++) {
			gt->order[k].key = down(total);
			gt->order[k].tie = down(talk_value(gt, gt->order[k].slot));
		}
	}
	qsort_r(gt->order, n, sizeof(*gt->order), by_talk, gt);
	free(gt->leads);
	gt->leads = xcalloc(gt->ngroups + 1, sizeof(*gt->leads));
	gt->most = 0;
	gt->from_cells = 0;
	for (uint32_t i = 0; i < n; i++) {
		const char *from = (const char *)key_at(gt, gt->order[i].slot);
		size_t len = utf8_term_escape(gt->tab.scratch, from, strlen(from));

		gt->leads[gt->order[i].slot] =
			!i || compare_from(gt, &gt->order[i - 1], &gt->order[i]) != 0;
		gt->most = MAX(gt->most, talk_value(gt, gt->order[i].slot));
		gt->from_cells = MAX(gt->from_cells, text_cells(gt->tab.scratch, len));
	}
	gt->from_cells = MIN(gt->from_cells, FROM_CELLS);
}

/* "curl       --> 10.0.0.1", or the bar. */
size_t talks_span(struct tab *tab, const struct column *column, const struct item *item)
{
	struct group_tab *gt = group_of(tab);
	bool utf8 = tab->env->settings->page.utf8;
	const char *from = (const char *)key_at(gt, item->slot), *to = from + KEY_TEXT;
	char *dst = tab->scratch;
	uint32_t used = 0;
	size_t len = 0;

	if (column->form == FORM_BAR)
		return blocks_bar(dst, gt->most > 0 ? talk_value(gt, item->slot) / gt->most : 0,
				  column->seen, utf8, &used);
	if (gt->leads[item->slot]) {
		len = utf8_term_escape(dst, from, strlen(from));
		used = text_cells(dst, len);
	}
	while (used++ < gt->from_cells)
		dst[len++] = ' ';
	len += (size_t)(stpcpy(dst + len, utf8 ? " ──▶ " : " --> ") - (dst + len));
	return len + utf8_term_escape(dst + len, to, strlen(to));
}

/* The columns of that view: both texts, the numbers, a bar. */
void talks_add_columns(struct group_tab *gt)
{
	const struct layout *key = &gt->shown.key;
	struct columns *columns = &gt->tab.columns;
	const char *arrow = gt->base->env->settings->page.utf8 ? "──▶" : "-->";
	_cleanup_free_ char *title =
		xasprintf("%s %s %s", key->fields[0].path, arrow, key->fields[1].path);

	for (uint32_t i = key->nfields; i < columns->count; i++)
		columns->all[i].sets |= SET_FALL;
	columns_add(columns, title, NULL, FORM_SPAN);
	columns_add(columns, "", NULL, FORM_BAR);
	/* The first one there; the bar stands behind the first number. */
	for (uint32_t i = 0; i + 2 < columns->count; i++)
		columns->order[i + 1 + (i > key->nfields)] = i;
	columns->order[0] = columns->count - 2;
	columns->order[key->nfields + 2] = columns->count - 1;
	columns->usual = xcalloc(columns->count, sizeof(*columns->usual));
	memcpy(columns->usual, columns->order, columns->count * sizeof(*columns->usual));
}
