// SPDX-License-Identifier: Apache-2.0
/* Options, applied to an opened object. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fnmatch.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/attach/object_internal.h"
#include "runner/load/kernel/symbols.h"
#include "runner/load/plan/hook.h"
#include "runner/load/plan/params.h"

/* ---- names ---- */

struct name_walk {
	const struct plan *plan;
	uint32_t next;
};

static const char *next_map(void *ctx)
{
	struct name_walk *walk = ctx;

	return walk->next < walk->plan->nmaps ? walk->plan->maps[walk->next++].symbol : NULL;
}

static const char *next_prog(void *ctx)
{
	struct name_walk *walk = ctx;

	return walk->next < walk->plan->nprogs ? walk->plan->progs[walk->next++].name : NULL;
}

static int unknown_name(const struct object *object, const char *what, const char *name,
			const char *(*next)(void *ctx), struct err *err)
{
	struct name_walk walk = { .plan = &object->plan };
	const char *near = suggest(name, next, &walk);

	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "'bombus inspect' lists them");
	err_usage(err, "no %s named '%s'", what, name);
	return -ENOENT;
}

/* ---- programs ---- */

/* By the program's own name, or by its job's. */
static bool prog_matches(const struct prog_plan *prog, const char *name, bool exact)
{
	return streq(exact ? prog->name : prog->job, name);
}

static int resolve_only(struct object *object, struct err *err)
{
	const struct word_list *only = &object->opts.only;
	struct plan *plan = &object->plan;
	_cleanup_free_ bool *wanted = xcalloc(plan->nprogs + 1, sizeof(*wanted));

	if (!only->count)
		return 0;
	for (size_t w = 0; w < only->count; w++) {
		bool exact = plan_prog(plan, only->words[w]) != NULL, any = false;

		for (uint32_t i = 0; i < plan->nprogs; i++) {
			if (!prog_matches(&plan->progs[i], only->words[w], exact))
				continue;
			wanted[i] = any = true;
		}
		if (!any)
			return unknown_name(object, "program", only->words[w], next_prog, err);
	}
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		if (!wanted[i] && plan->progs[i].is_tail) {
			plan->progs[i].load_only = true; /* its map cannot be made without it */
			continue;
		}
		plan->progs[i].first_state = wanted[i] ? PROG_STANDBY : PROG_OFF;
		plan->progs[i].off_reason = wanted[i] ? NULL : "left out by --only";
	}
	return 0;
}

static void add_target(struct object *object, uint32_t index, const char *target)
{
	struct word_list *list = &object->targets[index];
	struct prog_plan *prog = &object->plan.progs[index];

	list->words = xreallocarray((void *)list->words, list->count + 1, sizeof(*list->words));
	((const char **)list->words)[list->count++] = target;
	prog->needs_target = prog->load_only = false;
	prog->target = list->count == 1
			       ? target
			       : arena_printf(&object->plan.arena, "%s %s", prog->target, target);
}

/* A pattern means the programs that want a target: those without one, and probes of user space,
 * whose section may name a function or a library only. */
static bool target_matches(const struct prog_plan *prog, const char *name, bool exact)
{
	const char *section_target;
	uint8_t hook = hook_of(prog->section, &section_target)->hook;

	if (!strchr(name, '*'))
		return prog_matches(prog, name, exact);
	return (prog->needs_target || hook == HOOK_UPROBE || hook == HOOK_USDT) &&
	       fnmatch(name, prog->name, 0) == 0;
}

/* Probes of a library are in the library of the processes that the filters name. */
static void aim_probes(struct object *object)
{
	const struct object_aim *aim = &object->opts.aim;
	struct arena *arena = &object->plan.arena;
	const char *files = aim->pid ? arena_printf(arena, "files=%s", aim->pid) : NULL;

	for (size_t i = 0; i < aim->nprocesses; i++)
		files = arena_printf(arena, "%s%sfiles=%lld", files ? files : "", files ? "," : "",
				     (long long)aim->processes[i]);
	for (uint32_t i = 0; files && i < object->plan.nprogs; i++) {
		const char *target;
		uint8_t hook = hook_of(object->plan.progs[i].section, &target)->hook;

		if ((hook == HOOK_UPROBE || hook == HOOK_USDT) && !object->targets[i].count &&
		    has_prefix(target, "lib") && strcspn(target, "/") > strcspn(target, ":")) {
			const char *shown = object->plan.progs[i].target;

			add_target(object, i, files);
			object->plan.progs[i].target = shown;
		}
	}
}

