// SPDX-License-Identifier: Apache-2.0
/* The filters of programs: BOMBUS_FILTERS, and variables of other authors for the same purpose. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/attach/object_internal.h"
#include "runner/load/plan/params.h"

#define SWITCH "bombus_by_cgroup"
#define HINT "its author adds BOMBUS_FILTERS of <bombus/bombus.bpf.h>, and builds it again"

/* The first is BOMBUS_FILTERS', the others are of bcc's tools and of gadgets. */
static const char *const pids[] = { "target_pid",  "targ_pid",	 "targ_tgid",
				    "target_tgid", "filter_pid", NULL };
static const char *const uids[] = { "target_uid", "targ_uid", "filter_uid", NULL };
static const char *const comms[] = { "target_comm", "targ_comm", "filter_comm", NULL };

void *rodata_bytes(const struct object *object, size_t *ret_size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, ".rodata");

	*ret_size = 0;
	return map ? (void *)bpf_map__initial_value(map, ret_size) : NULL;
}

void *rodata_of(const struct object *object, const char *name, size_t size)
{
	const struct btf *btf = bpf_object__btf(object->bpf);
	int id = btf ? btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC) : -1;
	const struct btf_type *section = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	size_t bytes;
	char *at = rodata_bytes(object, &bytes);

	for (uint32_t i = 0; section && at && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info = btf_var_secinfos(section) + i;
		const struct btf_type *var = btf__type_by_id(btf, info->type);

		if (info->size == size && info->offset <= bytes && size <= bytes - info->offset &&
		    streq(btf__name_by_offset(btf, var->name_off), name))
			return at + info->offset;
	}
	return NULL;
}

static int set_param(struct object *object, const char *const *names, const char *text,
		     const char *option, struct err *err)
{
	size_t size;
	void *rodata = rodata_bytes(object, &size);
	int rc;

	if (!text)
		return 0;
	for (; *names; names++) {
		if (!plan_param(&object->plan, *names))
			continue;
		rc = params_set(&object->plan, rodata, size, *names, text, err);
		if (rc < 0)
			err_wrap(err, "--%s", option);
		return rc;
	}
	err_hint(err, HINT);
	return err_usage(err, "--%s: the program has no filter of this kind", option);
}

static int aim_by_cgroup(struct object *object, struct err *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, AIM_MAP);
	bool *by_cgroup = rodata_of(object, SWITCH, sizeof(*by_cgroup));

	if (!map || !by_cgroup || bpf_map__key_size(map) != sizeof(uint64_t) ||
	    bpf_map__value_size(map) != sizeof(uint8_t)) {
		err_hint(err, HINT);
		return err_usage(err, "the program cannot be filtered by cgroup, container or pod");
	}
	*by_cgroup = true;
	return bpf_map__set_max_entries(map, OBJECT_AIM_MAX);
}

int aim_apply(struct object *object, struct err *err)
{
	const struct object_aim *aim = &object->opts.aim;
	int rc = set_param(object, pids, aim->pid, "pid", err);

	if (rc == 0)
		rc = set_param(object, uids, aim->uid, "uid", err);
	if (rc == 0)
		rc = set_param(object, comms, aim->comm, "comm", err);
	return rc == 0 && aim->by_cgroup ? aim_by_cgroup(object, err) : rc;
}

int aim_set(int map_fd, uint64_t cgroup, bool passes)
{
	const uint8_t yes = 1;

	if (!passes)
		return bpf_map_delete_elem(map_fd, &cgroup) < 0 && errno != ENOENT ? -errno : 0;
	return bpf_map_update_elem(map_fd, &cgroup, &yes, BPF_ANY) < 0 ? -errno : 0;
}

int aim_fill(struct object *object, struct err *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, AIM_MAP);
	const struct object_aim *aim = &object->opts.aim;
	int rc = 0;

	for (size_t i = 0; aim->by_cgroup && i < aim->ncgroups && rc == 0; i++)
		rc = aim_set(bpf_map__fd(map), aim->cgroups[i], true);
	return rc < 0 ? err_sys(err, -rc, "cannot set which cgroups pass") : 0;
}
