// SPDX-License-Identifier: Apache-2.0
/*
 * Hostile BTF: what btf_check() lets through is compiled, every type of it, and every field has
 * to lie in its record. What starts with BTF's magic is taken as it is. All other input says with
 * its first byte what the rest is:
 *
 *	even	the inside of the type section, in front of a fixed table of names (4 bytes on)
 *	odd	changes to good BTF, 5 bytes each: kind of change, where (2), what (2)
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "base/arena.h"
#include "base/util.h"
#include "runner/load/elf/elf_btf.h"
#include "runner/load/plan/layout.h"
#include "runner/load/plan/params.h"

#define MAX_TYPES 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static void check_field(const struct layout *layout, const struct field *f)
{
	uint64_t end = f->off_bits + (uint64_t)f->size_bits * f->count;

	if (!f->count || !f->size_bits || end > layout->size_bytes * 8ull || !f->name ||
	    !*f->name || !f->path || !f->label || (!f->is_bits && f->off_bits % 8) ||
	    (f->kind == KIND_ENUM && !f->enums) || (f->is_bits && f->size_bits > 64))
		abort();
	if (f->meaning == MEAN_IP && (f->addr_at + 16u > f->size_bits / 8 || f->family_bytes > 4 ||
				      f->family_at + f->family_bytes > f->size_bits / 8))
		abort();
	if (layout_find(layout, f->path) == NULL)
		abort();
}

/* What is read as text has to be taken back as the same text. */
static void check_param(const struct field *f, uint32_t size_bytes)
{
	_cleanup_free_ uint8_t *value = xcalloc(1, size_bytes);
	char text[1024], again[1024];
	struct field own = *f;

	if (f->is_bits || f->kind == KIND_PTR || size_bytes > 256)
		return;
	own.off_bits = 0;
	for (uint32_t i = 0; i < size_bytes; i++)
		value[i] = (uint8_t)(i * 37 + size_bytes);
	param_read(&own, value, text, sizeof(text));
	if (param_write(&own, text, value, size_bytes, "param", NULL) == 0) {
		param_read(&own, value, again, sizeof(again));
		if (!streq(text, again) && f->kind != KIND_FLOAT && f->meaning != MEAN_IP)
			abort();
	}
}

static void compile_all(const struct btf *btf)
{
	uint32_t count = MIN(btf__type_cnt(btf), (uint32_t)MAX_TYPES);

	for (uint32_t id = 0; id <= count; id++) {
		struct arena arena = { 0 };
		struct layout layout;

		if (layout_compile(&arena, btf, id, "value", &layout, NULL) == 0) {
			if (!layout.nfields || layout.nfields > LAYOUT_MAX_FIELDS ||
			    layout.size_bytes > LAYOUT_MAX_BYTES)
				abort();
			for (uint32_t i = 0; i < layout.nfields; i++)
				check_field(&layout, &layout.fields[i]);
			if (layout.is_scalar)
				check_param(&layout.fields[0], layout.size_bytes);
		}
		arena_release(&arena);
	}
}

/* A bit of everything. */
static struct btf *make_good(void)
{
	struct btf *b = btf__new_empty();
	int u8 = btf__add_int(b, "unsigned char", 1, 0), u32 = btf__add_int(b, "u32", 4, 0);
	int chr = btf__add_int(b, "char", 1, BTF_INT_SIGNED), u128 = btf__add_int(b, "u128", 16, 0);
	int v6 = btf__add_array(b, (int)u32, u8, 16), comm = btf__add_array(b, (int)u32, chr, 16);
	int pid = btf__add_typedef(b, "pid_t", btf__add_const(b, u32)), e, ip, ep, inner, grid,
	    outer;

