#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Real containers: 1,000 of runc that live for 50 ms are all named in the first record that they
# cause; one of them is filtered by name, beside another; containerd runs one with the annotations
# that a kubelet's have, which is found by pod. runc's and containerd's files and sockets are in the
# test's folder.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq runc busybox
[ -d "$EXAMPLES" ] || skip_all "the examples are not built"
bombus_there
export BOMBUS_STORE=$EXAMPLES
COUNT=${CONTAINERS:-1000}
ME=bombus-$$
export XDG_RUNTIME_DIR=$T

mkdir -p bundle/rootfs/bin bundle/rootfs/etc
cp "$(type -P busybox)" bundle/rootfs/bin/busybox
for applet in sh sleep cat; do ln -s busybox "bundle/rootfs/bin/$applet"; done
echo x >bundle/rootfs/etc/known

# bundle FILTER: config.json of a container without a terminal and a network.
bundle() {
	(cd bundle && rm -f config.json && runc spec && jq ".process.terminal = false | $1" config.json \
		>new.json && mv new.json config.json)
}

run_one() {
	runc --root "$T/runc" run --bundle "$T/bundle" "$1" >>runc.log 2>&1 </dev/null
}

# --- runc: many that are short ---
bundle '.process.args = ["/bin/sleep", "0.05"]'
if run_one "$ME-try"; then
	ok 'runc: execsnoop attaches' bombus_start short run execsnoop --enrich container \
		--runtime-state "$T/runc" -o json --where 'fname == "/bin/sleep"'
	for half in 0 1; do
		(for ((i = half; i < COUNT; i += 2)); do run_one "$ME-$i"; done) &
		halves+=("$!")
	done
	wait "${halves[@]}"
	shown() {
		[ "$(grep -c "\"name\":\"$ME-" short.out)" -ge "$COUNT" ]
	}
	ok "runc: $COUNT containers are named" wait_for 20 shown
	ok 'runc: it ends' bombus_stop INT
	jq_is 'runc: each by its own name' short.out \
		"map(select(.fields.container.name // \"\" | startswith(\"$ME-\")).fields.container.name) | [length, (unique | length)]" \
		"[$COUNT,$COUNT]"

	# --- a filter by its name ---
	bundle '.process.args = ["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7; do cat /etc/known; done"]'
	ok 'runc: opensnoop attaches' bombus_start filter run opensnoop --container "$ME-this" \
		--runtime-state "$T/runc" -o json
	run_one "$ME-other"
	run_one "$ME-this"
	run_one "$ME-another"
	opened() {
		[ "$(grep -c '"fname":"/etc/known"' filter.out)" -ge 7 ]
	}
	ok 'runc: its opens are shown' wait_for 20 opened
	ok 'runc: it ends' bombus_stop INT
	jq_is 'runc: seven of them' filter.out 'map(select(.fields.fname? == "/etc/known")) | length' 7
else
	skip runc "it does not run here: $(tail -n 1 runc.log)"
fi

# --- containerd: a pod ---
containerd_there() {
	type -P containerd ctr skopeo umoci >/dev/null || return
	cat >containerd.toml <<-END
		version = 2
		root = "$T/containerd/root"
		state = "$T/containerd/state"
		[grpc]
		address = "$T/containerd.sock"
		[plugins."io.containerd.grpc.v1.cri"]
		restrict_oom_score_adj = true
		disable_apparmor = true
	END
	containerd -c containerd.toml >containerd.log 2>&1 &
	started+=("$!")
	wait_for 20 ctr -a "$T/containerd.sock" version || return
	umoci init --layout "$T/layout" && umoci new --image "$T/layout:box" &&
		umoci insert --image "$T/layout:box" "$T/bundle/rootfs" / &&
		skopeo copy "oci:$T/layout:box" "oci-archive:$T/box.tar:localhost/box:1" &&
		ctr -a "$T/containerd.sock" -n k8s.io image import --snapshotter native "$T/box.tar"
} >>containerd.out 2>&1
if containerd_there; then
	ok 'containerd: opensnoop attaches' bombus_start pod run opensnoop --pod prod/web-1 \
		--enrich container,pod --runtime-state "$T/containerd/state" -o json
	for pod in web-1 web-2; do
		ctr -a "$T/containerd.sock" -n k8s.io run --rm --snapshotter native \
			--annotation io.kubernetes.cri.container-name=app \
			--annotation io.kubernetes.cri.image-name=localhost/box:1 \
			--annotation io.kubernetes.cri.sandbox-name=$pod \
			--annotation io.kubernetes.cri.sandbox-namespace=prod \
			localhost/box:1 "$pod-$$" \
			/bin/sh -c 'sleep 0.5; for i in 1 2 3 4 5 6 7; do cat /etc/known; done' >>ctr.log 2>&1
	done
	opened() {
		[ "$(grep -c '"fname":"/etc/known"' pod.out)" -ge 7 ]
	}
	ok 'containerd: its opens are shown' wait_for 20 opened
	ok 'containerd: it ends' bombus_stop INT
	jq_is 'containerd: seven of them, of this pod' pod.out \
		'map(select(.fields.fname? == "/etc/known").fields | [.namespace, .pod, .container.name, .container.image]) | [length, unique]' \
		'[7,[["prod","web-1","app","localhost/box:1"]]]'
else
	skip containerd "it does not run here: $(tail -n 1 containerd.out)"
fi
done_testing
