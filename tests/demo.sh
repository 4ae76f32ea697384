#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What `make demo` runs: one example from source to table and metrics, in ten seconds. It watches
# only a process of its own, which connects over loopback; nothing else of this machine is looked
# at, and nothing is left behind but an image in a store under the build folder.

set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
STORE=$BUILD/demo-store
SECONDS_SHOWN=10
EXAMPLE=tcpconnlat
bombus=${BOMBUS:-$BUILD/bombus}
# Wherever the build folder is, the headers are those of this tree.
export BOMBUS_INCLUDE=$PWD/include

[ "$(id -u)" -eq 0 ] || {
	echo "demo: loading programs into the kernel needs root: sudo make demo" >&2
	exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"; kill "${traffic:-}" "${runner:-}" 2>/dev/null' EXIT
trap 'exit 130' INT TERM

bold=
plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$(printf '\033[1m')
	plain=$(printf '\033[0m')
fi

# say TEXT: a step; show COMMAND...: the command as one would type it.
say() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

show() {
	printf '  $ %s\n\n' "$*"
}

say "1. A program becomes an image in the local store"
show "bombus build bpf-examples/$EXAMPLE.bpf.c $EXAMPLE"
"$bombus" --store "$STORE" build "bpf-examples/$EXAMPLE.bpf.c" $EXAMPLE || exit 1
"$bombus" --store "$STORE" list || exit 1

# Connections to three addresses of this machine, one of which refuses, every 150 ms or so.
jobs=()
for ((i = 0; i < SECONDS_SHOWN * 2 + 6; i++)); do
	jobs+=("tcp,127.0.0.1,4000,1" "sleep,150" "tcp,127.0.0.2,4000,1" "sleep,150")
	[ $((i % 3)) -ne 0 ] || jobs+=("refused,127.0.0.3,1")
	jobs+=("sleep,150")
done
mkfifo "$work/go"
"$BUILD/tests/support/traffic" --comm demo-client "${jobs[@]}" <"$work/go" >"$work/traffic" 2>&1 &
traffic=$!
exec {go}>"$work/go"
port=$("$BUILD/tests/support/traffic" --now port)

say "2. It runs: how long do the TCP connections of process $traffic take, in microseconds?"
show "bombus run $EXAMPLE --set target_pid=$traffic --duration 5s"
echo >&"$go"
"$bombus" --store "$STORE" run $EXAMPLE --set target_pid=$traffic -o table \
	--duration $((SECONDS_SHOWN / 2))s || exit 1

say "3. The same records again, counted by address and served to Prometheus"
show "bombus run $EXAMPLE --set target_pid=$traffic --map events=counter" \
	"--labels events=daddr,comm --metrics=127.0.0.1:$port --duration 5s"
"$bombus" --store "$STORE" run $EXAMPLE --set target_pid=$traffic -o table \
	--map events=counter --labels events=daddr,comm --metrics="127.0.0.1:$port" \
	--duration $((SECONDS_SHOWN / 2))s &
runner=$!
sleep $((SECONDS_SHOWN / 2 - 1))
curl -fsS --max-time 2 "http://127.0.0.1:$port/metrics" >"$work/metrics"
wait $runner || exit 1
runner=

say "4. What a scrape by Prometheus got a second before the end"
show "curl -s http://127.0.0.1:$port/metrics | grep ebpf_"
grep ebpf_ "$work/metrics" || exit 1

say "What to try next (as root)"
cat <<END
  export PATH=$(realpath "$BUILD"):\$PATH
  make examples                                   all examples as images, in $BUILD/store
  bombus --store $BUILD/store list
  bombus --store $BUILD/store run opensnoop       every file opened, by whom; Ctrl-C leaves
  bombus --store $BUILD/store run execsnoop -o json
  bombus --store $BUILD/store run $EXAMPLE --where 'delta_us > 1000 && daddr in 10.0.0.0/8'
  bombus check                                    what this kernel can do
  bombus init --kind events -o mine.bpf.c         a program of your own to start from
END
