#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a release has beside Debian's packages: the tarball, in a bare system without any library of
# ours; packages for rpm; the list of what is linked and installed, as spdx-tools (PyPI) reads it.
# shellcheck source=../support/debian.sh
. "$(dirname "$0")/../support/debian.sh"
debian_enter "$@"
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq rpmbuild debootstrap

made() {
	make -s -C "$TOP" BUILD="$BUILD" "$@"
}
version=$(cat "$TOP/VERSION")

# --- tarball -------------------------------------------------------------------------------------
tar=$BUILD/bombus-$version-linux-$(uname -m).tar.gz
ok 'make tarball' made tarball
is 'the program needs the libraries of libc alone' "$(tar xzf "$tar" "bombus-$version/bin/bombus" &&
	ldd "bombus-$version/bin/bombus" | grep -vE 'linux-vdso|libc\.so|libm\.so|ld-linux')" ''
if debian_make trixie "$T/root" >root.make 2>&1; then
	tar xzf "$tar" -C "$T/root/opt"
	bombus=/opt/bombus-$version/bin/bombus
	is 'it starts in a bare system' "$(in_root "$T/root" "$bombus" version 2>&1)" "bombus $version"
	in_root "$T/root" timeout 30 "$bombus" run opensnoop -o json -n 3 >run.json 2>run.err
	is "and runs a program: $(tail -n 1 run.err)" "$(jq -r .map run.json | xargs)" 'events events events'
else
	skip 'a bare system' "$(tail -n 1 root.make)"
fi

# --- rpm -----------------------------------------------------------------------------------------
ok 'make rpm' made rpm RPMFLAGS=--nodeps
rpms=$BUILD/rpm/RPMS/$(uname -m)
is 'three packages' "$(cd "$rpms" && printf '%s ' ./*.rpm | sed 's|\./||g; s/-[0-9.]*-1[^ ]*rpm//g')" \
	'bombus bombus-devel bombus-programs '
rpm -qlp "$rpms"/*.rpm >rpm.files
for file in /usr/bin/bombus /etc/bombus/bombus.yaml /usr/share/bombus/images/index.json /usr/include/bombus/trace.h \
	/usr/share/man/man1/bombus-run.1; do
	like "with $file" "$(cat rpm.files)" "^$file(\.gz)?\$"
done
mkdir rpm && (cd rpm && for package in "$rpms"/*.rpm; do rpm2cpio "$package" | cpio -idm --quiet; done)
is 'which works where it is unpacked' "$(rpm/usr/bin/bombus list -aq | grep -cx opensnoop)" 1
is 'with images as they were' "$(find rpm/usr/share/bombus/images/blobs/sha256 -type f -printf '%f  %p\n' |
	sha256sum -c --quiet 2>&1)" ''

# --- SPDX ----------------------------------------------------------------------------------------
ok 'make sbom' made sbom
sbom=$BUILD/bombus-$version.spdx.json
is 'every library that is linked is in it' "$(ldd "$BUILD/bombus" | grep -oE '[^ /]+\.so[.0-9]*' | sort -u |
	while read -r library; do jq -e --arg l "$library" 'any(.packages[].comment // "";
		split("[ ,]+"; null) | index($l) != null)' "$sbom" >/dev/null || echo "$library"; done |
	grep -v linux-vdso)" ''
bin=${INTEROP_BIN:-$BUILD/interop}/spdx
[ -x "$bin/bin/pyspdxtools" ] || { python3 -m venv "$bin" && "$bin/bin/pip" -q install spdx-tools; } >pip.log 2>&1
if [ -x "$bin/bin/pyspdxtools" ]; then
	ok 'spdx-tools finds it valid' "$bin/bin/pyspdxtools" -i "$sbom"
else
	skip 'spdx-tools' "it cannot be installed: $(tail -n 1 pip.log)"
fi
done_testing
