/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beginnings of processes and the code that they map, as the kernel tells it: perf events without
 * samples, on all CPUs. Processes that end before anything asks for them are known by these.
 *
 *	lives_open()	with CAP_PERFMON, in the process that gives up its privileges afterwards
 *	lives_map()	in the process that reads
 *	lives_read()	in the order in which things happened, but for what comes meanwhile
 */
#ifndef BOMBUS_RUNNER_READ_STACK_LIVES_H
#define BOMBUS_RUNNER_READ_STACK_LIVES_H

#include <stdint.h>

struct err;
struct lives;

int lives_open(struct lives **ret, struct err *err);
int lives_map(struct lives *lives, struct err *err);
void lives_close(struct lives *lives); /* takes NULL */
/* Readable when a buffer fills. */
int lives_fd(const struct lives *lives);

struct lives_ops {
	void (*fork)(void *ctx, uint32_t pid, uint32_t parent, uint64_t time_ns);
	void (*exec)(void *ctx, uint32_t pid, uint64_t time_ns);
	/* Code of a file, or "[vdso]", "//anon". */
	void (*map)(void *ctx, uint32_t pid, uint64_t start, uint64_t bytes, uint64_t offset,
		    uint64_t inode, const char *path);
};
void lives_read(struct lives *lives, const struct lives_ops *ops, void *ctx);

#endif
