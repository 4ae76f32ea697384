#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bombus alone on a terminal: the images of a store, this kernel's verdict on each, and running one.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
need clang

export BOMBUS_INCLUDE=$TOP/include
run_bombus build "$TESTS/bpf/tui_idle.bpf.c" good:1 --store "$T/store" --description 'it does nothing'
is 'a program that runs here' "$RC" 0
run_bombus build "$TESTS/bpf/run_nohook.bpf.c" bad:1 --store "$T/store" --description 'no kernel has its hook'
is 'and one that does not' "$RC" 0

# --- off a terminal: the usage, as ever ---
run_bombus --store "$T/store"
is 'without a terminal: status 2' "$RC" 2
like 'without a terminal: the usage' "$OUT" '^Usage:'
run_bombus --store "$T/store" --help
is 'with --help: status 0' "$RC" 0

# --- on a terminal ---
TUI_COMMAND="--store '$T/store'"
ok 'it starts' tui_start choose 100 20
sees 'a row for each image, with its purpose' 'good:1 .* it does nothing'
sees 'the verdict of this kernel: yes' 'good:1 +yes '
sees 'and no' 'bad:1 +no '
sees 'the reason' 'bad:1.* would not run here|no_hook.* would not run here'
type 'doEs nothing'
sees 'typing searches names and descriptions' '1 of 2 programs'
misses 'the others are hidden' 'bad:1'
sees 'the chosen one' '▸ good:1'
key Escape
sees 'Esc: all of them' '2 of 2 programs'
type good
sees 'it is found again' '1 of 2 programs'
key Enter
sees 'Enter: the live table of that program' 'bombus +good:1 .*LIVE'
key q
tui_ended choose 0

ok 'again' tui_start left 60 10
sees 'left: in a small terminal too' 'good:1 +yes '
type q
sees 'left: q is a letter' 'search: q'
key Escape Escape
tui_ended left 0

# --- nothing to choose from ---
TUI_COMMAND="--store '$T/empty'"
ok 'empty: it starts' tui_start empty 80 70
sees 'empty: the usage' 'Usage:'
wait_for 10 test -s "$T/empty.rc"
is 'empty: status' "$(cat "$T/empty.rc")" 2

done_testing
