#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The live table: who is this. A process with a known command line calls, listens and ends.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
OBJECT=$OBJECTS/tui_who.bpf.o
tui_needs

# caller WORDS...: a process named bombus-who that listens, calls once and waits for its end. Its id
# is CALLER, its port PORT.
caller() {
	rm -f "$T/port" "$T/go" "$T/called"
	cat >"$T/caller.py" <<-END
	import os, socket, sys, time
	open("/proc/self/comm", "w").write("bombus-who")
	server = socket.create_server(("127.77.0.1", 0))
	client = socket.create_connection(server.getsockname())
	open(sys.argv[1] + "/port", "w").write(str(server.getsockname()[1]) + "\n")
	while not os.path.exists(sys.argv[1] + "/go"):
	    time.sleep(0.01)
	os.getppid()
	open(sys.argv[1] + "/called", "w").write("\n")
	time.sleep(1000)
	END
	python3 "$T/caller.py" "$T" "$@" &
	CALLER=$!
	started+=("$CALLER")
	wait_for 10 test -s "$T/port"
	PORT=$(cat "$T/port")
}

called() {
	touch "$T/go"
	wait_for 10 test -s "$T/called"
}

touch "$T/open.file"
exec 9<"$T/open.file"
caller --known-word
ok 'it attaches' tui_start who 140 40 "'$OBJECT'" --set inode="$(stat -c %i "$T/open.file")"
sees 'the screen comes up' 'LIVE'
ok 'a process calls' called
key 1
sees 'its record is there' "$CALLER"
type p
sees 'p: its number' "^.*│.* pid +$CALLER"
sees 'its program' "  exe +$(dirname "$(readlink "/proc/$CALLER/exe")")"
sees 'the end of its command line' "--known-word"
sees 'its parents' "  parents +bash $$"
sees 'its user' '  user +root'
sees 'its start' '  started +20[0-9-]+T'
sees 'a socket that listens' "  tcp +127.77.0.1:$PORT listens"
sees 'and its peer' "-> 127.77.0.1:$PORT"
sees 'the address: its sockets, with their process' "listens +bombus-who"
sees 'the interface' '  name +lo$'
sees 'the open file' "  file +.*open.file"

# --- kept after its end, in a map too ---
kill "$CALLER"
wait "$CALLER" 2>/dev/null
key 2
sees 'the row of the map' '│.*pid|│ *who'
sees 'its program is still known' "  exe +/.*python"
sees 'and its user' '  user +root'

# --- filters know it ---
type '/exe ~ "python"'
key Enter
sees 'exe: the row matches' "^.*$CALLER"
key Escape
type '/exe ~ "no-such"'
key Enter
sees 'exe: another program does not' 'nothing matches'
key Escape
type '/cmdline ~ "known-word" && user == "root"'
key Enter
sees 'cmdline and user: the row matches' "^.*$CALLER"
type p
misses 'p: the pane is gone' '  exe '
key Enter
sees 'the details have it too' 'exe +/.*python'
key q q
tui_ended who 0

# --- below, where it is narrow ---
caller --second
ok 'narrow: it attaches' tui_start narrow 80 24 "'$OBJECT'"
sees 'narrow: the screen comes up' 'LIVE'
called
type 1p
sees 'narrow: a line with the name of the pane' '^── ?who ─'
sees 'narrow: the program' "^ +exe +/.*python"
key q
tui_ended narrow 0

# --- in every output, on request ---
ok 'json: it attaches' bombus_start json run "$OBJECT" --enrich process -o json --where 'exe ~ "python"'
# A filter waits 20 ms for a name, which a busy machine may not keep.
shown() {
	caller --third
	called
	wait_for 3 grep -q '"map":"calls".*--third' json.out
}
ok 'json: its record' wait_for 20 shown
ok 'json: it ends' bombus_stop INT
jq_is 'json: the fields of the process' json.out \
	'map(select(.map == "calls").fields) | map([(.exe | test("python")), (.cmdline | test("--third$")), .user]) | unique' \
	'[[true,true,"root"]]'
run_bombus run "$OBJECT" --enrich nothing
like 'an unknown word' "$ERR" 'neither container, pod nor process'

done_testing
