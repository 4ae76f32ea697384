#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Metrics as others see them: Prometheus scrapes them in all three forms, the Pushgateway takes our
# protobuf, the strict parser our OpenMetrics, and all agree with what was counted. The programs do
# one round for each call of getppid() by one process, so that all values are known.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/prometheus.sh"
need_root
need curl jq python3
prometheus_there || skip_all "Prometheus and its parser are missing (make deps)"

PROTOBUF='application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'
OPENMETRICS='application/openmetrics-text;version=1.0.0'
ROUNDS=192

# --- histograms counted in the kernel: every power of two and its neighbours ---
PORT=$(free_port)
URL=http://127.0.0.1:$PORT
traffic_start "getppid,$ROUNDS"
ok 'it attaches' bombus_start hist run "$OBJECTS/metrics_hist.bpf.o" \
	--set target_pid="$TRAFFIC_PID" --interval 100ms -o none --metrics="127.0.0.1:$PORT"
ok "$ROUNDS rounds" traffic_go
all_there() {
	[ "$(fetch "$URL/metrics" | grep -E '^ebpf_fine_count' | awk '{n += $2} END {print n}')" = \
		"$ROUNDS" ]
}
ok 'all of them are exported' wait_for 10 all_there

curl -fsS "$URL/metrics" >text
curl -fsS -H "Accept: $OPENMETRICS" -D open.head "$URL/metrics" >open
curl -fsS -H "Accept: $PROTOBUF" -D proto.head "$URL/metrics" >proto
like 'the content type is OpenMetrics' "$(cat open.head)" \
	'^Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8'
like 'so is protobuf' "$(cat proto.head)" '^Content-Type: application/vnd.google.protobuf; proto='
ok 'promtool finds no fault' promtool check metrics <text
ok 'every bucket, sum and count is right, as text' \
	python3 "$TESTS/support/metrics_edges.py" text text $ROUNDS
ok 'and by the strict parser of OpenMetrics' \
	python3 "$TESTS/support/metrics_edges.py" openmetrics open $ROUNDS

# --- how it is fetched ---
like 'gzip' "$(curl -fsS -H 'Accept-Encoding: gzip' "$URL/metrics" | gzip -dc)" '^ebpf_fine_count'
like 'HEAD' "$(curl -fsSI "$URL/metrics")" '^Content-Type: text/plain; version=0.0.4'
is 'a scrape that is late is cut off' "$(curl -sS -o late -w '%{exitcode}' \
	-H 'X-Prometheus-Scrape-Timeout-Seconds: 0.000000001' "$URL/metrics" 2>/dev/null)" 18
like 'and counted' "$(fetch "$URL/metrics")" '^bombus_scrapes_failed_total [1-9]'
metrics=$(fetch "$URL/metrics")
like 'the program is attached' "$metrics" \
	'^bombus_program_attached\{program="[^"]*",function="on_round",variant="on_round",type="tracepoint"\} 1$'
like 'its runs are counted' "$metrics" '^bombus_program_runs_total\{.*function="on_round".*\} [1-9]'
like 'the map has a size' "$metrics" '^bombus_map_capacity\{.*map="fine"\} 4096$'
like 'and a number of entries' "$metrics" '^bombus_map_entries\{.*map="fine"\} [1-9]'
like 'no update failed' "$metrics" '^bombus_map_update_failures_total\{.*map="fine"\} 0$'
like 'the process is known' "$metrics" '^process_resident_memory_bytes [1-9][0-9]{6,}'
rss=$(awk '/^VmRSS/ {print $2 * 1024}' "/proc/$BOMBUS_PID/status")
between 'the size equals that of the kernel' \
	"$(sed -n 's/^process_resident_memory_bytes //p' <<<"$metrics")" \
	$((rss * 8 / 10)) $((rss * 12 / 10))

