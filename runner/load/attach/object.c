// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/kernel/explain.h"
#include "runner/load/attach/object_internal.h"

/* Takes the programs' handles by name: libbpf's order is not ours to rely on. */
static int bind_progs(struct object *object, struct err *err)
{
	const struct plan *plan = &object->plan;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		object->progs[i] =
			bpf_object__find_program_by_name(object->bpf, plan->progs[i].name);
		if (!object->progs[i])
			return err_set(err, ENOENT, "program '%s' is gone from the object",
				       plan->progs[i].name);
	}
	return 0;
}

/*
 * libbpf lists programs section by section. The compiler writes the functions' types in the order
 * of the source, which is the one that its author thinks of, and alternatives are tried in.
 */
static void sort_progs(struct object *object)
{
	const struct btf *btf = bpf_object__btf(object->bpf);
	struct plan *plan = &object->plan;
	_cleanup_free_ int32_t *ids = xcalloc(plan->nprogs + 1, sizeof(*ids));
	_cleanup_free_ int *moved = xcalloc(plan->nprogs + 1, sizeof(*moved));

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct prog_plan prog = plan->progs[i];
		int32_t id = btf ? btf__find_by_name_kind(btf, prog.name, BTF_KIND_FUNC) : 0;
		uint32_t at = i;

		for (; at > 0 && ids[at - 1] > id; at--) {
			ids[at] = ids[at - 1];
			plan->progs[at] = plan->progs[at - 1];
		}
		ids[at] = id;
		plan->progs[at] = prog; /* ->index is still the old one */
	}
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		moved[plan->progs[i].index] = (int)i;
		plan->progs[i].index = i;
	}
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (plan->maps[i].prog >= 0)
			plan->maps[i].prog = moved[plan->maps[i].prog];
}

static int open_bpf(struct object *object, struct err *err)
{
	struct bpf_object_open_opts opts;
	uint64_t start = now_mono_ns();
	struct bpf_program *prog;
	int rc;

	opts_init(&opts);
	opts.object_name = object->name;
	bpflog_begin(&object->log);
	object->bpf = bpf_object__open_mem(object->image.bytes, object->image.len, &opts);
	bpflog_end(&object->log);
	object->times.open_ns += now_mono_ns() - start;
	rc = (int)libbpf_get_error(object->bpf);
	if (rc < 0) {
		object->bpf = NULL;
		return explain_open(rc, &object->log, err);
	}
	bpf_object__for_each_program(prog, object->bpf)
		attach_declare(prog);
	return 0;
}

int object_reopen(struct object *object, struct err *err)
{
	int rc;

	bpf_object__close(steal_ptr(&object->bpf));
	rc = open_bpf(object, err);
	if (rc == 0)
		rc = bind_progs(object, err);
	return rc < 0 ? rc : options_apply(object, false, err);
}

static int open_all(struct object *object, const void *elf, size_t len, struct err *err)
{
	const struct object_opts *opts = &object->opts;
	int rc = elf_merge_maps(elf, len, &object->image, err);

	if (rc == 0)
		rc = open_bpf(object, err);
	if (rc == 0)
		rc = plan_compile(&object->plan, object->bpf, &object->image, &opts->plan, err);
	for (size_t i = 0; i < opts->nfields && rc == 0; i++)
		rc = plan_select_fields(&object->plan, &opts->fields[i], err);
	if (rc < 0)
		return rc;
	object->progs = xcalloc(object->plan.nprogs + 1, sizeof(struct bpf_program *));
	object->targets = xcalloc(object->plan.nprogs + 1, sizeof(*object->targets));
	sort_progs(object);
	rc = bind_progs(object, err);
	if (rc == 0)
		rc = options_resolve(object, err);
	return rc < 0 ? rc : options_apply(object, true, err);
}

static void free_object(struct object **object)
{
	object_free(*object);
}

int object_open(struct object **ret, const char *name, const void *elf, size_t len,
		const struct object_opts *opts, struct err *err)
{
	_cleanup_(free_object) struct object *object = xcalloc(1, sizeof(*object));
	uint64_t start = now_mono_ns();
	int rc;

	object->name = xstrdup(name);
	object->stats_fd = -1;
	if (opts)
		object->opts = *opts;
	rc = open_all(object, elf, len, err);
	if (rc < 0) {
		err_wrap(err, "%s", name);
		return rc;
	}
	object->times.open = (struct step){ start, now_mono_ns() };
	*ret = steal_ptr(&object);
	return 0;
}

const struct plan *object_plan(const struct object *object)
{
	return &object->plan;
}

