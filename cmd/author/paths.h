/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of folders in an object, which must not depend on where it was built.
 *
 * BTF quotes source lines. clang takes them from the text that -gembed-source keeps; versions up to
 * 14 lose the text of a file whose first declaration comes from a macro, and then read the file by
 * the name that it has in the object. That name has to lead to the file in clang's process,
 * whatever the working directory is, and must say nothing of this machine. It is therefore
 * /proc/self/fd/NN/NAME, with a descriptor of the folder that clang inherits, and becomes
 * ./NAME or ./SHOWN/NAME in the object afterwards.
 */
#ifndef BOMBUS_CMD_AUTHOR_PATHS_H
#define BOMBUS_CMD_AUTHOR_PATHS_H

#include <stddef.h>

struct err;

#define PATHS_FIRST_FD 20
#define PATHS_MAX 40 /* so that all descriptors have two digits */

struct paths {
	char *source_dir; /* without links */
	struct paths_folder {
		int fd;
		char shown[16]; /* "": the source's folder */
	} folders[PATHS_MAX];
	size_t count;
};

/* The source's folder, as number 0. */
int paths_init(struct paths *paths, const char *source, struct err *err);
void paths_release(struct paths *paths);

/*
 * The name of `dir` for clang, with a slash at the end; malloc'ed. A folder inside the
 * source's is called after it; any other is `shown`, of at most 14 characters.
 */
char *paths_add(struct paths *paths, const char *dir, const char *shown);

/* Rewrites the names in an object, in place: they get shorter, and NULs follow them. */
void paths_shorten(const struct paths *paths, char *object, size_t len);

#endif