static int resolve_targets(struct object *object, struct err *err)
{
	const struct object_opts *opts = &object->opts;
	struct plan *plan = &object->plan;

	for (size_t t = 0; t < opts->ntargets; t++) {
		const char *name = opts->targets[t].prog;
		bool exact = plan_prog(plan, name) != NULL, any = false;

		for (uint32_t i = 0; i < plan->nprogs; i++) {
			if (!target_matches(&plan->progs[i], name, exact))
				continue;
			add_target(object, i, opts->targets[t].target);
			any = true;
		}
		if (!any)
			return unknown_name(object, "program", name, next_prog, err);
	}
	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (plan->progs[i].preset && !object->targets[i].count)
			add_target(object, i, plan->progs[i].preset);
	aim_probes(object);
	return 0;
}

int options_resolve(struct object *object, struct err *err)
{
	struct plan *plan = &object->plan;
	int rc;

	for (uint32_t i = 0; i < plan->nprogs; i++) {
		if (bpf_program__autoload(object->progs[i]) || plan->progs[i].is_tail) {
			plan->progs[i].first_state = PROG_STANDBY;
			continue;
		}
		plan->progs[i].first_state = PROG_OFF; /* SEC("?..."): --only asks for it */
	}
	rc = resolve_only(object, err);
	return rc < 0 ? rc : resolve_targets(object, err);
}

/* ---- maps ---- */

static int find_map(struct object *object, const char *name, struct map_plan **ret_plan,
		    struct bpf_map **ret, struct err *err)
{
	struct map_plan *plan = plan_map(&object->plan, name);
	struct bpf_map *map = plan ? bpf_object__find_map_by_name(object->bpf, plan->symbol) : NULL;

	if (!map || bpf_map__is_internal(map))
		return unknown_name(object, "map", name, next_map, err);
	*ret_plan = plan;
	*ret = map;
	return 0;
}

static uint64_t ring_size(uint64_t asked)
{
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);

	while (size < asked)
		size *= 2;
	return size;
}

static int apply_ring(struct object *object, const struct object_size *ring, bool report,
		      struct err *err)
{
	uint64_t size = ring_size(ring->size);
	const char *name = ring->map;
	struct map_plan *plan;
	struct bpf_map *map;
	int rc = find_map(object, name, &plan, &map, err);

	if (rc < 0)
		return rc;
	if (bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF) {
		err_hint(err, "--max-entries %s=N sets the size of other maps", name);
		return err_usage(err, "--ring: map '%s' is no ring buffer but of type %s", name,
				 map_type_name(bpf_map__type(map)));
	}
	if (size != ring->size && report)
		log_info("ring buffer '%s': %llu bytes, the next power of two in pages", name,
			 (unsigned long long)size);
	plan->max_entries = (uint32_t)size;
	rc = bpf_map__set_max_entries(map, (uint32_t)size);
	return rc < 0 ? err_sys(err, -rc, "--ring %s", name) : 0;
}

static int apply_max_entries(struct object *object, const struct object_size *entries,
			     struct err *err)
{
	const char *name = entries->map;
	struct map_plan *plan;
	struct bpf_map *map;
	int rc = find_map(object, name, &plan, &map, err);

	if (rc < 0)
		return rc;
	if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF) {
		err_hint(err, "--ring %s=%llu", name, (unsigned long long)entries->size);
		return err_usage(err, "--max-entries: map '%s' is a ring buffer", name);
	}
	plan->max_entries = (uint32_t)entries->size;
	rc = bpf_map__set_max_entries(map, (uint32_t)entries->size);
	return rc < 0 ? err_sys(err, -rc, "--max-entries %s", name) : 0;
}

static int apply_value_size(struct object *object, const struct object_size *size, struct err *err)
{
	const char *name = size->map;
	uint64_t bytes = size->size;
	struct map_plan *plan;
	struct bpf_map *map;
	int rc = find_map(object, name, &plan, &map, err);

	if (rc < 0)
		return rc;
	if (map_is_ring(plan))
		return err_usage(err, "--value-size: map '%s' has records, not values", name);
	if (plan->has_value && plan->value.size_bytes != bytes)
		return err_usage(err, "--value-size %s: type %s of its values has %u bytes", name,
				 plan->value.type_name, plan->value.size_bytes);
	if (plan->type == BPF_MAP_TYPE_STACK_TRACE && bytes % sizeof(uint64_t))
		return err_usage(
			err, "--value-size %s: a stack is a list of addresses, 8 bytes each", name);
	plan->value_bytes = (uint32_t)bytes;
	rc = bpf_map__set_value_size(map, (uint32_t)bytes);
	return rc < 0 ? err_sys(err, -rc, "--value-size %s", name) : 0;
}

