#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a running program counts is what comes out: every style of object, every kind of map, as
# JSON, table, CSV and metrics. The programs (tests/bpf/run_*.bpf.c) do one round for each call of
# getppid() by one process, so that all values are known.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# The last row of each key, as "map key -> value", from NDJSON.
LAST='[.[] | select(.key != null)] | group_by([.map, .key]) | map(last)'

# rounds NAME OBJECT COUNT ARGUMENTS...: runs the object while exactly COUNT rounds happen.
rounds() {
	local name=$1 object=$OBJECTS/$2.bpf.o count=$3
	shift 3
	traffic_start "getppid,$count"
	ok "$name: it attaches" bombus_start "$name" run "$object" \
		--set target_pid="$TRAFFIC_PID" --interval 200ms "$@"
	ok "$name: $count rounds" traffic_go
	[ -z "${while_running:-}" ] || "$while_running" "$name"
	ok "$name: it ends on a signal" bombus_stop INT
}

# scraped NAME REGEX: a line of the metrics, once the next sweep was made.
scraped() {
	local name=$1 regex=$2
	if wait_for 10 scrape_has "$regex"; then
		pass "$name"
	else
		fail "$name" "no line matches: $regex" "$(grep -v '^#' "$T/metrics" | head -n 30)"
	fi
}

scrape_has() {
	fetch "http://127.0.0.1:$PORT/metrics" >"$T/metrics" && grep -qE -- "$1" "$T/metrics"
}

# --- a ring buffer that is a counter by its section ---
ring_metrics() {
	scraped "$1: five even rounds" "^ebpf_events_total\\{$(
		)pid=\"$TRAFFIC_PID\",parity=\"0\",comm=\"traffic\"\\} 5$"
	scraped "$1: four odd ones" "^ebpf_events_total\\{.*parity=\"1\".*\\} 4$"
	is "$1: no other series" "$(grep -c '^ebpf_events_total{' "$T/metrics")" 2
	like "$1: it has a TYPE" "$(cat "$T/metrics")" '^# TYPE ebpf_events_total counter$'
}
PORT=$(free_port)
while_running=ring_metrics rounds ring-counter run_ring_counter 9 -o json \
	--metrics="127.0.0.1:$PORT"
jq_is 'ring-counter: the rows' ring-counter.out \
	"$LAST | map([.map, .kind, .key.pid == $TRAFFIC_PID, .key.parity, .key.comm, .value])" \
	'[["events","counter",true,0,"traffic",5],["events","counter",true,1,"traffic",4]]'
like 'ring-counter: the closing line' "$(tail -n 1 ring-counter.err)" \
	'9 events, \? lost, 2 series.*nothing stays pinned'

# --- records so large that they reach far over the end of the ring ---
# One after the other: the ring holds two.
jobs=()
for ((i = 0; i < 40; i++)); do jobs+=("getppid,1" "sleep,50"); done
traffic_start "${jobs[@]}"
ok 'large: it attaches' bombus_start large run "$OBJECTS/run_large.bpf.o" \
	--set target_pid="$TRAFFIC_PID" -o json
ok 'large: 40 rounds' traffic_go
ok 'large: it ends on a signal' bombus_stop INT
jq_is 'large: each record is whole' large.out 'map([.fields.first, .fields.last])' \
	"$(jq -nc '[range(40) | [., .]]')"

# --- BumbleBee's prefixes ---
rounds prefix run_prefix 7 -o json
jq_is 'prefix: counter_' prefix.out \
	"$LAST | map(select(.map == \"calls\") | [.kind, .key.parity, .value])" \
	'[["counter",0,4],["counter",1,3]]'
jq_is 'prefix: gauge_' prefix.out \
	"$LAST | map(select(.map == \"last\") | [.kind, .key.parity, .value])" \
	'[["gauge",0,6],["gauge",1,5]]'
jq_is 'prefix: print_' prefix.out 'map(select(.map == "seen") | .fields.round)' '[0,1,2,3,4,5,6]'
jq_is 'prefix: maps without a role are not shown' prefix.out 'map(select(.map == "scratch")) | length' 0

