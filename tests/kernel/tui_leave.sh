#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: every way to leave restores the terminal and leaves nothing in the kernel.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

# --- ways to leave ---
for signal in INT TERM HUP QUIT SEGV ABRT BUS FPE KILL; do
	rounds_shown "$signal" 80 24
	held_by "$signal" "$BOMBUS_PID"
	kill "-$signal" "$BOMBUS_PID"
	wait_for 10 test -s "$T/$signal.after"
	case $signal in
	INT | TERM | HUP) is "$signal: status" "$(cat "$T/$signal.rc")" 0 ;;
	*) at_least "$signal: status" "$(cat "$T/$signal.rc")" 99 ;;
	esac
	[ $signal = KILL ] || terminal_sane "$signal"
	left_by "$signal"
done

# --- no memory left ---
if grep -q __asan_init "$BOMBUS"; then
	skip 'no memory' "the sanitizers' memory is not the program's"
else
	# Limits of a process of another user are not ours to set.
	rounds_shown memory 80 24 --set keys=100000 --max-series 200000 --user root
	held_by memory "$BOMBUS_PID"
	prlimit --pid "$BOMBUS_PID" --as=$(($(awk '{ print $1 * 4096 }' "/proc/$BOMBUS_PID/statm") + 1000000))
	rounds 1
	wait_for 10 test -s "$T/memory.after"
	like 'no memory: the message' "$(screen; cat "$T/memory.err")" 'out of memory'
	terminal_sane memory
	left_by memory
fi

# --- the terminal goes away ---
rounds_shown closed 80 24
held_by closed "$BOMBUS_PID"
terminal kill-server
ok 'closed: it ends with its terminal' wait_for 10 gone "$BOMBUS_PID"
left_by closed

done_testing
