// SPDX-License-Identifier: Apache-2.0
/*
 * The object is written anew: header, the sections that stay in their old order, section headers.
 * Sections and symbols get new numbers, so everything that names one by number is rewritten:
 * sh_link, sh_info, st_shndx and the symbols of relocations. Names are collected anew as well,
 * which leaves no trace of what was taken out.
 */
#include "runner/load/elf/strip.h"

#include <elf.h>
#include <errno.h>

#include "base/err.h"
#include "base/bytes.h"
#include "base/strbuf.h"
#include "base/util.h"

#define MAX_SECTIONS 16384
#define MAX_ALIGN 4096
#define GONE UINT32_MAX
#ifndef SHT_LLVM_ADDRSIG
#define SHT_LLVM_ADDRSIG 0x6fff4c03
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_DATA ELFDATA2LSB
#else
#define HOST_DATA ELFDATA2MSB
#endif

struct strip {
	struct bytes file;
	Elf64_Ehdr head;
	Elf64_Shdr *sections;
	uint32_t nsections;
	uint32_t *section_map; /* old number to new, or GONE */
	uint32_t symtab;       /* 0: none */
	uint32_t *symbol_map;
	size_t nsymbols;
	struct strbuf out;
};

static void strip_release(struct strip *s)
{
	free(s->sections);
	free(s->section_map);
	free(s->symbol_map);
	strbuf_release(&s->out);
}

static int damaged(struct err *err, const char *what)
{
	err_set(err, EINVAL, "a damaged ELF object: %s", what);
	return -EINVAL;
}

static struct bytes data_of(const struct strip *s, uint32_t i)
{
	const Elf64_Shdr *h = &s->sections[i];
	const void *at = h->sh_type == SHT_NOBITS || h->sh_type == SHT_NULL
				 ? NULL
				 : bytes_at(s->file, h->sh_offset, h->sh_size);

	return bytes_of(at, at ? h->sh_size : 0);
}

static const char *name_of(const struct strip *s, uint32_t i)
{
	const char *name = bytes_str(data_of(s, s->head.e_shstrndx), s->sections[i].sh_name);

	return name ? name : "";
}

static bool is_object(const Elf64_Ehdr *head)
{
	return memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
	       head->e_ident[EI_CLASS] == ELFCLASS64 && head->e_ident[EI_DATA] == HOST_DATA &&
	       head->e_type == ET_REL;
}

static int read_head(struct strip *s, struct err *err)
{
	const void *at;

	if (!bytes_get(s->file, 0, &s->head, sizeof(s->head)) || !is_object(&s->head)) {
		err_set(err, EINVAL, "not a relocatable ELF object of this byte order");
		return -EINVAL;
	}
	s->nsections = s->head.e_shnum;
	at = bytes_at(s->file, s->head.e_shoff, (size_t)s->nsections * sizeof(Elf64_Shdr));
	if (!at || s->head.e_shentsize != sizeof(Elf64_Shdr) || !s->nsections ||
	    s->nsections > MAX_SECTIONS || s->head.e_shstrndx >= s->nsections)
		return damaged(err, "its section headers");
	s->sections = xcalloc(s->nsections, sizeof(*s->sections));
	memcpy(s->sections, at, s->nsections * sizeof(*s->sections));
	for (uint32_t i = 1; i < s->nsections; i++) {
		const Elf64_Shdr *h = &s->sections[i];

		if (h->sh_type != SHT_NOBITS && h->sh_type != SHT_NULL &&
		    !bytes_at(s->file, h->sh_offset, h->sh_size))
			return damaged(err, "a section reaches over the end");
		if (h->sh_addralign > MAX_ALIGN || h->sh_link >= s->nsections)
			return damaged(err, "a section header");
		/* Both name sections by number in their contents; compilers for BPF write neither.
		 */
		if (h->sh_type == SHT_GROUP || h->sh_type == SHT_SYMTAB_SHNDX)
			return err_set(err, EINVAL, "an ELF object with section groups");
		if (h->sh_type == SHT_SYMTAB)
			s->symtab = i;
	}
	return 0;
}

