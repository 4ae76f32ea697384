#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: suspended, resumed and put in the background by a shell with jobs.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

cat >"$T/rc" <<-'END'
	PS1='$ '
	END
terminal_gone
terminal new-session -d -x 90 -y 12 "exec bash --rcfile '$T/rc' -i"
wait_for 10 on_screen '^\$'
type "'$BOMBUS' run '$OBJECT' --set target_pid=$ROUNDS_PID"
key Enter
sees 'in a shell: it is up' 'LIVE'
key C-z
sees '^Z: the shell is back' 'Stopped'
misses 'the screen is gone' 'LIVE'
is 'the terminal is in its usual modes' "$(terminal display -p '#{alternate_on} #{cursor_flag}')" '0 1'
terminal resize-window -x 100 -y 14
type fg
key Enter
sees 'fg: it goes on' 'LIVE 1s'
is 'in the new size' "$(screen | head -n 1 | wc -m)" 100
key 2
sees 'and takes keys' '\[2 calls'
key C-c
sees '^C: leaves' 'nothing stays pinned'
type 'echo status=$?'
key Enter
sees 'the status is 0' '^status=0'
type "'$BOMBUS' run '$OBJECT' --set target_pid=$ROUNDS_PID &"
key Enter
type ''
sleep 0.5
misses 'in the background it is not the live table' 'LIVE'
type 'kill %1; wait; echo over'
key Enter
sees 'it can be ended' '^over'

terminal resize-window -x 100 -y 40
type "clear; '$BOMBUS' run '$OBJECT' --set target_pid=$ROUNDS_PID; clear; seq 100"
key Enter
sees 'it is up again' 'LIVE'
key q
sees 'in the shell all lines scroll' '^100'
is 'the newest records remain, as many as fit' "$(screen | grep -cE '^[0-9]+$')" 39
type "timeout 2 '$BOMBUS' run '$OBJECT' -o tui --set target_pid=$ROUNDS_PID; echo left=\$?"
key Enter
if wait_for 12 on_screen '^left=124'; then
	pass '-o tui in the background can be ended'
else
	fail '-o tui in the background can be ended' "$(screen)"
fi

done_testing
