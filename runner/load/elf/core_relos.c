// SPDX-License-Identifier: Apache-2.0
#include "runner/load/elf/core_relos.h"

#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/util.h"
#include "runner/load/elf/elf_view.h"

/* The header of .BTF.ext, as LLVM and libbpf have it. */
struct ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header_bytes;
	uint32_t func_info_off, func_info_bytes, line_info_off, line_info_bytes;
	uint32_t relos_off, relos_bytes;
};

/* Of each section that has relocations. */
struct ext_section {
	uint32_t name_off, count;
};

struct marks {
	const struct btf *btf;
	bool *is_kernel;
	uint32_t *todo;
	size_t ntodo;
};

static void mark(struct marks *m, uint32_t id)
{
	if (!id || id >= btf__type_cnt(m->btf) || m->is_kernel[id])
		return;
	m->is_kernel[id] = true;
	m->todo[m->ntodo++] = id;
}

/* What a type leads to. */
static void follow(struct marks *m, const struct btf_type *t)
{
	if (btf_is_ptr(t) || btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t))
		mark(m, t->type);
	else if (btf_is_array(t))
		mark(m, btf_array(t)->type);
	for (uint32_t i = 0; btf_is_composite(t) && i < btf_vlen(t); i++)
		mark(m, btf_members(t)[i].type);
}

static struct bytes section_called(const struct elf_view *v, const char *name)
{
	for (uint32_t i = 1; i < v->nsections; i++)
		if (streq(elf_section_name(v, i), name))
			return elf_section_data(v, i);
	return bytes_of(NULL, 0);
}

static void mark_relocations(struct marks *m, struct bytes ext)
{
	struct ext_header head;
	uint32_t record_bytes;
	struct bytes relos;
	const void *at;
	size_t off;

	if (!bytes_get(ext, 0, &head, sizeof(head)) || head.header_bytes < sizeof(head))
		return;
	at = bytes_at(ext, (size_t)head.header_bytes + head.relos_off, head.relos_bytes);
	relos = bytes_of(at, at ? head.relos_bytes : 0);
	if (!bytes_get(relos, 0, &record_bytes, sizeof(record_bytes)) ||
	    record_bytes < sizeof(struct bpf_core_relo))
		return;
	off = sizeof(record_bytes);
	for (struct ext_section s; bytes_get(relos, off, &s, sizeof(s));) {
		struct bpf_core_relo relo;

		off += sizeof(s);
		for (uint32_t i = 0; i < s.count && bytes_get(relos, off, &relo, sizeof(relo));
		     i++) {
			mark(m, relo.type_id);
			off += record_bytes;
		}
	}
}

bool *core_kernel_types(const struct elf_view *v, const struct btf *btf)
{
	uint32_t count = btf__type_cnt(btf);
	struct marks m = { .btf = btf,
			   .is_kernel = xcalloc(count + 1, sizeof(bool)),
			   .todo = xcalloc(count + 1, sizeof(uint32_t)) };

	mark_relocations(&m, section_called(v, ".BTF.ext"));
	while (m.ntodo)
		follow(&m, btf__type_by_id(btf, m.todo[--m.ntodo]));
	free(m.todo);
	return m.is_kernel;
}
