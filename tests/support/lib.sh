# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the shell tests share. A test reads:
#
#	. "$(dirname "$0")/lib.sh"
#	need_root
#	bombus_start events --set target_pid=1 run x.bpf.o -o json
#	ok 'it ends on a signal' bombus_stop INT
#	jq_is 'seven rows' events.out 'length' 7
#	done_testing
#
# Each test works in a folder of its own ($T, also the current directory), which is removed at the
# end, as is every process that was started through here. Results go to standard output as TAP,
# notes to standard error. It runs on the host and, with the same commands, inside the guest of
# tests/guest.

set -u

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOP=$(dirname "$TESTS")
BUILD=${BUILD:-$TOP/build}
BOMBUS=${BOMBUS:-$BUILD/bombus}
# The examples as images, made by `make examples`, and the BPF objects of tests/bpf.
EXAMPLES=$BUILD/store
# shellcheck disable=SC2034 # read by the tests
OBJECTS=$BUILD/tests/bpf
# How much slower than a usual machine this one is; the guest, which is emulated, sets it.
SLOW=${SLOW:-1}
T=$(mktemp -d "${TMPDIR:-/tmp}/bombus-test.XXXXXX")
cd "$T" || exit 1
export HOME=$T XDG_DATA_HOME=$T/data XDG_CONFIG_HOME=$T/config BOMBUS_STORE=$T/store LC_ALL=C.UTF-8
unset NO_COLOR
# What a sanitizer finds is not to be taken for a refusal (status 1).
export ASAN_OPTIONS=exitcode=99:${ASAN_OPTIONS:-} UBSAN_OPTIONS=exitcode=99:print_stacktrace=1

tap_count=0
tap_failed=0
started=()
at_exit=()

cleanup() {
	# Not for a copy of this shell that was about to become a job when a signal came.
	[ "$BASHPID" = $$ ] || return
	local pid command

	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null && wait_for 5 gone "$pid"
		kill -9 "$pid" 2>/dev/null
	done
	for command in "${at_exit[@]}"; do
		eval "$command"
	done
	# Never into what a test has mounted there.
	cd / && rm -rf --one-file-system "$T"
} 2>/dev/null

trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- results -------------------------------------------------------------------------------------

note() {
	printf '%s\n' "$@" | sed 's/^/# /'
}

pass() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

# fail NAME [WHY...]
fail() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	shift
	[ $# -eq 0 ] || note "$@"
	return 0
}

# skip NAME WHY
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# The whole file cannot run here: says what is missing and ends it.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# The last line of each test; a file that ends without it has failed.
done_testing() {
	echo "1..$tap_count"
	[ $tap_failed -eq 0 ] || exit 1
	exit 0
}

# ok NAME COMMAND...: the command succeeds.
ok() {
	local name=$1 status
	shift
	"$@" >"$T/.ok" 2>&1
	status=$?
	if [ $status -eq 0 ]; then
		pass "$name"
	else
		fail "$name" "status $status: $*" "$(head -n 20 "$T/.ok")"
	fi
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got:    $2" "wanted: $3"
	fi
}

# like NAME TEXT REGEX, and its opposite. The regex is an extended one and may match any line.
like() {
	if grep -qE -- "$3" <<<"$2"; then
		pass "$1"
	else
		fail "$1" "no line matches: $3" "$(head -n 30 <<<"$2")"
	fi
}

unlike() {
	if grep -qE -- "$3" <<<"$2"; then
		fail "$1" "a line matches: $3" "$(grep -E -- "$3" <<<"$2" | head -n 5)"
	else
		pass "$1"
	fi
}

# at_least NAME GOT LEAST, between NAME GOT LEAST MOST: whole numbers.
at_least() {
	if [[ $2 =~ ^-?[0-9]+$ ]] && [ "$2" -ge "$3" ]; then
		pass "$1"
	else
		fail "$1" "got: $2" "wanted at least: $3"
	fi
}

between() {
	if [[ $2 =~ ^-?[0-9]+$ ]] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then
		pass "$1"
	else
		fail "$1" "got: $2" "wanted: $3 to $4"
	fi
}

