#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What keeps the rooms apart, measured on the object files of a build:
#
#	tests/house.sh BUILD
#
# - no circle between object files: an arrow from A to B stands for a symbol that B defines and A
#   uses, and the arrows of all files have an order (tsort);
# - no folder with more than 30 modules (a .c file with its header);
# - no function with more than 60 lines.

set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:?the folder of the build}
failed=0

objects=$(find "$build" -name '*.o' -not -path "$build/tests/*" -not -path "$build/demos/*" | sort)
circles=$(
	# shellcheck disable=SC2086 # one word a file
	nm -A $objects | sed "s|^$build/||" | awk '
	{ file = $1; sub(/\.o:.*/, "", file); type = $(NF - 1); name = $NF }
	type ~ /^[TDBRVWC]$/ { home[name] = file }
	type == "U" { uses[file, name] = 1 }
	END {
		for (use in uses) {
			split(use, part, SUBSEP)
			if ((part[2] in home) && home[part[2]] != part[1])
				print part[1], home[part[2]]
		}
	}' | sort -u | tsort 2>&1 >/dev/null | sed -n 's/^tsort: //p' | grep -v 'contains a loop'
)
if [ -n "$circles" ]; then
	echo "circles between these object files:"
	printf '  %s\n' "${circles//$'\n'/$'\n'  }"
	failed=1
fi

while read -r dir; do
	count=$(find "$dir" -maxdepth 1 -name '*.[ch]' | sed 's/\.[ch]$//' | sort -u | wc -l)
	if [ "$count" -gt 30 ]; then
		echo "$dir has $count modules; 30 are the limit"
		failed=1
	fi
done < <(find base cmd oci runner trace -type d)

long=$(find base cmd oci runner trace -name '*.c' -exec awk '
	/^{$/ { start = FNR }
	/^}/ && start {
		if (FNR - start > 60)
			printf "%s:%d: a function of %d lines; 60 are the limit\n", FILENAME, start, FNR - start
		start = 0
	}' {} +)
if [ -n "$long" ]; then
	echo "$long"
	failed=1
fi
exit $failed
