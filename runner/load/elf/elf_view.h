/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF object as bytes that may be hostile: headers copied out and checked, every section inside
 * the file. Borrows the bytes. The errors are those of elf_merge_maps().
 */
#ifndef BOMBUS_RUNNER_LOAD_ELF_ELF_VIEW_H
#define BOMBUS_RUNNER_LOAD_ELF_ELF_VIEW_H

#include <elf.h>
#include <stdint.h>
#include "base/bytes.h"

struct err;

struct elf_view {
	struct bytes file;
	Elf64_Ehdr head;
	Elf64_Shdr *sections;
	uint32_t nsections;
	struct bytes names;
	struct bytes symbols; /* whole Elf64_Sym's */
	struct bytes symbol_names;
	uint32_t symtab, btf; /* section numbers; 0: none */
};

/* Also after failure: elf_view_release(). */
int elf_view_open(struct elf_view *v, const void *bytes, size_t len, struct err *err);
void elf_view_release(struct elf_view *v);

const char *elf_section_name(const struct elf_view *v, uint32_t i); /* never NULL */
/* The bytes of a section in the file; empty for sections of zeros. */
struct bytes elf_section_data(const struct elf_view *v, uint32_t i);
size_t elf_nsymbols(const struct elf_view *v);
Elf64_Sym elf_symbol(const struct elf_view *v, size_t i);

/* EXIT_FAILED and -EINVAL. */
int elf_refuse(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
