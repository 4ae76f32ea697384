// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>

#include "base/util.h"
#include "runner/load/elf/elf_versions.h"

#define VERSION_HIDDEN 0x8000 /* of .gnu.version: not what a new program is linked to */

struct tables {
	Elf_Data *symbols, *versions;
	size_t names; /* section of the symbols' names */
	size_t count;
};

static bool find_tables(Elf *elf, struct tables *ret)
{
	Elf_Scn *section = NULL;
	struct tables tables = { 0 };

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			return false;
		if (header.sh_type == SHT_DYNSYM && header.sh_entsize) {
			tables.symbols = elf_getdata(section, NULL);
			tables.names = header.sh_link;
			tables.count = header.sh_size / header.sh_entsize;
		} else if (header.sh_type == SHT_GNU_versym) {
			tables.versions = elf_getdata(section, NULL);
		}
	}
	*ret = tables;
	return tables.symbols && tables.versions;
}

/* From an address to a place in the file. */
static bool file_offset(Elf *elf, uint64_t address, uint64_t *ret)
{
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
			continue;
		*ret = address - segment.p_vaddr + segment.p_offset;
		return true;
	}
	return false;
}

static bool find_version(Elf *elf, const char *function, uint64_t *ret_offset)
{
	struct tables tables;
	uint64_t address = 0;
	bool several = false, found = false;

	if (!find_tables(elf, &tables))
		return false;
	for (size_t i = 0; i < tables.count; i++) {
		GElf_Versym version;
		GElf_Sym symbol;
		const char *name;

		if (!gelf_getsym(tables.symbols, (int)i, &symbol) ||
		    !gelf_getversym(tables.versions, (int)i, &version) ||
		    GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, tables.names, symbol.st_name);
		if (!name || !streq(name, function))
			continue;
		if (version & VERSION_HIDDEN) {
			several = true;
			continue;
		}
		address = symbol.st_value;
		found = true;
	}
	return several && found && file_offset(elf, address, ret_offset);
}

bool elf_default_version(const char *path, const char *function, uint64_t *ret_offset)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found;
	Elf *elf;

	if (fd < 0 || elf_version(EV_CURRENT) == EV_NONE)
		return false;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	found = elf && elf_kind(elf) == ELF_K_ELF && find_version(elf, function, ret_offset);
	elf_end(elf);
	return found;
}
