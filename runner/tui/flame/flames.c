// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/flame/flames.h"

#include <regex.h>
#include <stdlib.h>

#include "base/util.h"
#include "runner/sink/flame/flame_feed.h"
#include "runner/tui/model/model_impl.h"
#include "runner/tui/model/rows.h"

#define MAX_KNOWN (1u << 20) /* rows whose frames are remembered */
#define PATTERN_MAX 256

/* Stacks one way round. Nodes stay; their values are made anew. */
struct side {
	struct flame_tree tree;
	double *then; /* totals at the marked moment, by node; NULL: it is not compared */
	uint32_t nthen;
	uint32_t focus, chosen;
};

struct flames {
	struct model *model;
	struct tab *tab;
	struct flame_fields fields;
	enum part part;
	struct side sides[2]; /* the other one has its innermost frames first */
	bool turned, compared;
	struct id_map known; /* nodes by the rows' ids */
	char pattern[PATTERN_MAX];
	regex_t regex;
	bool searches;
};

static struct side *shown(struct flames *f)
{
	return &f->sides[f->turned];
}

static struct flame_node *node_at(const struct side *side, uint32_t node)
{
	return &side->tree.nodes[node];
}

/* ---- life ---- */

static bool find_fields(struct flames *f)
{
	const struct map_plan *map = f->tab->shown;
	bool series = f->tab->ops->kind == TAB_ROWS;
	const struct layout *layout = series ? &map->key : &map->value;
	_cleanup_free_ const struct field **all = NULL;

	if ((!series && f->tab->ops->kind != TAB_STREAM) || (series && !map->has_key) ||
	    (series && !rows_tab_counts(f->tab)))
		return false;
	all = xcalloc(layout->nfields + 1, sizeof(*all));
	for (uint32_t i = 0; i < layout->nfields; i++)
		all[i] = &layout->fields[i];
	f->part = series ? PART_KEY : PART_VALUE;
	return flame_fields_of(all, layout->nfields, &f->fields);
}

bool flames_fit(struct model *model)
{
	struct flames f = { .model = model, .tab = current_base(model) };

	return find_fields(&f);
}

struct flames *flames_new(struct model *model)
{
	struct flames *f = xcalloc(1, sizeof(*f));

	f->model = model;
	f->tab = current_base(model);
	for (size_t i = 0; i < ARRAY_LEN(f->sides); i++)
		flame_init(&f->sides[i].tree);
	if (find_fields(f))
		return f;
	flames_free(f);
	return NULL;
}

void flames_free(struct flames *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < ARRAY_LEN(f->sides); i++) {
		flame_release(&f->sides[i].tree);
		free(f->sides[i].then);
	}
	id_map_release(&f->known);
	if (f->searches)
		regfree(&f->regex);
	free(f);
}

/* ---- values ---- */

static uint32_t node_of(struct flames *f, uint64_t id, const void *base, bool overflow)
{
	static const char others[] = "[other stacks: more than --max-series]";
	struct flame_tree *tree = &f->sides[0].tree;
	uint32_t node;

	if (id_map_find(&f->known, id, &node))
		return node;
	if (f->known.count >= MAX_KNOWN)
		id_map_clear(&f->known);
	node = overflow ? flame_child(tree, 0, others, strlen(others), FLAME_NONE)
			: flame_fields_add(&f->fields, base, sink_names_get(&f->tab->env->names),
					   tree, 0);
	id_map_set(&f->known, id, node);
	return node;
}

static void clear(struct flame_tree *tree)
{
	for (uint32_t i = 0; i < tree->count; i++)
		tree->nodes[i].self = 0;
}

static void read_rows(struct flames *f)
{
	bool series = f->tab->ops->kind == TAB_ROWS;
	struct item item;

	tab_prepare(f->tab);
	for (uint64_t at = 0; at < f->tab->total; at++) {
		uint32_t node;

		f->tab->ops->item(f->tab, at, &item);
		if (!item.record.part[f->part] || (item.marks & ROW_GONE))
			continue;
		node = node_of(f, item.id, item.record.part[f->part], item.overflow);
		flame_add(&f->sides[0].tree, node, series ? rows_tab_value(f->tab, &item) : 1);
	}
}

/* The same values, from the innermost frames on. */
static void turn(struct flames *f)
{
	const struct flame_tree *from = &f->sides[0].tree;
	struct flame_tree *to = &f->sides[1].tree;

	clear(to);
	for (uint32_t i = 1; i < from->count; i++) {
		uint32_t node = 0;

		if (!(from->nodes[i].self > 0))
			continue;
		for (uint32_t at = i; at; at = from->nodes[at].parent) {
			const char *name = flame_name(from, at);

			node = flame_child(to, node, name, strlen(name),
					   (enum flame_kind)from->nodes[at].kind);
		}
		flame_add(to, node, from->nodes[i].self);
	}
}

static void keep_totals(struct side *side)
{
	side->nthen = side->tree.count;
	side->then = xcalloc(side->nthen, sizeof(*side->then));
	for (uint32_t i = 0; i < side->nthen; i++)
		side->then[i] = side->tree.nodes[i].total;
}

