#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The examples that need no more than tracepoints, each with traffic of known size, of which they
# have to tell exactly. Everything is filtered to processes of this test.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# --- files ---
echo x >known.txt
example opensnoop "open,$T/known.txt,7"
events opensnoop events "map(select(.fname == \"$T/known.txt\")) |
	[length, (map([.pid, .comm, .ret >= 0]) | unique)]" \
	"[7,[[$TRAFFIC_PID,\"traffic\",true]]]"
no_loss opensnoop
example opensnoop "open-missing,$T/not-there,3" --set failed_only=true
events opensnoop events 'map([.fname, .err, .ret])' \
	"$(jq -nc --arg f "$T/not-there" '[range(3) | [$f, "ENOENT", -2]]')"

# --- processes ---
cp "$(type -P true)" known-program
traffic_start "exec,$T/known-program,7"
ok 'execsnoop: it attaches' example_start execsnoop --set target_parent="$TRAFFIC_PID"
ok 'execsnoop: seven programs' traffic_go
ok 'execsnoop: it ends' bombus_stop INT
events execsnoop execs '[length, (map([.comm, .pcomm, .ppid, .fname, .args]) | unique)]' \
	"[7,[[\"known-program\",\"traffic\",$TRAFFIC_PID,$(
	)\"$T/known-program\",\"$T/known-program\"]]]"
events execsnoop execs 'map(.pid) | unique | length' 7
no_loss execsnoop

# Its children are other processes: they are found by their cgroup.
if cgroup_make 2>/dev/null; then
	traffic_start exit,7,4 kill,15,2 exit,0,1
	echo "$TRAFFIC_PID" >"$GROUP/cgroup.procs"
	ok 'exitsnoop: it attaches' \
		example_start exitsnoop --set target_cgroup="$(stat -c %i "$GROUP")"
	ok 'exitsnoop: seven ends' traffic_go
	ok 'exitsnoop: it ends' bombus_stop INT
	events exitsnoop exits "map(select(.pid != $TRAFFIC_PID) |
		[.exit_code, .sig == \"SIGTERM\"]) | group_by(.) | map([.[0], length])" \
		'[[[0,false],1],[[0,true],2],[[7,false],4]]'
	events exitsnoop exits "map(select(.pid != $TRAFFIC_PID) | .ppid) | unique" "[$TRAFFIC_PID]"
	events exitsnoop exits "map(select(.pid == $TRAFFIC_PID)) | length" 1
	no_loss exitsnoop
else
	skip exitsnoop 'no cgroup v2 can be mounted here'
fi

# --- connections ---
example tcpconnect tcp,127.0.0.1,10,5
port=$(traffic_said port)
events tcpconnect events "map([.daddr, .dport, .pid, .comm]) | group_by(.) | map([.[0], length])" \
	"[[[\"127.0.0.1\",$port,$TRAFFIC_PID,\"traffic\"],5]]"
no_loss tcpconnect
example tcpconnect tcp,::1,10,4
events tcpconnect events "map([.saddr, .daddr, .dport])| unique" \
	"[[\"::1\",\"::1\",$(traffic_said port)]]"
example tcpconnect refused,127.0.0.1,3
events tcpconnect events length 3
traffic_start tcp,127.0.0.1,1,2
ok 'tcpconnect: another port' example_start tcpconnect --set target_pid="$TRAFFIC_PID" \
	--set target_port=1
traffic_go
bombus_stop INT
events tcpconnect events length 0

example tcpconnlat tcp,127.0.0.1,10,6
events tcpconnlat events "[length, (map([.saddr, .daddr, .dport, .tgid, .comm]) | unique)]" \
	"[6,[[\"127.0.0.1\",\"127.0.0.1\",$(traffic_said port),$TRAFFIC_PID,\"traffic\"]]]"
events tcpconnlat events 'map(.sport) | unique | length' 6
events tcpconnlat events 'map(.delta_us | . >= 0 and . < 5000000) | all' true
no_loss tcpconnlat
example tcpconnlat tcp,::1,10,3
events tcpconnlat events 'map([.saddr, .daddr, .af]) | unique' '[["::1","::1",10]]'
example tcpconnlat refused,127.0.0.1,2
events tcpconnlat events length 2
example tcpconnlat tcp,127.0.0.1,10,6 --set min_us=60000000
events tcpconnlat events length 0
example tcpconnlat tcp,127.0.0.1,10,8 --map events=counter --labels events=daddr,comm
series tcpconnlat events 'map([.key, .value])' \
	'[[{"daddr":"127.0.0.1","comm":"traffic"},8]]'
example tcpconnlat tcp,127.0.0.1,10,7 --map events=histogram --labels events=comm
series tcpconnlat events 'map([.key, .count, .buckets[-1].count, (.sum < 7 * 5000000)])' \
	'[[{"comm":"traffic"},7,7,true]]'

# Open while they last, and none when all are closed.
traffic_start hold,127.0.0.1,3,1500
ok 'activeconn: it attaches' example_start activeconn --set target_pid="$TRAFFIC_PID" \
	--interval 100ms
ok 'activeconn: three, for a while' traffic_go
ok 'activeconn: it ends' bombus_stop INT
jq_is 'activeconn: three at most' activeconn.out \
	'map(select(.map == "connections" and .kind == "gauge") | .value) | max' 3
series activeconn connections 'map([.key.daddr, .value])' '[["127.0.0.1",0]]'

# --- HTTP, both ends of which are in one process: each request is made and received ---
example http_stats http,127.0.0.1,6
bytes=$(traffic_said bytes)
series http_stats http_stats \
	'map([.key.pid, .value.request_count, .value.bytes_sent, .value.bytes_received])' \
	"[[$TRAFFIC_PID,12,$bytes,$bytes]]"

# --- system calls ---
example syscount getppid,25
series syscount syscalls 'map(select(.key.syscall == "getppid") | .value)' '[25]'
example syscount getppid,5 --set by_comm=true --where 'syscall == getppid'
series syscount syscalls 'map([.key, .value])' '[[{"syscall":"getppid","comm":"traffic","error":"0"},5]]'
example sampling getppid,50 --set sample_rate=1
events sampling samples 'map(select(.syscall == "getppid") | [.pid, .stands_for]) |
	[length, unique]' "[50,[[$TRAFFIC_PID,1]]]"
# shellcheck disable=SC2016 # jq's variable
jq_is 'sampling: all are counted' sampling.out \
	'map(select(.map == "samples")) as $all |
	map(select(.map == "calls") | .value) | last == ($all | length)' true
no_loss sampling
example sampling getppid,20 --set sample_rate=1000000000
jq_is 'sampling: rarely one' sampling.out 'map(select(.map == "samples")) | length < 3' true
jq_is 'sampling: but all are counted' sampling.out \
	'map(select(.map == "calls") | .value) | last >= 20' true

# --- tenants ---
traffic_start --uid 64321 tcp,127.0.0.1,1,4
ok 'tenant_metrics: it attaches' example_start tenant_metrics --set target_pid="$TRAFFIC_PID"
ok 'tenant_metrics: four connections' traffic_go
ok 'tenant_metrics: it ends' bombus_stop INT
series tenant_metrics tenant_metrics \
	'map(select(.key.metric_name == "tcp_connects") | [.key.tenant_id, .value])' '[[64321,4]]'

# --- waiting for a CPU: each nap ends with a wakeup, and a wait however short ---
example runqlat naps,2,30 --set by_comm=true
series runqlat runq_latency 'map([.key.comm, .count >= 30, .buckets[-1].count == .count])' \
	'[["traffic",true,true]]'

done_testing
