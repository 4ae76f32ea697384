#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# However bombus ends, nothing stays attached, loaded or pinned; and where it can still speak, its
# closing line says what the kernel side counted.
. "$(dirname "$0")/../support/lib.sh"
need_root
need bpftool jq script tmux

OBJECT=$OBJECTS/run_plain.bpf.o

pid_gone_by() {
	wait_for 10 gone "$1"
}

touch "$T/start"

# --- signals that ask ---
for signal in INT TERM HUP; do
	traffic_start getppid,120
	ok "$signal: it attaches" bombus_start "$signal" run "$OBJECT" -o json \
		--set target_pid="$TRAFFIC_PID"
	held_by "$signal" "$BOMBUS_PID"
	traffic_go
	ok "$signal: it ends with status 0" bombus_stop "$signal"
	is "$signal: every record was written first" "$(wc -l <"$signal.out")" 120
	like "$signal: the closing line" "$(tail -n 1 "$signal.err")" \
		'ran [0-9.]+m?s: 120 events, .*nothing stays pinned'
	left_by "$signal"
done

# --- a second one, while it is leaving already ---
traffic_start getppid,5
ok 'twice: it attaches' bombus_start twice run "$OBJECT" -o json --set target_pid="$TRAFFIC_PID"
held_by twice "$BOMBUS_PID"
traffic_go
kill -INT "$BOMBUS_PID"
ok 'twice: it ends' bombus_stop INT
left_by twice

# --- the reader stands still: programs wait for it together, and a second signal ends that ---
mkfifo still
exec 7<>still
still_start() {
	traffic_start getppid,40000
	"$BOMBUS" run "a=$OBJECT" "b=$OBJECT" "c=$OBJECT" "d=$OBJECT" -o json \
		--set "*:target_pid=$TRAFFIC_PID" >still 2>still.err &
	BOMBUS_PID=$!
	started+=("$BOMBUS_PID")
	ok 'still: they attach' wait_for 20 has_lines still.err 4 attached
	held_by still "$BOMBUS_PID"
	traffic_go
	START=$(date +%s%N)
	kill -INT "$BOMBUS_PID"
}
still_ended() {
	ok "still: $1" wait_for 20 gone "$BOMBUS_PID"
	wait "$BOMBUS_PID"
	is 'still: no failure' $? 0
	MS=$((($(date +%s%N) - START) / 1000000))
	like 'still: what did not get out is counted' "$(cat still.err)" '[0-9]+ dropped: the output was too slow'
	left_by still
}
links_gone() {
	! bpf_held "$BOMBUS_PID" | grep -q link_id
}
still_start
still_ended 'it ends'
between 'still: one time to wait for all of them, and one for the output' "$MS" 2000 $((7500 * SLOW))
still_start
ok 'still: detached first' wait_for 10 links_gone
kill -INT "$BOMBUS_PID"
still_ended 'twice: it ends'
between 'still: twice: at once' "$MS" 0 $((1900 * SLOW))
exec 7>&-

# --- no chance to clean up ---
traffic_start getppid,5
ok 'KILL: it attaches' bombus_start KILL run "$OBJECT" -o json --set target_pid="$TRAFFIC_PID"
held_by KILL "$BOMBUS_PID"
traffic_go
bombus_stop KILL
is 'KILL: it was killed' "$RC" 137
left_by KILL

# --- the reader leaves ---
traffic_start getppid,2000
(
	"$BOMBUS" run "$OBJECT" -o json --set target_pid="$TRAFFIC_PID" 2>"$T/pipe.err" &
	echo $! >"$T/pipe.pid"
	wait $!
	echo $? >"$T/pipe.rc"
) | head -n 1 >"$T/pipe.out" &
started+=($!)
pipe=$!
wait_for 20 grep -qs attached "$T/pipe.err"
held_by pipe "$(cat "$T/pipe.pid")"
traffic_go
ok 'pipe: it ends when the reader left' pid_gone_by "$(cat "$T/pipe.pid")"
wait_for 10 gone "$pipe"
is 'pipe: the reader got its line' "$(wc -l <"$T/pipe.out")" 1
is 'pipe: this is no failure' "$(cat "$T/pipe.rc")" 0
left_by pipe

