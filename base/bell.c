// SPDX-License-Identifier: Apache-2.0
#include "base/bell.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int bell_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void bell_ring(int fd)
{
	uint64_t one = 1;

	while (fd >= 0 && write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

bool bell_answer(int fd)
{
	uint64_t rings = 0;

	while (fd >= 0 && read(fd, &rings, sizeof(rings)) < 0 && errno == EINTR)
		;
	return rings != 0;
}
