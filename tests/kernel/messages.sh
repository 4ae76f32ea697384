#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Refusals name their cause: each case here once named another one.
. "$(dirname "$0")/../support/lib.sh"
need_root
need clang

HOOKS=$OBJECTS/load_hooks.bpf.o

# object NAME: compiles standard input.
object() {
	{
		printf '%s\n' '#include "vmlinux.h"' '#include <bpf/bpf_helpers.h>' \
			'#include <bpf/bpf_tracing.h>' 'char LICENSE[] SEC("license") = "GPL";'
		cat
	} >"$1.bpf.c"
	clang -g -O2 -target bpf "-D__TARGET_ARCH_$(uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')" \
		-I"$BUILD/bpf" -I. -c "$1.bpf.c" -o "$1.o"
}

# message NAME STATUS REGEX ARGUMENTS...
message() {
	local name=$1 status=$2 regex=$3
	shift 3
	run_bombus "$@"
	is "$name: status" "$RC" "$status"
	like "$name: message" "$ERR" "$regex"
}

# --- what is not supported is named (case: structopslink, array_in_arena, C) ---
object ops <<'END'
SEC("struct_ops/ssthresh") __u32 BPF_PROG(ssthresh, struct sock *sk) { return 10; }
END
message struct_ops 1 'does not support struct_ops' run ops.o
message 'struct_ops: check' 3 'struct_ops is not supported' check ops.o
object arena <<'END'
struct { __uint(type, 33); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 10); } arena SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } n SEC(".maps.counter");
SEC("raw_tp/sys_exit") int on(void *c) { __u32 k = 0; void *a = &arena; asm volatile("" : "+r"(a)); return !bpf_map_lookup_elem(&n, &k); }
END
message arena 1 "map 'arena' is an arena" run arena.o
message 'arena: check' 3 "map 'arena' is an arena" check arena.o
like 'arena: check: its row' "$OUT" '^map +arena +arena +no +arenas are not supported'

# --- check ends with what run would say (case: up, C) ---
message 'check: a target' 3 "'upro' .* has no target to attach to" check "$OBJECTS/others_target.bpf.o"
like 'check: the words' "$ERR" '^hint: --attach upro=/PATH/BINARY:FUNCTION'
message 'check: nothing to show' 3 'keeps its results in variables: --map' check "$OBJECTS/run_no_maps.bpf.o"
message 'check: it runs' 0 'would run here' check "$OBJECTS/run_plain.bpf.o"

# --- files that are no programs ---
printf '#!/bin/sh\nexit 0\n' >script && chmod +x script
message 'a script' 2 'script is a script; its interpreter has the functions' \
	run "$HOOKS" --only upro --attach "upro=$T/script:main" --dry-run
PATH=$T:$PATH message 'a script by its name' 2 "$T/script is a script; its interpreter has" \
	run "$HOOKS" --only upro --attach upro=script:main --dry-run
echo text >text
message 'a text' 2 'text is no ELF program or library' \
	run "$HOOKS" --only upro --attach "upro=$T/text:main" --dry-run

# --- calls that the compiler made ---
object compare <<'END'
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } n SEC(".maps.counter");
extern int memcmp(const void *a, const void *b, unsigned long n) __ksym;
SEC("raw_tp/sys_exit") int on(void *c) { __u32 k = 0; char a[64] = {}; __u64 *v = bpf_map_lookup_elem(&n, &k); return v ? memcmp(a, v, *v & 7) : 0; }
END
message 'memcmp' 3 "'memcmp': the compiler made a call of the C library's function" run compare.o
object length <<'END'
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } n SEC(".maps.counter");
SEC("raw_tp/sys_exit") int on(void *c) { __u32 k = 0; char a[64] = {}; __u64 *v = bpf_map_lookup_elem(&n, &k); return v ? __builtin_memcmp(a, v, *v & 7) : 0; }
END
message 'memcmp of any length' 1 "extern 'memcmp': the compiler .* the length is not constant" run length.o
like 'memcmp of any length: what to do' "$ERR" '^hint: .*__builtin_memcmp\(\).*constant size'

