#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The event stream of the page for browsers, read with curl: it carries the lines of -o json, has the
# same access control as the metrics, and a hundred viewers lose nothing.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
need_root
need curl jq openssl python3

rounds_ready
PORT=$(free_port)
ok 'bombus starts' bombus_start web run "$OBJECT" -o json --web --metrics="127.0.0.1:$PORT" \
	--interval 200ms --set target_pid="$ROUNDS_PID"
like 'it prints the address of the page' "$(cat web.err)" "page for browsers is http://127.0.0.1:$PORT/live"

page() { # PATH ARGUMENTS...: prints the status; the body is in page.out, its headers in page.head
	curl -sS --max-time 30 -o page.out -D page.head -w '%{http_code}' "${@:2}" \
		"${SCHEME:-http}://127.0.0.1:$PORT$1" 2>page.err
}
viewer() { # NAME ARGUMENTS...: in the background, into NAME.sse
	curl -sSN --max-time 300 -o "$1.sse" "${@:2}" \
		"${SCHEME:-http}://127.0.0.1:$PORT/live/events" 2>"$1.curl" &
	started+=("$!")
}
# The lines of -o json that a viewer received.
all_lines() { sed -n 's/^data: \({"time".*"kind".*\)/\1/p' "$1.sse"; }

# --- content ---
rounds 3
ok 'bombus prints three rounds' wait_for 10 has_lines web.out 3 '"round":'
for ((i = 0; i < 100; i++)); do viewer "v$i"; done
all_begun() { [ "$(grep -l '^event: begun' v*.sse 2>/dev/null | wc -l)" -eq 100 ]; }
ok 'a hundred viewers receive a beginning' wait_for 20 all_begun
is 'the beginning has the last records as -o json printed them' \
	"$(sed '/^event: begun/q' v7.sse | sed -n 's/^data: //p' | grep '"kind":"event"')" \
	"$(grep '"kind":"event"' web.out)"
rounds 400
ok 'bombus prints all rounds' wait_for 20 has_lines web.out 403 '"round":'
for ((i = 0; i < 100; i++)); do
	wait_for 20 has_lines "v$i.sse" 403 '^data: .*"round":' || break
done
grep '"map":"seen"' web.out >wanted
missing=0
for ((i = 0; i < 100; i++)); do
	all_lines "v$i" | grep '"map":"seen"' | cmp -s - wanted || missing=$((missing + 1))
done
is 'each viewer has each event exactly once' "$missing" 0
is 'no viewer was skipped forward' "$(cat v*.sse | grep -c '^event: skipped')" 0
last() { jq -cs 'map(select(.map == "calls") | del(.time)) | group_by(.key) | map(last)' "$1"; }
same_rows() {
	all_lines v99 >v99.json
	[ "$(last v99.json)" = "$(last web.out)" ]
}
ok 'the stream has the same series as -o json' wait_for 10 same_rows
is 'there are ten series' "$(last web.out | jq length)" 10
is 'the stream has the same histograms as -o json' \
	"$(jq -cs 'map(select(.map == "waits") | del(.time)) | last' v99.json)" \
	"$(jq -cs 'map(select(.map == "waits") | del(.time)) | last' web.out)"
sed -n '/^event: state/{n;s/^data: //p}' v3.sse >state.json
jq_is 'the state counts records' state.json 'last.maps | map(select(.map == "seen")) | .[0] | [.read, .lost]' \
	'[403,0]'
jq_is 'the state has the states of programs' state.json 'last.progs | map(.state)' '["attached"]'
sed -n '/^event: programs/{n;s/^data: //p}' v3.sse >programs.json
jq_is 'programs have units' programs.json \
	'[last.programs[0].maps[] | select(.map == "waits") | .values[].unit]' '["us"]'

# --- access ---
is 'another host name gets 403' "$(page /live/events -H 'Host: evil.example')" 403
is 'POST gets 405' "$(page /live/events -X POST)" 405
is 'another path gets 404' "$(page /live/event)" 404
is 'a path with .. gets 404' "$(page /live/../../etc/passwd --path-as-is)" 404
is 'the server still serves metrics' "$(page /metrics)" 200
is 'the server has a landing page' "$(page /)" 200
like 'the landing page has a link to the page' "$(cat page.out)" 'href="live"'
is 'the server has the page' "$(page /live --compressed)" 200
like 'the page loads its script' "$(cat page.out)" '<script type="module" src="live/app.js"></script>'
like 'the page allows only scripts and connections of the server' "$(cat page.head)" \
	"^Content-Security-Policy: default-src 'none'; script-src 'self'; .*connect-src 'self';"
for file in "$TOP"/runner/sink/live/page/*; do
	name=${file##*/}
	path=/live/$name
	[ "$name" != index.html ] || path=/live
	page "$path" --compressed >status
	cmp -s page.out "$file" || fail "$path differs from its source" "$(cat status)"
done
is 'a client without gzip gets 406' "$(page /live)" 406
ok 'bombus ends while viewers are connected' bombus_stop INT
is 'it exits with status 0' "$RC" 0
ended() { ! pgrep -P $$ curl >/dev/null; }
ok 'the connections of viewers end' wait_for 10 ended

# --- a slow viewer: it reads its beginning, and the rest once the file `go` exists ---
PORT=$(free_port)
ok 'bombus starts' bombus_start flood run "$OBJECT" -o none --web --metrics="127.0.0.1:$PORT" \
	--set target_pid="$ROUNDS_PID" --set burst=1000
