// SPDX-License-Identifier: Apache-2.0
/* The USDT probes and functions of a program or library, read by libelf. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/hooks/hooks_internal.h"

#define NOTES ".note.stapsdt"
#define NOTE_OWNER "stapsdt"
#define NOTE_TYPE 3
#define NOTE_ADDRESSES 3 /* location, base, semaphore */
#define MAX_NAMES (1u << 20)

struct binary {
	const struct hooks_walk *walk;
	const char *path;
	Elf *elf;
	bool is_wide;	    /* 64 bits */
	const char **names; /* of functions, the file's */
	size_t count, room;
};

/* ---- USDT ---- */

/* "-4@112(%rsp)": a signed number of four bytes. */
static bool read_arg(struct arena *arena, const char *word, size_t number, struct hook_arg *ret)
{
	char *end;
	long size = strtol(word, &end, 10);
	uint32_t bytes = (uint32_t)labs(size);

	if (!bytes || bytes > 8)
		return false;
	*ret = (struct hook_arg){ .name = arena_printf(arena, "arg%zu", number),
				  .kind = *end == '@' ? HOOK_ARG_NUMBER : HOOK_ARG_OTHER,
				  .is_signed = size < 0,
				  .bytes = bytes };
	ret->type = *end == 'f' ? arena_printf(arena, bytes == 4 ? "float" : "double")
				: arena_printf(arena, "__%c%u", size < 0 ? 's' : 'u', bytes * 8);
	ret->decl = arena_printf(arena, "%s %s", ret->type, ret->name);
	return true;
}

static size_t read_args(struct arena *arena, const char *text, struct hook_arg *args)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &rest); word && count < HOOK_ARGS_MAX;
	     word = strtok_r(NULL, " ", &rest)) {
		if (!read_arg(arena, word, count + 1, &args[count]))
			break;
		count++;
	}
	return count;
}

/* The text at *at of the note's description, which ends with NUL; NULL: it does not. */
static const char *next_text(const char *bytes, size_t len, size_t *at)
{
	const char *text = bytes + *at, *end = *at < len ? memchr(text, 0, len - *at) : NULL;

	*at = end ? (size_t)(end - bytes) + 1 : len;
	return end ? text : NULL;
}

static int give_probe(const struct binary *b, const char *bytes, size_t len)
{
	size_t at = (size_t)NOTE_ADDRESSES * (b->is_wide ? 8 : 4);
	const char *provider = next_text(bytes, len, &at), *name = next_text(bytes, len, &at);
	const char *text = next_text(bytes, len, &at);
	_cleanup_(arena_release) struct arena arena = { 0 };
	struct hook_arg args[HOOK_ARGS_MAX];
	struct hook_info info = { .args = args };

	if (!provider || !name)
		return 0;
	info.section = arena_printf(&arena, "usdt/%s:%s:%s", b->path, provider, name);
	if (!hooks_matches(b->walk, info.section))
		return 0;
	info.nargs = read_args(&arena, text ? text : "", args);
	return b->walk->found(b->walk->ctx, &info);
}

static int each_probe(const struct binary *b, Elf_Data *data)
{
	size_t at = 0, next, name, desc;
	GElf_Nhdr note;
	int ret = 0;

	while (ret == 0 && (next = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
		const char *bytes = data->d_buf;

		if (note.n_type == NOTE_TYPE && note.n_namesz == sizeof(NOTE_OWNER) &&
		    memcmp(bytes + name, NOTE_OWNER, sizeof(NOTE_OWNER)) == 0)
			ret = give_probe(b, bytes + desc, note.n_descsz);
		at = next;
	}
	return ret;
}

/* ---- functions ---- */

static void add_names(struct binary *b, Elf_Scn *section, const GElf_Shdr *head)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && head->sh_entsize ? data->d_size / head->sh_entsize : 0;

	for (size_t i = 0; i < count && i < MAX_NAMES; i++) {
		GElf_Sym sym;
		const char *name;

		if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF ||
		    GELF_ST_TYPE(sym.st_info) != STT_FUNC)
			continue;
		name = elf_strptr(b->elf, head->sh_link, sym.st_name);
		if (!name || !*name)
			continue;
		if (b->count == b->room) {
			b->room = b->room ? b->room * 2 : 1024;
			b->names = xreallocarray(b->names, b->room, sizeof(*b->names));
		}
		b->names[b->count++] = name;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int each_function(struct binary *b)
{
	int ret = 0;

	if (b->count)
		qsort(b->names, b->count, sizeof(*b->names), by_name);
	for (size_t i = 0; i < b->count && ret == 0; i++) {
		_cleanup_free_ char *section = xasprintf("uprobe/%s:%s", b->path, b->names[i]);
		const struct hook_info info = { .section = section };

		if ((!i || !streq(b->names[i - 1], b->names[i])) && hooks_matches(b->walk, section))
			ret = b->walk->found(b->walk->ctx, &info);
	}
	return ret;
}

/* ---- a file ---- */

static int each_section(struct binary *b)
{
	Elf_Scn *section = NULL;
	size_t names = 0;
	int ret = 0;

	b->is_wide = gelf_getclass(b->elf) == ELFCLASS64;
	elf_getshdrstrndx(b->elf, &names);
	while (ret == 0 && (section = elf_nextscn(b->elf, section))) {
		GElf_Shdr head;
		const char *name;

		if (!gelf_getshdr(section, &head))
			continue;
		name = elf_strptr(b->elf, names, head.sh_name);
		if (head.sh_type == SHT_NOTE && name && streq(name, NOTES))
			ret = each_probe(b, elf_getdata(section, NULL));
		else if (head.sh_type == SHT_SYMTAB || head.sh_type == SHT_DYNSYM)
			add_names(b, section, &head);
	}
	return ret ? ret : each_function(b);
}

int hooks_of_binary(const struct hooks_walk *walk, struct err *err)
{
	struct binary b = { .walk = walk, .path = walk->query->binary };
	_cleanup_close_ int fd = open(b.path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return err_sys(err, errno, "cannot open %s", b.path);
	elf_version(EV_CURRENT);
	b.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!b.elf || elf_kind(b.elf) != ELF_K_ELF)
		ret = err_set(err, EINVAL, "%s is not a program or library (ELF)", b.path);
	else
		ret = each_section(&b);
	free(b.names);
	elf_end(b.elf);
	return ret;
}
