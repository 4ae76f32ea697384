#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: a recording beside it, and one of what is in memory.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

# answers TEXT: the prompt's text is replaced by this one.
answers() {
	key C-u
	type "$1"
	key Enter
}

# replayed FILE FILTER: of what a replay prints as JSON, in one line.
replayed() {
	"$BOMBUS" replay "$1" -o json 2>>"$T/replay.err" | jq -rs "$2" | tr '\n' ' ' | sed 's/ $//'
}

rounds_shown record 100 20 --interval 200ms
rounds 40
key 2
sees 'four of each key' ' 9 +j +36 '
key R
sees 'R asks for a file' 'record to: tui-[0-9]{6}\.rec'
answers "$T/none/x.rec"
sees 'a folder that is not there' 'No such file'
answers "$T/now.rec"
sees 'it says so' 'recording; R ends it'
sees 'in the title too' 'LIVE 200ms ● REC'
rounds 30
sees 'three more' ' 9 +j +63 '
key R
sees 'R ends it, and says how much there is' 'recorded in .*now.rec'
misses 'the title no longer has it' ' REC '
key R
answers "$T/now.rec"
sees 'no file is replaced' 'exists'
key Escape
rounds 10
sees 'one more' ' 9 +j +72 '
key S
sees 'S asks for a file' 'save what is in memory to: tui-'
answers "$T/kept.rec"
sees 'it is saved' 'recorded in .*kept.rec'
key q
tui_ended record 0
is 'only their owner may read the files' "$(stat -c %a "$T/now.rec" "$T/kept.rec" | xargs)" '600 600'
is 'R: the records that came' \
	"$(replayed "$T/now.rec" 'map(select(.map == "seen") | .fields.round) | length, first, last')" '30 40 69'
is 'R: the rows as they were, and as they became' \
	"$(replayed "$T/now.rec" 'map(select(.map == "calls" and .key.id == 9) | .value) | first, last')" '36 63'
is 'R: all rows are there from the beginning' \
	"$(replayed "$T/now.rec" 'map(select(.map == "calls") | .key.id) | unique | length')" 10
is 'S: all records' \
	"$(replayed "$T/kept.rec" 'map(select(.map == "seen") | .fields.round) | length, first, last')" '80 0 79'
is 'S: the rows, sweep by sweep' \
	"$(replayed "$T/kept.rec" 'map(select(.map == "calls" and .key.id == 9) | .value) | map(select(. > 35)) | unique | @csv')" \
	'36,63,72'
is 'S: the histograms' \
	"$(replayed "$T/kept.rec" 'map(select(.map == "waits")) | group_by(.key) | map(last.count) | add')" 80
is 'nothing was wrong with them' "$(grep -c 'cut\|damaged\|wrong' "$T/replay.err")" 0

done_testing
