#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What `make bench` runs. Each figure stands beside what it is measured against in the same run,
# and beside what it must be; times alone mean little on a machine that does other things too.

set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
bombus=$BUILD/bombus
objects=$BUILD/tests/bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missed=0

[ "$(id -u)" -eq 0 ] || {
	echo "bench: loading programs into the kernel needs root" >&2
	exit 1
}

# holds WHAT FIGURE COMPARISON BOUND: prints the line and remembers what does not hold.
holds() {
	if awk -v a="$2" -v b="$4" "BEGIN { exit !(a $3 b) }"; then
		printf '  ok      %-58s %10s (%s %s)\n' "$1" "$2" "$3" "$4"
	else
		printf '  MISSED  %-58s %10s (%s %s)\n' "$1" "$2" "$3" "$4"
		missed=$((missed + 1))
	fi
}

heading() {
	printf '\n%s\n' "$*"
}

heading "Draining a full ring of 48-byte events into counters of 1000 series"
"$objects/bench_read_drain" "$objects/bench.bpf.o" >"$work/drain" || exit 1
jq -r '"  empty callback \(.empty_per_s / 1e6 | floor) M/s, hand-written least " +
	"\(.least_per_s / 1e6 | floor) M/s, bombus \(.bombus_per_s / 1e6 | floor) M/s"' "$work/drain"
holds "bombus / hand-written least" "$(jq .ratio_to_least "$work/drain")" '>=' 0.5
jq -r '"  producer at full speed: \(.live.empty.made_per_s / 1e6) M/s, \(.live.empty.lost) lost by the " +
	"empty callback; \(.live.bombus.made_per_s / 1e6) M/s, \(.live.bombus.lost) lost by bombus"' "$work/drain"
holds "lost that the empty callback does not lose" \
	"$(jq '[.live.bombus.lost - .live.empty.lost, 0] | max' "$work/drain")" '<=' 0

# A reader that a busy machine keeps from its ring loses what does not fit: ten spinning threads or
# more beside it, a ring of 4 MiB, a million events a second.
jq -r '"  while the machine is busy: \(.busy.empty.lost) lost by the empty callback, " +
	"\(.busy.bombus.lost) by bombus"' "$work/drain"
holds "lost while busy, bombus / empty callback" \
	"$(jq '(.busy.bombus.lost + 1000) / (.busy.empty.lost + 1000) | . * 100 | round / 100' "$work/drain")" \
	'<=' 1.5

# cpu_ns PID: processor time of all its threads so far.
cpu_ns() {
	cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d\n", sum }'
}

# start_run ARGUMENTS...: runs bombus while traffic waits to begin; sets $run. Traffic begins when a
# byte is written to descriptor 8.
start_run() {
	: >"$work/err"
	"$bombus" run "$@" >/dev/null 2>"$work/err" 8>&- &
	run=$!
	for _ in $(seq 200); do
		grep -q attached "$work/err" && return
		kill -0 $run 2>/dev/null || break
		sleep 0.05
	done
	cat "$work/err" >&2
	exit 1
}

# start_traffic JOB...: sets $pid, of the process that does the jobs, and $traffic, to wait for.
start_traffic() {
	rm -f "$work/go" && mkfifo "$work/go"
	timeout 60 "$BUILD/tests/support/traffic" "$@" <"$work/go" >"$work/pid" &
	traffic=$!
	exec 8>"$work/go"
	until grep -qs "^pid " "$work/pid"; do sleep 0.05; done
	pid=$(sed -n 's/^pid //p' "$work/pid")
}

heading "A perf event array as a counter, 200,000 events of 48 bytes a second"
jobs=()
for _ in $(seq 200); do jobs+=("getppid,20" "sleep,10"); done
start_traffic "${jobs[@]}"
start_run "$objects/perf.bpf.o" --set target_pid="$pid" -o none
before=$(cpu_ns $run)
echo >&8
wait $traffic
after=$(cpu_ns $run)
kill -INT $run
wait $run
exec 8>&-
tail -n 1 "$work/err" | sed 's/^/  /'
holds "us of the reader's processor time an event" \
	"$(grep -oE '[0-9]+ events' "$work/err" | awk -v ns=$((after - before)) '{ printf "%.3f", ns / $1 / 1000 }')" \
	'<=' 0.15

