// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/export.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include "base/err.h"
#include "base/new_file.h"
#include "base/util.h"
#include "runner/sink/print/json_shape.h"
#include "runner/sink/out.h"

#define ROW_MAX_BYTES (16u << 20)

enum form { AS_CSV, AS_JSON, AS_TXT, NFORMS };

static struct sink *sink_of(enum form form, int fd)
{
	return form == AS_CSV	 ? sink_csv_new(fd)
	       : form == AS_JSON ? sink_json_new(fd)
				 : sink_table_new(fd, 0, false);
}

/* Rows of a map, through the output of that name. */
static int write_map(struct tab *tab, enum form form, int fd, uint64_t from, uint64_t to,
		     uint64_t *ret_rows, struct err *err)
{
	struct sink *sink = sink_of(form, fd);
	int ret;

	sink->err = err;
	ret = sink->ops->open ? sink->ops->open(sink, err) : 0;
	if (ret >= 0)
		ret = sink->ops->add(sink, tab->env->source, err);
	if (ret >= 0)
		ret = tab->ops->give(tab, sink, from, to, ret_rows);
	if (ret >= 0)
		ret = sink->ops->flush(sink);
	sink->ops->free(sink);
	return ret;
}

/* The programs are no map: their fields are written one by one. */

static void add_csv(struct strbuf *line, const char *text, size_t len)
{
	strbuf_adds(line, line->len ? ",\"" : "\"");
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			strbuf_addc(line, '"');
		strbuf_addc(line, text[i]);
	}
	strbuf_addc(line, '"');
}

static void add_csv_row(struct tab *tab, struct strbuf *line, const struct item *item)
{
	const struct layout *layout = &tab->shown->value;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *field = &layout->fields[i];

		add_csv(line, item ? tab->scratch : field->path,
			item ? field_text(tab->scratch, field, item->record.part[PART_VALUE],
					  STYLE_PLAIN, NULL)
			     : strlen(field->path));
	}
}

static void add_json_row(struct tab *tab, struct strbuf *line, const struct item *item)
{
	const struct layout *layout = &tab->shown->value;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		strbuf_addf(line, "%s\"%s\":", i ? "," : "{", layout->fields[i].path);
		strbuf_add(line, tab->scratch,
			   field_text(tab->scratch, &layout->fields[i],
				      item->record.part[PART_VALUE], STYLE_JSON, NULL));
	}
	strbuf_addc(line, '}');
}

static void add_txt_row(struct tab *tab, struct grid *grid, struct strbuf *line,
			const struct item *item)
{
	const char *text;
	size_t len;

	grid_begin(grid);
	for (uint32_t i = 0; i < tab->columns.count; i++)
		grid_cell(grid, tab->scratch, tab_text(tab, &tab->columns.all[i], item));
	text = grid_end(grid, LOOK_PLAIN, &len);
	strbuf_add(line, text, len - 1);
}

static int write_programs(struct tab *tab, enum form form, int fd, uint64_t from, uint64_t to,
			  uint64_t *ret_rows)
{
	struct strbuf line = STRBUF_INIT(ROW_MAX_BYTES);
	struct grid_page page = tab->env->settings->page;
	struct grid grid;
	struct item item;
	size_t len;
	int ret;

	grid_init(&grid, &page);
	for (uint32_t i = 0; i < tab->columns.count; i++)
		grid_add_column(&grid, tab->columns.all[i].title, tab->columns.all[i].seen,
				tab->columns.all[i].right);
	/* Once for the widths, which the header has to know. */
	for (uint64_t i = from; form == AS_TXT && i < to; i++) {
		tab->ops->item(tab, i, &item);
		add_txt_row(tab, &grid, &line, &item);
	}
	strbuf_reset(&line);
	if (form == AS_CSV)
		add_csv_row(tab, &line, NULL);
	else if (form == AS_TXT)
		strbuf_adds(&line, grid_header(&grid, &len));
	if (form == AS_CSV)
		strbuf_addc(&line, '\n');
	ret = write_all(fd, strbuf_str(&line), line.len);
	for (uint64_t i = from; i < to && ret >= 0; i++) {
		strbuf_reset(&line);
		tab->ops->item(tab, i, &item);
		if (form == AS_CSV)
			add_csv_row(tab, &line, &item);
		else if (form == AS_JSON)
			add_json_row(tab, &line, &item);
		else
			add_txt_row(tab, &grid, &line, &item);
		strbuf_addc(&line, '\n');
		ret = write_all(fd, strbuf_str(&line), line.len);
		++*ret_rows;
	}
	grid_release(&grid);
	strbuf_release(&line);
	return ret;
}

static int write_rows(struct tab *tab, enum form form, int fd, uint64_t from, uint64_t to,
		      uint64_t *ret_rows, struct err *err)
{
	*ret_rows = 0;
	if (tab->ops->give)
		return write_map(tab, form, fd, from, to, ret_rows, err);
	return write_programs(tab, form, fd, from, to, ret_rows);
}

static int form_of(const char *path, struct err *err)
{
	static const char *const ends[NFORMS] = { ".csv", ".json", ".txt" };
	size_t len = strlen(path), end;

	for (int i = 0; i < NFORMS; i++) {
		end = strlen(ends[i]);
		if (len > end && streq(path + len - end, ends[i]))
			return i;
	}
	err_hint(err, "end it in .csv, .json or .txt");
	return err_usage(err, "'%s' does not say in what format", path);
}

int export_file(struct tab *tab, const char *path, uint64_t *ret_rows, struct err *err)
{
	int form = form_of(path, err), ret;
	struct new_file file;

	if (form < 0)
		return form;
	tab_prepare(tab);
	ret = new_file_open(&file, path, false, err);
	if (ret == -EEXIST)
		err_hint(err, "choose another name");
	if (ret < 0)
		return ret;
	ret = write_rows(tab, (enum form)form, file.fd, 0, tab->total, ret_rows, err);
	if (ret >= 0)
		ret = new_file_commit(&file);
	new_file_release(&file);
	return ret < 0 ? err_sys(err, -ret, "cannot write '%s'", path) : 0;
}

bool export_row(struct tab *tab, struct strbuf *ret)
{
	_cleanup_close_ int fd = memfd_create("row", MFD_CLOEXEC);
	uint64_t rows = 0;
	struct item item;
	void *text = NULL;
	size_t len = 0;

	tab_prepare(tab);
	if (fd < 0 || !tab->total)
		return false;
	tab->ops->item(tab, tab->cursor, &item);
	if (item.note ||
	    write_rows(tab, AS_JSON, fd, tab->cursor, tab->cursor + 1, &rows, NULL) < 0 || !rows ||
	    lseek(fd, 0, SEEK_SET) < 0 || read_fd(fd, "row", ROW_MAX_BYTES, &text, &len, NULL) < 0)
		return false;
	while (len && ((char *)text)[len - 1] == '\n')
		len--;
	strbuf_add(ret, text, len);
	free(text);
	return !ret->full;
}
