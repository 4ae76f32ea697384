#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs about memory, each with work of known size, of which they have to tell exactly.
# shellcheck source=../support/lib.sh disable=SC2016
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# --- memory that is not freed ---
example memleak leak,5000,40,30 --interval 1m
rows memleak outstanding 'map(select(.value.size == 50000) |
	[.key.pid == $p, .key.comm, .value.count, (.key.stack | length > 2)])' '[[true,"traffic",10,true]]'
no_series_loss memleak
example memleak leak,5000,40,40 --interval 1m --set min_size=5000
rows memleak outstanding 'map([.value.size, .value.count]) | unique' '[[0,0]]'
rows memleak heap 'map(.value)' '[{"allocations":40,"frees":40,"allocated":200000,"freed":200000}]'
example memleak allocators --interval 1m --set min_size=10000
rows memleak heap 'map(.value)' '[{"allocations":4,"frees":1,"allocated":100000,"freed":10000}]'
rows memleak outstanding 'map(select(.value.size > 0) | .value.size) | sort' '[20000,30000,40000]'

# The library where the process has it, and by its path.
for target in pid libc.so.6; do
	traffic_start leak,6000,20,12
	[ $target != pid ] || target="pid=$TRAFFIC_PID"
	ok "memleak: it attaches to ${target%=*}" example_start memleak --pid "$TRAFFIC_PID" --interval 1m \
		--attach "*=$target"
	ok 'memleak: 8 allocations stay' traffic_go
	ok 'memleak: it ends' bombus_stop INT
	rows memleak outstanding 'map(select(.value.size == 48000) | .value.count)' '[8]'
done
run_bombus --store "$EXAMPLES" run syscount --attach '*=pid=1'
is 'a pattern for a program without such probes: status' "$RC" 2
like 'a pattern for a program without such probes' "$ERR" "no program named '\*'"

example mallocs leak,5000,40,30 --interval 1m
rows mallocs by_process 'map(select(.key.function == "CALLS_MALLOC" and .key.pid == $p) | .value) |
	map(.calls >= 40 and .size >= 200000)' '[true]'
rows mallocs allocation_size 'map(select(.key.function == "CALLS_MALLOC")) | map(.buckets |
	(map(select(.le == 8192)) | .[0].count) - (map(select(.le == 4096)) | .[0].count))' '[40]'
no_series_loss mallocs
example mallocs allocators --interval 1m --set by_comm=true
rows mallocs by_process 'map(select(.key.function | test("CALLOC|REALLOC|MEMALIGN")) |
	[.key.function, .value.calls, .value.size])  | sort' \
	'[["CALLS_CALLOC",1,10000],["CALLS_MEMALIGN",2,70000],["CALLS_REALLOC",1,20000]]'

# Of the kernel: pipes that are open, and closed.
pipes_left() {
	jq -sc 'map(select(.key.stack // "" | test("alloc_pipe_info")) | .value.count) | [max, .[-1]]' kmemleak.out
}
traffic_start pipes,25 "until,$T/stop"
ok 'kmemleak: it attaches' example_start kmemleak --set target_pid="$TRAFFIC_PID" --interval 200ms
echo >&"$go_fd"
are_left() { [ "$(pipes_left)" = "$1" ]; }
ok 'kmemleak: 25 pipes are open' wait_for 20 are_left '[25,25]'
touch stop
ok 'kmemleak: they are closed' traffic_go
ok 'kmemleak: it ends' bombus_stop INT
is 'kmemleak: outstanding' "$(pipes_left)" '[25,0]'
no_series_loss kmemleak

# --- page faults: one for each page of a private mapping that is written ---
head -c 262144 /dev/zero >known-file
example pagefaults "private,$T/known-file,50" --interval 1m
rows pagefaults by_file 'map(select(.key.file == "known-file") |
	[.key.pid == $p, .key.comm, .key.memory, .value])' '[[true,"traffic","FAULT_FILE",50]]'
jq_is 'pagefaults: the metric counts the same' pagefaults.out \
	'map(select(.key)) | group_by(.map) | map(map(.value) | add) | unique | length' 1
no_series_loss pagefaults
example pagefaults "private,$T/known-file,50" --set major_only=true
series pagefaults by_file 'map(.key.kind) | unique | . - ["FAULT_MAJOR"]' '[]'

# --- slab caches: a file each open ---
echo x >known.txt
example slabratetop "open,$T/known.txt,70"
series slabratetop slab 'map(select(.key.cache == "filp") | [.value.allocations, .value.size > 70 * 100])' \
	'[[70,true]]'
no_series_loss slabratetop

