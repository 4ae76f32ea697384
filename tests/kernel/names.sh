#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Names of containers and pods: groups of the test's own, in the shapes that runtimes give theirs,
# with the files beside them that the runtimes keep. Each of them lives for one process and is gone
# before its record is shown.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq curl python3
[ -d "$EXAMPLES" ] || skip_all "the examples are not built"
bombus_there
cgroup_make 2>/dev/null || skip_all 'no cgroup v2 can be mounted here'
export BOMBUS_STORE=$EXAMPLES NODE_NAME=node-7
cp "$(type -P true)" known
SHORT=100

# shellcheck source=../support/containers.sh
. "$TESTS/support/containers.sh"
mkdir -p "runc/box-$$"
echo '{}' >"runc/box-$$/state.json"
STATE+=(--runtime-state "$T/runc")

# contain GROUP: runs ./known in a group of this path, which is gone then.
contain() {
	local group=$GROUP/$1

	mkdir -p "$group"
	(echo "$BASHPID" >"$group/cgroup.procs" && exec ./known)
	rmdir "$group"
}

contain_all() {
	contain "box-$$"
	contain "docker-$(id 2).scope"
	contain "kubepods/pod$UID_/$(id 3)"
	contain plain
	rmdir "$GROUP/kubepods/pod$UID_" "$GROUP/kubepods"
}

# known FILTER WANT: of the records of ./known.
known() {
	jq_is "$1" "$RUN.out" "map(select(.fields.fname? == \"$T/known\").fields) | $2" "$3"
}

shown() {
	[ "$(grep -c "\"fname\":\"$T/known\"" "$RUN.out")" -ge "$1" ]
}

# --- events ---
RUN=events
ok 'events: it attaches' bombus_start events run execsnoop --enrich container,pod "${STATE[@]}" -o json \
	--record events.rec
contain_all
ok 'events: all are shown' wait_for 10 shown 4
ok 'events: it ends' bombus_stop INT
known 'a container of runc' '.[0].container | [.id, .name, .image]' "[\"box-$$\",\"box-$$\",null]"
known 'a container of Docker' '.[1].container | [.id, .name, .image]' "[\"$(id 2)\",\"web\",\"nginx:1.27\"]"
known 'a container of Kubernetes' '.[2].container | [.id, .name, .image]' "[\"$(id 3)\",\"app\",\"shop:2\"]"
known 'its pod' '.[2] | [.namespace, .pod, .node]' '["prod","shop-1","node-7"]'
known 'none' '.[3] | [.container.id, .container.name, .pod, .node]' '[null,null,null,null]'
"$BOMBUS" replay events.rec -o json >again.out 2>again.err
RUN=again
known 'a recording has the names' '.[2] | [.container.name, .namespace, .pod, .node]' \
	'["app","prod","shop-1","node-7"]'
"$BOMBUS" replay events.rec -o json --where 'pod ~ "^shop-"' >again.out 2>again.err
known 'they can be asked for' '[length, .[0].container.name]' '[1,"app"]'

# --- filters, while it runs ---
RUN=filter
ok 'filter: it attaches' bombus_start filter run execsnoop --enrich container,pod "${STATE[@]}" -o json \
	--where 'container.name in ("web", "app") || pod' --fields execs=pid,fname,container.name
for _ in 1 2 3; do contain_all; done
ok 'filter: those are shown' wait_for 10 shown 6
ok 'filter: it ends' bombus_stop INT
known 'filter: no other' 'map(.container.name) | group_by(.) | map([.[0], length])' '[["app",3],["web",3]]'

# --- many that are short ---
RUN=short
ok 'short: it attaches' bombus_start short run execsnoop --enrich container -o json
for ((i = 1000; i < 1000 + SHORT; i++)); do contain "docker-$(id $i).scope"; done
ok 'short: all are shown' wait_for 10 shown $SHORT
ok 'short: it ends' bombus_stop INT
known "short: each of $SHORT has its id" '[length, (map(.container.id) | unique | length), (map(select(.container.id == null)) | length)]' \
	"[$SHORT,$SHORT,0]"

# --- by the number of a process: its records have no cgroup ---
rounds_start paced 1000 0.1
mkdir -p "$GROUP/docker-$(id 2).scope"
echo "$ROUNDS_PID" >"$GROUP/docker-$(id 2).scope/cgroup.procs"
RUN=process
ok 'process: it attaches' bombus_start process run "$OBJECTS/otlp_rounds.bpf.o" --enrich container \
	"${STATE[@]}" -o json --set target_pid="$ROUNDS_PID"
rounds_go
ok 'process: records are shown' wait_for 10 grep -q '"map":"notes"' process.out
ok 'process: it ends' bombus_stop INT
jq_is 'process: they are the container of its group' process.out \
	'map(select(.map == "notes").fields.container | [.name, .id]) | unique' "[[\"web\",\"$(id 2)\"]]"
kill "$ROUNDS_PID"
wait "$ROUNDS_PID" 2>/dev/null
wait_for 10 rmdir "$GROUP/docker-$(id 2).scope"

# --- metrics, of run and of the agent ---
PORT=$(free_port)
ok 'metrics: it attaches' bombus_start metrics run execsnoop --map execs=counter --enrich container,pod \
	"${STATE[@]}" --labels execs=container.name,pod,namespace -o none --metrics="127.0.0.1:$PORT"
for _ in 1 2 3; do contain_all; done
scrape_has() {
	curl -s --max-time 5 "http://127.0.0.1:$PORT/metrics" >scrape && grep -qF "$1" scrape
}
ok 'metrics: labels of a pod' wait_for 10 scrape_has \
	'ebpf_execs_total{namespace="prod",pod="shop-1",container="app"} 3'
ok 'metrics: of a container' scrape_has 'ebpf_execs_total{namespace="",pod="",container="web"} 3'
ok 'metrics: it ends' bombus_stop INT

cat >agent.yaml <<END
enrich: [container, pod]
runtime_state: [$T/runc, $T/docker, $T/containerd]
programs:
  - {image: execsnoop, map: [execs=counter], labels: ['execs=container.name,pod']}
exporters:
  - {type: prometheus, listen: '127.0.0.1:$PORT'}
END
"$BOMBUS" agent -c agent.yaml >agent.out 2>agent.err &
AGENT=$!
started+=("$AGENT")
ok 'agent: the program is up' wait_for 20 scrape_has 'bombus_program_up{program="execsnoop"} 1'
for _ in 1 2 3; do contain_all; done
ok 'agent: a pod' wait_for 10 scrape_has \
	'ebpf_execs_total{pod="shop-1",container="app",program="execsnoop"} 3'
is 'agent: the process that talks has no capability' \
	"$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/$AGENT/status)" 0000000000000000
is 'agent: the process that finds names has two' \
	"$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$(helper_of $AGENT names)/status")" 0000000000080004
kill -INT $AGENT
ok 'agent: it ends' wait_for 10 gone $AGENT
ok 'agent: nothing is left of it' test -z "$(pgrep -P $AGENT)"

# --- mistakes ---
run_bombus run execsnoop --enrich pods
like 'an unknown word is refused' "$ERR" "--enrich: 'pods' is neither container, pod nor process"
run_bombus run "$OBJECTS/metrics_hist.bpf.o" --enrich pod --once
like 'a program without ids says so' "$ERR" 'no record of it has the id of a cgroup, process or namespace'
done_testing
