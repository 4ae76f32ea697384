#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Recordings that were made once: what they show does not change, whoever reads them; and what is
# said of files that are none, or not whole. Needs no kernel and no root.
. "$(dirname "$0")/../support/lib.sh"
need jq
GOLDEN=$TESTS/golden

# replay FILE ARGUMENTS...
replay() {
	run_bombus replay "$@"
}

replay "$GOLDEN/tcpconnect.rec" -o json -n 2
is 'the first records, to the letter' "$OUT" \
	'{"time":"2026-11-20T14:51:27.736911901Z","map":"events","kind":"event","fields":{"saddr":"127.0.0.1","daddr":"127.0.0.1","dport":35499,"pid":22499,"tid":22499,"uid":0,"comm":"curl"}}
{"time":"2026-11-20T14:51:27.736941015Z","map":"events","kind":"event","fields":{"saddr":"::1","daddr":"::1","dport":34919,"pid":22501,"tid":22501,"uid":0,"comm":"probe"}}'
is 'status 0' "$RC" 0
like 'the closing line has what was replayed' "$ERR" '^bombus: replayed [0-9.]+s: 2 events, 0 lost'
replay "$GOLDEN/tcpconnect.rec" -o json
echo "$OUT" >all.json
jq_is 'all of it' all.json 'group_by([.map, .kind]) | map([.[0].map, .[0].kind, length])' \
	'[["connects","counter",58],["events","event",195]]'
jq_is 'the last rows' all.json \
	'map(select(.map == "connects")) | group_by(.key) | map(last | [.key.daddr, .value])' \
	'[["127.0.0.1",55],["127.0.0.9",7],["127.0.1.53",126],["::1",7]]'
like 'the closing line' "$ERR" '^bombus: replayed 13\.[0-9]s: 195 events, 0 lost, 4 series$'
like 'messages of then' "$ERR" '^bombus: tcpconnect: 1 program attached, 2 maps shown$'
replay "$GOLDEN/runqlat.rec" -o json
echo "$OUT" >hist.json
jq_is 'histograms' hist.json 'group_by(.key) | map(last | [.key.comm, .count])' \
	'[["bash",4],["sleeper",1195],["worker-0",1846],["worker-1",1846],["worker-2",1853]]'
replay "$GOLDEN/tcpconnect.rec" -o table --speed max
like 'a table, with the names of then' "$OUT" '127\.0\.0\.9 .* root +probe$'
replay "$GOLDEN/runqlat.rec" -o table --speed max
like 'a table, with the unit of the map' "$OUT" ' worker-0 +[0-9]+ +\+[0-9]+ +[0-9.]+ms +[0-9.]+ms '
replay "$GOLDEN/tcpconnect.rec" -o csv -n 1
like 'csv: the columns of all maps' "$OUT" \
	'^time,map,kind,saddr,daddr,dport,pid,tid,uid,comm,value,count,where$'
replay "$GOLDEN/tcpconnect.rec" -o csv
is 'csv: one header, and all lines have its columns' \
	"$(sed 's/[^,]//g' <<<"$OUT" | sort -u) $(grep -c '^time' <<<"$OUT")" ',,,,,,,,,,,, 1'
