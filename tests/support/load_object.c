// SPDX-License-Identifier: Apache-2.0
#include "tests/support/load_object.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef EM_BPF
#define EM_BPF 247
#endif

#define OBJ_MAX 64

/* One section while it is made. */
struct obj_section {
	const char *name;
	uint8_t bytes[8192];
	size_t len;
	uint32_t type, index;
	Elf64_Rel rels[OBJ_MAX];
	size_t nrels;
	char rel_name[64];
};

struct obj_file {
	struct obj_section sections[OBJ_MAX];
	size_t nsections;
	Elf64_Sym symbols[OBJ_MAX];
	const char *symbol_names[OBJ_MAX];
	size_t nsymbols;
	char strings[8192];
	size_t nstrings;
};

uint32_t obj_u32(struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "__u32", BTF_KIND_INT);

	return (uint32_t)(id > 0 ? id : btf__add_int(btf, "__u32", 4, 0));
}

/* What __uint(name, n) makes: int (*name)[n]. */
static int obj_uint(struct btf *btf, uint32_t n)
{
	uint32_t u32 = obj_u32(btf);

	return btf__add_ptr(btf, btf__add_array(btf, (int)u32, (int)u32, n));
}

static uint32_t obj_map_size(const struct obj_map *m)
{
	uint32_t members =
		2 + !!m->key + !!m->value + (!m->value && m->value_size) + 2 * !!m->inner[0];

	return members * 8 + (m->inner[0] ? 8 : 0) + (m->inner[1] ? 8 : 0);
}

int obj_declare_map(struct btf *btf, const struct obj_map *m)
{
	int id = btf__find_by_name_kind(btf, m->name, BTF_KIND_VAR);
	int ids[8], inner = 0, def;
	const char *names[8];
	uint32_t n = 0;

	if (id > 0)
		return id;
	names[n] = "type", ids[n++] = obj_uint(btf, m->type);
	names[n] = "max_entries", ids[n++] = obj_uint(btf, m->max_entries);
	if (m->key)
		names[n] = "key", ids[n++] = btf__add_ptr(btf, (int)m->key);
	if (m->value)
		names[n] = "value", ids[n++] = btf__add_ptr(btf, (int)m->value);
	else if (m->value_size)
		names[n] = "value_size", ids[n++] = obj_uint(btf, m->value_size);
	if (m->inner[0]) {
		int var = btf__find_by_name_kind(btf, m->inner[0], BTF_KIND_VAR);

		/* The writer moves its types when it grows: nothing may point to them. */
		var = (int)btf__type_by_id(btf, (uint32_t)var)->type;
		names[n] = "key_size", ids[n++] = obj_uint(btf, 4);
		inner = btf__add_array(btf, (int)obj_u32(btf), btf__add_ptr(btf, var), 0);
		names[n] = "values", ids[n++] = inner;
	}
	def = btf__add_struct(btf, NULL, inner ? (n - 1) * 8 : n * 8);
	for (uint32_t i = 0; i < n; i++)
		btf__add_field(btf, names[i], ids[i], i * 64, 0);
	return btf__add_var(btf, m->name, BTF_VAR_GLOBAL_ALLOCATED, def);
}

int obj_declare_var(struct btf *btf, const struct obj_var *v)
{
	int id = btf__find_by_name_kind(btf, v->name, BTF_KIND_VAR);

	return id > 0 ? id : btf__add_var(btf, v->name, BTF_VAR_GLOBAL_ALLOCATED, (int)v->type);
}

static struct obj_section *obj_section(struct obj_file *f, const char *name, uint32_t type)
{
	for (size_t i = 0; i < f->nsections; i++)
		if (!strcmp(f->sections[i].name, name))
			return &f->sections[i];
	f->sections[f->nsections] = (struct obj_section){ .name = name, .type = type };
	return &f->sections[f->nsections++];
}

static uint32_t obj_string(struct obj_file *f, const char *text)
{
	size_t at = f->nstrings;

	memcpy(f->strings + at, text, strlen(text) + 1);
	f->nstrings += strlen(text) + 1;
	return (uint32_t)at;
}

