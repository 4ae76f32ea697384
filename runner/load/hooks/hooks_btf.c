// SPDX-License-Identifier: Apache-2.0
/* Hooks with the types of the kernel's BTF. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "runner/load/hooks/hooks_internal.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define MAX_KALLSYMS (128u << 20)
#define MAX_TYPE_BYTES 4096
#define STRUCT_OPS "bpf_struct_ops_"

/* A function that the kernel has an address for; `id` is its BTF's, 0: none. */
struct func {
	const char *name;
	uint32_t id;
};

struct kernel {
	const struct hooks_walk *walk;
	struct btf *btf;
	struct btf_dump *dump;
	struct strbuf text; /* of one type */
	struct arena arena; /* of one hook */
	char *kallsyms;
	struct func *funcs; /* sorted */
	size_t nfuncs;
};

static void add_text(void *ctx, const char *fmt, va_list args)
{
	strbuf_vaddf(ctx, fmt, args);
}

static const char *declare(struct kernel *k, uint32_t type, const char *name)
{
	LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts, .field_name = name);

	strbuf_reset(&k->text);
	if (!type)
		return *name ? arena_printf(&k->arena, "void %s", name) : "void";
	if (btf_dump__emit_type_decl(k->dump, type, &opts) < 0)
		return "?";
	return arena_strdup(&k->arena, strbuf_str(&k->text));
}

static uint32_t bare_of(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type) || btf_is_type_tag(type))) {
		id = type->type;
		type = btf__type_by_id(btf, id);
	}
	return id;
}

static void add_arg(struct kernel *k, const struct btf_param *param, size_t number,
		    struct hook_arg *ret)
{
	const char *name = btf__name_by_offset(k->btf, param->name_off);
	const struct btf_type *type = btf__type_by_id(k->btf, bare_of(k->btf, param->type));

	*ret = (struct hook_arg){
		.name = name && *name ? name : arena_printf(&k->arena, "arg%zu", number),
	};
	ret->type = declare(k, param->type, "");
	ret->decl = declare(k, param->type, ret->name);
	if (type && btf_is_ptr(type)) {
		ret->kind = HOOK_ARG_POINTER;
	} else if (type && (btf_is_int(type) || btf_is_any_enum(type))) {
		ret->kind = HOOK_ARG_NUMBER;
		ret->bytes = type->size;
		ret->is_signed = btf_is_int(type) && (btf_int_encoding(type) & BTF_INT_SIGNED);
	}
}

/* A hook of this prototype, whose first `skip` parameters are not the program's. */
static int give(struct kernel *k, const char *section, const struct btf_type *proto, uint32_t skip)
{
	struct hook_arg args[HOOK_ARGS_MAX];
	struct hook_info info = { .section = section, .args = args };
	const struct btf_param *params;

	if (!hooks_matches(k->walk, section))
		return 0;
	params = proto ? btf_params(proto) : NULL;
	for (uint32_t i = skip; proto && i < btf_vlen(proto) && info.nargs < HOOK_ARGS_MAX; i++) {
		if (!params[i].type)
			break; /* variable arguments */
		add_arg(k, &params[i], info.nargs + 1, &args[info.nargs]);
		info.nargs++;
	}
	if (proto && proto->type && !skip)
		info.returns = declare(k, proto->type, "");
	return k->walk->found(k->walk->ctx, &info);
}

static int give_named(struct kernel *k, const char *kind, const char *name,
		      const struct btf_type *proto, uint32_t skip)
{
	_cleanup_free_ char *section = xasprintf("%s/%s", kind, name);
	int ret = give(k, section, proto, skip);

	arena_release(&k->arena);
	return ret;
}

/* ---- functions of a special name ---- */

static bool is_iterator(const struct btf *btf, const struct btf_type *proto)
{
	return btf_vlen(proto) &&
	       streq(btf__name_by_offset(btf, btf_params(proto)->name_off), "meta");
}

static int each_special(struct kernel *k, const char *kind, const char *prefix, uint32_t skip)
{
	uint32_t count = btf__type_cnt(k->btf);
	int ret = 0;

	if (!hooks_wants_kind(k->walk, kind))
		return 0;
	for (uint32_t id = 1; id < count && ret == 0; id++) {
		const struct btf_type *type = btf__type_by_id(k->btf, id), *proto;
		const char *name = btf__name_by_offset(k->btf, type->name_off);

		if (!btf_is_func(type) || !has_prefix(name, prefix))
			continue;
		proto = btf__type_by_id(k->btf, type->type);
		if (!streq(kind, "iter") || is_iterator(k->btf, proto))
			ret = give_named(k, kind, name + strlen(prefix), proto, skip);
	}
	return ret;
}

/* ---- all functions ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct func *)a)->name, ((const struct func *)b)->name);
}

static struct func *find_func(const struct kernel *k, const char *name)
{
	const struct func wanted = { .name = name };

	return bsearch(&wanted, k->funcs, k->nfuncs, sizeof(*k->funcs), by_name);
}

/* Compilers and tracing make these; a program has no use for them. */
static bool is_own(const char *name)
{
	return strchr(name, '.') || has_prefix(name, "__probestub_") ||
	       has_prefix(name, "__bpf_trace_") || has_prefix(name, "__traceiter_") ||
	       has_prefix(name, "bpf_lsm_") || has_prefix(name, "__pfx_") ||
	       has_prefix(name, "__cfi_");
}

