// SPDX-License-Identifier: Apache-2.0
#include "runner/read/stack/file_code.h"

#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "base/util.h"
#include "runner/read/stack/code_table.h"
#include "runner/read/stack/root_open.h"

#define LOADS_MAX 16
#define BUILD_ID_MAX 32		      /* bytes; 20 are usual */
#define SYMBOLS_MAX (16 << 20)	      /* that are looked at; of a file, functions or not */
#define CHECKED_FILE_MAX (512u << 20) /* of a debug file without a build id */
#define DEBUG_DIR "/usr/lib/debug"

struct file_code {
	Dwfl *dwfl;
	Dwfl_Module *module;
	char *path;
	int root_fd; /* borrowed until file_code_load() returns */
	struct code_table table;
	struct load {
		uint64_t file_offset, bytes, addr;
	} loads[LOADS_MAX];
	size_t nloads;
	unsigned char id[BUILD_ID_MAX];
	size_t id_bytes;
	char id_text[2 * BUILD_ID_MAX + 1];
};

/* ---- the debug file ---- */

static bool has_build_id(int fd, const struct file_code *code)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	const void *id = NULL;
	ssize_t bytes = elf ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	bool same = bytes > 0 && (size_t)bytes == code->id_bytes &&
		    memcmp(id, code->id, code->id_bytes) == 0;

	elf_end(elf);
	return same;
}

static bool has_checksum(int fd, uint32_t want)
{
	_cleanup_free_ unsigned char *buf = xmalloc(1 << 16);
	uLong sum = crc32(0, NULL, 0);
	uint64_t bytes = 0;
	ssize_t n;

	while ((n = pread(fd, buf, 1 << 16, (off_t)bytes)) > 0 && bytes < CHECKED_FILE_MAX) {
		sum = crc32(sum, buf, (uInt)n);
		bytes += (uint64_t)n;
	}
	return n == 0 && sum == want;
}

static int try(const struct file_code *code, int root_fd, const char *path, uint32_t checksum)
{
	int fd = root_open(root_fd, path);

	if (fd < 0)
		return -1;
	if (code->id_bytes ? has_build_id(fd, code) : has_checksum(fd, checksum))
		return fd;
	close(fd);
	return -1;
}

static int try_id(const struct file_code *code, int root_fd)
{
	_cleanup_free_ char *path = NULL;

	if (code->id_bytes < 2)
		return -1;
	path = xasprintf(DEBUG_DIR "/.build-id/%.2s/%s.debug", code->id_text, code->id_text + 2);
	return try(code, root_fd, path, 0);
}

static int try_link(const struct file_code *code, int root_fd, const char *link, uint32_t checksum)
{
	static const char *const forms[] = { "%.*s/%s", "%.*s/.debug/%s", DEBUG_DIR "%.*s/%s" };
	const char *slash = strrchr(code->path, '/');
	int fd = -1;

	if (!link || !*link || !slash || strchr(link, '/'))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(forms) && fd < 0; i++) {
		_cleanup_free_ char *path =
			xasprintf(forms[i], (int)(slash - code->path), code->path, link);

		fd = try(code, root_fd, path, checksum);
	}
	return fd;
}

static int find_debug(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
		      const char *file_name, const char *link, GElf_Word checksum, char **ret_path)
{
	const struct file_code *code = *userdata;
	_cleanup_close_ int own = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int roots[] = { code->root_fd, own };
	int fd = -1;

	*ret_path = NULL;
	/* That of dwz, with parts of several debug files: libdw looks for it by its own id. */
	if (link && !checksum)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(roots) && fd < 0; i++) {
		if (roots[i] < 0)
			continue;
		fd = try_id(code, roots[i]);
		if (fd < 0)
			fd = try_link(code, roots[i], link, checksum);
	}
	return fd;
}

/* ---- opening ---- */

static void read_loads(struct file_code *code)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(code->module, &bias);
	size_t count = 0;

	if (!elf || elf_getphdrnum(elf, &count) < 0)
		return;
	for (size_t i = 0; i < count && code->nloads < LOADS_MAX; i++) {
		GElf_Phdr head;

		if (gelf_getphdr(elf, (int)i, &head) && head.p_type == PT_LOAD &&
		    (head.p_flags & PF_X))
			code->loads[code->nloads++] =
				(struct load){ head.p_offset, head.p_filesz, head.p_vaddr };
	}
}

static void read_build_id(struct file_code *code)
{
	const unsigned char *id;
	GElf_Addr addr;
	int bytes = dwfl_module_build_id(code->module, &id, &addr);

	if (bytes <= 0 || bytes > BUILD_ID_MAX)
		return;
	memcpy(code->id, id, (size_t)bytes);
	code->id_bytes = (size_t)bytes;
	for (int i = 0; i < bytes; i++)
		snprintf(code->id_text + 2 * i, 3, "%02x", id[i]);
}

