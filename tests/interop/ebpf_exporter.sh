#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The real ebpf_exporter beside bombus, with the same configurations over the same load: all series
# are equal as sets of names, labels and values. Then what a scrape of 65,536 keys costs both.
#
# EBPF_EXPORTER is the path of the program. Without it, it is built through the Go module proxy,
# which takes the libbpf that the version names (1.5) with its headers.
. "$(dirname "$0")/../support/lib.sh"
need_root
need curl python3

PACKAGE=github.com/cloudflare/ebpf_exporter/v2/cmd/ebpf_exporter@v2.5.1
KEYS=65536
SCRAPES=5
CPU_RATIO=10
MEMORY_RATIO=4
unset "${!OTEL_@}"

exporter=${EBPF_EXPORTER:-}
if [ ! -x "$exporter" ]; then
	go_built ebpf_exporter "$PACKAGE" ||
		skip_all "ebpf_exporter cannot be built here, and EBPF_EXPORTER names none: $(go_why)"
	exporter=$bin/ebpf_exporter
fi

# Each series of the exporter's namespace with sorted labels and its value as a number; what it says
# of itself is left out.
cat >series.py <<'END'
import re, sys
own = ('build_info', 'decoder_errors_total', 'ebpf_program_', 'enabled_configs')
for line in sys.stdin:
    if line.startswith('# '):
        kind, name, text = line[2:].rstrip('\n').split(' ', 2)
        if name.startswith('ebpf_exporter_') and not name[14:].startswith(own):
            print(kind, name, text)
        continue
    m = re.match(r'ebpf_exporter_(\w+)(?:\{(.*)\})? (\S+)$', line)
    if not m or m[1].startswith(own):
        continue
    labels = sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', m[2] or ''))
    print(m[1], labels, float(m[3]))
END
scrape() { # URL
	curl -sf --max-time 60 "$1/metrics"
}
both_start() { # CONFIG: sets $theirs, $ours, $EXPORTER_PID
	theirs=http://127.0.0.1:$(free_port)
	"$exporter" --config.dir=. --config.names="$1" --config.strict \
		--web.listen-address="${theirs#http://}" >"$1.exporter.log" 2>&1 &
	EXPORTER_PID=$!
	started+=("$EXPORTER_PID")
	wait_for 30 scrape "$theirs" >/dev/null || return
	bombus_start "$1" run "$1.yaml" -o none --metrics=127.0.0.1:0 || return
	ours=http://127.0.0.1:$(sed -n 's,.*metrics are on port ,,p' "$1.err")
	scrape "$ours" >/dev/null
}
both_stop() {
	kill "$EXPORTER_PID" && wait_for 10 gone "$EXPORTER_PID" && bombus_stop INT
}
load() { # ROUNDS
	"$BUILD/tests/support/traffic" --now --comm exporter_load "getppid,$1" >/dev/null
}

cp "$OBJECTS"/exporter.bpf.o "$OBJECTS"/exporter_many.bpf.o "$TESTS"/bpf/exporter*.yaml .
ok 'both run the configuration' both_start exporter
ok 'a load' load 1200
all_there() { # URL: its records are counted, too
	[ "$(scrape "$1" | awk '/^ebpf_exporter_kills_total/ { n += $2 } END { print n }')" = 1200 ]
}
ok 'all records are counted there' wait_for 10 all_there "$theirs"
ok 'and here' wait_for 10 all_there "$ours"
scrape "$theirs" | python3 series.py | sort >their_series
scrape "$ours" | python3 series.py | sort >our_series
at_least 'there are series' "$(wc -l <their_series)" 70
is 'each series, its help and its type are equal' "$(diff their_series our_series)" ''
ok 'both end' both_stop

# What the process used so far, in ticks; what it has resident, in kB.
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
measure() { # PID URL: sets $TICKS of all scrapes, and $RSS
	local before
	scrape "$2" >/dev/null
	before=$(cpu "$1")
	for _ in $(seq $SCRAPES); do
		scrape "$2" >/dev/null
	done
	TICKS=$(($(cpu "$1") - before))
	RSS=$(resident "$1")
}
ok 'both run with many keys' both_start exporter_many
ok 'a load for them' load $KEYS
scrape "$theirs" | python3 series.py | sort >their_series
scrape "$ours" | python3 series.py | sort >our_series
is 'all keys are series' "$(grep -c ^many_total their_series)" $KEYS
ok 'each of them is equal' cmp their_series our_series
measure "$EXPORTER_PID" "$theirs"
their_ticks=$TICKS their_rss=$RSS
measure "$BOMBUS_PID" "$ours"
hz=$(getconf CLK_TCK)
note "a scrape of $KEYS keys with three decoded labels: CPU $((their_ticks * 1000 / hz / SCRAPES)) ms there, $((TICKS * 1000 / hz / SCRAPES)) ms here; resident $((their_rss / 1024)) MB there, $((RSS / 1024)) MB here"
at_least "a scrape costs $CPU_RATIO times less CPU" $((their_ticks / (TICKS ? TICKS : 1))) $CPU_RATIO
at_least "resident memory is $MEMORY_RATIO times less" $((their_rss / RSS)) $MEMORY_RATIO
ok 'both end' both_stop
done_testing
