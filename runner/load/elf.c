/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The merged object is a copy of the input with new contents appended behind its end:
 *
 *	[ the object as it was, headers and symbols edited in place ]
 *	[ .maps ][ .rel.maps ][ .BTF ][ .shstrtab ]
 *
 * Section headers then point at the new contents. Nothing that was there moves, so whatever this
 * file does not know about stays right. Everything is read from the input and written to the
 * copy: headers that overlap other sections cannot change what is read later.
 */
#include "runner/load/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "base/util.h"
#include "runner/load/elf_btf.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

#define MAPS_SECTION ".maps"
#define REL_MAPS_SECTION ".rel.maps"
#define MAX_OBJECT_BYTES (256u << 20)
#define MAX_MAPS_BYTES (1u << 20) /* map definitions are some 40 bytes each */
#define MAX_ALIGN 4096
#define MAX_MAPS 4096
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_DATA ELFDATA2LSB
#else
#define HOST_DATA ELFDATA2MSB
#endif

struct view {
	struct span file;
	Elf64_Ehdr head;
	Elf64_Shdr *sections;
	uint32_t nsections;
	struct span names;
	struct span symbols;	  /* whole Elf64_Sym's */
	struct span symbol_names;
	uint32_t symtab, btf; /* section numbers; 0: none */
};

/* A symbol of a map's definition. */
struct map_symbol {
	const char *name; /* in the input */
	uint32_t section;
	uint64_t value;
};

/* How the map sections become one. */
struct merge {
	uint32_t home;	 /* section number of the one that takes all in; 0: no map sections */
	uint64_t *bases; /* by section number: offset in the joined section */
	bool *is_maps;	 /* by section number */
	bool needed;	 /* there is a ".maps.<suffix>" */
	uint64_t size_bytes;
	struct map_symbol *symbols;
	size_t nsymbols;
};

static void view_release(struct view *v)
{
	free(v->sections);
}

static void merge_release(struct merge *m)
{
	free(m->bases);
	free(m->is_maps);
	free(m->symbols);
}

static int refuse(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct err *err, const char *fmt, ...)
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
static int refuse_other(struct span file, struct err *err)
{
	char shown[64];
	size_t n = 0;

	if (!file.len)
		return refuse(err, "not an ELF object: it is empty");
	while (n < file.len && n < 32 && file.ptr[n] >= ' ' && file.ptr[n] < 0x7f) {
		shown[n] = (char)file.ptr[n];
		n++;
	}
	shown[n] = '\0';
	if (n)
		return refuse(err, "not an ELF object: it starts with '%s'", shown);
	return refuse(err, "not an ELF object: it starts with the byte 0x%02x", file.ptr[0]);
}

static const char *machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} known[] = {
		{ EM_386, "i386" },	  { EM_X86_64, "x86-64" }, { EM_ARM, "ARM" },
		{ EM_AARCH64, "AArch64" }, { EM_RISCV, "RISC-V" },  { EM_S390, "S/390" },
		{ EM_PPC64, "PowerPC 64" }, { EM_MIPS, "MIPS" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].machine == machine)
			return known[i].name;
	return NULL;
}

