#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Several programs in one process. An actor opens 7 files, makes 5 connections and starts 3 programs;
# each program has to show exactly its share of that under its own name, in every output, also while
# another program is refused.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq
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

several json 0 -o json
check_json json
is 'a line for each at the start' "$(grep -c ' attached, ' json.err)" 3
like 'and one at the end' "$(cat json.err)" \
	"^bombus: tcpconnect: ran [0-9.]+s: $CONNECTS events, 0 lost, 1 series; nothing stays pinned"
like 'for each' "$(cat json.err)" "^bombus: execsnoop: ran [0-9.]+s: $EXECS events, 0 lost"

several csv 0 -o csv
is 'CSV has a column for the program' \
	"$(grep -c '^[^,]*,opensnoop,events,event,.*several-' csv.out)" "$OPENS"
several table 0 -o table
is 'the table has one as well' "$(grep -cE '^[0-9:.]+ +opensnoop .*several-' table.out)" "$OPENS"

# --- one of them is refused ---
several refused 3 -o json --keep-going "$REFUSED"
check_json refused
like 'the refused one is named' "$(cat refused.err)" '^bombus: run_unsafe: '
run_bombus --store "$EXAMPLES" run tcpconnect "$REFUSED" -o none --duration 5s
is 'without --keep-going nothing runs' "$RC" 3
unlike 'and nothing says that it ran' "$ERR" 'attached|ran '

# --- names ---
run_bombus --store "$EXAMPLES" run tcpconnect tcpconnect second=tcpconnect -o none --duration 10ms
is 'one program three times' "$RC" 0
is 'under three names' "$(sed -n 's/^bombus: \(.*\): ran .*/\1/p' <<<"$ERR" | tr '\n' ' ')" \
	'tcpconnect tcpconnect-2 second '

done_testing