/* Adds bytes to a section and a symbol for them; st_shndx is the section's place, made right
 * when sections have numbers. */
static size_t obj_put(struct obj_file *f, struct obj_section *s, const char *name, unsigned type,
		      const void *bytes, size_t len)
{
	size_t at = s->len;

	if (bytes)
		memcpy(s->bytes + at, bytes, len);
	s->len += (len + 7) & ~(size_t)7;
	if (name) {
		f->symbol_names[f->nsymbols] = name;
		f->symbols[f->nsymbols++] = (Elf64_Sym){
			.st_name = obj_string(f, name),
			.st_value = at,
			.st_size = len,
			.st_info = ELF64_ST_INFO(STB_GLOBAL, type),
			.st_shndx = (uint16_t)(s - f->sections),
		};
	}
	return at;
}

static size_t obj_symbol(const struct obj_file *f, const char *name)
{
	for (size_t i = 1; i < f->nsymbols; i++)
		if (!strcmp(f->symbol_names[i], name))
			return i;
	abort();
}

static void obj_fill(struct obj_file *f, const struct obj *o)
{
	static const struct bpf_insn insns[2] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	f->nstrings = f->nsymbols = 1;
	f->symbol_names[0] = "";
	for (size_t i = 0; i < o->nprogs; i++)
		obj_put(f, obj_section(f, o->progs[i].section, SHT_PROGBITS), o->progs[i].name,
			STT_FUNC, insns, sizeof(insns));
	for (size_t i = 0; i < o->nmaps; i++)
		obj_put(f, obj_section(f, o->maps[i].section, SHT_PROGBITS), o->maps[i].name,
			STT_OBJECT, NULL, obj_map_size(&o->maps[i]));
	for (size_t i = 0; i < o->nvars; i++)
		obj_put(f,
			obj_section(f, o->vars[i].section,
				    strcmp(o->vars[i].section, ".bss") ? SHT_PROGBITS : SHT_NOBITS),
			o->vars[i].name, STT_OBJECT, o->vars[i].bytes, o->vars[i].size);
	if (o->license)
		obj_put(f, obj_section(f, "license", SHT_PROGBITS), NULL, 0, o->license,
			strlen(o->license) + 1);
	for (size_t i = 0; i < o->nmaps; i++) {
		const struct obj_map *m = &o->maps[i];
		struct obj_section *s = obj_section(f, m->section, SHT_PROGBITS);
		uint64_t at = f->symbols[obj_symbol(f, m->name)].st_value + obj_map_size(m);

		for (int k = 1; k >= 0; k--)
			if (m->inner[k])
				s->rels[s->nrels++] =
					(Elf64_Rel){ at -= 8,
						     ELF64_R_INFO(obj_symbol(f, m->inner[k]), 2) };
	}
}

/* The DATASECs, one for each section with maps or variables. */
static void obj_datasecs(struct obj_file *f, const struct obj *o)
{
	for (size_t i = 0; i < o->nmaps; i++)
		obj_declare_map(o->btf, &o->maps[i]);
	for (size_t i = 0; i < o->nvars; i++)
		obj_declare_var(o->btf, &o->vars[i]);
	for (size_t s = 0; s < f->nsections; s++) {
		int made = 0;

		for (size_t i = 0; i < o->nmaps + o->nvars; i++) {
			const struct obj_map *m = i < o->nmaps ? &o->maps[i] : NULL;
			const struct obj_var *v = m ? NULL : &o->vars[i - o->nmaps];
			const char *section = m ? m->section : v->section;

			if (strcmp(section, f->sections[s].name))
				continue;
			if (!made)
				btf__add_datasec(o->btf, section, 0);
			made = 1;
			btf__add_datasec_var_info(
				o->btf, m ? obj_declare_map(o->btf, m) : obj_declare_var(o->btf, v),
				0, m ? obj_map_size(m) : v->size);
		}
	}
}