# --- the page cache: a file of 64 pages, written, and read thrice ---
if [ -z "${IN_GUEST:-}" ]; then
	cached=$T/cached charged=$T/charged
	example cachestat "write,$cached,4096,64" --interval 1m
	# The file system may add a page or two of its own.
	rows cachestat page_cache 'map([.value.added, .value.dirtied] | map(. >= 64 and . <= 67))' '[[true,true]]'
	example cachestat "read,$cached,262144,3" --interval 1m --set by_comm=true
	rows cachestat page_cache 'map([.key.comm, .value.looked_up, .value.added, .value.dirtied])' \
		'[["traffic",192,0,0]]'
	no_series_loss cachestat
	example cachestat "read,$cached,4096,10" --interval 1m
	rows cachestat page_cache 'map(.value.looked_up)' '[10]'

	traffic_start "forget,$cached" "read,$cached,262144,1" "read,$cached,262144,1"
	ok 'readahead: it attaches' example_start readahead --pid "$TRAFFIC_PID" --interval 1m
	ok 'readahead: all of a file is used' traffic_go
	ok 'readahead: it ends' bombus_stop INT
	rows readahead read_ahead 'map(.value)' '[{"pages":64,"used":64,"unused":0}]'
	rows readahead read_ahead_use_time 'map(.count)' '[64]'
	traffic_start "forget,$cached" "read,$cached,4096,1" "forget,$cached"
	ok 'readahead: it attaches' example_start readahead --pid "$TRAFFIC_PID" --interval 1m
	ok 'readahead: one page of a file is used' traffic_go
	ok 'readahead: it ends' bombus_stop INT
	rows readahead read_ahead 'map(.value | [.pages > 1, .used, .unused == .pages - 1])' '[[true,1,true]]'
	no_series_loss readahead
else
	# Older kernels count a page of a block device by its buffers, and again at the end of a mapping.
	modprobe brd rd_nr=2 rd_size=16384
	cached=/dev/ram0 charged=/dev/ram1
	ok 'two disks in memory' wait_for 10 test -b $charged -a -b $cached
	example cachestat "read,$cached,262144,3" --interval 1m --set by_comm=true
	rows cachestat page_cache 'map([.key.comm, .value.looked_up >= 189, .value.added >= 64])' \
		'[["traffic",true,true]]'
	no_series_loss cachestat
fi

# --- direct reclaim: a process writes a file within a cgroup, and makes its cgroup free memory ---
for group in /sys/fs/cgroup/memory/bombus-test-$$ /sys/fs/cgroup/bombus-test-$$; do
	[ -e "${group%/*}/memory.stat" ] && break
done
[ ! -e /sys/fs/cgroup/cgroup.subtree_control ] || echo +memory >/sys/fs/cgroup/cgroup.subtree_control
if mkdir "$group" 2>/dev/null; then
	at_exit+=("wait_for 10 rmdir '$group'")
	free=$group/memory.force_empty
	[ -e "$free" ] || free=$group/memory.reclaim
	# A disk forgets its pages when it is closed.
	: >>"$charged" && exec {hold}<"$charged"
	traffic_start "write,$charged,65536,64" "put,$free,1M"
	echo "$TRAFFIC_PID" >"$group/cgroup.procs"
	ok 'drsnoop: it attaches' example_start drsnoop --pid "$TRAFFIC_PID"
	ok 'drsnoop: a cgroup has to free memory' traffic_go
	ok 'drsnoop: it ends' bombus_stop INT
	events drsnoop reclaims "[length > 0, (map(.reclaimed) | add > 100),
		(map([.reclaim, .pid, .comm]) | unique)]" \
		"[true,true,[[\"RECLAIM_CGROUP\",$TRAFFIC_PID,\"traffic\"]]]"
	jq_is 'drsnoop: the histogram has as many' drsnoop.out \
		'(map(select(.kind == "event")) | length) ==
		(map(select(.map == "reclaim_time") | .count) | last)' true
	no_loss drsnoop
else
	skip drsnoop 'no memory controller'
fi

# --- pages that move: what a process asks for, on a machine of its own ---
if [ "${IN_GUEST:-}" ]; then
	example numamove put,/proc/sys/vm/compact_memory,1 --interval 1m
	rows numamove by_process 'map([.key.pid == $p, .key.reason, .value.moved > 0, .value.time > 0])' \
		'[[true,"MR_COMPACTION",true,true]]'
	rows numamove page_move_time 'map([.key.reason, .count > 0])' '[["MR_COMPACTION",true]]'
	jq_is 'numamove: the metric counts the same' numamove.out \
		'map(select(.map == "by_process" or .map == "page_moves") | .value.moved) | unique | length' 1
else
	example numamove leak,5000,40,40
	series numamove by_process length 0
fi

done_testing
