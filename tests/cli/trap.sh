#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# --trap without a live table: what ends the run, with what status, and what is recorded. The recorded
# histograms are those of tests/golden: comm worker-0 is above 1000 after seven seconds of thirteen.
. "$(dirname "$0")/../support/lib.sh"
need jq
RECORDING=$TESTS/golden/runqlat.rec

# trapped EXPR ARGUMENTS...
trapped() {
	run_bombus replay "$RECORDING" -o none --speed max --trap "$@"
}

trapped 'count > 1000' --trap-record around.rec
is 'it springs: status 0' "$RC" 0
like 'it says which' "$ERR" 'a trap sprang: runq_latency: count > 1000$'
like 'and what it recorded' "$ERR" 'recorded in around.rec'
is 'only its owner may read the file' "$(stat -c %a around.rec)" 600
run_bombus replay around.rec -o json
echo "$OUT" >around.json
jq_is 'five seconds before it and after it' around.json \
	'map(.time[:19] + "Z" | fromdate) | (max - min) | . >= 9 and . <= 11' true
jq_is 'none was above before, one is in the middle' around.json \
	'map(select(.count > 1000).time[:19] + "Z" | fromdate) as $high | map(.time[:19] + "Z" | fromdate) |
		min + 4 <= ($high | min) and ($high | min) <= min + 6' true
jq_is 'the rows as in the whole recording' around.json 'map(.key.comm) | unique' \
	'["bash","sleeper","worker-0","worker-1","worker-2"]'
trapped 'count > 1000' --trap-record around.rec
is 'no file is replaced' "$RC" 1
like 'it says why' "$ERR" 'around.rec.*exists'
trapped 'runq_latency:comm == "sleeper" && p99 > 100us for 3'
is 'of a map by name, in three sweeps: status 0' "$RC" 0
trapped 'count > 100000'
is 'none springs: status 1' "$RC" 1
like 'it says so' "$ERR" 'no trap sprang before the end of the run'
trapped 'count > 100000' --trap 'count > 5'
is 'one of two is enough' "$RC" 0
trapped 'nope > 1'
is 'an unknown field: status 2' "$RC" 2
like 'the fields that there are' "$ERR" "no field 'nope'.*comm, count, rate"
trapped 'count > 1 for ever'
is 'no number of sweeps: status 2' "$RC" 2
like 'it says what was wrong' "$ERR" 'for a number of sweeps'
run_bombus replay "$RECORDING" --trap-record x.rec
is 'a file without a trap: status 2' "$RC" 2

# Of records.
run_bombus replay "$TESTS/golden/tcpconnect.rec" -o json --speed max --trap 'comm == "dns"'
is 'a record springs it' "$RC" 0
like 'the output beside it' "$OUT" '"comm":"curl"'
run_bombus replay "$TESTS/golden/two.rec" -o none --speed max --trap 'b:events:count > 0'
is 'of one of several programs' "$RC" 0

done_testing
