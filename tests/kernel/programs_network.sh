#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs about the network, each with traffic of known size in a network namespace of the
# test's own, of which they have to tell exactly.
[ -n "${T:-}" ] || . "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/network.sh"
need_root
need jq ip nsenter

# The guest has its network for itself alone.
own=$$
if [ -z "${IN_GUEST:-}" ]; then
	namespace own || skip_all 'no network namespace'
	inside "$own" ip link set lo up
	TRAFFIC_NET=$own
fi
NETNS=$(stat -Lc %i "/proc/$own/ns/net")

# --- tcplife: both ends of a connection are sessions ---
example tcplife tcp,127.0.0.1,10,5
port=$(traffic_said port)
events tcplife sessions "map([.accepted, .sent, .received, .comm,
	(if .accepted then .sport else .dport end)]) | group_by(.) | map([.[0], length])" \
	"[[[false,10,0,\"traffic\",$port],5],[[true,0,10,\"traffic\",$port],5]]"
events tcplife sessions 'map(.lasted | . > 0 and . < 5000000000) | all' true
no_loss tcplife
example tcplife tcp,::1,70000,2
events tcplife sessions 'map([.saddr, .daddr, .sent, .received]) | group_by(.) | map([.[0], length])' \
	'[[["::1","::1",0,70000],2],[["::1","::1",70000,0],2]]'
example tcplife refused,127.0.0.1,3
events tcplife sessions length 0
example tcplife tcp,127.0.0.1,10,2 --set target_port=1
events tcplife sessions length 0

# --- tcpstates ---
example tcpstates tcp,127.0.0.1,10,2
port=$(traffic_said port)
events tcpstates changes "map([.old, .new, .sport == $port]) | group_by(.) | map(.[0] + [length])" \
	"$(jq -c . <<'END'
[["CLOSE","LISTEN",true,1],["CLOSE","SYN_SENT",false,2],["CLOSE_WAIT","LAST_ACK",true,2],
["ESTABLISHED","CLOSE_WAIT",true,2],["ESTABLISHED","FIN_WAIT1",false,2],["FIN_WAIT1","FIN_WAIT2",false,2],
["FIN_WAIT2","CLOSE",false,2],["LAST_ACK","CLOSE",true,2],["LISTEN","CLOSE",true,1],
["LISTEN","SYN_RECV",true,2],["SYN_RECV","ESTABLISHED",true,2],["SYN_SENT","ESTABLISHED",false,2]]
END
)"
events tcpstates changes 'map(select(.in_old == 0) | .new) | sort' '["LISTEN","SYN_RECV","SYN_RECV","SYN_SENT","SYN_SENT"]'
events tcpstates changes 'map(select(.socket > 0)) | group_by(.socket) | map(length) | sort' '[2,4,4,5,5]'
no_loss tcpstates

# --- tcpsynbl: the queue of a listening socket grows by one connection after the other ---
example tcpsynbl backlog,127.0.0.1,5,1500 --interval 100ms
port=$(traffic_said port)
series tcpsynbl backlog 'map([.key.address, .key.port, .key.comm, .count, .sum])' \
	"[[\"127.0.0.1\",$port,\"traffic\",5,10]]"
jq_is 'tcpsynbl: five wait, sixteen may' tcpsynbl.out \
	'map(select(.map == "listeners" and .value != null) | .value) | max_by(.waiting)' \
	'{"waiting":5,"most":16,"dropped":0}'

# --- tcppktlat: data that is read late ---
example tcppktlat late,127.0.0.1,100,4,50
events tcppktlat reads 'map([.comm, .waited >= 50000000, .waited < 5000000000]) | group_by(.) |
	map([.[0], length])' '[[["traffic",true,true],4]]'
series tcppktlat read_wait 'map([.key.comm, .count, .sum >= 200000])' '[["traffic",4,true]]'
example tcppktlat late,127.0.0.1,100,4,50 --set min_us=60000000
events tcppktlat reads length 0
no_loss tcppktlat

# --- tcptop: while connections are open, and when they end ---
example tcptop tcp,127.0.0.1,1000,20 --interval 1h
port=$(traffic_said port)
series tcptop tcp 'map([.key.pid, .key.accepted, .key.port, .key.client_port, .value.sent, .value.received])' \
	"[[$TRAFFIC_PID,false,$port,0,20000,0],[$TRAFFIC_PID,true,$port,0,0,20000]]"
example tcptop late,::1,1000,6,250 --interval 100ms
jq_is 'tcptop: it grows while it is open' tcptop.out \
	'map(select(.map == "tcp" and .key.accepted == false) | .value.sent) | [unique[0], max, length >= 3]' '[1000,6000,true]'
series tcptop tcp 'map([.key.daddr, .value.sent, .value.received])' '[["::1",6000,0],["::1",0,6000]]'
example tcptop tcp,127.0.0.1,10,3 --set by_connection=true --interval 1h
series tcptop tcp 'map(.key.client_port) | [length, (unique | length), min > 0]' '[6,3,true]'

# --- tcprtt: every segment that an established connection receives is an observation ---
example tcprtt late,127.0.0.1,100,10,1 --set by_port=true --set by_address=true
series tcprtt tcp_rtt 'map([.key.comm, .key.daddr, .key.port, .count >= 20, .sum < .count * 5000000])' \
	"[[\"traffic\",\"127.0.0.1\",$(traffic_said port),true,true]]"

# --- tcpdrop: a SYN for which there is no socket ---
example_start tcpdrop --set netns="$NETNS"
inside "$own" "$BUILD/tests/support/traffic" --now refused,127.0.0.1,3 refused,::1,2 >refused.out
bombus_stop INT
events tcpdrop drops 'map(select(.reason == "NO_SOCKET") | [.saddr, .daddr, .flags, .len]) | group_by(.) |
	map([.[0], length])' '[[["127.0.0.1","127.0.0.1","S",0],3],[["::1","::1","S",0],2]]'
no_loss tcpdrop

# --- skbdrop ---
example_start skbdrop --set netns="$NETNS" --interval 1h
inside "$own" "$BUILD/tests/support/traffic" --now udp-refused,127.0.0.1,7
bombus_stop INT
series skbdrop drops 'map(select(.key.reason == "NO_SOCKET") |
	[.key.interface, .key.ether_type, .key.protocol, .value])' '[["lo","IPv4","udp",7]]'
series skbdrop drop_stacks 'map(select(.key.reason == "NO_SOCKET") | [.value, (.key.stack | test("udp"))])' \
	'[[7,true]]'

done_testing
