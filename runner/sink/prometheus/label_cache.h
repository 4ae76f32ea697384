/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of label sets, kept from one scrape to the next and from one family of a map to the
 * other: made once for a series, they are copied for each of its lines. What is kept hangs on the
 * series' ids, which are never used twice, so that nothing has to be told when a series goes.
 *
 * Texts stand in the order of the series, which is the order they are read in. The memory is
 * bounded: what finds no room is made anew each time. One thread.
 */
#ifndef BOMBUS_RUNNER_SINK_PROMETHEUS_LABEL_CACHE_H
#define BOMBUS_RUNNER_SINK_PROMETHEUS_LABEL_CACHE_H

#include "runner/sink/prometheus/expo.h"

struct label_cache;

struct label_cache *label_cache_new(uint32_t nmaps, uint64_t max_bytes);
void label_cache_free(struct label_cache *cache);

/* The set of series `id`, which stands at `place` (struct series_rows). False: it is not kept. */
bool label_cache_get(const struct label_cache *cache, uint32_t map, enum expo_sets sets,
		     uint32_t place, uint64_t id, struct expo_set *ret);
void label_cache_put(struct label_cache *cache, uint32_t map, enum expo_sets sets, uint32_t place,
		     uint64_t id, struct expo_set set);
uint64_t label_cache_bytes(const struct label_cache *cache);

#endif
