#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is attached can be taken off by others: bpftool detaches a link, an interface or a cgroup goes.
# That is noticed, said once, and to be seen in the metrics and by the alert of `dashboard --rules`.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/prometheus.sh"
need_root
need curl ip bpftool jq
HOOKS=$OBJECTS/load_hooks.bpf.o
SIDE=bombus-a$$
ip link add ${SIDE:0:15} type veth peer name "b${SIDE:7:14}" 2>/dev/null ||
	skip_all 'no interface can be made'
SIDE=${SIDE:0:15}
at_exit+=("ip link del $SIDE")

figure() { fetch "http://127.0.0.1:$PORT/metrics" | sed -n "s/^$1 //p"; }
attached_is() { [ "$(figure "bombus_program_attached{.*function=\"$PROG\",.*}")" = "$1" ]; }
link_id() { bpf_held "$BOMBUS_PID" | sed -n 's/^link_id //p' | head -n 1; }

# start PROG TARGET: attached, and shown so.
start() {
	PROG=$1
	PORT=$(free_port)
	ok "$PROG on ${2##*/}: it attaches" bombus_start "$PROG" run "$HOOKS" --only "$PROG" \
		--attach "$PROG=$2" -o none --metrics="127.0.0.1:$PORT" --record "$T/$PROG.rec" --force
	ok "$PROG: the metrics say so" attached_is 1
	is "$PROG: it is ready" "$(curl -s -o /dev/null -w '%{http_code}' \
		"http://127.0.0.1:$PORT/-/ready")" 200
}

# noticed: what is seen of it, whatever was the reason.
noticed() {
	ok "$PROG: bombus notices it" wait_for 10 attached_is 0
	is "$PROG: with a reason" "$(figure "bombus_program_attach_errno{.*function=\"$PROG\",.*}")" 67
	is "$PROG: it is not ready any more" "$(curl -s -o /dev/null -w '%{http_code}' \
		"http://127.0.0.1:$PORT/-/ready")" 503
	sleep 1.2
	is "$PROG: it is said once" "$(grep -c "warning: program '$PROG'.*not attached any more" \
		"$PROG.err")" 1
}

# --- an interface goes ---
start packets "$SIDE:generic"
if prometheus_there; then
	run_bombus dashboard "$HOOKS" --rules
	printf '%s\n' "$OUT" >rules.yml
	cat >prom.yml <<-END
	global: { scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s }
	rule_files: [ $T/rules.yml ]
	scrape_configs:
	- job_name: bombus
	  static_configs: [ { targets: [ '127.0.0.1:$PORT' ] } ]
	END
	ok 'Prometheus starts with our rules' prometheus_start "$T/prom.yml"
	ok 'it scrapes' wait_for 15 query_is 'up{job="bombus"}' 1
	is 'no alert fires' \
		"$(query 'ALERTS{alertname="BombusProgramDetached",function="packets"}')" ''
fi
ip link del "$SIDE"
noticed
if [ -n "${PROMETHEUS:-}" ]; then
	ok 'the alert is raised' wait_for 15 query_is \
		'ALERTS{alertname="BombusProgramDetached",function="packets"}' 1
else
	skip 'the alert' 'Prometheus is not to be had'
fi
ok 'it ends' bombus_stop INT

ip link add "$SIDE" type veth peer name "b${SIDE:7}"
start in "$SIDE"
ip link del "$SIDE"
noticed
ok 'it ends' bombus_stop INT
is 'and well' "$RC" 0

# --- a cgroup goes, or the link is detached ---
if cgroup_make 2>/dev/null; then
	start cgskb "$GROUP"
	id=$(link_id)
	ok 'bpftool detaches the link' bpftool link detach id "$id"
	noticed
	ok 'it ends' bombus_stop INT
	"$BOMBUS" replay cgskb.rec -o none --metrics="127.0.0.1:$PORT" 2>again.err &
	again=$!
	started+=("$again")
	ok 'a recording shows it too' wait_for 10 attached_is 0
	unlike 'and is whole' "$(cat again.err)" 'damaged|cut'
	ok 'the replay leaves' kill $again
	start connect4 "$GROUP"
	ok 'the cgroup goes' rmdir "$GROUP"
	noticed
	ok 'it ends' bombus_stop INT
	mkdir "$GROUP" # at the end it is removed once more
else
	skip 'cgroups' 'no cgroup v2 can be mounted here'
fi

# --- what stays where it is, is not said to be gone ---
PORT=$(free_port)
ok 'others attach' bombus_start others run "$HOOKS" --only tp,rawtp,tpbtf,sample -o none \
	--metrics="127.0.0.1:$PORT"
sleep 2.5
is 'and stay' "$(figure 'bombus_program_attached{.*}' | sort -u)" 1
ok 'they end' bombus_stop INT
done_testing
