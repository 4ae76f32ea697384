#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The example traces, sent to a real Jaeger and a real OpenTelemetry Collector, which are built
# through the Go module proxy into INTEROP_BIN (BUILD/interop). What arrived is asked for through
# Jaeger's API, and read from the collector's file, and has to be what bombus printed. What cannot
# be had is skipped by name.
# shellcheck source=../support/lib.sh disable=SC2016 # what is in single quotes is for jq
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq curl

bin=$(realpath -m "${INTEROP_BIN:-$BUILD/interop}")
BUILD_LIMIT=1800 # seconds
BUILDER=go.opentelemetry.io/collector/cmd/builder@v0.159.0
COMPONENTS=v0.159.0
JAEGER=github.com/jaegertracing/jaeger@v1.76.0

in_go() {
	HOME=/tmp GOBIN=$bin GOFLAGS=-mod=mod timeout $BUILD_LIMIT nice "$@" >>"$T/go.log" 2>&1
}

why_not() {
	if command -v go >/dev/null; then
		echo "it cannot be built here: $(tail -n 1 "$T/go.log")"
	else
		echo 'it cannot be built here: no go'
	fi
}

# Jaeger's go.mod replaces a module, so that `go install` refuses it: it is built from a copy.
jaeger_there() {
	local from

	[ -x "$bin/jaeger" ] && return
	command -v go >/dev/null && mkdir -p "$bin" || return
	from=$(cd / && HOME=/tmp go mod download -json "$JAEGER" 2>>"$T/go.log" | jq -r .Dir) &&
		[ -n "$from" ] && cp -r "$from" "$T/jaeger" && chmod -R u+w "$T/jaeger" || return
	in_go go -C "$T/jaeger" build -ldflags '-s -w' -o "$bin/jaeger" ./cmd/jaeger
}

collector_there() {
	[ -x "$bin/otelcol" ] && return
	command -v go >/dev/null && in_go go install "$BUILDER" || return
	cat >builder.yaml <<-END
		dist: {name: otelcol, output_path: $T/otelcol}
		receivers:
		  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver $COMPONENTS
		processors:
		  - gomod: go.opentelemetry.io/collector/processor/batchprocessor $COMPONENTS
		  - gomod: go.opentelemetry.io/collector/processor/memorylimiterprocessor $COMPONENTS
		exporters:
		  - gomod: go.opentelemetry.io/collector/exporter/debugexporter $COMPONENTS
		  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter $COMPONENTS
	END
	in_go "$bin/builder" --config builder.yaml && cp "$T/otelcol/otelcol" "$bin/otelcol"
}

# serve NAME PORT ARGUMENTS...: starts it, and waits until it listens. Its log is NAME.log, or $LOG.
serve() {
	local name=$1 port=$2
	shift 2
	"$bin/$name" "$@" >"${LOG:-$name.log}" 2>&1 &
	started+=($!)
	# shellcheck disable=SC2016 # expanded by the inner shell
	wait_for 30 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"' "$port" || {
		note "$name does not listen" "$(tail -n 5 "$name.log")"
		return 1
	}
}

# --- work for each of them -----------------------------------------------------------------------

