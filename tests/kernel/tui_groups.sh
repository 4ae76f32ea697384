#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: groups of rows and records, into one of them and out again.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rounds_shown groups 100 20 --interval 200ms
rounds 45
key 1
sees 'records arrive' '44 +4 +red'
key g
key l
key l
key '#'
sees '#: ten groups of records' '10 groups of 45'
sees 'how many each has, and its share' '^▸ 0 +5 +100 .* 11$'
key j
sees 'the second one' '^▸ 1 +5 +105 .* 11$'
key Enter
sees 'Enter: its records alone' ' 41 +1 +red'
sees 'by a filter' 'filter id == "1"'
key BSpace
sees 'Backspace: the groups again' '10 groups of 45'
key Escape
sees 'Escape: the records' 'row [0-9]+/45'

# --- by two columns: who talks to whom ---
key '#'
sees '#: groups again' '10 groups of 45'
key l
key '#'
sees '# in another column: the rows, to choose one more' 'groups by id'
key l
key '#'
sees '#: by both' '10 groups of 45'
key v
sees 'v: from each of the first to its partners' 'ID ──▶ TEXT'
sees 'with a number and a bar' '^▸ 0 +──▶ red .* 5 +█'
key Escape
key 2
sees 'rows' ' 9 +j +36 '
key '#'
sees '#: their sums' '10 groups of 10'
key Escape
misses 'Escape: no groups' 'groups of'
key q
tui_ended groups 0

done_testing
