// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Ids of each kind for the live table. A round sends a record of the process that calls, with the
 * address, the interface and the inode that the test sets, and counts its calls.
 */
#include "run.bpf.h"
#include <bpf/bpf_endian.h>
#include <bombus/bombus.bpf.h>

const volatile __u64 inode = 0;

struct call {
	pid_t pid;
	cgroup_id cgroup;
	ipv4_addr addr;
	ifindex dev;
	__u64 ino;
	char comm[16];
};
BOMBUS_EVENTS(calls, struct call, 1 << 16);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, pid_t);
	__type(value, __u64);
} counts SEC(".maps.counter");

SEC("tracepoint/syscalls/sys_enter_getppid")
int who(void *ctx)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	char comm[16] = "";
	struct call *c;

	/* The test's processes are those of this name. */
	bpf_get_current_comm(comm, sizeof(comm));
	if (bpf_strncmp(comm, 10, "bombus-who"))
		return 0;
	c = bombus_reserve(&calls, sizeof(*c));
	if (!c)
		return 0;
	c->pid = pid;
	c->cgroup = bpf_get_current_cgroup_id();
	c->addr = bpf_htonl(0x7f4d0001);
	c->dev = 1;
	c->ino = inode;
	__builtin_memcpy(c->comm, comm, sizeof(comm));
	bpf_ringbuf_submit(c, 0);
	add_one(&counts, &pid);
	return 0;
}
