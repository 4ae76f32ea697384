#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Metrics under load: keys without end through one counter, while one scraper reads as slowly as it
# can and another as often. Nothing is lost, everything is counted once, and memory does not grow.
# alone: what is lost depends on the load beside it
. "$(dirname "$0")/../support/lib.sh"
need_root
need curl python3

# Each round is 1000 records. CI takes seconds; `make soak` a minute of scrapers, and ten minutes for
# ten million keys.
LOAD_SECONDS=${LOAD_SECONDS:-3}
CHURN_SECONDS=${CHURN_SECONDS:-6}
CHURN_ROUNDS=${CHURN_ROUNDS:-2000}
PACE=0.002
SERIES=10000

rss() { awk '/^RssAnon/ {print $2}' "/proc/$BOMBUS_PID/status"; }
figure() { fetch "$URL" | sed -n "s/^$1 //p"; }
total() { fetch "$URL" | awk '/^ebpf_keys_total/ {n += $2} END {printf "%d", n}'; }
read_so_far() { [ "$(figure 'bombus_events_read_total{.*map="keys"}')" -ge "$1" ]; }
slots_are_there() {
	[ "$(fetch "$URL" | awk '/^ebpf_slots_total/ {n += $2} END {printf "%d", n}')" = "$1" ]
}
hammer() {
	local n=0
	while [ ! -e stop ]; do
		curl -fsS --max-time 10 -o /dev/null "$URL" && n=$((n + 1))
	done
	echo "$n" >hammered
}

# churn NAME ROUNDS PACE ARGUMENTS...: a run and what is to feed it, which waits for rounds_go.
churn() {
	local name=$1
	PORT=$(free_port)
	URL=http://127.0.0.1:$PORT/metrics
	rounds_start paced "$2" "$3"
	shift 3
	ok "$name: it attaches" bombus_start "$name" run "$OBJECTS/metrics_churn.bpf.o" \
		--set target_pid="$ROUNDS_PID" --interval 100ms -o none --metrics="127.0.0.1:$PORT" "$@"
}

# All series are there first, so that what the slow one is sent is long.
scrapers_start() {
	wait_for 10 read_so_far $((2 * SERIES))
	python3 slow.py "$PORT" >slow 2>&1 &
	started+=("$!")
	slow=$!
	hammer &
	started+=("$!")
}

# load NAME: LOAD_SECONDS of half a million records a second; leaves what was lost in $LOST.
load() {
	local rounds=$((LOAD_SECONDS * 500))

	rounds_go
	[ "$1" = without ] || scrapers_start
	ok "$1: the rounds end" wait_for $((LOAD_SECONDS + 60)) gone "$ROUNDS_PID"
	ok "$1: all of it is read" wait_for 30 read_so_far $((rounds * 1000 - \
		$(figure 'bombus_events_lost_total{.*map="keys"}')))
	is "$1: nothing is dropped" "$(figure 'bombus_events_dropped_total{.*map="keys"}')" 0
	LOST=$(figure 'bombus_events_lost_total{.*map="keys"}')
	is "$1: series, overflow and loss add up to the events" $(($(total) + LOST)) $((rounds * 1000))
}

# --- what scrapers cost: the same load without any, and with one slow and one fast ---
# The ring holds what comes in five seconds: a machine that is busy with others is no loss.
churn without $((LOAD_SECONDS * 500)) $PACE --max-series $SERIES --ring keys=64M
load without
alone=$LOST
ok 'it ends' bombus_stop INT
churn with $((LOAD_SECONDS * 500)) $PACE --max-series $SERIES --ring keys=64M
cat >slow.py <<'END'
# Reads a kilobyte a second, and lets the kernel take little more on its own.
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
s.connect(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
while data := s.recv(1024):
    print(len(data), flush=True)
    time.sleep(1)
END
load with
touch stop
wait_for 10 test -s hammered
slowly=$(awk '{n += $1} END {printf "%d", n}' slow)
note "$LOAD_SECONDS s, $((LOAD_SECONDS * 500000)) events: $alone lost without scrapers, $LOST with;$(
	) $(cat hammered) fast scrapes, $slowly bytes read slowly"
