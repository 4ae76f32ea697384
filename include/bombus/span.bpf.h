/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Spans of distributed traces, made in the kernel.
 *
 *	#include "vmlinux.h"
 *	#include <bpf/bpf_helpers.h>
 *	#include <bpf/usdt.bpf.h>
 *	#include <bombus/span.bpf.h>
 *
 *	struct wait_span {
 *		struct span_base span_base;	// of this name
 *		pid_t pid;			// everything else is an attribute
 *	};
 *	BOMBUS_SPANS(waits, struct wait_span, 1 << 20) BOMBUS_SERVICE("sched-trace")
 *		BOMBUS_SPAN("wait") BOMBUS_HELP("time spent waiting for a CPU");
 *
 *	BOMBUS_PARENTS(traced, __u32, 1024);	// by thread
 *
 *	SEC("usdt")				// --attach on_parent=/path/demo:bombus:set_parent
 *	int BPF_USDT(on_parent, __u64 hi, __u64 lo, __u64 span, __u64 flags)
 *	{
 *		__u32 tid = (__u32)bpf_get_current_pid_tgid();
 *
 *		bombus_parent_set(&traced, &tid, hi, lo, span, flags);
 *		return 0;
 *	}
 *	...
 *		parent = bombus_parent_get(&traced, &tid);
 *		if (!parent)
 *			return 0;
 *		s = bombus_span_reserve(&waits, struct wait_span, parent);
 *		if (!s)				// full, or the parent is no trace's: counted
 *			return 0;
 *		s->span_base.span_monotonic_timestamp_ns = start;
 *		s->span_base.span_duration_ns = bpf_ktime_get_ns() - start;
 *		s->pid = tid;
 *		bpf_ringbuf_submit(s, 0);
 *
 * Ids are bytes in the order in which they are written in hex. Where they travel as numbers (the
 * arguments of a probe), a number is those bytes as they stand in memory: memcpy() both ways, no
 * byte is swapped.
 *
 * Members beside the base that have a meaning of their own: char span_name[], char service[],
 * span_kind, span_status, char span_status_message[], char trace_state[], and arrays of structs
 * span_events[] and span_links[]; spec/maps.md tells all of them.
 */
#ifndef BOMBUS_SPAN_BPF_H
#define BOMBUS_SPAN_BPF_H

#include <bombus/bombus.bpf.h>

/* On a map of spans: the service they belong to, and their name, where members do not say.
 * Without: the program's name, and the map's. */
#define BOMBUS_SERVICE(text) BOMBUS_TAG("service:" text)
#define BOMBUS_SPAN(text) BOMBUS_TAG("span:" text)

/* For a member `span_kind`. */
enum bombus_span_kind {
	BOMBUS_KIND_INTERNAL = 1,
	BOMBUS_KIND_SERVER,
	BOMBUS_KIND_CLIENT,
	BOMBUS_KIND_PRODUCER,
	BOMBUS_KIND_CONSUMER,
};

/* For a member `span_status`. One of type errno_t is an error where it is not 0, by its name. */
enum bombus_span_status {
	BOMBUS_STATUS_UNSET,
	BOMBUS_STATUS_OK,
	BOMBUS_STATUS_ERROR,
};

#define BOMBUS_SAMPLED 1 /* in trace_flags, as in W3C's traceparent */

/* Under which span of which trace something happens: a trace's context. */
struct span_parent {
	__u8 trace_id[16];
	__u8 span_id[8]; /* all zero: at the root of the trace */
	__u8 trace_flags;
	__u8 reserved[7];
} __attribute__((aligned(8)));

/* What every span has. */
struct span_base {
	__u8 trace_id[16];
	__u8 span_id[8];
	__u8 parent_span_id[8];
	ktime_ns span_monotonic_timestamp_ns; /* its start, by bpf_ktime_get_ns() */
	bombus_duration span_duration_ns;     /* 0: a moment */
	__u8 trace_flags;		      /* the parent's */
	__u8 reserved[7] BOMBUS_HIDE;
} __attribute__((aligned(8)));

/* A ring buffer of `size` bytes (a power of two, at least a page) for spans of type T, and its
 * loss. Annotations of the map may follow. */
#define BOMBUS_SPANS(name, T, size) BOMBUS_EVENTS_IN(".maps.spans", name, T, size)

/* Contexts by a key of type K: a thread, a process, a socket's cookie. The one that was longest
 * not used gives way when there are more than `entries`: a thread that ended leaves its own. */
#define BOMBUS_PARENTS(name, K, entries)                                                           \
	BOMBUS_LOST(name);                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_LRU_HASH);                                               \
		__uint(max_entries, entries);                                                      \
		__type(key, K);                                                                    \
		__type(value, struct span_parent);                                                 \
	} name SEC(".maps")

