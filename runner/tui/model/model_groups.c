// SPDX-License-Identifier: Apache-2.0
/* Grouping the rows of a tab, and going into a group and out again. */
#include <errno.h>
#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/tui/model/model_impl.h"
#include "runner/tui/trace/traces.h"

#define FILTER_MAX_BYTES 4096

static void show_groups(struct tab *base, bool on)
{
	if (base->over)
		base->over->ops->free(base->over);
	base->over = on && base->nby ? group_tab_new(base) : NULL;
}

/* Adds the column or takes it out. */
static bool toggle(struct tab *base, uint32_t column)
{
	for (uint32_t i = 0; i < base->nby; i++) {
		if (base->by[i] != column)
			continue;
		base->nby--;
		memmove(&base->by[i], &base->by[i + 1], (base->nby - i) * sizeof(*base->by));
		return true;
	}
	if (base->nby == TAB_GROUP_BY || !base->columns.all[column].field)
		return false;
	base->by[base->nby++] = column;
	return true;
}

/* On a number of the groups: back to the rows, to choose one more column there. */
static bool group_by_cursor(struct tab *base)
{
	uint32_t column;

	if (base->ops->kind != TAB_ROWS && base->ops->kind != TAB_STREAM)
		return false;
	column = base->columns.cursor;
	if (base->over) {
		if (base->over->columns.cursor >= base->nby) {
			show_groups(base, false);
			return true;
		}
		column = base->by[base->over->columns.cursor];
	}
	if (!toggle(base, column))
		return false;
	show_groups(base, true);
	return true;
}

static bool go_into(struct tab *base)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(FILTER_MAX_BYTES);
	struct model_why why;
	struct pick *pick;

	if (!base->over || !group_tab_filter(base->over, &text) || text.full ||
	    pick_new(&pick, base->shown, strbuf_str(&text), &why) < 0)
		return false;
	show_groups(base, false);
	pick_free(base->filter);
	base->filter = pick;
	base->ops->refilter(base);
	return true;
}

static bool go_out(struct tab *base)
{
	if (base->over || !base->nby)
		return false;
	pick_free(base->filter);
	base->filter = NULL;
	base->ops->refilter(base);
	show_groups(base, true);
	return true;
}

/* The tree of a trace, in the place of the list. */
static bool show_tree(struct tab *base, enum model_op op)
{
	if (op == OP_INTO && !base->over)
		base->over = tree_tab_new(base);
	else if ((op == OP_OUT || op == OP_UNGROUP) && base->over)
		show_groups(base, false);
	else
		return false;
	return op != OP_INTO || base->over;
}

bool model_group(struct model *model, enum model_op op)
{
	struct tab *base = current_base(model);

	if (base->ops->kind == TAB_TRACES)
		return show_tree(base, op);
	if (op == OP_GROUP)
		return group_by_cursor(base);
	if (op == OP_INTO)
		return go_into(base);
	if (op == OP_OUT)
		return go_out(base);
	if (!base->over)
		return false;
	show_groups(base, false);
	base->nby = 0;
	return true;
}

struct names {
	const struct columns *columns;
	uint32_t i;
};

static const char *next_name(void *ctx)
{
	struct names *names = ctx;

	while (names->i < names->columns->count) {
		const struct column *column = &names->columns->all[names->i++];

		if (column->field && !column->off)
			return column->field->path;
	}
	return NULL;
}

static int find_column(const struct tab *tab, const char *name, uint32_t *ret, struct err *err)
{
	struct names names = { &tab->columns, 0 };
	_cleanup_strbuf_ struct strbuf all = STRBUF_INIT(400);
	const char *near, *field;

	for (uint32_t i = 0; i < tab->columns.count; i++) {
		if (!tab->columns.all[i].field || tab->columns.all[i].off ||
		    !streq(tab->columns.all[i].field->path, name))
			continue;
		*ret = i;
		return 0;
	}
	near = suggest(name, next_name, &names);
	names.i = 0;
	while ((field = next_name(&names)))
		strbuf_addf(&all, "%s%s", all.len ? ", " : "", field);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "its columns are: %s", strbuf_str(&all));
	return err_usage(err, "'%s' has no column '%s'", tab_label(tab), name);
}

int model_sort_by(struct model *model, const char *field, struct err *err)
{
	struct tab *tab = current(model);
	_cleanup_free_ char *name = xstrdup(field);
	char *up = strrchr(name, ':');
	uint32_t column;
	int ret;

	if (up && streq(up, ":up"))
		*up = '\0';
	else
		up = NULL;
	ret = find_column(tab, name, &column, err);
	if (ret < 0)
		return ret;
	tab->columns.sort = (int)column;
	tab->columns.direction = up ? 1 : -1;
	tab_resort(tab);
	return 0;
}

int model_group_by(struct model *model, const char *fields, struct err *err)
{
	struct tab *base = current_base(model);
	_cleanup_free_ char *list = xstrdup(fields);
	char *rest = list, *name;
	int ret;

	show_groups(base, false);
	base->nby = 0;
	while ((name = strsep(&rest, ","))) {
		if (base->nby == TAB_GROUP_BY)
			return err_usage(err, "at most %d fields make groups", TAB_GROUP_BY);
		ret = find_column(base, name, &base->by[base->nby], err);
		if (ret < 0)
			return ret;
		base->nby++;
	}
	show_groups(base, true);
	return 0;
}