heading "65,536 keys that only scrapes read"
port=$("$BUILD/tests/support/traffic" --now port)
start_traffic getppid,2
start_run "$BUILD/tests/bpf/limits_grow.bpf.o" --set target_pid="$pid" -o none --max-series 70000 \
	--metrics="127.0.0.1:$port"
echo >&8
wait $traffic
exec 8>&-
curl -fsS -o "$work/body" "http://127.0.0.1:$port/metrics" || exit 1
sleep 1
before=$(cpu_ns $run)
sleep 10
holds "ms of processor time a second without a scrape" \
	"$(awk -v ns=$(($(cpu_ns $run) - before)) 'BEGIN { printf "%.3f", ns / 1e7 }')" '<=' 0.1
for _ in $(seq 15); do
	curl -fsS -o /dev/null -w '%{time_total}\n' "http://127.0.0.1:$port/metrics"
	sleep 0.2
done | sort -n >"$work/scrapes"
holds "series in a scrape" "$(grep -c '^ebpf_flows{' "$work/body")" '==' 65536
holds "ms for a scrape and the sweep before it (median of 15)" \
	"$(awk 'NR == 8 { printf "%.1f", $1 * 1000 }' "$work/scrapes")" '<=' 60
kill -INT $run
wait $run

heading "The agent with twenty programs, of which one counts connections in a map"
port=$("$BUILD/tests/support/traffic" --now port)
start_traffic tcp,127.0.0.1,1,30000
{
	echo 'programs:'
	echo "  - {image: activeconn}"
	for i in $(seq 19); do echo "  - {image: tcpconnect, name: quiet-$i, set: {target_pid: 1}}"; done
	echo 'exporters:'
	echo "  - {type: prometheus, listen: '127.0.0.1:$port'}"
} >"$work/agent.yaml"
"$bombus" --store "$BUILD/store" agent -c "$work/agent.yaml" 2>"$work/err" 8>&- &
run=$!
for _ in $(seq 200); do
	[ "$(grep -c 'is attached' "$work/err")" -lt 20 ] || break
	sleep 0.05
done
before=$(cpu_ns $run)
echo >&8
wait $traffic
exec 8>&-
curl -fsS -o "$work/body" "http://127.0.0.1:$port/metrics" || exit 1
after=$(cpu_ns $run)
holds "percent of a core at 10,000 connections a second" \
	"$(awk -v ns=$((after - before)) 'BEGIN { printf "%.2f", ns / 30000 * 10000 / 1e7 }')" '<' 1
holds "KiB resident without the pages of rings" \
	"$(awk '/^[0-9a-f]+-/ { ring = $NF ~ /bpf-map/ } /^Rss:/ && !ring { sum += $2 } END { print sum }' \
		"/proc/$run/smaps")" '<' 24576
kill -INT $run
wait $run

# One million records while they are made: from the first system call that makes some until the
# file is whole and bombus has ended. What is lost on the way takes longer and counts for nothing.
heading "run -o json to a file"
json_run() {
	local pid before
	rm -f "$work/go" && mkfifo "$work/go"
	: >"$work/err" # that of the run before says "attached" as well
	"$BUILD/tests/support/traffic" getppid,3000 <"$work/go" >/dev/null &
	pid=$!
	exec 8>"$work/go"
	timeout 60 "$bombus" run "$objects/flood.bpf.o" --set target_pid=$pid --ring events=64M -o json \
		-n 1000000 >"$work/json" 2>"$work/err" &
	until grep -q attached "$work/err"; do
		kill -0 $! 2>/dev/null || { cat "$work/err" >&2; exit 1; }
		sleep 0.05
	done
	before=$(date +%s%N)
	echo >&8
	wait $!
	echo $(($(wc -l <"$work/json") * 1000 / (($(date +%s%N) - before) / 1000000)))
	exec 8>&-
	wait $pid
	rm "$work/go"
}
for _ in 1 2 3 4 5; do json_run; done | sort -n >"$work/rates"
holds "events a second, made and written (best of 5: $(paste -sd' ' "$work/rates"))" \
	"$(tail -n 1 "$work/rates")" '>=' 1000000
tail -n 1 "$work/err" | sed 's/^/  /'

heading "Lines of JSON, in one process"
"$objects/bench_sink_json" /dev/null >"$work/lines" || exit 1
holds "ns of processor time for a record of seven fields as a line of JSON" \
	"$(jq '1e9 / .events_per_cpu_s | round' "$work/lines")" '<=' 150

