// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/export.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/new_file.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/load/sandbox/files.h"
#include "runner/sink/print/csv_sheet.h"
#include "runner/sink/print/json_shape.h"
#include "runner/sink/out.h"

#define ROW_MAX_BYTES (16u << 20)

/* The row under the cursor as `-o json` prints it. */
static int write_json(struct tab *tab, int fd, uint64_t *ret_rows)
{
	struct sink *sink = sink_json_new(fd);
	struct err err = { 0 };
	int ret;

	sink->err = &err;
	ret = sink->ops->open ? sink->ops->open(sink, &err) : 0;
	if (ret >= 0)
		ret = sink->ops->add(sink, tab->env->source, &err);
	if (ret >= 0)
		ret = tab->ops->give(tab, sink, tab->cursor, tab->cursor + 1, ret_rows);
	if (ret >= 0)
		ret = sink->ops->flush(sink);
	sink->ops->free(sink);
	return ret;
}

/* What a file says of a column; NULL: a picture, which no file has. */
static const char *name_of(const struct column *column)
{
	return column->hidden || column->off || column_is_picture(column) ? NULL
	       : column->form == FORM_TIME				  ? "time"
									  : column->field->path;
}

/* `first`: the line has no value yet. */
static void add_csv(struct strbuf *line, bool first, const char *text, size_t len)
{
	_cleanup_free_ char *safe = xmalloc(UTF8_TERM_ROOM(len) + 1);

	len = utf8_term_escape(safe, text, len);
	if (!first)
		strbuf_addc(line, ',');
	if (!memchr(safe, ',', len) && !memchr(safe, '"', len)) {
		strbuf_add(line, safe, len);
		return;
	}
	strbuf_addc(line, '"');
	for (size_t i = 0; i < len; i++) {
		if (safe[i] == '"')
			strbuf_addc(line, '"');
		strbuf_addc(line, safe[i]);
	}
	strbuf_addc(line, '"');
}

static void add_json(struct strbuf *line, bool first, const char *name, const char *text,
		     size_t len)
{
	_cleanup_free_ char *safe = xmalloc(UTF8_JSON_ROOM(strlen(name)) + 1);

	safe[utf8_json_escape(safe, name, strlen(name))] = '\0';
	strbuf_addf(line, "%s\"%s\":", first ? "{" : ",", safe);
	strbuf_add(line, text, len);
}

static void add_json_text(struct strbuf *line, bool first, const char *name, const char *text)
{
	_cleanup_free_ char *safe = xmalloc(UTF8_JSON_ROOM(strlen(text)) + 3);
	size_t len = utf8_json_escape(safe + 1, text, strlen(text));

	safe[0] = safe[len + 1] = '"';
	add_json(line, first, name, safe, len + 2);
}

/* item: NULL for the header. */
static void add_row(struct tab *tab, enum export_form form, struct strbuf *line,
		    const struct item *item)
{
	const struct columns *columns = &tab->columns;
	bool first = !line->len;

	for (uint32_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->all[columns->order[i]];
		const char *name = name_of(column);

		if (!name)
			continue;
		if (form == EXPORT_JSON)
			add_json(line, first, name, tab->scratch,
				 tab_value(tab, column, item, STYLE_JSON));
		else if (item)
			add_csv(line, first, tab->scratch,
				tab_value(tab, column, item, STYLE_PLAIN));
		else
			add_csv(line, first, name, strlen(name));
		first = false;
	}
	if (form == EXPORT_JSON)
		strbuf_addc(line, '}');
}

static void add_txt_row(struct tab *tab, struct grid *grid, struct strbuf *line,
			const struct item *item)
{
	const struct columns *columns = &tab->columns;
	const char *text;
	size_t len;

	grid_begin(grid);
	for (uint32_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->all[columns->order[i]];

		if (name_of(column))
			grid_cell(grid, tab->scratch, tab_text(tab, column, item));
	}
	text = grid_end(grid, LOOK_PLAIN, &len);
	strbuf_add(line, text, len - 1);
}

/* Neither notes nor rows that are shown for the last time. */
static bool is_written(const struct item *item)
{
	return !item->note && !(item->marks & ROW_GONE);
}

/* Goes over all rows once for the widths, which the header has to know. */
static void begin_txt(struct tab *tab, struct grid *grid, struct strbuf *line, uint64_t rows)
{
	struct columns *columns = &tab->columns;
	struct item item;
	size_t len;

	for (uint32_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->all[columns->order[i]];

		if (name_of(column))
			grid_add_column(grid, column->title, column->seen, column->right);
	}
	for (uint64_t i = 0; i < rows; i++) {
		tab->ops->item(tab, i, &item);
		if (is_written(&item))
			add_txt_row(tab, grid, line, &item);
		strbuf_reset(line);
	}
	strbuf_adds(line, grid_header(grid, &len));
}

/* One of the columns that stand before those of the tab. */
static void add_first(struct strbuf *line, enum export_form form, const char *name,
		      const char *text)
{
	bool first = !line->len;

	if (form == EXPORT_JSON)
		add_json_text(line, first, name, text);
	else
		add_csv(line, first, text, strlen(text));
}

/* item NULL: the header. */
static void begin_line(const struct export_how *how, struct strbuf *line, const struct item *item)
{
	char time[31];

	if (how->time_ns) {
		time[format_rfc3339(how->time_ns, time)] = '\0';
		add_first(line, how->form, "time", item ? time : "time");
	}
	if (how->program)
		add_first(line, how->form, "program", item ? how->program : "program");
	if (how->map)
		add_first(line, how->form, "map", item ? how->map : "map");
}

void export_header(struct tab *tab, const struct export_how *how, struct strbuf *ret)
{
	begin_line(how, ret, NULL);
	add_row(tab, EXPORT_CSV, ret, NULL);
}

