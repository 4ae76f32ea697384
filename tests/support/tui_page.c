// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_page.h"

static void add_cell(struct strbuf *sb, const char *text, uint32_t cells, uint32_t width,
		     bool right, bool last)
{
	assert_true(cells <= width);
	for (uint32_t i = cells; right && i < width; i++)
		strbuf_addc(sb, ' ');
	strbuf_adds(sb, text);
	for (uint32_t i = cells; !right && !last && i < width; i++)
		strbuf_addc(sb, ' ');
	if (!last)
		strbuf_adds(sb, "  ");
}

static void end_line(struct strbuf *sb)
{
	while (sb->len && sb->buf[sb->len - 1] == ' ')
		sb->len--;
	strbuf_addc(sb, '\n');
}

char *page_text_of(struct tui *t, uint32_t width, uint32_t height)
{
	struct strbuf sb = STRBUF_INIT(1 << 20);
	struct model_page page;

	model_page(t->model, width, height, &page);
	strbuf_adds(&sb, "  ");
	for (uint32_t k = 0; k < page.ncolumns; k++) {
		const struct page_column *c = &page.columns[k];

		add_cell(&sb, c->title, c->title_cells, c->width, c->right, k + 1 == page.ncolumns);
	}
	end_line(&sb);
	for (uint32_t i = 0; i < page.nrows; i++) {
		const struct page_row *row = &page.rows[i];

		strbuf_addc(&sb, row->marks & ROW_CURSOR ? '>' : row->marks & ROW_NEW ? '+' : ' ');
		strbuf_addc(&sb, row->marks & ROW_FOUND ? '*' : ' ');
		if (row->marks & ROW_NOTE)
			strbuf_adds(&sb, row->note);
		for (uint32_t k = 0; k < page.ncolumns && !(row->marks & ROW_NOTE); k++)
			add_cell(&sb, row->cells[k].text, row->cells[k].cells,
				 page.columns[k].width, page.columns[k].right,
				 k + 1 == page.ncolumns);
		if (row->marks & ROW_GONE)
			strbuf_adds(&sb, "  gone");
		end_line(&sb);
	}
	if (!page.nrows)
		strbuf_addf(&sb, "(%s)\n", page.empty);
	return strbuf_steal(&sb);
}

void assert_page(struct tui *t, uint32_t width, uint32_t height, const char *want)
{
	_cleanup_free_ char *text = page_text_of(t, width, height);

	assert_string_equal(text, want);
}

void assert_cursor(struct tui *t, uint32_t row)
{
	struct model_page page;

	model_page(t->model, 80, 50, &page);
	for (uint32_t i = 0; i < page.nrows; i++)
		assert_int_equal(!!(page.rows[i].marks & ROW_CURSOR), i == row);
	assert_true(row < page.nrows);
}

void assert_rows(struct tui *t, uint32_t height, const char *want)
{
	struct strbuf sb = STRBUF_INIT(1 << 16);
	struct model_page page;

	model_page(t->model, 200, height, &page);
	for (uint32_t i = 0; i < page.nrows; i++)
		strbuf_addf(&sb, "%s%s", i ? " " : "",
			    page.rows[i].note ? page.rows[i].note : page.rows[i].cells[0].text);
	assert_string_equal(strbuf_str(&sb), want);
	strbuf_release(&sb);
}
