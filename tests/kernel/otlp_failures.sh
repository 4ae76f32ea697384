#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Receivers of OTLP that fail: nothing is lost within the queue's bound, memory is bounded, and what
# is lost is exactly what the counters say. Each round is one span and one log record, numbered.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/otlp.sh"
need_root
need jq python3 flock
otlp_receiver_there || skip_all "OpenTelemetry's generated code and gRPC are missing (make deps)"

OBJECT=$OBJECTS/otlp_rounds.bpf.o
unset "${!OTEL_@}"
export OTEL_METRICS_EXPORTER=none OTEL_BSP_SCHEDULE_DELAY=100 OTEL_BLRP_SCHEDULE_DELAY=100
mkdir -p "$T/receiver" && touch "$T/receiver/brief"
ok 'the receiver starts' receiver_start
# Of the spans, bombus' own trace: what it says when nothing else happens.
OWN_SPANS=6

# counted SIGNAL [REASON]: what bombus said at its end; sent, or dropped for this reason.
counted() {
	local line

	line=$(grep -a "OTLP $1: .* sent," otlp.err | tail -n 1)
	if [ $# = 1 ]; then
		sed -nE 's/.*: ([0-9]+) sent,.*/\1/p' <<<"$line"
	else
		sed -nE "s/.*[( ]([0-9]+) $2[,)].*/\1/p" <<<"$line" | grep . || echo 0
	fi
}
# How many different ones were received, and how many in all.
unique() { received "[.[] | select(.signal == \"$1\") | .seqs[]] | unique | length"; }
total() { received "[.[] | select(.signal == \"$1\") | .seqs[]] | length"; }
all_came() { [ "$(unique logs)" = "$1" ] && [ "$(unique traces)" = "$1" ]; }

# --- failures that pass: nothing is lost, nothing comes twice ---
# passes NAME SECONDS_AT_LEAST MODE...
passes() {
	local name=$1 least=$2 began
	shift 2
	receiver_forget
	receiver_mode "$@"
	traffic_start getppid,300
	ok "$name: it attaches" bombus_start otlp --verbose run "$OBJECT" \
		--set target_pid="$TRAFFIC_PID" --interval 100ms -o none "${FLAGS[@]}"
	began=$(date +%s%N)
	ok "$name: 300 rounds" traffic_go
	sleep "$least"
	receiver_mode ok
	ok "$name: all of it comes" wait_for 20 all_came 300
	at_least "$name: not before it is asked to" $((($(date +%s%N) - began) / 1000000)) \
		"$(awk "BEGIN { print $least * 1000 }")"
	ok "$name: it ends" bombus_stop INT
	is "$name: nothing came twice" "$(total logs) $(total traces)" '300 300'
	is "$name: so it counted" "$(counted logs) $(counted traces)" "300 $((300 + OWN_SPANS))"
}
FLAGS=("--otlp=http://127.0.0.1:$HTTP")
passes '503' 1 status 503
passes '503, Retry-After 2' 0.1 status 503 2
passes '429, Retry-After a date' 0.1 date 429 2
passes '502' 0.5 status 502
passes '504' 0.5 status 504
passes 'cut connections' 1 cut
passes 'slow answers' 0.1 slow 300
OTEL_EXPORTER_OTLP_TIMEOUT=2000 passes 'silence' 3 silent
FLAGS=("--otlp=http://127.0.0.1:$GRPC" --otlp-protocol grpc)
passes 'gRPC UNAVAILABLE' 1 status 14
passes 'gRPC RESOURCE_EXHAUSTED, RetryInfo 2' 0.1 status 8 2

# --- how long the receiver asked to be left alone ---
FLAGS=("--otlp=http://127.0.0.1:$HTTP")
passes 'Retry-After is honoured' 0.1 status 503 2
pause=$(jq -s 'map(select(.signal == "logs")) | (map(select(.answer == "ok")) | .[0].time) -
	(map(select(.answer != "ok")) | last.time) | . * 1000 | floor' "$RX/requests.jsonl")
between 'to the second' "$pause" 1990 $((3500 * SLOW))

# --- failures for good ---
# refuses NAME REASON SENT DROPPED MODE...
refuses() {
	local name=$1 reason=$2 sent=$3 dropped=$4
	shift 4
	receiver_forget
	receiver_mode "$@"
	traffic_start getppid,300
	ok "$name: it attaches" bombus_start otlp --verbose run "$OBJECT" \
		--set target_pid="$TRAFFIC_PID" --interval 100ms -o none "${FLAGS[@]}"
	ok "$name: 300 rounds" traffic_go
	ok "$name: it ends" bombus_stop INT
	is "$name: it is counted" "$(counted logs) sent, $(counted logs "$reason") $reason" \
		"$sent sent, $dropped $reason"
	is "$name: and not tried again" "$(jq -cs 'map(select(.signal == "logs") | .seqs[]) |
		length' "$RX/requests.jsonl")" 300
}
refuses '400' rejected 0 300 status 400
refuses '401' rejected 0 300 status 401
refuses '500' rejected 0 300 status 500
OTEL_BLRP_MAX_EXPORT_BATCH_SIZE=300 OTEL_BLRP_SCHEDULE_DELAY=5000 \
	refuses 'partial success' partial 293 7 partial 7
FLAGS=("--otlp=http://127.0.0.1:$GRPC" --otlp-protocol grpc)
refuses 'gRPC INVALID_ARGUMENT' rejected 0 300 status 3
refuses 'gRPC RESOURCE_EXHAUSTED without RetryInfo' rejected 0 300 status 8
OTEL_BLRP_MAX_EXPORT_BATCH_SIZE=300 OTEL_BLRP_SCHEDULE_DELAY=5000 \
	refuses 'gRPC partial success' partial 293 7 partial 7

# --- requests that are too large are divided, and all of it comes once (case: otlpsink 413, E) ---
# divides NAME LIMIT SENT TOO_LARGE
divides() {
	local name=$1 limit=$2 sent=$3 too_large=$4

	receiver_forget
	receiver_mode limit "$limit"
	traffic_start getppid,300
	ok "$name: it attaches" bombus_start otlp --verbose run "$OBJECT" \
		--set target_pid="$TRAFFIC_PID" --interval 100ms -o none "${FLAGS[@]}"
	ok "$name: 300 rounds" traffic_go
	ok "$name: it ends" bombus_stop INT
	is "$name: all of it came once" "$(unique logs) $(total logs)" "$sent $sent"
	is "$name: so it counted" "$(counted logs), $(counted logs too_large) too large" \
		"$sent, $too_large too large"
	like "$name: it was said" "$(cat otlp.err)" 'OTLP logs to .* too large: smaller requests are sent'
}
export OTEL_BLRP_SCHEDULE_DELAY=5000
divides 'gRPC RESOURCE_EXHAUSTED by size' 8000 300 0
FLAGS=("--otlp=http://127.0.0.1:$HTTP")
divides '413' 8000 300 0
like '413: the summary counts the divisions' "$(grep 'OTLP logs: ' otlp.err)" ', [1-9][0-9]* divided,'
divides '413 of a single record' 100 0 300
FLAGS+=(--otlp-protocol http/json)
divides '413 of JSON' 20000 300 0
export OTEL_BLRP_SCHEDULE_DELAY=100

# --- a receiver that moved (case: otlpsink 308, E) ---
FLAGS=("--otlp=http://127.0.0.1:$HTTP")
receiver_forget
receiver_mode moved
traffic_start getppid,300
ok 'moved: it attaches' bombus_start otlp --verbose run "$OBJECT" \
	--set target_pid="$TRAFFIC_PID" --interval 100ms -o none "${FLAGS[@]}"
ok 'moved: 300 rounds' traffic_go
ok 'moved: it ends' bombus_stop INT
is 'moved: all of it came once' "$(unique logs) $(total logs)" '300 300'
is 'moved: where it was sent to' "$(received 'map(.path) | unique | join(" ")')" \
	'"/moved/v1/logs /moved/v1/traces"'
is 'moved: one request to the old address' "$(jq -cs 'map(select(.signal == "logs" and
	.answer == "moved" and .path == "/v1/logs")) | length' "$RX/requests.jsonl")" 1

