#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A proxy for whose clients every host is this machine.

    proxy.py FOLDER

Serves on a free port of loopback, which it writes to FOLDER/port. Each request becomes a line of
FOLDER/requests: its method and where it goes. It ends after two minutes.
"""
import os
import socket
import sys
import threading

folder = sys.argv[1]


def pump(source, target):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(4096)
        if not data:
            return
        head += data
    method, where, rest = head.split(b" ", 2)
    with open(os.path.join(folder, "requests"), "a") as log:
        log.write("%s %s\n" % (method.decode(), where.decode()))
    tunnel = method == b"CONNECT"
    host, _, path = where.partition(b"/") if tunnel else where[len(b"http://"):].partition(b"/")
    server = socket.create_connection(("127.0.0.1", int(host.rpartition(b":")[2])))
    if tunnel:
        client.sendall(b"HTTP/1.1 200 go on\r\n\r\n")
    else:
        # One request a connection: what comes next could be for somebody else.
        rest = rest.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        server.sendall(method + b" /" + path + b" " + rest)
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    pump(server, client)


listener = socket.create_server(("127.0.0.1", 0))
threading.Timer(120, os._exit, (0,)).start()
with open(os.path.join(folder, "port.new"), "w") as f:
    f.write("%d\n" % listener.getsockname()[1])
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
