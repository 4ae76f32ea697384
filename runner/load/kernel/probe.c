// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/parse.h"
#include "base/util.h"
#include "runner/load/plan/hook.h"
#include "runner/load/kernel/probe.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/kernel/machine.h"
#include "runner/load/kernel/mounts.h"
#include "runner/load/kernel/tcx.h"

#define PMU_KPROBE "/sys/bus/event_source/devices/kprobe/type"
#define PMU_UPROBE "/sys/bus/event_source/devices/uprobe/type"
#define HARMLESS_FUNCTION "bpf_fentry_test1" /* the kernel keeps it to test BPF with */

/* r0 = 0; exit */
static const struct bpf_insn minimal[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};
/* r0 = 1; exit, for the kinds where 0 is not allowed */
static const struct bpf_insn minimal_one[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
	{ .code = BPF_JMP | BPF_EXIT },
};

void probe_ctx_release(struct probe_ctx *ctx)
{
	btf__free(ctx->btf);
	ctx->btf = NULL;
}

/* A program needs the capabilities of its hook; a map needs CAP_BPF alone. */
static uint64_t missing_for(const struct feature *f)
{
	const char *target;

	if (streq(f->group, "maps"))
		return caps_lacking(CAP_BIT(CAP_BPF));
	return caps_refused(hook_of(f->name, &target)->hook);
}

void probe_errno(struct feature *f, int code)
{
	char missing[CAPS_TEXT_MAX], why[96];

	f->ok = false;
	caps_text(missing_for(f), missing, sizeof(missing));
	if ((code == -EPERM || code == -EACCES) && *missing)
		snprintf(f->reason, sizeof(f->reason), "needs %s", missing);
	else if (code == -EPERM || code == -EACCES)
		snprintf(f->reason, sizeof(f->reason), "forbidden by a security module (%s)",
			 code == -EPERM ? "EPERM" : "EACCES");
	else if (code == -EINVAL || code == -EOPNOTSUPP || code == -524)
		snprintf(f->reason, sizeof(f->reason), "this kernel does not know it");
	else
		snprintf(f->reason, sizeof(f->reason), "%s", strerror_r(-code, why, sizeof(why)));
}

static void outcome(struct feature *f, int code)
{
	f->ok = code >= 0;
	if (code < 0)
		probe_errno(f, code);
}

/* ---- programs ---- */

static int load_minimal(enum bpf_prog_type type, int attach_type, int btf_id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type,
		    .attach_btf_id = btf_id);
	bool one = type == BPF_PROG_TYPE_SK_LOOKUP || type == BPF_PROG_TYPE_CGROUP_SKB;

	return bpf_prog_load(type, "bombus_probe", "GPL", one ? minimal_one : minimal,
			     ARRAY_LEN(minimal), &opts);
}

void probe_prog(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int attach_type = probe->arg == BPF_PROG_TYPE_SK_LOOKUP	       ? BPF_SK_LOOKUP
			  : probe->arg == BPF_PROG_TYPE_FLOW_DISSECTOR ? BPF_FLOW_DISSECTOR
			  : probe->arg == BPF_PROG_TYPE_SOCK_OPS       ? BPF_CGROUP_SOCK_OPS
								       : 0;
	_cleanup_close_ int fd = -1;

	if (probe->arg == BPF_PROG_TYPE_SYSCALL) { /* always sleepable */
		opts.prog_flags = BPF_F_SLEEPABLE;
		fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "bombus_probe", "GPL", minimal,
				   ARRAY_LEN(minimal), &opts);
	} else {
		fd = load_minimal(probe->arg, attach_type, 0);
	}
	outcome(f, fd);
}

static int perf_open(struct perf_event_attr *attr)
{
	int fd;

	attr->size = sizeof(*attr);
	attr->disabled = 1;
	fd = (int)syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool read_number(const char *path, uint64_t *ret)
{
	_cleanup_free_ void *text = NULL;
	size_t len;

	if (read_file(path, 4096, &text, &len, NULL) < 0)
		return false;
	((char *)text)[strcspn(text, "\n")] = '\0';
	return parse_u64(text, ret) == 0;
}

void probe_tracepoint(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	_cleanup_close_ int prog = load_minimal(BPF_PROG_TYPE_TRACEPOINT, 0, 0), event = -1;
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT };
	_cleanup_free_ char *path = NULL;
	const char *tracefs = tracefs_path();
	bool is_closed = !tracefs && errno == EACCES;
	uint64_t id;

	outcome(f, prog);
	if (!f->ok)
		return;
	if (is_closed) {
		f->ok = false;
		snprintf(f->reason, sizeof(f->reason),
			 "tracefs is closed to this user: needs CAP_DAC_READ_SEARCH");
		return;
	}
	if (!tracefs) {
		f->ok = effective_caps() & CAP_BIT(CAP_SYS_ADMIN);
		snprintf(f->reason, sizeof(f->reason),
			 f->ok ? "tracefs is not mounted, and will be when it is needed"
			       : "tracefs is not mounted: mount -t tracefs tracefs "
				 "/sys/kernel/tracing");
		return;
	}
	path = xasprintf("%s/events/sched/sched_process_exit/id", tracefs);
	if (!read_number(path, &id))
		return; /* a kernel without this one may have others */
	attr.config = id;
	event = perf_open(&attr);
	outcome(f, event);
}

