// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Each request to a disk: its process, its place on the disk, its time in queues and its time in
 * the device.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/disk.bpf.h>

BOMBUS_FILTERS;
const volatile dev_id target_disk BOMBUS_PARAM
	BOMBUS_HELP("only this disk (major << 20 | minor), 0: every one") = 0;
const volatile duration_us
	min_us BOMBUS_PARAM BOMBUS_HELP("only requests that took at least this") = 0;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was done");
	duration queued BOMBUS_HELP("from its making to the driver");
	duration took BOMBUS_OBSERVE BOMBUS_HELP("from the driver to its end");
	bytes offset BOMBUS_HELP("where on the disk");
	bytes size BOMBUS_HELP("how much");
	dev_id disk BOMBUS_LABEL BOMBUS_HELP("disk");
	enum io_op op BOMBUS_LABEL BOMBUS_HELP("kind of request");
	int status BOMBUS_LABEL BOMBUS_HELP("the block layer's status, 0: good");
	pid_t pid BOMBUS_HELP("process that wanted it, 0: none");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread that wanted it");
};

BOMBUS_EVENTS(requests, struct event, 4 << 20) BOMBUS_HELP("requests to disks, done");

BOMBUS_DISK_REQUESTS(requests);

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

static __always_inline void report(const struct request *rq,
				   const struct bombus_disk_request *known, int status)
{
	__u64 now_ns = bpf_ktime_get_ns();
	dev_id disk = bombus_disk(rq);
	struct event *e;

	if ((target_disk && target_disk != disk) || now_ns - known->issued_ns < min_us * 1000)
		return;
	e = bombus_reserve(&requests, sizeof(*e));
	if (!e)
		return;
	e->time = now_ns;
	e->queued = known->made_ns ? known->issued_ns - known->made_ns : 0;
	e->took = now_ns - known->issued_ns;
	e->offset = known->offset;
	e->size = known->size;
	e->disk = disk;
	e->op = bombus_disk_op(rq);
	e->status = status;
	e->pid = known->pid;
	__builtin_memcpy(e->comm, known->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int error, unsigned int nr_bytes)
{
	struct bombus_disk_request *known = bombus_disk_done(rq, nr_bytes);

	if (!known)
		return 0;
	report(rq, known, error);
	bombus_disk_forget(rq);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("each disk request: its process, place, wait and time") = "GPL";
