// SPDX-License-Identifier: Apache-2.0
/* Objects are put together in memory, section by section. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/elf/strip.h"

#define EM_OF_BPF 247
#define CODE "12345678"

enum { NONE, STRTAB, DEBUG, CODE_AT, REL_DEBUG, REL_CODE, BTF, SYMTAB, ADDRSIG, SECTIONS };

static const char names[] = "\0.strtab\0.debug_info\0tp/x\0.rel.debug_info\0.reltp/x\0.BTF\0"
			    ".symtab\0.llvm_addrsig\0global\0local";

static uint32_t name_at(const char *name)
{
	for (size_t i = 0; i < sizeof(names); i++)
		if ((i == 0 || !names[i - 1]) && streq(names + i, name))
			return (uint32_t)i;
	fail_msg("no name %s", name);
	return 0;
}

struct built {
	uint8_t bytes[4096];
	size_t len;
	Elf64_Shdr sections[SECTIONS];
};

static void put(struct built *b, int section, const char *name, uint32_t type, const void *data,
		size_t len)
{
	Elf64_Shdr *s = &b->sections[section];

	b->len = (b->len + 7) & ~(size_t)7;
	s->sh_name = name_at(name);
	s->sh_type = type;
	s->sh_offset = b->len;
	s->sh_size = len;
	s->sh_addralign = 8;
	memcpy(b->bytes + b->len, data, len);
	b->len += len;
}

static void build(struct built *b)
{
	/* The debugger's section symbol is number 1, so that all later ones move down. */
	const Elf64_Sym symbols[] = {
		{ 0 },
		{ 0, ELF64_ST_INFO(STB_LOCAL, STT_SECTION), 0, DEBUG, 0, 0 },
		{ name_at("local"), ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, CODE_AT, 4, 0 },
		{ name_at("global"), ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, CODE_AT, 0, 8 },
	};
	const Elf64_Rel rel_debug[] = { { 0, ELF64_R_INFO(1ULL, 2) } };
	const Elf64_Rel rel_code[] = { { 0, ELF64_R_INFO(3ULL, 1) },
				       { 4, ELF64_R_INFO(2ULL, 10) } };
	Elf64_Ehdr head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			     ELFDATA2LSB,
#else
			     ELFDATA2MSB,
#endif
			     EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_OF_BPF,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(head),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTIONS,
		.e_shstrndx = STRTAB,
	};

	memset(b, 0, sizeof(*b));
	b->len = sizeof(head);
	put(b, STRTAB, ".strtab", SHT_STRTAB, names, sizeof(names));
	put(b, DEBUG, ".debug_info", SHT_PROGBITS, "SECRETPATH", 10);
	put(b, CODE_AT, "tp/x", SHT_PROGBITS, CODE, 8);
	put(b, REL_DEBUG, ".rel.debug_info", SHT_REL, rel_debug, sizeof(rel_debug));
	put(b, REL_CODE, ".reltp/x", SHT_REL, rel_code, sizeof(rel_code));
	put(b, BTF, ".BTF", SHT_PROGBITS, "btf", 3);
	put(b, SYMTAB, ".symtab", SHT_SYMTAB, symbols, sizeof(symbols));
	put(b, ADDRSIG, ".llvm_addrsig", SHT_LOOS + 0xfff4c03, "\x03", 1);
	b->sections[REL_DEBUG].sh_link = b->sections[REL_CODE].sh_link = SYMTAB;
	b->sections[ADDRSIG].sh_link = SYMTAB;
	b->sections[REL_DEBUG].sh_info = DEBUG;
	b->sections[REL_CODE].sh_info = CODE_AT;
	b->sections[SYMTAB].sh_link = STRTAB;
	b->sections[SYMTAB].sh_info = 3;
	b->sections[SYMTAB].sh_entsize = sizeof(Elf64_Sym);
	b->len = (b->len + 7) & ~(size_t)7;
	head.e_shoff = b->len;
	memcpy(b->bytes + b->len, b->sections, sizeof(b->sections));
	b->len += sizeof(b->sections);
	memcpy(b->bytes, &head, sizeof(head));
}

/* The result's section of this name, its number in *ret_at. */
static const Elf64_Shdr *section(const void *elf, const char *name, unsigned *ret_at)
{
	const Elf64_Ehdr *head = elf;
	const Elf64_Shdr *all = (const void *)((const char *)elf + head->e_shoff);
	const char *text = (const char *)elf + all[head->e_shstrndx].sh_offset;

	for (unsigned i = 0; i < head->e_shnum; i++)
		if (streq(text + all[i].sh_name, name)) {
			if (ret_at)
				*ret_at = i;
			return &all[i];
		}
	return NULL;
}

