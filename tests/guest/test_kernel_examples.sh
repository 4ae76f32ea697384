#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The examples that want kprobes, fentry, or a machine of their own, with traffic of known size.
. "$(dirname "$0")/../support/lib.sh"

# --- kprobetcp: the kprobe is the better hook, and here it exists ---
example kprobetcp tcp,127.0.0.1,10,5
events kprobetcp events 'map([.pid, .type, .comm]) | group_by(.) | map([.[0], length])' \
	"[[[$TRAFFIC_PID,\"SEEN_BY_KPROBE\",\"traffic\"],5]]"
no_loss kprobetcp
example kprobetcp tcp,127.0.0.1,10,3 --only tcp_v4_connect___tp
events kprobetcp events 'map(.type)' \
	'["SEEN_BY_TRACEPOINT","SEEN_BY_TRACEPOINT","SEEN_BY_TRACEPOINT"]'

# --- connections: UDP by its functions, and no reason of a reset that the kernel names ---
traffic_start tcp,127.0.0.1,100,5 tcp,::1,10,2 refused,127.0.0.1,3 udp,127.0.0.1,40,4 udp,::1,50,2
ok 'connections: it attaches' example_start connections --set target_pid="$TRAFFIC_PID"
ok 'connections: traffic of each kind' traffic_go
ok 'connections: it ends' bombus_stop INT
events connections events 'map([.event, .protocol]) | group_by(.) | map([.[0], length])' \
	'[[["close","tcp"],14],[["close","udp"],8],[["failed","tcp"],3],[["open","tcp"],14],[["open","udp"],8]]'
events connections events 'map(select(.event == "close")) | group_by(.protocol) |
	map([.[0].protocol, (map(.sent) | add), (map(.received) | add)])' '[["tcp",520,520],["udp",520,520]]'
jq_is 'connections: in the metrics too' connections.out \
	'map(select(.map == "connection_bandwidth")) | group_by(.key) | map(last | [.key.direction, .key.protocol, .value])' \
	'[["received","tcp",520],["received","udp",520],["sent","tcp",520],["sent","udp",520]]'
no_loss connections

# --- capable: the function's result is known where it ends ---
example capable chroot,3
events capable checks 'map(select(.cap == "CAP_SYS_CHROOT") | [.pid, .uid, .verdict, .comm])' \
	"$(jq -nc --argjson p "$TRAFFIC_PID" '[range(3) | [$p, 0, "CHECK_GRANTED", "traffic"]]')"
no_loss capable
traffic_start --uid 65534 chroot,4
ok 'capable: it attaches' example_start capable --set target_pid="$TRAFFIC_PID" \
	--set refused_only=true
ok 'capable: by a process without the capability' traffic_go
ok 'capable: it ends' bombus_stop INT
events capable checks 'map([.cap, .uid, .verdict]) | group_by(.) | map([.[0], length])' \
	'[[["CAP_SYS_CHROOT",65534,"CHECK_REFUSED"],4]]'
example capable chroot,2 --only cap_capable___kprobe
events capable checks 'map(select(.cap == "CAP_SYS_CHROOT") | .verdict)' \
	'["CHECK_UNKNOWN","CHECK_UNKNOWN"]'

# --- oomkill: by the limit of a cgroup ---
group=/sys/fs/cgroup/oom
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
echo $((32 << 20)) >$group/memory.max
traffic_start touch,$((96 << 20))
echo "$TRAFFIC_PID" >$group/cgroup.procs
ok 'oomkill: it attaches' example_start oomkill
ok 'oomkill: more than the limit is touched' traffic_go
ok 'oomkill: it ends' bombus_stop INT
is 'oomkill: the kernel killed it' "$(traffic_said touched)" Killed
events oomkill oomkills 'map([.tpid, .fpid, .tcomm, .fcomm, .pages, .cgroup])' \
	"$(jq -nc --argjson c "$(traffic_said child)" --argjson g "$(stat -c %i $group)" \
		'[[$c, $c, "traffic", "traffic", 8192, $g]]')"
no_loss oomkill
rmdir $group

# --- disks: one that takes 5 ms for every request, by its own timer ---
modprobe null_blk nr_devices=1 irqmode=2 completion_nsec=5000000 hw_queue_depth=16
example biosnoop write-direct,/dev/nullb0,4096,10
events biosnoop requests 'map([.op, .size, .status, .pid, .comm]) | group_by(.) |
	map([.[0], length])' "[[[\"IO_WRITE\",4096,0,$TRAFFIC_PID,\"traffic\"],10]]"
events biosnoop requests 'map(.offset)' '[0,4096,8192,12288,16384,20480,24576,28672,32768,36864]'
events biosnoop requests 'map(.disk) | unique' '["nullb0"]'
events biosnoop requests 'map(.took >= 5000000) | all' true
no_loss biosnoop
example biosnoop write-direct,/dev/nullb0,4096,3 --set min_us=60000000
events biosnoop requests length 0

example biolatency write-direct,/dev/nullb0,8192,12
series biolatency bio_latency 'map([.key.disk, .key.op, .count])' '[["nullb0","IO_WRITE",12]]'
series biolatency bio_latency '.[0].sum >= 12 * 5000' true
series biolatency bio_latency '.[0].buckets | map(select(.le == 4096) | .count)' '[0]'
series biolatency bio_latency '.[0].buckets[-1].count' 12

# Its buckets are an eighth of a power of two; a request takes 5 ms or a little more.
example disklat write-direct,/dev/nullb0,8192,9
series disklat disk_latency 'map([.key.minor, .count, (.key.major > 0), (.sum >= 9 * 5000000)])' \
	'[[0,9,true,true]]'
series disklat disk_latency '.[0].buckets | map(select(.le > 4800000 and .le < 5000000) | .count)' '[0]'
series disklat disk_latency '.[0].buckets | map(select(.le > 2097152 and .le <= 4194304)) | length' 8
modprobe -r null_blk

# --- tcpretrans: nothing comes through, so that the first segment is sent again after a second ---
modprobe sch_netem
ok 'tcpretrans: a loopback that loses everything' tc qdisc add dev lo root netem loss 100%
example tcpretrans unanswered,127.0.0.1,9,2500
tc qdisc del dev lo root
events tcpretrans retransmits 'map([.pid, .comm, .daddr, .dport, .state])' \
	"[[$TRAFFIC_PID,\"traffic\",\"127.0.0.1\",9,\"SYN_SENT\"]]"
no_loss tcpretrans

# --- softirqs: network traffic over loopback is received in one ---
example softirqs tcp,127.0.0.1,100000,50
jq_is 'softirqs: those of the network' softirqs.out \
	'map(select(.key.vector == "SOFTIRQ_NET_RX") | .count) | max >= 50' true

done_testing