static bool is_rel(const Elf64_Shdr *h)
{
	return h->sh_type == SHT_REL || h->sh_type == SHT_RELA;
}

static bool is_debug(const struct strip *s, uint32_t i)
{
	return has_prefix(name_of(s, i), ".debug_") || s->sections[i].sh_type == SHT_LLVM_ADDRSIG;
}

static void number_sections(struct strip *s)
{
	uint32_t next = 0;

	s->section_map = xcalloc(s->nsections, sizeof(*s->section_map));
	for (uint32_t i = 0; i < s->nsections; i++) {
		const Elf64_Shdr *h = &s->sections[i];
		bool drop = i && (is_debug(s, i) || (is_rel(h) && h->sh_info < s->nsections &&
						     is_debug(s, h->sh_info)));

		s->section_map[i] = drop ? GONE : next++;
	}
}

static Elf64_Sym symbol_at(const struct strip *s, size_t i)
{
	Elf64_Sym sym = { 0 };

	bytes_get(data_of(s, s->symtab), i * sizeof(sym), &sym, sizeof(sym));
	return sym;
}

static int number_symbols(struct strip *s, struct err *err)
{
	uint32_t next = 0;

	if (!s->symtab)
		return 0;
	if (s->sections[s->symtab].sh_entsize != sizeof(Elf64_Sym))
		return damaged(err, "its symbols");
	s->nsymbols = data_of(s, s->symtab).len / sizeof(Elf64_Sym);
	s->symbol_map = xcalloc(s->nsymbols + 1, sizeof(*s->symbol_map));
	for (size_t i = 0; i < s->nsymbols; i++) {
		Elf64_Sym sym = symbol_at(s, i);
		bool drop = sym.st_shndx < s->nsections && s->section_map[sym.st_shndx] == GONE;

		s->symbol_map[i] = drop ? GONE : next++;
	}
	return 0;
}

/* The offset of a name in a table of names under construction, where it is added. */
static uint32_t add_name(struct strbuf *names, const char *name)
{
	uint32_t at = (uint32_t)names->len;

	if (!*name)
		return 0;
	strbuf_add(names, name, strlen(name) + 1);
	return at;
}

static int put_symbols(struct strip *s, struct strbuf *names, Elf64_Shdr *ret, struct err *err)
{
	struct bytes old_names = data_of(s, ret->sh_link);

	ret->sh_size = ret->sh_info = 0;
	for (size_t i = 0; i < s->nsymbols; i++) {
		Elf64_Sym sym = symbol_at(s, i);
		const char *name = bytes_str(old_names, sym.st_name);

		if (s->symbol_map[i] == GONE)
			continue;
		if (!name)
			return damaged(err, "a symbol without a name");
		sym.st_name = add_name(names, name);
		if (sym.st_shndx < s->nsections)
			sym.st_shndx = (Elf64_Half)s->section_map[sym.st_shndx];
		strbuf_add(&s->out, &sym, sizeof(sym));
		ret->sh_size += sizeof(sym);
		/* sh_info is the first that is not local; the local ones come first. */
		ret->sh_info += ELF64_ST_BIND(sym.st_info) == STB_LOCAL;
	}
	return 0;
}

static int put_rels(struct strip *s, uint32_t i, struct err *err)
{
	struct bytes data = data_of(s, i);
	size_t size = s->sections[i].sh_type == SHT_REL ? sizeof(Elf64_Rel) : sizeof(Elf64_Rela);

	if (data.len % size || s->sections[i].sh_link != s->symtab)
		return damaged(err, "its relocations");
	for (size_t off = 0; off < data.len; off += size) {
		Elf64_Rela rel = { 0 };
		uint64_t symbol;

		/* Elf64_Rel is the beginning of Elf64_Rela. */
		bytes_get(data, off, &rel, size);
		symbol = ELF64_R_SYM(rel.r_info);
		if (symbol >= s->nsymbols || s->symbol_map[symbol] == GONE)
			return damaged(err, "a relocation by a symbol that is not there");
		rel.r_info =
			ELF64_R_INFO((uint64_t)s->symbol_map[symbol], ELF64_R_TYPE(rel.r_info));
		strbuf_add(&s->out, &rel, size);
	}
	return 0;
}

