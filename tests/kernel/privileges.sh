#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Once everything is attached nothing is kept: no capability, not root, few system calls and files;
# in no thread, and for good. Helper processes keep one right each. Everything goes on to work.
. "$(dirname "$0")/../support/lib.sh"
need_root

NONE='0000000000000000 '

# of PID FIELD: of every thread, each value once.
of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/task/"*/status | sort -u | tr '\n' ' '
}

# keeps_nothing NAME: the process started last.
keeps_nothing() {
	local set
	for set in CapEff CapPrm CapInh CapAmb CapBnd; do
		is "$1: $set is empty in all threads" "$(of "$BOMBUS_PID" $set)" "$NONE"
	done
	is "$1: nothing can be gained" "$(of "$BOMBUS_PID" NoNewPrivs)" '1 '
	is "$1: system calls are filtered" "$(of "$BOMBUS_PID" Seccomp)" '2 '
	is "$1: it is not root" "$(of "$BOMBUS_PID" Uid | tr '\t' ' ')" '65534 65534 65534 65534 '
	is "$1: it has no groups" "$(of "$BOMBUS_PID" Groups | tr -d ' ')" ''
}

traffic_start getppid,9
PORT=$(free_port)
# Three kinds of threads: the collector's, an output's, the metrics server's.
ok 'it attaches' bombus_start plain run "$OBJECTS/run_maps.bpf.o" --set target_pid="$TRAFFIC_PID" \
	--interval 100ms -o json --metrics="127.0.0.1:$PORT" --record plain.rec
at_least 'it has threads' "$(find "/proc/$BOMBUS_PID/task" -mindepth 1 -maxdepth 1 | wc -l)" 3
keeps_nothing plain
is 'its threads have their names' "$(cat "/proc/$BOMBUS_PID/task/"*/comm | grep -c record-file)" 1
is 'the helper of the recording is no more than that' "$(of "$(helper_of "$BOMBUS_PID" file)" CapPrm)" \
	'000000000000000a '
is 'and has no sockets but one' \
	"$(for fd in "/proc/$(helper_of "$BOMBUS_PID" file)/fd/"*; do readlink "$fd"; done | grep -c '^socket:')" 1
ok 'nine rounds' traffic_go
ok 'metrics are served' fetch "http://127.0.0.1:$PORT/metrics"
fetch "http://127.0.0.1:$PORT/metrics" >metrics
like 'with the statistics of programs' "$(cat metrics)" '^bombus_program_runs_total\{.*\} [1-9]'
like 'and of the process' "$(cat metrics)" '^process_open_fds [1-9]'
ok 'it ends' bombus_stop INT
is 'and well' "$RC" 0
jq_is 'maps of every kind were read' plain.out \
	'[.[] | select(.key != null or .value != null) | .map] | unique | length > 5' true
held=$(bpf_held "$BOMBUS_PID")
is 'nothing stays attached' "$held" ''
run_bombus replay plain.rec -o json
is 'the recording has its name, and is whole' "$RC" 0
is 'it is root'"'"'s alone' "$(stat -c '%u %a' plain.rec)" '0 600'

traffic_start getppid,1
ok '--keep-caps: it attaches' bombus_start kept run "$OBJECTS/run_maps.bpf.o" --keep-caps \
	--set target_pid="$TRAFFIC_PID" -o none
is '--keep-caps keeps what there was' "$(of "$BOMBUS_PID" CapEff)" \
	"$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) "
is '--keep-caps: also the user' "$(of "$BOMBUS_PID" Uid | tr '\t' ' ')" '0 0 0 0 '
is '--keep-caps: and all calls' "$(of "$BOMBUS_PID" Seccomp)" '0 '
ok '--keep-caps: one round' traffic_go
ok '--keep-caps: it ends' bombus_stop INT

