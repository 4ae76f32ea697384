// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Use of the page cache by reads, memory maps and writes: pages looked up, pages added because they
 * were missing, and pages made dirty. Pages that a write adds are also made dirty; the other added
 * pages are misses of reads. The hit ratio of a program that only reads is 1 - added / looked up.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;
const volatile bool by_comm BOMBUS_PARAM BOMBUS_HELP("a series for each thread name") = false;

struct cache_key {
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("thread name, with by_comm");
};
struct cache_value {
	__u64 looked_up BOMBUS_COUNTER BOMBUS_HELP("pages that were looked up");
	__u64 added BOMBUS_COUNTER BOMBUS_HELP("pages that were added");
	__u64 dirtied BOMBUS_COUNTER BOMBUS_HELP("pages that were made dirty");
};
BOMBUS_LOST(page_cache);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct cache_key);
	__type(value, struct cache_value);
} page_cache SEC(".maps.counter") BOMBUS_HELP("use of the page cache");

static __always_inline int count(__u64 looked_up, __u64 added, __u64 dirtied)
{
	struct cache_value *value;
	struct cache_key key = {};

	if (bombus_filtered())
		return 0;
	if (by_comm)
		bpf_get_current_comm(key.comm, sizeof(key.comm));
	value = bombus_entry(&page_cache, &key);
	if (!value)
		return 0;
	bombus_add(&value->looked_up, looked_up);
	bombus_add(&value->added, added);
	bombus_add(&value->dirtied, dirtied);
	return 0;
}

/* Newer kernels say which pages a read wants, and say it again for the rest of them until they have
 * them all. */
struct last_read {
	__u64 mapping;
	__u64 first;
	__u64 last;
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct last_read);
} reads SEC(".maps") BOMBUS_HELP("what a thread reads");

SEC("tp_btf/mm_filemap_get_pages")
int BPF_PROG(on_read___tp, struct address_space *mapping, unsigned long first, unsigned long last)
{
	struct last_read *read;
	bool is_rest;

	if (bombus_filtered())
		return 0;
	read = bpf_task_storage_get(&reads, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!read) {
		bombus_lost(&page_cache);
		return 0;
	}
	is_rest = read->mapping == (__u64)mapping && read->last == last && read->first < first;
	read->mapping = (__u64)mapping;
	read->first = first;
	read->last = last;
	return is_rest ? 0 : count(last - first + 1, 0, 0);
}

SEC("fentry/folio_mark_accessed")
int BPF_PROG(on_read___fentry, struct folio *folio)
{
	return count(1, 0, 0);
}

SEC("tp_btf/mm_filemap_add_to_page_cache")
int BPF_PROG(on_add, struct folio *folio)
{
	return count(0, 1, 0);
}

SEC("tp_btf/writeback_dirty_folio")
int BPF_PROG(on_dirty, struct folio *folio, struct address_space *mapping)
{
	return count(0, 0, 1);
}

char LICENSE[] SEC("license") BOMBUS_HELP("how well the page cache serves programs") = "GPL";
