#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The page in headless Chromium: it shows the data of -o json; keys, a phone's width, dark and light;
# ten thousand rows that change while they scroll; names that look like HTML. Pictures are in BUILD/web.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/tui.sh"
need_root
need chromium jq python3

PICTURES=$(realpath -m "$BUILD")/web
mkdir -p "$PICTURES"
rounds_ready
PORT=$(free_port)
start() { # NAME
	bombus_start "$1" run "$OBJECT" -o json --web --metrics="127.0.0.1:$PORT" \
		--set target_pid="$ROUNDS_PID" --set keys=10000
}
ok 'it starts' start web
mkfifo results
python3 "$TESTS/interop/web.py" "http://127.0.0.1:$PORT/live" web.out "$T/rounds" "$PICTURES" \
	>results 2>web.errors &
started+=("$!")
while read -r line; do
	case $line in
	'ok '*) pass "${line#ok }" ;;
	'not ok '*) fail "${line#not ok }" ;;
	'# end') ok 'it ends' bombus_stop INT ;;
	'# again') ok 'it starts again' start again ;;
	*) note "${line#\# }" ;;
	esac
done <results
is 'web.py prints no error' "$(cat web.errors)" ''
bombus_stop INT

# --- traces and stacks ---
PORT=$(free_port)
ok 'it starts' bombus_start views run "$OBJECTS/span_rounds.bpf.o" "$OBJECTS/replay.bpf.o" -o json --web \
	--metrics="127.0.0.1:$PORT" --set '*:target_pid'="$ROUNDS_PID"
rounds 3
ok 'spans are printed' wait_for 10 has_lines views.out 6 '"map":"calls","kind":"span"'
cat >views.py <<END
import json, sys
sys.path.insert(0, "$TESTS/support")
from browser import Browser
def show(page, name, kind, view):
    page.eval(f"[...document.querySelectorAll('#tabs button')].find((b) => b.map.name === '{name}' && b.map.kind === '{kind}').click()")
    page.eval(f"[...document.querySelectorAll('#views button')].find((b) => b.textContent === '{view}').click()")
with Browser() as page:
    page.go("http://127.0.0.1:$PORT/live")
    page.until("document.querySelector('.card')")
    show(page, "calls", "spans", "Waterfall")
    page.until("document.querySelectorAll('.fall .span').length === 6")
    print(json.dumps(page.eval("[...document.querySelectorAll('.fall .trace b')].map((b) => b.textContent).sort()")))
    print(page.eval("[...document.querySelectorAll('.fall .span')].slice(0, 2).map((s) => s.querySelector('.name').textContent + (s.matches('.error') ? '!' : '')).join()"))
    page.shot("$PICTURES/waterfall.png")
    show(page, "events", "events", "Flame graph")
    page.until("bombus.page.view.tree?.value === 3")
    names = []
    page.eval("globalThis.walk = (f, all = []) => { all.push(f.name); for (const c of f.children.values()) walk(c, all); return all; }")
    print(json.dumps(page.eval("walk(bombus.page.view.tree).slice(1)")))
    page.shot("$PICTURES/flame-graph.png")
    print(page.complaints())
END
python3 views.py >views.lines 2>&1
is 'the waterfall has the traces of the JSON' "$(sed -n 1p views.lines)" \
	"$(jq -cs 'map(select(.map == "calls" and .kind == "span").trace_id) | unique' views.out | sed 's/,/, /g')"
is 'a failed span is red, under its parent' "$(sed -n 2p views.lines)" 'call,  wait!'
is 'the flame graph has the frames of the stacks' "$(sed -n 3p views.lines | jq -c 'unique')" \
	"$(jq -cs 'map(select(.map == "events").fields.stack | split(";")[] | sub("\\+0x[0-9a-f]+$"; "")) | unique' views.out)"
is 'the console has no error' "$(sed -n 4p views.lines)" '[]'
ok 'it ends' bombus_stop INT

# --- the filter finds what --where finds ---
PORT=$(free_port)
cat >filters <<'END'
comm == "probe"
comm ~ "^[cp]"
comm !~ "b" && dport != 443
daddr == 127.0.0.0/8 && !(daddr in (127.0.0.9, 127.0.0.1))
pid > 0x57e3 || comm = curl
dport in (35499, 34919) && tid
uid
END
"$BOMBUS" replay "$TESTS/golden/tcpconnect.rec" -o none --speed max --web --metrics="127.0.0.1:$PORT" \
	>/dev/null 2>replay.err &
replay=$!
started+=("$replay")
ok 'a recording plays' wait_for 10 has_lines replay.err 1 'page for browsers'
while read -r filter; do
	"$BOMBUS" replay "$TESTS/golden/tcpconnect.rec" -o json --speed max --where "events:$filter" 2>where.err |
		grep -c '"map":"events"'
done <filters >where.counts
cat >filters.py <<END
import sys
sys.path.insert(0, "$TESTS/support")
from browser import Browser
with Browser() as page:
    page.go("http://127.0.0.1:$PORT/live")
    page.until("document.querySelector('.card')")
    page.until("bombus.model.maps.some((m) => m.name === 'events' && m.size)")
    page.eval("[...document.querySelectorAll('#tabs button')].find((b) => b.map.name === 'events').click()")
    for line in open("filters"):
        page.eval("(() => { const f = document.getElementById('filter'); f.value = " + repr(line.strip()) +
                  "; f.dispatchEvent(new Event('input')); })()")
        wrong = page.eval("document.getElementById('filter').classList.contains('wrong')")
        print("wrong" if wrong else page.eval("bombus.page.list.length"))
END
is 'each filter of the page matches as many records as --where' "$(python3 filters.py 2>&1 | paste -sd ' ')" "$(paste -sd ' ' where.counts)"
kill -INT "$replay"

# --- a file whose name looks like HTML ---
[ -d "$EXAMPLES" ] || done_testing
cat >open.py <<'END'
import sys
sys.stdin.readline()
try:
    open("<img src=x onerror=document.title='bad'><script>document.title='worse'</script>")
except OSError:
    pass
END
mkfifo go
python3 open.py <go &
opener=$!
started+=("$opener")
PORT=$(free_port)
ok 'it starts' bombus_start names --store "$EXAMPLES" run opensnoop -o json --web \
	--metrics="127.0.0.1:$PORT" --set target_pid="$opener"
echo >go
ok 'opensnoop prints the name' wait_for 10 has_lines names.out 1 onerror
cat >names.py <<END
import sys
sys.path.insert(0, "$TESTS/support")
from browser import Browser
with Browser() as page:
    page.go("http://127.0.0.1:$PORT/live")
    page.until("document.querySelector('.card')")
    page.key("1")
    page.until("[...document.querySelectorAll('.row')].some((r) => r.textContent.includes('onerror'))")
    page.eval("[...document.querySelectorAll('.row')].find((r) => r.textContent.includes('onerror')).click()")
    page.until("document.getElementById('detail').textContent.includes('onerror')")
    print(page.eval("[document.title, document.querySelectorAll('main img, main script').length].join()"))
    try:
        page.eval("document.body.innerHTML = '<b>x</b>'")
    except RuntimeError as error:
        print("TrustedHTML" in str(error))
END
is 'the page shows the name as text, and scripts cannot set HTML' "$(python3 names.py 2>&1)" $'bombus,0\nTrue'
ok 'it ends' bombus_stop INT
done_testing
