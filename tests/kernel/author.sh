#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# An author's loop: a source is run as it is, alone and with other programs, and again at each save.
# The times from a save to a row are printed; their bounds are those of a busy machine.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
tui_needs
need clang

export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache

# A process that makes a system call of the programs' all the time.
python3 -c '
import os, time
while True:
    os.getppid()
    time.sleep(0.005)' &
CALLER=$!
started+=($CALLER)

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# within NAME MS: so long ago is $begin.
within() {
	local took=$(($(now_ms) - begin))

	note "$1: $took ms"
	at_least "$1 within a bound" $((10000 * SLOW - took)) 0
}

has_row() {
	grep -q "$2" "$T/$1.out"
}

# --- from an empty folder ---
"$BOMBUS" -q init --hook tracepoint/syscalls/sys_enter_getppid -o warm.bpf.c
run_bombus run warm.bpf.c --set target_pid=$CALLER -n 1 -o json
is 'a source runs as it is' "$RC" 0
begin=$(now_ms)
"$BOMBUS" -q init --hook tracepoint/syscalls/sys_enter_getppid -o calls.bpf.c
sed -i 's/\buid uid\b/uid user/; s/e->uid/e->user/' calls.bpf.c
run_bombus run calls.bpf.c --set target_pid=$CALLER -n 1 -o json
within 'init, an edit, the first row'
is 'the row has what was edited' "$(jq -r '.fields | keys_unsorted | join(" ")' <<<"$OUT")" \
	'time pid user comm'
is 'and it is of the process' "$(jq .fields.pid <<<"$OUT")" $CALLER
is 'no image was saved' "$("$BOMBUS" list -q)" ''
is 'and no object' "$(ls ./*.o 2>/dev/null)" ''

# --- init knows the hook's arguments ---
"$BOMBUS" -q init --hook tracepoint/sched/sched_process_exit -o exits.bpf.c
ok 'a tracepoint: it attaches' bombus_start exits run exits.bpf.c --comm bombus-exits -o json
python3 -c 'open("/proc/self/comm", "w").write("bombus-exits")'
ok 'a record comes' wait_for 10 test -s exits.out
ok 'a tracepoint: it ends' bombus_stop INT
is 'what its format lists is recorded' \
	"$(head -n 1 exits.out | jq -r '.fields | "\(.hook_comm) \(.hook_pid == .pid) \(.prio)"')" \
	'bombus-exits true 120'
"$BOMBUS" -q init --hook iter/task -o tasks.bpf.c
run_bombus run tasks.bpf.c --once -o json
is 'an iterator lists a process' \
	"$(jq -r "select(.fields.tid == $CALLER) | .fields.pid" <<<"$OUT")" $CALLER

# --- with others ---
sed 's/\buid uid\b/uid owner/; s/e->uid/e->owner/' warm.bpf.c >other.bpf.c
run_bombus run calls.bpf.c own=other.bpf.c "$OBJECTS/run_plain.bpf.o" -o json \
	--set "*:target_pid=$CALLER" --duration 500ms
is 'sources run beside objects' "$RC $(jq -r .program <<<"$OUT" | sort -u | xargs)" \
	'0 calls own run_plain'
is 'each with its own fields' "$(jq -r 'select(.program == "own") | .fields.owner' <<<"$OUT" |
	sort -u)" 0

# --- what is refused ---
sed 's/e->uid/e->nobody/' warm.bpf.c >bad.bpf.c
run_bombus run bad.bpf.c
is 'a source that does not compile is an error' "$RC" 1
like "with clang's words" "$ERR" "bad.bpf.c:[0-9]+:[0-9]+: error: no member named 'nobody'"
run_bombus run nowhere.bpf.c
like 'one that is not there as well' "$ERR" 'cannot open nowhere.bpf.c: No such file'
for other in '--once' '--dry-run' '--record r.rec' "--pin-maps /sys/fs/bpf/x"; do
	# shellcheck disable=SC2086 # two words
	run_bombus run warm.bpf.c --watch $other
	is "--watch and ${other%% *} exclude each other" "$RC" 2
