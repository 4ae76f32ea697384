#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: traces over two maps of spans, the list and the tree of one.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
OBJECT=$OBJECTS/tui_traces.bpf.o
tui_needs
rounds_ready

rounds_shown traces 120 24 --interval 200ms
rounds 10
key 3
sees 'the traces have a tab' '\[3 traces'
sees 'a row for each trace' 'trace 1/10 '
sees 'the slowest trace' 'checkout +shop +10.0ms +3 +0 +0'
sees 'one that failed' '! *[0-9:.]+ +checkout +shop +9.00ms +3 +1 +0'
sees 'one without its root' 'query +database +4.00ms +2 +0 +1'

# --- the slowest and the failed first ---
key l l l s
sees 'sorted by duration' '▼ DURATION'
key g
sees 'the slowest is the first' '▸ .*checkout +shop +10.0ms'
key l l s
sees 'sorted by failures' '▼ FAILED'
type '/failed > 0 && duration > 5ms'
key Enter
sees 'filtered' 'trace [12]/2 '

# --- the tree of one ---
key g Enter
sees 'Enter: the root' '▸.*checkout +[69].00ms +[34].[05]0ms .*shop +shop'
sees 'below it a span of another map, which failed' '!   query +[34].[05]0ms +[12].[0-9]+ms .*database +database +error'
sees 'and one of the first map below that' '      read +[12].[0-9]+ms +[12].[0-9]+ms .*shop +shop'
sees 'with an axis' ' 0 .*ms +[69].00ms '
key j c
sees 'c: folded' 'query \+1'
misses 'what is below it is not shown' ' read '
key c
sees 'c: unfolded' ' read '
key j Enter
sees 'Enter: the fields of the record' 'round +[69]$'
key Escape Escape
sees 'Esc: the list again' 'trace 1/2 '
key Escape
sees 'Esc: without a filter' 'trace [0-9]+/10 '

# --- a parent that was not seen ---
type '/missing > 0'
key Enter
sees 'two are without their roots' 'trace [12]/2 '
key g Enter
sees 'it is missing' '▸ \(missing\) +\? +\?'
sees 'its child hangs under it' '^    query'
key q
tui_ended traces 0

done_testing
