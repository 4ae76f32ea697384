#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A user with the capabilities that check names, and no others, runs every example that this kernel
# can attach. After the start no thread has one, and everything works: sweeps, statistics, scrapes,
# OTLP, a clean end.
. "$(dirname "$0")/../support/lib.sh"
need_root
need setpriv jq python3 curl

# as CAPABILITIES COMMAND...: as nobody, with these ("bpf,perfmon") and no others to be had.
as() {
	local caps=-all,+${1//,/,+}
	shift
	exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps="$caps" \
		--ambient-caps="$caps" --bounding-set="$caps" "$@"
}
(as bpf,perfmon true) 2>/dev/null || skip_all 'setpriv may not set these capabilities'

# The test's folder and the program are root's alone otherwise.
install -m 755 "$BOMBUS" "$T/bombus" && chmod 755 "$T"
cp -r "$EXAMPLES" images && chmod -R a+rX images
OBJECT=$T/run_maps.bpf.o
install -m 644 "$OBJECTS/"{run_maps,run_plain,load_hooks,gadget_packets}.bpf.o "$T"

# begin NAME CAPABILITIES ARGUMENTS..., and then attached NAME: as bombus_start, as that user.
begin() {
	local name=$1 caps=$2
	shift 2
	: >"$T/$name.out"
	: >"$T/$name.err"
	as "$caps" "$T/bombus" --store "$T/images" run "$@" >"$T/$name.out" 2>"$T/$name.err" \
		</dev/null &
	pids[$name]=$!
	started+=($!)
}
declare -A pids caps

attached() {
	BOMBUS_PID=${pids[$1]}
	BOMBUS_NAME=$1
	attached_wait "$BOMBUS_PID"
}

# of FIELD: of every thread, each value once.
of() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$BOMBUS_PID/task/"*/status | sort -u | tr '\n' ' '
}

# The bounding set needs CAP_SETPCAP to shrink, and counts for nothing with no_new_privs.
dropped() {
	is "$1: no thread has a capability" "$(of CapEff)$(of CapPrm)$(of CapInh)$(of CapAmb)" \
		"$(printf '0000000000000000 %.0s' 1 2 3 4)"
	is "$1: nothing can be gained, calls are filtered" "$(of NoNewPrivs)$(of Seccomp)" '1 2 '
}

# needed NAME: the capabilities that check names for it, as setpriv has them.
needed() {
	"$T/bombus" --store "$T/images" check "$1" --format json 2>/dev/null |
		jq -r '[.[] | select(.kind == "capability" and .needs == "needed") |
			.name | ltrimstr("CAP_") | ascii_downcase] | join(",")'
}

