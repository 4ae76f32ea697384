/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <bpf/libbpf.h>
#include <errno.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/load/elf/elf.h"
#include "runner/load/elf/elf_btf.h"
#include "tests/support/load_object.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
}
#define _cleanup_btf_ _cleanup_(free_btf)
#define _cleanup_image_ _cleanup_(elf_image_release)

struct ids {
	uint32_t u32, u64, event;
};

static struct ids add_types(struct btf *btf)
{
	struct ids ids = { .u32 = obj_u32(btf) };

	ids.u64 = (uint32_t)btf__add_int(btf, "__u64", 8, 0);
	ids.event = (uint32_t)btf__add_struct(btf, "event", 16);
	btf__add_field(btf, "pid", (int)ids.u32, 0, 0);
	btf__add_field(btf, "took", (int)ids.u64, 64, 0);
	return ids;
}

static const struct obj_prog progs[] = { { "on_exec", "tracepoint/sched/sched_process_exec" } };

/* Opens what was merged, as object.c does. */
static struct bpf_object *open_image(const struct elf_image *image)
{
	struct bpf_object *obj = bpf_object__open_mem(image->bytes, image->len, NULL);

	assert_non_null(obj);
	return obj;
}

static void check_map(struct bpf_object *obj, const char *name, uint32_t type, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	if (!map)
		fail_msg("map %s is not there", name);
	assert_int_equal(bpf_map__type(map), type);
	assert_int_equal(bpf_map__max_entries(map), entries);
}

static const char *suffix_of(const struct elf_image *image, const char *name)
{
	for (size_t i = 0; i < image->nmaps; i++)
		if (streq(image->maps[i].name, name))
			return image->maps[i].suffix;
	fail_msg("no map %s", name);
	return NULL;
}

