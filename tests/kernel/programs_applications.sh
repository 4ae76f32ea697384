#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs about locks and applications, each with work of known size, of which they have to tell
# exactly.
# shellcheck source=../support/lib.sh disable=SC2016
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq
TRAFFIC=$BUILD/tests/support/traffic
case $TRAFFIC in /*) ;; *) TRAFFIC=$TOP/$TRAFFIC ;; esac

# --- locks of programs ---
example futexctn futex,10,12 --interval 1m
lock=$(traffic_said lock)
rows futexctn futexes 'map([.key.pid == $p, .key.comm, .key.lock, .value.waits, .value.time >= 120000000,
	.value.max >= 10000000 and .value.max <= .value.time])' \
	"[[true,\"traffic\",\"$lock\",12,true,true]]"
rows futexctn futex_wait_time 'map([.key, .count, .sum >= 120000])' '[[{"comm":""},12,true]]'
no_series_loss futexctn
example futexctn futex,1,5 --interval 1m --set lock=1
rows futexctn futexes length 0

# --- locks of the kernel: of a terminal, which a reader holds while it waits ---
example klockstat tty-lock,60 --interval 1m --set min_us=50000
rows klockstat locks 'map(select(.key.stack | test("n_tty_read")) |
	[.key.kind, .value.waits, .value.time >= 60000000, .value.max == .value.time])' \
	'[["LOCK_MUTEX",1,true,true]]'
rows klockstat kernel_lock_wait_time 'map(select(.key.kind == "LOCK_MUTEX") | .count)' '[1]'
no_series_loss klockstat

# --- deadlocks: two threads want each other's mutex; two mutexes are taken in either order ---
example deadlocks deadlock
events deadlocks deadlocks "map([.finding, .pid, .tid, .threads, .comm, .wants, .holds])" \
	"[[\"FOUND_DEADLOCK\",$TRAFFIC_PID,$(traffic_said locker),2,\"traffic\",$(
	)\"$(traffic_said first)\",\"$(traffic_said second)\"]]"
no_loss deadlocks
example deadlocks lock-order,4
events deadlocks deadlocks "map([.finding, .tid, .other_tid, .threads, .wants, .holds])" \
	"[[\"FOUND_LOCK_ORDER\",$TRAFFIC_PID,$TRAFFIC_PID,0,\"$(traffic_said first)\",\"$(traffic_said second)\"]]"
no_loss deadlocks
example deadlocks lock-order,4 --set lock_order=false
events deadlocks deadlocks length 0

# --- probes of languages and servers: the traffic has the same ones ---
gc() {
	example gc "gc,$1,5,4" --attach "*=$TRAFFIC"
	events gc collections 'map([.runtime, .generation, .comm, .took >= 5000000]) | group_by(.) |
		map([.[0], length])' "[[[\"$2\",$3,\"traffic\",true],4]]"
	series gc gc_time 'map([.key.runtime, .count, .sum >= 20000])' "[[\"$2\",4,true]]"
	no_loss gc
}
gc java RUNTIME_JAVA 1
# The first probe of a binary that has all of them would be taken: Java's.
only() {
	local job=$1 which=$2
	shift 2
	example "$job" "$@" --attach "*=$TRAFFIC" --only "begins___$which,ends___$which"
}
for which in python ruby node; do
	only gc $which "gc,$which,5,4"
	events gc collections 'map([.runtime, .generation]) | group_by(.) | map([.[0], length])' \
		"[[[\"RUNTIME_${which^^}\",$([ $which = python ] && echo 2 || echo 0)],4]]"
done
text="select * from orders where id = 7"
for which in postgresql mysql mariadb; do
	only queries $which "query,$which,$text,20"
	events queries queries 'map([.database, .query, .took >= 20000000, .took < 2000000000])' \
		"[[\"$([ $which = postgresql ] && echo POSTGRESQL || echo MYSQL)\",\"$text\",true,true]]"
	series queries query_time 'map(.count)' '[1]'
	no_loss queries
done
only queries postgresql "query,postgresql,$text,1" --set with_text=false
events queries queries 'map(.query)' '[""]'
only queries postgresql "query,postgresql,$text,1" --set min_us=60000000
events queries queries length 0
only requests php request,php,10
events requests requests 'map([.server, .method, .path, .took >= 10000000])' \
	'[["SERVER_PHP","GET","/first",true],["SERVER_PHP","POST","/second?x=1",true]]'
only requests node request,node,10
events requests requests 'map([.method, .path, .took >= 10000000])' \
	'[["POST","/second?x=1",true],["GET","/first",true]]'
series requests request_time 'map([.key.server, .count, .sum >= 30000])' '[["SERVER_NODE",2,true]]'
no_loss requests

# A binary without the probes: each alternative is named with the probe that it looked for.
run_bombus --store "$EXAMPLES" run requests --attach "*=$BOMBUS"
is 'requests: of a program without such probes: status' "$RC" 2
like 'requests: of a program without such probes' "$ERR" "has no USDT probe 'php:request__startup'"

done_testing
