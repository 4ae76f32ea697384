// SPDX-License-Identifier: Apache-2.0
/* What readers ask the loader for. Apart from loader.c, so that they link without objects. */
#include <errno.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "runner/load/loader/loader_internal.h"
#include "runner/load/sandbox/packet.h"
#include "runner/load/loader/request.h"

int loader_open_desk(struct loader *loader)
{
	int ends[2], code = packet_pair(ends);

	if (code < 0)
		return code;
	code = packet_send(loader->fd, "", 1, &ends[1], 1);
	close(ends[1]);
	if (code == 0)
		return ends[0];
	close(ends[0]);
	return code;
}

int loader_perf_event(struct loader *loader, const struct perf_event_attr *attr, int cpu)
{
	struct request request = { .kind = REQUEST_PERF, .cpu = cpu, .attr = *attr };
	_cleanup_close_ int desk = -1;
	int fd = -1, code, answer = 0;
	size_t nfds = 0;

	if (!loader) {
		fd = (int)syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	desk = loader_open_desk(loader);
	code = desk < 0 ? desk : packet_send(desk, &request, sizeof(request), NULL, 0);
	if (code == 0)
		code = packet_receive(desk, &answer, sizeof(answer), &fd, 1, &nfds);
	if (code == sizeof(answer) && answer == 0 && nfds == 1)
		return fd;
	if (nfds)
		close(fd);
	return code < 0 ? code : answer < 0 ? answer : -EPIPE;
}
