#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is in an image: several platforms, the source, BumbleBee's layout to the byte, a gadget's
# declarations.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang jq sha256sum

export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache SOURCE_DATE_EPOCH=1793523600
cat >tool.bpf.c <<'END'
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_hit(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
END

blob() {
	cat "store/blobs/sha256/${1#sha256:}"
}

# --- the layout ----------------------------------------------------------------------------------
run_bombus build tool.bpf.c --platform linux/amd64 --annotation org.opencontainers.image.authors=Jo \
	--description words
digest=$("$BOMBUS" list --format '{{.Digest}}')
blob "$digest" >manifest.json
program=$(jq -r '.layers[0].digest' manifest.json)
config=$(jq -r '.config.digest' manifest.json)
is 'the manifest equals the specification, byte for byte' "$(cat manifest.json)" \
	"$(printf '%s' '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",' \
		'"config":{"mediaType":"application/ebpf.oci.image.config.v1+json","digest":"'"$config"'",' \
		'"size":37,"annotations":{"org.opencontainers.image.title":"config.json"}},"layers":[' \
		'{"mediaType":"application/ebpf.oci.image.program.v1+binary","digest":"'"$program"'","size":' \
		"$(blob "$program" | wc -c)" ',"annotations":{"org.opencontainers.image.title":"program.o"}}],' \
		'"annotations":{"org.opencontainers.image.authors":"Jo",' \
		'"org.opencontainers.image.created":"2026-11-01T09:00:00Z",' \
		'"org.opencontainers.image.description":"words","org.opencontainers.image.title":"tool"}}')"
is 'and the config' "$(blob "$config")" '{"architecture":"amd64","os":"linux"}'
is 'the layer is the object itself' "$(blob "$program" | head -c 4 | tail -c 3)" ELF
# As bee writes it: no media type, an empty config, layers by digest.
old=$(jq -c 'del(.mediaType)' manifest.json)
hex=$(printf %s "$old" | sha256sum | cut -d' ' -f1)
printf %s "$old" >"store/blobs/sha256/$hex"
jq -c --arg d "sha256:$hex" --argjson n ${#old} '.manifests += [{mediaType:
	"application/vnd.oci.image.manifest.v1+json", digest: $d, size: $n, annotations:
	{"org.opencontainers.image.ref.name": "bee:1"}, platform: {architecture: "x86_64", os: "linux"}}]' \
	store/index.json >index.new && mv index.new store/index.json
run_bombus inspect bee:1
is "BumbleBee's is read" $RC 0

# --- platforms -----------------------------------------------------------------------------------
run_bombus build tool.bpf.c many --platform linux/amd64,linux/arm64
is 'one image for two platforms' $RC 0
index=$("$BOMBUS" list --format '{{.Name}} {{.Digest}}' | sed -n 's/^many //p')
is 'is an index of two' "$(blob "$index" | jq -r '[.manifests[].platform.architecture] | join(" ")')" \
	'amd64 arm64'
run_bombus inspect many --format json
is 'and this machine gets its own' "$(jq -r .image.platform <<<"$OUT")" \
	"linux/$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')"
run_bombus build tool.bpf.c again --platform linux/amd64,linux/arm64
is 'the same source gives the same digest' \
	"$("$BOMBUS" list --format '{{.Name}} {{.Digest}}' | sed -n 's/^again //p')" "$index"
run_bombus build tool.bpf.c --platform linux/amd64,linux/amd64
is 'a platform twice is wrong usage' $RC 2
run_bombus build tool.bpf.c --platform linux/amd64,linux/arm64 --binary-only
is 'as is one object for two' $RC 2
run_bombus save many -o many.tar
run_bombus --store copy load many.tar
is 'all of it travels' "$("$BOMBUS" --store copy list --format '{{.Digest}}')" "$index"
run_bombus rm --force many again
run_bombus prune --force
run_bombus inspect tool
is 'shared blobs stay' $RC 0

# --- the source ----------------------------------------------------------------------------------
printf '# tool\n\nwhat it shows\n' >tool.md
run_bombus build tool.bpf.c sourced --source
run_bombus inspect sourced --source
is 'the source travels with it' "$OUT" "$(cat tool.md; echo; cat tool.bpf.c)"
run_bombus inspect sourced
is 'and is no second program' $RC 0
run_bombus inspect tool --source
is 'where it does not' $RC 1
like 'with a message' "$ERR" 'hint: .*build --source'

# --- a gadget ------------------------------------------------------------------------------------
cat >gadget.bpf.c <<'END'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef __u32 gadget_pid;
typedef char gadget_comm[16];
struct event {
	gadget_pid pid;
	gadget_comm comm;
};
struct stats {
	__u64 calls;
};

const volatile __u32 least = 1;
const void *gadget_param_least __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");
const void *gadget_map_tracer_events __attribute__((unused));
const void *gadget_tracer_hits___events___event __attribute__((unused));
struct event *unused_event __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct stats);
} table SEC(".maps");
const void *gadget_mapiter_counts___table __attribute__((unused));

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_hit(void *ctx)
{
	struct stats one = { least }, *seen;
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	__u32 key = 7;

	if (e) {
		e->pid = bpf_get_current_pid_tgid() >> 32;
		bpf_get_current_comm(e->comm, sizeof(e->comm));
		bpf_ringbuf_submit(e, 0);
	}
	seen = bpf_map_lookup_elem(&table, &key);
	if (seen)
		__sync_fetch_and_add(&seen->calls, 1);
	else
		bpf_map_update_elem(&table, &key, &one, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
END
run_bombus build gadget.bpf.c gadget
run_bombus inspect gadget --format json
printf %s "$OUT" >gadget.json
jq_is 'the tracer declares the type of records' gadget.json \
	'.[0].maps[] | select(.symbol == "events") | [.role, .record.type, (.record.fields | map(.name))]' \
	'["events","event",["pid","comm"]]'
jq_is 'iterator output is shown' gadget.json \
	'.[0].maps[] | select(.symbol == "table") | .role' gauge
jq_is 'parameters are tagged' gadget.json '.[0].parameters | map([.name, .tagged])' '[["least",true]]'
if [ "$(id -u)" -eq 0 ] && [ -x "$BUILD/tests/support/traffic" ]; then
	traffic_start getppid,5
	bombus_start gadget run gadget -o json --where "events:pid == $TRAFFIC_PID" && traffic_go
	is 'local commands need no HTTP library' "$(grep -c libcurl "/proc/$BOMBUS_PID/maps")" 0
	sleep 1.5
	bombus_stop INT
	at_least 'its records are read' "$(grep -c '"map":"events".*"comm":"traffic"' gadget.out)" 1
	at_least 'and its table' "$(grep -c '"map":"table".*"value"' gadget.out)" 1
else
	skip 'a gadget runs' 'not root, or no traffic'
fi

done_testing
