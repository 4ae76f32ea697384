// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Flushes of arrays of disks (md): each makes all disks of the array write out their caches, which
 * holds up other requests for a moment.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/calls.bpf.h>

#define MD_MAJOR 9
#define MINOR_BITS 20

BOMBUS_FILTERS;

struct event {
	BOMBUS_WHO;
	dev_id array BOMBUS_LABEL BOMBUS_HELP("array of disks");
};

BOMBUS_EVENTS(flushes, struct event, 1 << 20) BOMBUS_HELP("flushes of arrays of disks");

SEC("tp_btf/block_bio_queue")
int BPF_PROG(on_queue, struct bio *bio)
{
	dev_id disk = BPF_CORE_READ(bio, bi_bdev, bd_dev);
	struct event *e;

	if (!(bio->bi_opf & (1u << __REQ_PREFLUSH)) || disk >> MINOR_BITS != MD_MAJOR ||
	    bombus_filtered())
		return 0;
	e = bombus_reserve(&flushes, sizeof(*e));
	if (!e)
		return 0;
	bombus_who(e);
	e->array = disk;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("flushes of arrays of disks (md), by process") = "GPL";
