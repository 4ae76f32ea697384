/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * For authors of programs: declare in the program what its data means, and count every loss.
 *
 *	#include "vmlinux.h"
 *	#include <bpf/bpf_helpers.h>
 *	#include <bpf/bpf_tracing.h>
 *	#include <bombus/bombus.bpf.h>
 *
 *	BOMBUS_FILTERS;				// --pid, --comm, --container, --pod ...
 *
 *	struct event {
 *		pid_t pid BOMBUS_LABEL BOMBUS_HELP("process that exited");
 *		__u32 code BOMBUS_LABEL;
 *		__u64 lived BOMBUS_UNIT("ns") BOMBUS_OBSERVE;
 *	};
 *	BOMBUS_EVENTS(exits, struct event, 1 << 20) BOMBUS_HELP("processes that ended");
 *
 *	SEC("tp_btf/sched_process_exit")
 *	int BPF_PROG(on_exit, struct task_struct *task)
 *	{
 *		struct event *e;
 *
 *		if (bombus_filtered())
 *			return 0;
 *		e = bombus_reserve(&exits, sizeof(*e));	// zeroed; a refusal is counted
 *		if (!e)
 *			return 0;
 *		...
 *		bpf_ringbuf_submit(e, 0);
 *		return 0;
 *	}
 *
 *	char LICENSE[] SEC("license") = "GPL";
 *
 * Include it after "vmlinux.h". It needs clang 14 or later (declaration tags) and no library.
 */
#ifndef BOMBUS_BOMBUS_BPF_H
#define BOMBUS_BOMBUS_BPF_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bombus/types.bpf.h>

/*
 * Annotations. They are BTF declaration tags, "bombus:WORD" or "bombus:WORD:TEXT", and cost
 * nothing at run time. They follow what they describe: `__u64 took BOMBUS_UNIT("us");`,
 * `struct {...} conns SEC(".maps") BOMBUS_HELP("...");`.
 */
#define BOMBUS_TAG(word) __attribute__((btf_decl_tag("bombus:" word)))

/* On a map, a member or a parameter: a description. */
#define BOMBUS_HELP(text) BOMBUS_TAG("help:" text)
/* On a member or a map: "ns", "us", "ms", "s", "bytes", ... */
#define BOMBUS_UNIT(text) BOMBUS_TAG("unit:" text)
/* On a map or a member: its name in every output. */
#define BOMBUS_NAME(text) BOMBUS_TAG("name:" text)
/* On a member: a label. Once one member is tagged, untagged members are not labels. */
#define BOMBUS_LABEL BOMBUS_TAG("label")
/* On a member: a value of its own, of the kind that its map is, or of the kind named. On a
 * variable in .bss or .data, COUNTER and GAUGE export it. */
#define BOMBUS_VALUE BOMBUS_TAG("value")
#define BOMBUS_COUNTER BOMBUS_TAG("counter")
#define BOMBUS_GAUGE BOMBUS_TAG("gauge")
/* On a member: never shown, never a label. A hidden point in time still dates its record. */
#define BOMBUS_HIDE BOMBUS_TAG("hide")
/* On a map: its metrics are named after their members alone. */
#define BOMBUS_PLAIN_NAMES BOMBUS_TAG("plain_names")
/* On a member of an event: the value that a histogram of events observes. */
#define BOMBUS_OBSERVE BOMBUS_TAG("observe")
/* On a map: its bounds, "exp2", "exp2 MIN MAX", "exp2/8", "log2", "linear STEP MIN MAX" or
 * "1,5,10". */
#define BOMBUS_BUCKETS(text) BOMBUS_TAG("buckets:" text)
/* On a member: how its bytes become text, in every output: "static_map 1=read 2=write",
 * "string | regexp ^(kworker)", "hex", "ksym" ... */
#define BOMBUS_DECODE(text) BOMBUS_TAG("decode:" text)
/* On a `const volatile` global: a parameter meant to be set, listed first. */
#define BOMBUS_PARAM BOMBUS_TAG("param")

/* On the licence, HELP and NAME are the description and title of the whole program, and AUTHORS its
 * authors: char LICENSE[] SEC("license") BOMBUS_HELP("slow reads") = "GPL";
 * `bombus build` puts them into the image. */
#define BOMBUS_AUTHORS(text) BOMBUS_TAG("authors:" text)

/*
 * Loss. Each map NAME may have a companion NAME__lost, a per-CPU array with one __u64: how many
 * records or updates did not fit. It is cumulative and exact, and bombus shows it with the map.
 * BOMBUS_EVENTS() and BOMBUS_HISTOGRAM() declare it; for any other map write BOMBUS_LOST(NAME).
 *
 * The calls below take the map as every BPF helper does, &NAME, and find NAME__lost themselves
 * (the last token, the name, is pasted). It must therefore be the plain name of a map.
 */