heading "A scrape, as text, in one process"
"$objects/bench_sink_scrape" >"$work/scrape" || exit 1
jq -r '.memory[] | "  \(.series) series: \(.seconds * 1000 | . * 100 | round / 100) ms, " +
	"\(.ns_per_series) ns each (\(.ns_without_cache) where labels are made anew), " +
	"\(.memory_bytes / 1048576 | floor) MB more memory, \(.cache_bytes / 1048576 | floor) MB of it labels"
	' "$work/scrape"
holds "labels that are kept / made anew, for 1,000,000 series" \
	"$(jq '.memory[3] | .ns_per_series / .ns_without_cache * 100 | round / 100' "$work/scrape")" '<=' 0.9
jq -r '.hash | "  a hash of \(.entries): read raw \(.raw_seconds * 1000) ms, swept " +
	"\(.sweep_seconds * 1000) ms, formatted \(.scrape_seconds * 1000) ms"' "$work/scrape"
holds "sweep and scrape of that hash / reading it raw" \
	"$(jq .hash.sweep_and_scrape_to_raw "$work/scrape")" '<=' 3
holds "a series of 1,000,000 / one of 10,000" \
	"$(jq '.memory[3].ns_per_series / .memory[1].ns_per_series | . * 100 | round / 100' \
		"$work/scrape")" '<=' 2

# A counter of so many keys, fetched over HTTP by curl. Memory is the most that was resident during
# the first fetch, which also keeps the labels, above what was before it. Times are of the second one
# and of the third, compressed.
heading "A scrape, as text, over HTTP"
# Nanoseconds of processor time that all threads of a process took so far.
cpu_of() {
	cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { print sum }'
}
http_scrape() {
	local keys=$1 pid run before most size seconds packed port now last cpu=()
	port=$("$BUILD/tests/support/traffic" --now port)
	rm -f "$work/go" && mkfifo "$work/go"
	"$BUILD/tests/support/traffic" getppid,$((keys / 1000)) <"$work/go" >/dev/null &
	pid=$!
	exec 8>"$work/go"
	: >"$work/err"
	"$bombus" run "$BUILD/tests/bpf/metrics_churn.bpf.o" --set target_pid=$pid -o none --duration 120s \
		--ring keys=64M --max-series "$keys" --metrics="127.0.0.1:$port" 2>"$work/err" &
	run=$!
	until grep -q attached "$work/err"; do
		kill -0 $run 2>/dev/null || { cat "$work/err" >&2; exit 1; }
		sleep 0.05
	done
	echo >&8
	exec 8>&-
	wait $pid
	now=$(awk '/^VmRSS/ {print $2}' /proc/$run/status)
	last=0
	until [ "$now" = "$last" ]; do # everything is read
		last=$now
		sleep 1
		now=$(awk '/^VmRSS/ {print $2}' /proc/$run/status)
	done
	before=$now
	echo 5 >/proc/$run/clear_refs
	curl -fsS -o "$work/body" "http://127.0.0.1:$port/metrics" || exit 1
	most=$(awk '/^VmHWM/ {print $2}' /proc/$run/status)
	curl -fsS -o /dev/null -w '%{time_total} %{size_download}\n' "http://127.0.0.1:$port/metrics" \
		>"$work/times" || exit 1
	read -r seconds size <"$work/times"
	packed=$(curl -fsS -o /dev/null -w '%{time_total}' -H 'Accept-Encoding: gzip' \
		"http://127.0.0.1:$port/metrics")
	cpu[0]=$(cpu_of $run)
	for _ in 1 2 3 4 5; do
		curl -fsS -o /dev/null "http://127.0.0.1:$port/metrics"
	done
	cpu[1]=$(cpu_of $run)
	for _ in 1 2 3 4 5; do
		curl -fsS -o /dev/null -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/metrics"
	done
	cpu[2]=$(cpu_of $run)
	kill -INT $run
	wait $run
	jq -cn --argjson plain_ns $((cpu[1] - cpu[0])) --argjson gzip_ns $((cpu[2] - cpu[1])) --argjson series "$(grep -c '^ebpf_keys_total' "$work/body")" --argjson seconds "$seconds" \
		--argjson gzip "$packed" --argjson bytes "$size" --argjson kib $((most - before)) '$ARGS.named'
}
for keys in 1000 10000 100000 1000000; do
	http_scrape $keys || exit 1
