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
#include <sys/types.h>
#include "base/aside.h"

struct err;

struct new_file {
	int fd; /* -1: none; of the file aside, if there is one */
	bool replace, committed;
	struct aside aside;
	int desk;     /* a socket to the process that gives it its name; -1: this one does */
	pid_t keeper; /* that process, where it is a child of this one; else 0 */
};
#define NEW_FILE_INIT ((struct new_file){ .fd = -1, .aside = ASIDE_INIT, .desk = -1 })

/* replace: a file that is there is replaced by the commit. -EEXIST where it may not be. */
int new_file_open(struct new_file *ret, const char *path, bool replace, struct err *err);
/* 0 or -errno; -EEXIST: a file of this name has come since. Once more it does nothing. */
int new_file_commit(struct new_file *file);
void new_file_release(struct new_file *file);

/*
 * Another process, the keeper, has a copy of the file and gives it its name. The keeper calls
 * new_file_serve(), which answers until the other end of the socket is closed, and removes the file
 * if it has no name by then. This process calls new_file_entrust(): new_file_commit() asks the
 * keeper from then on. The descriptor stays open, and the file owns the socket.
 */
void new_file_serve(struct new_file *file, int desk);
void new_file_entrust(struct new_file *file, int desk, pid_t keeper);
/* Forgets the file, which another process releases. */
void new_file_drop(struct new_file *file);

#endif
