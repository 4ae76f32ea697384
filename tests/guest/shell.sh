#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A shell inside the guest that the tests use, with bombus and the examples in /bombus/build.
# Leave it with `poweroff -f`, or with Ctrl-A X.

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=image.sh
. tests/guest/image.sh

why=$(guest_lacks)
[ -z "$why" ] || {
	echo "$why" >&2
	exit 1
}
mkdir -p "$GUEST_DIR"
guest_kernel || exit 1
initrd=$(mktemp "${TMPDIR:-/tmp}/bombus-initrd.XXXXXX")
trap 'rm -f "$initrd"' EXIT
guest_initrd "$initrd" shell || exit 1
guest_command "$initrd" "${GUEST_APPEND:-}"
"${GUEST_COMMAND[@]}" -nographic
