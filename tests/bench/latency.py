#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The part of a TCP request's time that a program adds.

    latency.py BENCH_NET CYCLES COMMAND...  the command is started and ended over and over beside
                                            one loop of requests, so that what else the machine
                                            does falls on both alike. Prints the medians without
                                            and with it in ns, and their ratio.
"""
import bisect
import signal
import statistics
import subprocess
import sys
import time

SLICE_S = 0.6


def cycle(command):
    """Monotonic times, in ns, of slices without and with the command."""
    begin = time.monotonic_ns()
    time.sleep(SLICE_S)
    middle = time.monotonic_ns()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    for line in process.stderr:
        if b'attached' in line:
            break
    else:
        sys.exit('it does not attach')
    attached = time.monotonic_ns()
    time.sleep(SLICE_S)
    end = time.monotonic_ns()
    process.send_signal(signal.SIGINT)
    process.communicate()
    return (begin, middle), (attached, end)


def main():
    bench, cycles, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    loop = subprocess.Popen([bench, 'latency'], stdout=subprocess.PIPE, text=True)
    slices = [cycle(command) for _ in range(cycles)]
    loop.terminate()
    windows = [tuple(map(int, line.split())) for line in loop.communicate()[0].splitlines()
               if line.count(' ') == 1]
    ends = [end for end, _ in windows]

    def median(begin, end):
        # A window that began before the slice is of neither.
        inside = windows[bisect.bisect(ends, begin) + 1:bisect.bisect(ends, end)]
        return statistics.median(value for _, value in inside) if inside else None

    pairs = [(median(*without), median(*attached)) for without, attached in slices]
    pairs = [pair for pair in pairs if None not in pair]
    print(round(statistics.median(a for a, _ in pairs)), round(statistics.median(b for _, b in pairs)),
          round(statistics.median(b / a for a, b in pairs), 4))


main()