#define BOMBUS_LOST(name)                                                                          \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                           \
		__uint(max_entries, 1);                                                            \
		__type(key, __u32);                                                                \
		__type(value, __u64);                                                              \
	} name##__lost SEC(".maps")

/* A ring buffer of `size` bytes (a power of two, at least a page) for records of type T, and its
 * loss. Annotations of the map may follow. BOMBUS_EVENTS_IN() also names the section, which is
 * the map's role: BOMBUS_EVENTS_IN(".maps.counter", opens, struct event, 1 << 20). */
#define BOMBUS_EVENTS_IN(section, name, T, size)                                                   \
	BOMBUS_LOST(name);                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                \
		__uint(max_entries, size);                                                         \
		__type(value, T);                                                                  \
	} name SEC(section)
#define BOMBUS_EVENTS(name, T, size) BOMBUS_EVENTS_IN(".maps", name, T, size)

/* Up to `size` stacks, whose ids bpf_get_stackid(ctx, &NAME, flags) gives: members of type kstack_id
 * (flags 0) and ustack_id (flags BPF_F_USER_STACK). A stack has up to 127 frames. */
#define BOMBUS_STACKS(name, size)                                                                  \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_STACK_TRACE);                                            \
		__uint(max_entries, size);                                                         \
		__type(key, __u32);                                                                \
		__type(value, __u64[127]);                                                         \
	} name SEC(".maps")

/*
 * A record in the ring, all zero and aligned to 8, or NULL when the ring is full, which is then
 * counted. `size` is a constant. Hand it over with bpf_ringbuf_submit() or bpf_ringbuf_discard().
 */
#define bombus_reserve(map, size) bombus__reserve(map, map##__lost, size)

/* Copies a record into the ring; 0, or a negative error that has been counted. Records with
 * padding show what the stack had in it: zero the whole of them first. */
#define bombus_output(map, data, size) bombus__output(map, map##__lost, data, size)

/* bpf_map_update_elem(), with every refusal but BPF_NOEXIST's and BPF_EXIST's own counted. */
#define bombus_update(map, key, value, flags) bombus__update(map, map##__lost, key, value, flags)

/* Adds n to the __u64 of this key, making it if need be; what does not fit is counted. The map is
 * a hash of any kind or an array. False when it was lost. */
#define bombus_count(map, key, n) bombus__count(map, map##__lost, key, n)

/* The value of this key, made all zero if need be: a pointer of the map's own type, or NULL when the
 * map is full, which is then counted. */
#define bombus_entry(map, key)                                                                     \
	({                                                                                         \
		__typeof__(*(map)->value) zero_ = {};                                              \
		__typeof__((map)->value) entry_ = bpf_map_lookup_elem(map, key);                   \
                                                                                                   \
		if (!entry_) {                                                                     \
			/* Another CPU may be first; then the entry is there all the same. */      \
			bpf_map_update_elem(map, key, &zero_, BPF_NOEXIST);                        \
			entry_ = bpf_map_lookup_elem(map, key);                                    \
		}                                                                                  \
		if (!entry_)                                                                       \
			bombus__lost(map##__lost);                                                 \
		entry_;                                                                            \
	})

/* One more lost, for a reason that only the program knows: a start that could not be kept ... */
#define bombus_lost(map) bombus__lost(map##__lost)

/*
 * Records that nothing reads. BOMBUS_UNREAD(NAME) declares a map NAME__unread, which bombus keeps
 * up to date. bombus_unread(&NAME) is true while no output shows the events of NAME: a program
 * saves the work of a record that would be thrown away. Another runner leaves it false.
 */
#define BOMBUS_UNREAD(name)                                                                        \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, 1);                                                            \
		__type(key, __u32);                                                                \
		__type(value, __u32);                                                              \
	} name##__unread SEC(".maps")
#define bombus_unread(map) bombus__unread(map##__unread)

static __always_inline bool bombus__unread(void *map)
{
	__u32 zero = 0, *unread = bpf_map_lookup_elem(map, &zero);

	return unread && *(volatile __u32 *)unread;
}

/* Atomic even on a per-CPU value: a program may be interrupted by another on the same CPU. */
static __always_inline void bombus_add(__u64 *counter, __u64 n)
{
	__sync_fetch_and_add(counter, n);
}

static __always_inline void bombus__lost(void *lost)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(lost, &zero);

	if (count)
		bombus_add(count, 1);
}

