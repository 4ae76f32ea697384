// SPDX-License-Identifier: Apache-2.0
#include "runner/load/elf/record_types.h"

#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/util.h"
#include "runner/load/elf/dwarf_types.h"
#include "runner/load/elf/elf.h"
#include "runner/load/elf/elf_btf.h"
#include "runner/load/elf/elf_code.h"
#include "runner/load/elf/elf_view.h"
#include "runner/load/elf/core_relos.h"
#include "runner/load/elf/map_use.h"

#define MAX_MAPS 1024
#define MAX_USES 4096
#define MAX_CANDIDATES 8 /* of one map */

/* A map by its definition. */
struct map_def {
	const char *name;
	uint32_t type, key, value; /* types; 0: none */
	bool wants;		   /* its records have no type */
};

/* A record that a function writes. */
struct written {
	struct record_use use;
	const char *function;	       /* NULL: not known */
	int64_t in_frame, in_frame_16; /* as struct dwarf_place; -1: it is elsewhere */
};

/* A type that records may have: from BTF, or from DWARF. */
struct candidate {
	const char *name;
	uint32_t btf_id; /* 0: it is in DWARF only */
	uint64_t dwarf_id;
};

struct finder {
	struct elf_image *image;
	struct btf *btf;
	struct dwarf *dwarf;
	struct map_def *maps;
	size_t nmaps;
	struct written *written;
	size_t nwritten;
	bool *is_kernel; /* by type: relocations for the kernel lead to it */
	uint32_t ntypes; /* before any was added */
	struct arena names;
	/* While one record is looked at. */
	const struct written *now;
	bool any_size;
	struct rule {
		bool in_place; /* it stands where the record does */
		bool in_form;  /* it is a pointer, or none, as the record needs */
		bool in_part;  /* the record may end within its last array */
		bool numbers;  /* it is a number, no struct */
	} rule;
	struct candidate found[MAX_CANDIDATES + 1];
	size_t nfound;
};

static void finder_release(struct finder *f)
{
	free(f->written);
	free(f->maps);
	free(f->is_kernel);
	dwarf_close(f->dwarf);
	btf__free(f->btf);
	arena_release(&f->names);
}

static const char *name_of(const struct btf *btf, const struct btf_type *t)
{
	return (t ? btf__name_by_offset(btf, t->name_off) : NULL) ?: "";
}

/* Without qualifiers. btf_check() bounded the chain. */
static uint32_t unqualified(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	for (; t && (btf_is_mod(t) || btf_is_type_tag(t)); t = btf__type_by_id(btf, id))
		id = t->type;
	return id;
}

/* Without typedefs too; NULL: void, or no type. */
static const struct btf_type *bare(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, unqualified(btf, id));

	while (t && btf_is_typedef(t))
		t = btf__type_by_id(btf, unqualified(btf, t->type));
	return t && !btf_is_void(t) ? t : NULL;
}

/* --- which maps ------------------------------------------------------------------------------ */

static bool is_ring(const struct map_def *m)
{
	return m->type == BPF_MAP_TYPE_RINGBUF || m->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

/* __uint(type, N) is int (*type)[N], __type(value, T) is T *value. */
static struct map_def read_def(const struct btf *btf, const struct btf_type *var)
{
	struct map_def def = { .name = name_of(btf, var) };
	const struct btf_type *t = bare(btf, var->type);

	for (uint32_t i = 0; t && btf_is_struct(t) && i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;
		const char *name = btf__name_by_offset(btf, m->name_off) ?: "";
		const struct btf_type *ptr = bare(btf, m->type), *array;

		if (!ptr || !btf_is_ptr(ptr))
			continue;
		array = bare(btf, ptr->type);
		if (streq(name, "type") && array && btf_is_array(array))
			def.type = btf_array(array)->nelems;
		else if (streq(name, "key"))
			def.key = ptr->type;
		else if (streq(name, "value"))
			def.value = ptr->type;
	}
	return def;
}

/* The declared value of a perf event array is often the array's own: a descriptor of 4 bytes. */
static bool says_records(const struct btf *btf, const struct map_def *m)
{
	const struct btf_type *t = m->value ? bare(btf, m->value) : NULL;

	return t && (m->type == BPF_MAP_TYPE_RINGBUF || !btf_is_int(t) || t->size != 4);
}

/* Another tool's declaration names a record, or this was done before. */
static bool is_named_elsewhere(const struct btf *btf, const char *map)
{
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = name_of(btf, t), *at;

		if (btf_is_decl_tag(t) && has_prefix(name, RECORD_OF_PREFIX) &&
		    streq(name + strlen(RECORD_OF_PREFIX), map))
			return true;
		if (!btf_is_var(t) || !has_prefix(name, "gadget_tracer_"))
			continue;
		at = strstr(name, "___");
		if (at && has_prefix(at + 3, map) && has_prefix(at + 3 + strlen(map), "___") &&
		    btf__find_by_name_kind(btf, at + 6 + strlen(map), BTF_KIND_STRUCT) > 0)
			return true;
	}
	return false;
}

