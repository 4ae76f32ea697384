#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Registries that misbehave (tests/registry.py): each ends in a named error, in bounded memory, and
# with nothing outside the store. Those that are only slow, busy or cut end well.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
need clang jq python3

export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache
mkdir server
cat >tool.bpf.c <<'END'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_hit(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
END
run_bombus build tool.bpf.c --binary-only -o program.o
is 'there is a program to serve' $RC 0
mkfifo stdin
python3 "$TESTS/registry.py" "$T/server" program.o <stdin >server/log 2>&1 &
started+=($!)
exec {server_fd}>stdin
wait_for 20 test -e server/ports || skip_all "no server: $(tail -n 1 server/log)"
read -r port other <server/ports
R=127.0.0.1:$port

# How many requests match so far.
requests() {
	grep -cE -- "$1" server/requests
}

# refused REPOSITORY WHAT REGEX [OPTIONS...]
refused() {
	local repository=$1 what=$2 regex=$3
	shift 3
	run_bombus pull "$@" "$R/$repository:1"
	is "$what is refused" $RC 4
	like "$what is named" "$ERR" "$regex"
}

pulled() {
	run_bombus pull "$R/$1:1"
	is "$2" "$RC $(tail -n 1 <<<"$ERR" | cut -d' ' -f1-2)" '0 bombus: pulled'
	run_bombus inspect "$R/$1:1"
	is "$2: it is whole" $RC 0
}

# --- what is good --------------------------------------------------------------------------------
run_bombus pull "$R/good:1"
is 'a good image is pulled' $RC 0
: >server/requests
run_bombus pull "$R/good:1"
is 'a second pull makes one request, a HEAD' "$(cut -d' ' -f2 server/requests)" HEAD
like 'and says so' "$ERR" 'up to date'
rm "store/blobs/sha256/$(sha256sum <program.o | cut -d' ' -f1)"
pulled good 'a blob that got lost is brought again'
printf x >>"store/blobs/sha256/$(sha256sum <program.o | cut -d' ' -f1)"
pulled good 'as is one that was damaged'
run_bombus list "$R/good"
is 'tags are listed over pages' "$OUT" $'TAG\na\nb\nc'
run_bombus list "$R/gone"
is 'but no page is fetched from elsewhere' $RC 4
run_bombus --store inspected inspect "$R/good:1"
is 'a remote image is inspected' $RC 0
ok 'without a store' test ! -e inspected
run_bombus --store fresh run --dry-run --pull never "$R/good:1"
is 'without --pull nothing is run' $RC 1

# --- signatures ----------------------------------------------------------------------------------
# signatures REPOSITORY: those that inspect shows, "FORM WHERE" each.
signatures() {
	"$BOMBUS" inspect --remote "$R/$1:1" --format json |
		jq -rc '.image.signatures[] | "\(.form), \(.state), \(.where | sub("[0-9a-f]{64}"; "HEX"))"'
}
is 'no signature' "$(signatures good)" ''
is 'the tag of cosign' "$(signatures signed)" 'cosign, present, not verified, tag sha256-HEX.sig'
is 'referrers, and no attestation and nothing about others' "$(signatures referred)" \
	$'sigstore bundle, present, not verified, referrers\nNotary Project, present, not verified, referrers'
is 'the tag for referrers, read as what they are' "$(signatures fallback)" \
	'sigstore bundle, present, not verified, tag sha256-HEX'
is 'of the index and of the image in it' "$(signatures signedgadget | wc -l)" 2
run_bombus inspect "$R/denied:1"
like 'what cannot be known is said' "$OUT" '^Signatures: +there may be some: referrers: it denies access'
run_bombus inspect "$R/good:1"
like 'as is that there is none' "$OUT" '^Signatures: +none$'
run_bombus inspect "$R/signed:1"
like 'a table has them, too' "$OUT" '^Signatures \(present, not verified\):$'

# --- slow, busy, cut -----------------------------------------------------------------------------
rm -rf store
pulled cut 'a connection cut everywhere'
at_least 'went on where it stopped' "$(requests "/cut/blobs/.* bytes=[1-9]")" 3
rm -rf store
pulled nolength 'bodies whose length nobody says, cut'
rm -rf store
pulled norange 'a server that begins again'
rm -rf store
refused wrongrange 'another part than was asked for' 'another part'
pulled busy 'Retry-After in seconds'
pulled date 'Retry-After as a date'
pulled flaky 'a server that fails twice'
: >server/requests
refused never 'Retry-After of an hour' 'asked too often \(status 429, TOOMANYREQUESTS: later\)'
is 'and is not asked again' "$(requests /never/)" 1
rm -rf store
run_bombus pull "$R/large:1" --retries 1
is 'without retries a cut ends the pull' $RC 4
at_least 'what came stays' "$(cat store/.part-* | wc -c)" 100000
: >server/requests
pulled large 'the next pull'
like 'goes on behind it' "$(grep -m 1 'blobs.*bytes' server/requests)" 'bytes=[1-9]'
is 'no part is left' "$(find store -name '.part-*' | wc -l)" 0
for at in 1 2 4095 4096 99999; do
	rm -rf store
	run_bombus pull "$R/large:1" --retries 1
	for part in store/.part-*; do
		truncate -s $at "$part"
	done
	run_bombus pull "$R/large:1"
	is "what was cut at byte $at goes on" $RC 0
	rm -rf store
	run_bombus pull "$R/large:1" --retries 1
	for part in store/.part-*; do
		head -c $at /dev/zero >"$part"
	done
	run_bombus pull "$R/large:1"
	is "and what stood there damaged is replaced ($at)" $RC 0
done

# --- sending -------------------------------------------------------------------------------------
# An image with a layer of 20 MB, made as others would: skopeo and umoci have no part in it.
LAYOUT=here
mkdir -p $LAYOUT/blobs/sha256
head -c 20000000 /dev/urandom >big
put_blob() {
	local sum
	sum=$(sha256sum <"$1" | cut -d' ' -f1)
	cp "$1" "$LAYOUT/blobs/sha256/$sum"
	printf '{"mediaType":"%s","digest":"sha256:%s","size":%d}' "$2" "$sum" "$(stat -c %s "$1")"
}
printf '{}' >empty.json
printf '{"schemaVersion":2,"config":%s,"layers":[%s,%s]}' \
	"$(put_blob empty.json application/ebpf.oci.image.config.v1+json)" \
	"$(put_blob program.o application/ebpf.oci.image.program.v1+binary)" \
	"$(put_blob big application/x-readme)" >manifest.json
printf '{"imageLayoutVersion":"1.0.0"}' >here/oci-layout
printf '{"schemaVersion":2,"manifests":[%s]}' "$(put_blob manifest.json \
	application/vnd.oci.image.manifest.v1+json | sed 's/}$/,"annotations":{"org.opencontainers.image.ref.name":"big"}}/')" \
	>here/index.json

# pushed REPOSITORY WHAT: and what the registry has then is what was sent.
pushed() {
	: >server/requests
	run_bombus --store here push big "$R/$1:1"
	[ $RC = 0 ] || note "$ERR"
	is "$2" "$RC $(tail -n 1 <<<"$ERR" | cut -d' ' -f1-2)" '0 bombus: pushed'
	rm -rf back
	run_bombus --store back pull "$R/$1:1"
	ok "$2: it is whole" cmp -s "back/blobs/sha256/$(sha256sum <big | cut -d' ' -f1)" big
}
pushed upplain 'a push'
is 'every blob in one request' "$(requests 'PATCH')" 0
pushed upparallel 'a push of several blobs'
at_least 'which are sent at a time' "$(fetch "http://$R/parallel")" 2
: >server/requests
run_bombus --store here push big "$R/upplain:2"
is 'what is there is not sent again' "$RC $(requests 'POST|/uploads/')" '0 0'
pushed upcut 'an upload that is cut again and again'
at_least 'goes on where it stopped' "$(requests 'PATCH')" 3
is 'and is begun once for each blob' "$(requests 'POST')" 3
pushed upforget 'an upload that the registry forgets'
at_least 'is begun again' "$(requests 'POST')" 4
pushed uplies 'a registry that claims more than there is'
pushed upbusy 'one that is busy'
pushed uplarge 'one that takes no large bodies'
at_least 'gets pieces' "$(requests 'PATCH')" 3
pushed upelsewhere 'another place for uploads'
is 'gets no credentials' "$(grep "^$other" server/requests | grep -vc 'auth=-')" 0
run_bombus --store here push big "$R/upnever:1"
is 'an upload that never gets on ends' $RC 4
like 'with a name' "$ERR" 'cannot push .*upnever'
if [ -x /usr/bin/time ]; then
	peak=$(/usr/bin/time -f %M "$BOMBUS" --store here push big "$R/upcut2:1" 2>&1 | tail -n 1)
	memory_between 'memory is bounded: push (KiB)' "$peak" 1 24576
fi

# What the store has of an image's signatures: one by its name, one by its subject.
run_bombus --store local pull "$R/signed:1"
signed=$("$BOMBUS" --store local list --format '{{.Digest}}')
LAYOUT=sigs
mkdir -p $LAYOUT/blobs/sha256
printf words >words
printf '{"schemaVersion":2,"config":%s,"layers":[%s]}' "$(put_blob empty.json c/c)" \
	"$(put_blob words application/vnd.dev.cosign.simplesigning.v1+json)" >sig1.json
printf '{"schemaVersion":2,"config":%s,"layers":[%s],"subject":{"mediaType":"%s","digest":"%s","size":1}}' \
	"$(put_blob empty.json c/c)" "$(put_blob words application/vnd.dev.sigstore.bundle.v0.3+json)" \
	application/vnd.oci.image.manifest.v1+json "$signed" >sig2.json
for i in "1 signed:${signed/:/-}.sig" '2 any:name'; do
	put_blob "sig${i%% *}.json" application/vnd.oci.image.manifest.v1+json |
		sed "s|}\$|,\"annotations\":{\"org.opencontainers.image.ref.name\":\"$R/${i#* }\"}},|"
done | sed '$s/,$//' >entries
printf '{"imageLayoutVersion":"1.0.0"}' >sigs/oci-layout
printf '{"schemaVersion":2,"manifests":[%s]}' "$(cat entries)" >sigs/index.json
run_bombus --store local load sigs
is 'signatures are loaded' $RC 0
is 'and found in the store' "$("$BOMBUS" --store local inspect "$R/signed:1" --format json |
	jq -rc '[.image.signatures[].form]')" '["cosign","sigstore bundle"]'