/* "ffffffff81000000 T name\t[module]" */
static void read_functions(struct kernel *k)
{
	size_t len, room = 0;
	void *text = NULL;
	char *rest = NULL;

	if (read_file("/proc/kallsyms", MAX_KALLSYMS, &text, &len, NULL) < 0)
		return;
	k->kallsyms = text;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *type = strchr(line, ' ');

		if (!type || !type[1] || !strchr("tTwW", type[1]) || type[2] != ' ')
			continue;
		type[3 + strcspn(type + 3, "\t ")] = '\0';
		if (is_own(type + 3))
			continue;
		if (k->nfuncs == room) {
			room = room ? room * 2 : 4096;
			k->funcs = xreallocarray(k->funcs, room, sizeof(*k->funcs));
		}
		k->funcs[k->nfuncs++] = (struct func){ .name = type + 3 };
	}
	if (k->nfuncs)
		qsort(k->funcs, k->nfuncs, sizeof(*k->funcs), by_name);
}

static void find_prototypes(struct kernel *k)
{
	uint32_t count = k->btf ? btf__type_cnt(k->btf) : 0;

	for (uint32_t id = 1; id < count; id++) {
		const struct btf_type *type = btf__type_by_id(k->btf, id);
		struct func *func;

		if (!btf_is_func(type))
			continue;
		func = find_func(k, btf__name_by_offset(k->btf, type->name_off));
		if (func && !func->id)
			func->id = id;
	}
}

static int each_function(struct kernel *k, const char *kind, bool typed)
{
	int ret = 0;

	for (size_t i = 0; i < k->nfuncs && ret == 0; i++) {
		const struct func *func = &k->funcs[i];
		const struct btf_type *type = func->id ? btf__type_by_id(k->btf, func->id) : NULL;

		if ((i && streq(func[-1].name, func->name)) || (typed && !type))
			continue;
		ret = give_named(k, kind, func->name,
				 type ? btf__type_by_id(k->btf, type->type) : NULL, 0);
	}
	return ret;
}

static int each_functions(struct kernel *k)
{
	bool fentry = hooks_wants_kind(k->walk, "fentry") && k->btf;
	bool kprobe = hooks_wants_kind(k->walk, "kprobe");
	int ret = 0;

	if (!fentry && !kprobe)
		return 0;
	read_functions(k);
	find_prototypes(k);
	if (fentry)
		ret = each_function(k, "fentry", true);
	return kprobe && ret == 0 ? each_function(k, "kprobe", false) : ret;
}

/* ---- struct_ops ---- */

static int each_member(struct kernel *k, const struct btf_type *ops)
{
	const char *name = btf__name_by_offset(k->btf, ops->name_off);
	const struct btf_member *members = btf_members(ops);
	int ret = 0;

	for (uint32_t i = 0; i < btf_vlen(ops) && ret == 0; i++) {
		const char *member = btf__name_by_offset(k->btf, members[i].name_off);
		const struct btf_type *type =
			btf__type_by_id(k->btf, bare_of(k->btf, members[i].type));
		_cleanup_free_ char *target = xasprintf("%s:%s", name, member);

		if (type && btf_is_ptr(type))
			type = btf__type_by_id(k->btf, bare_of(k->btf, type->type));
		if (type && btf_is_func_proto(type))
			ret = give_named(k, "struct_ops", target, type, 0);
	}
	return ret;
}

static int each_struct_ops(struct kernel *k)
{
	uint32_t count = btf__type_cnt(k->btf);
	int ret = 0;

	for (uint32_t id = 1; id < count && ret == 0; id++) {
		const struct btf_type *type = btf__type_by_id(k->btf, id);
		const char *name = btf__name_by_offset(k->btf, type->name_off);
		int32_t ops;

		if (!btf_is_struct(type) || !has_prefix(name, STRUCT_OPS))
			continue;
		ops = btf__find_by_name_kind(k->btf, name + strlen(STRUCT_OPS), BTF_KIND_STRUCT);
		if (ops > 0)
			ret = each_member(k, btf__type_by_id(k->btf, (uint32_t)ops));
	}
	return ret;
}

/* ---- all of them ---- */

static int each_typed(struct kernel *k)
{
	int ret = each_special(k, "tp_btf", "__traceiter_", 1);

	if (ret == 0)
		ret = each_special(k, "lsm", "bpf_lsm_", 0);
	/* bpf_iter_NAME(meta, ...): the context's type has the members of the same names. */
	if (ret == 0)
		ret = each_special(k, "iter", "bpf_iter_", 1);
	if (ret == 0 && hooks_wants_kind(k->walk, "struct_ops"))
		ret = each_struct_ops(k);
	return ret;
}

int hooks_of_btf(const struct hooks_walk *walk)
{
	struct kernel k = { .walk = walk, .btf = btf__parse(KERNEL_BTF, NULL) };
	int ret = 0;

	strbuf_init(&k.text, MAX_TYPE_BYTES);
	if (libbpf_get_error(k.btf))
		k.btf = NULL;
	if (k.btf)
		k.dump = btf_dump__new(k.btf, add_text, &k.text, NULL);
	if (libbpf_get_error(k.dump))
		k.dump = NULL;
	if (k.dump)
		ret = each_typed(&k);
	if (ret == 0)
		ret = each_functions(&k);
	btf_dump__free(k.dump);
	btf__free(k.btf);
	strbuf_release(&k.text);
	arena_release(&k.arena);
	free(k.funcs);
	free(k.kallsyms);
	return ret;
}