done >"$work/http"
jq -r '"  \(.series) series: \(.seconds * 1000 | . * 10 | round / 10) ms, \(.seconds * 1e9 / .series | round)" +
	" ns each (compressed \(.gzip * 1000 | round) ms), \(.bytes / 1048576 * 10 | round / 10) MB, " +
	"\(.kib / 1024 | floor) MB more memory"' "$work/http"
over_http() {
	jq -s "$1" "$work/http"
}
holds "series in the largest answer" "$(over_http '.[3].series')" '>=' 1000000
holds "seconds for them, uncompressed" "$(over_http '.[3].seconds')" '<=' 1.5
holds "processor time of a compressed scrape / a plain one, 100,000 series" \
	"$(over_http '.[2].gzip_ns / .[2].plain_ns * 100 | round / 100')" '<=' 2
holds "MB more memory at most meanwhile" "$(over_http '.[3].kib / 1024 | floor')" '<=' 128
holds "a series of 1,000,000 / one of 100,000" \
	"$(over_http '.[3].seconds / .[2].seconds / 10 * 100 | round / 100')" '<=' 2

heading "Spans as OTLP requests, per second of one processor"
"$objects/bench_sink_spans" >"$work/spans" || exit 1
holds "spans as protobuf ($(jq .protobuf_bytes "$work/spans") bytes each)" \
	"$(jq .protobuf_per_cpu_s "$work/spans")" '>=' 500000
holds "spans as JSON ($(jq .json_bytes "$work/spans") bytes each)" \
	"$(jq .json_per_cpu_s "$work/spans")" '>=' 250000

heading "100,000 spans a second to a receiver on this machine"
"$objects/bench_sink_otlp" >"$work/otlp" || exit 1
jq -r '"  \(.way): \(.per_s) spans/s with \(.cpu) of a processor, \(.bytes_per_span) bytes each"' \
	"$work/otlp"
holds "spans that are missing, of $(jq -s 'map(.spans) | add' "$work/otlp")" \
	"$(jq -s 'map(.spans - .received + .dropped) | add' "$work/otlp")" '<=' 0
holds "of one processor, at most" "$(jq -s 'map(.cpu) | max' "$work/otlp")" '<=' 1
holds "MB more memory meanwhile" "$(jq -s 'map(.memory_bytes) | max / 1048576 | floor' "$work/otlp")" \
	'<=' 8

heading "Starting and staying"
BOMBUS_INCLUDE=include "$bombus" -q build bpf-examples/tcpconnlat.bpf.c --binary-only \
	-o "$work/tcpconnlat.o" || exit 1
"$objects/bench_cmd_start" "$bombus" "$work/tcpconnlat.o" 15 >"$work/start" || exit 1
jq -r '"  from exec to attached, median of \(.runs) (least to most), and memory then",
	(.starts[] | "  \(.name): \(.ms) ms (\(.least_ms) to \(.most_ms)), \(.resident_mb) MB resident, " +
	"\(.private_mb) MB private, \(.peak_mb) MB at most")' "$work/start"
start() {
	jq ".starts[1].$1" "$work/start"
}
holds "ms more than libbpf alone from exec to attached" \
	"$(jq '.starts[1].ms - .starts[0].ms | . * 10 | round / 10' "$work/start")" '<=' 30
holds "MB resident after start" "$(start resident_mb)" '<=' 12
holds "MB private" "$(start private_mb)" '<=' 4
holds "MB at most while the kernel's BTF is read" "$(start peak_mb)" '<=' 24
# What loads, attaches, reads and serves: the same objects, but for those of the live table, OTLP
# and recordings.
without_extras() {
	local o parts=()

	while read -r o; do
		case ${o##*/} in
		otlp*.c | record*.c | replay*.c | run_record.c) ;;
		*) parts+=("$BUILD/${o%.c}.o") ;;
		esac
	done < <(find base oci cmd runner -name '*.c' -not -path 'runner/tui/*')
	${CC:-cc} -s -pthread -Wl,--gc-sections,--as-needed,-z,relro,-z,pack-relative-relocs \
		-Wl,--unresolved-symbols=ignore-all -o "$work/core" "${parts[@]}" \
		-lbpf -lelf -lz -lpcre2-8 -ljansson -lcrypto -lm
}
strip -o "$work/stripped" "$bombus"
without_extras || exit 1
printf '  %-66s %10s\n' "bytes of the stripped binary" "$(stat -c %s "$work/stripped")"
holds "of these, without the live table, OTLP and recordings" "$(stat -c %s "$work/core")" '<' 600000

