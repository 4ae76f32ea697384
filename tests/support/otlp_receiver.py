#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A receiver of OTLP that decodes with google's generated code, and misbehaves when it is told to.

    otlp_receiver.py FOLDER [HTTP_PORT]

Serves on loopback: HTTP and gRPC, and both once more with TLS where FOLDER/server.pem (certificate
and key) is there; clients have to show a certificate of FOLDER/ca.pem then. The ports stand in
FOLDER/ports when it is ready: "http grpc https grpcs" (0: not served).

FOLDER/mode says how it behaves, and is read for each request:

    ok              takes everything
    status N [X]    answers with HTTP status N (or gRPC's N) and Retry-After X seconds
    date N S        status N, Retry-After the HTTP date in S seconds
    partial N       takes the request but says that N items were rejected
    cut             ends the connection without an answer
    silent          does not answer
    slow MS         answers after so many milliseconds
    limit N         refuses requests of more than N bytes: 413, or gRPC's RESOURCE_EXHAUSTED
    moved           answers 308 with a path below /moved, where it takes everything

Every request becomes a line of FOLDER/requests.jsonl: signal, transport, type, gzip, headers,
answer, items, and the decoded message, ids in hex. With FOLDER/brief there is no message but
"seqs": the attribute `seq` of each span or log record, so that a load can be followed.

It ends with its standard input, and after five minutes in any case.
"""
import base64
import gzip
import json
import os
import socket
import ssl
import sys
import threading
import time
from concurrent import futures
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

folder = sys.argv[1]
lock = threading.Lock()
SIGNALS = {
    "traces": (trace_service_pb2.ExportTraceServiceRequest,
               trace_service_pb2.ExportTraceServiceResponse, "rejected_spans"),
    "metrics": (metrics_service_pb2.ExportMetricsServiceRequest,
                metrics_service_pb2.ExportMetricsServiceResponse, "rejected_data_points"),
    "logs": (logs_service_pb2.ExportLogsServiceRequest,
             logs_service_pb2.ExportLogsServiceResponse, "rejected_log_records"),
}
ID_NAMES = ("traceId", "spanId", "parentSpanId")


def mode():
    try:
        with open(os.path.join(folder, "mode")) as f:
            return f.read().split() or ["ok"]
    except FileNotFoundError:
        return ["ok"]


def change_ids(value, change):
    if isinstance(value, list):
        return [change_ids(v, change) for v in value]
    if not isinstance(value, dict):
        return value
    return {k: change(v) if k in ID_NAMES else change_ids(v, change) for k, v in value.items()}


def to_hex(text):
    return base64.b64decode(text).hex()


def from_hex(text):
    if text != text.lower():
        raise ValueError("ids are lower case")
    return base64.b64encode(bytes.fromhex(text)).decode()


def from_json(body, request):
    """OTLP's JSON is protobuf's but for the ids. Unknown names are errors."""
    return json_format.ParseDict(change_ids(json.loads(body), from_hex), request())


def items_of(signal, message):
    if signal == "traces":
        return [s for r in message.resource_spans for c in r.scope_spans for s in c.spans]
    if signal == "logs":
        return [s for r in message.resource_logs for c in r.scope_logs for s in c.log_records]
    points = []
    for r in message.resource_metrics:
        for c in r.scope_metrics:
            for m in c.metrics:
                points += getattr(m, m.WhichOneof("data")).data_points
    return points


def check(message):
    """What no exporter may send: an envelope without content."""
    groups = message.ListFields()
    if not groups or not groups[0][1]:
        raise ValueError("an empty request")
    for resource in groups[0][1]:
        scopes = [v for f, v in resource.ListFields() if f.name.startswith("scope_")]
        if not scopes or not scopes[0]:
            raise ValueError("a resource without scopes")
        for scope in scopes[0]:
            if not [v for f, v in scope.ListFields()
                    if f.name in ("spans", "metrics", "log_records") and v]:
                raise ValueError("a scope without items")


def record(signal, transport, message, answer, **more):
    check(message)
    items = items_of(signal, message)
    line = {"signal": signal, "transport": transport, "answer": answer, "items": len(items),
            "time": time.time(), **more}
    if os.path.exists(os.path.join(folder, "brief")):
        line["seqs"] = [a.value.int_value for i in items for a in i.attributes if a.key == "seq"]
    else:
        line["message"] = change_ids(json_format.MessageToDict(message), to_hex)
    with lock, open(os.path.join(folder, "requests.jsonl"), "a") as f:
        f.write(json.dumps(line) + "\n")


def reply_of(signal, rejected=0):
    reply = SIGNALS[signal][1]()
    if rejected:
        setattr(reply.partial_success, SIGNALS[signal][2], rejected)
        reply.partial_success.error_message = "some were not wanted"
    return reply


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def misbehave(self, how, size):
        """True: there was an answer, or there will be none."""
        if how[0] in ("status", "date"):
            headers = {}
            if how[0] == "date":
                headers["Retry_After"] = formatdate(time.time() + float(how[2]), usegmt=True)
            elif len(how) > 2:
                headers["Retry_After"] = how[2]
            self.answer(int(how[1]), b"\x12\x0btold to fail", Content_Type=self.type, **headers)
        elif how[0] == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif how[0] == "silent":
            while mode()[0] == "silent":
                time.sleep(0.1)
            self.close_connection = True
        elif how[0] == "slow":
            time.sleep(int(how[1]) / 1000)
            return False
        elif how[0] == "limit" and size > int(how[1]):
            self.answer(413, b"", Content_Type=self.type)
        elif how[0] == "moved" and not self.path.startswith("/moved"):
            self.answer(308, b"", Location="/moved" + self.path)
        else:
            return False
        return True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signal = self.path.rsplit("/", 1)[-1]
        self.type = self.headers["Content-Type"]
        packed = self.headers.get("Content-Encoding") == "gzip"
        how = mode()
        more = {"path": self.path, "type": self.type, "gzip": packed, "bytes": len(body),
                "headers": {k.lower(): v for k, v in self.headers.items()}}
        if packed:
            body = gzip.decompress(body)
        request = SIGNALS[signal][0]
        if self.type == "application/json":
            message = from_json(body, request)
        else:
            message = request.FromString(body)
        if self.misbehave(how, more["bytes"]):
            record(signal, "http", message, " ".join(how), **more)
            return
        reply = reply_of(signal, int(how[1]) if how[0] == "partial" else 0)
        record(signal, "http", message, "ok", **more)
        if self.type == "application/json":
            text = json_format.MessageToJson(reply).encode()
        else:
            text = reply.SerializeToString()
        self.answer(200, text, Content_Type=self.type)


def retry_info(seconds):
    """google.rpc.Status with google.rpc.RetryInfo, written by hand: no generated code has them."""
    duration = b"\x08" + bytes([seconds])
    info = b"\x0a" + bytes([len(duration)]) + duration
    url = b"type.googleapis.com/google.rpc.RetryInfo"
    any_ = b"\x0a" + bytes([len(url)]) + url + b"\x12" + bytes([len(info)]) + info
    return b"\x08\x08\x12\x04wait\x1a" + bytes([len(any_)]) + any_


def serve_grpc(signal, request, context):
    how = mode()
    headers = {k: v for k, v in context.invocation_metadata() if isinstance(v, str)}
    more = {"type": "grpc", "headers": headers}
    if how[0] == "status":
        record(signal, "grpc", request, " ".join(how), **more)
        if len(how) > 2:
            context.set_trailing_metadata((("grpc-status-details-bin", retry_info(int(how[2]))),))
        context.abort(next(c for c in grpc.StatusCode if c.value[0] == int(how[1])), "told to")
    if how[0] == "limit" and request.ByteSize() > int(how[1]):
        record(signal, "grpc", request, " ".join(how), **more)
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED,
                      "grpc: received message larger than max (%d vs. %s)" %
                      (request.ByteSize(), how[1]))
    if how[0] == "slow":
        time.sleep(int(how[1]) / 1000)
    record(signal, "grpc", request, "ok", **more)
    return reply_of(signal, int(how[1]) if how[0] == "partial" else 0)


def grpc_server(credentials):
    server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
    for signal, adder, base in (
            ("traces", trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
             trace_service_pb2_grpc.TraceServiceServicer),
            ("metrics", metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
             metrics_service_pb2_grpc.MetricsServiceServicer),
            ("logs", logs_service_pb2_grpc.add_LogsServiceServicer_to_server,
             logs_service_pb2_grpc.LogsServiceServicer)):
        class Servicer(base):
            name = signal

            def Export(self, request, context):
                return serve_grpc(self.name, request, context)
        adder(Servicer(), server)
    if credentials:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        with open(os.path.join(folder, "errors"), "a") as f:
            f.write("%s\n" % repr(sys.exc_info()[1]))


def http_server(port, context):
    server = Server(("127.0.0.1", port), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    pem, ca = os.path.join(folder, "server.pem"), os.path.join(folder, "ca.pem")
    http = http_server(int(sys.argv[2]) if len(sys.argv) > 2 else 0, None)
    plain, grpc_port = grpc_server(None)
    https = grpcs = 0
    if os.path.exists(pem):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
        https = http_server(0, context)
        text = open(pem, "rb").read()
        secure, grpcs = grpc_server(grpc.ssl_server_credentials(
            [(text, text)], root_certificates=open(ca, "rb").read(), require_client_auth=True))
    temporary = os.path.join(folder, "ports.tmp")
    with open(temporary, "w") as f:
        f.write("%d %d %d %d\n" % (http, grpc_port, https, grpcs))
    os.rename(temporary, os.path.join(folder, "ports"))
    threading.Timer(300, lambda: os._exit(1)).start()
    sys.stdin.read()
    os._exit(0)


main()
