#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Dashboards and rules of all examples: as Grafana wants them, and every query is one that
# Prometheus can parse.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/prometheus.sh"
need jq
[ -d "$EXAMPLES" ] || EXAMPLES=$TOP/build/store
[ -d "$EXAMPLES" ] || skip_all "the examples are not built"

promtool=
! prometheus_there || promtool=promtool
images=$("$BOMBUS" --store "$EXAMPLES" list -q)

# queries FILE: as rules, with Grafana's variables replaced.
# shellcheck disable=SC2016 # they are not the shell's variables
queries() {
	echo 'groups: [ { name: dashboard, rules: ['
	jq -r '.panels[].targets[]?.expr, (.templating.list[].query.query? // empty |
		capture("^label_values\\((?<q>.*), *[a-zA-Z0-9_]+\\)$").q)' "$1" |
		sed -E 's/\$__rate_interval/5m/g; s/\$__range/1h/g; s/\$[a-z_A-Z0-9]+/.*/g' |
		jq -R '{ record: "a:b", expr: ., labels: { n: (input_line_number | tostring) } }' |
		sed 's/^}$/},/'
	echo '] } ]'
}

for image in $images; do
	run_bombus --store "$EXAMPLES" dashboard "$image"
	printf '%s' "$OUT" >dash.json
	[ "$RC" = 0 ] || fail "$image: it is made" "$ERR"
	jq -e '.schemaVersion >= 38 and .uid and (.uid | length) <= 40 and
		(.panels | map(.id) | unique | length) == (.panels | length) and
		all(.panels[]; .type == "row" or ((.targets | length) > 0 and .gridPos.x + .gridPos.w
			<= 24 and .fieldConfig.defaults.unit != null and .datasource.uid ==
			"${datasource}")) and
		([.templating.list[].name] | index("datasource", "job", "instance") != null)' \
		dash.json >/dev/null || fail "$image: it is what Grafana wants"
	# What Grafana's own schema asks for, and the kinds of panels that it has.
	# shellcheck disable=SC2016 # jq's variables
	jq -e 'def ref: (.type | type) == "string" and (.uid | type) == "string";
		(.title | length) > 0 and (.editable | type) == "boolean" and (.time.from | type) ==
		"string" and (.time.to | type) == "string" and (.refresh | type) == "string" and
		(.tags | type) == "array" and (.annotations.list | type) == "array" and
		all(.templating.list[]; (.name | test("^[a-zA-Z0-9_]+$")) and
			(.type == "query" or .type == "datasource") and
			(.type == "datasource" or (.datasource | ref))) and
		([.templating.list[].name] | length == (unique | length)) and
		all(.panels[]; (.id | floor) == .id and .id > 0 and (.title | type) == "string" and
			(.gridPos | map_values(. == floor and . >= 0) | [.x, .y, .w, .h] | all)) and
		all(.panels[] | select(.type == "row"); (.collapsed | type) == "boolean" and
			(.panels | type) == "array") and
		all(.panels[] | select(.type != "row"); (.datasource | ref) and
			(.type | IN("timeseries", "heatmap", "table")) and
			(.description | type) == "string" and (.options | type) == "object" and
			(.fieldConfig.defaults | type) == "object" and
			(.fieldConfig.overrides | type) == "array" and
			([.targets[].refId] | length > 0 and length == (unique | length)) and
			all(.targets[]; (.expr | length) > 0 and (.datasource | ref) and
				(.format | IN("time_series", "table", "heatmap")) and
				(.instant | type) == "boolean" and (.range | type) == "boolean"))' \
		dash.json >/dev/null || fail "$image: it has the schema of Grafana's dashboards"
	jq -e '[.panels[] | select(.type != "row") | .gridPos] | . as $all | all(range(length);
		. as $i | all(range($i); . as $k | $all[$i] as $a | $all[$k] as $b |
		$a.y != $b.y or $a.x >= $b.x + $b.w or $b.x >= $a.x + $a.w))' dash.json >/dev/null ||
		fail "$image: no panel covers another"
	run_bombus --store "$EXAMPLES" dashboard "$image" --rules
	printf '%s\n' "$OUT" >rules.yml
	[ -n "$promtool" ] || continue
	promtool check rules rules.yml >check.out 2>&1 ||
		fail "$image: rules" "$(cat check.out)"
	queries dash.json >queries.yml
	promtool check rules queries.yml >check.out 2>&1 ||
		fail "$image: queries" "$(cat check.out)"
done
[ $tap_failed -gt 0 ] || pass "$(wc -w <<<"$images") images"
if [ -z "$promtool" ]; then
	skip 'queries and rules' 'promtool is not to be had'
else
	at_least 'queries were looked at' "$(sed -nE 's/.*SUCCESS: ([0-9]+) rules.*/\1/p' check.out)" 8
fi