/*
 * The context of *key, from numbers as said above; `flags` are W3C's (BOMBUS_SAMPLED where it is
 * not known). A trace id of zero ends it, as user space does when it has no span any more. True
 * when the key has a context now; what does not fit is counted as lost.
 */
#define bombus_parent_set(map, key, hi, lo, span, flags)                                           \
	bombus__parent_set(map, map##__lost, key, hi, lo, span, flags)
/* NULL: it has none. */
#define bombus_parent_get(map, key) ((struct span_parent *)bpf_map_lookup_elem(map, key))
#define bombus_parent_clear(map, key) ((void)bpf_map_delete_elem(map, key))

/*
 * A record of type T in the ring, all zero but for its span_base: a new span id, the parent's trace
 * and span, and now as its start. `parent` NULL: the root of a new trace. NULL when the ring is
 * full or the parent's trace id is all zero; either is counted as lost. Hand it over with
 * bpf_ringbuf_submit() or bpf_ringbuf_discard().
 */
#define bombus_span_reserve(map, T, parent)                                                        \
	({                                                                                         \
		const struct span_parent *_parent = (parent);                                      \
		T *_span = (T *)0;                                                                 \
                                                                                                   \
		if (_parent && bombus_id_is_zero(_parent->trace_id, 16))                           \
			bombus_lost(map);                                                          \
		else                                                                               \
			_span = bombus_reserve(map, sizeof(T));                                    \
		if (_span)                                                                         \
			bombus_span_init(&_span->span_base, _parent);                              \
		_span;                                                                             \
	})

/* The context that this span is for others: what happens within it. */
#define bombus_span_context(span)                                                                  \
	({                                                                                         \
		struct span_parent _context = { .trace_flags = (span)->span_base.trace_flags };    \
                                                                                                   \
		__builtin_memcpy(_context.trace_id, (span)->span_base.trace_id, 16);               \
		__builtin_memcpy(_context.span_id, (span)->span_base.span_id, 8);                  \
		_context;                                                                          \
	})

/* `id` is aligned to 8, `bytes` 8 or 16. */
static __always_inline bool bombus_id_is_zero(const void *id, const __u32 bytes)
{
	const __u64 *word = (const __u64 *)__builtin_assume_aligned(id, 8);

	return !(bytes == 16 ? word[0] | word[1] : word[0]);
}

/* *to = *from, which clang 14 gets wrong where *from was written a moment before: what it copies
 * as a block it takes for not being read, and leaves out the writing. */
static __always_inline void bombus_context_copy(struct span_parent *to,
						const struct span_parent *from)
{
	const __u64 *word = (const __u64 *)from;

	for (__u32 i = 0; i < sizeof(*from) / sizeof(*word); i++)
		((__u64 *)to)[i] = word[i];
}

/* 8 bytes of an id, never all zero. */
static __always_inline __u64 bombus_new_id(void)
{
	__u64 id = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();

	return id ? id : 1;
}

/* A context at the root of a new trace: for several spans that belong together. */
static __always_inline struct span_parent bombus_new_trace(void)
{
	struct span_parent parent = { .trace_flags = BOMBUS_SAMPLED };
	__u64 hi = bombus_new_id(), lo = bombus_new_id();

	__builtin_memcpy(parent.trace_id, &hi, 8);
	__builtin_memcpy(parent.trace_id + 8, &lo, 8);
	return parent;
}

/* As bombus_span_reserve() does it, for a base that is zero. */
static __always_inline void bombus_span_init(struct span_base *base,
					     const struct span_parent *parent)
{
	__u64 *trace = (__u64 *)__builtin_assume_aligned(base->trace_id, 8);
	__u64 *id = (__u64 *)__builtin_assume_aligned(base->span_id, 8);

	if (parent) {
		const __u64 *from = (const __u64 *)__builtin_assume_aligned(parent->trace_id, 8);

		/* Word by word: see bombus_context_copy(). */
		trace[0] = from[0];
		trace[1] = from[1];
		*(__u64 *)__builtin_assume_aligned(base->parent_span_id, 8) = from[2];
		base->trace_flags = parent->trace_flags;
	} else {
		trace[0] = bombus_new_id();
		trace[1] = bombus_new_id();
		base->trace_flags = BOMBUS_SAMPLED;
	}
	id[0] = bombus_new_id();
	base->span_monotonic_timestamp_ns = bpf_ktime_get_ns();
}

static __always_inline bool bombus__parent_set(void *map, void *lost, const void *key, __u64 hi,
					       __u64 lo, __u64 span, __u64 flags)
{
	struct span_parent parent = { .trace_flags = (__u8)flags };

	if (!(hi | lo)) {
		bpf_map_delete_elem(map, key);
		return false;
	}
	__builtin_memcpy(parent.trace_id, &hi, 8);
	__builtin_memcpy(parent.trace_id + 8, &lo, 8);
	__builtin_memcpy(parent.span_id, &span, 8);
	return bombus__update(map, lost, key, &parent, BPF_ANY) == 0;
}

#endif
