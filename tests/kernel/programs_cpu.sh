#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs about the CPU, each with work of known size, of which they have to tell exactly.
# Everything is filtered to processes of this test.
# shellcheck source=../support/lib.sh disable=SC2016
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# --- samples: one stands for a ninety-ninth of a second ---
example profile burn,1000 --interval 1m
rows profile samples 'map(.value) | add | . >= 60 and . <= 140' true
rows profile samples 'map([.key.pid == $p, .key.comm]) | unique' '[[true,"traffic"]]'
# shellcheck disable=SC2016 # jq's variable
jq_is 'profile: the metric counts the same samples' profile.out \
	'map(select(.key)) | group_by(.map) | map(map(.value) | add) | unique | length' 1
no_series_loss profile
example profile burn,300 --interval 1m --set kernel_only=true
rows profile samples 'map(select(.key.kernel == "[not in the kernel]")) | length' 0
rows profile samples 'map(.key.user) | unique' '["ENOENT"]'
example profile burn,300 --interval 1m --set user_only=true
rows profile samples 'map(select(.key.kernel != "[not in the kernel]")) | length' 0

# --- off the CPU: naps of known number and length. A nap ends before its thread leaves the CPU when
# the machine itself stands still; two may. ---
example offcputime naps,40,20 --interval 1m
rows offcputime off_cpu_stacks 'map(select(.key.kernel | test("hrtimer_nanosleep"))) |
	[(map(.value.times) | add | . >= 18 and . <= 20), (map(.value.time) | add | . >= 720000000), (map(.key.reason) | unique)]' \
	'[true,true,["OFF_SLEEPING"]]'
rows offcputime off_cpu_time 'map(select(.key.reason == "OFF_SLEEPING")) |
	map([.key.comm, .count >= 18, .sum >= 720000])' '[["",true,true]]'
no_series_loss offcputime
example offcputime naps,20,10 --interval 1m --set kernel_only=true
rows offcputime off_cpu_stacks 'map(.key.user) | unique' '["ENOENT"]'
example offcputime naps,20,10 --interval 1m --set by_comm=true --set min_us=60000000
rows offcputime off_cpu_stacks length 0
rows offcputime off_cpu_time length 0

# --- who wakes whom: a child wakes its parent from a read ---
example wakeuptime wakes,25 --interval 1m
child=$(traffic_said child)
rows wakeuptime wakeups "map(select(.key.waker_pid == $child and (.key.kernel | test(\"pipe_write\")))) |
	[(map(.value.wakeups) | add), (map([.key.pid == \$p, .key.comm, .key.waker]) | unique)]" \
	'[25,[[true,"traffic","traffic"]]]'
rows wakeuptime sleep_time 'map(.count >= 25)' '[true]'
no_series_loss wakeuptime
# Names of that many stacks take the emulated guest too long.
if [ -z "${IN_GUEST:-}" ]; then
	example wakeuptime wakes,5 --interval 1m --set sleeper_stacks=true
	child=$(traffic_said child)
	rows wakeuptime wakeups "map(select(.key.waker_pid == $child and (.key.sleeper_kernel | test(\"pipe_read\")))) |
		map(.value.wakeups) | add" 5
fi

# --- three that want one CPU: two wait ---
crowd=crowd-$$
watch_crowd() {
	traffic_start --comm "$crowd" cpu,0 crowd,3,900
	ok "$1: it attaches" example_start "$1" --comm "$crowd" "${@:2}"
	ok "$1: three processes want one CPU" traffic_go
	ok "$1: it ends" bombus_stop INT
}
watch_crowd runqlen
series runqlen runq_length \
	'map([.count >= 5, (.buckets | map(select(.le <= 1) | .count) | max) <= .count / 4])' '[[true,true]]'
watch_crowd runqslower --set min_us=500
events runqslower waits '[length >= 3, (map(.waited >= 500000) | all)]' '[true,true]'
events runqslower waits "map(select(.prev_comm == \"$crowd\")) |
	[length >= 1, (map([.cpu, .comm]) | unique)]" "[true,[[0,\"$crowd\"]]]"
no_loss runqslower
example runqslower naps,2,20 --set min_us=60000000
events runqslower waits length 0

# --- on the CPU: a run ends with each nap ---
example cpudist naps,2,30 --set by_comm=true
series cpudist cpu_time 'map(select(.key.end == "RUN_ENDS_BY_SLEEP")) |
	map([.key.comm, .count >= 27 and .count < 60])' '[["traffic",true]]'
example cpudist burn,300
series cpudist cpu_time '[(map(.sum) | add | . >= 250000 and . < 400000), (map(.key.comm) | unique)]' \
	'[true,[""]]'

# --- soft interrupts: each is an event, if wanted ---
example softirqs burn,300 --interval 1m --set slow_ns=1
jq_is 'softirqs: as many events as the histogram has' softirqs.out \
	'[(map(select(.map == "slow")) | length), (map(select(.map == "softirq_time") | .count) | add)] |
	.[0] > 0 and .[0] == .[1]' true
rows softirqs slow 'map([.fields.pid == $p, .fields.comm, .fields.took > 0]) | unique' '[[true,"traffic",true]]'
no_loss softirqs
example softirqs burn,100
rows softirqs slow length 0

done_testing
