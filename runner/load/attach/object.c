// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/elf/core_relos.h"
#include "runner/load/elf/record_types.h"
#include "runner/load/kernel/explain.h"
#include "runner/load/kernel/vmlinux.h"
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
	opts.btf_custom_path = object->opts.btf;
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

void object_set_status(struct object *object, uint32_t prog, enum prog_state state,
		       const char *reason, int code)
{
	struct prog_status *status = &object->status[prog];

	__atomic_store_n(&status->reason, reason, __ATOMIC_RELAXED);
	__atomic_store_n(&status->reason_code, code, __ATOMIC_RELAXED);
	__atomic_store_n(&status->state, (uint8_t)state, __ATOMIC_RELEASE);
}

struct prog_status object_prog_status(const struct object *object, const struct prog_plan *prog)
{
	const struct prog_status *status = &object->status[prog->index];
	struct prog_status ret = { .state = __atomic_load_n(&status->state, __ATOMIC_ACQUIRE) };

	ret.reason = __atomic_load_n(&status->reason, __ATOMIC_RELAXED);
	ret.reason_code = __atomic_load_n(&status->reason_code, __ATOMIC_RELAXED);
	ret.attach.start_ns = __atomic_load_n(&status->attach.start_ns, __ATOMIC_RELAXED);
	ret.attach.end_ns = __atomic_load_n(&status->attach.end_ns, __ATOMIC_RELAXED);
	return ret;
}

static void first_status(struct object *object)
{
	const struct plan *plan = &object->plan;

	object->status = xcalloc(plan->nprogs + 1, sizeof(*object->status));
	for (uint32_t i = 0; i < plan->nprogs; i++)
		object_set_status(object, i, plan->progs[i].first_state, plan->progs[i].off_reason,
				  0);
}

/* Names a type of records that was found just now; `build` named those that it found. */
static void tell_of_type(const struct object *object, const struct map_plan *map)
{
	const struct elf_image *image = &object->image;

	for (size_t i = 0; i < image->nguessed && map->found_type; i++)
		if (streq(image->guessed[i], map->symbol))
			log_info("%s: map '%s' does not say what its records are: %s is taken, of "
				 "%u bytes; --map %s=events:TYPE names another",
				 object->name, map->name, map->found_type, map->value.size_bytes,
				 map->symbol);
}

static void warn_of_maps(const struct object *object)
{
	for (uint32_t i = 0; i < object->plan.nmaps; i++) {
		const struct map_plan *map = &object->plan.maps[i];
		const struct field *f = NULL;

		if (map->fault)
			log_warn("%s: %s", object->name, map->fault);
		tell_of_type(object, map);
		while (map->role != ROLE_INTERNAL && (f = plan_unknown_stacks(map, f)))
			log_warn(
				"%s: map '%s': which stack map holds the ids of '%s' is not known: "
				"--as %s,%s=%s:MAP says it",
				object->name, map->name, f->path, map->symbol, f->path,
				f->meaning == MEAN_USTACK ? "ustack" : "kstack");
	}
}

static int open_all(struct object *object, const void *elf, size_t len, struct err *err)
{
	const struct object_opts *opts = &object->opts;
	int rc = elf_merge_maps(elf, len, &object->image, err);

	if (rc == 0) {
		elf_find_records(&object->image);
		core_keep_own_types(&object->image);
	}
	if (rc == 0)
		rc = open_bpf(object, err);
	if (rc == 0)
		rc = plan_compile(&object->plan, object->bpf, &object->image, &opts->plan, err);
	for (size_t i = 0; i < opts->nfields && rc == 0; i++)
		rc = plan_select_fields(&object->plan, &opts->fields[i], err);
	if (rc < 0)
		return rc;
	warn_of_maps(object);
	object->progs = xcalloc(object->plan.nprogs + 1, sizeof(struct bpf_program *));
	object->targets = xcalloc(object->plan.nprogs + 1, sizeof(*object->targets));
	object->prog_fds = xcalloc(object->plan.nprogs + 1, sizeof(*object->prog_fds));
	for (uint32_t i = 0; i < object->plan.nprogs; i++)
		object->prog_fds[i] = -1;
	sort_progs(object);
	rc = bind_progs(object, err);
	if (rc == 0)
		rc = options_resolve(object, err);
	if (rc == 0)
		first_status(object);
	return rc < 0 ? rc : options_apply(object, true, err);
}