static void find_maps(struct finder *f)
{
	f->maps = xcalloc(MAX_MAPS, sizeof(*f->maps));
	for (uint32_t id = 1; id < btf__type_cnt(f->btf); id++) {
		const struct btf_type *t = btf__type_by_id(f->btf, id);

		if (!btf_is_datasec(t) || !has_prefix(name_of(f->btf, t), ".maps"))
			continue;
		for (uint32_t i = 0; i < btf_vlen(t) && f->nmaps < MAX_MAPS; i++) {
			const struct btf_type *var =
				btf__type_by_id(f->btf, btf_var_secinfos(t)[i].type);
			struct map_def *m = &f->maps[f->nmaps];

			if (!var || !btf_is_var(var))
				continue;
			*m = read_def(f->btf, var);
			m->name = arena_strdup(&f->names, m->name);
			m->wants = is_ring(m) && !says_records(f->btf, m) &&
				   !is_named_elsewhere(f->btf, m->name);
			f->nmaps++;
		}
	}
}

/* --- records that are written
 * ------------------------------------------------------------------------- */

static int index_of(const struct finder *f, const char *name)
{
	for (size_t i = 0; name && i < f->nmaps; i++)
		if (streq(f->maps[i].name, name))
			return (int)i;
	return MAP_USE_ANY;
}

struct looking {
	struct finder *finder;
	const struct elf_code *code;
};

/* Where the lowest variable in a function's frame begins, counted from its end. */
static int64_t frame_bytes(const struct elf_code *code, size_t insn)
{
	size_t start = insn, end = insn + 1;
	int64_t lowest = 0;

	while (start > 0 && !code->functions[start])
		start--;
	while (end < code->count && !code->functions[end])
		end++;
	for (size_t i = start; i < end; i++) {
		const struct bpf_insn *n = &code->insns[i];
		int class = BPF_CLASS(n->code);

		if ((class == BPF_LDX && n->src_reg == BPF_REG_10) ||
		    ((class == BPF_ST || class == BPF_STX) && n->dst_reg == BPF_REG_10))
			lowest = MIN(lowest, (int64_t)n->off);
		if (n->code == (BPF_ALU64 | BPF_MOV | BPF_X) && n->src_reg == BPF_REG_10 &&
		    i + 1 < end && n[1].code == (BPF_ALU64 | BPF_ADD | BPF_K) &&
		    n[1].dst_reg == n->dst_reg)
			lowest = MIN(lowest, (int64_t)n[1].imm);
	}
	return -lowest;
}

static void add_written(void *ctx, const struct record_use *use)
{
	struct looking *looking = ctx;
	struct finder *f = looking->finder;
	const char *function = NULL;

	if (f->nwritten == MAX_USES)
		return;
	for (size_t i = use->insn + 1; i-- > 0 && !function;)
		function = looking->code->functions[i];
	f->written = xreallocarray(f->written, f->nwritten + 1, sizeof(*f->written));
	f->written[f->nwritten] = (struct written){
		.use = *use,
		.function = arena_strdup(&f->names, function),
		.in_frame = -1,
		.in_frame_16 = -1,
	};
	if (use->from_end < 0) {
		int64_t bytes = frame_bytes(looking->code, use->insn);

		f->written[f->nwritten].in_frame = ((bytes + 7) & ~7) + use->from_end;
		f->written[f->nwritten].in_frame_16 = ((bytes + 15) & ~15) + use->from_end;
	}
	f->nwritten++;
}

