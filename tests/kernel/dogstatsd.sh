#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# DogStatsD as a server of the test's own gets it: what it sums up is what the same run's /metrics
# shows. The program does one round for each call of getppid() by one process.
. "$(dirname "$0")/../support/lib.sh"
need_root
need curl python3

ROUNDS=1000
RECEIVER=$TESTS/support/dogstatsd.py
unset "${!DD_@}"

receiver_up() { # KIND ADDRESS OUT
	rm -f "$3.ready"
	python3 "$RECEIVER" "$@" >"$3.log" 2>&1 </dev/null &
	RECEIVER_PID=$!
	started+=("$RECEIVER_PID")
	wait_for 10 test -e "$3.ready"
}

# rounds NAME DOGSTATSD ARGS...: a whole run, with the scrape of its end in NAME.metrics.
rounds() {
	local name=$1 address=$2 port
	shift 2
	port=$(free_port)
	traffic_start "getppid,$ROUNDS"
	ok "$name: it attaches" bombus_start "$name" --verbose run "$OBJECTS/otlp_rounds.bpf.o" \
		--set target_pid="$TRAFFIC_PID" --interval 100ms -o none \
		--metrics="127.0.0.1:$port" --dogstatsd="$address" --dogstatsd-interval 200ms "$@"
	ok "$name: $ROUNDS rounds" traffic_go
	all_there() { curl -fsS "http://127.0.0.1:$port/metrics" | grep -qx "ebpf_powers_count $ROUNDS"; }
	ok "$name: they are counted" wait_for 10 all_there
	"${MEANWHILE:-true}"
	curl -fsS "http://127.0.0.1:$port/metrics" >"$name.metrics"
	ok "$name: it ends" bombus_stop INT
}

whole() { python3 "$RECEIVER" compare "$1" "$1.metrics"; }

port=$(free_port)
ok 'UDP: the receiver starts' receiver_up udp "$port" udp
rounds udp "127.0.0.1:$port" --dogstatsd-tag team:x
like 'UDP: the tag of all' "$(head -n 1 udp)" '\|#team:x'
sed -i 's/#team:x,/#/; s/|#team:x//' udp
like 'UDP: every number is equal' "$(whole udp)" '^[0-9]+ equal$'
like 'UDP: buckets, not observations' "$(grep -c '|d' udp)" '^[0-9]{1,2}$'
like 'UDP: our own figures are there' "$(cat udp)" 'bombus_dogstatsd_packets_total:[0-9]+\|c'
like 'UDP: all is counted' "$(cat udp.err)" 'DogStatsD: [1-9][0-9]* metrics sent in [1-9][0-9]* packets, 0 could not'

for kind in unixgram unixstream; do
	ok "$kind: the receiver starts" receiver_up $kind "$T/$kind.socket" $kind
	rounds $kind "unix://$T/$kind.socket"
	like "$kind: every number is equal" "$(whole $kind)" '^[0-9]+ equal$'
done

# --- no server: nothing waits, all is counted; a server that comes late gets what was not sent ---
start_late() {
	refusals_are_counted() { curl -fsS "http://127.0.0.1:$port/metrics" |
		grep -q '^bombus_dogstatsd_dropped_total{reason="refused"} [1-9]'; }
	ok 'late: what is refused is counted' wait_for 10 refusals_are_counted
	ok 'late: the receiver starts' receiver_up udp "$late_port" late
}
late_port=$(free_port)
MEANWHILE=start_late rounds late "127.0.0.1:$late_port"
like 'late: every number is equal' "$(whole late)" '^[0-9]+ equal$'
like 'late: a message' "$(cat late.err)" 'could not be sent \([0-9]+ refused\)'

done_testing