struct object_times object_times(const struct object *object)
{
	return object->times;
}

int object_map_fd(const struct object *object, const struct map_plan *map)
{
	const char *name = map->backing_symbol;
	struct bpf_map *found =
		object->bpf && name ? bpf_object__find_map_by_name(object->bpf, name) : NULL;

	return found ? bpf_map__fd(found) : -ENOENT;
}

int object_iter_fd(const struct object *object, const struct prog_plan *prog, struct err *err)
{
	int link = attachments_link_fd(object->attachments, prog->index), fd;

	if (link < 0)
		return err_set(err, ENOENT, "iterator '%s' is not attached", prog->name);
	fd = bpf_iter_create(link);
	return fd < 0 ? err_sys(err, -fd, "iterator '%s'", prog->name) : fd;
}

int object_prog_stats(const struct object *object, const struct prog_plan *prog,
		      struct prog_stats *ret)
{
	const struct prog_stats *told = __atomic_load_n(&object->replayed, __ATOMIC_ACQUIRE);
	const struct bpf_program *loaded = object->progs[prog->index];
	int fd = loaded ? bpf_program__fd(loaded) : -ENOENT;
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (told) {
		told += prog->index;
		ret->runs = __atomic_load_n(&told->runs, __ATOMIC_RELAXED);
		ret->run_ns = __atomic_load_n(&told->run_ns, __ATOMIC_RELAXED);
		ret->misses = __atomic_load_n(&told->misses, __ATOMIC_RELAXED);
		return 0;
	}
	if (fd < 0)
		return -ENOENT;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	*ret = (struct prog_stats){ info.run_cnt, info.run_time_ns, info.recursion_misses };
	return 0;
}

int object_enable_stats(struct object *object)
{
	if (object->stats_fd < 0)
		object->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	return object->stats_fd < 0 ? object->stats_fd : 0;
}

void object_check(struct object *object)
{
	if (object->attachments)
		attachments_check_cpus(object->attachments);
	for (uint32_t i = 0; object->attachments && i < object->plan.nprogs; i++) {
		struct prog_plan *prog = &object->plan.progs[i];

		if (prog->state != PROG_ATTACHED || !attachments_severed(object->attachments, i))
			continue;
		prog->reason = "it was detached from outside, or what it hung on is gone";
		prog->reason_code = -ENOLINK;
		__atomic_store_n(&prog->state, PROG_DETACHED, __ATOMIC_RELEASE);
		log_warn("program '%s' (%s%s%s) is not attached any more: %s", prog->name,
			 prog->section, prog->target ? " on " : "",
			 prog->target ? prog->target : "", prog->reason);
	}
}

void object_replay_prog(struct object *object, uint32_t prog, enum prog_state state,
			const char *reason, const struct prog_stats *stats)
{
	struct prog_plan *plan = &object->plan.progs[prog];
	struct prog_stats *told;

	plan->state = (uint8_t)state;
	if (reason && !plan->reason)
		plan->reason = arena_strdup(&object->plan.arena, reason);
	if (!stats)
		return;
	if (!object->replayed) {
		told = xcalloc(object->plan.nprogs, sizeof(*told));
		__atomic_store_n(&object->replayed, told, __ATOMIC_RELEASE);
	}
	told = &object->replayed[prog];
	__atomic_store_n(&told->runs, stats->runs, __ATOMIC_RELAXED);
	__atomic_store_n(&told->run_ns, stats->run_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&told->misses, stats->misses, __ATOMIC_RELAXED);
}

void object_stop(struct object *object)
{
	if (object->attachments)
		attachments_detach(object->attachments);
}

void object_free(struct object *object)
{
	if (!object)
		return;
	attachments_free(steal_ptr(&object->attachments));
	pins_release(object);
	close_fd(&object->stats_fd);
	bpf_object__close(object->bpf);
	for (uint32_t i = 0; object->targets && i < object->plan.nprogs; i++)
		free((void *)object->targets[i].words);
	free(object->targets);
	free(object->progs);
	free(object->replayed);
	plan_release(&object->plan);
	elf_image_release(&object->image);
	free(object->name);
	free(object);
}

size_t object_pinned(const struct object *object, char *text, size_t size)
{
	size_t used = 0;

	if (size)
		text[0] = '\0';
	if (!object->keep_pins)
		return 0;
	for (size_t i = 0; i < object->npins; i++) {
		int len = snprintf(text + used, size - used, "%s\n", object->pins[i].path);

		if (len < 0 || (size_t)len >= size - used) {
			text[used] = '\0'; /* no half of a path */
			break;
		}
		used += (size_t)len;
	}
	return object->npins;
}
