#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Writes the manual pages into a folder:
#
#	docs/man/make.sh BOMBUS FOLDER
#
# Pages of section 1 and the keys of bombus-agent.yaml(5) come from the tables of the program, the
# rest from the documents of spec/. Their date is SOURCE_DATE_EPOCH, else the commit's, else that of
# the file VERSION.

set -eu
bombus=$1
dir=$2
top=$(cd "$(dirname "$0")/../.." && pwd)
version=$(cat "$top/VERSION")
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || stat -c %Y "$top/VERSION")}
date=$(LC_ALL=C date -u -d "@$epoch" '+%B %-d, %Y')

# page NAME SECTION COMMAND...: what the command prints, behind the date.
page() {
	name=$1
	section=$2
	shift 2
	mkdir -p "$dir/man$section"
	{
		echo ".Dd $date"
		"$@"
	} >"$dir/man$section/$name.$section"
}

# spec NAME SECTION DOCUMENT SUMMARY
spec() {
	awk -v name="$1" -v section="$2" -v version="$version" -v summary="$4" \
		-f "$top/docs/man/spec.awk" "$top/spec/$3.md"
	[ "$3" != agent ] || "$bombus" help --man agent.yaml
	printf '.Sh SEE ALSO\n.Xr bombus 1\n'
}

rm -rf "$dir"
page bombus 1 "$bombus" help --man
for command in $("$bombus" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\).*/\1/p'); do
	page "bombus-$command" 1 "$bombus" help --man "$command"
done
page bombus-agent.yaml 5 spec bombus-agent.yaml 5 agent 'configuration of bombus agent'
page bombus-image 5 spec bombus-image 5 image 'the image format of bombus, signatures and the store'
page bombus-maps 7 spec bombus-maps 7 maps "how the types of an eBPF program become output"
