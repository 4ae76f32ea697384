// SPDX-License-Identifier: Apache-2.0
#include "runner/load/plan/plan.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/elf/elf.h"
#include "runner/load/decode/decoders.h"
#include "runner/load/decode/enrich.h"
#include "runner/load/plan/gadget.h"
#include "runner/load/plan/hook.h"
#include "runner/load/plan/plan_internal.h"

#define MAX_PROGS 4096
#define ALTERNATIVE "___"

/* The word that check and inspect use; spellings of one type of program share it. */
static const char *type_word(struct arena *arena, const char *section)
{
	static const struct {
		const char *spelt, *word;
	} same[] = {
		{ "tp", "tracepoint" },
		{ "raw_tracepoint", "raw_tp" },
		{ "classifier", "tc" },
		{ "tcx", "tc" },
		{ "raw_tp.w", "raw_tp" },
		{ "raw_tracepoint.w", "raw_tp" },
		{ "iter.s", "iter" },
		{ "fentry.s", "fentry" },
		{ "fexit.s", "fexit" },
		{ "fmod_ret.s", "fmod_ret" },
		{ "lsm.s", "lsm" },
		{ "uprobe.s", "uprobe" },
		{ "uretprobe.s", "uretprobe" },
		{ "usdt.s", "usdt" },
		{ "xdp.frags", "xdp" },
	};
	char *word =
		arena_printf(arena, "%.*s", (int)MIN(strcspn(section, "/"), (size_t)64), section);

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		if (streq(same[i].spelt, word))
			return same[i].word;
	return word;
}

static const char *job_of(struct arena *arena, const char *name)
{
	const char *end = strstr(name, ALTERNATIVE);

	if (!end || end == name)
		return name;
	return arena_printf(arena, "%.*s", (int)(end - name), name);
}

/* The first of a job that is not left out is wanted, the others wait for their turn. */
static void choose_alternatives(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct prog_plan *prog = &plan->progs[i];

		for (uint32_t k = 0; k < i && prog->first_state == PROG_WANTED; k++)
			if (plan->progs[k].first_state == PROG_WANTED &&
			    streq(plan->progs[k].job, prog->job) &&
			    !streq(plan->progs[k].name, prog->name))
				prog->first_state = PROG_STANDBY;
	}
}

static bool is_tail(const struct elf_image *image, const char *name)
{
	for (size_t i = 0; image && i < image->ntails; i++)
		if (streq(image->tails[i], name))
			return true;
	return false;
}

/* What the tags of its function say. */
static void add_prog_tags(struct plan_ctx *ctx, struct prog_plan *prog, bool is_iter)
{
	int id = btf__find_by_name_kind(ctx->btf, prog->name, BTF_KIND_FUNC);
	struct arena *arena = &ctx->plan->arena;
	const char *map;

	if (id <= 0)
		return;
	prog->preset = tag_text(ctx->tags, (uint32_t)id, TAGS_WHOLE, "attach", arena);
	ctx->plan->statistics |= tag_has(ctx->tags, (uint32_t)id, TAGS_WHOLE, "statistics");
	prog->optional = tag_has(ctx->tags, (uint32_t)id, TAGS_WHOLE, "optional");
	if (!is_iter)
		return;
	map = tag_text(ctx->tags, (uint32_t)id, TAGS_WHOLE, "over", arena);
	if (map)
		prog->iter_map = map;
	if (tag_has(ctx->tags, (uint32_t)id, TAGS_WHOLE, "at_start"))
		prog->walk = WALK_START;
	else if (tag_has(ctx->tags, (uint32_t)id, TAGS_WHOLE, "at_sweep"))
		prog->walk = WALK_SWEEP;
}

static void add_prog(struct plan_ctx *ctx, const struct bpf_program *from)
{
	struct arena *arena = &ctx->plan->arena;
	struct prog_plan *prog = &ctx->plan->progs[ctx->plan->nprogs];
	const struct hook_type *hook;
	const char *section = bpf_program__section_name(from), *target;

	prog->index = ctx->plan->nprogs++;
	prog->name = arena_strdup(arena, bpf_program__name(from));
	prog->job = job_of(arena, prog->name);
	if (section[0] == '?')
		section++;
	prog->section = arena_strdup(arena, section);
	prog->type = type_word(arena, prog->section);
	hook = hook_of(prog->section, &target);
	prog->target = *target ? target : NULL;
	if (hook->hook == HOOK_ITER)
		prog->iter_map = arena_strdup(arena, gadget_iter_map(ctx->btf, prog->name));
	add_prog_tags(ctx, prog, hook->hook == HOOK_ITER);
	prog->is_tail = is_tail(ctx->image, prog->name);
	prog->needs_target = hook_needs_target(hook, target) && !prog->is_tail;
	prog->load_only = prog->is_tail && hook_needs_target(hook, target);
	prog->first_state = PROG_WANTED;
	if (!bpf_program__autoload(from) && prog->is_tail) {
		prog->load_only = true;
	} else if (!bpf_program__autoload(from)) {
		prog->first_state = PROG_OFF;
		prog->off_reason = "its section starts with '?': it is loaded only when asked for";
	}
}

