#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds Debian's packages of the committed sources (of the sources as they are, outside of git) into
# a folder. lintian checks them where it is installed; an error or a warning fails:
#
#	debian/build.sh FOLDER
#
# debian/changelog is made from VERSION and the first section of CHANGELOG.md. DEBFULLNAME and DEBEMAIL
# replace the maintainer, DEB_BUILD_OPTIONS works as always.

set -eu
out=$(realpath -m "$1")
cd "$(dirname "$0")/.."
version=$(cat VERSION)
maintainer=$(sed -n 's/^Maintainer: //p' debian/control)
[ -z "${DEBEMAIL:-}" ] || maintainer="${DEBFULLNAME:-$DEBEMAIL} <$DEBEMAIL>"

rm -rf "$out"
mkdir -p "$out/bombus-$version"
if git rev-parse -q --verify HEAD >/dev/null 2>&1; then
	git archive HEAD | tar -x -C "$out/bombus-$version"
	: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
else
	tar -c --exclude=./build --exclude='./build-*' . | tar -x -C "$out/bombus-$version"
	: "${SOURCE_DATE_EPOCH:=$(stat -c %Y VERSION)}"
fi
cd "$out/bombus-$version"
sed -i "s/^Maintainer: .*/Maintainer: $maintainer/" debian/control
{
	printf 'bombus (%s) unstable; urgency=medium\n\n' "$version"
	# A list of the items, without the marks of Markdown.
	awk '/^## / { section++ } section == 1 && /^(- |  )/' CHANGELOG.md | tr -d '\140' | awk '
		function done() { if (text != "") print text; text = "" }
		{ item = /^- /; sub(/^(- | +)/, ""); if (item) { done(); text = "  *" }
		  for (i = 1; i <= NF; i++) {
			if (length(text) + 1 + length($i) > 78) { print text; text = "   " }
			text = text " " $i } }
		END { done() }'
	printf '\n -- %s  %s\n' "$maintainer" "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
} >debian/changelog
dpkg-buildpackage -us -uc -b
if command -v lintian >/dev/null; then
	lintian --fail-on error,warning --allow-root ../*.changes
else
	echo "lintian is not installed: the packages are not checked" >&2
fi
