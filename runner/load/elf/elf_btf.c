// SPDX-License-Identifier: Apache-2.0
#include "runner/load/elf/elf_btf.h"

#include <errno.h>
#include <linux/btf.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/elf/elf_legacy.h"

#define MAPS_SECTION ".maps"

/* The parts of checked BTF. */
struct parts {
	struct btf_header header;
	struct bytes types;
	struct bytes strings;
};

/* One record of the type section. */
struct record {
	struct btf_type type;
	uint32_t id;
	uint32_t kind, vlen;
	size_t off, size; /* of the record, in the type section */
};

static int bad(struct err *err, const char *what)
{
	err_exit(err, EXIT_FAILED);
	return err_set(err, EINVAL, "damaged BTF: %s", what);
}

static int bad_type(struct err *err, uint32_t id, const char *what)
{
	err_exit(err, EXIT_FAILED);
	return err_set(err, EINVAL, "damaged BTF: type %u %s", id, what);
}

static int split(struct bytes btf, struct parts *ret, struct err *err)
{
	struct btf_header h;
	const void *types, *strings;

	if (!bytes_get(btf, 0, &h, sizeof(h)))
		return bad(err, "its header is cut short");
	if (h.magic == __builtin_bswap16(BTF_MAGIC))
		return bad(err, "it is in the other byte order");
	if (h.magic != BTF_MAGIC)
		return bad(err, "it has no BTF header");
	if (h.version != BTF_VERSION)
		return bad(err, "its version is not known");
	if (h.hdr_len < sizeof(h) || h.hdr_len > btf.len)
		return bad(err, "its header is cut short");
	if ((h.type_off & 3) || (h.type_len & 3))
		return bad(err, "its types are not aligned");
	types = bytes_at(btf, (size_t)h.hdr_len + h.type_off, h.type_len);
	strings = bytes_at(btf, (size_t)h.hdr_len + h.str_off, h.str_len);
	if (!types || !strings)
		return bad(err, "its sections reach over its end");
	ret->header = h;
	ret->types = bytes_of(types, h.type_len);
	ret->strings = bytes_of(strings, h.str_len);
	if (!h.str_len || ret->strings.ptr[0] || ret->strings.ptr[h.str_len - 1])
		return bad(err, "its strings do not start and end with NUL");
	return 0;
}

/* The bytes behind struct btf_type; -1 for unknown kinds. */
static int64_t extra_bytes(uint32_t kind, uint32_t vlen)
{
	switch (kind) {
	case BTF_KIND_INT:
		return sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (int64_t)vlen * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return (int64_t)vlen * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return (int64_t)vlen * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return (int64_t)vlen * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return (int64_t)vlen * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	default:
		return -1;
	}
}

/* The record behind `prev` (all zero: the first). 1: there is one, 0: the end, negative: bad. */
static int next_record(struct bytes types, const struct record *prev, struct record *ret,
		       struct err *err)
{
	struct record r = { .id = prev->id + 1, .off = prev->off + prev->size };
	int64_t extra;

	if (r.off == types.len)
		return 0;
	if (!bytes_get(types, r.off, &r.type, sizeof(r.type)))
		return bad_type(err, r.id, "is cut short");
	r.kind = BTF_INFO_KIND(r.type.info);
	r.vlen = BTF_INFO_VLEN(r.type.info);
	extra = extra_bytes(r.kind, r.vlen);
	if (extra < 0)
		return bad_type(err, r.id, "is of an unknown kind");
	r.size = sizeof(r.type) + (size_t)extra;
	if (!bytes_at(types, r.off, r.size))
		return bad_type(err, r.id, "is cut short");
	*ret = r;
	return 1;
}

/* Reads part `i` of `size` bytes behind the record's head. */
static void get_part(struct bytes types, const struct record *r, uint32_t i, void *ret, size_t size)
{
	if (!bytes_get(types, r->off + sizeof(struct btf_type) + (size_t)i * size, ret, size))
		memset(ret, 0, size);
}

static bool is_chain(uint32_t kind)
{
	return kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE ||
	       kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG;
}

static bool has_type_ref(uint32_t kind)
{
	return is_chain(kind) || kind == BTF_KIND_PTR || kind == BTF_KIND_FUNC ||
	       kind == BTF_KIND_FUNC_PROTO || kind == BTF_KIND_VAR || kind == BTF_KIND_DECL_TAG;
}

