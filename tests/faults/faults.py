#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets each allocation and each system call of a path fail, one a run, and checks how it ends.

    faults.py [-s SECONDS] [-j JOBS] [PATH...]      speaks TAP, a result for each path and kind

A path is what a user does (below, PATHS). It runs once to count its calls (fault.c). Then it runs
once for each n, until SECONDS are over: the places where calls come from in turn, each of them
once, then the rest of all n. Each run has a folder and a store of its own. It has to

- end, within a time, by itself and not by a signal (a filter of system calls included); a crash
  within another library, when memory fails there, is counted and named;
- say `bombus: ...` on standard error where its status is not 0, and have a status of spec/cli.md;
- have done the whole of its work where its status is 0;
- leave a store whose blobs have their digests and whose index names blobs that are there, and no
  half-written file under the name that was asked for;
- leak nothing, where the program was built with AddressSanitizer (memory does not fail there).

Environment: BUILD (build), BOMBUS (BUILD/bombus).
"""
import argparse
import concurrent.futures
import glob
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(TOP, "build")))
BOMBUS = os.path.abspath(os.environ.get("BOMBUS", os.path.join(BUILD, "bombus")))
PRELOAD = os.path.join(BUILD, "tests/faults/fault.so")
SANITIZED = b"__asan_init" in open(BOMBUS, "rb").read()
# libarchive ends the process itself.
SAYS = ("bombus: ", "Fatal Internal Error in libarchive: ")
STATUSES = {0, 1, 2, 3, 4, 5, 130}
TIMEOUT = 90 if SANITIZED else 45
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16);
    __type(key, __u32);
    __type(value, __u64);
} hits SEC(".maps.counter");
SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
    __u32 key = 1;
    __u64 one = 1;
    return bpf_map_update_elem(&hits, &key, &one, 0);
}
char LICENSE[] SEC("license") = "GPL";
"""


class Wrong(Exception):
    """What a run did that it may not."""


class Elsewhere(Exception):
    """A crash within a library that runs out of memory: not ours to mend."""


def crashed_library(err):
    """The library that crashed: the first of the callers that is none of the C library's, but for its
    look-up of names, which does not stand a failure; where no callers are known (the filter of
    system calls is broken), the one whose memory failed. None: it is this program."""
    callers = [line for line in err.splitlines() if line.startswith("/") and "[0x" in line]
    for line in callers:
        name = os.path.basename(line.split("(")[0]).split(".so")[0]
        if "__nss_" in line:
            return "libc"
        if name not in ("fault", "libc", "libpthread"):
            return None if name == "bombus" else name
    asked = [line for line in err.splitlines() if line.startswith("fault: within ")]
    return asked[0].split()[2].split(".so")[0] if asked else None