# --- the reader left before there was anything to read ---
traffic_start getppid,1
mkfifo "$T/fifo"
tail -f /dev/null 0<"$T/fifo" >/dev/null &
reader=$!
started+=("$reader")
"$BOMBUS" run "$OBJECT" -o json --set target_pid="$TRAFFIC_PID" >"$T/fifo" 2>"$T/early.err" &
BOMBUS_PID=$!
started+=("$BOMBUS_PID")
wait_for 20 grep -qs attached "$T/early.err"
held_by early "$BOMBUS_PID"
kill "$reader"
ok 'early: it ends although nothing was to be written' pid_gone_by "$BOMBUS_PID"
kill -9 "$BOMBUS_PID" 2>/dev/null
left_by early
traffic_go

# --- a terminal that is taken away ---
traffic_start getppid,3
tmux -L "bombus-test-$$" -f /dev/null new-session -d -x 120 -y 30 \
	"exec '$BOMBUS' run '$OBJECT' --set target_pid=$TRAFFIC_PID 2>'$T/tmux.err'"
at_exit+=("tmux -L bombus-test-$$ kill-server")
pane=$(tmux -L "bombus-test-$$" list-panes -F '#{pane_pid}')
wait_for 20 grep -qs attached "$T/tmux.err"
wait_for 20 eval "bpf_held $pane | grep -q link_id"
held_by tmux "$pane"
traffic_go
tmux -L "bombus-test-$$" kill-server
ok 'tmux: it ends with its terminal' pid_gone_by "$pane"
left_by tmux

traffic_start getppid,3
script -qfc "echo \$\$ >'$T/script.pid'; exec '$BOMBUS' run '$OBJECT' \
	--set target_pid=$TRAFFIC_PID 2>'$T/script.err'" /dev/null >"$T/script.out" </dev/null &
terminal=$!
started+=("$terminal")
wait_for 20 grep -qs attached "$T/script.err"
held_by script "$(cat "$T/script.pid")"
kill -9 "$terminal"
ok 'script: it ends when its terminal was killed' pid_gone_by "$(cat "$T/script.pid")"
left_by script
traffic_go

# --- told to leave while it was still loading (a shell's background jobs ignore INT) ---
for ms in 1 5 20 60; do
	"$BOMBUS" run "$OBJECT" -o none --set target_pid=$$ 2>"$T/load.err" &
	pid=$!
	started+=("$pid")
	sleep "0.$(printf '%03d' "$ms")"
	kill -TERM "$pid"
	wait_for 10 gone "$pid" || kill -9 "$pid"
	wait "$pid"
	status=$?
	# It ran already, it had not yet, or the signal came even before main().
	case $status in
	0 | 130 | 143) pass "loading: told after $ms ms" ;;
	*) fail "loading: told after $ms ms" "status $status" "$(cat "$T/load.err")" ;;
	esac
done

# --- pins stay only when asked for, and the closing line names them ---
if mountpoint -q /sys/fs/bpf; then
	pins=/sys/fs/bpf/bombus-test-$$
	at_exit+=("rm -rf $pins")
	traffic_start getppid,4
	ok 'pinned: it attaches' bombus_start pinned run "$OBJECTS/run_prefix.bpf.o" \
		-o none --set target_pid="$TRAFFIC_PID" --pin-maps "$pins"
	traffic_go
	ok 'pinned: it ends' bombus_stop INT
	like 'pinned: the closing line names the pins' "$(tail -n 1 pinned.err)" \
		"stays pinned: .*$pins"
	is 'pinned: the pin exists, with its values' \
		"$(bpftool -j map dump pinned "$pins/counter_calls" |
			jq -c '[.[] | (.formatted // .).value] | sort')" '[2,2]'
else
	skip 'pinned maps' 'no bpffs is mounted at /sys/fs/bpf'
fi

done_testing
