/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Requests to disks, from their making to their end.
 *
 * The process of a request is known only when the request is made (block_getrq). A request often
 * starts in the context of a kernel thread, and ends in an interrupt. Its process and times are
 * kept by the address of its first bio until the driver has it, and by its own address from then
 * on. Requests of the kernel itself, and those that get another bio in front, have no process.
 *
 *	BOMBUS_DISK_REQUESTS(requests);		// the map whose loss counts those that do not fit
 *
 *	SEC("tp_btf/block_getrq")
 *	int BPF_PROG(on_make, struct bio *bio)
 *	{
 *		if (bio && !bombus_filtered())
 *			bombus_disk_made(bio, -1);
 *		return 0;
 *	}
 *
 *	SEC("tp_btf/block_rq_issue")
 *	int BPF_PROG(on_issue, struct request *rq)
 *	{
 *		bombus_disk_issued(rq);
 *		return 0;
 *	}
 *
 *	SEC("tp_btf/block_rq_complete")
 *	int BPF_PROG(on_complete, struct request *rq, int error, unsigned int nr_bytes)
 *	{
 *		struct bombus_disk_request *known = bombus_disk_done(rq, nr_bytes);
 *
 *		if (known)
 *			... bombus_disk_forget(rq);
 *		return 0;
 *	}
 */
#ifndef BOMBUS_DISK_BPF_H
#define BOMBUS_DISK_BPF_H

#include <bombus/bombus.bpf.h>

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

#define BOMBUS_SECTOR_BYTES 512
#define BOMBUS_NO_SECTOR (~0ull) /* of a request without a place, such as a flush */

static __always_inline enum io_op bombus_disk_op(const struct request *rq)
{
	return BPF_CORE_READ(rq, cmd_flags) & 0xff;
}

/* The disk of a request; 0: none. */
static __always_inline dev_id bombus_disk(const struct request *rq)
{
	const struct gendisk *disk = BPF_CORE_READ(rq, q, disk);

	return disk ? BPF_CORE_READ(disk, major) << 20 | BPF_CORE_READ(disk, first_minor) : 0;
}

struct bombus_disk_request {
	__u64 made_ns; /* 0: not known */
	__u64 issued_ns;
	__u64 offset; /* this and the size change while parts of the request are done */
	__u64 size;
	pid_t pid;   /* 0: none */
	__s32 stack; /* id of the kernel stack that made it; negative: none */
	char comm[BOMBUS_COMM_LEN];
};

/* The maps, and bombus_disk_issued(), which counts a request without room in the loss of `lost`. */
#define BOMBUS_DISK_REQUESTS(lost)                                                                 \
	/* LRU: what is merged into another request never starts on its own. */                    \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_LRU_HASH);                                               \
		__uint(max_entries, 16384);                                                        \
		__type(key, __u64);                                                                \
		__type(value, struct bombus_disk_request);                                         \
	} bombus_disk_making SEC(".maps")                                                          \
		BOMBUS_HELP("requests made, by the address of their bio");                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, 16384);                                                        \
		__type(key, __u64);                                                                \
		__type(value, struct bombus_disk_request);                                         \
	} bombus_disk_running SEC(".maps")                                                         \
		BOMBUS_HELP("requests that the driver has, by address");                           \
	static __always_inline void bombus_disk_issued(const struct request *rq)                   \
	{                                                                                          \
		if (bombus__disk_issued(rq, &bombus_disk_making, &bombus_disk_running,             \
					bombus_is_filtering()))                                    \
			bombus_lost(&lost);                                                        \
	}                                                                                          \
	struct bombus__disk_requests

/* A request for this bio is made by the thread that runs now; `kernel_stack` is an id or -1. */
#define bombus_disk_made(bio, kernel_stack)                                                        \
	bombus__disk_made(&bombus_disk_making, bio, kernel_stack)
/* What is known of a request that ended; NULL: nothing, or a part of it is still to come. */
#define bombus_disk_done(rq, nr_bytes) bombus__disk_done(&bombus_disk_running, rq, nr_bytes)
#define bombus_disk_forget(rq) bombus__disk_forget(&bombus_disk_running, rq)

static __always_inline void bombus__disk_made(void *making, const struct bio *bio, __s32 stack)
{
	struct bombus_disk_request request = {};
	__u64 id = (__u64)bio;

	request.made_ns = bpf_ktime_get_ns();
	request.pid = bpf_get_current_pid_tgid() >> 32;
	request.stack = stack;
	bpf_get_current_comm(request.comm, sizeof(request.comm));
	bpf_map_update_elem(making, &id, &request, BPF_ANY);
}

static __always_inline long bombus__disk_issued(const struct request *rq, void *making,
						void *running, bool filtering)
{
	__u64 id = (__u64)rq, bio = (__u64)rq->bio;
	struct bombus_disk_request *made = bpf_map_lookup_elem(making, &bio), request = {};

	request.stack = -1;
	if (made) {
		request = *made;
		bpf_map_delete_elem(making, &bio);
	} else if (filtering) {
		return 0;
	}
	request.issued_ns = bpf_ktime_get_ns();
	if (rq->__sector != BOMBUS_NO_SECTOR)
		request.offset = rq->__sector * BOMBUS_SECTOR_BYTES;
	request.size = rq->__data_len;
	return bpf_map_update_elem(running, &id, &request, BPF_ANY);
}

static __always_inline struct bombus_disk_request *
bombus__disk_done(void *running, const struct request *rq, unsigned int nr_bytes)
{
	__u64 id = (__u64)rq;

	if (nr_bytes < rq->__data_len)
		return (void *)0;
	return bpf_map_lookup_elem(running, &id);
}

static __always_inline void bombus__disk_forget(void *running, const struct request *rq)
{
	__u64 id = (__u64)rq;

	bpf_map_delete_elem(running, &id);
}

#endif
