#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Configurations for ebpf_exporter: each kind of map, label and histogram, compared with values that
# were worked out by hand; and mistakes.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq curl
# shellcheck source=../support/containers.sh
. "$TESTS/support/containers.sh"

cp "$OBJECTS/exporter.bpf.o" "$TESTS/bpf/exporter.yaml" .
traffic_start getppid,12
ok 'the configuration runs' bombus_start run run exporter.yaml --set target_pid="$TRAFFIC_PID" \
	--interval 100ms -o json --metrics=127.0.0.1:0
ok 'twelve rounds' traffic_go
url=http://127.0.0.1:$(sed -n 's,.*metrics are on port ,,p' run.err)
ok 'the records are counted' wait_for 10 sh -c \
	"curl -sf $url/metrics | grep -q '^ebpf_exporter_kills_total.*victim.* 6'"
ok 'the maps are swept' wait_for 10 sh -c \
	"curl -sf $url/metrics | grep -q '^ebpf_exporter_rounds_total 12'"
curl -sf "$url/metrics" >scrape
values() {
	grep "^ebpf_exporter_$1[ {]" scrape | sort
}
is 'chains of decoders, padding, and a series that no expression takes' "$(values ops_total)" \
	'ebpf_exporter_ops_total{dev="57005",op="read",comm="sh"} 2
ebpf_exporter_ops_total{dev="57005",op="unknown:2",comm="sh"} 2
ebpf_exporter_ops_total{dev="57005",op="write",comm="sh"} 2
ebpf_exporter_ops_total{dev="sda",op="read",comm="kworker"} 2
ebpf_exporter_ops_total{dev="sda",op="unknown:2",comm="kworker"} 2
ebpf_exporter_ops_total{dev="sda",op="write",comm="kworker"} 2'
is 'no label' "$(values rounds_total)" 'ebpf_exporter_rounds_total 12'
is 'an array shows its zeros' "$(values index_total)" \
	'ebpf_exporter_index_total{index="0"} 8
ebpf_exporter_index_total{index="1"} 8
ebpf_exporter_index_total{index="2"} 8
ebpf_exporter_index_total{index="3"} 0'
is 'a value for each CPU, which add up' \
	"$(values each_cpu_total | awk '{ n[/odd="1"/] += $2; if (/cpu="[0-9]+"/) s++ } END { print n[0], n[1], (s > 0 && s % 2 == 0) }')" \
	'6 6 1'
is 'values of all CPUs in one' "$(values all_cpus_total)" \
	'ebpf_exporter_all_cpus_total{odd="0"} 18
ebpf_exporter_all_cpus_total{odd="1"} 18'
is 'names of errors' "$(values lru_total)" \
	'ebpf_exporter_lru_total{odd="EPERM"} 6
ebpf_exporter_lru_total{odd="unknown:0"} 6'
is 'addresses, and a name that stays as it is' "$(values peers)" \
	'ebpf_exporter_peers{peer="10.0.0.2"} 6
ebpf_exporter_peers{peer="127.0.0.1"} 6'
is 'records of a perf event array' "$(values kills_total)" \
	'ebpf_exporter_kills_total{code="10",comm="victim"} 6
ebpf_exporter_kills_total{code="9",comm="victim"} 6'
is 'exp2 with a sum' "$(values 'latency_seconds_[a-z]*')" \
	'ebpf_exporter_latency_seconds_bucket{dev="3",le="+Inf"} 12
ebpf_exporter_latency_seconds_bucket{dev="3",le="1.6e-05"} 12
ebpf_exporter_latency_seconds_bucket{dev="3",le="1e-06"} 3
ebpf_exporter_latency_seconds_bucket{dev="3",le="2e-06"} 6
ebpf_exporter_latency_seconds_bucket{dev="3",le="3.2e-05"} 12
ebpf_exporter_latency_seconds_bucket{dev="3",le="4e-06"} 9
ebpf_exporter_latency_seconds_bucket{dev="3",le="8e-06"} 12
ebpf_exporter_latency_seconds_count{dev="3"} 12
ebpf_exporter_latency_seconds_sum{dev="3"} 4.4999999999999996e-05'
is 'exp2zero without a sum' "$(values 'zero_size_[a-z]*' | sed 's/ebpf_exporter_zero_size_//' | xargs)" \
	'bucket{le=+Inf} 12 bucket{le=0} 3 bucket{le=1} 6 bucket{le=2} 9 bucket{le=4} 12 bucket{le=8} 12 count 12 sum 0'
