#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs about the network on an older kernel: what tests/kernel/programs_network.sh expects,
# and connections over a line that is slow or loses packets.
. "$(dirname "$0")/../support/lib.sh"

modprobe sch_netem
modprobe sch_tbf
modprobe veth

# --- tcprtt: a packet takes 20 ms each way ---
tc qdisc add dev lo root netem delay 20ms
example tcprtt late,127.0.0.1,100,10,1
tc qdisc del dev lo root
jq_is 'tcprtt: 40 ms' tcprtt.out 'map(select(.map == "tcp_rtt")) | last |
	[.key.comm, .count >= 10, .sum >= .count * 40000, (.buckets | map(select(.le <= 32768) | .count) | max // 0)]' \
	'["traffic",true,true,0]'

# --- tcpretrans: the answer to a SYN is sent again, too ---
tc qdisc add dev lo root netem loss 100%
traffic_start unanswered,127.0.0.1,9,1500
ok 'tcpretrans: it attaches' example_start tcpretrans --set netns=self --set target_port=9
ok 'tcpretrans: nothing answers' traffic_go
ok 'tcpretrans: it ends' bombus_stop INT
tc qdisc del dev lo root
events tcpretrans retransmits 'map([.kind, .pid, .daddr, .dport, .state])' \
	"[[\"RETRANSMIT_SEGMENT\",$TRAFFIC_PID,\"127.0.0.1\",9,\"SYN_SENT\"]]"

# --- qdisclat: a queue that holds each packet for 20 ms ---
tc qdisc add dev lo root netem delay 20ms
ok 'qdisclat: it attaches' example_start qdisclat --interval 1h
"$BUILD/tests/support/traffic" --now udp-to,127.0.0.1,9,100,5
# Each is answered with a message that nothing is there.
ok 'qdisclat: packets and answers have passed' wait_for 20 eval 'tc -s qdisc show dev lo | grep " 10 pkt"'
ok 'qdisclat: it ends' bombus_stop INT
tc qdisc del dev lo root
jq_is 'qdisclat: 20 ms' qdisclat.out 'map(select(.map == "qdisc_latency")) | last |
	[.key.interface, .key.qdisc, .count, .sum >= .count * 20000]' '["lo","netem",10,true]'

# --- connections: IPv4 over an IPv6 socket passes two functions, and counts once ---
example connections udp,::ffff:127.0.0.1,40,3
events connections events 'map(select(.event == "close") | [.protocol, .sent, .received]) | group_by(.) | map(.[0] + [length])' \
	'[["udp",40,40,3],["udp",120,120,1]]'
example udptop udp,::ffff:127.0.0.1,40,3 --interval 1h
series udptop udp 'map([.value.sent, .value.received])' '[[120,120],[120,120]]'

# shellcheck source=../kernel/programs_network.sh
. "$TESTS/kernel/programs_network.sh"
