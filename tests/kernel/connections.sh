#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Connections of known number and kind between two network namespaces of the test's own: the
# metrics say exactly what was done, and nothing more while nothing is done; servers of DogStatsD and
# OTLP have the same numbers in the end.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/network.sh"
. "$TESTS/support/otlp.sh"
need_root
need curl python3 ip nsenter

network_start || skip_all 'no veth'
own=''
namespace own
PORT=$(free_port)
scrape() { curl -sS --max-time 5 "http://127.0.0.1:$PORT/metrics" >metrics; }
# value SERIES: the sample of this name and these labels.
value() { sed -n "s/^$(sed 's/[][\.*^$/]/\\&/g' <<<"$1") //p" metrics; }
becomes() { scrape && [ "$(value "$1")" = "$2" ]; }
# exactly WHAT SERIES WANTED...
exactly() {
	local what=$1

	shift
	while [ $# -gt 0 ]; do
		is "$what: $1" "$(value "$1")" "$2"
		shift 2
	done
}

unset "${!DD_@}" "${!OTEL_@}"
python3 "$TESTS/support/dogstatsd.py" unixgram "$T/stats.socket" stats >stats.log 2>&1 </dev/null &
started+=("$!")
wait_for 10 test -e stats.ready
OTLP=()
if otlp_receiver_there && receiver_start; then
	OTLP=("--otlp=http://127.0.0.1:$HTTP")
	export OTEL_METRIC_EXPORT_INTERVAL=500
fi
ok 'the client opens four' ask hold
ok 'it attaches' bombus_start conn run --store "$EXAMPLES" connections -o none \
	--namespace gespann --metrics="127.0.0.1:$PORT" --set idle_after=2 --interval 200ms \
	--dogstatsd="unix://$T/stats.socket" --dogstatsd-interval 400ms "${OTLP[@]}" \
	--set netns="$(stat -Lc %i "/proc/$client/ns/net")"
ok 'four are open' wait_for 10 becomes gespann_open_connections 4
exactly 'open before' gespann_open_connections 4 gespann_total_connections 4 \
	gespann_tcp_connections_total 3 gespann_udp_connections_total 1 \
	gespann_closed_connections_total 0 gespann_avg_connection_duration_ms NaN

ok 'the client works' ask work
ok 'all have ended' wait_for 10 becomes gespann_closed_connections_total 1030
figures() {
	local series wanted

	while read -r series wanted; do
		exactly "$1" "gespann_$series" "$wanted"
	done <<<"$WORK_FIGURES"
}
figures 'exactly'
ok 'what is open becomes idle' wait_for 10 becomes gespann_idle_connections 4
figures 'idle, no counter grows'
ok 'the client drops what it held' ask drop
ok 'they are closed' wait_for 10 becomes gespann_closed_connections_total 1034
exactly 'dropped' gespann_open_connections 0 gespann_idle_connections 0 \
	'gespann_connection_duration_seconds_count{protocol="tcp"}' 1000
is 'nothing was lost' "$(grep -c '^bombus_events_lost_total.* [1-9]' metrics)" 0
ok 'it ends' bombus_stop INT
unset OTEL_METRIC_EXPORT_INTERVAL
sed 's/^gespann_/ebpf_/' stats >stats.lines
sed -n 's/^gespann_/ebpf_/p' metrics >stats.metrics
like 'a DogStatsD server has the same' "$(python3 "$TESTS/support/dogstatsd.py" compare stats.lines stats.metrics)" '^[0-9]+ equal$'
at_least 'that is all of it' "$(wc -l <stats.metrics)" 60
if [ ${#OTLP[@]} -gt 0 ]; then
	like 'a receiver of OTLP has the same' "$(python3 "$TESTS/support/otlp_compare.py" "$RX/requests.jsonl" metrics gespann)" '^[0-9]+ equal$'
	is 'each event came as a record' "$(received '[.[] | select(.signal == "logs") |
		.message.resourceLogs[].scopeLogs[].logRecords[].attributes | map({(.key): .value}) | add |
		.event.stringValue] | group_by(.) | map({(.[0]): length}) | add')" \
		'{"close":1034,"failed":100,"open":1030,"reset":50}'
else
	skip 'a receiver of OTLP has the same' 'its parts are missing (make deps)'
fi

# --- the network sidecar: a configuration with adapters alone, as its users have it ---
inside "$own" ip link set lo up
inside_exec "$own" python3 "$TESTS/support/dogstatsd.py" udp 8125 told >/dev/null &
started+=("$!")
wait_for 10 test -e told.ready
nsenter "--net=/proc/$own/ns/net" "$BOMBUS" --store "$EXAMPLES" agent -c "$TESTS/support/sidecar.yaml" >sidecar.out 2>sidecar.err &
BOMBUS_PID=$!
BOMBUS_NAME=sidecar
started+=("$BOMBUS_PID")
page() { inside "$own" curl -s --max-time 5 "http://127.0.0.1:8080/$1"; }
is_ready() { [ "$(page -/ready)" = 'bombus is ready.' ]; }
ok 'the sidecar is ready' wait_for 20 is_ready
like 'it says where metrics are' "$(cat sidecar.err)" 'metrics are served on port 8080 of all interfaces'
has_figures() {
	page metrics >sidecar.metrics
	grep -q ^gespann_open_connections sidecar.metrics
}
ok 'it has figures' wait_for 10 has_figures
for name in open_connections closed_connections_total reset_connections_total failed_connections_total \
	idle_connections total_connections bytes_sent_total bytes_received_total \
	avg_connection_duration_ms avg_rtt_microseconds connection_bandwidth_bytes_total \
	tcp_connections_total udp_connections_total; do
	ok "gespann_$name" grep -qE "^gespann_${name}[{ ]" sidecar.metrics
done
inside "$own" curl -s --max-time 5 http://127.0.0.1:1/
failed_once() { page metrics | grep -q '^gespann_failed_connections_total{.*} [1-9]'; }
ok 'what fails is counted' wait_for 10 failed_once
ok 'events are by kind' grep -q '^gespann_connection_events_total{' <(page metrics)
read_so_far() { page metrics | sed -n 's/^bombus_events_read_total{program="connections",map="events"} //p'; }
before=$(read_so_far)
for _ in {1..20}; do inside "$own" curl -s --max-time 5 http://127.0.0.1:1/; done
is 'events that nothing reads are not made' "$(read_so_far)" "${before:-?}"
bombus_stop TERM
is 'the sidecar ends well' "$RC" 0
like 'the DogStatsD server was told' "$(cat told)" '^gespann_failed_connections_total:[0-9]+\|c\|#program:connections'
done_testing
