/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the debugger's sections (.debug_*, and the symbols that only they need) out of an object
 * that a compiler wrote. BTF and its relocations stay: they are what bombus reads.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_STRIP_H
#define BOMBUS_RUNNER_LOAD_ELF_STRIP_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* The same input gives the same output. *ret is malloc'ed. -EINVAL: not a relocatable object of
 * 64 bits in this machine's byte order, or a damaged one. */
int elf_strip(const void *bytes, size_t len, void **ret, size_t *ret_len, struct err *err);

/* Whether it has a section of this name; false for what is no such object. */
bool elf_has_section(const void *bytes, size_t len, const char *name);

#endif
