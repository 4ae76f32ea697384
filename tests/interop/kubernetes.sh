#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Real Kubernetes of the test's own: the API server takes every manifest of deploy/; a kubelet starts
# the agent's pod from an image of `bombus package`, beside pods whose files it names by namespace,
# pod and container, and filters by pod; scheduler and controller manager put the DaemonSet on 1,000
# nodes. etcd and Kubernetes are built through the Go module proxy into INTEROP_BIN.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq openssl containerd ctr runc umoci skopeo busybox python3
[ -d "$EXAMPLES" ] || skip_all "the examples are not built"
bin=$(realpath -m "${INTEROP_BIN:-$BUILD/interop}")
DEPLOY=$(realpath "$TESTS/../deploy")
NODES=${NODES:-1000}
VERSION=v1.34.0 STAGED=v0.34.0 ETCD=v3.6.5
PARTS=(kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl)

# Modules of the Kubernetes tree are taken at the versions that were published with it; its samples are
# empty modules.
build_kubernetes() {
	local m

	command -v go && mkdir -p modules "$bin" && cd modules || return
	export HOME=/tmp GOFLAGS=-mod=mod
	go mod download "k8s.io/kubernetes@$VERSION" || return
	cp "$(go env GOMODCACHE)/k8s.io/kubernetes@$VERSION/go.mod" theirs && chmod u+w theirs
	{
		printf 'module cluster\ngo 1.24.0\nrequire (\n'
		echo "k8s.io/kubernetes $VERSION"
		echo "go.etcd.io/etcd/server/v3 $ETCD"
		sed -nE '/sample/!s,^\s*(k8s.io/[a-z-]+) => \./staging.*,\1 '$STAGED',p' theirs
		echo ')'
	} >go.mod
	for m in sample-apiserver sample-cli-plugin sample-controller; do
		mkdir -p $m
		printf 'module k8s.io/%s\ngo 1.24.0\n' $m >$m/go.mod
		echo "replace k8s.io/$m => ./$m" >>go.mod
	done
	timeout "${GO_SECONDS:-3600}" nice go build -ldflags '-s -w' -o "$bin/" \
		"${PARTS[@]/#/k8s.io/kubernetes/cmd/}" && timeout 900 nice go build -o "$bin/etcd" \
		go.etcd.io/etcd/server/v3
}
for part in "${PARTS[@]}" etcd; do
	[ -x "$bin/$part" ] || { (build_kubernetes) >"$T/go.log" 2>&1 ||
		skip_all "Kubernetes cannot be built here: $(tail -n 1 "$T/go.log")"; }
done

# --- the control plane ---
API=$(free_port) DB=$(free_port) PEER=$(free_port)
server() { # NAME COMMAND...
	"${@:2}" >"$1.log" 2>&1 </dev/null &
	started+=("$!")
}
openssl genrsa -out sa.key 2048 2>/dev/null && openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
TOKEN=$(openssl rand -hex 16)
echo "$TOKEN,admin,admin,system:masters" >tokens.csv
server etcd "$bin/etcd" --data-dir etcd --unsafe-no-fsync --listen-client-urls "http://127.0.0.1:$DB" \
	--advertise-client-urls "http://127.0.0.1:$DB" --listen-peer-urls "http://127.0.0.1:$PEER" \
	--initial-advertise-peer-urls "http://127.0.0.1:$PEER" \
	--initial-cluster "default=http://127.0.0.1:$PEER"
server apiserver "$bin/kube-apiserver" --etcd-servers "http://127.0.0.1:$DB" --secure-port "$API" \
	--bind-address 127.0.0.1 --advertise-address 127.0.0.1 --cert-dir certs --token-auth-file tokens.csv \
	--authorization-mode RBAC --allow-privileged --service-cluster-ip-range 10.96.0.0/24 \
	--endpoint-reconciler-type none --service-account-key-file sa.pub \
	--service-account-signing-key-file sa.key --service-account-issuer https://cluster.test
cat >kubeconfig <<-EOF
	apiVersion: v1
	kind: Config
	clusters: [{name: c, cluster: {server: "https://127.0.0.1:$API", insecure-skip-tls-verify: true}}]
	users: [{name: u, user: {token: "$TOKEN"}}]
	contexts: [{name: x, context: {cluster: c, user: u}}]
	current-context: x