void probe_raw_tp(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	_cleanup_close_ int prog = load_minimal(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0), link = -1;

	if (prog >= 0)
		link = bpf_raw_tracepoint_open(probe->text, prog);
	outcome(f, prog < 0 ? prog : link);
}

bool lsm_has_bpf(void)
{
	_cleanup_free_ void *text = NULL;
	char *save = NULL;
	size_t len;

	if (read_file("/sys/kernel/security/lsm", 4096, &text, &len, NULL) < 0)
		return true; /* unknown */
	((char *)text)[strcspn(text, "\n")] = '\0';
	for (char *name = strtok_r(text, ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (streq(name, "bpf"))
			return true;
	return false;
}

static int kernel_btf_id(struct probe_ctx *ctx, const char *name, bool is_typedef)
{
	if (!ctx->btf_tried) {
		ctx->btf_tried = true;
		ctx->btf = btf__load_vmlinux_btf();
		if (libbpf_get_error(ctx->btf))
			ctx->btf = NULL;
	}
	if (!ctx->btf)
		return -ENOENT;
	return btf__find_by_name_kind(ctx->btf, name,
				      is_typedef ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC);
}

void probe_btf_prog(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	bool lsm = probe->arg == BPF_LSM_MAC;
	int id = kernel_btf_id(ctx, probe->text, probe->arg == BPF_TRACE_RAW_TP);
	_cleanup_close_ int prog = -1, link = -1;

	if (id < 0) {
		snprintf(f->reason, sizeof(f->reason),
			 ctx->btf ? "this kernel was built without it"
				  : "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)");
		return;
	}
	prog = load_minimal(lsm ? BPF_PROG_TYPE_LSM : BPF_PROG_TYPE_TRACING, probe->arg, id);
	outcome(f, prog);
	if (f->ok && lsm && !lsm_has_bpf()) {
		f->ok = false;
		snprintf(f->reason, sizeof(f->reason),
			 "'bpf' is not among the kernel's lsm=: such programs would never run");
	}
	if (!f->ok || lsm)
		return; /* an LSM program that is attached decides: not for a trial */
	link = probe->arg == BPF_TRACE_ITER ? bpf_link_create(prog, 0, BPF_TRACE_ITER, NULL)
					    : bpf_raw_tracepoint_open(NULL, prog);
	outcome(f, link);
}

void probe_kprobe_files(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	const char *tracefs = tracefs_path();
	_cleanup_free_ char *legacy = tracefs ? xasprintf("%s/kprobe_events", tracefs) : NULL;

	f->ok = may_access(PMU_KPROBE, F_OK) == 0 || (legacy && may_access(legacy, F_OK) == 0);
	if (!f->ok)
		snprintf(f->reason, sizeof(f->reason),
			 "this kernel has no kprobes (it was built without CONFIG_KPROBE_EVENTS)");
}

void probe_kprobe(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	_cleanup_close_ int prog = -1, event = -1;
	struct perf_event_attr attr = { .config1 = (uintptr_t)HARMLESS_FUNCTION };
	uint64_t type;

	probe_kprobe_files(f, probe, ctx);
	if (!f->ok)
		return;
	prog = load_minimal(BPF_PROG_TYPE_KPROBE, 0, 0);
	outcome(f, prog);
	if (!f->ok || !read_number(PMU_KPROBE, &type))
		return;
	attr.type = (uint32_t)type;
	event = perf_open(&attr);
	outcome(f, event);
}

void probe_kprobe_multi(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	const char *symbol = HARMLESS_FUNCTION;
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	_cleanup_close_ int prog = -1, link = -1;

	prog = load_minimal(BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0);
	opts.kprobe_multi.syms = &symbol;
	opts.kprobe_multi.cnt = 1;
	if (prog >= 0)
		link = bpf_link_create(prog, 0, BPF_TRACE_KPROBE_MULTI, &opts);
	outcome(f, prog < 0 ? prog : link);
	if (link == -EOPNOTSUPP || link == -EINVAL)
		snprintf(f->reason, sizeof(f->reason),
			 "this kernel was built without CONFIG_FPROBE, or is before 5.18");
}

void probe_uprobe_files(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	const char *tracefs = tracefs_path();
	_cleanup_free_ char *legacy = tracefs ? xasprintf("%s/uprobe_events", tracefs) : NULL;

	f->ok = may_access(PMU_UPROBE, F_OK) == 0 || (legacy && may_access(legacy, F_OK) == 0);
	if (!f->ok)
		snprintf(f->reason, sizeof(f->reason),
			 "this kernel has no uprobes (it was built without CONFIG_UPROBE_EVENTS)");
}

void probe_uprobe(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	/* Offset 0 is the ELF header: never executed, so that nothing is changed in memory. */
	struct perf_event_attr attr = { .config1 = (uintptr_t) "/proc/self/exe" };
	_cleanup_close_ int event = -1;
	uint64_t type;

	probe_uprobe_files(f, probe, ctx);
	if (!f->ok || !read_number(PMU_UPROBE, &type))
		return;
	attr.type = (uint32_t)type;
	event = perf_open(&attr);
	outcome(f, event);
}

void probe_perf_event(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = 1,
	};
	_cleanup_close_ int prog = load_minimal(BPF_PROG_TYPE_PERF_EVENT, 0, 0), event = -1;

	if (prog >= 0)
		event = perf_open(&attr);
	if (event >= 0 && ioctl(event, PERF_EVENT_IOC_SET_BPF, prog) < 0)
		outcome(f, -errno);
	else
		outcome(f, prog < 0 ? prog : event);
}

void probe_perf_hardware(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
	};
	_cleanup_close_ int event = perf_open(&attr);

	outcome(f, event);
	if (event == -ENOENT || event == -EOPNOTSUPP)
		snprintf(f->reason, sizeof(f->reason),
			 "none here (a virtual machine?): sample with cpu-clock");
}

