// SPDX-License-Identifier: Apache-2.0
#include "base/cpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_BYTES 4096 /* what sysfs writes at most */

uint32_t cpus_parse(const char *list, bool *on, uint32_t max)
{
	const char *p = list;
	uint32_t count = 0;

	memset(on, 0, max * sizeof(*on));
	while (*p >= '0' && *p <= '9') {
		char *end;
		unsigned long first = strtoul(p, &end, 10);
		unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		for (unsigned long cpu = first; cpu <= last && cpu < max; cpu++) {
			count += !on[cpu];
			on[cpu] = true;
		}
		p = *end == ',' ? end + 1 : end;
	}
	return count;
}

int cpus_open_online(void)
{
	int fd = open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cpus_read(int fd, bool *on, uint32_t max)
{
	char text[LIST_BYTES + 1];
	ssize_t n = pread(fd, text, LIST_BYTES, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return (int)cpus_parse(text, on, max);
}