static void look_at_code(void *ctx, const struct elf_code *code)
{
	static const struct map_use_ops ops = { .record = add_written };
	struct looking looking = { ctx, code };
	_cleanup_free_ int *maps = xcalloc(code->count + 1, sizeof(*maps));

	for (size_t i = 0; i < code->count; i++)
		maps[i] = index_of(ctx, code->symbols[i]);
	map_use_find(code->insns, maps, code->count, &ops, &looking);
}

/* --- candidates ------------------------------------------------------------------------------ */

static void add_candidate(struct candidate *all, size_t *count, struct candidate c)
{
	for (size_t i = 0; i < *count; i++)
		if ((c.btf_id && all[i].btf_id == c.btf_id) ||
		    (!c.btf_id && all[i].dwarf_id == c.dwarf_id) ||
		    (*c.name && streq(c.name, all[i].name)))
			return;
	if (*count <= MAX_CANDIDATES)
		all[(*count)++] = c;
}

static void found(struct finder *f, struct candidate c)
{
	c.name = arena_strdup(&f->names, c.name); /* BTF that grows moves its own */
	add_candidate(f->found, &f->nfound, c);
}

static bool fits(const struct finder *f, uint32_t size)
{
	return f->any_size || size == (uint32_t)f->now->use.size;
}

/* As a record that ends within its type's last array, or goes on with it. */
static bool fits_in_part(const struct finder *f, const struct dwarf_type *type)
{
	uint32_t size = (uint32_t)f->now->use.size;

	return size >= type->least_bytes && (size <= type->size_bytes || type->is_open);
}

static void on_local(void *ctx, const struct dwarf_type *type)
{
	struct finder *f = ctx;
	bool fit = f->rule.in_part ? fits_in_part(f, type) : fits(f, type->size_bytes);

	if (fit && !type->is_kernel && type->is_struct != f->rule.numbers &&
	    (!f->rule.in_place || type->is_here) &&
	    (!f->rule.in_form || type->is_pointed == (f->now->in_frame < 0)))
		found(f, (struct candidate){ type->name, 0, type->id });
}

static void on_struct(void *ctx, const struct dwarf_type *type)
{
	struct finder *f = ctx;

	if (type->is_struct && !type->is_kernel && *type->name && fits(f, type->size_bytes))
		found(f, (struct candidate){ type->name, 0, type->id });
}

/* Variables of the function, by one rule after the other: a record in the frame is a variable,
 * elsewhere a variable points to it. */
static void from_locals(struct finder *f)
{
	static const struct rule rules[] = {
		{ .in_place = true, .in_form = true },
		{ .in_place = true, .in_form = true, .in_part = true },
		{ .in_place = true, .in_form = true, .numbers = true },
		{ .in_form = true },
		{ .in_form = true, .numbers = true },
		{ .in_form = true, .in_part = true },
		{ 0 },
		{ .in_part = true },
	};
	struct dwarf_place place = { f->now->function, (f->now->use.insn + 1) * 8, f->now->in_frame,
				     f->now->in_frame_16 };

	if (!f->dwarf || !place.function)
		return;
	for (size_t i = 0; i < ARRAY_LEN(rules) && !f->nfound; i++) {
		f->rule = rules[i];
		if (!f->any_size || !(f->rule.in_part || f->rule.numbers))
			dwarf_each_local(f->dwarf, &place, on_local, f);
	}
}

static bool is_key(const struct finder *f, uint32_t id)
{
	for (size_t i = 0; i < f->nmaps; i++)
		if (f->maps[i].key && bare(f->btf, f->maps[i].key) == bare(f->btf, id))
			return true;
	return false;
}

