#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds and tests the committed sources on other systems, each made by debootstrap, and prints a
# table in the form of docs/portability.md:
#
#	tests/portability.sh [SYSTEM...]
#
# SYSTEM is bookworm, trixie, sid, bookworm-clang (or another suite with -clang: CC=clang) or
# bookworm-arm64 (cross-built, unit tests under qemu-user); without one all of these.
#
# PORTABILITY_TESTS	what tests/run gets (unit cli kernel)
# MIRROR		where packages come from
#
# A system that was prepared once is kept as BUILD/debian/SYSTEM-ready.tar, so that the second run
# needs no network. Logs are in BUILD/portability.
BUILD=$(realpath -m "${BUILD:-build}")
export BUILD
# shellcheck source=support/debian.sh
. "$(dirname "$0")/support/debian.sh"
debian_enter "$@"

set -u
cd "$(dirname "$0")/.." || exit 1
tests=${PORTABILITY_TESTS:-unit cli kernel}
logs=$BUILD/portability
work=$(mktemp -d "${TMPDIR:-/tmp}/bombus-portability.XXXXXX")
at_exit=()
cleanup() {
	local command

	for command in "${at_exit[@]}"; do
		eval "$command"
	done
	rm -rf --one-file-system "$work"
}
trap cleanup EXIT
mkdir -p "$logs"
[ $# -gt 0 ] || set -- bookworm trixie sid bookworm-clang sid-clang bookworm-arm64

# A guest and its emulator are the same everywhere.
packages() {
	tests/deps.sh -p | grep -vE '^(qemu-system-x86|libclang-rt-.*)$'
}

# Libraries of the other machine beside those of this one.
cross_packages() {
	tests/deps.sh -p compile | grep -vE '^(gcc|make)$' | sed 's/$/:arm64/'
	echo libcmocka-dev:arm64 crossbuild-essential-arm64 qemu-user
}

prepare() {
	local system=$1 suite=$2 root=$3

	if [ -e "$BUILD/debian/$system-ready.tar" ]; then
		debian_unpack "$BUILD/debian/$system-ready.tar" "$root"
		return
	fi
	debian_make "$suite" "$root" || return
	# shellcheck disable=SC2046 # a word a package
	in_root "$root" apt-get -qq install -y --no-install-recommends $(packages) || return
	if [ "${system#*-}" = arm64 ]; then
		in_root "$root" dpkg --add-architecture arm64 && in_root "$root" apt-get -qq update || return
		# shellcheck disable=SC2046
		in_root "$root" apt-get -qq install -y --no-install-recommends $(cross_packages) || return
	fi
	rm -f "$root"/var/cache/apt/archives/*.deb
	tar -C "$root" --one-file-system -cf "$BUILD/debian/$system-ready.tar.new" . &&
		mv "$BUILD/debian/$system-ready.tar.new" "$BUILD/debian/$system-ready.tar"
}

# version ROOT PACKAGE: without the distribution's part.
version() {
	# shellcheck disable=SC2016 # dpkg's own
	in_root "$1" dpkg-query -W -f '${Version}' "$2" 2>/dev/null | sed 's/^[0-9]*://; s/[-+~].*//'
}

# row SYSTEM: one line of the table.
row() {
	local system=$1 suite=${1%%-*} kind='' root=$work/$1 log=$logs/$1 make='make -k' status=0 counts

	[ "$suite" = "$system" ] || kind=${system#*-}
	mkdir -p "$root"
	if ! prepare "$system" "$suite" "$root" >"$log.prepare" 2>&1; then
		printf '| %s | not made: %s | | | | |\n' "$system" "$(tail -n 1 "$log.prepare" | cut -c1-60)"
		return 1
	fi
	debian_test_mounts "$root"
	mkdir -p "$root/src"
	git archive HEAD | tar -x -C "$root/src"
	# Tests read sizes and names of what is committed.
	in_root "$root" git -C /src init -q
	case $kind in
	clang) make+=' CC=clang' ;;
	arm64) make+=' CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar' ;;
	esac
	# shellcheck disable=SC2046,SC2086 # words of a command
	in_root "$root" $make -C /src -j"$(nproc)" all units $([ "$kind" = arm64 ] || echo examples bpf-tests man) \
		>"$log.build" 2>&1 || status=1
	counts='not built'
	if [ $status = 0 ] && [ "$kind" = arm64 ]; then
		counts=$(IN_ROOT_ENV='UNIT_RUNNER=qemu-aarch64' in_root "$root" /src/tests/run unit 2>&1 |
			tee "$log.tests" | tail -n 1)
	elif [ $status = 0 ]; then
		# shellcheck disable=SC2086
		counts=$(in_root "$root" /src/tests/run $tests 2>&1 | tee "$log.tests" | tail -n 1)
	fi
	printf '| %s | %s | %s | %s | %s | %s |\n' "$system" \
		"$(version "$root" libbpf-dev)" "$(version "$root" "$([ "$kind" = clang ] && echo clang || echo gcc)")" \
		"$(version "$root" clang)" "$(grep -c 'warning:' "$log.build")" "$counts"
	[ $status = 0 ] && [[ $counts == *' 0 failed'* ]]
}

failed=0
echo '| system | libbpf | compiler | clang for BPF | warnings | tests |'
echo '|---|---|---|---|---|---|'
for system; do
	row "$system" || failed=1
done
exit $failed