/* Frames that have come since were not there then. */
static void extend_totals(struct side *side)
{
	side->then = xreallocarray(side->then, side->tree.count, sizeof(*side->then));
	while (side->nthen < side->tree.count)
		side->then[side->nthen++] = 0;
}

/* The totals of the marked moment, by way of the values. */
static void read_then(struct flames *f, const struct rows *then)
{
	struct flame_tree *tree = &f->sides[0].tree;

	clear(tree);
	for (uint32_t slot = 0; slot < rows_slots(then); slot++) {
		const struct row *row = rows_at(then, slot);
		struct item item = { 0 };
		uint32_t node;

		if (!row || row->state != SLOT_LIVE)
			continue;
		node = node_of(f, row->id, rows_key(then, slot), row->overflow);
		rows_tab_read_then(f->tab, slot, &item);
		flame_add(tree, node, rows_tab_value(f->tab, &item));
	}
	turn(f);
	for (size_t i = 0; i < ARRAY_LEN(f->sides); i++) {
		flame_sum(&f->sides[i].tree);
		keep_totals(&f->sides[i]);
	}
}

static bool is_there(const struct flames *f)
{
	for (uint32_t i = 0; i < f->model->ntabs; i++)
		if (f->model->tabs[i] == f->tab)
			return i == f->model->now && !f->tab->over;
	return false;
}

bool flames_update(struct flames *f)
{
	const struct rows *then;

	if (!is_there(f))
		return false;
	then = f->compared ? rows_tab_then(f->tab) : NULL;
	for (size_t i = 0; i < ARRAY_LEN(f->sides); i++)
		free(steal_ptr(&f->sides[i].then));
	if (then)
		read_then(f, then);
	clear(&f->sides[0].tree);
	read_rows(f);
	if (f->turned || then)
		turn(f);
	flame_sum(&shown(f)->tree);
	for (size_t i = 0; then && i < ARRAY_LEN(f->sides); i++)
		extend_totals(&f->sides[i]);
	return true;
}

/* ---- moving ---- */

static bool choose(struct side *side, uint32_t node)
{
	if (node == side->chosen)
		return false;
	side->chosen = node;
	return true;
}

static bool is_in(const struct side *side, uint32_t node, uint32_t outer)
{
	while (node != outer && node)
		node = node_at(side, node)->parent;
	return node == outer;
}

static bool go_in(struct side *side)
{
	uint32_t best = 0;

	for (uint32_t c = node_at(side, side->chosen)->child; c; c = node_at(side, c)->next)
		if (node_at(side, c)->total > (best ? node_at(side, best)->total : 0))
			best = c;
	return best && choose(side, best);
}

/* The frames of one depth stand in the order of a walk through the tree. */
static uint32_t first_at(const struct side *side, uint32_t node, uint32_t depth, bool last)
{
	uint32_t found = 0;

	if (!(node_at(side, node)->total > 0))
		return 0;
	if (node_at(side, node)->depth == depth)
		return node;
	for (uint32_t c = node_at(side, node)->child; c; c = node_at(side, c)->next) {
		uint32_t one = first_at(side, c, depth, last);

		if (one && !last)
			return one;
		found = one ? one : found;
	}
	return found;
}

static bool go_beside(struct side *side, bool left)
{
	uint32_t depth = node_at(side, side->chosen)->depth, at = side->chosen;

	while (at && at != side->focus) {
		uint32_t parent = node_at(side, at)->parent, found = 0;
		bool passed = false;

		for (uint32_t c = node_at(side, parent)->child; c; c = node_at(side, c)->next) {
			uint32_t one;

			if (c == at) {
				passed = true;
				if (left)
					break;
				continue;
			}
			one = left || (passed && !found) ? first_at(side, c, depth, left) : 0;
			found = one ? one : found;
		}
		if (found)
			return choose(side, found);
		at = parent;
	}
	return false;
}

static bool set_focus(struct side *side, uint32_t node)
{
	bool changed = side->focus != node;

	side->focus = node;
	if (!is_in(side, side->chosen, node) && !is_in(side, node, side->chosen))
		side->chosen = node;
	return changed;
}

static bool is_found(struct flames *f, const struct side *side, uint32_t node)
{
	return f->searches && node &&
	       regexec(&f->regex, flame_name(&side->tree, node), 0, NULL, 0) == 0;
}

/* In the order of a walk, round and round. */
static uint32_t walk_next(const struct side *side, uint32_t node)
{
	uint32_t at = node_at(side, node)->child;

	while (!at && node != side->focus) {
		at = node_at(side, node)->next;
		node = node_at(side, node)->parent;
	}
	return at ? at : side->focus;
}

static bool go_found(struct flames *f, bool back)
{
	struct side *side = shown(f);
	uint32_t at = is_in(side, side->chosen, side->focus) ? side->chosen : side->focus;
	uint32_t start = at, best = UINT32_MAX;

	for (uint32_t i = 0; i <= side->tree.count; i++) {
		at = walk_next(side, at);
		if (at == start)
			break;
		if (!(node_at(side, at)->total > 0) || !is_found(f, side, at))
			continue;
		best = at;
		if (!back)
			break;
	}
	return best != UINT32_MAX && choose(side, best);
}

