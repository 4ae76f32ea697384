#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry that misbehaves in one way per repository: tests/cli/registry.sh says in which.

    registry.py FOLDER PROGRAM

Serves on two free ports of loopback, which it writes to FOLDER/ports when it is ready; the second
one stands for another host. Every request becomes a line of FOLDER/requests. It ends with its
standard input, and after five minutes in any case.
"""
import base64
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/ebpf.oci.image.config.v1+json"
PROGRAM = "application/ebpf.oci.image.program.v1+binary"
TAR_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
TAR_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"

folder = sys.argv[1]
program = open(sys.argv[2], "rb").read()
lock = threading.Lock()
blobs = {}
manifests = {}  # (repository, tag or digest) -> (type, bytes)
referrers = {}  # repository -> descriptors; None: nobody may know
seen = {}  # how often something was asked for


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(data, media_type, **more):
    blobs[digest(data)] = data
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


def manifest(repository, layers, config=b"{}", config_type=CONFIG, tag="1", **more):
    text = json.dumps({"schemaVersion": 2, "config": blob(config, config_type), "layers": layers,
                       **more}).encode()
    return put(repository, text, MANIFEST, tag)


def put(repository, text, media_type, tag="1"):
    manifests[repository, tag] = manifests[repository, digest(text)] = (media_type, text)
    return {"mediaType": media_type, "digest": digest(text), "size": len(text)}


def tarball(*files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data, kind in files:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            info.linkname = "/etc/passwd"
            tar.addfile(info, io.BytesIO(data) if info.size else None)
    return out.getvalue()


def fill():
    layer = blob(program, PROGRAM)
    good = ["good", "cut", "norange", "wrongrange", "busy", "date", "never", "flaky", "elsewhere",
            "basic", "token", "scope", "identity", "expired", "basicbearer", "bearerbasic",
            "relrealm", "loop", "badrealm", "digest", "headers",
            "nolength", "strange", "gone", "tencut", "scopename", "scopemore", "head403", "head404",
            "head405", "typejson", "typetext", "typeoctet", "typenone"]
    for name in good:
        manifest(name, [layer])
    for name in ("wrong", "short", "long", "endless"):
        manifest(name, [blob(program + name.encode(), PROGRAM)])
    big = os.urandom(3 << 20)
    manifest("large", [blob(program, PROGRAM), blob(big, "application/x-readme")])
    manifest("toolarge", [{**layer, "size": 1 << 50}])
    text = manifests["good", "1"][1]
    for name in ("redirects", "file", "manifest"):
        put(name, text, MANIFEST)
    put("html", text, "text/html")
    put("confused", text, INDEX)
    # A manifest that names its own type, as some servers need it, and one that does not.
    named = json.dumps({**json.loads(text), "mediaType": MANIFEST}).encode()
    for name in ("typejson", "typetext", "typeoctet", "typenone"):
        put(name, named, MANIFEST)
    put("typeunknown", text, MANIFEST)
    both = json.loads(text)
    put("both", json.dumps({**both, "manifests": []}).encode(), MANIFEST)
    put("twice", text[:-1] + b', "config": ' + json.dumps(both["config"]).encode() + b"}", MANIFEST)
    put("deep", b"[" * 100000, MANIFEST)
    put("traversal", text.replace(layer["digest"].encode(), b"sha256:../../../../../escaped"),
        MANIFEST)
    put("sizes", json.dumps({**both, "layers": both["layers"] + [{**layer, "mediaType": "text/x-readme", "size": 1}]}).encode(),
        MANIFEST)
    # Other packagers.
    container = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {
        "io.ebpf.programs": json.dumps({"count": "xdp"}), "io.ebpf.maps": "{}"}}}).encode()
    ordinary = "application/vnd.oci.image.config.v1+json"
    regular = tarfile.REGTYPE
    manifest("bpfman", [blob(gzip.compress(tarball(("./bytecode.o", program, regular))), TAR_GZIP)],
             container, ordinary)
    zstd = shutil.which("zstd")
    for name, data in (("zstd", program), ("zstdbomb", program + b"\0" * (200 << 20))):
        packed = zstd and subprocess.run([zstd, "-qc"], check=True, stdout=subprocess.PIPE,
                                         input=tarball(("x.o", data, regular))).stdout
        if zstd:
            manifest(name, [blob(packed, TAR_ZSTD)], container, ordinary)
    manifest("links", [blob(gzip.compress(tarball(
        ("a.o", b"", tarfile.SYMTYPE), ("../../escaped", b"words", regular),
        ("b.o", program, regular))), TAR_GZIP)], container, ordinary)
    manifest("onlylinks", [blob(gzip.compress(tarball(("a.o", b"", tarfile.SYMTYPE))), TAR_GZIP)],
             container, ordinary)
    manifest("bomb", [blob(gzip.compress(tarball(
        ("x.o", program + b"\0" * (200 << 20), regular)), 1), TAR_GZIP)], container, ordinary)
    empty = "application/vnd.oci.empty.v1+json"
    ig = "application/vnd.gadget.{}.program.v1+binary"
    gadget = manifest("gadget", [blob(program, ig.format("ebpf")),
                                 blob(b"\0asm", ig.format("wasm"))], b"{}", empty, "child",
                      artifactType="application/vnd.gadget.v1+binary")
    other = manifest("gadget", [blob(program + b"other", ig.format("ebpf"))], b"{}", empty, "other")
    put("gadget", json.dumps({"schemaVersion": 2, "manifests": [
        {**other, "platform": {"os": "linux", "architecture": "s390x"}},
        {**gadget, "platform": {"os": "linux", "architecture": os.uname().machine.replace(
            "x86_64", "amd64").replace("aarch64", "arm64")}}]}).encode(), INDEX)
    # Signatures: none of them holds.
    cosign = "application/vnd.dev.cosign.simplesigning.v1+json"
    bundle = "application/vnd.dev.sigstore.bundle.v0.3+json"

    def signed(repository):
        return manifest(repository, [layer])

    def about(repository, subject, layer_type, **more):
        return manifest(repository, [blob(b"words", layer_type)], b"{}", empty,
                        tag="s%d" % len(manifests), subject=subject, **more)

    subject = signed("signed")
    manifest("signed", [blob(b"words", cosign)], tag=subject["digest"].replace(":", "-") + ".sig")
    subject = signed("referred")
    referrers["referred"] = [
        about("referred", subject, bundle),
        about("referred", subject, bundle, annotations={
            "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"}),
        about("referred", subject, "text/x-words", artifactType="application/vnd.cncf.notary.signature"),
        about("referred", {**subject, "digest": digest(b"another")}, bundle)]
    subject = signed("fallback")
    put("fallback", json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {**about("fallback", subject, bundle), "artifactType": "application/x-mislabelled"}]}).encode(),
        INDEX, subject["digest"].replace(":", "-"))
    signed("denied")
    referrers["denied"] = None
    subject = put("signedgadget", *reversed(manifests["gadget", "1"]))
    manifests["signedgadget", gadget["digest"]] = manifests["gadget", gadget["digest"]]
    manifest("signedgadget", [blob(b"words", cosign)],
             tag=subject["digest"].replace(":", "-") + ".sig")
    manifest("signedgadget", [blob(b"words", cosign)], more=1,
             tag=gadget["digest"].replace(":", "-") + ".sig")
    manifest("wasm", [blob(b"\0asm", "application/wasm")], b"{}", "application/vnd.wasm.config.v0+json")
    manifest("strangelayer", [blob(b"words", "text/x-words")])


class Upload:
    def __init__(self):
        self.data = b""
        self.puts = self.patches = 0


uploads = {}  # number -> Upload
sent = {}  # (repository, digest) -> bytes
under_way = []  # uploads that are being read


class Uploads:
    """What a client pushes, into repositories whose names begin with "up"."""

    def upload(self, repository, what, query):
        if self.command == "POST":
            # Another repository of the registry may not be read: each refuses in its own way.
            refusal = {"upmount401": 401, "upmount403": 403, "upmount404": 404, "upmount405": 405}
            if "mount" in query and repository in refusal:
                status = refusal[repository]
                return self.answer(status, b"{}", **({"WWW_Authenticate": 'Basic realm="x"'}
                                                     if status == 401 else {}))
            if repository in ("upredirect", "upredirect308") and self.server.server_port == ports[0]:
                return self.moved(308 if repository == "upredirect308" else 307)
            number = str(self.count("uploads"))
            uploads[number] = Upload()
            return self.begun(repository, number, 202)
        number = what.split("/")[1]
        up = uploads.get(number)
        if not up or repository == "upforget" and up.puts and self.command == "GET":
            return self.answer(404, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"?"}]}')
        if self.command == "GET":
            return self.begun(repository, number, 204)
        length = int(self.headers.get("Content-Length", 0))
        up.puts += self.command == "PUT"
        up.patches += self.command == "PATCH"
        if repository == "upmoved" and self.command == "PUT" and self.server.server_port == ports[0]:
            self.rfile.read(length)
            up.puts -= 1
            return self.moved(307)
        if not self.takes(repository, up, length):
            return None
        if self.command == "PATCH":
            return self.begun(repository, number, {"uppatch204": 204, "uppatch201": 201}.get(repository, 202))
        want = query["digest"][0]
        if digest(up.data) != want:
            return self.answer(400, b'{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}')
        sent[repository, want] = up.data
        del uploads[number]
        return self.answer(self.stored(repository))

    def stored(self, repository):
        return {"upput200": 200, "upput202": 202, "upput204": 204}.get(repository, 201)

    def moved(self, status):
        self.answer(status, Location="http://127.0.0.1:%d%s" % (ports[1], self.path))

    def begun(self, repository, number, status):
        up = uploads[number]
        port = ports[1] if repository == "upelsewhere" else self.server.server_port
        end = len(up.data) - 1
        if repository == "uplies" and up.puts:
            end = 1 << 40
        extra = {"Range": "0-%d" % max(0, end)} if status == 204 or up.patches else {}
        if repository == "upminlength":
            extra["OCI_Chunk_Min_Length"] = str(12 << 20)
        self.answer(status, Location="http://127.0.0.1:%d/v2/%s/blobs/uploads/%s?s=%d" % (
            port, repository, number, len(up.data)), **extra)

    def takes(self, repository, up, length):
        """Whether the whole body was read; else the answer was given, or the line is cut."""
        given = self.headers.get("Content-Range", "-1-").split("-")[0]
        if self.command == "PATCH" and int(given or -1) != len(up.data):
            self.rfile.read(length)
            self.answer(416)
            return False
        if (repository == "upminlength" and self.command == "PATCH" and length < 12 << 20 and
                not up.data):
            self.rfile.read(length)
            self.answer(400, b'{"errors":[{"code":"SIZE_INVALID","message":"too small"}]}')
            return False
        if (repository in ("uplarge", "uppatch201", "uppatch204") and length > 9 << 20 or
                repository == "upminlength" and length > 14 << 20):
            self.close_connection = True
            self.answer(413, b"<html>too large")
            return False
        first = length > 4096 and self.count((repository, "long")) == 1
        cut = {"upcut": length // 3 + 1, "upforget": length // 2 * first,
               "uplies": length // 2 * first}.get(repository)
        if repository == "upnever" and length or cut and length > 4096:
            up.data += self.rfile.read(cut or 0)
            self.close_connection = True
            return False
        with lock:
            under_way.append(up)
            seen["parallel"] = max(seen.get("parallel", 0), len(under_way))
        data = self.rfile.read(length)
        if repository == "upparallel" and length:
            time.sleep(0.5)
        with lock:
            under_way.remove(up)
        if repository == "upbusy" and length and self.count("busy upload") == 1:
            self.answer(503, b"busy", Retry_After="1")
            return False
        up.data += data
        return True


class Handler(Uploads, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def count(self, what):
        with lock:
            seen[what] = seen.get(what, 0) + 1
            return seen[what]

    def endless(self, piece):
        self.send_response(200)
        self.send_header("Content-Type", MANIFEST)
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(1 << 14):
            self.wfile.write(piece)
        self.close_connection = True

    # --- who is asking -------------------------------------------------------------------------
    def challenge(self, repository):
        given = self.headers.get("Authorization", "")
        here = "http://%s" % self.headers["Host"]
        if repository == "loop":
            return 'Basic realm="x"'
        if repository == "badrealm":
            return 'Bearer realm="file:///etc/passwd"'
        if repository == "basic" and given != "Basic " + base64.b64encode(b"user:secret").decode():
            return 'Basic realm="x"'
        # Both ways, and the token server refuses everybody.
        if repository in ("basicbearer", "bearerbasic") and not given.startswith("Basic "):
            both = ['Bearer realm="%s/token/no",service="s"' % here, 'Basic realm="x"']
            return ", ".join(both[::1 if repository == "bearerbasic" else -1])
        # A public image, and a token server that takes no credentials as these.
        if repository == "expired" and given != "Bearer anonymous":
            return 'Bearer realm="%s/token/anonymous",service="s"' % here
        if repository == "relrealm" and given != "Bearer pull":
            return 'Bearer realm="/token",service="s"'
        # The scope is not that of the repository's address, or is more than that.
        named = {"scopename": "repository:prefix/scopename:pull",
                 "scopemore": "repository:scopemore:pull registry:region:*"}.get(repository)
        if named and given != "Bearer " + named.replace(" ", "|"):
            return 'Bearer realm="%s/token",service="s",scope="%s"' % (here, named)
        if repository == "upmounttoken" and given != "Bearer push":
            return 'Bearer realm="%s/token",service="s",scope="repository:upmounttoken:pull,push"' % here
        want = {"token": "pull", "identity": "id", "scope": "more"}.get(repository)
        if want and given != "Bearer " + want:
            error = ',error="insufficient_scope"' if given == "Bearer pull" else ""
            scope = "repository:scope:more" if error else "repository:%s:pull" % repository
            return 'Digest x=y, Bearer realm="%s/token",service="a b",scope="%s"%s' % (
                here, scope, error)
        return None

    def token(self, query):
        scope = query.get("scope", [""])[0]
        given = self.headers.get("Authorization", "")
        if self.command == "POST":
            body = urllib.parse.parse_qs(
                self.rfile.read(int(self.headers["Content-Length"])).decode())
            good = body["refresh_token"] == ["T"] and body["service"] == ["a b"]
            return self.answer(200 if good else 401, b'{"access_token":"id","expires_in":300}')
        if self.path.startswith("/token/no"):
            return self.answer(401, b"{}")
        if self.path.startswith("/token/anonymous"):
            if given:
                return self.answer(403, b'{"errors":[{"code":"DENIED","message":"denied"}]}')
            return self.answer(200, b'{"token":"anonymous"}')
        if scope.startswith("repository:token:") and not given.startswith("Basic "):
            return self.answer(401, b"who are you?\n")
        if "upmounttoken" in scope:
            # It grants all of a request or nothing.
            if len(query["scope"]) > 1:
                return self.answer(403, b'{"errors":[{"code":"DENIED","message":"no"}]}')
            return self.answer(200, b'{"token":"push"}')
        if "scopename" in scope or "scopemore" in scope:
            return self.answer(200, json.dumps({"token": "|".join(query["scope"])}).encode())
        word = "more" if scope == "repository:scope:more" else "pull"
        self.answer(200, json.dumps({"token": word}).encode())

    # --- what is asked for ---------------------------------------------------------------------
    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        with lock, open(os.path.join(folder, "requests"), "a") as log:
            log.write("%d %s %s %s auth=%s\n" % (
                self.server.server_port, self.command, self.path, self.headers.get("Range", "-"),
                self.headers.get("Authorization", "-").split(" ")[0]))
        if url.path.startswith("/token"):
            return self.token(urllib.parse.parse_qs(url.query))
        if url.path == "/parallel":
            return self.answer(200, str(seen.get("parallel", 0)).encode())
        parts = url.path.split("/")
        if len(parts) < 5 or parts[1] != "v2":
            return self.answer(200 if url.path == "/v2/" else 404)
        repository, kind, what = parts[2], parts[3], "/".join(parts[4:])
        challenge = self.challenge(repository)
        if challenge:
            return self.answer(401, WWW_Authenticate=challenge)
        if what.startswith("uploads/"):
            return self.upload(repository, what, urllib.parse.parse_qs(url.query))
        if kind == "manifests" and self.command == "PUT":
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if repository == "upmoved" and self.server.server_port == ports[0]:
                return self.moved(307)
            put(repository, body, self.headers["Content-Type"], what)
            return self.answer(self.stored(repository))
        if kind == "manifests":
            return self.manifest(repository, what)
        if kind == "referrers" and repository in referrers:
            found = referrers[repository]
            return self.answer(403 if found is None else 200, json.dumps({
                "schemaVersion": 2, "mediaType": INDEX, "manifests": found or []}).encode(),
                Content_Type=INDEX)
        if kind == "referrers":
            return self.answer(404, b"<html>no such page", Content_Type="text/html")
        if kind == "tags":
            return self.tags(repository, urllib.parse.parse_qs(url.query))
        return self.blob(repository, what)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET

    def tags(self, repository, query):
        if repository == "gone":
            return self.answer(200, b'{"tags":["a"]}', Link='<http://127.0.0.1:%d/x>; rel="next"'
                               % ports[1])
        if repository.startswith("tags"):
            return self.pages(repository, int(query.get("page", ["0"])[0]))
        if "last" in query:
            return self.answer(200, b'{"tags":["c"]}')
        self.answer(200, b'{"tags":["a","b"]}',
                    Link='</v2/%s/tags/list?last=b>; rel="next"' % repository)

    def pages(self, repository, page):
        path = "/v2/%s/tags/list" % repository
        after = "%s?page=%d" % (path, page + 1)
        before = '<%s?page=%d>; rel="prev"' % (path, page - 1)
        count, size = (120, 100) if repository == "tagsmany" else (3, 1)
        tags = ["t%05d" % i for i in range(page * size, (page + 1) * size)]
        links = {
            "tagsmany": ['<%s>; rel="next"' % after],
            "tagsboth": ['%s, <%s>; rel="next"' % (before, after)],
            "tagstwice": ['<%s>; rel="next"' % after, before],
            "tagsplain": ["<%s>; title=\"a, b; rel=prev\"; rel=next" % after],
            "tagsrelative": ['<list?page=%d>; rel="next last"' % (page + 1)],
            "tagsquery": ['<?page=%d>; REL="Next"' % (page + 1)],
            "tagsproxy": ['<https://%s%s>; rel="next"' % (self.headers["Host"], after)],
            "tagsself": ['<%s?page=1>; rel="next"' % path],
            "tagsodd": ['<%s>; rel="next"' % after],
        }[repository]
        if repository == "tagsodd" and page == 2:
            tags = ["good", "two\nlines", "\x1b[2J", "a/b", 7]
        if page + 1 == count and repository != "tagsself":
            links = [before] if "prev" in "".join(links) else []
        self.send_response(200)
        for link in links:
            self.send_header("Link", link)
        body = json.dumps({"tags": tags}).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def manifest(self, repository, what):
        if self.command == "HEAD" and repository.startswith("head"):
            return self.answer(int(repository[4:]))
        n = self.count((repository, "manifest"))
        if repository == "manifest":
            return self.endless(b" " * 65536)
        if repository == "redirects":
            return self.answer(302, Location=self.path)
        if repository == "file":
            return self.answer(302, Location="file:///etc/passwd")
        if repository == "headers":
            self.send_response(200)
            for i in range(5000):
                self.send_header("X-%d" % i, "y" * 60)
            return self.end_headers()
        if repository == "longheader":
            self.send_response(200)
            self.send_header("X-Long", "y" * 300000)
            return self.end_headers()
        if repository == "busy" and n == 1:
            return self.answer(429, Retry_After="1")
        if repository == "date" and n == 1:
            return self.answer(429, Retry_After=formatdate(time.time() + 2, usegmt=True))
        if repository == "never":
            return self.answer(429, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"later"}]}',
                               Retry_After="3600")
        if repository == "flaky" and n < 3:
            return self.answer(503, b"<html>\nover there\n")
        if repository == "forged":
            return self.answer(400, b'{"errors":[{"code":"A\\r\\nB",'
                                    b'"message":"C\\nbombus: pulled it"}]}')
        found = manifests.get((repository, what))
        if not found:
            return self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}')
        claimed = digest(b"other") if repository == "digest" else digest(found[1])
        shown = {"typejson": "application/json", "typetext": "text/plain; charset=utf-8",
                 "typeoctet": "application/octet-stream", "typenone": None,
                 "typeunknown": "application/json"}.get(repository, found[0])
        more = {"Content_Type": shown} if shown else {}
        self.answer(200, found[1], Docker_Content_Digest=claimed, **more)

    def blob(self, repository, what):
        data = sent.get((repository, what)) if repository.startswith("up") else blobs.get(what)
        if data is None:
            refusal = {"uphead400": 400, "uphead403": 403, "uphead405": 405}
            return self.answer(refusal.get(repository, 404))
        layer = len(data) > 100
        n = self.count((repository, what))
        if repository == "elsewhere" and self.server.server_port == ports[0]:
            return self.answer(307, Location="http://127.0.0.1:%d%s" % (ports[1], self.path))
        if repository == "wrong" and layer:
            data = data[:-1] + b"!"
        if repository == "short" and layer:
            data = data[:-1]
        if repository == "long" and layer:
            data += b"!"
        if repository == "endless" and layer:
            return self.endless(data[:65536])
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        if repository in ("norange", "tencut"):
            start = 0
        status, shown = (206, start) if start else (200, 0)
        if repository == "wrongrange" and start:
            shown = start - 1
        if start >= len(data):
            return self.answer(416)
        body = data[start:]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (shown, len(data) - 1, len(data)))
        if repository != "nolength":
            self.send_header("Content-Length", str(len(body)))
        cut = None
        if layer and repository in ("cut", "nolength") or repository == "large" and len(data) > 99999:
            cut = max(1, len(data) // 7 + 13 * n)
        if layer and repository in ("norange", "wrongrange") and n == 1:
            cut = 1000
        if layer and repository == "tencut":
            cut = len(body) - 10
        if cut is not None or repository == "nolength":
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])


fill()
servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
ports = [s.server_port for s in servers]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
with open(os.path.join(folder, "ports.new"), "w") as f:
    f.write("%d %d\n" % tuple(ports))
os.rename(os.path.join(folder, "ports.new"), os.path.join(folder, "ports"))
threading.Timer(300, os._exit, (0,)).start()
sys.stdin.read()
os._exit(0)
