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
	NAMESPACE_SECONDS=900
	namespace own || skip_all 'no network namespace'
	inside "$own" ip link set lo up
	TRAFFIC_NET=$own
else
	inside() { "${@:2}"; }
fi
NETNS=$(stat -Lc %i "/proc/$own/ns/net")

# shown NAME MAP FILTER WANTED: as series, once a run with --interval 100ms has it, and ended. Packets
# arrive in soft interrupts, which may run a moment after they are sent.
is_shown() {
	[ "$(jq -rcs "map(select(.map == \"$2\" and .key != null)) | group_by(.key) | map(last) | $3" "$1.out")" = "$4" ]
}
shown() {
	wait_for 20 is_shown "$@"
	bombus_stop INT
	series "$@"
}

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
	'map(select(.map == "tcp" and .key.accepted == false) | .value.sent) |
	[max, length >= 3, (unique | length >= 3), (map(. % 1000) | unique)]' '[6000,true,true,[0]]'
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
example_start skbdrop --set netns="$NETNS" --interval 100ms
inside "$own" "$BUILD/tests/support/traffic" --now udp-to,127.0.0.1,9,6,7
shown skbdrop drops 'map(select(.key.reason == "NO_SOCKET") |
	[.key.interface, .key.ether_type, .key.protocol, .value])' '[["lo","IPv4","udp",7]]'
series skbdrop drop_stacks 'map(select(.key.reason == "NO_SOCKET") | [.value, (.key.stack | test("udp"))])' \
	'[[7,true]]'

# --- bindsnoop and solisten ---
example bindsnoop bind,127.0.0.1,7077,3
events bindsnoop binds 'map([.comm, .err, .protocol, .address, .port, .any_port]) | group_by(.) | map(.[0] + [length])' \
	'[["traffic","0","udp","127.0.0.1",7077,false,1],["traffic","EADDRINUSE","udp","127.0.0.1",7077,false,2]]'
events bindsnoop binds "map(.netns) | unique" "[$NETNS]"
example bindsnoop tcp,::1,10,1
events bindsnoop binds 'map([.err, .protocol, .address, .port, .any_port])' \
	"[[\"0\",\"tcp\",\"::1\",$(traffic_said port),true]]"
example bindsnoop bind,127.0.0.1,7077,3 --set failed_only=true
events bindsnoop binds length 2
no_loss bindsnoop
example solisten tcp,127.0.0.1,10,1
events solisten listens 'map([.comm, .err, .protocol, .address, .port, .backlog, .limit, .netns])' \
	"[[\"traffic\",\"0\",\"tcp\",\"127.0.0.1\",$(traffic_said port),16,16,$NETNS]]"
no_loss solisten

# --- udptop: four sockets that ask, each connected, and one that answers all ---
example udptop udp,127.0.0.1,40,4 --interval 1h
series udptop udp 'map([.key.saddr, .key.daddr, .value.sent, .value.received, .value.datagrams_sent, .value.datagrams_received]) | sort' \
	'[["127.0.0.1","",160,160,4,4],["127.0.0.1","127.0.0.1",160,160,4,4]]'
example udptop udp,::1,50,3 --interval 1h
series udptop udp 'map([.key.saddr, .key.daddr, .value.sent, .value.received]) | sort' \
	'[["::1","",150,150],["::1","::1",150,150]]'

# --- gethostlatency ---
example gethostlatency resolve,localhost,3
events gethostlatency lookups 'map([.pid, .comm, .call, .found, .host, .took > 0]) | group_by(.) | map(.[0] + [length])' \
	"[[$TRAFFIC_PID,\"traffic\",\"GETADDRINFO\",true,\"localhost\",true,3]]"
no_loss gethostlatency

# --- dnssnoop: answers with addresses, without, and none ---
for at in 127.0.0.1 ::1; do
	example dnssnoop dns,$at,2,1500 --interval 100ms --set timeout=1
	events dnssnoop queries "map([.name, .type, .result, .answers, (.addresses | map(select(. != \"\" and . != null)) | join(\" \"))]) |
		group_by(.) | map(.[0] + [length])" "$(jq -c . <<'END'
[["late.test","A","NO_ANSWER",0,"",2],["none.test","A","NXDOMAIN",0,"",2],
["www.test","A","NOERROR",2,"192.0.2.1 192.0.2.1",2],["www.test","AAAA","NOERROR",1,"2001:db8::1",2]]
END
	)"
	events dnssnoop queries 'map([.pid, .comm, .server, .netns]) | unique' \
		"[[$TRAFFIC_PID,\"traffic\",\"$at\",$NETNS]]"
	series dnssnoop dns_latency 'map([.key.server, .key.result, .count])' \
		"[[\"$at\",\"NOERROR\",4],[\"$at\",\"NO_ANSWER\",2],[\"$at\",\"NXDOMAIN\",2]]"
	no_loss dnssnoop
done

# --- tlssni: on both sides ---
example tlssni hello,127.0.0.1,shop.example.org,3
port=$(traffic_said port)
events tlssni hellos 'map([.pid, .comm, .accepted, .name, .dport, .netns]) | group_by(.) | map(.[0] + [length])' \
	"$(jq -nc "[false, true] | map([$TRAFFIC_PID,\"traffic\",.,\"shop.example.org\",$port,$NETNS,3])")"
no_loss tlssni
example tlssni tcp,127.0.0.1,300,2
events tlssni hellos length 0

# --- interfaces: a pair, the other end of which is in another namespace, in the guest in the same ---
inside "$own" ip link add tx0 type veth peer name rx0
inside "$own" ip addr add 10.78.0.1/24 dev tx0
inside "$own" ip link set tx0 addrgenmode none
inside "$own" ip link set rx0 addrgenmode none
inside "$own" ip link set tx0 up
inside "$own" ip link set rx0 up
inside "$own" ip neigh add 10.78.0.2 lladdr 02:00:00:00:00:02 dev tx0 nud permanent
cat >bombus-inside <<END
#!/bin/bash
exec ${TRAFFIC_NET:+nsenter --net=/proc/$own/ns/net} "$(realpath "$BOMBUS")" "\$@"
END
chmod +x bombus-inside
in_namespace() { BOMBUS=$T/bombus-inside "$@"; }
send_to() { inside "$own" "$BUILD/tests/support/traffic" --now "udp-to,$1"; }

ok 'xdpcount: it attaches' in_namespace example_start xdpcount --attach count_packets=rx0 --interval 100ms
send_to 10.78.0.2,9,100,7
shown xdpcount received 'map(select(.key.protocol == "udp") | [.key.ether_type, .key.vlan, .value.packets, .value.bytes])' \
	'[["IPv4",false,7,994]]'

# --- qdisclat: a line of 25 bytes a millisecond, on which packets wait for each other ---
inside "$own" tc qdisc add dev tx0 root tbf rate 200kbit burst 1100 latency 10s
ok 'qdisclat: it attaches' example_start qdisclat --set netns="$NETNS" --interval 100ms
send_to 10.78.0.2,9,958,6
shown qdisclat qdisc_latency 'map([.key.interface, .key.qdisc, .count, .sum > 100000, .sum < 10000000])' \
	'[["tx0","tbf",6,true,true]]'
# Of one process: its SYN, and not the datagrams of another one.
traffic_start unanswered,10.78.0.2,9,200
ok 'qdisclat: of a process, it attaches' example_start qdisclat --pid "$TRAFFIC_PID" --interval 100ms
send_to 10.78.0.2,9,100,3
ok 'qdisclat: it connects' traffic_go
shown qdisclat qdisc_latency 'map([.key.interface, .count])' '[["tx0",1]]'
inside "$own" tc qdisc del dev tx0 root

# --- iferrors: an XDP program that fails ---
ok 'iferrors: a program that fails is attached' in_namespace bombus_start abort run "$OBJECTS/network_abort.bpf.o" -o none \
	--attach always_fails=rx0
abort=$BOMBUS_PID
ok 'iferrors: it attaches' example_start iferrors --set netns="$NETNS" --interval 100ms
send_to 10.78.0.2,9,100,5
shown iferrors interface_errors 'map([.key.interface, .key.netns, .key.error, .value])' \
	"[[\"rx0\",$NETNS,\"XDP_UNHANDLED\",5]]"
kill -INT "$abort"

done_testing
