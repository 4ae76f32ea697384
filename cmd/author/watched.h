/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a program is made of, watched for the next save. */
#ifndef BOMBUS_CMD_AUTHOR_WATCHED_H
#define BOMBUS_CMD_AUTHOR_WATCHED_H

#include <stddef.h>

struct watch;

#define WATCHED_MAX 64

struct watched {
	struct watch *all[WATCHED_MAX];
	size_t count;
};

/* From now on these files, a line each, the first WATCHED_MAX of them; one that cannot be watched
 * is left out. A save between two calls is not missed. An empty text leaves the files of the last
 * call: a source that does not compile has no list. */
void watched_set(struct watched *watched, const char *files);
void watched_release(struct watched *watched);

/* Waits until one of them was saved and nothing else comes for a moment (1), or `fd` is readable
 * (0); -1 is no descriptor. -errno: a signal, or poll failed. */
int watched_wait(struct watched *watched, int fd);

#endif
