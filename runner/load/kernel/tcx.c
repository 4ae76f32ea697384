// SPDX-License-Identifier: Apache-2.0
#include "runner/load/kernel/tcx.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TCX_INGRESS 46
#define TCX_EGRESS 47

/* BPF_LINK_CREATE as kernels from 6.6 have it for tcx; libbpf learnt it later than we may rely on.
 */
struct tcx_link_attr {
	uint32_t prog_fd;
	uint32_t ifindex;
	uint32_t attach_type;
	uint32_t flags;
	uint32_t relative;
	uint32_t pad;
	uint64_t expected_revision;
};

int tcx_link_create(int prog_fd, unsigned ifindex, bool egress)
{
	struct tcx_link_attr attr = {
		.prog_fd = (uint32_t)prog_fd,
		.ifindex = ifindex,
		.attach_type = egress ? TCX_EGRESS : TCX_INGRESS,
	};
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}
