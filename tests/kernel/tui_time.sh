#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: back in time, in all tables at once.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rounds_shown time 100 20 --interval 200ms
rounds 40
key 2
sees 'four of each key' ' 9 +j +36 '
sleep 0.5
rounds 30
sees 'three more' ' 9 +j +63 '
# Back by sweeps to the one before the second rounds.
for _ in $(seq 50); do
	key '['
	on_screen ' 9 +j +36 ' && break
	sleep 0.05
done
sees '[: what was there before' ' 9 +j +36 '
sees '[: everything is paused' 'PAUSED'
sees '[: how long ago, and when there was how much' ' ago  .*┃'
key 1
sees 'the stream is at the same moment' '^▸ .* 39 +9 '
key 2
rounds 10
sleep 0.5
sees 'what comes meanwhile changes nothing' ' 9 +j +36 '
key '}'
sees '}: ten seconds ahead is now, and still' ' 9 +j +72 '
key '{'
sees '{: ten seconds back is the beginning' ' ago  .*  ┃'
key Space
sees 'Space: on with the present' 'LIVE'
sees 'with all that came meanwhile' ' 9 +j +72 '
# 72 are moment A. The chosen column is a label, so the column of the order is compared first.
key D
sees 'D without a moment' 'no moment is marked'
key a
sees 'a: the moment is marked' 'this is moment A'
key D
sees 'D: the rates against those of the marked moment' ' rate against [0-2][0-9]:[0-5]'
key h
key h
key h
key D
sees 'D on the values' ' value against '
rounds 30
sees 'the value at that moment, the difference, the factor' ' 9 +j +99 .* 72 +\+27 +1\.38x'
key /
type 'difference > 26 && factor < 1.4'
key Enter
sees 'they can be filtered' '1/10 rows|row 1/1'
key D
misses 'D again: no comparison' 'FACTOR'
key q
tui_ended time 0

done_testing
