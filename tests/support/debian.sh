# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Systems of Debian to install into and to build in, made by debootstrap. A test that sources this
# runs in a mount namespace of its own, so that its mounts end with it:
#
#	. tests/support/debian.sh
#	debian_enter "$@"
#	debian_make trixie "$T/trixie" || skip ...
#	in_root "$T/trixie" apt-get install -y ...
#
# A fresh system is kept as BUILD/debian/SUITE.tar. MIRROR names where packages come from.

MIRROR=${MIRROR:-http://deb.debian.org/debian}

debian_enter() {
	[ -n "${DEBIAN_ENTERED:-}" ] && return
	DEBIAN_ENTERED=1 exec unshare -m --propagation private bash "$0" "$@"
}

# debian_make SUITE FOLDER: a minimal system with /proc, /sys, /dev and /run.
debian_make() {
	local suite=$1 dir=$2 tar=$BUILD/debian/$1.tar

	if [ ! -e "$tar" ]; then
		command -v debootstrap >/dev/null || return
		mkdir -p "$BUILD/debian"
		debootstrap --variant=minbase "$suite" "$dir.new" "$MIRROR" >"$dir.log" 2>&1 &&
			rm -rf "$dir.new"/var/cache/apt/archives/*.deb &&
			tar -C "$dir.new" -cf "$tar.new" . && mv "$tar.new" "$tar" || return
		rm -rf "$dir.new"
	fi
	debian_unpack "$tar" "$dir" || return
	echo "deb $MIRROR $suite main" >"$dir/etc/apt/sources.list"
	# A mirror may stand still.
	echo 'Acquire::Check-Valid-Until "false";' >"$dir/etc/apt/apt.conf.d/99valid"
	in_root "$dir" apt-get -qq update
}

# debian_unpack TAR FOLDER
debian_unpack() {
	local dir=$2

	mkdir -p "$dir"
	tar -C "$dir" -xf "$1" || return
	cp /etc/resolv.conf "$dir/etc/resolv.conf"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$dir/etc/hosts"
	# Nothing of this machine can be removed or changed through these: each is new or read-only.
	read_only proc "$dir/proc" && read_only sysfs "$dir/sys" &&
		read_only tracefs "$dir/sys/kernel/tracing" &&
		mount -t tmpfs -o mode=755 tmpfs "$dir/dev" &&
		mount -t tmpfs -o mode=755 tmpfs "$dir/run" &&
		debian_devices "$dir/dev" || return
	# So that the folder can be removed.
	at_exit+=("umount -l '$dir'/{sys/kernel/tracing,sys,proc,dev,run}")
}

# What tests of programs write to, each new here: pins, cgroups, terminals, probes.
debian_test_mounts() {
	mount -t bpf bpf "$1/sys/fs/bpf"
	mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
	mount -o remount,bind,rw "$1/proc"
	mount -o remount,bind,rw "$1/sys/kernel/tracing"
	mkdir "$1/dev/pts" && mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts" &&
		ln -s pts/ptmx "$1/dev/ptmx"
	at_exit=("umount -l '$1'/{sys/fs/bpf,sys/fs/cgroup,dev/pts}" "${at_exit[@]}")
}

# read_only TYPE FOLDER: this mount is, not the file system that others have mounted too.
read_only() {
	mount -t "$1" "$1" "$2" && mount -o remount,bind,ro "$2"
}

debian_devices() {
	local name major minor

	while read -r name major minor; do
		mknod -m 666 "$1/$name" c "$major" "$minor" || return
	done <<-END
	null 1 3
	zero 1 5
	full 1 7
	random 1 8
	urandom 1 9
	tty 5 0
	END
	ln -s /proc/self/fd "$1/fd"
	ln -s /proc/self/fd/0 "$1/stdin"
	ln -s /proc/self/fd/1 "$1/stdout"
	ln -s /proc/self/fd/2 "$1/stderr"
	mkdir "$1/shm"
}

# in_root FOLDER COMMAND...
in_root() {
	local dir=$1
	shift
	# shellcheck disable=SC2086 # words of an environment
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive ${IN_ROOT_ENV:-} chroot "$dir" "$@"
}
