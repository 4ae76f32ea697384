#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every kind of hook that the kernel has gets attached, and sees exactly what happens.
. "$(dirname "$0")/../support/lib.sh"

traffic_start tcp,127.0.0.1,10,6 getppid,5 probe,11
ok 'it attaches' bombus_start hooks run "$OBJECTS/run_hooks.bpf.o" -o json \
	--set target_pid="$TRAFFIC_PID" \
	--attach "on_uprobe=$BUILD/tests/support/traffic:traffic_probe" \
	--attach "on_uretprobe=$BUILD/tests/support/traffic:traffic_probe"
like 'it says how many' "$(cat hooks.err)" '12 programs attached'
ok 'connections and calls' traffic_go
ok 'it ends' bombus_stop INT
jq 'select(.key != null) | {(.key.hook): .value}' hooks.out | jq -s 'add' >hits
for wanted in KPROBE:6 KRETPROBE:6 FENTRY:6 FEXIT:6 LSM:6 KSYSCALL:5 TRACEPOINT:6 RAW_TP:6 \
	TP_BTF:6 UPROBE:11 URETPROBE:11 FLAVOUR_SECOND:6 FLAVOUR_FIRST:null FLAVOUR_THIRD:null; do
	jq_is "${wanted%:*} saw ${wanted#*:}" hits ".[0].HOOK_${wanted%:*}" "${wanted#*:}"
done

# A program that stands alone and has nowhere to go fails the whole, by name.
run_bombus run "$OBJECTS/run_nohook.bpf.o"
is 'an absent hook: status 3' "$RC" 3
like 'it is named' "$ERR" 'no_hook'

# What is chosen runs, and nothing else does.
traffic_start tcp,127.0.0.1,10,4
ok '--only: it attaches' bombus_start only run "$OBJECTS/run_hooks.bpf.o" -o json \
	--set target_pid="$TRAFFIC_PID" --only on_lsm,ends_fexit
ok '--only: connections' traffic_go
ok '--only: it ends' bombus_stop INT
jq_is '--only: these two' only.out 'map(select(.key != null) | {(.key.hook): .value}) | add |
	[.HOOK_FEXIT, .HOOK_LSM, length]' '[4,4,2]'

ok 'nothing is left' wait_for 10 eval '! bpftool prog show | grep -q "name on_lsm"'
done_testing
