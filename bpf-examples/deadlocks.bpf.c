// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Threads that wait for each other's mutexes, reported when the last of them begins to wait, and
 * pairs of mutexes that are locked in both orders, which can deadlock. It follows the pthread
 * functions of libc; each lock and unlock costs a trap, so watch one process:
 *
 *	bombus run deadlocks --pid 123
 *
 * Mutexes locked before the start are not known.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define MOST_HELD 8  /* by a thread at the same time */
#define MOST_STEPS 8 /* from a thread to the next that it waits for */

BOMBUS_FILTERS;
const volatile bool lock_order BOMBUS_PARAM
	BOMBUS_HELP("also pairs of mutexes that are taken in either order") = true;

enum finding {
	FOUND_DEADLOCK,
	FOUND_LOCK_ORDER,
};

BOMBUS_STACKS(stacks, 16384);

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was found");
	enum finding finding BOMBUS_LABEL BOMBUS_HELP("a deadlock, or an order that may end so");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread that closes the circle");
	pid_t other_tid BOMBUS_HELP("thread that holds, or took first, what it wants");
	__u32 threads BOMBUS_HELP("length of the circle; 0: only an order");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	void *wants BOMBUS_HELP("mutex that it locks");
	void *holds BOMBUS_HELP("mutex that the other one wants, or took after it");
	ustack_id stack BOMBUS_HELP("where it locks");
	ustack_id other_stack BOMBUS_HELP("where the other one locked");
};
BOMBUS_EVENTS(deadlocks, struct event, 256 << 10) BOMBUS_HELP("deadlocks and lock orders");

struct lock_key {
	__u64 pid;
	__u64 mutex;
};
struct lock_owner {
	pid_t tid;
	__u32 depth; /* of a recursive mutex */
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lock_key);
	__type(value, struct lock_owner);
} owners SEC(".maps") BOMBUS_HELP("mutexes that are locked");

struct lock_wait {
	__u64 mutex;
	ustack_id stack;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct lock_wait);
} waits SEC(".maps") BOMBUS_HELP("threads that lock");

struct lock_held {
	__u64 mutexes[MOST_HELD];
	__u32 count;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct lock_held);
} held SEC(".maps") BOMBUS_HELP("what threads hold");

struct order_key {
	__u64 pid;
	__u64 first;
	__u64 second;
};
struct order {
	pid_t tid;
	ustack_id stack;
	__u32 reported;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct order_key);
	__type(value, struct order);
} orders SEC(".maps") BOMBUS_HELP("pairs of mutexes, in the order in which they were taken");

static __always_inline struct event *found(enum finding finding, __u64 wants, __u64 holds,
					   ustack_id stack)
{
	struct event *e = bombus_reserve(&deadlocks, sizeof(*e));
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	if (!e)
		return NULL;
	e->time = bpf_ktime_get_ns();
	e->finding = finding;
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	e->wants = (void *)wants;
	e->holds = (void *)holds;
	e->stack = stack;
	return e;
}

/* From thread to thread, by what each waits for; back at this one, none of them goes on. */
static __always_inline void find_circle(__u64 pid_tgid, const struct lock_wait *mine)
{
	__u64 pid = pid_tgid >> 32, next = 0;
	struct lock_wait *wait = NULL;
	struct event *e;
	struct lock_key key = { pid, mine->mutex };
	ustack_id other_stack = 0;

	for (__u32 step = 1; step <= MOST_STEPS; step++) {
		struct lock_owner *owner = bpf_map_lookup_elem(&owners, &key);

		if (!owner)
			return;
		if (owner->tid == (pid_t)pid_tgid) {
			/* At once it is a recursive mutex. */
			if (step == 1)
				return;
			e = found(FOUND_DEADLOCK, mine->mutex, key.mutex, mine->stack);
			if (!e)
				return;
			e->other_tid = (pid_t)next;
			e->other_stack = other_stack;
			e->threads = step;
			bpf_ringbuf_submit(e, 0);
			return;
		}
		next = pid << 32 | (__u32)owner->tid;
		wait = bpf_map_lookup_elem(&waits, &next);
		if (!wait)
			return;
		other_stack = wait->stack;
		key.mutex = wait->mutex;
	}
}

static __always_inline int lock_begins(void *ctx, __u64 mutex)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct lock_wait wait = { .mutex = mutex };

	if (bombus_filtered())
		return 0;
	wait.stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	if (bpf_map_update_elem(&waits, &pid_tgid, &wait, BPF_ANY)) {
		bombus_lost(&deadlocks);
		return 0;
	}
	find_circle(pid_tgid, &wait);
	return 0;
}

static __always_inline void report_order(struct order_key *order, struct order *now)
{
	struct order_key opposite = { order->pid, order->second, order->first };
	struct order *other = bpf_map_lookup_elem(&orders, &opposite);
	struct event *e;

	/* A pair is reported once. */
	if (!other || other->reported)
		return;
	other->reported = 1;
	e = found(FOUND_LOCK_ORDER, order->second, order->first, now->stack);
	if (!e)
		return;
	e->other_tid = other->tid;
	e->other_stack = other->stack;
	bpf_ringbuf_submit(e, 0);
}

