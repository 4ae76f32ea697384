// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Pages that the kernel reads ahead of a program: how many of them were used, how soon, and how
 * many left memory unused. The pages that a read waits for are among them. The filters are about
 * the thread that reads ahead.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define MOST_PAGES 128 /* of a folio, or of a look-up: later ones are not followed */
#define ORDER_MASK 0xff

/* Of a large folio; a small one has another page's members there. */
struct folio___large {
	unsigned long _flags_1;
} __attribute__((preserve_access_index));

BOMBUS_FILTERS;

struct read_ahead {
	__u64 pages BOMBUS_COUNTER BOMBUS_HELP("pages read ahead");
	__u64 used BOMBUS_COUNTER BOMBUS_HELP("of these: used");
	__u64 unused BOMBUS_COUNTER BOMBUS_HELP("of these: left memory without being used");
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct read_ahead);
} read_ahead SEC(".maps.counter") BOMBUS_HELP("pages that the kernel reads ahead");

struct use_key {
	__u32 bucket;
};
BOMBUS_HISTOGRAM(read_ahead_use_time, struct use_key, 128)
BOMBUS_UNIT("us") BOMBUS_HELP("time until a page that was read ahead is used");

struct page_key {
	__u64 mapping;
	__u64 index;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct page_key);
	__type(value, __u64);
} pages SEC(".maps") BOMBUS_HELP("since when pages wait for their use");

struct ahead_range {
	__u64 mapping;
	__u64 first;
	__u64 last;
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ahead_range);
} ranges SEC(".maps") BOMBUS_HELP("what a thread reads ahead");

static __always_inline struct read_ahead *totals(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&read_ahead, &zero);
}

static __always_inline int begins(__u64 mapping, __u64 first, __u64 count)
{
	struct ahead_range *range;

	if (bombus_filtered())
		return 0;
	range = bpf_task_storage_get(&ranges, bpf_get_current_task_btf(), 0,
				     BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!range) {
		bombus_lost(&read_ahead_use_time);
		return 0;
	}
	range->mapping = mapping;
	range->first = first;
	range->last = first + count - 1;
	return 0;
}

static __always_inline __u32 pages_of(const struct folio *folio)
{
	const struct folio___large *large = (const void *)folio;
	__u64 flags = 0; /* its first member */
	__u32 order = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), folio);
	if (bpf_core_field_exists(large->_flags_1) &&
	    flags >> bpf_core_enum_value(enum pageflags, PG_head) & 1)
		order = BPF_CORE_READ(large, _flags_1) & ORDER_MASK;
	return order < 7 ? 1 << order : MOST_PAGES;
}

SEC("tp_btf/page_cache_ra_unbounded")
int BPF_PROG(on_range___tp, struct inode *inode, unsigned long first, unsigned long count)
{
	return begins((__u64)BPF_CORE_READ(inode, i_mapping), first, count);
}

/* Kernels without these tracepoints: their functions. */
SEC("fentry/page_cache_ra_unbounded")
int BPF_PROG(on_range___fentry, struct readahead_control *control, unsigned long count)
{
	return begins((__u64)control->mapping, control->_index, count);
}

SEC("tp_btf/page_cache_ra_order")
int BPF_PROG(on_order, struct inode *inode, unsigned long first, struct file_ra_state *state)
{
	return begins((__u64)BPF_CORE_READ(inode, i_mapping), first, BPF_CORE_READ(state, size));
}

SEC("tp_btf/mm_filemap_add_to_page_cache")
int BPF_PROG(on_add, struct folio *folio)
{
	struct ahead_range *range = bpf_task_storage_get(&ranges, bpf_get_current_task_btf(), 0, 0);
	struct page_key key = { (__u64)BPF_CORE_READ(folio, mapping), BPF_CORE_READ(folio, index) };
	__u32 count = pages_of(folio);
	struct read_ahead *all = totals();
	__u64 now_ns = bpf_ktime_get_ns();

	if (!all || !range || range->mapping != key.mapping || key.index < range->first ||
	    key.index > range->last)
		return 0;
	for (__u32 i = 0; i < MOST_PAGES && i < count; i++, key.index++) {
		if (bpf_map_update_elem(&pages, &key, &now_ns, BPF_ANY))
			bombus_lost(&read_ahead_use_time);
		else
			bombus_add(&all->pages, 1);
	}
	return 0;
}

static __always_inline int uses(__u64 mapping, __u64 first, __u64 last)
{
	struct page_key key = { mapping, first };
	struct read_ahead *all = totals();
	__u64 now_ns = bpf_ktime_get_ns();
	struct use_key by_time = {};

	for (__u32 i = 0; i < MOST_PAGES && key.index <= last; i++, key.index++) {
		__u64 *since_ns = bpf_map_lookup_elem(&pages, &key);
		__u64 took_ns;

		if (!since_ns)
			continue;
		took_ns = now_ns - *since_ns;
		/* Of two threads that use it, one deletes it. */
		if (bpf_map_delete_elem(&pages, &key))
			continue;
		if (all)
			bombus_add(&all->used, 1);
		bombus_histogram_observe(&read_ahead_use_time, &by_time, took_ns / 1000);
	}
	return 0;
}

SEC("tp_btf/mm_filemap_get_pages")
int BPF_PROG(on_read___tp, struct address_space *mapping, unsigned long first, unsigned long last)
{
	return uses((__u64)mapping, first, last);
}

SEC("fentry/folio_mark_accessed")
int BPF_PROG(on_read___fentry, struct folio *folio)
{
	__u64 index = BPF_CORE_READ(folio, index);

	return uses((__u64)BPF_CORE_READ(folio, mapping), index, index);
}

SEC("tp_btf/mm_filemap_fault")
int BPF_PROG(on_fault, struct address_space *mapping, unsigned long index)
{
	return uses((__u64)mapping, index, index);
}

SEC("tp_btf/mm_filemap_map_pages")
int BPF_PROG(on_map, struct address_space *mapping, unsigned long first, unsigned long last)
{
	return uses((__u64)mapping, first, last);
}

SEC("tp_btf/mm_filemap_delete_from_page_cache")
int BPF_PROG(on_delete, struct folio *folio)
{
	struct page_key key = { (__u64)BPF_CORE_READ(folio, mapping), BPF_CORE_READ(folio, index) };
	__u32 count = pages_of(folio);
	struct read_ahead *all = totals();

	if (!all)
		return 0;
	for (__u32 i = 0; i < MOST_PAGES && i < count; i++, key.index++)
		if (bpf_map_delete_elem(&pages, &key) == 0)
			bombus_add(&all->unused, 1);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("pages that the kernel reads ahead, and whether they are used") = "GPL";
