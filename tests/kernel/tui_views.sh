#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: views, pauses, the baseline, the interval, the help and the messages.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rounds_shown views 100 20 --interval 200ms
rounds 50

# --- counting and standing still ---
key 2
sees 'the rows are there' ' 9  j +45 '
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
sees 'a wrong time: an error' 'a time from 100ms to 1d'
key C-u
type 100ms
key Enter
sees 'd: another time' 'LIVE 100ms'

# --- views ---
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
sees 'it is made of keys' 'n N +go to the next and the previous marked row'
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
tui_ended views 0

# --- messages go to a view of their own while the screen is up ---
PORT=$(free_port)
rounds_shown messages 100 14 -v --metrics="127.0.0.1:$PORT"
before=$(wc -l <messages.err)
(
	exec 3<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /metrics HTTP/9.9\r\n\r\n' >&3
	timeout 5 cat <&3
) >/dev/null
type '!'
sees 'messages: this one, with its time' '^  [0-9:]{8} .*505'
is 'messages: none went to the terminal' "$(wc -l <messages.err)" "$before"
key q q
tui_ended messages 0

done_testing
