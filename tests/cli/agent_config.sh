#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The agent's configuration: what is wrong is refused with file, line, column and the nearest name;
# every option of run has a key or a reason why not; the example of the specification and the default
# configuration are right. Nothing here asks the kernel.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need jq

# refused NAME WHERE REGEX HINT: of the file on standard input.
refused() {
	cat >wrong.yaml
	run_bombus agent -c wrong.yaml --check
	if [ "$RC" != 2 ]; then
		fail "$1" "status $RC, not 2" "$ERR"
	elif ! grep -qE "^bombus: wrong\.yaml:$2: .*$3" <<<"$ERR"; then
		fail "$1" "no line matches: wrong.yaml:$2: $3" "$ERR"
	elif [ -n "${4:-}" ] && ! grep -qE "^hint: .*$4" <<<"$ERR"; then
		fail "$1" "no hint matches: $4" "$ERR"
	else
		pass "$1"
	fi
}

accepted() {
	cat >right.yaml
	run_bombus agent -c right.yaml --check
	is "$1" "$RC $ERR" "0 "
}

refused 'no YAML' 2:3 'this is not YAML' <<<$'a: 1\n b: 2'
refused 'an unknown key' 1:1 "'programms' is not known" "'programs'" <<<'programms: []'
refused 'an unknown key of a program' 3:5 "'lables' is not known" "'labels'" <<'END'
programs:
  - image: a
    lables: {m: [x]}
END
refused 'an unknown key of an exporter' 4:7 "'prot' is not known" "'port'" <<'END'
exporters:
  - type: prometheus
    settings:
      prot: 1
END
refused 'an unknown exporter' 2:11 "'prometeus' is not an exporter" "'prometheus'" <<'END'
exporters:
  - type: prometeus
END
refused 'an exporter without a type' 2:5 'has no type' <<<$'exporters:\n  - port: 1'
refused 'two exporters of a type' 3:11 'two exporters' <<<$'exporters:\n  - type: json\n  - type: json'
refused 'a list where there is none' 1:11 "'programs' takes a list, not 'x'" <<<'programs: x'
refused 'a program that is a word' 2:5 'a mapping' <<<$'programs:\n  - tcpconnect'
refused 'a program without an image' 2:5 'has no image' <<<$'programs:\n  - name: a'
refused 'a number out of range' 1:13 "'max_series' is .*not 0" <<<'max_series: 0'
refused 'a port out of range' 3:11 "'port' is from 1 to 65535, not 70000" <<'END'
exporters:
  - type: prometheus
    port: 70000
END
refused 'no number' 1:13 "'max_series' wants a whole number" <<<'max_series: many'
refused 'no time' 1:11 "'interval' wants a duration" <<<'interval: soon'
refused 'no size' 1:13 "'max_memory' wants a size" <<<'max_memory: big'
refused 'no bool' 1:9 "'reload' takes true or false, not 'maybe'" <<<'reload: maybe'
refused 'a level that is not there' 1:12 "'log_level' does not take 'loud'" 'debug' <<<'log_level: loud'
refused 'a role that is not there' 3:19 'contr' <<<$'programs:\n  - image: a\n    map: {events: contr}'
refused 'a word without its parts' 3:11 'set' <<<$'programs:\n  - image: a\n    set: [target_pid]'
refused 'the second word of a list' 3:18 'set' <<<$'programs:\n  - image: a\n    set: ["a=1", b]'
refused 'two programs of a name' 3:5 "two programs have the name 'a'" 'name' <<<$'programs:\n  - image: a\n  - image: x/a:1'
refused 'a name with a slash' 3:11 'cannot be the name' <<<$'programs:\n  - image: a\n    name: a/b'
refused 'an exporter that is not there' 3:16 "no exporter 'otlp'" <<<$'programs:\n  - image: a\n    exporters: [otlp]'
refused 'a time to pull that is none' 3:11 "'pull' is always" <<<$'programs:\n  - image: a\n    pull: often'
refused 'a key that stands twice' 2:1 'line 1 already' <<<$'interval: 1s\ninterval: 2s'
refused 'both words for exporters' 2:1 'another word' <<<$'exporters: []\nadapters: []'
refused 'a variable that is not set' 3:11 'BOMBUS_NOTHING is not set' ':-' <<<$'programs:\n  - image: a\n    name: ${BOMBUS_NOTHING}'

export NODE=n1
accepted 'every form of a value' <<'END'
max_series: "100"
interval: 500ms
programs:
  - image: a
    name: ${NODE}-a
    set: {x: 1, y: two}
    labels: {events: [a, b]}
    relabel: ["events,comm,/x/y/"]
    where: ["events:a > 1"]
    hist_buckets: {lat: "[1,2,3]"}
    only: [p, q]
    all_maps: yes
    pull: 10m
    exporters: [prometheus]
  - image: b
    enabled: no
exporters:
  - {type: prometheus, port: "8080"}
  - type: otlp
END
if "$BUILD/bombus" run --help | grep -q -- --dogstatsd; then
	accepted 'the file of the network sidecar' <"$TESTS/support/sidecar.yaml"
else
	skip 'the file of the network sidecar' 'this build has no --dogstatsd'
fi
accepted 'an empty file' </dev/null
accepted 'the default configuration' <"$TESTS/../deploy/bombus.yaml"
# shellcheck disable=SC2016 # the fence of a code block
sed -n '/^```yaml$/,/^```$/p' "$TESTS/../spec/agent.md" | sed '1d;$d' >example.yaml
accepted 'the example of the specification' <example.yaml
run_bombus agent -c nothing.yaml --check
like 'a file that is not there' "$ERR" 'cannot open nothing.yaml'
run_bombus agent -c right.yaml --check --pull
like 'an image that is not there' "$ERR" 'no image'
echo 'programs: [ { image: ./tool.bpf.c } ]' >source.yaml
run_bombus agent -c source.yaml --check --pull
like 'the agent has no compiler' "$ERR" 'tool.bpf.c is source code, not a program'

# --- options and keys do not drift apart ---
"$BUILD/bombus" agent --schema >schema.json
"$BUILD/bombus" run --help | sed -nE 's/^ +(-[a-z], )?--([a-z-]+).*/\2/p' | sort -u >options
jq -r '[.. | objects | .properties? // empty | keys[]] + (."x-options-without-key" | keys) |
	unique | .[] | gsub("_"; "-")' schema.json >keys
# Those of every command, and those that have another name.
grep -vxE 'help|verbose|quiet|store|color|metrics|prom-port|otlp|otlp-protocol|dogstatsd|dogstatsd-(tag|interval|histograms)' options >wanted
is 'every option of run has a key or a reason' "$(grep -vxFf keys wanted)" ''
at_least 'the options were found' "$(wc -l <wanted)" 40
jq_is 'the schema has types' schema.json \
	'.[0].properties | [.programs.items.properties.set.type, .max_series.anyOf[0].minimum]' \
	'[["string","array","object"],1]'
if command -v systemd-analyze >/dev/null; then
	sed "s|^ExecStart=[^ ]*|ExecStart=$BUILD/bombus|" "$TESTS/../deploy/bombus.service" >bombus.service
	is 'systemd finds nothing wrong with the unit' \
		"$(systemd-analyze verify ./bombus.service 2>&1 | grep -F bombus.service)" ''
else
	skip 'systemd finds nothing wrong with the unit' 'no systemd-analyze'
fi
done_testing