static bool is_of_kernel(const struct finder *f, uint32_t id)
{
	return id < f->ntypes && f->is_kernel[id];
}

static bool is_fit_type(const struct finder *f, uint32_t id)
{
	const struct btf_type *t = bare(f->btf, id);

	return t && btf_is_composite(t) && fits(f, t->size) && !is_of_kernel(f, id) &&
	       !is_key(f, id);
}

static void add_type(struct finder *f, uint32_t id)
{
	id = unqualified(f->btf, id);
	found(f, (struct candidate){ name_of(f->btf, btf__type_by_id(f->btf, id)), id, 0 });
}

/* `const struct event *unused`: a trick to have a type in BTF, for the sake of other tools. */
static void from_globals(struct finder *f)
{
	for (uint32_t id = 1; id < btf__type_cnt(f->btf); id++) {
		const struct btf_type *t = btf__type_by_id(f->btf, id), *ptr;

		if (!btf_is_var(t) || index_of(f, name_of(f->btf, t)) != MAP_USE_ANY)
			continue;
		ptr = bare(f->btf, t->type);
		if (ptr && btf_is_ptr(ptr) && is_fit_type(f, ptr->type))
			add_type(f, ptr->type);
	}
}

static void from_types(struct finder *f)
{
	for (uint32_t id = 1; id < btf__type_cnt(f->btf); id++) {
		const struct btf_type *t = btf__type_by_id(f->btf, id);
		const char *name = name_of(f->btf, t);

		if ((btf_is_composite(t) || btf_is_typedef(t)) && *name && is_fit_type(f, id))
			add_type(f, id);
	}
}

/* A value of another map, whose type is known. */
static bool from_value(struct finder *f)
{
	int map = f->now->use.value_map;
	const struct btf_type *t = map == MAP_USE_ANY ? NULL : bare(f->btf, f->maps[map].value);

	if (!t || !btf_is_composite(t) ||
	    (f->now->use.size > 0 && (uint32_t)f->now->use.size > t->size))
		return false;
	add_type(f, f->maps[map].value);
	return true;
}

/* The types that one record may have, in f->found. */
static void look_for_types(struct finder *f, const struct written *written)
{
	f->nfound = 0;
	f->now = written;
	f->any_size = written->use.size < 0;
	if (!from_value(f))
		from_locals(f);
	if (!f->nfound && !f->any_size)
		from_globals(f);
	if (!f->nfound && !f->any_size && f->dwarf)
		dwarf_each_struct(f->dwarf, on_struct, f);
	if (!f->nfound && !f->any_size)
		from_types(f);
}

/* --- and into the object --------------------------------------------------------------------- */

/* A type of DWARF that BTF has too, by name and size; 0: it has none. */
static uint32_t find_twin(const struct finder *f, const struct candidate *c, uint32_t size)
{
	static const uint32_t kinds[] = { BTF_KIND_STRUCT, BTF_KIND_UNION };

	for (size_t i = 0; *c->name && i < ARRAY_LEN(kinds); i++) {
		int id = btf__find_by_name_kind(f->btf, c->name, kinds[i]);

		if (id > 0 && btf__type_by_id(f->btf, (uint32_t)id)->size == size &&
		    !is_of_kernel(f, (uint32_t)id))
			return (uint32_t)id;
	}
	return 0;
}

/* Tags stand on structs and typedefs only. */
static int taggable(struct finder *f, const struct candidate *c, int id)
{
	const struct btf_type *t = btf__type_by_id(f->btf, (uint32_t)id);
	const char *name = *c->name ? c->name : "record";
	static const char *const numbers[][2] = {
		{ "__u8", "__s8" }, { "__u16", "__s16" }, { "__u32", "__s32" }, { "__u64", "__s64" }
	};

	if ((btf_is_composite(t) && *name_of(f->btf, t)) || btf_is_typedef(t))
		return id;
	if (!btf_is_composite(t)) {
		bool is_signed = btf_is_int(t) && (btf_int_encoding(t) & BTF_INT_SIGNED);

		name = t->size > 8 ? "record" : numbers[__builtin_ctz(t->size)][is_signed];
	}
	return btf__add_typedef(f->btf, name, id);
}

