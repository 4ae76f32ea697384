#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The example traces: work of known shape gives exactly the spans that it should. Everything is
# filtered to processes and to a disk of this test.
# shellcheck source=../support/lib.sh disable=SC2016 # what is in single quotes is for jq
. "${BASH_SOURCE%/*}/../support/lib.sh"
need_root
need jq

# trace_is NAME FILE FILTER WANTED: what the filter makes of the file's spans (see spans.jq).
trace_is() {
	jq_is "$1" "$2" "include \"spans\" {search: \"$TESTS/support\"}; spans | $3" "$4"
}

# trace_start IMAGE ARGUMENTS...: sets $OUT_FILE.
trace_start() {
	local image=$1
	shift
	ok "$image: it attaches" bombus_start "$image" --store "$EXAMPLES" run "$image" -o json "$@"
}

# demo NAME ARGUMENTS...: one of demos/, to its end; its trace's id is left in $TRACE.
demo() {
	local name=$1
	shift
	ok "$name: the demo" timeout 60 "$BUILD/demos/$name" "$@"
	TRACE=$(sed -n 's/^traceparent 00-\([0-9a-f]*\)-.*/\1/p' "$T/.ok")
	ok "$name: it ends" bombus_stop INT
}

# --- exec-trace: a script whose tree is known ---
for name in one two three four five six; do
	printf '#!/bin/sh\n' >$name
	chmod +x $name
done
cat >tree.sh <<'END'
read -r _
./one
(./two; ./two)
bash -c './three; exec ./four'
./five | cat
(exec sh -c 'exit 3')
sh -c 'kill -9 $$'
./six &
wait
exit 7
END
mkfifo go
bash tree.sh <go 2>/dev/null &
shell=$!
started+=("$shell")
exec {go_fd}>go
trace_start exec-trace --set target_pid=$shell
echo >&"$go_fd"
exec {go_fd}>&-
wait_for 20 gone $shell
ok 'exec-trace: it ends' bombus_stop INT
trace_is 'exec-trace: the tree is the script' exec-trace.out 'tree(null) | map(.[1] |= sort)' \
	"$(jq -nc '[["bash", ([["one", []], ["two", []], ["two", []], ["bash", [["three", []]]],
		["four", []], ["five", []], ["cat", []], ["sh", []], ["sh", []], ["six", []]] | sort)]]')"
trace_is 'exec-trace: one trace' exec-trace.out 'map(.trace) | unique | length' 1
trace_is 'exec-trace: each is within its parent' exec-trace.out misplaced '[]'
trace_is 'exec-trace: how they ended' exec-trace.out \
	'map(select(.status != "unset") | [.attributes.process.exit.code, .attributes.process.exit.signal, .status]) | sort' \
	'[[0,"SIGKILL","error"],[3,"0","error"],[7,"0","error"]]'
trace_is 'exec-trace: one gave its process to another' exec-trace.out \
	'map(select(.attributes.replaced) | .name)' '["bash"]'
trace_is 'exec-trace: arguments' exec-trace.out \
	'map(select(.name == "bash" and .parent != null) | .attributes.process.command_line)' \
	'["bash -c ./three; exec ./four"]'
trace_is 'exec-trace: four and its bash are one process' exec-trace.out \
	'map(select(.name == "four" or (.name == "bash" and .parent != null)) | .attributes.process.pid) |
		unique | length' 1
no_loss exec-trace

# Another shell by name; who is not below it is not seen. A shell that gives its process to its last
# command stays the root of the tree.
cp "$(type -P bash)" myshell
trace_start exec-trace --set shell=myshell
./one
./myshell -c './two; ./three'
./myshell -c './one; true'
ok 'exec-trace: it ends again' bombus_stop INT
trace_is 'exec-trace: a shell of another name' exec-trace.out 'tree(null)' \
	'[["myshell",[["two",[]],["three",[]]]],["myshell",[["one",[]]]]]'
trace_is 'exec-trace: each shell is a trace' exec-trace.out 'map(.trace) | unique | length' 2
trace_is 'exec-trace: and contains its commands' exec-trace.out misplaced '[]'

# --- sched-trace: so many naps, each a sleep and a wait ---
trace_start sched-trace --attach "on_trace=$BUILD/demos/sched"
demo sched 7 20
trace_is 'sched-trace: the program and the kernel are one trace' sched-trace.out \
	'map(.trace) | unique' "[\"$TRACE\"]"
trace_is 'sched-trace: the spans of the program' sched-trace.out \
	'map(select(.map == "user_spans")) | [tree(null), (map(.service) | unique)]' \
	'[[["sched demo",[["followed",[]],["not followed",[]]]]],["sched"]]'
trace_is 'sched-trace: each sleep is below the span that is followed' sched-trace.out \
	'(map(select(.name == "followed")) | .[0].id) as $followed |
	map(select(.map == "sched_spans") | .parent == $followed) | unique' '[true]'
