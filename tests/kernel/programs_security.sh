#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs about privileges and what processes do to each other, each with work of known size, of
# which they have to tell exactly.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# --- execsnoop: the chain of parents ---
cp "$(type -P true)" known-program
traffic_start "exec,$T/known-program,3"
ok 'execsnoop: it attaches' example_start execsnoop --set target_parent="$TRAFFIC_PID"
ok 'execsnoop: three programs' traffic_go
ok 'execsnoop: it ends' bombus_stop INT
events execsnoop execs 'map(.parents | split("<")[0:2]) | unique' "[[\"traffic\",\"$(
	cut -c1-15 "/proc/$$/comm")\"]]"

# --- capable: since Linux 6.14 by a tracepoint ---
if [ -d /sys/kernel/tracing/events/capability ] || [ -d /sys/kernel/debug/tracing/events/capability ]; then
	example capable chroot,3
	events capable checks 'map(select(.cap == "CAP_SYS_CHROOT") | [.pid, .verdict])' \
		"$(jq -nc --argjson p "$TRAFFIC_PID" '[range(3) | [$p, "CHECK_GRANTED"]]')"
else
	skip capable 'this kernel has no tracepoint for capabilities'
fi

# --- sigsnoop ---
example sigsnoop signal,15,3 --set target_signal=15
events sigsnoop signals 'map([.sig, .pid, .to_comm, .fate, .from_kernel]) | group_by(.) | map([.[0], length])' \
	"[[[\"SIGTERM\",$TRAFFIC_PID,\"traffic\",\"SIGNAL_DELIVERED\",false],3]]"
events sigsnoop signals 'map(.to) | unique | length' 3
no_loss sigsnoop
traffic_start signal,10,2
ok 'sigsnoop: those that the kernel sends' example_start sigsnoop --set target_receiver="$TRAFFIC_PID"
traffic_go
bombus_stop INT
events sigsnoop signals "map(select(.pid != $TRAFFIC_PID) | [.sig, .from_kernel]) | unique" '[["SIGCHLD",true]]'
example sigsnoop signal,15,2 --set killing_only=true
events sigsnoop signals 'map(.sig)' '["SIGTERM","SIGTERM"]'

# --- ptracesnoop ---
example ptracesnoop ptrace,2
events ptracesnoop looks 'map([.look, (.look == "LOOK_PTRACE" and .request == "PTRACE_SEIZE"), .moved, .err]) |
	group_by(.) | map([.[0], length])' \
	'[[["LOOK_PTRACE",true,0,"0"],2],[["LOOK_READ_MEMORY",false,64,"0"],2],[["LOOK_WRITE_MEMORY",false,32,"0"],2]]'
events ptracesnoop looks 'map(.target) | unique | length' 2
no_loss ptracesnoop

# --- privsnoop: root becomes nobody and cannot go back ---
example privsnoop privileges
events privsnoop privileges 'map([.call, .err, .euid, .egid, .other_namespace, .no_new_privs, .dropped > 0])' \
	'[["unshare","0",0,0,true,false,false],["setresgid","0",0,65534,false,false,false],["setresuid","0",65534,65534,false,false,true],["setuid","EPERM",65534,65534,false,false,false],["prctl","0",65534,65534,false,true,false]]'
no_loss privsnoop
example privsnoop privileges --set gained_only=true
events privsnoop privileges length 0

# --- keysnoop ---
example keysnoop keys,2
key=$(traffic_said key)
events keysnoop keys "map(select(.key == $key) | [.op, .type, .description, .err])" \
	'[["KEY_ADD","user","bombus-known","0"],["KEY_REQUEST","user","bombus-known","0"],["KEY_READ","","","0"],["KEY_REVOKE","","","0"]]'
events keysnoop keys length 8
no_loss keysnoop

