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
	mkdir -p "$dir"
	tar -C "$dir" -xf "$tar" || return
	# The mirror's own packages are fresher than those that were unpacked.
	echo "deb $MIRROR $suite main" >"$dir/etc/apt/sources.list"
	cp /etc/resolv.conf "$dir/etc/resolv.conf"
	# Nothing of this machine can be removed or changed through these: each is new or read-only.
	read_only proc "$dir/proc" && read_only sysfs "$dir/sys" &&
		read_only tracefs "$dir/sys/kernel/tracing" &&
		mount -t tmpfs -o mode=755 tmpfs "$dir/dev" &&
		mount -t tmpfs -o mode=755 tmpfs "$dir/run" &&
		debian_devices "$dir/dev" || return
	# So that the folder can be removed.
	at_exit+=("umount -l '$dir'/{sys/kernel/tracing,sys,proc,dev,run}")
	in_root "$dir" apt-get -qq update
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