int plan_progs(struct plan_ctx *ctx)
{
	struct bpf_program *prog;
	uint32_t count = 0;

	bpf_object__for_each_program(prog, ctx->obj)
		count++;
	if (count > MAX_PROGS)
		return err_set(ctx->err, E2BIG, "more than %d programs", MAX_PROGS);
	ctx->plan->progs = arena_array(&ctx->plan->arena, struct prog_plan, count + 1);
	bpf_object__for_each_program(prog, ctx->obj)
		add_prog(ctx, prog);
	plan_twins(ctx->plan);
	choose_alternatives(ctx->plan);
	return 0;
}

static void plan_about(struct plan_ctx *ctx)
{
	int id = btf__find_by_name_kind(ctx->btf, "license", BTF_KIND_DATASEC);
	const struct btf_type *section = id > 0 ? btf__type_by_id(ctx->btf, (uint32_t)id) : NULL;
	struct plan *plan = ctx->plan;
	uint32_t var;

	if (!section || !btf_vlen(section))
		return;
	var = btf_var_secinfos(section)->type;
	plan->title = tag_text(ctx->tags, var, TAGS_WHOLE, "name", &plan->arena);
	plan->help = tag_text(ctx->tags, var, TAGS_WHOLE, "help", &plan->arena);
	plan->authors = tag_text(ctx->tags, var, TAGS_WHOLE, "authors", &plan->arena);
}

static int give_decoders(struct plan_ctx *ctx, const struct map_plan *map, struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		struct field *f = &layout->fields[i];
		int rc;

		if (!f->decode)
			continue;
		rc = decoders_give(&ctx->plan->arena, f, f->decode, &ctx->plan->decoders, ctx->err);
		if (rc) {
			err_wrap(ctx->err, "map %s: BOMBUS_DECODE of '%s'", map->symbol, f->path);
			return rc;
		}
		layout->drops |= f->decoders->drops;
	}
	return 0;
}

/* A member of a struct that serves two maps has two fields, and two chains. */
static int plan_decoders(struct plan_ctx *ctx)
{
	int rc = 0;

	for (uint32_t i = 0; i < ctx->plan->nmaps && !rc; i++) {
		struct map_plan *map = &ctx->plan->maps[i];

		if (map->has_key)
			rc = give_decoders(ctx, map, &map->key);
		if (map->has_value && !rc)
			rc = give_decoders(ctx, map, &map->value);
	}
	return rc;
}

/* A lone value is the number that is counted or shown, not an id. */
static void enrich(struct plan_ctx *ctx)
{
	uint32_t what = ctx->opts ? ctx->opts->enrich : 0;

	for (uint32_t i = 0; what && i < ctx->plan->nmaps; i++) {
		struct map_plan *map = &ctx->plan->maps[i];
		bool done = map->role == ROLE_INTERNAL ||
			    (map->has_key && enrich_layout(&ctx->plan->arena, &map->key, what));

		if (!done && map->has_value && !map->value.is_scalar)
			enrich_layout(&ctx->plan->arena, &map->value, what);
	}
}

static void free_tags(struct tags **tags)
{
	tags_free(*tags);
}

int plan_compile(struct plan *ret, struct bpf_object *obj, const struct elf_image *image,
		 const struct plan_opts *opts, struct err *err)
{
	const struct btf *btf = bpf_object__btf(obj);
	_cleanup_(free_tags) struct tags *tags = NULL;
	struct plan_ctx ctx = {
		.plan = ret, .obj = obj, .btf = btf, .image = image, .opts = opts, .err = err
	};
	int rc;

	*ret = (struct plan){ 0 };
	if (!btf) {
		err_exit(err, EXIT_FAILED);
		err_hint(err, "compile it with -g: the types of its maps are in there");
		return err_set(err, EINVAL, "has no BTF");
	}
	ctx.tags = tags = tags_new(btf);
	ret->license = elf_license(image, &ret->arena);
	plan_about(&ctx);
	rc = plan_progs(&ctx);
	if (!rc)
		rc = plan_maps(&ctx);
	if (!rc)
		rc = plan_as(&ctx);
	enrich(&ctx);
	if (!rc)
		rc = plan_decoders(&ctx);
	if (!rc)
		rc = plan_params(&ctx);
	if (!rc)
		rc = plan_rename(&ctx);
	return rc;
}

void plan_release(struct plan *plan)
{
	decoders_release(plan->decoders);
	arena_release(&plan->arena);
	*plan = (struct plan){ 0 };
}
