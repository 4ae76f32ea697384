#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a kernel under lockdown refuses is named (case: guest_hotplug_lockdown, C). Nothing takes a
# lockdown back, so this is the last test of a boot.
. "$(dirname "$0")/../support/lib.sh"

LOCKDOWN=/sys/kernel/security/lockdown
[ -w "$LOCKDOWN" ] || {
	echo '1..0 # SKIP this kernel has no lockdown'
	exit 0
}

# runs NAME OBJECT...: a dry run goes well.
runs() {
	run_bombus run "${@:2}" --dry-run
	is "$1: it runs" "$RC" 0
}

# --- integrity forbids writing only: programs read as before ---
grep -q '\[none\]' "$LOCKDOWN" && echo integrity >"$LOCKDOWN"
runs 'integrity: a tracepoint' "$OBJECTS/run_plain.bpf.o"
runs 'integrity: reading kernel memory' --store "$EXAMPLES" execsnoop

# --- confidentiality ---
echo confidentiality >"$LOCKDOWN"
run_bombus check
like 'check names it' "$OUT" 'lockdown.*confidentiality'
runs 'confidentiality: a tracepoint that reads nothing' "$OBJECTS/run_plain.bpf.o"
for image in execsnoop tcpconnect; do
	run_bombus --store "$EXAMPLES" run "$image" --dry-run
	is "confidentiality: $image: status" "$RC" 3
	like "confidentiality: $image: why" "$ERR" \
		'kernel lockdown \(confidentiality\) forbids'
	like "confidentiality: $image: the hint" "$ERR" '^hint: .*lockdown=confidentiality'
done
run_bombus run "$OBJECTS/load_hooks.bpf.o" --only kpro --dry-run
is 'confidentiality: a kprobe: status' "$RC" 3
like 'confidentiality: a kprobe: why' "$ERR" 'kernel lockdown \(confidentiality\)'
runs 'confidentiality: perf buffers and samples' "$OBJECTS/cpus.bpf.o"
done_testing
