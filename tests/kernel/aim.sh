#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Filters in the kernel: by container, pod, cgroup, process, user and name of the thread, each beside
# the same work of others, of which nothing is shown. Containers come after the program was attached.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq
[ -d "$EXAMPLES" ] || skip_all "the examples are not built"
bombus_there
cgroup_make 2>/dev/null || skip_all 'no cgroup v2 can be mounted here'
export BOMBUS_STORE=$EXAMPLES

# shellcheck source=../support/containers.sh
. "$TESTS/support/containers.sh"
WEB=docker-$(id 2).scope
POD=kubepods/pod$UID_/$(id 3)
touch begin known

# worker GROUP: opens ./begin until it may go on, then ./known seven times, in this group. It leaves
# ./done.PID.
cat >worker.sh <<'END'
echo $$ >"$1/cgroup.procs"
until [ -e go ]; do : <begin; read -r -t 0.05 <>never; done
for _ in 1 2 3 4 5 6 7; do : <known; done
: >done.$$
END
mkfifo never

# start WORKERS...: one in each of these groups.
start() {
	rm -f go
	WORKERS=()
	for group in "$@"; do
		mkdir -p "$GROUP/$group"
		bash worker.sh "$GROUP/$group" &
		WORKERS+=("$!")
		started+=("$!")
	done
}

# finish GROUPS...: they go on, and the groups go.
finish() {
	: >go
	wait "${WORKERS[@]}"
	for group in "$@"; do
		wait_for 10 rmdir "$GROUP/$group"
	done
}

# begun [N]: an open of each of the first N workers is shown.
begun() {
	for ((worker = 0; worker < ${1:-0}; worker++)); do
		grep -q "\"pid\":${WORKERS[worker]},.*\"fname\":\"begin\"" "$NAME.out" || return 1
	done
	grep -q '"fname":"begin"' "$NAME.out"
}

# only NAME N: of the files known, N were opened, by as many workers as there are sevens.
only() {
	jq_is "$1: $2 opens of known" "$NAME.out" 'map(select(.fields.fname? == "known")) | length' "$2"
	jq_is "$1: by no other process" "$NAME.out" \
		"map(select(.fields.fname? == \"known\" or .fields.fname? == \"begin\").fields.pid) | unique" "$3"
}

# --- a container, and a group below it, beside another one ---
NAME=container
ok 'container: it attaches' bombus_start container run opensnoop --container web "${STATE[@]}" -o json
start "$WEB" "$WEB/below" other
ok 'container: its opens are shown' wait_for 10 begun 2
ok 'container: those of the group below as well' wait_for 10 \
	sh -c "grep '\"pid\":${WORKERS[1]},' container.out"
finish "$WEB/below" "$WEB" other
ok 'container: it ends' bombus_stop INT
only container 14 "[${WORKERS[0]},${WORKERS[1]}]"
no_loss container

# --- one that is there already, by the beginning of its id ---
NAME=id
start "docker-$(id 1048576).scope" other
ok 'id: it attaches' bombus_start id run opensnoop --container "$(id 1048576)" -o json
ok 'id: its opens are shown' wait_for 10 begun
finish "docker-$(id 1048576).scope" other
ok 'id: it ends' bombus_stop INT
only id 7 "[${WORKERS[0]}]"

# --- a pod, and its name in another namespace ---
NAME=pod
ok 'pod: it attaches' bombus_start pod run opensnoop --pod prod/shop-1 "${STATE[@]}" -o json
start "$POD" "$WEB"
ok 'pod: its opens are shown' wait_for 10 begun
finish "$POD" "kubepods/pod$UID_" kubepods "$WEB"
ok 'pod: it ends' bombus_stop INT
only pod 7 "[${WORKERS[0]}]"

# --- a cgroup by its path ---
NAME=cgroup
ok 'cgroup: it attaches' bombus_start cgroup run opensnoop --cgroup "/bombus-test-$$/a" -o json
start a a/b ab
ok 'cgroup: its opens are shown, and those of the group below' wait_for 10 begun 2
finish a/b a ab
ok 'cgroup: it ends' bombus_stop INT
only cgroup 14 "[${WORKERS[0]},${WORKERS[1]}]"

# --- a process, a user, a name ---
NAME=process
start one two
ok 'process: it attaches' bombus_start process run opensnoop --pid "${WORKERS[1]}" --uid root --comm bash \
	-o json