. tests/bench/network.sh
. tests/bench/programs.sh

heading "The live table without its terminal"
"$objects/bench_tui_model" >"$work/tui" || exit 1
model() { jq "$1" "$work/tui"; }
holds "percent of a core, 10,000 rows all changing 10 times a second" "$(model .changing.percent)" '<' 15
holds "the same, compared with a moment and watched by a trap" "$(model .watched.percent)" '<' 15
holds "ms from the first sweep of 100,000 rows to their page" "$(model .many.first_ms)" '<' 200
holds "ms to sort them" "$(model .many.sort_ms)" '<' 100
holds "ms to sort them by key" "$(model .many.sort_key_ms)" '<' 100
holds "ms to filter them by an expression" "$(model .many.filter_ms)" '<' 100
holds "ms to filter them by any text" "$(model .many.filter_text_ms)" '<' 100
holds "ms back over five minutes of 10,000 changing rows" "$(model .past.back_ms)" '<' 100
holds "MB that these five minutes take" "$(model .past.memory_mb)" '<' 24
holds "MB beyond the bound of the history, with 10,000 changing rows" \
	"$(model '.bound.memory_mb - .bound.history_mb')" '<=' 4
holds "events a second, stored" "$(model .stream.events_per_s)" '>=' 10000000
holds "MB of memory beyond the bound of the history" \
	"$(model '.stream.memory_mb - .stream.history_mb')" '<=' 4

# A round changes all of 10,000 rows; ten a second, looked at and drawn as often. The processor time
# is bombus's, that of the rounds is python's; who writes the bytes to nobody is not there at all.
heading "The live table"
busy_s=5
cat >"$work/rounds.py" <<'END'
import os, sys, time
print(os.getpid(), flush=True)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    os.getppid()
    time.sleep(0.1)
END
python3 "$work/rounds.py" $((busy_s + 8)) >"$work/rounds.pid" &
until [ -s "$work/rounds.pid" ]; do sleep 0.05; done
python3 tests/support/tui_pty.py idle 10 "$bombus" run "$BUILD/tests/bpf/tui_idle.bpf.o" 2>/dev/null \
	>"$work/idle.json" &
idle=$!
KEY=3 LC_ALL=C.UTF-8 python3 tests/support/tui_pty.py busy $busy_s "$bombus" run "$BUILD/tests/bpf/tui.bpf.o" \
	--set target_pid="$(cat "$work/rounds.pid")" --set keys=10000 --max-series 20000 \
	--interval 100ms 2>/dev/null >"$work/busy.json"
wait $idle
jq -r '"  10,000 changing rows: \(.frames_per_s) frames a second, \(.bytes_per_s) bytes a second"' \
	"$work/busy.json"
holds "frames a second" "$(jq .frames_per_s "$work/busy.json")" '>=' 8
holds "percent of a core for 10,000 rows that change ten times a second" \
	"$(jq .cpu_percent "$work/busy.json")" '<' 15
rm "$work/rounds.pid"
python3 "$work/rounds.py" $((busy_s + 8)) >"$work/rounds.pid" &
until [ -s "$work/rounds.pid" ]; do sleep 0.05; done
KEY=3 ANSWER=VALUE LC_ALL=C.UTF-8 python3 tests/support/tui_pty.py flood $busy_s "$bombus" run \
	"$BUILD/tests/bpf/tui.bpf.o" --set target_pid="$(cat "$work/rounds.pid")" --set keys=10000 \
	--max-series 20000 --interval 100ms 2>/dev/null >"$work/keys.json"
