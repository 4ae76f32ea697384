/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals in words, beyond what features.h promises to the layers above. */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_EXPLAIN_H
#define BOMBUS_RUNNER_LOAD_KERNEL_EXPLAIN_H

#include <stdint.h>
#include "runner/load/kernel/features.h"

struct bpflog;

/* libbpf refused to open the object. */
int explain_open(int code, const struct bpflog *log, struct err *err);
/* Loading failed, and not because of a single program: a map, an extern, BTF. */
int explain_object(int code, const struct bpflog *log, struct err *err);

/*
 * A hook was not found: looks through all that this kernel has, and hints at the nearest name.
 * Slow, and therefore not a part of explain_load() and explain_attach(), which are also asked
 * about programs whose alternatives still have a chance.
 */
void explain_nearest(const struct prog_plan *prog, int code, struct err *err);

#endif
