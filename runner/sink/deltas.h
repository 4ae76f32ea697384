/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each series' counters were the last time, by the series' id. Bounded: with too many ids
 * everything is forgotten at once, and a change is not known once for each.
 */
#ifndef BOMBUS_RUNNER_SINK_DELTAS_H
#define BOMBUS_RUNNER_SINK_DELTAS_H

#include <stdbool.h>
#include <stdint.h>

#define DELTAS_MAX_IDS 65536u

struct deltas;

/* `width` numbers per id. max_ids: DELTAS_MAX_IDS, or more where they are bounded elsewhere. */
struct deltas *deltas_new(uint32_t width, uint32_t max_ids);
void deltas_free(struct deltas *deltas);

/* The numbers of this id, to be read and replaced; valid until the next call. *ret_known: false
 * when it was not seen before, they are 0 then. */
uint64_t *deltas_of(struct deltas *deltas, uint64_t id, bool *ret_known);

#endif
