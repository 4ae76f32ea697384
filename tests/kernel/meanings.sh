#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What fields mean of which types say little: by the instructions, by their names, by --as.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# seen NAME ARGUMENTS...: two rounds.
seen() {
	local name=$1
	shift
	traffic_start getppid,2
	ok "$name: it attaches" bombus_start "$name" run "$OBJECTS/meanings.bpf.o" \
		--set target_pid="$TRAFFIC_PID" --interval 100ms "$@"
	ok "$name: two calls" traffic_go
	sleep 0.3
	ok "$name: it leaves" bombus_stop INT
}

# --- two stack maps ---
seen typed -o json
events typed stacks 'map(.kernel | test("syscall")) | unique' '[true]'
events typed stacks 'map(.user | test("^0x[0-9a-f]+(;0x[0-9a-f]+)*$")) | unique' '[true]'
events typed stacks 'map(.failed) | unique' '["EFAULT"]'

# --- network order, ids of traces ---
events typed odd 'map([.dport, .proto, .saddr, .seq, .cookie]) | unique' '[[80,2048,"127.0.0.1",258,1]]'
events typed odd 'map([.trace_id, .span_id]) | unique' \
	'[["ab000000000000000000000000000001","0000000000000002"]]'
seen where -o json --where 'odd:proto == 0x800 && dport in (80, 443)' --fields odd=proto
events where odd . '[{"proto":2048},{"proto":2048}]'

done_testing
