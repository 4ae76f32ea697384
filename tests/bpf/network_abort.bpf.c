// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* For kernel/programs_network: an XDP program that fails with every packet. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("xdp")
int always_fails(struct xdp_md *ctx)
{
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
