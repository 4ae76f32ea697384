#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every kind of hook that this machine has, attached for real: what its target does a known number
# of times is counted that many times, and nothing of it is left afterwards.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq bpftool

HOOKS=$OBJECTS/load_hooks.bpf.o
TRAFFIC=$BUILD/tests/support/traffic

last_hits() {
	jq -rs 'map(select(.map == "hits")) | last | .value // 0' "$1.out"
}

# hook NAME WANTED JOB ARGUMENTS...: runs one program of the object while the traffic does its job.
# In an argument, PID stands for the traffic's process.
hook() {
	local name=$1 wanted=$2 job=$3 object=$HOOKS
	shift 3
	if [ "${1##*.}" = o ]; then
		object=$1
		shift
	fi
	traffic_start "$job"
	ok "$name: it attaches" bombus_start "$name" run "$object" -o json --interval 100ms \
		"${@//PID/$TRAFFIC_PID}"
	bpf_held "$BOMBUS_PID" >"$T/$name.held"
	ok "$name: the traffic" traffic_go
	ok "$name: it ends" bombus_stop INT
	is "$name: it counted" "$(last_hits "$name")" "$wanted"
	ok "$name: nothing is left in the kernel" wait_for 10 nothing_left "$T/$name.held"
}

# --- the kernel's own hooks ---
hook tracepoint 7 getppid,7 --only tp --set target_pid=PID
hook tracepoint-named 7 getppid,7 --only tp_any --set target_pid=PID \
	--attach tp_any=syscalls/sys_enter_getppid
hook raw_tp 7 getppid,7 --only rawtp --set target_pid=PID
hook raw_tp-named 7 getppid,7 --only rawtp_any --set target_pid=PID --attach rawtp_any=sys_enter
hook tp_btf 7 getppid,7 --only tpbtf --set target_pid=PID
hook tp_btf-named 7 getppid,7 --only tpbtf_any --set target_pid=PID --attach tpbtf_any=sys_enter

# --- functions of programs ---
hook uprobe 5 probe,5 --only upro --attach "upro=$TRAFFIC:traffic_probe"
hook uprobe-pid 5 probe,5 --only upro --attach "upro=$TRAFFIC:traffic_probe,pid=PID"
run_bombus run "$HOOKS" --only upro --attach upro=libc:malloc --dry-run
is 'uprobe: a library by its name: status' "$RC" 0
like 'uprobe: a library by its name' "$OUT" '^upro .* libc:malloc *attached'
run_bombus run "$HOOKS" --only upro --attach upro=libnothing:malloc --dry-run
is 'uprobe: no such library: status' "$RC" 2
like 'uprobe: no such library' "$ERR" "there is no library or program 'libnothing'"
hook uprobe-pid-alone 5 probe,5 --only upro --attach "upro=:traffic_probe,pid=PID"
hook uprobe-other-pid 0 probe,5 --only upro --attach "upro=$TRAFFIC:traffic_probe,pid=$$"
hook uretprobe-two 10 probe,5 --only uret --attach "uret=$TRAFFIC:traffic_probe,pid=PID" \
	--attach "uret=$TRAFFIC:traffic_probe"

