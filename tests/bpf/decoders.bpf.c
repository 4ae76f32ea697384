// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Members whose text a chain of decoders makes: labels of a counter, and members of records. */
#include "run.bpf.h"
#include <bombus/bombus.bpf.h>

struct op_key {
	__u32 op BOMBUS_DECODE("static_map 1=read 2=write");
	char name[16] BOMBUS_DECODE("string | regexp '^(kworker).*' ^sh$");
	__u8 raw[2] BOMBUS_DECODE("hex");
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct op_key);
	__type(value, __u64);
} ops SEC(".maps.counter");

struct op_event {
	__u32 op BOMBUS_DECODE("static_map allow_unknown 1=read");
	__u32 errno_ BOMBUS_DECODE("errno");
	char name[16] BOMBUS_DECODE("string | regexp ^k");
};
BOMBUS_EVENTS(events, struct op_event, 4096);

static __always_inline void count(__u32 op, const char *name, __u64 add)
{
	struct op_key key = { .op = op, .raw = { 0xab, 0x01 } };

	__builtin_memcpy(key.name, name, sizeof(key.name));
	bpf_map_update_elem(&ops, &key, &add, BPF_ANY);
}

static __always_inline void send(__u32 op, const char *name)
{
	struct op_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return;
	e->op = op;
	e->errno_ = 2;
	__builtin_memcpy(e->name, name, sizeof(e->name));
	bpf_ringbuf_submit(e, 0);
}

ON_ROUND int on_round(void *ctx)
{
	__u64 round;

	if (!next_round(&round))
		return 0;
	count(1, "kworker/0:1\0\0\0\0", 5);
	count(2, "sh\0\0\0\0\0\0\0\0\0\0\0\0\0", 7);
	count(3, "sh\0\0\0\0\0\0\0\0\0\0\0\0\0", 9);
	count(1, "systemd\0\0\0\0\0\0\0\0", 11);
	send(1, "kthreadd\0\0\0\0\0\0\0");
	send(9, "kswapd\0\0\0\0\0\0\0\0\0");
	send(1, "bash\0\0\0\0\0\0\0\0\0\0\0");
	return 0;
}