if [ "$alone" -gt 0 ]; then
	skip 'scrapers lose nothing that is not lost without them' "without them $alone are lost here"
else
	is 'scrapers lose nothing that is not lost without them' "$LOST" 0
fi
at_least 'the fast scraper was served meanwhile' "$(cat hammered)" $((LOAD_SECONDS * 3))
between 'the slow one was slow, and still reads' "$slowly" $((LOAD_SECONDS * 500)) $((LOAD_SECONDS * 1100))
ok 'and is not cut off' kill -0 "$slow"
ok 'it ends on a signal while readers remain' bombus_stop INT
like 'and reports the same' "$(tail -n 1 with.err)" "[0-9]+ events, $LOST lost"

# --- keys without end: memory stays where it is, and each is counted ---
churn churn "$CHURN_ROUNDS" "$(awk "BEGIN { print $CHURN_SECONDS / $CHURN_ROUNDS }")" \
	--max-series $SERIES
rounds_go
curve=()
ok 'a quarter is read' wait_for $((CHURN_SECONDS + 60)) read_so_far $((CHURN_ROUNDS * 250))
while kill -0 "$ROUNDS_PID" 2>/dev/null; do
	curve+=("$(rss)")
	sleep "$(awk "BEGIN { print $CHURN_SECONDS / 20 }")"
done
ok 'all of it is read' wait_for 30 read_so_far $((CHURN_ROUNDS * 1000))
curve+=("$(rss)")
most=$(printf '%s\n' "${curve[@]}" | sort -n | tail -n 1)
note "$((CHURN_ROUNDS * 1000)) keys in $CHURN_SECONDS s; RssAnon in kB from a quarter on: ${curve[*]}"
is 'nothing is lost' "$(figure 'bombus_events_lost_total{.*map="keys"}')" 0
is 'series and overflow add up to the events' "$(total)" $((CHURN_ROUNDS * 1000))
is 'as many series as there may be' "$(figure 'bombus_series{.*map="keys"}')" $SERIES
is 'the rest is counted as such' "$(figure 'bombus_series_overflowed_total{.*map="keys"}')" \
	$((CHURN_ROUNDS * 1000 - SERIES))
is 'and stands in one series' "$(figure 'ebpf_keys_total{number="__overflow__"}')" \
	$((CHURN_ROUNDS * 1000 - SERIES))
ok 'the sum over CPUs is exact' wait_for 10 slots_are_there $((CHURN_ROUNDS * 1000))
memory_between 'memory stays where it was' "$most" 0 $((curve[0] + 1024))
ok 'it ends on a signal' bombus_stop INT

# A ceiling for memory: fewer series, but nothing uncounted.
churn ceiling 300 $PACE --max-series 1000000 --max-memory 2M
rounds_go
ok 'all of it is read' wait_for 30 read_so_far 300000
series=$(figure 'bombus_series{.*map="keys"}')
between 'there are as many series as have room' "$series" 5000 60000
is 'series and overflow add up' "$(total)" 300000
between 'within the ceiling' "$(figure 'bombus_series_memory_bytes{.*map="keys"}')" 1000000 2097152
ok 'it ends' bombus_stop INT

# What an expression makes equal is one series.
# shellcheck disable=SC2016 # nor is this one the shell's
churn relabel 20 $PACE --relabel 'keys,number,/\d*(\d)/ends with $1/'
rounds_go
ok 'all of it is read' wait_for 30 read_so_far 20000
is 'ten series' "$(figure 'bombus_series{.*map="keys"}')" 10
is 'of equal size' "$(figure 'ebpf_keys_total{number="ends with 7"}')" 2000
ok 'it ends' bombus_stop INT
done_testing
