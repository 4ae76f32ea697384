# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Prometheus, its Pushgateway and the strict parser of OpenMetrics, for tests that want their
# verdict.

# prometheus_there: puts prometheus, promtool and prometheus-pushgateway into PATH, and the parser
# where python3 finds it. Fails where they are missing.
prometheus_there() {
	unpacked prometheus || return
	export PYTHONPATH=$UNPACKED/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1
	promtool --version >/dev/null 2>&1
}

# prometheus_start CONFIG ARGUMENTS...: one that scrapes every second; $PROMETHEUS is its URL.
prometheus_start() {
	local config=$1 port
	shift

	port=$(free_port)
	PROMETHEUS=http://127.0.0.1:$port
	prometheus --config.file="$config" --storage.tsdb.path="$T/tsdb-$port" \
		--web.listen-address="127.0.0.1:$port" --log.level=warn "$@" \
		>"$T/prometheus.log" 2>&1 </dev/null &
	started+=("$!")
	wait_for 30 fetch "$PROMETHEUS/-/ready"
}

# query EXPRESSION: the values, one a line.
query() {
	curl -fsS --max-time 5 -G --data-urlencode "query=$1" "$PROMETHEUS/api/v1/query" |
		jq -r '.data.result[] | .value[1]'
}

# query_is EXPRESSION WANTED, for wait_for.
query_is() {
	[ "$(query "$1")" = "$2" ]
}
