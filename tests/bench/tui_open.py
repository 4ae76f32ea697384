#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The live table of a map with 100,000 keys, as seen by its terminal: tui_open.py BOMBUS OBJECT.

Prints as JSON, in milliseconds: from when the first sweep was due until rows are there, and from a
key until its answer: sorting, filtering by text, and no filter any more.
"""
import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

INTERVAL = 3  # seconds: what comes before the first sweep is over by then

bombus, program = sys.argv[1:]
args = [bombus, "run", program, "--set", "target_pid=%d" % os.getpid(), "--set", "keys=100000",
        "--max-series", "200000", "--interval", "%ds" % INTERVAL, "-o", "tui", "--duration", "20s"]
child, fd = pty.fork()
if child == 0:
    os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
    os.execv(bombus, args)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))


def read_for(seconds):
    """What comes, each piece with its time."""
    got = []
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            return got
        got.append((os.read(fd, 65536), time.monotonic()))


def answer_ms(key):
    """Until the last piece of the answer; what comes after a pause is the next sweep's."""
    before = last = time.monotonic()
    os.write(fd, key)
    for i, (_, at) in enumerate(read_for(0.5)):
        if i and at - last > 0.06:
            break
        last = at
    return (last - before) * 1000


begun = next(at for piece, at in read_for(0.6) if b"\x1b[?1049h" in piece)
os.write(fd, b"3")  # the tab of this map
read_for(0.3)
os.getppid()  # a round: all keys
shown = next(at for piece, at in read_for(INTERVAL + 0.5) if b"100,000" in piece)
figures = {"first_ms": (shown - begun - INTERVAL) * 1000, "sort_ms": answer_ms(b"s"),
           "again_ms": answer_ms(b"s")}
os.write(fd, b"/")
read_for(0.3)
figures["filter_ms"] = answer_ms(b"9")
figures["keep_ms"] = answer_ms(b"\r")
figures["all_ms"] = answer_ms(b"\x1b")
os.write(fd, b"q")
try:
    read_for(0.5)
except OSError:
    pass  # it has left
os.waitpid(child, 0)
print(json.dumps({name: round(value) for name, value in figures.items()}))
