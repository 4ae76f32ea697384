# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Two network namespaces of the test's own, connected, with a server in one and a client in the other
# that makes connections of known number and kind (connections.py). Sourced after lib.sh.
#
#	network_start || skip_all ...	sets $client and $server, processes in the namespaces
#	ask work			the client does it; returns when it is done

# A network namespace, held by a process: NAME=PID.
namespace() {
	unshare --net sleep "${NAMESPACE_SECONDS:-120}" &
	started+=("$!")
	printf -v "$1" %s "$!"
	wait_for 5 own_net "$!"
}
own_net() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
inside() { nsenter --net="/proc/$1/ns/net" "${@:2}"; }
# In the background: $! is the process itself.
inside_exec() { exec nsenter --net="/proc/$1/ns/net" "${@:2}"; }

network_start() {
	local make=$TESTS/support/connections.py

	client='' server=''
	namespace client
	namespace server
	inside "$client" ip link add name veth-c type veth peer name veth-s netns "$server" || return
	inside "$client" ip addr add 10.77.0.1/24 dev veth-c
	inside "$client" ip addr add fd77::1/64 dev veth-c nodad
	inside "$client" ip link set veth-c up
	inside "$server" ip addr add 10.77.0.2/24 dev veth-s
	inside "$server" ip addr add fd77::2/64 dev veth-s nodad
	inside "$server" ip link set veth-s up
	inside_exec "$server" python3 "$make" serve >serve.out &
	started+=("$!")
	wait_for 10 grep -q ready serve.out
	coproc MAKE { inside_exec "$client" python3 "$make" make 10.77.0.2 fd77::2; }
	started+=("$MAKE_PID")
}

ask() {
	local said

	echo "$1" >&"${MAKE[1]}"
	read -r -t 30 said <&"${MAKE[0]}" && [ "$said" = "$1" ]
}

# What `work` makes, once, after `hold`: each series and its value.
# shellcheck disable=SC2034 # of those who source this
WORK_FIGURES='open_connections 4
total_connections 1034
closed_connections_total 1030
reset_connections_total 50
failed_connections_total 100
tcp_connections_total 1003
udp_connections_total 31
bytes_sent_total 101225
bytes_received_total 251200
connection_bandwidth_bytes_total{direction="sent",protocol="tcp"} 100025
connection_bandwidth_bytes_total{direction="received",protocol="tcp"} 250000
connection_bandwidth_bytes_total{direction="sent",protocol="udp"} 1200
connection_bandwidth_bytes_total{direction="received",protocol="udp"} 1200
connection_events_total{event_type="open",protocol="tcp",reset_reason=""} 1000
connection_events_total{event_type="reset",protocol="tcp",reset_reason="by_peer"} 25
connection_events_total{event_type="reset",protocol="tcp",reset_reason="no_linger"} 25
connection_events_total{event_type="close",protocol="tcp",reset_reason=""} 950
connection_events_total{event_type="failed",protocol="tcp",reset_reason=""} 100
connection_events_total{event_type="open",protocol="udp",reset_reason=""} 30
connection_events_total{event_type="close",protocol="udp",reset_reason=""} 30
connection_duration_seconds_count{protocol="tcp"} 1000
connection_rtt_seconds_count{protocol="tcp"} 1000'
