#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Once everything is attached nothing is kept that reading needs not: in no thread, and for good.
. "$(dirname "$0")/../support/lib.sh"
need_root

# caps FIELD: the set of every thread, each once.
caps() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$BOMBUS_PID/task/"*/status | sort -u | tr '\n' ' '
}

traffic_start getppid,9
PORT=$(free_port)
# Three kinds of threads: the collector's, an output's, the metrics server's.
ok 'it attaches' bombus_start plain run "$OBJECTS/run_maps.bpf.o" --set target_pid="$TRAFFIC_PID" \
	--interval 100ms -o json --metrics="127.0.0.1:$PORT"
at_least 'it has threads' "$(find "/proc/$BOMBUS_PID/task" -mindepth 1 -maxdepth 1 | wc -l)" 3
for set in CapEff CapPrm CapInh CapAmb; do
	is "$set is empty in all of them" "$(caps $set)" '0000000000000000 '
done
is 'nor can it be gained again' "$(caps NoNewPrivs)" '1 '
is 'nor by a program with more' "$(caps CapBnd)" '0000000000000000 '
ok 'nine rounds' traffic_go
ok 'metrics are served' fetch "http://127.0.0.1:$PORT/metrics"
ok 'it ends' bombus_stop INT
is 'and well' "$RC" 0
jq_is 'maps of every kind were read' plain.out \
	'[.[] | select(.key != null or .value != null) | .map] | unique | length > 5' true
held=$(bpf_held "$BOMBUS_PID")
is 'nothing stays attached' "$held" ''

traffic_start getppid,1
ok '--keep-caps: it attaches' bombus_start kept run "$OBJECTS/run_maps.bpf.o" --keep-caps \
	--set target_pid="$TRAFFIC_PID" -o none
is '--keep-caps keeps what there was' "$(caps CapEff)" \
	"$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) "
ok '--keep-caps: one round' traffic_go
ok '--keep-caps: it ends' bombus_stop INT

# Buffers and samples of CPUs that come online later take a capability.
traffic_start getppid,1
ok 'perf: it attaches' bombus_start perf run "$OBJECTS/cpus.bpf.o" -o none \
	--set target_pid="$TRAFFIC_PID"
is 'perf: CAP_PERFMON and no other' "$(caps CapEff)" '0000004000000000 '
ok 'perf: one round' traffic_go
ok 'perf: it ends' bombus_stop INT

# The way from a cgroup's id to its path takes a capability, and that one stays.
if cgroup_make 2>/dev/null; then
	traffic_start exit,0,2
	echo "$TRAFFIC_PID" >"$GROUP/cgroup.procs"
	ok 'cgroups: it attaches' \
		bombus_start exits --store "$EXAMPLES" run exitsnoop -o table \
		--set target_cgroup="$(stat -c %i "$GROUP")"
	is 'cgroups: CAP_DAC_READ_SEARCH and no other' "$(caps CapEff)" '0000000000000004 '
	ok 'cgroups: processes end' traffic_go
	ok 'cgroups: it ends' bombus_stop INT
	like 'cgroups: their path is there' "$(cat exits.out)" "${GROUP##*/}"
else
	skip 'cgroups' 'no cgroup v2 can be mounted here'
fi

done_testing
