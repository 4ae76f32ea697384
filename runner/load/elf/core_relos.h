/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relocations for the running kernel (CO-RE, in .BTF.ext), and what they say of types: the ones
 * that they begin at, and all that these lead to, are the kernel's. What a program declares for
 * itself needs no relocation.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_CORE_RELOS_H
#define BOMBUS_RUNNER_LOAD_ELF_CORE_RELOS_H

#include <stdbool.h>

struct btf;
struct elf_image;
struct elf_view;

/* By type id, malloc'ed; as many as the BTF has types. */
bool *core_kernel_types(const struct elf_view *v, const struct btf *btf);

/*
 * Takes relocations out, in place, for structs called gadget_...: these programs reach a struct of
 * their own loader so, which answers for the kernel. Without it their map stays empty, and the
 * layout that the compiler saw is the only one there is.
 */
void core_keep_own_types(struct elf_image *image);

#endif
