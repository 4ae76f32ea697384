#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bee, ig and ebpf_exporter beside bombus, all attached at once and fed by the same traffic: whether
# each counts all of it, and its cost, as a ratio. Each tool is taken from INTEROP_BIN (BUILD/interop)
# or built there through the Go module proxy; a tool that cannot be built is skipped by name.
. "$(dirname "$0")/../support/lib.sh"
need_root
need clang curl jq

bin=$(realpath -m "${INTEROP_BIN:-$BUILD/interop}")
GO_SECONDS=1500 # for each
EVENTS=100000
KEYS=10000
SCRAPES=10
CLANG_FLAGS="-g -O2 -target bpf -D__TARGET_ARCH_$(uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')"
IG_IMAGE=bombus-peers-$$
BUILD=$(realpath "$BUILD")

# there NAME PACKAGE: whether a tool can be run; else it has been skipped.
there() {
	go_built "$1" "$2" && return
	skip "$1" "it is not in $bin, and cannot be built: $(go_why)"
	return 1
}

# object NAME FLAGS...: peers.bpf.c for one tool.
object() {
	local name=$1
	shift
	# shellcheck disable=SC2086 # several words
	clang $CLANG_FLAGS -I"$BUILD/bpf" "-DTARGET=$TRAFFIC_PID" "$@" \
		-c "$TESTS/interop/peers.bpf.c" -o "$name.o"
}

cpu_ns() {
	cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d\n", sum }'
}

resident_kib() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"
}

# ig runs images only, which it compiles itself, with the objects that it knows declared in the source.
ig_image() {
	mkdir gadget
	cp "$BUILD/bpf/vmlinux.h" gadget/
	cp "$TESTS/interop/peers.bpf.c" gadget/peers.inc
	printf '%s\n' "#define TARGET $TRAFFIC_PID" '#define FOR_IG' '#include "peers.inc"' >gadget/program.bpf.c
	printf '%s\n' 'name: peers' >gadget/gadget.yaml
	at_exit+=("'$bin/ig' image remove '$IG_IMAGE' >/dev/null 2>&1")
	ok 'ig: its image' "$bin/ig" image build --local -t "$IG_IMAGE" gadget
}

# What a process used since the last call of this for its name, in $USED.
declare -A pid_of used_before
used() {
	local now
	now=$(cpu_ns "${pid_of[$1]}")
	USED=$((now - ${used_before[$1]:-0}))
	used_before[$1]=$now
}

# peer_start NAME WHAT READY COMMAND...: READY is a command that succeeds once the tool is at work.
peer_start() {
	local name=$1 ready=$2
	shift 2
	"$@" >"$name.out" 2>"$name.err" </dev/null &
	pid_of[$name]=$!
	started+=($!)
	wait_for 30 eval "$ready" || {
		fail "$name starts" "$(tail -n 5 "$name.out" "$name.err")"
		unset "pid_of[$name]"
	}
}

# ours NAME ARGUMENTS...
ours() {
	local name=$1
	shift
	ok "$name: it attaches" bombus_start "$name" run "$@"
	pid_of[$name]=$BOMBUS_PID
}

# sum_of PORT METRIC: of all its series.
sum_of() {
	curl -fsS "http://127.0.0.1:$1/metrics" |
		awk -v name="$2" 'index($1, name "{") == 1 || $1 == name { sum += $NF } END { printf "%d\n", sum }'
}

# values PORT METRIC: a digest of all its series.
values() {
	curl -fsS "http://127.0.0.1:$1/metrics" | sed -n "s/^$2{.*key=\"\([0-9]*\)\".*} /\1 /p" | sort |
		tee values.out | sha256sum
	[ "$(wc -l <values.out)" -eq "$KEYS" ] || echo "$(wc -l <values.out) series"
}

# times WHAT UNIT OURS PEER THEIRS: notes both figures; ours may not be the larger one.
times() {
	note "$1: bombus $3 $2, $4 $5 $2: $(awk -v a="$3" -v b="$5" 'BEGIN { printf "%.1f", b / (a ? a : 1) }') times"
	at_least "$1: $4 needs no less" "$5" "$3"
}

# They look for tracefs below debugfs, which need not be mounted.
if [ ! -e /sys/kernel/debug/tracing/events ] && [ -z "${PEERS_INSIDE:-}" ]; then
	export PEERS_INSIDE=1
	exec unshare --mount --propagation private sh -c \
		'mount -t debugfs none /sys/kernel/debug; mount -t tracefs none /sys/kernel/debug/tracing; exec "$@"' \
		sh bash "$TESTS/interop/peers.sh"
fi

# --- what there is ---
bee='' ig='' exporter=''
! there bee github.com/solo-io/bumblebee/bee@latest || bee=1
! there ig github.com/inspektor-gadget/inspektor-gadget/cmd/ig@latest || ig=1
! there ebpf_exporter github.com/cloudflare/ebpf_exporter/v2/cmd/ebpf_exporter@latest || exporter=1
[ "$bee$ig$exporter" ] || done_testing

# --- all of them at work ---
traffic_start "getppid,$EVENTS"
object events
bee_port=$(free_port) counted_port=$(free_port) swept_port=$(free_port) exporter_port=$(free_port)
ours counted events.o -o none --metrics="127.0.0.1:$counted_port"
[ -z "$bee" ] || peer_start bee "curl -fs http://127.0.0.1:$bee_port/metrics" \
	"$bin/bee" run --no-tty --prom-port "$bee_port" "$T/events.o"
