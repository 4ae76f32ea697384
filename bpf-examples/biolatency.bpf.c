// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long disks take, as a histogram per disk and kind of request.
 *
 * A request is timed from the moment the driver gets it or, with from_queue, from its making. It
 * ends in the context of an interrupt, and often starts in that of a kernel thread. Its process is
 * known only when the request is made (block_getrq), so the filters apply there. I/O that joins an
 * existing request is timed with that request.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/disk.bpf.h>
#include <bombus/histogram.bpf.h>

BOMBUS_FILTERS;
const volatile dev_id target_disk BOMBUS_PARAM
	BOMBUS_HELP("only this disk (major << 20 | minor), 0: every one") = 0;
const volatile bool
	from_queue BOMBUS_PARAM BOMBUS_HELP("count the time in the queue as well") = false;

struct latency_key {
	dev_id disk BOMBUS_LABEL BOMBUS_HELP("disk");
	enum io_op op BOMBUS_LABEL BOMBUS_HELP("kind of request");
	__u32 bucket;
};

BOMBUS_HISTOGRAM(bio_latency, struct latency_key, 8192)
BOMBUS_UNIT("us") BOMBUS_HELP("time that disk requests take");

/* LRU: what is merged into another request never starts on its own. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u64);
} made SEC(".maps") BOMBUS_HELP("when the request for a bio was made, by the bio's address");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u64);
} running SEC(".maps") BOMBUS_HELP("when a request began, by its address");

static __always_inline bool needs_making(void)
{
	return from_queue || bombus_is_filtering();
}

SEC("tp_btf/block_getrq")
int BPF_PROG(on_make, struct bio *bio)
{
	__u64 id = (__u64)bio, now_ns = bpf_ktime_get_ns();

	if (needs_making() && bio && !bombus_filtered())
		bpf_map_update_elem(&made, &id, &now_ns, BPF_ANY);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq)
{
	__u64 id = (__u64)rq, now_ns = bpf_ktime_get_ns(), bio, *made_ns;

	if (needs_making()) {
		bio = (__u64)rq->bio;
		made_ns = bpf_map_lookup_elem(&made, &bio);
		if (!made_ns)
			return 0;
		if (from_queue)
			now_ns = *made_ns;
		bpf_map_delete_elem(&made, &bio);
	}
	if (bpf_map_update_elem(&running, &id, &now_ns, BPF_ANY))
		bombus_lost(&bio_latency);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int error, unsigned int nr_bytes)
{
	__u64 id = (__u64)rq, took_us, *since_ns;
	struct latency_key key = {};

	/* A part of it; the rest will follow. */
	if (nr_bytes < rq->__data_len)
		return 0;
	since_ns = bpf_map_lookup_elem(&running, &id);
	if (!since_ns)
		return 0;
	took_us = (bpf_ktime_get_ns() - *since_ns) / 1000;
	bpf_map_delete_elem(&running, &id);
	key.disk = bombus_disk(rq);
	key.op = bombus_disk_op(rq);
	if (!target_disk || target_disk == key.disk)
		bombus_histogram_observe(&bio_latency, &key, took_us);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long disks take, as a histogram per disk and kind of request") = "GPL";
