# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # the tests read these variables
#
# Containers for tests, sourced after lib.sh: files as runtimes keep them, in folders of the test, and
# in $STATE the --runtime-state options that name these folders. The container `id 2` is web of Docker;
# `id 3` is app of containerd, in the pod prod/shop-1, whose uid is $UID_.

UID_=6d1f1c9a-1111-2222-3333-0123456789ab
STATE=(--runtime-state "$T/docker" --runtime-state "$T/containerd")

# id NUMBER: of a container.
id() {
	printf '%064x' "$1"
}

mkdir -p "docker/containers/$(id 2)" "containerd/io.containerd.runtime.v2.task/k8s.io/$(id 3)"
echo '{"Name":"/web","Config":{"Image":"nginx:1.27"}}' >"docker/containers/$(id 2)/config.v2.json"
cat >"containerd/io.containerd.runtime.v2.task/k8s.io/$(id 3)/config.json" <<'END'
{"annotations":{"io.kubernetes.cri.container-name":"app","io.kubernetes.cri.image-name":"shop:2",
"io.kubernetes.cri.sandbox-name":"shop-1","io.kubernetes.cri.sandbox-namespace":"prod"}}
END