is 'linear' "$(values 'linear_seconds_[a-z]*' | sed 's/ebpf_exporter_linear_seconds_//' | xargs)" \
	'bucket{le=+Inf} 12 bucket{le=0} 2 bucket{le=0.1} 3 bucket{le=0.2} 4 bucket{le=0.30000000000000004} 5 bucket{le=0.4} 6 bucket{le=0.5} 7 bucket{le=0.6000000000000001} 8 bucket{le=0.7000000000000001} 9 bucket{le=0.8} 10 bucket{le=0.9} 11 bucket{le=1} 12 count 12 sum 5.5'
is 'fixed' "$(values 'fixed_size_[a-z]*' | sed 's/ebpf_exporter_fixed_size_//' | xargs)" \
	'bucket{le=+Inf} 12 bucket{le=100} 12 bucket{le=25} 12 bucket{le=5} 6 count 12 sum 144'
is 'help and type' "$(grep -E '^# (HELP|TYPE) ebpf_exporter_peers ' scrape)" \
	'# HELP ebpf_exporter_peers A counter without the usual end of its name
# TYPE ebpf_exporter_peers counter'
is 'a map without a metric is not shown' "$(grep -c unmentioned scrape)" 0
is 'OpenMetrics has counters without _total as unknown' \
	"$(curl -sf -H 'Accept: application/openmetrics-text' "$url/metrics" |
		grep -E '^# TYPE ebpf_exporter_(peers|rounds)')" \
	'# TYPE ebpf_exporter_rounds counter
# TYPE ebpf_exporter_peers unknown'
ok 'it ends' bombus_stop INT
jq_is 'spans with typed attributes' run.out \
	'map(select(.map == "round_spans")) | map([.name, .service, .trace_id, .span_id, .duration_ns, .fields.code]) | [length, .[0], .[11]]' \
	'[12,["round","load","01000000000000000200000000000000","0100000000000000",1000,"ENOENT"],["round","load","01000000000000000200000000000000","0c00000000000000",12000,"ENOENT"]]'

traffic_start getppid,12
ok 'a recording' bombus_start record run exporter.yaml --set target_pid="$TRAFFIC_PID" -o none \
	--record it.bmr
ok 'twelve rounds' traffic_go
ok 'it ends' bombus_stop INT
"$BOMBUS" replay it.bmr -o json >replay.out 2>replay.err
jq_is 'a replay shows the same' replay.out \
	'[(map(select(.map == "ops_total")) | group_by(.key) | map(last | "\(.key.dev) \(.key.op) \(.key.comm) \(.value)") | sort | .[0, 3]), (map(select(.map == "round_spans")) | length)]' \
	'["57005 read sh 2","sda read kworker 2",12]'

sed 's/flush_interval: 1h/flush_interval: 1s/' exporter.yaml >flush.yaml
traffic_start getppid,12
ok 'a counter that is flushed' bombus_start flush run flush.yaml --object exporter.bpf.o \
	--set target_pid="$TRAFFIC_PID" --interval 100ms -o none --metrics=127.0.0.1:0
url=http://127.0.0.1:$(sed -n 's,.*metrics are on port ,,p' flush.err)
ok 'twelve rounds' traffic_go
flushed() {
	curl -sf "$url/metrics" >scrape && grep -q '^ebpf_exporter_rounds_total 12' scrape &&
		! grep -q '^ebpf_exporter_kills_total' scrape
}
ok 'its series are gone, and no others' wait_for 10 flushed
ok 'it ends' bombus_stop INT

# More entries than other maps may have series. A name of its own, as exporter.bpf.o counts
# exporter_load; another run of this test may add to them.
cp "$OBJECTS/exporter_many.bpf.o" "$TESTS/bpf/exporter_many.yaml" .
ok 'a map with many entries' bombus_start many run exporter_many.yaml -o none --metrics=127.0.0.1:0
url=http://127.0.0.1:$(sed -n 's,.*metrics are on port ,,p' many.err)
"$BUILD/tests/support/traffic" --now --comm ex_many__load getppid,12000 >/dev/null
curl -sf "$url/metrics" >scrape
at_least 'each is a series' "$(grep -c '^ebpf_exporter_many_total{' scrape)" 12000
ok 'it ends' bombus_stop INT