static __always_inline void *bombus__reserve(void *ring, void *lost, const __u64 size)
{
	void *record = bpf_ringbuf_reserve(ring, size, 0);
	__u64 i = 0;

	if (!record) {
		bombus__lost(lost);
		return (void *)0;
	}
	/* The ring gives memory as the last record left it. A program has no memset() to call, so
	 * that more than the 1024 bytes which clang unrolls are cleared word by word; volatile
	 * keeps clang from turning the loop into that call again. */
	record = __builtin_assume_aligned(record, 8);
	if (size > 1024) {
		for (; i < size / 8; i++)
			((volatile __u64 *)record)[i] = 0;
		i *= 8;
	}
	__builtin_memset((char *)record + i, 0, size > 1024 ? size % 8 : size);
	return record;
}

static __always_inline long bombus__output(void *ring, void *lost, void *data, __u64 size)
{
	long err = bpf_ringbuf_output(ring, data, size, 0);

	if (err)
		bombus__lost(lost);
	return err;
}

static __always_inline long bombus__update(void *map, void *lost, const void *key,
					   const void *value, __u64 flags)
{
	long err = bpf_map_update_elem(map, key, value, flags);

	if (err && !(flags == BPF_NOEXIST && err == -17 /* EEXIST */) &&
	    !(flags == BPF_EXIST && err == -2 /* ENOENT */))
		bombus__lost(lost);
	return err;
}

/* The __u64 of this key, made as 0 if need be; NULL when the map is full. */
static __always_inline __u64 *bombus_counter(void *map, const void *key)
{
	__u64 *count = bpf_map_lookup_elem(map, key);
	__u64 zero = 0;

	if (count)
		return count;
	/* Another CPU may be first; then the entry is there all the same. */
	bpf_map_update_elem(map, key, &zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

static __always_inline bool bombus__count(void *map, void *lost, const void *key, __u64 n)
{
	__u64 *count = bombus_counter(map, key);

	if (!count) {
		bombus__lost(lost);
		return false;
	}
	bombus_add(count, n);
	return true;
}

/*
 * The filters that every program should have: by process, user, name of the thread, cgroup,
 * container and pod. BOMBUS_FILTERS declares what `bombus run --pid`, --uid, --comm, --cgroup,
 * --container and --pod set; each bombus_..._filtered() is true where the program has to leave the
 * event out. Call it before any other work; a filter that is not set costs nothing.
 *
 * bombus_filtered() judges the thread that runs now. Where that is chance (interrupts, timers,
 * wakeups), judge the task that the record is about, or what was noted when it ran:
 * bombus_task_filtered(task), or, with BOMBUS_OWNER_FILTERS, which leave user and name out,
 * bombus_owner_filtered(tgid, cgroup). bombus_is_filtering(): any filter is set.
 */
#define BOMBUS_FILTERS                                                                             \
	BOMBUS_OWNER_FILTERS;                                                                      \
	const volatile bombus_uid target_uid BOMBUS_PARAM BOMBUS_HELP(                             \
		"only processes of this user, 4294967295: every one") = -1;                        \
	const volatile char target_comm[BOMBUS_COMM_LEN] BOMBUS_PARAM BOMBUS_HELP(                 \
		"only threads of this name, empty: every one") = ""

#define BOMBUS_OWNER_FILTERS                                                                       \
	const volatile pid_t target_pid BOMBUS_PARAM BOMBUS_HELP(                                  \
		"only this process (its tgid), 0: every one") = 0;                                 \
	const volatile cgroup_id target_cgroup BOMBUS_PARAM BOMBUS_HELP(                           \
		"only processes of this cgroup v2 (its id: the folder's inode), 0: every one") =   \
		0;                                                                                 \
	/* bombus makes it true and the map larger, and keeps the ids in it that are wanted. */    \
	const volatile bool bombus_by_cgroup = false;                                              \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, 1);                                                            \
		__type(key, cgroup_id);                                                            \
		__type(value, __u8);                                                               \
	} bombus_cgroups SEC(".maps") BOMBUS_HELP("cgroups that pass the filters")

#define bombus_filtered()                                                                          \
	bombus__filtered(target_pid, target_uid, target_comm, bombus__cgroup_filters(target_cgroup))
#define bombus_task_filtered(task)                                                                 \
	bombus__task_filtered(task, target_pid, target_uid, target_comm,                           \
			      bombus__cgroup_filters(target_cgroup))
#define bombus_owner_filtered(tgid, cgroup)                                                        \
	((target_pid && (tgid) != target_pid) ||                                                   \
	 bombus__cgroup_filtered(cgroup, bombus__cgroup_filters(target_cgroup)))
/* The same for programs with BOMBUS_FILTERS, by all that was noted; `comm` has all its bytes set. */
#define bombus_noted_filtered(tgid, uid, comm, cgroup)                                             \
	(bombus_owner_filtered(tgid, cgroup) ||                                                    \
	 (target_uid != (__u32)-1 && (uid) != target_uid) ||                                       \
	 (target_comm[0] && !bombus__has_comm(comm, target_comm)))
