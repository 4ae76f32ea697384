#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Objects that were written for other tools, or for none: what is missing in them is found, asked
# for, or named.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# --- records of several sizes (case: tworecs, varlen, A3) ---
traffic_start getppid,3
ok 'records: it attaches' bombus_start records run "$OBJECTS/others_records.bpf.o" -o json \
	--set target_pid="$TRAFFIC_PID"
ok 'records: three calls' traffic_go
sleep 0.5
ok 'records: it ends' bombus_stop INT
events records two 'map([.type, .round])' '[[1,0],[1,1],[1,2]]'
like 'records: the other type is named' "$(cat records.err)" \
	"map 'two': it also has records of 16 bytes, and type small has 8"
like 'records: and counted' "$(cat records.err)" ' 3 malformed'
events records partly 'map([.round, .len, .buf])' '[[0,5,"hello"],[1,5,"hello"],[2,5,"hello"]]'
events records flexible 'map([.round, .len, .data])' '[[0,4,"open"],[1,4,"open"],[2,4,"open"]]'

# The calls write 8 and 16 bytes, so the other type ends not within its array but at 16 (tworecs, A3).
traffic_start getppid,3
ok 'exact: it attaches' bombus_start exact run "$OBJECTS/others_records.bpf.o" -o json \
	--set target_pid="$TRAFFIC_PID" --map two=events:other
ok 'exact: three calls' traffic_go
sleep 0.5
ok 'exact: it ends' bombus_stop INT
events exact two 'map([.type, .text])' '[[2,"other"],[2,"other"],[2,"other"]]'
like 'exact: those of 8 bytes are not events' "$(cat exact.err)" ' 9 events, .* 3 malformed'

# --- one job in two forms ---
traffic_start getppid,7
ok 'twins: it attaches' bombus_start twins run "$OBJECTS/others_twins.bpf.o" -o json \
	--interval 100ms --set target_pid="$TRAFFIC_PID"
ok 'twins: seven calls' traffic_go
ok 'twins: it ends' bombus_stop INT
is 'twins: they are counted once' "$(jq -s 'map(select(.map == "calls")) | last | .value' twins.out)" 7
BOMBUS_INCLUDE=$TOP/include run_bombus build "$TESTS/bpf/others_twins.bpf.c" --binary-only \
	-o unlike.o --cflags -DUNLIKE
run_bombus run unlike.o --dry-run
like 'twins: a third one is named' "$ERR" \
	"'sys_enter_btf' \(tp_btf/sys_enter\) and 'another' .* run at the same place.*--only"

# --- no map has a role ---
# plain NAME ARGUMENTS...: seven rounds.
plain() {
	local name=$1
	shift
	traffic_start getppid,7
	ok "$name: it attaches" bombus_start "$name" run "$OBJECTS/others_plain.bpf.o" -o json \
		--interval 100ms --set target_pid="$TRAFFIC_PID" "$@"
	ok "$name: seven calls" traffic_go
	sleep 0.3
	[ "$name" != named ] || curl -s "http://127.0.0.1:$port/metrics" >named.metrics
	ok "$name: it ends" bombus_stop INT
}
plain bare
is 'bare: the map is shown' "$(jq -sc 'map(select(.map == "http_stats")) | last | [.kind, .value]' bare.out)" \
	'["counter",{"calls":7,"bytes":700}]'
is 'bare: slots are a histogram' "$(jq -sc 'map(select(.map == "lat")) | last |
	[.kind, .count, (.buckets | map(select(.count > 0) | [.le, .count]) | .[0:3])]' bare.out)" \
	'["histogram",7,[[7,1],[15,1],[31,7]]]'
is 'bare: results beside slots are counters' "$(jq -sc 'map(select(.map == "infos")) | last |
	[.kind, .value.count, .value.total, .value.max]' bare.out)" '["counter",7,21,3]'
is 'bare: what has begun is internal' "$(jq -sc 'map(select(.map == "start")) | length' bare.out)" 0
like 'bare: and the hint names the exporter' "$(cat bare.err)" \
	'no map has a role: --map lat=histogram exports lat, as SEC'
port=$(free_port)
# case: globals, B3
plain named --map http_stats=counter --name http_stats=http --label http_stats,bytes=sent \
	--label http_stats,key=side --map buckets=histogram "--metrics=127.0.0.1:$port"
unlike 'named: nothing is missing' "$(cat named.err)" 'no map has a role'
like 'named: the metric' "$(cat named.metrics)" '^ebpf_http_calls_total\{side="5"\} 7$'
like 'named: the other one' "$(cat named.metrics)" '^ebpf_http_sent_total\{side="5"\} 700$'
like 'named: a variable is a histogram' "$(cat named.metrics)" '^ebpf_buckets_bucket\{le="15"\} 7$'
like 'named: not below' "$(cat named.metrics)" '^ebpf_buckets_bucket\{le="7"\} 0$'

# --- histograms that nothing describes (case: A4) ---
# histogram NAME ARGUMENTS...: ten observations of 100 to 109.
histogram() {
	local name=$1
	shift
	traffic_start getppid,10
	ok "$name: it attaches" bombus_start "$name" run "$OBJECTS/others_exp2.bpf.o" -o json \
		--interval 100ms --set target_pid="$TRAFFIC_PID" "$@"
	ok "$name: ten calls" traffic_go
	sleep 0.3
	ok "$name: it ends" bombus_stop INT
}
last_of() {
	jq -sc "map(select(.map == \"$2\")) | last | $3" "$1.out"
}
histogram guessed --map lat=histogram --map flat=histogram
like 'guessed: the sum is suspected' "$(cat guessed.err)" \
	"map 'lat': bucket 28 holds what looks like the sum .*--hist-buckets 'lat,exp2 0 27'"
