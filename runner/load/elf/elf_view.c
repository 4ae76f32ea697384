// SPDX-License-Identifier: Apache-2.0
#include "runner/load/elf/elf_view.h"

#include <errno.h>
#include <stdarg.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/elf/elf_btf.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

#define MAX_OBJECT_BYTES (256u << 20)
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_DATA ELFDATA2LSB
#else
#define HOST_DATA ELFDATA2MSB
#endif

void elf_view_release(struct elf_view *v)
{
	free(v->sections);
}

int elf_refuse(struct err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_exit(err, EXIT_FAILED);
	return err_set(err, EINVAL, "%s", text);
}

/* The first bytes of something else, as far as they can be shown. */
static int refuse_other(struct bytes file, struct err *err)
{
	char shown[64];
	size_t n = 0;

	if (!file.len)
		return elf_refuse(err, "not an ELF object: it is empty");
	while (n < file.len && n < 32 && file.ptr[n] >= ' ' && file.ptr[n] < 0x7f) {
		shown[n] = (char)file.ptr[n];
		n++;
	}
	shown[n] = '\0';
	if (n)
		return elf_refuse(err, "not an ELF object: it starts with '%s'", shown);
	return elf_refuse(err, "not an ELF object: it starts with the byte 0x%02x", file.ptr[0]);
}

static const char *machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} known[] = {
		{ EM_386, "i386" },	    { EM_X86_64, "x86-64" }, { EM_ARM, "ARM" },
		{ EM_AARCH64, "AArch64" },  { EM_RISCV, "RISC-V" },  { EM_S390, "S/390" },
		{ EM_PPC64, "PowerPC 64" }, { EM_MIPS, "MIPS" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].machine == machine)
			return known[i].name;
	return NULL;
}

static int check_head(struct elf_view *v, struct err *err)
{
	const char *machine;

	if (!v->file.len || v->file.ptr[0] != ELFMAG0 ||
	    memcmp(v->file.ptr, ELFMAG, MIN(v->file.len, (size_t)SELFMAG)) != 0)
		return refuse_other(v->file, err);
	if (!bytes_get(v->file, 0, &v->head, sizeof(v->head)))
		return elf_refuse(err, "cut short: %zu bytes are less than an ELF header",
				  v->file.len);
	if (v->head.e_ident[EI_CLASS] != ELFCLASS64)
		return elf_refuse(err, "an ELF object for a machine of 32 bits, not BPF");
	if (v->head.e_ident[EI_DATA] != HOST_DATA)
		return elf_refuse(err, "an ELF object of the other byte order than this machine's");
	if (v->head.e_machine != EM_BPF && v->head.e_machine != EM_NONE) {
		machine = machine_name(v->head.e_machine);
		err_hint(err, "compile it with 'bombus build' or clang -target bpf");
		return machine ? elf_refuse(err, "an ELF object for %s, not BPF", machine)
			       : elf_refuse(err, "an ELF object for machine %u, not BPF",
					    v->head.e_machine);
	}
	if (v->head.e_type != ET_REL)
		return elf_refuse(err, "an ELF file, but not a relocatable object");
	if (v->head.e_shentsize != sizeof(Elf64_Shdr) || !v->head.e_shnum)
		return elf_refuse(err, "an ELF object without sections");
	return 0;
}

const char *elf_section_name(const struct elf_view *v, uint32_t i)
{
	const char *name = span_name(v->names, v->sections[i].sh_name);

	return name ? name : "";
}

struct bytes elf_section_data(const struct elf_view *v, uint32_t i)
{
	const Elf64_Shdr *s = &v->sections[i];
	const void *at = NULL;

	if (s->sh_type != SHT_NOBITS)
		at = bytes_at(v->file, s->sh_offset, s->sh_size);
	return bytes_of(at, at ? s->sh_size : 0);
}

static int read_sections(struct elf_view *v, struct err *err)
{
	size_t table = (size_t)v->head.e_shnum * sizeof(Elf64_Shdr);
	const void *at = bytes_at(v->file, v->head.e_shoff, table);

	if (!at)
		return elf_refuse(err, "cut short: its section headers are not all there");
	v->nsections = v->head.e_shnum;
	v->sections = xmalloc(table);
	memcpy(v->sections, at, table);
	if (v->head.e_shstrndx >= v->nsections)
		return elf_refuse(err, "a damaged ELF object: its sections have no names");
	v->names = elf_section_data(v, v->head.e_shstrndx);
	for (uint32_t i = 1; i < v->nsections; i++) {
		const Elf64_Shdr *s = &v->sections[i];

		if (s->sh_type == SHT_NULL || s->sh_type == SHT_NOBITS)
			continue;
		if (!bytes_at(v->file, s->sh_offset, s->sh_size))
			return elf_refuse(err, "cut short: section %u reaches over the end", i);
		if (!span_name(v->names, s->sh_name))
			return elf_refuse(err, "a damaged ELF object: section %u has no name", i);
		if (s->sh_type == SHT_SYMTAB && !v->symtab)
			v->symtab = i;
		if (s->sh_type == SHT_PROGBITS && !v->btf && streq(elf_section_name(v, i), ".BTF"))
			v->btf = i;
	}
	return 0;
}

static int read_symbols(struct elf_view *v, struct err *err)
{
	const Elf64_Shdr *s;

	if (!v->symtab)
		return elf_refuse(err, "an ELF object without symbols");
	s = &v->sections[v->symtab];
	if (s->sh_entsize != sizeof(Elf64_Sym) || s->sh_size % sizeof(Elf64_Sym) ||
	    s->sh_link >= v->nsections || v->sections[s->sh_link].sh_type != SHT_STRTAB)
		return elf_refuse(err, "a damaged ELF object: its symbols cannot be read");
	v->symbols = elf_section_data(v, v->symtab);
	v->symbol_names = elf_section_data(v, s->sh_link);
	return 0;
}

int elf_view_open(struct elf_view *v, const void *bytes, size_t len, struct err *err)
{
	int rc;

	v->file = bytes_of(bytes, len);
	if (len > MAX_OBJECT_BYTES)
		return elf_refuse(err, "an object of more than %u MiB", MAX_OBJECT_BYTES >> 20);
	rc = check_head(v, err);
	if (!rc)
		rc = read_sections(v, err);
	if (!rc)
		rc = read_symbols(v, err);
	if (!rc && !v->btf) {
		err_hint(err, "compile it with -g: the types of its maps are in there");
		rc = elf_refuse(err, "has no BTF");
	}
	return rc;
}

size_t elf_nsymbols(const struct elf_view *v)
{
	return v->symbols.len / sizeof(Elf64_Sym);
}

Elf64_Sym elf_symbol(const struct elf_view *v, size_t i)
{
	Elf64_Sym sym = { 0 };

	bytes_get(v->symbols, i * sizeof(sym), &sym, sizeof(sym));
	return sym;
}
