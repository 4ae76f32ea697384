/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which type names mean what: our own (include/bombus/types.bpf.h), BumbleBee's, the kernel's and
 * Inspektor Gadget's. A name counts only where the type under it has the right shape.
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_MEANINGS_H
#define BOMBUS_RUNNER_LOAD_PLAN_MEANINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/load/plan/layout.h"

enum meaning meaning_of_typedef(const char *name);
enum meaning meaning_of_struct(const char *name);

/* May a number (int, enum, pointer) of this many bytes have the meaning? */
bool meaning_fits_number(enum meaning meaning, uint32_t size_bytes);
/* May an array of bytes, a struct or a union of this many bytes have it? Not asked for MEAN_IP. */
bool meaning_fits_bytes(enum meaning meaning, uint32_t size_bytes);

/* "ns" for durations ...; NULL: none. */
const char *meaning_unit(enum meaning meaning);
/* What a lone value of that meaning is called: "pid"; NULL: nothing better than the default. */
const char *meaning_name(enum meaning meaning);

#endif
