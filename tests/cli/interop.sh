#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# With real peers: docker-registry with and without TLS and passwords, skopeo and umoci. Then eight
# processes at a time on one store, killed at random.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang jq skopeo openssl curl
command -v docker-registry >/dev/null || unpacked docker-registry ||
	skip_all "docker-registry is missing (make deps)"
export PATH=$PATH:/usr/sbin

export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache
cat >tool.bpf.c <<'END'
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;

struct event {
	pid_t pid;
	__u32 variant;
};
BOMBUS_EVENTS(events, struct event, 4096);

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_hit(void *ctx)
{
	struct event *e = bombus_filtered() ? NULL : bombus_reserve(&events, sizeof(*e));

	if (!e)
		return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->variant = VARIANT;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
END

# registry NAME EXTRA...: a docker-registry with lines added to its http section; sets $R.
registry() {
	local name=$1 port
	shift
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	{
		echo "version: 0.1"
		echo "log: {level: error}"
		echo "storage: {filesystem: {rootdirectory: $T/$name.data}, delete: {enabled: true}}"
		echo "http:"
		echo "  addr: 127.0.0.1:$port"
		printf '%s\n' "$@"
	} >"$name.yml"
	docker-registry serve "$name.yml" >"$name.log" 2>&1 &
	started+=($!)
	R=localhost:$port
	wait_for 20 curl -so /dev/null "http://$R/v2/"
}


need python3
run_bombus build tool.bpf.c tool --cflags -DVARIANT=0 --description 'a tool'
digest=$("$BOMBUS" list --format '{{.Digest}}')
ok 'a registry starts' registry plain
P=$R

# --- all the way round ---------------------------------------------------------------------------
run_bombus push tool "$R/team/tool:1"
is 'push' $RC 0
is 'the registry has the very bytes' \
	"$(skopeo inspect --raw --tls-verify=false "docker://$R/team/tool:1" | sha256sum | cut -d' ' -f1)" \
	"${digest#sha256:}"
ok 'skopeo pulls it' skopeo copy --insecure-policy --src-tls-verify=false \
	"docker://$R/team/tool:1" "oci:$T/second:$R/other/tool:2"
run_bombus --store second push "$R/other/tool:2"
is 'an image by skopeo is pushed again under another name' $RC 0
run_bombus --store third pull "$R/other/tool:2"
is 'and pulled' $RC 0
is 'with the same digest' "$("$BOMBUS" --store third list --format '{{.Digest}}')" "$digest"
if [ "$(id -u)" -eq 0 ]; then
	rounds_start paced 1 0
	ok 'and attached' bombus_start third --store third run "$R/other/tool:2" \
		--set target_pid="$ROUNDS_PID" -n 1 --duration 20s -o json
	rounds_go
	ok 'and it ends after its event' bombus_wait 20
	is 'which is the one that was caused' "$(jq -c .fields third.out)" \
		"{\"pid\":$ROUNDS_PID,\"variant\":0}"
else
	skip 'and attached' 'not root'
fi
run_bombus push "$R/team/tool:1"
is 'a push of a name that is not here fails' $RC 1
run_bombus tag tool "$R/team/tool:1"
run_bombus push tool "$R/mounted/tool:1"
like 'blobs are mounted from another repository' "$ERR" '2 from another repository'
run_bombus list "$R/team/tool" -q
is 'tags' "$OUT" 1
ok 'skopeo pushes one' skopeo copy --insecure-policy --dest-tls-verify=false \
	"oci:$T/store:tool" "docker://$R/skopeo/tool:1"
run_bombus --store fourth pull "$R/skopeo/tool:1"
is 'which is pulled' "$("$BOMBUS" --store fourth list --format '{{.Digest}}')" "$digest"
run_bombus --store fourth pull "$R/skopeo/tool@$digest"
is 'by digest, too' $RC 0
# Of several platforms all go, and come back.
run_bombus --store platforms build tool.bpf.c "$R/several/tool:1" --platform linux/amd64,linux/arm64 \
	--cflags -DVARIANT=0
index=$("$BOMBUS" --store platforms list --format '{{.Digest}}')
run_bombus --store platforms push "$R/several/tool:1"
is 'an index is pushed' "$RC $(skopeo inspect --raw --tls-verify=false "docker://$R/several/tool:1" |
	sha256sum | cut -d' ' -f1)" "0 ${index#sha256:}"
ok 'skopeo copies all of it' skopeo copy --all --insecure-policy --src-tls-verify=false \
	--dest-tls-verify=false "docker://$R/several/tool:1" "docker://$R/several/copied:1"
run_bombus --store platforms2 pull --platform all "$R/several/copied:1"
is 'which is pulled whole' "$("$BOMBUS" --store platforms2 list --format '{{.Digest}}')" "$index"
run_bombus --store platforms3 pull --platform linux/arm64 "$R/several/copied:1"
is 'or the one that is wanted' "$("$BOMBUS" --store platforms3 list --format '{{.Platform}}')" linux/arm64
if command -v umoci >/dev/null; then
	is 'umoci lists the store' "$(umoci ls --layout store | sort | tail -n 1)" tool
	ok 'and collects no garbage in it' umoci gc --layout store
	run_bombus inspect tool
	is 'nothing is missing after that' $RC 0
else
	skip 'umoci reads the store' 'umoci is not installed'
fi

# --- archives ------------------------------------------------------------------------------------
run_bombus save tool -o tool.tar
ok 'skopeo reads a saved archive' \
	skopeo copy --insecure-policy "oci-archive:$T/tool.tar:tool" "oci-archive:$T/again.tar:tool"
run_bombus --store fifth load again.tar
is 'and bombus the one of skopeo' "$("$BOMBUS" --store fifth list --format '{{.Name}} {{.Digest}}')" \
	"tool $digest"
"$BOMBUS" save tool 2>/dev/null | "$BOMBUS" --store sixth load - 2>/dev/null
is 'through a pipe' "$("$BOMBUS" --store sixth list -q)" tool
run_bombus save tool -o folder/
run_bombus --store seventh load folder
is 'through a folder' "$("$BOMBUS" --store seventh list --format '{{.Digest}}')" "$digest"
mkdir -p evil/blobs/sha256
cp folder/oci-layout folder/index.json evil/
echo words >"evil/blobs/sha256/$(printf a%.0s {1..64})"
tar -C evil -cf evil.tar .
run_bombus --store eighth load evil.tar
is 'an archive with a false blob is refused' $RC 1
is 'and leaves none behind' "$(find eighth/blobs -type f | wc -l)" 0
head -c 3000 tool.tar >cut.tar
run_bombus --store eighth load cut.tar
is 'as is half an archive' $RC 1

cat >docker.py <<'END'
import io, json, tarfile

def tar(*files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()

import hashlib
layer = tar(("bytecode.o", open("tool.o", "rb").read()))
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers",
    "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
def listed(layers):
    return json.dumps([{"Config": "c.json", "RepoTags": ["x/bpf:1"], "Layers": layers}]).encode()
open("docker.tar", "wb").write(tar(("a/layer.tar", layer), ("c.json", config),
                                   ("manifest.json", listed(["a/layer.tar"]))))
open("lies.tar", "wb").write(tar(("c.json", config), ("manifest.json", listed(["/etc/passwd"]))))
END
"$BOMBUS" -q build tool.bpf.c --cflags -DVARIANT=0 --binary-only -o tool.o
python3 docker.py
run_bombus --store ninth load docker.tar
is "an archive of docker save's older kind is loaded" $RC 0
run_bombus --store ninth inspect x/bpf:1
is 'and the object in it is found' $RC 0
# shellcheck disable=SC2002 # a pipe is what is tested
cat docker.tar | "$BOMBUS" --store piped load - 2>piped.err
is 'through a pipe, too' "$? $("$BOMBUS" --store piped list -q)" '0 x/bpf:1'
is 'with the same digest' "$("$BOMBUS" --store piped list --format '{{.Digest}}')" \
	"$("$BOMBUS" --store ninth list --format '{{.Digest}}')"
is 'and nothing is left of it' "$(find piped -name '.tmp-*' -o -name '.part-*' | wc -l)" 0
ok 'skopeo makes another of it' skopeo copy --insecure-policy docker-archive:docker.tar:x/bpf:1 \
	docker-archive:docker2.tar:x/bpf:2
run_bombus --store ninth load docker2.tar
like 'which is loaded, too' "$("$BOMBUS" --store ninth list -q)" 'x/bpf:2$'
run_bombus --store ninth load lies.tar
is 'one that names a file of ours is refused' $RC 1
like 'and reported' "$ERR" "/etc/passwd', which is not in the archive"

# --- names and room ------------------------------------------------------------------------------
run_bombus rm tool
is 'rm does not ask without a terminal' $RC 2
run_bombus rm --force tool "$R/team/tool:1"
is 'rm' "$RC $("$BOMBUS" list -q | wc -l)" '0 0'
run_bombus prune --dry-run
like 'prune lists its candidates' "$ERR" 'would free 3 blobs'
is 'and does not' "$(find store/blobs -type f | wc -l)" 3
run_bombus prune --force
is 'prune' "$(find store/blobs -type f | wc -l)" 0

# --- TLS and passwords ---------------------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost 2>/dev/null
ok 'a registry with TLS starts' registry tls '  tls:' "    certificate: $T/cert.pem" \
	"    key: $T/key.pem"
run_bombus --store sixth push tool "$R/tool" --ca-file cert.pem
is 'TLS with its authority' $RC 0
run_bombus --store tls pull "$R/tool" --insecure
is 'TLS unchecked' $RC 0
run_bombus --store tls2 pull "$R/tool"
is 'plain HTTP to it fails' $RC 4
like 'with a way out' "$ERR" 'hint: if it speaks TLS'
run_bombus --store sixth push tool "$R/tool"
like 'also where the answer has no words' "$ERR" 'hint: if it speaks TLS'
openssl req -x509 -newkey rsa:2048 -nodes -keyout key2.pem -out other.pem -days 2 -subj /CN=localhost \
	2>/dev/null
run_bombus --store tls2 pull "$R/tool" --ca-file other.pem
is 'a certificate of another authority is refused' $RC 4
like 'and the hint shows how to trust it' "$ERR" 'ca-file'
is 'HTTP/2 is spoken where it is offered' "$(grep -c ' HTTP/1' tls.log)" 0
at_least 'by every request' "$(grep -c ' HTTP/2' tls.log)" 5

# certificate NAME CA: a key and a certificate of that authority.
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 \
		-out "$1.pem" 2>/dev/null
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout people.key -out people.pem -days 2 \
	-subj /CN=people 2>/dev/null
certificate me people
ok 'a registry that wants certificates starts' registry mutual '  tls:' \
	"    certificate: $T/cert.pem" "    key: $T/key.pem" "    clientcas: [$T/people.pem]"
run_bombus --store sixth push tool "$R/tool" --ca-file cert.pem --cert me.pem --key me.key
is 'with credentials push works' $RC 0
run_bombus --store tls3 pull "$R/tool" --ca-file cert.pem
is 'without credentials pull fails' $RC 4
run_bombus --store tls3 pull "$R/tool" --ca-file cert.pem --cert cert.pem --key key.pem
is 'nor a client with a certificate of another authority' $RC 4
run_bombus --store tls3 pull "$R/tool" --ca-file cert.pem --cert me.pem --key nothing.key
is 'a key that is not there' $RC 1
run_bombus --store tls3 pull "$R/tool" --key me.key
is 'a key alone is wrong usage' $RC 2

# --- through a proxy -----------------------------------------------------------------------------
# The names are known to the proxy alone; what is on this machine is asked for without it.
openssl req -x509 -newkey rsa:2048 -nodes -keyout key3.pem -out far.pem -days 2 \
	-subj /CN=registry.test -addext subjectAltName=DNS:registry.test 2>/dev/null
mkdir proxy
python3 "$TESTS/support/proxy.py" proxy &
started+=($!)
ok 'a proxy starts' wait_for 20 test -e proxy/port
proxy=http://127.0.0.1:$(cat proxy/port)
http_proxy=$proxy run_bombus --store sixth push tool "registry.test:${P##*:}/proxied/tool" --plain-http
is 'http_proxy' $RC 0
at_least 'is asked for the whole address' "$(grep -c "^PUT http://registry.test:" proxy/requests)" 3
: >proxy/requests
ok 'another registry with TLS starts' registry far '  tls:' "    certificate: $T/far.pem" \
	"    key: $T/key3.pem"
https_proxy=$proxy run_bombus --store sixth push tool "registry.test:${R##*:}/tool" --ca-file far.pem
is 'https_proxy' $RC 0
is 'is a tunnel' "$(sort -u proxy/requests)" "CONNECT registry.test:${R##*:}"
https_proxy=$proxy run_bombus --store proxied pull "registry.test:${R##*:}/tool" --ca-file far.pem
is 'both ways' "$("$BOMBUS" --store proxied list --format '{{.Digest}}')" "$digest"
: >proxy/requests
https_proxy=$proxy no_proxy=other.test,registry.test run_bombus --store proxied2 \
	pull "registry.test:${R##*:}/tool" --ca-file far.pem --retries 1
is 'no_proxy goes without' "$RC $(cat proxy/requests)" '4 '
http_proxy=$proxy run_bombus --store proxied2 pull "$P/proxied/tool"
is 'and so does this machine' "$RC $(cat proxy/requests)" '0 '
http_proxy=http://127.0.0.1:1 run_bombus --store proxied2 pull "registry.test:1/tool" --plain-http --retries 1
is 'a proxy that is not there is an error' $RC 4

if command -v htpasswd >/dev/null; then
	htpasswd -Bbc users me secret 2>/dev/null
	ok 'a registry with passwords starts' registry basic 'auth:' '  htpasswd:' \
		'    realm: x' "    path: $T/users"
	run_bombus --store sixth push tool "$R/tool"
	is 'a stranger is refused' $RC 4
	printf wrong | "$BOMBUS" login "$R" -u me --password-stdin 2>/dev/null
	is 'so is a wrong password' $? 4
	printf secret | "$BOMBUS" login "$R" -u me --password-stdin 2>/dev/null
	is 'login' $? 0
	run_bombus --store sixth push tool "$R/tool"
	is 'a known user pushes' $RC 0
	ok 'skopeo takes the same file' skopeo inspect --raw --tls-verify=false \
		--authfile "$T/config/bombus/auth.json" "docker://$R/tool:latest"
else
	skip 'a registry with passwords' 'htpasswd is not installed'
fi

# --- eight at a time, killed ---------------------------------------------------------------------
R=$P
for i in 1 2 3 4 5; do
	"$BOMBUS" -q --store many build tool.bpf.c "$R/many/tool:$i" --cflags "-DVARIANT=$i"
	"$BOMBUS" -q --store many push "$R/many/tool:$i" >/dev/null
done
export BOMBUS_STORE=$T/busy
run_bombus pull "$R/many/tool:1"

# Two hundred pulls and tags: 25 by each of eight, every third killed. What was said to be done
# goes into kept.N.
worker() {
	local i pid name

	for i in $(seq 25); do
		if [ $(((i + $1) % 2)) = 0 ]; then
			name=worker:$1-$i
			"$BOMBUS" -q tag "$R/many/tool:1" "$name" >/dev/null 2>>"worker.$1" &
		else
			name=$R/many/tool:$((1 + (i + $1) / 2 % 4))
			"$BOMBUS" -q pull "$name" >/dev/null 2>>"worker.$1" &
		fi
		pid=$!
		if [ $((RANDOM % 3)) = 0 ]; then
			sleep 0.0$((RANDOM % 10))
			kill -9 $pid
			wait $pid && echo "$name" >>"kept.$1"
		else
			wait $pid && echo "$name" >>"kept.$1"
		fi
		echo >>"count.$1"
	done 2>/dev/null
}

# Meanwhile others take away what only they want, and what nobody names; and are killed as well.
collector() {
	local pid

	while [ ! -e enough ]; do
		"$BOMBUS" -q pull "$R/many/tool:5" >/dev/null 2>>worker.prune
		"$BOMBUS" -q rm --force "$R/many/tool:5" >/dev/null 2>>worker.prune
		"$BOMBUS" -q prune --force >/dev/null 2>>worker.prune &
		pid=$!
		[ $((RANDOM % 3)) != 0 ] || { sleep 0.00$((RANDOM % 10)) && kill -9 $pid; }
		wait $pid
		echo >>pruned
	done 2>/dev/null
}
collector &
collector_pid=$!
workers=()
for i in 1 2 3 4 5 6 7 8; do
	worker "$i" &
	workers+=($!)
done
wait "${workers[@]}"
touch enough
wait "$collector_pid"
is 'two hundred pulls and tags were tried' "$(cat count.* | wc -l)" 200
at_least 'with pruning in between' "$(wc -l <pruned)" 5
# The leak checker may say that it was killed; that is its own.
is 'no client was refused' "$(grep -hv '^==[0-9]*==Unable to get registers' worker.*)" ''
at_least 'many got through' "$(cat kept.* | wc -l)" 100
lost=0
while read -r name; do
	"$BOMBUS" inspect "$name" >/dev/null 2>&1 || lost=$((lost + 1))
done < <(sort -u kept.*)
is 'nothing that was pulled or tagged is lost' $lost 0
torn=0
for name in $("$BOMBUS" list -q); do
	"$BOMBUS" inspect "$name" >/dev/null 2>&1 || torn=$((torn + 1))
done
is 'and nothing is torn' $torn 0
for blob in busy/blobs/sha256/*; do
	[ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ] || fail "the blob $blob is damaged"
done
for i in 1 2 3 4; do
	run_bombus pull "$R/many/tool:$i"
	[ $RC = 0 ] || fail "pull $i after all" "$ERR"
done
run_bombus prune --force
is 'nothing unfinished stays' "$(find busy -name '.part-*' -o -name '.tmp-*' | wc -l)" 0
is 'and all is there' "$("$BOMBUS" list -q | grep -c "$R/many/")" 4

done_testing
