#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table on a real terminal (tmux) with real events: every key, every size, every way to
# leave. tests/bpf/tui.bpf.c tells what a round does.
. "$(dirname "$0")/../support/lib.sh"
need_root
need bpftool jq tmux python3 script

OBJECT=$OBJECTS/tui.bpf.o
SOCKET=bombus-tui-$$
touch "$T/start"
at_exit+=(terminal_gone)
terminals=0

terminal() {
	tmux -L "$SOCKET-$terminals" -f /dev/null "$@"
}

# Each has a server of its own: one that ends may still be there when the next one is wanted.
terminal_gone() {
	terminal kill-server 2>/dev/null
	terminals=$((terminals + 1))
}

# --- a process that does as many rounds as it is told ---
rounds_ready() {
	rm -f "$T/rounds" "$T/rounds.pid"
	mkfifo "$T/rounds"
	python3 -c '
import os, sys
print(os.getpid(), flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        os.getppid()
' <"$T/rounds" >"$T/rounds.pid" &
	started+=($!)
	exec {rounds_fd}>"$T/rounds"
	wait_for 10 test -s "$T/rounds.pid"
	ROUNDS_PID=$(cat "$T/rounds.pid")
}

rounds() {
	echo "$1" >&"$rounds_fd"
}

# --- the screen ---

# tui_start NAME WIDTH HEIGHT ARGUMENTS...: on a terminal of its own, until it is attached. The
# environment is TUI_ENV; what the terminal was like before and after is in NAME.before, NAME.after.
tui_start() {
	local name=$1 width=$2 height=$3
	shift 3
	terminal_gone
	rm -f "$T/$name".{pid,rc,err,before,after}
	cat >"$T/$name.sh" <<-END
	stty -g >'$T/$name.before'
	sh -c 'echo \$\$ >"$T/$name.pid"; exec "\$@"' sh env ${TUI_ENV:-} '$BOMBUS' run $* 2>'$T/$name.err'
	echo \$? >'$T/$name.rc'
	stty -g >'$T/$name.after'
	exec sleep 1000
	END
	terminal new-session -d -x "$width" -y "$height" "exec sh '$T/$name.sh'" \; \
		set -g status off \; set -s set-clipboard on \; set -g remain-on-exit on
	BOMBUS_NAME=$name
	wait_for 20 grep -qs attached "$T/$name.err" || return 1
	BOMBUS_PID=$(cat "$T/$name.pid")
	started+=("$BOMBUS_PID")
}

screen() {
	terminal capture-pane -p
}

on_screen() {
	screen | grep -qE -- "$1"
}

not_on_screen() {
	! on_screen "$1"
}

key() {
	terminal send-keys "$@"
}

type() {
	terminal send-keys -l "$1"
}

# sees NAME REGEX, misses NAME REGEX: a line of the screen, before long.
sees() {
	if wait_for 5 on_screen "$2"; then
		pass "$1"
	else
		fail "$1" "not on the screen: $2" "$(screen)"
	fi
}

misses() {
	if wait_for 5 not_on_screen "$2"; then
		pass "$1"
	else
		fail "$1" "still on the screen: $2" "$(screen)"
	fi
}

# tui_ended NAME STATUS: it left with this status, and the terminal is what it was.
tui_ended() {
	wait_for 10 test -s "$T/$1.after"
	is "$1: status" "$(cat "$T/$1.rc" 2>/dev/null)" "$2"
	terminal_sane "$1"
}

terminal_sane() {
	is "$1: the terminal's settings are back" "$(cat "$T/$1.after")" "$(cat "$T/$1.before")"
	is "$1: so are the screen, the cursor and the keys" \
		"$(terminal display -p '#{alternate_on} #{cursor_flag} #{keypad_cursor_flag} #{mouse_any_flag}')" \
		'0 1 0 0'
}

# --- every key ---
rounds_ready
ok 'keys: it attaches' tui_start keys 100 20 "'$OBJECT'" --set target_pid="$ROUNDS_PID" --interval 200ms
sees 'the screen comes up' '^ bombus  .*tui.bpf.o .*LIVE 200ms'
rounds 40
key 1
sees 'records arrive' '39 +9 +red \\x1b\[31m\\x1b\]2;x\\x07'
unlike 'what records say reaches no terminal' "$(terminal display -p '#{pane_title}')" '^x$'
sees 'the newest is under the cursor' '^▸ .* 39 '
for up in Up k; do
	key "$up"
done
sees 'Up, k: two rows up, and it pauses' 'PAUSED'
sees 'the cursor is there' '^▸ .* 37 '
key j
sees 'j: down' '^▸ .* 38 '
key PageUp
sees 'PgUp' '^▸ .* (2[0-9]) '
key g
sees 'g: the first' '^▸ .* 0 +0 +red'
key PageDown
sees 'PgDn' '^▸ .* 1[0-9] '
key Home
sees 'Home' '^▸ .* 0 +0 +red'
key End
sees 'End: the last' '^▸ .* 39 '
sees 'and the stream goes on' 'LIVE'
key Up
sees 'paused' 'PAUSED'
rounds 5
key F
sees 'F: follows' '^▸ .* 44 '
key k
rounds 5
sees 'paused again' 'PAUSED'
key G
sees 'G: follows' '^▸ .* 49 '
key Enter
sees 'Enter: all fields' '^  text +red \\x1b'
key Escape
misses 'Esc: back' '^  text +red'

key Tab
sees 'Tab: the next table' '\[2 calls ▦ 10\]'
sees 'by rate: all stand still, by key' '^▸ +0  a'
key BTab
sees 'Shift-Tab: the one before' '\[1 seen'
key C-n
sees '^N' '\[2 calls'
key C-p
sees '^P' '\[1 seen'
key 4
sees '4' '\[4 waits'
key 5
sees '5: the programs' '\[5 programs ✓1/1\]'
sees 'the programs' 'tui +tracepoint +syscalls/sys_enter_getppid +attached'
key 2

key l l s
sees 's: by the chosen column' '▼ VALUE'
sees 'the largest first' '^▸ +9  j +45 '
key s
sees 's again: the other way' '▲ VALUE'
sees 'the smallest first' '^▸ +0  a +0 '
key '<'
sees '<: by the column to the left' '[▲▼] NAME'
key '>'
sees '>: by the column to the right' '[▲▼] VALUE'
key Left H
sees 'H: the column moves to the left' '^ +NAME +ID'
key L
sees 'L: and to the right' '^ +ID +NAME'
key -
misses '-: hides the column' 'NAME'
key '='
sees '=: shows all' 'NAME'
key 1
sees 'the text is as wide as it is' '\x07'
key l l l l _
misses '_: another width' '\x07'
key _
sees '_: and another' '\x07'
key _ 2

type /
sees '/: asks' '^ /'
type 'id > 7 && name != "x"'
misses 'it filters while it is typed' ' 7  h '
sees 'what matches is there' ' 9  j '
key Enter
sees 'and says so' '2/10 rows +filter id > 7'
type '/'
type ' && idd > 3'
sees 'a bad one: a caret, and why' "v no field 'idd'"
sees 'the last good one holds' ' 9  j '
key Escape
sees 'Esc: none' ' 0  a '
misses 'no filter' 'filter id'
type '&'
type 'name == "e"'
key Enter
sees '&: marked, not hidden' '^[▸ ]?\* +4  e'
sees 'the others are there' ' 9  j '
key g n
sees 'n: to the marked one' '^▸\* +4  e'
key G N
sees 'N: back to it' '^▸\* +4  e'
key Escape
misses 'Esc: no marks' '^.\*'

key z
rounds 10
sees 'z: counts from here' ' 9  j +9 '
key z
sees 'z: and from the start' ' 9  j +54 '
key Space
sees 'Space: paused' 'PAUSED'
rounds 10
sleep 0.6
sees 'the view stands still' ' 9  j +54 '
key Space
sees 'and goes on' ' 9  j +63 '
key Z
sees 'Z' 'PAUSED'
key F
sees 'F: goes on' 'LIVE'
type d
sees 'd: asks' 'time between sweeps: 200ms'
key C-u
type 'soon'
key Enter
sees 'it takes times only' 'a time from 100ms to 1d'
key C-u
type 100ms
key Enter
sees 'd: another time' 'LIVE 100ms'

for form in csv json txt; do
	type w
	key C-u
	type "$T/rows.$form"
	key Enter
	sees "w: $form" "10 rows written to .*rows\\.$form"
done
is 'csv: all rows' "$(wc -l <rows.csv)" 11
is 'json: the rows' "$(jq -c 'select(.key.id == 9) | .value' rows.json)" 63
like 'txt: as on the screen' "$(cat rows.txt)" '9 +j +63'
mkdir theirs
chmod 700 theirs
chown 65534:65534 theirs
type w
key C-u
type "$T/theirs/rows.csv"
key Enter
sees 'w: as root, into anybody'"'"'s folder' '10 rows written to .*theirs'
is 'no other capability is left' "$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$BOMBUS_PID/task/"*/status | sort -u)" \
	'0000000000000002'