static __always_inline void note_orders(__u64 pid_tgid, __u64 mutex, ustack_id stack)
{
	struct lock_held none = {}, *mine = bpf_map_lookup_elem(&held, &pid_tgid);
	struct order_key order = { .pid = pid_tgid >> 32, .second = mutex };
	struct order now = { .tid = (pid_t)pid_tgid, .stack = stack };
	long err;

	if (!mine) {
		bpf_map_update_elem(&held, &pid_tgid, &none, BPF_NOEXIST);
		mine = bpf_map_lookup_elem(&held, &pid_tgid);
	}
	if (!mine) {
		bombus_lost(&deadlocks);
		return;
	}
	for (__u32 i = 0; i < MOST_HELD && i < mine->count; i++) {
		order.first = mine->mutexes[i];
		if (order.first == mutex || bpf_map_lookup_elem(&orders, &order))
			continue;
		err = bpf_map_update_elem(&orders, &order, &now, BPF_NOEXIST);
		if (!err)
			report_order(&order, &now);
		else if (err != -17 /* EEXIST: another thread was faster */)
			bombus_lost(&deadlocks);
	}
	if (mine->count >= MOST_HELD) {
		bombus_lost(&deadlocks); /* the pairs with this one */
		return;
	}
	mine->mutexes[mine->count & (MOST_HELD - 1)] = mutex;
	mine->count++;
}

static __always_inline int lock_ends(void *ctx, long error)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct lock_wait *found_wait = bpf_map_lookup_elem(&waits, &pid_tgid), wait;
	struct lock_key key = { .pid = pid_tgid >> 32 };
	struct lock_owner mine = { .tid = (pid_t)pid_tgid, .depth = 1 }, *owner;

	if (!found_wait)
		return 0;
	wait = *found_wait;
	bpf_map_delete_elem(&waits, &pid_tgid);
	if (error)
		return 0;
	key.mutex = wait.mutex;
	owner = bpf_map_lookup_elem(&owners, &key);
	if (owner && owner->tid == mine.tid) {
		owner->depth++;
		return 0;
	}
	if (bpf_map_update_elem(&owners, &key, &mine, BPF_ANY))
		bombus_lost(&deadlocks);
	if (lock_order)
		note_orders(pid_tgid, wait.mutex, wait.stack);
	return 0;
}

static __always_inline int unlocks(__u64 mutex)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct lock_key key = { pid_tgid >> 32, mutex };
	struct lock_owner *owner;
	struct lock_held *mine;
	__u32 kept = 0;

	owner = bpf_map_lookup_elem(&owners, &key);
	if (!owner || owner->tid != (pid_t)pid_tgid || --owner->depth)
		return 0;
	bpf_map_delete_elem(&owners, &key);
	mine = bpf_map_lookup_elem(&held, &pid_tgid);
	if (!mine)
		return 0;
	for (__u32 i = 0; i < MOST_HELD; i++) {
		__u64 one = mine->mutexes[i];

		if (i >= mine->count || one == mutex)
			continue;
		mine->mutexes[kept & (MOST_HELD - 1)] = one;
		kept++;
	}
	mine->count = kept;
	/* Threads that end leave nothing behind. */
	if (!kept)
		bpf_map_delete_elem(&held, &pid_tgid);
	return 0;
}

SEC("uprobe/libc:pthread_mutex_lock")
int BPF_KPROBE(on_lock, void *mutex)
{
	return lock_begins(ctx, (__u64)mutex);
}

SEC("uretprobe/libc:pthread_mutex_lock")
int BPF_KRETPROBE(on_locked, int error)
{
	return lock_ends(ctx, error);
}

SEC("uprobe/libc:pthread_mutex_trylock")
int BPF_KPROBE(on_trylock, void *mutex)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct lock_wait wait = { .mutex = (__u64)mutex };

	/* It does not wait, and closes no circle. */
	if (bombus_filtered())
		return 0;
	wait.stack = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	if (bpf_map_update_elem(&waits, &pid_tgid, &wait, BPF_ANY))
		bombus_lost(&deadlocks);
	return 0;
}

SEC("uretprobe/libc:pthread_mutex_trylock")
int BPF_KRETPROBE(on_trylocked, int error)
{
	return lock_ends(ctx, error);
}

SEC("uprobe/libc:pthread_mutex_unlock")
int BPF_KPROBE(on_unlock, void *mutex)
{
	return unlocks((__u64)mutex);
}

/* Waiting for a condition gives the mutex back meanwhile. */
SEC("uprobe/libc:pthread_cond_wait")
int BPF_KPROBE(on_cond_wait, void *condition, void *mutex)
{
	unlocks((__u64)mutex);
	return lock_begins(ctx, (__u64)mutex);
}

SEC("uretprobe/libc:pthread_cond_wait")
int BPF_KRETPROBE(on_cond_waited, int error)
{
	return lock_ends(ctx, error);
}

SEC("uprobe/libc:pthread_cond_timedwait")
int BPF_KPROBE(on_cond_timedwait, void *condition, void *mutex)
{
	unlocks((__u64)mutex);
	return lock_begins(ctx, (__u64)mutex);
}

SEC("uretprobe/libc:pthread_cond_timedwait")
int BPF_KRETPROBE(on_cond_timedwait_end, int error)
{
	/* Also when the time is over it has the mutex again. */
	return lock_ends(ctx, 0);
}

SEC("uprobe/libc:pthread_cond_clockwait")
int BPF_KPROBE(on_cond_clockwait, void *condition, void *mutex)
{
	unlocks((__u64)mutex);
	return lock_begins(ctx, (__u64)mutex);
}

SEC("uretprobe/libc:pthread_cond_clockwait")
int BPF_KRETPROBE(on_cond_clockwait_end, int error)
{
	/* Also when the time is over it has the mutex again. */
	return lock_ends(ctx, 0);
}

char LICENSE[] SEC("license") BOMBUS_HELP(
	"threads that wait for each other's mutexes, and orders that can deadlock") = "GPL";