/* Sizes that the author left to a loader of their own, as the tools of bcc do. */
#define USUAL_ENTRIES 10240
#define USUAL_RING_BYTES (256u << 10)
#define USUAL_STACK_DEPTH 127 /* what perf_event_max_stack allows */

static bool has_entries(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_STACK_TRACE:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		return true;
	default:
		return false;
	}
}

static int default_sizes(struct bpf_map *map, struct map_plan *plan, bool report)
{
	uint32_t type = bpf_map__type(map), entries = 0;
	int rc = 0;

	if (type == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(map)) {
		plan->value_bytes = USUAL_STACK_DEPTH * sizeof(uint64_t);
		rc = bpf_map__set_value_size(map, plan->value_bytes);
		if (report)
			log_debug("map '%s' leaves its value size to the loader: %u bytes, %u "
				  "frames (--value-size %s=BYTES)",
				  plan->name, plan->value_bytes, USUAL_STACK_DEPTH, plan->symbol);
	}
	if (type == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__key_size(map) && rc == 0)
		rc = bpf_map__set_key_size(map, sizeof(uint32_t));
	if (bpf_map__max_entries(map) || rc < 0)
		return rc;
	if (type == BPF_MAP_TYPE_RINGBUF)
		entries = USUAL_RING_BYTES;
	else if (has_entries(type))
		entries = USUAL_ENTRIES;
	if (!entries)
		return 0;
	plan->max_entries = entries;
	if (report)
		log_debug("map '%s' leaves its size to the loader: %u (--%s %s=N)", plan->name,
			  entries, type == BPF_MAP_TYPE_RINGBUF ? "ring" : "max-entries",
			  plan->symbol);
	return bpf_map__set_max_entries(map, entries);
}

#define MAP_TYPE_ARENA 33 /* newer than some headers */

const char *object_unsupported_map(uint32_t type)
{
	return type == MAP_TYPE_ARENA		 ? "arenas are not supported"
	       : type == BPF_MAP_TYPE_STRUCT_OPS ? "struct_ops is not supported"
						 : NULL;
}

static int unsupported_map(const struct bpf_map *map, struct err *err)
{
	const char *name = bpf_map__name(map);

	err_exit(err, EXIT_FAILED);
	if ((int)bpf_map__type(map) == MAP_TYPE_ARENA)
		return err_set(err, EOPNOTSUPP,
			       "map '%s' is an arena: memory that a program shares with its own "
			       "loader, which bombus does not support",
			       name);
	return err_set(err, EOPNOTSUPP,
		       "map '%s' is a struct of functions for the kernel (struct_ops: a TCP "
		       "congestion control, a sched_ext scheduler), which bombus does not support",
		       name);
}

/* Of a kind that is supported, and with all its sizes. */
int options_check_maps(const struct object *object, struct err *err)
{
	const struct bpf_map *map;

	if (object->hides_kaddrs) {
		err_hint(err, "it shows them to root where the sysctl kernel.kptr_restrict is 0 "
			      "or 1");
		err_exit(err, EXIT_KERNEL);
		return err_set(err, EPERM, "the kernel hides the addresses of its symbols");
	}

	bpf_object__for_each_map(map, object->bpf) {
		uint32_t type = bpf_map__type(map);
		bool keyless = type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK;
		const char *missing = !bpf_map__value_size(map)		    ? "value"
				      : !bpf_map__key_size(map) && !keyless ? "key"
									    : NULL;

		if (object_unsupported_map(type))
			return unsupported_map(map, err);
		if (!missing || !has_entries(type) || !bpf_map__autocreate(map))
			continue;
		err_exit(err, EXIT_FAILED);
		if (*missing == 'v')
			err_hint(err, "--value-size %s=BYTES", bpf_map__name(map));
		return err_set(
			err, EINVAL,
			"map '%s': its definition says no %s size, which is left to a loader "
			"of its own",
			bpf_map__name(map), missing);
	}
	return 0;
}

/*
 * The value type of a ring buffer or perf event array names its records and is not the kernel's
 * business. A pin that the object's author asked for is not made: only the user says so.
 */
