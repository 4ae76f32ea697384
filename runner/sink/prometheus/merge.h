/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series whose labels differ as bytes and read the same: an error of either sign, two addresses of
 * one symbol, stacks that were cut off. An exposition must not have two of one name and labels:
 * they are added up here, before the first of them is written.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_MERGE_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_MERGE_H

#include "runner/sink/prometheus/expo.h"

struct merge;

struct merge *merge_new(const struct metric_plan *plan);
void merge_free(struct merge *merge);

/* Adds the cells of one series. */
void merge_add(struct merge *merge, struct expo_set set, const union cell *cells);
/* What all with this set add up to; NULL where it was asked for before, in this round. A series
 * that came since it was added is what it is alone. */
const union cell *merge_take(struct merge *merge, struct expo_set set, const union cell *cells);
/* Everything may be asked for once more. */
void merge_next_round(struct merge *merge);

#endif
