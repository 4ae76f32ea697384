#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The Kubernetes files of deploy/ beside real tools: helm and kustomize, built through the Go module
# proxy into INTEROP_BIN, and the schemas of Kubernetes (kubernetes-validate, by pip). The chart's
# defaults and kustomize's base make the same pod.
. "$(dirname "$0")/../support/lib.sh"
need python3

bin=$(realpath -m "${INTEROP_BIN:-$BUILD/interop}")
GO_SECONDS=1800
DEPLOY=$(realpath "$TESTS/../deploy")
KUBERNETES=1.34
CHART=$DEPLOY/helm/bombus

schemas_there() {
	[ -x "$bin/python/bin/kubernetes-validate" ] && return
	python3 -m venv "$bin/python" && "$bin/python/bin/pip" -q install kubernetes-validate==1.37.0
}
schemas_there >"$T/pip.log" 2>&1 || skip_all "kubernetes-validate cannot be installed: $(tail -n 1 "$T/pip.log")"

# valid FILE: all manifests in it that are Kubernetes' own; those of the Prometheus Operator have no
# schema there.
cat >valid.py <<'END'
import sys

import kubernetes_validate
import yaml

kinds = []
for manifest in yaml.safe_load_all(open(sys.argv[1])):
    if not manifest:
        continue
    if not manifest['apiVersion'].startswith('monitoring.coreos.com/'):
        kubernetes_validate.validate(manifest, sys.argv[2], strict=True)
    kinds.append(manifest['kind'])
print(' '.join(sorted(kinds)))
END
valid() { "$bin/python/bin/python3" valid.py "$1" "$KUBERNETES" 2>&1 | tail -n 1; }

# pod FILE: what its DaemonSet runs, and the agent's configuration, without labels and names.
cat >pod.py <<'END'
import json
import sys

import yaml

for manifest in yaml.safe_load_all(open(sys.argv[1])):
    if manifest and manifest['kind'] == 'DaemonSet':
        print(json.dumps(manifest['spec']['template']['spec'], sort_keys=True, indent=1))
        print(json.dumps(manifest['spec']['updateStrategy'], sort_keys=True))
    if manifest and manifest['kind'] == 'ConfigMap':
        print(json.dumps(yaml.safe_load(manifest['data']['bombus.yaml']), sort_keys=True))
END
pod() { "$bin/python/bin/python3" pod.py "$1"; }

if go_built helm helm.sh/helm/v3/cmd/helm@v3.18.4; then
	template() { "$bin/helm" template bombus "$CHART" --namespace bombus \
		--kube-version $KUBERNETES.0 "$@" 2>helm.err; }
	ok 'helm lint' "$bin/helm" lint --strict "$CHART"
	template >chart.yaml
	is 'the chart is valid' "$(valid chart.yaml)" 'ConfigMap DaemonSet ServiceAccount'
	template --set podMonitor.enabled=true,serviceMonitor.enabled=true,prometheusRule.enabled=true \
		--set store.hostPath=/var/lib/bombus,hostNetwork=true,image.digest=sha256:0,priorityClassName=x \
		--set 'imagePullSecrets[0].name=a,podLabels.a=b,podAnnotations.c=d,serviceAccount.annotations.e=f' \
		--set 'podMonitor.labels.g=h,serviceMonitor.labels.i=j,prometheusRule.labels.k=l' >all.yaml
	is 'with all that can be asked for' "$(valid all.yaml)" \
		'ConfigMap DaemonSet PodMonitor PrometheusRule Service ServiceAccount ServiceMonitor'
	"$bin/python/bin/python3" - all.yaml >rules.yaml <<-'END'
		import sys, yaml
		for manifest in yaml.safe_load_all(open(sys.argv[1])):
		    if manifest and manifest['kind'] == 'PrometheusRule':
		        print(yaml.safe_dump(manifest['spec']))
	END
	ok 'its rules are those of Prometheus' "$bin/python/bin/python3" -c "import yaml
assert yaml.safe_load(open('rules.yaml')) == yaml.safe_load(open('$DEPLOY/prometheus/alerts.yml'))"
	template --set serviceAccount.create=false,serviceAccount.name=other >other.yaml
	like 'an account that is there' "$(cat other.yaml)" 'serviceAccountName: other'
	"$bin/python/bin/python3" -c "import yaml
for m in yaml.safe_load_all(open('chart.yaml')):
    if m['kind'] == 'ConfigMap': print(m['data']['bombus.yaml'])" >agent.yaml
	run_bombus agent -c agent.yaml --check
	is 'the agent takes its configuration' "$RC $ERR" '0 '
else
	skip 'helm lint' "helm cannot be built here: $(go_why)"
fi

if go_built kustomize sigs.k8s.io/kustomize/kustomize/v5@v5.7.1; then
	build() { "$bin/kustomize" build "$DEPLOY/kustomize/$1" 2>kustomize.err; }
	build base >base.yaml
	is 'the base is valid' "$(valid base.yaml)" 'ConfigMap DaemonSet Namespace ServiceAccount'
	build monitors >monitors.yaml
	is 'with a PodMonitor' "$(valid monitors.yaml)" 'ConfigMap DaemonSet Namespace PodMonitor ServiceAccount'
	build sidecar >sidecar.yaml
	is 'the sidecar is valid' "$(valid sidecar.yaml)" 'ConfigMap Deployment'
	like 'beside the workload' "$(cat sidecar.yaml)" 'image: nginx'
	is 'without a warning' "$(cat kustomize.err)" ''
	[ ! -x "$bin/helm" ] || is 'chart and base make the same pod' "$(diff <(pod chart.yaml) <(pod base.yaml))" ''
else
	skip 'the base is valid' "kustomize cannot be built here: $(go_why)"
fi
done_testing
