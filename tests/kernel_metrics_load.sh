#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Metrics under load: keys without end through one counter, while one scraper reads as slowly as it
# can and another as often. Nothing is lost, everything is counted once, and memory does not grow.
. "$(dirname "$0")/lib.sh"
need_root
need curl python3

ROUNDS=3000 # of 1000 records each
PACE=0.002
SERIES=10000

PORT=$(free_port)
URL=http://127.0.0.1:$PORT/metrics
rounds_start paced $ROUNDS $PACE
ok 'it attaches' bombus_start churn run "$OBJECTS/metrics_churn.bpf.o" \
	--set target_pid="$ROUNDS_PID" --interval 100ms -o none --max-series $SERIES \
	--metrics="127.0.0.1:$PORT"

rss() { awk '/^RssAnon/ {print $2}' "/proc/$BOMBUS_PID/status"; }
figure() { fetch "$URL" | sed -n "s/^$1 //p"; }
total() { fetch "$URL" | awk '/^ebpf_keys_total/ {n += $2} END {printf "%d", n}'; }
hammer() {
	local n=0
	while [ ! -e stop ]; do
		curl -fsS --max-time 10 -o /dev/null "$URL" && n=$((n + 1))
	done
	echo "$n" >hammered
}
read_so_far() { [ "$(figure 'bombus_events_read_total{map="keys"}')" -ge "$1" ]; }

curl -sS --limit-rate 1k --max-time 60 -o slow "$URL" 2>/dev/null &
slow=$!
started+=("$slow")
hammer &
started+=("$!")
rounds_go
ok 'a quarter is read' wait_for 60 read_so_far $((ROUNDS * 250))
before=$(rss)
ok 'the rounds end' wait_for 60 gone "$ROUNDS_PID"
ok 'all of it is read' wait_for 30 read_so_far $((ROUNDS * 1000))
after=$(rss)
touch stop
is 'nothing is lost' "$(figure 'bombus_events_lost_total{map="keys"}')" 0
is 'nothing is dropped' "$(figure 'bombus_events_dropped_total{map="keys"}')" 0
is 'series and overflow add up to the events' "$(total)" $((ROUNDS * 1000))
is 'as many series as there may be' "$(figure 'bombus_series{map="keys"}')" $SERIES
is 'the rest is counted as such' "$(figure 'bombus_series_overflowed_total{map="keys"}')" \
	$((ROUNDS * 1000 - SERIES))
is 'and stands in one series' "$(figure 'ebpf_keys_total{number="__overflow__"}')" \
	$((ROUNDS * 1000 - SERIES))
slots_are_there() {
	[ "$(fetch "$URL" | awk '/^ebpf_slots_total/ {n += $2} END {printf "%d", n}')" = \
		"$((ROUNDS * 1000))" ]
}
ok 'the sum over CPUs is exact' wait_for 5 slots_are_there
note "RssAnon: $before kB after a quarter, $after kB at the end"
memory_between 'memory stays where it was' "$after" 0 $((before + 1024))
wait_for 10 test -s hammered
at_least 'the fast scraper was served meanwhile' "$(cat hammered)" 20
at_least 'the slow one still reads' "$(kill -0 $slow 2>/dev/null && stat -c %s slow)" 1024
ok 'it leaves when told, whoever still reads' bombus_stop INT
like 'and says the same' "$(tail -n 1 churn.err)" "$((ROUNDS * 1000)) events, 0 lost|$(
	)[0-9]+ events, 0 lost"

# A ceiling for memory: fewer series, but nothing uncounted.
rounds_start paced 300 $PACE
PORT=$(free_port)
URL=http://127.0.0.1:$PORT/metrics
ok 'with a ceiling' bombus_start ceiling run "$OBJECTS/metrics_churn.bpf.o" \
	--set target_pid="$ROUNDS_PID" --interval 100ms -o none --max-series 1000000 \
	--max-memory 2M --metrics="127.0.0.1:$PORT"
rounds_go
ok 'all of it is read' wait_for 30 read_so_far 300000
series=$(figure 'bombus_series{map="keys"}')
between 'there are as many series as have room' "$series" 5000 60000
is 'series and overflow add up' "$(total)" 300000
between 'within the ceiling' "$(figure 'bombus_series_memory_bytes{map="keys"}')" 1000000 2097152
ok 'it leaves' bombus_stop INT

# What an expression makes equal is one series.
rounds_start paced 20 $PACE
PORT=$(free_port)
URL=http://127.0.0.1:$PORT/metrics
# shellcheck disable=SC2016 # nor is this one the shell's
ok 'with an expression' bombus_start relabel run "$OBJECTS/metrics_churn.bpf.o" \
	--set target_pid="$ROUNDS_PID" --interval 100ms -o none --metrics="127.0.0.1:$PORT" \
	--relabel 'keys,number,/\d*(\d)/ends with $1/'
rounds_go
ok 'all of it is read' wait_for 30 read_so_far 20000
is 'ten series' "$(figure 'bombus_series{map="keys"}')" 10
is 'of equal size' "$(figure 'ebpf_keys_total{number="ends with 7"}')" 2000
ok 'it leaves' bombus_stop INT
done_testing
