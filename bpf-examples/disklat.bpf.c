// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long disk requests take from their making to their end, by the disk's major and minor number,
 * in nanoseconds and with eight buckets to each power of two: fine enough for quantiles that mean
 * something, and exactly the buckets of a native histogram.
 *
 * The kernel itself notes when a request began. The program does more only if a filter names
 * processes: these are known when a request is made (block_getrq), the request when it is issued.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define FINE_BITS 3 /* 2^3 bounds to a power of two */

BOMBUS_FILTERS;

struct disk_key {
	__s32 major BOMBUS_LABEL BOMBUS_HELP("kind of disk");
	__s32 minor BOMBUS_LABEL BOMBUS_HELP("number of the disk among those of its kind");
	__u32 bucket;
};

BOMBUS_HISTOGRAM_FINE(disk_latency, struct disk_key, 16384, FINE_BITS)
BOMBUS_BUCKETS("exp2/8 10 36") /* a microsecond to a minute */
BOMBUS_UNIT("ns") BOMBUS_HELP("time that disk requests take");

/* LRU: what is merged into another request is never issued on its own. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
} wanted SEC(".maps") BOMBUS_HELP("addresses of bios, then of requests, that pass the filters");

SEC("tp_btf/block_getrq")
int BPF_PROG(on_make, struct bio *bio)
{
	__u64 id = (__u64)bio;
	__u8 yes = 1;

	if (bombus_is_filtering() && bio && !bombus_filtered())
		bpf_map_update_elem(&wanted, &id, &yes, BPF_ANY);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq)
{
	__u64 id = (__u64)rq, bio;
	__u8 yes = 1;

	if (!bombus_is_filtering())
		return 0;
	bio = (__u64)rq->bio;
	if (bpf_map_delete_elem(&wanted, &bio) == 0)
		bpf_map_update_elem(&wanted, &id, &yes, BPF_ANY);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int error, unsigned int nr_bytes)
{
	const struct gendisk *disk = BPF_CORE_READ(rq, q, disk);
	__u64 id = (__u64)rq, start_ns = rq->io_start_time_ns;
	struct disk_key key = {};

	/* Only a part is done and the rest follows, or its start was not noted. */
	if (nr_bytes < rq->__data_len || !start_ns || !disk)
		return 0;
	if (bombus_is_filtering() && bpf_map_delete_elem(&wanted, &id))
		return 0;
	key.major = BPF_CORE_READ(disk, major);
	key.minor = BPF_CORE_READ(disk, first_minor);
	bombus_histogram_observe(&disk_latency, &key, bpf_ktime_get_ns() - start_ns);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long disk requests take, as a native histogram per disk") = "GPL";