	e = btf__add_enum(b, "e", 4);
	btf__add_enum_value(b, "A", 1);
	btf__add_enum_value(b, "B", -1);
	ip = btf__add_struct(b, "ip_addr", 20);
	btf__add_field(b, "addr", v6, 0, 0);
	btf__add_field(b, "family", u32, 128, 0);
	ep = btf__add_struct(b, "gadget_l4endpoint_t", 24);
	btf__add_field(b, "addr_raw", v6, 0, 0);
	btf__add_field(b, "port", u8, 128, 0);
	btf__add_field(b, "version", u8, 136, 0);
	inner = btf__add_union(b, NULL, 8);
	btf__add_field(b, "low", u32, 0, 0);
	btf__add_field(b, "en", e, 32, 0);
	grid = btf__add_array(b, (int)u32, btf__add_array(b, (int)u32, inner, 2), 3);
	comm = btf__add_typedef(b, "gadget_comm", comm);
	outer = btf__add_struct(b, "outer", 256);
	btf__add_field(b, "pid", pid, 0, 0);
	btf__add_field(b, "bits", u32, 32, 3);
	btf__add_field(b, "more", u32, 35, 29);
	btf__add_field(b, "comm", comm, 64, 0);
	btf__add_field(b, "ip", ip, 192, 0);
	btf__add_field(b, "src", ep, 352, 0);
	btf__add_field(b, NULL, inner, 576, 0);
	btf__add_field(b, "grid", grid, 640, 0);
	btf__add_field(b, "big", u128, 1152, 0);
	btf__add_field(b, "six", v6, 1280, 0);
	btf__add_field(b, "ptr", btf__find_by_name(b, "outer"), 1408, 0);
	btf__add_decl_tag(b, "bombus:label", outer, 3);
	btf__add_decl_tag(b, "bombus:name:other", outer, 4);
	btf__add_decl_tag(b, "bombus:unit:us", inner, 0);
	return b;
}

static uint8_t *damaged_good(const uint8_t *data, size_t size, size_t *ret_len)
{
	static struct btf *good;
	uint32_t len = 0;
	const void *raw;
	uint8_t *bytes;

	if (!good)
		good = make_good();
	raw = btf__raw_data(good, &len);
	bytes = xmalloc(len);
	memcpy(bytes, raw, len);
	for (size_t i = 1; i + 5 <= size; i += 5) {
		size_t at = (data[i + 1] | (size_t)data[i + 2] << 8) % len;
		uint32_t value = data[i + 3] | (uint32_t)data[i + 4] << 8;
		size_t width = (size_t)1 << (data[i] % 3);

		value = data[i] & 0x80 ? ~value : value;
		memcpy(bytes + at, &value, MIN(width, len - at));
	}
	*ret_len = len;
	return bytes;
}

static uint8_t *bare_types(const uint8_t *data, size_t size, size_t *ret_len)
{
	/* Names by offset: 1 char, 6 pid_t, 12 ip_addr, 20 ipv6_addr, 30 bombus:hide, 42 family,
	 * 49 gadget_l4endpoint_t, 69 a, 71 bombus:name:x, 85 dns_name, 94 hex, 98 version */
	static const char names[] = "\0char\0pid_t\0ip_addr\0ipv6_addr\0bombus:hide\0family\0"
				    "gadget_l4endpoint_t\0a\0bombus:name:x\0dns_name\0hex\0version";
	uint32_t types = (uint32_t)(size & ~(size_t)3);
	struct btf_header head = { .magic = BTF_MAGIC,
				   .version = BTF_VERSION,
				   .hdr_len = sizeof(head),
				   .type_len = types,
				   .str_off = types,
				   .str_len = sizeof(names) };
	uint8_t *bytes = xmalloc(sizeof(head) + types + sizeof(names));

	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), data, types);
	memcpy(bytes + sizeof(head) + types, names, sizeof(names));
	*ret_len = sizeof(head) + types + sizeof(names);
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t magic = BTF_MAGIC;
	uint8_t *bytes;
	size_t len = size;
	struct btf *btf;

	libbpf_set_print(quiet);
	if (size < 4)
		return 0;
	if (!memcmp(data, &magic, sizeof(magic))) {
		bytes = xmalloc(size);
		memcpy(bytes, data, size);
	} else if (data[0] & 1) {
		bytes = damaged_good(data, size, &len);
	} else {
		bytes = bare_types(data + 4, size - 4, &len);
	}
	if (btf_check(bytes_of(bytes, len), NULL) == 0) {
		btf = btf__new(bytes, (uint32_t)len);
		if (btf)
			compile_all(btf);
		btf__free(btf);
	}
	free(bytes);
	return 0;
}
