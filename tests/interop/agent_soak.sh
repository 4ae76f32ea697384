#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Twenty programs in one agent, and the configuration changed a hundred times under load: a program is
# added, removed, altered and broken in turn. No descriptor, thread, link, map or memory is left over,
# the untouched program misses no event, and every scrape parses.
#
#	ROUNDS	changes (100)
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/prometheus.sh"
need_root
need jq curl python3
[ -d "$EXAMPLES" ] || skip_all "the examples are not built"
prometheus_there || note 'no promtool: scrapes are read by eye only'
bombus_there

ROUNDS=${ROUNDS:-100}
OPENS=$((ROUNDS * 400))
: >soak-opened
mkfifo go
python3 "$TESTS/support/opens.py" soak-opened "$OPENS" 0.0015 <go >opens.out &
ACTOR=$!
started+=("$ACTOR")
exec {go_fd}>go
wait_for 10 grep -q ready opens.out

# config ALTERED EXTRA...: twenty programs, of which the last is altered or not, and more.
config() {
	local altered=$1 i
	shift
	{
		echo 'interval: 200ms'
		echo 'programs:'
		echo "  - {image: opensnoop, set: {target_pid: $ACTOR}}"
		for i in {1..18}; do
			echo "  - {image: tcpconnect, name: quiet-$i, set: {target_pid: 1}}"
		done
		echo "  - {image: execsnoop, name: altered, set: {target_parent: $altered}}"
		[ $# -eq 0 ] || printf '  - %s\n' "$@"
		echo 'exporters:'
		echo "  - {type: prometheus, listen: '127.0.0.1:$PORT'}"
		echo '  - {type: json, file: events.jsonl}'
	} >bombus.new
	mv bombus.new bombus.yaml
}

# What the process holds: descriptors, threads, BPF things.
held() {
	echo "$(find "/proc/$BOMBUS_PID/fd" -mindepth 1 | wc -l) descriptors," \
		"$(find "/proc/$BOMBUS_PID/task" -mindepth 1 -maxdepth 1 | wc -l) threads," \
		"$(bpf_held "$BOMBUS_PID" | wc -l) programs, maps and links"
}

resident_kib() {
	awk '/^VmRSS/ { print $2 }' "/proc/$BOMBUS_PID/status"
}

used() {
	grep -c 'is in use' agent.err
}

up_count() {
	curl -s --max-time 5 "http://127.0.0.1:$PORT/metrics" | grep -c '^bombus_program_up{.*} 1$'
}

up_are() {
	[ "$(up_count)" = "$1" ]
}

scrape() {
	curl -sf --max-time 5 "http://127.0.0.1:$PORT/metrics" >scrape.txt && [ -s scrape.txt ] &&
		{ ! command -v promtool >/dev/null ||
			! promtool check metrics <scrape.txt 2>&1 | grep -i error; }
}

PORT=$(free_port)
config 1
"$BOMBUS" --store "$EXAMPLES" agent -c bombus.yaml >agent.out 2>agent.err &
BOMBUS_PID=$!
BOMBUS_NAME=agent
started+=("$BOMBUS_PID")
wait_for 60 up_are 20 || {
	fail 'twenty programs are up' "$(tail -n 5 agent.err)"
	done_testing
	exit 1
}
pass 'twenty programs are up'

# Once round before it is measured: caches and buffers exist then.
round() {
	local before
	before=$(used)
	case $(($1 % 4)) in
	0) config 1 '{image: tcpretrans, name: added}' ;;
	1) config 1 ;;
	2) config $((10000 + $1)) ;;
	3) config 1 '{image: nothere, name: broken}' ;;
	esac
	wait_for 20 bash -c "[ \$(grep -c 'is in use' agent.err) -gt $before ]" || return 1
	scrape || bad_scrapes=$((bad_scrapes + 1))
}
bad_scrapes=0
echo >&$go_fd
exec {go_fd}>&-
for ((i = 0; i < 8; i++)); do round $i; done
config 1
wait_for 30 up_are 20
sleep 2
HELD=$(held)
RSS=$(resident_kib)
failed_rounds=0
for ((i = 0; i < ROUNDS; i++)); do
	round $i || failed_rounds=$((failed_rounds + 1))
done
config 1
ok 'twenty programs are up again' wait_for 30 up_are 20
is 'each change was taken' "$failed_rounds" 0
is 'every scrape parses' "$bad_scrapes" 0
sleep 2
is 'nothing is left over' "$(held)" "$HELD"
note "resident: $RSS KiB before, $(resident_kib) KiB after"
at_least 'memory does not grow by more than 2 MiB' $((RSS + 2048 - $(resident_kib))) 0
ok 'the opened files are all there' wait_for 120 gone "$ACTOR"
sleep 1
is 'the untouched program was attached once' "$(grep -c '^bombus: opensnoop is attached' agent.err)" 1
jq_is 'the untouched program missed no event' events.jsonl \
	'map(select(.program == "opensnoop" and .kind == "event" and (.fields.fname // "" | endswith("soak-opened")))) | length' \
	"$OPENS"
bombus_stop TERM
is 'it leaves well' "$RC" 0
done_testing
