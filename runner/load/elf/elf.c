// SPDX-License-Identifier: Apache-2.0
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
#include "runner/load/elf/elf.h"

#include <errno.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/load/elf/elf_btf.h"
#include "runner/load/elf/elf_legacy.h"
#include "runner/load/elf/elf_view.h"

#define MAPS_SECTION ".maps"
#define REL_MAPS_SECTION ".rel.maps"
#define MAX_MAPS_BYTES (1u << 20) /* map definitions are some 40 bytes each */
#define MAX_ALIGN 4096
#define MAX_MAPS 4096

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

static void merge_release(struct merge *m)
{
	free(m->bases);
	free(m->is_maps);
	free(m->symbols);
}

/* "" for ".maps" and legacy sections, "x" for ".maps.x", NULL for all others. */
static const char *maps_suffix(const char *section)
{
	if (elf_is_legacy_section(section))
		return "";
	if (!has_prefix(section, MAPS_SECTION))
		return NULL;
	section += strlen(MAPS_SECTION);
	if (!*section)
		return section;
	return *section == '.' && section[1] ? section + 1 : NULL;
}

/* Relocations of map sections are the slots of maps in maps. */
static bool is_maps_rel(const struct elf_view *v, const struct merge *m, uint32_t i)
{
	const Elf64_Shdr *s = &v->sections[i];

	return s->sh_type == SHT_REL && s->sh_info < v->nsections && m->is_maps[s->sh_info];
}

static int find_sections(struct merge *m, const struct elf_view *v, struct err *err)
{
	m->bases = xcalloc(v->nsections, sizeof(*m->bases));
	m->is_maps = xcalloc(v->nsections, sizeof(*m->is_maps));
	for (uint32_t i = 1; i < v->nsections; i++) {
		const char *suffix = maps_suffix(elf_section_name(v, i));
		uint32_t type = v->sections[i].sh_type;

		bool home = streq(elf_section_name(v, i), MAPS_SECTION);

		if (!suffix || (type != SHT_PROGBITS && type != SHT_NOBITS))
			continue;
		if (home && m->home && streq(elf_section_name(v, m->home), MAPS_SECTION))
			return elf_refuse(err, "a damaged ELF object: it has two .maps sections");
		m->is_maps[i] = true;
		m->needed = m->needed || !home;
		if (!m->home || home)
			m->home = i;
	}
	return 0;
}

static int place_section(struct merge *m, const struct elf_view *v, uint32_t i, struct err *err)
{
	const Elf64_Shdr *s = &v->sections[i];
	uint64_t align = s->sh_addralign ? s->sh_addralign : 1;

	if (align > MAX_ALIGN || (align & (align - 1)) || s->sh_size > MAX_MAPS_BYTES)
		return elf_refuse(err,
				  "a damaged ELF object: section %s is of %llu bytes aligned to "
				  "%llu",
				  elf_section_name(v, i), (unsigned long long)s->sh_size,
				  (unsigned long long)align);
	m->bases[i] = (m->size_bytes + align - 1) & ~(align - 1);
	m->size_bytes = m->bases[i] + s->sh_size;
	if (m->size_bytes > MAX_MAPS_BYTES)
		return elf_refuse(err, "its map definitions take more than %u bytes",
				  MAX_MAPS_BYTES);
	return 0;
}

/*
 * libbpf makes maps in the order of their definitions and fills a map of maps at once: the maps
 * in it have to come first. So sections with relocations go behind those without.
 */
static int place_sections(struct merge *m, const struct elf_view *v, struct err *err)
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

static int find_maps(struct merge *m, const struct elf_view *v, struct err *err)
{
	m->symbols = xcalloc(MAX_MAPS, sizeof(*m->symbols));
	for (size_t i = 1; i < elf_nsymbols(v); i++) {
		Elf64_Sym sym = elf_symbol(v, i);
		const char *name;
		unsigned type = ELF64_ST_TYPE(sym.st_info);

		if (sym.st_shndx >= v->nsections || !m->is_maps[sym.st_shndx] ||
		    (type != STT_OBJECT && type != STT_NOTYPE))
			continue;
		name = span_name(v->symbol_names, sym.st_name);
		if (!name || sym.st_value > MAX_MAPS_BYTES)
			return elf_refuse(err, "a damaged ELF object: symbol %zu is no map", i);
		if (m->nsymbols == MAX_MAPS)
			return elf_refuse(err, "it has more than %d maps", MAX_MAPS);
		m->symbols[m->nsymbols++] = (struct map_symbol){ name, sym.st_shndx, sym.st_value };
	}
	return 0;
}

