#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: filters and marks.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rounds_shown filter 100 20 --interval 200ms
rounds 50
key 2
sees 'the rows are there' ' 9  j +45 '
type /
sees '/: asks' '^ /'
type 'id > 7 && name != "x"'
misses 'it filters while it is typed' ' 7  h '
sees 'rows that match are there' ' 9  j '
key Enter
sees 'the status line shows the filter' '2/10 rows +filter id > 7'
type '/'
type ' && idd > 3'
sees 'a wrong expression: a caret, and why' "v no field 'idd'"
sees 'the last good one holds' ' 9  j '
key Escape
sees 'Esc: none' ' 0  a '
misses 'no filter' 'filter id'
type '&'
type 'name == "e"'
key Enter
sees '&: marked, not hidden' '^[▸ ]?\* +4  e'
sees 'the others are there' ' 9  j '
key g n
sees 'n: to the marked one' '^▸\* +4  e'
key G N
sees 'N: back to it' '^▸\* +4  e'
key Escape
misses 'Esc: no marks' '^.\*'
key q
tui_ended filter 0

done_testing
