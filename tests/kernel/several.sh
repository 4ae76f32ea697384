#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Several programs in one process. An actor opens 7 files, makes 5 connections and starts 3 programs;
# each program has to show exactly its share of that under its own name, in every output, also while
# another program is refused.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/otlp.sh"
need_root
need jq curl
[ -d "$EXAMPLES" ] || skip_all "the examples are not built"

REFUSED=$OBJECTS/run_unsafe.bpf.o
OPENS=7 CONNECTS=5 EXECS=3

# The actor opens, connects and starts programs once a byte comes through the pipe.
cat >actor.sh <<'EOF'
read -r _ <go
for ((i = 0; i < OPENS; i++)); do : <"several-$i"; done
for ((i = 0; i < CONNECTS; i++)); do { : >/dev/tcp/127.0.0.1/1; } 2>/dev/null; done
for ((i = 0; i < EXECS; i++)); do /bin/true; done
EOF
for ((i = 0; i < OPENS; i++)); do : >"several-$i"; done
mkfifo go

actor_start() {
	OPENS=$OPENS CONNECTS=$CONNECTS EXECS=$EXECS bash actor.sh &
	ACTOR=$!
	started+=("$ACTOR")
}

actor_go() {
	timeout 10 bash -c 'echo >go' && wait "$ACTOR"
}

# What there is to see while they run; a test may put its own here.
looked_at() {
	:
}

# several NAME STATUS ARGUMENTS...: the three programs, for what the actor does.
several() {
	local name=$1 status=$2
	shift 2
	actor_start
	ok "$name: they attach" bombus_start "$name" --store "$EXAMPLES" run \
		tcpconnect opensnoop execsnoop "$@" --interval 100ms \
		--set "*:target_pid=0" --set tcpconnect:target_pid="$ACTOR" \
		--set opensnoop:target_pid="$ACTOR" --set target_parent="$ACTOR" \
		--where 'opensnoop:fname ~ "^several-"'
	ok "$name: the actor acts" actor_go
	looked_at
	bombus_stop INT
	is "$name: they leave" "$RC" "$status"
}

check_json() {
	jq_is "$1: each program has its own" "$1.out" \
		'map(select(.kind == "event")) | group_by(.program) |
		map([.[0].program, .[0].map, length])' \
		"[[\"execsnoop\",\"execs\",$EXECS],[\"opensnoop\",\"events\",$OPENS],[\"tcpconnect\",\"events\",$CONNECTS]]"
	jq_is "$1: and nothing of another" "$1.out" \
		'map(select(.kind == "event")) | map(if .program == "opensnoop"
		then .fields.fname | test("^several-[0-6]$") elif .program == "execsnoop"
		then .fields.ppid == '"$ACTOR"' and .fields.fname == "/bin/true"
		else .fields.dport == 1 and .fields.pid == '"$ACTOR"' end) | unique' '[true]'
}

connects_there() {
	curl -sf "http://127.0.0.1:$PORT/metrics" >metrics.txt &&
		grep -q '^ebpf_connects_total{.*program="tcpconnect".* '"$CONNECTS"'$' metrics.txt
}

# own PROGRAM MAP: how many records bombus says that it read.
own() {
	grep '^bombus_events_read_total{' metrics.txt | grep -F "program=\"$1\"" |
		grep -F "map=\"$2\"" | sed 's/.* //'
}

check_metrics() {
	is 'metrics: a family is there once' "$(grep -c '^# TYPE bombus_events_read_total ' metrics.txt)" 1
	is 'metrics: connections' "$(own tcpconnect events)" "$CONNECTS"
	is 'metrics: programs started' "$(own execsnoop execs)" "$EXECS"
	at_least 'metrics: files opened, with those that the filter left out' \
		"$(own opensnoop events)" "$OPENS"
	unlike 'metrics: nothing of the refused one' "$(cat metrics.txt)" 'run_unsafe'
}

# Log records by the program that their scope names.
check_otlp() {
	# shellcheck disable=SC2016 # for jq
	is 'OTLP: each program has a scope with its own' "$(received '[.[] | select(.signal == "logs") |
		.message.resourceLogs[].scopeLogs[] |
		(.scope.attributes // [] | map(select(.key == "bombus.program").value.stringValue) |
			.[0]) as $program | .logRecords[] |
		select(.severityText == "INFO" and .eventName != null) | [$program, .eventName]] |
		group_by(.) | map([.[0][0], .[0][1], length])')" \
		"[[\"execsnoop\",\"execs\",$EXECS],[\"opensnoop\",\"events\",$OPENS],[\"tcpconnect\",\"events\",$CONNECTS]]"
}