type w
key C-u
type "$T/rows.csv"
key Enter
sees 'not over a file that is there' 'rows\.csv'
misses 'it was not written' 'rows written'
key Escape
type '/'
type 'id == 9'
key Enter
sees 'one row' '1/10 rows'
key y
sees 'y: copied' 'clipboard'
is 'and the terminal has it' "$(terminal show-buffer | jq -c '[.map, .key.id]')" '["calls",9]'
key Escape

key m
sees 'm: the mouse' 'the mouse chooses'
is 'the terminal reports it' "$(terminal display -p '#{mouse_any_flag}')" 1
# As this type of terminal reports it: the button, column and line, each with 32 added.
type $'\e[M %"'
sees 'a click on a table' '\[1 seen'
type $'\e[M`*('
sees 'the wheel scrolls back' 'PAUSED'
key m
is 'm: no mouse' "$(sleep 0.3; terminal display -p '#{mouse_any_flag}')" 0

key 4
sees 'histograms' '│ +\[?[0-9(]'
sees 'with bars' '█'
key v
rounds 10
sees 'v: the heat map' '│ +waits +-'
key v
sees 'v: rows' '≈P90'
key v
sees 'v: the histogram again' 'n=40'
key '?'
sees '?: the help' '^  help'
sees 'it is made of keys' 'n N +the next and the previous marked row'
key q
misses 'q: out of the help' '^  help'
key F1
sees 'F1: the help' '^  help'
key Escape
type '!'
sees '!: messages' '^  messages'
key Escape
key C-l
sees '^L: the same again' '\[4 waits'
key q
tui_ended keys 0
like 'the closing line' "$(tail -n 1 keys.err)" 'ran [0-9.]+s: 80 events, 0 lost, .*nothing stays pinned'