static void align_out(struct strip *s, uint64_t align)
{
	static char zeros[MAX_ALIGN]; /* without const: .bss takes no room in the file */
	size_t over = align > 1 ? s->out.len % align : 0;

	if (over)
		strbuf_add(&s->out, zeros, align - over);
}

static int put_section(struct strip *s, uint32_t i, struct strbuf *names, Elf64_Shdr *ret,
		       struct err *err)
{
	struct bytes data = data_of(s, i);
	int rc = 0;

	align_out(s, ret->sh_addralign);
	ret->sh_offset = s->out.len;
	if (i == s->symtab)
		rc = put_symbols(s, names, ret, err);
	else if (is_rel(ret))
		rc = put_rels(s, i, err);
	else if (data.len)
		strbuf_add(&s->out, data.ptr, data.len);
	ret->sh_name = add_name(names, name_of(s, i));
	ret->sh_link = s->section_map[ret->sh_link];
	if (ret->sh_link == GONE)
		return damaged(err, "a section that needs one of the debugger's");
	if (is_rel(ret) && ret->sh_info < s->nsections)
		ret->sh_info = s->section_map[ret->sh_info];
	return rc;
}

/* One table of names serves sections and symbols, in the place of the sections' old one. */
static int put_all(struct strip *s, struct err *err)
{
	uint32_t names_at = s->head.e_shstrndx;
	uint32_t symbol_names = s->symtab ? s->sections[s->symtab].sh_link : names_at;
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT(s->out.max);
	_cleanup_free_ Elf64_Shdr *headers = xcalloc(s->nsections, sizeof(*headers));
	uint32_t count = 0;
	int rc = 0;

	if (s->section_map[names_at] == GONE || s->section_map[symbol_names] == GONE)
		return damaged(err, "its names");
	strbuf_addc(&names, '\0');
	for (uint32_t i = 0; rc == 0 && i < s->nsections; i++) {
		if (s->section_map[i] == GONE)
			continue;
		headers[count] = s->sections[i];
		if (i == names_at || i == symbol_names)
			headers[count].sh_name = add_name(&names, name_of(s, i));
		else if (i)
			rc = put_section(s, i, &names, &headers[count], err);
		count++;
	}
	if (rc)
		return rc;
	for (uint32_t i = 0; i < s->nsections; i++) {
		Elf64_Shdr *h = &headers[s->section_map[i]];

		if (i != names_at && i != symbol_names)
			continue;
		h->sh_offset = s->out.len;
		h->sh_size = names.len;
		strbuf_add(&s->out, names.buf, names.len);
	}
	align_out(s, sizeof(uint64_t));
	s->head.e_shoff = s->out.len;
	s->head.e_shnum = (Elf64_Half)count;
	s->head.e_shstrndx = (Elf64_Half)s->section_map[names_at];
	strbuf_add(&s->out, headers, count * sizeof(*headers));
	return s->out.full || names.full ? damaged(err, "sections that overlap") : 0;
}

int elf_strip(const void *bytes, size_t len, void **ret, size_t *ret_len, struct err *err)
{
	_cleanup_(strip_release) struct strip s = { .file = bytes_of(bytes, len) };
	/* Nothing grows, but names that shared their end and gaps for alignment. */
	size_t room = 2 * len + (64u << 10);
	int rc = read_head(&s, err);

	if (rc)
		return rc;
	strbuf_init(&s.out, room);
	strbuf_add(&s.out, &s.head, sizeof(s.head));
	number_sections(&s);
	rc = number_symbols(&s, err);
	if (rc == 0)
		rc = put_all(&s, err);
	if (rc)
		return rc;
	memcpy(s.out.buf, &s.head, sizeof(s.head));
	*ret_len = s.out.len;
	*ret = strbuf_steal(&s.out);
	return 0;
}

bool elf_has_section(const void *bytes, size_t len, const char *name)
{
	_cleanup_(strip_release) struct strip s = { .file = bytes_of(bytes, len) };

	if (read_head(&s, NULL) < 0)
		return false;
	for (uint32_t i = 1; i < s.nsections; i++)
		if (streq(name_of(&s, i), name))
			return true;
	return false;
}
