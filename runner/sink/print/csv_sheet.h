/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One header for lines of several kinds. It has the columns of all kinds. A name that two kinds
 * share is there once, if both have their columns in the same order. A line of one kind is spread
 * over the header: columns that the kind does not have are empty.
 */
#ifndef BOMBUS_RUNNER_SINK_PRINT_CSV_SHEET_H
#define BOMBUS_RUNNER_SINK_PRINT_CSV_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_sheet {
	char **names; /* quoted where they have to be */
	uint32_t count;
};

/* The columns of one kind, by their places on the sheet. */
struct csv_place {
	uint32_t *at;
	uint32_t count;
	bool first; /* they are the first ones of the sheet */
};

void csv_sheet_release(struct csv_sheet *sheet);
/* "time,map,kind,a,b", which may end in a newline. */
void csv_sheet_add(struct csv_sheet *sheet, const char *header);
/* A column behind all others, unless there is one of this name. */
void csv_sheet_need(struct csv_sheet *sheet, const char *name);
/* The header of all, with a newline; the caller frees it. */
char *csv_sheet_header(const struct csv_sheet *sheet);

/* Once the sheet has all kinds. */
void csv_place_find(struct csv_place *place, const struct csv_sheet *sheet, const char *header);
void csv_place_release(struct csv_place *place);
/* A line without newline; dst has room for it and as many bytes as the sheet has columns. Returns
 * the end. */
char *csv_sheet_spread(const struct csv_sheet *sheet, const struct csv_place *place, char *dst,
		       const char *line, size_t len);

#endif
