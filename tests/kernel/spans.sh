#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Spans from the kernel as JSON, CSV and in a table. The program (tests/bpf/span_rounds.bpf.c) makes
# known ones in each call of getppid() by one process.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# traced NAME COUNT ARGUMENTS...: runs the object while exactly COUNT rounds happen.
traced() {
	local name=$1 count=$2
	shift 2
	traffic_start "getppid,$count"
	ok "$name: it attaches" bombus_start "$name" run "$OBJECTS/span_rounds.bpf.o" \
		--set target_pid="$TRAFFIC_PID" "$@"
	ok "$name: $count rounds" traffic_go
	ok "$name: it ends on a signal" bombus_stop INT
}

run_bombus inspect "$OBJECTS/span_rounds.bpf.o" --format json
is 'inspect shows service and name' \
	"$(jq -c '[.maps[] | select(.role == "spans") | [.name, .service, .span]] | sort' <<<"$OUT")" \
	'[["calls","rounds","call"],["other",null,null],["plain",null,"moment"]]'

# The names of a span's columns are names in a filter too.
traced where 20 -o json --map other=internal --map plain=internal \
	--where 'calls:duration < 2us && kind == 3 && status == ECONNREFUSED'
jq_is 'filtered by duration, kind and status' where.out 'map(select(.kind == "span").name) | [unique, length]' \
	'[["wait"],20]'
started_at=$(date +%s)
traced json 20 -o json
CALLS='map(select(.map == "calls" and .kind == "span"))'
jq_is 'two spans a round, one trace a round' json.out \
	"$CALLS"' | [length, (map(.trace_id) | unique | length)]' '[40,20]'
jq_is 'ids are of the right size and differ' json.out \
	"$CALLS"' | [map(.trace_id | test("^[0-9a-f]{32}$")) , map(.span_id | test("^[0-9a-f]{16}$"))]
	| flatten | [all, length]' '[true,80]'
jq_is 'no span id twice' json.out "$CALLS"' | map(.span_id) | unique | length' 40
jq_is 'a root for each round' json.out \
	"$CALLS"' | map(select(.parent_span_id == null)) | [length, (map(.name) | unique)]' \
	'[20,["call"]]'
jq_is 'a child under it' json.out "$CALLS"' | group_by(.trace_id)
	| map((map(select(.name == "call"))[0].span_id) == (map(select(.name == "wait"))[0].parent_span_id))
	| [length, all]' '[20,true]'
jq_is 'the service is the tag'"'"'s' json.out "$CALLS"' | map(.service) | unique' '["rounds"]'
jq_is 'kind, status and why' json.out \
	"$CALLS"' | map([.name, .span_kind, .status, .status_message]) | unique' \
	'[["call","internal","unset",""],["wait","client","error","ECONNREFUSED"]]'
jq_is 'durations' json.out "$CALLS"' | map([.name, .duration_ns]) | unique' \
	'[["call",5000],["wait",1000]]'
jq_is 'typed attributes' json.out \
	"$CALLS"' | map(select(.name == "call"))[7].fields | [.round, .phase, .cached, .sizes, .peer]' \
	'[7,"PHASE_ASKED",true,[1,0,3],"10.0.0.1"]'
jq_is 'whose they are' json.out \
	"$CALLS"' | map(select(.name == "call").fields.pid) | unique' "[$TRAFFIC_PID]"
jq_is 'no attribute is a part of the span' json.out \
	"$CALLS"' | map(.fields | keys[]) | unique' \
	'["cached","peer","phase","pid","round","sizes"]'
jq_is 'an event half way' json.out \
	"$CALLS"' | map(select(.name == "wait"))[3].events | map([.name, .fields.step])' \
	'[["retry",7]]'
jq_is 'none where none is' json.out \
	"$CALLS"' | map(select(.name == "call") | .events, .links) | unique' '[[]]'
jq_is 'a link to the parent' json.out \
	"$CALLS"' | map(select(.name == "wait")) | map(.links[0].span_id == .parent_span_id) | all' true
jq_is 'they started in this test' json.out \
	"$CALLS"' | map(.start | sub("\\.[0-9]+Z"; "Z") | fromdate) | [min >= '"$((started_at - 1))"',
	max <= now + 1]' '[true,true]'
jq_is 'the end is the start and the duration' json.out \
	"$CALLS"' | map((.end[-10:-1] | tonumber) - (.start[-10:-1] | tonumber)
		- .duration_ns | . == 0 or . == -1000000000) | all' true

PLAIN='map(select(.map == "plain"))'
jq_is 'without ids each is a trace of its own' json.out \
	"$PLAIN"' | [length, (map(.trace_id) | unique | length), (map(.parent_span_id) | unique)]' \
	'[20,20,[null]]'
jq_is 'the name is the tag'"'"'s, the service a member' json.out \
	"$PLAIN"' | map([.name, .service, .duration_ns]) | unique' '[["moment","plainly",0]]'
jq_is 'boot time is as good' json.out '[map(select(.map == "plain"))[0], map(select(.name == "call"))[0]]
	| map(.start[:16]) | unique | length' 1

jq_is 'another exporter'"'"'s members' json.out \
	'map(select(.map == "other")) | map([.span_id, .parent_span_id, .name, .service]) | unique' \
	'[["0500000000000000","0300000000000000","other","span_rounds"]]'
jq_is 'a trace id in two halves, in memory order' json.out \
	'map(select(.map == "other")) | map(.trace_id) | unique' \
	'["00000000000000004d00000000000000"]'
jq_is 'a refused parent is counted as lost' json.out \
	'map(select(.kind == "lost")) | [(map(.map) | unique[0]), (map(.count) | add)]' '["calls",20]'
like 'no trace is malformed' "$(tail -n 1 json.err)" '20 lost.*20 malformed'

traced csv 3 -o csv --where 'calls:phase == PHASE_ANSWERED'
like 'csv: the header' "$(head -n 1 csv.out)" \
	'^time,map,kind,.*trace_id,span_id,.*parent_span_id,name,service,start,end,duration_ns,span_kind,status,status_message,round,.*pid,phase,cached,sizes,peer,'
is 'csv: rows that pass the filter' "$(grep -c ',calls,span,.*,wait,rounds,.*,1000,client,error,ECONNREFUSED,' csv.out)" 3
is 'csv: rejected rows' "$(grep -c ',calls,span,.*,call,rounds,' csv.out)" 0

traced table 2 -o table --map plain=internal --map other=internal
like 'table: columns' "$(cat table.out)" \
	'^TIME +DURATION +NAME +SERVICE +STATUS +ROUND +PID .*TRACE_ID +SPAN_ID +PARENT_SPAN_ID$'
like 'table: a span that failed' "$(cat table.out)" '1\.00us +wait +rounds +ECONNREFUSED +1 '

traced fields 2 -o json -n 4 --fields calls=round --map plain=internal --map other=internal
jq_is 'fields: a choice of attributes' fields.out 'map(select(.kind == "span").fields | keys) | unique' \
	'[["round"]]'
jq_is 'fields: and all of the span' fields.out 'map(select(.name == "wait").status) | unique' \
	'["error"]'
traced counted 5 -o json --map calls=counter:call_span --labels calls=phase --map plain=internal \
	--map other=internal --interval 200ms
jq_is 'spans can be counted' counted.out \
	'map(select(.kind == "counter")) | group_by(.key.phase) | map(last | [.key.phase, .value])' \
	'[["PHASE_ANSWERED",5],["PHASE_ASKED",5]]'

done_testing
