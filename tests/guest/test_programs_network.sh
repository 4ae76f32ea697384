#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs about the network on an older kernel: what tests/kernel/programs_network.sh expects,
# and connections over a line that is slow or loses packets.
. "$(dirname "$0")/../support/lib.sh"

modprobe sch_netem

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

# shellcheck source=../kernel/programs_network.sh
. "$TESTS/kernel/programs_network.sh"
