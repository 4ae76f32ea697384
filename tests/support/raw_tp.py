#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""raw_tp.py PROGRAM ARGUMENT...: runs a loaded raw tracepoint program, by its id, once with these
arguments, as the tracepoint itself would."""
import ctypes
import platform
import struct
import sys

SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_TEST_RUN, PROG_GET_FD_BY_ID = 10, 13
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr.ljust(144, b"\0"))
    result = libc.syscall(SYS_BPF, command, buffer, 144)
    if result < 0:
        sys.exit(f"bpf({command}): errno {ctypes.get_errno()}")
    return result


program = bpf(PROG_GET_FD_BY_ID, struct.pack("=I", int(sys.argv[1])))
args = struct.pack(f"={len(sys.argv) - 2}Q", *map(int, sys.argv[2:]))
context = ctypes.create_string_buffer(args)
# prog_fd, retval, 4 for data, repeat, duration, ctx_size_in, ctx_size_out, ctx_in
bpf(PROG_TEST_RUN, struct.pack("=IIIIQQIIIIQ", program, 0, 0, 0, 0, 0, 0, 0, len(args), 0,
                               ctypes.addressof(context)))
