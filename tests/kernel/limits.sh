#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Limits hold, and what they cost is shown: series beyond --max-series, series that expire, maps
# that drop entries by themselves, histograms that keep no sum, sweeps of maps too large to read.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# own NAME LABELS: the value of one of bombus's own figures, from $T/metrics.
own() {
	sed -nE "s/^$1\{([^}]*,)?$2(,[^}]*)?\} //p" "$T/metrics"
}

# scrape_until REGEX: whether a line of the metrics matches.
scrape_until() {
	fetch "http://127.0.0.1:$PORT/metrics" >"$T/metrics" && grep -qE -- "$1" "$T/metrics"
}

# --- a map that grows beyond --max-series (case: growing_map, A8) ---
PORT=$(free_port)
traffic_start getppid,1 sleep,1000 getppid,1
ok 'grow: it attaches' bombus_start grow run "$OBJECTS/limits_grow.bpf.o" \
	--set target_pid="$TRAFFIC_PID" -o none --interval 300ms --max-series 10000 \
	--metrics="127.0.0.1:$PORT"
ok 'grow: two rounds' traffic_go
ok 'grow: the whole map is counted' wait_for 10 scrape_until '^ebpf_flows\{key="__overflow__"\} 55536$'
is 'grow: as many series as the limit' "$(own bombus_series 'map="flows"')" 10000
is 'grow: all of them are exported' "$(grep -c '^ebpf_flows{' "$T/metrics")" 10001
ok 'grow: it ends on a signal' bombus_stop INT
like 'grow: the closing line counts what overflowed' "$(tail -n 1 grow.err)" \
	': 10000 series, 55536 entries overflowed;'

# --- keys that stay in their map without changing (case: maps --series-ttl, A9) ---
PORT=$(free_port)
jobs=()
for ((i = 0; i < 40; i++)); do jobs+=("getppid,1" "sleep,100"); done
traffic_start "${jobs[@]}"
ok 'idle: it attaches' bombus_start idle run "$OBJECTS/limits_maps.bpf.o" \
	--set target_pid="$TRAFFIC_PID" -o json --interval 200ms --series-ttl 2s \
	--metrics="127.0.0.1:$PORT"
ok 'idle: 40 rounds' traffic_go
ok 'idle: the key that changes stays' wait_for 10 scrape_until '^ebpf_idle_total\{key="0"\} 40$'
is 'idle: the other went' "$(own ebpf_idle_total 'key="1"')" ''
is 'idle: it is counted' "$(own bombus_series_expired_total 'map="idle"')" 1

# --- histograms with and without a sum, in the same run ---
is 'sum: none where the program keeps none' "$(grep -c '^ebpf_without_sum_sum' "$T/metrics")" 0
is 'sum: its count' "$(own ebpf_without_sum_count 'kind="0"')" 40
is 'sum: the one that is kept' "$(own ebpf_with_sum_sum 'kind="0"')" 40

# --- and a map that drops entries by itself (case: lru, F12) ---
is 'lru: no loss is claimed' "$(own bombus_events_lost_total 'map="recent"')" ''
ok 'idle: it ends on a signal' bombus_stop INT
like 'lru: the loss is not known' "$(tail -n 1 idle.err)" 'series, \? lost'
jq_is 'idle: it is gone once, and not before two seconds' idle.out \
	'[.[] | select(.map == "idle" and .kind == "gone") | .key.key]' '[1]'
jq_is 'sum: as JSON' idle.out '[.[] | select(.kind == "histogram") | [.map, has("sum")]] | unique' \
	'[["with_sum",true],["without_sum",false]]'
is 'lru: inspect shows it' "$("$BOMBUS" run "$OBJECTS/limits_maps.bpf.o" --help |
	awk '$1 == "recent" && $2 == "counter" {print $5}')" '?'

# --- a perf event array that overflows while nobody reads it (case: perf_burst, F1) ---
traffic_start getppid,5000
ok 'perf: it attaches' bombus_start perf run "$OBJECTS/limits_perf.bpf.o" \
	--set target_pid="$TRAFFIC_PID" -o json
kill -STOP "$BOMBUS_PID"
ok 'perf: 5000 rounds' traffic_go
kill -CONT "$BOMBUS_PID"
sleep 0.3
ok 'perf: it ends on a signal' bombus_stop INT
closing=$(tail -n 1 perf.err)
if [[ $(uname -r) =~ ^[0-5]\. ]]; then
	like 'perf: this kernel does not count refusals' "$closing" ', (\?|at least [0-9]+) lost'