# --- every example, some at the same time. All at once they would keep the machine from other tests,
# and without a filter they would tell of each other's output. ---
AT_ONCE=16
filtered() {
	"$T/bombus" --store "$T/images" inspect "$1" --list params 2>/dev/null | grep -q '^target_pid=' &&
		echo "--set target_pid=$$"
}
ran=0
run_together() {
	local name together=()

	for name; do
		caps[$name]=$(needed "$name")
		# shellcheck disable=SC2046 # two words, or none
		begin "$name" "${caps[$name]}" "$name" -o json $(filtered "$name")
	done
	for name; do
		if attached "$name"; then
			like "$name: check names what it needs" "${caps[$name]}" '^bpf,'
			dropped "$name"
			bpf_held "$BOMBUS_PID" >"$name.held"
			together+=("$name")
		# Else root cannot run it here either, or not without more words.
		elif "$BOMBUS" --store "$EXAMPLES" run "$name" --dry-run >/dev/null 2>&1; then
			fail "$name: it attaches with ${caps[$name]}" "$(cat "$name.err")"
		fi
	done
	for name in "${together[@]}"; do kill -INT "${pids[$name]}"; done
	for name in "${together[@]}"; do
		wait "${pids[$name]}"
		is "$name: it ends well" $? 0
	done
	ran=$((ran + ${#together[@]}))
}
# Where everything is slow, every fourth.
mapfile -t examples < <("$BOMBUS" --store "$EXAMPLES" list -q | sed 's/:latest$//' |
	awk -v every="$((SLOW > 1 ? 4 : 1))" 'NR % every == 0')
for ((at = 0; at < ${#examples[@]}; at += AT_ONCE)); do
	run_together "${examples[@]:at:AT_ONCE}"
done
at_least 'examples ran' "$ran" $((SLOW > 1 ? 12 : 60))
cat ./*.held | sort -u >all.held
at_least 'they held programs' "$(grep -c prog_id all.held)" 20
ok 'nothing of them is left in the kernel' wait_for 10 nothing_left all.held

# --- without the one that is named ---
(as bpf,dac_read_search "$T/bombus" --store "$T/images" run opensnoop --once -o none) 2>err
is 'without CAP_PERFMON: status' $? 3
like 'without CAP_PERFMON: the message' "$(cat err)" 'needs CAP_PERFMON'

# --- packets take another one ---
frames=("$T/bombus" run "$T/load_hooks.bpf.o" --only frames --once -o none)
(as bpf,net_raw "${frames[@]}") 2>err
is 'packets with CAP_NET_RAW' $? 0
(as bpf,perfmon "${frames[@]}") 2>err
is 'packets without CAP_NET_RAW: status' $? 3
like 'packets without CAP_NET_RAW: the message' "$(cat err)" 'needs CAP_NET_RAW'
is 'packets in perf buffers: both' "$(needed "$OBJECTS/gadget_packets.bpf.o")" bpf,net_raw,perfmon
(as "$(needed "$OBJECTS/gadget_packets.bpf.o")" "$T/bombus" run "$T/gadget_packets.bpf.o" --once \
	-o none) 2>err
is 'packets in perf buffers: they are enough' $? 0

# --- everything at once: sweeps, statistics, scrapes, OTLP ---
cat >receiver.py <<'END'
import http.server

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("received", "ab") as f:
            f.write(self.path.encode() + b" " + body + b"\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
END
timeout 120 python3 receiver.py >otlp.port &
started+=($!)
wait_for 10 test -s otlp.port
PORT=$(free_port)
traffic_start getppid,9
export OTEL_EXPORTER_OTLP_COMPRESSION=none OTEL_METRIC_EXPORT_INTERVAL=200 \
	OTEL_BLRP_SCHEDULE_DELAY=100
begin all bpf,perfmon,dac_read_search,sys_admin "$OBJECT" \
	run_plain.bpf.o --set "*:target_pid=$TRAFFIC_PID" --interval 100ms -o json --metrics="127.0.0.1:$PORT" \
	--otlp="http://localhost:$(cat otlp.port)" --otlp-protocol http/json
ok 'all outputs: it attaches' attached all
dropped 'all outputs'
held_by 'all outputs' "$BOMBUS_PID"
ok 'all outputs: nine rounds' traffic_go
scraped() { curl -s --max-time 5 "127.0.0.1:$PORT/metrics" | grep -qE "$1"; }
ok 'scrapes show them' wait_for 10 scraped '^ebpf_.* 9$'
ok 'statistics: programs are counted' wait_for 10 scraped '^bombus_program_runs_total\{.*\} [1-9]'
ok 'OTLP: metrics come' wait_for 10 grep -qs '^/v1/metrics .*ebpf' received
ok 'OTLP: logs come' wait_for 10 grep -qs '^/v1/logs ' received
dropped 'all outputs, with all threads'
ok 'all outputs: it ends' bombus_stop INT
is 'all outputs: and well' "$RC" 0
left_by 'all outputs'
jq_is 'sweeps: maps of every kind were read' all.out \
	'[.[] | select(.key != null or .value != null) | .map] | unique | length > 5' true
done_testing