if [ "$ig" ]; then
	ours lines events.o --map counter_events=events -o json
	ig_image
	# It says nothing once it is at work; the kernel has its program then.
	# shellcheck disable=SC2016 # evaluated later
	peer_start ig '[ "$(bpf_held "${pid_of[ig]}" | grep -c ^link_id)" -gt 0 ]' \
		"$bin/ig" run --verify-image=false --pull never "$IG_IMAGE" -o json
fi
if [ "$exporter" ]; then
	mkdir config && object config/peers -DFOR_EXPORTER "-DKEYS=$KEYS" && mv config/peers.o config/peers.bpf.o
	printf '%s\n' 'metrics:' '  counters:' '    - name: peers_total' '      help: calls' \
		'      labels:' '        - name: key' '          size: 8' '          decoders:' \
		'            - name: uint' >config/peers.yaml
	ours swept config/peers.bpf.o --map peers_total=counter -o none --max-series 20000 \
		--metrics="127.0.0.1:$swept_port"
	peer_start ebpf_exporter "curl -fs http://127.0.0.1:$exporter_port/metrics" \
		"$bin/ebpf_exporter" --config.dir "$T/config" --config.names peers \
		--web.listen-address "127.0.0.1:$exporter_port"
fi
for name in "${!pid_of[@]}"; do used "$name"; done
ok 'the same traffic for all' traffic_go
# A tool has nothing left to do: what it used does not grow any more.
settled() {
	local before

	before=$(cpu_ns "${pid_of[$1]}")
	sleep 0.3
	[ $(($(cpu_ns "${pid_of[$1]}") - before)) -lt 3000000 ]
}
for name in "${!pid_of[@]}"; do ok "$name settles" wait_for 30 settled "$name"; done
declare -A used_for
for name in "${!pid_of[@]}"; do
	used "$name"
	used_for[$name]=$((USED / EVENTS))
done
all_counted() { [ "$(sum_of "$1" "$2")" -eq "$EVENTS" ]; }

# --- events counted into metrics ---
ok "bombus counts $EVENTS events" wait_for 10 all_counted "$counted_port" ebpf_events_total
if [ "${pid_of[bee]:-}" ]; then
	ok "bee counts $EVENTS events" wait_for 20 all_counted "$bee_port" ebpf_solo_io_counter_events
	times 'an event counted' ns "${used_for[counted]}" bee "${used_for[bee]}"
	times 'resident' KiB "$(resident_kib "${pid_of[counted]}")" bee "$(resident_kib "${pid_of[bee]}")"
fi

# --- events as lines of JSON ---
if [ "${pid_of[ig]:-}" ]; then
	all_lines() { [ "$(grep -c "$2" "$1.out")" -eq "$EVENTS" ]; }
	ok "bombus writes $EVENTS lines" wait_for 20 all_lines lines '"kind":"event"'
	ok "ig writes $EVENTS lines" wait_for 60 all_lines ig '"group":'
	times 'a line of JSON' ns "${used_for[lines]}" ig "${used_for[ig]}"
	times 'resident' KiB "$(resident_kib "${pid_of[lines]}")" ig "$(resident_kib "${pid_of[ig]}")"
fi

# --- scrapes of a map ---
scraped() { # NAME PORT: its cost, in us of processor time
	used "$1"
	for _ in $(seq $SCRAPES); do
		curl -fsS -o /dev/null "http://127.0.0.1:$2/metrics"
	done
	used "$1"
	echo $((USED / SCRAPES / 1000))
}
if [ "${pid_of[ebpf_exporter]:-}" ]; then
	is "bombus and ebpf_exporter have the same $KEYS values" "$(values "$swept_port" ebpf_peers_total)" \
		"$(values "$exporter_port" ebpf_exporter_peers_total)"
	times "a scrape of $KEYS series" us "$(scraped swept "$swept_port")" ebpf_exporter \
		"$(scraped ebpf_exporter "$exporter_port")"
	times 'resident' KiB "$(resident_kib "${pid_of[swept]}")" ebpf_exporter \
		"$(resident_kib "${pid_of[ebpf_exporter]}")"
fi

# --- an image of ours, in the form that bee knows (spec/image.md) ---
if [ "$bee" ] && { command -v docker-registry >/dev/null || unpacked docker-registry; }; then
	# shellcheck source=../support/docker_registry.sh
	. "$TESTS/support/docker_registry.sh"
	docker_registry_start
	cp "$TESTS/interop/peers.bpf.c" form.bpf.c
	BOMBUS_INCLUDE=$TOP/include run_bombus build form.bpf.c "$R/form:1" \
		--cflags "-DTARGET=1 -I$BUILD/bpf"
	run_bombus push "$R/form:1"
	is 'an image is pushed' "$RC" 0
	ok 'bee pulls it' "$bin/bee" --plain-http pull "$R/form:1"
	port=$(free_port)
	peer_start form "curl -fs http://127.0.0.1:$port/metrics" \
		"$bin/bee" --plain-http run --no-tty --prom-port "$port" "$R/form:1"
	is 'bee runs it' "${pid_of[form]:+yes}" yes
fi

for name in "${!pid_of[@]}"; do kill -INT "${pid_of[$name]}"; done
done_testing