static bool keep(struct finder *f, const struct map_def *map, const struct candidate *c)
{
	_cleanup_free_ char *tag = xasprintf(RECORD_OF_PREFIX "%s", map->name);
	uint32_t known = btf__type_cnt(f->btf);
	int id = (int)c->btf_id;

	if (!id)
		id = dwarf_add_type(f->dwarf, c->dwarf_id, f->btf);
	if (id <= 0)
		return false;
	if (!c->btf_id) {
		uint32_t twin = find_twin(f, c, btf__type_by_id(f->btf, (uint32_t)id)->size);

		id = twin && twin < known ? (int)twin : id;
	}
	id = taggable(f, c, id);
	return id > 0 && btf__add_decl_tag(f->btf, tag, id, -1) > 0;
}

static bool belongs(const struct finder *f, size_t map, const struct written *w)
{
	size_t wanting = 0;

	if (w->use.map != MAP_USE_ANY)
		return w->use.map == (int)map;
	for (size_t i = 0; i < f->nmaps; i++)
		wanting += is_ring(&f->maps[i]);
	return wanting == 1;
}

static bool find_of_map(struct finder *f, size_t map)
{
	struct candidate all[MAX_CANDIDATES + 1];
	size_t count = 0;
	bool any = false;

	for (size_t i = 0; i < f->nwritten; i++) {
		if (!belongs(f, map, &f->written[i]))
			continue;
		look_for_types(f, &f->written[i]);
		for (size_t k = 0; k < f->nfound; k++)
			add_candidate(all, &count, f->found[k]);
	}
	for (size_t i = 0; i < count && count <= MAX_CANDIDATES; i++)
		any = keep(f, &f->maps[map], &all[i]) || any;
	return any;
}

static void replace_btf(struct elf_image *image, const struct elf_view *v, const struct btf *btf)
{
	uint32_t len;
	const void *data = btf__raw_data(btf, &len);
	size_t at = (image->len + 7) & ~(size_t)7;
	Elf64_Shdr section = v->sections[v->btf];
	uint8_t *bytes;

	if (!data)
		return;
	bytes = xcalloc(1, at + len);
	memcpy(bytes, image->bytes, image->len);
	memcpy(bytes + at, data, len);
	section.sh_offset = at;
	section.sh_size = len;
	memcpy(bytes + v->head.e_shoff + v->btf * sizeof(section), &section, sizeof(section));
	free(image->bytes);
	image->bytes = bytes;
	image->len = at + len;
}

static void find_all(struct finder *f, const struct elf_view *v)
{
	elf_code_each(f->image, look_at_code, f);
	f->is_kernel = core_kernel_types(v, f->btf);
	f->ntypes = btf__type_cnt(f->btf);
	f->dwarf = dwarf_open(f->image->bytes, f->image->len);
	f->image->guessed = xcalloc(f->nmaps + 1, sizeof(char *));
	for (size_t i = 0; i < f->nmaps; i++)
		if (f->maps[i].wants && find_of_map(f, i))
			f->image->guessed[f->image->nguessed++] = xstrdup(f->maps[i].name);
}

void elf_find_records(struct elf_image *image)
{
	_cleanup_(elf_view_release) struct elf_view v = { 0 };
	_cleanup_(finder_release) struct finder f = { .image = image };
	struct bytes data;
	bool wanted = false;

	if (elf_view_open(&v, image->bytes, image->len, NULL) || !v.btf)
		return;
	data = elf_section_data(&v, v.btf);
	f.btf = btf_check(data, NULL) ? NULL : btf__new(data.ptr, (uint32_t)data.len);
	if (!f.btf)
		return;
	find_maps(&f);
	for (size_t i = 0; i < f.nmaps; i++)
		wanted = wanted || f.maps[i].wants;
	if (!wanted)
		return;
	find_all(&f, &v);
	if (!image->nguessed)
		return;
	dwarf_close(steal_ptr(&f.dwarf)); /* reads the bytes that are replaced */
	replace_btf(image, &v, f.btf);
}
