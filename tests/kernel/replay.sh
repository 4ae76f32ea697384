#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a run showed is what its recording shows again, line by line: every kind of map, every
# output, names that only the running system knows, losses, and recordings that end early.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq

# replay NAME ARGUMENTS...: NAME.rec, into NAME.again.
replay() {
	local name=$1
	shift
	timeout $((30 * SLOW)) "$BOMBUS" replay "$name.rec" "$@" >"$name.again" 2>"$name.err2"
}

# replays NAME ARGUMENTS...: the same as the run's own output.
replays() {
	local name=$1
	shift
	ok "$name: it is replayed" replay "$name" "$@"
	at_least "$name: there was something" "$(wc -l <"$name.out")" 1
	ok "$name: each line is the same" cmp "$name.out" "$name.again"
}

# recorded NAME OBJECT JOBS ARGUMENTS...: a run with its recording while the jobs are done.
recorded() {
	local name=$1 object=$OBJECTS/$2.bpf.o jobs=$3
	shift 3
	# shellcheck disable=SC2086 # a list of jobs
	traffic_start $jobs
	ok "$name: it attaches" bombus_start "$name" run "$object" --set target_pid="$TRAFFIC_PID" \
		--record "$T/$name.rec" "$@"
	[ -z "$standing_still" ] || kill -STOP "$BOMBUS_PID"
	ok "$name: traffic" traffic_go
	[ -z "$standing_still" ] || kill -CONT "$BOMBUS_PID"
	ok "$name: it ends" bombus_stop INT
}
standing_still=

# Each round lasts three sweeps, so that a busy machine sees each of them.
slow_rounds=$(for ((i = 0; i < 10; i++)); do printf 'getppid,1 sleep,300 '; done)

# --- every kind of map ---
recorded all replay "$slow_rounds" --interval 100ms -o json
replays all -o json
jq_is 'all: records' all.again 'map(select(.map == "events" and .kind == "event").fields.round)' \
	'[0,1,2,3,4,5,6,7,8,9]'
jq_is 'all: entries went' all.again 'map(select(.kind == "gone").key.key) | sort' '[0,1,2,3,4,5]'
jq_is 'all: a histogram' all.again 'map(select(.map == "latency")) | last | [.count, .sum]' '[10,1023]'
jq_is 'all: a variable' all.again 'map(select(.map == "all_rounds")) | last.value' 10
jq_is 'all: stacks show their functions long after their map is gone' all.again \
	'map(select(.map == "events").fields.stack | test("^[a-z_0-9;.+A-Z]*syscall")) | unique' '[true]'
like 'all: the closing line counts what the run counted' "$(tail -n 1 all.err2)" \
	'replayed [0-9.]+s: 20 events, \? lost, 8 series$'
recorded maps run_maps getppid,20 --interval 200ms -o json
replays maps -o json
recorded plain run_plain getppid,20 --interval 200ms -o json
replays plain -o json
recorded streams run_streams getppid,20 --interval 200ms -o json
replays streams -o json
recorded ring run_ring_counter getppid,9 --interval 200ms -o json
replays ring -o json
recorded histograms metrics_hist getppid,90 --interval 200ms -o json
replays histograms -o json
# It stands still meanwhile, so that the ring overflows however fast it reads.
standing_still=1
recorded flood run_flood getppid,1 --set per_round=5000 --interval 200ms -o json
standing_still=
replays flood -o json
at_least 'flood: losses are told again' "$(grep -c '"kind":"lost"' flood.again)" 1

# --- every output ---
recorded csv replay "$slow_rounds" --interval 100ms -o csv
replays csv -o csv
recorded table replay "$slow_rounds" --interval 100ms -o table
replays table -o table --speed max
recorded none replay getppid,5 --interval 100ms -o none
ok 'none: it can be shown all the same' replay none -o json
jq_is 'none: all of it' none.again 'map(select(.map == "events")) | length' 5
recorded enough run_plain getppid,20 --interval 100ms -o json -n 7
replays enough -o json -n 7
is 'enough: no more than -n' "$(wc -l <enough.again)" 7