static int fix_maps(struct object *object, bool report, struct err *err)
{
	struct bpf_map *map;
	int rc = 0;

	bpf_object__for_each_map(map, object->bpf) {
		struct map_plan *plan = plan_map(&object->plan, bpf_map__name(map));

		if (bpf_map__pin_path(map) && report)
			log_info("map '%s' asks to be pinned by name and is not: --pin-maps DIR "
				 "pins the maps",
				 bpf_map__name(map));
		if (bpf_map__pin_path(map))
			rc = bpf_map__set_pin_path(map, NULL);
		switch (rc < 0 ? BPF_MAP_TYPE_UNSPEC : bpf_map__type(map)) {
		case BPF_MAP_TYPE_RINGBUF:
		case BPF_MAP_TYPE_USER_RINGBUF:
			bpf_map__set_key_size(map, 0);
			rc = bpf_map__set_value_size(map, 0);
			break;
		case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
			bpf_map__set_key_size(map, sizeof(int));
			rc = bpf_map__set_value_size(map, sizeof(int));
			break;
		default:
			break;
		}
		if (rc == 0 && plan && !bpf_map__is_internal(map))
			rc = default_sizes(map, plan, report);
		if (rc < 0)
			return err_sys(err, -rc, "map '%s'", bpf_map__name(map));
	}
	return 0;
}

#define TICK_VARIABLE "bombus_tick_ns"

/* The length of a jiffy, which programs cannot find out. */
static void apply_tick(struct object *object)
{
	uint64_t *at = rodata_of(object, TICK_VARIABLE, sizeof(*at)), ns;
	struct timespec tick;

	if (!at || clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
		return;
	ns = (uint64_t)tick.tv_nsec;
	memcpy(at, &ns, sizeof(ns));
}

#define KADDR_PREFIX "kaddr_"

static int apply_kaddr(struct object *object, void *rodata, size_t size,
		       const struct object_kaddr *kaddr, uint64_t address, struct err *err)
{
	_cleanup_free_ char *name = xasprintf(KADDR_PREFIX "%s", kaddr->symbol);
	const struct param *param = plan_param(&object->plan, name);
	char text[24];

	if (!param || param->size_bytes != sizeof(address))
		return recipe_refuse(&kaddr->at, err,
				     "the object has no variable 'const volatile u64 %s'", name);
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
	return params_set(&object->plan, rodata, size, name, text, err);
}

/* A process that may not see addresses still opens the object: another one starts it. */
static int apply_kaddrs(struct object *object, void *rodata, size_t size, struct err *err)
{
	const struct object_kaddr *kaddrs = object->opts.kaddrs;
	size_t count = object->opts.nkaddrs;
	_cleanup_free_ const char **names = xcalloc(count + 1, sizeof(*names));
	_cleanup_free_ uint64_t *addresses = xcalloc(count + 1, sizeof(*addresses));
	int missing, rc = 0;

	for (size_t i = 0; i < count; i++)
		names[i] = kaddrs[i].symbol;
	missing = count ? symbol_addresses(names, count, addresses) : -1;
	if (missing >= 0)
		return recipe_refuse(&kaddrs[missing].at, err, "the kernel has no symbol '%s'",
				     names[missing]);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = apply_kaddr(object, rodata, size, &kaddrs[i], addresses[i], err);
	object->hides_kaddrs = count && !addresses[0];
	return rc;
}

static int apply_params(struct object *object, struct err *err)
{
	const struct object_opts *opts = &object->opts;
	size_t size;
	void *rodata = rodata_bytes(object, &size);
	int rc = 0;

	apply_tick(object);
	for (size_t i = 0; i < opts->nparams && rc == 0; i++)
		rc = params_set(&object->plan, rodata, size, opts->params[i].name,
				opts->params[i].value, err);
	return rc < 0 ? rc : apply_kaddrs(object, rodata, size, err);
}

int options_apply(struct object *object, bool report, struct err *err)
{
	const struct object_opts *opts = &object->opts;
	int rc = fix_maps(object, report, err);

	if (rc == 0)
		rc = apply_params(object, err);
	if (rc == 0)
		rc = aim_apply(object, err);
	for (size_t i = 0; i < opts->nrings && rc == 0; i++)
		rc = apply_ring(object, &opts->rings[i], report, err);
	for (size_t i = 0; i < opts->nentries && rc == 0; i++)
		rc = apply_max_entries(object, &opts->entries[i], err);
	for (size_t i = 0; i < opts->nvalue_sizes && rc == 0; i++)
		rc = apply_value_size(object, &opts->value_sizes[i], err);
	return rc;
}
