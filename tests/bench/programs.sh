# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# shellcheck disable=SC2154 # set by run.sh
#
# What an event costs in some programs of bpf-examples/, as the kernel itself measures it, beside the
# same job written by hand. For tests/bench/run.sh, which sources it.

heading "An event in programs of bpf-examples/, beside a hand-written least"
stats=$(cat /proc/sys/kernel/bpf_stats_enabled)
echo 1 >/proc/sys/kernel/bpf_stats_enabled

# event_ns OBJECT OPTIONS... -- JOBS...: the mean of all runs of the programs while traffic does its jobs.
event_ns() {
	local args=() pid

	while [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	shift
	"$bombus" run "${args[@]}" -o none 2>"$work/programs.err" &
	pid=$!
	for _ in $(seq 200); do
		grep -qE '[0-9] programs? attached' "$work/programs.err" && break
		sleep 0.05
	done
	"$BUILD/tests/support/traffic" --now "$@" >/dev/null
	sed -nE 's/^prog_id:[[:space:]]*//p' "/proc/$pid/fdinfo/"* 2>/dev/null | sort -u | while read -r id; do
		bpftool -j prog show id "$id" 2>/dev/null
	done | jq -s 'map(select(.run_cnt)) | (map(.run_time_ns) | add) / (map(.run_cnt) | add) | round'
	kill -INT $pid
	wait $pid
}

# program NAME LEAST BOUND JOBS...: both measured in turn, twice, the best of each.
program() {
	local name=$1 least=$2 bound=$3 ours theirs
	shift 3

	BOMBUS_INCLUDE=include "$bombus" -q build "bpf-examples/$name.bpf.c" --binary-only \
		-o "$work/$name.o" || exit 1
	for _ in 1 2; do
		ours+=" $(event_ns "$work/$name.o" -- "$@")"
		theirs+=" $(event_ns "$objects/least_programs.bpf.o" --only "$least" -- "$@")"
	done
	ours=$(tr ' ' '\n' <<<"$ours" | grep . | sort -n | head -n 1)
	theirs=$(tr ' ' '\n' <<<"$theirs" | grep . | sort -n | head -n 1)
	echo "  $name: $ours ns, the least $theirs ns"
	holds "$name / hand-written least" "$(jq -n "$ours / $theirs * 100 | round / 100")" '<=' "$bound"
}

program syscount least_syscount 2 getppid,1000000
program cpudist least_cpudist 2 naps,1,500
program softirqs least_softirqs_entry,least_softirqs_exit 2.5 naps,1,500
program futexctn least_futexctn_enter,least_futexctn_exit 4 futex,0,300
echo "$stats" >/proc/sys/kernel/bpf_stats_enabled
