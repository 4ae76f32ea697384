#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the host cannot attach: kprobes, fentry and LSM programs, and tc on a kernel before tcx.
. "$(dirname "$0")/../support/lib.sh"
need jq bpftool

HOOKS=$OBJECTS/load_hooks.bpf.o
ALT=$OBJECTS/load_alt.bpf.o
PINGS=refused,127.0.0.1,3

last_hits() {
	jq -rs 'map(select(.map == "hits")) | last | .value // 0' "$1.out"
}

nothing_left() {
	local kind id

	while read -r kind id; do
		kind=${kind%_id}
		! bpftool "$kind" show id "$id" >/dev/null 2>&1 || return 1
	done <"$1"
	! tc qdisc show dev lo | grep -q clsact
}

# hook NAME WANTED JOB ARGUMENTS...
hook() {
	local name=$1 wanted=$2 job=$3
	shift 3
	traffic_start "$job"
	ok "$name: it attaches" bombus_start "$name" run "$HOOKS" -o json --interval 200ms \
		"${@//PID/$TRAFFIC_PID}"
	bpf_held "$BOMBUS_PID" >"$T/$name.held"
	ok "$name: the traffic" traffic_go
	bombus_stop INT
	is "$name: it counted" "$(last_hits "$name")" "$wanted"
	ok "$name: nothing is left in the kernel" wait_for 10 nothing_left "$T/$name.held"
}

hook tracepoint 7 getppid,7 --only tp --set target_pid=PID
hook tp_btf 7 getppid,7 --only tpbtf --set target_pid=PID
hook fentry 7 open,/etc/passwd,7 --only fent --set target_pid=PID
hook fentry-named 9 open,/etc/passwd,9 --only fent --set target_pid=PID \
	--attach fent=security_file_open
hook kprobe 7 getppid,7 --only kpro --set target_pid=PID
hook kprobe-named 7 getppid,7 --only kpro --set target_pid=PID --attach kpro=__x64_sys_getppid
run_bombus check --format json
if [ "$(jq -r '.[] | select(.feature == "kprobe.multi") | .ok' <<<"$OUT")" = ok ]; then
	hook kprobe.multi 7 getppid,7 --only kmulti --set target_pid=PID
else
	run_bombus run "$HOOKS" --dry-run --only kmulti
	is 'kprobe.multi, missing: status' "$RC" 3
	like 'kprobe.multi, missing: why' "$ERR" 'built without CONFIG_FPROBE'
fi
hook ksyscall 7 getppid,7 --only ksys --set target_pid=PID
hook lsm 6 open,/etc/passwd,6 --only lsmopen --set target_pid=PID
hook uprobe 5 probe,5 --only upro --attach "upro=$BUILD/tests/support/traffic:traffic_probe,pid=PID"
hook xdp 6 "$PINGS" --only packets --attach packets=lo
# tc, on the clsact qdisc.
if modprobe sch_ingress && modprobe cls_bpf; then
	hook tc-ingress 6 "$PINGS" --only in --attach in=lo
	hook tc-both 12 "$PINGS" --only both --attach both=lo:ingress --attach both=lo:egress

	# A kill -9 leaves no filter and no qdisc.
	bombus_start killed run "$HOOKS" -o json --only in --attach in=lo
	bpf_held "$BOMBUS_PID" >"$T/killed.held"
	like 'tc, killed: it was there' "$(tc filter show dev lo ingress)" 'bpf'
	bombus_stop KILL
	ok 'tc, killed: nothing is left' wait_for 10 nothing_left "$T/killed.held"

	# A qdisc that was there before stays.
	tc qdisc add dev lo clsact
	bombus_start beside run "$HOOKS" -o json --only in --attach in=lo
	bombus_stop INT
	like "tc: another's qdisc stays" "$(tc qdisc show dev lo)" 'qdisc clsact'
	tc qdisc del dev lo clsact
else
	skip 'tc' 'the guest has no modules sch_ingress and cls_bpf'
fi

# Here the first alternative works, and is taken.
traffic_start getppid,4
ok 'alternatives: one attaches' bombus_start alt run "$ALT" -o json --only missing --only first \
	--only late
run_bombus run "$ALT" --dry-run --only job
is 'alternatives: status' "$RC" 0
like 'alternatives: fentry is taken' "$ERR$OUT" 'job___fentry.*attached'
bombus_stop INT

run_bombus check --format json
is 'check: fentry' "$(jq -r '.[] | select(.feature == "fentry") | .ok' <<<"$OUT")" ok
is 'check: kprobe' "$(jq -r '.[] | select(.feature == "kprobe") | .ok' <<<"$OUT")" ok
is 'check: lsm' "$(jq -r '.[] | select(.feature == "lsm") | .ok' <<<"$OUT")" ok
is 'check: tcx came later' "$(jq -r '.[] | select(.feature == "tcx") | .ok' <<<"$OUT")" no
run_bombus run "$HOOKS" --dry-run --only kpro --attach kpro=tcp_v4_connct
is 'kprobe: no such function: status' "$RC" 3
like 'kprobe: no such function' "$ERR" "no function 'tcp_v4_connct'"
like 'kprobe: the nearest' "$ERR" "did you mean 'tcp_v4_connect'"
done_testing