# --- the options of then, and of now ---
recorded roles run_plain getppid,20 --interval 100ms -o json --map events=counter \
	--labels events=odd,mood --fields events=odd,mood
replays roles -o json
recorded fields run_plain getppid,20 --interval 100ms -o json --fields events=round,odd \
	--where 'round < 6'
replays fields -o json
ok 'fields: others can be shown now' replay fields -o json --fields events=round,mood \
	--where 'round > 2'
jq_is 'fields: only those of --fields' fields.again \
	'[map(.fields | keys | join(",")) | unique[]] + map(.fields.round)' '["mood,round",3,4,5]'
ok 'maps: rows are filtered by their shown values' replay maps -o json --where 'by_pair:parity == 1 && value > 5'
jq_is 'maps: those rows' maps.again 'map(select(.map == "by_pair").key.parity) | unique' '[1]'

# --- time ---
before=$(date +%s%N)
ok 'all: as slow as it was' replay all -o json --speed 1
between 'all: it takes its time' $((($(date +%s%N) - before) / 1000000)) 1000 $((6000 * SLOW))
ok 'all: each line is still the same' cmp all.out all.again

# --- another machine, and nobody in particular ---
if unshare -m true 2>/dev/null; then
	ok 'all: without a user database' unshare -m sh -c \
		"mount --bind /dev/null /etc/passwd && '$BOMBUS' replay all.rec -o table --speed max >all.again"
	like 'all: users have the names of then' "$(grep latency all.again)" 'latency +root '
else
	skip 'all: names of another machine' 'no mount namespace can be made here'
fi
if command -v setpriv >/dev/null && setpriv --reuid=65534 "$BOMBUS" version >/dev/null 2>&1; then
	setpriv --reuid=65534 --regid=65534 --clear-groups "$BOMBUS" replay - -o json <all.rec \
		>all.again 2>all.err2
	ok 'all: without privileges, from standard input' cmp all.out all.again
else
	skip 'all: without privileges' 'setpriv is not installed, or the program not readable'
fi

# --- the file ---
is 'file: it is its owner'"'"'s alone' "$(stat -c %a all.rec)" 600
before=$(sha256sum <all.rec)
run_bombus run "$OBJECTS/run_plain.bpf.o" --duration 10ms -o none --record all.rec
is 'file: one that exists is not replaced' $RC 1
like 'file: with a message' "$ERR" 'all.rec exists'
like 'file: and the working form' "$ERR" '^hint: --force'
run_bombus run "$OBJECTS/run_plain.bpf.o" -o none --record all.rec --force --metrics=127.0.0.1:x
is 'file: a run that does not start replaces nothing' "$RC $(sha256sum <all.rec)" "2 $before"
ln -s all.rec link.rec
run_bombus run "$OBJECTS/run_plain.bpf.o" --duration 10ms -o none --record link.rec --force
is 'file: a link is not followed' "$RC $(sha256sum <all.rec)" "1 $before"
cp all.rec forced.rec
run_bombus run "$OBJECTS/run_plain.bpf.o" --duration 10ms -o none --record forced.rec --force
is 'file: --force replaces it' $RC 0
unlike 'file: with another one' "$(sha256sum <forced.rec)" "$before"
is 'file: nothing stays beside them' "$(find . -maxdepth 1 -name '.*.rec*' | wc -l)" 0

# --- a pipe ---
traffic_start getppid,20 sleep,1500 getppid,5
mkfifo pipe
timeout $((30 * SLOW)) "$BOMBUS" replay - -o json <pipe >pipe.again 2>pipe.err2 &
player=$!
started+=("$player")
"$BOMBUS" run "$OBJECTS/run_plain.bpf.o" --set target_pid="$TRAFFIC_PID" --interval 100ms \
	--record - >pipe 2>pipe.err &
BOMBUS_PID=$! BOMBUS_NAME=pipe
started+=("$BOMBUS_PID")
ok 'pipe: it attaches' attached_wait "$BOMBUS_PID"
echo >&"$go_fd"
ok 'pipe: events pass at once' wait_for 1 has_lines pipe.again 20 '"kind":"event"'
ok 'pipe: the rest' traffic_go
ok 'pipe: it ends' bombus_stop INT
wait "$player"
is 'pipe: the reader ends with it' $? 0
is 'pipe: nothing is missing' "$(grep -c '"kind":"event"' pipe.again)" 25

