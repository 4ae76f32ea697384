#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the other tests of this folder rely on is really there.
. "$(dirname "$0")/../support/lib.sh"

ok 'the kernel has BTF' test -s /sys/kernel/btf/vmlinux
ok 'bpf is among the security modules' grep -qw bpf /sys/kernel/security/lsm
ok 'kprobes can be made' test -w /sys/kernel/tracing/kprobe_events
ok 'functions can be traced' grep -qx tcp_v4_connect /sys/kernel/tracing/available_filter_functions
ok 'a block device without a disk' modprobe null_blk nr_devices=1 irqmode=2 completion_nsec=2000000
ok 'it is there' test -b /dev/nullb0
ok 'it can be taken away' modprobe -r null_blk
for module in brd sch_netem veth nfsd nfsv4; do
	ok "module $module" modprobe "$module"
done
ok 'traffic over loopback' "$BUILD/tests/support/traffic" --now tcp,127.0.0.1,10,2 tcp,::1,10,2
ok 'the real tc' tc qdisc add dev lo root netem delay 1ms
tc qdisc del dev lo root
done_testing