# --- a receiver that knows no traces is not bothered with our own ---
receiver_forget
receiver_mode status 404
ok 'no traces: it attaches' bombus_start otlp run "$OBJECT" --set target_pid=1 \
	--interval 100ms -o none "${FLAGS[@]}"
sleep 0.5
ok 'no traces: it ends' bombus_stop INT
unlike 'no traces: no message' "$(cat otlp.err)" 'OTLP traces'

# --- a receiver that is away: the queue's bound is kept, and all in it arrives ---
FLAGS=("--otlp=http://127.0.0.1:$HTTP")
receiver_forget
receiver_mode status 503
export OTEL_BLRP_MAX_QUEUE_SIZE=500 OTEL_BLRP_MAX_EXPORT_BATCH_SIZE=100
export OTEL_BSP_MAX_QUEUE_SIZE=500 OTEL_BSP_MAX_EXPORT_BATCH_SIZE=100
rounds_start paced 3000 0.0005
METRICS=$(free_port)
ok 'away: it attaches' bombus_start otlp --verbose run "$OBJECT" --set target_pid="$ROUNDS_PID" \
	--interval 100ms -o none --metrics="127.0.0.1:$METRICS" "${FLAGS[@]}"
rounds_go
ok 'away: 3000 rounds' wait_for 20 gone "$ROUNDS_PID"
sleep 1
fetch "http://127.0.0.1:$METRICS/metrics" >own
own() { sed -nE "s/^$1 ([0-9]+)\$/\1/p" own; }
is 'away: the metrics count waiting items' "$(own 'bombus_otlp_queue_length\{signal="logs"\}')" 500
is 'away: and the drops' \
	"$(own 'bombus_otlp_dropped_total\{signal="logs",reason="queue_full"\}')" 2500
