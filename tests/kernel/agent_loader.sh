#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The agent's privileges are separated: no thread of the process that talks has a capability, also
# after a reload, while programs of every kind are read; and nothing stays attached whichever of its
# processes is killed.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need curl

NONE='0000000000000000 '

# status FIELD: of every thread of the front, each value once.
status() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$BOMBUS_PID/task/"*/status | sort -u | tr '\n' ' '
}

loaders() {
	local direct
	direct=$(pgrep -P "$1" -x bombus-loader)
	echo "$direct" | head -1
	pgrep -P "$(echo "$direct" | head -1)" -x bombus-loader
}

page() {
	curl -s --max-time 5 "http://127.0.0.1:$PORT/$1"
}

up_is() {
	page metrics | grep -qxF "bombus_program_up{program=\"$1\"} $2"
}

# config OBJECT...: a program each.
config() {
	local object
	{
		echo 'interval: 100ms'
		echo 'programs:'
		for object in "$@"; do
			echo "  - {name: ${object//_/-}, image: $OBJECTS/$object.bpf.o, set: {target_pid: $TRAFFIC_PID}}"
		done
		echo 'exporters:'
		echo "  - {type: prometheus, listen: '127.0.0.1:$PORT'}"
	} >agent.yaml
}

agent_start() {
	PORT=$(free_port)
	config run_maps cpus
	"$BOMBUS" agent -c agent.yaml >agent.out 2>agent.err &
	BOMBUS_PID=$!
	BOMBUS_NAME=agent
	started+=("$BOMBUS_PID")
	ok "$1: maps and an iterator" wait_for 20 up_is run-maps 1
	ok "$1: perf buffers and samples" wait_for 20 up_is cpus 1
}

# The kernel frees what nobody holds a moment later.
gone() {
	local id
	while read -r kind id; do
		[ "$kind" = link_id ] && bpftool link show id "$id" >/dev/null 2>&1 && return 1
	done <held
	return 0
}

ended() {
	local pid
	for pid in "$@"; do
		case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) in
		'' | Z) ;;
		*) return 1 ;;
		esac
	done
}

hold() {
	local pid
	mapfile -t LOADERS < <(loaders "$BOMBUS_PID")
	for pid in "$BOMBUS_PID" "${LOADERS[@]}"; do bpf_held "$pid"; done | sort -u >held
	at_least "$1: links are held" "$(grep -c link_id held)" 2
}

traffic_start getppid,9
agent_start front
at_least 'it has threads' "$(find "/proc/$BOMBUS_PID/task" -mindepth 1 -maxdepth 1 | wc -l)" 3
for set in CapEff CapPrm CapInh CapAmb CapBnd; do
	is "$set is empty in all of them" "$(status $set)" "$NONE"
done
is 'it can gain none' "$(status NoNewPrivs)" '1 '
is 'its system calls are filtered' "$(status Seccomp)" '2 '
config run_maps cpus run_plain
kill -HUP "$BOMBUS_PID"
ok 'a reload adds a program' wait_for 20 up_is run-plain 1
for set in CapEff CapPrm; do
	is "after the reload $set is empty" "$(status $set)" "$NONE"
done
ok 'nine rounds' traffic_go
ok 'they are counted' wait_for 10 bash -c "curl -s 127.0.0.1:$PORT/metrics | grep -q '^ebpf_.*program=\"run-maps\"'"
ok 'records of perf buffers too' wait_for 10 bash -c \
	"curl -s 127.0.0.1:$PORT/metrics | grep -qE '^bombus_events_read_total\{.*program=\"cpus\".* 9$'"
hold front
is 'the loader has a seccomp filter' \
	"$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/${LOADERS[0]}/status")" 2
is 'the loader has no network socket' \
	"$(find "/proc/${LOADERS[0]}/fd" -lname 'socket:*' | wc -l)" 1
kill -TERM "$BOMBUS_PID"
wait "$BOMBUS_PID"
is 'ended: well' $? 0
ok 'ended: nothing stays attached' wait_for 10 gone
ok 'ended: nor does a loader' wait_for 10 ended "${LOADERS[@]}"

agent_start loader
hold loader
kill -9 "${LOADERS[0]}"
wait "$BOMBUS_PID"
is 'the loader is killed: the agent ends' $? 3
like 'and says why' "$(cat agent.err)" 'loader was killed by signal 9; all programs are detached'
ok 'nothing stays attached' wait_for 10 gone
ok 'no process stays' wait_for 10 ended "${LOADERS[@]}"

agent_start front
hold front
kill -9 "$BOMBUS_PID"
wait "$BOMBUS_PID" 2>/dev/null
ok 'the front is killed: nothing stays attached' wait_for 10 gone
ok 'and no loader' wait_for 10 ended "${LOADERS[@]}"

agent_start both
hold both
kill -9 "${LOADERS[@]}" "$BOMBUS_PID"
wait "$BOMBUS_PID" 2>/dev/null
ok 'both are killed: nothing stays attached' wait_for 10 gone
ok 'and no process' wait_for 10 ended "${LOADERS[@]}"

done_testing
