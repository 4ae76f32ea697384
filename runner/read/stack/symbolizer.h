/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the addresses in stacks of processes. It reads their maps, the files that are mapped,
 * and the tables that JIT compilers write (/tmp/perf-PID.map, as the process sees it and as this
 * system does). This takes CAP_SYS_PTRACE and, for deleted files, CAP_CHECKPOINT_RESTORE.
 *
 * A process is read when its first stack is asked for, and again when an address is in none of its
 * maps. What is known of it stays after its end. Files are known by their build ids, so that
 * containers of one image share their functions. Everything is bounded: PROCESSES, their maps,
 * FILES and the memory of their tables; the least recently used goes.
 *
 * One thread.
 */
#ifndef BOMBUS_RUNNER_READ_STACK_SYMBOLIZER_H
#define BOMBUS_RUNNER_READ_STACK_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYMBOLIZER_PROCESSES 4096u
#define SYMBOLIZER_MAPS 65536u /* of one process, with code */
#define SYMBOLIZER_FILES 512u
#define SYMBOLIZER_BYTES (256u << 20)

struct symbolizer;

/* `inlines`: functions that were inlined have frames of their own. */
struct symbolizer *symbolizer_new(bool inlines);
void symbolizer_free(struct symbolizer *symbolizer);

/* Looks at the processes that live; from now on it also knows those that end before a stack of
 * theirs is asked for. Borrowed. */
struct lives;
void symbolizer_watch(struct symbolizer *symbolizer, struct lives *lives);
/* Reads what has happened since, which symbolizer_fold() does too. */
void symbolizer_catch_up(struct symbolizer *symbolizer);

/* The stack as in runner/read/text/frames.h, its addresses the innermost first. Returns its length,
 * below `size`. */
size_t symbolizer_fold(struct symbolizer *symbolizer, uint32_t pid, const uint64_t *addrs,
		       size_t count, char *text, size_t size);

#endif
