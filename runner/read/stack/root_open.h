/* SPDX-License-Identifier: Apache-2.0 */
/* Files as a process with another root sees them: its symbolic links lead nowhere else. */
#ifndef BOMBUS_RUNNER_READ_STACK_ROOT_OPEN_H
#define BOMBUS_RUNNER_READ_STACK_ROOT_OPEN_H

/* Opens a regular file for reading, below the root that root_fd is. A descriptor or -errno;
 * -EINVAL: it is no regular file, or empty. Never blocks for what the file's owner does. */
int root_open(int root_fd, const char *path);
/* The same of a file that was opened with O_PATH, which stays open. */
int reopen_regular(int path_fd);

#endif
