/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by fields: numbers by value, everything else byte by byte. */
#ifndef BOMBUS_RUNNER_TUI_MODEL_ORDER_H
#define BOMBUS_RUNNER_TUI_MODEL_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

struct order_item {
	uint64_t key; /* of the sort column; ascending order of keys is the order of rows */
	uint64_t tie; /* of the row's first label */
	uint32_t slot;
};

/* A number that sorts as the field does, as far as 8 bytes can tell. */
uint64_t order_key(const struct field *field, const void *base);
/* Compares whole fields: < 0, 0, > 0. */
int order_compare(const struct field *field, const void *a, const void *b);

#endif
