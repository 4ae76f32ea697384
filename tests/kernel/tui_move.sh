#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: keys that move the cursor, the stream and the table.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rounds_shown move 100 20 --interval 200ms
sees 'the title names the program and the interval' '^ bombus  .*tui.bpf.o .*LIVE 200ms'
rounds 40
key 1
sees 'records arrive' '39 +9 +red \\x1b\[31m\\x1b\]2;x\\x07'
unlike 'escape sequences of records do not reach the terminal' "$(terminal display -p '#{pane_title}')" '^x$'
sees 'the newest is under the cursor' '^▸ .* 39 '

# --- in a stream ---
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
rounds 5
sleep 0.5
sees 'the details stay with the record' '^  round +49'
key K
sees 'K: the details of the one before' '^  round +48'
key Escape
misses 'Esc: back' '^  text +red'

# --- between tables ---
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
key q
tui_ended move 0
like 'the closing line' "$(tail -n 1 move.err)" 'ran [0-9.]+s: 55 events, 0 lost, .*nothing stays pinned'

# --- the time that an escape sequence may take is $ESCDELAY ---
TUI_ENV='ESCDELAY=1000' rounds_shown escape 100 20 --interval 200ms
rounds 40
key 1
sees 'records again' '^▸ .* 39 '
type $'\e'
sleep 0.2
type 'OA'
sees 'ESC and OA of a slow link are one key' 'PAUSED'
key q
tui_ended escape 0

done_testing
