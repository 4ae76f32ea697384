#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Names of the frames of stacks, of processes that this test starts: tests/support/stacker.c, as it is,
# stripped, deleted, in namespaces of its own, with code made at run time, and after its end.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq curl objcopy strip python3

STACKER=$BUILD/tests/support/stacker
CHAIN='stacker_outer\+0x[0-9a-f]+;stacker_middle\+0x[0-9a-f]+;stacker_leaf\+0x[0-9a-f]+$'

# stacker_start COMMAND...: prints its pid once it waits. The outer number is that of this namespace.
stacker_start() {
	rm -f "$T/.go" "$T/stacker.out" && mkfifo "$T/.go"
	"$@" <"$T/.go" >"$T/stacker.out" 2>"$T/stacker.err" &
	STACKER_PID=$!
	started+=("$STACKER_PID")
	exec {go_fd}>"$T/.go"
	wait_for 10 grep -qs '^pid ' "$T/stacker.out"
}

stacker_go() {
	echo >&"$go_fd"
	wait_for 10 grep -qs '^done' "$T/stacker.out"
}

stacker_end() {
	echo >&"$go_fd"
	exec {go_fd}>&-
	wait_for 10 gone "$STACKER_PID"
}

# stacked NAME PID ARGUMENTS...: three rounds of the process that was started.
stacked() {
	local name=$1 pid=$2
	shift 2
	ok "$name: it attaches" bombus_start "$name" run "$OBJECTS/stacks.bpf.o" -o json --interval 100ms \
		--map counts=counter --set target_pid="$pid" "$@"
	ok "$name: three calls" stacker_go
	wait_for 10 has_lines "$name.out" 1 '"kind":"counter".*"value":3'
}

user_of() {
	jq -rs 'map(select(.map == "events") | .fields.user) | unique | .[]' "$1.out"
}

# --- as it is ---
stacker_start "$STACKER" 3
stacked plain "$STACKER_PID" --record plain.rec --metrics=127.0.0.1:0 \
	--folded plain.folded --pprof plain.pb.gz --flamegraph plain.svg
helper=$(grep -lx bombus-stacks /proc/[0-9]*/comm 2>/dev/null | while read -r file; do
	[ "$(awk '$1 == "PPid:" { print $2 }' "${file%comm}status" 2>/dev/null)" = "$BOMBUS_PID" ] && echo "${file%comm}"
done)
is 'plain: the helper may read files and other processes, no more' \
	"$(awk '/^(CapPrm|CapBnd|NoNewPrivs|Seccomp):/ { printf "%s %s ", $1, $2 }' "${helper}status")" \
	'CapPrm: 0000010000080004 CapBnd: 0000010000080004 NoNewPrivs: 1 Seccomp: 2 '
like 'plain: functions of a process that lives' "$(user_of plain)" "main\+0x[0-9a-f]+;$CHAIN"
jq_is 'plain: each of three events' plain.out 'map(select(.map == "events")) | length' 3
jq_is 'plain: the kernel side has offsets' plain.out \
	'map(select(.map == "events") | .fields.kernel | test("do_syscall_64\\+0x[0-9a-f]+;|el0_svc\\+0x")) | unique' '[true]'
like 'plain: a counter by stack has them too' \
	"$(jq -rs 'map(select(.map == "counts") | .key.user) | unique | .[]' plain.out)" "$CHAIN"
stacker_end
port=$(sed -n 's/.*metrics are on port //p' plain.err)
sleep 1.2 # longer than an answer is kept
like 'plain: its names stay after its end' "$(curl -s "127.0.0.1:$port/metrics")" \
	'^ebpf_counts.*user="[^"]*stacker_outer\+0x[0-9a-f]+;stacker_middle\+0x.* 3$'
ok 'plain: it ends' bombus_stop INT
"$BOMBUS" replay plain.rec -o json --speed max >plain.again
is 'plain: a recording has the names' "$(jq -c 'select(.map == "events")' plain.again)" \
	"$(jq -c 'select(.map == "events")' plain.out)"

# --- in files ---
like 'files: a line for the stack of three calls' "$(cat plain.folded)" \
	'^stacker;.*main;stacker_outer;stacker_middle;stacker_leaf;[a-zA-Z0-9_;.]*(do_syscall_64|el0_svc)[a-zA-Z0-9_;.]* 3$'
is 'files: no other line' "$(wc -l <plain.folded)" 1
is 'files: their owner alone reads them' "$(stat -c %a plain.folded plain.pb.gz plain.svg | sort -u)" 600
is 'files: a profile of as many frames' "$(gzip -dc plain.pb.gz | python3 "$TESTS/support/pprof.py")" \
	"counts/count $(sed -E 's/^stacker;(.*) 3$/\1/' plain.folded) 3 process=stacker"
is 'files: the picture is well-formed, with a frame each' \
	"$(python3 -c 'import sys, xml.etree.ElementTree as tree
print(sum(1 for g in tree.parse(sys.argv[1]).iter() if "data-d" in g.attrib))' plain.svg)" \
	$(($(tr ';' '\n' <plain.folded | wc -l) + 1))
