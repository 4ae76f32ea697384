#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What init writes compiles and runs as it comes out.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang jq

export BOMBUS_STORE=$T/store BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache

run_bombus init
is 'without options it takes the defaults' $RC 0
like 'and names the next step' "$ERR" 'wrote execve.bpf.c; next: bombus run execve.bpf.c --watch'
ok 'the file is there' test -s execve.bpf.c
run_bombus init
is 'a file is not replaced' $RC 1
like 'unless requested' "$ERR" 'hint: --force'
run_bombus init --force
is '--force replaces it' $RC 0
run_bombus init -o - --language C
is 'standard output' "$OUT" "$(cat execve.bpf.c)"

for kind in events counter gauge histogram spans; do
	run_bombus init --kind $kind -o "$kind.bpf.c"
	run_bombus build "$kind.bpf.c"
	is "$kind: builds" $RC 0
	unlike "$kind: without a warning" "$ERR" 'warning'
	run_bombus inspect $kind --format json
	is "$kind: that is its role" \
		"$(jq -r '[.maps[].role] - ["internal"] | join(" ")' <<<"$OUT")" $kind
	if [ "$(id -u)" -eq 0 ]; then
		run_bombus run $kind --dry-run
		is "$kind: loads and attaches" "$RC $(grep -c attached <<<"$OUT")" '0 1'
	else
		skip "$kind: loads and attaches" 'not root'
	fi
done

for hook in tracepoint/sched/sched_process_exec tracepoint/sched/sched_process_exit \
	tracepoint/syscalls/sys_enter_openat raw_tp/sched_switch tp_btf/sched_process_exit \
	kprobe/vfs_read kretprobe/vfs_read 'kprobe.multi/vfs_*' ksyscall/openat kretsyscall/openat \
	fentry/tcp_close fexit/tcp_connect lsm/file_open uprobe//bin/sh:main uretprobe//bin/sh:main \
	perf_event/cpu-clock:99 iter/task iter/ksym xdp tc socket cgroup_skb/egress \
	cgroup/connect4; do
	run_bombus init --kind events --hook "$hook" -o hook.bpf.c --force
	run_bombus inspect hook.bpf.c
	is "$hook: builds" $RC 0
	unlike "$hook: without a warning" "$ERR" 'warning'
done

# --- the arguments are those of the hook ---
run_bombus init --hook fexit/tcp_connect -o -
like 'a function has its prototype, and what it returned' "$OUT" \
	'^int BPF_PROG\(on_tcp_connect, struct sock \*sk, int hook_ret\)$|^int BPF_PROG\(on_tcp_connect, struct sock \*sk, int ret\)$'
like 'which is recorded' "$OUT" '^	e->returned = ret;$'
run_bombus init --hook raw_tp/sched_process_fork --kind counter -o -
like 'a raw tracepoint has its arguments' "$OUT" \
	'^int BPF_PROG\(on_sched_process_fork, struct task_struct \*parent, struct task_struct \*child\)$'
if [ "$(id -u)" -eq 0 ]; then
	run_bombus init --hook tracepoint/syscalls/sys_enter_openat -o -
	like 'a system call has its arguments' "$OUT" \
		'^	const char \*filename = \(const char \*\)ctx->args\[1\];$'
else
	skip 'tracepoints' 'not root'
fi
run_bombus init --hook xdp --kind spans -o -
is 'packets have no spans' $RC 2

# --- for editors ---
ok 'clangd gets the options of a build' test -s .clangd
sed -n "s/^    - '\(.*\)'$/\1/p" .clangd >words
ok 'with which clang reads the program' xargs clang -fsyntax-only execve.bpf.c <words
echo mine >.clangd
"$BOMBUS" -q init --force
is 'an existing one stays' "$(cat .clangd)" mine

run_bombus init --kind nothing
is 'a kind that is none is wrong usage' $RC 2
like 'and the kinds are named' "$ERR" 'events.*spans'
run_bombus init --hook kprobe
is 'a hook without a target is wrong usage' $RC 2
like 'and its form is named' "$ERR" 'kprobe/FUNCTION'
run_bombus init --hook struct_ops/ssthresh
is 'a hook that init has nothing for is wrong usage' $RC 2
run_bombus init --hook 'kprobe/a")int x;//'
is 'a hook is no way to write code' $RC 2
run_bombus init --language Go
is 'a language that is none is wrong usage' $RC 2
run_bombus init -o nowhere/x.bpf.c
is 'a folder that is not there is an error' $RC 1
like 'which is named' "$ERR" 'nowhere/x.bpf.c: No such file'

# On a terminal it asks; the answers come from a file.
if command -v script >/dev/null; then
	printf 'nothing\ncounter\n\nasked.bpf.c\n' |
		script -qec "'$BOMBUS' init" /dev/null >asked.txt 2>&1
	like 'it asks again when an answer will not do' "$(cat asked.txt)" "no kind 'nothing'"
	like 'it offers a default' "$(cat asked.txt)" '\[tracepoint/syscalls/sys_enter_openat\]'
	printf 'counter\ntp_btf/sched\033[D\033OA_process_for\t\ntab.bpf.c\n' |
		script -qec "'$BOMBUS' init" /dev/null >tab.txt 2>&1
	like 'Tab completes a hook, and arrows type nothing' "$(cat tab.bpf.c 2>&1)" \
		'^SEC\("tp_btf/sched_process_fork"\)$'
	printf 'counter\ntp_btf/*_process_for\t\n\nwild.bpf.c\n' |
		script -qec "'$BOMBUS' init" /dev/null >wild.txt 2>&1
	like 'with a wildcard Tab lists' "$(tr -d '\r' <wild.txt)" '^  tp_btf/sched_process_fork$'
	like 'and writes the answers' "$(cat asked.bpf.c 2>&1)" 'SEC\("\.maps\.counter"\)'
else
	skip 'it asks on a terminal' 'script is not installed'
fi

done_testing
