#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# With clients that no distribution packages: crane and oras, built through the Go module proxy
# into INTEROP_BIN (BUILD/interop). What cannot be had is skipped by name.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need clang jq docker-registry curl python3

bin=${INTEROP_BIN:-$BUILD/interop}
export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache
printf '%s\n' '#include "vmlinux.h"' '#include <bpf/bpf_helpers.h>' \
	'SEC("tracepoint/syscalls/sys_enter_getppid") int on_hit(void *ctx) { return 0; }' \
	'char LICENSE[] SEC("license") = "GPL";' >tool.bpf.c
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' 'version: 0.1' 'log: {level: error}' \
	"storage: {filesystem: {rootdirectory: $T/data}, delete: {enabled: true}}" \
	"http: {addr: 127.0.0.1:$port}" >registry.yml
docker-registry serve registry.yml >registry.log 2>&1 &
started+=($!)
R=localhost:$port
wait_for 20 curl -so /dev/null "http://$R/v2/"

# tool NAME MODULE: sets nothing, builds where it is missing; fails where it cannot.
tool() {
	[ -x "$bin/$1" ] && return
	command -v go >/dev/null || return
	HOME=/tmp GOBIN=$bin timeout 300 go install "$2" >"$T/go.log" 2>&1
}

run_bombus build tool.bpf.c one
run_bombus build tool.bpf.c many --platform linux/amd64,linux/arm64
run_bombus push one "$R/one:1"
run_bombus push many "$R/many:1"
is 'an index is pushed' $RC 0
digest=$("$BOMBUS" list --format '{{.Name}} {{.Digest}}' | sed -n 's/^one //p')
index=$("$BOMBUS" list --format '{{.Name}} {{.Digest}}' | sed -n 's/^many //p')

if tool crane github.com/google/go-containerregistry/cmd/crane@v0.20.2; then
	is 'crane sees the same digest' "$("$bin/crane" digest --insecure "$R/one:1")" "$digest"
	is 'of an index, too' "$("$bin/crane" digest --insecure "$R/many:1")" "$index"
	ok 'crane copies the index' "$bin/crane" copy --insecure "$R/many:1" "$R/copied:1"
	run_bombus --store second pull --platform all "$R/copied:1"
	is 'which is pulled whole' "$("$BOMBUS" --store second list --format '{{.Digest}}')" "$index"
	ok 'crane tags' "$bin/crane" tag --insecure "$R/one:1" 2
	run_bombus list -q "$R/one"
	is 'and the tag is listed' "$OUT" $'1\n2'
else
	skip 'crane' "it cannot be built here: $(tail -n 1 "$T/go.log" 2>/dev/null || echo no go)"
fi

if tool oras oras.land/oras/cmd/oras@v1.2.0; then
	ok 'oras pulls the files' "$bin/oras" pull --plain-http -o pulled "$R/one:1"
	ok 'the program is one of them' test -s pulled/program.o
	cp pulled/program.o .
	echo '{}' >config.json
	ok "oras pushes as BumbleBee does" "$bin/oras" push --plain-http "$R/oras:1" \
		--config config.json:application/ebpf.oci.image.config.v1+json \
		program.o:application/ebpf.oci.image.program.v1+binary
	run_bombus --store third pull "$R/oras:1"
	is 'which is pulled' $RC 0
	run_bombus --store third inspect "$R/oras:1"
	like 'and read' "$OUT" '^on_hit +tracepoint'
	ok 'oras copies from the store' "$bin/oras" cp --from-oci-layout "$T/store:one" --to-plain-http \
		"$R/fromstore:1"
else
	skip 'oras' "it cannot be built here: $(tail -n 1 "$T/go.log" 2>/dev/null || echo no go)"
fi

done_testing