# --- a plain ring buffer, all kinds of members ---
rounds plain run_plain 300 -o json
is 'plain: a line for each record' "$(wc -l <plain.out)" 300
jq_is 'plain: in order' plain.out 'map(.fields.round) == [range(300)]' true
# jq's numbers are doubles: the largest integers are compared as text.
is 'plain: the largest integer' \
	"$(sed -n 4p plain.out | grep -oE '"biggest":[0-9]+')" '"biggest":18446744073709551612'
is 'plain: the smallest integer' \
	"$(sed -n 1p plain.out | grep -oE '"smallest":-?[0-9]+')" '"smallest":-9223372036854775808'
jq_is 'plain: small members' plain.out \
	'.[5].fields | [.minus, .small, .odd, .mood, .comm, .low, .high]' \
	'[-5,255,true,"RUN_WILD","traffic",5,5]'
jq_is 'plain: bit fields wrap' plain.out '.[41].fields | [.low, .high]' '[1,9]'
jq_is 'plain: nested members' plain.out '.[9].fields | [.from, .deep.to, .deep.ports]' \
	'[{"addr":1,"port":2},{"addr":3,"port":4},[5,0,7]]'
unlike 'plain: no control character gets out' "$(cat -v plain.out)" '\^\['
jq_is 'plain: quotes survive' plain.out '.[0].fields.quoted | .[0:4]' "$(printf '"\\\n\033')"
jq_is 'plain: the time is now' plain.out \
	'map(.time | sub("\\.[0-9]+Z"; "Z") | fromdate | . > now - 300 and . < now + 2) | all' true

# --- filters choose among these ---
rounds where run_plain 100 -o json --where 'round >= 10 && odd && comm ~ "^traf"'
jq_is 'where: matching rows' where.out 'map(.fields.round) == [range(11; 100; 2)]' true
like 'where: the others are counted' "$(tail -n 1 where.err)" '55 filtered out'
rounds bee run_plain 20 -o json -f 'events,mood,WILD$'
jq_is 'bee: -f as BumbleBee has it' bee.out 'map(.fields.round) == [range(1; 20; 2)]' true
rounds enough run_plain 50 -o json -n 5
is 'enough: -n ends it after so many' "$(wc -l <enough.out)" 5

