#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A few of the faults that `make faults` tries: allocations and system calls that fail, one a run.
. "$(dirname "$0")/../support/lib.sh"
need python3
[ -e "$BUILD/tests/faults/fault.so" ] || skip_all "$BUILD/tests/faults/fault.so is not built"
bombus_there
! grep -q __asan_init "$BOMBUS" || skip_all 'sanitizers have an allocator of their own: make faults'
python3 "$TESTS/faults/faults.py" -s 1 open pull tag save
