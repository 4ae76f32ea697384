# SPDX-License-Identifier: Apache-2.0
"""Opens FILE COUNT times, PAUSE seconds apart, once a line comes on standard input."""
import sys
import time

file, count, pause = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for i in range(count):
    open(file).close()
    time.sleep(pause)
