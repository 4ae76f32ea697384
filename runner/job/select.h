/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which records of a program's maps are kept and which metrics are made of them: one filter and one
 * metric plan a map, from the choices of a configuration.
 *
 * A choice names its map by its name or symbol. Texts and arrays are borrowed during the call.
 */
#ifndef BOMBUS_RUNNER_JOB_SELECT_H
#define BOMBUS_RUNNER_JOB_SELECT_H

#include "runner/read/filter/filter.h"
#include "runner/read/series/metric.h"

/* With a field, `text` is a regular expression for it; without one it is an expression of filter.h,
 * and without a map it is for each map that has its fields. */
struct select_filter {
	const char *map, *field, *text;
};

struct select_fields {
	const char *map;
	const char *const *fields;
	size_t nfields;
};

struct select_relabel {
	const char *map;
	struct metric_relabel relabel;
};

/* The bounds of a histogram in the words of BOMBUS_BUCKETS; unit NULL: the tag's. */
struct select_buckets {
	const char *map, *buckets, *unit;
};

/* The field that a histogram made of events observes. */
struct select_observed {
	const char *map, *field;
};

/* Of several choices for one map the last counts, but for filters and relabels, which add up. */
struct select_opts {
	const struct select_filter *filters;
	size_t nfilters;
	const struct select_fields *labels;
	size_t nlabels;
	const struct select_fields *drop_labels;
	size_t ndrop_labels;
	const struct select_relabel *relabels;
	size_t nrelabels;
	const struct select_buckets *buckets;
	size_t nbuckets;
	const struct select_observed *observed;
	size_t nobserved;
	bool per_cpu;	  /* values of per-CPU maps are split by a label cpu */
	bool every_label; /* every member is a label, as BumbleBee has it */
};

/* Arrays by map index, NULL where a map has none; malloc'ed, to be handed to collector_new(). */
struct selection {
	struct filter **filters;
	struct metric_plan **metrics;
};

/* EXIT_USAGE where a choice names no map, or one that it cannot be for. On failure the selection
 * needs releasing too. */
int select_maps(const struct plan *plan, const struct select_opts *opts, struct selection *ret,
		struct err *err);

/* What was not handed over. */
void selection_release(const struct plan *plan, struct selection *selection);

#endif