is 'away: and that nothing was sent' "$(own 'bombus_otlp_sent_total\{signal="logs"\}')" 0
at_least 'away: and how often it was tried' \
	"$(own 'bombus_otlp_retries_total\{signal="logs"\}')" 2
receiver_mode ok
first_500() { [ "$(unique logs)" = 500 ] && [ "$(unique traces)" = $((500 - OWN_SPANS)) ]; }
ok 'away: the queue is sent' wait_for 40 first_500
ok 'away: it ends' bombus_stop INT
is 'away: the rest was counted' "$(counted logs) $(counted logs queue_full)" '500 2500'
is 'away: of the spans too' "$(counted traces) $(counted traces queue_full)" \
	"500 $((2500 + OWN_SPANS))"
like 'away: one message at the start and one at the end' "$(cat otlp.err)" 'the receiver answers again'
is 'away: one message' "$(grep -c 'OTLP logs to .* trying again' otlp.err)" 1
unset OTEL_BLRP_MAX_QUEUE_SIZE OTEL_BLRP_MAX_EXPORT_BATCH_SIZE
unset OTEL_BSP_MAX_QUEUE_SIZE OTEL_BSP_MAX_EXPORT_BATCH_SIZE

# --- at the end nobody is there: bounded time, and counted ---
receiver_forget
receiver_mode silent
traffic_start getppid,300
ok 'unprivileged: it attaches' bombus_start otlp --verbose run "$OBJECT" \
	--set target_pid="$TRAFFIC_PID" --interval 100ms -o none "${FLAGS[@]}"
ok 'unprivileged: 300 rounds' traffic_go
SECONDS=0
ok 'unprivileged: it ends' bombus_stop INT
between 'nobody: in a bounded time' $SECONDS 4 $((8 * SLOW))
is 'nobody: what was not sent is counted' "$(counted logs) $(counted logs unsent_at_exit)" '0 300'

# --- killed and started again under load: lost is what the counters say, and nothing else ---
ROUNDS=20000
receiver_forget
rounds_start paced $ROUNDS 0.0002
ok 'killed: it attaches' bombus_start otlp --verbose run "$OBJECT" --set target_pid="$ROUNDS_PID" \
	--interval 100ms -o none "${FLAGS[@]}"
rounds_go
sleep 1
receiver_stop KILL
sleep 1
ok 'killed: the receiver is back' receiver_start "$HTTP"
ok 'killed: the load goes on' kill -0 "$ROUNDS_PID"
ok "killed: $ROUNDS rounds" wait_for 60 gone "$ROUNDS_PID"
resident=$(awk '/^VmRSS/ {print $2}' "/proc/$BOMBUS_PID/status")
ok 'killed: it ends' bombus_stop INT
for signal in logs traces; do
	sent=$(counted $signal)
	full=$(counted $signal queue_full)
	[ $signal = traces ] && sent=$((sent - OWN_SPANS))
	is "killed: what was sent came ($signal)" "$(unique $signal)" "$sent"
	is "killed: what was dropped is the rest ($signal)" $((sent + full)) $ROUNDS
	at_least "killed: some was lost ($signal)" "$full" 1
done
no_loss otlp
memory_between "killed: memory stays bounded (KiB)" "$resident" 1 40000
receiver_stop
done_testing
