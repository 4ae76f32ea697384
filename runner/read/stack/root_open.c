// SPDX-License-Identifier: Apache-2.0
#include "runner/read/stack/root_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/util.h"

int reopen_regular(int path_fd)
{
	char again[64];
	struct stat st;
	int fd;

	if (fstat(path_fd, &st) < 0)
		return -errno;
	/* Files of /proc and of the tracing file systems have no size; some of them block. */
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return -EINVAL;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", path_fd);
	/* A lease (F_SETLEASE) of the file's owner would hold up the opening. */
	fd = open(again, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int root_open(int root_fd, const char *path)
{
	/* A named pipe would block, and a device may do something when it is opened. */
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	_cleanup_close_ int found = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return found < 0 ? -errno : reopen_regular(found);
}
