# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A receiver of OTLP for tests, sourced after lib.sh: tests/support/otlp_receiver.py, with a Python that has
# OpenTelemetry's generated code and gRPC, which tests/fetch.sh installed into the build folder.
#
#	otlp_receiver_there || skip_all "..."
#	receiver_start			# sets RX (its folder), HTTP, GRPC, HTTPS, GRPCS (ports)
#	receiver_mode status 503
#	receiver_stop

OTLP_PYTHON=$BUILD/python/bin/python3

otlp_receiver_there() {
	"$OTLP_PYTHON" -c 'import grpc, opentelemetry.proto' 2>/dev/null
}

# receiver_start [PORT]: the same folder again when it was started before.
receiver_start() {
	RX=$T/receiver
	mkdir -p "$RX"
	rm -f "$RX/ports" "$RX/in"
	mkfifo "$RX/in"
	"$OTLP_PYTHON" "$TESTS/support/otlp_receiver.py" "$RX" "$@" <"$RX/in" >"$RX/out" 2>&1 &
	RX_PID=$!
	started+=("$RX_PID")
	exec {rx_fd}>"$RX/in"
	wait_for 20 test -s "$RX/ports" || {
		note "the receiver does not start" "$(tail -n 5 "$RX/out")"
		return 1
	}
	# shellcheck disable=SC2034 # read by the tests
	read -r HTTP GRPC HTTPS GRPCS <"$RX/ports"
}

receiver_mode() {
	echo "$*" >"$RX/mode.new" && mv "$RX/mode.new" "$RX/mode"
}

# receiver_stop [SIGNAL]
receiver_stop() {
	kill "-${1:-TERM}" "$RX_PID" 2>/dev/null
	exec {rx_fd}>&-
	wait "$RX_PID" 2>/dev/null
	return 0
}

# received JQ: over the requests that were answered well, as an array.
received() {
	touch "$RX/requests.jsonl"
	jq -cs "map(select(.answer == \"ok\" or (.answer | startswith(\"slow\")))) | $1" \
		"$RX/requests.jsonl" 2>/dev/null
}

# Forgets what came so far.
receiver_forget() {
	rm -f "$RX/requests.jsonl" "$RX/errors"
	receiver_mode ok
}
