// SPDX-License-Identifier: Apache-2.0
/*
 * Perf event arrays: a buffer for each online CPU.
 *
 * A record that wakes its reader costs both sides microseconds. So as soon as records come faster
 * than the reader should be woken, the array gets the events that wake it when a buffer is half
 * full, and a timer bounds the delay; when they come slowly again, the array gets the others back.
 *
 * CPUs come and go. The events of one that went offline do not run any more, also when it is back.
 * Each sweep looks for such CPUs and for new ones. What they wrote meanwhile nothing counts, so
 * from then on the map's loss is not known.
 */
#include "runner/read/collect/reader.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/read/collect/cpu_buffer.h"

#define DEFAULT_PAGES 64
#define DELAY_NS 10000000 /* upper bound on the delay of a record that does not wake the reader */
#define BUSY_RUNS 3	  /* so often woken in that time: records are to come in batches */
#define QUIET_TICKS 10	  /* so often in a row hardly any record: each wakes the reader again */
#define QUIET_RECORDS 2

struct perf_reader {
	struct reader *reader;
	struct cpu_buffer *buffers; /* by CPU, not all open */
	bool *online;		    /* by CPU */
	bool *refused;		    /* by CPU: it could not be opened, which was said */
	uint32_t ncpus, pages;
	uint8_t *room; /* for a record that goes over a buffer's end */
	int epoll_fd;  /* of all buffers and the timer */
	int timer_fd, online_fd;
	uint64_t closed_lost; /* of buffers that are closed */
	bool missed;	      /* some CPU wrote when there was no buffer for it */
	bool exact;
	bool batches; /* the array has the events that wake rarely */
	uint64_t window_ns;
	uint32_t window_runs, quiet_ticks;
};

static int put_event(struct perf_reader *p, uint32_t cpu)
{
	const struct cpu_buffer *b = &p->buffers[cpu];
	int fd = p->batches && b->batch_fd >= 0 ? b->batch_fd : b->fd;

	return bpf_map_update_elem(p->reader->fd, &cpu, &fd, BPF_ANY) < 0 ? -errno : 0;
}

static int open_cpu(struct perf_reader *p, uint32_t cpu, struct err *err)
{
	struct cpu_buffer *b = &p->buffers[cpu];
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = cpu };
	int code = cpu_buffer_open(b, p->reader->env->opener, (int)cpu, p->pages, err);

	if (code < 0)
		return code;
	code = put_event(p, cpu);
	if (code == 0 && epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, b->fd, &event) < 0)
		code = -errno;
	if (code < 0) {
		cpu_buffer_close(b);
		return err_sys(err, -code, "cannot put the perf buffer of CPU %u into the map",
			       cpu);
	}
	p->exact = p->exact && b->exact;
	return 0;
}

/* Timer: 0 none. */
static void set_timer(struct perf_reader *p, uint64_t first_ns, uint64_t every_ns)
{
	struct itimerspec spec = {
		.it_value.tv_nsec = (long)first_ns,
		.it_interval.tv_nsec = (long)every_ns,
	};

	timerfd_settime(p->timer_fd, 0, &spec, NULL);
}

static int open_all(struct perf_reader *p, struct err *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = UINT32_MAX };
	int code;

	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	p->online_fd = cpus_open_online();
	if (p->epoll_fd < 0 || p->timer_fd < 0 ||
	    epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->timer_fd, &event) < 0)
		return err_sys(err, errno, "cannot wait for perf buffers");
	code = p->online_fd < 0 ? p->online_fd : cpus_read(p->online_fd, p->online, p->ncpus);
	if (code < 0)
		return err_sys(err, -code, "cannot find out which CPUs are online");
	for (uint32_t cpu = 0; cpu < p->ncpus; cpu++) {
		code = p->online[cpu] ? open_cpu(p, cpu, err) : 0;
		if (code < 0 && code != -ENODEV) /* gone since */
			return code;
	}
	return 0;
}

int perf_reader_new(struct perf_reader **ret, struct reader *reader, uint32_t pages,
		    struct err *err)
{
	struct perf_reader *p = xcalloc(1, sizeof(*p));
	int code;

	*p = (struct perf_reader){ .reader = reader,
				   .epoll_fd = -1,
				   .timer_fd = -1,
				   .online_fd = -1,
				   .exact = true,
				   .pages = 1 };
	/* The kernel wants a power of two. */
	while (p->pages < (pages ? pages : DEFAULT_PAGES) && p->pages < 1u << 20)
		p->pages *= 2;
	p->ncpus = MIN(reader->env->cpus, (uint32_t)CPUS_MAX);
	p->buffers = xcalloc(p->ncpus, sizeof(*p->buffers));
	p->online = xcalloc(p->ncpus, sizeof(*p->online));
	p->refused = xcalloc(p->ncpus, sizeof(*p->refused));
	p->room = xmalloc(CPU_BUFFER_RECORD_BYTES);
	code = open_all(p, err);
	if (code < 0) {
		perf_reader_free(p);
		err_exit(err, EXIT_KERNEL);
		return code;
	}
	__atomic_store_n(ret, p, __ATOMIC_RELEASE); /* collector_stats() is any thread's */
	return 0;
}