EOF
kube() { "$bin/kubectl" --kubeconfig kubeconfig --cache-dir cache "$@" 2>>kubectl.err; }
ready() { [ "$(kube get --raw /readyz)" = ok ]; }
ok 'the API server is ready' wait_for 120 ready
server manager "$bin/kube-controller-manager" --kubeconfig kubeconfig --leader-elect=false --secure-port=0 \
	--service-account-private-key-file sa.key --kube-api-qps 500 --kube-api-burst 1000 \
	--controllers daemonset-controller,serviceaccount-controller,deployment-controller,replicaset-controller,namespace-controller
server scheduler "$bin/kube-scheduler" --kubeconfig kubeconfig --leader-elect=false --secure-port=0 \
	--kube-api-qps 500 --kube-api-burst 1000

# --- every manifest ---
applied() { # FILES...
	kube apply --server-side "${@/#/-f}" >applied 2>&1 || { note "$(tail -n 3 kubectl.err)"; return 1; }
}
ok 'the API server takes the base' kube apply --server-side -k "$DEPLOY/kustomize/base"
is 'the base has its DaemonSet' "$(kube -n bombus get daemonset bombus -o jsonpath='{.spec.template.spec.hostPID}')" true
"$bin/kubectl" kustomize "$DEPLOY/kustomize/sidecar" >sidecar.yaml
ok 'the API server takes the sidecar' kube apply --server-side --dry-run=server -f sidecar.yaml
kube delete --wait=false -k "$DEPLOY/kustomize/base" >/dev/null

# --- a node ---
mkdir -p rootfs/bin rootfs/etc
cp "$(type -P busybox)" rootfs/bin/busybox
for applet in sh sleep cat; do ln -s busybox "rootfs/bin/$applet"; done
for file in alpha beta; do echo x >"rootfs/etc/$file"; done
cat >containerd.toml <<-EOF
	version = 2
	root = "$T/containerd/root"
	state = "$T/containerd/state"
	[grpc]
	address = "$T/containerd.sock"
	[plugins."io.containerd.grpc.v1.cri"]
	restrict_oom_score_adj = true
	disable_apparmor = true
	sandbox_image = "localhost/box:1"
	[plugins."io.containerd.grpc.v1.cri".containerd]
	snapshotter = "native"
EOF
image() { ctr -a "$T/containerd.sock" -n k8s.io image import --snapshotter native "$1"; }
box() {
	umoci init --layout layout && umoci new --image layout:box &&
		umoci insert --image layout:box rootfs / &&
		umoci config --image layout:box --config.entrypoint /bin/sleep --config.cmd 100000 &&
		skopeo copy oci:layout:box "oci-archive:box.tar:localhost/box:1" && image box.tar
} >box.log 2>&1
# After a failure containers outlive containerd, and volumes stay mounted.
end_node() {
	local shim pid

	for shim in $(pgrep -f "containerd-shim.* -address $T/containerd.sock"); do
		for pid in $(pgrep -P "$shim") "$shim"; do kill -9 "$pid"; done
	done
	awk -v below="$T/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
		while read -r mount; do umount "$mount"; done
}
at_exit+=(end_node)
server containerd containerd -c containerd.toml
wait_for 20 ctr -a "$T/containerd.sock" version >/dev/null 2>&1
box || skip_all "containerd cannot have an image here: $(tail -n 1 box.log)"
run_bombus --store "$EXAMPLES" package --entry agent connections opensnoop "oci-archive:$T/agent.tar:localhost/bombus:test"
is 'bombus package makes an image of the agent' "$RC" 0
ok 'containerd takes it' image agent.tar
cat >kubelet.yaml <<-EOF
	apiVersion: kubelet.config.k8s.io/v1beta1
	kind: KubeletConfiguration
	containerRuntimeEndpoint: unix://$T/containerd.sock
	podLogsDir: $T/pods
	cgroupDriver: cgroupfs
	cgroupsPerQOS: false
	enforceNodeAllocatable: []
	failCgroupV1: false
	failSwapOn: false
	evictionHard: {}
	makeIPTablesUtilChains: false
	localStorageCapacityIsolation: false
	address: 127.0.0.1
	port: $(free_port)
	healthzPort: 0
	authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
	authorization: {mode: AlwaysAllow}
EOF
server kubelet "$bin/kubelet" --config kubelet.yaml --kubeconfig kubeconfig --root-dir "$T/kubelet" \
	--cert-dir "$T/kubelet-certs" --hostname-override real --cloud-provider external
registered() { kube get node real -o jsonpath='{.status.conditions[?(@.type=="Ready")].reason}' | grep -q .; }
ok 'the kubelet registers its node' wait_for 60 registered

# The address that a cloud provider would set.
kube patch node real --subresource status -p \
	'{"status": {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}]}}' >/dev/null
kube create namespace prod >/dev/null