cp exporter.bpf.o other.bpf.o
sed '/^tracing/,$d; s/rounds_total/lru_total/; /name: lru_total/{n;s/rounds/x/}' exporter.yaml >twice.yaml
run_bombus run twice.yaml --object other.bpf.o --dry-run
is 'a map twice: the status' $RC 2
like 'a map twice' "$ERR" '^bombus: twice.yaml:[0-9]+:13: the map .lru_total. stands here twice'
sed 's/size: 16/size: 8/' exporter.yaml >short.yaml
run_bombus run short.yaml --object other.bpf.o --dry-run
like 'labels that are too short' "$ERR" \
	'^bombus: short.yaml:24:11: the labels of .ops_total. take 16 bytes with their padding, and its key has 24'
like 'what is right' "$ERR" 'by its type the key is: dev 4, op 1, comm 16, 3 of padding'
run_bombus run exporter.yaml twice.yaml --object other.bpf.o
like 'an object for two configurations' "$ERR" 'there are several|stands here twice'
run_bombus run "$OBJECTS/exporter.bpf.o" --object other.bpf.o
like 'an object without a configuration' "$ERR" 'there is none'
rm exporter.bpf.o
run_bombus run exporter.yaml
like 'an object that is missing' "$ERR" '--object FILE names the object of exporter.yaml'

cp other.bpf.o one.bpf.o
cp other.bpf.o two.bpf.o
printf 'metrics:\n  counters:\n  - {name: rounds_total, help: R}\n' >one.yaml
printf 'metrics:\n  counters:\n  - {name: index_total, help: I, labels: [{name: i, size: 4, decoders: [{name: uint}]}]}\n' >two.yaml
ok 'several at once' bombus_start several run one.yaml two.yaml -o none --metrics=127.0.0.1:0 \
	--compat ebpf_exporter
url=http://127.0.0.1:$(sed -n 's,.*metrics are on port ,,p' several.err)
is 'their series have no label more' "$(curl -sf "$url/metrics" | grep ^ebpf_exporter | head -n 3)" \
	'ebpf_exporter_rounds_total 0
ebpf_exporter_index_total{i="0"} 0
ebpf_exporter_index_total{i="1"} 0'
is 'what the exporter says of itself' \
	"$(curl -sf "$url/metrics" | grep -E '^ebpf_exporter_(en|ebpf_program_(i|a)|dec|bu)' |
		sed -E 's/id="[0-9]+"/id="N"/; s/tag="[0-9a-f]{16}"/tag="T"/; s/"bombus .*"/"V"/')" \
	'ebpf_exporter_build_info{version="V"} 1
ebpf_exporter_enabled_configs{name="one"} 1
ebpf_exporter_enabled_configs{name="two"} 1
ebpf_exporter_decoder_errors_total{config="one"} 0
ebpf_exporter_decoder_errors_total{config="two"} 0
ebpf_exporter_ebpf_program_info{id="N",config="one",program="on_round",tag="T"} 1
ebpf_exporter_ebpf_program_info{id="N",config="two",program="on_round",tag="T"} 1
ebpf_exporter_ebpf_program_attached{id="N"} 1
ebpf_exporter_ebpf_program_attached{id="N"} 1'
like 'the statistics, too' "$(curl -sf "$url/metrics")" \
	'^ebpf_exporter_ebpf_program_run_count_total\{id="[0-9]+"\} [0-9]+$'
ok 'they end' bombus_stop INT

ok 'a cgroup of our own' cgroup_make
sleep 600 &
started+=("$!")
echo "$!" >"$GROUP/cgroup.procs"
cp "$OBJECTS/exporter_kernel.bpf.o" kernel.bpf.o
cat >kernel.yaml <<END
metrics:
  counters:
    - {name: address, help: The lower half of an address}
    - {name: rounds_by_storage, help: R, labels: [{name: found, size: 8, decoders: [{name: uint}]}]}
    - {name: rounds_by_cgroup, help: R, labels: [{name: cgroup, size: 8, decoders: [{name: uint}, {name: cgroup}]}]}
kaddrs: [schedule]
cgroup_id_map:
  name: groups
  regexps: ['nothing', '^/sys/fs/cgroup/bombus-test-$$/?']
END
ok 'addresses and cgroups' bombus_start kernel run kernel.yaml --map groups=gauge -o json \
	--interval 100ms --metrics=127.0.0.1:0
