#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Buffers whose records have no declared type: it is found, chosen, or they are bytes (case: varlen,
# B2).
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq llvm-objcopy

# untyped NAME OBJECT ARGUMENTS...: three rounds of each program.
untyped() {
	local name=$1 object=$2
	shift 2
	traffic_start getppid,3
	ok "$name: it attaches" bombus_start "$name" run "$object" -o json \
		--interval 100ms --set target_pid="$TRAFFIC_PID" "$@"
	ok "$name: three calls" traffic_go
	sleep 0.5
	ok "$name: it ends" bombus_stop INT
}
untyped found "$OBJECTS/others_untyped.bpf.o" --only untyped
events found ring 'map(select(.round == 1) | del(.round))' \
	'[{"mood":"BUSY","low":5,"high":17,"name":"ring","io":{"in":7,"out":[-1,2]},"pointer":"0x0","last":true}]'
events found frame . '[{"round":0,"a":3,"b":4},{"round":1,"a":3,"b":4},{"round":2,"a":3,"b":4}]'
events found heap_event . '[{"round":0,"len":3,"text":"hea"},{"round":1,"len":4,"text":"heap"},{"round":2,"len":3,"text":"hea"}]'
events found global 'map([.round, .sum, .more])' '[[0,9,0],[1,9,0],[2,9,0]]'
events found one_number 'map(.value)' '[100,101,102]'
events found part 'map([.round, .len, .buf])' '[[0,5,"hello"],[1,5,"hello"],[2,5,"hello"]]'
events found address 'map(.saddr)' '["127.0.0.1","127.0.0.1","127.0.0.1"]'
is 'found: a map beside them is internal' "$(jq -sc 'map(select(.map == "start")) | length' found.out)" 0
like 'found: a type is named' "$(cat found.err)" \
	"map 'frame' does not say what its records are: struct in_frame is taken, of 16 bytes"
like 'found: so is a typedef' "$(cat found.err)" "map 'ring' .*: reserved_t is taken"
like 'found: one that is never written' "$(cat found.err)" "; map 'never_written' does not say"

untyped several "$OBJECTS/others_untyped.bpf.o" --only two_types
like 'several: the words' "$(cat several.err)" \
	"map 'several' .*, and they can be struct first, struct second: --map several=events:first"
events several several 'map(.bytes[:8]) | .[0:2]' '["00000000","00000000"]'
untyped chosen "$OBJECTS/others_untyped.bpf.o" --only two_types --map several=events:second
events chosen several . '[{"round":0,"zero":0},{"round":1,"zero":0},{"round":2,"zero":0}]'

# Without the debugger's data only BTF is left.
llvm-objcopy --strip-debug "$OBJECTS/others_untyped.bpf.o" stripped.o
untyped bytes stripped.o --only untyped
events bytes global 'map([.round, .sum])' '[[0,9],[1,9],[2,9]]'
events bytes ring 'map([(.bytes | length), .bytes[:24]])' '[[112,"000000000000000002000000"],[112,"010000000000000002000000"],[112,"020000000000000002000000"]]'
like 'bytes: the reason' "$(cat bytes.err)" \
	'no type of 56 bytes that they could be: they are shown as bytes; --map ring=events:STRUCT'
# build keeps in BTF what the debugger's data says.
BOMBUS_INCLUDE=$TOP/include run_bombus build "$TESTS/bpf/others_untyped.bpf.c" --binary-only \
	-o built.o
like 'built: the words' "$ERR" "map 'frame' .*struct in_frame is taken: write __type\(value, struct \
in_frame\)"
untyped built built.o --only untyped
events built frame 'map([.round, .a, .b])' '[[0,3,4],[1,3,4],[2,3,4]]'
unlike 'built: the image knows' "$(cat built.err)" "map 'frame'"

done_testing
