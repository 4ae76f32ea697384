// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Whether disks are read and written in order: requests that begin where the one before ended, and
 * those that begin elsewhere, by disk and kind.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/disk.bpf.h>

BOMBUS_FILTERS;

struct pattern_key {
	dev_id disk BOMBUS_HELP("disk");
	enum io_op op BOMBUS_HELP("kind of request");
};

struct pattern {
	__u64 sequential BOMBUS_HELP("requests that begin where the one before ended");
	__u64 random BOMBUS_HELP("requests that begin elsewhere");
	__u64 data BOMBUS_UNIT("bytes") BOMBUS_HELP("data moved");
	__u64 next BOMBUS_HIDE BOMBUS_HELP("where the last one ended");
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct pattern_key);
	__type(value, struct pattern);
} bio_pattern SEC(".maps.counter") BOMBUS_HELP("order of requests to disks");
BOMBUS_LOST(bio_pattern);
BOMBUS_DISK_REQUESTS(bio_pattern);

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

static __always_inline struct pattern *pattern_of(const struct request *rq)
{
	struct pattern_key key = { .disk = bombus_disk(rq), .op = bombus_disk_op(rq) };

	return bombus_entry(&bio_pattern, &key);
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int error, unsigned int nr_bytes)
{
	struct bombus_disk_request *known = bombus_disk_done(rq, nr_bytes);
	struct pattern *pattern = known && known->size ? pattern_of(rq) : NULL;

	if (pattern) {
		/* The first one follows none: it is in order if it begins at the disk's start. */
		bombus_add(known->offset == pattern->next ? &pattern->sequential : &pattern->random,
			   1);
		bombus_add(&pattern->data, known->size);
		pattern->next = known->offset + known->size;
	}
	if (known)
		bombus_disk_forget(rq);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("whether disks are read and written in order") = "GPL";
