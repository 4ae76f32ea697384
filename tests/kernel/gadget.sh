#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A gadget in an image as Inspektor Gadget's packager lays it out: an index, manifests without a
# media type, a YAML config, and beside the object layers that are not for us.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq
need clang

layout=$T/layout
mkdir -p "$layout/blobs/sha256"
machine=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')

# blob FILE TYPE [MORE]: puts it into the layout; prints its descriptor.
blob() {
	local sum
	sum=$(sha256sum <"$1" | cut -d' ' -f1)
	cp "$1" "$layout/blobs/sha256/$sum"
	printf '{"mediaType":"%s","digest":"sha256:%s","size":%d%s}' "$2" "$sum" "$(stat -c %s "$1")" \
		"${3:-}"
}

# gadget NAME OBJECT: an image of that name in the store.
gadget() {
	local type='application/vnd.gadget' manifest

	printf 'name: %s\ndatasources:\n  hits: {}\n' "$1" >config.yaml
	printf '\0asm\1\0\0\0' >program.wasm
	printf 'btf' >btfs.tar.gz
	printf '{"schemaVersion":2,"artifactType":"%s.v1+binary","config":%s,"layers":[%s,%s,%s],"annotations":{}}' \
		"$type" "$(blob config.yaml "$type.config.v1+yaml")" \
		"$(blob program.wasm "$type.wasm.program.v1+binary")" \
		"$(blob "$2" "$type.ebpf.program.v1+binary")" \
		"$(blob btfs.tar.gz "$type.btfgen.v1+binary")" >manifest.json
	manifest=$(blob manifest.json application/vnd.oci.image.manifest.v1+json \
		",\"artifactType\":\"$type.v1+binary\",\"platform\":{\"architecture\":\"$machine\",\"os\":\"linux\"}")
	printf '{"schemaVersion":2,"manifests":[%s]}' "$manifest" >index.json
	printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
	printf '{"schemaVersion":2,"manifests":[%s]}' "$(blob index.json \
		application/vnd.oci.image.index.v1+json \
		",\"annotations\":{\"org.opencontainers.image.ref.name\":\"$1\"}")" >"$layout/index.json"
	"$BOMBUS" -q --store store load "$layout"
}

BOMBUS_INCLUDE=$TOP/include run_bombus build "$TESTS/bpf/gadget_plain.bpf.c" --binary-only \
	-o tags.o --cflags -DTAGS
is 'a gadget with tags is compiled' $RC 0
for way in names tags; do
	object=$OBJECTS/gadget_plain.bpf.o
	[ $way = names ] || object=tags.o
	ok "$way: the image is loaded" gadget "ig/$way" "$object"
	run_bombus --store store inspect "ig/$way" --format json
	printf '%s' "$OUT" >inspect.json
	jq_is "$way: its format" inspect.json '.[0].image.format' 'Inspektor Gadget'
	jq_is "$way: its maps" inspect.json '.[0].maps | map(select(.role != "internal") | [.name, .role]) | sort' \
		'[["counts","gauge"],["events","events"]]'
	jq_is "$way: its parameters, and no others" inspect.json \
		'.[0].parameters | map(select(.tagged) | .name) | sort' '["step","target_pid"]'
	traffic_start getppid,3
	ok "$way: it attaches" bombus_start "$way" --store store run "ig/$way" -o json \
		--interval 200ms --set target_pid="$TRAFFIC_PID" --set step=10
	ok "$way: three calls" traffic_go
	sleep 0.5
	ok "$way: it ends" bombus_stop INT
	events "$way" events 'map([.proc.pid == '"$TRAFFIC_PID"', .proc.comm, .number])' \
		'[[true,"traffic",0],[true,"traffic",10],[true,"traffic",20]]'
	jq_is "$way: their times are times" "$way.out" \
		'map(select(.kind == "event") | .fields.timestamp_raw | test("^20[0-9-]+T")) | unique' '[true]'
	series "$way" counts 'map([.key.pid == '"$TRAFFIC_PID"', .kind, .value])' \
		'[[true,"gauge",3]]'
	no_loss "$way"
done

# --- packets: a socket filter on all interfaces, records with a packet behind them (B5) ---
port=$(free_port)
ok 'packets: it attaches' bombus_start packets run "$OBJECTS/gadget_packets.bpf.o" -o json \
	--interval 100ms --set "port=$port"
for _ in 1 2 3; do
	echo -n known >"/dev/udp/127.0.0.1/$port"
done
sleep 0.5
ok 'packets: it ends' bombus_stop INT
events packets packets 'map([.bytes, .mntns]) | sort' '[[47,0],[47,0],[47,0]]'
is 'packets: none is malformed' "$(grep -c malformed packets.err)" 0
is 'packets: a map of bytes' "$(jq -sc 'map(select(.map == "seen")) | .[0] | [.key, .value]' packets.out)" \
	'[{"key":5,"set":"01020304"},1]'

done_testing
