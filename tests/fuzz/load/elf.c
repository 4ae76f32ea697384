// SPDX-License-Identifier: Apache-2.0
/*
 * Hostile objects: merged, opened by libbpf and planned, as `bombus run` does it. What starts
 * like an ELF file is one; all other input damages a good object:
 *
 *	byte 0		which object, and whether it is cut
 *	bytes 1-2	where it is cut
 *	then 5 each	kind of change, where (2), what (2)
 */
#include <bpf/libbpf.h>
#include "base/arena.h"
#include "base/util.h"
#include "runner/load/elf/elf.h"
#include "runner/load/elf/elf_code.h"
#include "runner/load/elf/map_use.h"
#include "runner/load/elf/record_types.h"
#include "runner/load/plan/plan.h"
#include "tests/support/load_object.h"

#define NSEEDS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static void *make_seed(unsigned number, size_t *ret_len)
{
	struct btf *btf = btf__new_empty();
	uint32_t u32 = obj_u32(btf), u64 = (uint32_t)btf__add_int(btf, "__u64", 8, 0);
	uint32_t event = (uint32_t)btf__add_struct(btf, "event", 16);
	const char *home = number == 1 ? ".maps.internal" : ".maps";
	struct obj_map maps[] = {
		{ "inner", ".maps.gauge", BPF_MAP_TYPE_ARRAY, 1, u32, u64 },
		{ "events", number == 2 ? ".maps" : ".maps.counter", BPF_MAP_TYPE_RINGBUF, 4096, 0,
		  event },
		{ "outer", home, BPF_MAP_TYPE_ARRAY_OF_MAPS, 2, .inner = { "inner", "inner" } },
		{ "hist_x", ".maps", BPF_MAP_TYPE_HASH, 8, event, u64 },
	};
	struct obj_prog progs[] = { { "job___a", "kprobe/a" }, { "dump", "iter/task" } };
	struct obj_var vars[] = {
		{ "total", ".bss", u64, 8, NULL },
		{ "min_us", ".rodata", 0, 8, "\1\2\3\4\5\6\7" },
		{ "bombus_iter___dump", ".bss", 0, 8, NULL },
	};
	struct obj o = { .btf = btf,
			 .maps = maps,
			 .nmaps = number == 2 ? 1 : 4,
			 .progs = progs,
			 .nprogs = 2,
			 .vars = vars,
			 .nvars = 3,
			 .license = "GPL" };
	void *bytes;

	btf__add_field(btf, "pid", (int)u32, 0, 0);
	btf__add_field(btf, "bucket", (int)u64, 64, 0);
	vars[1].type = (uint32_t)btf__add_const(btf, btf__add_volatile(btf, (int)u64));
	vars[2].type = (uint32_t)btf__add_ptr(btf, btf__add_const(btf, (int)event));
	btf__add_decl_tag(btf, "bombus:counter", obj_declare_var(btf, &vars[0]), -1);
	btf__add_decl_tag(btf, "bombus:label", (int)event, 0);
	bytes = obj_build(&o, ret_len);
	btf__free(btf);
	return bytes;
}

static void forget(void *ctx, const struct stack_use *use)
{
	(void)ctx;
	(void)use;
}

/* Each reference is one to a stack map, or to another map. */
static void look(void *ctx, const struct elf_code *code)
{
	static const struct map_use_ops ops = { .stack = forget };
	int *maps = calloc(code->count + 1, sizeof(*maps));

	for (size_t i = 0; maps && i < code->count; i++)
		maps[i] = code->symbols[i] ? (int)strlen(code->symbols[i]) % 3 : -1;
	if (maps)
		map_use_find(code->insns, maps, code->count, &ops, ctx);
	free(maps);
}

static void open_object(const void *bytes, size_t len)
{
	static const struct plan_role roles[] = { { "events", ROLE_EVENTS, NULL } };
	static const char *const as_words[] = { "events,pid=errno", "events,bucket=address" };
	struct elf_image image = { 0 };
	struct bpf_object *obj;
	struct plan plan;

	if (elf_merge_maps(bytes, len, &image, NULL))
		return;
	elf_code_each(&image, look, NULL);
	elf_find_records(&image);
	obj = bpf_object__open_mem(image.bytes, image.len, NULL);
	if (obj) {
		plan_compile(&plan, obj, &image,
			     &(struct plan_opts){ .roles = roles,
						  .nroles = len & 1,
						  .as = { as_words, len & 4 ? 2 : 0 },
						  .all_maps = len & 2 },
			     NULL);
		plan_release(&plan);
		bpf_object__close(obj);
	}
	elf_image_release(&image);
}

static size_t damage(uint8_t *bytes, size_t len, const uint8_t *data, size_t size)
{
	size_t cut = len;

	if (size >= 3 && data[0] & 0x80)
		cut = (data[1] | (size_t)data[2] << 8) % (len + 1);
	for (size_t i = 3; i + 5 <= size; i += 5) {
		size_t at = (data[i + 1] | (size_t)data[i + 2] << 8) % len;
		uint32_t value = data[i + 3] | (uint32_t)data[i + 4] << 8;
		size_t width = (size_t)1 << (data[i] & 3);
		uint64_t wide = data[i] & 4 ? ~(uint64_t)value : value;

		memcpy(bytes + at, &wide, MIN(MIN(width, (size_t)8), len - at));
	}
	return cut;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *seeds[NSEEDS];
	static size_t lens[NSEEDS];
	uint8_t *bytes;
	size_t len;
	unsigned n;

	if (!seeds[0]) {
		libbpf_set_print(quiet);
		for (unsigned i = 0; i < NSEEDS; i++)
			seeds[i] = make_seed(i, &lens[i]);
	}
	if (size >= 4 && !memcmp(data, ELFMAG, SELFMAG)) {
		open_object(data, size);
		return 0;
	}
	if (!size)
		return 0;
	n = (data[0] & 0x7f) % NSEEDS;
	bytes = xmalloc(lens[n]);
	memcpy(bytes, seeds[n], lens[n]);
	len = damage(bytes, lens[n], data, size);
	bytes = xreallocarray(bytes, len + 1,
			      1); /* as tight as it can be, so that a read over it shows */
	open_object(bytes, len);
	free(bytes);
	return 0;
}
