#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs on interfaces: in a network namespace of the test's own, where nothing but the test's
# traffic moves. A connection that is refused is two packets over the loopback interface.
if [ -z "${BOMBUS_TEST_NETNS:-}" ] && [ "$(id -u)" -eq 0 ]; then
	exec env BOMBUS_TEST_NETNS=1 unshare --net -- bash "$0"
fi
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq bpftool ip tc
ip link set lo up || skip_all 'no network namespace can be made'

HOOKS=$OBJECTS/load_hooks.bpf.o

last_hits() {
	jq -rs 'map(select(.map == "hits")) | last | .value // 0' "$1.out"
}

nothing_left() {
	local kind id

	while read -r kind id; do
		kind=${kind%_id}
		! bpftool "$kind" show id "$id" >/dev/null 2>&1 || return 1
	done <"$1"
	! tc qdisc show dev lo | grep -q clsact && ! tc filter show dev lo ingress | grep -q . &&
		! ip link show lo | grep -q xdp
}

# packets NAME WANTED ARGUMENTS...: three refused connections while the program runs.
packets() {
	local name=$1 wanted=$2 stop=bombus_stop
	shift 2
	if [ "${1:-}" = killed ]; then
		stop="bombus_stop KILL"
		shift
	fi
	ok "$name: it attaches" bombus_start "$name" run "$HOOKS" -o json --interval 50ms "$@"
	bpf_held "$BOMBUS_PID" >"$T/$name.held"
	"$BUILD/tests/support/traffic" --now refused,127.0.0.1,3 >/dev/null || fail "$name: the traffic"
	wait_for 10 seen "$name" "$wanted"
	$stop 2>/dev/null
	is "$name: it counted" "$(last_hits "$name")" "$wanted"
	ok "$name: nothing is left" wait_for 10 nothing_left "$T/$name.held"
}

seen() {
	[ "$(last_hits "$1")" = "$2" ]
}

packets xdp 6 --only packets --attach packets=lo
packets xdp-generic 6 --only packets --attach packets=lo:generic
packets tc-ingress 6 --only in --attach in=lo
packets tc-egress 6 --only out --attach out=lo
packets tc-both 12 --only both --attach both=lo:ingress --attach both=lo:egress
packets tc-killed 12 killed --only both --attach both=lo:ingress --attach both=lo:egress
packets socket 12 --only frames --attach frames=lo
packets socket-any 12 --only frames --attach frames=any
packets sk_lookup 3 --only lookup

# Another's program on the same hook is not pushed aside.
ok 'xdp, twice: the first' bombus_start first run "$HOOKS" -o json --only packets \
	--attach packets=lo
first=$BOMBUS_PID
run_bombus run "$HOOKS" --only packets --attach packets=lo --dry-run
is 'xdp, twice: the second is refused' "$RC" 3
like 'xdp, twice: with the reason' "$ERR" "another program holds lo"
kill -INT "$first"
wait_for 10 gone "$first"

# A clsact qdisc that others made stays.
tc qdisc add dev lo clsact
ok 'tc, beside clsact: it attaches' bombus_start beside run "$HOOKS" -o json --only in \
	--attach in=lo
bombus_stop INT
like "tc, beside clsact: another's qdisc stays" "$(tc qdisc show dev lo)" 'qdisc clsact'
tc qdisc del dev lo clsact

# wrong NAME REGEX ARGUMENTS...: status 2, and a message or hint.
wrong() {
	local name=$1 regex=$2
	shift 2
	run_bombus run "$HOOKS" --dry-run "$@"
	is "$name: status" "$RC" 2
	like "$name: message" "$ERR" "$regex"
}
wrong 'no interface' "no interface named 'l0'" --only packets --attach packets=l0
like 'no interface: the nearest' "$ERR" "did you mean 'lo'"
wrong 'no mode' "'x' is not a mode of XDP" --only packets --attach packets=lo:x
wrong 'no target' 'hint: --attach packets=INTERFACE' --only packets
wrong 'no direction' 'ingress or egress\?' --only both --attach both=lo
wrong 'a direction that is none' "'up' is neither" --only both --attach both=lo:up
done_testing