# jq_is NAME FILE FILTER WANTED: the filter sees all JSON values of the file as one array; what it
# gives is compared as compact JSON (a text without quotes).
jq_is() {
	local got

	if ! got=$(jq -rcs "$3" "$2" 2>"$T/.jq"); then
		fail "$1" "jq: $(cat "$T/.jq")" "$(tail -n 5 "$2")"
	elif [ "$got" = "$4" ]; then
		pass "$1"
	else
		fail "$1" "filter: $3" "got:    $got" "wanted: $4" "the end of $2:" \
			"$(tail -n 5 "$2")"
	fi
}

# --- waiting -------------------------------------------------------------------------------------

gone() {
	! kill -0 "$1" 2>/dev/null
}

# wait_for SECONDS COMMAND...: until the command succeeds. SECONDS are those of a usual machine.
wait_for() {
	local end=$((SECONDS + $1 * SLOW + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# Where the file has at least so many lines that match.
has_lines() {
	[ "$(grep -cE -- "$3" "$1" 2>/dev/null)" -ge "$2" ]
}

# --- bombus --------------------------------------------------------------------------------------

need() {
	local tool

	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip_all "$tool is not installed"
	done
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip_all "not root: programs cannot be loaded"
}

# Without the program under test there is nothing to wait for: the file ends, and has failed.
bombus_there() {
	[ -x "$BOMBUS" ] && return
	echo "$BOMBUS is not there: build it first" >&2
	exit 1
}

# memory_between NAME KIB LEAST MOST: as between, where the memory is the program's own.
memory_between() {
	if grep -q __asan_init "$BOMBUS"; then
		skip "$1" "the sanitizers' memory is not the program's"
	else
		between "$@"
	fi
}

# unpacked NAME: puts programs that tests/fetch.sh unpacked under the build folder into PATH; sets
# $UNPACKED. Fails where they are not there.
unpacked() {
	UNPACKED=$BUILD/unpacked/$1
	case $UNPACKED in /*) ;; *) UNPACKED=$TOP/$UNPACKED ;; esac
	export PATH=$PATH:$UNPACKED/usr/bin
	[ -e "$UNPACKED/complete" ]
}

# go_built PROGRAM PACKAGE: sets $bin to INTEROP_BIN (BUILD/interop), where the program is, or is built
# through the Go module proxy within GO_SECONDS. Fails where it cannot be; go_why says why.
go_built() {
	bin=$(realpath -m "${INTEROP_BIN:-$BUILD/interop}")
	[ -x "$bin/$1" ] && return
	command -v go >/dev/null && mkdir -p "$bin" || return
	HOME=/tmp GOBIN=$bin GOFLAGS=-mod=mod timeout "${GO_SECONDS:-600}" nice go install "$2" >"$T/go.log" 2>&1
}
go_why() { tail -n 1 "$T/go.log" 2>/dev/null; }

# run_bombus ARGUMENTS...: to its end; leaves $RC, $OUT and $ERR.
run_bombus() {
	bombus_there
	timeout -k 5 $((30 * SLOW)) "$BOMBUS" "$@" >"$T/.out" 2>"$T/.err" </dev/null
	RC=$?
	# shellcheck disable=SC2034 # read by the tests
	OUT=$(cat "$T/.out")
	# shellcheck disable=SC2034
	ERR=$(cat "$T/.err")
}

# bombus_start NAME ARGUMENTS...: in the background, with output in NAME.out and NAME.err, until
# it is attached.
bombus_start() {
	local name=$1
	shift
	bombus_there
	# Before the job begins: an earlier one of this name may have left its words there.
	: >"$T/$name.out"
	: >"$T/$name.err"
	"$BOMBUS" "$@" >"$T/$name.out" 2>"$T/$name.err" </dev/null &
	BOMBUS_PID=$!
	BOMBUS_NAME=$name
	started+=("$BOMBUS_PID")
	attached_wait "$BOMBUS_PID" || {
		note "$name: not attached: $*" "$(tail -n 20 "$T/$name.err")"
		return 1
	}
}

# example_start NAME ARGUMENTS...: the same for an image of bpf-examples, as JSON in NAME.out.
example_start() {
	local name=$1
	shift
	bombus_start "$name" --store "$EXAMPLES" run "$name" -o json "$@"
}

# example NAME JOB ARGUMENTS...: runs an example while one job of tests/support/traffic.c is done, and
# watches only the process that does it ($TRAFFIC_PID).
example() {
	local name=$1 job=$2
	shift 2
	traffic_start "$job"
	ok "$name: it attaches" example_start "$name" --set target_pid="$TRAFFIC_PID" "$@"
	ok "$name: $job" traffic_go
	ok "$name: it ends" bombus_stop INT
}

# events NAME MAP FILTER WANTED: what the filter makes of the array of an example's records.
events() {
	jq_is "$1: $2" "$1.out" \
		"map(select(.map == \"$2\" and .kind == \"event\") | .fields) | $3" "$4"
}

# series NAME MAP FILTER WANTED: the same for the last row of each series.
series() {
	jq_is "$1: $2" "$1.out" "map(select(.map == \"$2\" and .key != null)) | group_by(.key) |
		map(last) | $3" "$4"
}

# rows NAME MAP FILTER WANTED: all rows of a run with --interval 1m, which shows its maps once. Stacks
# that differ in an instruction are rows of their own. The filter sees $p, the traffic's process.
rows() {
	jq_is "$1: $2" "$1.out" "$TRAFFIC_PID as \$p | map(select(.map == \"$2\")) | $3" "$4"
}

# no_loss NAME: the closing line of a program with records says so.
no_loss() {
	like "$1: nothing was lost" "$(tail -n 1 "$1.err")" '[^0-9]0 lost'
}

# no_series_loss NAME: that of a program with series names only losses.
no_series_loss() {
	unlike "$1: nothing was lost" "$(tail -n 1 "$1.err")" '[1-9][0-9]* (lost|dropped)'
}

# What of the kernel's BPF things a process holds: "link_id 7", "prog_id 12", "map_id 3", one a
# line.
bpf_held() {
	sed -nE 's/^((link|prog|map)_id):[[:space:]]*([0-9]+)$/\1 \3/p' "/proc/$1/fdinfo/"* \
		2>/dev/null | sort -u
}

# Every link, program and map that was held a moment ago (in the file) is gone.
nothing_left() {
	local kind id

	while read -r kind id; do
		kind=${kind%_id}
		! bpftool "$kind" show id "$id" >/dev/null 2>&1 || return 1
	done <"$1"
}

what_is_left() {
	local kind id

	while read -r kind id; do
		bpftool "${kind%_id}" show id "$id" 2>/dev/null
	done <"$1"
}

# held_by NAME PID: notes what it holds, and that this is what it should be.
held_by() {
	bpf_held "$2" >"$T/$1.held"
	at_least "$1: a link is held" "$(grep -c ^link_id "$T/$1.held")" 1
	at_least "$1: a program is loaded" "$(grep -c _id "$T/$1.held")" 2
}

# The kernel frees a moment after the last descriptor is closed.
left_by() {
	if wait_for 10 nothing_left "$T/$1.held"; then
		pass "$1: nothing is left in the kernel"
	else
		fail "$1: nothing is left in the kernel" "$(what_is_left "$T/$1.held")"
	fi
	# Folders bombus-test-PID are pinned by tests; other tests run beside this one.
	is "$1: nothing is pinned" "$(find /sys/fs/bpf -newer "$T/start" ! -type d \
		\( -path "*/bombus-test-$$/*" -o ! -path '*/bombus-test-*' \) 2>/dev/null)" ''
}

# Until bombus says on standard error that it is attached.
attached_wait() {
	local end=$((SECONDS + 20 * SLOW))

	until grep -qsE '[0-9] programs? attached' "$T/$BOMBUS_NAME.err"; do
		gone "$1" && return 1
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# bombus_stop [SIGNAL]: ends the one started last; leaves $RC.
bombus_stop() {
	kill "-${1:-INT}" "$BOMBUS_PID" 2>/dev/null
	bombus_wait 20
}

# helper_of PID NAME: its helper bombus-NAME. (The guest's busybox has no pgrep that compares names.)
helper_of() {
	local pid
	grep -lsx "PPid:[[:space:]]*$1" /proc/[0-9]*/status | cut -d/ -f3 | while read -r pid; do
		[ "$(cat "/proc/$pid/comm")" != "bombus-$2" ] || echo "$pid"
	done
}

# bombus_wait SECONDS: until it has ended by itself; leaves $RC.
bombus_wait() {
	wait_for "$1" gone "$BOMBUS_PID" || {
		note "$BOMBUS_NAME does not end" "$(tail -n 5 "$T/$BOMBUS_NAME.err")"
		kill -9 "$BOMBUS_PID"
	}
	wait "$BOMBUS_PID"
	RC=$?
	return $RC
}

# --- traffic -------------------------------------------------------------------------------------

# traffic_start JOB...: a process that does exactly these jobs (see tests/support/traffic.c), but only
# once traffic_go is called; until then its $TRAFFIC_PID can be given to a filter. TRAFFIC_NET: in the
# network namespace of this process.
traffic_start() {
	# Not the output of the one before.
	rm -f "$T/.go" "$T/traffic.out"
	mkfifo "$T/.go"
	${TRAFFIC_NET:+nsenter "--net=/proc/$TRAFFIC_NET/ns/net"} \
		"$BUILD/tests/support/traffic" "$@" <"$T/.go" >"$T/traffic.out" 2>"$T/traffic.err" &
	TRAFFIC_PID=$!
	started+=("$TRAFFIC_PID")
	exec {go_fd}>"$T/.go"
	wait_for 10 grep -qs '^pid ' "$T/traffic.out"
}

# Lets it start and waits for its end; fails where it did.
traffic_go() {
	echo >&"$go_fd"
	exec {go_fd}>&-
	wait_for "${1:-30}" gone "$TRAFFIC_PID" || {
		note "the traffic does not end: $(cat "$T/traffic.err")"
		kill -9 "$TRAFFIC_PID"
	}
	wait "$TRAFFIC_PID"
}

# traffic_said WORD: the value behind a word that it printed ("port 40123").
traffic_said() {
	sed -n "s/^$1 //p" "$T/traffic.out" | tail -n 1
}

# rounds_start ARGUMENTS...: tests/support/rounds.py, whose process is $ROUNDS_PID; rounds_go lets it begin.
rounds_start() {
	rm -f "$T/.go" "$T/rounds.out" && mkfifo "$T/.go"
	python3 "$TESTS/support/rounds.py" "$@" <"$T/.go" >"$T/rounds.out" 2>"$T/rounds.err" &
	started+=("$!")
	exec {go_fd}>"$T/.go"
	wait_for 10 test -s "$T/rounds.out"
	# shellcheck disable=SC2034 # read by the tests
	ROUNDS_PID=$(head -n 1 "$T/rounds.out")
}

rounds_go() {
	echo >&"$go_fd"
	exec {go_fd}>&-
}

# A new cgroup (v2) of this test's own, removed at the end: sets $GROUP, or fails where none can be.
cgroup_make() {
	local root=/sys/fs/cgroup

	if [ ! -e $root/cgroup.controllers ]; then
		root=$T/cgroup
		mkdir -p "$root"
		mount -t cgroup2 none "$root" || return 1
		at_exit+=("umount '$root'")
	fi
	GROUP=$root/bombus-test-$$
	mkdir "$GROUP" || return 1
	at_exit=("wait_for 5 rmdir '$GROUP'" "${at_exit[@]}")
}

# fetch URL: the body, with curl or, where there is none, the shell's own connections (of a plain
# http://ADDRESS:PORT/PATH).
fetch() {
	local rest=${1#http://} host

	if command -v curl >/dev/null; then
		curl -fsS --max-time 5 "$1"
		return
	fi
	host=${rest%%/*}
	# shellcheck disable=SC2016 # expanded by the inner shell
	timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2" &&
		printf "GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n" "$3" "$1" >&3 && cat <&3' \
		fetch "${host%:*}" "${host##*:}" "${rest#*/}" | tr -d '\r' | sed '1,/^$/d'
}

# A port that nothing listens on right now, on loopback.
free_port() {
	"$BUILD/tests/support/traffic" --now port
}
