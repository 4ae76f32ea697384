// SPDX-License-Identifier: Apache-2.0
#include "runner/read/stack/lives.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/read/collect/cpu_buffer.h"

#define PAGES 64	       /* of a CPU: some 300 programs that start at once */
#define BATCH_BYTES (4u << 20) /* that are put in order together */
#define COMM_EXEC (1u << 13)   /* PERF_RECORD_MISC_COMM_EXEC */

/* As the kernel writes them. */
struct map_event {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t addr, bytes, offset;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t prot, flags;
	char path[];
};

struct fork_event {
	struct perf_event_header header;
	uint32_t pid, parent, tid, parent_tid;
};

struct comm_event {
	struct perf_event_header header;
	uint32_t pid, tid;
	char comm[];
};

/* A record in the batch. */
struct moment {
	uint64_t time_ns;
	uint32_t at;
};

struct lives {
	struct cpu_buffer *buffers;
	int *cpus;
	uint32_t count;
	int epoll_fd;
	uint8_t *room, *batch;
	struct moment *moments;
	uint32_t bytes, nmoments, most;
};

int lives_open(struct lives **ret, struct err *err)
{
	_cleanup_free_ bool *on = xcalloc(CPUS_MAX, sizeof(*on));
	_cleanup_close_ int fd = cpus_open_online();
	int count = fd < 0 ? fd : cpus_read(fd, on, CPUS_MAX), code = 0;
	struct lives *lives;

	if (count < 0)
		return err_sys(err, -count, "cannot read which CPUs there are");
	lives = xcalloc(1, sizeof(*lives));
	lives->epoll_fd = -1;
	lives->buffers = xcalloc((size_t)count + 1, sizeof(*lives->buffers));
	lives->cpus = xcalloc((size_t)count + 1, sizeof(*lives->cpus));
	for (int cpu = 0; cpu < CPUS_MAX && lives->count < (uint32_t)count && code == 0; cpu++) {
		if (!on[cpu])
			continue;
		code = cpu_buffer_open_processes(&lives->buffers[lives->count], cpu, PAGES, err);
		if (code == 0)
			lives->cpus[lives->count++] = cpu;
	}
	if (code < 0)
		lives_close(lives);
	else
		*ret = lives;
	return code;
}

int lives_map(struct lives *lives, struct err *err)
{
	int code = 0;

	lives->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	lives->room = xmalloc(CPU_BUFFER_RECORD_BYTES);
	lives->batch = xmalloc(BATCH_BYTES);
	for (uint32_t i = 0; i < lives->count && code == 0; i++) {
		struct epoll_event event = { .events = EPOLLIN };

		code = cpu_buffer_map(&lives->buffers[i], lives->cpus[i], PAGES, err);
		if (code == 0 &&
		    epoll_ctl(lives->epoll_fd, EPOLL_CTL_ADD, lives->buffers[i].fd, &event) < 0)
			code = err_sys(err, errno, "epoll");
	}
	return code;
}

void lives_close(struct lives *lives)
{
	if (!lives)
		return;
	for (uint32_t i = 0; i < lives->count; i++)
		cpu_buffer_close(&lives->buffers[i]);
	close_fd(&lives->epoll_fd);
	free(lives->buffers);
	free(lives->cpus);
	free(lives->room);
	free(lives->batch);
	free(lives->moments);
	free(lives);
}

int lives_fd(const struct lives *lives)
{
	return lives->epoll_fd;
}

/* ---- a batch ---- */

static bool keep(struct lives *lives, const struct perf_event_header *header)
{
	uint32_t size = header->size;
	struct moment *moment;

	if (lives->bytes + size > BATCH_BYTES)
		return false;
	if (lives->nmoments == lives->most) {
		lives->most = MAX(2 * lives->most, 256u);
		lives->moments =
			xreallocarray(lives->moments, lives->most, sizeof(*lives->moments));
	}
	memcpy(lives->batch + lives->bytes, header, size);
	moment = &lives->moments[lives->nmoments++];
	moment->at = lives->bytes;
	memcpy(&moment->time_ns, lives->batch + lives->bytes + size - sizeof(uint64_t),
	       sizeof(uint64_t));
	lives->bytes += size;
	return true;
}

/* True: there is more. */
static bool collect(struct lives *lives)
{
	const struct perf_event_header *header;
	bool more = false;

	lives->bytes = lives->nmoments = 0;
	for (uint32_t i = 0; i < lives->count; i++) {
		struct cpu_buffer *b = &lives->buffers[i];

		while (!more && (header = cpu_buffer_peek_record(b, lives->room))) {
			bool is_ours = header->type == PERF_RECORD_MMAP2 ||
				       header->type == PERF_RECORD_FORK ||
				       header->type == PERF_RECORD_COMM;

			more = is_ours && header->size >= sizeof(*header) + 16 &&
			       !keep(lives, header);
			if (!more)
				cpu_buffer_advance(b);
		}
		cpu_buffer_release(b);
	}
	return more;
}

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void give(const struct perf_event_header *header, uint64_t time_ns,
		 const struct lives_ops *ops, void *ctx)
{
	const struct map_event *map = (const void *)header;
	const struct fork_event *begun = (const void *)header;
	const struct comm_event *comm = (const void *)header;

	if (header->type == PERF_RECORD_FORK && header->size >= sizeof(*begun)) {
		/* Not a thread. */
		if (begun->pid != begun->parent)
			ops->fork(ctx, begun->pid, begun->parent, time_ns);
	} else if (header->type == PERF_RECORD_COMM) {
		if (header->misc & COMM_EXEC)
			ops->exec(ctx, comm->pid, time_ns);
	} else if (header->type == PERF_RECORD_MMAP2 &&
		   header->size > sizeof(*map) + sizeof(uint64_t) && (map->prot & PROT_EXEC) &&
		   memchr(map->path, '\0', header->size - sizeof(*map))) {
		ops->map(ctx, map->pid, map->addr, map->bytes, map->offset, map->inode, map->path);
	}
}

void lives_read(struct lives *lives, const struct lives_ops *ops, void *ctx)
{
	bool more = true;

	while (more) {
		more = collect(lives);
		if (lives->nmoments)
			qsort(lives->moments, lives->nmoments, sizeof(*lives->moments), by_time);
		for (uint32_t i = 0; i < lives->nmoments; i++)
			give((const void *)(lives->batch + lives->moments[i].at),
			     lives->moments[i].time_ns, ops, ctx);
	}
}