# example_run NAME ENVIRONMENT...: the example, its work, and its spans in NAME.out.
example_run() {
	local name=$1 job=${1//-/_}
	shift
	# shellcheck disable=SC2163 # these are NAME=VALUE
	export "$@"
	"work_of_$job" "$name"
	ok "$name: it ends" bombus_stop INT
	# A program that is still running on a processor is not run there a second time: the kernel
	# counts that, and sched-trace what it costs.
	LOST=$(sed -nE 's/.*[^0-9]([0-9]+) lost.*/\1/p' "$name.err")
	between "$name: next to nothing was lost" "$LOST" 0 "$([ "$name" = sched-trace ] && echo 4 || echo 0)"
	[ "$name" != sched-trace ] || SCHED_LOST=$LOST
}

run_image() {
	local name=$1
	shift
	ok "$name: it attaches" bombus_start "$name" --store "$EXAMPLES" run "$name" -o json "$@"
}

work_of_exec_trace() {
	rm -f go && mkfifo go
	bash -c 'read -r _; (ls / | wc -l; bash -c "sleep 0.05; true"); false; id' <go >/dev/null &
	local shell=$! go_fd
	started+=("$shell")
	exec {go_fd}>go
	run_image "$1" --set target_pid="$shell"
	echo >&"$go_fd"
	exec {go_fd}>&-
	wait_for 20 gone "$shell"
}

work_of_sched_trace() {
	run_image "$1" --attach "on_trace=$BUILD/demos/sched"
	ok "$1: the demo" "$BUILD/demos/sched" 5 5
}

work_of_sock_trace() {
	run_image "$1" --attach "on_trace=$BUILD/demos/sock"
	ok "$1: the demo" "$BUILD/demos/sock" 5000 2
}

work_of_cfs_throttling_trace() {
	local group=/sys/fs/cgroup/cpu/bombus-test-$$

	run_image "$1" --attach "on_trace=$BUILD/demos/cfs-throttling"
	if mkdir "$group" 2>/dev/null && echo 20000 >"$group/cpu.cfs_quota_us"; then
		at_exit+=("rmdir $group")
	else
		skip "$1: throttled" 'no cgroup (v1) with a quota can be made here'
		group=
	fi 2>/dev/null
	ok "$1: the demo" bash -c '[ -z "$1" ] || echo $$ >"$1/cgroup.procs"; exec "$2" 500' \
		demo "$group" "$BUILD/demos/cfs-throttling"
}

work_of_bio_trace() {
	local major minor

	truncate -s 1M disk.img
	if ! DISK=$(losetup -f --show "$T/disk.img" 2>/dev/null); then
		skip "$1: a disk" 'no loop device can be made here'
		DISK=/dev/null
	else
		at_exit=("losetup -d '$DISK'" "${at_exit[@]}")
	fi
	read -r major minor <<<"$(stat -c '%t %T' "$DISK")"
	traffic_start "write-direct,$DISK,4096,5"
	run_image "$1" --set target_disk=$((16#$major << 20 | 16#$minor))
	traffic_go
}

# --- what arrived --------------------------------------------------------------------------------

# The same list from both: id, parent, trace, name, service, begin, duration, status and kind.
# Jaeger counts in microseconds, and rounds begin and end by themselves.
PRINTED='map(select(.kind == "span")) | sort_by(.span_id)'
JAEGERS='map(.data[] | .processes as $p | .spans[] | . + { service: $p[.processID].serviceName }) |
	sort_by(.spanID)'

jaeger_fetch() {
	local name=$1 trace

	: >"$name.jaeger"
	for trace in $(jq -r 'select(.kind == "span") | .trace_id' "$name.out" | sort -u); do
		curl -fsS --max-time 5 "http://127.0.0.1:$query_port/api/traces/$trace" \
			>>"$name.jaeger"
	done
	[ "$(jq -s 'map(.data[0].spans | length) | add' "$name.jaeger")" = \
		"$(grep -c '"kind":"span"' "$name.out")" ]
}

# both NAME WHAT FILTER-PRINTED FILTER-ARRIVED
same() {
	local wanted

	wanted=$(jq -cs "$PRINTED | $3" "$1.out")
	jq_is "$1: Jaeger has the same $2" "$1.jaeger" "$JAEGERS | $4" "$wanted"
}

jaeger_is_right() {
	ok "$1: all of it is in Jaeger" wait_for 15 jaeger_fetch "$1"
	at_least "$1: it is $2 spans or more" "$(grep -c '"kind":"span"' "$1.out")" "$2"
	same "$1" ids 'map([.trace_id, .span_id])' 'map([.traceID, .spanID])'
	same "$1" parents 'map(.parent_span_id)' \
		'map(.references | map(select(.refType == "CHILD_OF")) | .[0].spanID)'
	same "$1" 'names and services' 'map([.name, .service])' 'map([.operationName, .service])'
	same "$1" times 'map((.start[0:19] + "Z" | fromdateiso8601) * 1000000 +
		(.start[20:26] | tonumber))' 'map(.startTime)'
	same "$1" kinds 'map(.span_kind)' \
		'map(.tags | map(select(.key == "span.kind")) | .[0].value)'
	same "$1" errors 'map(.status == "error")' \
		'map(.tags | map(select(.key == "error" and .value)) | length > 0)'
	jq -cs "$PRINTED | map([.duration_ns / 1000 | floor])" "$1.out" >"$1.durations"
	jq_is "$1: Jaeger has the same durations" "$1.jaeger" "$JAEGERS | map(.duration) as \$got |
		[\$got, $(jq -c 'map(.[0])' "$1.durations")] | transpose |
		map(.[0] - .[1] | . >= -1 and . <= 1) | all" true
	# Every attribute is a field of the same value; what is nothing (no signal) may be left out.
	jq -cs "$PRINTED | map({ key: .span_id, value: (.fields | [paths(type | . != \"object\" and . != \"array\") as \$p |
		{ key: (\$p | map(tostring) | join(\".\")), value: getpath(\$p) }] | from_entries) }) |
		from_entries" "$1.out" >"$1.fields"
	jq_is "$1: Jaeger has the same attributes" "$1.jaeger" "$JAEGERS |
		$(cat "$1.fields") as \$fields | map(.spanID as \$id | .tags[] |
		select(.key | test(\"^(otel[.]|span[.]kind|error\$)\") | not) |
		select(\$fields[\$id][.key] != .value) | [.key, .value, \$fields[\$id][.key]]) | unique" '[]'
	jq_is "$1: and has some" "$1.jaeger" "$JAEGERS | map(.tags[] |
		select(.key == \"process.pid\")) | length > 0" true
}

if jaeger_there; then
	query_port=$(free_port)
	otlp_port=$(free_port)
	cat >jaeger.yaml <<-END
		service:
		  extensions: [jaeger_storage, jaeger_query]
		  pipelines:
		    traces: {receivers: [otlp], exporters: [jaeger_storage_exporter]}
		  telemetry: {metrics: {level: none}, logs: {level: error}}
		extensions:
		  jaeger_query:
		    storage: {traces: memory}
		    http: {endpoint: "127.0.0.1:$query_port"}
		    grpc: {endpoint: "127.0.0.1:0"}
		  jaeger_storage: {backends: {memory: {memory: {max_traces: 10000}}}}
		receivers:
		  otlp: {protocols: {http: {endpoint: "127.0.0.1:$otlp_port"}}}
		exporters:
		  jaeger_storage_exporter: {trace_storage: memory}
	END
	ok 'Jaeger listens' serve jaeger "$otlp_port" --config jaeger.yaml
	for name in exec-trace sched-trace sock-trace cfs-throttling-trace bio-trace; do
		example_run $name "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$otlp_port"
	done
	jaeger_is_right exec-trace 6
	jaeger_is_right sched-trace $((13 - SCHED_LOST))
	jaeger_is_right sock-trace 20
	jaeger_is_right cfs-throttling-trace 3
	jaeger_is_right bio-trace 15
	# The shape of a shell's commands, as Jaeger has it.
	jq_is 'exec-trace: one tree in Jaeger' exec-trace.jaeger "include \"spans\" {search: \"$TESTS/support\"};
		$JAEGERS | map({ name: .operationName, id: .spanID, begin: .startTime,
			parent: .references[0].spanID }) | tree(null) | map(.[1] |= sort)" \
		'[["bash",[["bash",[["sleep",[]]]],["id",[]],["ls",[]],["wc",[]]]]]'
	# The traces that are kept as examples can be looked at.
	for file in "$TOP"/bpf-examples/traces/*.json; do
		trace=$(jq -r '.resourceSpans[0].scopeSpans[0].spans[0].traceId' "$file")
		ok "${file##*/}: it is taken" curl -fsS -H 'Content-Type: application/json' -d "@$file" \
			"http://127.0.0.1:$otlp_port/v1/traces"
		wait_for 10 curl -fsS "http://127.0.0.1:$query_port/api/traces/$trace" -o kept
		jq_is "${file##*/}: all of it is there" kept '.[0].data[0].spans | length' \
			"$(jq '[.resourceSpans[].scopeSpans[].spans[]] | length' "$file")"
	done
	# What bombus has to say of itself: how each of its programs was attached.
	curl -fsS "http://127.0.0.1:$query_port/api/traces?service=bombus&lookback=1h" -o own
	jq_is "bombus's own start" own '.[0].data | map(.spans | map(.operationName) | sort |
		select(index("attach on_fork")))' \
		'[["attach","attach on_exec","attach on_exit","attach on_fork","load","open","pull","start"]]'
	wait_for 10 curl -fsS "http://127.0.0.1:$query_port/api/services" -o services
	for service in exec-trace bio-trace kernel sched sock cfs-throttling; do
		jq_is "a service in Jaeger: $service" services ".[0].data | index(\"$service\") != null" true
	done
else
	skip 'traces in Jaeger' "$(why_not)"
fi

# --- a collector: each way of sending, to the nanosecond -----------------------------------------

# From OTLP as JSON, one request a line, to the shape of what was printed; resources aside.
COLLECTED='map(.resourceSpans[] | (.resource.attributes | map(select(.key == "service.name")) |
	.[0].value.stringValue) as $service | .scopeSpans[].spans[] |
	[.traceId, .spanId, (.parentSpanId // ""), .name, $service, .startTimeUnixNano, .endTimeUnixNano]) |
	map(select(.[4] != "bombus")) | sort_by(.[1])'
PRINTED_AS_COLLECTED='map(select(.kind == "span")) | sort_by(.span_id) |
	map([.trace_id, .span_id, (.parent_span_id // ""), .name, .service, .start, .end])'

# Times as numbers would be cut: the text of one becomes the text of the other.
epoch_ns() {
	jq -c 'map(.[5, 6] |= ((.[0:19] + "Z" | fromdateiso8601 | tostring) + .[20:29]))'
}

collector_is_right() {
	local protocol=$1 wanted

	example_run sock-trace "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$2" \
		"OTEL_EXPORTER_OTLP_PROTOCOL=$protocol"
	wanted=$(jq -cs "$PRINTED_AS_COLLECTED" sock-trace.out | epoch_ns)
	wait_for 15 has_lines collected.json 1 sock-trace
	sleep 1
	jq_is "$protocol: the collector has what was printed" collected.json \
		"$COLLECTED" "$wanted"
	: >collected.json
}

if collector_there; then
	http_port=$(free_port)
	grpc_port=$(free_port)
	cat >collector.yaml <<-END
		receivers:
		  otlp:
		    protocols:
		      http: {endpoint: "127.0.0.1:$http_port"}
		      grpc: {endpoint: "127.0.0.1:$grpc_port"}
		exporters:
		  debug: {}
		  file: {path: $T/collected.json, append: true, flush_interval: 100ms}
		service:
		  pipelines:
		    traces: {receivers: [otlp], exporters: [debug, file]}
		  telemetry: {metrics: {level: none}}
	END
	ok 'the collector listens' serve otelcol "$http_port" --config collector.yaml
	collector_is_right http/protobuf "$http_port"
	collector_is_right http/json "$http_port"
	collector_is_right grpc "$grpc_port"

	# The configuration of deploy/, on ports of the test's own. Its log has the numbers that it exports.
	deploy_port=$(free_port)
	sed "s/0.0.0.0:4318/127.0.0.1:$deploy_port/; s/0.0.0.0:4317/127.0.0.1:$(free_port)/; s/timeout: 5s/timeout: 1s/" \
		"$TOP/deploy/otel-collector/config.yaml" >deploy.yaml
	echo '  telemetry: {metrics: {level: none}}' >>deploy.yaml
	LOG=deploy.log ok 'a collector takes the configuration of deploy/' serve otelcol "$deploy_port" --config deploy.yaml
	traffic_start getppid,1000
	ok 'bombus sends to it' bombus_start rounds run "$OBJECTS/otlp_rounds.bpf.o" -o none --interval 100ms \
		--set target_pid="$TRAFFIC_PID" --otlp="http://127.0.0.1:$deploy_port"
	ok 'a thousand rounds' traffic_go
	ok 'it ends' bombus_stop INT
	exported() { # WORD: the sum over all requests
		sed -n "s/.*\"$1\": \([0-9]*\)[,}].*/\1/p" deploy.log | awk '{ sum += $1 } END { print sum + 0 }'
	}
	all_exported() { [ "$(exported 'log records')" = 1000 ]; }
	ok 'the collector exports all records' wait_for 10 all_exported
	at_least 'the collector exports all spans, and those of the start of bombus' "$(exported spans)" 1001
	at_least 'the collector exports metrics' "$(exported 'data points')" 1
else
	skip 'traces in a collector' "$(why_not)"
fi

done_testing
