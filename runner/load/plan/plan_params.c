// SPDX-License-Identifier: Apache-2.0
/* The parameters of the plan: `const volatile` variables of .rodata. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/plan/gadget.h"
#include "runner/load/plan/params.h"
#include "runner/load/plan/plan_internal.h"

#define SECTION ".rodata"
#define MAX_PARAMS 1024
#define MAX_CHAIN 64

/* Both qualifiers, in front of the type or, where C puts them for arrays, of its elements. */
static bool is_const_volatile(const struct btf *btf, uint32_t id)
{
	bool has_const = false, has_volatile = false;

	for (int i = 0; i < MAX_CHAIN; i++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!t)
			return false;
		if (btf_is_const(t))
			has_const = true;
		else if (btf_is_volatile(t))
			has_volatile = true;
		if (has_const && has_volatile)
			return true;
		if (btf_is_array(t))
			id = btf_array(t)->type;
		else if (btf_is_mod(t) || btf_is_typedef(t))
			id = t->type;
		else
			return false;
	}
	return false;
}

/* The type as C writes it. */
static const char *type_text(struct arena *arena, const struct btf *btf, uint32_t id)
{
	char dims[64] = "";
	size_t len = 0;

	for (int i = 0; i < MAX_CHAIN; i++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = t ? btf__name_by_offset(btf, t->name_off) : NULL;

		if (!t)
			break;
		if (btf_is_array(t)) {
			int n = snprintf(dims + len, sizeof(dims) - len, "[%u]",
					 btf_array(t)->nelems);

			if (n > 0 && (size_t)n < sizeof(dims) - len)
				len += (size_t)n;
			id = btf_array(t)->type;
		} else if (name && *name) {
			return arena_printf(arena, "%s%.128s%s", btf_is_any_enum(t) ? "enum " : "",
					    name, dims);
		} else if (btf_is_mod(t)) {
			id = t->type;
		} else {
			return arena_printf(arena, "%s%s",
					    btf_is_any_enum(t) ? "enum"
					    : btf_is_ptr(t)    ? "void *"
							       : "?",
					    dims);
		}
	}
	return "?";
}

static bool is_param_name(const char *name)
{
	return *name && !has_prefix(name, "bombus_") && !has_prefix(name, "gadget_");
}

static void add_param(struct plan_ctx *ctx, const struct btf_var_secinfo *info,
		      const uint8_t *bytes, size_t nbytes)
{
	struct plan *plan = ctx->plan;
	struct param *param = &plan->params[plan->nparams];
	const struct btf_type *var = btf__type_by_id(ctx->btf, info->type);
	const char *name = var ? btf__name_by_offset(ctx->btf, var->name_off) : NULL;
	struct layout layout;
	char text[1024];

	if (!name || !btf_is_var(var) || strnlen(name, 256) == 256 || !is_param_name(name) ||
	    !is_const_volatile(ctx->btf, var->type))
		return;
	ctx->params_tried++;
	if (layout_compile_tagged(&plan->arena, ctx->btf, ctx->tags, var->type, "value", &layout,
				  NULL) ||
	    !layout.is_scalar || layout.fields[0].is_bits || layout.fields[0].off_bits ||
	    layout.fields[0].kind == KIND_PTR)
		return;
	if (info->offset > nbytes || layout.size_bytes > nbytes - info->offset)
		return;
	param->name = arena_strdup(&plan->arena, name);
	param->field = layout.fields[0];
	param->help = tag_text(ctx->tags, info->type, TAGS_WHOLE, "help", &plan->arena);
	param->field.help = param->help;
	param->field.name = param->field.path = param->field.label = param->name;
	param->tagged = tag_has(ctx->tags, info->type, TAGS_WHOLE, "param") ||
			gadget_is_param(ctx->btf, name);
	param->type_name = type_text(&plan->arena, ctx->btf, var->type);
	param->section_off_bytes = info->offset;
	param->size_bytes = layout.size_bytes;
	param_read(&param->field, bytes + info->offset, text, sizeof(text));
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?'; /* it is shown on terminals */
	param->default_text = arena_strdup(&plan->arena, text);
	plan->nparams++;
}

static int compare_params(const void *a, const void *b)
{
	const struct param *x = a, *y = b;

	if (x->tagged != y->tagged)
		return x->tagged ? -1 : 1;
	return strcmp(x->name, y->name);
}

int plan_params(struct plan_ctx *ctx)
{
	struct bpf_map *map = bpf_object__find_map_by_name(ctx->obj, SECTION);
	int id = btf__find_by_name_kind(ctx->btf, SECTION, BTF_KIND_DATASEC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(ctx->btf, (uint32_t)id) : NULL;
	size_t nbytes = 0;
	const void *bytes = map ? bpf_map__initial_value(map, &nbytes) : NULL;

	if (!t || !bytes)
		return 0;
	if (btf_vlen(t) > MAX_PARAMS * 16)
		return err_set(ctx->err, E2BIG, "more variables in " SECTION " than can be");
	ctx->plan->params =
		arena_array(&ctx->plan->arena, struct param, MIN(btf_vlen(t) + 1, MAX_PARAMS));
	for (uint32_t i = 0; i < btf_vlen(t) && ctx->params_tried < MAX_PARAMS; i++)
		add_param(ctx, btf_var_secinfos(t) + i, bytes, nbytes);
	if (ctx->plan->nparams)
		qsort(ctx->plan->params, ctx->plan->nparams, sizeof(*ctx->plan->params),
		      compare_params);
	return 0;
}
