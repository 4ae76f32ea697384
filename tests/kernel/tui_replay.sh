#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table of a recording: its position and end, its speed, and a pause; ahead to where it has
# not been, and back. Needs no kernel and no root.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
need jq tmux
TUI_COMMAND=replay
RECORDING=$TESTS/golden/tcpconnect.rec

# shown: how many rows the status line has.
shown() {
	screen | grep -oE '[0-9]+(/[0-9]+)? rows?|row [0-9]+/[0-9]+' | grep -oE '[0-9]+' | tail -n 1
}

ok 'a recording of 13 seconds' tui_start replay 100 20 "'$RECORDING'"
sees 'it plays' '● REPLAY'
sees 'its position' ' 00:00:0[1-9] +[0-9]+%'
key Space
sees 'Space: it waits' 'PAUSED'
sleep 0.3
before=$(screen | sed -n '1p;3,$p')
sleep 1.5
is 'nothing comes meanwhile' "$(screen | sed -n '1p;3,$p')" "$before"
key '}'
sees '}: ten seconds on at once' ' 00:00:1[1-3] '
sees 'it still waits, and shows that moment' 'PAUSED'
sees 'there' ' now '
key '['
sees '[: back in what was played' '[0-9.]+m?s ago'
key Space
sees 'Space: it goes on' '● REPLAY|■ END'
sees 'the end is marked' '■ END'
misses 'and no percentage' '%  *$'
is 'all records are there' "$(shown)" 195
key ')'
key '}'
sees 'nothing follows the end' 'the recording ends here'
key '@'
type '1s'
key Enter
sees '@1s: a second after the beginning' '1[12]\.?[0-9]*s ago'
key '@'
type 'noon'
key Enter
sees 'a word that is not a time' 'enter 14:02:31, -90s or 1m30s'
key Escape
key q
tui_ended replay 0

# Twice as fast, and as fast as it goes.
ok 'once more' tui_start speed 100 20 "'$RECORDING'"
sees 'it plays again' '● REPLAY'
key ')'
sees '): twice as fast' 'REPLAY [0-9a-z]+ 2×'
key '('
key '('
sees '(: half as fast' 'REPLAY [0-9a-z]+ 1/2×'
for _ in 1 2 3 4 5 6 7; do
	key ')'
done
sees '): 64 times as fast' 'REPLAY [0-9a-z]+ 64×|END'
sees 'it ends at once' '■ END'
key '@'
type '-2s'
key Enter
sees '@-2s: two seconds ago' ' 2\.[0-9]+s ago'
key q
tui_ended speed 0

ok 'at any speed' tui_start max 100 20 --speed max "'$RECORDING'"
sees 'it ends at once too' '■ END'
is 'all is there' "$(shown)" 195
key q
tui_ended max 0

done_testing
