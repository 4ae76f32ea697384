/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One item from the kernel side: the raw bytes of a ring buffer's record or of a map's entry.
 * Nothing is decoded until a caller needs it. A record borrows its bytes: it is valid during the
 * call that hands it over.
 */
#ifndef BOMBUS_RUNNER_READ_RECORD_H
#define BOMBUS_RUNNER_READ_RECORD_H

#include <stdint.h>
#include "runner/load/plan/plan.h"

/* Where a field stands. */
enum part { PART_KEY, PART_VALUE };

struct record {
	const struct map_plan *map;
	const void *part[2];  /* by enum part; the key is NULL where the map has none */
	uint32_t value_bytes; /* at least map->value.size_bytes; else it is no record */
	uint64_t time_ns; /* Unix time: of the record's first time-typed field, else of reading */
};

#endif
