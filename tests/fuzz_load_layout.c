// SPDX-License-Identifier: Apache-2.0
/*
 * Hostile BTF: what btf_check() lets through is compiled, every type of it, and every field has
 * to lie in its record. What starts with BTF's magic is taken as it is; all other input is the
 * inside of the type section, in front of a fixed table of names.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "base/arena.h"
#include "base/util.h"
#include "runner/load/elf_btf.h"
#include "runner/load/layout.h"
#include "runner/load/params.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Names by offset: 1 char, 6 pid_t, 12 ip_addr, 20 ipv6_addr, 30 bombus:hide, 42 family,
	 * 49 gadget_l4endpoint_t, 69 a, 71 bombus:name:x, 85 dns_name, 94 hex, 98 version */
	static const char names[] = "\0char\0pid_t\0ip_addr\0ipv6_addr\0bombus:hide\0family\0"
				    "gadget_l4endpoint_t\0a\0bombus:name:x\0dns_name\0hex\0version";
	struct btf_header head = { .magic = BTF_MAGIC,
				   .version = BTF_VERSION,
				   .hdr_len = sizeof(head),
				   .str_len = sizeof(names) };
	uint8_t *bytes = NULL;
	size_t len = size;
	struct btf *btf;

	libbpf_set_print(quiet);
	if (size >= 2 && !memcmp(data, &head.magic, 2)) {
		bytes = xmalloc(size + 1);
		memcpy(bytes, data, size);
	} else {
		size &= ~(size_t)3;
		head.type_len = head.str_off = (uint32_t)size;
		len = sizeof(head) + size + sizeof(names);
		bytes = xmalloc(len);
		memcpy(bytes, &head, sizeof(head));
		memcpy(bytes + sizeof(head), data, size);
		memcpy(bytes + sizeof(head) + size, names, sizeof(names));
	}
	if (btf_check(span_of(bytes, len), NULL) == 0) {
		btf = btf__new(bytes, (uint32_t)len);
		if (btf)
			compile_all(btf);
		btf__free(btf);
	}
	free(bytes);
	return 0;
}
