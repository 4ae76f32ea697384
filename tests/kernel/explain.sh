#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is said when the kernel refuses, which alternative is taken, and what check foretells.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

HOOKS=$OBJECTS/load_hooks.bpf.o
BAD=$OBJECTS/load_bad.bpf.o
ALT=$OBJECTS/load_alt.bpf.o

feature() {
	run_bombus check --format json
	jq -r --arg name "$1" '.[] | select(.feature == $name) | .ok' <<<"$OUT"
}

# refused NAME STATUS REGEX PROGRAM ARGUMENTS...: the message and its hint are two lines.
refused() {
	local name=$1 status=$2 regex=$3 object=$BAD
	shift 3
	case $1 in
	fent | lsmopen | kpro | kmulti | ksys | upro | message | sample | tp_any) object=$HOOKS ;;
	esac
	run_bombus run "$object" --dry-run --only "$@"
	is "$name: status" "$RC" "$status"
	like "$name: message" "$ERR" "$regex"
}

hinted() {
	like "$1: hint" "$ERR" "^hint: $2"
}

# --- the verifier ---
refused null 3 "program 'null' \(raw_tp/sys_enter\): the verifier rejects it: .*invalid mem access" null
like 'null: the instruction is shown' "$ERR" '\(\*value\)\+\+'
hinted null '.*compared with NULL'
unlike 'null: no statistics' "$ERR" 'processed [0-9]+ insns'
refused core 3 "this kernel has no 'struct task_struct___unheard_of.no_such_member'" core
hinted core '.*bpf_core_field_exists'
refused helper 3 'does not know a helper' helper
refused wrong-helper 3 'call the helper bpf_skb_pull_data\(\)' wrong_helper

# --- hooks that are not there ---
refused tracepoint 3 "no tracepoint 'sched/sched_process_exti'" misspelt_event
hinted tracepoint "did you mean 'sched/sched_process_exit'"
refused category 3 "no tracepoint 'task/sched_process_exit'" wrong_category
hinted category "did you mean 'sched/sched_process_exit'"
refused raw_tp 3 "no tracepoint 'sched_process_exti'" misspelt_raw
hinted raw_tp "did you mean 'sched_process_exit'"
refused tp_btf 3 "no tracepoint 'sched_process_exti'" misspelt_tp
hinted tp_btf "did you mean 'sched_process_exit'"
refused fentry 3 "BTF has no function 'tcp_v4_connct'" misspelt
hinted fentry "did you mean 'tcp_v4_connect'"

# --- what this kind of machine forbids ---
if [ "$(feature fentry)" = no ]; then
	refused lsm 3 "(security module of this machine forbids .* lsm programs|has no LSM hook)" lsmopen
	run_bombus run "$ALT" --dry-run --only job___fentry
	is 'fentry, forbidden: status' "$RC" 3
	like 'fentry, forbidden: message' "$ERR" \
		"program 'job___fentry' \(fentry/tcp_v4_connect\): a security module .* forbids .*fentry"
else
	skip 'fentry, forbidden' 'this machine allows fentry'
fi
if [ "$(feature kprobe)" = no ]; then
	refused kprobe 3 'has no kprobes' kpro
	refused kprobe.multi 3 'has no kprobes' kmulti
	refused ksyscall 3 'has no kprobes' ksys
	hinted kprobe 'a tracepoint'
else
	skip 'kprobe, missing' 'this kernel has kprobes'
fi