url=http://127.0.0.1:$(sed -n 's,.*metrics are on port ,,p' kernel.err)
address=$(awk '$3 == "schedule" && NF == 3 { print substr($1, 9) }' /proc/kallsyms)
ok 'a probe of /proc/self/exe runs once all is attached, and the address is there' wait_for 10 \
	grep -q "\"map\":\"address\".*\"value\":$((16#$address))}" kernel.out
id=$(stat -c %i "$GROUP")
ok 'the cgroup is in the map' wait_for 10 grep -q "\"map\":\"groups\".*\"key\":$id}.*\"value\":1}" kernel.out
mkdir "$GROUP/below"
below=$(stat -c %i "$GROUP/below")
ok 'so is one that comes' wait_for 10 grep -q "\"key\":$below}.*\"value\":1}" kernel.out
rmdir "$GROUP/below"
has() { # ID: whether the map has it
	curl -sf "$url/metrics" | grep -qx "ebpf_groups{key=\"$1\"} 1"
}
ok 'one that stays is there' has "$id"
has_not() { ! has "$1"; }
ok 'one that goes is taken out' wait_for 10 has_not "$below"
ok 'it ends' bombus_stop INT

sed -i 's/name: groups/name: stored\n  type: cgrp_storage/' kernel.yaml
traffic_start getppid,5
box=$GROUP/docker-$(id 2).scope
mkdir "$box"
echo "$TRAFFIC_PID" >"$box/cgroup.procs"
ok 'cgroup storage' bombus_start stored run kernel.yaml -o json --set target_pid="$TRAFFIC_PID" \
	--enrich container "${STATE[@]}"
ok 'five rounds' traffic_go
ok 'it ends' bombus_stop INT
jq_is 'the program finds 1 in the storage of its cgroup' stored.out \
	'map(select(.map == "rounds_by_storage")) | map([.key.found, .value]) | unique' '[[1,5]]'
jq_is 'a label that is a cgroup names the container' stored.out \
	'map(select(.map == "rounds_by_cgroup")) | map([.key.container.name, .key.container.image, .value]) | unique' \
	'[["web","nginx:1.27",5]]'
rmdir "$box"
port=$(free_port)
cat >agent.yaml <<END
config_dir: .
config_names: [one, kernel]
exporters:
  - type: prometheus
    listen: 127.0.0.1:$port
END
"$BOMBUS" agent -c agent.yaml >agent.out 2>agent.err &
BOMBUS_PID=$!
started+=("$BOMBUS_PID")
agent_has() {
	curl -sf "http://127.0.0.1:$port/metrics" >scrape && grep -qxF "$1" scrape
}
ok 'the agent runs configurations by their names' wait_for 20 agent_has 'ebpf_exporter_rounds_total 0'
ok 'its loader sees addresses' wait_for 20 agent_has "ebpf_exporter_address $((16#$address))"
ok 'they are its programs' agent_has 'bombus_program_up{program="kernel"} 1'
for pid in "$BOMBUS_PID" $(pgrep -P "$BOMBUS_PID"); do
	bpf_held "$pid"
done >agent.held
at_least 'they hold programs' "$(grep -c prog_id agent.held)" 1
kill "$BOMBUS_PID"
ok 'the agent ends' wait_for 10 gone "$BOMBUS_PID"
ok 'nothing of it is left in the kernel' wait_for 10 nothing_left agent.held

for wrong in 's/type: .*/type: hash/' 's/name: stored/name: store/' 's/schedule/schedulo/' \
	's/schedule/do_exit/' 's/type: .*/type: tree/' "s/'nothing'/'('/"; do
	sed "$wrong" kernel.yaml >wrong.yaml
	run_bombus run wrong.yaml --object kernel.bpf.o --dry-run
	echo "$ERR" | head -n 1
done >wrongs
is 'mistakes' "$(cat wrongs)" \
	"bombus: wrong.yaml:8:9: 'stored' is a map of the type cgrp_storage, and no hash
bombus: wrong.yaml:8:9: the object has no map 'store'
bombus: wrong.yaml:6:10: the kernel has no symbol 'schedulo'
bombus: wrong.yaml:6:10: the object has no variable 'const volatile u64 kaddr_do_exit'
bombus: wrong.yaml:9:9: 'tree' is no type of this map: hash or cgrp_storage
bombus: wrong.yaml:10:13: regular expression '(': missing closing parenthesis at byte 1"
done_testing
