#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what building and testing need. Does nothing, quickly, where everything is there.
#
#	tests/deps.sh [-n|-p] [compile|demo|interop]
#
# "compile" is what `make` alone needs, "demo" adds what builds and shows programs; without a word
# it is everything, for the tests too, and "interop" adds what only tests/interop needs. -n installs
# nothing, says what is missing and fails; -p prints the names of all. It knows the packages of
# Debian 12 (and its like); elsewhere it names what to install.

set -u

COMPILE_PACKAGES=(
	gcc libc6-dev make libbpf-dev libseccomp-dev libelf-dev libdw-dev zlib1g-dev libjansson-dev libssl-dev libpcre2-dev
	libxxhash-dev libmicrohttpd-dev libgnutls28-dev libcrypt-dev libyaml-dev libcurl4-openssl-dev
	libarchive-dev libncurses-dev systemtap-sdt-dev libisal-dev libzstd-dev libsodium-dev
)
DEMO_PACKAGES=(clang curl)
TEST_PACKAGES=(
	llvm bpftool libcmocka-dev libclang-rt-dev skopeo jq tmux zsh fish bsdutils iproute2
	procps qemu-system-x86 busybox-static ca-certificates cpio gzip binutils libc-bin
	umoci mandoc apache2-utils openssl python3 python3-venv time zstd git yamllint systemd valgrind
)
INTEROP_PACKAGES=(build-essential debhelper dpkg-dev lintian debootstrap rpm runc containerd chromium)

only_say=0
only_print=0
if [ "${1:-}" = -n ]; then
	only_say=1
	shift
fi
if [ "${1:-}" = -p ]; then
	only_print=1
	shift
fi
packages=("${COMPILE_PACKAGES[@]}")
case ${1:-all} in
compile) ;;
demo) packages+=("${DEMO_PACKAGES[@]}") ;;
all | interop)
	packages+=("${DEMO_PACKAGES[@]}" "${TEST_PACKAGES[@]}")
	# The fuzzers' runtime is named after clang's version.
	clang_version=$(apt-cache depends clang 2>/dev/null |
		sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
	packages=("${packages[@]/#libclang-rt-dev/libclang-rt-${clang_version:-14}-dev}")
	[ "${1:-all}" = all ] || packages+=("${INTEROP_PACKAGES[@]}")
	;;
*)
	echo "tests/deps.sh: not compile, demo or interop: $1" >&2
	exit 2
	;;
esac

if [ $only_print = 1 ]; then
	printf '%s\n' "${packages[@]}"
	exit 0
fi

# What stands for each package, however it came here: a program or a header.
stands_for() {
	case $1 in
	llvm) echo llvm-objcopy ;;
	gcc) echo "${CC:-gcc}" ;;
	make | clang | bpftool | jq | curl | tmux | zsh | fish | cpio | gzip | skopeo) echo "$1" ;;
	yamllint | umoci | mandoc | openssl | python3 | time | zstd | git) echo "$1" ;;
	apache2-utils) echo htpasswd ;;
	libc6-dev) echo stdio.h ;;
	libbpf-dev) echo bpf/libbpf.h ;;
	libseccomp-dev) echo seccomp.h ;;
	libelf-dev) echo gelf.h ;;
	libdw-dev) echo elfutils/libdw.h ;;
	zlib1g-dev) echo zlib.h ;;
	libjansson-dev) echo jansson.h ;;
	libssl-dev) echo openssl/evp.h ;;
	libpcre2-dev) echo pcre2.h ;;
	libxxhash-dev) echo xxhash.h ;;
	libmicrohttpd-dev) echo microhttpd.h ;;
	libgnutls28-dev) echo gnutls/gnutls.h ;;
	libcrypt-dev) echo crypt.h ;;
	libyaml-dev) echo yaml.h ;;
	libcurl4-openssl-dev) echo curl/curl.h ;;
	libarchive-dev) echo archive.h ;;
	libisal-dev) echo isa-l/igzip_lib.h ;;
	libzstd-dev) echo zstd.h ;;
	libsodium-dev) echo sodium.h ;;
	libncurses-dev) echo curses.h ;;
	libcmocka-dev) echo cmocka.h ;;
	systemtap-sdt-dev) echo sys/sdt.h ;;
	libclang-rt-*) echo "-fsanitize=fuzzer" ;;
	bsdutils) echo script ;;
	build-essential | dpkg-dev) echo dpkg-buildpackage ;;
	debhelper) echo dh ;;
	lintian | debootstrap | runc | containerd) echo "$1" ;;
	rpm) echo rpmbuild ;;
	python3-venv) echo python3:ensurepip ;;
	systemd) echo systemd-analyze ;;
	iproute2) echo ip ;;
	procps) echo ps ;;
	qemu-system-x86) echo qemu-system-x86_64 ;;
	busybox-static) echo busybox ;;
	binutils) echo ld ;;
	libc-bin) echo ldd ;;
	esac
}

is_there() {
	local what

	what=$(stands_for "$1")
	case $what in
	*.h) echo "#include <stddef.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <$what>" | "${CC:-gcc}" -DPCRE2_CODE_UNIT_WIDTH=8 -E -x c - >/dev/null 2>&1 ;;
	-*) echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		clang "$what" -x c - -o /dev/null 2>/dev/null ;;
	python3:*) python3 -c "import ${what#*:}" 2>/dev/null ;;
	*) PATH=$PATH:/usr/sbin:/sbin command -v "${what%% *}" >/dev/null ;;
	esac
}

missing=()
installed=
if command -v dpkg-query >/dev/null; then
	installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Provides}\n' 2>/dev/null |
		awk '$1 == "ii"')
fi
for package in "${packages[@]}"; do
	grep -qE "(^ii | )$package( |,|$)" <<<"$installed" || is_there "$package" ||
		missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "Missing, by Debian's name and what to look for; there is no apt-get to install it:" >&2
	for package in "${missing[@]}"; do
		printf '  %-22s %s\n' "$package" "$(stands_for "$package")" >&2
	done
	cat >&2 <<-END
	Fedora calls them gcc make clang llvm bpftool libbpf-devel libseccomp-devel elfutils-libelf-devel elfutils-devel zlib-devel
	jansson-devel openssl-devel pcre2-devel xxhash-devel libmicrohttpd-devel gnutls-devel libxcrypt-devel libyaml-devel libcurl-devel
	libarchive-devel ncurses-devel libcmocka-devel compiler-rt systemtap-sdt-devel skopeo curl jq tmux busybox cpio qemu-system-x86
	END
	exit 1
fi
if [ $only_say = 1 ] || [ "$(id -u)" -ne 0 ]; then
	sudo=
	[ "$(id -u)" -eq 0 ] || sudo='sudo '
	echo "Missing packages; install them with:" >&2
	echo "  ${sudo}apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi

echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update || echo "apt-get update failed; trying with the lists that are here" >&2
apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null || {
	echo "could not install: ${missing[*]}" >&2
	exit 1
}