void perf_reader_free(struct perf_reader *p)
{
	if (!p)
		return;
	for (uint32_t cpu = 0; cpu < p->ncpus; cpu++)
		cpu_buffer_close(&p->buffers[cpu]);
	close_fd(&p->epoll_fd);
	close_fd(&p->timer_fd);
	close_fd(&p->online_fd);
	free(p->buffers);
	free(p->online);
	free(p->refused);
	free(p->room);
	free(p);
}

int perf_reader_fd(const struct perf_reader *p)
{
	return p->epoll_fd;
}

bool perf_reader_knows_loss(const struct perf_reader *p)
{
	return p->exact && !p->missed;
}

static void use_batches(struct perf_reader *p, bool batches)
{
	p->batches = batches;
	p->quiet_ticks = 0;
	for (uint32_t cpu = 0; cpu < p->ncpus; cpu++)
		if (p->buffers[cpu].page)
			put_event(p, cpu);
	/* Once more after the change back: for the record of a program that was just writing. */
	set_timer(p, DELAY_NS, batches ? DELAY_NS : 0);
}

/* Chooses how records wake us, by how often they did and how many there were. */
static void choose_events(struct perf_reader *p, uint64_t records, bool tick)
{
	uint64_t now_ns = now_mono_ns();

	if (p->batches) {
		p->quiet_ticks = records > QUIET_RECORDS ? 0 : p->quiet_ticks + tick;
		if (p->quiet_ticks >= QUIET_TICKS)
			use_batches(p, false);
		return;
	}
	if (now_ns - p->window_ns > DELAY_NS) {
		p->window_ns = now_ns;
		p->window_runs = 0;
	}
	p->window_runs += records > 0;
	if (p->window_runs >= BUSY_RUNS)
		use_batches(p, true);
}

static bool read_tick(struct perf_reader *p)
{
	uint64_t ticks;

	return read(p->timer_fd, &ticks, sizeof(ticks)) > 0;
}

static uint64_t run_all(struct perf_reader *p)
{
	struct reader *r = p->reader;
	uint64_t records = 0;

	r->waits = false;
	for (uint32_t cpu = 0; cpu < p->ncpus && !r->waits; cpu++)
		if (p->buffers[cpu].page)
			records += reader_run_cpu(r, &p->buffers[cpu], p->room);
	reader_publish(r);
	return records;
}

void perf_reader_run(struct perf_reader *p)
{
	bool tick = read_tick(p);

	choose_events(p, run_all(p), tick);
}

/* Reads what is left in the buffer of a CPU that went, as far as there is room for it. */
static void leave_cpu(struct perf_reader *p, uint32_t cpu, uint64_t lost)
{
	struct cpu_buffer *b = &p->buffers[cpu];

	reader_run_cpu(p->reader, b, p->room);
	if (cpu_buffer_head(b) != b->pos)
		p->missed = true;
	p->closed_lost += b->exact ? lost : b->lost;
	cpu_buffer_close(b); /* which takes it out of the epoll set as well */
}

static void enter_cpu(struct perf_reader *p, uint32_t cpu)
{
	struct err err = { 0 };

	if (open_cpu(p, cpu, &err) == 0) {
		log_info("map '%s': CPU %u came online; it is not known what it lost before",
			 p->reader->map->name, cpu);
		p->refused[cpu] = false;
	} else if (!p->refused[cpu]) {
		log_warn("map '%s': CPU %u came online and its records are lost: %s",
			 p->reader->map->name, cpu, err.msg);
		p->refused[cpu] = true;
	}
	p->missed = true;
}

void perf_reader_sweep(struct perf_reader *p)
{
	struct reader *r = p->reader;
	uint64_t now_ns = now_mono_ns(), total = 0;

	if (cpus_read(p->online_fd, p->online, p->ncpus) < 0)
		p->missed = true;
	for (uint32_t cpu = 0; cpu < p->ncpus; cpu++) {
		struct cpu_buffer *b = &p->buffers[cpu];
		uint64_t lost = 0;

		if (b->page && (!cpu_buffer_check(b, now_ns, &lost) || !p->online[cpu])) {
			leave_cpu(p, cpu, lost);
			lost = 0;
		}
		if (!b->page && p->online[cpu])
			enter_cpu(p, cpu);
		total += lost;
	}
	reader_publish(r);
	tally_set(&r->lost, p->closed_lost + total);
}
