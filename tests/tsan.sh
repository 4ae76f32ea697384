#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs tests with a program that was built with the thread sanitizer, one after the other, and fails
# where it reports something or a test fails.
#
#	tests/tsan.sh BOMBUS [TEST...]

set -u
cd "$(dirname "$0")/.." || exit 1
export BOMBUS=${1:?the program}
shift
[ $# -gt 0 ] || set -- kernel/several kernel/agent kernel/agent_loader kernel/metrics_own kernel/dogstatsd \
	kernel/privileges
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
# Also for a process that is nobody by then.
chmod 1777 "$reports"
export TSAN_OPTIONS="log_path=$reports/report:exitcode=66"
status=0
for test in "$@"; do
	if bash "tests/$test.sh" >"$reports/out" 2>&1; then
		echo "ok    $test"
	else
		echo "FAIL  $test"
		grep -v '^ok' "$reports/out" | head -n 20
		status=1
	fi
done
for report in "$reports"/report.*; do
	[ -e "$report" ] || continue
	cat "$report"
	status=1
done
exit $status
