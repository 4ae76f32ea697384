# SPDX-License-Identifier: Apache-2.0
"""The page in a browser, for tests/interop/web.sh:

    web.py URL JSON ROUNDS PICTURES

JSON is the file that -o json writes, ROUNDS a pipe that takes a number of rounds for tests/bpf/tui.bpf.c.
Prints "ok NAME" or "not ok NAME: WHY" in each line, and notes behind a "#".
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from browser import Browser  # noqa: E402

URL, JSON, ROUNDS, PICTURES = sys.argv[1:5]
MANY = 10000
pipe = open(ROUNDS, "w", buffering=1)


def rounds(n):
    pipe.write(f"{n}\n")
    pipe.flush()


def check(name, got, wanted=True):
    if got == wanted:
        print("ok", name, flush=True)
    else:
        print(f"not ok {name}: got {got!r}, wanted {wanted!r}", flush=True)


def printed():
    with open(JSON, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


def rows(page):
    """The rows in sight, top to bottom: the exact value of each cell."""
    return page.eval("""[...document.querySelectorAll('.grid .row:not([hidden])')]
        .sort((a, b) => a.dataset.index - b.dataset.index)
        .map((row) => [...row.children].map((c) => c.title))""")


def texts(page):
    return page.eval("""[...document.querySelectorAll('.grid .row:not([hidden])')]
        .sort((a, b) => a.dataset.index - b.dataset.index)
        .map((row) => [...row.children].map((c) => c.textContent))""")


def tab(page, name):
    page.eval(f"[...document.querySelectorAll('#tabs button')].find((b) => b.map.name === '{name}').click()")


def shot(page, name):
    page.shot(os.path.join(PICTURES, name + ".png"))


def latest(lines, name):
    last = {}
    for line in lines:
        if line["map"] == name and "key" in line:
            last[json.dumps(line["key"])] = line
    return list(last.values())


def settled(page):
    """Waits until the page has all lines that bombus has printed."""
    for _ in range(100):
        lines = printed()
        n = max((line["fields"]["round"] for line in lines if line["map"] == "seen"), default=-1)
        if page.eval(f"""(() => {{ const m = bombus.model.maps.find((m) => m.name === 'seen');
                return m.events.some((e) => e.line.fields?.round === {n}); }})()"""):
            time.sleep(1.2)  # a sweep, and the page's own pace
            if printed()[-1]["time"] == lines[-1]["time"]:
                return printed()
        time.sleep(0.1)
    return printed()


def equals_json(page):
    rounds(123)
    lines = settled(page)
    tab(page, "calls")
    page.until("document.querySelectorAll('.grid .row:not([hidden])').length === 10")
    got = {(r[0], r[1]): r[2] for r in rows(page)}
    wanted = {(str(c["key"]["id"]), c["key"]["name"]): str(c["value"]) for c in latest(lines, "calls")}
    check("a table has the rows of the JSON", got, wanted)
    tab(page, "seen")
    page.until("document.querySelector('.grid .row:not([hidden])')")
    seen = [line for line in lines if line["map"] == "seen"]
    got = [r[:4] for r in rows(page)]
    wanted = [[e["time"], str(e["fields"]["round"]), str(e["fields"]["id"]), e["fields"]["text"]] for e in reversed(seen)]
    check("a stream has its events, newest first", got, wanted[:len(got)])
    check("control characters are visible", "\\u001b" in texts(page)[0][3])
    tab(page, "waits")
    page.until("document.querySelector('.grid .row:not([hidden])')")
    waits = latest(lines, "waits")
    got = page.eval("""[...bombus.model.maps.find((m) => m.name === 'waits').rows.values()]
        .map((r) => [r.key, r.values[0]])""")
    wanted = [[w["key"], {k: w[k] for k in ("count", "sum", "buckets") if k in w}] for w in waits]
    check("histograms have the buckets of the JSON", sorted(got, key=json.dumps), sorted(wanted, key=json.dumps))
    shot(page, "histogram-table")
    for view in ("Histogram", "Heat map", "Trend"):
        page.eval(f"[...document.querySelectorAll('#views button')].find((b) => b.textContent === '{view}').click()")
        time.sleep(0.3)
        ink = page.eval("""(() => { const c = document.querySelector('.chart canvas'), d = c.getContext('2d')
            .getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 200; return n; })()""")
        check(f"{view} is drawn", ink > 500)
        shot(page, view.lower().replace(" ", "-"))


def exact(page):
    big = page.eval("""import('/live/model.js').then((m) => { const v = m.parse('{"a":18446744073709551615,"b":"12345678901234567890"}');
        return String(v.a) + ' ' + v.b; })""")
    check("numbers of 64 bits are exact", big, "18446744073709551615 12345678901234567890")


def keyboard(page):
    cursor = "Number(document.querySelector('.row.cursor').dataset.index)"
    tab(page, "calls")
    page.key("o")
    page.key("2")
    check("a number shows a map", page.eval("document.querySelector('#tabs [aria-selected=true]').map.name"), "calls")
    page.key("n")
    check("n shows the next map", page.eval("document.querySelector('#tabs [aria-selected=true]').map.name"), "many")
    page.key("p")
    page.key("j")
    page.key("ArrowDown")
    page.key("k")
    check("j, k and arrows move", page.eval(cursor), 1)
    page.key("G")
    check("G goes to the end", page.eval(cursor), 9)
    page.key("g")
    for _ in range(5):
        page.key("h")
    page.key("l")
    page.key("l")
    page.key("s")
    values = [int(r[2]) for r in rows(page)]
    check("s sorts by the column", values == sorted(values, reverse=True))
    page.key("s")
    values = [int(r[2]) for r in rows(page)]
    check("s again reverses the order", values == sorted(values))
    page.key("/")
    page.type("value > 40 && name ~ \"^[c-h]$\"")
    page.key("Enter")
    wanted = sorted(c["value"] for c in latest(printed(), "calls") if c["value"] > 40 and c["key"]["name"] in "cdefgh")
    check("/ filters", sorted(int(r[2]) for r in rows(page)), wanted)
    page.key("/")
    page.eval("document.getElementById('filter').select()")
    page.type("nam == 1")
    check("a wrong filter shows an error", "no field 'nam'" in page.eval("document.getElementById('problem').textContent"))
    page.key("Escape")
    page.key("g")
    page.key("Enter")
    check("Enter shows details", page.eval("!document.getElementById('detail').hidden && document.querySelectorAll('#detail dd').length > 2"))
    shot(page, "detail")
    page.key("Escape")
    tab(page, "seen")
    page.key("Enter")
    opened = page.eval("bombus.page.opened.line.fields.round")
    rounds(3)
    page.until(f"bombus.page.list[0].line?.fields?.round === {opened} + 3")
    check("details stay with their row while events come", page.eval("[bombus.page.opened, bombus.page.grid.current()].map((r) => r.line.fields.round)"),
          [opened, opened])
    tab(page, "calls")
    page.key("Escape")
    check("Escape closes them", page.eval("document.getElementById('detail').hidden"))
    page.key(" ")
    before = rows(page)
    rounds(10)
    settled(page)
    check("Space holds the page", rows(page), before)
    page.key(" ")
    page.until("[...document.querySelectorAll('.row.cursor')].length === 1")
    settled(page)
    check("Space again lets the page go on", rows(page) != before)
    page.key("?")
    check("? shows the keys", page.eval("document.getElementById('help').open"))
    page.key("Escape")
    page.until("!document.getElementById('help').open")


def colors(page):
    back = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    page.dark(True)
    page.key("o")
    page.until("document.querySelector('.card')")
    time.sleep(0.5)
    check("dark", page.eval(back) < 150)
    shot(page, "overview-dark")
    page.dark(False)
    time.sleep(0.5)
    check("light", page.eval(back) > 600)
    shot(page, "overview-light")
    page.dark(True)


def phone(page):
    page.size(390, 844, True)
    for name in ("overview", "calls", "seen", "waits", "programs", "losses"):
        tab(page, name)
        time.sleep(0.3)
        check(f"{name} fits a phone", page.eval("document.documentElement.scrollWidth") <= 390)
    tab(page, "calls")
    time.sleep(0.5)
    page.eval("document.querySelector('.grid .row').click()")
    time.sleep(0.5)
    check("details are at the lower end of a phone", page.eval("""(() => { const r = document.getElementById('detail').getBoundingClientRect();
        return r.width === 390 && Math.round(r.bottom) === 844; })()"""))
    shot(page, "phone")
    page.size(1280, 800)
    page.key("Escape")


def busy(page):
    """The CPU seconds that the page's thread has taken for tasks."""
    metrics = page.call("Performance.getMetrics")["metrics"]
    return next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def idle_frames(page):
    """The 95th percentile of milliseconds between frames while the page is idle."""
    frames = page.eval("""new Promise((done) => { const all = []; let last = performance.now(); const next = (now) => { all.push(now - last); last = now;
        if (all.length < 120) requestAnimationFrame(next); else done(all.slice(1)); }; requestAnimationFrame(next); })""")
    return sorted(frames)[int(len(frames) * 0.95)]