/* Errors of a configuration begin with its path, which is the name. */
static void wrap_open(const char *name, struct err *err)
{
	if (!err || !has_prefix(err->msg, name) || err->msg[strlen(name)] != ':')
		err_wrap(err, "%s", name);
}

static void free_object(struct object **object)
{
	object_free(*object);
}

static int check_btf(const char *path, struct err *err)
{
	if (path && may_access(path, R_OK) < 0)
		return err_usage(err, "--btf %s: %s", path, strerror(errno));
	if (!path || vmlinux_check(path, err) == 0)
		return 0;
	err_exit(err, EXIT_USAGE);
	err_wrap(err, "--btf %s", path);
	return -EINVAL;
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
	rc = check_btf(object->opts.btf, err);
	if (rc == 0)
		rc = open_all(object, elf, len, err);
	if (rc < 0) {
		wrap_open(name, err);
		return rc;
	}
	object->times.open = (struct step){ start, now_mono_ns() };
	*ret = steal_ptr(&object);
	return 0;
}

bool object_has_variable(const struct object *object, const char *name)
{
	return plan_has_variable(object->bpf, name);
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

	for (size_t i = 0; name && i < object->nmaps; i++)
		if (streq(object->maps[i].name, name))
			return object->maps[i].fd < 0 ? -ENOENT : object->maps[i].fd;

	return found ? bpf_map__fd(found) : -ENOENT;
}

int object_aim_cgroup(const struct object *object, uint64_t cgroup, bool passes)
{
	const struct map_plan *map = plan_map(&object->plan, AIM_MAP);
	int fd = map ? object_map_fd(object, map) : -ENOENT;

	return fd < 0 ? fd : aim_set(fd, cgroup, passes);
}

int object_prog_fd(const struct object *object, const struct prog_plan *prog)
{
	return object->prog_fds[prog->index];
}

int object_iter_fd(const struct object *object, const struct prog_plan *prog, struct err *err)
{
	int link = attachments_link_fd(object->attachments, prog->index), fd;

	if (link < 0)
		return err_set(err, ENOENT, "iterator '%s' is not attached", prog->name);
	fd = bpf_iter_create(link);
	return fd < 0 ? err_sys(err, -fd, "iterator '%s'", prog->name) : fd;
}

int object_walk(const struct object *object, const struct prog_plan *prog, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char output[4096];
	ssize_t n = 1;

	if (attachments_link_fd(object->attachments, prog->index) < 0)
		return 0;
	fd = object_iter_fd(object, prog, err);
	if (fd < 0)
		return fd;
	while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		n = read(fd, output, sizeof(output));
	return n < 0 ? err_sys(err, errno, "iterator '%s'", prog->name) : 0;
}

int object_prog_stats(const struct object *object, const struct prog_plan *prog,
		      struct prog_stats *ret)
{
	int fd = object->prog_fds[prog->index];
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (fd < 0)
		return -ENOENT;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	*ret = (struct prog_stats){ info.run_cnt, info.run_time_ns, info.recursion_misses,
				    info.id };
	memcpy(ret->tag, info.tag, sizeof(ret->tag));
	return 0;
}

void object_use_opener(struct object *object, struct opener *opener)
{
	if (object->attachments)
		attachments_use_opener(object->attachments, opener);
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
		static const char reason[] =
			"it was detached from outside, or what it hung on is gone";
		const struct prog_plan *prog = &object->plan.progs[i];

		if (object_state(object, i) != PROG_ATTACHED ||
		    !attachments_severed(object->attachments, i))
			continue;
		object_set_status(object, i, PROG_DETACHED, reason, -ENOLINK);
		log_warn("program '%s' (%s%s%s) is not attached any more: %s", prog->name,
			 prog->section, prog->target ? " on " : "",
			 prog->target ? prog->target : "", reason);
	}
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
	for (size_t i = 0; i < object->nmaps; i++)
		close_fd(&object->maps[i].fd);
	free(object->maps);
	for (uint32_t i = 0; object->adopted && i < object->plan.nprogs; i++)
		close_fd(&object->prog_fds[i]);
	free(object->prog_fds);
	for (uint32_t i = 0; object->targets && i < object->plan.nprogs; i++)
		free((void *)object->targets[i].words);
	free(object->targets);
	free(object->progs);
	free(object->status);
	arena_release(&object->reasons);
	free(object->rejection);
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