like 'csv: records' "$OUT" ',events,event,127.0.0.1,127.0.0.1,[0-9]+,22499,22499,0,curl,,,$'
like 'csv: rows' "$OUT" ',connects,counter,127.0.0.1,127.0.0.1,,,,,,3,,$'
replay "$GOLDEN/two.rec" --top 2 -o csv
is 'csv of what the live table shows: the same' \
	"$(sed 's/"[^"]*"//g; s/[^,]//g' <<<"$OUT" | sort -u | wc -l) $(grep -c '^time' <<<"$OUT")" '1 1'
# --- what the live table shows, for scripts ---
replay "$GOLDEN/runqlat.rec" --sort count --top 2 -o json
echo "$OUT" >top.json
jq_is 'top: two rows a sweep, the largest first' top.json \
	'group_by(.time) | map([length, .[0].count >= .[1].count]) | unique' '[[2,true]]'
jq_is 'top: the last sweep' top.json 'group_by(.time) | last | map([.comm, .count, .p50 > 0])' \
	'[["worker-2",1853,true],["worker-0",1846,true]]'
replay "$GOLDEN/runqlat.rec" --sort comm:up --top 1 -o table
like 'sort: in ascending order' "$(sed -n 2p <<<"$OUT")" '^ *bash '
like 'a table has a header each time' "$OUT" 'COMM +COUNT +/S +AVG'
replay "$GOLDEN/tcpconnect.rec" --by events:comm,daddr --top 2 -o csv
is 'by: columns' "$(head -n 1 <<<"$OUT")" 'time,map,comm,daddr,records,share'
is 'by: all records at the end' "$(tail -n 2 <<<"$OUT" | cut -d, -f2-5)" "$(
	jq -r 'select(.map == "events").fields | [.comm, .daddr] | @csv' all.json | tr -d '"' | sort |
		uniq -c | sort -k1,1nr | head -n 2 | awk '{ print "events," $2 "," $1 }'
)"
replay "$GOLDEN/two.rec" --top 1 -o json
echo "$OUT" >top.json
jq_is 'several programs: each line names its own' top.json 'map([.program, .map]) | unique' \
	'[["b","events"]]'
replay "$GOLDEN/tcpconnect.rec" --by connects:dadr -o csv
is 'by: a column that is not there' "$RC" 2
like 'by: what was meant' "$ERR" "did you mean 'daddr'"
replay "$GOLDEN/tcpconnect.rec" --show events --top 3
like 'records have no order' "$ERR" "come one by one"
replay "$GOLDEN/tcpconnect.rec" --show nothing
like 'a map that is not there' "$ERR" "no map of 'tcpconnect' can be shown so"
replay "$GOLDEN/tcpconnect.rec" --top 3 -o none
is 'not without a form' "$RC" 2
replay "$GOLDEN/tcpconnect.rec" -o none
is 'none' "$OUT" ''
is 'none: it ends' "$RC" 0

# --- choice ---
replay "$GOLDEN/tcpconnect.rec" -o json --where 'comm == "dns" && dport > 1024'
is 'records are chosen' \
	"$(jq -cs 'map(select(.map == "events").fields.comm) | unique' <<<"$OUT")" '["dns"]'
replay "$GOLDEN/tcpconnect.rec" -o json --where 'connects:value > 100' --where 'events:pid == 1'
is 'rows are chosen by labels and values' \
	"$(jq -cs 'map([.map, .key.daddr, .value > 100]) | unique' <<<"$OUT")" \
	'[["connects","127.0.1.53",true]]'
replay "$GOLDEN/tcpconnect.rec" -o json -f connects,daddr,53$ -f events,comm,nobody
is 'as bee does' "$(jq -cs 'map(.key.daddr) | unique' <<<"$OUT")" '["127.0.1.53"]'
replay "$GOLDEN/tcpconnect.rec" -o json --fields events=comm -n 1
is 'other fields' "$(jq -c .fields <<<"$OUT")" '{"comm":"curl"}'
replay "$GOLDEN/tcpconnect.rec" -o json --fields connects=daddr
is 'rows keep their role: status 2' "$RC" 2
like 'and a hint' "$ERR" "^hint: .*--where"
replay "$GOLDEN/tcpconnect.rec" --where 'com == 1'
is 'no such field: status 2' "$RC" 2
like 'the nearest one' "$ERR" "did you mean 'comm'"
replay "$GOLDEN/tcpconnect.rec" --speed fast
is 'a speed that is none: status 2' "$RC" 2
like 'the valid values' "$ERR" 'number above 0.*max'

# --- a recording of two programs ---
replay "$GOLDEN/two.rec" -o json
echo "$OUT" >two.json
jq_is 'two: each has its own' two.json \
	'group_by([.program, .kind]) | map([.[0].program, .[0].kind, length])' \
	'[["a","event",11],["b","counter",5]]'
