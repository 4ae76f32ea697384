// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Garbage collections of language runtimes: each one, and a histogram of their times. Java, Python,
 * Ruby and Node have USDT probes at the start and the end of a collection, if they are built with
 * them:
 *
 *	bombus run gc --attach '*=/usr/bin/python3.11'
 *	bombus run gc --attach '*=/usr/lib/jvm/default/lib/server/libjvm.so,pid=123'
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
#include <bombus/histogram.bpf.h>

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only collections of at least this") = 0;

enum runtime {
	RUNTIME_JAVA,
	RUNTIME_PYTHON,
	RUNTIME_RUBY,
	RUNTIME_NODE,
};

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it ended");
	duration took BOMBUS_HELP("from begin to end");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	enum runtime runtime BOMBUS_LABEL BOMBUS_HELP("kind of runtime");
	__s32 generation BOMBUS_HELP("Python: generation; Java: 1 for a full one; else 0");
};
BOMBUS_EVENTS(collections, struct event, 1 << 20) BOMBUS_HELP("garbage collections");

struct time_key {
	enum runtime runtime BOMBUS_LABEL BOMBUS_HELP("kind of runtime");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(gc_time, struct time_key, 256)
BOMBUS_UNIT("us") BOMBUS_HELP("time that garbage collections take");

struct collection {
	__u64 since_ns;
	__s32 generation;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct collection);
} running SEC(".maps") BOMBUS_HELP("threads that collect, by thread id");

static __always_inline int begins(__s32 generation)
{
	struct collection collection = { .generation = generation };
	__u32 tid = bpf_get_current_pid_tgid();

	if (bombus_filtered())
		return 0;
	collection.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&running, &tid, &collection, BPF_ANY))
		bombus_lost(&collections);
	return 0;
}

static __always_inline void report(enum runtime runtime, __u64 took_ns, __s32 generation)
{
	struct event *e = bombus_reserve(&collections, sizeof(*e));
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	if (!e)
		return;
	e->time = bpf_ktime_get_ns();
	e->took = took_ns;
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	e->runtime = runtime;
	e->generation = generation;
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int ends(enum runtime runtime)
{
	struct time_key key = { .runtime = runtime };
	__u32 tid = bpf_get_current_pid_tgid();
	struct collection *collection = bpf_map_lookup_elem(&running, &tid);
	__u64 took_ns;

	if (!collection)
		return 0;
	took_ns = bpf_ktime_get_ns() - collection->since_ns;
	if (took_ns >= min_us * 1000) {
		report(runtime, took_ns, collection->generation);
		bombus_histogram_observe(&gc_time, &key, took_ns / 1000);
	}
	bpf_map_delete_elem(&running, &tid);
	return 0;
}

SEC("usdt/:hotspot:gc__begin")
int BPF_USDT(begins___java, int generation)
{
	return begins(generation);
}

SEC("usdt/:python:gc__start")
int BPF_USDT(begins___python, int generation)
{
	return begins(generation);
}

SEC("usdt/:ruby:gc__mark__begin")
int begins___ruby(struct pt_regs *ctx)
{
	return begins(0);
}

SEC("usdt/:node:gc__start")
int begins___node(struct pt_regs *ctx)
{
	return begins(0);
}

SEC("usdt/:hotspot:gc__end")
int ends___java(struct pt_regs *ctx)
{
	return ends(RUNTIME_JAVA);
}

SEC("usdt/:python:gc__done")
int ends___python(struct pt_regs *ctx)
{
	return ends(RUNTIME_PYTHON);
}

SEC("usdt/:ruby:gc__mark__end")
int ends___ruby(struct pt_regs *ctx)
{
	return ends(RUNTIME_RUBY);
}

SEC("usdt/:node:gc__done")
int ends___node(struct pt_regs *ctx)
{
	return ends(RUNTIME_NODE);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("garbage collections of Java, Python, Ruby and Node") = "GPL";
