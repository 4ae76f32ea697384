/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buffer of one CPU of a perf event array, of two tracepoints, or of what processes do, read
 * where it stands.
 *
 * One page with the positions, then the data. Records are a header of 8 bytes (type, length) and
 * what belongs to it, padded to 8; one that goes over the end continues at the start and is put
 * together in room of the caller's. A sample is its length in 4 bytes and the program's bytes.
 *
 * Two perf events write into it. One wakes its reader with each record, the other one when half of
 * the buffer is full; which of them stands in the array decides what records cost.
 */
#ifndef BOMBUS_RUNNER_READ_COLLECT_CPU_BUFFER_H
#define BOMBUS_RUNNER_READ_COLLECT_CPU_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct perf_event_header;
struct perf_event_mmap_page;

#define CPU_BUFFER_RECORD_BYTES (1u << 16) /* no record is longer */

struct cpu_buffer {
	struct perf_event_mmap_page *page; /* NULL: not mapped */
	const uint8_t *data;
	uint64_t mask;
	uint64_t pos;  /* of the next record */
	uint64_t next; /* behind the record that cpu_buffer_peek() gave */
	uint64_t seen; /* the kernel's position when last looked at */
	uint64_t lost; /* by the records that say so; without `exact` all that is known */
	size_t bytes;  /* mapped */
	int fd;	       /* wakes with each record */
	int batch_fd;  /* wakes when half of it is full; -1: there is none */
	bool exact;    /* the kernel counts what it did not take: PERF_FORMAT_LOST */
	uint64_t running_ns, checked_ns; /* as the last cpu_buffer_check() found it */
};

/* `pages` is a power of two; opener NULL: this process. On failure it is not open. */
struct opener;
int cpu_buffer_open(struct cpu_buffer *buffer, struct opener *opener, int cpu, uint32_t pages,
		    struct err *err);
/* The records of two tracepoints instead, each of which wakes the reader; this process opens them.
 * A sample is the tracepoint's record as its `format` describes it. */
int cpu_buffer_open_tracepoints(struct cpu_buffer *buffer, const uint32_t ids[2], int cpu,
				uint32_t pages, struct err *err);
/*
 * What processes do instead: PERF_RECORD_FORK, COMM and MMAP2 of code, each with its time in its
 * last 8 bytes. Opened first, with privileges, and mapped by the process that reads it: a mapping
 * is not inherited. The reader wakes when an eighth of the buffer is full.
 */
int cpu_buffer_open_processes(struct cpu_buffer *buffer, int cpu, uint32_t pages, struct err *err);
int cpu_buffer_map(struct cpu_buffer *buffer, int cpu, uint32_t pages, struct err *err);
void cpu_buffer_close(struct cpu_buffer *buffer); /* also one that is not open */

/* The next sample, or NULL. It stays where it is until cpu_buffer_advance(); `room` has
 * CPU_BUFFER_RECORD_BYTES, and is used for one record of all until the next release. */
const void *cpu_buffer_peek(struct cpu_buffer *buffer, uint8_t *room, uint32_t *ret_len);
/* The same for a record of any kind, with its header. */
const struct perf_event_header *cpu_buffer_peek_record(struct cpu_buffer *buffer, uint8_t *room);
static inline void cpu_buffer_advance(struct cpu_buffer *buffer)
{
	buffer->pos = buffer->next;
}
/* Up to where the kernel has written. */
uint64_t cpu_buffer_head(const struct cpu_buffer *buffer);
/* Gives the room of what was read back to the kernel. */
void cpu_buffer_release(struct cpu_buffer *buffer);

/*
 * How many records the kernel did not take so far. False: the events do not run any more, since
 * their CPU went offline; the buffer has to be opened again.
 */
bool cpu_buffer_check(struct cpu_buffer *buffer, uint64_t now_ns, uint64_t *ret_lost);

#endif
