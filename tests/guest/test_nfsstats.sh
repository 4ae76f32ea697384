#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The example nfsstats, on a mount from this kernel's own NFS server over loopback.
. "$(dirname "$0")/../support/lib.sh"

# The server asks a daemon who may see what; its answers can be given beforehand.
serve() {
	local forever=2147483000

	modprobe nfsd && modprobe nfsv4 && mount -t nfsd nfsd /proc/fs/nfsd || return 1
	mkdir -p /tmp/export /mnt/nfs /var/lib/nfs/v4recovery
	mount -t tmpfs export /tmp/export || return 1
	echo "nfsd 127.0.0.1 $forever *" >/proc/net/rpc/auth.unix.ip/channel
	printf '* 1 \\x00000000 %s /tmp/export\n' $forever >/proc/net/rpc/nfsd.fh/channel
	# fsid=0, insecure ports, async, no_subtree_check: NFSEXP_* of the kernel.
	echo "* /tmp/export $forever $((0x2000 + 0x400 + 0x10 + 2)) 0 0 0" \
		>/proc/net/rpc/nfsd.export/channel
	echo '-2 -3' >/proc/fs/nfsd/versions
	echo 10 >/proc/fs/nfsd/nfsv4leasetime
	echo 10 >/proc/fs/nfsd/nfsv4gracetime
	echo 2 >/proc/fs/nfsd/threads
	echo Y >/proc/fs/nfsd/v4_end_grace
	mount -t nfs4 -o vers=4.2,addr=127.0.0.1,clientaddr=127.0.0.1 127.0.0.1:/ /mnt/nfs
}

if ! serve 2>serve.err; then
	note "$(cat serve.err)"
	skip_all 'this kernel cannot serve NFS to itself (modules nfsd and nfsv4)'
fi

# Those of the operation, as [operations, errors, bytes].
op() {
	jq_is "$1: $2" "$1.out" "map(select(.map == \"nfs\" and
		(.key | tostring | contains(\"$2\"))) |
		.value | [.operations, .errors, .bytes]) | last" "$3"
}

for flavour in fentry kprobe; do
	only=()
	# The second is what remains for a kernel without fentry.
	if [ $flavour = kprobe ]; then
		for f in nfs_file_read nfs_file_write nfs_file_open nfs_file_fsync nfs_getattr; do
			only+=(--only "${f}_begin___kprobe,${f}_end___kretprobe")
		done
	fi
	rm -f /tmp/export/file
	traffic_start write,/mnt/nfs/file,1000,7 read,/mnt/nfs/file,500,9
	ok "$flavour: it attaches" \
		example_start nfsstats --set target_pid="$TRAFFIC_PID" "${only[@]}"
	ok "$flavour: writes and reads" traffic_go
	ok "$flavour: it ends" bombus_stop INT
	op nfsstats NFS_OP_WRITE '[7,0,7000]'
	op nfsstats NFS_OP_READ '[9,0,4500]'
	op nfsstats NFS_OP_FSYNC '[1,0,0]'
	jq_is "$flavour: the histogram counts the same" nfsstats.out \
		'map(select(.map == "nfs_op_time" and .key.op == "NFS_OP_WRITE") | .count) | last' 7
done
umount /mnt/nfs
done_testing
