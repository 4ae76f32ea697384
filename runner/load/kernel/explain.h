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

/* This process's effective capabilities, a bit each; in a user namespace it has none. */
uint64_t effective_caps(void);
/* "CAP_BPF and CAP_PERFMON": what loading programs for this hook lacks; "" nothing. */
void missing_caps(uint8_t hook, char *text, size_t size);
/* "integrity", "confidentiality"; NULL: no lockdown. */
const char *kernel_lockdown(void);

#endif
