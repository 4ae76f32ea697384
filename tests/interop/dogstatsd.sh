#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# DogStatsD's lines, sent to the real statsd_exporter, which is built through the Go module proxy
# into INTEROP_BIN (BUILD/interop). With the same bounds for its histograms, its /metrics has the
# numbers of the same run's own.
. "$(dirname "$0")/../support/lib.sh"
need_root
need curl python3

EXPORTER=github.com/prometheus/statsd_exporter@v0.31.0
ROUNDS=1000
unset "${!DD_@}"

go_built statsd_exporter "$EXPORTER" || skip_all "statsd_exporter cannot be built here: $(go_why)"

# The bounds of a histogram, as the program's own metrics have them.
bounds() {
	sed -n "s/^$1_bucket{le=\"\\([0-9.e+-]*\\)\"}.*/\\1/p" own | paste -sd,
}

# What both have: counters, gauges, buckets, numbers and sums of observations.
numbers() {
	python3 - "$1" <<-'END'
	import re, sys
	numbers = []
	for line in open(sys.argv[1]):
	    m = re.match(r'^(ebpf_[a-z_]+)(?:\{(.*)\})? (\S+)$', line)
	    if not m:
	        continue
	    name, labels = m[1], sorted(re.findall(r'([a-z_]+)="([^"]*)"', m[2] or ''))
	    labels = [(k, repr(float(v)) if k == 'le' else v) for k, v in labels]
	    if sys.argv[1] == 'theirs' and re.match('ebpf_(powers|waits_seconds)_sum', name):
	        continue
	    name = re.sub('^(ebpf_powers|ebpf_waits_seconds)_sum$', r'\1_total', name)
	    numbers.append(f'{name} {labels} {float(m[3]):.12g}')
	print('\n'.join(sorted(numbers)))
	END
}

port=$(free_port)
traffic_start "getppid,$ROUNDS"
run() { # ARGS...: a run with known numbers
	bombus_start run run "$OBJECTS/otlp_rounds.bpf.o" --set target_pid="$TRAFFIC_PID" \
		--interval 100ms -o none --metrics="127.0.0.1:$port" "$@"
}
ok 'it attaches' run
traffic_go >/dev/null
all_there() { curl -fsS "http://127.0.0.1:$port/metrics" | grep -qx "ebpf_powers_count $ROUNDS"; }
ok 'the bounds are known' wait_for 10 all_there
curl -fsS "http://127.0.0.1:$port/metrics" >own
ok 'it ends' bombus_stop INT

for name in ebpf_powers ebpf_waits_seconds; do
	printf -- '- match: "%s"\n  name: %s\n  observer_type: histogram\n' $name $name
	printf '  histogram_options: {buckets: [%s]}\n' "$(bounds $name)"
done >mappings
sed -i '1i mappings:' mappings

for kind in udp unixgram; do
	socket=$T/$kind.socket
	udp=$(free_port)
	web=$(free_port)
	"$bin/statsd_exporter" --statsd.listen-udp="127.0.0.1:$udp" --statsd.listen-tcp= \
		--statsd.listen-unixgram="$socket" --web.listen-address="127.0.0.1:$web" \
		--statsd.mapping-config=mappings >exporter.log 2>&1 </dev/null &
	started+=("$!")
	ok "$kind: statsd_exporter starts" wait_for 20 fetch "http://127.0.0.1:$web/metrics"
	address=127.0.0.1:$udp
	[ $kind = udp ] || address=unix://$socket
	traffic_start "getppid,$ROUNDS"
	ok "$kind: it attaches" run --dogstatsd="$address" --dogstatsd-interval 200ms
	ok "$kind: $ROUNDS rounds" traffic_go
	ok "$kind: they are counted" wait_for 10 all_there
	curl -fsS "http://127.0.0.1:$port/metrics" >own
	ok "$kind: it ends" bombus_stop INT
	theirs_there() {
		fetch "http://127.0.0.1:$web/metrics" >theirs
		[ "$(numbers theirs)" = "$(numbers own)" ]
	}
	wait_for 5 theirs_there
	is "$kind: every number is equal" "$(numbers theirs)" "$(numbers own)"
	ok "$kind: there are some" grep -q '^ebpf_powers_count' theirs
	is "$kind: no line or tag was refused" "$(grep -hE \
		'^statsd_exporter_(sample_errors|tag_errors|events_conflict)_total.* [1-9]' theirs)" ''
done
done_testing