run_bombus --store "$EXAMPLES" dashboard biolatency
printf '%s' "$OUT" >dash.json
jq_is 'a histogram is a heat map and quantiles' dash.json \
	'.[0].panels | map(select(.type != "row")) | .[:2] | map(.type)' '["heatmap","timeseries"]'
jq_is 'in seconds' dash.json '.[0].panels[2].fieldConfig.defaults.unit' s
jq_is 'with the help of the program' dash.json '.[0].panels[1].description' \
	'time that disk requests take'
jq_is 'labels are variables' dash.json '[.[0].templating.list[].name]' \
	'["datasource","job","instance","disk","op"]'
run_bombus --store "$EXAMPLES" dashboard tcpconnlat --map events=histogram --namespace net
like 'other roles and names' "$OUT" '"net_events_seconds"'
run_bombus --store "$EXAMPLES" dashboard tcpconnlat --rules
like 'rules are of this program alone' "$(run_bombus --store "$EXAMPLES" dashboard opensnoop \
	--map events=counter --rules; echo "$OUT")" \
	'rate\(ebpf_events_total\{program=~"\|opensnoop"\}.*bombus_program_info\{program="opensnoop"\}'
like 'rules warn of loss' "$OUT" '- alert: BombusEventsLost'
printf '%s\n' "$OUT" >alerts.yml
# Each alert is raised by what it is about, and by nothing else.
alert() { # NAME LABELS SERIES VALUES: raised in the end
	cat <<-END
	- interval: 1m
	  input_series: [ { series: '$3', values: '$4' } ]
	  alert_rule_test:
	  - eval_time: 20m
	    alertname: $1
	    exp_alerts: [ { exp_labels: { $2 } } ]
	END
}
quiet() { # SERIES VALUES: none is
	printf '%s\n' '- interval: 1m' "  input_series: [ { series: '$1', values: '$2' } ]" \
		'  alert_rule_test:'
	sed -n "s/^ *- alert: //p" alerts.yml | while read -r name; do
		printf '%s\n' '  - eval_time: 20m' "    alertname: $name"
	done
}
if [ -n "$promtool" ]; then
	OF='job="j",instance="i"'
	{
		printf '%s\n' 'rule_files: [ stripped.yml ]' 'evaluation_interval: 1m' 'tests:'
		alert BombusEventsLost 'severity: warning, job: j, instance: i, program: g, map: m' \
			"bombus_events_lost_total{$OF,program=\"g\",map=\"m\"}" '0x17 1 1 1 1'
		alert BombusEventsDropped 'severity: warning, job: j, instance: i, program: g, map: m' \
			"bombus_events_dropped_total{$OF,program=\"g\",map=\"m\"}" '0x17 5 5 5 5'
		alert BombusMapNearlyFull 'severity: warning, job: j, instance: i, program: g, map: m' \
			"bombus_map_fill_ratio{$OF,program=\"g\",map=\"m\"}" '0.95x30'
		alert BombusMapUpdatesFail 'severity: warning, job: j, instance: i, program: g, map: m' \
			"bombus_map_update_failures_total{$OF,program=\"g\",map=\"m\"}" '0x17 5 5 5 5'
		alert BombusProgramDetached 'severity: critical, job: j, instance: i, program: g, function: p' \
			"bombus_program_attached{$OF,program=\"g\",function=\"p\",variant=\"p\",type=\"xdp\"}" '1x10 0x20'
		alert BombusSeriesOverflow 'severity: warning, job: j, instance: i, program: g, map: m' \
			"bombus_series_overflowed_total{$OF,program=\"g\",map=\"m\"}" '0x17 5 5 5 5'
		quiet "bombus_events_lost_total{$OF,program=\"g\",map=\"m\"}" '7x30'
		quiet "bombus_map_fill_ratio{$OF,program=\"g\",map=\"m\"}" '0.89x30'
		quiet "bombus_program_attached{$OF,program=\"g\",function=\"p\",variant=\"p\",type=\"xdp\"}" '1x30'
		quiet "bombus_program_attached{$OF,program=\"g\",function=\"p\",variant=\"p\",type=\"xdp\"}" '1x19 0 0'
	} >test.yml
	# The words for people are not what is tested.
	sed '/^ *annotations:/,/^ *summary:/d' alerts.yml >stripped.yml
	ok 'each alert fires on its condition' promtool test rules test.yml
	is 'and none is left out' \
		"$(grep -B 1 exp_alerts test.yml | sed -n 's/.*alertname: //p' | sort)" \
		"$(sed -n 's/^ *- alert: //p' alerts.yml | sort)"
fi
run_bombus dashboard nothing-of-that-name
is 'an unknown image' "$RC" 1
run_bombus --store "$EXAMPLES" dashboard tcpconnlat --labels event=comm
is 'an unknown map' "$RC" 2
like 'with the nearest' "$ERR" "did you mean 'events'"
done_testing
