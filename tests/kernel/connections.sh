#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Connections of known number and kind between two network namespaces of the test's own: the
# metrics say exactly what was done, and nothing more while nothing is done.
. "$(dirname "$0")/../support/lib.sh"
need_root
need curl python3 ip nsenter

SUPPORT=$TESTS/support/connections.py

# A network namespace, held by a process: NAME=PID.
namespace() {
	unshare --net sleep 120 &
	started+=("$!")
	printf -v "$1" %s "$!"
	wait_for 5 own_net "$!"
}
own_net() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
inside() { nsenter --net="/proc/$1/ns/net" "${@:2}"; }

client='' server='' own=''
namespace client
namespace server
inside "$client" ip link add name veth-c type veth peer name veth-s netns "$server" || skip_all 'no veth'
inside "$client" ip addr add 10.77.0.1/24 dev veth-c
inside "$client" ip addr add fd77::1/64 dev veth-c nodad
inside "$client" ip link set veth-c up
inside "$server" ip addr add 10.77.0.2/24 dev veth-s
inside "$server" ip addr add fd77::2/64 dev veth-s nodad
inside "$server" ip link set veth-s up

inside "$server" python3 "$SUPPORT" serve >serve.out &
started+=("$!")
wait_for 10 grep -q ready serve.out
coproc MAKE { inside "$client" python3 "$SUPPORT" make 10.77.0.2 fd77::2; }
started+=("$MAKE_PID")
ask() {
	local said

	echo "$1" >&"${MAKE[1]}"
	read -r -t 30 said <&"${MAKE[0]}" && [ "$said" = "$1" ]
}

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

ok 'the client opens four' ask hold
ok 'it attaches' bombus_start conn run --store "$EXAMPLES" connections -o none \
	--namespace gespann --metrics="127.0.0.1:$PORT" --set idle_after=2 \
	--set netns="$(stat -Lc %i "/proc/$client/ns/net")"
scrape
exactly 'open before' gespann_open_connections 4 gespann_total_connections 4 \
	gespann_tcp_connections_total 3 gespann_udp_connections_total 1 \
	gespann_closed_connections_total 0 gespann_avg_connection_duration_ms NaN

ok 'the client works' ask work
ok 'all have ended' wait_for 10 becomes gespann_closed_connections_total 1030
figures() {
	exactly "$1" gespann_open_connections 4 gespann_total_connections 1034 \
		gespann_closed_connections_total 1030 gespann_reset_connections_total 50 \
		gespann_failed_connections_total 100 gespann_tcp_connections_total 1003 \
		gespann_udp_connections_total 31 gespann_bytes_sent_total 101225 \
		gespann_bytes_received_total 251200 \
		'gespann_connection_bandwidth_bytes_total{direction="sent",protocol="tcp"}' 100025 \
		'gespann_connection_bandwidth_bytes_total{direction="received",protocol="tcp"}' 250000 \
		'gespann_connection_bandwidth_bytes_total{direction="sent",protocol="udp"}' 1200 \
		'gespann_connection_bandwidth_bytes_total{direction="received",protocol="udp"}' 1200 \
		'gespann_connection_events_total{event_type="open",protocol="tcp",reset_reason=""}' 1000 \
		'gespann_connection_events_total{event_type="reset",protocol="tcp",reset_reason="by_peer"}' 25 \
		'gespann_connection_events_total{event_type="reset",protocol="tcp",reset_reason="no_linger"}' 25 \
		'gespann_connection_events_total{event_type="close",protocol="tcp",reset_reason=""}' 950 \
		'gespann_connection_events_total{event_type="failed",protocol="tcp",reset_reason=""}' 100 \
		'gespann_connection_events_total{event_type="open",protocol="udp",reset_reason=""}' 30 \
		'gespann_connection_events_total{event_type="close",protocol="udp",reset_reason=""}' 30 \
		'gespann_connection_duration_seconds_count{protocol="tcp"}' 1000 \
		'gespann_connection_rtt_seconds_count{protocol="tcp"}' 1000
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

# --- the network sidecar: a configuration with adapters alone, as its users have it ---
cat >sidecar.yaml <<END
log_level: info

adapters:
  - type: prometheus
    settings:
      port: "8080"

  - type: datadog
    settings:
      host: "localhost:8125"
END
namespace own
inside "$own" ip link set lo up
inside "$own" python3 "$TESTS/support/dogstatsd.py" udp 8125 told >/dev/null &
started+=("$!")
wait_for 10 test -e told.ready
nsenter "--net=/proc/$own/ns/net" "$BOMBUS" --store "$EXAMPLES" agent -c sidecar.yaml >sidecar.out 2>sidecar.err &
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
bombus_stop TERM
is 'the sidecar ends well' "$RC" 0
like 'the DogStatsD server was told' "$(cat told)" '^gespann_failed_connections_total:[0-9]+\|c\|#program:connections'
done_testing
