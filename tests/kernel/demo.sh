#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `make demo` runs shows rows and a scrape, of its own traffic only, and leaves nothing behind.
. "$(dirname "$0")/../support/lib.sh"
need_root
need clang curl
bombus_there

rm -rf "$BUILD/demo-store"
timeout 60 "$TESTS/demo.sh" >"$T/demo.out" 2>&1
is 'it ends well' $? 0
rows=$(grep -cE '^[0-9:.]+ +127\.0\.0\.1 +127\.0\.0\.[123] +[0-9]+ +[0-9]+ +demo-client ' demo.out)
between 'a row for each connection' "$rows" 15 40
is 'each row of a table is of its traffic' \
	"$(grep -E '^[0-9]+:[0-9]+:' demo.out | grep -vc demo-client)" 0
like 'a scrape' "$(cat demo.out)" '^ebpf_events_total\{daddr="127\.0\.0\.2",.*\} [0-9]+$'
is 'three addresses' "$(grep -c '^ebpf_events_total{' demo.out)" 3
like 'nothing stays pinned' "$(cat demo.out)" 'nothing stays pinned'
like 'the next thing to try' "$(cat demo.out)" 'bombus .*run opensnoop'
ok 'the image is in its store' "$BOMBUS" --store "$BUILD/demo-store" inspect tcpconnlat
done_testing
