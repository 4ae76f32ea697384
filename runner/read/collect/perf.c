// SPDX-License-Identifier: Apache-2.0
/* Perf event arrays: a buffer for each CPU, mapped and walked by libbpf. */
#include "runner/read/collect/reader.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>

#include "base/err.h"
#include "base/util.h"

#define DEFAULT_PAGES 64

struct perf_reader {
	struct reader *reader;
	struct perf_buffer *buffer;
	uint64_t now_ns, read;
};

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

static enum bpf_perf_event_ret on_event(void *ctx, int cpu, struct perf_event_header *event)
{
	struct perf_reader *perf = ctx;
	struct reader *r = perf->reader;

	if (event->type == PERF_RECORD_LOST && event->size >= sizeof(struct lost_event)) {
		tally_add(&r->lost, ((const struct lost_event *)event)->lost);
	} else if (event->type == PERF_RECORD_SAMPLE &&
		   event->size >= sizeof(struct sample_event)) {
		const struct sample_event *sample = (const struct sample_event *)event;
		uint32_t room = event->size - (uint32_t)sizeof(*sample);

		/* Looked at before, so that there is room; but other maps use the queue as well. */
		if (!reader_take(r, sample->data, MIN(sample->size, room), perf->now_ns))
			tally_add(&r->dropped, 1);
		perf->read++;
		if (unlikely(!reader_has_room(r))) {
			r->waits = true;
			return LIBBPF_PERF_EVENT_DONE;
		}
	}
	return LIBBPF_PERF_EVENT_CONT;
}

int perf_reader_new(struct perf_reader **ret, struct reader *reader, uint32_t pages,
		    struct err *err)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.wakeup_events = 1,
	};
	struct perf_reader *perf = xcalloc(1, sizeof(*perf));
	uint32_t count = 1;

	/* The kernel wants a power of two. */
	while (count < (pages ? pages : DEFAULT_PAGES) && count < 1u << 20)
		count *= 2;
	perf->reader = reader;
	perf->buffer = perf_buffer__new_raw(reader->fd, count, &attr, on_event, perf, NULL);
	if (!perf->buffer) {
		int code = errno;

		free(perf);
		err_exit(err, EXIT_KERNEL);
		return err_sys(err, code, "map %s: cannot open the perf buffers",
			       reader->map->symbol);
	}
	*ret = perf;
	return 0;
}

void perf_reader_free(struct perf_reader *perf)
{
	if (!perf)
		return;
	perf_buffer__free(perf->buffer);
	free(perf);
}

int perf_reader_fd(const struct perf_reader *perf)
{
	return perf_buffer__epoll_fd(perf->buffer);
}

void perf_reader_run(struct perf_reader *perf)
{
	struct reader *r = perf->reader;
	size_t count = perf_buffer__buffer_cnt(perf->buffer);

	r->waits = false;
	for (size_t i = 0; i < count; i++) {
		if (!reader_has_room(r)) {
			r->waits = true;
			break;
		}
		perf->now_ns = now_mono_ns();
		perf->read = 0;
		if (r->series)
			fair_lock_take(&r->env->lock);
		perf_buffer__consume_buffer(perf->buffer, i);
		if (r->series)
			fair_lock_release(&r->env->lock);
		tally_add(&r->read, perf->read);
	}
	reader_publish(r);
}