# --- ends that come early ---
traffic_start getppid,10 sleep,1500
ok 'killed: it attaches' bombus_start killed run "$OBJECTS/run_plain.bpf.o" --set target_pid="$TRAFFIC_PID" \
	--interval 100ms -o json --record "$T/killed.rec"
echo >&"$go_fd"
wait_for 10 has_lines killed.out 10 '"kind":"event"'
sleep 1
kill -9 "$BOMBUS_PID"
wait "$BOMBUS_PID" 2>/dev/null
ok 'killed: it is replayed' replay killed -o json
ok 'killed: up to where it was' cmp killed.out killed.again
like 'killed: with a message' "$(cat killed.err2)" 'warning: killed.rec: the recording was cut at byte [0-9]+'
size=$(stat -c %s all.rec)
bad=0
for ((n = size / 23; n < size; n += size / 23)); do
	head -c "$n" all.rec >cut.rec
	replay cut -o json
	status=$?
	lines=$(wc -l <cut.again)
	head -n "$lines" all.out | cmp -s - cut.again || bad=$((bad + 1))
	grep -qE 'was cut' cut.err2 && [ $status -le 1 ] || bad=$((bad + 1))
done
is 'cut anywhere: the output is a prefix' $bad 0

mkdir small
if mount -t tmpfs -o size=64k none small 2>/dev/null; then
	at_exit+=("umount '$T/small'")
	traffic_start getppid,1 sleep,300 getppid,400 sleep,300 getppid,400 sleep,300 getppid,400
	ok 'full: it attaches' bombus_start full run "$OBJECTS/run_flood.bpf.o" \
		--set target_pid="$TRAFFIC_PID" --set per_round=30 --interval 50ms -o json \
		--record "$T/small/full.rec"
	head -c 60000 /dev/zero >small/filling 2>/dev/null
	ok 'full: traffic' traffic_go
	bombus_stop INT
	is 'full: the exit status shows it' $RC 1
	like 'full: and in words' "$(cat full.err)" 'small/full.rec.*No space left on device'
	jq_is 'full: the output is whole' full.out \
		'(map(select(.kind == "event")) | length) - (map(select(.map == "taken")) | last.value)' 0
	cp small/full.rec .
	ok 'full: the recorded part is replayed' replay full -o json
	ok 'full: it is the beginning' cmp -n "$(stat -c %s full.again)" full.out full.again
else
	skip 'full: a disk without room' 'no tmpfs can be mounted here'
fi

# --- a program that has a name of its own ---
ok 'named: it is recorded' "$BOMBUS" -q run "mine=$OBJECTS/run_plain.bpf.o" --once -o none \
	--record named.rec
ok 'named: it is replayed' "$BOMBUS" -q replay named.rec -o none

# --- an output that fails at the start ---
if mkdir full && mount -t tmpfs -o size=16k none full 2>/dev/null; then
	at_exit+=("umount '$T/full' 2>/dev/null")
	head -c 64k /dev/zero >full/filler 2>/dev/null
	run_bombus run "$OBJECTS/run_plain.bpf.o" --once -o none --record full/x.rec
	is 'no room to begin with: status 1' "$RC" 1
	like 'no room to begin with: a message' "$ERR" 'No space left on device'
else
	skip 'no room to begin with' 'no tmpfs can be mounted here'
fi

# --- metrics ---
PORT=$(free_port)
"$BOMBUS" replay histograms.rec -o none --speed max --metrics="127.0.0.1:$PORT" 2>metrics.err &
BOMBUS_PID=$! BOMBUS_NAME=metrics
started+=("$BOMBUS_PID")
scrape_has() {
	fetch "http://127.0.0.1:$PORT/metrics" >scrape && grep -qE -- "$1" scrape
}
ok 'metrics: they are those of the recorded run' wait_for 10 scrape_has '^ebpf_powers_count\{side="0"\} 30$'
ok 'metrics: until a signal' bombus_stop INT

done_testing
