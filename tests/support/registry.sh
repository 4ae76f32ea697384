# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests against tests/support/registry.py: a program to serve, and the server. Sets $R, its address, and
# $other, the port of its other one.

export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache
mkdir server
cat >tool.bpf.c <<'END'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_hit(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
END
run_bombus build tool.bpf.c --binary-only -o program.o
is 'there is a program to serve' "$RC" 0
mkfifo stdin
python3 "$TESTS/support/registry.py" "$T/server" program.o <stdin >server/log 2>&1 &
started+=($!)
# shellcheck disable=SC2034 # closed by the tests
exec {server_fd}>stdin
wait_for 20 test -e server/ports || skip_all "no server: $(tail -n 1 server/log)"
# shellcheck disable=SC2034 # read by the tests
read -r port other <server/ports
# shellcheck disable=SC2034
R=127.0.0.1:$port

# How many requests match so far.
requests() {
	grep -cE -- "$1" server/requests
}
