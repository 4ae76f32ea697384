// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Each request to a disk: who wanted it, where it went, how long it waited and how long it took.
 *
 * Who wants a request is known when it is made (block_getrq), in the context of the process; it is
 * noted there, and found again by the request's first bio when the driver gets it. What comes from
 * the kernel itself, or was put in front of another's bio, has no process.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define OP_MASK 0xff
#define SECTOR_BYTES 512

/* The kernel's own names changed with time; the numbers did not. */
enum io_op {
	IO_READ = 0,
	IO_WRITE = 1,
	IO_FLUSH = 2,
	IO_DISCARD = 3,
	IO_SECURE_ERASE = 5,
	IO_WRITE_ZEROES = 9,
	IO_DRIVER_IN = 34,
	IO_DRIVER_OUT = 35,
};

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

struct origin {
	__u64 made_ns;
	__u64 issued_ns;
	__u64 offset; /* these two change while parts of the request are done */
	__u64 size;
	pid_t pid;
	char comm[BOMBUS_COMM_LEN];
	__u32 unused;
};

/* LRU: what is merged into another request never starts on its own. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct origin);
} made SEC(".maps") BOMBUS_HELP("who made the request for a bio, by the bio's address");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct origin);
} running SEC(".maps") BOMBUS_HELP("requests that the driver has, by address");

SEC("tp_btf/block_getrq")
int BPF_PROG(on_make, struct bio *bio)
{
	struct origin origin = {};
	__u64 id = (__u64)bio;

	if (!bio || bombus_filtered())
		return 0;
	origin.made_ns = bpf_ktime_get_ns();
	origin.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(origin.comm, sizeof(origin.comm));
	bpf_map_update_elem(&made, &id, &origin, BPF_ANY);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq)
{
	__u64 id = (__u64)rq, bio = (__u64)rq->bio;
	struct origin *known, origin = {};

	known = bpf_map_lookup_elem(&made, &bio);
	if (known) {
		origin = *known;
		bpf_map_delete_elem(&made, &bio);
	} else if (bombus_is_filtering()) {
		return 0;
	}
	origin.issued_ns = bpf_ktime_get_ns();
	origin.offset = rq->__sector * SECTOR_BYTES;
	origin.size = rq->__data_len;
	if (bpf_map_update_elem(&running, &id, &origin, BPF_ANY))
		bombus_lost(&requests);
	return 0;
}

static __always_inline void report(const struct request *rq, const struct origin *origin,
				   int status)
{
	const struct gendisk *gendisk = BPF_CORE_READ(rq, q, disk);
	__u64 now_ns = bpf_ktime_get_ns();
	struct event *e;
	dev_id disk = 0;

	if (gendisk)
		disk = BPF_CORE_READ(gendisk, major) << 20 | BPF_CORE_READ(gendisk, first_minor);
	if (target_disk && target_disk != disk)
		return;
	if (now_ns - origin->issued_ns < min_us * 1000)
		return;
	e = bombus_reserve(&requests, sizeof(*e));
	if (!e)
		return;
	e->time = now_ns;
	e->queued = origin->made_ns ? origin->issued_ns - origin->made_ns : 0;
	e->took = now_ns - origin->issued_ns;
	e->offset = origin->offset;
	e->size = origin->size;
	e->disk = disk;
	e->op = BPF_CORE_READ(rq, cmd_flags) & OP_MASK;
	e->status = status;
	e->pid = origin->pid;
	__builtin_memcpy(e->comm, origin->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int error, unsigned int nr_bytes)
{
	struct origin *origin;
	__u64 id = (__u64)rq;

	/* A part of it; the rest will follow. */
	if (nr_bytes < rq->__data_len)
		return 0;
	origin = bpf_map_lookup_elem(&running, &id);
	if (!origin)
		return 0;
	report(rq, origin, error);
	bpf_map_delete_elem(&running, &id);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("each disk request: its process, place, wait and time") = "GPL";
