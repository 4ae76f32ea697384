// SPDX-License-Identifier: Apache-2.0
#include "runner/read/collect/cpu_buffer.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/sandbox/opener.h"

#define FORMAT_LOST (1u << 4) /* PERF_FORMAT_LOST, of Linux 6.0 */
#define CHECK_NS 1000000      /* an event that runs has run in such a time */

/* As the kernel writes them. */
struct sample_event {
	struct perf_event_header header;
	uint32_t size;
	uint8_t data[];
};

struct lost_event {
	struct perf_event_header header;
	uint64_t id;
	uint64_t lost;
};

struct counts {
	uint64_t value, enabled_ns, running_ns, lost;
};

static int open_event(struct opener *opener, int cpu, bool batch, bool exact)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING |
			       (exact ? FORMAT_LOST : 0),
		.watermark = batch,
	};

	attr.wakeup_events = batch ? 0 : 1;
	return opener_perf_event(opener, &attr, cpu);
}

/* Without it every record wakes the reader. */
static void open_batch_event(struct opener *opener, struct cpu_buffer *b, int cpu)
{
	_cleanup_close_ int fd = open_event(opener, cpu, true, b->exact);

	b->batch_fd = -1;
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, b->fd) < 0)
		return;
	b->batch_fd = fd;
	fd = -1;
}

int cpu_buffer_map(struct cpu_buffer *b, int cpu, uint32_t pages, struct err *err)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *map;

	b->bytes = (pages + 1) * page_bytes;
	map = mmap(NULL, b->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
	if (map == MAP_FAILED) {
		int code = errno;

		close_fd(&b->fd);
		b->fd = -1;
		return err_sys(err, code, "cannot map the perf buffer of CPU %d", cpu);
	}
	b->page = map;
	b->data = (const uint8_t *)map + page_bytes;
	b->mask = (uint64_t)pages * page_bytes - 1;
	return 0;
}

int cpu_buffer_open(struct cpu_buffer *b, struct opener *opener, int cpu, uint32_t pages,
		    struct err *err)
{
	int code;

	*b = (struct cpu_buffer){ .exact = true };
	b->fd = open_event(opener, cpu, false, true);
	if (b->fd == -EINVAL) {
		b->exact = false;
		b->fd = open_event(opener, cpu, false, false);
	}
	if (b->fd < 0)
		return err_sys(err, -b->fd, "cannot open the perf buffer of CPU %d", cpu);
	code = cpu_buffer_map(b, cpu, pages, err);
	if (code == 0)
		open_batch_event(opener, b, cpu);
	return code;
}

static int open_tracepoint(uint32_t id, int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_TRACEPOINT,
		.config = id,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.wakeup_events = 1,
	};

	return opener_perf_event(NULL, &attr, cpu);
}

int cpu_buffer_open_tracepoints(struct cpu_buffer *b, const uint32_t ids[2], int cpu,
				uint32_t pages, struct err *err)
{
	int code;

	*b = (struct cpu_buffer){ .batch_fd = -1 };
	b->fd = open_tracepoint(ids[0], cpu);
	if (b->fd < 0)
		return err_sys(err, -b->fd, "cannot open a tracepoint on CPU %d", cpu);
	code = cpu_buffer_map(b, cpu, pages, err);
	if (code < 0)
		return code;
	b->batch_fd = open_tracepoint(ids[1], cpu);
	code = b->batch_fd;
	if (code >= 0 && ioctl(b->batch_fd, PERF_EVENT_IOC_SET_OUTPUT, b->fd) < 0)
		code = -errno;
	if (code < 0)
		cpu_buffer_close(b);
	return code < 0 ? err_sys(err, -code, "cannot open a tracepoint on CPU %d", cpu) : 0;
}

int cpu_buffer_open_processes(struct cpu_buffer *b, int cpu, uint32_t pages, struct err *err)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.exclude_kernel = 1,
		.watermark = 1,
		.wakeup_watermark = pages * (uint32_t)sysconf(_SC_PAGESIZE) / 8,
	};

	*b = (struct cpu_buffer){ .batch_fd = -1 };
	b->fd = opener_perf_event(NULL, &attr, cpu);
	return b->fd < 0 ? err_sys(err, -b->fd, "cannot watch the processes of CPU %d", cpu) : 0;
}

void cpu_buffer_close(struct cpu_buffer *b)
{
	/* A zeroed one has never been opened. */
	if (!b->page && b->batch_fd >= 0)
		return;
	if (b->page)
		munmap(b->page, b->bytes);
	close_fd(&b->batch_fd);
	close_fd(&b->fd);
	*b = (struct cpu_buffer){ 0 };
}

/* A record in one piece. */
static const void *whole_record(const struct cpu_buffer *b, uint8_t *room, uint32_t size)
{
	uint64_t at = b->pos & b->mask, first = b->mask + 1 - at;

	if (likely(size <= first))
		return b->data + at;
	memcpy(room, b->data + at, first);
	memcpy(room + first, b->data, size - first);
	return room;
}

static inline const struct perf_event_header *next_record(struct cpu_buffer *b, uint8_t *room)
{
	const struct perf_event_header *header;
	uint32_t size;

	if (b->pos == b->seen) {
		b->seen = __atomic_load_n(&b->page->data_head, __ATOMIC_ACQUIRE);
		if (b->pos == b->seen)
			return NULL;
	}
	header = (const void *)(b->data + (b->pos & b->mask));
	size = header->size;
	if (unlikely(size < sizeof(*header)))
		return NULL; /* not the kernel's work */
	header = whole_record(b, room, size);
	b->next = b->pos + size;
	if (header->type == PERF_RECORD_LOST && size >= sizeof(struct lost_event))
		b->lost += ((const struct lost_event *)(const void *)header)->lost;
	return header;
}

const struct perf_event_header *cpu_buffer_peek_record(struct cpu_buffer *b, uint8_t *room)
{
	return next_record(b, room);
}

const void *cpu_buffer_peek(struct cpu_buffer *b, uint8_t *room, uint32_t *ret_len)
{
	const struct perf_event_header *header;

	while ((header = next_record(b, room))) {
		const struct sample_event *sample = (const void *)header;

		if (likely(header->type == PERF_RECORD_SAMPLE && header->size >= sizeof(*sample))) {
			*ret_len = MIN(sample->size, header->size - (uint32_t)sizeof(*sample));
			return sample->data;
		}
		b->pos = b->next;
	}
	return NULL;
}

uint64_t cpu_buffer_head(const struct cpu_buffer *b)
{
	return __atomic_load_n(&b->page->data_head, __ATOMIC_ACQUIRE);
}

void cpu_buffer_release(struct cpu_buffer *b)
{
	__atomic_store_n(&b->page->data_tail, b->pos, __ATOMIC_RELEASE);
}

static bool read_counts(int fd, struct counts *ret)
{
	*ret = (struct counts){ 0 };
	return read(fd, ret, sizeof(*ret)) > (ssize_t)sizeof(uint64_t);
}

bool cpu_buffer_check(struct cpu_buffer *b, uint64_t now_ns, uint64_t *ret_lost)
{
	struct counts counts, batch = { 0 };
	bool runs = read_counts(b->fd, &counts);

	if (b->batch_fd >= 0)
		read_counts(b->batch_fd, &batch);
	*ret_lost = b->exact && runs ? counts.lost + batch.lost : b->lost;
	if (now_ns - b->checked_ns < CHECK_NS)
		return true;
	runs = runs && counts.running_ns != b->running_ns;
	b->running_ns = counts.running_ns;
	b->checked_ns = now_ns;
	return runs;
}
