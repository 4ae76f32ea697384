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
# - no function with more than 60 lines;
# - each program of bpf-examples/ has a row in its index and a section in a page of docs/programs/,
#   and each program that these name exists.

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

# A row is "| [NAME](../docs/programs/PAGE.md#NAME) | ... |", in the last tables "| TOOL | `NAME` ... |".
index=bpf-examples/README.md
for file in bpf-examples/*.bpf.c; do
	name=${file##*/} name=${name%.bpf.c}
	page=$(sed -nE "s,^\| \[$name\]\(\.\./docs/programs/([a-z]+)\.md#$name\) \| .*,\1,p" $index)
	if [ "$(wc -w <<<"$page")" -ne 1 ]; then
		echo "$index: one row for $name is wanted: | [$name](../docs/programs/PAGE.md#$name) | ... |"
		failed=1
	elif ! grep -qx "## $name" "docs/programs/$page.md"; then
		echo "docs/programs/$page.md: no section \"## $name\""
		failed=1
	fi
done
named=$(
	sed -nE 's/^\| \[([^]]+)\].*/\1/p' $index
	# shellcheck disable=SC2016 # names in backquotes
	grep -E '^\| [a-z]' $index | grep -oE '`[a-z][a-z0-9_-]*`' | tr -d '`'
	sed -n 's/^## //p' docs/programs/*.md
)
while read -r name; do
	if [ ! -e "bpf-examples/$name.bpf.c" ]; then
		echo "$index or docs/programs/ names $name, which is not in bpf-examples/"
		failed=1
	fi
done < <(sort -u <<<"$named")
exit $failed
