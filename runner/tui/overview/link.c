// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/overview/link.h"

#include "base/util.h"
#include "runner/load/plan/meanings.h"

#define EXPRESSION_MAX_BYTES 4096

/* A number that is no label of a series says what a row is about only by its meaning. */
static bool is_identity(const struct field *field, bool label)
{
	if (field->count != 1 || field->is_bits || field->id_of || (field->tags & TAG_HIDE) ||
	    field_is_time(field) || field->kind == KIND_FLOAT)
		return false;
	return label || field->kind == KIND_TEXT ||
	       (field->meaning != MEAN_NONE &&
		!(meaning_traits(field->meaning)->flags & MEANS_AMOUNT));
}

static const struct field *find_field(const struct layout *layout, const char *path)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (streq(layout->fields[i].path, path))
			return &layout->fields[i];
	return NULL;
}

/* The same field of another tab; *ret_label: it is a label there. */
static const struct field *field_in(const struct tab *tab, const struct field *field,
				    bool *ret_label)
{
	const struct field *found = NULL;

	*ret_label = false;
	if (tab->shown->has_key)
		found = find_field(&tab->shown->key, field->path);
	if (found)
		*ret_label = tab->ops->kind == TAB_ROWS;
	else if (tab->ops->kind == TAB_STREAM)
		found = find_field(&tab->shown->value, field->path);
	return found && found->meaning == field->meaning ? found : NULL;
}

static void add_name(struct strbuf *names, const char *path)
{
	size_t len = strlen(path);
	const char *at = strstr(strbuf_str(names), path);

	if (at && (at == names->buf || at[-1] == ' ') && (!at[len] || at[len] == ','))
		return;
	strbuf_addf(names, "%s%s", names->len ? ", " : "", path);
}

static void add_fields(struct tab *from, const struct tab *to, const struct item *item,
		       enum part part, struct strbuf *expression, struct strbuf *names)
{
	const struct layout *layout = part == PART_KEY ? &from->shown->key : &from->shown->value;
	bool labels = part == PART_KEY && from->ops->kind == TAB_ROWS, label;

	for (uint32_t i = 0; item->record.part[part] && i < layout->nfields; i++) {
		const struct field *field = &layout->fields[i];
		size_t len;

		if (!field_in(to, field, &label) || !is_identity(field, labels || label))
			continue;
		len = field_text(from->scratch, field, item->record.part[part], STYLE_PLAIN, NULL);
		if (!len)
			continue;
		strbuf_addf(expression, "%s%s == ", expression->len ? " && " : "", field->path);
		pick_add_text(expression, from->scratch, len);
		add_name(names, field->path);
	}
}

/* Both filters at once. A text that is searched for is no expression, and waits. */
static char *with_own(const struct tab *tab, const char *expression)
{
	const struct pick *own = tab->linked ? tab->own : tab->filter;

	return own && own->filter ? xasprintf("(%s) && %s", own->text, expression)
				  : xstrdup(expression);
}

bool link_tabs(struct tab *from, struct tab *to, struct strbuf *names)
{
	_cleanup_strbuf_ struct strbuf expression = STRBUF_INIT(EXPRESSION_MAX_BYTES);
	_cleanup_free_ char *text = NULL;
	struct model_why why;
	struct pick *pick = NULL;
	struct item item;

	tab_prepare(from);
	if ((from->ops->kind != TAB_ROWS && from->ops->kind != TAB_STREAM) ||
	    (to->ops->kind != TAB_ROWS && to->ops->kind != TAB_STREAM) || !from->total)
		return false;
	from->ops->item(from, from->cursor, &item);
	if (item.note || item.overflow)
		return false;
	if (from->shown->has_key)
		add_fields(from, to, &item, PART_KEY, &expression, names);
	if (from->ops->kind == TAB_STREAM)
		add_fields(from, to, &item, PART_VALUE, &expression, names);
	text = with_own(to, strbuf_str(&expression));
	if (!expression.len || expression.full || pick_new(&pick, to->shown, text, &why) < 0) {
		unlink_tab(to);
		return false;
	}
	if (to->linked)
		pick_free(to->filter);
	else
		to->own = to->filter;
	to->linked = true;
	to->filter = pick;
	to->ops->refilter(to);
	return true;
}

bool unlink_tab(struct tab *tab)
{
	if (!tab->linked)
		return false;
	pick_free(tab->filter);
	tab->filter = steal_ptr(&tab->own);
	tab->linked = false;
	tab->ops->refilter(tab);
	return true;
}