like 'guessed: an index as well' "$(cat guessed.err)" \
	"map 'flat': bucket 28 holds what looks like the sum .*--hist-buckets 'flat,exp2 0 27'"
histogram told --map flat=histogram --hist-buckets 'flat,exp2 0 27' --map lat=histogram --hist-buckets 'lat,exp2 0 27 us' --map by_index=histogram
unlike 'declared: no warning' "$(cat told.err)" 'looks like the sum'
is 'declared: count and sum' "$(last_of told lat '[.count, .sum]')" '[10,1045]'
is 'declared: of an index too' "$(last_of told flat '[.count, .sum]')" '[10,1045]'
is 'declared: the bucket of 2^7' "$(last_of told lat '.buckets | map(select(.count > 0) | .le) | first')" 128
is 'declared: an index is a bucket' "$(last_of told by_index '[.count, (.buckets | map(select(.count > 0) | .le) | first)]')" '[10,255]'

# --- a program that another one calls through a map (case: tail2, B7) ---
for only in '' main_prog; do
	name=tail${only:+-only}
	traffic_start getppid,5
	ok "$name: it attaches" bombus_start "$name" run "$OBJECTS/others_tail.bpf.o" -o json \
		--interval 100ms --set target_pid="$TRAFFIC_PID" ${only:+--only $only}
	ok "$name: five calls" traffic_go
	sleep 0.3
	ok "$name: it ends" bombus_stop INT
	is "$name: both ran" "$(jq -sc 'map(select(.map == "hits" and .value > 0)) | group_by(.key) |
		map(last | [.key.index, .value])' "$name.out")" '[[0,5],[1,5]]'
done
run_bombus run "$OBJECTS/others_tail.bpf.o" --dry-run --only main_prog
like 'tail: it is loaded' "$OUT" '^tail_one .* loaded'
like 'tail: another is left out' "$OUT" '^another .* off .*left out by --only'
run_bombus check "$OBJECTS/others_tail.bpf.o"
is 'tail: check: status' "$RC" 0
like 'tail: check' "$OUT" 'tail_one .* ok .*a map calls it'

# --- sizes that are left to a loader ---
traffic_start getppid,3
ok 'sizes: it attaches' bombus_start sizes -v run "$OBJECTS/others_sizes.bpf.o" -o json \
	--interval 100ms --set target_pid="$TRAFFIC_PID"
ok 'sizes: three calls' traffic_go
sleep 0.3
ok 'sizes: it ends' bombus_stop INT
is 'sizes: it counted' "$(last_of sizes calls .value)" 3
like 'sizes: of the hash' "$(cat sizes.err)" "map 'calls' leaves its size to the loader: 10240"
like 'sizes: of a stack' "$(cat sizes.err)" "map 'stacks' leaves its value size to the loader: 1016 bytes"
BOMBUS_INCLUDE=$TOP/include run_bombus build "$TESTS/bpf/others_sizes.bpf.c" --binary-only \
	-o no_value.o --cflags -DNO_VALUE
run_bombus run no_value.o --dry-run
is 'sizes: none: status' "$RC" 1
like 'sizes: none: the message' "$ERR" "map 'open_value': its definition says no value size"
like 'sizes: none: the hint' "$ERR" '^hint: --value-size open_value=BYTES'
run_bombus run no_value.o --dry-run --value-size open_value=8 --value-size stacks=160 \
	--max-entries calls=5
is 'sizes: given' "$RC" 0
run_bombus run no_value.o --dry-run --value-size stacks=7
is 'sizes: half an address' "$RC" 2

# --- maps in a legacy section (case: legacy, B6) ---
BOMBUS_INCLUDE=$TOP/include run_bombus build "$TESTS/bpf/others_legacy.bpf.c" --binary-only \
	-o both.o --cflags -DBOTH
is 'legacy: one with both kinds is compiled' "$RC" 0
for object in "$OBJECTS/others_legacy.bpf.o" both.o; do
	name=legacy-${object##*/}
	traffic_start getppid,5
	ok "$name: it attaches" bombus_start "$name" run "$object" -o json --interval 100ms \
		--set target_pid="$TRAFFIC_PID" --map old_calls=counter --map old_hash=counter
	ok "$name: five calls" traffic_go
	sleep 0.3
	ok "$name: it ends" bombus_stop INT
	is "$name: it counted" "$(last_of "$name" old_calls .value)" 5
	is "$name: by key" "$(last_of "$name" old_hash '[.key.key, .value]')" '[7,5]'
done

# --- a histogram whose key has no bucket of its own ---
traffic_start getppid,5
ok 'by: it attaches' bombus_start by run "$OBJECTS/others_by.bpf.o" -o json --interval 100ms \
	--set target_pid="$TRAFFIC_PID"
ok 'by: five calls' traffic_go
sleep 0.3
ok 'by: it ends' bombus_stop INT
is 'by: a struct' "$(last_of by by_struct '[.key, .count, .sum]')" '[{"disk":8,"write":1},5,510]'
is 'by: a number' "$(last_of by by_pid '[.key, .count, .sum]')" '[{"pid":7},5,75]'

done_testing
