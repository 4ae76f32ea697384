#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Reloads that change the exporters under load: two DogStatsD servers and two files together get
# exactly what the program counted, the HTTP server answers all the time, and an exporter whose
# successor cannot be opened stays as it was.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq curl python3
[ -d "$EXAMPLES" ] || skip_all "the examples are not built"

ROUNDS=4000
OPENS=1500
RECEIVER=$TESTS/support/dogstatsd.py
unset "${!DD_@}"

for name in a b; do
	python3 "$RECEIVER" unixgram "$T/$name.socket" $name.lines >$name.log 2>&1 </dev/null &
	started+=("$!")
	wait_for 10 test -e $name.lines.ready
done
: >exporters-opened
mkfifo go
python3 "$TESTS/support/opens.py" exporters-opened $OPENS 0.002 <go >opens.out &
ACTOR=$!
started+=("$ACTOR")
exec {opens_fd}>go
wait_for 10 grep -q ready opens.out
traffic_start "getppid,$ROUNDS"

PORT=$(free_port)
OTHER=$(free_port)
# config INTERVAL EXPORTER...
config() {
	local interval=$1
	shift
	{
		echo "interval: $interval"
		echo 'programs:'
		echo "  - {image: $OBJECTS/otlp_rounds.bpf.o, set: {target_pid: $TRAFFIC_PID}}"
		echo "  - {image: opensnoop, interval: 100ms, set: {target_pid: $ACTOR}, exporters: [json]}"
		echo 'exporters:'
		printf '  - {type: %s}\n' "$@"
	} >bombus.new
	mv bombus.new bombus.yaml
}
# The server answers as long as the loop runs; each failure is a line.
poll() {
	while [ -e polling ]; do
		curl -sf --max-time 5 "http://127.0.0.1:$PORT/-/healthy" >/dev/null || echo "status $?" >>polls
	done
}
says() { grep -qE -- "$1" agent.err; }
count_is() { [ "$(grep -cE -- "$1" agent.err)" = "$2" ]; }
metrics() { curl -s --max-time 5 "http://127.0.0.1:$PORT/metrics"; }

STATS="dogstatsd, interval: 200ms"
config 100ms "prometheus, listen: '127.0.0.1:$PORT'" "$STATS, host: '$T/a.socket'" 'json, file: 1.jsonl'
"$BOMBUS" --store "$EXAMPLES" agent -c bombus.yaml >agent.out 2>agent.err &
BOMBUS_PID=$!
BOMBUS_NAME=agent
started+=("$BOMBUS_PID")
ok 'both programs are up' wait_for 20 count_is 'is attached' 2
touch polling
: >polls
poll &
started+=("$!")
echo >&$opens_fd
exec {opens_fd}>&-
echo >&$go_fd
exec {go_fd}>&-

config 100ms "prometheus, listen: '127.0.0.1:$PORT'" "$STATS, host: '$T/b.socket'" 'json, file: 2.jsonl'
ok 'another DogStatsD server' wait_for 10 says 'exporter dogstatsd is in use'
ok 'another file' wait_for 10 says 'exporter json is in use'
ok 'the server is not touched' count_is 'exporter prometheus' 0
echo 'basic_auth_users: {}' >web.yaml
config 100ms "prometheus, listen: '127.0.0.1:$PORT', web_config: web.yaml" "$STATS, host: '$T/b.socket'" 'json, file: 2.jsonl'
ok 'the server has another configuration' wait_for 10 says 'exporter prometheus is in use'
config 100ms "prometheus, listen: '127.0.0.1:$PORT'" "$STATS, host: '$T/b.socket'" 'json, file: no/such/folder.jsonl'
ok 'an exporter that cannot be opened stays' wait_for 10 says 'exporter json stays as it was: .*folder'
config 100ms "prometheus, listen: '192.0.2.1:$PORT'" "$STATS, host: '$T/b.socket'" 'json, file: no/such/folder.jsonl'
ok 'so does a server that cannot listen' wait_for 10 says 'exporter prometheus stays as it was: .*192\.0\.2\.1'
ok 'that is a figure' wait_for 10 bash -c "curl -s 127.0.0.1:$PORT/metrics | grep -qx 'bombus_config_last_reload_successful 0'"
is 'no program was touched' "$(grep -c 'is attached' agent.err)" 2
ok 'the files are opened' wait_for 60 gone "$ACTOR"
counted() { metrics | grep -qx "ebpf_powers_count{program=\"otlp_rounds\"} $ROUNDS"; }
ok 'the rounds are counted' wait_for 20 counted
rm polling
metrics >a.metrics
is 'the server answered all the time' "$(cat polls)" ''

config 150ms "prometheus, listen: '127.0.0.1:$OTHER'" 'json, file: 2.jsonl'
ok 'one goes' wait_for 10 says 'exporter dogstatsd is gone'
moved() { curl -sf --max-time 5 "http://127.0.0.1:$OTHER/-/ready" >/dev/null; }
ok 'another port' wait_for 10 moved
is 'the old one is closed' "$(curl -s "http://127.0.0.1:$PORT/"; echo $?)" 7
bombus_stop TERM
is 'it leaves well' "$RC" 0
cat b.lines >>a.lines
grep -v '^bombus_' a.lines >all.lines
mv a.metrics all.lines.metrics
like 'each number went to one server' "$(python3 "$RECEIVER" compare all.lines all.lines.metrics)" '^[0-9]+ equal$'
at_least 'both had some' "$(grep -c '^ebpf' b.lines)" 1
cat 1.jsonl 2.jsonl >all.jsonl
jq_is 'each event went to one file' all.jsonl \
	'map(select(.kind == "event" and (.fields.fname // "" | endswith("exporters-opened")))) | length' "$OPENS"
at_least 'both had some' "$(grep -c exporters-opened 1.jsonl)" 1
done_testing