# --- targets ---
T_BIN=$BUILD/tests/support/traffic
refused 'no target' 2 'has no target to attach to' upro
hinted 'no target' '--attach upro=/PATH/BINARY:FUNCTION'
refused 'no function given' 2 'which function\?' upro --attach "upro=$T_BIN"
refused 'no such function' 2 "traffic has no function 'no_such'" upro --attach "upro=$T_BIN:no_such"
refused 'no such file' 2 'there is no file /no/such' upro --attach upro=/no/such:main
refused 'no pid' 2 "'abc' is not a process id" upro --attach "upro=$T_BIN:main,pid=abc"
refused 'no category' 2 'a tracepoint has a category' tp_any --attach tp_any=foo
refused 'no perf event' 2 "no perf event named 'cpu-clok'" sample --attach sample=cpu-clok:99
hinted 'no perf event' "did you mean 'cpu-clock'"
refused 'too often' 2 'refuses 999999999 samples' sample --attach sample=cpu-clock:999999999
refused 'foreign' 1 'cannot be attached by bombus' message
run_bombus run "$HOOKS" --only nul --dry-run
is 'no program: status' "$RC" 2
run_bombus run "$BAD" --only nul --dry-run
like 'no program: the nearest' "$ERR" "did you mean 'null'"
run_bombus run "$HOOKS" --only tp --attach tpp=x/y --dry-run
is 'attach to no program: status' "$RC" 2

# --- alternatives ---
KERNEL_HAS=$([ "$(feature fentry)" = ok ] && echo fentry || { [ "$(feature kprobe)" = ok ] && echo kprobe; } || echo tp)
if [ "$KERNEL_HAS" = tp ]; then
	traffic_start getppid,4
	ok 'alternatives: one attaches' bombus_start alt run "$ALT" -o json --only job \
		--set target_pid="$TRAFFIC_PID"
	traffic_go
	bombus_stop INT
	jq_is 'alternatives: it is the tracepoint' alt.out \
		'map(select(.map == "which")) | group_by(.key) | map(last | .value)' '[4]'
	like 'alternatives: by name' "$(cat alt.out)" '"tp"'
else
	skip 'alternatives: the last resort' "this kernel takes $KERNEL_HAS before it"
fi
run_bombus run "$ALT" --dry-run --only missing --only first --only late
is 'alternatives: each job has one' "$RC" 0
run_bombus run "$ALT" --dry-run --only lost
is 'alternatives: none works: status' "$RC" 3
like 'alternatives: none works' "$ERR" "'lost': none of its 2 alternatives works here"
like 'alternatives: the first is explained' "$ERR" '^ *lost___fentry .*: '
like 'alternatives: and the second' "$ERR" "^ *lost___tp .*no tracepoint 'syscalls/sys_enter_nothing'"

run_bombus run "$ALT" --dry-run
is 'an absent hook: status' "$RC" 3
like 'an absent hook: the hint runs the rest' "$ERR" '^hint: .*--skip-missing'
run_bombus run "$ALT" --dry-run --skip-missing
is '--skip-missing: status' "$RC" 0
like '--skip-missing: what is left out' "$ERR" "^bombus: warning: .*left out: program 'lost'"
is '--skip-missing: the rest attaches' "$(grep -c ' attached ' <<<"$OUT")" 4
run_bombus run "$OBJECTS/run_nohook.bpf.o" --skip-missing --dry-run
is '--skip-missing: nothing is left' "$RC" 3
run_bombus run "$OBJECTS/run_unsafe.bpf.o" --skip-missing --dry-run
is '--skip-missing: not for what the verifier refuses' "$RC" 3

# --- a kernel without BTF: it is hidden, in a mount namespace of the test's own ---
without_btf() {
	unshare --mount sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh "$BOMBUS" run "$ALT" \
		--dry-run "$@" 2>&1
}
if unshare --mount mount -t tmpfs none /sys/kernel/btf 2>/dev/null; then
	OUT=$(without_btf --only job)
	is 'no BTF: alternatives: status' $? 0
	like 'no BTF: alternatives: why not fentry' "$OUT" 'job___fentry .*refused +this kernel has no BTF'
	OUT=$(without_btf --only job___fentry)
	is 'no BTF: status' $? 3
	like 'no BTF: message' "$OUT" 'this kernel has no BTF'
else
	skip 'no BTF' 'no mount namespace can be made'
fi