# --- USDT: the program and what it looks at are both built here ---
if command -v clang >/dev/null && echo "#include <sys/sdt.h>" | "${CC:-cc}" -E - >/dev/null 2>&1; then
	cat >usdt.c <<-'END'
		#include <stdio.h>
		#include <sys/sdt.h>
		#include <unistd.h>
		int main(void)
		{
			char byte;

			printf("pid %d\n", getpid());
			fflush(stdout);
			if (read(0, &byte, 1) < 0)
				return 1;
			for (long i = 40; i < 46; i++) /* 42 is what is counted */
				DTRACE_PROBE1(bombus_test, tick, i == 45 ? 42 : i);
			return 0;
		}
	END
	ok 'usdt: the target' "${CC:-cc}" -O1 -o usdt usdt.c
	ok 'usdt: the program' clang -target bpf -O2 -g -D__TARGET_ARCH_x86 -I"$BUILD/bpf" \
		-idirafter "/usr/include/$("${CC:-cc}" -print-multiarch)" -c -o usdt.bpf.o \
		"$TESTS/bpf/load_usdt.c"
	# usdt NAME WANTED TARGET
	usdt() {
		rm -f usdt.go && mkfifo usdt.go
		./usdt <usdt.go >usdt.out &
		local pid=$! go
		exec {go}>usdt.go
		started+=("$pid")
		ok "$1: it attaches" bombus_start "$1" run usdt.bpf.o -o json --interval 100ms \
			--attach "probe=${3//PID/$pid}"
		bpf_held "$BOMBUS_PID" >"$T/$1.held"
		echo >&"$go" && exec {go}>&-
		wait_for 10 gone "$pid"
		bombus_stop INT
		is "$1: it counted" "$(last_hits "$1")" "$2"
		ok "$1: nothing is left" wait_for 10 nothing_left "$T/$1.held"
	}
	usdt usdt-all 2 "$T/usdt:bombus_test:tick"
	usdt usdt-pid 2 "$T/usdt:bombus_test:tick,pid=PID"
	usdt usdt-other-pid 0 "$T/usdt:bombus_test:tick,pid=$$"
	# Another layout of the arguments than libbpf's.
	mkdir -p wide/bpf
	sed 's/^\tchar arg_bitshift;/&\n\t__u64 more;/' /usr/include/bpf/usdt.bpf.h >wide/bpf/usdt.bpf.h
	ok 'usdt, wider: the program' clang -target bpf -O2 -g -D__TARGET_ARCH_x86 -Iwide \
		-I"$BUILD/bpf" -idirafter "/usr/include/$("${CC:-cc}" -print-multiarch)" \
		-c -o wide.bpf.o "$TESTS/bpf/load_usdt.c"
	run_bombus run wide.bpf.o --attach "probe=$T/usdt:bombus_test:tick" --dry-run
	is 'usdt, wider: status' "$RC" 1
	like 'usdt, wider: it is refused' "$ERR" 'describes an argument in 24 bytes, and libbpf .* in 16'
	run_bombus run usdt.bpf.o --attach "probe=$T/usdt:bombus_test:tock" --dry-run
	is 'usdt: no such probe: status' "$RC" 2
	like 'usdt: no such probe' "$ERR" "has no USDT probe 'bombus_test:tock'"
	run_bombus run usdt.bpf.o --attach "probe=$T/usdt" --dry-run
	like 'usdt: no probe named' "$ERR" 'which probe\?'
else
	skip 'usdt' 'clang or systemtap-sdt-dev is not installed'
fi

# --- sampling: two CPUs' worth of clock at 99 Hz, of a process that spins for 500 ms ---
traffic_start spin,500
ok 'perf_event: it attaches' bombus_start perf run "$HOOKS" -o json --only sample \
	--set target_pid="$TRAFFIC_PID"
bpf_held "$BOMBUS_PID" >"$T/perf.held"
is 'perf_event: a link for each CPU' "$(grep -c ^link_id perf.held)" "$(nproc)"
traffic_go
bombus_stop INT
between 'perf_event: the samples of half a second' "$(last_hits perf)" 4 60
ok 'perf_event: nothing is left' wait_for 10 nothing_left "$T/perf.held"

traffic_start spin,300
ok 'perf_event of a process: it attaches' bombus_start perfpid run "$HOOKS" -o json --only sample \
	--set target_pid="$TRAFFIC_PID" --attach "sample=cpu-clock:199,pid=$TRAFFIC_PID"
bpf_held "$BOMBUS_PID" >"$T/perfpid.held"
is 'perf_event of a process: a link for its thread' "$(grep -c ^link_id perfpid.held)" 1
traffic_go
bombus_stop INT
between 'perf_event of a process: the samples' "$(last_hits perfpid)" 4 70

traffic_start spin,300
ok 'perf_event by numbers: it attaches' bombus_start perfnum run "$HOOKS" -o json --only sample \
	--set target_pid="$TRAFFIC_PID" \
	--attach "sample=type=1,config=0,frequency=199,pid=$TRAFFIC_PID"
traffic_go
bombus_stop INT
between 'perf_event by numbers: the samples' "$(last_hits perfnum)" 4 70
run_bombus run "$HOOKS" --only sample --dry-run --attach 'sample=type=1,confg=0'
is 'perf_event by numbers: a wrong name: status' "$RC" 2
like 'perf_event by numbers: a wrong name' "$ERR" "'confg' is none of type, config"