# --- the Pushgateway takes the protobuf and shows what the text shows ---
push_port=$(free_port)
prometheus-pushgateway --web.listen-address="127.0.0.1:$push_port" >push.log 2>&1 </dev/null &
started+=("$!")
ok 'the Pushgateway starts' wait_for 20 fetch "http://127.0.0.1:$push_port/-/ready"
is 'it accepts our output' "$(curl -sS -o push.out -w '%{http_code}' --data-binary @proto \
	-H "Content-Type: $PROTOBUF" "http://127.0.0.1:$push_port/metrics/job/x")" 200
# It writes le and the order of labels in its own way: sums, counts and what they count are ours.
plain() {
	grep -E '^ebpf_(powers|waits_seconds|fine|steps|fixed)_(sum|count)' "$1" |
		sed -E 's/[{,](instance|job)="[^"]*"//g; s/,side/{side/; s/\{\}//' | sort
}
curl -fsS "http://127.0.0.1:$push_port/metrics" >pushed
is 'and reports the same' "$(plain pushed | awk '{printf "%s %.15g\n", $1, $2}' | sed 's/{{/{/')" \
	"$(plain text | awk '{printf "%s %.15g\n", $1, $2}')"

# --- Prometheus itself, in all three forms ---
scrape_config() {
	cat >"$T/$1.yml" <<-END
	global: { scrape_interval: 1s, scrape_timeout: 900ms }
	scrape_configs:
	- job_name: bombus
	  static_configs: [ { targets: [ '127.0.0.1:$PORT' ] } ]
	END
}
scrape_config prom
# The value in the middle, of 2^0 .. 2^63, is in the bucket from 2^30 to 2^31.
ok 'Prometheus starts' prometheus_start "$T/prom.yml"
ok 'it scrapes OpenMetrics' wait_for 15 query_is 'up{job="bombus"}' 1
ok 'all series arrive' wait_for 10 query_is 'sum(ebpf_fine_count)' $ROUNDS
quantile_is_right() { # OF: the quantile is within the bucket of what was observed
	local q
	q=$(query "histogram_quantile(0.49, $1)")
	awk -v q="$q" 'BEGIN { exit !(q > 2^30 && q <= 2^31) }' || { echo "q: $q"; return 1; }
}
ok 'quantiles are right within a bucket' \
	quantile_is_right 'sum by (le) (ebpf_powers_bucket{side="1"})'
ok 'and within a fine one' quantile_is_right 'sum by (le) (ebpf_fine_bucket{side="1"})'
metadata() {
	curl -fsS "$PROMETHEUS/api/v1/metadata?metric=ebpf_waits_seconds" |
		jq -rc '.data[][] | [.type, .unit]'
}
is 'the type arrives, and the unit' "$(metadata)" '["histogram","seconds"]'

ok 'Prometheus with native histograms starts' prometheus_start "$T/prom.yml" \
	--enable-feature=native-histograms
ok 'it scrapes protobuf' wait_for 15 query_is 'up{job="bombus"}' 1
ok 'native histograms arrive' wait_for 10 query_is 'sum(histogram_count(ebpf_powers))' $ROUNDS
ok 'quantiles of native histograms are right' quantile_is_right 'sum(ebpf_powers{side="1"})'
ok 'and of fine ones' quantile_is_right 'sum(ebpf_fine{side="1"})'
seconds_quantile() {
	local q
	q=$(query 'histogram_quantile(0.49, sum(ebpf_waits_seconds{side="1"}))')
	awk -v q="$q" 'BEGIN { q *= 1e6; exit !(q > 2^30 && q <= 2^31) }' || { echo "$q"; return 1; }
}
ok 'and of those in other units' seconds_quantile
is 'the sum too' "$(query 'histogram_sum(ebpf_powers{side="1"})' | awk '{printf "%.6g", $1}')" \
	1.84467e+19
ok 'it ends on a signal' bombus_stop INT

# --- as BumbleBee has it: every name and label of its sample, in its order ---
PORT=$(free_port)
URL=http://127.0.0.1:$PORT
traffic_start tcp,127.0.0.1,10,2
ok 'it attaches' bombus_start bee --store "$EXAMPLES" run tcpconnlat --map events=counter \
	--set target_pid="$TRAFFIC_PID" --compat bee -o none --metrics="127.0.0.1:$PORT"
