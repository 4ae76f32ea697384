/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of `run` that name maps and fields, turned into one filter and one metric plan a map.
 */
#ifndef BOMBUS_CMD_RUN_SELECT_H
#define BOMBUS_CMD_RUN_SELECT_H

#include "cmd/opts.h"
#include "runner/read/filter/filter.h"
#include "runner/read/series/metric.h"

struct select_words {
	struct words filter;	   /* -f MAP,FIELD,REGEX */
	struct words where;	   /* EXPR or MAP:EXPR */
	struct words labels;	   /* MAP=a,b */
	struct words drop_labels;  /* MAP=a,b */
	struct words relabels;	   /* MAP,FIELD,/REGEX/TEXT/ */
	struct words hist_buckets; /* MAP,[1,2,3] */
	struct words hist_keys;	   /* MAP,FIELD */
	bool per_cpu;
	bool every_label; /* --compat bee: every member is a label */
};

/* Arrays by map index, NULL where a map has none; malloc'ed, to be handed to collector_new(). */
struct selection {
	struct filter **filters;
	struct metric_plan **metrics;
};

int select_maps(const struct plan *plan, const struct select_words *words, struct selection *ret,
		struct err *err);

/* What was not handed over. */
void selection_release(const struct plan *plan, struct selection *selection);

#endif
