#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: sorting, moving, hiding and sizing columns.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rounds_shown columns 100 20 --interval 200ms
rounds 50
key 2
sees 'the rows are there' ' 9  j +45 '
key l l s
sees 's: by the chosen column' '▼ VALUE'
sees 'the largest first' '^▸ +9  j +45 '
key s
sees 's again: the other way' '▲ VALUE'
sees 'the smallest first' '^▸ +0  a +0 '
key '<'
sees '<: by the column to the left' '[▲▼] NAME'
key '>'
sees '>: by the column to the right' '[▲▼] VALUE'
key Left H
sees 'H: the column moves to the left' '^ +NAME +ID'
key L
sees 'L: and to the right' '^ +ID +NAME'
key -
misses '-: hides the column' 'NAME'
key '='
sees '=: shows all' 'NAME'
key 1
sees 'the text is as wide as it is' '\x07'
key l l l l _
misses '_: another width' '\x07'
key _
sees '_: and another' '\x07'
key q
tui_ended columns 0

done_testing
