// SPDX-License-Identifier: Apache-2.0
#include "runner/load/elf/elf_code.h"

#include "base/util.h"
#include "runner/load/elf/elf.h"
#include "runner/load/elf/elf_view.h"

static void add_symbols(const struct elf_view *v, uint32_t section, struct elf_code *code)
{
	struct bytes rels = elf_section_data(v, section);
	Elf64_Rel rel;

	for (size_t at = 0; bytes_get(rels, at, &rel, sizeof(rel)); at += sizeof(rel)) {
		size_t insn = rel.r_offset / sizeof(struct bpf_insn);
		Elf64_Sym sym = elf_symbol(v, ELF64_R_SYM(rel.r_info));

		if (insn < code->count && sym.st_name)
			code->symbols[insn] = bytes_str(v->symbol_names, sym.st_name);
	}
}

static void add_functions(const struct elf_view *v, uint32_t section, struct elf_code *code)
{
	for (size_t i = 1; i < elf_nsymbols(v); i++) {
		Elf64_Sym sym = elf_symbol(v, i);
		size_t insn = sym.st_value / sizeof(struct bpf_insn);

		if (sym.st_shndx == section && ELF64_ST_TYPE(sym.st_info) == STT_FUNC &&
		    insn < code->count)
			code->functions[insn] = bytes_str(v->symbol_names, sym.st_name);
	}
}

static void read_code(const struct elf_view *v, uint32_t section,
		      void (*each)(void *ctx, const struct elf_code *code), void *ctx)
{
	struct bytes data = elf_section_data(v, section);
	size_t count = data.len / sizeof(struct bpf_insn);
	_cleanup_free_ struct bpf_insn *insns = xcalloc(count + 1, sizeof(*insns));
	_cleanup_free_ const char **symbols = xcalloc(count + 1, sizeof(*symbols));
	_cleanup_free_ const char **functions = xcalloc(count + 1, sizeof(*functions));
	struct elf_code code = { insns, symbols, functions, count };

	memcpy(insns, data.ptr, count * sizeof(*insns));
	for (uint32_t i = 1; i < v->nsections; i++)
		if (v->sections[i].sh_type == SHT_REL && v->sections[i].sh_info == section)
			add_symbols(v, i, &code);
	add_functions(v, section, &code);
	each(ctx, &code);
}

void elf_code_each(const struct elf_image *image,
		   void (*each)(void *ctx, const struct elf_code *code), void *ctx)
{
	_cleanup_(elf_view_release) struct elf_view v = { 0 };

	if (elf_view_open(&v, image->bytes, image->len, NULL))
		return;
	for (uint32_t i = 1; i < v.nsections; i++)
		if (v.sections[i].sh_type == SHT_PROGBITS &&
		    (v.sections[i].sh_flags & SHF_EXECINSTR) && elf_section_data(&v, i).len)
			read_code(&v, i, each, ctx);
}