ok 'process: its opens are shown' wait_for 10 begun
finish one two
ok 'process: it ends' bombus_stop INT
only process 7 "[${WORKERS[1]}]"
NAME=name
cp "$(type -P bash)" an-odd-name
rm -f go
./an-odd-name worker.sh "$GROUP" &
WORKERS=("$!")
started+=("$!")
ok 'name: it attaches' bombus_start name run opensnoop --comm an-odd-name -o json
ok 'name: its opens are shown' wait_for 10 begun
finish
ok 'name: it ends' bombus_stop INT
only name 7 "[${WORKERS[0]}]"

# --- the agent ---
NAME=agent
cat >agent.yaml <<END
runtime_state: [$T/docker]
programs:
  - {image: opensnoop, container: [web]}
exporters:
  - {type: json, file: agent.out}
END
"$BOMBUS" agent -c agent.yaml >agent.log 2>&1 &
AGENT=$!
started+=("$AGENT")
ok 'agent: it is attached' wait_for 20 grep -q 'opensnoop is attached' agent.log
start "$WEB" other
ok 'agent: its opens are shown' wait_for 10 begun
finish "$WEB" other
known() {
	[ "$(grep -c '"fname":"known"' agent.out)" -ge 7 ]
}
ok 'agent: all of them' wait_for 10 known
kill -INT "$AGENT"
wait "$AGENT"
only agent 7 "[${WORKERS[0]}]"

# --- a command, with what it starts in the background; the other worker goes on while it runs ---
NAME="command"
cat >command.sh <<'END'
echo its own words
: >go
for ((i = 0; i < 200; i++)); do
	[ ! -e "done.$OTHER" ] || break
	read -r -t 0.05 <>never
done
: <known; : <known; : <known
bash -c ': <known; : <known; : <known; : <known' &
wait
exit 5
END
groups() {
	find "$GROUP/.." -maxdepth 1 -name 'bombus-[0-9]*'
}
BEFORE=$(groups)
start other
OTHER=${WORKERS[0]} "$BOMBUS" run opensnoop execsnoop -o json -- bash command.sh >command.out 2>command.err
is 'command: its status' $? 5
ok 'command: the other worker worked beside it' test -e "done.${WORKERS[0]}"
wait "${WORKERS[@]}"
rmdir "$GROUP/other"
jq_is 'command: its seven opens, and no others' command.out \
	'map(select(.fields.fname? == "known")) | length' 7
jq_is 'command: what it started' command.out \
	'map(select(.map == "execs").fields.args) | .[0]' 'bash command.sh'
is 'command: its output is not among the data' "$(grep -c 'its own words' command.out)" 0
is 'command: but beside them' "$(grep -cx 'its own words' command.err)" 1
is 'command: its cgroup is gone' "$(groups)" "$BEFORE"
run_bombus run opensnoop -o none -- "$T/not-there"
is 'a command that is not there: status' "$RC" 127
like 'a command that is not there' "$ERR" "cannot run $T/not-there: No such file"
# shellcheck disable=SC2016 # the inner shell's
run_bombus run opensnoop -o none -- sh -c 'kill -TERM $$'
is 'one that a signal ends' "$RC" 143
# shellcheck disable=SC2016 # the inner shell's
ok 'one that is longer than the run: it starts' bombus_start long run opensnoop -o none -- \
	sh -c 'echo $$ >pid; exec sleep 1000'
ok 'it runs' wait_for 10 test -s pid
SWEEPER=$(helper_of "$BOMBUS_PID" cgroup)
ok 'the process that ends it has CAP_KILL and CAP_DAC_OVERRIDE alone' wait_for 10 \
	grep -Eq '^CapPrm:[[:space:]]*0000000000000022$' "/proc/$SWEEPER/status"
ok 'one that is longer than the run: the run ends' bombus_stop INT
ok 'it ends with the run' wait_for 10 gone "$(cat pid)"
run_bombus run --duration 1ms -o none -- opensnoop
is 'an image behind --' "$RC" 0
run_bombus run "$OBJECTS/run_plain.bpf.o" -o none -- true
like 'a program without filters' "$ERR" 'cannot be filtered by cgroup, container or pod'

# --- mistakes ---
run_bombus run "$OBJECTS/run_plain.bpf.o" --container web --once
is 'a program without filters: usage' "$RC" 2
like 'a program without filters says so' "$ERR" 'cannot be filtered by cgroup, container or pod'
run_bombus run "$OBJECTS/run_plain.bpf.o" --comm web --once
like 'without this one' "$ERR" '--comm: the program has no filter of this kind'
run_bombus run opensnoop --uid nobody-of-that-name --once
like 'an unknown user' "$ERR" "there is no user 'nobody-of-that-name'"
run_bombus run opensnoop --cgroup system.slice --once
like 'a path that is none' "$ERR" "--cgroup: 'system.slice' does not begin with /"
done_testing
