#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: several programs in one, whose maps may have the same names.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

ok 'they attach' tui_start programs 120 24 "'first=$OBJECT'" "'second=$OBJECT'" \
	"'plain=$OBJECTS/run_plain.bpf.o'" --set "'*:target_pid=$ROUNDS_PID'" --interval 200ms
sees 'the title names them' '^ bombus  3 programs: first, second, plain .*LIVE 200ms'
sees 'tabs have the names of their programs' '\[1 first:seen .* 2 first:calls .* 3 first:many'
rounds 20
sees 'all programs are attached' 'lost \?  prog 3/3'

# --- each has its own rows ---
key 2
sees 'the rows of the first' '\[2 first:calls ▦ 10\]'
sees 'are its own' ' 9  j +18 '
key 6
sees 'the rows of the second' '\[6 second:calls ▦ 10\]'
sees 'are its own' ' 9  j +18 '
key z
rounds 10
sees 'counting from here is for one tab alone' ' 9  j +9 '
key 2
sees 'the first goes on' ' 9  j +27 '
key 9
sees 'the records of the third' '\[9 plain:events ≡ '
sees 'are its own' '^▸ .* 29 '
key Enter
sees 'the details name the program' '^  plain:events'
key Escape
key y
sees 'a row is copied' 'clipboard'
is 'with its program' "$(terminal show-buffer | jq -c '[.program, .map]')" '["plain","events"]'
key 6
type /
type 'id > 7'
key Enter
sees 'a filter is for one tab alone' '2/10 rows'
key 2
sees 'the other one shows all' '^ 10 rows'
type w
sees 'a file is named after the tab' 'write to .*: first-calls.csv'
key Escape

# --- the programs of all ---
key 9
key Tab
sees 'one tab of programs over all' '\[10 programs ✓3/3\]'
sees 'it names the program' 'PROGRAM +NAME +TYPE +HOOK +STATE'
sees 'of each' '^▸ first +tui +tracepoint +syscalls/sys_enter_getppid +attached'
sees 'the second as well' '^  second +tui +tracepoint'
sees 'and the third' '^  plain +plain +tracepoint'
type /
type 'program == "plain"'
key Enter
sees 'it can be filtered by program' '^ 1 program +filter program'
misses 'the others are hidden' '^. second +tui'
for size in 60x10 80x24 200x60; do
	terminal resize-window -x "${size%x*}" -y "${size#*x}"
	sees "$size: the first line" '^ bombus  3 programs: .*LIVE 200ms  [0-9:]{8}$'
	sees "$size: the status of all" 'lost \?  prog 3/3'
done
held_by programs "$BOMBUS_PID"
key q
tui_ended programs 0
for program in first second plain; do
	like "a closing line for $program" "$(cat programs.err)" \
		"^bombus: $program: ran [0-9.]+s: 30 events, [0?] lost"
done
left_by programs

# --- one of them is refused ---
ok 'with one that is refused the others attach' tui_start refused 100 20 --keep-going \
	"'$OBJECTS/run_unsafe.bpf.o'" "'$OBJECT'" --set "tui:target_pid=$ROUNDS_PID"
sees 'and are shown' 'LIVE'
rounds 10
key 2
sees 'with their rows' ' 9  j +9 '
key q
wait_for 10 test -s refused.after
is 'the status is that of the refused one' "$(cat refused.rc)" 3
like 'and it is named' "$(cat refused.err)" '^bombus: run_unsafe: '

done_testing
