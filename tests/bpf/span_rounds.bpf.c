// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Spans in the shapes that there are. Each call of getppid() by the process target_pid is one
 * round, and gives one trace: "request" with a child "wait" (an event, a link, a failure) in
 * `calls`; a refused parent, counted in calls__lost; one record in `plain`, whose struct has no
 * ids; two in `other`, with the members of another exporter's base struct, of which
 * one has an all-zero trace.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bombus/span.bpf.h>

const volatile __u32 target_pid = 0;
__u64 rounds = 0;

enum phase { PHASE_ASKED, PHASE_ANSWERED };

struct call_event {
	ktime_ns time_ns;
	char name[8];
	__u32 step;
};

struct call_link {
	__u8 trace_id[16];
	__u8 span_id[8];
};

struct call_span {
	struct span_base span_base;
	char span_name[16];
	__u8 span_kind;
	errno_t span_status;
	__u64 round;
	pid_t pid;
	enum phase phase;
	bool cached;
	__u16 sizes[3];
	ipv4_addr peer;
	struct call_event span_events[2];
	struct call_link span_links[1];
};
BOMBUS_SPANS(calls, struct call_span, 1 << 18) BOMBUS_SERVICE("rounds") BOMBUS_SPAN("call");

struct plain_span {
	boottime_ns span_boottime_timestamp_ns;
	duration span_duration_ns;
	__u64 round;
	cgroup_id cgroup;
	char service[12];
};
BOMBUS_SPANS(plain, struct plain_span, 1 << 16) BOMBUS_SPAN("moment");

struct other_parent {
	__u64 trace_id_hi;
	__u64 trace_id_lo;
	__u64 span_id;
};
struct other_base {
	struct other_parent parent;
	__u64 span_id;
	__u64 span_monotonic_timestamp_ns;
	__u64 span_duration_ns;
};
struct other_span {
	struct other_base span_base;
	__u32 round;
};
BOMBUS_SPANS(other, struct other_span, 1 << 16);

BOMBUS_PARENTS(contexts, __u32, 16);

static void child(const struct span_parent *parent, __u64 round)
{
	struct call_span *s = bombus_span_reserve(&calls, struct call_span, parent);

	if (!s)
		return;
	__builtin_memcpy(s->span_name, "wait", 5);
	s->span_base.span_duration_ns = 1000;
	s->span_kind = BOMBUS_KIND_CLIENT;
	s->span_status = -111;
	s->round = round;
	s->phase = PHASE_ANSWERED;
	s->span_events[0].time_ns = s->span_base.span_monotonic_timestamp_ns + 500;
	__builtin_memcpy(s->span_events[0].name, "retry", 6);
	s->span_events[0].step = 7;
	__builtin_memcpy(s->span_links[0].trace_id, s->span_base.trace_id, 16);
	__builtin_memcpy(s->span_links[0].span_id, s->span_base.parent_span_id, 8);
	bpf_ringbuf_submit(s, 0);
}

static void request(__u64 round)
{
	struct call_span *s = bombus_span_reserve(&calls, struct call_span, NULL);
	struct span_parent nobody = {}, context;
	__u32 key = 1;

	if (!s)
		return;
	s->span_base.span_duration_ns = 5000;
	s->round = round;
	s->pid = bpf_get_current_pid_tgid() >> 32;
	s->cached = true;
	s->sizes[0] = 1;
	s->sizes[2] = 3;
	s->peer = bpf_htonl(0x0a000001);
	context = bombus_span_context(s);
	bpf_ringbuf_submit(s, 0);
	child(&context, round);

	s = bombus_span_reserve(&calls, struct call_span, &nobody);
	if (s) /* never: it is refused */
		bpf_ringbuf_submit(s, 0);
	bombus_parent_set(&contexts, &key, 1, 2, 3, BOMBUS_SAMPLED);
}

static void elsewhere(__u64 round, __u64 trace_lo)
{
	struct span_parent *kept;
	struct other_span *o = bombus_reserve(&other, sizeof(*o));
	__u32 key = 1;

	if (!o)
		return;
	kept = bombus_parent_get(&contexts, &key);
	o->span_base.parent.trace_id_lo = trace_lo;
	if (kept)
		__builtin_memcpy(&o->span_base.parent.span_id, kept->span_id, 8);
	o->span_base.span_id = 5;
	o->span_base.span_monotonic_timestamp_ns = bpf_ktime_get_ns();
	o->span_base.span_duration_ns = 2000;
	o->round = round;
	bpf_ringbuf_submit(o, 0);
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_round(void *ctx)
{
	struct plain_span *p;
	__u64 round;

	if (!target_pid || bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	round = __sync_fetch_and_add(&rounds, 1);
	request(round);
	p = bombus_reserve(&plain, sizeof(*p));
	if (p) {
		p->span_boottime_timestamp_ns = bpf_ktime_get_boot_ns();
		p->round = round;
		p->cgroup = bpf_get_current_cgroup_id();
		__builtin_memcpy(p->service, "plainly", 8);
		bpf_ringbuf_submit(p, 0);
	}
	elsewhere(round, 77);
	elsewhere(round, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
