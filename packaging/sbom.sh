#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Lists the linked libraries and the installed files as SPDX 2.3 in JSON, on standard output:
#
#	packaging/sbom.sh ROOT > bombus.spdx.json
#
# ROOT is the folder of `make install DESTDIR=ROOT`. Libraries are described by the package that has
# them on this machine (dpkg, rpm); those that bombus opens when it needs them are runtime
# dependencies. The time is SOURCE_DATE_EPOCH, else the commit's, else that of the file VERSION.

set -eu
root=$(realpath "$1")
top=$(cd "$(dirname "$0")/.." && pwd)
version=$(cat "$top/VERSION")
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || stat -c %Y "$top/VERSION")}
bombus=$(find "$root" -path '*/bin/bombus' -type f | head -n 1)
[ -x "$bombus" ] || { echo "sbom.sh: no bin/bombus in $root" >&2; exit 1; }

# owner FILE: "PACKAGE<tab>VERSION<tab>TYPE" of the package that has it.
owner() {
	local package

	if package=$(dpkg -S "$1" 2>/dev/null || dpkg -S "$(realpath "$1")" 2>/dev/null); then
		package=${package%%: *}
		package=${package%%,*}
		dpkg-query -W -f '${Package}\t${Version}\tdeb\n' "$package"
	elif command -v rpm >/dev/null && rpm -qf "$1" >/dev/null 2>&1; then
		rpm -qf --qf '%{NAME}\t%{VERSION}-%{RELEASE}\trpm\n' "$1"
	else
		printf '%s\t%s\t\n' "$(basename "$1")" NOASSERTION
	fi
}

# "RELATION<tab>LIBRARY<tab>PACKAGE<tab>VERSION<tab>TYPE"
libraries() {
	local path name

	while read -r path; do
		printf 'DYNAMIC_LINK\t%s\t%s\n' "$(basename "$path")" "$(owner "$path")"
	done < <(ldd "$bombus" | grep -oE '(=> )?/[^ ]+' | sed 's/^=> //')
	while read -r name; do
		path=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk -v n="$name" '$1 == n { print $NF; exit }')
		[ -z "$path" ] || printf 'RUNTIME_DEPENDENCY_OF\t%s\t%s\n' "$name" "$(owner "$path")"
	done < <(sed -n '/dynlib_names\[\] = {/,/^};/p' "$top/base/dynlib.c" | grep -o '"[^"]*"' | tr -d '"')
}

# "SHA256  SHA1  PATH"
files() {
	(cd "$root" && find . -type f | sort | while read -r path; do
		printf '%s  %s\n' "$(sha256sum <"$path" | cut -c1-64)" "$(sha1sum "$path")"
	done)
}

files=$(files)
# What SPDX calls the verification code: of the sorted SHA-1 of all files.
code=$(cut -c67-106 <<<"$files" | sort | tr -d '\n' | sha1sum | cut -c1-40)
jq -n -S --arg version "$version" --arg created "$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" \
	--arg sum "$(sha256sum <<<"$files" | cut -c1-64)" --arg files "$files" --arg code "$code" \
	--arg libraries "$(libraries | sort -u)" '
	def id: "SPDXRef-" + gsub("[^A-Za-z0-9.-]"; "-");
	($libraries | split("\n") | map(select(. != "") | split("\t") |
		{relation: .[0], library: .[1], name: .[2], version: .[3], type: .[4]})) as $libs |
	($files | split("\n") | map(select(. != "") | {sha256: .[0:64], sha1: .[66:106], path: .[108:]})) as $files |
	{
		spdxVersion: "SPDX-2.3", dataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT",
		name: "bombus-\($version)",
		documentNamespace: "https://spdx.org/spdxdocs/bombus-\($version)-\($sum)",
		creationInfo: {created: $created, creators: ["Tool: bombus-sbom-\($version)"]},
		packages: ([{
			name: "bombus", SPDXID: "SPDXRef-bombus", versionInfo: $version,
			downloadLocation: "NOASSERTION", filesAnalyzed: true,
			packageVerificationCode: {packageVerificationCodeValue: $code},
			licenseConcluded: "NOASSERTION", licenseInfoFromFiles: ["NOASSERTION"],
			licenseDeclared: "Apache-2.0 AND (GPL-2.0-only OR Apache-2.0)",
			copyrightText: "NOASSERTION", primaryPackagePurpose: "APPLICATION"
		}] + ($libs | group_by(.name) | map({
			name: .[0].name, SPDXID: ("package-" + .[0].name | id), versionInfo: .[0].version,
			downloadLocation: "NOASSERTION", filesAnalyzed: false,
			licenseConcluded: "NOASSERTION", licenseDeclared: "NOASSERTION",
			copyrightText: "NOASSERTION", primaryPackagePurpose: "LIBRARY",
			comment: ("has " + (map(.library) | unique | join(", ")))
		} + if .[0].type == "" then {} else {externalRefs: [{
			referenceCategory: "PACKAGE-MANAGER", referenceType: "purl",
			referenceLocator: "pkg:\(if .[0].type == "deb" then "deb/debian" else .[0].type end)/\(.[0].name)@\(.[0].version | @uri)"
		}]} end))),
		files: ($files | map({
			fileName: .path, SPDXID: ("file-" + .path[2:] | id),
			checksums: [{algorithm: "SHA1", checksumValue: .sha1},
				{algorithm: "SHA256", checksumValue: .sha256}],
			licenseConcluded: "NOASSERTION", licenseInfoInFiles: ["NOASSERTION"],
			copyrightText: "NOASSERTION"
		})),
		relationships: ([{
			spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES",
			relatedSpdxElement: "SPDXRef-bombus"
		}] + ($files | map({
			spdxElementId: "SPDXRef-bombus", relationshipType: "CONTAINS",
			relatedSpdxElement: ("file-" + .path[2:] | id)
		})) + ($libs | map(if .relation == "DYNAMIC_LINK" then {
			spdxElementId: "SPDXRef-bombus", relationshipType: .relation,
			relatedSpdxElement: ("package-" + .name | id)
		} else {
			spdxElementId: ("package-" + .name | id), relationshipType: .relation,
			relatedSpdxElement: "SPDXRef-bombus"
		} end) | unique))
	}'
