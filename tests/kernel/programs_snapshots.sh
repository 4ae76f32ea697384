#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs that show what there is now: a process with known files, sockets, mounts and programs,
# and exactly these in the snapshot.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# holding JOB...: the traffic does these and stays.
holding() {
	rm -f "$T/stop"
	traffic_start "$@" "until,$T/stop"
	echo >&"$go_fd"
	ok "a process: $1" wait_for 20 grep -q '^waiting' "$T/traffic.out"
}

let_go() {
	touch "$T/stop"
	exec {go_fd}>&-
	ok 'it ends' wait_for 20 gone "$TRAFFIC_PID"
	wait "$TRAFFIC_PID"
}

# once NAME ARGUMENTS...: one walk, as JSON in NAME.out.
once() {
	local name=$1
	shift
	"$BOMBUS" --store "$EXAMPLES" run "$name" --once -o json "$@" >"$name.out" 2>"$name.err"
	is "$name: a snapshot" $? 0
}

mkdir folder
holding "deleted,$T/gone,5000" "unix-listener,$T/known.sock" "mounted,$T/folder"

# --- openfiles ---
once openfiles --pid "$TRAFFIC_PID"
events openfiles files "map(select(.path == \"$T/gone\") | [.pid, .comm, .uid, .fd, .links, .size, .offset])" \
	"[[$TRAFFIC_PID,\"traffic\",0,$(traffic_said fd),0,5000,5000]]"
events openfiles files 'map(.fd) | map(select(. < 5))' '[0,1,2,3,4]'
once openfiles --pid "$TRAFFIC_PID" --set deleted=true
events openfiles files 'map(.path)' "[\"$T/gone\"]"
once openfiles --pid "$TRAFFIC_PID" --set regular_only=true --set fs=none
events openfiles files length 0

# --- sockets ---
once sockets --pid "$TRAFFIC_PID"
events sockets sockets 'map([.pid, .comm, .family, .kind, .state, .path])' \
	"[[$TRAFFIC_PID,\"traffic\",\"AF_UNIX\",\"KIND_STREAM\",\"LISTEN\",\"$T/known.sock\"]]"

# --- mounts: as the process itself sees them ---
ns=$(stat -L -c %i "/proc/$TRAFFIC_PID/ns/mnt")
its_mounts() { awk '$1 != $2 { print $1, $5 }' "/proc/$TRAFFIC_PID/mountinfo" | sort -n; }
# Once more where one went meanwhile: a folder that another test removes takes what is mounted on it
# out of every namespace.
for _ in 1 2 3 4 5; do
	before=$(its_mounts)
	once mounts --set target_mntns="$ns"
	[ "$before" != "$(its_mounts)" ] || break
done
events mounts mounts "map(select(.path == \"$T/folder\") | [.source, .fs, .readonly, .mntns])" \
	"[[\"known-source\",\"tmpfs\",true,$ns]]"
is 'mounts: all of them' "$(jq -r 'select(.map == "mounts" and .kind == "event") | .fields | select(.id != .parent) | "\(.id) \(.path)"' mounts.out | sort -n)" \
	"$before"
no_loss mounts

# --- processes ---
once processes --pid "$TRAFFIC_PID"
events processes processes 'map([.pid, .ppid, .uid, .comm, .nr_threads, .mntns, .exe])' \
	"[[$TRAFFIC_PID,$$,0,\"traffic\",1,$ns,\"$(realpath "$BUILD/tests/support/traffic")\"]]"
events processes processes 'map([.cpu_time > 0, .resident > 100000]) | unique' '[[true,true]]'
# One that is asleep until it is let go.
sleep 1000 &
asleep=$!
started+=("$asleep")
ok 'processes: one sleeps' wait_for 10 grep -q 'State:[[:space:]]*S' "/proc/$asleep/status"
once processes --pid "$asleep"
events processes processes 'map([.comm, .state])' '[["sleep","SLEEPING"]]'
kill "$asleep"
once processes --set threads=true --comm traffic
events processes processes "map(select(.pid == $TRAFFIC_PID) | .tid)" "[$TRAFFIC_PID]"
let_go

holding tcp,127.0.0.1,1,1 "deleted,$T/gone,1"
once openfiles --pid "$TRAFFIC_PID" --set deleted=true
events openfiles files length 1
let_go

# --- bpftop: a program of bombus's own that runs a known number of times ---
traffic_start getppid,300 "until,$T/stop"
rm -f "$T/stop"
ok 'bpftop: a program to look at' bombus_start counted --store "$EXAMPLES" run syscount -o none \
	--set target_pid="$TRAFFIC_PID" --metrics=127.0.0.1:0
counted=$BOMBUS_PID
echo >&"$go_fd"
ok 'bpftop: it works' wait_for 20 grep -q '^waiting' "$T/traffic.out"
# The number of one of its programs, and how often that ran.
prog=$(bpf_held "$counted" | sed -n 's/^prog_id //p' | head -n 1)
runs() { grep -lE "^prog_id:[[:space:]]*$prog\$" "/proc/$counted/fdinfo/"* 2>/dev/null | xargs sed -n 's/^run_cnt:[[:space:]]*//p' 2>/dev/null; }
is 'bpftop: a program is known' "$(runs | wc -l)" 1
before=$(runs)
once bpftop --pid "$counted"
after=$(runs)
series bpftop bpf_program "map(select(.key.id == $prog) | [.key.type, .key.pid, .key.comm, .value.run_time > 0, .value.missed])" \
	"[[\"BPF_PROG_TYPE_TRACING\",$counted,\"bombus\",true,0]]"
between 'bpftop: as often as the kernel says' \
	"$(jq -r "select(.map == \"bpf_program\" and .key.id == $prog) | .value.runs" bpftop.out)" "$before" "$after"
at_least 'bpftop: and for each call of the process' "$before" 300
is 'bpftop: its programs' "$(jq -r 'select(.map == "bpf_program") | .key.id' bpftop.out | sort -n)" \
	"$(bpf_held "$counted" | sed -n 's/^prog_id //p' | sort -n)"
is 'bpftop: its maps' "$(jq -r 'select(.map == "bpf_maps") | .fields.id' bpftop.out | sort -n)" \
	"$(bpf_held "$counted" | sed -n 's/^map_id //p' | sort -n)"
is 'bpftop: its links' "$(jq -r 'select(.map == "bpf_links") | .fields.id' bpftop.out | sort -n)" \
	"$(bpf_held "$counted" | sed -n 's/^link_id //p' | sort -n)"
let_go
bombus_stop INT

done_testing