static void spread(const struct export_how *how, struct strbuf *line)
{
	_cleanup_free_ char *text = xstrdup(strbuf_str(line));
	size_t len = line->len;
	char *dst;

	strbuf_reset(line);
	dst = strbuf_reserve(line, len + how->sheet->count);
	if (dst)
		strbuf_advance(
			line,
			(size_t)(csv_sheet_spread(how->sheet, how->place, dst, text, len) - dst));
}

/* The shown columns of the shown rows, in their order. */
int export_rows(struct tab *tab, const struct export_how *how, int fd, uint64_t *ret_rows)
{
	struct strbuf line = STRBUF_INIT(ROW_MAX_BYTES);
	struct grid_page page = tab->env->settings->page;
	uint64_t total;
	struct grid grid;
	struct item item;
	int ret;

	tab_prepare(tab);
	total = how->max_rows ? MIN(how->max_rows, tab->total) : tab->total;
	*ret_rows = 0;
	grid_init(&grid, &page);
	if (how->form == EXPORT_TXT)
		begin_txt(tab, &grid, &line, total);
	if (how->form == EXPORT_CSV && !how->sheet) {
		export_header(tab, how, &line);
		strbuf_addc(&line, '\n');
	}
	ret = write_all(fd, strbuf_str(&line), line.len);
	for (uint64_t i = 0; i < total && ret >= 0; i++) {
		strbuf_reset(&line);
		tab->ops->item(tab, i, &item);
		if (!is_written(&item))
			continue;
		if (how->form == EXPORT_TXT) {
			add_txt_row(tab, &grid, &line, &item);
		} else {
			begin_line(how, &line, &item);
			add_row(tab, how->form, &line, &item);
			if (how->sheet)
				spread(how, &line);
		}
		strbuf_addc(&line, '\n');
		ret = write_all(fd, strbuf_str(&line), line.len);
		++*ret_rows;
	}
	grid_release(&grid);
	strbuf_release(&line);
	return ret;
}

static int form_of(const char *path, struct err *err)
{
	static const char *const ends[NEXPORT_FORMS] = { ".csv", ".json", ".txt" };
	size_t len = strlen(path), end;

	for (int i = 0; i < NEXPORT_FORMS; i++) {
		end = strlen(ends[i]);
		if (len > end && streq(path + len - end, ends[i]))
			return i;
	}
	err_hint(err, "end it in .csv, .json or .txt");
	return err_usage(err, "'%s' does not say in what format", path);
}

int export_file(struct tab *tab, struct files *files, const char *path, uint64_t *ret_rows,
		struct err *err)
{
	int form = form_of(path, err), ret;
	struct export_how how = { 0 };
	struct new_file file;

	if (form < 0)
		return form;
	ret = files_new_file(files, &file, path, err);
	if (ret == -EEXIST)
		err_hint(err, "choose another name");
	if (ret < 0)
		return ret;
	how.form = (enum export_form)form;
	ret = export_rows(tab, &how, file.fd, ret_rows);
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
	if (item.note)
		return false;
	if (!tab->ops->give) {
		add_row(tab, EXPORT_JSON, ret, &item);
		return !ret->full;
	}
	if (write_json(tab, fd, &rows) < 0 || !rows || lseek(fd, 0, SEEK_SET) < 0 ||
	    read_fd(fd, "row", ROW_MAX_BYTES, &text, &len, NULL) < 0)
		return false;
	while (len && ((char *)text)[len - 1] == '\n')
		len--;
	strbuf_add(ret, text, len);
	free(text);
	return !ret->full;
}

/* For a shell. map NULL: the text alone. */
static void add_option(struct strbuf *ret, const char *name, const char *map, const char *text)
{
	_cleanup_free_ char *word = xasprintf("%s%s%s", map ? map : "", map ? ":" : "", text);

	strbuf_addf(ret, " --%s ", name);
	strbuf_add_word(ret, word);
}

static const char *expression_of(const struct tab *tab)
{
	return tab->filter && tab->filter->filter ? tab->filter->text : NULL;
}

static void add_order(struct strbuf *ret, const struct tab *tab)
{
	const struct columns *columns = &tab->columns;
	const struct column *column = columns->sort < 0 ? NULL : &columns->all[columns->sort];

	_cleanup_free_ char *word = NULL;

	if (!column || !column->field || column->off)
		return;
	word = xasprintf("%s%s", column->field->path, columns->direction > 0 ? ":up" : "");
	add_option(ret, "sort", NULL, word);
}

static void add_groups(struct strbuf *ret, const struct tab *base, const char *map)
{
	_cleanup_strbuf_ struct strbuf by = STRBUF_INIT(4096);

	for (uint32_t i = 0; i < base->nby; i++) {
		const struct column *column = &base->columns.all[base->by[i]];

		strbuf_addf(&by, "%s%s", i ? "," : "", column->field->path);
	}
	add_option(ret, "by", map, strbuf_str(&by));
}

bool export_command(const struct tab *base, const struct tab *shown, struct strbuf *ret)
{
	const char *map = tab_label(base);
	bool series = base->ops->kind == TAB_ROWS, groups = shown != base;

	if (!series && base->ops->kind != TAB_STREAM)
		return false;
	strbuf_adds(ret, " -o table");
	if (groups)
		add_groups(ret, base, map);
	else if (series)
		add_option(ret, "show", NULL, map);
	if (!series && expression_of(base))
		add_option(ret, "where", map, expression_of(base));
	else if (series && !groups && expression_of(base))
		add_option(ret, "having", NULL, expression_of(base));
	if (groups && expression_of(shown))
		add_option(ret, "having", NULL, expression_of(shown));
	if (series || groups)
		add_order(ret, shown);
	return true;
}
