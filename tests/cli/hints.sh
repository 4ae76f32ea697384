#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An author's mistakes: each gets a hint that names the line to write.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang
[ -r /sys/kernel/btf/vmlinux ] || skip_all 'this kernel has no BTF'

export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache

HEAD='#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bombus/bombus.bpf.h>
char LICENSE[] SEC("license") = "GPL";'
COUNTS='__uint(max_entries, 10); __type(key, __u32); __type(value, __u64);'
HIT='SEC("tracepoint/syscalls/sys_enter_getppid") int on_hit(void *ctx)'

# hint NAME CODE STATUS REGEX [HEAD]
hint() {
	printf '%s\n%s\n' "${5-$HEAD}" "$2" >x.bpf.c
	run_bombus build x.bpf.c --binary-only
	is "$1: status" "$RC" "$3"
	like "$1" "$ERR" "$4"
}

hint 'a counter without its loss' "struct { __uint(type, BPF_MAP_TYPE_HASH); $COUNTS } hits
	SEC(\".maps.counter\"); $HIT { __u32 key = 1; bombus_count(&hits, &key, 1); return 0; }" \
	1 '^hint: write BOMBUS_LOST\(hits\);'
hint 'filters that are not declared' "$HIT { return bombus_filtered(); }" \
	1 '^hint: write BOMBUS_FILTERS;'
hint 'no vmlinux.h' "$HIT { return 0; }" 1 '^hint: write #include "vmlinux.h" as the first line' \
	'#include <bpf/bpf_helpers.h>'
hint 'a hash in plain .maps' "struct { __uint(type, BPF_MAP_TYPE_HASH); $COUNTS } hits SEC(\".maps\");
	$HIT { __u32 k = 1; __u64 v = 1; bpf_map_update_elem(&hits, &k, &v, 0); return 0; }" \
	0 'warning: .*no map has a role: .* as SEC\("\.maps\.counter"\) in the source does'
hint 'a map without a type' "struct { $COUNTS } hits SEC(\".maps\");
	$HIT { __u32 k = 1; bpf_map_delete_elem(&hits, &k); return 0; }" \
	1 '^hint: write __uint\(type, BPF_MAP_TYPE_HASH\); into it'
hint 'a map in no section' "struct { __uint(type, BPF_MAP_TYPE_HASH); $COUNTS } hits;
	$HIT { __u32 k = 1; bpf_map_delete_elem(&hits, &k); return 0; }" \
	0 "warning: .*variable 'hits' looks like a map, .*: write SEC\(\"\.maps\"\) behind it"
hint 'the same beside one that is shown' "struct { __uint(type, BPF_MAP_TYPE_HASH); $COUNTS } hits;
	BOMBUS_EVENTS(events, struct pid, 4096);
	$HIT { __u32 k = 1; bpf_map_delete_elem(&hits, &k); return 0; }" \
	0 "warning: .*variable 'hits' looks like a map, .*: write SEC\(\"\.maps\"\) behind it"
hint 'a section that names no kind of program' \
	'SEC("tracepont/syscalls/sys_enter_getppid") int on_hit(void *ctx) { return 0; }' \
	1 '^hint: SEC\("tracepoint/syscalls/sys_enter_getppid"\)'
hint 'a ring without the type of its records' "struct { __uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); } events SEC(\".maps\");
	$HIT { __u32 v = 1; bpf_ringbuf_output(&events, &v, 4, 0); return 0; }" \
	0 'warning: .*: write __type\(value, __u32\); into it'
hint 'records that do not fit their struct' "struct bigger { __u32 a; char b[64]; };
	BOMBUS_EVENTS(events, struct bigger, 4096);
	$HIT { __u32 v = 1; bpf_ringbuf_output(&events, &v, 4, 0); return 0; }" \
	0 "warning: .*map 'events' has records of 4 bytes, struct bigger has 68: write the type"
hint 'records of several lengths do' "struct bigger { __u32 a; char b[64]; };
	BOMBUS_EVENTS(events, struct bigger, 4096);
	$HIT { struct bigger v = {}; bpf_ringbuf_output(&events, &v, 4, 0);
	bpf_ringbuf_output(&events, &v, 68, 0); return 0; }" 0 '^bombus: wrote'
unlike 'records of several lengths: no warning' "$ERR" 'warning'
if [ "$(id -u)" -eq 0 ]; then
	cat >x.bpf.c <<-END
	$HEAD
	BOMBUS_EVENTS(events, struct pid, 4096);
	SEC("tracepoint/syscalls/sys_enter_openat") int on_open(struct trace_event_raw_sys_enter *ctx)
	{
		const char *name = (const char *)ctx->args[1];

		return *name == '/';
	}
	END
	run_bombus run x.bpf.c --dry-run
	is "a system call's pointer that is followed: status" "$RC" 3
	like "a system call's pointer that is followed" "$ERR" \
		'^hint: .*bpf_probe_read_user\(&copy, sizeof\(copy\), \(void \*\)ctx->args\[0\]\)'
else
	skip "a system call's pointer that is followed" 'not root'
fi

done_testing
