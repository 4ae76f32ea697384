#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The agent: programs up and one that fails; reloads that add, alter, break and remove programs, and a
# file with a mistake, while an untouched program misses none of 2,000 events; a ConfigMap's swap of
# links; messages to systemd, and a socket from it.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/prometheus.sh"
need_root
need jq curl python3
[ -d "$EXAMPLES" ] || skip_all "the examples are not built"
bombus_there

OPENS=2000
: >agent-opened

# What the service tells, one message a line; and a socket that is handed over.
cat >notified.py <<'END'
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify.sock")
print("ready", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
END
cat >activate.py <<'END'
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print(s.getsockname()[1], file=open("activated.port", "w"))
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[1], sys.argv[1:])
END

mkfifo go
python3 "$TESTS/support/opens.py" agent-opened $OPENS 0.002 <go >opens.out &
ACTOR=$!
started+=("$ACTOR")
exec {go_fd}>go
python3 notified.py >notified.out &
started+=("$!")
wait_for 10 grep -q ready opens.out
wait_for 10 grep -q ready notified.out

# config FILE PROGRAM...: each program is a line of flow mappings.
config() {
	local file=$1
	shift
	{
		echo 'reload: true'
		echo 'interval: 100ms'
		echo 'programs:'
		echo "  - {image: opensnoop, set: {target_pid: $ACTOR}}"
		printf '  - %s\n' "$@"
		echo 'exporters:'
		echo "  - {type: prometheus, listen: '127.0.0.1:$PORT'}"
		echo '  - {type: json, file: events.jsonl}'
	} >"$file"
}

agent_start() {
	NOTIFY_SOCKET=$T/notify.sock WATCHDOG_USEC=1000000 \
		"$@" --store "$EXAMPLES" agent -c conf/bombus.yaml >agent.out 2>agent.err &
	BOMBUS_PID=$!
	BOMBUS_NAME=agent
	started+=("$BOMBUS_PID")
}

page() {
	curl -s --max-time 5 "http://127.0.0.1:$PORT/$1"
}

up_is() {
	page metrics | grep -qxF "bombus_program_up{program=\"$1\"} $2"
}

log_has() {
	grep -qE -- "$1" agent.err
}

# put FILE: as the configuration, the way of a ConfigMap: a new folder, and a link that is swapped.
put() {
	put_count=$((${put_count:-0} + 1))
	mkdir "conf/..v$put_count"
	cp "$1" "conf/..v$put_count/bombus.yaml"
	ln -s "..v$put_count" conf/..tmp
	mv -T conf/..tmp conf/..data
	[ -e conf/bombus.yaml ] || ln -s ..data/bombus.yaml conf/bombus.yaml
}

PORT=$(free_port)
mkdir conf
config 1.yaml '{image: execsnoop, exporters: [prometheus]}' '{image: nothere, name: bad}'
put 1.yaml
agent_start "$BOMBUS"
ok 'a program is up' wait_for 20 up_is opensnoop 1
ok 'another is up' wait_for 20 up_is execsnoop 1
ok 'one that fails is down' up_is bad 0
like 'it is not ready, and names the one that is missing' "$(page -/ready)" "bad is not attached: .*nothere"
like 'the landing page has the reason' "$(page '')" "bad</td><td>down</td>.*no image"
like 'each has its image and digest' "$(page metrics)" \
	'bombus_program_info\{program="opensnoop",image="opensnoop",digest="sha256:[0-9a-f]{64}"\} 1'
if prometheus_there; then
	page metrics >scrape.txt
	is 'promtool finds no error' "$(promtool check metrics <scrape.txt 2>&1 | grep -iE 'error|parse')" ''
else
	skip 'promtool finds no error' 'promtool is not to be had'
fi
ok 'systemd hears READY' wait_for 10 grep -q 'READY=1 STATUS=2 of 3' notified.out
bpf_held "$BOMBUS_PID" >first.held

