#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What fields mean of which types say little: by the instructions, by their names, by --as.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# seen NAME ARGUMENTS...: two rounds.
seen() {
	local name=$1
	shift
	traffic_start getppid,2
	ok "$name: it attaches" bombus_start "$name" run "$OBJECTS/meanings.bpf.o" \
		--set target_pid="$TRAFFIC_PID" --interval 100ms "$@"
	ok "$name: two calls" traffic_go
	sleep 0.3
	ok "$name: it ends" bombus_stop INT
}

# --- two stack maps (case: twostack, A1) ---
seen typed -o json
events typed stacks 'map(.kernel | test("syscall")) | unique' '[true]'
events typed stacks 'map(.user | test("^0x[0-9a-f]+(;0x[0-9a-f]+)*$")) | unique' '[true]'
events typed stacks 'map(.failed) | unique' '["[no user stack]"]'

events typed stacks 'map([(.plain_kernel | test("syscall")), (.plain_user | test("^0x")), .number]) | unique' \
	'[[true,true,5]]'

# --- network order, ids of traces (case: unions, A5) ---
events typed odd 'map([.dport, .proto, .saddr, .seq, .cookie]) | unique' '[[80,2048,"127.0.0.1",258,1]]'
events typed odd 'map([.trace_id, .span_id]) | unique' \
	'[["ab000000000000000000000000000001","0000000000000002"]]'
events typed conns 'map([.saddr, .af, .number, has("saddr_v4")])' '[["127.0.0.1",2,0,false],["::1",10,1,false]]'
seen unions -o json --map conns=counter --labels conns=saddr --where 'conns:saddr in (127.0.0.0/8, ::1)'
is 'unions: a label of either family' \
	"$(jq -sc 'map(select(.map == "conns")) | map([.key.saddr, .value]) | unique' unions.out)" \
	'[["127.0.0.1",1],["::1",1]]'
seen where -o json --where 'odd:proto == 0x800 && dport in (80, 443)' --fields odd=proto
events where odd . '[{"proto":2048},{"proto":2048}]'

# --- a meaning from the command line ---
seen asked -o json --as odd,code=errno --as odd,took=duration_us --as odd,when=ktime_ns \
	--as odd,mode=file_mode --as odd,flags=flags:color --as odd,peer=address --as odd,port=port \
	--as odd,raw=text --as stacks,failed=number --as stacks,user=ustack:one \
	--as stacks,plain_kernel=number --record asked.rec
events asked odd 'map([.took, .code, .mode, .flags, .peer, .port, .raw]) | unique' \
	'[[1500,"ENOENT",33188,"COLOR_RED|COLOR_BLUE|0x40","10.0.0.1",443,"words"]]'
events asked odd 'map(.when | test("^20.*Z$")) | unique' '[true]'
events asked stacks 'map([.failed, (.user | test("^\\[lost: stack [0-9]+ is no longer in its map\\]$")), (.plain_kernel | type)]) | unique' \
	'[[4294967282,true,"number"]]'
"$BOMBUS" replay asked.rec -o json --speed max >asked.again
is 'with --names: each line is the same' "$(cat asked.again)" "$(cat asked.out)"
seen table -o table --map stacks=internal --as odd,took=duration_us --as odd,mode=file_mode \
	--as odd,flags=open_flags
like 'table: for people' "$(cat table.out)" ' 1\.50ms .* -rw-r--r-- .* O_WRONLY\|O_CREAT\|0x4 '
seen metrics -o none --map odd=counter --as odd,code=errno --as odd,port=port \
	--labels odd=code,port --record metrics.rec
"$BOMBUS" replay metrics.rec -o json --speed max >metrics.json
is 'metrics: labels have the meanings' "$(jq -sc 'map(select(.map == "odd")) | last | .key' metrics.json)" \
	'{"code":"ENOENT","port":443}'
run_bombus inspect "$OBJECTS/meanings.bpf.o" --format json --map totals=counter --as totals,calls=pid
is 'inspect: the metrics of a counter' "$(jq -c '.maps[] | select(.name == "totals").value.fields |
	map([.name, .as])' <<<"$OUT")" \
	'[["last_pid","gauge"],["calls","label"],["bytes","counter"],["max_bytes","gauge"],["last","gauge"]]'
# --- a stack map that neither instructions nor names tell ---
run_bombus inspect "$OBJECTS/meanings.bpf.o" --as stacks,number=kstack
like 'unknown: a warning names the option' "$ERR" \
	"which stack map holds the ids of 'number' is not known: --as stacks,number=kstack:MAP says it"
run_bombus inspect "$OBJECTS/meanings.bpf.o" --as stacks,number=kstack:one
unlike 'unknown: no warning with it' "$ERR" "'number'"

# --- names beside numbers ---
seen named -o json --names --map stacks=internal --as odd,code=uid --as odd,mode=file_mode \
	--as odd,flags=open_flags --as odd,peer=uid --record named.rec
user=$(getent passwd 2 | cut -d: -f1)
events named odd 'map([.code, .code_name, .mode, .mode_name, .flags, .flags_name, .peer, .peer_name,
	has("took_name")]) | unique' \
	"[[2,\"$user\",33188,\"-rw-r--r--\",69,\"O_WRONLY|O_CREAT|0x4\",16777226,null,false]]"
"$BOMBUS" replay named.rec -o json --speed max --names >named.again
is 'named: each line is the same' "$(cat named.again)" "$(cat named.out)"

# refused WORD MESSAGE
refused() {
	run_bombus run "$OBJECTS/meanings.bpf.o" --dry-run --as "$1"
	is "$1: wrong usage" "$RC" 2
	like "$1: it says why" "$(tr '\n' ' ' <<<"$ERR")" "$2"
}
refused odd,code=err "no meaning 'err'.*did you mean 'errno'"
refused odd,cod=errno "no field 'cod'.*did you mean 'code'"
refused odd,code=flags:colr "no enum 'colr'.*did you mean 'color'"
refused odd,took=ipv6 '64 bits cannot be that'
refused stacks,user=ustack:odd "no map 'odd' that holds stacks"

done_testing
