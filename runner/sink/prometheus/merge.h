/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series whose labels differ as bytes and read the same: an error of either sign, two addresses of
 * one symbol, stacks that were cut off. An exposition must not have two series of one name and
 * labels, so they are added up here before the first of them is written.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_MERGE_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_MERGE_H

#include "runner/sink/prometheus/expo.h"

struct merge;

struct merge *merge_new(const struct metric_plan *plan);
void merge_free(struct merge *merge);
/* How many sets there are. */
uint32_t merge_count(const struct merge *merge);

/* Adds the cells of one series. */
void merge_add(struct merge *merge, struct expo_set set, const union cell *cells);
/* The sum of all series with this set; NULL where this round has returned it before. A series that
 * came after merge_add() counts alone. */
const union cell *merge_take(struct merge *merge, struct expo_set set, const union cell *cells);
/* A new round: every sum is returned once more. */
void merge_next_round(struct merge *merge);

#endif