# --- suspend and resume, in a shell with jobs ---
cat >"$T/rc" <<-'END'
	PS1='$ '
	END
terminal_gone
terminal new-session -d -x 90 -y 12 "exec bash --rcfile '$T/rc' -i"
wait_for 5 on_screen '^\$'
type "'$BOMBUS' run '$OBJECT' --set target_pid=$ROUNDS_PID"
key Enter
sees 'in a shell: it is up' 'LIVE'
key C-z
sees '^Z: the shell is back' 'Stopped'
misses 'the screen is gone' 'LIVE'
is 'its modes as well' "$(terminal display -p '#{alternate_on} #{cursor_flag}')" '0 1'
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
sees 'and leaves well' '^status=0'
type "'$BOMBUS' run '$OBJECT' --set target_pid=$ROUNDS_PID &"
key Enter
type ''
sleep 0.5
misses 'in the background it is not the live table' 'LIVE'
type 'kill %1; wait; echo over'
key Enter
sees 'and can be ended' '^over'

terminal resize-window -x 100 -y 40
type "clear; '$BOMBUS' run '$OBJECT' --set target_pid=$ROUNDS_PID; clear; seq 100"
key Enter
sees 'it is up again' 'LIVE'
key q
sees 'in the shell all lines scroll' '^100'
is 'the last ones are there, as many as there is room' "$(screen | grep -cE '^[0-9]+$')" 39
type "timeout 2 '$BOMBUS' run '$OBJECT' -o tui --set target_pid=$ROUNDS_PID; echo left=\$?"
key Enter
if wait_for 12 on_screen '^left=124'; then
	pass 'asked for in the background it can be ended as well'
else
	fail 'asked for in the background it can be ended as well' "$(screen)"
fi

# --- sizes ---
ok 'sizes: it attaches' tui_start sizes 59 12 "'$OBJECT'" --set target_pid="$ROUNDS_PID" --interval 100ms
sees 'too small: what is needed' 'bombus needs 60x10, has 59x12'
rounds 2000
# shellcheck disable=SC2034 # only counts
for i in $(seq 60); do
	terminal resize-window -x $((RANDOM % 180 + 1)) -y $((RANDOM % 50 + 1))
	[ $((i % 10)) -ne 0 ] || rounds 10
