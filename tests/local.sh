#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The network sidecar on this machine: generates connections of every kind between two network
# namespaces of its own, and compares every metric with what was generated. Needs root; takes half a
# minute.
#
#	sudo tests/local.sh

cd "$(dirname "$0")/.." || exit 1
[ "$(id -u)" -eq 0 ] || {
	echo "tests/local.sh: loading programs into the kernel needs root: sudo tests/local.sh" >&2
	exit 1
}
make all examples >/dev/null || exit 1
echo '1003 TCP connections (half of 50 resets by either end), 31 of UDP, IPv4 and IPv6, 100 refused'
tests/kernel/connections.sh | sed -u 's/^ok [0-9]* - /  ok      /; s/^not ok [0-9]* - /  MISSED  /; /^1\.\./d'
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] && echo 'every metric has the value that was generated'
exit "$status"
