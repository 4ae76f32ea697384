# SPDX-License-Identifier: Apache-2.0
"""
Connections of known number and kind, for tests/kernel/connections.sh.

    connections.py serve                 prints "ready"; port 7000 over TCP and UDP, IPv4 and IPv6
    connections.py make IPV4 IPV6        the client: a command a line on standard input:
        hold    opens 2 connections over IPv4, 1 over IPv6 and 1 connected UDP socket, and keeps them
        work    1000 connections of 100 bytes there and 250 back (600 over IPv4), of which 25 are
                reset by this end and 25 by the other; 100 refused; 30 UDP sockets (20 over IPv4)
                with 40 bytes each way
        drop    closes what `hold` opened
"""
import socket
import struct
import sys
import threading

PORT, NOBODY = 7000, 7001
LINGER = struct.pack("ii", 1, 0)


def exactly(s, n):
    got = b""
    while len(got) < n:
        part = s.recv(n - len(got))
        if not part:
            sys.exit("connections.py: the other end closed early")
        got += part
    return got


def answer(s):
    kind = s.recv(1)
    if kind in (b"e", b"r"):
        exactly(s, 99)
        s.sendall(b"x" * 250)
    if kind == b"r":
        s.recv(1)  # until the client has what was sent
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    else:
        try:
            s.recv(1)
        except ConnectionResetError:
            pass
    s.close()


def serve():
    tcp = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    tcp.bind(("::", PORT))
    tcp.listen(256)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.bind(("::", PORT))

    def echo():
        while True:
            data, peer = udp.recvfrom(2048)
            udp.sendto(data, peer)

    threading.Thread(target=echo, daemon=True).start()
    print("ready", flush=True)
    while True:
        s, _ = tcp.accept()
        threading.Thread(target=answer, args=(s,), daemon=True).start()


def connect(family, host):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.connect((host, PORT))
    return s


def one(family, host, end):
    s = connect(family, host)
    s.sendall((b"r" if end == "peer" else b"e") + b"y" * 99)
    exactly(s, 250)
    if end == "peer":
        s.sendall(b"z")
        try:
            s.recv(1)
        except ConnectionResetError:
            pass
    elif end == "self":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    s.close()


def work(hosts):
    for i in range(1000):
        family, host = hosts[i >= 600]
        one(family, host, "self" if i < 25 else "peer" if i < 50 else "fin")
    for i in range(100):
        family, host = hosts[i % 2]
        with socket.socket(family, socket.SOCK_STREAM) as s:
            if s.connect_ex((host, NOBODY)) == 0:
                sys.exit("connections.py: nobody listens there, and it connected")
    for i in range(30):
        family, host = hosts[i >= 20]
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.sendto(b"u" * 40, (host, PORT))
            s.recv(100)


def make(v4, v6):
    hosts = [(socket.AF_INET, v4), (socket.AF_INET6, v6)]
    held = []
    for line in sys.stdin:
        command = line.strip()
        if command == "hold":
            held = [connect(*hosts[0]), connect(*hosts[0]), connect(*hosts[1])]
            held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            held[-1].connect((v4, PORT))
        elif command == "work":
            work(hosts)
        elif command == "drop":
            for s in held:
                s.close()
        print(command, flush=True)


if sys.argv[1] == "serve":
    serve()
else:
    make(sys.argv[2], sys.argv[3])
