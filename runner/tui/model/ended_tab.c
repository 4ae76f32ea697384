// SPDX-License-Identifier: Apache-2.0
/* The last page of a tab whose source has ended: text alone, which refers to nothing of the source.
 */
#include "base/util.h"
#include "runner/tui/model/tab.h"

struct ended_tab {
	struct tab tab;
	char *name;
	struct arena arena;
	struct model_page page;
	/* What the user chose, for a successor. */
	char *filter, *mark, *sort; /* NULL: nothing */
	int8_t direction;
	uint8_t view;
};

static const struct map_plan no_fields = {
	.name = "", .symbol = "", .has_value = true, .value = { .type_name = "" }
};

static struct ended_tab *ended_of(const struct tab *tab)
{
	return container_of(tab, struct ended_tab, tab);
}

static void ended_prepare(struct tab *tab)
{
}

static bool ended_find(struct tab *tab, uint64_t id, uint64_t *ret_at)
{
	return false;
}

static void ended_pause(struct tab *tab, bool on)
{
}

static void ended_count(struct tab *tab, char *dst, size_t room)
{
	snprintf(dst, room, "ended");
}

static void ended_status(struct tab *tab, struct arena *arena, struct model_status *ret)
{
	ret->left[ret->nleft++] = "the program ended";
	ret->left[ret->nleft++] = "last rows";
}

static bool ended_can_view(const struct tab *tab, enum view view)
{
	return view == VIEW_TABLE;
}

static const char *ended_empty(struct tab *tab)
{
	return "the program has ended";
}

static uint32_t right_of(const struct page_column *column)
{
	return column->x + column->width;
}

static void ended_page(struct tab *tab, struct arena *arena, uint32_t width, uint32_t height,
		       struct model_page *ret)
{
	*ret = ended_of(tab)->page;
	ret->nrows = MIN(ret->nrows, height);
	ret->empty = ended_empty(tab);
	/* It was made for another width. */
	while (ret->ncolumns > 1 && right_of(&ret->columns[ret->ncolumns - 1]) > width) {
		ret->ncolumns--;
		ret->more_right = true;
	}
}

static void ended_free(struct tab *tab)
{
	struct ended_tab *ended = ended_of(tab);

	arena_release(&ended->arena);
	tab_release(tab);
	free(ended->filter);
	free(ended->mark);
	free(ended->sort);
	free(ended->name);
	free(ended);
}

static const struct tab_ops ended_ops = {
	.kind = TAB_ENDED,
	.prepare = ended_prepare,
	.find = ended_find,
	.pause = ended_pause,
	.refilter = tab_resort,
	.count = ended_count,
	.status = ended_status,
	.can_view = ended_can_view,
	.empty = ended_empty,
	.page = ended_page,
	.free = ended_free,
};

static char *text_of(const struct pick *pick)
{
	return pick ? xstrdup(pick->text) : NULL;
}

static void pick_again(struct tab *to, struct pick **pick, const char *text)
{
	struct model_why why;

	/* Its fields may have other names by now. */
	if (text && !*pick)
		pick_new(pick, to->shown, text, &why);
}

void ended_tab_succeed(const struct tab *tab, struct tab *to)
{
	const struct ended_tab *ended = ended_of(tab);

	pick_again(to, &to->filter, ended->filter);
	pick_again(to, &to->mark, ended->mark);
	for (uint32_t i = 0; ended->sort && i < to->columns.count; i++) {
		if (!streq(to->columns.all[i].title, ended->sort))
			continue;
		to->columns.sort = (int)i;
		to->columns.direction = ended->direction;
	}
	if (to->ops->can_view(to, ended->view))
		to->view = ended->view;
	to->ops->refilter(to);
}

struct tab *ended_tab_new(struct tab_env *env, struct tab *from, uint32_t width, uint32_t height)
{
	struct ended_tab *ended = xcalloc(1, sizeof(*ended));

	ended->name = xstrdup(tab_label(from));
	tab_init(&ended->tab, &ended_ops, env, ended->name, NULL, &no_fields);
	tab_ready(&ended->tab);
	ended->tab.lost = from->lost;
	ended->filter = text_of(from->filter);
	ended->mark = text_of(from->mark);
	if (from->columns.sort >= 0)
		ended->sort = xstrdup(from->columns.all[from->columns.sort].title);
	ended->direction = from->columns.direction;
	ended->view = from->view;
	from->view = VIEW_TABLE;
	tab_page(from, &ended->arena, width, height, &ended->page);
	return &ended->tab;
}