several json 0 -o json --record several.rec
check_json json
run_bombus replay several.rec -o json
is 'a recording of all shows the same' "$OUT" "$(cat json.out)"
is 'a line for each at the start' "$(grep -c ' attached, ' json.err)" 3
like 'and one at the end' "$(cat json.err)" \
	"^bombus: tcpconnect: ran [0-9.]+s: $CONNECTS events, 0 lost, 1 series; nothing stays pinned"
like 'for each' "$(cat json.err)" "^bombus: execsnoop: ran [0-9.]+s: $EXECS events, 0 lost"

several csv 0 -o csv
is 'CSV has a column for the program' \
	"$(grep -c '^[^,]*,opensnoop,events,event,.*several-' csv.out)" "$OPENS"
several table 0 -o table
is 'the table has one as well' "$(grep -cE '^[0-9:.]+ +opensnoop .*several-' table.out)" "$OPENS"

# --- all outputs at once, and one of the programs is refused ---
PORT=$(free_port)
OTLP=()
if otlp_receiver_there && receiver_start; then
	receiver_forget
	OTLP=("--otlp=http://127.0.0.1:$HTTP")
fi
looked_at() {
	ok 'metrics: the connections are there' wait_for 10 connects_there
}
several refused 3 -o json --metrics="127.0.0.1:$PORT" "${OTLP[@]}" --keep-going "$REFUSED"
check_json refused
check_metrics
if [ "${#OTLP[@]}" -gt 0 ]; then
	check_otlp
	receiver_stop
else
	skip 'OTLP' "OpenTelemetry's generated code cannot be had from PyPI"
fi
looked_at() { :; }
like 'the refused one is named' "$(cat refused.err)" '^bombus: run_unsafe: '
run_bombus --store "$EXAMPLES" run tcpconnect "$REFUSED" -o none --duration 5s
is 'without --keep-going nothing runs' "$RC" 3
unlike 'and nothing reports a run' "$ERR" 'attached|ran '

# --- one limit of memory for the series of all; two programs with 50,000 series each go beyond ---
PORT=$(free_port)
CHURN=$OBJECTS/metrics_churn.bpf.o
limits_read() {
	curl -sf "http://127.0.0.1:$PORT/metrics" >metrics.txt &&
		[ "$(own one keys)" = 50000 ] && [ "$(own two keys)" = 50000 ]
}
# sum_of PREFIX: of the samples that begin with it.
sum_of() {
	grep -F "$1" metrics.txt | awk '{n += $NF} END {printf "%d", n}'
}
traffic_start getppid,50
ok 'limits: they attach' bombus_start limits run "one=$CHURN" "two=$CHURN" -o none \
	--metrics="127.0.0.1:$PORT" --set "*:target_pid=$TRAFFIC_PID" --interval 100ms \
	--max-series 1000000 --max-memory 2M
ok 'limits: 50 rounds' traffic_go
ok 'limits: all is read' wait_for 30 limits_read
between 'limits: memory of both together' "$(sum_of 'bombus_series_memory_bytes{')" 1000000 2097152
at_least 'limits: the first has some' "$(grep '^bombus_series{' metrics.txt |
	grep -F 'program="one"' | grep -F 'map="keys"' | sed 's/.* //')" 1000
is 'limits: nothing is uncounted' "$(grep '^ebpf_keys_total{' metrics.txt |
	awk '{n += $NF} END {printf "%d", n}')" 100000
ok 'limits: they leave' bombus_stop INT

# --- names ---
run_bombus --store "$EXAMPLES" run tcpconnect tcpconnect second=tcpconnect -o none --duration 10ms
is 'one program three times' "$RC" 0
is 'under three names' "$(sed -n 's/^bombus: \(.*\): ran .*/\1/p' <<<"$ERR" | tr '\n' ' ')" \
	'tcpconnect tcpconnect-2 second '

run_bombus run "a=$OBJECTS/run_plain.bpf.o" "b=$OBJECTS/run_plain.bpf.o" -o none --duration 10ms \
	--dogstatsd=127.0.0.1:1 --dogstatsd-tag team:x
is 'options of an output are for no program' "$RC" 0
run_bombus run "a=$OBJECTS/run_plain.bpf.o" "b=$OBJECTS/run_plain.bpf.o" --dry-run
is 'a dry run of two' "$RC" 0
is 'says which is which' "$(grep -E ':$|attached' <<<"$OUT" | awk '{ print $1 }' | tr '\n' ' ')" \
	'a: plain b: plain '

done_testing
