#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Chains of decoders (BOMBUS_DECODE) in JSON, metrics and labels; what matches no expression is left
# out.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq curl

traffic_start getppid,1
ok 'it attaches' bombus_start run run "$OBJECTS/decoders.bpf.o" --set target_pid="$TRAFFIC_PID" \
	--interval 100ms -o json --metrics=127.0.0.1:0
ok 'one call' traffic_go
url=http://127.0.0.1:$(sed -n 's,.*metrics are on port ,,p' run.err)
ok 'metrics are served' wait_for 10 sh -c "curl -sf $url/metrics | grep -q ^ebpf_ops"
curl -sf "$url/metrics" | grep ^ebpf_ops | sort >scrape
is 'labels are decoded; what no expression matches is no series' "$(cat scrape)" \
	'ebpf_ops_total{op="read",name="kworker",raw="ab01"} 5
ebpf_ops_total{op="unknown:3",name="sh",raw="ab01"} 9
ebpf_ops_total{op="write",name="sh",raw="ab01"} 7'
ok 'it ends' bombus_stop INT
is 'series in JSON' \
	"$(jq -sc 'map(select(.map == "ops")) | map([.key.op, .key.name, .key.raw, .value]) | unique' run.out)" \
	'[["read","kworker","ab01",5],["unknown:3","sh","ab01",9],["write","sh","ab01",7]]'
events run events 'map([.op, .errno_, .name])' '[["read","ENOENT","k"],["9","ENOENT","k"]]'
done_testing