# ---- servers that all runs share ----


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes OTLP and serves one image, as a registry does."""

    files = {}  # path -> (type, bytes)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(200, "application/json", b"{}")

    def do_GET(self):
        path = self.path.split("?")[0]
        if path in self.files:
            self.answer(200, *self.files[path])
        else:
            self.answer(404 if path != "/v2/" else 200, "application/json", b"{}")

    do_HEAD = do_GET

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True


def serve(store):
    """The image `tiny` of a store, at /v2/tiny, and everything else of it."""
    index = json.load(open(os.path.join(store, "index.json")))
    for blob in glob.glob(os.path.join(store, "blobs/sha256/*")):
        body = open(blob, "rb").read()
        kind = "application/octet-stream"
        if body[:1] == b"{":
            kind = json.loads(body).get("mediaType", kind)
        digest = "sha256:" + os.path.basename(blob)
        Receiver.files[f"/v2/tiny/blobs/{digest}"] = (kind, body)
        Receiver.files[f"/v2/tiny/manifests/{digest}"] = (kind, body)
    top = index["manifests"][0]
    Receiver.files["/v2/tiny/manifests/1"] = Receiver.files[f"/v2/tiny/manifests/{top['digest']}"]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


# ---- what a run leaves ----


def check_store(store, wants=None):
    """Blobs have their digests; what the index names is there, down to the layers."""
    have = {}
    for path in glob.glob(os.path.join(store, "blobs/sha256/*")):
        body = open(path, "rb").read()
        name = os.path.basename(path)
        if hashlib.sha256(body).hexdigest() != name:
            raise Wrong(f"the blob {name} has other bytes")
        have["sha256:" + name] = body
    path = os.path.join(store, "index.json")
    if not os.path.exists(path):
        if wants:
            raise Wrong("the store has no index")
        return
    names = []

    def follow(descriptor):
        digest = descriptor["digest"]
        if digest not in have:
            raise Wrong(f"{digest} is named and not there")
        body = have[digest]
        if not body.startswith(b"{"):
            return
        document = json.loads(body)
        for inner in document.get("manifests", []) + document.get("layers", []):
            follow(inner)
        if "config" in document and "digest" in document["config"]:
            follow(document["config"])

    try:
        index = json.load(open(path))
    except ValueError as wrong:
        raise Wrong(f"the index is torn: {wrong}")
    for descriptor in index.get("manifests", []):
        names += (descriptor.get("annotations") or {}).values()
        follow(descriptor)
    if wants and not any(wants in name for name in names):
        raise Wrong(f"{wants} is not in the index")


class Run:
    """One run of a path, in a folder of its own."""

    def __init__(self, folder, images, port):
        self.folder = folder
        self.images = images  # a store with tcpconnect and tiny; not to be changed
        self.port = port
        self.store = os.path.join(folder, "store")
        self.status = None
        self.out = self.err = ""

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, words, fault=None, log=None, copy=False, env=None):
        if copy:
            shutil.copytree(self.images, self.store)
        environ = dict(os.environ, LD_PRELOAD=PRELOAD, HOME=self.folder, LC_ALL="C.UTF-8",
                       XDG_DATA_HOME=self.path("data"), XDG_CACHE_HOME=self.path("cache"),
                       BOMBUS_INCLUDE=os.path.join(TOP, "include"), **(env or {}))
        environ["ASAN_OPTIONS"] = "exitcode=99:verify_asan_link_order=0"
        environ["UBSAN_OPTIONS"] = "exitcode=99"
        if fault:
            environ["FAULT"] = fault
        if log:
            environ["FAULT_LOG"] = log
        with open(self.path("out"), "w") as out, open(self.path("err"), "w") as err:
            return subprocess.Popen([BOMBUS, "--store", self.store if copy or words[0] in ("pull", "build")
                                     else self.images] + words,
                                    stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environ,
                                    cwd=self.folder)

    def end(self, process):
        try:
            self.status = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.status = None
        self.out = open(self.path("out"), errors="replace").read()
        self.err = open(self.path("err"), errors="replace").read()


# ---- the paths: how each is run, and what it has done when its status is 0 ----


def simply(words, **how):
    def run(r, **fault):
        r.end(r.start([w.replace("PORT", str(r.port)) for w in words], **fault, **how))
    return run


def shown(text):
    def check(r):
        if text not in r.out:
            raise Wrong(f"status 0, and its output lacks {text!r}")
    return check


def pulled(r):
    check_store(r.store, "tiny")


def built(r):
    check_store(r.store, "made")


def saved(r):
    with tarfile.open(r.path("x.tar")) as tar:
        if "index.json" not in tar.getnames():
            raise Wrong("the archive has no index")


def always_store(r):
    if os.path.exists(r.store):
        check_store(r.store)


def always_save(r):
    """No half archive under its name."""
    if os.path.exists(r.path("x.tar")):
        try:
            saved(r)
        except (tarfile.TarError, EOFError):
            raise Wrong("a torn archive has the name")


def always_record(r):
    """A recording that has its name can be replayed, up to where it was cut."""
    if not os.path.exists(r.path("x.rec")) or not os.path.getsize(r.path("x.rec")):
        return
    done = subprocess.run([BOMBUS, "replay", r.path("x.rec"), "-o", "none", "--speed", "max"],
                          capture_output=True, timeout=TIMEOUT)
    if done.returncode != 0 and b"cut" not in done.stderr:
        raise Wrong("the recording cannot be replayed: " + done.stderr.decode(errors="replace"))


def recorded(r):
    if not os.path.exists(r.path("x.rec")):
        raise Wrong("status 0, and there is no recording")


def scraping(r, **fault):
    """Scrapes until the run ends. A scrape may fail."""
    process = r.start(["run", "tcpconnect", "--metrics=127.0.0.1:0", "-o", "none", "--duration", "300ms"],
                      **fault)
    port = None
    while process.poll() is None and time.monotonic() < r.deadline:
        if not port:
            words = open(r.path("err"), errors="replace").read().split("metrics are on port ")
            port = words[1].split()[0] if len(words) > 1 and "\n" in words[1] else None
        else:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2).read()
            except (OSError, ValueError, http.client.HTTPException):
                pass
        time.sleep(0.01)
    r.end(process)


nothing = lambda r: None
PATHS = {
    # name: (run, check of status 0, check of any status)
    "open": (simply(["run", "tcpconnect", "--help"]), shown("events"), nothing),
    "inspect": (simply(["inspect", "tcpconnect"]), shown("tcpconnect"), nothing),
    "pull": (simply(["pull", "--plain-http", "--retries", "0", "127.0.0.1:PORT/tiny:1"]), pulled,
             always_store),
    "build": (simply(["build", "../tiny.bpf.c", "made"]), built, always_store),
    "tag": (simply(["tag", "tiny", "other"], copy=True), nothing, always_store),
    "save": (simply(["save", "tiny", "-o", "x.tar"]), saved, always_save),
    "run": (simply(["run", "tcpconnect", "--once", "-o", "json"]), nothing, nothing),
    "record": (simply(["run", "tcpconnect", "--once", "-o", "none", "--record", "x.rec"]), recorded,
               always_record),
    "scrape": (scraping, nothing, nothing),
    "send": (simply(["run", "tcpconnect", "--once", "-o", "none", "--otlp=http://127.0.0.1:PORT",
                     "--otlp-protocol", "http/json"]), nothing, nothing),
}
NEED_ROOT = {"run", "record", "scrape", "send"}


def judge(r, check, always):
    if r.status is None:
        raise Wrong(f"it does not end within {TIMEOUT} s")
    if r.status < 0:
        library = crashed_library(r.err)
        if library:
            raise Elsewhere(library)
        raise Wrong(f"signal {-r.status}")
    if r.status == 127 and "thread-local data" in r.err:
        raise Elsewhere("ld.so")
    if r.status not in STATUSES:
        raise Wrong(f"status {r.status}")
    if r.status and not any(l.startswith(SAYS) and len(l) > 12 for l in r.err.splitlines()):
        raise Wrong("it does not say what failed")
    always(r)
    if r.status == 0:
        check(r)


class Prover:
    def __init__(self, folder, images, port, seconds, jobs):
        self.folder, self.images, self.port = folder, images, port
        self.seconds, self.jobs = seconds, jobs
        self.count = self.failed = 0
        self.elsewhere = {}  # of the path at hand: library -> how often it crashed

    def one(self, name, label, **fault):
        folder = tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder)
        r = Run(folder, self.images, self.port)
        r.deadline = time.monotonic() + TIMEOUT
        run, check, always = PATHS[name]
        try:
            run(r, **fault)
            judge(r, check, always)
            return None
        except Elsewhere as library:
            self.elsewhere[str(library)] = self.elsewhere.get(str(library), 0) + 1
            return None
        except Wrong as wrong:
            tail = "\n".join(r.err.splitlines()[-24:])
            return f"{label}: {wrong}\n{tail}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def calls(self, name):
        """kind -> [(n, name, place)], of a run without a fault."""
        log = os.path.join(self.folder, f"{name}.log")
        wrong = self.one(name, "no fault", log=log)
        if wrong:
            raise SystemExit(f"{name}: it fails without a fault: {wrong}")
        found = {"alloc": [], "call": []}
        for line in open(log):
            kind, n, what, place = line.split()
            found[kind].append((int(n), what, place))
        return found

    def order(self, calls):
        """The first of each place, then all others."""
        places = set()
        first, rest = [], []
        for call in calls:
            new = (call[1], call[2]) not in places
            (first if new else rest).append(call)
            places.add((call[1], call[2]))
        return first, rest

    def prove(self, name):
        calls = self.calls(name)
        for kind in ("alloc", "call"):
            if kind == "alloc" and SANITIZED:
                continue
            self.prove_kind(name, kind, *self.order(calls[kind]))

    def prove_kind(self, name, kind, first, rest):
        end = time.monotonic() + self.seconds
        todo = first + rest
        # Where there is no time for all places: some of each part of the path.
        step = 7919
        if len(first) > 1:
            while len(first) % step == 0:
                step += 2
            first = [first[i * step % len(first)] for i in range(len(first))]
            todo = first + rest
        wrong, done = [], 0
        self.elsewhere = {}
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for at in range(0, len(todo), self.jobs * 4):
                if time.monotonic() > end or len(wrong) > 8:
                    break
                part = todo[at:at + self.jobs * 4]
                wrong += [w for w in pool.map(
                    lambda c: self.one(name, f"{kind} {c[0]}, {c[1]}", fault=f"{kind}:{c[0]}"), part) if w]
                done += len(part)
        self.count += 1
        self.failed += bool(wrong)
        places = min(done, len(first))
        print(f"{'not ok' if wrong else 'ok'} {self.count} - {name}: {kind}: {done} of {len(todo)} "
              f"fail in turn, {places} of {len(first)} places"
              + "".join(f"; {n} times {library} crashes" for library, n in self.elsewhere.items()))
        for text in wrong:
            print("\n".join("# " + line for line in text.splitlines()))
        sys.stdout.flush()


def make_images(folder):
    """A store with what the paths want."""
    images = os.path.join(folder, "images")
    env = dict(os.environ, HOME=folder, BOMBUS_INCLUDE=os.path.join(TOP, "include"))
    with open(os.path.join(folder, "tiny.bpf.c"), "w") as f:
        f.write(SOURCE)
    tiny = os.path.join(folder, "tiny")
    for store, source, name in ((tiny, "tiny.bpf.c", "tiny"), (images, "tiny.bpf.c", "tiny"),
                                (images, os.path.join(TOP, "bpf-examples/tcpconnect.bpf.c"), "tcpconnect")):
        subprocess.run([BOMBUS, "-q", "--store", store, "build", source, name], cwd=folder, env=env,
                       check=True)
    return images, serve(tiny)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", type=float, default=1e9, help="seconds for each path and kind")
    parser.add_argument("-j", type=int, default=os.cpu_count(), help="runs at the same time")
    parser.add_argument("paths", nargs="*")
    args = parser.parse_args()
    names = args.paths or list(PATHS)
    if os.geteuid() != 0:
        names = [n for n in names if n not in NEED_ROOT]
    with tempfile.TemporaryDirectory(prefix="bombus-faults-") as folder:
        images, port = make_images(folder)
        prover = Prover(folder, images, port, args.s, args.j)
        for name in names:
            prover.prove(name)
    print(f"1..{prover.count}")
    sys.exit(1 if prover.failed else 0)


if __name__ == "__main__":
    main()