# --- maps that are swept ---
map_metrics() {
	scraped "$1: scalar key" '^ebpf_by_number_total\{key="0"\} 34$'
	scraped "$1: named by its type" "^ebpf_by_pid_total\\{pid=\"$TRAFFIC_PID\"\\} 100$"
	scraped "$1: struct key" "^ebpf_by_pair_total\\{parity=\"1\",pid=\"$TRAFFIC_PID\"\\} 50$"
	scraped "$1: nested key" '^ebpf_by_nested_total\{.*who_parity="0".*step="9".*\} 50$'
	scraped "$1: struct value" '^ebpf_stats_calls_total\{key="1",comm="traffic"\} 33$'
	scraped "$1: array" '^ebpf_by_index_total\{index="3"\} 25$'
	scraped "$1: one entry has no label" '^ebpf_total_total 100$|^ebpf_total 100$'
	scraped "$1: a negative gauge" '^ebpf_level -99$'
	ok "$1: the exposition is well formed" metrics_well_formed "$T/metrics"
}
# Each family's samples stand behind its one TYPE line, and no sample comes twice.
metrics_well_formed() {
	awk '
	/^# TYPE / { if (seen[$3]++) bad = "two TYPEs of " $3; family = $3; next }
	/^#/ || /^$/ { next }
	{
		name = $0
		sub(/[{ ].*/, "", name)
		sample = $0
		sub(/ [^ ]*$/, "", sample)
		if (twice[sample]++)
			bad = "twice: " sample
		base = name
		sub(/_(bucket|sum|count)$/, "", base)
		if (name != family && base != family)
			bad = "stray: " $0
	}
	END { if (bad) { print bad; exit 1 } }
	' "$1"
}
PORT=$(free_port)
while_running=map_metrics rounds maps run_maps 100 -o json --metrics="127.0.0.1:$PORT"
for case in \
	'by_number|[.key.key, .value]|[[0,34],[1,33],[2,33]]' \
	"by_pid|[.key.pid == $TRAFFIC_PID, .value]|[[true,100]]" \
	'by_pair|[.key.parity, .value]|[[0,50],[1,50]]' \
	'by_nested|[.key.who.parity, .key.step, .value]|[[0,9,50],[1,9,50]]' \
	'stats|[.key.key, .value.calls, .value.highest]|[[0,34,99],[1,33,97],[2,33,98]]' \
	'stats|.key.comm|["traffic","traffic","traffic"]' \
	'by_index|[.key.index, .value]|[[0,25],[1,25],[2,25],[3,25]]' \
	'total|[.key, .value]|[[{},100]]' \
	'level|[.kind, .value]|[["gauge",-99]]'; do
	IFS='|' read -r map filter wanted <<<"$case"
	jq_is "maps: $map ${filter:0:20}" maps.out \
		"$LAST | map(select(.map == \"$map\") | $filter) | sort" "$wanted"
done

# --- --once reads what is there and leaves ---
traffic_start getppid,10
ok 'once: it ends by itself' timeout 20 "$BOMBUS" run "$OBJECTS/run_maps.bpf.o" --once -o none \
	--set target_pid="$TRAFFIC_PID"
traffic_go

# --- queues, stacks and iterators ---
traffic_start getppid,6
ok 'streams: it attaches' bombus_start streams run "$OBJECTS/run_streams.bpf.o" -o json \
	--set target_pid="$TRAFFIC_PID" --interval 1h --fields tasks=pid,comm
ok 'streams: six rounds' traffic_go
ok 'streams: it ends on a signal' bombus_stop INT
jq_is 'streams: a queue, first in first out' streams.out \
	'map(select(.map == "queue") | .fields.round)' '[0,1,2,3]'
jq_is 'streams: a stack, last in first out' streams.out \
	'map(select(.map == "stack") | .fields.round)' '[3,2,1,0]'
like 'streams: the loss of a full queue is unknown' "$(tail -n 1 streams.err)" \
	'8 events, \? lost'
traffic_start sleep,1
run_bombus run "$OBJECTS/run_streams.bpf.o" --once -o json --set target_pid="$TRAFFIC_PID" \
	--fields tasks=comm,tgid
printf '%s\n' "$OUT" >once.out
jq_is 'once: an iterator is read, once, and shows the fields that were chosen' once.out \
	"map([.map, .fields == {tgid: $TRAFFIC_PID, comm: \"traffic\"}])" '[["tasks",true]]'
unlike 'once: and nothing is in its way' "$ERR" 'warning'
traffic_go
rounds only run_streams 2 -o json --only fill
jq_is 'only: without the iterator' only.out 'map(.map) | unique' '["queue","stack"]'
unlike 'only: without a message about the others' "$(cat only.err)" 'warning|3 maps'
rounds chosen run_plain 20 -o json --fields events=odd,from --where 'round == 7'
jq_is 'chosen: only these fields, and the filter sees all' chosen.out 'map(.fields)' \
	'[{"odd":true,"from":{"addr":1,"port":2}}]'

# --- the same as a table and as CSV ---
rounds table run_maps 12 -o table
like 'table: a heading' "$(cat table.out)" 'WHO\.PID.*WHO\.PARITY.*STEP'
like 'table: a row' "$(cat table.out)" "$TRAFFIC_PID +1 +9 +6( |\$)"
unlike 'table: no colour in a file' "$(cat -v table.out)" '\^\['
for charset in C C.UTF-8; do
	traffic_start --comm café getppid,1
	LC_ALL=$charset bombus_start charset run "$OBJECTS/run_plain.bpf.o" -o table \
		--set target_pid="$TRAFFIC_PID" --fields events=comm
	ok "$charset: one round" traffic_go
	ok "$charset: it ends on a signal" bombus_stop INT
	wanted='caf\\xc3\\xa9'
	[ $charset = C ] || wanted=café
	like "$charset: text for this terminal" "$(tail -n 1 charset.out)" "$wanted\$"
done
rounds csv run_plain 3 -o csv
is 'csv: a heading and three rows' "$(grep -c . csv.out)" 4
like 'csv: the heading' "$(head -n 1 csv.out)" 'round,.*deep\.to\.addr'
like 'csv: values' "$(tail -n 1 csv.out)" '(^|,)18446744073709551613,-9223372036854775806,-2,252,'
rounds columns run_plain 1 -o csv --label events,comm=time --label events,round=kind
is 'csv: no column has the name of another' "$(head -n 1 columns.out | tr , '\n' | sort | uniq -d)" ''
like 'csv: the record has its own' "$(head -n 1 columns.out)" '^time,map,kind,value\.kind,.*,value\.time,'
rounds silent run_plain 3 -o none
is 'none: nothing' "$(wc -c <silent.out)" 0
like 'none: but the closing line' "$(tail -n 1 silent.err)" '3 events'
traffic_start getppid,5
ok 'none: it attaches' bombus_start enough run "$OBJECTS/run_plain.bpf.o" -o none -n 3 \
	--set target_pid="$TRAFFIC_PID"
ok 'none: five rounds' traffic_go
ok 'none: three of them are enough' wait_for 10 gone "$BOMBUS_PID"

# --- what only looks different is one series ---
rounds garbage run_garbage 40 -o json
jq_is 'garbage: one series of the ring' garbage.out \
	"$LAST | map(select(.map == \"ring\") | [.key, .value])" \
	'[[{"kind":1,"id":2,"name":"ok"},40]]'
jq_is 'garbage: one series of the table, added up' garbage.out \
	"$LAST | map(select(.map == \"table\") | [.key, .value])" \
	'[[{"kind":1,"id":2,"name":"ok"},40]]'

# --- the thread that reads: SCHED_RR is policy 2 (proc(5)) ---
policy_of() {
	sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f39
}
ok 'priority: it attaches' bombus_start raised run "$OBJECTS/run_plain.bpf.o" -o none \
	--set target_pid=$$
is 'priority: it runs before others' "$(policy_of "$BOMBUS_PID")" 2
bombus_stop INT
ok 'priority: it attaches as usual' bombus_start usual run "$OBJECTS/run_plain.bpf.o" -o none \
	--set target_pid=$$ --usual-priority
is 'priority: as others' "$(policy_of "$BOMBUS_PID")" 0
bombus_stop INT

# --- loss is exact ---
# 65,536 bytes hold 910 records of 64 bytes and their headers; 5,000 come while nothing reads.
traffic_start getppid,1
ok 'flood: it attaches' bombus_start flood run "$OBJECTS/run_flood.bpf.o" -o json \
	--set target_pid="$TRAFFIC_PID" --set per_round=5000
kill -STOP "$BOMBUS_PID"
ok 'flood: one round' traffic_go
kill -CONT "$BOMBUS_PID"
ok 'flood: it ends' bombus_stop INT
shown=$(grep -c '"kind":"event"' flood.out)
lost=$(jq -s 'map(select(.kind == "lost") | .count) | add // 0' flood.out)
taken=$(jq -s "$LAST | map(select(.map == \"taken\") | .value) | add // 0" flood.out)
refused=$(jq -s "$LAST | map(select(.map == \"refused\") | .value) | add // 0" flood.out)
is 'flood: nothing is forgotten' $((taken + refused)) 5000
at_least 'flood: something was refused' "$refused" 1
is 'flood: each record that the kernel took is shown' "$shown" "$taken"
is 'flood: the loss equals the refusals of the kernel' "$lost" "$refused"
like 'flood: the closing line agrees' "$(tail -n 1 flood.err)" "$taken events, $refused lost"

# --- enough, while more arrives: what nobody waits for is neither waited for nor called dropped ---
traffic_start "getppid,200" "sleep,1000"
ok 'enough: it attaches' bombus_start enough run "$OBJECTS/run_flood.bpf.o" -o json -n 10 \
	--set target_pid="$TRAFFIC_PID" --set per_round=5000 --ring events=16M --map taken=internal \
	--map refused=internal
before=${EPOCHREALTIME/./}
echo >&"$go_fd"
ok 'enough: it ends by itself' bombus_wait 10
between 'enough: and at once (ms)' $(((${EPOCHREALTIME/./} - before) / 1000)) 0 $((1500 * SLOW))
exec {go_fd}>&-
ok 'enough: the traffic ends' wait_for 30 gone "$TRAFFIC_PID"
is 'enough: so many records' "$(grep -c '"kind":"event"' enough.out)" 10
unlike 'enough: nothing was dropped' "$(cat enough.err)" 'dropped'


done_testing
