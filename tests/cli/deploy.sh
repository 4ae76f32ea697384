#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The files of deploy/: the agent takes each configuration; promtool and yamllint find nothing wrong;
# each alert is about figures that exist, and fires when it should; `bombus dashboard` makes the same
# dashboards.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/prometheus.sh"
need python3

DEPLOY=$(realpath "$TESTS/../deploy")
for file in bombus.yaml compose/bombus.yaml kustomize/base/bombus.yaml kustomize/sidecar/bombus.yaml; do
	run_bombus agent -c "$DEPLOY/$file" --check
	is "the agent takes $file" "$RC $ERR" '0 '
done

if command -v yamllint >/dev/null; then
	is 'yamllint finds nothing' "$(cd "$DEPLOY" && yamllint -s . 2>&1)" ''
	# Its library reads YAML.
	ports=$(python3 - "$DEPLOY/helm/bombus/values.yaml" values.yaml <<-'END'
		import sys, yaml
		values = yaml.safe_load(open(sys.argv[1]))
		yaml.safe_dump(values['config'], open(sys.argv[2], 'w'))
		print(f":{values['port']}", values['config']['exporters'][0]['listen'])
	END
	)
	like "the chart's port is its exporter's" "$ports" '^(:[0-9]+) \1$'
	run_bombus agent -c values.yaml --check
	is "the agent takes the chart's configuration" "$RC $ERR" '0 '
else
	skip 'yamllint finds nothing' 'there is no yamllint (make deps)'
fi

if prometheus_there; then
	ok 'promtool takes the configuration' promtool check config --syntax-only "$DEPLOY/prometheus/prometheus.yml"
	ok 'promtool takes the rules' promtool check rules "$DEPLOY/prometheus/alerts.yml"
	ok 'alerts fire when they should' promtool test rules "$DEPLOY/prometheus/alerts_test.yml"
else
	skip 'promtool takes the configuration' 'promtool is not to be had'
fi
grep -oh 'bombus_[a-z_]*' "$DEPLOY/prometheus/alerts.yml" | sort -u >asked
grep -ohr 'bombus_[a-z_]*' "$TESTS/../spec" | sort -u >known
is 'alerts are about figures that exist' "$(grep -vxFf known asked)" ''
at_least 'there are some' "$(wc -l <asked)" 8

if [ -d "$EXAMPLES" ]; then
	for file in "$DEPLOY"/grafana/dashboards/*.json; do
		run_bombus --store "$EXAMPLES" dashboard "$(basename "$file" .json)"
		is "${file##*/} is what bombus makes" "$(diff <(printf '%s\n' "$OUT") "$file" | head -n 5)" ''
	done
else
	skip 'dashboards are what bombus makes' 'the examples are not built'
fi
done_testing
