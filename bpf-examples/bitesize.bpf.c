// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How large the requests to disks are, as a histogram by the thread that wanted them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/disk.bpf.h>
#include <bombus/histogram.bpf.h>

BOMBUS_FILTERS;

struct size_key {
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread, empty: none");
	enum io_op op BOMBUS_LABEL BOMBUS_HELP("kind of request");
	__u32 bucket;
};

BOMBUS_HISTOGRAM(bio_size, struct size_key, 16384)
BOMBUS_UNIT("bytes") BOMBUS_HELP("sizes of requests to disks");
BOMBUS_DISK_REQUESTS(bio_size);

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

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int error, unsigned int nr_bytes)
{
	struct bombus_disk_request *known = bombus_disk_done(rq, nr_bytes);
	struct size_key key = { .op = bombus_disk_op(rq) };

	if (!known)
		return 0;
	__builtin_memcpy(key.comm, known->comm, sizeof(key.comm));
	bombus_histogram_observe(&bio_size, &key, known->size);
	bombus_disk_forget(rq);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how large requests to disks are, by thread") = "GPL";
