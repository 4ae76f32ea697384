/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns what one program gives into stacks with values of one unit: the rows of its counters and
 * gauges that have a stack among their labels, by their first value; those of the first such map's
 * unit. Where there are none, the records of its event streams with a stack, each of which
 * counts 1.
 *
 *	the program, where there are several; the map, where several have stacks
 *	the process: a field or label called comm
 *	frames of the user, then of the kernel
 */
#ifndef BOMBUS_RUNNER_SINK_FLAME_FLAME_FEED_H
#define BOMBUS_RUNNER_SINK_FLAME_FLAME_FEED_H

#include "runner/sink/flame/flame_tree.h"
#include "runner/sink/text.h"

struct flame_feed;

/* NULL: no map of the source has stacks that can be counted. The tree is borrowed. */
struct flame_feed *flame_feed_new(struct source *source, struct flame_tree *tree);
void flame_feed_free(struct flame_feed *feed);

void flame_feed_event(struct flame_feed *feed, const struct record *record);
/* Rows as the host gives them: a row counts by its difference to the time before. */
void flame_feed_rows(struct flame_feed *feed, const struct series_rows *rows);

/* "samples" or the name of the map, and the unit of the values ("us", "bytes"), "count" for
 * numbers. */
struct flame_unit {
	const char *what, *unit;
};
struct flame_unit flame_feed_unit(const struct flame_feed *feed);

/* The stacks and the process among fields. */
struct flame_fields {
	const struct field *user, *kernel, *comm; /* NULL: none */
};
/* False: none is a stack. */
bool flame_fields_of(const struct field *const *fields, uint32_t count, struct flame_fields *ret);
/* The node of the stack in the record or key at `base`, below `parent`. */
uint32_t flame_fields_add(const struct flame_fields *fields, const void *base,
			  struct resolver *resolver, struct flame_tree *tree, uint32_t parent);

#endif
