#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The network sidecar beside a real Prometheus and a real statsd_exporter (built through the Go module
# proxy into INTEROP_BIN): connections of known number and kind give exactly those figures in both; the
# queries of dashboards that were written for the sidecar's names have results; and while nothing is
# done for a minute, no counter grows.
#
#	IDLE	seconds (60)
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/network.sh"
. "$TESTS/support/prometheus.sh"
need_root
need curl python3 ip nsenter jq
prometheus_there || skip_all 'Prometheus is not here (make deps)'

IDLE=${IDLE:-60}
export NAMESPACE_SECONDS=$((300 + IDLE))
unset "${!DD_@}" "${!OTEL_@}"
network_start || skip_all 'no veth'

STATS=()
if go_built statsd_exporter github.com/prometheus/statsd_exporter@v0.31.0; then
	udp=$(free_port)
	web=$(free_port)
	"$bin/statsd_exporter" --statsd.listen-udp="127.0.0.1:$udp" --statsd.listen-tcp= \
		--web.listen-address="127.0.0.1:$web" >exporter.log 2>&1 </dev/null &
	started+=("$!")
	ok 'statsd_exporter starts' wait_for 20 fetch "http://127.0.0.1:$web/metrics"
	STATS=("--dogstatsd=127.0.0.1:$udp" --dogstatsd-interval 1s)
else
	skip 'statsd_exporter has the same' "it cannot be built here: $(go_why)"
fi

PORT=$(free_port)
cat >prometheus.yml <<END
global: {scrape_interval: 1s}
scrape_configs:
  - {job_name: network, static_configs: [{targets: ['127.0.0.1:$PORT']}]}
END
ok 'the client opens four' ask hold
ok 'it attaches' bombus_start conn run --store "$EXAMPLES" connections -o none \
	--namespace gespann --metrics="127.0.0.1:$PORT" --set idle_after=2 "${STATS[@]}" \
	--set netns="$(stat -Lc %i "/proc/$client/ns/net")"
ok 'Prometheus starts' prometheus_start prometheus.yml
ok 'it scrapes' wait_for 20 query_is gespann_open_connections 4
ok 'the client works' ask work
ok 'all have ended' wait_for 20 query_is gespann_closed_connections_total 1030
sleep 2 # a scrape later, all families are of the same time
check() {
	local series wanted

	while read -r series wanted; do
		is "$1: $series" "$(query "gespann_$series")" "$wanted"
	done <<<"$WORK_FIGURES"
}
check 'Prometheus'

# Of two dashboards made for these names. Rates are over the minute that the run has.
for expression in gespann_open_connections gespann_total_connections gespann_connection_events_total \
	'rate(gespann_connection_events_total[1m])' 'rate(gespann_total_connections[1m])' \
	'rate(gespann_closed_connections_total[1m])' \
	'rate(gespann_connection_bandwidth_bytes_total{direction="sent"}[1m])' \
	'rate(gespann_connection_bandwidth_bytes_total{direction="received"}[1m])' \
	gespann_tcp_connections_total gespann_udp_connections_total \
	'gespann_avg_connection_duration_ms / 1000' 'gespann_avg_rtt_microseconds / 1000' \
	gespann_bytes_sent_total gespann_bytes_received_total gespann_failed_connections_total \
	gespann_reset_connections_total gespann_idle_connections; do
	like "the dashboards' $expression" "$(query "$expression" | head -n 1)" '^[0-9.e+-]+$'
done

if [ ${#STATS[@]} -gt 0 ]; then
	# Its labels are in another order, and it has none that is empty.
	cat >theirs.py <<'END'
import re
import sys


def split(text):
    m = re.match(r'^([a-z_]+)(?:\{(.*)\})?$', text)
    return m and (m[1], {(k, v) for k, v in re.findall(r'([a-z_]+)="([^"]*)"', m[2] or '') if v})


for line in open('theirs'):
    series, _, value = line.strip().rpartition(' ')
    if series.startswith('gespann_') and split(series) == split(sys.argv[1]):
        print(f'{float(value):.12g}')
END
	of_theirs() { python3 theirs.py "gespann_$1"; }
	settled() {
		curl -fsS "http://127.0.0.1:$web/metrics" >theirs
		[ "$(of_theirs closed_connections_total)" = 1030 ]
	}
	ok 'statsd_exporter has them' wait_for 10 settled
	while read -r series wanted; do
		case $series in *_seconds_count*) continue ;; esac # quantiles of its own
		is "statsd_exporter: $series" "$(of_theirs "$series")" "$wanted"
	done <<<"$WORK_FIGURES"
fi

sleep "$IDLE"
counters="{__name__=~'gespann_.*_(total|count|bucket|sum)'}"
is "idle for $IDLE s, no counter grows" "$(query "sum($counters) - sum($counters offset $((IDLE - 5))s)")" 0
check "after $IDLE s"
is 'all that is open is idle' "$(query gespann_idle_connections)" 4
ok 'it ends' bombus_stop INT
done_testing
