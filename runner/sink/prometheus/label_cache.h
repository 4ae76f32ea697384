/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of label sets, kept from one scrape to the next and from one family of a map to the
 * other. They are made once for a series and copied for each of its lines. The key is the series'
 * id, which is never used twice, so a series that goes needs no notice.
 *
 * Texts are in the order of the series, in which they are read. Memory is bounded: a text without
 * room is made anew each time. One thread.
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
