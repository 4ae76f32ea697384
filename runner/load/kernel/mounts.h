/* SPDX-License-Identifier: Apache-2.0 */
/* File systems of the kernel: where they are mounted. */
#ifndef BOMBUS_RUNNER_LOAD_KERNEL_MOUNTS_H
#define BOMBUS_RUNNER_LOAD_KERNEL_MOUNTS_H

/* tracefs, wherever it is mounted. NULL: errno is EACCES where this user may not look, else it is
 * not mounted. */
const char *tracefs_path(void);
/* Mounts tracefs on its empty folder where this process may. 0 or -errno. */
int tracefs_ensure(void);
/* Where the first file system of this type is mounted, malloc'ed; NULL: nowhere. */
char *mount_of(const char *type);

#endif
