#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Signatures beside real cosign, versions 2 and 3, built through the Go module proxy into INTEROP_BIN
# (BUILD/interop): each verifies what the other signs, in the three forms, and reads its keys. What
# cannot be had is skipped by name.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/docker_registry.sh
. "$TESTS/support/docker_registry.sh"
need clang curl

V2=github.com/sigstore/cosign/v2/cmd/cosign@v2.4.1
V3=github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
bin=${INTEROP_BIN:-$BUILD/interop}
export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache COSIGN_PASSWORD=secret

# cosign_bin VERSION PACKAGE
cosign_bin() {
	[ -x "$bin/cosign$1/cosign" ] && return
	command -v go >/dev/null || return
	mkdir -p "$bin/cosign$1"
	HOME=/tmp GOBIN=$bin/cosign$1 GOFLAGS=-modcacherw nice timeout 1800 \
		go install -p 1 "$2" >go.log 2>&1
}

docker_registry_start
tool_build

flags=(--allow-insecure-registry --allow-http-registry)
# image NAME: pushed anew, without a signature.
image() {
	run_bombus push tool "$R/$1:1"
	is "$1 is pushed" "$RC" 0
}
# trusted NAME KEY; untrusted NAME KEY: by us.
trusted() {
	run_bombus verify --key "$2" "$R/$1:1"
	is "$1: bombus verifies it" "$RC" 0
}
untrusted() {
	run_bombus verify --key "$2" "$R/$1:1"
	is "$1: not with another key" "$RC" 5
}
run_bombus keygen ours

if cosign_bin 2 "$V2"; then
	cosign=$bin/cosign2/cosign
	"$cosign" generate-key-pair --output-key-prefix theirs >cosign.log 2>&1
	image ours-tag
	run_bombus sign --key ours.key "$R/ours-tag:1"
	ok 'cosign 2 verifies our tag' "$cosign" verify "${flags[@]}" --insecure-ignore-tlog \
		--key ours.pub "$R/ours-tag:1"
	image ours-referrer
	run_bombus sign --key ours.key --form referrer "$R/ours-referrer:1"
	COSIGN_EXPERIMENTAL=1 ok 'cosign 2 verifies our referrer' "$cosign" verify "${flags[@]}" \
		--experimental-oci11 --insecure-ignore-tlog --key ours.pub "$R/ours-referrer:1"
	image theirs-tag
	ok 'cosign 2 signs by tag' "$cosign" sign "${flags[@]}" --tlog-upload=false --key theirs.key -y \
		"$R/theirs-tag:1"
	trusted theirs-tag theirs.pub
	untrusted theirs-tag ours.pub
	image theirs-referrer
	COSIGN_EXPERIMENTAL=1 ok 'cosign 2 signs by referrer' "$cosign" sign "${flags[@]}" \
		--tlog-upload=false --registry-referrers-mode oci-1-1 --key theirs.key -y \
		"$R/theirs-referrer:1"
	trusted theirs-referrer theirs.pub
	untrusted theirs-referrer ours.pub
	image our-key
	ok 'cosign 2 signs with our key' "$cosign" sign "${flags[@]}" --tlog-upload=false \
		--key ours.key -y "$R/our-key:1"
	trusted our-key ours.pub
	image their-key
	run_bombus sign --key theirs.key "$R/their-key:1"
	ok 'and verifies what we sign with its key' "$cosign" verify "${flags[@]}" \
		--insecure-ignore-tlog --key theirs.pub "$R/their-key:1"
else
	skip 'cosign 2' "it cannot be built: $(tail -n 1 go.log 2>/dev/null)"
fi

if cosign_bin 3 "$V3"; then
	cosign=$bin/cosign3/cosign
	[ -e theirs.key ] || "$cosign" generate-key-pair --output-key-prefix theirs >cosign.log 2>&1
	image ours-bundle
	run_bombus sign --key ours.key --form bundle "$R/ours-bundle:1"
	ok 'cosign 3 verifies our bundle' "$cosign" verify "${flags[@]}" --insecure-ignore-tlog \
		--key ours.pub "$R/ours-bundle:1"
	image theirs-bundle
	ok 'cosign 3 signs a bundle' "$cosign" sign "${flags[@]}" --use-signing-config=false \
		--tlog-upload=false --key theirs.key -y "$R/theirs-bundle:1"
	trusted theirs-bundle theirs.pub
	untrusted theirs-bundle ours.pub
else
	skip 'cosign 3' "it cannot be built: $(tail -n 1 go.log 2>/dev/null)"
fi
done_testing
