#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches into the build folder what tests use and what would start a service, or shadow a package,
# if it were installed: other tools from Debian's packages, a Python with OpenTelemetry's generated
# code, and the guest's kernel. `make deps` calls it; no test does. A failure is a warning: the tests
# that need the missing part are skipped, and say so.

set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=$(realpath -m "${BUILD:-build}")
OTLP_PACKAGES=(opentelemetry-proto==1.45.2 grpcio==1.85.1)

# unpack NAME PACKAGE...: Debian packages, unpacked into BUILD/unpacked/NAME.
unpack() {
	local dir=$BUILD/unpacked/$1 package
	shift

	[ ! -e "$dir/complete" ] || return 0
	rm -rf "$dir.new" && mkdir -p "$dir.new/packages" || return 1
	for package; do
		(cd "$dir.new/packages" &&
			apt-get -qq -o APT::Sandbox::User=root download "$package") || return 1
	done
	for package in "$dir.new/packages/"*.deb; do
		dpkg -x "$package" "$dir.new" || return 1
	done
	rm -rf "$dir.new/packages" "$dir.new/etc" "$dir.new/var" "$dir.new/lib" "$dir"
	mv "$dir.new" "$dir" && touch "$dir/complete"
}

python() {
	"$BUILD/python/bin/python3" -c 'import grpc, opentelemetry.proto' 2>/dev/null ||
		{ python3 -m venv "$BUILD/python" &&
			timeout 300 "$BUILD/python/bin/pip" -q install --disable-pip-version-check \
				"${OTLP_PACKAGES[@]}"; }
}

guest_kernel() {
	local dir=$BUILD/guest/kernel package new=$BUILD/guest/kernel.new

	[ "$(uname -m)" = x86_64 ] && [ ! -d "$dir/boot" ] || return 0
	package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		awk '$1 == "Depends:" && /linux-image/ { print $2; exit }')
	[ -n "$package" ] || return 1
	rm -rf "$new" && mkdir -p "$new" || return 1
	(cd "$new" && apt-get -qq -o APT::Sandbox::User=root download "$package" &&
		dpkg -x ./*.deb . && rm -f ./*.deb) || return 1
	rm -rf "$dir"
	mv "$new" "$dir"
}

mkdir -p "$BUILD"
exec 9>"$BUILD/.fetch.lock"
flock 9
complete() {
	[ -e "$BUILD/unpacked/prometheus/complete" ] &&
		[ -e "$BUILD/unpacked/docker-registry/complete" ] &&
		"$BUILD/python/bin/python3" -c 'import grpc, opentelemetry.proto' 2>/dev/null &&
		{ [ "$(uname -m)" != x86_64 ] || [ -d "$BUILD/guest/kernel/boot" ]; }
}
complete && exit 0
if ! command -v apt-get >/dev/null; then
	echo "there is no apt-get: tests with Prometheus, a registry and the guest are skipped" >&2
else
	[ "$(id -u)" -ne 0 ] || apt-get -qq update || true
	unpack prometheus prometheus prometheus-pushgateway python3-prometheus-client ||
		echo "cannot fetch Prometheus: its tests are skipped" >&2
	unpack docker-registry docker-registry ||
		echo "cannot fetch docker-registry: its tests are skipped" >&2
	guest_kernel || echo "cannot fetch the guest's kernel: the suite guest is skipped" >&2
fi
python || echo "cannot install OpenTelemetry's code from PyPI: its tests are skipped" >&2
exit 0