static void test_strip_takes_out_what_the_debugger_reads(void **state)
{
	struct built b;
	_cleanup_free_ char *out = NULL;
	struct err err = { 0 };
	size_t len = 0;

	build(&b);
	assert_int_equal(elf_strip(b.bytes, b.len, (void **)&out, &len, &err), 0);
	assert_null(section(out, ".debug_info", NULL));
	assert_null(section(out, ".rel.debug_info", NULL));
	assert_null(section(out, ".llvm_addrsig", NULL));
	assert_null(memmem(out, len, "SECRETPATH", 10));
	assert_null(memmem(out, len, "debug_info", 10));
	assert_int_equal(((Elf64_Ehdr *)out)->e_shnum, SECTIONS - 3);
	assert_memory_equal(out + section(out, "tp/x", NULL)->sh_offset, CODE, 8);
	assert_memory_equal(out + section(out, ".BTF", NULL)->sh_offset, "btf", 3);
}

static void test_strip_renumbers_symbols_and_relocations(void **state)
{
	struct built b;
	_cleanup_free_ char *out = NULL;
	const Elf64_Shdr *symtab, *rel;
	const Elf64_Sym *symbols;
	const Elf64_Rel *rels;
	const char *strings;
	unsigned code, symtab_at;
	size_t len;

	build(&b);
	assert_int_equal(elf_strip(b.bytes, b.len, (void **)&out, &len, NULL), 0);
	symtab = section(out, ".symtab", &symtab_at);
	rel = section(out, ".reltp/x", NULL);
	section(out, "tp/x", &code);
	symbols = (const void *)(out + symtab->sh_offset);
	rels = (const void *)(out + rel->sh_offset);
	strings = out + ((const Elf64_Shdr *)(out + ((Elf64_Ehdr *)out)->e_shoff))[symtab->sh_link]
				.sh_offset;
	assert_int_equal(symtab->sh_size, 3 * sizeof(Elf64_Sym));
	assert_int_equal(symtab->sh_info, 2);
	assert_string_equal(strings + symbols[1].st_name, "local");
	assert_string_equal(strings + symbols[2].st_name, "global");
	assert_int_equal(symbols[2].st_shndx, code);
	assert_int_equal(rel->sh_info, code);
	assert_int_equal(rel->sh_link, symtab_at);
	assert_int_equal(ELF64_R_SYM(rels[0].r_info), 2);
	assert_int_equal(ELF64_R_TYPE(rels[0].r_info), 1);
	assert_int_equal(ELF64_R_SYM(rels[1].r_info), 1);
	assert_int_equal(ELF64_R_TYPE(rels[1].r_info), 10);
}

static void test_strip_twice_changes_nothing(void **state)
{
	struct built b;
	_cleanup_free_ void *once = NULL, *twice = NULL;
	size_t once_len, twice_len;

	build(&b);
	assert_int_equal(elf_strip(b.bytes, b.len, &once, &once_len, NULL), 0);
	assert_int_equal(elf_strip(once, once_len, &twice, &twice_len, NULL), 0);
	assert_int_equal(once_len, twice_len);
	assert_memory_equal(once, twice, once_len);
}

static void test_strip_refuses_code_that_needs_the_debugger(void **state)
{
	struct built b;
	struct err err = { 0 };
	void *out = NULL;
	Elf64_Rel rel = { 0, ELF64_R_INFO(1ULL, 1) };
	size_t len;

	build(&b);
	memcpy(b.bytes + b.sections[REL_CODE].sh_offset, &rel, sizeof(rel));
	assert_int_equal(elf_strip(b.bytes, b.len, &out, &len, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "relocation"));
	assert_null(out);
}

/* Each beginning, and each byte changed to several values: refused or done, never a crash. */
static void test_strip_survives_damage(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct built b;

	build(&b);
	for (size_t i = 0; i < b.len; i++) {
		_cleanup_free_ uint8_t *copy = xmalloc(b.len), *part = xmalloc(i);
		void *out = NULL;
		size_t len;

		memcpy(part, b.bytes, i);
		assert_int_equal(elf_strip(part, i, &out, &len, NULL), -EINVAL);
		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			memcpy(copy, b.bytes, b.len);
			copy[i] = values[v];
			if (elf_strip(copy, b.len, &out, &len, NULL) == 0)
				free(steal_ptr(&out));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strip_takes_out_what_the_debugger_reads),
		cmocka_unit_test(test_strip_renumbers_symbols_and_relocations),
		cmocka_unit_test(test_strip_twice_changes_nothing),
		cmocka_unit_test(test_strip_refuses_code_that_needs_the_debugger),
		cmocka_unit_test(test_strip_survives_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
