// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Page faults by process and file, and whether they waited for a disk (major faults). Faults of the
 * kernel on a program's memory count as well.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define FILE_SHOWN 40

BOMBUS_FILTERS;
const volatile bool
	major_only BOMBUS_PARAM BOMBUS_HELP("only faults that waited for a disk") = false;

enum fault_kind {
	FAULT_MINOR,
	FAULT_MAJOR,
};
enum fault_memory {
	FAULT_UNKNOWN, /* the kernel was changing the process's memory map */
	FAULT_ANONYMOUS,
	FAULT_FILE,
};

struct fault_key {
	pid_t pid BOMBUS_HELP("process");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread");
	enum fault_kind kind BOMBUS_HELP("major: it waited for a disk");
	enum fault_memory memory BOMBUS_HELP("what is mapped there");
	char file[FILE_SHOWN] BOMBUS_HELP("name of the file, else empty");
};
BOMBUS_LOST(print_by_file);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fault_key);
	__type(value, __u64);
} print_by_file SEC(".maps") BOMBUS_HELP("page faults by process and file");

/* For metrics: no files, and no series a process. */
struct kind_key {
	enum fault_kind kind BOMBUS_LABEL BOMBUS_HELP("major: it waited for a disk");
	enum fault_memory memory BOMBUS_LABEL BOMBUS_HELP("what is mapped there");
};
BOMBUS_LOST(page_faults);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16);
	__type(key, struct kind_key);
	__type(value, __u64);
} page_faults SEC(".maps.counter") BOMBUS_HELP("page faults");

static long see_vma(struct task_struct *task, struct vm_area_struct *vma, struct fault_key *key)
{
	struct file *file = vma->vm_file;

	key->memory = file ? FAULT_FILE : FAULT_ANONYMOUS;
	if (file)
		bpf_probe_read_kernel_str(key->file, sizeof(key->file),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return 0;
}

static __always_inline int count(__u64 address, enum fault_kind kind)
{
	struct fault_key key = { .kind = kind };
	struct kind_key by_kind = { .kind = kind };

	if (bombus_filtered())
		return 0;
	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	bpf_find_vma(bpf_get_current_task_btf(), address, see_vma, &key, 0);
	bombus_count(&print_by_file, &key, 1);
	by_kind.memory = key.memory;
	bombus_count(&page_faults, &by_kind, 1);
	return 0;
}

/* Each one: PERF_COUNT_SW_PAGE_FAULTS_MIN and _MAJ. */
SEC("perf_event/type=1,config=5,sample_period=1")
int on_minor(struct bpf_perf_event_data *ctx)
{
	return major_only ? 0 : count(ctx->addr, FAULT_MINOR);
}

SEC("perf_event/type=1,config=6,sample_period=1")
int on_major(struct bpf_perf_event_data *ctx)
{
	return count(ctx->addr, FAULT_MAJOR);
}

char LICENSE[] SEC("license") BOMBUS_HELP("page faults, by process and file") = "GPL";