void probe_tcx(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	_cleanup_close_ int prog = load_minimal(BPF_PROG_TYPE_SCHED_CLS, 0, 0);
	int rc = prog;

	/* An interface that cannot be: a kernel with tcx says ENODEV, one without EINVAL. */
	if (prog >= 0)
		rc = tcx_link_create(prog, INT32_MAX, false);
	outcome(f, rc == -ENODEV ? 0 : rc);
	if (rc == -EINVAL)
		snprintf(f->reason, sizeof(f->reason),
			 "this kernel is before 6.6: tc programs are attached by clsact");
}

/* ---- maps ---- */

static int create_map(enum bpf_map_type type)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	uint32_t key = sizeof(uint32_t), value = sizeof(uint32_t), entries = 1;

	switch (type) {
	case BPF_MAP_TYPE_RINGBUF:
		key = value = 0;
		entries = (uint32_t)sysconf(_SC_PAGESIZE);
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		key = 0;
		break;
	case BPF_MAP_TYPE_STACK_TRACE:
		value = sizeof(uint64_t);
		break;
	case BPF_MAP_TYPE_LPM_TRIE:
		key = 2 * sizeof(uint32_t);
		opts.map_flags = BPF_F_NO_PREALLOC;
		break;
	default:
		break;
	}
	return bpf_map_create(type, "bombus_probe", key, value, entries, &opts);
}

void probe_map(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	_cleanup_close_ int fd = create_map(probe->arg);

	outcome(f, fd);
}

void probe_batch(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	_cleanup_close_ int fd = create_map(BPF_MAP_TYPE_HASH);
	uint32_t key, value, batch, count = 1;
	int rc = fd;

	if (fd >= 0)
		rc = bpf_map_lookup_batch(fd, NULL, &batch, &key, &value, &count, NULL);
	outcome(f, rc == -ENOENT ? 0 : rc); /* the end of an empty map */
	if (!f->ok && fd >= 0)
		snprintf(f->reason, sizeof(f->reason), "maps are read entry by entry");
}

/* ---- privileges ---- */

void probe_memlock(struct feature *f, const struct probe *probe, struct probe_ctx *ctx)
{
	struct rlimit limit;
	_cleanup_close_ int map = create_map(BPF_MAP_TYPE_ARRAY);

	f->ok = map >= 0 || map == -EACCES;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	if (limit.rlim_cur == RLIM_INFINITY)
		snprintf(f->reason, sizeof(f->reason), "unlimited");
	else
		snprintf(f->reason, sizeof(f->reason), "%llu KiB (not used since Linux 5.11)",
			 (unsigned long long)limit.rlim_cur / 1024);
}
