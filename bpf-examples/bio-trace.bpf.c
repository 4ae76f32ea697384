// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Each request to a disk is a trace: the request, from being made to its end, and below it how long
 * it waited in queues and how long the disk took to serve it.
 *
 * The process of a request is known only when the request is made (block_getrq). The program notes
 * it there, and finds it again by the first bio of the request when the driver gets that. Requests
 * of the kernel itself, and those that get another bio in front, have no process and no time in
 * queues.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/disk.bpf.h>
#include <bombus/span.bpf.h>

BOMBUS_FILTERS;
const volatile dev_id target_disk BOMBUS_PARAM
	BOMBUS_HELP("only this disk (major << 20 | minor), 0: every one") = 0;
const volatile duration_us
	min_us BOMBUS_PARAM BOMBUS_HELP("only requests that took at least this") = 0;

struct bio_span {
	struct span_base span_base;
	char span_name[16];
	enum bombus_span_status span_status;
	dev_id disk BOMBUS_HELP("disk");
	enum io_op op BOMBUS_HELP("kind of request");
	bytes offset BOMBUS_HELP("where on the disk");
	bytes size BOMBUS_HELP("how much");
	__u32 status BOMBUS_HELP("the block layer's status, 0: good");
	struct {
		pid_t pid BOMBUS_HELP("process that wanted it, 0: none");
	} process;
	struct {
		char name[BOMBUS_COMM_LEN] BOMBUS_HELP("thread that wanted it");
	} thread;
};

BOMBUS_SPANS(requests, struct bio_span, 4 << 20)
BOMBUS_SERVICE("bio-trace") BOMBUS_HELP("requests to disks, done");

struct bio_part {
	struct span_base span_base;
	char span_name[16];
};

BOMBUS_SPANS(parts, struct bio_part, 4 << 20)
BOMBUS_SERVICE("bio-trace") BOMBUS_HELP("what their time was spent with");

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
} made SEC(".maps") BOMBUS_HELP("process of a request, by the address of its bio");

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
	/* A flush is nowhere. */
	if (rq->__sector != BOMBUS_NO_SECTOR)
		origin.offset = rq->__sector * BOMBUS_SECTOR_BYTES;
	origin.size = rq->__data_len;
	if (bpf_map_update_elem(&running, &id, &origin, BPF_ANY))
		bombus_lost(&requests);
	return 0;
}

static __always_inline void name_of(char name[16], enum io_op op)
{
	if (op == IO_READ)
		__builtin_memcpy(name, "read", sizeof("read"));
	else if (op == IO_WRITE)
		__builtin_memcpy(name, "write", sizeof("write"));
	else if (op == IO_FLUSH)
		__builtin_memcpy(name, "flush", sizeof("flush"));
	else
		__builtin_memcpy(name, "request", sizeof("request"));
}

static __always_inline void report_part(const struct span_parent *request, const char *name,
					__u32 name_bytes, __u64 begin_ns, __u64 end_ns)
{
	struct bio_part *s = bombus_span_reserve(&parts, struct bio_part, request);

	if (!s)
		return;
	s->span_base.span_monotonic_timestamp_ns = begin_ns;
	s->span_base.span_duration_ns = end_ns - begin_ns;
	__builtin_memcpy(s->span_name, name, name_bytes);
	bpf_ringbuf_submit(s, 0);
}

static __always_inline void report(const struct request *rq, const struct origin *origin,
				   int status)
{
	__u64 now_ns = bpf_ktime_get_ns(), begin_ns;
	struct span_parent context;
	struct bio_span *s;
	dev_id disk = bombus_disk(rq);

	if (target_disk && target_disk != disk)
		return;
	if (now_ns - origin->issued_ns < min_us * 1000)
		return;
	s = bombus_span_reserve(&requests, struct bio_span, NULL);
	if (!s)
		return;
	begin_ns = origin->made_ns ? origin->made_ns : origin->issued_ns;
	s->span_base.span_monotonic_timestamp_ns = begin_ns;
	s->span_base.span_duration_ns = now_ns - begin_ns;
	s->op = bombus_disk_op(rq);
	name_of(s->span_name, s->op);
	s->span_status = status ? BOMBUS_STATUS_ERROR : BOMBUS_STATUS_UNSET;
	s->status = status;
	s->disk = disk;
	s->offset = origin->offset;
	s->size = origin->size;
	s->process.pid = origin->pid;
	__builtin_memcpy(s->thread.name, origin->comm, sizeof(s->thread.name));
	context = bombus_span_context(s);
	bpf_ringbuf_submit(s, 0);
	if (origin->made_ns)
		report_part(&context, "queue", sizeof("queue"), begin_ns, origin->issued_ns);
	report_part(&context, "service", sizeof("service"), origin->issued_ns, now_ns);
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
	BOMBUS_HELP("each disk request as a trace: time in queues, time on the disk") = "GPL";