# --- check ---
run_bombus check
is 'check: status' "$RC" 0
like 'check: tracepoints work' "$OUT" '^program types +tracepoint +ok'
like 'check: ring buffers' "$OUT" '^maps +ringbuf +ok'
like 'check: privileges' "$OUT" '^privileges +CAP_BPF +ok'
run_bombus check "$OBJECTS/run_plain.bpf.o"
is 'check FILE: it would run' "$RC" 0
like 'check FILE: its program' "$OUT" '^program +plain +tracepoint/syscalls/sys_enter_getppid +ok'
like 'check FILE: its map' "$OUT" '^map +events +ringbuf +ok'
run_bombus check "$BAD"
is 'check FILE: it would not: status' "$RC" 3
like 'check FILE: it would not' "$OUT" "^program +misspelt_event .* no +.*near: sched/sched_process_exit"
run_bombus check "$ALT" --format json
like 'check FILE: as JSON' "$(jq -r '.[] | select(.name == "missing___first") | .ok' <<<"$OUT")" '^no$'
# As nobody, with no capability: what is missing is named.
if command -v setpriv >/dev/null && [ -x "$BOMBUS" ]; then
	install -m 755 "$BOMBUS" "$T/bombus" && chmod 755 "$T"
	nobody=$(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		--bounding-set=-all "$T/bombus" check 2>&1)
	like 'nobody: what is missing' "$nobody" \
		'^program types +tracepoint +no +needs CAP_BPF and CAP_PERFMON$'
	like 'nobody: what network programs miss' "$nobody" \
		'^program types +xdp +no +needs CAP_BPF and CAP_NET_ADMIN$'
	like 'nobody: what maps miss' "$nobody" '^maps +hash +no +needs CAP_BPF$'
	like 'nobody: privileges' "$nobody" '^privileges +CAP_PERFMON +no'
	nobody=$(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		--bounding-set=-all "$T/bombus" run --dry-run - 2>&1 <"$OBJECTS/run_plain.bpf.o")
	like 'nobody: run names it' "$nobody" 'needs CAP_BPF'
	unlike 'nobody: and libbpf need not say it too' "$nobody" '^libbpf'
else
	skip 'unprivileged' 'setpriv is not installed'
fi

# as_user CAPABILITIES COMMAND...: as nobody with these ("bpf,perfmon"), and no others to be had.
as_user() {
	local caps=-all,+${1//,/,+}
	shift
	(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps="$caps" \
		--ambient-caps="$caps" --bounding-set="$caps" "$@")
}

# check_as CAPABILITIES WORD...: what check says; leaves $RC, $OUT and $ERR.
check_as() {
	OUT=$(as_user "$1" "$T/bombus" check "${@:2}" 2>"$T/.err")
	RC=$?
	ERR=$(cat "$T/.err")
}

if command -v setpriv >/dev/null && as_user bpf,perfmon true 2>/dev/null; then
	install -m 644 "$OBJECTS/run_plain.bpf.o" "$HOOKS" .
	check_as bpf,perfmon,dac_read_search "$T/run_plain.bpf.o"
	is 'a user with the capabilities: it would run' "$RC" 0
	like 'what is needed is there' "$OUT" '^capability +CAP_PERFMON +needed +ok'
	like 'what only helps is not' "$OUT" '^capability +CAP_SYS_ADMIN +optional +no +.*statistics'
	check_as perfmon,dac_read_search "$T/run_plain.bpf.o"
	is 'without CAP_BPF: status' "$RC" 3
	like 'without CAP_BPF: it is named' "$ERR" 'would not run here: this process lacks CAP_BPF$'
	check_as bpf,perfmon "$T/${HOOKS##*/}"
	like 'the network: why' "$OUT" '^capability +CAP_NET_ADMIN +needed +no .*changes the network'
	if [ "$(stat -c %A /sys/kernel/tracing | cut -c10)" = - ]; then
		like 'tracefs: why' "$OUT" '^capability +CAP_DAC_READ_SEARCH +needed +no .*tracefs is closed'
		check_as bpf,perfmon
		like 'tracefs: closed, and not unmounted' "$OUT" \
			'^program types +tracepoint +no +tracefs is closed to this user'
	fi
else
	skip 'capabilities of a program' 'setpriv is not installed, or may not'
fi
done_testing
