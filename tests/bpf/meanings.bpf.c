// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Fields of which types say little: ids of two stack maps whose names say nothing, numbers in
 * network order, ids of traces in char arrays, what the kernel keeps in a value for itself, numbers
 * that nothing describes.
 */
#include "run.bpf.h"

#define USER_STACK 256 /* BPF_F_USER_STACK, a macro elsewhere */

typedef __s32 kstack_id;
typedef __u32 ustack_id;

struct stacks {
	__u32 round;
	kstack_id kernel;
	ustack_id user, failed;
	int plain_kernel, number;
	__u64 plain_user;
};

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} one SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} other SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
	__type(value, struct stacks);
} stacks SEC(".maps");

ON_ROUND int take_stacks(void *ctx)
{
	struct stacks *e;
	__u64 round;

	if (!next_round(&round))
		return 0;
	e = bpf_ringbuf_reserve(&stacks, sizeof(*e), 0);
	if (!e)
		return 0;
	e->round = round;
	e->user = bpf_get_stackid(ctx, &other, USER_STACK);
	e->kernel = bpf_get_stackid(ctx, &one, 0);
	e->failed = -14;
	e->plain_kernel = bpf_get_stackid(ctx, &one, 0);
	e->plain_user = bpf_get_stackid(ctx, &other, USER_STACK);
	e->number = 5;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

struct odd {
	__be16 dport, proto;
	__be32 saddr, seq;
	__be64 cookie;
	char trace_id[16];
	char span_id[8];
	__u64 took, when;
	__u32 code, mode, flags, peer;
	__u16 port;
	__u8 raw[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
	__type(value, struct odd);
} odd SEC(".maps");

enum color { COLOR_RED = 1, COLOR_GREEN = 2, COLOR_BLUE = 4 };
enum color *color_type __attribute__((unused));

ON_ROUND int put_odd(void *ctx)
{
	struct odd *e;

	if (bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	e = bpf_ringbuf_reserve(&odd, sizeof(*e), 0);
	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->dport = __builtin_bswap16(80);
	e->proto = __builtin_bswap16(0x800);
	e->saddr = __builtin_bswap32(0x7f000001);
	e->seq = __builtin_bswap32(258);
	e->cookie = __builtin_bswap64(1);
	e->trace_id[0] = 0xab;
	e->trace_id[15] = 1;
	e->span_id[7] = 2;
	e->took = 1500;
	e->when = bpf_ktime_get_ns();
	e->code = 2;
	e->mode = 0100644;
	e->flags = COLOR_RED | COLOR_BLUE | 64;
	e->peer = __builtin_bswap32(0x0a000001);
	e->port = __builtin_bswap16(443);
	__builtin_memcpy(e->raw, "words", 5);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

#ifdef __TARGET_ARCH_arm64
#define GETPPID 173
#else
#define GETPPID 110
#endif

struct totals {
	struct bpf_spin_lock lock;
	__u32 last_pid;
	__u64 calls, bytes, max_bytes, last;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct totals);
} totals SEC(".maps");

/* As tools for connections have it: an address of one family or the other. */
struct conn {
	union {
		__u32 saddr_v4;
		__u8 saddr_v6[16];
	};
	char comm[16];
	__u64 number;
	__u32 af;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
	__type(value, struct conn);
} conns SEC(".maps");

__u64 conn_number = 0;

ON_ROUND int put_conn(void *ctx)
{
	struct conn *e;

	if (bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	e = bpf_ringbuf_reserve(&conns, sizeof(*e), 0);
	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->number = __sync_fetch_and_add(&conn_number, 1);
	if (e->number & 1) {
		e->saddr_v6[15] = 1;
		e->af = 10;
	} else {
		e->saddr_v4 = __builtin_bswap32(0x7f000001);
		e->af = 2;
	}
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* Tracepoints of the other kind may have locks in their maps. */
SEC("tp_btf/sys_enter") int add_up(__u64 *ctx)
{
	struct totals first = {}, *t;
	__u32 key = 7;

	if (bpf_get_current_pid_tgid() >> 32 != target_pid || ctx[1] != GETPPID)
		return 0;
	bpf_map_update_elem(&totals, &key, &first, BPF_NOEXIST);
	t = bpf_map_lookup_elem(&totals, &key);
	if (!t)
		return 0;
	t->last_pid = target_pid;
	t->calls++;
	t->bytes += 10;
	t->max_bytes = 10;
	t->last = 3;
	return 0;
}
