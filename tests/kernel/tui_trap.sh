#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: traps, what they wait for and what they do.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rang() {
	[ -e "$T/rang" ]
}

# trap_set TEXT: in the place of what the prompt has.
trap_set() {
	key T
	key C-u
	type "$1"
	key Enter
}

cd "$T" || exit 1
rounds_shown trap 120 20 --interval 200ms
terminal set-hook -g alert-bell "run-shell \"touch '$T/rang'\""
rounds 40
key 2
sees 'four of each key' ' 9 +j +36 '
trap_set 'value > nine'
sees 'an expression that is wrong' "v 'nine'|v .*nine"
key Escape
trap_set 'red'
sees 'a text is not a trap' 'an expression: p99'
key Escape
trap_set 'value > 40 for 2 then dance'
sees 'nor is an unknown action' 'then bell, freeze or record'
key Escape
trap_set 'value > 40 for 2'
sees 'it is set' 'trap value > 40'
rounds 20
sees 'it springs' 'trap: calls: value > 40 for 2'
ok 'the bell rings' wait_for 10 rang
sees 'rows for which it holds stand out' '^! +9 +j +54 '
misses 'the others do not' '^! +0 +a '
rm "$T/rang"
rounds 10
sees 'the expression still holds' ' 9 +j +63 '
key 1
trap_set 'round == 75 then freeze, record'
rounds 10
sees 'of records: it springs' 'trap: seen: round == 75 then freeze, record'
sees 'everything is frozen' 'PAUSED'
rounds 5
ok 'five seconds later there is a recording' wait_for 15 on_screen "recorded in tui-[0-9]+\.rec"
key T
sees 'T shows the trap' 'trap: round == 75 then freeze, record'
key C-u
key Enter
misses 'the trap is gone' 'trap round'
key q
tui_ended trap 0
is 'the bell rang once' "$(rang && echo again)" ''
is 'the recording has what was before and after' \
	"$("$BOMBUS" replay "$T"/tui-*.rec -o json 2>/dev/null | jq -rs 'map(select(.map == "seen") | .fields.round) | (first < 75), last' | xargs)" \
	'true 84'

done_testing
