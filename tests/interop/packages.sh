#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debian's packages: built, content with lintian, installed in fresh systems of Debian 12 and 13, where
# a program runs by its short name and the agent's unit command starts; purged without a trace.
# shellcheck source=../support/debian.sh
. "$(dirname "$0")/../support/debian.sh"
debian_enter "$@"
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need dpkg-buildpackage lintian debootstrap curl

ok 'make deb builds them, and lintian is content' make -s -C "$TOP" BUILD="$BUILD" deb
[ "$tap_failed" = 0 ] || done_testing
version=$(cat "$TOP/VERSION")

# Files of a system, but for what apt, dpkg and the linker keep for themselves.
files() {
	(cd "$1" && find . -xdev \( -path ./var/cache -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o \
		-path ./var/log -o -path ./tmp -o -path ./etc/ld.so.cache -o -path ./proc -o -path ./sys -o \
		-path ./dev -o -path ./run \) -prune -o -print | sort)
}

# The unit's command, without systemd.
agent_command() {
	sed -n 's/^ExecStart=//p' "$1"/{usr/,}lib/systemd/system/bombus.service 2>/dev/null | head -n 1
}

check() {
	local suite=$1 root=$T/$1 port pid
	if ! debian_make "$suite" "$root" >"$T/$suite.make" 2>&1; then
		skip "$suite" "no system: $(tail -n 1 "$T/$suite.make" "$root.log" 2>/dev/null | tail -n 1)"
		return
	fi
	files "$root" >"$suite.before"
	cp "$BUILD/deb/"*.deb "$root/tmp"
	ok "$suite: apt installs the packages" in_root "$root" apt-get -y -qq --no-install-recommends install \
		"/tmp/bombus_${version}_amd64.deb" "/tmp/bombus-programs_${version}_amd64.deb"
	is "$suite: the program starts" "$(in_root "$root" bombus version 2>&1)" "bombus $version"
	is "$suite: every example is there" "$(in_root "$root" bombus list -aq 2>&1 | sort)" \
		"$(cd "$TOP/bpf-examples" && printf '%s\n' *.bpf.c | sed 's/\.bpf\.c$//' | sort)"
	in_root "$root" timeout 30 bombus run opensnoop -o json -n 3 >"$suite.json" 2>"$suite.err"
	is "$suite: opensnoop runs: $(tail -n 1 "$suite.err")" "$(jq -r .map "$suite.json" | xargs)" 'events events events'
	port=$(free_port)
	sed -i "s/^programs: .*/programs: [{image: syscount}]/; s/127.0.0.1:9091/127.0.0.1:$port/" \
		"$root/etc/bombus/bombus.yaml"
	like "$suite: the unit's command" "$(agent_command "$root")" '^/usr/bin/bombus agent '
	# shellcheck disable=SC2046 # words of a command
	chroot "$root" $(agent_command "$root") >"$suite.agent" 2>&1 &
	pid=$!
	started+=("$pid")
	ok "$suite: the agent is ready" wait_for 20 fetch "http://127.0.0.1:$port/-/ready"
	fetch "http://127.0.0.1:$port/metrics" >"$suite.metrics"
	like "$suite: and has metrics" "$(cat "$suite.metrics")" '^bombus_program_up\{program="syscount"\} 1$'
	kill "$pid"
	wait_for 20 gone "$pid"
	wait "$pid"
	is "$suite: it ends" $? 0
	ok "$suite: the packages for authors" in_root "$root" apt-get -y -qq --no-install-recommends install \
		"/tmp/bombus-dev_${version}_all.deb" "/tmp/libbombus-trace-dev_${version}_amd64.deb"
	cp "$TOP/bpf-examples/syscount.bpf.c" "$root/tmp"
	ok "$suite: which build a program" in_root "$root" bombus build /tmp/syscount.bpf.c mine
	ok "$suite: purge" in_root "$root" apt-get -y -qq --purge --autoremove purge '^bombus.*' libbombus-trace-dev
	files "$root" >"$suite.after"
	# Other packages may want libraries that came along; the cache of `build` is the user's own.
	cat "$root"/var/lib/dpkg/info/*.list | sed 's|^|.|; s|^\./\(lib\|bin\|sbin\)|./usr/\1|' | sort -u >"$suite.owned"
	is "$suite: nothing is left" "$(comm -13 "$suite.before" "$suite.after" | comm -23 - "$suite.owned" |
		grep -v '^\./root/\.cache' | head -n 20)" ''
}

check bookworm
check trixie
done_testing