static int check_head(struct view *v, struct err *err)
{
	const char *machine;

	if (!v->file.len || v->file.ptr[0] != ELFMAG0 ||
	    memcmp(v->file.ptr, ELFMAG, MIN(v->file.len, (size_t)SELFMAG)))
		return refuse_other(v->file, err);
	if (!span_get(v->file, 0, &v->head, sizeof(v->head)))
		return refuse(err, "cut short: %zu bytes are less than an ELF header",
			      v->file.len);
	if (v->head.e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(err, "an ELF object for a machine of 32 bits, not BPF");
	if (v->head.e_ident[EI_DATA] != HOST_DATA)
		return refuse(err, "an ELF object of the other byte order than this machine's");
	if (v->head.e_machine != EM_BPF && v->head.e_machine != EM_NONE) {
		machine = machine_name(v->head.e_machine);
		err_hint(err, "compile it with 'bombus build' or clang -target bpf");
		return machine ? refuse(err, "an ELF object for %s, not BPF", machine) :
				 refuse(err, "an ELF object for machine %u, not BPF",
					v->head.e_machine);
	}
	if (v->head.e_type != ET_REL)
		return refuse(err, "an ELF file, but not a relocatable object");
	if (v->head.e_shentsize != sizeof(Elf64_Shdr) || !v->head.e_shnum)
		return refuse(err, "an ELF object without sections");
	return 0;
}

static const char *section_name(const struct view *v, uint32_t i)
{
	const char *name = span_name(v->names, v->sections[i].sh_name);

	return name ? name : "";
}

static struct span section_data(const struct view *v, uint32_t i)
{
	const Elf64_Shdr *s = &v->sections[i];
	const void *at = NULL;

	if (s->sh_type != SHT_NOBITS)
		at = span_at(v->file, s->sh_offset, s->sh_size);
	return span_of(at, at ? s->sh_size : 0);
}

static int read_sections(struct view *v, struct err *err)
{
	size_t table = (size_t)v->head.e_shnum * sizeof(Elf64_Shdr);
	const void *at = span_at(v->file, v->head.e_shoff, table);

	if (!at)
		return refuse(err, "cut short: its section headers are not all there");
	v->nsections = v->head.e_shnum;
	v->sections = xmalloc(table);
	memcpy(v->sections, at, table);
	if (v->head.e_shstrndx >= v->nsections)
		return refuse(err, "a damaged ELF object: its sections have no names");
	v->names = section_data(v, v->head.e_shstrndx);
	for (uint32_t i = 1; i < v->nsections; i++) {
		const Elf64_Shdr *s = &v->sections[i];

		if (s->sh_type == SHT_NULL || s->sh_type == SHT_NOBITS)
			continue;
		if (!span_at(v->file, s->sh_offset, s->sh_size))
			return refuse(err, "cut short: section %u reaches over the end", i);
		if (!span_name(v->names, s->sh_name))
			return refuse(err, "a damaged ELF object: section %u has no name", i);
		if (s->sh_type == SHT_SYMTAB && !v->symtab)
			v->symtab = i;
		if (s->sh_type == SHT_PROGBITS && !v->btf && streq(section_name(v, i), ".BTF"))
			v->btf = i;
	}
	return 0;
}

static int read_symbols(struct view *v, struct err *err)
{
	const Elf64_Shdr *s;

	if (!v->symtab)
		return refuse(err, "an ELF object without symbols");
	s = &v->sections[v->symtab];
	if (s->sh_entsize != sizeof(Elf64_Sym) || s->sh_size % sizeof(Elf64_Sym) ||
	    s->sh_link >= v->nsections || v->sections[s->sh_link].sh_type != SHT_STRTAB)
		return refuse(err, "a damaged ELF object: its symbols cannot be read");
	v->symbols = section_data(v, v->symtab);
	v->symbol_names = section_data(v, s->sh_link);
	return 0;
}

static int view_open(struct view *v, const void *bytes, size_t len, struct err *err)
{
	int rc;

	v->file = span_of(bytes, len);
	if (len > MAX_OBJECT_BYTES)
		return refuse(err, "an object of more than %u MiB", MAX_OBJECT_BYTES >> 20);
	rc = check_head(v, err);
	if (!rc)
		rc = read_sections(v, err);
	if (!rc)
		rc = read_symbols(v, err);
	if (!rc && !v->btf) {
		err_hint(err, "compile it with -g: the types of its maps are in there");
		rc = refuse(err, "has no BTF");
	}
	return rc;
}

static size_t nsymbols(const struct view *v)
{
	return v->symbols.len / sizeof(Elf64_Sym);
}

static Elf64_Sym symbol_at(const struct view *v, size_t i)
{
	Elf64_Sym sym = { 0 };

	span_get(v->symbols, i * sizeof(sym), &sym, sizeof(sym));
	return sym;
}

/* "" for ".maps", "x" for ".maps.x", NULL for all others. */
static const char *maps_suffix(const char *section)
{
	if (!has_prefix(section, MAPS_SECTION))
		return NULL;
	section += strlen(MAPS_SECTION);
	if (!*section)
		return section;
	return *section == '.' && section[1] ? section + 1 : NULL;
}

/* Relocations of map sections are the slots of maps in maps. */
static bool is_maps_rel(const struct view *v, const struct merge *m, uint32_t i)
{
	const Elf64_Shdr *s = &v->sections[i];

	return s->sh_type == SHT_REL && s->sh_info < v->nsections && m->is_maps[s->sh_info];
}

static int find_sections(struct merge *m, const struct view *v, struct err *err)
{
	m->bases = xcalloc(v->nsections, sizeof(*m->bases));
	m->is_maps = xcalloc(v->nsections, sizeof(*m->is_maps));
	for (uint32_t i = 1; i < v->nsections; i++) {
		const char *suffix = maps_suffix(section_name(v, i));
		uint32_t type = v->sections[i].sh_type;

		if (!suffix || (type != SHT_PROGBITS && type != SHT_NOBITS))
			continue;
		if (!*suffix && m->home && !*maps_suffix(section_name(v, m->home)))
			return refuse(err, "a damaged ELF object: it has two .maps sections");
		m->is_maps[i] = true;
		m->needed = m->needed || *suffix;
		if (!m->home || !*suffix)
			m->home = i;
	}
	return 0;
}

static int place_section(struct merge *m, const struct view *v, uint32_t i, struct err *err)
{
	const Elf64_Shdr *s = &v->sections[i];
	uint64_t align = s->sh_addralign ? s->sh_addralign : 1;

	if (align > MAX_ALIGN || (align & (align - 1)) || s->sh_size > MAX_MAPS_BYTES)
		return refuse(err, "a damaged ELF object: section %s is of %llu bytes aligned to "
			      "%llu", section_name(v, i), (unsigned long long)s->sh_size,
			      (unsigned long long)align);
	m->bases[i] = (m->size_bytes + align - 1) & ~(align - 1);
	m->size_bytes = m->bases[i] + s->sh_size;
	if (m->size_bytes > MAX_MAPS_BYTES)
		return refuse(err, "its map definitions take more than %u bytes", MAX_MAPS_BYTES);
	return 0;
}

/*
 * libbpf makes maps in the order of their definitions and fills a map of maps at once: the maps
 * in it have to come first. So sections with relocations go behind those without.
 */
static int place_sections(struct merge *m, const struct view *v, struct err *err)
{
	_cleanup_free_ bool *outer = xcalloc(v->nsections, sizeof(*outer));
	int rc = 0;

	for (uint32_t i = 1; i < v->nsections; i++)
		if (is_maps_rel(v, m, i))
			outer[v->sections[i].sh_info] = true;
	for (int pass = 0; pass < 2; pass++) {
		if (outer[m->home] == pass)
			rc = rc ? rc : place_section(m, v, m->home, err);
		for (uint32_t i = 1; !rc && i < v->nsections; i++)
			if (m->is_maps[i] && i != m->home && outer[i] == pass)
				rc = place_section(m, v, i, err);
	}
	return rc;
}

static int find_maps(struct merge *m, const struct view *v, struct err *err)
{
	m->symbols = xcalloc(MAX_MAPS, sizeof(*m->symbols));
	for (size_t i = 1; i < nsymbols(v); i++) {
		Elf64_Sym sym = symbol_at(v, i);
		const char *name;
		unsigned type = ELF64_ST_TYPE(sym.st_info);

		if (sym.st_shndx >= v->nsections || !m->is_maps[sym.st_shndx] ||
		    (type != STT_OBJECT && type != STT_NOTYPE))
			continue;
		name = span_name(v->symbol_names, sym.st_name);
		if (!name || sym.st_value > MAX_MAPS_BYTES)
			return refuse(err, "a damaged ELF object: symbol %zu is no map", i);
		if (m->nsymbols == MAX_MAPS)
			return refuse(err, "it has more than %d maps", MAX_MAPS);
		m->symbols[m->nsymbols++] = (struct map_symbol){ name, sym.st_shndx, sym.st_value };
	}
	return 0;
}

static void list_maps(struct elf_image *ret, const struct view *v, const struct merge *m)
{
	ret->maps = xcalloc(m->nsymbols + 1, sizeof(*ret->maps));
	for (size_t i = 0; i < m->nsymbols; i++)
		ret->maps[ret->nmaps++] = (struct elf_map){
			.name = xstrdup(m->symbols[i].name),
			.suffix = xstrdup(maps_suffix(section_name(v, m->symbols[i].section))),
		};
}

/* The output: a buffer that was sized beforehand. */
struct out {
	uint8_t *bytes;
	size_t len, cap;
};

static uint64_t append(struct out *out, const void *bytes, size_t len)
{
	uint64_t at;

	out->len = MIN((out->len + 7) & ~(size_t)7, out->cap);
	at = out->len;
	if (len && bytes)
		memcpy(out->bytes + at, bytes, len);
	out->len += len;
	return at;
}

static void put_header(struct out *out, const struct view *v, uint32_t i)
{
	memcpy(out->bytes + v->head.e_shoff + i * sizeof(Elf64_Shdr), &v->sections[i],
	       sizeof(Elf64_Shdr));
}

static void move_symbols(struct out *out, const struct view *v, const struct merge *m)
{
	for (size_t i = 1; i < nsymbols(v); i++) {
		Elf64_Sym sym = symbol_at(v, i);

		if (sym.st_shndx >= v->nsections || !m->is_maps[sym.st_shndx])
			continue;
		sym.st_value += m->bases[sym.st_shndx];
		sym.st_shndx = (uint16_t)m->home;
		memcpy(out->bytes + v->sections[v->symtab].sh_offset + i * sizeof(sym), &sym,
		       sizeof(sym));
	}
}

/* Joins the relocations of maps in maps. *ret_home is the section that holds them; 0: none. */
static Elf64_Rel *join_rels(const struct view *v, const struct merge *m, size_t *ret_count,
			    uint32_t *ret_home)
{
	Elf64_Rel *rels = NULL;
	size_t count = 0;

	*ret_home = 0;
	for (uint32_t i = 1; i < v->nsections; i++) {
		struct span data = section_data(v, i);
		size_t n = data.len / sizeof(*rels);

		if (!is_maps_rel(v, m, i))
			continue;
		if (!*ret_home || v->sections[i].sh_info == m->home)
			*ret_home = i;
		rels = xreallocarray(rels, count + n + 1, sizeof(*rels));
		for (size_t k = 0; k < n; k++) {
			span_get(data, k * sizeof(*rels), &rels[count], sizeof(*rels));
			rels[count++].r_offset += m->bases[v->sections[i].sh_info];
		}
	}
	*ret_count = count;
	return rels;
}

struct join_ctx {
	const struct view *view;
	const struct merge *merge;
};

/* Compilers leave the offsets of variables to the symbols; a linker has filled them in. */
static int64_t joined_offset(void *arg, const char *section, const char *name, uint32_t old_off)
{
	const struct join_ctx *ctx = arg;
	const struct view *v = ctx->view;
	const struct merge *m = ctx->merge;
	uint32_t number = 0;

	for (uint32_t i = 1; i < v->nsections && !number; i++)
		if (m->is_maps[i] && streq(section_name(v, i), section))
			number = i;
	if (!number)
		return -ENOENT;
	for (size_t i = 0; *name && i < m->nsymbols; i++)
		if (m->symbols[i].section == number && streq(m->symbols[i].name, name))
			return (int64_t)(m->symbols[i].value + m->bases[number]);
	return (int64_t)(old_off + m->bases[number]);
}

/* Writes the joined map section and empties the others. */
static void write_maps(struct out *out, struct view *v, const struct merge *m)
{
	Elf64_Shdr *home = &v->sections[m->home];
	uint64_t at = append(out, NULL, m->size_bytes);

	for (uint32_t i = 1; i < v->nsections; i++) {
		struct span data = section_data(v, i);

		if (!m->is_maps[i])
			continue;
		if (data.len)
			memcpy(out->bytes + at + m->bases[i], data.ptr, data.len);
		home->sh_addralign = MAX(home->sh_addralign, v->sections[i].sh_addralign);
		if (i != m->home)
			v->sections[i].sh_size = 0;
	}
	home->sh_type = SHT_PROGBITS;
	home->sh_offset = at;
	home->sh_size = m->size_bytes;
}

static void write_rels(struct out *out, struct view *v, const struct merge *m,
		       const Elf64_Rel *rels, size_t count, uint32_t home)
{
	for (uint32_t i = 1; i < v->nsections; i++) {
		bool stale = v->sections[i].sh_type == SHT_REL && v->sections[i].sh_info == v->btf;

		if (stale || is_maps_rel(v, m, i))
			v->sections[i].sh_size = 0;
	}
	if (!home)
		return;
	v->sections[home].sh_info = m->home;
	v->sections[home].sh_entsize = sizeof(*rels);
	v->sections[home].sh_size = count * sizeof(*rels);
	v->sections[home].sh_offset = append(out, rels, count * sizeof(*rels));
}

static void write_names(struct out *out, struct view *v, const struct merge *m, uint32_t rel_home)
{
	Elf64_Shdr *names = &v->sections[v->head.e_shstrndx];
	uint64_t old = v->names.len;

	names->sh_offset = append(out, v->names.ptr, v->names.len);
	memcpy(out->bytes + out->len, MAPS_SECTION, sizeof(MAPS_SECTION));
	out->len += sizeof(MAPS_SECTION);
	memcpy(out->bytes + out->len, REL_MAPS_SECTION, sizeof(REL_MAPS_SECTION));
	out->len += sizeof(REL_MAPS_SECTION);
	names->sh_size = old + sizeof(MAPS_SECTION) + sizeof(REL_MAPS_SECTION);
	v->sections[m->home].sh_name = (uint32_t)old;
	if (rel_home)
		v->sections[rel_home].sh_name = (uint32_t)(old + sizeof(MAPS_SECTION));
}

static int merge_write(struct view *v, const struct merge *m, struct elf_image *ret,
		       struct err *err)
{
	struct join_ctx ctx = { v, m };
	struct btf_join join = { joined_offset, &ctx, (uint32_t)m->size_bytes };
	_cleanup_free_ void *btf = NULL, *rels = NULL, *bytes = NULL;
	size_t btf_len = 0, nrels = 0;
	uint32_t rel_home;
	struct out out = { 0 };
	int rc;

	rc = btf_join_maps(section_data(v, v->btf), &join, &btf, &btf_len, err);
	if (rc)
		return rc;
	rels = join_rels(v, m, &nrels, &rel_home);
	out.cap = v->file.len + m->size_bytes + nrels * sizeof(Elf64_Rel) + btf_len +
		  v->names.len + sizeof(MAPS_SECTION) + sizeof(REL_MAPS_SECTION) + 4 * 8;
	bytes = out.bytes = xcalloc(1, out.cap);
	memcpy(out.bytes, v->file.ptr, v->file.len);
	out.len = v->file.len;
	move_symbols(&out, v, m);
	write_maps(&out, v, m);
	write_rels(&out, v, m, rels, nrels, rel_home);
	v->sections[v->btf].sh_offset = append(&out, btf, btf_len);
	v->sections[v->btf].sh_size = btf_len;
	write_names(&out, v, m, rel_home);
	for (uint32_t i = 0; i < v->nsections; i++)
		put_header(&out, v, i);
	ret->len = out.len;
	ret->bytes = steal_ptr(&bytes);
	return 0;
}

int elf_merge_maps(const void *bytes, size_t len, struct elf_image *ret, struct err *err)
{
	_cleanup_(view_release) struct view v = { 0 };
	_cleanup_(merge_release) struct merge m = { 0 };
	_cleanup_(elf_image_release) struct elf_image image = { 0 };
	int rc;

	rc = view_open(&v, bytes, len, err);
	if (!rc)
		rc = btf_check(section_data(&v, v.btf), err);
	if (!rc)
		rc = find_sections(&m, &v, err);
	if (!rc && m.needed)
		rc = place_sections(&m, &v, err);
	if (!rc)
		rc = find_maps(&m, &v, err);
	if (!rc)
		list_maps(&image, &v, &m);
	if (!rc && m.needed)
		rc = merge_write(&v, &m, &image, err);
	if (rc)
		return rc;
	if (!m.needed) {
		image.bytes = xmalloc(len);
		memcpy(image.bytes, bytes, len);
		image.len = len;
	}
	*ret = image;
	image = (struct elf_image){ 0 };
	return 0;
}

void elf_image_release(struct elf_image *image)
{
	for (size_t i = 0; i < image->nmaps; i++) {
		free(image->maps[i].name);
		free(image->maps[i].suffix);
	}
	free(image->maps);
	free(image->bytes);
	*image = (struct elf_image){ 0 };
}

const char *elf_license(const struct elf_image *image, struct arena *arena)
{
	_cleanup_(view_release) struct view v = { 0 };

	if (!image || view_open(&v, image->bytes, image->len, NULL))
		return NULL;
	for (uint32_t i = 1; i < v.nsections; i++) {
		struct span data = section_data(&v, i);
		char *text;

		if (!streq(section_name(&v, i), "license") || !span_name(data, 0))
			continue;
		text = arena_strdup(arena, (const char *)data.ptr);
		for (char *c = text; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = ' ';
		return text;
	}
	return NULL;
}
