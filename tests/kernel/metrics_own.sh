#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What bombus says about itself: each figure is made to be something else than 0, and all of them
# stand in spec/metrics.md.
. "$(dirname "$0")/../support/lib.sh"
need_root
need curl python3

PORT=$(free_port)
URL=http://127.0.0.1:$PORT/metrics
# A pipe that is read when it is over: what its reader does not take is dropped.
mkfifo stalled
exec 7<>stalled
rounds_start paced 40 0.01
touch own.err
"$BOMBUS" run "$OBJECTS/metrics_own.bpf.o" --set target_pid="$ROUNDS_PID" --interval 20ms -o json \
	--where 'records:number != 3' --max-series 10 --series-ttl 3s --metrics="127.0.0.1:$PORT" \
	--max-memory 8M >stalled 2>own.err &
BOMBUS_PID=$!
BOMBUS_NAME=own
started+=("$BOMBUS_PID")
ok 'it attaches' attached_wait "$BOMBUS_PID"
dropped() { fetch "$URL" >before && grep -q '^bombus_events_dropped_total{.*map="slow"} [1-9]' before; }
ok 'an output that is too slow has its records dropped' wait_for 20 dropped
rounds_go
wait_for 10 gone "$ROUNDS_PID"
# One that is given up, one that is complete.
curl -s -o /dev/null -H 'X-Prometheus-Scrape-Timeout-Seconds: 0.000000001' "$URL"
curl -fsS "$URL" >first
sleep 0.5
curl -fsS "$URL" >during
expired() { fetch "$URL" >after && grep -q '^bombus_series_expired_total{.*map="records"} [1-9]' after; }
ok 'series that did not change are dropped' wait_for 20 expired

# above LABELS LEAST NAME...: in any of the scrapes.
above() {
	local labels=$1 least=$2 name value
	shift 2
	for name; do
		value=$(cat first during after | sed 's/{program="[^"]*",/{/' | awk -v of="$name${labels:+{$labels\}}" \
			'$1 == of && $2 + 0 >= n + 0 { n = $2 } END { printf "%s", n }')
		if awk "BEGIN { exit !(\"$value\" != \"\" && ${value:-0} >= $least) }"; then
			pass "$name ${labels:+of $labels }is $value"
		else
			fail "$name ${labels:+of $labels }is at least $least" "got: $value"
		fi
	done
}
above 'map="records"' 1 bombus_events_read_total bombus_events_filtered_total \
	bombus_events_malformed_total bombus_events_lost_total bombus_series_limit \
	bombus_series_overflowed_total bombus_series_expired_total
above 'map="records"' 65536 bombus_ring_size_bytes
above 'map="records"' 1000 bombus_ring_fill_max_bytes
above 'map="records"' 10 bombus_series
above 'map="records"' 1000 bombus_series_memory_bytes
above 'map="slow"' 1 bombus_events_dropped_total bombus_events_read_total
above 'map="small"' 4 bombus_map_entries bombus_map_capacity
above 'map="small"' 1 bombus_map_fill_ratio
above 'map="small"' 0.0000001 bombus_sweep_duration_seconds
# Four of eight keys find no room, in each of the rounds.
is 'refused updates are counted exactly' \
	"$(grep '^bombus_map_update_failures_total{.*map="small"}' after | sed 's/.* //')" 160
is 'and those of an internal map' "$(grep ',map="starts"}' after |
	sed 's/program="[^"]*",//')" \
	$'bombus_events_lost_total{map="starts"} 80\nbombus_map_update_failures_total{map="starts"} 80'
above 'function="on_round",variant="on_round",type="tracepoint"' 1 bombus_program_attached \
	bombus_program_runs_total
above 'function="on_round",variant="on_round",type="tracepoint"' 0.000001 \
	bombus_program_run_seconds_total
above 'function="on_print",variant="on_print",type="raw_tp"' 40 bombus_program_misses_total
above '' 1 bombus_scrapes_total bombus_scrapes_failed_total process_open_fds process_max_fds \
	process_threads
above '' 0.000001 bombus_scrape_duration_seconds process_cpu_seconds_total
above '' 1000 bombus_scrape_size_bytes
above '' 1000000 process_resident_memory_bytes process_virtual_memory_bytes
above '' 1700000000 process_start_time_seconds
like 'the version is there' "$(cat after)" '^bombus_build_info\{version="[0-9.]+"\} 1$'
cat stalled >/dev/null &
started+=("$!")
exec 7>&-
ok 'it ends' bombus_stop INT
like 'losses of an internal map are reported' "$(tail -n 1 own.err)" '; 80 lost in starts;'

# Every one of them is written down, and what is written down is there.
names=$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' first during after | grep -E '^(bombus|process)_' | sort -u)
is 'all are in spec/metrics.md, and no others' \
	"$(grep -oE '^\| `(bombus|process)_[a-z_]+' "$TOP/spec/metrics.md" | tr -d '|` ' | sort -u)" \
	"$(sort -u <<<"$names"$'\n'bombus_program_attach_errno$'\n'bombus_sweep_errors_total)"
done_testing
