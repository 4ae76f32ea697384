// SPDX-License-Identifier: Apache-2.0
#include "runner/read/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/err.h"

/* The room is given back after this part of the ring, at the latest after MAX_STEP: late enough
 * for the producer not to wait for the line with the position, too early to lose a record. */
#define STEP_PART 64
#define MAX_STEP 4096

int ring_open(struct ring *ring, int map_fd, struct err *err)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct ring r = { .page_bytes = page };
	void *map;

	if (bpf_obj_get_info_by_fd(map_fd, &info, &len) < 0)
		return err_sys(err, errno, "cannot look at the ring buffer");
	if (info.type != BPF_MAP_TYPE_RINGBUF || !info.max_entries ||
	    info.max_entries & (info.max_entries - 1))
		return err_set(err, EINVAL, "this map is no ring buffer");
	r.mask = info.max_entries - 1;
	r.step = MIN((unsigned long)info.max_entries / STEP_PART, (unsigned long)MAX_STEP);
	r.data_map_bytes = page + 2 * (size_t)info.max_entries;
	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (map == MAP_FAILED)
		return err_sys(err, errno, "cannot map the ring buffer");
	r.consumer = map;
	map = mmap(NULL, r.data_map_bytes, PROT_READ, MAP_SHARED, map_fd, (off_t)page);
	if (map == MAP_FAILED) {
		int code = errno;

		munmap(r.consumer, page);
		return err_sys(err, code, "cannot map the ring buffer");
	}
	r.producer = map;
	r.data = (const uint8_t *)map + page;
	r.pos = __atomic_load_n(r.consumer, __ATOMIC_ACQUIRE);
	r.seen = r.released = r.next = r.pos;
	*ring = r;
	return 0;
}

void ring_close(struct ring *ring)
{
	if (!ring->consumer)
		return;
	ring_release(ring);
	munmap((void *)ring->producer, ring->data_map_bytes);
	munmap(ring->consumer, ring->page_bytes);
	*ring = (struct ring){ 0 };
}