static void test_elf_merges_sections(void **state)
{
	_cleanup_btf_ struct btf *btf = btf__new_empty();
	struct ids t = add_types(btf);
	struct obj_map maps[] = {
		{ "events", ".maps.counter", BPF_MAP_TYPE_RINGBUF, 4096, 0, t.event },
		{ "plain", ".maps", BPF_MAP_TYPE_HASH, 10, t.u32, t.u64 },
		{ "lat", ".maps.hist", BPF_MAP_TYPE_HASH, 20, t.event, t.u64 },
		{ "more", ".maps", BPF_MAP_TYPE_ARRAY, 30, t.u32, t.u64 },
		{ "lat2", ".maps.hist", BPF_MAP_TYPE_PERCPU_HASH, 40, t.u64, t.u64 },
	};
	struct obj o = {
		.btf = btf, .maps = maps, .nmaps = 5, .progs = progs, .nprogs = 1, .license = "GPL"
	};
	_cleanup_image_ struct elf_image image = { 0 };
	_cleanup_free_ void *bytes = NULL;
	struct err err = { 0 };
	struct bpf_object *obj;
	struct bpf_map *map;
	size_t len, count = 0;

	bytes = obj_build(&o, &len);
	/* The reason for all this: libbpf alone does not see them. */
	obj = bpf_object__open_mem(bytes, len, NULL);
	assert_true(!obj || !bpf_object__find_map_by_name(obj, "lat"));
	bpf_object__close(obj);

	if (elf_merge_maps(bytes, len, &image, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(image.nmaps, 5);
	assert_string_equal(suffix_of(&image, "events"), "counter");
	assert_string_equal(suffix_of(&image, "plain"), "");
	assert_string_equal(suffix_of(&image, "lat2"), "hist");
	obj = open_image(&image);
	bpf_object__for_each_map(map, obj)
		count++;
	assert_int_equal(count, 5);
	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		check_map(obj, maps[i].name, maps[i].type, maps[i].max_entries);
	map = bpf_object__find_map_by_name(obj, "lat");
	assert_int_equal(bpf_map__btf_key_type_id(map), t.event);
	assert_int_equal(bpf_map__key_size(map), 16);
	assert_non_null(bpf_object__find_program_by_name(obj, "on_exec"));
	bpf_object__close(obj);
}

static void test_elf_makes_the_section_where_there_is_none(void **state)
{
	_cleanup_btf_ struct btf *btf = btf__new_empty();
	struct ids t = add_types(btf);
	struct obj_map maps[] = {
		{ "a", ".maps.gauge", BPF_MAP_TYPE_HASH, 10, t.u32, t.u64 },
		{ "b", ".maps.print", BPF_MAP_TYPE_HASH, 20, t.u32, t.u64 },
	};
	struct obj o = { .btf = btf, .maps = maps, .nmaps = 2, .progs = progs, .nprogs = 1 };
	_cleanup_image_ struct elf_image image = { 0 };
	_cleanup_free_ void *bytes = NULL;
	struct bpf_object *obj;
	size_t len;

	bytes = obj_build(&o, &len);
	assert_int_equal(elf_merge_maps(bytes, len, &image, NULL), 0);
	obj = open_image(&image);
	check_map(obj, "a", BPF_MAP_TYPE_HASH, 10);
	check_map(obj, "b", BPF_MAP_TYPE_HASH, 20);
	bpf_object__close(obj);
}

static void test_elf_leaves_plain_objects_alone(void **state)
{
	_cleanup_btf_ struct btf *btf = btf__new_empty();
	struct ids t = add_types(btf);
	struct obj_map maps[] = { { "a", ".maps", BPF_MAP_TYPE_HASH, 10, t.u32, t.u64 } };
	struct obj o = { .btf = btf, .maps = maps, .nmaps = 1, .progs = progs, .nprogs = 1 };
	_cleanup_image_ struct elf_image image = { 0 };
	_cleanup_free_ void *bytes = NULL;
	size_t len;

	bytes = obj_build(&o, &len);
	assert_int_equal(elf_merge_maps(bytes, len, &image, NULL), 0);
	assert_int_equal(image.len, len);
	assert_memory_equal(image.bytes, bytes, len);
	assert_int_equal(image.nmaps, 1);
	assert_string_equal(image.maps[0].name, "a");
	assert_string_equal(image.maps[0].suffix, "");
}

/* The relocation that fills a slot: which map's symbol it names. */
static const char *slot_symbol(const struct elf_image *image, const char *outer, uint64_t slot)
{
	const uint8_t *b = image->bytes;
	const Elf64_Ehdr *head = (const void *)b;
	const Elf64_Shdr *s = (const void *)(b + head->e_shoff), *symtab = NULL, *rel = NULL;
	const char *names = (const char *)b + s[head->e_shstrndx].sh_offset, *strings;
	const Elf64_Sym *syms;
	const Elf64_Rel *rels;
	uint64_t at = 0;

	for (size_t i = 1; i < head->e_shnum; i++) {
		if (s[i].sh_type == SHT_SYMTAB)
			symtab = &s[i];
		if (s[i].sh_type == SHT_REL && streq(names + s[i].sh_name, ".rel.maps"))
			rel = &s[i];
	}
	assert_non_null(symtab);
	assert_non_null(rel);
	assert_string_equal(names + s[rel->sh_info].sh_name, ".maps");
	syms = (const void *)(b + symtab->sh_offset);
	strings = (const char *)b + s[symtab->sh_link].sh_offset;
	for (size_t i = 1; i < symtab->sh_size / sizeof(*syms); i++)
		if (streq(strings + syms[i].st_name, outer)) {
			assert_int_equal(syms[i].st_shndx, rel->sh_info);
			at = syms[i].st_value + syms[i].st_size - 16 + slot * 8;
		}
	rels = (const void *)(b + rel->sh_offset);
	for (size_t i = 0; i < rel->sh_size / sizeof(*rels); i++)
		if (rels[i].r_offset == at)
			return strings + syms[ELF64_R_SYM(rels[i].r_info)].st_name;
	return "(none)";
}

static void test_elf_moves_relocations_of_maps_in_maps(void **state)
{
	_cleanup_btf_ struct btf *btf = btf__new_empty();
	struct ids t = add_types(btf);
	struct obj_map maps[] = {
		{ "first", ".maps.gauge", BPF_MAP_TYPE_ARRAY, 1, t.u32, t.u64 },
		{ "second", ".maps", BPF_MAP_TYPE_ARRAY, 1, t.u32, t.u64 },
		{ "outer", ".maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 2, .inner = { "first", "second" } },
		{ "outer2", ".maps.internal", BPF_MAP_TYPE_ARRAY_OF_MAPS, 2,
		  .inner = { "second", "first" } },
		{ "outer3", ".maps.internal", BPF_MAP_TYPE_ARRAY_OF_MAPS, 2,
		  .inner = { "first", "first" } },
	};
	/* With and without the plain section; where it is missing, its maps are elsewhere. */
	for (int plain = 0; plain < 2; plain++) {
		_cleanup_btf_ struct btf *copy = btf__new_empty();
		_cleanup_image_ struct elf_image image = { 0 };
		_cleanup_free_ void *bytes = NULL;
		struct obj o = {
			.btf = copy, .maps = maps, .nmaps = 5, .progs = progs, .nprogs = 1
		};
		struct err err = { 0 };
		struct bpf_object *obj;
		size_t len;

		add_types(copy);
		if (!plain)
			maps[1].section = maps[2].section = ".maps.other";
		else
			maps[1].section = maps[2].section = ".maps";
		bytes = obj_build(&o, &len);
		if (elf_merge_maps(bytes, len, &image, &err))
			fail_msg("%s", err.msg);
		assert_string_equal(slot_symbol(&image, "outer", 0), "first");
		assert_string_equal(slot_symbol(&image, "outer", 1), "second");
		assert_string_equal(slot_symbol(&image, "outer2", 0), "second");
		assert_string_equal(slot_symbol(&image, "outer2", 1), "first");
		assert_string_equal(slot_symbol(&image, "outer3", 1), "first");
		obj = open_image(&image);
		check_map(obj, "outer2", BPF_MAP_TYPE_ARRAY_OF_MAPS, 2);
		check_map(obj, "first", BPF_MAP_TYPE_ARRAY, 1);
		bpf_object__close(obj);
	}
}

/* libbpf fills a map of maps as soon as it is made. */
static void test_elf_puts_inner_maps_first(void **state)
{
	_cleanup_btf_ struct btf *btf = btf__new_empty();
	struct ids t = add_types(btf);
	struct obj_map maps[] = {
		{ "inner", ".maps.gauge", BPF_MAP_TYPE_ARRAY, 1, t.u32, t.u64 },
		{ "outer", ".maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 2, .inner = { "inner", "inner" } },
	};
	struct obj o = { .btf = btf, .maps = maps, .nmaps = 2, .progs = progs, .nprogs = 1 };
	_cleanup_image_ struct elf_image image = { 0 };
	_cleanup_free_ void *bytes = NULL;
	struct bpf_object *obj;
	size_t len;

	bytes = obj_build(&o, &len);
	assert_int_equal(elf_merge_maps(bytes, len, &image, NULL), 0);
	obj = open_image(&image);
	assert_string_equal(bpf_map__name(bpf_object__next_map(obj, NULL)), "inner");
	bpf_object__close(obj);
}

static void test_elf_reads_the_license(void **state)
{
	_cleanup_btf_ struct btf *btf = btf__new_empty();
	struct ids t = add_types(btf);
	struct obj_map maps[] = { { "a", ".maps.gauge", BPF_MAP_TYPE_HASH, 10, t.u32, t.u64 } };
	struct obj o = { .btf = btf, .maps = maps, .nmaps = 1, .license = "Dual BSD/GPL" };
	_cleanup_image_ struct elf_image image = { 0 };
	_cleanup_free_ void *bytes = NULL;
	_cleanup_(arena_release) struct arena arena = { 0 };
	size_t len;

	bytes = obj_build(&o, &len);
	assert_int_equal(elf_merge_maps(bytes, len, &image, NULL), 0);
	assert_string_equal(elf_license(&image, &arena), "Dual BSD/GPL");
	assert_null(elf_license(NULL, &arena));
}

static void expect_refusal(const void *bytes, size_t len, const char *part)
{
	struct elf_image image = { 0 };
	struct err err = { 0 };

	assert_int_equal(elf_merge_maps(bytes, len, &image, &err), -EINVAL);
	if (!strstr(err.msg, part))
		fail_msg("'%s' does not say '%s'", err.msg, part);
	assert_int_equal(err.exit, EXIT_FAILED);
	assert_null(image.bytes);
}

static void test_elf_names_what_it_is_instead(void **state)
{
	_cleanup_btf_ struct btf *btf = btf__new_empty();
	struct ids t = add_types(btf);
	struct obj_map maps[] = { { "a", ".maps.gauge", BPF_MAP_TYPE_HASH, 10, t.u32, t.u64 } };
	struct obj o = { .btf = btf, .maps = maps, .nmaps = 1 };
	_cleanup_free_ uint8_t *bytes = NULL, *native = NULL, *bare = NULL;
	struct err err = { 0 };
	struct elf_image image;
	size_t len;

	expect_refusal("", 0, "it is empty");
	expect_refusal("#!/bin/sh\nexit", 14, "it starts with '#!/bin/sh'");
	expect_refusal("\x01\x02", 2, "it starts with the byte 0x01");
	expect_refusal("\x7f"
		       "EL",
		       3, "cut short");
	expect_refusal("\x7f"
		       "ELF",
		       4, "cut short");

	o.machine = EM_X86_64;
	native = obj_build(&o, &len);
	expect_refusal(native, len, "an ELF object for x86-64, not BPF");
	o.machine = 0;
	o.no_btf = 1;
	bare = obj_build(&o, &len);
	expect_refusal(bare, len, "has no BTF");
	assert_int_equal(elf_merge_maps(bare, len, &image, &err), -EINVAL);
	assert_non_null(strstr(err.hint, "-g"));

	o.no_btf = 0;
	bytes = obj_build(&o, &len);
	expect_refusal(bytes, len - 8, "cut short");
	bytes[EI_CLASS] = ELFCLASS32;
	expect_refusal(bytes, len, "32 bits");
	bytes[EI_CLASS] = ELFCLASS64;
	bytes[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
	expect_refusal(bytes, len, "byte order");
	bytes[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
	((Elf64_Ehdr *)bytes)->e_type = ET_EXEC;
	expect_refusal(bytes, len, "not a relocatable object");
}

/* Every prefix, and each byte in turn with three wrong values: refused or understood, never a
 * crash; what is understood can be opened or is refused by libbpf. */
static void test_elf_survives_damage(void **state)
{
	_cleanup_btf_ struct btf *btf = btf__new_empty();
	struct ids t = add_types(btf);
	struct obj_map maps[] = {
		{ "a", ".maps.gauge", BPF_MAP_TYPE_ARRAY, 1, t.u32, t.u64 },
		{ "o", ".maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 2, .inner = { "a", "a" } },
	};
	struct obj o = { .btf = btf, .maps = maps, .nmaps = 2, .progs = progs, .nprogs = 1 };
	static const uint8_t wrong[] = { 0x00, 0x7f, 0xff };
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t len, refused = 0;

	bytes = obj_build(&o, &len);
	for (size_t cut = 0; cut < len; cut++) {
		/* A copy of its own, so that a sanitizer sees a read behind the end. */
		_cleanup_free_ void *part = xmalloc(cut);
		struct elf_image image = { 0 };

		memcpy(part, bytes, cut);
		assert_int_equal(elf_merge_maps(part, cut, &image, NULL), -EINVAL);
	}
	for (size_t i = 0; i < len; i++) {
		uint8_t right = bytes[i];

		for (size_t k = 0; k < ARRAY_LEN(wrong); k++) {
			struct elf_image image = { 0 };

			bytes[i] = wrong[k];
			if (elf_merge_maps(bytes, len, &image, NULL))
				refused++;
			else
				bpf_object__close(
					bpf_object__open_mem(image.bytes, image.len, NULL));
			elf_image_release(&image);
		}
		bytes[i] = right;
	}
	assert_true(refused > 100);
}

/* Raw BTF of types written by hand: header, types, strings. */
static size_t raw_btf(uint8_t *dst, const uint32_t *words, size_t nwords, const char *strings,
		      size_t nstrings)
{
	struct btf_header h = { .magic = BTF_MAGIC,
				.version = 1,
				.hdr_len = sizeof(h),
				.type_len = (uint32_t)nwords * 4,
				.str_off = (uint32_t)nwords * 4,
				.str_len = (uint32_t)nstrings };

	memcpy(dst, &h, sizeof(h));
	memcpy(dst + sizeof(h), words, nwords * 4);
	memcpy(dst + sizeof(h) + nwords * 4, strings, nstrings);
	return sizeof(h) + nwords * 4 + nstrings;
}

#define INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))

static void test_elf_checks_btf(void **state)
{
	static const struct {
		const char *part; /* of the message; NULL: it is right */
		uint32_t words[12];
		size_t nwords;
	} cases[] = {
		{ NULL, { 1, INFO(BTF_KIND_INT, 0), 4, 32 }, 4 },
		{ NULL, { 1, INFO(BTF_KIND_TYPEDEF, 0), 2, 1, INFO(BTF_KIND_INT, 0), 4, 32 }, 7 },
		{ "cut short", { 1, INFO(BTF_KIND_INT, 0), 4 }, 3 },
		{ "cut short", { 1, INFO(BTF_KIND_INT, 0) }, 2 },
		{ "cut short", { 1, INFO(BTF_KIND_STRUCT, 2), 4, 1, 0, 0 }, 6 },
		{ "unknown kind", { 1, INFO(29, 0), 4 }, 3 },
		{ "name outside", { 99, INFO(BTF_KIND_INT, 0), 4, 32 }, 4 },
		{ "not there", { 1, INFO(BTF_KIND_TYPEDEF, 0), 2 }, 3 },
		{ "part whose type", { 1, INFO(BTF_KIND_STRUCT, 1), 4, 1, 7, 0 }, 6 },
		{ "member with a name", { 1, INFO(BTF_KIND_STRUCT, 1), 4, 99, 0, 0 }, 6 },
		{ "part whose type", { 0, INFO(BTF_KIND_ARRAY, 0), 0, 0, 9, 4 }, 6 },
		{ "of itself", { 1, INFO(BTF_KIND_TYPEDEF, 0), 1 }, 3 },
		{ "of itself",
		  { 0, INFO(BTF_KIND_CONST, 0), 2, 1, INFO(BTF_KIND_TYPEDEF, 0), 1 },
		  6 },
		{ NULL,
		  { 1, INFO(BTF_KIND_STRUCT, 1), 8, 1, 2, 0, 0, INFO(BTF_KIND_PTR, 0), 1 },
		  9 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t btf[256];
		size_t len = raw_btf(btf, cases[i].words, cases[i].nwords, "\0x", 3);
		struct err err = { 0 };
		int rc = btf_check(bytes_of(btf, len), &err);

		if (!cases[i].part) {
			if (rc)
				fail_msg("case %zu: %s", i, err.msg);
		} else if (rc != -EINVAL || !strstr(err.msg, cases[i].part)) {
			fail_msg("case %zu: %d '%s', not '%s'", i, rc, err.msg, cases[i].part);
		}
	}
}

static void test_elf_limits_the_number_of_maps(void **state)
{
	_cleanup_btf_ struct btf *btf = btf__new_empty();
	struct ids t = add_types(btf);
	struct obj_map maps[] = { { "a", ".maps.gauge", BPF_MAP_TYPE_HASH, 10, t.u32, t.u64 } };
	struct obj o = { .btf = btf, .maps = maps, .nmaps = 1 };
	_cleanup_free_ uint8_t *bytes = NULL, *large = NULL;
	size_t len, nsyms = 5000;
	Elf64_Ehdr *head;
	Elf64_Shdr *s;
	Elf64_Sym sym;

	bytes = obj_build(&o, &len);
	large = xcalloc(1, len + 16 + nsyms * sizeof(sym));
	memcpy(large, bytes, len);
	head = (Elf64_Ehdr *)large;
	s = (Elf64_Shdr *)(large + head->e_shoff);
	for (size_t i = 1; i < head->e_shnum; i++) {
		if (s[i].sh_type != SHT_SYMTAB)
			continue;
		memcpy(&sym, large + s[i].sh_offset + sizeof(sym), sizeof(sym));
		s[i].sh_offset = (len + 7) & ~(size_t)7;
		s[i].sh_size = nsyms * sizeof(sym);
		for (size_t k = 1; k < nsyms; k++)
			memcpy(large + s[i].sh_offset + k * sizeof(sym), &sym, sizeof(sym));
	}
	expect_refusal(large, len + 16 + nsyms * sizeof(sym), "more than 4096 maps");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf_merges_sections),
		cmocka_unit_test(test_elf_makes_the_section_where_there_is_none),
		cmocka_unit_test(test_elf_leaves_plain_objects_alone),
		cmocka_unit_test(test_elf_moves_relocations_of_maps_in_maps),
		cmocka_unit_test(test_elf_puts_inner_maps_first),
		cmocka_unit_test(test_elf_reads_the_license),
		cmocka_unit_test(test_elf_names_what_it_is_instead),
		cmocka_unit_test(test_elf_survives_damage),
		cmocka_unit_test(test_elf_checks_btf),
		cmocka_unit_test(test_elf_limits_the_number_of_maps),
	};

	libbpf_set_print(quiet);
	return cmocka_run_group_tests_name("load_elf", tests, NULL, NULL);
}