cat >slow.py <<'END'
import socket, sys, time, os
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
s.connect(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /live/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
text = b""
def until(word):
    global text
    while word not in text:
        piece = s.recv(1 << 20)
        if not piece:
            sys.exit("the end came before " + word.decode())
        text += piece
until(b"event: begun")
print("begun", flush=True)
while not os.path.exists("go"):
    time.sleep(0.05)
until(b"event: skipped")
at = text.index(b"event: skipped")
rounds, skipped = text[:at].count(b'"round":'), text[at:].split(b"}", 1)[0].split(b":")[-1]
text = text[at:]
until(b"event: begun")
print("lines before", rounds, "skipped", skipped.decode(), flush=True)
END
python3 slow.py "$PORT" >slow.out 2>slow.err &
started+=("$!")
slow=$!
ok 'a slow viewer reads its beginning' wait_for 10 has_lines slow.out 1 begun
viewer fast
ok 'a fast viewer reads its beginning' wait_for 10 has_lines fast.sse 1 '^event: begun'
for ((i = 1; i <= 140; i++)); do
	rounds 1
	# Waits for the fast viewer, so that the kernel's ring never fills.
	((i % 20)) || wait_for 20 has_lines fast.sse $((i * 1000)) '"round":'
done
is 'the fast viewer has all records' "$(grep -c '^data: .*"round":' fast.sse)" 140000
is 'the fast viewer was not skipped forward' "$(grep -c '^event: skipped' fast.sse)" 0
touch go
ok 'the slow viewer is skipped forward to a new beginning' wait_for 20 has_lines slow.out 1 '^lines before'
wait "$slow"
read -r _ _ before _ skipped <<<"$(tail -n 1 slow.out)"
between 'a slow viewer learns how many lines it missed' "$skipped" 1 $((140100 - before))
at_least 'the metrics count the missed lines' "$(curl -s "http://127.0.0.1:$PORT/metrics" |
	sed -n 's/^bombus_page_skipped_lines_total //p')" "$skipped"
one_viewer() { curl -s "http://127.0.0.1:$PORT/metrics" | grep -qx 'bombus_page_viewers 1'; }
ok 'the metrics count the remaining viewer only' wait_for 10 one_viewer
ok 'bombus ends' bombus_stop INT

# --- behind TLS and a password ---
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x \
	-addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.pem 2>/dev/null
cat >web.yml <<'END'
tls_server_config: { cert_file: server.pem, key_file: server.key }
basic_auth_users:
  alice: $2b$04$PXDdMyrBBx16KtKwtOZIJelcDzT76MViEeelBdUczD7.Xe8DkgC02
END
PORT=$(free_port) SCHEME=https
ok 'bombus starts' bombus_start tls run "$OBJECT" -o none --web --metrics="127.0.0.1:$PORT" \
	--web-config web.yml --set target_pid="$ROUNDS_PID"
is 'a request without a password gets 401' "$(page /live/events --cacert server.pem)" 401
is 'a request with a wrong password gets 401' "$(page /live/events --cacert server.pem -u alice:Secret)" 401
viewer secret --cacert server.pem -u alice:secret
ok 'a viewer with the right password receives a beginning' wait_for 10 has_lines secret.sse 1 '^event: begun'
rounds 5
ok 'the viewer receives events' wait_for 10 has_lines secret.sse 5 '^data: .*"round":'
ok 'bombus ends' bombus_stop INT

# --- in the agent: a reload that changes the server, while there is a viewer ---
agent_config() { # KEYS
	printf '%s\n' 'interval: 100ms' 'programs:' "  - {image: $OBJECT, set: {target_pid: $ROUNDS_PID}}" \
		'exporters:' "  - {type: prometheus, listen: '127.0.0.1:$PORT', web: true$1}" >bombus.new
	mv bombus.new bombus.yaml
}
PORT=$(free_port) SCHEME=http
agent_config ''
"$BOMBUS" agent -c bombus.yaml >agent.out 2>agent.err &
BOMBUS_PID=$!
BOMBUS_NAME=agent
started+=("$BOMBUS_PID")
ok 'the agent starts' wait_for 20 has_lines agent.err 1 'is attached'
viewer before
before=${started[-1]}
ok 'a viewer of the agent receives a beginning' wait_for 10 has_lines before.sse 1 '^event: begun'
is 'the agent reports that it is ready' "$(sed -n '/^event: ready/{n;p;q}' before.sse)" 'data: {"ready":true,"why":""}'
rounds 5
ok 'lines have the name of the program' wait_for 10 has_lines before.sse 5 '"program":"tui","map":"seen"'
echo 'basic_auth_users: {}' >none.yml
agent_config ', web_config: none.yml'
ok 'the agent takes another configuration' wait_for 20 has_lines agent.err 1 'exporter prometheus is in use'
ok 'the reload ends the connection of the viewer' wait_for 10 gone "$before"
viewer after
ok 'a new viewer receives a beginning from the new server' wait_for 10 has_lines after.sse 1 '^event: begun'
ok 'the agent ends' bombus_stop TERM

run_bombus run "$OBJECT" -o none --web-config web.yml
like '--web-config without --metrics or --web is an error' "$ERR" '--metrics or --web is missing'
done_testing
