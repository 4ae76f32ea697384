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
# unit/read/filter and relabel run code that PCRE2 makes, which valgrind takes for reading what was
# not written.
[ $# -gt 0 ] || set -- unit/base/{figures,id_map,loop,new_file,parse,proto,text,util,yaml} \
	unit/oci/{image,layers,manifest,vectors} unit/load/{elf,layout,params,plan,strip} \
	unit/read/{decode,decoding,histogram,metric,naming,ring,series,span}
status=0
for test in "$@"; do
	binary=$build/tests/$test
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