static bool compare(struct flames *f)
{
	if (!f->compared && (f->tab->ops->kind != TAB_ROWS || !rows_tab_then(f->tab)))
		return false;
	f->compared = !f->compared;
	return true;
}

bool flames_do(struct flames *f, enum flames_op op)
{
	struct side *side = shown(f);

	switch (op) {
	case FLAMES_OUT:
		return choose(side, node_at(side, side->chosen)->parent);
	case FLAMES_IN:
		return go_in(side);
	case FLAMES_LEFT:
	case FLAMES_RIGHT:
		return go_beside(side, op == FLAMES_LEFT);
	case FLAMES_FOCUS:
		return set_focus(side, side->chosen);
	case FLAMES_WIDER:
		return set_focus(side, node_at(side, side->focus)->parent);
	case FLAMES_ALL:
		return set_focus(side, 0);
	case FLAMES_TURN:
		f->turned = !f->turned;
		return true;
	case FLAMES_COMPARE:
		return compare(f);
	case FLAMES_NEXT:
	case FLAMES_PREVIOUS:
		return go_found(f, op == FLAMES_PREVIOUS);
	}
	return false;
}

bool flames_search(struct flames *f, const char *pattern, char *why, size_t room)
{
	regex_t regex;
	int code = *pattern ? regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) : 0;

	if (code) {
		regerror(code, &regex, why, room);
		return false;
	}
	if (f->searches)
		regfree(&f->regex);
	f->searches = *pattern;
	if (f->searches)
		f->regex = regex;
	snprintf(f->pattern, sizeof(f->pattern), "%s", pattern);
	return true;
}

const char *flames_pattern(const struct flames *f)
{
	return f->pattern;
}

/* ---- looking ---- */

static double part_of(double value, double all)
{
	return all > 0 ? value / all : 0;
}

static double change_of(const struct side *side, uint32_t node)
{
	return side->then ? part_of(node_at(side, node)->total, node_at(side, 0)->total) -
				    part_of(side->then[node], side->then[0])
			  : 0;
}

struct walk {
	struct flames *flames;
	const struct side *side;
	double all, least; /* all: of the focus */
	void (*fn)(void *ctx, const struct flames_frame *frame);
	void *ctx;
};

static void give(const struct walk *w, uint32_t node, double left, double right, bool around)
{
	const struct flames_frame frame = {
		.name = node ? flame_name(&w->side->tree, node) : "all",
		.left = left,
		.right = right,
		.depth = node_at(w->side, node)->depth,
		.kind = node ? node_at(w->side, node)->kind : FLAME_GROUP,
		.chosen = node == w->side->chosen,
		.found = is_found(w->flames, w->side, node),
		.around = around,
		.change = change_of(w->side, node),
	};

	w->fn(w->ctx, &frame);
}

/* Stacks are at most some hundred frames deep. */
static void give_below(const struct walk *w, uint32_t node, double left)
{
	for (uint32_t c = node_at(w->side, node)->child; c; c = node_at(w->side, c)->next) {
		double right = left + part_of(node_at(w->side, c)->total, w->all);

		if (right - left >= w->least) {
			give(w, c, left, right, false);
			give_below(w, c, left);
		}
		left = right;
	}
}

void flames_each(struct flames *f, double least,
		 void (*fn)(void *ctx, const struct flames_frame *frame), void *ctx)
{
	const struct side *side = shown(f);
	struct walk w = { f, side, node_at(side, side->focus)->total, least, fn, ctx };
	uint32_t path[1024], n = 0;

	for (uint32_t at = side->focus; at && n < ARRAY_LEN(path); at = node_at(side, at)->parent)
		path[n++] = node_at(side, at)->parent;
	while (n--)
		give(&w, path[n], 0, 1, true);
	give(&w, side->focus, 0, 1, false);
	give_below(&w, side->focus, 0);
}

/* Of frames in one another the outer one counts. */
static double found_below(struct flames *f, const struct side *side, uint32_t node)
{
	double sum = 0;

	for (uint32_t c = node_at(side, node)->child; c; c = node_at(side, c)->next)
		sum += is_found(f, side, c) ? node_at(side, c)->total : found_below(f, side, c);
	return sum;
}

void flames_status(struct flames *f, struct flames_status *ret)
{
	const struct side *side = shown(f);
	const struct flame_node *chosen = node_at(side, side->chosen);
	double all = node_at(side, 0)->total;

	*ret = (struct flames_status){
		.name = side->chosen ? flame_name(&side->tree, side->chosen) : "all",
		.unit = f->tab->ops->kind == TAB_ROWS ? rows_tab_unit(f->tab) : "records",
		.value = chosen->total,
		.self = chosen->self,
		.part = part_of(chosen->total, all),
		.part_self = part_of(chosen->self, all),
		.change = change_of(side, side->chosen),
		.depth = chosen->depth,
		.turned = f->turned,
		.compared = side->then != NULL,
		.searched = f->searches,
		.found = f->searches ? part_of(found_below(f, side, 0), all) : 0,
	};
}