ok 'two connections' traffic_go
bee_is_there() { [ "$(fetch "$URL/metrics" | grep -c '^ebpf_solo_io_events{')" = 2 ]; }
ok 'each is a series' wait_for 10 bee_is_there
SPACE=' '
curl -fsS -H "Accept: $OPENMETRICS" "$URL/metrics" | grep -A 9 ebpf_solo_io |
	sed -E 's/(delta_us|dport|sport|tgid|ts_us)="[0-9]+"/\1="N"/g' >bee
is 'the sample' "$(grep -E '^(#.*)?ebpf_solo|^# .* ebpf_solo' bee)" \
"# HELP ebpf_solo_io_events$SPACE
# TYPE ebpf_solo_io_events counter
ebpf_solo_io_events{af=\"2\",comm=\"traffic\",daddr=\"127.0.0.1\",delta_us=\"N\",dport=\"N\",saddr=\"127.0.0.1\",sport=\"N\",tgid=\"N\",ts_us=\"N\"} 1
ebpf_solo_io_events{af=\"2\",comm=\"traffic\",daddr=\"127.0.0.1\",delta_us=\"N\",dport=\"N\",saddr=\"127.0.0.1\",sport=\"N\",tgid=\"N\",ts_us=\"N\"} 1"
ok 'it ends' bombus_stop INT

# --- names and texts from hell ---
PORT=$(free_port)
URL=http://127.0.0.1:$PORT
rounds_start names
ok 'it attaches' bombus_start names run "$OBJECTS/metrics_names.bpf.o" \
	--set target_pid="$ROUNDS_PID" --interval 100ms -o none --metrics="127.0.0.1:$PORT"
rounds_go
names_are_there() {
	[ "$(fetch "$URL/metrics" | grep -c '^ebpf_odd_bytes_total{')" = "$(tail -n 1 rounds.out)" ]
}
ok 'each name is a series' wait_for 10 names_are_there
curl -fsS "$URL/metrics" >text
curl -fsS -H "Accept: $OPENMETRICS" "$URL/metrics" >open
ok 'promtool can read them' promtool check metrics <text
cat >names.py <<'END'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
families = {f.name: f for f in parse(open("open", encoding="utf-8", newline="\n").read())}
odd = [f for f in families.values() if f.name.startswith("ebpf_odd") and f.type == "counter"]
assert len(odd) == 5, [f.name for f in odd]
for family in odd:
    comms = sorted(s.labels["comm"] for s in family.samples)
    want = sorted(["plain", "sp ace", 'q"uote', "back\\slash", "\\x5cx1b", "\\x1b[31m",
                   "new\nline", "\\xff\\xfe", "caf\u00e9", '{a="b"}', "\\n", "#", " "])
    assert comms == want, comms
    assert len({len(s.labels) for s in family.samples}) == 1
    assert len(family.samples[0].labels) == 12, family.samples[0].labels
END
ok 'the strict parser finds every label and text as it was' python3 names.py
like 'renames are reported' "$(cat names.err)" "two labels are called"
like 'of two maps that make one name, one gets a number' "$(cat text)" \
	'^ebpf_odd_speed_2_pages_fault_total\{.*\} 5$'
like 'the other not' "$(cat text)" '^ebpf_odd_speed_pages_fault\{key="1"\} 5$'
like 'which is reported too' "$(cat names.err)" \
	"map odd: a metric of another map is called 'odd_speed_pages_fault_total' too"
is 'keys that read the same are one series' "$(grep '^ebpf_same_total' text | sort)" \
	"$(printf '%s\n' 'ebpf_same_total{error="ECONNREFUSED",yes="true"} 7' \
		'ebpf_same_total{error="ECONNREFUSED",yes="false"} 8' | sort)"
scrape_config names
ok 'Prometheus starts' prometheus_start "$T/names.yml"
ok 'and takes them' wait_for 15 query_is 'up{job="bombus"}' 1
ok 'all of them' wait_for 10 query_is 'count(ebpf_odd_bytes_total)' "$(tail -n 1 rounds.out)"
ok 'it ends' bombus_stop INT
done_testing
