/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that gets its name only when there is something in it (aside.h), with the rules for files
 * that users name: links are not followed, and nothing is replaced unasked.
 *
 *	new_file_open(&file, path, false, err);
 *	write(file.fd, ...);
 *	new_file_commit(&file);		// it is at `path` now, whole or growing
 *	new_file_release(&file);	// closes it; without a commit the file never existed
 *
 * Its mode is 0600. A symbolic link is never followed. /dev/null, /dev/stdout, /dev/fd/N and named
 * pipes are written to as they are.
 */
#ifndef BOMBUS_BASE_NEW_FILE_H
#define BOMBUS_BASE_NEW_FILE_H

#include <stdbool.h>
#include "base/aside.h"

struct err;

struct new_file {
	int fd; /* -1: none; of the file aside, if there is one */
	bool replace, committed;
	struct aside aside;
};
#define NEW_FILE_INIT ((struct new_file){ .fd = -1, .aside = ASIDE_INIT })

/* replace: a file that is there is replaced by the commit. -EEXIST where it may not be. */
int new_file_open(struct new_file *ret, const char *path, bool replace, struct err *err);
/* 0 or -errno; -EEXIST: a file of this name has come since. Once more it does nothing. */
int new_file_commit(struct new_file *file);
void new_file_release(struct new_file *file);

#endif
