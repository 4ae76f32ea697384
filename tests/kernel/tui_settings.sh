#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: settings that are kept, keys of the user's own, all actions by name, texts that come
# back, fields that complete themselves, and the view as a command line.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
rounds_ready
CONF=$XDG_CONFIG_HOME/bombus/tui.conf

rounds_shown first 120 20 --interval 200ms
rounds 50
key 2
sees 'the rows are there' ' 9  j +45 '
key l H
sees 'H: a column moves' '^ +NAME +ID'
key :
sees ':: all actions' '^▸ +up +k ↑'
type 'looks'
sees 'the action with this word in its help' '^▸ +theme '
misses 'the others are hidden' ' up  '
key Enter
sees 'Enter does it' 'the looks: light'
key :
type 'hide'
key Enter
sees 'the cursor stands in the column that moved' '^ +ID'
misses 'and it is hidden' '^ +NAME'
key 1
type '/'
type 'ro'
key Tab
sees 'Tab: the field' '^ / round'
type ' > 45 && te'
key Tab
type ' ~ "red"'
key Enter
sees 'as it was typed' 'filter round > 45 && text ~ "red"'
key Escape
type '/'
type 'xx'
key Up
sees 'Up: the last one' '^ / round > 45 && text ~ "red"'
key Down
sees 'Down: what was being typed' '^ / xx$'
key C-u
key Tab
sees 'Tab: all fields' 'round  id  text'
key Escape
key Y
sees 'Y: the command' 'copied .*run .*tui.bpf.o'
key 2
type '/'
type 'value > 44 && id > 3'
key Enter
key s
key Y
order() {
	terminal show-buffer | grep -q -- "-o table --show calls --having 'value > 44 && id > 3' --sort id"
}
ok 'Y: map, filter, order' wait_for 10 order
command=$(terminal show-buffer)
key Escape
type '&'
type 'id > 6'
key Enter
sees '&: how many rows are marked' '3 rows marked'
key q
tui_ended first 0
like 'the columns are kept' "$(cat "$CONF")" '^columns\.tui:calls = -name id value '
like 'the looks are kept' "$(cat "$CONF")" '^theme = light$'
is 'only its owner may read the file' "$(stat -c %a "$CONF")" 600
sh -c "exec $command --interval 100ms" >command.out 2>command.err &
started+=($!)
wait_for 20 grep -q attached command.err
rounds 50
printed() {
	grep -q '^ *9 .* 45 ' command.out
}
ok 'the command prints what was shown' wait_for 10 printed
is 'and nothing else' "$(grep -cvE '^$|^ *ID +NAME +VALUE|^ *[0-9]+ +[a-z] +45' command.out)" 0
kill -INT $!
wait $!

# Once more, with keys of its own, an action that is none, and a comment that stays.
printf '# mine\nkey.x = pause\nkey.^X = dance\nkey.q = none\n' >>"$CONF"
rounds_shown again 120 20 --interval 200ms
ok 'an unknown action is a warning' grep -q 'tui.conf: line [0-9]*: no action is called so' "$T/again.err"
key 2
sees 'the column is still hidden' '^ +ID +VALUE'
key x
sees 'x: pauses' 'PAUSED'
key :
type 'pause'
sees 'the palette has it' '^▸ +pause +␣ Z x'
key Escape
key q
sees 'q: does nothing' 'PAUSED'
key =
sees '=: all columns' 'NAME'
key C-c
tui_ended again 0
is 'columns as at first are not kept' "$(grep -c '^columns' "$CONF")" 0
ok 'the comment stays' grep -q '^# mine$' "$CONF"

cp "$CONF" before
rounds_shown without 120 20 --interval 200ms --no-settings
key 2
sees 'without: the columns as at first' '^ +ID +NAME'
key -
key x
misses 'without: x is no key' 'PAUSED'
key q
tui_ended without 0
ok 'without: nothing is kept' cmp before "$CONF"

# Under sudo the file is that of the user who called, and in the user's folder.
if id nobody >/dev/null 2>&1; then
	chmod 755 "$T"
	install -d -o nobody "$T/home"
	TUI_ENV="SUDO_UID=$(id -u nobody) SUDO_GID=$(id -g nobody) SUDO_USER=nobody XDG_CONFIG_HOME=$T/home/.config"
	rounds_shown sudo 120 20 --interval 200ms
	rounds 10
	key 2
	sees 'sudo: the rows are there' ' 9  j '
	key -
	misses 'sudo: a column is hidden' ' ID '
	key q
	tui_ended sudo 0
	is 'sudo: the file belongs to the user who called it' "$(stat -c '%U %a' "$T/home/.config/bombus/tui.conf")" 'nobody 600'
else
	skip sudo 'there is no user nobody'
fi

done_testing
