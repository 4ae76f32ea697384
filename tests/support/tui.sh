# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The live table on a real terminal (tmux), for tests that are sourced after lib.sh:
#
#	. "$(dirname "$0")/../support/lib.sh"
#	. "$TESTS/support/tui.sh"
#	tui_needs
#	rounds_ready
#	ok 'it attaches' tui_start keys 100 20 "'$OBJECT'" --set target_pid="$ROUNDS_PID"
#	rounds 40
#	key 1
#	sees 'records arrive' ' 39 '
#	tui_ended keys 0
#
# tests/bpf/tui.bpf.c says what a round does.

# shellcheck disable=SC2153 # lib.sh sets OBJECTS
OBJECT=$OBJECTS/tui.bpf.o
SOCKET=bombus-tui-$$
terminals=0
touch "$T/start"
at_exit+=(terminal_gone)

tui_needs() {
	need_root
	need bpftool jq tmux python3
}

terminal() {
	tmux -L "$SOCKET-$terminals" -f /dev/null "$@"
}

# Ends the terminal. Each one has a server of its own, because a server that ends may still be there
# when the next terminal starts.
terminal_gone() {
	terminal kill-server 2>/dev/null
	terminals=$((terminals + 1))
}

# Starts a process that does as many rounds as rounds() asks for; its id is ROUNDS_PID.
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

# tui_start NAME WIDTH HEIGHT ARGUMENTS...: runs bombus on a terminal of its own and waits until it is
# attached. TUI_ENV holds its environment, TUI_COMMAND another command than run. The terminal's
# settings before and after are in NAME.before and NAME.after, the exit status in NAME.rc, standard
# error in NAME.err.
tui_start() {
	local name=$1 width=$2 height=$3
	shift 3
	terminal_gone
	rm -f "$T/$name".{pid,rc,err,before,after}
	cat >"$T/$name.sh" <<-END
	stty -g >'$T/$name.before'
	sh -c 'echo \$\$ >"$T/$name.pid"; exec "\$@"' sh env ${TUI_ENV:-} '$BOMBUS' ${TUI_COMMAND:-run} $* 2>'$T/$name.err'
	echo \$? >'$T/$name.rc'
	stty -g >'$T/$name.after'
	exec sleep 1000
	END
	terminal new-session -d -x "$width" -y "$height" "exec sh '$T/$name.sh'" \; \
		set -g status off \; set -s set-clipboard on \; set -g remain-on-exit on
	# shellcheck disable=SC2034 # read by lib.sh
	BOMBUS_NAME=$name
	if [ "${TUI_COMMAND:-run}" = run ]; then
		wait_for 20 grep -qs attached "$T/$name.err" || return 1
	else
		wait_for 20 test -s "$T/$name.pid" || return 1
	fi
	BOMBUS_PID=$(cat "$T/$name.pid")
	started+=("$BOMBUS_PID")
}

# rounds_shown NAME WIDTH HEIGHT ARGUMENTS...: tests/bpf/tui.bpf.c in the live table, watching rounds().
rounds_shown() {
	local name=$1 width=$2 height=$3
	shift 3
	ok "$name: it attaches" tui_start "$name" "$width" "$height" "'$OBJECT'" \
		--set target_pid="$ROUNDS_PID" "$@"
	sees "$name: the screen comes up" 'LIVE'
}

# --- the screen ---

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
	terminal send-keys -l -- "$1"
}

# sees NAME REGEX: a line of the screen matches within ten seconds; misses: none does any more.
sees() {
	if wait_for 10 on_screen "$2"; then
		pass "$1"
	else
		fail "$1" "not on the screen: $2" "$(screen)"
	fi
}

misses() {
	if wait_for 10 not_on_screen "$2"; then
		pass "$1"
	else
		fail "$1" "still on the screen: $2" "$(screen)"
	fi
}

# --- the end ---

# tui_ended NAME STATUS: it left with this status, and the terminal is as it was.
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