# pod NAME FILE: a manifest. The pod opens the file seven times once go/go exists.
pod() {
	cat <<-EOF
		{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "$1", "namespace": "prod"}, "spec": {
		"hostNetwork": true, "automountServiceAccountToken": false, "restartPolicy": "Never", "nodeName": "real",
		"containers": [{"name": "app", "image": "localhost/box:1", "imagePullPolicy": "Never", "command": ["/bin/sh", "-c",
		"until [ -e /go/go ]; do sleep 0.1; done; for i in 1 2 3 4 5 6 7; do cat /etc/$2; done; sleep 1000"],
		"volumeMounts": [{"name": "go", "mountPath": "/go"}]}],
		"volumes": [{"name": "go", "hostPath": {"path": "$T/go"}}]}}
	EOF
}
mkdir go
PORT=$(free_port)
if go_built helm helm.sh/helm/v3/cmd/helm@v3.18.4; then
	"$bin/helm" template bombus "$DEPLOY/helm/bombus" --namespace agents --kube-version "$VERSION" -f - >chart.yaml <<-EOF
		image: {repository: localhost/bombus, tag: test, pullPolicy: Never}
		hostNetwork: true
		port: $PORT
		names: {enabled: true, hostPaths: [$T/containerd/state]}
		config:
		  runtime_state: [$T/containerd/state]
		  programs:
		    - {image: opensnoop, enrich: [container, pod], pod: [prod/shop]}
		  exporters:
		    - {type: json, file: "-"}
		    - {type: prometheus, listen: "127.0.0.1:$PORT"}
	EOF
	kube create namespace agents >/dev/null
	pod shop alpha | kube apply -f - >/dev/null
	pod bank beta | kube apply -f - >/dev/null
	ok 'the API server takes the chart' applied chart.yaml
	running() { [ "$(kube -n "$1" get pods -o jsonpath='{.items[*].status.phase}')" = "$2" ]; }
	ok 'the kubelet starts the pods' wait_for 120 running prod 'Running Running'
	ok 'the kubelet starts the agent' wait_for 60 running agents Running
	serves() { fetch "http://127.0.0.1:$PORT/-/ready" >/dev/null; }
	ok 'the agent is ready' wait_for 60 serves
	: >go/go
	log() { cat pods/agents_*/bombus/*.log 2>/dev/null | sed -n 's/^[^ ]* stdout F //p'; }
	opened() { [ "$(log | grep -c '"fname":"/etc/alpha"')" -ge 7 ]; }
	ok 'its log has the opens of the pod' wait_for 30 opened
	log | grep '^{"time"' >opens.ndjson
	jq_is 'the seven opens have namespace, pod and container' opens.ndjson \
		'map(select(.fields.fname? == "/etc/alpha").fields | [.namespace, .pod, .node, .container.name, .container.image]) | [length, unique]' \
		'[7,[["prod","shop","real","app","localhost/box:1"]]]'
	jq_is 'the log has no open of the other pod' opens.ndjson 'map(select(.fields.fname? == "/etc/beta")) | length' 0
	# --- 1,000 nodes ---
	python3 - "$NODES" >nodes.json <<-'EOF'
		import json, sys
		room = {'cpu': '4', 'memory': '8Gi', 'pods': '110'}
		print(json.dumps({'apiVersion': 'v1', 'kind': 'List', 'items': [
		    {'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': f'node-{i}', 'labels': {'kubernetes.io/os': 'linux'}},
		     'status': {'capacity': room, 'allocatable': room, 'conditions': [{'type': 'Ready', 'status': 'True'}]}}
		    for i in range(int(sys.argv[1]))]}))
	EOF
	kube create -f nodes.json >/dev/null
	placed() {
		[ "$(kube -n agents get pods -o jsonpath='{range .items[*]}{.spec.nodeName}{"\n"}{end}' | grep . | sort -u | wc -l)" -ge $((NODES + 1)) ]
	}
	ok "the DaemonSet has a pod on each of $NODES nodes" wait_for 300 placed
	# No garbage collector runs, so the pods have to be deleted as well.
	kube -n agents delete daemonset bombus --wait=false >/dev/null
	for pods in agents prod; do
		kube -n $pods delete pods --all --grace-period 1 --wait=false >/dev/null
	done
	nothing_runs() { [ -z "$(ctr -a "$T/containerd.sock" -n k8s.io task ls -q)" ]; }
	ok 'nothing is left of the pods' wait_for 60 nothing_runs
else
	skip 'the API server takes the chart' "helm cannot be built here: $(go_why)"
fi
done_testing
