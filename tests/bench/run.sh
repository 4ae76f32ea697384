#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What `make bench` runs. Each figure stands beside what it is measured against in the same run,
# and beside what it must be; times alone mean little on a machine that does other things too.

set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
bombus=$BUILD/bombus
objects=$BUILD/tests/bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missed=0

[ "$(id -u)" -eq 0 ] || {
	echo "bench: loading programs into the kernel needs root" >&2
	exit 1
}

# holds WHAT FIGURE COMPARISON BOUND: prints the line and remembers what does not hold.
holds() {
	if awk -v a="$2" -v b="$4" "BEGIN { exit !(a $3 b) }"; then
		printf '  ok      %-58s %10s (%s %s)\n' "$1" "$2" "$3" "$4"
	else
		printf '  MISSED  %-58s %10s (%s %s)\n' "$1" "$2" "$3" "$4"
		missed=$((missed + 1))
	fi
}

heading() {
	printf '\n%s\n' "$*"
}

heading "Draining a full ring of 48-byte events into counters of 1000 series"
"$objects/bench_read_drain" "$objects/bench.bpf.o" >"$work/drain" || exit 1
jq -r '"  empty callback \(.empty_per_s / 1e6 | floor) M/s, hand-written least " +
	"\(.least_per_s / 1e6 | floor) M/s, bombus \(.bombus_per_s / 1e6 | floor) M/s"' "$work/drain"
holds "bombus / hand-written least" "$(jq .ratio_to_least "$work/drain")" '>=' 0.5
jq -r '"  producer at full speed: \(.live.empty.made_per_s / 1e6) M/s, \(.live.empty.lost) lost by the " +
	"empty callback; \(.live.bombus.made_per_s / 1e6) M/s, \(.live.bombus.lost) lost by bombus"' "$work/drain"
holds "lost that the empty callback does not lose" \
	"$(jq '[.live.bombus.lost - .live.empty.lost, 0] | max' "$work/drain")" '<=' 0

# One million records while they are made: from the first system call that makes some until the
# file is whole and bombus has ended. What is lost on the way takes longer and counts for nothing.
heading "run -o json to a file"
json_run() {
	local pid before
	mkfifo "$work/go"
	: >"$work/err" # that of the run before says "attached" as well
	"$BUILD/tests/traffic" getppid,3000 <"$work/go" >/dev/null &
	pid=$!
	exec 8>"$work/go"
	timeout 60 "$bombus" run "$objects/flood.bpf.o" --set target_pid=$pid --ring events=64M -o json \
		-n 1000000 >"$work/json" 2>"$work/err" &
	until grep -q attached "$work/err"; do
		kill -0 $! 2>/dev/null || { cat "$work/err" >&2; exit 1; }
		sleep 0.05
	done
	before=$(date +%s%N)
	echo >&8
	wait $!
	echo $(($(wc -l <"$work/json") * 1000 / (($(date +%s%N) - before) / 1000000)))
	exec 8>&-
	wait $pid
	rm "$work/go"
}
for _ in 1 2 3 4 5; do json_run; done | sort -n >"$work/rates"
holds "events a second, made and written (best of 5: $(paste -sd' ' "$work/rates"))" \
	"$(tail -n 1 "$work/rates")" '>=' 1000000
tail -n 1 "$work/err" | sed 's/^/  /'

heading "Starting and staying"
BOMBUS_INCLUDE=include "$bombus" -q build bpf-examples/tcpconnlat.bpf.c --binary-only \
	-o "$work/tcpconnlat.o" || exit 1
"$objects/bench_cmd_start" "$bombus" "$work/tcpconnlat.o" 15 >"$work/start" || exit 1
jq -r '"  from exec to attached, median of \(.runs) (least to most), and memory then",
	(.starts[] | "  \(.name): \(.ms) ms (\(.least_ms) to \(.most_ms)), \(.resident_mb) MB resident, " +
	"\(.private_mb) MB private, \(.peak_mb) MB at most")' "$work/start"
start() {
	jq ".starts[1].$1" "$work/start"
}
holds "ms more than libbpf alone from exec to attached" \
	"$(jq '.starts[1].ms - .starts[0].ms | . * 10 | round / 10' "$work/start")" '<=' 30
holds "MB resident after start" "$(start resident_mb)" '<=' 12
holds "MB private" "$(start private_mb)" '<=' 4
holds "MB at most while the kernel's BTF is read" "$(start peak_mb)" '<=' 24
strip -o "$work/stripped" "$bombus"
holds "bytes of the stripped binary" "$(stat -c %s "$work/stripped")" '<' 600000

heading "$([ $missed = 0 ] && echo "every figure holds" || echo "$missed missed")"
[ $missed = 0 ]