else
	refused=$(jq -s 'map(select(.key.index == 1) | .value) | max' perf.out)
	is 'perf: the loss equals the count of the program' \
		"$(sed -n 's/.* \([0-9?]*\) lost.*/\1/p' <<<"$closing")" "$refused"
	is 'perf: and something was lost' "$((refused > 1000))" 1
	is 'perf: all others came' "$(jq -s 'map(select(.kind == "event")) | length' perf.out)" \
		$((5000 - refused))
fi

# --- a ring that is written all the time does not wake its reader for each record ---
switches() {
	cat "/proc/$BOMBUS_PID/task/"*/status | awk '/^voluntary/ { sum += $2 } END { print sum }'
}
traffic_start getppid,100000
ok 'ring: it attaches' bombus_start ring run "$OBJECTS/run_ring_counter.bpf.o" --ring events=16M \
	--set target_pid="$TRAFFIC_PID" -o json
before=$(switches)
ok 'ring: 100,000 rounds' traffic_go
between 'ring: the reader slept so often' $(($(switches) - before)) 1 4000
ok 'ring: it ends on a signal' bombus_stop INT
is 'ring: all are counted' "$(jq -s 'map(select(.key)) | group_by(.key) | map(last.value) | add' ring.out)" 100000

# --- an array that takes many seconds to sweep (case: huge_array, F7) ---
# ms_since NANOSECONDS
ms_since() {
	echo $((($(date +%s%N) - $1) / 1000000))
}

traffic_start getppid,3 sleep,100 getppid,2
ok 'huge: it attaches' bombus_start huge run "$OBJECTS/limits_huge.bpf.o" \
	--set target_pid="$TRAFFIC_PID" -o json --interval 200ms
ok 'huge: rounds' traffic_go
sleep 1.5
before=$(date +%s%N)
ok 'huge: it ends on a signal' bombus_stop INT
took=$(ms_since "$before")
is "huge: without waiting for the sweep ($took ms)" "$((took < 4000 * SLOW))" 1
like 'huge: the closing line names what was not read' "$(tail -n 1 huge.err)" \
	'1 series; huge was never read whole: [1-9][0-9]* of 30000000 entries;'
jq_is 'huge: the small map is whole' huge.out 'map(select(.map == "small") | .value) | max' 5
before=$(date +%s%N)
run_bombus run "$OBJECTS/limits_huge.bpf.o" -o none --duration 1s
took=$(ms_since "$before")
is "huge: --duration does not wait either ($took ms)" "$((took < 6000 * SLOW))" 1
is 'huge: --duration: status' "$RC" 0

# --- maps that only scrapes read ---
PORT=$(free_port)
traffic_start getppid,1 sleep,300 getppid,1
ok 'scraped: it attaches' bombus_start scraped run "$OBJECTS/limits_grow.bpf.o" \
	--set target_pid="$TRAFFIC_PID" -o none --interval 100ms --max-series 70000 \
	--metrics="127.0.0.1:$PORT"
ok 'scraped: two rounds' traffic_go
ok 'scraped: a scrape' scrape_until '^ebpf_flows\{key="65535"\} 1$'
is 'scraped: shows the map at that moment' "$(grep -c '^ebpf_flows{' "$T/metrics")" 65536
# cpu_ms: processor time of all its threads so far.
cpu_ms() {
	cat "/proc/$BOMBUS_PID"/task/*/schedstat | awk '{ sum += $1 } END { print int(sum / 1e6) }'
}
before=$(cpu_ms)
sleep 2
used=$(($(cpu_ms) - before))
# Twenty sweeps of it take some 300 ms.
is "scraped: nothing is swept meanwhile ($used ms)" "$((used < 60 * SLOW))" 1
ok 'scraped: it ends on a signal' bombus_stop INT
like 'scraped: the closing line knows the end' "$(tail -n 1 scraped.err)" ': 65536 series;'

# --- a counter beside 256 MiB of other variables ---
traffic_start getppid,5
ok 'bss: it attaches' bombus_start bss run "$OBJECTS/limits_bss.bpf.o" \
	--set target_pid="$TRAFFIC_PID" -o json --interval 100ms
ok 'bss: five rounds' traffic_go
sleep 0.5
most=$(awk '/^VmHWM/ { print $2 }' "/proc/$BOMBUS_PID/status")
memory_between 'bss: KiB in memory at most' "$most" 1000 65536
ok 'bss: it ends on a signal' bombus_stop INT
jq_is 'bss: the counter' bss.out 'map(select(.map == "calls") | .value) | max' 5

done_testing
