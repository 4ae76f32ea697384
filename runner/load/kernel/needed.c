// SPDX-License-Identifier: Apache-2.0
#include "runner/load/kernel/needed.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/util.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/kernel/features.h"
#include "runner/load/kernel/machine.h"
#include "runner/load/kernel/mounts.h"
#include "runner/load/plan/hook.h"
#include "runner/load/plan/plan.h"

struct list {
	struct needed_cap *items;
	size_t count;
};

/* Of several reasons for one capability the first that makes it necessary stays. */
static void add(struct list *list, int cap, bool is_optional, const char *what, const char *why)
{
	struct needed_cap *need = list->items;
	size_t i;

	for (i = 0; i < list->count && need->cap != CAP_BIT(cap); i++)
		need++;
	if (i == NEEDED_MAX || (i < list->count && (is_optional || !need->is_optional)))
		return;
	list->count += i == list->count;
	*need = (struct needed_cap){ .cap = CAP_BIT(cap), .is_optional = is_optional };
	snprintf(need->why, sizeof(need->why), "%s%s", what, why);
}

/* Found by trying, in a process that lacks CAP_SYS_ADMIN; for one that has it the answer is yes. */
static bool uprobes_want_admin(void)
{
	struct feature feature;

	if (!caps_lacking(CAP_BIT(CAP_SYS_ADMIN)))
		return true;
	return feature_try("uprobe", &feature) && !feature.ok;
}

/* Whether tracefs is closed to a user without capabilities. */
static bool tracefs_is_closed(void)
{
	const char *path = tracefs_path();
	struct stat st;

	return !path || stat(path, &st) < 0 || !(st.st_mode & S_IXOTH);
}

static void add_hook(struct list *list, const struct prog_plan *prog)
{
	const char *target;
	uint8_t hook = hook_of(prog->section, &target)->hook;
	uint64_t caps = caps_of_hook(hook);

	add(list, CAP_BPF, false, "", "programs and maps are made with it");
	if (caps & CAP_BIT(CAP_PERFMON))
		add(list, CAP_PERFMON, false, prog->name, " traces");
	if (caps & CAP_BIT(CAP_NET_ADMIN))
		add(list, CAP_NET_ADMIN, false, prog->name, " changes the network");
	if (caps & CAP_BIT(CAP_NET_RAW))
		add(list, CAP_NET_RAW, false, prog->name, " opens a packet socket");
	if (hook == HOOK_TRACEPOINT && tracefs_is_closed())
		add(list, CAP_DAC_READ_SEARCH, false, prog->name,
		    ": tracefs is closed to other users (or chmod a+rx /sys/kernel/tracing)");
	if (hook != HOOK_UPROBE && hook != HOOK_USDT)
		return;
	if (uprobes_want_admin())
		add(list, CAP_SYS_ADMIN, false, prog->name,
		    ": the kernel asks for it to probe programs (since 6.16)");
	if (prog->target && strstr(prog->target, "pid="))
		add(list, CAP_SYS_PTRACE, true, prog->name,
		    ": the files of another user's process are found with it");
}

static bool has_symbols(const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (layout->fields[i].meaning == MEAN_KSYM ||
		    layout->fields[i].meaning == MEAN_KSTACK)
			return true;
	return false;
}

static void add_map(struct list *list, const struct map_plan *map)
{
	if ((map->has_key && has_symbols(&map->key)) ||
	    (map->has_value && has_symbols(&map->value)))
		add(list, CAP_SYSLOG, true, map->name,
		    ": the kernel may hide the addresses of its functions without it");
	if (map->source == SOURCE_PERF)
		add(list, CAP_PERFMON, false, map->name, ": its buffers are perf events");
	if (map_is_ring(map))
		add(list, CAP_SYS_NICE, true, map->name,
		    ": its reader gets a real-time priority with it");
}

size_t needed_caps(const struct plan *plan, const bool *chosen, struct needed_cap ret[NEEDED_MAX])
{
	struct list list = { .items = ret };

	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (chosen[i])
			add_hook(&list, &plan->progs[i]);
	for (uint32_t i = 0; i < plan->nmaps; i++)
		add_map(&list, &plan->maps[i]);
	if (kernel_before(5, 11))
		add(&list, CAP_SYS_RESOURCE, true, "",
		    "maps count as locked memory before Linux 5.11, and it lifts that limit");
	add(&list, CAP_SYS_ADMIN, true, "", "the kernel's statistics of programs, on all kernels");
	return list.count;
}