# --- reloads under load ---
echo >&$go_fd
exec {go_fd}>&-
config 2.yaml '{image: execsnoop, exporters: [prometheus]}' '{image: tcpconnect, name: added}'
put 2.yaml
ok 'a program is added' wait_for 10 up_is added 1
ok 'one is removed' wait_for 10 bash -c "! curl -s 127.0.0.1:$PORT/metrics | grep -q 'program=\"bad\"'"
is 'it is ready' "$(page -/ready)" 'bombus is ready.'
config 3.yaml '{image: execsnoop, exporters: [prometheus], set: {target_parent: 1}}' '{image: tcpconnect, name: added}'
put 3.yaml
ok 'one is altered' wait_for 10 bash -c "[ \$(grep -c '^bombus: execsnoop is attached' agent.err) = 2 ]"
is 'the others are not touched' "$(grep -cE '^bombus: (opensnoop|added) is attached' agent.err)" 2
config 4.yaml '{image: execsnoop, exporters: [prometheus], set: {nothing: 1}}' '{image: tcpconnect, name: added}'
put 4.yaml
ok 'one that breaks goes on as it was' wait_for 10 log_has 'execsnoop goes on as it was: .*nothing'
echo 'programs: [{imgae: x}]' >5.yaml
put 5.yaml
ok 'a mistake changes nothing' wait_for 10 log_has 'stays as it is: .*bombus.yaml:1:13: .imgae. is not known'
like 'and is a figure' "$(page metrics)" '^bombus_config_last_reload_successful 0'
ok 'the opened files are all there' wait_for 30 gone "$ACTOR"
put 2.yaml
ok 'the next file is read' wait_for 10 log_has 'hint: did you mean .image.'
is 'a reload by page' "$(curl -s -o /dev/null -w '%{http_code}' -X POST "127.0.0.1:$PORT/-/reload")" 202
is 'only by POST' "$(curl -s -o /dev/null -w '%{http_code}' "127.0.0.1:$PORT/-/reload")" 405
before=$(grep -c 'is in use' agent.err)
kill -HUP "$BOMBUS_PID"
ok 'SIGHUP reloads' wait_for 10 bash -c "[ \$(grep -c 'is in use' agent.err) -gt $before ]"
ok 'systemd hears RELOADING' grep -qE 'RELOADING=1 MONOTONIC_USEC=[0-9]+' notified.out
ok 'and the watchdog' grep -q 'WATCHDOG=1' notified.out
sleep 0.3 # a sweep and a flush of the file
jq_is 'the untouched program missed no event' events.jsonl \
	'map(select(.program == "opensnoop" and .kind == "event" and (.fields.fname // "" | endswith("agent-opened")))) | length' \
	"$OPENS"
jq_is 'a program goes to its exporters only' events.jsonl 'map(.program) | unique - ["opensnoop", "added"]' '[]'
bpf_held "$BOMBUS_PID" >last.held
bombus_stop TERM
is 'it leaves well' "$RC" 0
ok 'systemd hears STOPPING' wait_for 10 grep -q 'STOPPING=1' notified.out
ok 'nothing is left in the kernel' wait_for 10 nothing_left last.held

# --- a tag that moves, a file that is full, a socket of systemd's ---
cp -r "$EXAMPLES" store
"$BOMBUS" -q --store store tag tcpconnect moving
cat >plain.yaml <<END
log_format: json
programs:
  - {image: moving, name: moved, pull: 1s, set: {target_pid: 1}}
  - {image: opensnoop, set: {target_pid: $$}}
exporters:
  - type: json
    file: turned.jsonl
    max_size: 1K
    keep: 2
  - type: prometheus
END
python3 activate.py "$BOMBUS" --store store agent -c plain.yaml 2>json.err &
BOMBUS_PID=$!
BOMBUS_NAME=json
started+=("$BOMBUS_PID")
wait_for 10 test -s activated.port
PORT=$(cat activated.port)
ok 'the socket that was handed over serves' wait_for 20 up_is opensnoop 1
digest_is() {
	page metrics | grep -q "^bombus_program_info{program=\"moved\",image=\"moving\",digest=\"$1\"}"
}
digest_of() {
	"$BOMBUS" --store store list --format '{{.Name}} {{.Digest}}' | awk -v name="$1" '$1 == name { print $2 }'
}
ok 'a tag is what it was' wait_for 10 digest_is "$(digest_of tcpconnect)[0-9a-f]*"
"$BOMBUS" -q --store store tag tcpretrans moving
ok 'a tag that moves is followed' wait_for 10 digest_is "$(digest_of tcpretrans)[0-9a-f]*"
ok 'messages are JSON' jq -e .message json.err
for ((i = 0; i < 50; i++)); do : <agent-opened; done
ok 'a full file is renamed' wait_for 10 test -s turned.jsonl.1
bombus_stop INT
ok 'no line is split' jq -e .program turned.jsonl.1
done_testing