# --- credentials ---------------------------------------------------------------------------------
: >server/requests
rm -rf store
pulled elsewhere 'a blob at another address'
is 'which gets no credentials' "$(grep "^$other" server/requests | grep -vc 'auth=-')" 0
run_bombus pull "$R/basic:1"
is 'a registry that wants credentials' $RC 4
like 'says how to give them' "$ERR" "hint: 'bombus login $R'"
export REGISTRY_AUTH_FILE=$T/auth.json
printf '%s' '{"auths":{"'"$R"'":{"auth":"'"$(printf user:secret | base64)"'"}}}' >auth.json
pulled basic 'Basic'
pulled token 'a token'
pulled scope 'a scope that grows'
rm -rf store
refused loop 'asking for ever' 'refuses these credentials'
at_least 'and soon' "$((5 - $(requests '/loop/')))" 0
refused badrealm 'a realm that is a file' 'neither https nor http'
printf '%s' '{"auths":{"'"$R"'":{"identitytoken":"T"}}}' >auth.json
pulled identity 'an identity token'
mkdir bin
# shellcheck disable=SC2016 # expanded by the helper
printf '#!/bin/sh\nread -r host; [ "$1 $host" = "get %s" ] || exit 1\n' "$R" >bin/docker-credential-x
echo 'echo "{\"ServerURL\":\"\",\"Username\":\"user\",\"Secret\":\"secret\"}"' >>bin/docker-credential-x
chmod +x bin/docker-credential-x
printf '%s' '{"credHelpers":{"'"$R"'":"x"}}' >auth.json
rm -rf store
PATH=$PATH:$T/bin pulled basic 'a credential helper'
run_bombus pull "$R/basic:2"
like 'one that is missing is named' "$ERR" 'docker-credential-x'
unset REGISTRY_AUTH_FILE
printf secret | "$BOMBUS" login "$R" -u user --password-stdin 2>login.err
is 'login' $? 0
is 'keeps them for the owner alone' "$(stat -c %a config/bombus/auth.json)" 600
rm -rf store
pulled basic 'what login kept'
run_bombus logout "$R"
is 'logout' $RC 0
run_bombus logout "$R"
is 'once' $RC 1
run_bombus login "$R" -u user
is 'no password without a terminal' $RC 2

