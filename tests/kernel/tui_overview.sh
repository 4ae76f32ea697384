#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: all maps side by side, and a row that filters the others.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rounds_shown overview 160 40 --interval 200ms
rounds 50
key 2
sees 'the rows are there' ' 9  j +45 '
type o
sees 'o: the records' '^─ 1 calls|─ [0-9] seen'
sees 'the rows beside them' ' 9  j +45 '
sees 'and the histograms' '─ [0-9] waits'
sees 'all programs too' '─ [0-9] programs 1/1'
type s
key g
sees 'a row of a counter is chosen' '▸ +9  j|▸ +0  a'
key G
sees 'it filters the others by what they share' 'show the rows of the same id'
key g
sees 'the first row' 'show the rows of the same id'
id=$(screen | sed -n 's/.*▸ *\([0-9]\) *[a-j] .*/\1/p' | head -1)
others() {
	screen | grep -oE '^ *[0-9]+:[0-9:.]+ +[0-9]+ +[0-9]+ ' | awk '{ print $3 }' | sort -u | tr '\n' ' '
}
only_id() {
	[ "$(others)" = "$id " ]
}
ok 'the records are those of that row alone' wait_for 10 only_id
key Escape
not_only_id() {
	[ "$(others)" != "$id " ]
}
ok 'Esc: all records again' wait_for 10 not_only_id
key Enter
sees 'Enter: the chosen table alone' '\[[0-9] [a-z]+ .*programs'
misses 'the panes are gone' '^─ 1 '
key q
tui_ended overview 0

done_testing
