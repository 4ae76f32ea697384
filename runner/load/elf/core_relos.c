// SPDX-License-Identifier: Apache-2.0
#include "runner/load/elf/core_relos.h"

#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/util.h"
#include "runner/load/elf/elf.h"
#include "runner/load/elf/elf_btf.h"
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

/* Marks the types that a type refers to. */
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

/* The relocations, and how large each is; empty: there are none. */
static struct bytes find_relocations(struct bytes ext, uint32_t *ret_record_bytes)
{
	struct bytes none = bytes_of(NULL, 0);
	struct ext_header head;
	const void *at;

	if (!bytes_get(ext, 0, &head, sizeof(head)) || head.header_bytes < sizeof(head))
		return none;
	at = bytes_at(ext, (size_t)head.header_bytes + head.relos_off, head.relos_bytes);
	if (!at || !bytes_get(bytes_of(at, head.relos_bytes), 0, ret_record_bytes, 4) ||
	    *ret_record_bytes < sizeof(struct bpf_core_relo))
		return none;
	return bytes_of(at, head.relos_bytes);
}

static void mark_relocations(struct marks *m, struct bytes ext)
{
	uint32_t record_bytes;
	struct bytes relos = find_relocations(ext, &record_bytes);
	size_t off = sizeof(record_bytes);

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

/* --- types of a loader ----------------------------------------------------------------------- */

#define OWN_PREFIX "gadget_"

static bool is_own(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = t ? btf__name_by_offset(btf, t->name_off) : NULL;

	return name && has_prefix(name, OWN_PREFIX);
}

/* Copies the relocations that stay to `to`, which has as much room. The bytes they take. */
static size_t copy_others(const struct btf *btf, struct bytes relos, uint32_t record_bytes,
			  uint8_t *to)
{
	size_t off = sizeof(record_bytes), end = sizeof(record_bytes);

	memcpy(to, &record_bytes, sizeof(record_bytes));
	for (struct ext_section s; bytes_get(relos, off, &s, sizeof(s));) {
		size_t head = end;
		uint32_t kept = 0, i = 0;
		const void *at;

		off += sizeof(s);
		end += sizeof(s);
		for (; i < s.count && (at = bytes_at(relos, off, record_bytes)); i++) {
			struct bpf_core_relo relo;

			memcpy(&relo, at, sizeof(relo));
			off += record_bytes;
			if (is_own(btf, relo.type_id))
				continue;
			memcpy(to + end, at, record_bytes);
			end += record_bytes;
			kept++;
		}
		s.count = kept;
		memcpy(to + head, &s, sizeof(s));
		if (!kept) /* a section without any is an error */
			end = head;
	}
	return end > sizeof(record_bytes) ? end : 0;
}

static void take_out(struct elf_image *image, const struct btf *btf, struct bytes ext)
{
	uint32_t record_bytes;
	struct bytes relos = find_relocations(ext, &record_bytes);
	uint8_t *base = image->bytes;
	_cleanup_free_ uint8_t *kept = xmalloc(relos.len + 1);
	uint32_t len;

	if (!relos.len)
		return;
	len = (uint32_t)copy_others(btf, relos, record_bytes, kept);
	memcpy(base + (relos.ptr - base), kept, len);
	memcpy(base + (ext.ptr - base) + offsetof(struct ext_header, relos_bytes), &len,
	       sizeof(len));
}

void core_keep_own_types(struct elf_image *image)
{
	_cleanup_(elf_view_release) struct elf_view v = { 0 };
	struct bytes data;
	struct btf *btf;

	if (elf_view_open(&v, image->bytes, image->len, NULL))
		return;
	data = elf_section_data(&v, v.btf);
	if (!memmem(data.ptr, data.len, "\0" OWN_PREFIX, strlen(OWN_PREFIX) + 1) ||
	    btf_check(data, NULL))
		return;
	btf = btf__new(data.ptr, (uint32_t)data.len);
	if (btf)
		take_out(image, btf, section_called(&v, ".BTF.ext"));
	btf__free(btf);
}