# --- lies ----------------------------------------------------------------------------------------
rm -rf store
refused wrong 'a blob with another digest' 'what came is not sha256:'
refused short 'a blob that is too short' 'ends too early|what came is not' --retries 2
refused long 'a blob that is too long' 'more than the [0-9]+ bytes'
refused endless 'a blob without end' 'more than the [0-9]+ bytes'
refused manifest 'a manifest without end' 'larger than'
refused headers 'headers without end' 'headers'
refused toolarge 'a petabyte' 'larger than'
refused redirects 'a redirection in circles' 'redirects more than'
refused file 'a redirection to a file' 'neither https nor http'
refused html 'a page for people' "text/html"
refused confused 'a manifest called an index' 'refused'
refused both 'manifest and index in one' 'not clear'
refused twice 'a key that stands twice' 'duplicate|twice'
refused deep 'brackets without end' 'refused|nested|deep'
refused traversal 'a digest that is a path' 'not of the form'
refused sizes 'one blob of two sizes' 'two sizes'
refused digest 'another digest than it says' 'something else'
refused wasm 'WebAssembly' 'WebAssembly'
refused strangelayer 'an unknown layer' 'text/x-words'
refused nosuch 'what is not there' 'MANIFEST_UNKNOWN'
is 'no name came into the store' "$("$BOMBUS" list -q)" ''
is 'nor a blob' "$(find store/blobs -type f 2>/dev/null | wc -l)" 0
is 'nothing escaped' "$(find "$T" -name '*escaped*' | wc -l)" 0
if [ -x /usr/bin/time ]; then
	for repository in endless manifest large; do
		peak=$(/usr/bin/time -f %M "$BOMBUS" pull "$R/$repository:1" 2>&1 | tail -n 1)
		memory_between "memory is bounded: $repository (KiB)" "$peak" 1 24576
	done