# Where the kernel skipped a program (a sleep and the wait after it, or the wait), that is counted.
lost=$(sed -n 's/.* \([0-9]*\) lost.*/\1/p' sched-trace.err)
between 'sched-trace: seven sleeps of twenty milliseconds, and a wait after each' \
	"$(($(jq -s 'map(select(.fields.what == "SCHED_SLEEP" and .duration_ns >= 10000000 or
		.fields.what == "SCHED_WAIT_WOKEN")) | length' sched-trace.out) + lost))" 14 \
	$((14 + lost))
at_least 'sched-trace: which are nearly never lost' $((4 - lost)) 0
trace_is 'sched-trace: each is within its parent' sched-trace.out misplaced '[]'

trace_start sched-trace --attach "on_trace=$BUILD/demos/sched" --set sleeps=false \
	--set min_us=60000000
demo sched 3 1
trace_is 'sched-trace: only what takes a minute' sched-trace.out \
	'map(select(.map == "sched_spans")) | length' 0

# A trace that began elsewhere goes on; one that is not sampled is not seen.
trace_start sched-trace --attach "on_trace=$BUILD/demos/sched"
remote=4bf92f3577b34da6a3ce929d0e0e4736
TRACEPARENT=00-$remote-00f067aa0ba902b7-01 "$BUILD/demos/sched" 1 1 >/dev/null
TRACEPARENT=00-${remote//4/5}-00f067aa0ba902b7-00 "$BUILD/demos/sched" 1 1 >/dev/null
ok 'sched-trace: it ends once more' bombus_stop INT
trace_is 'sched-trace: TRACEPARENT' sched-trace.out \
	'[(map(.trace) | unique), (map(select(.name == "sched demo") | .parent))]' \
	"[[\"$remote\"],[\"00f067aa0ba902b7\"]]"

# --- cfs-throttling-trace: a fifth of a CPU ---
# quota_group: a cgroup with a quota of 20 ms in 100 ms, in $QUOTA; of version 1 or 2.
quota_group() {
	QUOTA=/sys/fs/cgroup/cpu/bombus-test-$$
	if [ -e /sys/fs/cgroup/cpu/cpu.cfs_quota_us ]; then
		mkdir "$QUOTA" && at_exit+=("wait_for 10 rmdir '$QUOTA'") || return 1
		echo 100000 >"$QUOTA/cpu.cfs_period_us" && echo 20000 >"$QUOTA/cpu.cfs_quota_us"
		return
	fi
	cgroup_make && QUOTA=$GROUP || return 1
	[ -e "$QUOTA/cpu.max" ] || echo +cpu >"$QUOTA/../cgroup.subtree_control" || return 1
	echo '20000 100000' >"$QUOTA/cpu.max"
}

if quota_group 2>/dev/null; then
	trace_start cfs-throttling-trace --attach "on_trace=$BUILD/demos/cfs-throttling"
	work() {
		echo $BASHPID >"$QUOTA/cgroup.procs"
		exec "$BUILD/demos/cfs-throttling" 1000
	}
	work >work.out &
	started+=($!)
	wait_for 30 gone $!
	ok 'cfs-throttling: it ends' bombus_stop INT
	f=cfs-throttling-trace.out
	trace_is 'cfs-throttling: the program and the kernel are one trace' $f \
		'map(.trace) | unique' "[\"$(sed -n 's/^traceparent 00-\([0-9a-f]*\)-.*/\1/p' work.out)\"]"
	# A second is ten periods, of which two may be cut; who has to wait for others needs no throttling
	# in some of them.
	trace_is 'cfs-throttling: once in each period' $f \
		'map(select(.name == "throttled")) | length | . >= 3 and . <= 13' true
	trace_is 'cfs-throttling: no longer than the quota leaves' $f \
		'(map(select(.name == "followed"))[0] | .end - .begin) as $all |
		map(select(.name == "throttled") | .end - .begin) |
		add / $all | . > 0.1 and . < 0.9' true
	trace_is 'cfs-throttling: what the quota is' $f \
		'map(select(.name == "throttled") | .attributes | [.quota, .period]) | unique' \
		'[[20000000,100000000]]'
	trace_is 'cfs-throttling: below the span that is followed' $f \
		'(map(select(.name == "followed"))[0].id) as $followed |
		map(select(.name == "throttled") | .parent == $followed) | unique' '[true]'
	trace_is 'cfs-throttling: each is within its parent' $f misplaced '[]'
	no_loss cfs-throttling-trace
else
	skip cfs-throttling 'no cgroup with a quota can be made here'
fi

# --- sock-trace: three rounds of 5,000 bytes on a connection over loopback ---
trace_start sock-trace --attach "on_trace=$BUILD/demos/sock"
demo sock 5000 3
trace_is 'sock-trace: the program and the kernel are one trace' sock-trace.out \
	'map(.trace) | unique' "[\"$TRACE\"]"
trace_is 'sock-trace: the spans of the program' sock-trace.out \
	'map(select(.map == "user_spans")) | tree(null)' "$(jq -nc '
		([["dial"], ["write"], ["read"], ["write"], ["read"], ["write"], ["read"], ["close"]] |
		map(. + [[]])) as $steps |
		[["sock demo", [["followed", $steps], ["not followed", $steps]]]]')"
trace_is 'sock-trace: the kind that the program gave them' sock-trace.out \
	'map(select(.kind == "client") | .name)' '["followed","not followed"]'
# sum STEP NAME: bytes of the kernel's spans of this name below the program's of that.
sum() {
	echo "(map(select(.name == \"$1\") | .id)) as \$ids |
		map(select(.name == \"$2\" and (.parent | IN(\$ids[]))) | .attributes.length) | add"
}
trace_is 'sock-trace: what was sent' sock-trace.out "$(sum write send)" 15000
trace_is 'sock-trace: what was received' sock-trace.out "$(sum read receive)" 15000
trace_is 'sock-trace: what went out, nothing of it twice' sock-trace.out \
	'map(select(.name == "segment out") | .attributes.length) | add' 15000
trace_is 'sock-trace: what came in' sock-trace.out \
	'map(select(.name == "segment in") | .attributes.length) | add' 15000
trace_is 'sock-trace: connecting and closing' sock-trace.out \
	'(map({ key: .id, value: .name }) | from_entries) as $names |
	map(select(.name == "connect" or .name == "finish") | [$names[.parent], .name])' \
	'[["dial","connect"],["close","finish"]]'
trace_is 'sock-trace: connecting is within dialing' sock-trace.out \
	'map(select(.map == "user_spans" or .name == "connect")) | misplaced' '[]'
trace_is 'sock-trace: whose connection' sock-trace.out \
	'map(select(.map == "sock_spans") | .attributes | [.source, .destination | .address, .port]) |
		unique | [length, [.[0][0, 2]]]' '[1,["127.0.0.1","127.0.0.1"]]'
no_loss sock-trace

# --- bio-trace: twelve writes to a disk that nobody else has ---
# own_disk: sets $DISK and $DISK_ID; a loop device, or in the guest one without a disk.
own_disk() {
	local major minor

	truncate -s 1M disk.img
	if DISK=$(losetup -f --show "$T/disk.img" 2>/dev/null) && [ -n "$DISK" ]; then
		at_exit=("losetup -d '$DISK'" "${at_exit[@]}")
	elif modprobe null_blk nr_devices=1 irqmode=2 completion_nsec=2000000 2>/dev/null; then
		DISK=/dev/nullb0
		at_exit+=("modprobe -r null_blk")
	else
		return 1
	fi
	read -r major minor <<<"$(stat -c '%t %T' "$DISK")"
	DISK_ID=$((16#$major << 20 | 16#$minor))
}

if own_disk; then
	traffic_start "write-direct,$DISK,4096,12"
	trace_start bio-trace --set target_disk="$DISK_ID" --set target_pid="$TRAFFIC_PID"
	ok 'bio-trace: twelve writes' traffic_go
	ok 'bio-trace: it ends' bombus_stop INT
	f=bio-trace.out
	trace_is 'bio-trace: the requests' $f \
		'map(select(.name == "write") | .attributes | [.op, .size, .status, .process.pid, .thread.name]) |
		group_by(.) | map([.[0], length])' "[[[\"IO_WRITE\",4096,0,$TRAFFIC_PID,\"traffic\"],12]]"
	trace_is 'bio-trace: each is a trace of a queue and a service' $f \
		'map(select(.map == "requests" and .name != "write") | .trace) as $others |
		map(select(.trace | IN($others[]) | not)) | [tree(null) | group_by(.)[] | [.[0], length]]' \
		'[[["write",[["queue",[]],["service",[]]]],12]]'
	trace_is 'bio-trace: which fill its time' $f \
		'(map(select(.name == "queue" or .name == "service") |
			{ key: (.parent + .name), value: . }) | from_entries) as $parts |
		map(select(.name == "write") | $parts[.id + "queue"] as $queue |
			$parts[.id + "service"] as $service | .begin == $queue.begin and
			$queue.end == $service.begin and $service.end == .end) | unique' '[true]'
	trace_is 'bio-trace: one after the other' $f \
		'map(select(.name == "write") | .attributes.offset)' \
		"$(jq -nc '[range(12) * 4096]')"
	trace_is 'bio-trace: each is within its parent' $f misplaced '[]'
	no_loss bio-trace
else
	skip bio-trace 'there is neither a loop device nor null_blk'
fi

done_testing