/* The name (0: none) and the type (0: void or none) that part i of the record refers to. */
static void part_refs(struct bytes types, const struct record *r, uint32_t i, uint32_t *ret_name,
		      uint32_t *ret_types)
{
	ret_name[0] = ret_types[0] = ret_types[1] = 0;
	if (r->kind == BTF_KIND_STRUCT || r->kind == BTF_KIND_UNION) {
		struct btf_member m;

		get_part(types, r, i, &m, sizeof(m));
		ret_name[0] = m.name_off;
		ret_types[0] = m.type;
	} else if (r->kind == BTF_KIND_ENUM) {
		struct btf_enum e;

		get_part(types, r, i, &e, sizeof(e));
		ret_name[0] = e.name_off;
	} else if (r->kind == BTF_KIND_ENUM64) {
		struct btf_enum64 e;

		get_part(types, r, i, &e, sizeof(e));
		ret_name[0] = e.name_off;
	} else if (r->kind == BTF_KIND_FUNC_PROTO) {
		struct btf_param p;

		get_part(types, r, i, &p, sizeof(p));
		ret_name[0] = p.name_off;
		ret_types[0] = p.type;
	} else if (r->kind == BTF_KIND_DATASEC) {
		struct btf_var_secinfo v;

		get_part(types, r, i, &v, sizeof(v));
		ret_types[0] = v.type;
	} else if (r->kind == BTF_KIND_ARRAY) {
		struct btf_array a;

		get_part(types, r, i, &a, sizeof(a));
		ret_types[0] = a.type;
		ret_types[1] = a.index_type;
	}
}

static int check_refs(const struct parts *p, const struct record *r, uint32_t ntypes,
		      struct err *err)
{
	uint32_t parts = r->kind == BTF_KIND_ARRAY ? 1 : r->vlen;
	uint32_t name, types[2];

	if (r->type.name_off >= p->strings.len)
		return bad_type(err, r->id, "has a name outside the strings");
	if (has_type_ref(r->kind) && r->type.type > ntypes)
		return bad_type(err, r->id, "refers to a type that is not there");
	for (uint32_t i = 0; i < parts; i++) {
		part_refs(p->types, r, i, &name, types);
		if (name >= p->strings.len)
			return bad_type(err, r->id, "has a member with a name outside the strings");
		if (types[0] > ntypes || types[1] > ntypes)
			return bad_type(err, r->id, "has a part whose type is not there");
	}
	return 0;
}

/* next[id] is the type behind a qualifier or typedef, 0 for all others. */
static int check_chains(const uint32_t *next, uint32_t ntypes, struct err *err)
{
	for (uint32_t id = 1; id <= ntypes; id++) {
		uint32_t at = id, steps = 0;

		while (next[at] && steps++ < BTF_MAX_CHAIN)
			at = next[at];
		if (next[at])
			return bad_type(err, id, "is a typedef or qualifier of itself");
	}
	return 0;
}

int btf_check(struct bytes btf, struct err *err)
{
	struct parts p;
	struct record r = { 0 };
	_cleanup_free_ uint32_t *next = NULL;
	uint32_t ntypes = 0;
	int rc = split(btf, &p, err);

	if (rc)
		return rc;
	while ((rc = next_record(p.types, &r, &r, err)) == 1)
		ntypes++;
	if (rc)
		return rc;
	next = xcalloc((size_t)ntypes + 1, sizeof(*next));
	r = (struct record){ 0 };
	while ((rc = next_record(p.types, &r, &r, err)) == 1) {
		rc = check_refs(&p, &r, ntypes, err);
		if (rc)
			return rc;
		if (is_chain(r.kind))
			next[r.id] = r.type.type;
	}
	return rc ? rc : check_chains(next, ntypes, err);
}

static const char *record_name(const struct parts *p, const struct record *r)
{
	const char *name = span_name(p->strings, r->type.name_off);

	return name ? name : "";
}

static bool is_maps_datasec(const struct parts *p, const struct record *r)
{
	const char *name = record_name(p, r);

	return r->kind == BTF_KIND_DATASEC &&
	       (streq(name, MAPS_SECTION) || has_prefix(name, MAPS_SECTION ".") ||
		elf_is_legacy_section(name));
}

/* Names of variables by type id, for those types that are variables. */
static const char **var_names(const struct parts *p, uint32_t *ret_ntypes)
{
	struct record r = { 0 };
	const char **names;
	uint32_t n = 0;

	while (next_record(p->types, &r, &r, NULL) == 1)
		n++;
	names = xcalloc((size_t)n + 1, sizeof(*names));
	r = (struct record){ 0 };
	while (next_record(p->types, &r, &r, NULL) == 1)
		if (r.kind == BTF_KIND_VAR)
			names[r.id] = record_name(p, &r);
	*ret_ntypes = n;
	return names;
}

