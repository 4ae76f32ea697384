/* SPDX-License-Identifier: Apache-2.0 */
/* A program's source file: its name, and the checks before and after clang. */
#ifndef BOMBUS_CMD_AUTHOR_SOURCE_H
#define BOMBUS_CMD_AUTHOR_SOURCE_H

#include <stddef.h>

struct err;
struct notes;

/* "dir/tcpconnlat.bpf.c" is called tcpconnlat. malloc'ed. */
char *source_name(const char *source);

/* Finds mistakes in the word before clang runs. */
int source_check(const char *source, struct err *err);

/* Refuses an object that bombus cannot read or that does nothing, and warns of what a reader of its
 * output would miss. `notes` gets what the program says about itself; NULL: not asked for. */
int source_check_object(const char *source, const void *bytes, size_t len, struct notes *notes,
			struct err *err);

#endif
