/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions of an object as its compiler wrote them, with the maps that they load by name:
 * these are relocations, which the loader resolves much later.
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_ELF_CODE_H
#define BOMBUS_RUNNER_LOAD_ELF_ELF_CODE_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

struct elf_image;

/* One section of code: whole programs, one after the other. */
struct elf_code {
	const struct bpf_insn *insns;
	const char **symbols;	/* by instruction: the symbol that it refers to; NULL: none */
	const char **functions; /* by instruction: the function that begins there; NULL: none */
	size_t count;
};

/* Calls `each` for every section of code. Damaged sections are left out. */
void elf_code_each(const struct elf_image *image,
		   void (*each)(void *ctx, const struct elf_code *code), void *ctx);

#endif
