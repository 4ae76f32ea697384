#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A DogStatsD server of the tests' own.

    dogstatsd.py udp PORT OUT           every packet's lines, one a line, to the file OUT
    dogstatsd.py unixgram PATH OUT
    dogstatsd.py unixstream PATH OUT
    dogstatsd.py compare LINES METRICS  sums the lines up and compares with a scrape's ebpf_*
"""
import os
import re
import socket
import struct
import sys

LINE = re.compile(r'^([A-Za-z][A-Za-z0-9_.]*):([^|:]+)\|(c|g|d|h)(?:\|@([0-9.e+-]+))?'
                  r'(?:\|#([^|]*))?(?:\|c:([0-9a-f]+))?(?:\|T([0-9]+))?$')


def write(out, packet, limit):
    assert len(packet) <= limit, len(packet)
    out.write(packet + b'\n')
    out.flush()


def serve(kind, address, path):
    with open(path, 'ab') as out:
        if kind == 'udp':
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            server.bind(('127.0.0.1', int(address)))
        else:
            stream = kind == 'unixstream'
            server = socket.socket(socket.AF_UNIX,
                                   socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
            server.bind(address)
        open(path + '.ready', 'w').close()
        if kind != 'unixstream':
            while True:
                write(out, server.recv(65536), 1432 if kind == 'udp' else 8192)
        server.listen()
        while True:
            client = server.accept()[0].makefile('rb')
            while True:
                head = client.read(4)
                if len(head) < 4:
                    break
                write(out, client.read(struct.unpack('<I', head)[0]), 8192)


def tags_of(text):
    return frozenset(tag.partition(':')[::2] for tag in text.split(',')) if text else frozenset()


def summed(path):
    """(name, tags) -> value; of distributions a dict of value -> count."""
    sums, spread = {}, {}
    for line in open(path, encoding='utf-8').read().splitlines():
        m = LINE.match(line)
        assert m, line
        name, value, kind, rate, tags = m[1], float(m[2]), m[3], float(m[4] or 1), tags_of(m[5])
        if kind == 'c':
            sums[name, tags] = sums.get((name, tags), 0) + value
        elif kind == 'g':
            sums[name, tags] = value
        else:
            counts = spread.setdefault((name, tags), {})
            counts[value] = counts.get(value, 0) + int(1 / rate)
    return sums, spread


def near(a, b):
    return a == b or abs(a - b) <= 1e-12 * abs(b)


def compare(lines, metrics):
    sums, spread = summed(lines)
    compared = 0
    faults = []
    for line in open(metrics, encoding='utf-8'):
        m = re.match(r'^(ebpf_[a-z0-9_]+)(?:\{(.*)\})? (\S+)$', line)
        if not m:
            continue
        name, want = m[1], float(m[3])
        labels = dict(re.findall(r'([a-z0-9_]+)="([^"]*)"', m[2] or ''))
        le = labels.pop('le', None)
        tags = frozenset((k, v) for k, v in labels.items() if v)
        base = re.sub('_(bucket|sum|count)$', '', name)
        if le is not None:
            got = sum(n for v, n in spread.get((base, tags), {}).items() if v <= float(le))
        elif name.endswith('_count') and (base, tags) in spread:
            got = sum(spread[base, tags].values())
        elif name.endswith('_sum') and (base, tags) in spread:
            got = sums.get((base + '.total', tags), 0)
        else:
            got = sums.get((name, tags), 0)
        compared += 1
        if not near(got, want):
            faults.append(f'{line.strip()}: got {got}')
    print('\n'.join(faults[:10]) if faults else f'{compared} equal')


if __name__ == '__main__':
    if sys.argv[1] == 'compare':
        compare(*sys.argv[2:])
    else:
        if sys.argv[1] != 'udp' and os.path.exists(sys.argv[2]):
            os.unlink(sys.argv[2])
        serve(*sys.argv[1:])
