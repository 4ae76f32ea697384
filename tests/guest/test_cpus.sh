#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# CPUs that go offline and come online while a program runs are read and sampled again (case: perf,
# guest_hotplug_lockdown, A2).
. "$(dirname "$0")/../support/lib.sh"

CPU1=/sys/devices/system/cpu/cpu1/online

online() {
	echo "$1" >"$CPU1"
}

# rounds_on NAME: how many records came from each CPU, as [CPU 0, CPU 1].
rounds_on() {
	jq -s '[.[] | select(.kind == "event") | .fields.cpu] | . as $all |
		[(0, 1) as $cpu | [$all[] | select(. == $cpu)] | length]' "$1.out" | jq -c .
}

sampled() {
	jq -s 'map(select(.map == "samples" and .key.key == 1) | .value) | max // 0' "$1.out"
}

# more_samples NAME COUNT: whether CPU 1 was sampled more often than that.
more_samples() {
	[ "$(sampled "$1")" -gt "$2" ]
}

[ -e "$CPU1" ] || {
	echo '1..0 # SKIP CPU 1 cannot be taken offline'
	exit 0
}

# Debian's kernels have a level 3, for which CAP_PERFMON is not enough.
echo 2 >/proc/sys/kernel/perf_event_paranoid

# --- a CPU that is offline at the start comes online ---
online 0
traffic_start cpu,0 getppid,2 sleep,4000 cpu,1 getppid,3
ok 'later: it attaches' bombus_start later run "$OBJECTS/cpus.bpf.o" -o json --interval 500ms \
	--set target_pid="$TRAFFIC_PID"
(sleep 1 && online 1) &
ok 'later: rounds on both' traffic_go
ok 'later: CPU 1 is sampled' wait_for 20 more_samples later 0
ok 'later: it ends' bombus_stop INT
is 'later: records of both CPUs' "$(rounds_on later)" '[2,3]'
like 'later: the earlier loss is unknown' "$(tail -n 1 later.err)" '5 events, \? lost'
like 'later: a message' "$(cat later.err)" "map 'events': CPU 1 came online"

# --- one goes offline and comes back, between sweeps and across them ---
for interval in 500ms 5s; do
	name=back-$interval
	traffic_start cpu,1 getppid,2 cpu,0 sleep,2000 getppid,1 sleep,12000 cpu,1 getppid,3
	ok "$name: it attaches" bombus_start "$name" run "$OBJECTS/cpus.bpf.o" -o json \
		--interval "$interval" --set target_pid="$TRAFFIC_PID"
	(sleep 1 && online 0 && sleep 1 && online 1) &
	ok "$name: rounds on both" traffic_go
	before=$(sampled "$name")
	ok "$name: CPU 1 is sampled again" wait_for 30 more_samples "$name" "$before"
	ok "$name: it ends" bombus_stop INT
	is "$name: records of both CPUs" "$(rounds_on "$name")" '[1,5]'
	like "$name: what it lost meanwhile is not known" "$(tail -n 1 "$name.err")" \
		'6 events, \? lost'
done

# --- nothing changes: the loss is known ---
traffic_start cpu,0 getppid,2 cpu,1 getppid,3
ok 'steady: it attaches' bombus_start steady run "$OBJECTS/cpus.bpf.o" -o json \
	--set target_pid="$TRAFFIC_PID"
ok 'steady: rounds on both' traffic_go
ok 'steady: it ends' bombus_stop INT
is 'steady: records of both CPUs' "$(rounds_on steady)" '[2,3]'
like 'steady: nothing was lost' "$(tail -n 1 steady.err)" '5 events, 0 lost'
jq_is 'steady: nothing was refused' steady.out 'map(select(.map == "refused")) | length' 0

# --- Debian's kernels: CAP_PERFMON is not enough ---
echo 3 >/proc/sys/kernel/perf_event_paranoid
if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" = 3 ]; then
	online 0
	traffic_start cpu,0 getppid,2 sleep,3000 cpu,1 getppid,3
	ok 'paranoid: it attaches' bombus_start paranoid run "$OBJECTS/cpus.bpf.o" -o json \
		--interval 500ms --set target_pid="$TRAFFIC_PID"
	(sleep 1 && online 1) &
	ok 'paranoid: rounds on both' traffic_go
	ok 'paranoid: it ends' bombus_stop INT
	is 'paranoid: records of both CPUs' "$(rounds_on paranoid)" '[2,3]'
fi

# --- a CPU whose event may not be opened: a message ---
echo 2 >/proc/sys/kernel/perf_event_paranoid
if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" = 2 ]; then
	online 0
	traffic_start cpu,0 getppid,2 sleep,3000
	ok 'refused: it attaches' bombus_start refused run "$OBJECTS/cpus.bpf.o" -o json \
		--interval 500ms --set target_pid="$TRAFFIC_PID"
	echo 3 >/proc/sys/kernel/perf_event_paranoid
	(sleep 1 && online 1) &
	ok 'refused: rounds' traffic_go
	ok 'refused: it ends' bombus_stop INT
	for what in 'its records are lost: cannot open the perf buffer' 'is not sampled: '; do
		is "refused: said once: $what" "$(grep -c "CPU 1 came online and $what" refused.err)" 1
	done
	like 'refused: the loss is not known' "$(tail -n 1 refused.err)" '2 events, \? lost'
fi

done_testing