# --- limits ---
run_bombus check "$OBJECTS/run_plain.bpf.o"
out=$(ulimit -n 12; "$BOMBUS" run "$OBJECTS/run_maps.bpf.o" --dry-run 2>&1)
like 'open files' "$out" 'is an open file, and this process may have 12'

# --- alternatives: a program that is refused for itself is explained, in any order ---
object bad <<'END'
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } n SEC(".maps.counter");
SEC("raw_tp/sys_exit") int job___raw(void *c) { __u32 k = 0; __u64 *v = bpf_map_lookup_elem(&n, &k); return *v; }
SEC("tp_btf/nothing_like_it") int job(void *c) { return 0; }
END
message 'alternatives' 3 "none of its 2 alternatives works here; job___raw: the verifier rejects it: R0" \
	run bad.o --dry-run
like 'alternatives: the hint' "$ERR" '^hint: a pointer from a map .* is compared with NULL'
like 'alternatives: the log' "$ERR" "^    R0 invalid mem access 'map_value_or_null'"

# --- words of the command line ---
object words <<'END'
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } n SEC(".maps.counter");
__u64 total;
SEC("raw_tp/sys_exit") int on(void *c) { __u32 k = 0; total++; return !bpf_map_lookup_elem(&n, &k); }
END
out=$(ulimit -n 8; "$BOMBUS" run words.o --dry-run 2>&1)
like 'fewer open files' "$out" 'is an open file, and this process may have 8'
message 'a section of variables' 2 "'.bss' is a section of variables" run words.o --map .bss=counter
like 'a section of variables: the hint' "$ERR" '^hint: --map total=counter'
message 'no such program' 2 "no program is called 'A'" run words.o print=words.o --map A:n=internal
like 'no such program: the hint' "$ERR" '^hint: the programs are words, print'
message 'all hidden' 0 'warning: B: nothing is shown: --map MAP=internal hides all' \
	run A=words.o B=words.o --map B:n=internal -o none --duration 1ms
message 'bounds: a bracket' 2 "'\]' is missing behind '\[1,2'" run words.o -b 'n,[1,2'
message 'bounds: none' 2 "no bounds between '\[' and '\]'" run words.o -b 'n,[]'
message 'bounds: no map' 2 "'\[1,2\]' names no map" run words.o -b '[1,2]'

# --- one hook that is not there ---
object absent <<'END'
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } n SEC(".maps.counter");
SEC("tracepoint/syscalls/sys_enter_nothing") int gone(void *c) { __u32 k = 0; return !bpf_map_lookup_elem(&n, &k); }
SEC("tracepoint/syscalls/sys_enter_getppid") int here(void *c) { return 0; }
SEC("raw_tp/sys_exit") int there(void *c) { return 0; }
END
message 'absent' 3 "no tracepoint 'syscalls/sys_enter_nothing'" run absent.o --dry-run
like 'absent: how to run the rest' "$ERR" '^hint: .*--skip-missing runs the others'
message 'absent: the rest runs' 0 '' run absent.o --dry-run --only here,there

# --- a pin that the author asks for ---
object pinned <<'END'
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); __uint(pinning, LIBBPF_PIN_BY_NAME); } n SEC(".maps.counter");
SEC("raw_tp/sys_exit") int on(void *c) { __u32 k = 0; return !bpf_map_lookup_elem(&n, &k); }
END
message 'pinning' 0 "map 'n' asks to be pinned by name and is not: --pin-maps DIR" run pinned.o --dry-run

# --- tracefs is there, and closed ---
if command -v setpriv >/dev/null; then
	out=$(setpriv --reuid 65534 --clear-groups --inh-caps=-all,+bpf,+perfmon \
		--ambient-caps=-all,+bpf,+perfmon "$BOMBUS" run "$HOOKS" --only tp --dry-run 2>&1)
	like 'tracefs, closed' "$out" 'may not look into tracefs|needs CAP_'
