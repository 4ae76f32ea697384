#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls getppid() as told, which is one round for the programs of tests/bpf.

    rounds.py paced COUNT SECONDS_BETWEEN	COUNT rounds, so far apart
    rounds.py names				a round under each of several names of the thread

Prints its process id, and begins when a line comes in."""
import os
import sys
import time

NAMES = [b"plain", b"sp ace", b'q"uote', b"back\\slash", b"\\x1b", b"\x1b[31m", b"new\nline",
         b"\xff\xfe", b"caf\xc3\xa9", b"{a=\"b\"}", b"\\n", b"#", b" "]

print(os.getpid(), flush=True)
sys.stdin.readline()
if sys.argv[1] == "paced":
    start = time.monotonic()
    for n in range(int(sys.argv[2])):
        os.getppid()
        late = start + (n + 1) * float(sys.argv[3]) - time.monotonic()
        if late > 0:
            time.sleep(late)
else:
    for name in NAMES:
        with open("/proc/self/comm", "wb") as comm:
            comm.write(name)
        os.getppid()
    print(len(NAMES), flush=True)
