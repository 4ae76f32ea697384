#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs tests of this folder inside a guest with a kernel that has kprobes, fentry and lsm programs.
# All of them in one boot.
#
#	tests/guest/run.sh [-o DIR] [-t SECONDS] [TEST...]
#
# -o leaves NAME.tap, NAME.err, NAME.rc and NAME.seconds of each test in DIR instead of printing
# them; -t is the limit for the whole boot (300). Status 77: this machine lacks what a guest needs
# (the last line says what). The console is kept in BUILD/guest/console.log. BUILD is the folder
# of the binaries, GUEST_ACCEL qemu's -accel.

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=image.sh
. tests/guest/image.sh

out=
limit=300
while getopts o:t: opt; do
	case $opt in
	o) out=$OPTARG ;;
	t) limit=$OPTARG ;;
	*)
		sed -n '4,/^$/s/^# \{0,1\}//p' "$0"
		exit 2
		;;
	esac
done
shift $((OPTIND - 1))
tests=("$@")
if [ $# -eq 0 ]; then
	tests=(tests/guest/test_*.sh)
fi
tests=("${tests[@]##*/}")
tests=("${tests[@]%.sh}")
for name in "${tests[@]}"; do
	[ -f "tests/guest/$name.sh" ] || {
		echo "no test tests/guest/$name.sh" >&2
		exit 2
	}
done

why=$(guest_lacks)
[ -z "$why" ] || {
	echo "$why"
	exit 77
}
work=$(mktemp -d "${TMPDIR:-/tmp}/bombus-guest-run.XXXXXX")
trap 'rm -rf "$work"; [ -z "${qemu:-}" ] || kill -9 "$qemu" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
mkdir -p "${out:=$work/out}" "$GUEST_DIR"
guest_kernel || exit 1
guest_initrd "$work/initrd" "${tests[@]}" || exit 1

: >"$work/results"
guest_command "$work/initrd" "${GUEST_APPEND:-}"
"${GUEST_COMMAND[@]}" -display none -monitor none \
	-serial "file:$GUEST_DIR/console.log" -serial "file:$work/results" \
	</dev/null >"$work/qemu" 2>&1 &
qemu=$!
end=$((SECONDS + limit))
while kill -0 $qemu 2>/dev/null && [ $SECONDS -lt $end ]; do
	sleep 0.2
done
late=
if kill -0 $qemu 2>/dev/null; then
	late="the guest was stopped after $limit seconds"
	kill -9 $qemu
fi
wait $qemu 2>/dev/null
qemu=

# Only what was told completely has a status; a test that was cut off keeps what it had said.
rm -f "$out"/test_*.*
awk -v out="$out" '
{ sub(/\r$/, "") }
/^@begin / { name = out "/" $2; printf "" >(name ".tap"); printf "" >(name ".err"); next }
/^@end / { print $3 >(name ".rc"); print $4 >(name ".seconds"); close(name ".tap"); next }
/^T / { print substr($0, 3) >(name ".tap") }
/^E / { print substr($0, 3) >(name ".err") }
/^K / { print substr($0, 3) >(out "/kernel.log") }
' "$work/results"
if ! grep -q '^@done' "$work/results"; then
	echo "${late:-the guest ended before the tests did}; its console and qemu said last:"
	tail -n 25 "$GUEST_DIR/console.log" "$work/qemu" | tr -d '\r\033'
	status=1
fi
if [ -s "$out/kernel.log" ]; then
	echo "the guest's kernel complained:"
	cat "$out/kernel.log"
fi
[ "$out" = "$work/out" ] || exit "${status:-0}"
for name in "${tests[@]}"; do
	echo "# $name"
	cat "$out/$name.tap" 2>/dev/null || echo "not ok - never started"
	sed 's/^/# | /' "$out/$name.err" 2>/dev/null
	[ "$(cat "$out/$name.rc" 2>/dev/null)" = 0 ] || status=1
done
exit "${status:-0}"
