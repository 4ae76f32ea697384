#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sending to a registry that misbehaves (tests/support/registry.py), and what inspect shows of signatures.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang jq python3
# shellcheck source=../support/registry.sh
. "$TESTS/support/registry.sh"

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
is 'existing blobs are not sent again' "$RC $(requests 'POST|/uploads/')" '0 0'
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
for status in 200 202 204; do
	pushed upput$status "a registry that answers $status to PUT"
done
for status in 201 204; do
	pushed uppatch$status "one that answers $status to a piece"
done
for status in 400 403 405; do
	pushed uphead$status "one that answers $status to HEAD of what it has not"
done
pushed upminlength 'one that takes no pieces as small as ours'
is 'gets larger ones' "$(requests 'PATCH') $(requests 'PUT .*uploads')" '2 4'

# The image is known to be in another repository of the registry, which may not be read.
# case: quirkreg, D
cp -r here mounts
jq -c --arg name "$R/upplain:1" '.manifests += [.manifests[0] |
	.annotations["org.opencontainers.image.ref.name"] = $name]' here/index.json >mounts/index.json
for how in 401 403 404 405 token; do
	: >server/requests
	run_bombus --store mounts push big "$R/upmount$how:1"
	is "a refused mount is an upload ($how)" "$RC $(tail -n 1 <<<"$ERR" | cut -d' ' -f1-2)" '0 bombus: pushed'
	[ $how = token ] || at_least "and was asked for ($how)" "$(requests 'POST .*mount=')" 3
	is "each blob is sent once ($how)" "$(requests 'PUT .*uploads')" 3
done

# Redirections keep method and body; credentials stay.
printf '%s' '{"auths":{"'"$R"'":{"auth":"'"$(printf user:secret | base64)"'"}}}' >auth.json
export REGISTRY_AUTH_FILE=$T/auth.json
pushed upredirect 'a begin that is redirected (307)'
pushed upredirect308 'a begin that is redirected (308)'
pushed upmoved 'a PUT of blobs and of the manifest that is redirected'
at_least 'goes to the other address' "$(requests "^$other PUT")" 4
is 'without credentials' "$(grep "^$other" server/requests | grep -vc 'auth=-')" 0
unset REGISTRY_AUTH_FILE

run_bombus --store here push big "$R/upnever:1"
is 'an upload that never gets on ends' $RC 4
like 'with a name' "$ERR" 'cannot push .*upnever'
if [ -x /usr/bin/time ]; then
	peak=$(/usr/bin/time -f %M "$BOMBUS" --store here push big "$R/upcut2:1" 2>&1 | tail -n 1)
	memory_between 'memory is bounded: push (KiB)' "$peak" 1 24576
fi

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
is 'referrers by tag, recognised by content' "$(signatures fallback)" \
	'sigstore bundle, present, not verified, tag sha256-HEX'
is 'of the index and of the image in it' "$(signatures signedgadget | wc -l)" 2
run_bombus inspect "$R/denied:1"
like 'unknown values are reported' "$OUT" '^Signatures: +there may be some: referrers: it denies access'
run_bombus inspect "$R/good:1"
like 'and so is its absence' "$OUT" '^Signatures: +none$'
run_bombus inspect "$R/signed:1"
like 'a table has them, too' "$OUT" '^Signatures:$'
like 'and says that nothing was verified' "$OUT" '\(not verified\)'

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

exec {server_fd}>&-

done_testing