static Elf_Scn *obj_scn(struct obj_file *f, Elf *elf, const char *name, uint32_t type,
			const void *bytes, size_t len, size_t align)
{
	Elf_Scn *scn = elf_newscn(elf);
	Elf_Data *data = elf_newdata(scn);
	Elf64_Shdr *head = elf64_getshdr(scn);

	data->d_buf = type == SHT_NOBITS ? NULL : (void *)bytes;
	data->d_size = len;
	data->d_align = align;
	data->d_type = type == SHT_SYMTAB ? ELF_T_SYM : type == SHT_REL ? ELF_T_REL : ELF_T_BYTE;
	head->sh_name = obj_string(f, name);
	head->sh_type = type;
	if (type == SHT_SYMTAB)
		head->sh_entsize = sizeof(Elf64_Sym);
	if (type == SHT_REL)
		head->sh_entsize = sizeof(Elf64_Rel);
	return scn;
}

static void obj_write(struct obj_file *f, const struct obj *o, int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);
	Elf64_Ehdr *head = elf64_newehdr(elf);
	Elf_Scn *symtab, *strings, *scn;
	uint32_t btf_len = 0;
	const void *btf = o->no_btf ? NULL : btf__raw_data(o->btf, &btf_len);

	head->e_ident[EI_DATA] =
		__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	head->e_type = ET_REL;
	head->e_machine = o->machine ? o->machine : EM_BPF;
	head->e_version = EV_CURRENT;
	for (size_t i = 0; i < f->nsections; i++) {
		struct obj_section *s = &f->sections[i];

		scn = obj_scn(f, elf, s->name, s->type, s->bytes, s->len, 8);
		s->index = (uint32_t)elf_ndxscn(scn);
		elf64_getshdr(scn)->sh_flags =
			SHF_ALLOC | (strchr(s->name, '/') || !strcmp(s->name, "xdp") ||
						     !strncmp(s->name, "socket", 6)
					     ? SHF_EXECINSTR
					     : SHF_WRITE);
	}
	for (size_t i = 1; i < f->nsymbols; i++)
		f->symbols[i].st_shndx = (uint16_t)f->sections[f->symbols[i].st_shndx].index;
	symtab = obj_scn(f, elf, ".symtab", SHT_SYMTAB, f->symbols,
			 f->nsymbols * sizeof(*f->symbols), 8);
	elf64_getshdr(symtab)->sh_info = 1;
	for (size_t i = 0; i < f->nsections; i++) {
		struct obj_section *s = &f->sections[i];

		if (!s->nrels)
			continue;
		snprintf(s->rel_name, sizeof(s->rel_name), ".rel%s", s->name);
		scn = obj_scn(f, elf, s->rel_name, SHT_REL, s->rels, s->nrels * sizeof(*s->rels),
			      8);
		elf64_getshdr(scn)->sh_info = s->index;
		elf64_getshdr(scn)->sh_link = (uint32_t)elf_ndxscn(symtab);
	}
	if (btf)
		obj_scn(f, elf, ".BTF", SHT_PROGBITS, btf, btf_len, 4);
	strings = obj_scn(f, elf, ".strtab", SHT_STRTAB, f->strings, 0, 1);
	elf_getdata(strings, NULL)->d_size = f->nstrings;
	elf64_getshdr(symtab)->sh_link = (uint32_t)elf_ndxscn(strings);
	head->e_shstrndx = (uint16_t)elf_ndxscn(strings);
	if (elf_update(elf, ELF_C_WRITE) < 0)
		abort();
	elf_end(elf);
}

void *obj_build(const struct obj *o, size_t *ret_len)
{
	struct obj_file *f = calloc(1, sizeof(*f));
	int fd = memfd_create("object", 0);
	off_t len;
	void *bytes;

	elf_version(EV_CURRENT);
	obj_fill(f, o);
	if (!o->no_btf)
		obj_datasecs(f, o);
	obj_write(f, o, fd);
	len = lseek(fd, 0, SEEK_END);
	bytes = malloc((size_t)len);
	if (pread(fd, bytes, (size_t)len, 0) != len)
		abort();
	close(fd);
	free(f);
	*ret_len = (size_t)len;
	return bytes;
}
