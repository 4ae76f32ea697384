// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <wchar.h>
#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/sink/print/grid.h"

#define LINE_MAX_BYTES (16u << 20)
#define GAP 2

static const char *const looks[] = {
	[LOOK_PLAIN] = "",
	[LOOK_HEADER] = "\033[1m",
	[LOOK_GONE] = "\033[2m",
	[LOOK_WARNING] = "\033[33m",
};

void grid_init(struct grid *grid, const struct grid_page *page)
{
	*grid = (struct grid){ .line = STRBUF_INIT(LINE_MAX_BYTES),
			       .done = STRBUF_INIT(2 * LINE_MAX_BYTES),
			       .page = page };
}

void grid_release(struct grid *grid)
{
	for (uint32_t i = 0; i < grid->ncolumns; i++)
		free(grid->columns[i].title);
	free(grid->columns);
	strbuf_release(&grid->line);
	strbuf_release(&grid->done);
	*grid = (struct grid){ 0 };
}

size_t text_next(const char *text, size_t len, uint32_t *ret_cells)
{
	uint32_t c;
	size_t n;
	int cells;

	*ret_cells = 1;
	if ((unsigned char)text[0] < 0x80)
		return 1;
	n = utf8_decode(text, len, &c);
	if (!n)
		return 1;
	cells = wcwidth((wchar_t)c);
	*ret_cells = cells < 0 ? 1 : cells;
	return n;
}

uint32_t text_cells(const char *text, size_t len)
{
	uint32_t cells = 0, c;

	for (size_t i = 0; i < len; cells += c)
		i += text_next(text + i, len - i, &c);
	return cells;
}

void grid_add_column(struct grid *grid, const char *title, uint32_t width, bool right)
{
	struct grid_column *column;
	size_t len = strlen(title);
	char *safe = xmalloc(UTF8_TERM_ROOM(len) + 1);

	len = utf8_term_escape(safe, title, len);
	safe[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (safe[i] == '\\' || safe[i] == '(') /* \xNN and units stay as they are */
			break;
		if (safe[i] >= 'a' && safe[i] <= 'z')
			safe[i] -= 'a' - 'A';
	}
	grid->columns = xreallocarray(grid->columns, grid->ncolumns + 1, sizeof(*grid->columns));
	column = &grid->columns[grid->ncolumns++];
	*column = (struct grid_column){ .title = safe, .right = right };
	column->width = MAX(width, text_cells(safe, len));
}

static void add_blanks(struct strbuf *sb, uint32_t count)
{
	char *dst = strbuf_reserve(sb, count);

	if (!dst)
		return;
	memset(dst, ' ', count);
	strbuf_advance(sb, count);
}

void grid_begin(struct grid *grid)
{
	strbuf_reset(&grid->line);
	grid->at = 0;
	grid->owed = 0;
}

void page_text(struct strbuf *sb, const struct grid_page *page, const char *text, size_t len)
{
	char *dst;

	if (page->utf8) {
		strbuf_add(sb, text, len);
		return;
	}
	dst = strbuf_reserve(sb, 4 * len);
	for (size_t i = 0; dst && i < len; i++) {
		size_t n = 1;

		if ((unsigned char)text[i] < 0x80) {
			*dst = text[i];
		} else {
			dst[0] = '\\';
			dst[1] = 'x';
			n = 2 + num_hex_bytes(dst + 2, &text[i], 1);
		}
		dst += n;
		strbuf_advance(sb, n);
	}
}

void grid_cell(struct grid *grid, const char *text, size_t len)
{
	struct grid_column *column = &grid->columns[grid->at++];
	size_t start, blanks_at = grid->line.len;
	uint32_t cells, pad;

	/* The text goes in first, to see how wide it became. */
	start = blanks_at;
	page_text(&grid->line, grid->page, text, len);
	cells = text_cells(strbuf_str(&grid->line) + start, grid->line.len - start);
	if (cells > column->width && cells <= GRID_GROW_MAX)
		column->width = cells;
	pad = column->width > cells ? column->width - cells : 0;
	if (grid->line.len > start) {
		uint32_t before = grid->owed + (column->right ? pad : 0);
		size_t text_len = grid->line.len - start;
		char *at;

		add_blanks(&grid->line, before);
		if (!grid->line.full) {
			at = grid->line.buf + start;
			memmove(at + before, at, text_len);
			memset(at, ' ', before);
		}
		grid->owed = GAP + (column->right ? 0 : pad);
	} else {
		grid->owed += column->width + GAP;
	}
}

/* How many bytes of the line fit, leaving a cell for the mark when it does not fit whole. */
static size_t bytes_that_fit(const struct grid_page *page, const char *text, size_t len,
			     bool *ret_cut)
{
	uint32_t cells = 0, c;
	size_t n, fits = 0;

	*ret_cut = false;
	if (!page->width)
		return len;
	for (size_t i = 0; i < len; i += n) {
		n = text_next(text + i, len - i, &c);
		cells += c;
		if (cells > page->width) {
			*ret_cut = true;
			return fits;
		}
		if (cells < page->width)
			fits = i + n;
	}
	return len;
}

void page_line(const struct grid_page *page, struct strbuf *dst, const char *text, size_t len,
	       enum grid_look look)
{
	bool painted = page->color && looks[look][0], cut;
	size_t fits = bytes_that_fit(page, text, len, &cut);

	if (painted)
		strbuf_adds(dst, looks[look]);
	strbuf_add(dst, text, fits);
	if (cut)
		strbuf_adds(dst, page->utf8 ? "…" : ">");
	if (painted)
		strbuf_adds(dst, "\033[0m");
	strbuf_addc(dst, '\n');
}

const char *grid_end(struct grid *grid, enum grid_look look, size_t *ret_len)
{
	strbuf_reset(&grid->done);
	page_line(grid->page, &grid->done, strbuf_str(&grid->line), grid->line.len, look);
	*ret_len = grid->done.len;
	return strbuf_str(&grid->done);
}

const char *grid_header(struct grid *grid, size_t *ret_len)
{
	grid_begin(grid);
	for (uint32_t i = 0; i < grid->ncolumns; i++)
		grid_cell(grid, grid->columns[i].title, strlen(grid->columns[i].title));
	return grid_end(grid, LOOK_HEADER, ret_len);
}
