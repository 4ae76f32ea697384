#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs about files that need no more than tracepoints, each with work of known size, of which
# they have to tell exactly.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

echo known >known.txt
fs=$(findmnt -n -o FSTYPE -T . 2>/dev/null) || fs=$(stat -f -c %T .)
mkdir folder

# --- filetop: the path is put together in the kernel ---
traffic_start "write,$T/written,1000,7" "read,$T/written,500,9"
ok 'filetop: it attaches' example_start filetop --set target_pid="$TRAFFIC_PID"
ok 'filetop: writes and reads' traffic_go
ok 'filetop: it ends' bombus_stop INT
series filetop files "map(select(.key.file == \"$T/written\") |
	[.key.pid, .key.comm, .key.fs, .value.writes, .value.written_bytes, .value.reads, .value.read_bytes])" \
	"[[$TRAFFIC_PID,\"traffic\",\"$fs\",7,7000,9,4500]]"

# --- fsdist: all are counted, and with `slow` each is reported ---
traffic_start "write,$T/written,1000,6" "read,$T/written,500,8"
ok 'fsdist: it attaches' example_start fsdist --set target_pid="$TRAFFIC_PID" --set slow=1ns
ok 'fsdist: writes and reads' traffic_go
ok 'fsdist: it ends' bombus_stop INT
series fsdist fs_latency "map(select(.key.fs == \"$fs\" and .key.op != \"FS_READ\") | [.key.op, .count])" \
	'[["FS_FSYNC",1],["FS_OPEN",2],["FS_WRITE",7]]' # one more: what it prints
events fsdist slow_calls "map(select(.path == \"$T/written\") | [.op, .moved, .fs, .pid]) | group_by(.) |
	map([.[0][0:2], length])" '[[["FS_FSYNC",0],1],[["FS_OPEN",0],2],[["FS_READ",500],8],[["FS_WRITE",1000],6]]'
no_loss fsdist
example fsdist "read,$T/written,500,8" --set fs=none
series fsdist fs_latency 'length' 0

# --- syncsnoop ---
example syncsnoop "syncs,$T/synced,3"
events syncsnoop syncs "map([.op, .path, .err, .pid]) | group_by(.) | map([.[0][0], .[0][1], length])" \
	"$(jq -nc --arg p "$T/synced" '[["SYNC_DATA",$p,3],["SYNC_FILE",$p,3],["SYNC_MEMORY","",3],["SYNC_RANGE",$p,3]]')"
no_loss syncsnoop
example syncsnoop "syncs,$T/synced,3" --set min_time=100s
events syncsnoop syncs length 0

# --- statsnoop: by a path, and by a descriptor ---
example statsnoop "stats,$T/known.txt,4"
events statsnoop stats "map(select(.path == \"$T/known.txt\") | [(.op | sub(\"STAT_(FSTAT|STATAT)\"; \"at\") | sub(\"STAT_\"; \"\")), .err]) | group_by(.) | map([.[0], length])" \
	'[[["ACCESS","0"],4],[["READLINK","EINVAL"],4],[["STATFS","0"],4],[["STATX","0"],4],[["at","0"],8]]'
no_loss statsnoop
example statsnoop "stats,$T/known.txt,4" --set failed_only=true
events statsnoop stats 'map([.op, .err])' '[["STAT_READLINK","EINVAL"],["STAT_READLINK","EINVAL"],["STAT_READLINK","EINVAL"],["STAT_READLINK","EINVAL"]]'

# --- mountsnoop: in a mount namespace of the traffic's own ---
example mountsnoop "mount,$T/folder,2"
events mountsnoop mounts "map(select(.target == \"$T/folder\") | [.op, .err, .fs, .source])" \
	'[["OP_MOUNT","0","tmpfs","known-source"],["OP_UMOUNT","0","",""],["OP_UMOUNT","EINVAL","",""],["OP_MOUNT","0","tmpfs","known-source"],["OP_UMOUNT","0","",""],["OP_UMOUNT","EINVAL","",""]]'
events mountsnoop mounts 'map(.mntns) | unique | length' 1
no_loss mountsnoop

# --- linksnoop ---
example linksnoop "names,$T/names,2"
events linksnoop file_names "map([.op, .err, (.path | ltrimstr(\"$T/\")), (.to | ltrimstr(\"$T/\"))]) |
	group_by(.) | map([.[0][0], .[0][2], .[0][3], length])" \
	'[["NAME_LINK","names/0","names/1",2],["NAME_MKDIR","names","",2],["NAME_RENAME","names/1","names/0",2],["NAME_RMDIR","names","",2],["NAME_SYMLINK","names/0","names/2",2],["NAME_UNLINK","names/0","",2],["NAME_UNLINK","names/1","",2],["NAME_UNLINK","names/2","",2]]'
no_loss linksnoop

done_testing