else
	skip 'memory is bounded' 'time is not installed'
fi

# --- no room -------------------------------------------------------------------------------------
mkdir small
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=1m tmpfs small 2>/dev/null; then
	at_exit+=("umount -l '$T/small'")
	run_bombus --store small/s pull "$R/large:1"
	is 'a full disk is not the registry: the status is 1' $RC 1
	like 'and is named' "$ERR" 'No space left on device'
	run_bombus --store small/s list -q
	is 'and the store is as it was' "$RC$OUT" 0
	run_bombus --store small/s prune --force
	run_bombus --store small/s pull "$R/good:1"
	is 'prune makes room for what is smaller' $RC 0
else
	skip 'a full disk' 'no tmpfs can be mounted'
fi

# --- what others pack ----------------------------------------------------------------------------
packers=(bpfman links gadget)
if command -v zstd >/dev/null; then
	packers+=(zstd)
	run_bombus pull "$R/zstdbomb:1"
	run_bombus inspect "$R/zstdbomb:1"
	is 'a bomb of zstd is refused' $RC 1
	like 'and named' "$ERR" 'too large|unpacks to more'
else
	skip 'layers packed with zstd' 'zstd is not installed'
fi
for repository in "${packers[@]}"; do
	pulled $repository "$repository"
	run_bombus inspect "$R/$repository:1" --format json
	printf '%s' "$OUT" >$repository.json
	jq_is "$repository: the program in it" $repository.json '.[0].programs[0].name' on_hit
done
jq_is 'bpfman: its format' bpfman.json '.[0].image.format' bpfman
jq_is 'bpfman: its labels' bpfman.json '.[0].image.labels["io.ebpf.programs"]' '{"count": "xdp"}'
jq_is 'gadget: its format' gadget.json '.[0].image.format' 'Inspektor Gadget'
: >server/requests
run_bombus pull "$R/gadget:1"
is 'one of several platforms: a second pull is one HEAD' "$(cut -d' ' -f2 server/requests)" HEAD
run_bombus pull "$R/gadget:1" --platform linux/riscv64
is 'a platform that is not there' $RC 4
like 'is told from those that are' "$ERR" 'hint: it is there for: linux/s390x'
run_bombus pull "$R/gadget:1" --platform all
is 'all platforms' $RC 0
run_bombus inspect "$R/gadget:1" --format json
is 'stay together' "$(jq -r '.image.platforms | split(",") | length' <<<"$OUT")" 2
run_bombus pull "$R/bomb:1"
run_bombus inspect "$R/bomb:1"
is 'a bomb is refused' $RC 1
like 'and named' "$ERR" 'too large|unpacks to more'
run_bombus pull "$R/onlylinks:1"
run_bombus inspect "$R/onlylinks:1"
like 'links are no program' "$ERR" 'no eBPF object'
is 'nothing escaped from any archive' "$(find "$T" -name '*escaped*' | wc -l)" 0
exec {server_fd}>&-

done_testing
