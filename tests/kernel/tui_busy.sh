#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: a terminal that stalls, a program at rest, a flood of records.
# alone: it measures processor time and how soon keys are answered
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

# --- a terminal that takes nothing for ten seconds ---
rounds_shown stalled 120 36 --set burst=1000 --interval 100ms
key C-s
sleep 0.3
before=$(screen)
for _ in $(seq 100); do
	rounds 10
	sleep 0.1
done
is 'stalled: nothing was shown meanwhile' "$(screen)" "$before"
key C-q
sees 'stalled: it goes on where things are' '\[1 seen ≡ .*'
sees 'stalled: nothing was lost' 'lost 0  prog'
key q
tui_ended stalled 0
like 'stalled: every event came' "$(tail -n 1 stalled.err)" ': 1000000 events, 0 lost'

rounds_shown stuck 120 36 --interval 100ms
key C-s
rounds 20
sleep 0.5
kill -TERM "$BOMBUS_PID"
tui_ended stuck 0

# --- nothing changes: nothing is written, nothing is done ---
python3 "$TESTS/support/tui_pty.py" idle 4 "$BOMBUS" run "$OBJECTS/tui_idle.bpf.o" >"$T/idle.json" \
	2>"$T/idle.err"
jq_is 'idle: no byte is written' "$T/idle.json" '.[0].bytes' 0
between 'idle: milliseconds of processor time in 4 s' "$(jq .cpu_ms "$T/idle.json")" 0 $((20 * SLOW))
at_least 'idle: though it was up' "$(jq .before_bytes "$T/idle.json")" 200

# --- a key is answered while a million records a second arrive ---
python3 "$TESTS/support/tui_pty.py" flood 3 "$BOMBUS" run "$OBJECT" --set target_pid="$ROUNDS_PID" \
	--set burst=1000 --ring seen=64M >"$T/flood.json" 2>"$T/flood.err" &
started+=($!)
wait_for 20 grep -qs attached "$T/flood.err"
flood=$!
sleep 0.5
for _ in $(seq 20); do
	rounds 100
	sleep 0.1
done
wait_for 20 gone $flood
# Of ten, nine: this machine has other things to do.
between 'flood: how soon keys are answered (ms)' "$(jq .most_ms "$T/flood.json")" 0 $((100 * SLOW))
at_least 'flood: keys that were answered' "$(jq .keys "$T/flood.json")" 10
like 'flood: nothing is lost' "$(cat "$T/flood.err")" ': 2000000 events, 0 lost'

# --- a link of 2 kB/s: a key waits for one frame, not for all that were drawn meanwhile ---
python3 "$TESTS/support/tui_pty.py" slow 8 "$BOMBUS" run "$OBJECT" --set target_pid="$ROUNDS_PID" \
	--interval 100ms >"$T/slow.json" 2>"$T/slow.err" &
slow=$!
started+=("$slow")
wait_for 20 grep -qs attached "$T/slow.err"
until gone "$slow"; do
	rounds 10
	sleep 0.1
done
between 'slow link: how soon a key is answered (ms)' "$(jq .key_ms "$T/slow.json")" 1 4000
between 'slow link: how soon it quits (ms)' "$(jq .quit_ms "$T/slow.json")" 1 4000

done_testing