is 'two: a closing line for each' "$(grep -oE '^bombus: [ab]: replayed .*' <<<"$ERR" | sed 's/replayed .*s: //')" \
	'bombus: a: 11 events, ? lost
bombus: b: 5 events, ? lost, 5 series'
replay "$GOLDEN/two.rec" -o json --where 'a:round > 1' --where 'b:round == 1'
is 'two: words are for the program that they name' \
	"$(jq -cs 'map([.program, .fields.round // .key.round]) | unique | group_by(.[0]) |
		map([.[0], length])' <<<"$OUT")" '[[["a",2],9],[["b",1],1]]'
replay "$GOLDEN/two.rec" --where 'round > 1'
is 'two: a word for either is refused' "$RC" 2
like 'two: with their names' "$ERR" 'several programs have such a map with these fields: a, b$'
replay "$GOLDEN/two.rec" -o json --fields a:events=round -n 1
is 'two: other fields of one' "$(jq -c .fields <<<"$OUT")" '{"round":0}'
head -c 3000 "$GOLDEN/two.rec" >cut.rec
replay cut.rec -o json
is 'two: cut before the second program: status 1' "$RC" 1
like 'two: cut' "$ERR" 'cut before its first event'

# --- files that are none, or not whole ---
replay nothing.rec
is 'no file: status 1' "$RC" 1
like 'no file' "$ERR" 'nothing.rec: No such file'
echo 'once upon a time there was a file' >text.rec
replay text.rec
is 'no recording: status 1' "$RC" 1
like 'no recording: hint' "$ERR" '^hint: .*--record'
: >empty.rec
replay empty.rec
is 'empty: status 1' "$RC" 1
{ head -c 8 "$GOLDEN/runqlat.rec"; printf '\003\000\000\000'; tail -c +13 "$GOLDEN/runqlat.rec"; } >new.rec
replay new.rec
is 'a newer version: status 1' "$RC" 1
like 'a newer version' "$ERR" 'version 3'
head -c 4000 "$GOLDEN/tcpconnect.rec" >cut.rec
replay cut.rec
is 'cut before the first block: status 1' "$RC" 1
like 'cut before the first block' "$ERR" 'cut before its first event'
head -c 12000 "$GOLDEN/tcpconnect.rec" >cut.rec
replay cut.rec -o json
is 'cut: status 0' "$RC" 0
like 'cut: a warning' "$ERR" 'warning: cut.rec: the recording was cut at byte 1[0-9]{4}'
head -n "$(wc -l <<<"$OUT")" all.json >beginning
is 'cut: the beginning' "$OUT" "$(cat beginning)"
# In the block that was cut, behind its header.
at=$(($(sed -nE 's/.*cut at byte ([0-9]+).*/\1/p' <<<"$ERR") + 30))
{ head -c $at "$GOLDEN/tcpconnect.rec"; printf '\377'; tail -c +$((at + 2)) "$GOLDEN/tcpconnect.rec"; } >bad.rec
replay bad.rec -o json
is 'damaged: status 1' "$RC" 1
like 'damaged' "$ERR" 'bad.rec: the block at byte [0-9]+ is damaged: wrong checksum'
is 'damaged: the beginning' "$OUT" "$(cat beginning)"
OUT=$("$BOMBUS" replay - -o json <"$GOLDEN/tcpconnect.rec" 2>/dev/null)
is 'from standard input' "$OUT" "$(cat all.json)"
"$BOMBUS" replay "$GOLDEN/tcpconnect.rec" -o json 2>/dev/null | head -n 3 >some
is 'a reader that leaves' "${PIPESTATUS[0]}" 0

# --- the command line ---
run_bombus run nothing.o --record - -o json
is 'two for one standard output: status 2' "$RC" 2
run_bombus replay
is 'no file given: status 2' "$RC" 2
run_bombus replay --help
like 'help' "$OUT" '^  bombus replay \[OPTIONS\] FILE\|-$'
run_bombus help
like 'in the list of commands' "$OUT" '^ +replay '
run_bombus completion bash
like 'completion' "$OUT" "commands=\(run replay "

done_testing
