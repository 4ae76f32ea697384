#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The drop-in for ebpf_exporter translates its flags, and `bombus convert` prints a configuration as
# tags. Nothing here asks the kernel.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

cat >fake <<'END'
#!/bin/sh
printf '%s ' "$@"
END
chmod +x fake
exporter() {
	BOMBUS=./fake sh "$TOP/deploy/ebpf_exporter" "$@" 2>said
}
is 'the usual flags' "$(exporter --config.dir=dir --config.names=a,b)" \
	'run dir/a.yaml dir/b.yaml --skip-missing -o none --compat ebpf_exporter --prom-port=9435 '
is 'values as words of their own, and more flags' "$(exporter --config.dir 'my dir' --config.names a \
	--web.listen-address 127.0.0.1:99 --config.strict --debug --no-log.no-timestamps \
	--web.config.file w.yml --btf.path b --capabilities.keep all --config.skip-cache-size 9)" \
	'run my dir/a.yaml -v --btf b --web-config w.yml --keep-caps -o none --compat ebpf_exporter --metrics=127.0.0.1:99 '
like 'what --debug does not bring' "$(cat said)" 'no page /maps'
is 'a check' "$(exporter --config.dir=d --config.names=a --config.check --capabilities.keep=none)" \
	'run d/a.yaml --skip-missing --dry-run '
refused() { # REGEX ARGUMENTS...
	local want=$1
	shift
	exporter "$@" >out
	is "refused: $*: the status" $? 2
	like "refused: $*" "$(cat said)" "$want"
}
refused '--config.dir is missing' --config.names=a
refused '--config.names is missing' --config.dir=d
refused 'an empty name' --config.dir=d --config.names=a,,b
refused "no flag '--config.nams'" --config.nams=a
refused "a socket of systemd is for 'bombus agent'" --config.dir=d --config.names=a \
	--web.listen-address=fd://0
refused 'metrics are at /metrics' --config.dir=d --config.names=a --web.telemetry-path=/x

cp "$TESTS/bpf/exporter.yaml" .
printf 'kaddrs: [jiffies]\ncgroup_id_map: {name: groups, regexps: [x]}\n' >>exporter.yaml
if [ -e "$OBJECTS/exporter.bpf.o" ]; then
	cp "$OBJECTS/exporter.bpf.o" .
	sed '/^kaddrs/d; /^cgroup_id_map/d' exporter.yaml >plain.yaml
	cp exporter.bpf.o plain.bpf.o
	run_bombus dashboard plain.yaml --rules
	like 'rules name its metrics' "$OUT" 'ebpf_exporter_latency_seconds_bucket'
	run_bombus run plain.yaml --help
	like 'run --help has its maps' "$OUT" 'latency_seconds'
fi
run_bombus convert exporter.yaml
is 'it converts' $RC 0
like 'a member with its chain' "$OUT" \
	'^	__u32 dev BOMBUS_DECODE\("static_map allow_unknown .7=sda."\);$'
like 'padding' "$OUT" '^	__u8 padding_2\[3\] BOMBUS_HIDE;$'
like 'a text' "$OUT" '^	char comm\[16\] BOMBUS_DECODE\("string \| regexp'
like 'a counter' "$OUT" \
	'^} ops_total SEC\("\.maps\.counter"\) BOMBUS_HELP\("Operations by device and program"\);$'
like 'a histogram' "$OUT" 'BOMBUS_BUCKETS\("keys linear 0 10 times 0\.1'
like 'its bucket' "$OUT" '^	__u32 bucket;$'
like 'spans' "$OUT" '^} round_spans SEC\("\.maps\.spans"\) BOMBUS_SERVICE\("load"\) BOMBUS_SPAN\("rounds"\);$'
like 'what has no tag: CPUs' "$OUT" 'each_cpu_total is split by CPU: --per-cpu'
like 'what has no tag: intervals' "$OUT" 'kills_total is emptied every 3600s'
like 'what has no tag: addresses' "$OUT" 'the address of jiffies'
like 'what has no tag: cgroups' "$OUT" 'cgroup_id_map groups'
if command -v clang >/dev/null; then
	# The structs compile.
	{
		printf '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include <bombus/types.bpf.h>\n'
		printf '#include <bombus/span.bpf.h>\n'
		printf "%s\n" "${OUT//\/\* as it is \*\//int (*type)[1];}"
	} >c.bpf.c
	ok 'the declarations compile' clang -target bpf -O2 -g -I"$TOP/include" -I"$BUILD/bpf" \
		-c -o c.o c.bpf.c
fi
run_bombus convert missing.yaml
is 'a file that is missing' $RC 1
done_testing