#define bombus_is_filtering() (target_pid || bombus_is_filtering_more())
/* By more than the number of the process. */
#define bombus_is_filtering_more()                                                                 \
	(target_cgroup || bombus_by_cgroup || target_uid != (__u32)-1 || target_comm[0])

/* The two filters by cgroup. */
struct bombus__cgroups {
	__u64 only;
	bool by_map;
	void *map;
};
#define bombus__cgroup_filters(only)                                                               \
	((struct bombus__cgroups){ only, bombus_by_cgroup, &bombus_cgroups })

static __always_inline bool bombus__cgroup_filtered(__u64 cgroup, struct bombus__cgroups filters)
{
	if (filters.only && filters.only != cgroup)
		return true;
	return filters.by_map && !bpf_map_lookup_elem(filters.map, &cgroup);
}

/* `comm` has all its bytes set, to the last. */
static __always_inline bool bombus__has_comm(const char comm[BOMBUS_COMM_LEN],
					     const volatile char *only)
{
#pragma unroll
	for (int i = 0; i < BOMBUS_COMM_LEN; i++) {
		if (comm[i] != only[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

static __always_inline bool bombus__filtered(pid_t only_tgid, __u32 only_uid,
					     const volatile char *only_comm,
					     struct bombus__cgroups cgroups)
{
	if (only_tgid && only_tgid != (pid_t)(bpf_get_current_pid_tgid() >> 32))
		return true;
	if (only_uid != (__u32)-1 && only_uid != (__u32)bpf_get_current_uid_gid())
		return true;
	if (only_comm[0]) {
		char comm[BOMBUS_COMM_LEN] = {};

		bpf_get_current_comm(comm, sizeof(comm));
		if (!bombus__has_comm(comm, only_comm))
			return true;
	}
	return (cgroups.only || cgroups.by_map) &&
	       bombus__cgroup_filtered(bpf_get_current_cgroup_id(), cgroups);
}

/* The cgroup v2 of any task, as bpf_get_current_cgroup_id() gives it for the current one. */
static __always_inline __u64 bombus_task_cgroup(const struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline bool bombus__task_filtered(const struct task_struct *task, pid_t only_tgid,
						  __u32 only_uid, const volatile char *only_comm,
						  struct bombus__cgroups cgroups)
{
	if (only_tgid && only_tgid != BPF_CORE_READ(task, tgid))
		return true;
	if (only_uid != (__u32)-1 && only_uid != BPF_CORE_READ(task, cred, uid.val))
		return true;
	if (only_comm[0]) {
		char comm[BOMBUS_COMM_LEN] = {};

		BPF_CORE_READ_STR_INTO(&comm, task, comm);
		if (!bombus__has_comm(comm, only_comm))
			return true;
	}
	return (cgroups.only || cgroups.by_map) &&
	       bombus__cgroup_filtered(bombus_task_cgroup(task), cgroups);
}

/*
 * For an iterator (SEC("iter/task") ...) that writes one T per bpf_seq_write(): names T, so that
 * its output can be read. BOMBUS_ITER(dump_tasks, struct row) belongs to the program dump_tasks.
 */
#define BOMBUS_ITER(prog, T) const T *bombus_iter___##prog

/*
 * Iterators that write nothing and bring maps up to date. The tags stand in front of the function:
 *
 *	SEC("iter/task_file") BOMBUS_AT_START
 *	int BPF_PROG(take_in, ...)		// once, when all programs are attached
 *
 *	SEC("iter/bpf_sk_storage_map") BOMBUS_AT_SWEEP BOMBUS_OVER("sockets")
 *	int count_open(struct bpf_iter__bpf_sk_storage_map *ctx)	// before maps are read
 *
 * BOMBUS_OVER() names the map over whose entries any iterator walks.
 */
#define BOMBUS_AT_START BOMBUS_TAG("at_start")
#define BOMBUS_AT_SWEEP BOMBUS_TAG("at_sweep")
#define BOMBUS_OVER(map) BOMBUS_TAG("over:" map)

/* In front of a program: while it is attached, the kernel counts and times the runs of all programs,
 * which costs each of them some nanoseconds. */
#define BOMBUS_STATISTICS BOMBUS_TAG("statistics")

/* In front of a program: it is left out where its hook is missing (a library that is not installed,
 * a function that another version has), and the others run. */
#define BOMBUS_OPTIONAL BOMBUS_TAG("optional")

/* In front of a program: its target where --attach names none, such as "/" for a cgroup program. */
#define BOMBUS_ATTACH(target) BOMBUS_TAG("attach:" target)

#endif