ok 'files: of a recording' "$BOMBUS" replay plain.rec -o none --folded again.folded --flamegraph again.svg
is 'files: of a recording they are the same' "$(cat again.folded)" "$(cat plain.folded)"
is 'files: the picture too' "$(cmp again.svg plain.svg 2>&1)" ''
run_bombus replay plain.rec -o none --folded again.folded
is 'files: an existing one stays' "$RC $ERR" "1 bombus: --folded: again.folded exists
hint: --force replaces it"
ok 'files: --force replaces it' "$BOMBUS" replay plain.rec -o none --folded again.folded --force
ok 'files: a program without stacks' "$BOMBUS" replay "$TESTS/golden/tcpconnect.rec" -o none --folded no.folded
is 'files: has none' "$(wc -c <no.folded)" 0

# --- a key without its process ---
stacker_start "$STACKER" 3
stacked alone "$STACKER_PID" --drop-label counts=pid
like 'alone: addresses' "$(jq -rs 'map(select(.map == "counts") | .key.user) | unique | .[]' alone.out)" \
	'^0x[0-9a-f]+(;0x[0-9a-f]+)*$'
stacker_end
ok 'alone: it ends' bombus_stop INT

# --- inlined functions ---
stacker_start "$STACKER" 3
stacked inlined "$STACKER_PID" --inlines
like 'inlined: a frame of its own' "$(user_of inlined)" \
	'stacker_middle\+0x[0-9a-f]+;stacker_inlined \(inlined\);stacker_leaf'
stacker_end
ok 'inlined: it ends' bombus_stop INT

# --- a program that begins after the run, and ends before its first sweep ---
# shellcheck disable=SC2016 # expanded by the inner shell
stacker_start bash -c 'echo "pid $$" && read -r _ && exec "$1" 3' - "$STACKER"
ok 'short: it attaches' bombus_start short run "$OBJECTS/stacks.bpf.o" -o none --interval 1m \
	--map counts=counter --map events=internal --set target_pid="$STACKER_PID" --folded short.folded
echo >&"$go_fd"
wait_for 10 has_lines stacker.out 2 '^pid '
ok 'short: three calls' stacker_go
stacker_end
ok 'short: it ends' bombus_stop INT
like 'short: its functions are known all the same' "$(cat short.folded)" \
	'^stacker;.*main;stacker_outer;stacker_middle;stacker_leaf;.* 3$'
stacker_start "$STACKER" 3
ok 'before: it attaches' bombus_start before run "$OBJECTS/stacks.bpf.o" -o none --interval 1m \
	--map counts=counter --map events=internal --set target_pid="$STACKER_PID" --folded before.folded
ok 'before: three calls' stacker_go
stacker_end
ok 'before: it ends' bombus_stop INT
like 'before: so are those of one that was there' "$(cat before.folded)" \
	'^stacker;.*main;stacker_outer;stacker_middle;stacker_leaf;.* 3$'

# --- stripped, with a debug file beside it that the debug link names; then without ---
mkdir -p bin/.debug
objcopy --only-keep-debug "$STACKER" bin/.debug/stacker.debug
cp "$STACKER" bin/stacker
strip -s bin/stacker
(cd bin && objcopy --add-gnu-debuglink=.debug/stacker.debug stacker)
stacker_start bin/stacker 3
stacked linked "$STACKER_PID"
like 'linked: functions of the debug file' "$(user_of linked)" "$CHAIN"
stacker_end
ok 'linked: it ends' bombus_stop INT
objcopy --add-section .changed="$STACKER" bin/.debug/stacker.debug
objcopy --remove-section .note.gnu.build-id bin/.debug/stacker.debug
stacker_start bin/stacker 3
stacked wrong "$STACKER_PID"
like 'wrong: a debug file of another build is not used' "$(user_of wrong)" \
	';\[stacker\]\+0x[0-9a-f]+;\[stacker\]\+0x[0-9a-f]+$'
stacker_end
ok 'wrong: it ends' bombus_stop INT

# --- a program that is deleted, whose code is made at run time, in namespaces of its own ---
cp "$STACKER" bin/gone
# shellcheck disable=SC2016 # expanded by the inner shell
stacker_start unshare -m -p --fork --kill-child bash -c '
	mount -t tmpfs none /tmp && mkdir -p "$2" && cd "$2" || exit 1
	cp "$1" gone && exec ./gone 3 jit' - "/proc/self/fd/9" /tmp/bin 9<bin/gone
inner=$(tr -d ' ' <"/proc/$STACKER_PID/task/$STACKER_PID/children")
rm bin/gone "/proc/$inner/root/tmp/bin/gone"
stacked apart "$inner"
like 'apart: functions of a deleted program and of its compiler' "$(user_of apart)" \
	'stacker_outer\+0x[0-9a-f]+;jit_work\+0x[0-9a-f]+;stacker_middle\+0x[0-9a-f]+;stacker_leaf\+0x[0-9a-f]+$'
stacker_end
ok 'apart: it ends' bombus_stop INT

done_testing
