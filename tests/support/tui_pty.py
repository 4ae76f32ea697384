# SPDX-License-Identifier: Apache-2.0
"""The live table on a pseudo terminal that counts.

    tui_pty.py idle SECONDS COMMAND...    bytes written and processor time while nothing happens
    tui_pty.py busy SECONDS COMMAND...    the same while it has much to show; the first key goes to
                                          the table that is named by KEY in the environment
    tui_pty.py flood SECONDS COMMAND...   how long keys take to be answered: the slowest, and the slowest
                                          of the quicker nine tenths; KEY as above, ANSWER is a column
                                          of its table
    tui_pty.py slow SECONDS COMMAND...    behind a link that takes whatever is written and shows 2 kB/s:
                                          how long keys and quitting take to be answered

Prints one JSON object; what the command says on standard error is passed on.
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

mode, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
errors = os.dup(2)
pid, master = pty.fork()
if pid == 0:
    os.dup2(errors, 2)
    os.environ["TERM"] = "xterm-256color"
    os.execvp(command[0], command)
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))


def read_for(duration, until=None):
    """Bytes that came within this time, or until these are among them."""
    got, end = b"", time.monotonic() + duration
    while (left := end - time.monotonic()) > 0:
        if select.select([master], [], [], left)[0]:
            try:
                got += os.read(master, 65536)
            except OSError:
                break
            if until and until in got:
                break
    return got


class Link:
    """Takes everything at once, and shows so many bytes a second; the terminal at its end answers."""

    def __init__(self, bytes_per_s):
        self.per_s, self.waiting, self.shown = bytes_per_s, b"", b""
        self.time, self.over = time.monotonic(), False

    def step(self):
        now = time.monotonic()
        can = int((now - self.time) * self.per_s)
        if select.select([master], [], [], 0.01)[0] and not self.over:
            try:
                self.waiting += os.read(master, 65536)
            except OSError:
                self.over = True
        if not can:
            return
        self.time = now
        seen = len(self.shown)
        self.shown, self.waiting = self.shown + self.waiting[:can], self.waiting[can:]
        for _ in range(self.shown.count(b"\x1b[5n", max(0, seen - 3))):
            if not self.over:
                os.write(master, b"\x1b[0n")

    def until(self, text, seconds):
        """Milliseconds until this is shown."""
        start, seen = time.monotonic(), len(self.shown)
        while text not in self.shown[seen:]:
            if time.monotonic() - start > seconds:
                sys.exit(f"{text!r} is not shown within {seconds} s")
            self.step()
        return round((time.monotonic() - start) * 1000)


def cpu_ms():
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


result = {}
if mode == "slow":
    link = Link(2000)
    link.until(b"LIVE", 20)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        link.step()
    os.write(master, b"?")
    result["key_ms"] = link.until(b"choose a column", 60)
    os.write(master, b"\x1b")
    os.write(master, b"q")
    result["quit_ms"] = link.until(b"\x1b[?1049l", 60)
    while not link.over:
        link.step()
    result["left_to_show"] = len(link.waiting)
    os.waitpid(pid, 0)
    print(json.dumps(result))
    sys.exit()
before = read_for(20, b"LIVE")
if mode in ("idle", "busy"):
    os.write(master, os.environ.get("KEY", "").encode())
    before += read_for(4)
    cpu = cpu_ms()
    got = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got += read_for(0.01)
    used = cpu_ms() - cpu
    result = {
        "bytes": len(got),
        "bytes_per_s": round(len(got) / seconds),
        # Each ends where the cursor is put to rest.
        "frames_per_s": round(got.count(b"\x1b[H") / seconds, 1),
        "cpu_ms": used,
        "cpu_percent": round(used / seconds / 10, 2),
        "before_bytes": len(before),
    }
else:
    os.write(master, os.environ.get("KEY", "").encode())
    header = os.environ.get("ANSWER", "TEXT").encode()
    read_for(2 if "KEY" in os.environ else 0)
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        for key, answer in ((b"?", b"choose a column"), (b"?", header)):
            start = time.monotonic()
            os.write(master, key)
            if answer not in read_for(5, answer):
                sys.exit(f"no answer to {key!r}")
            times.append(round((time.monotonic() - start) * 1000))
        read_for(0.1)
    times.sort()
    result = {"keys": len(times), "most_ms": times[len(times) * 9 // 10], "worst_ms": times[-1]}
os.write(master, b"q")
while read_for(0.5):
    pass
os.waitpid(pid, 0)
print(json.dumps(result))
