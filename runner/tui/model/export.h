/* SPDX-License-Identifier: Apache-2.0 */
/* What a tab shows, for other programs: the shown columns of the shown rows, in their order, with
 * whole numbers instead of short ones. */
#ifndef BOMBUS_RUNNER_TUI_MODEL_EXPORT_H
#define BOMBUS_RUNNER_TUI_MODEL_EXPORT_H

#include "base/strbuf.h"
#include "runner/tui/model/tab.h"

enum export_form { EXPORT_CSV, EXPORT_JSON, EXPORT_TXT, NEXPORT_FORMS };

struct csv_place;
struct csv_sheet;

/* How rows are written one table after the other. */
struct export_how {
	enum export_form form;
	uint64_t max_rows; /* 0: all */
	/* Before each row in CSV and JSON. */
	uint64_t time_ns;    /* since 1970; 0: none */
	const char *program; /* NULL: none */
	const char *map;     /* NULL: none */
	/* CSV: lines are spread over the columns of several maps, without a header; NULL: they
	 * stand alone. */
	const struct csv_sheet *sheet;
	const struct csv_place *place;
};
/* The header of CSV, without newline. */
void export_header(struct tab *tab, const struct export_how *how, struct strbuf *ret);
int export_rows(struct tab *tab, const struct export_how *how, int fd, uint64_t *ret_rows);

/* files NULL: this process makes it. */
struct files;
int export_file(struct tab *tab, struct files *files, const char *path, uint64_t *ret_rows,
		struct err *err);
/* The row under the cursor, as `-o json` prints it. False: there is none. */
bool export_row(struct tab *tab, struct strbuf *ret);

/* Adds the options that print the view: map, groups, filter, order. False: none do. */
bool export_command(const struct tab *base, const struct tab *shown, struct strbuf *ret);

#endif
