// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Names that a metric or a label must not have, or that become equal, and texts of any bytes. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bombus/bombus.bpf.h>

const volatile __u32 target_pid = 0;

struct odd_key {
	__u32 le;
	__u32 quantile;
	__u32 __name__;
	__u32 job;
	__u32 instance;
	__u32 a_b;
	struct {
		__u32 b;
	} a;
	__u32 first BOMBUS_NAME("9 is no letter");
	__u32 second BOMBUS_NAME("q\"uo\\te\n");
	__u32 third BOMBUS_NAME("ä");
	__u32 fourth BOMBUS_NAME("ö");
	char comm[16];
};

struct odd_value {
	__u64 bytes_total BOMBUS_UNIT("bytes");
	__u64 bytes BOMBUS_UNIT("bytes") BOMBUS_HELP("a \"quote\", a \\ and\na new line");
	__u64 lat_us BOMBUS_UNIT("us");
	__u64 lat BOMBUS_UNIT("ms");
	__u64 speed BOMBUS_UNIT("pages/fault");
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct odd_key);
	__type(value, struct odd_value);
} odd SEC(".maps.counter");

/* Its name is one of those of `odd`, too. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} odd_speed SEC(".maps.gauge") BOMBUS_UNIT("pages/fault");

/* Keys that differ and read the same. */
struct same_key {
	errno_t error;
	bool yes;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct same_key);
	__type(value, __u64);
} same SEC(".maps.counter");

static void put_same(int error, __u8 yes, __u64 value)
{
	__u8 key[sizeof(struct same_key)] = {};

	*(int *)key = error;
	key[4] = yes;
	bpf_map_update_elem(&same, key, &value, BPF_ANY);
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_round(void *ctx)
{
	struct odd_value value = { 1, 2, 3, 4, 5 };
	struct odd_key key = {};
	__u32 one = 1;

	if (!target_pid || bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	put_same(-111, 1, 1);
	put_same(111, 1, 2);
	put_same(111, 2, 4);
	put_same(111, 0, 8);
	bpf_map_update_elem(&odd_speed, &one, &value.speed, BPF_ANY);
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	bpf_map_update_elem(&odd, &key, &value, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
