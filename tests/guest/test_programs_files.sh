#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs about files, disks and modules that want kprobes or fentry, or a machine of their own,
# with work of known size.
. "$(dirname "$0")/../support/lib.sh"
mkdir folder

# --- vfsstat ---
check_vfsstat() {
	series vfsstat vfs_operations 'map({ key: .key.index, value: .value }) | from_entries |
		[.VFS_MKDIR, .VFS_CREATE, .VFS_LINK, .VFS_SYMLINK, .VFS_RENAME, .VFS_UNLINK, .VFS_RMDIR]' \
		'[3,3,3,3,3,9,3]'
}
example vfsstat "names,$T/known,3"
check_vfsstat
traffic_start "write,$T/written,100,7" "read,$T/written,100,5"
ok 'vfsstat: it attaches' example_start vfsstat --set target_pid="$TRAFFIC_PID"
ok 'vfsstat: writes' traffic_go
ok 'vfsstat: it ends' bombus_stop INT
series vfsstat vfs_operations 'map({ key: .key.index, value: .value }) | from_entries |
	[.VFS_READ, .VFS_WRITE, .VFS_FSYNC, .VFS_OPEN]' '[5,8,1,2]' # one more: what it prints
only=open___kretprobe
for f in read write fsync_range unlink rename link symlink mkdir rmdir getattr; do
	only+=",vfs_${f}___kprobe"
done
example vfsstat "names,$T/known,3" --only "$only"
check_vfsstat

# --- filelife ---
for only in created___fexit,begin___fentry,end___fexit created___kretprobe,begin___kprobe,end___kretprobe; do
	example filelife "short-lived,$T/brief,4" --only "$only"
	events filelife short_lived 'map([.path, .size, .fs, .pid, .creator]) | group_by(.) | map([.[0], length])' \
		"[[[\"$T/brief\",5,\"tmpfs\",$TRAFFIC_PID,$TRAFFIC_PID],4]]"
	events filelife short_lived 'map(.age > 0 and .age < 10000000000) | unique' '[true]'
	no_loss filelife
done
example filelife "short-lived,$T/brief,4" --set max_age=1ns
events filelife short_lived length 0

# --- fsnotify: watchers that begin while it runs, and one that was there before ---
example fsnotify "inotify,$T/folder,3"
events fsnotify fs_events 'map([.event, .kind, .name, .pid, .watcher, .watcher_comm]) | group_by(.) | map([.[0], length])' \
	"[[[\"EVENT_CREATE\",\"WATCH_INOTIFY\",\"watched\",$TRAFFIC_PID,$TRAFFIC_PID,\"traffic\"],3],$(
	)[[\"EVENT_IGNORED\",\"WATCH_INOTIFY\",\"\",$TRAFFIC_PID,$TRAFFIC_PID,\"traffic\"],1]]"
echo known >known.txt
example fsnotify "fanotify,$T/known.txt,3"
events fsnotify fs_events 'map([.event, .kind, .pid, .watcher]) | group_by(.) | map([.[0], length])' \
	"[[[\"EVENT_OPEN\",\"WATCH_FANOTIFY\",$TRAFFIC_PID,$TRAFFIC_PID],3]]"
no_loss fsnotify
traffic_start "watch,$T/folder" "until,$T/stop"
echo >&"$go_fd"
ok 'fsnotify: a watcher' wait_for 20 grep -q '^waiting' traffic.out
ok 'fsnotify: it attaches' example_start fsnotify --set target_watcher="$TRAFFIC_PID"
touch folder/one folder/two
ok 'fsnotify: it ends' bombus_stop INT
touch stop
exec {go_fd}>&-
wait "$TRAFFIC_PID"
events fsnotify fs_events 'map([.event, .name, .comm])' '[["EVENT_CREATE","one","touch"],["EVENT_CREATE","two","touch"]]'

# --- disks: one that takes 5 ms for every request, by its own timer ---
modprobe null_blk nr_devices=1 irqmode=2 completion_nsec=5000000 hw_queue_depth=16
example biotop write-direct,/dev/nullb0,4096,10
series biotop disk_use 'map([.key, .value.requests, .value.data, .value.busy >= 50000000])' \
	"[[{\"pid\":$TRAFFIC_PID,\"comm\":\"traffic\",\"disk\":\"nullb0\",\"op\":\"IO_WRITE\"},10,40960,true]]"
example bitesize write-direct,/dev/nullb0,8192,6
series bitesize bio_size 'map([.key, .count, .sum])' '[[{"comm":"traffic","op":"IO_WRITE"},6,49152]]'
example biopattern write-direct,/dev/nullb0,4096,10
series biopattern bio_pattern 'map([.key, .value.sequential, .value.random, .value.data])' \
	'[[{"disk":"nullb0","op":"IO_WRITE"},10,0,40960]]'
traffic_start read-back,/dev/nullb0,4096,6
ok 'biopattern: it attaches' example_start biopattern --set target_pid="$TRAFFIC_PID"
ok 'biopattern: backwards' traffic_go
ok 'biopattern: it ends' bombus_stop INT
series biopattern bio_pattern 'map([.key.op, .value.sequential, .value.random])' '[["IO_READ",0,6]]'
example biostacks write-direct,/dev/nullb0,4096,5
series biostacks bio_stacks 'map([.key.comm, .key.op, .count, .sum >= 25000, (.key.stack | test("vfs_write.*blk_mq_submit_bio") and (test("bpf_prog") | not))])' \
	'[["traffic","IO_WRITE",5,true,true]]'
modprobe -r null_blk

# --- mdflush: an array of two disks in memory; each write and the end of the file flush it ---
modprobe brd rd_nr=2 rd_size=16384 && modprobe md-mod && modprobe linear
array() {
	echo md7 >/sys/module/md_mod/parameters/new_array || return 1
	cd /sys/block/md7/md || return 1
	echo none >metadata_version && echo linear >level && echo 2 >raid_disks || return 1
	for i in 0 1; do
		echo "1:$i" >new_dev && echo 0 >"dev-ram$i/offset" && echo 8192 >"dev-ram$i/size" &&
			echo "$i" >"dev-ram$i/slot" || return 1
	done
	echo active >array_state
}
ok 'mdflush: an array' eval '(array)'
example mdflush write-direct,/dev/md7,4096,3
events mdflush flushes 'map([.array, .pid, .comm]) | group_by(.) | map([.[0], length])' \
	"[[[\"md7\",$TRAFFIC_PID,\"traffic\"],4]]"
no_loss mdflush
echo clear >/sys/block/md7/md/array_state
ok 'mdflush: the disks are free again' modprobe -r brd

# --- modsnoop ---
ok 'modsnoop: it attaches' example_start modsnoop
modprobe null_blk nr_devices=0
modprobe -r null_blk
mount -t no_such_fs none folder 2>/dev/null
ok 'modsnoop: it ends' bombus_stop INT
events modsnoop modules 'map(select(.module | test("null_blk|no_such")) | [.event, .module, .comm])' \
	'[["MODULE_LOAD","null_blk","modprobe"],["MODULE_UNLOAD","null_blk","modprobe"],["MODULE_REQUEST","fs-no_such_fs","mount"]]'
no_loss modsnoop

done_testing