else
	skip 'tracefs, closed' 'setpriv is not installed'
fi

# --- a pointer of a program ---
object user <<'END'
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } n SEC(".maps.counter");
SEC("tracepoint/syscalls/sys_enter_openat") int on(struct trace_event_raw_sys_enter *c) { __u32 k = 0; const char *name = (const char *)c->args[1]; bpf_map_lookup_elem(&n, &k); return *name; }
END
message 'a user pointer' 3 'mem access' run user.o --dry-run
like 'a user pointer: the hint' "$ERR" "^hint: .*a system call's argument, with bpf_probe_read_user"

# --- records without a type, and a role that does not fit ---
object ring <<'END'
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ev SEC(".maps");
SEC("raw_tp/sys_exit") int on(void *c) { __u64 n = 1; return bpf_ringbuf_output(&ev, &n, 8, 0); }
END
export BOMBUS_INCLUDE=$TOP/include
message 'a ring without a type: build' 0 "map 'ev' does not say what its records are" \
	build ring.bpf.c --binary-only -o ring2.o --cflags "-I$BUILD/bpf"
message 'a ring without a type: inspect' 0 '' inspect ring.o
object unfit <<'END'
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, char[16]); } n SEC(".maps.counter");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } m SEC(".maps.counter");
SEC("raw_tp/sys_exit") int on(void *c) { __u32 k = 0; bpf_map_lookup_elem(&m, &k); return !bpf_map_lookup_elem(&n, &k); }
END
message 'a role that does not fit: inspect' 0 "warning: .*map 'n' cannot have the role counter" \
	inspect unfit.o
message 'a role that does not fit: build' 1 "map 'n' cannot have the role counter" \
	build unfit.bpf.c --binary-only -o unfit2.o --cflags "-I$BUILD/bpf"

# --- what programs print, and BTF from a file ---
object print <<'END'
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } n SEC(".maps.counter");
const volatile __u32 target_pid = 0;
SEC("tracepoint/syscalls/sys_enter_getppid") int on(void *c) { __u32 k = 0; if (bpf_get_current_pid_tgid() >> 32 == target_pid) bpf_printk("hello %d", 7); return !bpf_map_lookup_elem(&n, &k); }
END
traffic_start getppid,2
ok 'trace pipe: it attaches' bombus_start print run print.o -o json --trace-pipe \
	--set target_pid="$TRAFFIC_PID"
traffic_go
sleep 0.5
ok 'trace pipe: it ends' bombus_stop INT
is 'trace pipe: both lines' "$(grep -c "printed: traffic-$TRAFFIC_PID: hello 7" print.err)" 2
object core <<'END'
#include <bpf/bpf_core_read.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } n SEC(".maps.counter");
SEC("raw_tp/sys_exit") int on(void *c) { __u32 k = 0; struct task_struct *t = (void *)bpf_get_current_task(); return BPF_CORE_READ(t, pid) + !bpf_map_lookup_elem(&n, &k); }
END
cp /sys/kernel/btf/vmlinux kernel.btf
without_btf() {
	unshare --mount sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh "$BOMBUS" run core.o \
		--dry-run "$@" 2>&1
}
if unshare --mount true 2>/dev/null; then
	like 'no BTF' "$(without_btf)" 'has no BTF'
	like 'no BTF, but a file' "$(without_btf --btf kernel.btf)" '^on .* attached'
else
	skip 'no BTF' 'no mount namespace can be made'
fi
message 'BTF of a file' 0 '' run "$HOOKS" --only tp --dry-run --btf /sys/kernel/btf/vmlinux
message 'BTF of a file without any' 2 '--btf text: there is no BTF in it' run core.o --dry-run --btf text
message 'BTF of something else' 3 "print.o \(--btf\) has no 'struct task_struct.pid'" \
	run core.o --dry-run --btf print.o
message 'BTF of no file' 2 '--btf no.btf: No such file' run "$HOOKS" --only tp --dry-run --btf no.btf

done_testing
