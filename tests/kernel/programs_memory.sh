#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs about memory, each with work of known size, of which they have to tell exactly.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# rows NAME MAP FILTER WANTED: of a run with --interval 1m, whose maps are shown once. The filter sees $p,
# the traffic's process.
rows() {
	jq_is "$1: $2" "$1.out" "$TRAFFIC_PID as \$p | map(select(.map == \"$2\")) | $3" "$4"
}
all_counted() {
	unlike "$1: nothing was lost" "$(tail -n 1 "$1.err")" '[1-9][0-9]* (lost|dropped)'
}

# --- memory that is not freed ---
example memleak leak,5000,40,30 --interval 1m
rows memleak outstanding 'map(select(.value.size == 50000) |
	[.key.pid == $p, .key.comm, .value.count, (.key.stack | length > 2)])' '[[true,"traffic",10,true]]'
all_counted memleak
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
all_counted mallocs
example mallocs allocators --interval 1m --set by_comm=true
rows mallocs by_process 'map(select(.key.function | test("CALLOC|REALLOC|MEMALIGN")) |
	[.key.function, .value.calls, .value.size])  | sort' \
	'[["CALLS_CALLOC",1,10000],["CALLS_MEMALIGN",2,70000],["CALLS_REALLOC",1,20000]]'

# --- page faults: one for each page of a private mapping that is written ---
head -c 262144 /dev/zero >known-file
example pagefaults "private,$T/known-file,50" --interval 1m
rows pagefaults by_file 'map(select(.key.file == "known-file") |
	[.key.pid == $p, .key.comm, .key.memory, .value])' '[[true,"traffic","FAULT_FILE",50]]'
jq_is 'pagefaults: the metric counts the same' pagefaults.out \
	'map(select(.key)) | group_by(.map) | map(map(.value) | add) | unique | length' 1
all_counted pagefaults
example pagefaults "private,$T/known-file,50" --set major_only=true
series pagefaults by_file 'map(.key.kind) | unique | . - ["FAULT_MAJOR"]' '[]'

# --- slab caches: a file each open ---
echo x >known.txt
example slabratetop "open,$T/known.txt,70"
series slabratetop slab 'map(select(.key.cache == "filp") | [.value.allocations, .value.size > 70 * 100])' \
	'[[70,true]]'
all_counted slabratetop

done_testing
