#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Spans as an OTLP receiver sees them that decodes with generated code: trees, events, links,
# resources with their container, what the variables choose, and bombus' own start.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/otlp.sh"
need_root
need jq python3 flock
otlp_receiver_there || skip_all "OpenTelemetry's generated code and gRPC are missing (make deps)"
ok 'the receiver starts' receiver_start
export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:$HTTP/v1/traces

ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
RESOURCES='[.[].message.resourceSpans[]]'
# Attributes as one object; a value is a text, whatever its type is.
ATTRIBUTES='def attrs: map({(.key): (.value | to_entries[0].value)}) | add;'

# exported NAME COUNT ARGUMENTS...: the spans of COUNT rounds. FOLDER: the cgroup they run in.
exported() {
	local name=$1 count=$2
	shift 2
	receiver_forget
	traffic_start "getppid,$count"
	[ -z "${FOLDER:-}" ] || echo "$TRAFFIC_PID" >"$FOLDER/cgroup.procs"
	ok "$name: it attaches" bombus_start spans run "$OBJECTS/span_rounds.bpf.o" \
		--set target_pid="$TRAFFIC_PID" -o none "$@"
	ok "$name: $count rounds" traffic_go
	ok "$name: it ends" bombus_stop INT
	[ ! -s "$RX/errors" ] || fail "$name: the receiver understood all" "$(head -n 5 "$RX/errors")"
}

# tells NAME JQ WANTED: over all resource spans.
tells() {
	is "$1" "$(received "$ATTRIBUTES $RESOURCES | $2")" "$3"
}

SPANS='[.[].scopeSpans[].spans[]]'
exported all 20
# A slow machine sends them in several requests.
is 'one resource for each service in a request' "$(received "$ATTRIBUTES"'
	map([.message.resourceSpans[].resource.attributes | attrs | .["service.name"]]) |
	[all(length == (unique | length)), (add | unique)]')" \
	'[true,["bombus","plainly","rounds","span_rounds"]]'
tells 'all spans, and the start' "$SPANS | group_by(.name) | map([.[0].name, length])" \
	'[["attach",1],["attach on_round",1],["call",20],["load",1],["moment",20],["open",1],["other",20],["pull",1],["start",1],["wait",20]]'
tells 'each child under its root' "$SPANS"' | map(select(.name == "call" or .name == "wait"))
	| group_by(.traceId) | map([length, (map(select(.name == "call"))[0].spanId
		== map(select(.name == "wait"))[0].parentSpanId)]) | unique' '[[2,true]]'
tells 'durations' "$SPANS"' | map(select(.name == "call" or .name == "wait" or .name == "other")
	| [.name, (.endTimeUnixNano[-12:] | tonumber) - (.startTimeUnixNano[-12:] | tonumber)])
	| unique' '[["call",5000],["other",2000],["wait",1000]]'
tells 'events, links, status and kind' "$SPANS"' | map(select(.name == "wait")
	| [.kind, .status.code, .status.message, .events[0].name, (.events[0].attributes | attrs),
		.links[0].spanId == .parentSpanId, .flags]) | unique' \
	'[["SPAN_KIND_CLIENT","STATUS_CODE_ERROR","ECONNREFUSED","retry",{"step":"7"},true,1]]'
tells 'attributes' "$SPANS"' | map(select(.name == "call").attributes | attrs
	| [.phase, .cached, .peer, (.sizes.values | map(.intValue))]) | unique' \
	'[["PHASE_ASKED",true,"10.0.0.1",["1","0","3"]]]'
# shellcheck disable=SC2016 # jq's own variable
tells 'the start is one tree' "$SPANS"' | (map({(.spanId): .name}) | add) as $names
	| map(select(.name | test("^(start|pull|open|load|attach)")) | [.name, $names[.parentSpanId // ""]])
	| sort' '[["attach","start"],["attach on_round","attach"],["load","start"],["open","start"],["pull","start"],["start",null]]'
tells 'its steps come in order' "$SPANS"' | map({(.name): .}) | add | [.pull, .open, .load, .attach]
	| [map(.startTimeUnixNano)] | map(. == sort)' '[true]'

OTEL_SERVICE_NAME=mine OTEL_RESOURCE_ATTRIBUTES=service.name=no,team=a%2Cb exported named 3
tells 'OTEL_SERVICE_NAME, but for what a record says itself' \
	'map(.resource.attributes | attrs | [.["service.name"], .team]) | unique' \
	'[["mine","a,b"],["plainly","a,b"]]'

OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=2 OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=4 OTEL_SPAN_EVENT_COUNT_LIMIT=0 \
	exported limits 3
tells 'limits' "$SPANS"' | map(select(.name == "wait")
	| [(.attributes | length), .droppedAttributesCount, .droppedEventsCount, .events]) | unique' \
	'[[2,4,1,null]]'

OTEL_TRACES_SAMPLER=always_off exported off 5 --verbose
is 'always_off' "$(received 'length')" 0
like 'unsampled spans are counted' "$(cat spans.err)" 'OTLP traces: 0 sent, .* 20 not sampled$'
OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=0.5 exported half 400
tells 'half of the traces, and these whole' "$SPANS"' | map(select(.name == "call" or .name == "wait"))
	| group_by(.traceId) | [length > 120 and length < 280, (map(length) | unique)]' '[true,[2]]'
tells 'by the last eight bytes of the trace id' "$SPANS"' | map(.traceId[16:17]) | unique | inside(
	["0","1","2","3","4","5","6","7"])' true
OTEL_TRACES_SAMPLER=parentbased_always_off exported parents 5
tells 'whose parent was sampled' "$SPANS"' | map(.name) | unique' '["wait"]'

if cgroup_make; then
	FOLDER=$GROUP/docker-$ID.scope
	mkdir "$FOLDER" && at_exit=("wait_for 10 rmdir '$FOLDER'" "${at_exit[@]}")
	FOLDER=$FOLDER exported container 5
	tells 'spans with a cgroup have their container, others none' 'map(.resource.attributes | attrs
		| [.["service.name"], .["container.id"]]) | sort' \
		'[["bombus",null],["plainly","'$ID'"],["rounds",null],["span_rounds",null]]'
else
	skip 'the container of a cgroup' 'no cgroup v2 can be mounted'
fi

receiver_stop
done_testing
