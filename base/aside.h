/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that gets its name when it is complete: a reader sees all of it or what was there before,
 * and a process that is killed leaves nothing. Where the file system has no nameless files, the
 * file is .NAME.RANDOM meanwhile, and a killed process leaves that.
 *
 *	_cleanup_(aside_release) struct aside aside = ASIDE_INIT;
 *	aside_open(&aside, path), write to aside.fd, aside_commit(&aside, true)
 */
#ifndef BOMBUS_BASE_ASIDE_H
#define BOMBUS_BASE_ASIDE_H

#include <stdbool.h>

struct aside {
	int fd;
	char *path;
	char *tmp; /* NULL: it has no name */
};
#define ASIDE_INIT                                                                                 \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* For writing, with mode 0600. 0 or -errno. */
int aside_open(struct aside *aside, const char *path);

/* Gives it its name; without `replace` -EEXIST if the name is taken. 0 or -errno. */
int aside_commit(struct aside *aside, bool replace);

/* Closes it, and removes it unless it has its name. */
void aside_release(struct aside *aside);

#endif
