#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bombus test: each way to test a program passes when the rows are right, and fails when they are not.
. "$(dirname "$0")/../support/lib.sh"
need_root
need clang jq

export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache
PACKET='ffffffffffff 000000000000 0800 45000014 00000000 40110000 7f000001 7f000001'

# --- inputs ---
"$BOMBUS" -q init --hook xdp --kind counter -o count.bpf.c
cat >count.test.yaml <<-END
	tests:
	  - name: packets are counted
	    program: on_xdp
	    packet: "$PACKET"
	    repeat: 3
	    returns: 2
	    rows:
	      packets:
	        - { interface: lo, value: 3 }
	  - name: each test begins with empty maps
	    program: on_xdp
	    packet: "$PACKET"
	    rows: { packets: [ { value: 1 } ] }
	  - name: another verdict
	    program: on_xdp
	    packet: "$PACKET"
	    returns: 1
	  - name: another count
	    program: on_xdp
	    packet: "$PACKET"
	    rows: { packets: [ { value: 2 } ] }
	  - name: rows that are not expected
	    program: on_xdp
	    packet: "$PACKET"
	    rows: { packets: [] }
	  - name: no such program
	    program: on_nothing
	    packet: "$PACKET"
	  - name: no packet
	    program: on_xdp
	    packet: "ff"
END
run_bombus test count.bpf.c
is 'failed tests are an error' "$RC" 1
is 'the results are TAP' "$(grep -v '^#' <<<"$OUT")" '1..7
ok 1 - packets are counted
ok 2 - each test begins with empty maps
not ok 3 - another verdict
not ok 4 - another count
not ok 5 - rows that are not expected
not ok 6 - no such program
not ok 7 - no packet'
like 'with the verdict' "$OUT" '^# it returned 2, not 1$'
like 'the row that is missing' "$OUT" '^# packets has no row \{value: 2\}$'
like 'and the row that is there' "$OUT" '^#   got \{"interface":"lo","value":1\}$'
like 'a row too many' "$OUT" '^# packets has 1 more row$'
like 'a wrong name, with its place' "$OUT" "^# count.test.yaml:26:5: there is no program 'on_nothing'$"
like 'and what the kernel refuses' "$OUT" "^# the kernel does not run 'on_xdp' with this input"
"$BOMBUS" -q init --hook tc -o record.bpf.c
cat >record.test.yaml <<-END
	tests:
	  - name: a packet is a record
	    program: on_tc
	    packet: "$PACKET"
	    returns: -1
	    rows: { events: [ { length: 34 } ] }
END
run_bombus test record.bpf.c
is 'records are rows too' "$RC $(tail -n 1 <<<"$OUT")" '0 ok 1 - a packet is a record'
"$BOMBUS" -q init --hook raw_tp/sched_process_hang -o raw.bpf.c
cat >raw.test.yaml <<-END
	tests:
	  - name: a raw tracepoint has arguments
	    program: on_sched_process_hang
	    args: [ 0 ]
	    returns: 0
	    contains: { events: [ { comm: bombus } ] }
END
run_bombus test raw.bpf.c
is 'so are those of raw tracepoints' "$RC $(tail -n 1 <<<"$OUT")" '0 ok 1 - a raw tracepoint has arguments'

# --- a command, and its recording ---
"$BOMBUS" -q init --hook tracepoint/syscalls/sys_enter_openat -o opens.bpf.c
cat >opens.test.yaml <<-END
	tests:
	  - name: cat opens its file
	    command: [ cat, $T/opens.test.yaml ]
	    where: filename ~ "test.yaml"
	    rows: { events: [ { comm: cat, flags: 0 } ] }
	  - name: among others
	    command: [ cat, $T/opens.test.yaml ]
	    contains: { events: [ { comm: cat, flags: 0 } ] }
	  - name: and a recording has them
	    replay: opens.rec
	    where: filename ~ "test.yaml"
	    rows: { events: [ { comm: cat, pid: 0x7fffffff } ] }
END
run_bombus run opens.bpf.c --record opens.rec -o none -- cat "$T/opens.test.yaml"
pid=$("$BOMBUS" replay opens.rec -o json --where 'filename ~ "test.yaml"' | jq .fields.pid)
sed -i "s/0x7fffffff/$pid/" opens.test.yaml
run_bombus test opens.bpf.c
is 'commands and recordings' "$RC $(grep -c '^ok' <<<"$OUT")" '0 3'
note "$(grep -v '^ok' <<<"$OUT")"

# --- mistakes ---
wrong() {
	printf 'tests:\n%s\n' "$2" >wrong.yaml
	run_bombus test count.bpf.c --tests wrong.yaml
	is "$1: status" "$RC" 2
	like "$1" "$ERR" "$3"
}
wrong 'no way' '  - name: x' 'wrong.yaml:2:5: a test has one of program, replay and command'
wrong 'two ways' '  - { name: x, program: a, replay: b }' 'a test has one of'
wrong 'no name' '  - program: on_xdp' 'wrong.yaml:2:5: a test has a name'
wrong 'an unknown key' '  - { name: x, program: a, pocket: "00" }' "pocket"
wrong 'no digits' '  - { name: x, program: a, packet: "0g" }' 'packet: pairs of hexadecimal digits'
wrong 'an input of another way' '  - { name: x, replay: a, repeat: 3 }' 'are for program'
run_bombus test raw.bpf.c --tests nowhere.yaml
is 'no file' "$RC" 1
run_bombus test other.bpf.c
like 'no file beside' "$ERR" '^hint: the tests of other.bpf.c stand in other.test.yaml'

done_testing
