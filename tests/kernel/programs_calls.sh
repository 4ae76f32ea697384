#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs about calls, functions, counters, quotas and interrupts, each with work of known size, of
# which they have to tell exactly. Everything is filtered to processes of this test.
# shellcheck source=../support/lib.sh disable=SC2016
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq
TRAFFIC=$BUILD/tests/support/traffic
case $TRAFFIC in /*) ;; *) TRAFFIC=$TOP/$TRAFFIC ;; esac

# --- system calls: their time, their failures ---
example syscount naps,20,30 --set latency=true
series syscount syscalls 'map(select(.key.syscall | test("nanosleep")) | .value) | add' 30
series syscount syscall_time 'map(select(.key.syscall | test("nanosleep"))) |
	map([.count, .sum >= 600000000])' '[[30,true]]'
no_series_loss syscount
example syscount "open-missing,$T/not-there,8" --set failed_only=true --set by_comm=true
series syscount syscalls 'map(select(.key.error == "ENOENT") | [.key.syscall, .key.comm, .value])' \
	'[["openat","traffic",8]]'
series syscount syscall_time length 0

# --- functions of programs: a known number of calls, one of which calls itself ---
probe() {
	traffic_start "$2"
	ok "$1: it attaches" example_start "$1" --pid "$TRAFFIC_PID" --interval 1m "${@:3}"
	ok "$1: $2" traffic_go
	ok "$1: it ends" bombus_stop INT
}
probe funccount probe,37 --attach "count=$TRAFFIC:traffic_probe" --attach "count=$TRAFFIC:traffic_nested"
rows funccount calls 'map([.key.file, .value])' '[["traffic",37]]'
no_series_loss funccount
probe funclatency nested,5 --attach "*=$TRAFFIC:traffic_nested"
rows funclatency call_time 'map([.key.function.file, .count, .sum >= 15000000, .sum < 15000000 * 400])' '[["traffic",5,true,true]]'
no_series_loss funclatency
run_bombus --store "$EXAMPLES" run funclatency
is 'funclatency: it wants a target: status' "$RC" 2
like 'funclatency: it wants a target' "$ERR" '^hint: --attach on_entry'
if [ "${IN_GUEST:-}" ]; then
	probe funccount naps,2,21 --attach count=hrtimer_nanosleep
	rows funccount kernel_calls 'map([.key.function, .value])' '[["hrtimer_nanosleep",21]]'
	probe funclatency naps,2,9 --attach '*=hrtimer_nanosleep'
	rows funclatency kernel_call_time 'map([.key.function, .count, .sum >= 18000000])' \
		'[["hrtimer_nanosleep",9,true]]'
fi

# --- hardware counters and frequencies: virtual machines have neither. What the programs make of them
# shows with events of the kernel, and with a change of frequency that the test makes. ---
head -c 262144 /dev/zero >known-file
probe llcstat "private,$T/known-file,50" --attach on_reference=type=1,config=2,sample_period=1 \
	--attach on_miss=type=1,config=3,sample_period=1
rows llcstat by_process 'map([.key.pid == $p, .key.comm, .value.references >= 50 and .value.references < 100])' \
	'[[true,"traffic",true]]'
jq_is 'llcstat: the metric counts the same' llcstat.out \
	'map(select(.value) | .value) | unique | length' 1
if [ -e /sys/devices/system/cpu/cpu1/cpufreq ]; then
	skip cpufreq 'this machine changes frequencies itself'
elif command -v python3 >/dev/null; then
	traffic_start cpu,1 burn,300
	ok 'cpufreq: it attaches' example_start cpufreq --pid "$TRAFFIC_PID" --interval 1m
	id=$(bpf_held "$BOMBUS_PID" | sed -n 's/prog_id //p' | while read -r id; do
		bpftool prog show id "$id" | grep -q 'raw_tracepoint  name on_change' && echo "$id"
	done)
	ok 'cpufreq: CPU 1 has 2.4 GHz' python3 "$TESTS/support/raw_tp.py" "$id" 2400000 1
	ok 'cpufreq: a process runs there' traffic_go
	ok 'cpufreq: it ends' bombus_stop INT
	rows cpufreq cpu_frequency 'map([.key, .value])' '[[{"cpu":1},2400000]]'
	rows cpufreq frequency 'map([.count >= 15 and .count <= 45, .sum == .count * 2400,
		(.buckets | map(select(.le == 2200)) | .[0].count)])' '[[true,true,0]]'
else
	skip cpufreq 'no Python here'
fi

# --- quotas: as the kernel itself counts them. This one is less than a busy machine gives a process. ---
for group in /sys/fs/cgroup/cpu/bombus-test-$$ /sys/fs/cgroup/bombus-test-$$; do
	[ -e "${group%/*}/cpu.stat" ] && break
done
[ ! -e /sys/fs/cgroup/cgroup.subtree_control ] || echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
if mkdir "$group" 2>/dev/null && {
	echo 2000 100000 2>/dev/null >"$group/cpu.max" || {
		echo 100000 >"$group/cpu.cfs_period_us" && echo 2000 >"$group/cpu.cfs_quota_us"
	} 2>/dev/null
}; then
	at_exit+=("wait_for 10 rmdir '$group'")
	traffic_start burn,20 sleep,60000
	echo "$TRAFFIC_PID" >"$group/cgroup.procs"
	ok 'cfs-throttling: it attaches' example_start cfs-throttling --pid "$TRAFFIC_PID" --interval 100ms
	echo >&"$go_fd"
	wait_for 30 grep -qs nanosleep "/proc/$TRAFFIC_PID/wchan"
	sleeps_in() { [ "$(cut -d' ' -f3 "/proc/$TRAFFIC_PID/stat")" = S ]; }
	same_as_kernel() {
		local now
		now=$(jq -sc 'map(select(.map == "cfs_throttling")) | last | .value |
			[.periods, .throttled_periods]' cfs-throttling.out)
		[ "$now" = "$(awk '{ v[$1] = $2 } END { print "[" v["nr_periods"] "," v["nr_throttled"] "]" }' \
			"$group/cpu.stat")" ] && sleeps_in
	}
	ok 'cfs-throttling: as cpu.stat counts' wait_for 20 same_as_kernel
	ok 'cfs-throttling: it ends' bombus_stop INT
	kill "$TRAFFIC_PID"
	series cfs-throttling cfs_throttling 'map([.key.name, .value.throttled_periods >= 3,
		.value.throttled_time > 100000000, .value.quota, .value.period])' \
		"[[\"${group##*/}\",true,true,2000000,100000000]]"
else
	skip cfs-throttling 'no CPU controller'
fi

# --- interrupts: a machine of its own knows all of them ---
example hardirqs burn,50 --set target_comm=nobody-has-it
series hardirqs hardirq_time length 0
if [ "${IN_GUEST:-}" ]; then
	# interrupts NAME: as the kernel counts them.
	interrupts() {
		awk -v name="$1" '$NF == name { n = $2 + $3 } END { print n + 0 }' /proc/interrupts
	}
	before=$(interrupts ttyS0)
	ok 'hardirqs: it attaches' example_start hardirqs
	attached=$(interrupts ttyS0)
	ok 'hardirqs: text for the console' sh -c 'seq 400 >/dev/ttyS0'
	written=$(interrupts ttyS0)
	ok 'hardirqs: it ends' bombus_stop INT
	after=$(interrupts ttyS0)
	at_least 'hardirqs: there were some' $((written - attached)) 1
	count=$(jq -s 'map(select(.key.name == "ttyS0") | .count) | last' hardirqs.out)
	between 'hardirqs: each of them' "$count" $((written - attached)) $((after - before))
fi

done_testing
