#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The hooks that are listed, with their arguments, are those that the kernel and a binary have.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need jq

[ -r /sys/kernel/btf/vmlinux ] || skip_all 'this kernel has no BTF'

# --- BTF ---
run_bombus hooks fentry/tcp_close
like 'a function has its arguments and what it returns' "$OUT" \
	'^fentry/tcp_close \(struct sock \*sk, long int timeout\)$|^fentry/tcp_close \(struct sock \*sk, long timeout\)$'
run_bombus hooks 'fentry/tcp_clos?' --names
is 'a pattern is a whole hook' "$OUT" fentry/tcp_close
run_bombus hooks tp_btf/sched_process_fork -o json
is 'JSON has the types by themselves' "$OUT" \
	'{"hook":"tp_btf/sched_process_fork","args":[{"name":"parent","type":"struct task_struct *"},{"name":"child","type":"struct task_struct *"}]}'
run_bombus hooks 'iter/task_file'
is 'an iterator' "$OUT" 'iter/task_file (struct task_struct *task, u32 fd, struct file *file)'
run_bombus hooks 'struct_ops/tcp_congestion_ops:s*' --names
like 'a member of struct_ops' "$OUT" '^struct_ops/tcp_congestion_ops:ssthresh$'
run_bombus hooks 'sockops'
like 'a fixed one has its context' "$OUT" '^sockops \(struct bpf_sock_ops \*ctx\)$'
if command -v bpftool >/dev/null; then
	bpftool btf dump file /sys/kernel/btf/vmlinux | sed -n "s/.*FUNC '__traceiter_\([^']*\)'.*/tp_btf\/\1/p" |
		sort >wanted
	"$BOMBUS" hooks 'tp_btf/*' --names | sort >got
	ok 'all tracepoints of BTF are there' cmp wanted got
else
	skip 'all tracepoints of BTF are there' 'bpftool is not installed'
fi

# --- tracefs ---
if [ "$(id -u)" -eq 0 ]; then
	run_bombus hooks tracepoint/sched/sched_process_exec
	is 'a tracepoint has the members of its format' "$OUT" \
		'tracepoint/sched/sched_process_exec (__data_loc char[] filename, pid_t pid, pid_t old_pid)'
	run_bombus hooks 'ksyscall/openat'
	like 'a system call has its arguments' "$OUT" \
		'^ksyscall/openat \(int dfd, const char \*filename, int flags, umode_t mode\)$'
	is 'a word without a wildcard is a part' "$(grep -c openat2 <<<"$OUT")" 1
else
	skip 'tracepoints' 'not root'
fi

# --- a binary ---
cat >probes.c <<-'END'
	#define NOTE(name, args) \
		__asm__ volatile("990: nop\n" \
			".pushsection .note.stapsdt,\"\",\"note\"\n .balign 4\n" \
			".4byte 992f-991f, 994f-993f, 3\n 991: .asciz \"stapsdt\"\n 992: .balign 4\n" \
			"993: .8byte 990b, 0, 0\n .asciz \"app\"\n .asciz \"" name "\"\n" \
			".asciz \"" args "\"\n 994: .balign 4\n .popsection\n");
	int first_function(void) { NOTE("begin", "-4@$7 8@%rdi") return 1; }
	int main(void) { NOTE("end", "") return first_function(); }
END
if command -v gcc >/dev/null && gcc -o probes probes.c; then
	run_bombus hooks ./probes
	is 'the probes of a binary, and its arguments' "$(grep ^usdt/ <<<"$OUT" | sort | xargs -d '\n')" \
		'usdt/./probes:app:begin (__s32 arg1, __u64 arg2) usdt/./probes:app:end'
	like 'and its functions' "$OUT" '^uprobe/./probes:first_function$'
	run_bombus hooks ./probes '*:first*' -o json
	is 'with a pattern' "$OUT" '{"hook":"uprobe/./probes:first_function","args":[]}'
	run_bombus hooks "usdt/$T/probes:*:end"
	is 'or by the section alone' "$OUT" "usdt/$T/probes:app:end"
	# A file that is cut or changed is never read beyond its end.
	for n in 64 100 1000 $(($(stat -c %s probes) - 1000)); do
		head -c "$n" probes >cut
		run_bombus hooks ./cut
		between "a file cut after $n bytes" "$RC" 0 1
	done
else
	skip 'a binary' 'gcc is not installed'
fi

# --- what is wrong ---
run_bombus hooks 'fentry/no_such_function'
is 'nothing that matches is an error' "$RC" 1
like 'with the pattern' "$ERR" "no hook matches 'fentry/no_such_function'"
[ "$(id -u)" -ne 0 ] || unlike 'root is not asked to be root' "$ERR" 'need root'
run_bombus hooks ./nowhere
like 'a file that is not there' "$ERR" 'cannot open ./nowhere: No such file'
run_bombus hooks "$TESTS/run"
like 'and one that is no program' "$ERR" 'is not a program or library'
run_bombus hooks tcp_close udp
is 'two patterns are one too many' "$RC" 2

done_testing
