// SPDX-License-Identifier: Apache-2.0
#include "runner/load/sandbox/privileges.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/dynlib.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"

#define CAP_BIT(cap) (1ull << (cap))
#define ALL_CAPS 64

struct caps {
	uint64_t effective, permitted, inheritable;
};

static int caps_get(struct caps *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static int caps_set(const struct caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct data[2] = {
		{ (uint32_t)caps->effective, (uint32_t)caps->permitted,
		  (uint32_t)caps->inheritable },
		{ (uint32_t)(caps->effective >> 32), (uint32_t)(caps->permitted >> 32),
		  (uint32_t)(caps->inheritable >> 32) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* The permission is looked at before the descriptor. */
static bool may_read_maps(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = UINT32_MAX;
	return syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) >= 0 || errno != EPERM;
}

static bool layout_has_cgroup(const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (layout->fields[i].meaning == MEAN_CGROUP)
			return true;
	return false;
}

static bool plan_has_cgroup(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];

		if ((map->has_key && layout_has_cgroup(&map->key)) ||
		    (map->has_value && layout_has_cgroup(&map->value)))
			return true;
	}
	return false;
}

/* A perf buffer is opened for each CPU, also for those that come online later. */
static bool reads_cpus(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (plan->maps[i].source == SOURCE_PERF && plan->maps[i].role != ROLE_INTERNAL)
			return true;
	return false;
}

/* The smallest set with which this kernel lets maps be read; found by trying. */
static int least(const struct caps *have, uint64_t keep, uint64_t *ret)
{
	static const uint64_t more[] = { 0, CAP_BIT(CAP_BPF), CAP_BIT(CAP_SYS_ADMIN) };
	struct caps trial = *have;
	int code = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(more) && code == 0; i++) {
		*ret = (keep | more[i]) & have->permitted;
		trial.effective = *ret;
		code = caps_set(&trial);
		if (code == 0 && may_read_maps())
			break;
	}
	if (code == 0)
		code = caps_set(have); /* the bounding set takes CAP_SETPCAP */
	return code;
}

uint64_t privileges_to_read(const struct plan *plan)
{
	return (plan_has_cgroup(plan) ? CAP_BIT(CAP_DAC_READ_SEARCH) : 0) |
	       (reads_cpus(plan) ? CAP_BIT(CAP_PERFMON) : 0);
}

/* Of the bounding and ambient sets, and for programs that are started. */
static void drop_bounds(uint64_t keep)
{
	for (int cap = 0; cap < ALL_CAPS; cap++)
		if (!(keep & CAP_BIT(cap)) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* without CAP_SETPCAP it stays */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void privileges_keep_only(uint64_t keep)
{
	struct caps caps = { 0 };

	if (caps_get(&caps) < 0)
		return;
	keep &= caps.permitted;
	drop_bounds(keep);
	caps_set(&(struct caps){ .effective = keep, .permitted = keep });
}

int privileges_drop(uint64_t keep, struct err *err)
{
	struct caps caps = { 0 };
	int code = caps_get(&caps);

	if (code == 0)
		code = least(&caps, keep, &keep);
	if (code == 0)
		drop_bounds(keep);
	if (code == 0)
		code = caps_set(&(struct caps){ .effective = keep, .permitted = keep });
	if (code < 0)
		return err_sys(err, -code, "cannot drop privileges");
	log_debug("privileges dropped: %llx stay", (unsigned long long)keep);
	return 0;
}

void privileges_no_network(void)
{
	static const int families[] = { AF_INET, AF_INET6, AF_VSOCK };
	__typeof__(&seccomp_init) init = NULL;
	__typeof__(&seccomp_rule_add) add = NULL;
	__typeof__(&seccomp_load) load = NULL;
	__typeof__(&seccomp_release) release = NULL;
	const struct dynlib_symbol symbols[] = { { "seccomp_init", &init },
						 { "seccomp_rule_add", &add },
						 { "seccomp_load", &load },
						 { "seccomp_release", &release } };
	scmp_filter_ctx filter;
	struct err err = { 0 };

	if (dynlib_open(NULL, "libseccomp.so.2", "libseccomp2", "the loader has no seccomp filter",
			symbols, ARRAY_LEN(symbols), &err) < 0) {
		log_debug("%s", err.msg);
		return;
	}
	filter = init(SCMP_ACT_ALLOW);

	for (size_t i = 0; filter && i < ARRAY_LEN(families); i++)
		add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
		    SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)families[i]));
	if (filter && load(filter) < 0)
		log_debug("no seccomp filter for the loader: %s", strerror(errno));
	release(filter);
}
