/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the frames of other processes' stacks. A helper process ("bombus-stacks") keeps the
 * capabilities that this takes and reads their files (symbolizer.h); this process asks it.
 *
 *	stacks_start()	starts the helper, which reads nothing before it is asked
 *	stacks_fold()	answers, in any thread
 *	stacks_free()
 */
#ifndef BOMBUS_RUNNER_READ_STACK_STACKS_H
#define BOMBUS_RUNNER_READ_STACK_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct stacks;

#define STACKS_MAX_FRAMES 1024
#define STACKS_TEXT 8192 /* bytes of a stack as text, its NUL included */

/* The process has no threads and all its privileges. `watch`: processes that end before a stack of
 * theirs is asked for are known too, where the kernel allows it. */
int stacks_start(struct stacks **ret, bool inlines, bool watch, struct err *err);
/* Waits, for a moment at most, until the helper has looked at the processes that live. Takes NULL.
 */
void stacks_ready(struct stacks *stacks);
void stacks_free(struct stacks *stacks); /* takes NULL */

/* As symbolizer_fold(), with addresses where the helper has no answer in time. Returns the length.
 */
size_t stacks_fold(struct stacks *stacks, uint32_t pid, const uint64_t *addrs, size_t count,
		   char text[STACKS_TEXT]);

#endif
