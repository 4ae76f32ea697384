// SPDX-License-Identifier: Apache-2.0
/* Rows of text as an aligned table, as JSON, or through a template: '{{.Name}} {{.Size}}'. */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>

#include "base/parse.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/images/files.h"

/*
 * A table pads each cell to its column's width and cells come from registries: a manifest of
 * 4 MiB must not become gigabytes of blanks. Cells wider than the padding stand out of their
 * column; cells that are longer still are cut.
 */
#define MAX_PADDED_COLUMNS 64
#define MAX_CELL_COLUMNS 1024
#define CUT_MARK "..."

enum listing_form { FORM_TABLE, FORM_JSON, FORM_TEMPLATE };

struct listing {
	enum listing_form form;
	const char *template;
	const struct column *columns;
	size_t ncolumns, nrows;
	char **cells; /* nrows * ncolumns */
};

static int column_index(const struct listing *l, const char *name, size_t len)
{
	for (size_t i = 0; i < l->ncolumns; i++)
		if (strlen(l->columns[i].name) == len &&
		    strncasecmp(l->columns[i].name, name, len) == 0)
			return (int)i;
	return -ENOENT;
}

/* The next {{.Field}} at or behind *p: its name; *p then stands behind it. NULL: none. */
static const char *next_field(const char **p, const char **ret_literal_end, size_t *ret_len)
{
	const char *open = strstr(*p, "{{.");
	const char *close = open ? strstr(open, "}}") : NULL;

	if (!close)
		return NULL;
	*ret_literal_end = open;
	*ret_len = (size_t)(close - open) - 3;
	*p = close + 2;
	return open + 3;
}

static int check_template(const struct listing *l, struct err *err)
{
	const char *p = l->template, *end, *name;
	size_t len;

	while ((name = next_field(&p, &end, &len))) {
		_cleanup_strbuf_ struct strbuf all = STRBUF_INIT(400);

		if (column_index(l, name, len) >= 0)
			continue;
		for (size_t i = 0; i < l->ncolumns; i++)
			strbuf_addf(&all, " {{.%s}}", l->columns[i].name);
		err_hint(err, "fields:%s", strbuf_str(&all));
		return err_usage(err, "--format: no field '%.*s'", (int)len, name);
	}
	return 0;
}

struct listing *listing_new(const char *format, const struct column *columns, size_t count,
			    struct err *err)
{
	struct listing *l = xcalloc(1, sizeof(*l));

	*l = (struct listing){ .columns = columns, .ncolumns = count };
	if (!format || streq(format, "table")) {
		l->form = FORM_TABLE;
	} else if (streq(format, "json")) {
		l->form = FORM_JSON;
	} else if (strstr(format, "{{")) {
		l->form = FORM_TEMPLATE;
		l->template = format;
		if (check_template(l, err) == 0)
			return l;
		free(l);
		return NULL;
	} else {
		err_hint(err, "table, json, or a template such as '{{.%s}}'", columns[0].name);
		err_usage(err, "--format does not take '%s'", format);
		free(l);
		return NULL;
	}
	return l;
}

void listing_row(struct listing *l, const char *const *cells)
{
	l->cells = xreallocarray(l->cells, (l->nrows + 1) * l->ncolumns, sizeof(*l->cells));
	for (size_t i = 0; i < l->ncolumns; i++)
		l->cells[l->nrows * l->ncolumns + i] = xstrdup(cells[i] ? cells[i] : "");
	l->nrows++;
}

static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* The escaped text, of at most MAX_CELL_COLUMNS. */
static char *cell_text(const char *text)
{
	char *safe = utf8_term_text(text);
	size_t columns = 0;

	for (char *c = safe; *c; c++) {
		columns += ((unsigned char)*c & 0xc0) != 0x80;
		if (columns <= MAX_CELL_COLUMNS)
			continue;
		/* The mark takes the place of as many characters, each of a byte or more. */
		columns = 0;
		while (columns < strlen(CUT_MARK))
			columns += ((unsigned char)*--c & 0xc0) != 0x80;
		memcpy(c, CUT_MARK, sizeof(CUT_MARK));
		break;
	}
	return safe;
}

static void print_cell(const struct listing *l, size_t column, const char *text, size_t width)
{
	size_t have = text_width(text), pad = width > have ? width - have : 0;
	bool last = column + 1 == l->ncolumns;

	if (l->columns[column].right)
		printf("%*s%s", (int)pad, "", text);
	else
		printf("%s%*s", text, last ? 0 : (int)pad, "");
	fputs(last ? "\n" : "  ", stdout);
}

static void print_table(struct listing *l)
{
	_cleanup_free_ size_t *widths = xcalloc(l->ncolumns + 1, sizeof(*widths));

	for (size_t i = 0; i < l->ncolumns; i++)
		widths[i] = strlen(l->columns[i].name);
	for (size_t i = 0; i < l->nrows * l->ncolumns; i++) {
		char *safe = cell_text(l->cells[i]);
		size_t width = MIN(text_width(safe), (size_t)MAX_PADDED_COLUMNS);

		free(l->cells[i]);
		l->cells[i] = safe;
		widths[i % l->ncolumns] = MAX(widths[i % l->ncolumns], width);
	}
	for (size_t i = 0; i < l->ncolumns; i++) {
		char heading[64];
		size_t n = 0;

		for (const char *c = l->columns[i].name; *c && n + 1 < sizeof(heading); c++)
			heading[n++] = (char)toupper((unsigned char)*c);
		heading[n] = '\0';
		print_cell(l, i, heading, widths[i]);
	}
	for (size_t i = 0; i < l->nrows * l->ncolumns; i++)
		print_cell(l, i % l->ncolumns, l->cells[i], widths[i % l->ncolumns]);
}

static void print_template(const struct listing *l, char *const *row)
{
	const char *p = l->template, *from = p, *end, *name;
	size_t len;

	while ((name = next_field(&p, &end, &len))) {
		_cleanup_free_ char *safe = utf8_term_text(row[column_index(l, name, len)]);

		printf("%.*s%s", (int)(end - from), from, safe);
		from = p;
	}
	printf("%s\n", from);
}

static json_t *row_json(const struct listing *l, char *const *row)
{
	json_t *object = json_object();

	for (size_t i = 0; i < l->ncolumns; i++) {
		char key[64];
		size_t n = 0;

		for (const char *c = l->columns[i].name; *c && n + 1 < sizeof(key); c++)
			key[n++] = (char)tolower((unsigned char)*c);
		key[n] = '\0';
		json_t *value = l->columns[i].number
					? json_integer((json_int_t)strtoull(row[i], NULL, 10))
					: json_string(row[i]);
		json_object_set_new(object, key, value ? value : json_string(""));
	}
	return object;
}

static int print_json(const struct listing *l, struct err *err)
{
	json_t *rows = json_array();

	for (size_t r = 0; r < l->nrows; r++)
		json_array_append_new(rows, row_json(l, l->cells + r * l->ncolumns));
	return file_print_json(rows, err);
}

int listing_end(struct listing *l, struct err *err)
{
	int ret = 0;

	if (l->form == FORM_TABLE)
		print_table(l);
	else if (l->form == FORM_JSON)
		ret = print_json(l, err);
	else
		for (size_t r = 0; r < l->nrows; r++)
			print_template(l, l->cells + r * l->ncolumns);
	for (size_t i = 0; i < l->nrows * l->ncolumns; i++)
		free(l->cells[i]);
	free(l->cells);
	free(l);
	return ret;
}