def scrolling(page):
    """All rows change each second; meanwhile every frame scrolls on. Milliseconds between frames."""
    page.call("Performance.enable", timeDomain="threadTicks")
    tab(page, "many")
    for _ in range(100):
        rounds(1)
        if page.eval("bombus.model.maps.find((m) => m.name === 'many').size") == MANY:
            break
        time.sleep(0.1)
    page.until(f"document.querySelector('.grid').getAttribute('aria-rowcount') === '{MANY}'")
    values = latest(printed(), "many")
    check("ten thousand rows are there", len(values), MANY)
    check("only the rows in sight are elements", page.eval("document.querySelectorAll('.grid .row').length") < 60)
    idle = idle_frames(page)
    page.eval("""globalThis.frames = []; globalThis.going = true; (() => { const grid = document.querySelector('.grid'); let last = performance.now(), step = 90;
        const next = (now) => { frames.push(now - last); last = now; grid.scrollTop += step;
            if (grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 1 || grid.scrollTop <= 0) step = -step;
            if (going) requestAnimationFrame(next); }; requestAnimationFrame(next); })()""")
    spent, start = busy(page), time.time()
    for _ in range(6):
        rounds(1)
        time.sleep(1)
    spent, passed = busy(page) - spent, time.time() - start
    page.eval("going = false")
    shot(page, "many")
    frames = sorted(page.eval("frames.slice(1)"))
    median, high = frames[len(frames) // 2], frames[int(len(frames) * 0.95)]
    print(f"# {len(frames)} frames: median {median:.1f} ms, 95% {high:.1f} ms, longest {frames[-1]:.1f} ms; idle 95% {idle:.1f} ms", flush=True)
    print(f"# the page's thread is busy for {spent / passed * 100:.0f} % of the time", flush=True)
    check("the page's thread has time left", spent / passed < 0.6)
    if max(idle, idle_frames(page)) > 25:
        print("# not checked: this machine draws slow frames even while the page is idle", flush=True)
        return
    check("scrolling is smooth: half of the frames within 25 ms", median < 25)
    check("scrolling is smooth: 95 % of the frames within 60 ms", high < 60)


with Browser(width=1280, height=800) as page:
    page.go(URL + "#%zz")
    page.until("document.querySelector('.card')")
    page.go("about:blank")
    page.go(URL + "#tui/waits")
    page.until("document.querySelector('.grid .head')")
    check("an address leads to its map", page.eval("document.querySelector('#tabs [aria-selected=true]').map.name"), "waits")
    page.go("about:blank")
    page.go(URL)
    page.until("document.querySelector('.card')")
    page.until("bombus.model.status === 'live'")
    equals_json(page)
    exact(page)
    keyboard(page)
    colors(page)
    phone(page)
    scrolling(page)
    check("the console has no error", page.complaints(), [])
    origin = URL.rsplit("/", 1)[0]
    check("all requests went to the server of the page", [u for u in page.requests() if not u.startswith(origin)], [])
    # The shell script stops bombus at "# end", and starts another one at "# again".
    print("# end", flush=True)
    page.until("bombus.model.status !== 'live'")
    check("the page shows that bombus has ended", "answer" in page.eval("document.getElementById('status').textContent") or
          "ended" in page.eval("document.getElementById('status').textContent"))
    print("# again", flush=True)
    page.until("bombus.model.status === 'live'", 40)
    page.until("bombus.model.maps.find((m) => m.name === 'seen').events.length === 0", 10)
    check("the page goes on with the next bombus", True)
