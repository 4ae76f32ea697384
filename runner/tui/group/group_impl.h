/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by group_tab.c, which makes groups, and talks.c, a view of groups by two columns. */
#ifndef BOMBUS_RUNNER_TUI_GROUP_GROUP_IMPL_H
#define BOMBUS_RUNNER_TUI_GROUP_GROUP_IMPL_H

#include "base/id_map.h"
#include "base/util.h"
#include "runner/tui/model/order.h"
#include "runner/tui/model/tab.h"

#define KEY_TEXT 256u /* of one column, with its NUL */

struct measure;

struct group_tab {
	struct tab tab;
	struct tab *base;
	uint64_t version; /* of the base, when the groups were made */
	struct map_plan shown;
	struct arena arena;	  /* of names and layouts */
	struct measure *measures; /* the first counts */
	uint32_t nmeasures;
	struct id_map found; /* hash of the key -> group */
	uint64_t *ids;	     /* these hashes, by group */
	uint8_t *keys;
	double *cells; /* nmeasures a group */
	uint32_t ngroups, room;
	struct order_item *order;
	uint64_t rows; /* in all groups */
	/* Who talks to whom: the first column's text, which is shown once, and the longest bar. */
	bool *leads; /* by group: the first row of its text */
	uint32_t from_cells;
	double most;
};

static inline struct group_tab *group_of(const struct tab *tab)
{
	return container_of(tab, struct group_tab, tab);
}

static inline size_t key_bytes(const struct group_tab *gt)
{
	return gt->base->nby * KEY_TEXT;
}

static inline uint8_t *key_at(const struct group_tab *gt, uint32_t group)
{
	return gt->keys + group * key_bytes(gt);
}

static inline double *cells_at(const struct group_tab *gt, uint32_t group)
{
	return gt->cells + (size_t)group * gt->nmeasures;
}

/* talks.c. Puts the first `n` of gt->order into the order of that view. */
void talks_order(struct group_tab *gt, uint32_t n);
/* `span` of struct tab_ops. */
size_t talks_span(struct tab *tab, const struct column *column, const struct item *item);
void talks_add_columns(struct group_tab *gt);

#endif
