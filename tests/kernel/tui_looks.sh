#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: sizes, colours, character sets, and terminals that cannot show it.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
need script
rounds_ready

# --- sizes ---
ok 'sizes: it attaches' tui_start sizes 39 12 "'$OBJECT'" --set target_pid="$ROUNDS_PID" --interval 100ms
sees 'too small: what is needed' 'needs 40x6, the terminal has 39x12'
rounds 2000
# shellcheck disable=SC2034 # only counts
for i in $(seq 60); do
	terminal resize-window -x $((RANDOM % 180 + 1)) -y $((RANDOM % 50 + 1))
	[ $((i % 10)) -ne 0 ] || rounds 10
done
for size in 40x6 60x10 80x24 200x60 120x36; do
	terminal resize-window -x "${size%x*}" -y "${size#*x}"
	sees "$size: the first line" 'LIVE 100ms  [0-9:]{8}$'
	sees "$size: what never drops" 'lost 0  prog 1/1'
	ok "$size: the last line is used" wait_for 10 eval 'screen | tail -n 1 | grep -q "q quit"'
done
key q
tui_ended sizes 0

# --- looks ---
TUI_ENV='NO_COLOR=1' tui_start nocolor 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID"
sees 'NO_COLOR: it is up' 'LIVE'
unlike 'NO_COLOR: no colour' "$(terminal capture-pane -pe)" $'\e\\[[0-9;]*[34][0-7]m'
key q
tui_ended nocolor 0
tui_start light 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID" --theme light
sees 'light: it is up' 'LIVE'
like 'light: blue' "$(terminal capture-pane -pe)" $'\e\\[[0-9;]*34m'
unlike 'light: nothing in cyan or yellow' "$(terminal capture-pane -pe)" $'\e\\[[0-9;]*3[36]m'
key q
tui_ended light 0
TUI_ENV='LC_ALL=C' tui_start ascii 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID"
rounds 3
sees 'ASCII: it is up' '\* LIVE'
is 'ASCII: nothing else' "$(screen | LC_ALL=C grep -c '[^ -~]')" 0
key q
tui_ended ascii 0
TUI_ENV='TERM=linux' tui_start console 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID"
rounds 3
sees 'Linux console: it is up' '\* LIVE'
is 'Linux console: signs that its fonts have' "$(screen | LC_ALL=C grep -c '[^ -~]')" 0
key q
tui_ended console 0
# It has no other screen, so the last frame stays.
is 'Linux console: what follows begins a line' \
	"$(terminal display-message -p '#{cursor_x},#{cursor_y}'; screen | tail -n 1)" '0,23'
TUI_ENV='TERM=dumb' tui_start dumb 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID"
rounds 1
sees 'TERM=dumb: a table' 'ROUND +ID +TEXT'
kill "$BOMBUS_PID"
tui_ended dumb 0
TUI_ENV='TERM=xterm-nobody' tui_start unknown 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID"
rounds 1
sees 'TERM unknown: a table' 'ROUND +ID +TEXT'
like 'TERM unknown: the reason, and what to do' "$(cat unknown.err)" \
	"does not know the terminal type 'xterm-nobody'.* TERM=xterm-256color"
kill "$BOMBUS_PID"
tui_ended unknown 0
TERM=xterm-nobody script -qec "'$BOMBUS' run '$OBJECT' -o tui" /dev/null >"$T/unknown.out" 2>&1 </dev/null
like 'TERM unknown, -o tui: an error' "$(cat "$T/unknown.out")" \
	"^bombus: this system does not know the terminal type 'xterm-nobody'"
like 'TERM unknown, -o tui: a hint' "$(cat "$T/unknown.out")" '^hint: TERM=xterm-256color'
tui_start notty 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID" --no-tty
rounds 1
sees '--no-tty: a table' 'ROUND +ID +TEXT'
kill "$BOMBUS_PID"
tui_ended notty 0
run_bombus run "$OBJECT" -o tui
is '-o tui without a terminal: status' "$RC" 1
like '-o tui without a terminal: why' "$ERR" '^bombus: the live table needs a terminal'
like '-o tui without a terminal: a hint' "$ERR" '^hint: -o table or -o json'

# --- what does not load never flashes up ---
script -qec "'$BOMBUS' run '$OBJECTS/run_unsafe.bpf.o'" /dev/null >"$T/unsafe.out" 2>&1 </dev/null
unlike 'refused: no screen' "$(cat "$T/unsafe.out")" $'\e\\['
like 'refused: the error' "$(cat "$T/unsafe.out")" '^bombus: '

done_testing