struct file_code *file_code_open(int fd, const char *path, int root_fd)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = find_debug,
		.section_address = dwfl_offline_section_address, /* where it is an object file */
	};
	struct file_code *code = xcalloc(1, sizeof(*code));
	void **userdata;

	code->path = xstrdup(path);
	code->root_fd = root_fd;
	code->dwfl = dwfl_begin(&callbacks);
	dwfl_report_begin(code->dwfl);
	code->module = dwfl_report_elf(code->dwfl, path, path, fd, 0, true);
	dwfl_report_end(code->dwfl, NULL, NULL);
	if (!code->module) {
		close(fd);
		file_code_free(code);
		return NULL;
	}
	dwfl_module_info(code->module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
	*userdata = code;
	read_loads(code);
	read_build_id(code);
	return code;
}

/* ---- its functions ---- */

static bool is_function(const GElf_Sym *sym, GElf_Word section)
{
	int type = GELF_ST_TYPE(sym->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && section != SHN_UNDEF;
}

/* Of several names the one of a known size, then the most visible. */
static uint32_t rank_of(const GElf_Sym *sym)
{
	int bind = GELF_ST_BIND(sym->st_info);

	return (sym->st_size ? 4u : 0) + (bind == STB_GLOBAL ? 2u : bind == STB_WEAK ? 1u : 0);
}

static void close_files(struct file_code *code)
{
	if (code->dwfl)
		dwfl_end(code->dwfl);
	code->dwfl = NULL;
	code->module = NULL;
}

void file_code_load(struct file_code *code, bool inlines)
{
	int count = MIN(dwfl_module_getsymtab(code->module), SYMBOLS_MAX);

	for (int i = 0; i < count; i++) {
		GElf_Word section = SHN_UNDEF;
		GElf_Addr addr;
		GElf_Sym sym;
		const char *name =
			dwfl_module_getsym_info(code->module, i, &sym, &addr, &section, NULL, NULL);

		if (name && *name && is_function(&sym, section) &&
		    !code_table_add(&code->table, addr, sym.st_size, rank_of(&sym), name,
				    strlen(name)))
			break;
	}
	code_table_sort(&code->table);
	if (inlines)
		dwfl_module_getdwarf(code->module, &(Dwarf_Addr){ 0 });
	else
		close_files(code);
	code->root_fd = -1;
}

void file_code_free(struct file_code *code)
{
	if (!code)
		return;
	close_files(code);
	code_table_release(&code->table);
	free(code->path);
	free(code);
}

/* ---- questions ---- */

const char *file_code_build_id(const struct file_code *code)
{
	return code->id_text;
}

bool file_code_address(const struct file_code *code, uint64_t file_offset, uint64_t *ret)
{
	for (size_t i = 0; i < code->nloads; i++) {
		const struct load *load = &code->loads[i];

		if (file_offset - load->file_offset < load->bytes) {
			*ret = file_offset - load->file_offset + load->addr;
			return true;
		}
	}
	return false;
}

const char *file_code_find(const struct file_code *code, uint64_t addr, uint64_t *ret_offset)
{
	return code_table_find(&code->table, addr, ret_offset);
}

static const char *name_of_die(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attr));

	return name ? name : dwarf_diename(die);
}

size_t file_code_inlined(struct file_code *code, uint64_t addr, const char **ret, size_t max)
{
	Dwarf_Die *scopes = NULL, *chain = NULL, *unit;
	Dwarf_Addr bias;
	int count, links = 0;
	size_t found = 0;

	unit = code->module ? dwfl_module_addrdie(code->module, addr, &bias) : NULL;
	count = unit ? dwarf_getscopes(unit, addr - bias, &scopes) : 0;
	/* The scopes of an inlined function are those of its definition; the places where they
	 * were inlined are the parents of the first. */
	if (count > 0)
		links = dwarf_getscopes_die(&scopes[0], &chain);
	for (int i = 0; i < links && found < max; i++) {
		int tag = dwarf_tag(&chain[i]);
		const char *name;

		if (tag == DW_TAG_subprogram)
			break;
		name = tag == DW_TAG_inlined_subroutine ? name_of_die(&chain[i]) : NULL;
		if (name)
			ret[found++] = name;
	}
	free(scopes);
	free(chain);
	return found;
}

size_t file_code_bytes(const struct file_code *code)
{
	return sizeof(*code) + code_table_bytes(&code->table);
}