struct joined {
	struct btf_var_secinfo *vars;
	uint32_t nvars;
	uint32_t home; /* type id of the DATASEC that takes all in */
	bool rename;   /* it is not called ".maps" yet */
};

static int collect(const struct parts *p, const struct btf_join *join, struct joined *ret,
		   struct err *err)
{
	_cleanup_free_ const char **names = NULL;
	struct record r = { 0 };
	uint32_t ntypes;

	names = var_names(p, &ntypes);
	ret->rename = true;
	while (next_record(p->types, &r, &r, NULL) == 1) {
		const char *section = record_name(p, &r);

		if (!is_maps_datasec(p, &r))
			continue;
		if (!ret->home || (ret->rename && streq(section, MAPS_SECTION)))
			ret->home = r.id;
		if (streq(section, MAPS_SECTION))
			ret->rename = false;
		if (ret->nvars + r.vlen > BTF_MAX_VLEN)
			return bad(err, "it has too many maps");
		ret->vars = xreallocarray(ret->vars, (size_t)ret->nvars + r.vlen + 1,
					  sizeof(*ret->vars));
		for (uint32_t i = 0; i < r.vlen; i++) {
			struct btf_var_secinfo v;
			int64_t off;

			get_part(p->types, &r, i, &v, sizeof(v));
			off = join->offset(join->ctx, section, names[v.type] ? names[v.type] : "",
					   v.offset);
			if (off < 0 || off > join->size_bytes ||
			    v.size > join->size_bytes - (uint64_t)off)
				return bad_type(err, r.id, "has a variable outside its section");
			v.offset = (uint32_t)off;
			ret->vars[ret->nvars++] = v;
		}
	}
	return 0;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
	if (len)
		memcpy(at, bytes, len);
	return at + len;
}

/* Writes the type section anew; returns its end. */
static uint8_t *put_types(uint8_t *at, const struct parts *p, const struct joined *joined,
			  uint32_t size_bytes, uint32_t new_name)
{
	struct record r = { 0 };

	while (next_record(p->types, &r, &r, NULL) == 1) {
		struct btf_type t = r.type;
		bool home = r.id == joined->home;

		if (!is_maps_datasec(p, &r)) {
			at = put(at, p->types.ptr + r.off, r.size);
			continue;
		}
		t.info = (t.info & ~(uint32_t)BTF_MAX_VLEN) | (home ? joined->nvars : 0);
		t.size = home && size_bytes ? size_bytes : 1;
		if (home && joined->rename)
			t.name_off = new_name;
		at = put(at, &t, sizeof(t));
		if (home)
			at = put(at, joined->vars, joined->nvars * sizeof(*joined->vars));
	}
	return at;
}

int btf_join_maps(struct bytes btf, const struct btf_join *join, void **ret, size_t *ret_len,
		  struct err *err)
{
	struct parts p;
	struct joined joined = { 0 };
	_cleanup_free_ void *vars = NULL, *out = NULL;
	struct btf_header h;
	uint8_t *types, *end;
	int rc = split(btf, &p, err);

	if (rc)
		return rc;
	rc = collect(&p, join, &joined, err);
	vars = joined.vars;
	if (rc)
		return rc;
	/* Members only move between records, so the types cannot grow. */
	out = xcalloc(1, sizeof(h) + p.types.len + p.strings.len + sizeof(MAPS_SECTION));
	types = (uint8_t *)out + sizeof(h);
	end = put_types(types, &p, &joined, join->size_bytes, (uint32_t)p.strings.len);
	h = p.header;
	h.hdr_len = sizeof(h);
	h.type_off = 0;
	h.type_len = (uint32_t)(end - types);
	h.str_off = h.type_len;
	h.str_len = (uint32_t)(p.strings.len + (joined.rename ? sizeof(MAPS_SECTION) : 0));
	end = put(end, p.strings.ptr, p.strings.len);
	if (joined.rename)
		end = put(end, MAPS_SECTION, sizeof(MAPS_SECTION));
	memcpy(out, &h, sizeof(h));
	*ret_len = (size_t)(end - (uint8_t *)out);
	*ret = steal_ptr(&out);
	return 0;
}
