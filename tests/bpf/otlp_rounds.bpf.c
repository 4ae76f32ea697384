// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Everything that OTLP carries. Each call of getppid() by the process target_pid is one round, with
 * a number `seq` from 0 on: a span, a record, a count by parity, a gauge, two observations.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bombus/histogram.bpf.h>
#include <bombus/span.bpf.h>

const volatile __u32 target_pid = 0;
__u64 rounds = 0;

struct step_span {
	struct span_base span_base;
	__u64 seq;
	pid_t pid;
};
BOMBUS_SPANS(steps, struct step_span, 1 << 18) BOMBUS_SPAN("step");

enum outcome { OUTCOME_GOOD, OUTCOME_BAD };

struct note {
	ktime_ns time_ns;
	__u64 seq;
	pid_t pid;
	char comm[16];
	ipv4_addr peer;
	enum outcome outcome;
	bool odd;
	__u16 sizes[2];
};
BOMBUS_EVENTS(notes, struct note, 1 << 18);

struct parity {
	enum outcome outcome;
	__u32 odd;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct parity);
	__type(value, __u64);
} counted SEC(".maps.counter") BOMBUS_HELP("Rounds by parity.");

struct last {
	__u64 size BOMBUS_UNIT("KiB");
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct last);
} latest SEC(".maps.gauge");

struct hist_key {
	__u32 bucket;
};
BOMBUS_HISTOGRAM(waits, struct hist_key, 256) BOMBUS_UNIT("us");
BOMBUS_HISTOGRAM(powers, struct hist_key, 256);

static void span(__u64 seq, __u32 pid)
{
	struct step_span *s = bombus_span_reserve(&steps, struct step_span, NULL);

	if (!s)
		return;
	s->span_base.span_duration_ns = 1000;
	s->seq = seq;
	s->pid = pid;
	bpf_ringbuf_submit(s, 0);
}

static void note(__u64 seq, __u32 pid)
{
	struct note *n = bombus_reserve(&notes, sizeof(*n));

	if (!n)
		return;
	__builtin_memset(n, 0, sizeof(*n));
	n->time_ns = bpf_ktime_get_ns();
	n->seq = seq;
	n->pid = pid;
	bpf_get_current_comm(n->comm, sizeof(n->comm));
	n->peer = bpf_htonl(0x0a000001);
	n->outcome = seq & 1 ? OUTCOME_BAD : OUTCOME_GOOD;
	n->odd = seq & 1;
	n->sizes[1] = 3;
	bpf_ringbuf_submit(n, 0);
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_round(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, zero = 0;
	struct parity parity = {};
	struct hist_key key = {};
	struct last last;
	__u64 seq, one = 1, *count;

	if (!target_pid || pid != target_pid)
		return 0;
	seq = __sync_fetch_and_add(&rounds, 1);
	span(seq, pid);
	note(seq, pid);
	parity.odd = seq & 1;
	parity.outcome = parity.odd ? OUTCOME_BAD : OUTCOME_GOOD;
	count = bpf_map_lookup_elem(&counted, &parity);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counted, &parity, &one, BPF_ANY);
	last.size = seq + 1;
	bpf_map_update_elem(&latest, &zero, &last, BPF_ANY);
	bombus_histogram_observe(&waits, &key, seq);
	bombus_histogram_observe(&powers, &key, seq);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
