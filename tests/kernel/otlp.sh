#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# OTLP as a receiver sees it that decodes with generated code: all three protocols, compressed, over
# TLS with client certificates, with headers. The program does one round for each call of getppid()
# by one process, so that every item is known.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/otlp.sh"
need_root
need jq python3 openssl flock
otlp_receiver_there || skip_all "OpenTelemetry's generated code and gRPC are missing (make deps)"

ROUNDS=1000
OBJECT=$OBJECTS/otlp_rounds.bpf.o

# --- certificates of an authority of the test's own ---
mkdir -p "$T/receiver"
certificate() { # NAME SUBJECT EXTENSION
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" &&
		openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
			-out "$1.crt" -days 2 -extfile <(echo "$3")
}
{
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca
	certificate server localhost "subjectAltName=DNS:localhost,IP:127.0.0.1"
	certificate client client "extendedKeyUsage=clientAuth"
} 2>certificates.err || fail 'certificates' "$(tail -n 5 certificates.err)"
cp ca.pem "$T/receiver/"
cat server.crt server.key >"$T/receiver/server.pem"
ok 'the receiver starts' receiver_start

# otlp_rounds NAME ARGS...: runs the program for $ROUNDS rounds; environment before the call.
otlp_rounds() {
	local name=$1
	shift
	receiver_forget
	traffic_start "getppid,$ROUNDS"
	ok "$name: it attaches" bombus_start otlp --verbose run "$OBJECT" \
		--set target_pid="$TRAFFIC_PID" --interval 100ms -o none "$@"
	CAPS=$(grep -h CapEff "/proc/$BOMBUS_PID"/task/*/status | sort -u)
	ok "$name: $ROUNDS rounds" traffic_go
	ok "$name: it ends" bombus_stop INT
	[ ! -s "$RX/errors" ] || fail "$name: the receiver understood all" "$(head -n 5 "$RX/errors")"
}

# Each round's span and record came once, and the sums of the metrics are right.
check_all() {
	local name=$1 half=$((ROUNDS / 2))

	is "$name: each span once" "$(received '[.[] | select(.signal == "traces") |
		.message.resourceSpans[].scopeSpans[].spans[] | select(.name == "step") |
		.attributes[] | select(.key == "seq") | .value.intValue | tonumber] | sort ==
		[range('$ROUNDS')]')" true
	is "$name: each record once, as it was" "$(received '[.[] | select(.signal == "logs") |
		.message.resourceLogs[].scopeLogs[].logRecords[] |
		select(.eventName == "notes" and .severityText == "INFO" and
			(.timeUnixNano | tonumber) <= (.observedTimeUnixNano | tonumber)) |
		(.attributes | map({(.key): .value}) | add) |
		select(.peer.stringValue == "10.0.0.1" and .comm.stringValue == "traffic" and
			(.pid.intValue | tonumber) == '"$TRAFFIC_PID"' and
			([.sizes.arrayValue.values[].intValue | tonumber] == [0, 3])) |
		[(.seq.intValue | tonumber), .odd.boolValue, .outcome.stringValue]] | sort ==
		[range('$ROUNDS') | [., . % 2 == 1, if . % 2 == 1 then "OUTCOME_BAD" else
			"OUTCOME_GOOD" end]]')" true
	is "$name: the counter" "$(received '[.[] | select(.signal == "metrics") |
		.message.resourceMetrics[].scopeMetrics[].metrics[] |
		select(.name == "ebpf.counted")] | last | [.description, .sum.isMonotonic,
		.sum.aggregationTemporality, ([.sum.dataPoints[] |
			[.attributes[0].value.stringValue, .asInt]] | sort)]')" \
		"[\"Rounds by parity.\",true,\"AGGREGATION_TEMPORALITY_CUMULATIVE\",[[\"OUTCOME_BAD\",\"$half\"],[\"OUTCOME_GOOD\",\"$half\"]]]"
	is "$name: the gauge, in its unit" "$(received '[.[] | select(.signal == "metrics") |
		.message.resourceMetrics[].scopeMetrics[].metrics[] |
		select(.name == "ebpf.latest_size")] | last |
		[.unit, .gauge.dataPoints[0].asDouble]')" "[\"By\",$((ROUNDS * 1024))]"
	is "$name: the histogram" "$(received '[.[] | select(.signal == "metrics") |
		.message.resourceMetrics[].scopeMetrics[].metrics[] |
		select(.name == "ebpf.powers")] | last | .histogram.dataPoints[0] |
		[.count, .sum, (.bucketCounts | map(tonumber) | [add, .[0], .[3], length]),
			(.explicitBounds | length), .explicitBounds[3]]')" \
		"[\"$ROUNDS\",$((ROUNDS * (ROUNDS - 1) / 2)),[$ROUNDS,2,4,65],64,8]"
	is "$name: who says it" "$(received '[.[].message | (.resourceSpans, .resourceLogs,
		.resourceMetrics) | values | .[].resource.attributes | map({(.key): .value}) | add |
		[.["service.name"].stringValue, .["process.executable.name"].stringValue]] |
		unique - [["bombus", "bombus"]]')" '[["otlp_rounds","bombus"]]'
}

# --- the three protocols, and gzip ---
unset "${!OTEL_@}"
export OTEL_METRIC_EXPORT_INTERVAL=300
otlp_rounds 'HTTP' "--otlp=http://127.0.0.1:$HTTP"
check_all 'HTTP'
is 'HTTP: the path and the content type' "$(received 'map([.path, .type, .gzip]) | unique')" \
	'[["/v1/logs","application/x-protobuf",false],["/v1/metrics","application/x-protobuf",false],["/v1/traces","application/x-protobuf",false]]'
is 'HTTP: no thread has kept a privilege' "$CAPS" $'CapEff:\t0000000000000000'
like 'HTTP: it counts what it sent' "$(cat otlp.err)" "OTLP logs: $ROUNDS sent, 0 dropped"

export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$HTTP/base/ OTEL_EXPORTER_OTLP_COMPRESSION=gzip
export OTEL_EXPORTER_OTLP_HEADERS='x-one=a%20b, authorization = Bearer%20c%3Dd'
OTEL_EXPORTER_OTLP_PROTOCOL=http/json otlp_rounds 'JSON, gzip'
check_all 'JSON, gzip'
is 'JSON, gzip: the path and the content type' "$(received 'map([.path, .type, .gzip]) | unique')" \
	'[["/base/v1/logs","application/json",true],["/base/v1/metrics","application/json",true],["/base/v1/traces","application/json",true]]'
is 'headers are decoded' "$(received 'map([.headers["x-one"], .headers.authorization]) | unique')" \
	'[["a b","Bearer c=d"]]'

otlp_rounds 'gRPC, gzip' "--otlp=127.0.0.1:$GRPC" --otlp-protocol grpc
check_all 'gRPC, gzip'
is 'gRPC: all of it, with headers' \
	"$(received 'map([.transport, .headers["x-one"], .headers["grpc-accept-encoding"]]) | unique')" \
	'[["grpc","a b",null]]'
unset OTEL_EXPORTER_OTLP_COMPRESSION OTEL_EXPORTER_OTLP_HEADERS OTEL_EXPORTER_OTLP_ENDPOINT
otlp_rounds 'gRPC' "--otlp=http://127.0.0.1:$GRPC" --otlp-protocol grpc
check_all 'gRPC'

# --- delta, exponential: what each export says adds up ---
OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=DELTA \
	OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=base2_exponential_bucket_histogram \
	OTEL_TRACES_EXPORTER=none OTEL_LOGS_EXPORTER=none \
	otlp_rounds 'delta' "--otlp=http://127.0.0.1:$HTTP"
is 'delta: nothing but metrics' "$(received 'map(.signal) | unique')" '["metrics"]'
is 'delta: the counts add up' "$(received '[.[].message.resourceMetrics[].scopeMetrics[].metrics[] |
	select(.name == "ebpf.counted") | .sum |
	select(.aggregationTemporality == "AGGREGATION_TEMPORALITY_DELTA") |
	.dataPoints[].asInt | tonumber] | add')" "$ROUNDS"
is 'delta: the exponential histograms add up' "$(received '[
	.[].message.resourceMetrics[].scopeMetrics[].metrics[] | select(.name == "ebpf.powers") |
	.exponentialHistogram.dataPoints[] | [(.count | tonumber),
		(.zeroCount // 0 | tonumber) + ([.positive.bucketCounts[]? | tonumber] | add // 0)]] |
	[([.[][0]] | add), ([.[][1]] | add)]')" "[$ROUNDS,$ROUNDS]"
# shellcheck disable=SC2016 # jq's variable
is 'delta: one bucket is where it belongs' "$(received '[
	.[].message.resourceMetrics[].scopeMetrics[].metrics[] | select(.name == "ebpf.powers") |
	.exponentialHistogram.dataPoints[] | (.positive.offset // 0) as $at |
	.positive.bucketCounts | to_entries[] | select(.key + $at == 4) | .value | tonumber] |
	add')" 16

# --- TLS, with a client's certificate ---
export OTEL_EXPORTER_OTLP_CERTIFICATE=ca.pem OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=client.crt
export OTEL_EXPORTER_OTLP_CLIENT_KEY=client.key
otlp_rounds 'TLS' "--otlp=https://localhost:$HTTPS"
check_all 'TLS'
otlp_rounds 'gRPC with TLS' "--otlp=https://localhost:$GRPCS" --otlp-protocol grpc
check_all 'gRPC with TLS'
unset OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE OTEL_EXPORTER_OTLP_CLIENT_KEY
otlp_rounds 'without a certificate' "--otlp=https://localhost:$HTTPS"
is 'without a certificate: the receiver got nothing' "$(received length)" 0
like 'without a certificate: a message' "$(cat otlp.err)" "OTLP logs: 0 sent, $ROUNDS dropped \($ROUNDS unsent_at_exit\)"
unset OTEL_EXPORTER_OTLP_CERTIFICATE

# --- the environment alone turns it on; what cannot be honoured is refused by name ---
OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://127.0.0.1:$HTTP/just/here/logs \
	otlp_rounds 'an endpoint of its own'
is 'an endpoint of its own: it is used as it is' "$(received 'map([.signal, .path]) | unique')" \
	'[["logs","/just/here/logs"]]'
receiver_forget
OTEL_SDK_DISABLED=true OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$HTTP \
	run_bombus run "$OBJECT" --duration 300ms -o none
is 'OTEL_SDK_DISABLED: nothing comes' "$(received length)" 0
refused() { # NAME=VALUE PATTERN
	run_bombus run "$OBJECT" --otlp --duration 1s -o none
	is "$1 is wrong usage" "$RC" 2
	like "$1 is named" "$ERR" "$2"
}
OTEL_TRACES_EXPORTER=zipkin refused OTEL_TRACES_EXPORTER "OTEL_TRACES_EXPORTER: 'zipkin'"
OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=thrift refused OTEL_EXPORTER_OTLP_LOGS_PROTOCOL \
	"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'thrift'"
OTEL_TRACES_SAMPLER=xray refused OTEL_TRACES_SAMPLER OTEL_TRACES_SAMPLER
OTEL_PROPAGATORS=b3 run_bombus run "$OBJECT" "--otlp=http://127.0.0.1:$HTTP" \
	--duration 300ms -o none
like 'a variable that is not looked at is named' "$ERR" \
	'not honoured: .*OTEL_PROPAGATORS'
receiver_stop
done_testing