holds "ms until nine of ten keys are answered meanwhile" "$(jq .most_ms "$work/keys.json")" '<=' 20
holds "percent of a core with nothing changing" "$(jq .cpu_percent "$work/idle.json")" '<' 0.5
holds "bytes written meanwhile" "$(jq .bytes "$work/idle.json")" '==' 0
python3 tests/bench/tui_open.py "$bombus" "$BUILD/tests/bpf/tui.bpf.o" >"$work/open.json" || exit 1
holds "ms from the sweep of 100,000 keys to their rows on the screen" "$(jq .first_ms "$work/open.json")" '<' 200
holds "ms to sort them, by the key" "$(jq '[.sort_ms, .again_ms] | max' "$work/open.json")" '<' 100
holds "ms to filter them" "$(jq '[.filter_ms, .keep_ms, .all_ms] | max' "$work/open.json")" '<' 100

# The registry is real; the layer is no program, which pulling does not care about.
heading "Pulling 64 MiB from a registry on this machine"
# The tests unpack one where none is installed.
PATH=$PATH:$(realpath "$BUILD")/unpacked/docker-registry/usr/bin
if command -v docker-registry >/dev/null && command -v time >/dev/null; then
	port=5999
	printf '%s\n' 'version: 0.1' 'log: {level: error, accesslog: {disabled: true}}' \
		"storage: {filesystem: {rootdirectory: $work/registry}}" "http: {addr: 127.0.0.1:$port}" \
		>"$work/registry.yml"
	docker-registry serve "$work/registry.yml" >/dev/null 2>&1 &
	registry=$!
	put() {
		local hex

		hex=$(sha256sum <"$1" | cut -d' ' -f1)
		mv "$1" "$work/big/blobs/sha256/$hex"
		echo "\"sha256:$hex\",\"size\":$(stat -c %s "$work/big/blobs/sha256/$hex")"
	}
	# image SIZE: a layout in $work/big with one of such a layer, pushed; sets $name and $layer.
	image() {
		local type=application/vnd.oci.image.manifest.v1+json

		rm -rf "$work/big"
		mkdir -p "$work/big/blobs/sha256"
		head -c "$1" /dev/urandom >"$work/layer"
		printf '{}' >"$work/config"
		layer=$(put "$work/layer")
		printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":%s},"layers":[%s]}' \
			"$type" application/ebpf.oci.image.config.v1+json "$(put "$work/config")" \
			"{\"mediaType\":\"application/ebpf.oci.image.program.v1+binary\",\"digest\":$layer}" \
			>"$work/manifest"
		printf '{"imageLayoutVersion":"1.0.0"}' >"$work/big/oci-layout"
		name=localhost:$port/big:$1
		printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":%s,"annotations":{"%s":"%s"}}]}' \
			"$type" "$(put "$work/manifest")" org.opencontainers.image.ref.name "$name" \
			>"$work/big/index.json"
		command time -f %M -o "$work/push" "$bombus" -q --store "$work/big" push "$name" \
			--retries 20 >/dev/null || exit 1
	}
	image 64M
	digest=${layer#\"}
	for _ in 1 2 3 4 5; do
		# shellcheck disable=SC2016 # expanded by the inner shell
		URL=http://localhost:$port/v2/big/blobs/${digest%%\"*} OUT=$work/out command time -f %e -a \
			-o "$work/curl" sh -c 'curl -s "$URL" -o "$OUT" && sha256sum "$OUT" >/dev/null'
		rm -rf "$work/pulled"
		command time -f '%e %M' -a -o "$work/pull" \
			"$bombus" -q --store "$work/pulled" pull "$name" >/dev/null || exit 1
	done
	curl_s=$(sort -n "$work/curl" | head -n 1)
	pull_s=$(sort -n "$work/pull" | head -n 1 | cut -d' ' -f1)
	holds "times what curl and sha256sum need (best of 5: $pull_s s, $curl_s s)" \
		"$(jq -n "$pull_s / $curl_s * 100 | round / 100")" '<=' 1.3
	holds "KiB resident at most" "$(sort -n -k2 "$work/pull" | tail -n 1 | cut -d' ' -f2)" '<' 24576
	image 512M
	rm -rf "$work/pulled"
	command time -f %M -o "$work/pull" "$bombus" -q --store "$work/pulled" pull "$name" >/dev/null || exit 1
	holds "KiB resident at most, 512 MiB sent" "$(cat "$work/push")" '<' 24576
	holds "KiB resident at most, 512 MiB pulled" "$(cat "$work/pull")" '<' 24576
	kill $registry
else
	echo "  skipped: docker-registry or time is not installed"
fi

heading "$([ $missed = 0 ] && echo "every figure holds" || echo "$missed missed")"
[ $missed = 0 ]
