/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relocations for the running kernel (CO-RE, in .BTF.ext). They tell the kernel's types: those that
 * a relocation names, and all types that these refer to. A program's own types need no relocation.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_CORE_RELOS_H
#define BOMBUS_RUNNER_LOAD_ELF_CORE_RELOS_H

#include <stdbool.h>

struct btf;
struct elf_image;
struct elf_view;

/* Which types are the kernel's: by type id, malloc'ed, as many as the BTF has types. */
bool *core_kernel_types(const struct elf_view *v, const struct btf *btf);

/*
 * Removes, in place, the relocations for structs called gadget_... These belong to a program's own
 * loader, which relocates them in the kernel's place. Without that loader the program's map stays
 * empty, and the layout at compile time is the only one.
 */
void core_keep_own_types(struct elf_image *image);

#endif
