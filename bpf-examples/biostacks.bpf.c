// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Kernel stacks that make requests to disks, and how long these requests take: a histogram by
 * stack. The stacks distinguish reads that a process waits for from those that the kernel makes
 * ahead or for itself.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/disk.bpf.h>
#include <bombus/histogram.bpf.h>

#define FRAMES 127
#define TRACING_FRAMES 2 /* of the stack: this program, and how the kernel calls it */

BOMBUS_FILTERS;

struct stack_key {
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	enum io_op op BOMBUS_LABEL BOMBUS_HELP("kind of request");
	kstack_id stack BOMBUS_LABEL BOMBUS_HELP("what made it, in the kernel");
	__u32 bucket;
};

BOMBUS_HISTOGRAM(bio_stacks, struct stack_key, 65536)
BOMBUS_UNIT("us") BOMBUS_HELP("time of requests to disks, from their making to their end");
BOMBUS_DISK_REQUESTS(bio_stacks);

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 4096);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, FRAMES * sizeof(__u64));
} stacks SEC(".maps");

SEC("tp_btf/block_getrq")
int BPF_PROG(on_make, struct bio *bio)
{
	if (bio && !bombus_filtered())
		bombus_disk_made(bio, bpf_get_stackid(ctx, &stacks, TRACING_FRAMES));
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq)
{
	bombus_disk_issued(rq);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int error, unsigned int nr_bytes)
{
	struct bombus_disk_request *known = bombus_disk_done(rq, nr_bytes);
	struct stack_key key = { .op = bombus_disk_op(rq) };

	if (!known)
		return 0;
	if (known->made_ns) {
		key.stack = known->stack;
		__builtin_memcpy(key.comm, known->comm, sizeof(key.comm));
		bombus_histogram_observe(&bio_stacks, &key,
					 (bpf_ktime_get_ns() - known->made_ns) / 1000);
	}
	bombus_disk_forget(rq);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("where in the kernel requests to disks come from, and their time") = "GPL";
