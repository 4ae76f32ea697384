/* SPDX-License-Identifier: Apache-2.0 */
/* One map's lines in a table: which columns it has, and how a record or a row fills them. */
#ifndef BOMBUS_RUNNER_SINK_PRINT_TABLE_MAP_H
#define BOMBUS_RUNNER_SINK_PRINT_TABLE_MAP_H

#include "runner/sink/deltas.h"
#include "runner/sink/print/grid.h"
#include "runner/sink/print/span_view.h"
#include "runner/sink/text.h"

struct table_map {
	const struct map_plan *map;
	const struct metric_plan *plan; /* of rows; NULL: records */
	struct span_views *spans;	/* borrowed; NULL: no map of spans */
	struct grid grid;
	struct deltas *deltas; /* a number per family, and per histogram its count */
	struct field *cells;   /* per family: how its cell is shown to people */
	char *scratch;	       /* for one value */
	char *program;	       /* escaped, of the column with the program's name; NULL: none */
	bool names_map;	       /* has a column with the map's name */
	bool header_shown;
	uint64_t header_line; /* number of the line that was its last header */
};

/* "312 events of 'events' lost: why; what to do", escaped, with a NUL. */
void lost_text(char *dst, size_t room, const struct map_plan *map, enum lost_where where,
	       uint64_t count);

/* Numbers to be compared stand to the right; what only looks like a number stands to the left. */
bool field_stands_right(const struct field *field);
/* How wide a column is before anything was seen: little, since it grows with what comes and a
 * terminal has no room to give away. */
uint32_t field_first_cells(const struct field *field);
/* The head of a column: `name`, with the field's unit where its values are shown without one:
 * "vm(pages)"; malloc'ed. */
char *field_title(const struct field *field, const char *name);
/* The cell as if it were a field: durations and sizes get units. */
struct field field_of_cell(const struct family *family);

/* Which columns name what a line belongs to. */
struct table_names {
	const char *program; /* NULL: none */
	bool map;
};
void table_map_init(struct table_map *ret, const struct map_plan *map,
		    const struct metric_plan *plan, struct span_views *spans,
		    const struct grid_page *page, const struct table_names *names);
void table_map_release(struct table_map *map);

/* A line with its newline; valid until the next call for this map. NULL: a record of a map of
 * spans that is none. */
const char *table_map_record(struct table_map *map, const struct record *record,
			     struct resolver *resolver, size_t *ret_len);
const char *table_map_row(struct table_map *map, const struct series_rows *rows, uint32_t i,
			  uint64_t time_ns, struct resolver *resolver, size_t *ret_len);

/* Widens the label columns for these rows beforehand, so that they stand under their header. */
void table_map_measure(struct table_map *map, const struct series_rows *rows,
		       struct resolver *resolver);

#endif