done
run_bombus run "$OBJECTS/run_plain.bpf.o" --watch
is '--watch is for sources' "$RC $(grep -c 'no source to watch' <<<"$ERR")" '2 1'
mkdir -m 700 closed
cp warm.bpf.c closed/
chmod 711 "$T"
SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody run_bombus run closed/warm.bpf.c -n 1
like 'clang runs as the user who called sudo' "$ERR" 'Permission denied'
SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody run_bombus run warm.bpf.c -n 1 -o json \
	--set target_pid=$CALLER
like 'a folder that this user may read compiles, unless the folders above are closed' "$RC $ERR" '^1 .*Permission denied|^0 '

# --- at each save ---
mkdir watched
cp warm.bpf.c watched/calls.bpf.c
cat >watched/own.h <<-END
	#define OWNER uid
END
sed -i '/bombus.bpf.h/a #include "own.h"' watched/calls.bpf.c
sed -i 's/\buid uid\b/uid OWNER/; s/e->uid/e->OWNER/' watched/calls.bpf.c
ok 'it attaches' bombus_start watch run watched/calls.bpf.c --watch -o json \
	--set target_pid=$CALLER
ok 'rows come' wait_for 10 has_row watch '"uid":0'
begin=$(now_ms)
sed -i 's/OWNER;/OWNER BOMBUS_HELP("edited");/; s/\bpid_t pid\b/pid_t process/; s/e->pid/e->process/' \
	watched/calls.bpf.c
ok 'a save brings new rows' wait_for 10 has_row watch '"process":'
within 'a save, its first row'
begin=$(now_ms)
echo '#define OWNER user' >watched/own.h
ok 'so does the save of a header' wait_for 10 has_row watch '"user":0'
within "a header's save, its first row"
jq_is 'each version has its own fields' watch.out \
	'map(.fields | keys_unsorted | map(select(. != "comm" and . != "time")) | join(",")) |
	 reduce .[] as $k ([]; if last == $k then . else . + [$k] end)' \
	'["pid,uid","process,uid","process,user"]'
cp watched/calls.bpf.c good.c
sed -i 's/e->OWNER/e->NONE/' watched/calls.bpf.c
ok 'an error of clang is reported' wait_for 10 grep -q \
	'watched/calls.bpf.c does not compile; the version before it goes on' watch.err
like 'with its line' "$(cat watch.err)" "calls.bpf.c:[0-9]+:[0-9]+: error: no member named 'NONE'"
sed 's/if (!e)/if (0)/' good.c >watched/calls.bpf.c
ok 'and what the verifier refuses' wait_for 10 grep -qE 'verifier rejects it.*; the version before it goes on' \
	watch.err
rows=$(wc -l <watch.out)
ok 'the version before goes on' wait_for 10 has_lines watch.out $((rows + 5)) '"user":0'
cp good.c watched/calls.bpf.c
ok 'the next good one runs' wait_for 10 has_lines watch.err 3 'the new version runs'
bpf_held "$BOMBUS_PID" >held
ok 'it ends' bombus_stop INT
ok 'and leaves nothing behind' nothing_left held
is 'while it ran it had no capability' "$(grep -c 'privileges' watch.err)" 0

# --- the live table ---
cp good.c watched/calls.bpf.c
echo '#define OWNER uid' >watched/own.h
ok 'the live table: it attaches' tui_start live 100 20 watched/calls.bpf.c --watch \
	--set target_pid=$CALLER
sees 'it has rows' 'root +python3'
key /
type "process == $CALLER"
key Enter
sees 'and a filter' 'filter process =='
sed -i 's/e->OWNER/e->NONE/' watched/calls.bpf.c
sees "clang's words are shown in place" "error: no member named 'NONE'"
sees 'with what goes on' 'the version before it goes on'
echo '#define OWNER owner' >watched/own.h
cp good.c watched/calls.bpf.c
sees 'a good version has the table back' 'OWNER'
sees 'the filter is still there' 'filter process =='
key R
key Enter
sees 'no recording with the object of another version' "objects, which --watch changes"
key Escape
key q
tui_ended live 0
unlike 'errors of versions between are not printed again' "$(cat live.err)" 'does not compile'

done_testing
