#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# With what no distribution packages: crane, oras and zot, built through the Go module proxy into
# INTEROP_BIN (BUILD/interop). What cannot be had is skipped by name.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang jq curl python3
command -v docker-registry >/dev/null || unpacked docker-registry ||
	skip_all "docker-registry is missing (make deps)"

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

# tool NAME MODULE@VERSION PACKAGE: builds it where it is missing; fails where it cannot. The module
# itself is the main one, so that no other path has to be asked for.
tool() {
	local dir

	[ -x "$bin/$1" ] && return
	command -v go >/dev/null || return
	export GOFLAGS="-modcacherw -mod=mod" GOMAXPROCS=1
	(cd "$T" && timeout 120 go mod download -json "$2") >"$T/go.log" 2>/dev/null
	dir=$(jq -r '.Dir // empty' "$T/go.log")
	[ -n "$dir" ] && cp -r "$dir" "$T/$1.src" && chmod -R u+w "$T/$1.src" && mkdir -p "$bin" &&
		(cd "$T/$1.src" && nice -n 19 timeout 1200 go build -o "$bin/$1" "${@:4}" "./$3") \
			>>"$T/go.log" 2>&1
}

# why: the reason that a tool cannot be had, in a line.
why() {
	command -v go >/dev/null || echo 'no go'
	sed -n 's/.*"Error": "\(.*\)".*/\1/p; $p' "$T/go.log" 2>/dev/null | head -n 1
}

run_bombus build tool.bpf.c one
run_bombus build tool.bpf.c many --platform linux/amd64,linux/arm64
run_bombus push one "$R/one:1"
run_bombus push many "$R/many:1"
is 'an index is pushed' $RC 0
digest=$("$BOMBUS" list --format '{{.Name}} {{.Digest}}' | sed -n 's/^one //p')
index=$("$BOMBUS" list --format '{{.Name}} {{.Digest}}' | sed -n 's/^many //p')

if tool crane github.com/google/go-containerregistry@v0.20.2 cmd/crane; then
	is 'crane sees the same digest' "$("$bin/crane" digest --insecure "$R/one:1")" "$digest"
	is 'of an index, too' "$("$bin/crane" digest --insecure "$R/many:1")" "$index"
	ok 'crane copies the index' "$bin/crane" copy --insecure "$R/many:1" "$R/copied:1"
	run_bombus --store second pull --platform all "$R/copied:1"
	is 'which is pulled whole' "$("$BOMBUS" --store second list --format '{{.Digest}}')" "$index"
	ok 'crane tags' "$bin/crane" tag --insecure "$R/one:1" 2
	run_bombus list -q "$R/one"
	is 'and the tag is listed' "$OUT" $'1\n2'
	ok 'crane pulls a layout' "$bin/crane" pull --insecure --format oci "$R/one:1" crane.layout
	ok 'and pushes it' "$bin/crane" push --insecure crane.layout "$R/pushed:1"
	run_bombus --store fourth pull "$R/pushed:1"
	is 'byte for byte' "$("$BOMBUS" --store fourth list --format '{{.Digest}}')" "$digest"
else
	skip 'crane' "it cannot be built here: $(why)"
fi

if tool oras oras.land/oras@v1.2.3 cmd/oras; then
	ok 'oras pulls the files' "$bin/oras" pull --plain-http -o pulled "$R/one:1"
	ok 'the program is one of them' test -s pulled/program.o
	is 'oras sees the same digest' \
		"$("$bin/oras" manifest fetch --plain-http --descriptor "$R/many:1" | jq -r .digest)" "$index"
	cp pulled/program.o .
	printf '{}' >config.json
	ok "oras pushes as BumbleBee does" "$bin/oras" push --plain-http "$R/oras:1" \
		--config config.json:application/ebpf.oci.image.config.v1+json \
		program.o:application/ebpf.oci.image.program.v1+binary
	run_bombus --store third pull "$R/oras:1"
	is 'which is pulled' $RC 0
	run_bombus --store third inspect "$R/oras:1"
	like 'and read' "$OUT" '^on_hit +tracepoint'
	is 'with the digest that oras gave it' "$("$BOMBUS" --store third list --format '{{.Digest}}')" \
		"$("$bin/oras" manifest fetch --plain-http --descriptor "$R/oras:1" | jq -r .digest)"
	ok 'oras copies from the store' "$bin/oras" cp --from-oci-layout "$T/store:many" --to-plain-http \
		"$R/fromstore:1"
	run_bombus --store fifth pull --platform all "$R/fromstore:1"
	is 'and the index is the same after that' "$("$BOMBUS" --store fifth list --format '{{.Digest}}')" \
		"$index"
	ok 'oras copies into a layout' "$bin/oras" cp --from-plain-http "$R/many:1" --to-oci-layout oras.layout:many
	run_bombus --store sixth load oras.layout
	is 'which is loaded' "$("$BOMBUS" --store sixth list --format '{{.Name}} {{.Digest}}')" "many $index"
	echo words >note.txt
	ok 'oras attaches something' "$bin/oras" attach --plain-http --artifact-type \
		application/vnd.cncf.notary.signature "$R/one:1" note.txt:text/plain
	run_bombus inspect --remote "$R/one:1" --format json
	is 'which is found by the tag for referrers' \
		"$(jq -r '.image.signatures[] | "\(.form) \(.where)"' <<<"$OUT")" \
		"Notary Project tag ${digest/:/-}"
else
	skip 'oras' "it cannot be built here: $(why)"
fi

if tool zot zotregistry.dev/zot/v2@v2.1.2 cmd/zot -tags minimal; then
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	printf '{"storage":{"rootDirectory":"%s"},"http":{"address":"127.0.0.1","port":"%s"},"log":{"level":"error"}}' \
		"$T/zot" "$port" >zot.json
	"$bin/zot" serve zot.json >zot.log 2>&1 &
	started+=($!)
	Z=localhost:$port
	wait_for 20 curl -so /dev/null "http://$Z/v2/"
	run_bombus push many "$Z/many:1"
	is 'zot takes an index' $RC 0
	run_bombus --store seventh pull --platform all "$Z/many:1"
	is 'and gives it back' "$("$BOMBUS" --store seventh list --format '{{.Digest}}')" "$index"
	run_bombus push one "$Z/one:1"
	is 'blobs that it has are not sent again' $RC 0
else
	skip 'zot' "it cannot be built here: $(why)"
fi

done_testing
