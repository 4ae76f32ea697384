// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Which processes use the disks most: requests, bytes and time, by process, disk and kind.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/disk.bpf.h>

BOMBUS_FILTERS;

struct user {
	pid_t pid BOMBUS_HELP("process that wanted it, 0: none");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of its thread");
	dev_id disk BOMBUS_HELP("disk");
	enum io_op op BOMBUS_HELP("kind of request");
};

struct use {
	__u64 requests BOMBUS_HELP("requests that are done");
	__u64 data BOMBUS_UNIT("bytes") BOMBUS_HELP("data moved");
	__u64 queued BOMBUS_UNIT("ns") BOMBUS_HELP("time until the driver had them");
	__u64 busy BOMBUS_UNIT("ns") BOMBUS_HELP("time that the device took");
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct user);
	__type(value, struct use);
} disk_use SEC(".maps.counter") BOMBUS_HELP("use of disks by processes");
BOMBUS_LOST(disk_use);
BOMBUS_DISK_REQUESTS(disk_use);

SEC("tp_btf/block_getrq")
int BPF_PROG(on_make, struct bio *bio)
{
	if (bio && !bombus_filtered())
		bombus_disk_made(bio, -1);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq)
{
	bombus_disk_issued(rq);
	return 0;
}

static __always_inline struct use *use_of(const struct request *rq,
					  const struct bombus_disk_request *known)
{
	struct user user = {};

	user.pid = known->pid;
	__builtin_memcpy(user.comm, known->comm, sizeof(user.comm));
	user.disk = bombus_disk(rq);
	user.op = bombus_disk_op(rq);
	return bombus_entry(&disk_use, &user);
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int error, unsigned int nr_bytes)
{
	struct bombus_disk_request *known = bombus_disk_done(rq, nr_bytes);
	struct use *use = known ? use_of(rq, known) : NULL;

	if (use) {
		bombus_add(&use->requests, 1);
		bombus_add(&use->data, known->size);
		bombus_add(&use->queued, known->made_ns ? known->issued_ns - known->made_ns : 0);
		bombus_add(&use->busy, bpf_ktime_get_ns() - known->issued_ns);
	}
	if (known)
		bombus_disk_forget(rq);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("processes that use disks most: requests, bytes, time") = "GPL";
