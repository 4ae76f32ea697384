/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which types of an object are the kernel's: those that relocations for the running kernel (CO-RE,
 * in .BTF.ext) begin at, and all that these lead to. What a program declares for itself needs no
 * relocation.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_CORE_RELOS_H
#define BOMBUS_RUNNER_LOAD_ELF_CORE_RELOS_H

#include <stdbool.h>

struct btf;
struct elf_view;

/* By type id, malloc'ed; as many as the BTF has types. */
bool *core_kernel_types(const struct elf_view *v, const struct btf *btf);

#endif