# --- another user ---
ok '--user: it attaches' bombus_start user run "$OBJECTS/run_maps.bpf.o" --user 4711:4712 -o none
is '--user: the user' "$(of "$BOMBUS_PID" Uid | tr '\t' ' ')" '4711 4711 4711 4711 '
is '--user: the group' "$(of "$BOMBUS_PID" Gid | tr '\t' ' ')" '4712 4712 4712 4712 '
ok '--user: it ends' bombus_stop INT
run_bombus run "$OBJECTS/run_maps.bpf.o" --user no-such-user --once -o none
is '--user: unknown: status' "$RC" 2
like '--user: unknown' "$ERR" "there is no user 'no-such-user'"
# What it has to open again and may not: named at once, and by default the user stays.
chmod 755 "$T" && mkdir -m 700 closed
echo 'http_server_config: {http2: true}' >closed/web.yml
run_bombus run "$OBJECTS/run_maps.bpf.o" --user nobody --once -o none --metrics=127.0.0.1:0 \
	--web-config closed/web.yml
like '--user: a file that it may not read' "$ERR" \
	'the user nobody may not open closed/web.yml'
ok 'a file that nobody may read: it attaches' bombus_start stays run "$OBJECTS/run_maps.bpf.o" \
	-o none --metrics="127.0.0.1:$PORT" --web-config closed/web.yml
like 'and says that it stays root' "$(cat stays.err)" 'so this process stays root'
is 'without a capability' "$(of "$BOMBUS_PID" CapEff)" "$NONE"
ok 'it ends again' bombus_stop INT

# --- buffers and samples of CPUs that come online later take a capability: a helper has it ---
traffic_start getppid,1
ok 'perf: it attaches' bombus_start perf run "$OBJECTS/cpus.bpf.o" -o none \
	--set target_pid="$TRAFFIC_PID"
keeps_nothing perf
opener=$(helper_of "$BOMBUS_PID" opener)
# CAP_PERFMON and CAP_DAC_READ_SEARCH, and where those are not enough CAP_SYS_ADMIN.
caps='0000004000000004 '
[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ] || caps='0000004000200004 '
is 'perf: the capabilities of the helper' "$(of "$opener" CapEff)" "$caps"
is 'perf: and is not root' "$(of "$opener" Uid | tr '\t' ' ')" '65534 65534 65534 65534 '
is 'perf: its calls are filtered' "$(of "$opener" Seccomp)" '2 '
is 'perf: it holds nothing of BPF' "$(bpf_held "$opener")" ''
ok 'perf: one round' traffic_go
ok 'perf: it ends' bombus_stop INT
ok 'perf: so does the helper' wait_for 10 gone "$opener"
traffic_start getppid,1
ok 'perf: it attaches again' bombus_start perf run "$OBJECTS/cpus.bpf.o" -o none \
	--set target_pid="$TRAFFIC_PID"
opener=$(helper_of "$BOMBUS_PID" opener)
kill -9 "$BOMBUS_PID"
wait "$BOMBUS_PID" 2>/dev/null
ok 'perf: the helper ends with a run that is killed' wait_for 10 gone "$opener"

# --- the way from a cgroup's id to its path takes a capability ---
if cgroup_make 2>/dev/null; then
	traffic_start exit,0,2
	mkdir "$GROUP/late"
	ok 'cgroups: it attaches' \
		bombus_start exits --store "$EXAMPLES" run exitsnoop -o table \
		--set target_cgroup="$(stat -c %i "$GROUP/late")"
	keeps_nothing cgroups
	echo "$TRAFFIC_PID" >"$GROUP/late/cgroup.procs"
	ok 'cgroups: processes end' traffic_go
	wait_for 10 has_lines exits.out 2 "${GROUP##*/}/late"
	ok 'cgroups: it ends' bombus_stop INT
	like 'cgroups: their path is there' "$(cat exits.out)" "${GROUP##*/}/late"
	wait_for 10 rmdir "$GROUP/late"
else
	skip 'cgroups' 'no cgroup v2 can be mounted here'
fi

done_testing
