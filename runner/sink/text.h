/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sinks that write text have in common: labels and cells of series rows as text, and
 * the names that the running system knows.
 */
#ifndef BOMBUS_RUNNER_SINK_TEXT_H
#define BOMBUS_RUNNER_SINK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include "runner/read/text/decode.h"
#include "runner/read/series/series.h"
#include "runner/sink/sink.h"

#define OVERFLOW_TEXT "__overflow__"
#define CELL_ROOM 24 /* of cell_text() */

/*
 * The names that the running system knows, for one sink's thread. Stacks are looked up in the
 * program's stack maps, where it has some: these are there when the object was started, which may
 * be after the sink's open().
 */
struct sink_names {
	struct resolver *resolver;
	struct source *source;	       /* borrowed */
	const struct map_plan *stacks; /* the first one to be asked for; NULL: all are known */
};
void sink_names_init(struct sink_names *names, struct source *source);
void sink_names_release(struct sink_names *names);
void sink_names_find_stacks(struct sink_names *names);

static inline struct resolver *sink_names_get(struct sink_names *names)
{
	if (__builtin_expect(names->stacks != NULL, 0))
		sink_names_find_stacks(names);
	return names->resolver;
}

/* How many maps are shown in one way or the other. */
uint32_t maps_shown(const struct plan *plan);

/* A field that has a column of its own: what dates a record stands in the column of times. */
static inline bool has_column(const struct layout *layout, const struct field *field)
{
	return !(field->tags & TAG_HIDE) && field != layout_time(layout);
}

static inline const uint8_t *row_key(const struct series_rows *rows, uint32_t i)
{
	return rows->keys + (size_t)i * rows->plan->key_bytes;
}
static inline const union cell *row_cells(const struct series_rows *rows, uint32_t i)
{
	return rows->cells + (size_t)i * rows->plan->ncells;
}

/* Whether two series may have the same labels as text: by what the labels are, or as a program may
 * be called what the overflow is. */
bool series_may_read_same(struct source *source, const struct metric_plan *plan);

/* Room for a label in any row and style. */
size_t label_text_max(const struct label *label);
/* The label's value in row i; OVERFLOW_TEXT (without quotes in any style) in the overflow's. */
size_t label_text(char *dst, const struct label *label, const struct series_rows *rows, uint32_t i,
		  enum style style, struct resolver *resolver);

/* A cell as it is, unscaled: an integer, or the shortest double. `json`: null for what is not
 * a number there. */
size_t cell_text(char *dst, enum cell_type type, union cell cell, bool json);

/* All observations of a histogram. */
uint64_t histogram_count(const struct family *family, const union cell *cells);
static inline union cell histogram_sum(const struct family *family, const union cell *cells)
{
	return cells[family->cell + family->nbounds + 1];
}

#endif