done
for size in 60x10 80x24 200x60 120x36; do
	terminal resize-window -x "${size%x*}" -y "${size#*x}"
	sees "$size: the first line" 'LIVE 100ms  [0-9:]{8}$'
	sees "$size: what never drops" 'lost 0  prog 1/1.*cpu'
	ok "$size: the last line is used" wait_for 5 eval 'screen | tail -n 1 | grep -q "q quit"'
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
TUI_ENV='TERM=dumb' tui_start dumb 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID"
rounds 1
sees 'TERM=dumb: a table' 'ROUND +ID +TEXT'
kill "$BOMBUS_PID"
tui_ended dumb 0
tui_start notty 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID" --no-tty
rounds 1
sees '--no-tty: a table' 'ROUND +ID +TEXT'
kill "$BOMBUS_PID"
tui_ended notty 0
run_bombus run "$OBJECT" -o tui
is '-o tui without a terminal: status' "$RC" 1
like '-o tui without a terminal: why' "$ERR" '^bombus: the live table needs a terminal'
like '-o tui without a terminal: a hint' "$ERR" '^hint: -o table or -o json'

# --- what is said while the screen is up goes to its own view ---
PORT=$(free_port)
ok 'messages: it attaches' tui_start messages 100 14 -v "'$OBJECT'" --set target_pid="$ROUNDS_PID" \
	--metrics="127.0.0.1:$PORT"
sees 'messages: it is up' 'LIVE'
said=$(wc -l <messages.err)
(
	exec 3<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /metrics HTTP/9.9\r\n\r\n' >&3
	timeout 5 cat <&3
) >/dev/null
type '!'
sees 'messages: this one, with its time' '^  [0-9:]{8} .*505'
is 'messages: none went to the terminal' "$(wc -l <messages.err)" "$said"
key q q
tui_ended messages 0

# --- what does not load never flashes up ---
script -qec "'$BOMBUS' run '$OBJECTS/run_unsafe.bpf.o'" /dev/null >"$T/unsafe.out" 2>&1 </dev/null
unlike 'refused: no screen' "$(cat "$T/unsafe.out")" $'\e\\['
like 'refused: the error' "$(cat "$T/unsafe.out")" '^bombus: '

# --- ways to leave ---
for signal in INT TERM HUP QUIT SEGV ABRT BUS FPE KILL; do
	ok "$signal: it attaches" tui_start "$signal" 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID"
	sees "$signal: it is up" 'LIVE'
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
	ok 'no memory: it attaches' tui_start memory 80 24 "'$OBJECT'" \
		--set target_pid="$ROUNDS_PID" --set keys=100000 --max-series 200000
	sees 'no memory: it is up' 'LIVE'
	held_by memory "$BOMBUS_PID"
	prlimit --pid "$BOMBUS_PID" --as=$(($(awk '{ print $1 * 4096 }' "/proc/$BOMBUS_PID/statm") + 1000000))
	rounds 1
	wait_for 10 test -s "$T/memory.after"
	like 'no memory: it says so' "$(screen; cat "$T/memory.err")" 'out of memory'
	terminal_sane memory
	left_by memory
fi

# --- the terminal goes away ---
ok 'closed: it attaches' tui_start closed 80 24 "'$OBJECT'" --set target_pid="$ROUNDS_PID"
sees 'closed: it is up' 'LIVE'
held_by closed "$BOMBUS_PID"
terminal kill-server
ok 'closed: it ends with its terminal' wait_for 10 gone "$BOMBUS_PID"
left_by closed

# --- a terminal that takes nothing for ten seconds ---
ok 'stalled: it attaches' tui_start stalled 120 36 "'$OBJECT'" --set target_pid="$ROUNDS_PID" \
	--set burst=1000 --interval 100ms
sees 'stalled: it is up' 'LIVE'
key C-s
sleep 0.3
before=$(screen)
for i in $(seq 100); do
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

ok 'leaving while stalled: it attaches' tui_start stuck 120 36 "'$OBJECT'" \
	--set target_pid="$ROUNDS_PID" --interval 100ms
sees 'leaving while stalled: it is up' 'LIVE'
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
for i in $(seq 20); do
	rounds 100
	sleep 0.1
done
wait_for 20 gone $flood
# Of ten, nine: this machine has other things to do.
between 'flood: how soon keys are answered (ms)' "$(jq .most_ms "$T/flood.json")" 0 $((100 * SLOW))
at_least 'flood: keys that were answered' "$(jq .keys "$T/flood.json")" 10
like 'flood: nothing is lost' "$(cat "$T/flood.err")" ': 2000000 events, 0 lost'

done_testing