# --- tracefs is mounted where it is missing: in a mount namespace of the test's own ---
if unshare --mount true 2>/dev/null; then
	# shellcheck disable=SC2016 # expanded by the inner shell
	traced=$(unshare --mount sh -c 'umount -l /sys/kernel/tracing /sys/kernel/debug 2>/dev/null
		"$0" run "$1" --only tp --dry-run 2>&1 && grep tracefs /proc/mounts' "$BOMBUS" "$HOOKS")
	like 'tracefs: mounted when it is needed' "$traced" 'tracefs was not mounted: it is now'
	like 'tracefs: and it is there' "$traced" '^tracefs /sys/kernel/tracing'
else
	skip 'tracefs' 'no mount namespace can be made'
fi

# --- control groups ---
CGROUP=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
if [ -n "$CGROUP" ] && mkdir "$CGROUP/bombus-test.$$"; then
	at_exit+=("rmdir '$CGROUP/bombus-test.$$'")
	# The traffic moves into the group before it starts.
	in_cgroup() {
		local name=$1 wanted=$2
		shift 2
		traffic_start tcp,127.0.0.1,10,3
		echo "$TRAFFIC_PID" >"$CGROUP/bombus-test.$$/cgroup.procs"
		ok "$name: it attaches" bombus_start "$name" run "$HOOKS" -o json "$@"
		bpf_held "$BOMBUS_PID" >"$T/$name.held"
		ok "$name: the traffic" traffic_go
		bombus_stop INT
		is "$name: it counted" "$(last_hits "$name")" "$wanted"
		ok "$name: nothing is left" wait_for 10 nothing_left "$T/$name.held"
	}
	in_cgroup connect4 3 --only connect4 --attach "connect4=$CGROUP/bombus-test.$$"
	in_cgroup connect4-short 3 --only connect4 --attach "connect4=/bombus-test.$$"
	in_cgroup sockops 3 --only socks --attach "socks=$CGROUP/bombus-test.$$"
	run_bombus run "$HOOKS" --only connect4 --attach connect4=/no/such/group --duration 1ms
	is 'cgroup: a group that is not there' "$RC" 2
	run_bombus run "$HOOKS" --only connect4 --attach "connect4=$T" --duration 1ms
	like 'cgroup: a folder that is none' "$ERR" "no cgroup2 folder"
else
	skip 'control groups' 'cgroup2 is not mounted, or no group can be made'
fi

# --- iterators ---
run_bombus run "$HOOKS" --only tasks --dry-run
is 'iter: it attaches' "$RC" 0
run_bombus run "$HOOKS" --only elements --dry-run
is 'iter: over a map, which wants to be named' "$RC" 2
like 'iter: and shows how' "$ERR" 'hint: --attach elements=MAP'
run_bombus run "$HOOKS" --only elements --attach elements=hits --dry-run
is 'iter: over a map of the object' "$RC" 0

# --- pins ---
if [ "$(stat -f -c %T /sys/fs/bpf 2>/dev/null)" = bpf_fs ]; then
	PINS=/sys/fs/bpf/bombus-test-$$
	at_exit+=("rm -rf '$PINS'")
	traffic_start getppid,3
	ok 'pins: it attaches' bombus_start pinned run "$HOOKS" -o json --only tp \
		--set target_pid="$TRAFFIC_PID" --pin-maps "$PINS/maps" --pin-progs "$PINS/progs"
	traffic_go
	bombus_stop INT
	ok 'pins: the map stays' bpftool map show pinned "$PINS/maps/hits"
	is 'pins: with its counts' "$(bpftool -j map dump pinned "$PINS/maps/hits" | jq -c \
		'.[0].formatted.value // .[0].value')" 3
	ok 'pins: the program stays' bpftool prog show pinned "$PINS/progs/tp"
	like 'pins: the closing line names them' "$(cat pinned.err)" "$PINS/maps/hits"
	run_bombus run "$HOOKS" --only tp --pin-maps "$PINS/maps" --max-entries hits=9 --dry-run
	is 'pins: a map of another shape' "$RC" 3
	like 'pins: with a message' "$ERR" "'hits'.* has another shape"
	run_bombus run "$HOOKS" --only tp --pin-progs "$PINS/progs" --dry-run
	like 'pins: a program is not replaced' "$ERR" "progs/tp exists"
	run_bombus run "$HOOKS" --only rawtp_any --attach rawtp_any=no_such_tracepoint \
		--pin-maps "$PINS/other" --dry-run
	is 'pins: a failure leaves none' "$RC,$(find "$PINS/other" 2>/dev/null)" 3,
else
	skip 'pins' 'bpffs is not mounted at /sys/fs/bpf'
fi
run_bombus run "$HOOKS" --only tp --pin-maps "$T/pins" --dry-run
is 'pins: not on bpffs' "$RC" 2
like 'pins: a hint' "$ERR" 'hint: .*mount -t bpf'

# --- sizes ---
run_bombus run "$OBJECTS/run_plain.bpf.o" --ring events=5000 --dry-run
is 'ring: it loads' "$RC" 0
like 'ring: rounded up, with a message' "$ERR" "'events': 8192 bytes"
for word in events=0 events=3G events=x hits=1M no=4K; do
	run_bombus run "$OBJECTS/run_plain.bpf.o" --ring "$word" --dry-run
	is "ring: $word is wrong" "$RC" 2
done
run_bombus run "$HOOKS" --only tp --max-entries hits=0 --dry-run
is 'max-entries: 0 is wrong' "$RC" 2
done_testing
