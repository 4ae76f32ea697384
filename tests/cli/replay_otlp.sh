#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A recording goes to an OTLP receiver: its records with the times of then, and its series. The
# variables that turn OTLP on for `run` do not do so here.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/otlp.sh"
need jq
otlp_receiver_there || skip_all "OpenTelemetry's generated code and gRPC are missing (make deps)"
GOLDEN=$TESTS/golden

ok 'the receiver starts' receiver_start
export OTEL_METRIC_EXPORT_INTERVAL=100000 OTEL_BLRP_MAX_QUEUE_SIZE=4096
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$HTTP run_bombus replay "$GOLDEN/tcpconnect.rec" -o none
is 'not without --otlp' "$(received length)" 0
run_bombus replay "$GOLDEN/tcpconnect.rec" -o json --speed max --otlp="http://127.0.0.1:$HTTP"
is 'status 0' "$RC" 0
is 'each record once' "$(received '[.[] | select(.signal == "logs") |
	.message.resourceLogs[].scopeLogs[].logRecords[]] | length')" 195
is 'with the time of then' "$(received '[.[] | select(.signal == "logs") |
	.message.resourceLogs[].scopeLogs[].logRecords[].timeUnixNano] | sort | first')" \
	'"1795186287736911901"'
is 'its series' "$(received '[.[] | select(.signal == "metrics") |
	.message.resourceMetrics[].scopeMetrics[].metrics[] | .sum.dataPoints[].asInt | tonumber] |
	sort')" '[7,7,55,126]'
is 'the output beside it' "$(wc -l <<<"$OUT")" 253
receiver_stop

done_testing