static void list_maps(struct elf_image *ret, const struct elf_view *v, const struct merge *m)
{
	ret->maps = xcalloc(m->nsymbols + 1, sizeof(*ret->maps));
	for (size_t i = 0; i < m->nsymbols; i++)
		ret->maps[ret->nmaps++] = (struct elf_map){
			.name = xstrdup(m->symbols[i].name),
			.suffix = xstrdup(maps_suffix(elf_section_name(v, m->symbols[i].section))),
		};
}

/* A prog array names the functions in its slots by relocations. */
static void list_tails(struct elf_image *ret, const struct elf_view *v, const struct merge *m)
{
	for (uint32_t i = 1; i < v->nsections; i++) {
		struct bytes data = elf_section_data(v, i);
		Elf64_Rel rel;

		if (!is_maps_rel(v, m, i))
			continue;
		for (size_t k = 0; ret->ntails < MAX_MAPS && bytes_get(data, k, &rel, sizeof(rel));
		     k += sizeof(rel)) {
			Elf64_Sym sym = elf_symbol(v, ELF64_R_SYM(rel.r_info));
			const char *name = span_name(v->symbol_names, sym.st_name);

			if (ELF64_ST_TYPE(sym.st_info) != STT_FUNC || !name || !*name)
				continue;
			ret->tails = xreallocarray(ret->tails, ret->ntails + 1, sizeof(char *));
			ret->tails[ret->ntails++] = xstrdup(name);
		}
	}
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

static void put_header(struct out *out, const struct elf_view *v, uint32_t i)
{
	memcpy(out->bytes + v->head.e_shoff + i * sizeof(Elf64_Shdr), &v->sections[i],
	       sizeof(Elf64_Shdr));
}

static void move_symbols(struct out *out, const struct elf_view *v, const struct merge *m)
{
	for (size_t i = 1; i < elf_nsymbols(v); i++) {
		Elf64_Sym sym = elf_symbol(v, i);

		if (sym.st_shndx >= v->nsections || !m->is_maps[sym.st_shndx])
			continue;
		sym.st_value += m->bases[sym.st_shndx];
		sym.st_shndx = (uint16_t)m->home;
		memcpy(out->bytes + v->sections[v->symtab].sh_offset + i * sizeof(sym), &sym,
		       sizeof(sym));
	}
}

/* Joins the relocations of maps in maps. *ret_home is the section that holds them; 0: none. */
static Elf64_Rel *join_rels(const struct elf_view *v, const struct merge *m, size_t *ret_count,
			    uint32_t *ret_home)
{
	Elf64_Rel *rels = NULL;
	size_t count = 0;

	*ret_home = 0;
	for (uint32_t i = 1; i < v->nsections; i++) {
		struct bytes data = elf_section_data(v, i);
		size_t n = data.len / sizeof(*rels);

		if (!is_maps_rel(v, m, i))
			continue;
		if (!*ret_home || v->sections[i].sh_info == m->home)
			*ret_home = i;
		rels = xreallocarray(rels, count + n + 1, sizeof(*rels));
		for (size_t k = 0; k < n; k++) {
			bytes_get(data, k * sizeof(*rels), &rels[count], sizeof(*rels));
			rels[count++].r_offset += m->bases[v->sections[i].sh_info];
		}
	}
	*ret_count = count;
	return rels;
}

struct join_ctx {
	const struct elf_view *view;
	const struct merge *merge;
};

/* Compilers leave the offsets of variables to the symbols; a linker has filled them in. */
static int64_t joined_offset(void *arg, const char *section, const char *name, uint32_t old_off)
{
	const struct join_ctx *ctx = arg;
	const struct elf_view *v = ctx->view;
	const struct merge *m = ctx->merge;

	for (size_t i = 0; *name && i < m->nsymbols; i++) {
		const struct map_symbol *sym = &m->symbols[i];

		if (streq(sym->name, name) && streq(elf_section_name(v, sym->section), section))
			return (int64_t)(sym->value + m->bases[sym->section]);
	}
	for (uint32_t i = 1; i < v->nsections; i++)
		if (m->is_maps[i] && streq(elf_section_name(v, i), section))
			return (int64_t)(old_off + m->bases[i]);
	return -ENOENT;
}

/* Writes the joined map section and empties the others. */
static void write_maps(struct out *out, struct elf_view *v, const struct merge *m)
{
	Elf64_Shdr *home = &v->sections[m->home];
	uint64_t at = append(out, NULL, m->size_bytes);

	for (uint32_t i = 1; i < v->nsections; i++) {
		struct bytes data = elf_section_data(v, i);

		if (!m->is_maps[i])
			continue;
		if (data.len)
			memcpy(out->bytes + at + m->bases[i], data.ptr, data.len);
		home->sh_addralign = MAX(home->sh_addralign, v->sections[i].sh_addralign);
		if (i == m->home)
			continue;
		v->sections[i].sh_size = 0;
		if (elf_is_legacy_section(elf_section_name(v, i)))
			v->sections[i].sh_name = 0; /* libbpf refuses the name */
	}
	home->sh_type = SHT_PROGBITS;
	home->sh_offset = at;
	home->sh_size = m->size_bytes;
}

static void write_rels(struct out *out, struct elf_view *v, const struct merge *m,
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

static void write_names(struct out *out, struct elf_view *v, const struct merge *m,
			uint32_t rel_home)
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

/* The definitions in legacy sections, which BTF has to describe as well. *ret is malloc'ed. */
static size_t legacy_maps(const struct elf_view *v, const struct merge *m, struct legacy_map **ret)
{
	struct legacy_map *maps = xcalloc(m->nsymbols + 1, sizeof(*maps));
	size_t count = 0;

	for (size_t i = 0; i < m->nsymbols; i++) {
		const struct map_symbol *sym = &m->symbols[i];
		struct legacy_map *map = &maps[count];

		map->name = sym->name;
		map->section = elf_section_name(v, sym->section);
		if (*map->name && elf_is_legacy_section(map->section) &&
		    bytes_get(elf_section_data(v, sym->section), sym->value, &map->def,
			      sizeof(map->def)))
			count++;
	}
	*ret = maps;
	return count;
}

static int join_btf(const struct elf_view *v, const struct merge *m, const struct btf_join *join,
		    void **ret, size_t *ret_len, struct err *err)
{
	struct bytes btf = elf_section_data(v, v->btf);
	_cleanup_free_ struct legacy_map *maps = NULL;
	_cleanup_free_ void *defined = NULL;
	size_t count = legacy_maps(v, m, &maps), len = 0;
	int rc = count ? btf_define_maps(btf, maps, count, &defined, &len, err) : 0;

	if (rc)
		return rc;
	return btf_join_maps(count ? bytes_of(defined, len) : btf, join, ret, ret_len, err);
}

static int merge_write(struct elf_view *v, const struct merge *m, struct elf_image *ret,
		       struct err *err)
{
	struct join_ctx ctx = { v, m };
	struct btf_join join = { joined_offset, &ctx, (uint32_t)m->size_bytes };
	_cleanup_free_ void *btf = NULL, *rels = NULL, *bytes = NULL;
	size_t btf_len = 0, nrels = 0;
	uint32_t rel_home;
	struct out out = { 0 };
	int rc;

	rc = join_btf(v, m, &join, &btf, &btf_len, err);
	if (rc)
		return rc;
	rels = join_rels(v, m, &nrels, &rel_home);
	out.cap = v->file.len + m->size_bytes + nrels * sizeof(Elf64_Rel) + btf_len + v->names.len +
		  sizeof(MAPS_SECTION) + sizeof(REL_MAPS_SECTION) + 4 * 8;
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
	_cleanup_(elf_view_release) struct elf_view v = { 0 };
	_cleanup_(merge_release) struct merge m = { 0 };
	_cleanup_(elf_image_release) struct elf_image image = { 0 };
	int rc;

	rc = elf_view_open(&v, bytes, len, err);
	if (!rc)
		rc = btf_check(elf_section_data(&v, v.btf), err);
	if (!rc)
		rc = find_sections(&m, &v, err);
	if (!rc && m.needed)
		rc = place_sections(&m, &v, err);
	if (!rc)
		rc = find_maps(&m, &v, err);
	if (!rc)
		list_maps(&image, &v, &m);
	if (!rc)
		list_tails(&image, &v, &m);
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
	for (size_t i = 0; i < image->ntails; i++)
		free(image->tails[i]);
	free(image->tails);
	for (size_t i = 0; i < image->nguessed; i++)
		free(image->guessed[i]);
	free(image->guessed);
	free(image->bytes);
	*image = (struct elf_image){ 0 };
}

const char *elf_license(const struct elf_image *image, struct arena *arena)
{
	_cleanup_(elf_view_release) struct elf_view v = { 0 };

	if (!image || elf_view_open(&v, image->bytes, image->len, NULL))
		return NULL;
	for (uint32_t i = 1; i < v.nsections; i++) {
		struct bytes data = elf_section_data(&v, i);
		char *text;

		if (!streq(elf_section_name(&v, i), "license") || !span_name(data, 0))
			continue;
		text = arena_strdup(arena, (const char *)data.ptr);
		for (char *c = text; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = ' ';
		return text;
	}
	return NULL;
}
