// SPDX-License-Identifier: Apache-2.0
#include "runner/read/collect/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/err.h"

/* The room is given back after this part of the ring, at the latest after MAX_STEP: late enough
 * for the producer not to wait for the line with the position, too early to lose a record. */
#define STEP_PART 64
#define MAX_STEP 4096

/* Maps the producer's page and this much of the data. */
static int map_data(struct ring *ring, struct ring_view *view, size_t data_bytes)
{
	size_t bytes = ring->page_bytes + data_bytes;
	void *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, ring->map_fd, (off_t)ring->page_bytes);

	if (at == MAP_FAILED)
		return -errno;
	*view = (struct ring_view){ at, bytes };
	ring->producer = at;
	ring->data = (const uint8_t *)at + ring->page_bytes;
	ring->reach = data_bytes;
	return 0;
}

bool ring_reach_all(struct ring *ring)
{
	return map_data(ring, &ring->views[1], 2 * (ring->mask + 1)) == 0;
}

int ring_open(struct ring *ring, int map_fd, struct err *err)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	struct ring r = { .page_bytes = (size_t)sysconf(_SC_PAGESIZE), .map_fd = map_fd };
	size_t tail;
	void *map;
	int code;

	if (bpf_obj_get_info_by_fd(map_fd, &info, &len) < 0)
		return err_sys(err, errno, "cannot look at the ring buffer");
	if (info.type != BPF_MAP_TYPE_RINGBUF || !info.max_entries ||
	    info.max_entries & (info.max_entries - 1))
		return err_set(err, EINVAL, "this map is no ring buffer");
	r.mask = info.max_entries - 1;
	r.step = MIN((unsigned long)info.max_entries / STEP_PART, (unsigned long)MAX_STEP);
	tail = MAX(MIN((size_t)info.max_entries, (size_t)RING_TAIL_BYTES), r.page_bytes);
	map = mmap(NULL, r.page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (map == MAP_FAILED)
		return err_sys(err, errno, "cannot map the ring buffer");
	r.consumer = map;
	code = map_data(&r, &r.views[0], (size_t)info.max_entries + tail);
	if (code < 0) {
		munmap(r.consumer, r.page_bytes);
		return err_sys(err, code, "cannot map the ring buffer");
	}
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
	for (size_t i = 0; i < ARRAY_LEN(ring->views); i++)
		if (ring->views[i].at)
			munmap(ring->views[i].at, ring->views[i].bytes);
	munmap(ring->consumer, ring->page_bytes);
	*ring = (struct ring){ 0 };
}
