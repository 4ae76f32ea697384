/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that a process may still open, by Landlock (Linux 5.13, where it is switched on). Open
 * files stay open.
 */
#ifndef BOMBUS_RUNNER_LOAD_SANDBOX_LANDLOCK_H
#define BOMBUS_RUNNER_LOAD_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

struct landlock_path {
	const char *path; /* a folder and all below it, or a file; an absent one is left out */
	bool is_writable; /* files are also made, named and removed; else only read */
};

/* The version of the kernel's interface; 0: it has none. */
int landlock_version(void);

/* For this thread and those that it starts, for good; no_new_privs has to be set. 0; -EOPNOTSUPP:
 * this kernel has none, and nothing has changed; or -errno. */
int landlock_enter(const struct landlock_path *paths, size_t count);

#endif