# --- bpfsnoop ---
example bpfsnoop bpf,2
events bpfsnoop bpf_calls 'map([.cmd, .err, .name, .map_type, .prog_type, .size]) | group_by(.) | map([.[0], length])' \
	'[[["BPF_MAP_CREATE","0","known_map","BPF_MAP_TYPE_ARRAY","BPF_PROG_TYPE_UNSPEC",3],2],[["BPF_PROG_LOAD","E2BIG","","BPF_MAP_TYPE_UNSPEC","BPF_PROG_TYPE_XDP",0],2]]'
no_loss bpfsnoop

# --- fdpass: a file and a socket ---
echo known >known.txt
example fdpass "pass,$T/known.txt,2"
events fdpass passes 'map([.pass, .fs == "sockfs", .path, .peer, .peer_comm]) | group_by(.) | map([.[0][0:3], length])' \
	"$(jq -nc --arg p "$T/known.txt" '[[["PASS_RECEIVED",false,$p],2],[["PASS_RECEIVED",true,"UNIX-STREAM"],2],[["PASS_SENT",false,$p],2],[["PASS_SENT",true,"UNIX-STREAM"],2]]')"
events fdpass passes 'map([.peer, .peer_comm]) | unique' "[[$TRAFFIC_PID,\"traffic\"]]"
events fdpass passes "map(select(.path == \"$T/known.txt\") | .inode) | unique" "[$(stat -c %i known.txt)]"
no_loss fdpass

# --- seccompsnoop: refused with an error, and killed ---
example seccompsnoop refused-call,3
events seccompsnoop refusals 'map([.call, .refusal, .err, .args[0]]) | group_by(.) | map([.[0], length])' \
	'[[["getpgid","SECCOMP_ERROR","EACCES",4242],3]]'
no_loss seccompsnoop
traffic_start fatal-call
ok 'seccompsnoop: it attaches' example_start seccompsnoop --set target_pid="$TRAFFIC_PID"
traffic_go
is 'seccompsnoop: the filter kills' $? $((128 + 31))
ok 'seccompsnoop: it ends' bombus_stop INT
events seccompsnoop refusals 'map([.call, .refusal, .args[0]])' '[["getpgid","SECCOMP_SIGNAL",4242]]'

# --- seccompadvice ---
example seccompadvice getppid,25
series seccompadvice allowed 'map(select(.key.syscall == "getppid") | .value)' '[25]'

# --- ttysnoop: a terminal of the traffic's own, in one part and in two ---
traffic_start tty,hello,3
ok 'ttysnoop: it attaches' example_start ttysnoop --set target_pid="$TRAFFIC_PID"
ok 'ttysnoop: writes' traffic_go
ok 'ttysnoop: it ends' bombus_stop INT
events ttysnoop screens 'map([.major, .text, .len]) | group_by(.) | map([.[0], length])' \
	'[[[136,"ello",4],3],[[136,"h",1],3],[[136,"hello",5],3]]'
events ttysnoop screens 'map(.number) | unique' "[$(traffic_said pts)]"
no_loss ttysnoop
example ttysnoop "tty,$(printf 'a%.0s' {1..256})$(printf 'b%.0s' {1..44}),1"
events ttysnoop screens 'map([.len, .text[0:1], .text[-1:]])' \
	'[[256,"a","a"],[44,"b","b"],[1,"a","a"],[256,"a","b"],[43,"b","b"]]'

# --- bashreadline: a shell behind a terminal ---
if command -v script >/dev/null && nm -D "$(realpath /bin/bash)" 2>/dev/null | grep -qw readline; then
	printf 'echo known\nexit\n' >typed
	"$BOMBUS" --store "$EXAMPLES" run bashreadline -o json -- \
		sh -c 'script -qc "bash --norc -i" /dev/null >screen' <typed >lines.json 2>lines.err
	is 'bashreadline: a shell' $? 0
	jq_is 'bashreadline: its lines' lines.json 'map(select(.map == "lines") | .fields | [.comm, .line])' \
		'[["bash","echo known"],["bash","exit"]]'
else
	skip bashreadline 'it needs script, and a bash with readline in it'
fi

done_testing
