#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs unit tests under valgrind, and fails where it finds an error or memory that is lost. Those
# that measure time, start processes or need calls that valgrind does not know are left out by name.
#
#	tests/valgrind.sh [unit/LAYER/NAME...]

set -u
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}
[ $# -gt 0 ] || set -- unit/base/{arena,base64,err,figures,id_map,num,parse,strbuf,suggest,url,utf8,yaml} \
	unit/oci/{json,ref,tar} unit/read/{filter,hist,span,series} unit/load/{elf,layout,params,plan,strip}
status=0
for test in "$@"; do
	binary=$build/tests/$test
	[ -x "$binary" ] || continue
	if valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
		"$binary" >/tmp/valgrind.$$ 2>&1; then
		echo "ok    $test"
	else
		echo "FAIL  $test"
		grep -E '^==|FAILED' /tmp/valgrind.$$ | head -n 30
		status=1
	fi
done
rm -f /tmp/valgrind.$$
exit $status
