# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Makes the guest: Debian's cloud kernel, taken from its package, and an initial ramdisk with
# busybox, bash, what the tests need, the binaries under test and their libraries. Nothing in it
# is made by hand, and nothing is installed on this machine. Used by run.sh and shell.sh.

GUEST_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$(realpath -m "${BUILD:-$GUEST_TOP/build}")
GUEST_DIR=$BUILD/guest
# Programs of this machine that tests inside the guest use; the first row must be there.
GUEST_TOOLS=(bash jq)
GUEST_EXTRAS=(ip tc bpftool)
# Modules that tests load, with all that these need.
GUEST_MODULES=(null_blk brd md-mod linear sch_netem sch_tbf sch_ingress cls_bpf veth nfs nfsv3 nfsv4 nfsd)

# What this machine lacks for a guest, in one line; nothing when it has everything.
guest_lacks() {
	local tool

	if [ "$(uname -m)" != x86_64 ]; then
		echo "the guest needs an x86_64 machine, this one is $(uname -m)"
		return
	fi
	for tool in qemu-system-x86_64 busybox cpio gzip ldd "${GUEST_TOOLS[@]}"; do
		if ! command -v "$tool" >/dev/null && [ ! -x "/sbin/$tool" ]; then
			echo "$tool is not installed (make deps installs it on Debian)"
			return
		fi
	done
	[ -d "$GUEST_DIR/kernel/boot" ] || echo "the guest's kernel is missing (make deps fetches it)"
}

# Sets GUEST_KERNEL and GUEST_VERSION.
guest_kernel() {
	local dir=$GUEST_DIR/kernel

	GUEST_KERNEL=$(echo "$dir"/boot/vmlinuz-*)
	GUEST_VERSION=${GUEST_KERNEL##*/vmlinuz-}
	[ -f "$GUEST_KERNEL" ] || {
		echo "no kernel in $dir"
		return 1
	}
	[ -f "$dir/lib/modules/$GUEST_VERSION/modules.dep" ] ||
		busybox depmod -b "$dir" "$GUEST_VERSION"
}

# guest_add ROOT FILE...: a program or library, with the libraries it needs, at the same path.
guest_add() {
	local root=$1 file lib
	shift
	for file in "$@"; do
		[ ! -e "$root$file" ] || continue
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
		while read -r lib; do
			guest_add "$root" "$lib"
		done < <(ldd "$file" 2>/dev/null | grep -oE '/[^ ]+\.so[^ ]*')
	done
}

# What a program opens only when it needs it: the names of libraries among its texts.
guest_add_late() {
	local root=$1 file=$2 name lib

	while read -r name; do
		lib=$(PATH=$PATH:/sbin ldconfig -p | awk -v n="$name" '$1 == n { print $NF; exit }')
		[ -z "$lib" ] || guest_add "$root" "$lib"
	done < <(grep -aoE 'lib[A-Za-z0-9_+-]+\.so\.[0-9]+' "$file" | sort -u)
}

guest_add_modules() {
	local root=$1 from=$GUEST_DIR/kernel/lib/modules/$GUEST_VERSION name path
	local to=$root/lib/modules/$GUEST_VERSION

	mkdir -p "$to"
	for name in "${GUEST_MODULES[@]}"; do
		# "path: what it needs..." gives all the files, one a word.
		while read -r path; do
			mkdir -p "$to/${path%/*}"
			cp "$from/$path" "$to/$path"
		done < <(grep "/$name\.ko:" "$from/modules.dep" | tr -s ': ' '\n' | grep .)
	done
	cp "$from/modules.builtin" "$from/modules.order" "$to/"
	busybox depmod -b "$root" "$GUEST_VERSION"
}

# guest_initrd FILE WORD...: the ramdisk; the words are what init is told (the tests to run).
guest_initrd() {
	local out=$1 root tool dir
	shift
	root=$(mktemp -d "${TMPDIR:-/tmp}/bombus-guest.XXXXXX") || return 1
	chmod 755 "$root"
	mkdir -p "$root"/{usr/bin,usr/sbin,usr/lib,usr/lib64,proc,sys,dev,tmp,run,etc,mnt}
	for dir in bin sbin lib lib64; do
		ln -s "usr/$dir" "$root/$dir"
	done
	cp "$(command -v busybox)" "$root/bin/busybox"
	for tool in "${GUEST_TOOLS[@]}" "${GUEST_EXTRAS[@]}"; do
		tool=$(PATH=$PATH:/usr/sbin:/sbin command -v "$tool") && guest_add "$root" "$tool"
	done
	guest_add_modules "$root"
	[ ! -d /usr/lib/locale/C.utf8 ] || cp -r --parents /usr/lib/locale/C.utf8 "$root"
	mkdir -p "$root/bombus/build/tests/support"
	cp -r "$GUEST_TOP/tests" "$root/bombus/tests"
	for tool in bombus tests/support/traffic; do
		[ -x "$BUILD/$tool" ] || continue
		cp "$BUILD/$tool" "$root/bombus/build/$tool"
		ldd "$BUILD/$tool" | grep -oE '/[^ ]+\.so[^ ]*' |
			while read -r dir; do guest_add "$root" "$dir"; done
		guest_add_late "$root" "$BUILD/$tool"
	done
	for dir in tests/bpf store examples demos; do
		[ ! -d "$BUILD/$dir" ] || cp -r "$BUILD/$dir" "$root/bombus/build/$dir"
	done
	printf '%s\n' "$@" >"$root/bombus/told"
	printf 'root:x:0:0:root:/:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n' \
		>"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
	printf '127.0.0.1 localhost guest\n' >"$root/etc/hosts"
	install -m 755 "$GUEST_TOP/tests/guest/init" "$root/init"
	(cd "$root" && find . -print0 | cpio --null -o -H newc --quiet -R 0:0) | gzip -1 >"$out"
	rm -rf "$root"
}

# guest_command INITRD APPEND: sets $GUEST_COMMAND, which runs until the guest switches itself off.
# Its two CPUs take turns in one thread: with a thread each, the emulator now and then loses an
# interrupt between them, and both wait for ever.
guest_command() {
	# shellcheck disable=SC2034 # run by run.sh and shell.sh
	GUEST_COMMAND=(qemu-system-x86_64 -accel "${GUEST_ACCEL:-tcg,thread=single}" -cpu max
		-m 2048 -smp 2 -no-reboot -nic none -kernel "$GUEST_KERNEL" -initrd "$1"
		-append "console=ttyS0 quiet panic=-1 $2")
}
