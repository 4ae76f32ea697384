// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * A gadget as Inspektor Gadget documents them, with nothing of ours: records through a ring buffer
 * without a type, a hash that is read as a whole, parameters, the map for lost records and the heap
 * for kernels without ring buffers. -DTAGS declares as its newer headers do.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

typedef __u64 gadget_timestamp;
typedef __u32 gadget_pid;
typedef char gadget_comm[16];

struct gadget_process_like {
	gadget_pid pid;
	gadget_comm comm;
};

struct event {
	gadget_timestamp timestamp_raw;
	struct gadget_process_like proc;
	__u32 number;
};

struct count_key {
	gadget_pid pid;
};

struct count {
	__u64 calls;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");
const void *gadget_map_tracer_events __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} events_lost_samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 10240);
} gadget_heap SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, struct count_key);
	__type(value, struct count);
} counts SEC(".maps");

const volatile __u32 target_pid = 0;
const volatile __u32 step = 1;
const volatile bool gadget_filter_by_mntns = false;

const void *gadget_tracer_hits___events___event __attribute__((unused));
const struct event *__gadget_tracer_type_hits __attribute__((unused));
#ifdef TAGS
const int __ig_mapiter_calls___counts
	__attribute__((unused, btf_decl_tag("ig:mapiter:calls___counts"))) = 0;
const int __ig_param_target_pid __attribute__((unused, btf_decl_tag("ig:param:target_pid"))) = 0;
const int __ig_param_step __attribute__((unused, btf_decl_tag("ig:param:step"))) = 0;
#else
const void *gadget_mapiter_calls___counts __attribute__((unused));
const void *gadget_param_target_pid __attribute__((unused));
const void *gadget_param_step __attribute__((unused));
#endif

static __u64 number = 0;

SEC("tracepoint/syscalls/sys_enter_getppid")
int ig_hit(void *ctx)
{
	struct count_key key = { .pid = bpf_get_current_pid_tgid() >> 32 };
	struct count none = {}, *count;
	__u32 zero = 0;
	struct event *e;
	__u64 *lost;

	if (target_pid && target_pid != key.pid)
		return 0;
	bpf_map_update_elem(&counts, &key, &none, BPF_NOEXIST);
	count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		__sync_fetch_and_add(&count->calls, 1);
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		lost = bpf_map_lookup_elem(&events_lost_samples, &zero);
		if (lost)
			__sync_fetch_and_add(lost, 1);
		return 0;
	}
	e->timestamp_raw = bpf_ktime_get_boot_ns();
	e->proc.pid = key.pid;
	bpf_get_current_comm(&e->proc.comm, sizeof(e->proc.comm));
	e->number = __sync_fetch_and_add(&number, 1) * step;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
