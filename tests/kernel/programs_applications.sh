#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs about locks and applications, each with work of known size, of which they have to tell
# exactly.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

rows() {
	jq_is "$1: $2" "$1.out" "$TRAFFIC_PID as \$p | map(select(.map == \"$2\")) | $3" "$4"
}
all_counted() {
	unlike "$1: nothing was lost" "$(tail -n 1 "$1.err")" '[1-9][0-9]* (lost|dropped)'
}

# --- locks of programs ---
example futexctn futex,10,12 --interval 1m
lock=$(traffic_said lock)
rows futexctn futexes 'map([.key.pid == $p, .key.comm, .key.lock, .value.waits, .value.time >= 120000000,
	.value.max >= 10000000 and .value.max <= .value.time])' \
	"[[true,\"traffic\",\"$lock\",12,true,true]]"
rows futexctn futex_wait_time 'map([.key, .count, .sum >= 120000])' '[[{"comm":""},12,true]]'
all_counted futexctn
example futexctn futex,1,5 --interval 1m --set lock=1
rows futexctn futexes length 0

# --- locks of the kernel: of a terminal, which a reader holds while it waits ---
example klockstat tty-lock,60 --interval 1m --set min_us=50000
rows klockstat locks 'map(select(.key.stack | test("n_tty_read")) |
	[.key.kind, .value.waits, .value.time >= 60000000, .value.max == .value.time])' \
	'[["LOCK_MUTEX",1,true,true]]'
rows klockstat kernel_lock_wait_time 'map(select(.key.kind == "LOCK_MUTEX") | .count)' '[1]'
all_counted klockstat

done_testing
