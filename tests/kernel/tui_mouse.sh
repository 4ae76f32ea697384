#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: the mouse, and pasted text, which is never taken for keys.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rounds_shown mouse 100 20 --interval 200ms
rounds 50
key 2
sees 'the rows are there' ' 9  j +45 '

key m
sees 'm: the mouse' 'the mouse selects'
is 'the terminal reports it' "$(terminal display -p '#{mouse_any_flag}')" 1
# report BUTTON X Y, from 0, as this type of terminal reports it: each with 32 added, and 1 to places.
report() {
	local bytes

	printf -v bytes '\\x%02x\\x%02x\\x%02x' $((32 + $1)) $((33 + $2)) $((33 + $3))
	printf -v bytes '%b' "$bytes"
	type $'\e[M'"$bytes"
}
click() {
	report "$@"
	report 3 "$2" "$3"
}
value=$(screen | sed -n 3p | awk '{ print index($0, "VALUE") }')
click 0 "$value" 2
sees 'a click on a header sorts' '▼ VALUE'
click 0 "$value" 2
sees 'a click on the chosen column sorts the other way' '▲ VALUE'
click 16 "$value" 2
sees 'so does a click with Ctrl' '▼ VALUE'
click 0 4 1
sees 'a click on a table' '\[1 seen'
report 64 10 8
sees 'the wheel scrolls back' 'PAUSED'
key m
is 'm: no mouse' "$(sleep 0.3; terminal display -p '#{mouse_any_flag}')" 0

# --- pasted text ---
key 2
sees 'the rows again' '\[2 calls'
terminal set-buffer $'z\nq\n'
terminal paste-buffer -p
sees 'a paste is ignored, and the screen says so' 'pasted text is ignored'
not_z() { ! on_screen 'from zero'; }
ok 'no key of it was taken' not_z
type /
terminal set-buffer $'id ==\n9\nq'
terminal paste-buffer -p
sees 'a prompt takes it as one line' '^ / id == 9 q'
key C-h C-h Enter
sees 'and goes on with keys' '1/10 rows +filter id == 9'
key Escape
terminal send-keys -H 1b 5b 32 30 30 7e 03 1a 71 1b 5b 32 30 31 7e
sees 'Ctrl-C and Ctrl-Z in a paste are text' 'pasted text is ignored'
sees 'nothing ended' '\[2 calls'
key q
tui_ended mouse 0
# The terminal shows what is pasted to it: no brackets are asked for any more.
terminal set-buffer 'after'
terminal paste-buffer -p
sees 'pastes are plain again' 'after'
misses 'without brackets' '200~'

done_testing
