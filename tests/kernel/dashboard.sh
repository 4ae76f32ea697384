#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Dashboards and rules with data: Prometheus scrapes what runs, and each query of each panel, each
# variable and each recording rule has an answer.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/prometheus.sh"
need_root
need curl jq python3
prometheus_there || skip_all "Prometheus is not to be had"

# answers EXPRESSION: how many series; fails where it is no query.
answers() {
	curl -sS --max-time 5 -G --data-urlencode "query=$1" "$PROMETHEUS/api/v1/query" |
		jq -e 'if .status == "success" then .data.result | length else error(.error) end'
}
answered() { [ "$(answers "$1")" -gt 0 ]; }

# What each panel asks, with the variables as Grafana has them when nothing is chosen.
# shellcheck disable=SC2016 # they are not the shell's variables
panels() {
	jq -r '.panels[].targets[]?.expr' "$1" |
		sed -E 's/\$__rate_interval/5s/g; s/\$__range/10s/g; s/\$[a-z_A-Z0-9]+/.*/g'
}
# shellcheck disable=SC2016
variables() {
	jq -r '.templating.list[].query.query? // empty' "$1" |
		sed -E 's/\$[a-z_A-Z0-9]+/.*/g; s/^label_values\((.*), *([a-zA-Z0-9_]+)\)$/count by (\2) (\1)/'
}

# dashboard NAME: of tests/bpf/NAME.bpf.o, which a process feeds that goes on until it is over.
dashboard() {
	local object=$OBJECTS/$1.bpf.o n=0 empty='' expr

	run_bombus dashboard "$object"
	printf '%s' "$OUT" >dash.json
	run_bombus dashboard "$object" --rules
	printf '%s\n' "$OUT" >rules.yml
	PORT=$(free_port)
	rounds_start paced 3000 0.01
	ok "$1: it attaches" bombus_start "$1" run "$object" --set target_pid="$ROUNDS_PID" \
		--interval 100ms -o none --metrics="127.0.0.1:$PORT"
	rounds_go
	cat >prom.yml <<-END
	global: { scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s }
	rule_files: [ $T/rules.yml ]
	scrape_configs:
	- job_name: bombus
	  static_configs: [ { targets: [ '127.0.0.1:$PORT' ] } ]
	END
	ok "$1: Prometheus starts" prometheus_start "$T/prom.yml"
	ok "$1: it scrapes" wait_for 15 query_is 'up{job="bombus"}' 1
	wait_for 15 answered 'rate(bombus_events_read_total[5s]) > 0'
	while read -r expr; do
		n=$((n + 1))
		wait_for 10 answered "$expr" || empty+="$expr"$'\n'
	done < <(panels dash.json; variables dash.json)
	is "$1: each of $n queries has an answer" "$empty" ''
	at_least "$1: there are some" "$n" 10
	# Rates over five minutes need no more than two scrapes.
	n=0
	empty=''
	for expr in $(sed -n 's/^ *- record: //p' rules.yml | tr -d "'" | sort -u); do
		n=$((n + 1))
		wait_for 10 answered "$expr" || empty+="$expr "
	done
	is "$1: and each of $n recording rules" "$empty" ''
	kill "${started[-1]}"
	ok "$1: it ends" bombus_stop INT
	kill "$ROUNDS_PID"
}

dashboard metrics_hist
dashboard metrics_churn
dashboard metrics_names
done_testing
