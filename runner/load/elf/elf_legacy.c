// SPDX-License-Identifier: Apache-2.0
#include "runner/load/elf/elf_legacy.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>

#include "base/err.h"
#include "base/util.h"

#define MAX_TYPED_BYTES (1u << 20)

bool elf_is_legacy_section(const char *name)
{
	return streq(name, "maps") || (has_prefix(name, "maps/") && name[5]);
}

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
}

static int number_type(struct btf *btf, uint32_t bytes)
{
	static const char *const names[] = {
		[1] = "__u8", [2] = "__u16", [4] = "__u32", [8] = "__u64"
	};
	int id = btf__find_by_name_kind(btf, names[bytes], BTF_KIND_INT);

	return id > 0 ? id : btf__add_int(btf, names[bytes], bytes, 0);
}

/* The type of __uint(name, n): int (*name)[n]. */
static int uint_type(struct btf *btf, uint32_t n)
{
	int u32 = number_type(btf, 4);

	return btf__add_ptr(btf, btf__add_array(btf, u32, u32, n));
}

static int data_type(struct btf *btf, uint32_t bytes)
{
	int id = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8
			 ? number_type(btf, bytes)
			 : btf__add_array(btf, number_type(btf, 4), number_type(btf, 1), bytes);

	return btf__add_ptr(btf, id);
}

/* Only of maps whose entries are shown the types matter; others may not have any. */
static bool has_entries(uint32_t type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_ARRAY ||
	       type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/*
 * All members stand at offset 0: libbpf looks at their types only, and wants the struct to be no
 * larger than the variable.
 */
static int definition_type(struct btf *btf, const struct legacy_def *def)
{
	bool typed = has_entries(def->type) && def->key_size && def->value_size &&
		     def->key_size <= MAX_TYPED_BYTES && def->value_size <= MAX_TYPED_BYTES;
	const struct {
		const char *name;
		int type;
	} members[] = {
		{ "type", uint_type(btf, def->type) },
		{ typed ? "key" : "key_size",
		  typed ? data_type(btf, def->key_size) : uint_type(btf, def->key_size) },
		{ typed ? "value" : "value_size",
		  typed ? data_type(btf, def->value_size) : uint_type(btf, def->value_size) },
		{ "max_entries", uint_type(btf, def->max_entries) },
		{ "map_flags", uint_type(btf, def->map_flags) },
	};
	int id = btf__add_struct(btf, NULL, 8);

	for (size_t i = 0; i < ARRAY_LEN(members) && id > 0; i++)
		if (members[i].type < 0 ||
		    btf__add_field(btf, members[i].name, members[i].type, 0, 0))
			return -EINVAL;
	return id;
}

/* The variable of that name in the section; 0: there is none. */
static uint32_t find_variable(const struct btf *btf, const struct legacy_map *map)
{
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *section = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, section->name_off);

		if (!btf_is_datasec(section) || !name || !streq(name, map->section))
			continue;
		for (uint32_t i = 0; i < btf_vlen(section); i++) {
			uint32_t var = btf_var_secinfos(section)[i].type;
			const struct btf_type *t = btf__type_by_id(btf, var);

			if (t && btf_is_var(t) &&
			    streq(btf__name_by_offset(btf, t->name_off), map->name))
				return var;
		}
	}
	return 0;
}

static int define(struct btf *btf, const struct legacy_map *map)
{
	uint32_t var = find_variable(btf, map);
	int type = definition_type(btf, &map->def), rc;

	if (type < 0)
		return type;
	if (var) {
		/* Types were added, so that it is the writer's own memory. */
		struct btf_type *t = (struct btf_type *)btf__type_by_id(btf, var);

		t->type = (uint32_t)type;
		btf_var(t)->linkage = BTF_VAR_GLOBAL_ALLOCATED;
		return 0;
	}
	rc = btf__add_var(btf, map->name, BTF_VAR_GLOBAL_ALLOCATED, type);
	if (rc < 0)
		return rc;
	var = (uint32_t)rc;
	rc = btf__add_datasec(btf, map->section, 0);
	return rc < 0 ? rc : btf__add_datasec_var_info(btf, (int)var, 0, sizeof(map->def));
}

int btf_define_maps(struct bytes bytes, const struct legacy_map *maps, size_t count, void **ret,
		    size_t *ret_len, struct err *err)
{
	_cleanup_(free_btf) struct btf *btf = btf__new(bytes.ptr, (uint32_t)bytes.len);
	const void *raw;
	uint32_t len;
	int rc = (int)libbpf_get_error(btf);

	if (rc < 0) {
		btf = NULL;
		return err_sys(err, -rc, "its BTF cannot be read");
	}
	for (size_t i = 0; i < count && rc >= 0; i++)
		rc = define(btf, &maps[i]);
	if (rc < 0)
		return err_sys(err, -rc, "its maps cannot be described in BTF");
	raw = btf__raw_data(btf, &len);
	if (!raw)
		return err_sys(err, ENOMEM, "its BTF");
	*ret = xmalloc(len);
	memcpy(*ret, raw, len);
	*ret_len = len;
	return 0;
}
