#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: rows written to files and to the clipboard.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready

rounds_shown write 100 20 --interval 200ms
rounds 70
key 2
sees 'the rows are there' ' 9  j +63 '
for form in csv json txt; do
	type w
	key C-u
	type "$T/rows.$form"
	key Enter
	sees "w: $form" "10 rows written to .*rows\\.$form"
done
is 'csv: all rows' "$(wc -l <rows.csv)" 11
is 'csv: the columns of the screen' "$(head -n 1 rows.csv)" 'id,name,value,rate'
is 'json: the rows' "$(jq -c 'select(.id == 9) | .value' rows.json)" 63
like 'txt: as on the screen' "$(cat rows.txt)" '9 +j +63'
mkdir theirs
chmod 700 theirs
chown 65534:65534 theirs
type w
key C-u
type "$T/theirs/rows.csv"
key Enter
sees 'w: as root, into anybody'"'"'s folder' '10 rows written to .*theirs'
is 'the live table itself has no capability' \
	"$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$BOMBUS_PID/task/"*/status | sort -u)" '0000000000000000'
is 'and is not root' "$(sed -n 's/^Uid:[[:space:]]*//p' "/proc/$BOMBUS_PID/status" | tr '\t' ' ')" \
	'65534 65534 65534 65534'
is 'what it writes is its owner'"'"'s' "$(stat -c '%u %a' rows.csv theirs/rows.csv | tr '\n' ' ')" '0 600 0 600 '
type w
key C-u
type "$T/rows.csv"
key Enter
sees 'not over a file that is there' 'rows\.csv'
misses 'it was not written' 'rows written'
key Escape

# --- the clipboard ---
type '/'
type 'id == 9'
key Enter
sees 'one row' '1/10 rows'
key y
sees 'y: copied' 'clipboard'
is 'and the terminal has it' "$(terminal show-buffer | jq -c '[.map, .key.id]')" '["calls",9]'
key Escape

key q
tui_ended write 0

done_testing
