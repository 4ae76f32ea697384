// SPDX-License-Identifier: Apache-2.0
/*
 * One table of probes. Most of them hand the kernel the smallest program or map of the kind and
 * look at what it says; nothing is attached where it could be noticed.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <sys/utsname.h>

#include "base/util.h"
#include "runner/load/kernel/bpflog.h"
#include "runner/load/kernel/probe.h"
#include "runner/load/kernel/machine.h"
#include "runner/load/kernel/mounts.h"

static void feature_init(struct feature *feature, const struct probe *probe)
{
	*feature = (struct feature){ .name = probe->name, .group = probe->group };
}

/* ---- what only files tell ---- */

static void probe_release(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	struct utsname name;

	f->ok = uname(&name) == 0;
	if (f->ok)
		snprintf(f->reason, sizeof(f->reason), "%s %s", name.release, name.machine);
}

static void probe_btf(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	FILE *file = fopen("/sys/kernel/btf/vmlinux", "re");
	long size = 0;

	if (file && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	f->ok = size > 0;
	if (f->ok)
		snprintf(f->reason, sizeof(f->reason), "%.1f MB", (double)size / 1e6);
	else
		snprintf(f->reason, sizeof(f->reason),
			 "the kernel was built without CONFIG_DEBUG_INFO_BTF");
	if (file)
		fclose(file);
}

static bool first_line(const char *path, char *text, size_t size)
{
	_cleanup_free_ void *bytes = NULL;
	size_t len;

	if (read_file(path, 1 << 16, &bytes, &len, NULL) < 0)
		return false;
	snprintf(text, size, "%.*s", (int)strcspn(bytes, "\n"), (char *)bytes);
	return true;
}

static void probe_jit(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	char value[32];

	if (!first_line("/proc/sys/net/core/bpf_jit_enable", value, sizeof(value))) {
		snprintf(f->reason, sizeof(f->reason), "cannot be read");
		return;
	}
	f->ok = value[0] != '0';
	if (!f->ok)
		snprintf(f->reason, sizeof(f->reason),
			 "programs are interpreted: sysctl net.core.bpf_jit_enable=1");
}

static void probe_lockdown(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	const char *level = kernel_lockdown();

	f->ok = !level || streq(level, "integrity");
	snprintf(f->reason, sizeof(f->reason), "%s", level ? level : "none");
}

static void probe_lsms(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	f->ok = first_line("/sys/kernel/security/lsm", f->reason, sizeof(f->reason));
	if (!f->ok)
		snprintf(f->reason, sizeof(f->reason),
			 "unknown: mount -t securityfs securityfs /sys/kernel/security");
}

static void probe_stats(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	_cleanup_close_ int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	f->ok = fd >= 0;
	if (fd == -EPERM)
		snprintf(f->reason, sizeof(f->reason), "needs CAP_SYS_ADMIN");
	else if (!f->ok)
		probe_errno(f, fd);
}

static void probe_cap(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	f->ok = effective_caps() >> probe->arg & 1;
	if (!f->ok)
		snprintf(f->reason, sizeof(f->reason), "%s", probe->text);
}

static void probe_mount(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	_cleanup_free_ char *where = mount_of(probe->name[0] == 'b' ? "bpf" : probe->name);

	f->ok = where != NULL;
	if (where)
		snprintf(f->reason, sizeof(f->reason), "%s", where);
	else
		snprintf(f->reason, sizeof(f->reason), "not mounted: %s", probe->text);
}

/* ---- the table ---- */

#define GROUP_KERNEL "kernel"
#define GROUP_PROGS "program types"
#define GROUP_MAPS "maps"
#define GROUP_CAPS "privileges"
#define GROUP_MOUNTS "mounts"

static const struct probe probes[] = {
	{ "release", GROUP_KERNEL, probe_release },
	{ "btf", GROUP_KERNEL, probe_btf },
	{ "jit", GROUP_KERNEL, probe_jit },
	{ "lockdown", GROUP_KERNEL, probe_lockdown },
	{ "lsms", GROUP_KERNEL, probe_lsms },
	{ "statistics", GROUP_KERNEL, probe_stats },

	{ "tracepoint", GROUP_PROGS, probe_tracepoint },
	{ "raw_tp", GROUP_PROGS, probe_raw_tp, .text = "sched_process_exit" },
	{ "tp_btf", GROUP_PROGS, probe_btf_prog, BPF_TRACE_RAW_TP, "btf_trace_sched_process_exit" },
	{ "fentry", GROUP_PROGS, probe_btf_prog, BPF_TRACE_FENTRY, "bpf_fentry_test1" },
	{ "fexit", GROUP_PROGS, probe_btf_prog, BPF_TRACE_FEXIT, "bpf_fentry_test1" },
	{ "fmod_ret", GROUP_PROGS, probe_btf_prog, BPF_MODIFY_RETURN, "bpf_modify_return_test" },
	{ "lsm", GROUP_PROGS, probe_btf_prog, BPF_LSM_MAC, "bpf_lsm_file_open" },
	{ "iter", GROUP_PROGS, probe_btf_prog, BPF_TRACE_ITER, "bpf_iter_task" },
	{ "kprobe", GROUP_PROGS, probe_kprobe, .quick = probe_kprobe_files },
	{ "kprobe.multi", GROUP_PROGS, probe_kprobe_multi },
	{ "uprobe", GROUP_PROGS, probe_uprobe, .quick = probe_uprobe_files },
	{ "usdt", GROUP_PROGS, probe_uprobe, .quick = probe_uprobe_files },
	{ "perf_event", GROUP_PROGS, probe_perf_event },
	{ "hardware counters", GROUP_PROGS, probe_perf_hardware },
	{ "xdp", GROUP_PROGS, probe_prog, BPF_PROG_TYPE_XDP },
	{ "tc", GROUP_PROGS, probe_prog, BPF_PROG_TYPE_SCHED_CLS },
	{ "tcx", GROUP_PROGS, probe_tcx },
	{ "cgroup_skb", GROUP_PROGS, probe_prog, BPF_PROG_TYPE_CGROUP_SKB },
	{ "sockops", GROUP_PROGS, probe_prog, BPF_PROG_TYPE_SOCK_OPS },
	{ "sk_lookup", GROUP_PROGS, probe_prog, BPF_PROG_TYPE_SK_LOOKUP },
	{ "flow_dissector", GROUP_PROGS, probe_prog, BPF_PROG_TYPE_FLOW_DISSECTOR },
	{ "socket", GROUP_PROGS, probe_prog, BPF_PROG_TYPE_SOCKET_FILTER },
	{ "syscall", GROUP_PROGS, probe_prog, BPF_PROG_TYPE_SYSCALL },

	{ "ringbuf", GROUP_MAPS, probe_map, BPF_MAP_TYPE_RINGBUF },
	{ "perf_event_array", GROUP_MAPS, probe_map, BPF_MAP_TYPE_PERF_EVENT_ARRAY },
	{ "hash", GROUP_MAPS, probe_map, BPF_MAP_TYPE_HASH },
	{ "lru_hash", GROUP_MAPS, probe_map, BPF_MAP_TYPE_LRU_HASH },
	{ "percpu_hash", GROUP_MAPS, probe_map, BPF_MAP_TYPE_PERCPU_HASH },
	{ "lru_percpu_hash", GROUP_MAPS, probe_map, BPF_MAP_TYPE_LRU_PERCPU_HASH },
	{ "array", GROUP_MAPS, probe_map, BPF_MAP_TYPE_ARRAY },
	{ "percpu_array", GROUP_MAPS, probe_map, BPF_MAP_TYPE_PERCPU_ARRAY },
	{ "queue", GROUP_MAPS, probe_map, BPF_MAP_TYPE_QUEUE },
	{ "stack", GROUP_MAPS, probe_map, BPF_MAP_TYPE_STACK },
	{ "stack_trace", GROUP_MAPS, probe_map, BPF_MAP_TYPE_STACK_TRACE },
	{ "lpm_trie", GROUP_MAPS, probe_map, BPF_MAP_TYPE_LPM_TRIE },
	{ "bloom_filter", GROUP_MAPS, probe_map, BPF_MAP_TYPE_BLOOM_FILTER },
	{ "batch", GROUP_MAPS, probe_batch },

	{ "CAP_BPF", GROUP_CAPS, probe_cap, CAP_BPF,
	  "loading programs needs it (or CAP_SYS_ADMIN)" },
	{ "CAP_PERFMON", GROUP_CAPS, probe_cap, CAP_PERFMON,
	  "tracing programs need it (or CAP_SYS_ADMIN)" },
	{ "CAP_NET_ADMIN", GROUP_CAPS, probe_cap, CAP_NET_ADMIN,
	  "xdp, tc and cgroup programs need it" },
	{ "CAP_NET_RAW", GROUP_CAPS, probe_cap, CAP_NET_RAW, "socket filters need it" },
	{ "CAP_DAC_READ_SEARCH", GROUP_CAPS, probe_cap, CAP_DAC_READ_SEARCH,
	  "tracepoint programs need it where tracefs is closed to other users" },
	{ "CAP_SYS_ADMIN", GROUP_CAPS, probe_cap, CAP_SYS_ADMIN,
	  "statistics need it; uprobes too, since Linux 6.16" },
	{ "memlock", GROUP_CAPS, probe_memlock },

	{ "tracefs", GROUP_MOUNTS, probe_mount, 0, "mount -t tracefs tracefs /sys/kernel/tracing" },
	{ "bpffs", GROUP_MOUNTS, probe_mount, 0, "mount -t bpf bpf /sys/fs/bpf" },
	{ "cgroup2", GROUP_MOUNTS, probe_mount, 0, "mount -t cgroup2 cgroup2 /sys/fs/cgroup" },
	{ "debugfs", GROUP_MOUNTS, probe_mount, 0, "mount -t debugfs debugfs /sys/kernel/debug" },
};

size_t features_probe(struct feature *ret, size_t max)
{
	struct probe_ctx ctx = { 0 };
	size_t count = MIN(max, ARRAY_LEN(probes));

	bpflog_quiet();
	for (size_t i = 0; i < count; i++) {
		feature_init(&ret[i], &probes[i]);
		probes[i].probe(&ret[i], &probes[i], &ctx);
	}
	probe_ctx_release(&ctx);
	return ARRAY_LEN(probes);
}

static bool find(const char *name, bool quickly, struct feature *ret)
{
	struct probe_ctx ctx = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		const struct probe *probe = &probes[i];

		if (!streq(probe->name, name))
			continue;
		feature_init(ret, probe);
		(quickly && probe->quick ? probe->quick : probe->probe)(ret, probe, &ctx);
		probe_ctx_release(&ctx);
		return true;
	}
	return false;
}

bool feature_get(const char *name, struct feature *ret)
{
	return find(name, true, ret);
}

bool feature_try(const char *name, struct feature *ret)
{
	return find(name, false, ret);
}
