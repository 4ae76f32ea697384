#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Signatures: keys, the three forms, and everything that makes an image untrusted. Against a real
# registry; openssl checks what we sign, and signs what we check.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/docker_registry.sh
. "$TESTS/support/docker_registry.sh"
need clang jq openssl curl

export BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache COSIGN_PASSWORD=secret
docker_registry_start
tool_build
for name in plain tag referrer bundle; do
	run_bombus push tool "$R/t/$name:1"
	is "it is pushed as $name" "$RC" 0
done

# --- keys ----------------------------------------------------------------------------------------
run_bombus keygen a
is 'a pair of keys' "$RC" 0
run_bombus keygen b
is 'another one' "$RC" 0
is 'the private one is for its owner alone' "$(stat -c %a a.key)" 600
like 'it is encrypted' "$(cat a.key)" 'BEGIN ENCRYPTED SIGSTORE PRIVATE KEY'
ok 'openssl reads the public one' openssl pkey -pubin -in a.pub -noout
run_bombus keygen a
is 'keys are not replaced' "$RC" 2
COSIGN_PASSWORD=wrong run_bombus sign --key a.key "$R/t/tag:1"
is 'a wrong password' "$RC" 1
like 'is named' "$ERR" 'the password does not open the key'
run_bombus sign --key a.pub "$R/t/tag:1"
is 'a public key does not sign' "$RC" 1
run_bombus verify --key a.key "$R/t/tag:1"
is 'and a private one does not verify' "$RC" 2

# --- the three forms -----------------------------------------------------------------------------
for form in tag referrer bundle; do
	run_bombus sign --key a.key --form $form "$R/t/$form:1"
	is "$form: signed" "$RC" 0
	run_bombus verify --key a.pub "$R/t/$form:1"
	is "$form: verified" "$RC" 0
	like "$form: by its key" "$ERR" 'by a.pub'
	run_bombus verify --key b.pub "$R/t/$form:1"
	is "$form: another key" "$RC" 5
	like "$form: is named" "$ERR" 'no signature is by a trusted key'
	run_bombus verify --key b.pub --key a.pub "$R/t/$form:1"
	is "$form: one of two keys is enough" "$RC" 0
	run_bombus --store s-$form pull --verify-key a.pub "$R/t/$form:1"
	is "$form: pulled" "$RC" 0
	run_bombus --store s-$form run --dry-run --verify-key a.pub "$R/t/$form:1"
	is "$form: it would run" "$RC" 0
	run_bombus --store s-$form run --pull never --dry-run --verify-key a.pub "$R/t/$form:1"
	is "$form: also without the registry: the signature came along" "$RC" 0
	is "$form: which list does not show" "$("$BOMBUS" --store s-$form list -q)" "$R/t/$form:1"
	run_bombus --store s-$form save "$R/t/$form:1" -o "$form.tar"
	run_bombus --store l-$form load --verify-key b.pub "$form.tar"
	is "$form: saved, and loaded only with its key" "$RC" 5
	ok "$form: nothing of it is kept" test ! -e l-$form
	run_bombus --store l-$form load --verify-key a.pub "$form.tar"
	is "$form: with which it is loaded" "$RC" 0
	run_bombus --store l-$form run --pull never --dry-run --verify-key a.pub "$R/t/$form:1"
	is "$form: and would run" "$RC" 0
	run_bombus --store l-$form push "$R/t/$form:1" "$R/copy/$form:1"
	run_bombus verify --key a.pub "$R/copy/$form:1"
	is "$form: pushed with its signature" "$RC" 0
	run_bombus --store l-$form rm --force "$R/t/$form:1"
	is "$form: removed with it" "$(jq '.manifests | length' l-$form/index.json)" 0
	run_bombus --store s-$form run --dry-run --verify-key b.pub "$R/t/$form:1"
	is "$form: but not by the other key" "$RC" 5
	for key in a b; do
		printf 'programs: [{image: "%s", verify_key: %s.pub}]\n' "$R/t/$form:1" $key >$key.yaml
		run_bombus --store s-$form agent -c $key.yaml --check --pull
		like "$form: the agent's key verify_key is $key" "$RC $ERR" "$([ $key = a ] && echo 'nothing to show' || echo '^5 .*trusted')"
	done
	run_bombus inspect --remote --verify-key a.pub --format json "$R/t/$form:1"
	is "$form: inspect says who signed" \
		"$(jq -r '.image.signatures[0] | .state + " " + .key' <<<"$OUT")" 'verified a.pub'
done
run_bombus sign --key b.key --form tag "$R/t/tag:1"
is 'a second signature' "$RC" 0
for key in a b; do
	run_bombus verify --key $key.pub "$R/t/tag:1"
	is "both hold ($key)" "$RC" 0
done
run_bombus sign --key b.key --form bundle "$R/t/bundle:1"
run_bombus verify --key a.pub "$R/t/bundle:1"
is 'a second bundle leaves the first' "$RC" 0

# --- what is not trusted -------------------------------------------------------------------------
# refused WHAT REGEX ARGUMENTS...
refused() {
	local what=$1 regex=$2
	shift 2
	rm -rf fresh
	run_bombus --store fresh "$@"
	is "$what: status" "$RC" 5
	like "$what: reason" "$ERR" "$regex"
	ok "$what: nothing is kept" test -z "$(find fresh -path '*sha256/*' 2>/dev/null)"
}
refused 'no signature' 'it has no signature' pull --verify-key a.pub "$R/t/plain:1"
"$BOMBUS" -q save tool -o unsigned.tar
refused 'no signature, load' 'it has no signature' load --verify-key a.pub unsigned.tar
refused 'no signature, run' 'it has no signature' run --verify-key a.pub "$R/t/plain:1"
digest=$(curl -sI -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
	"http://$R/v2/t/plain/manifests/1" | tr -d '\r' | sed -n 's/^docker-content-digest: //Ip')

# put_signature PAYLOAD SIGNATURE: as the tag of t/plain
put_blob() {
	local sum location
	sum=sha256:$(sha256sum <"$1" | cut -d' ' -f1)
	location=$(curl -siX POST "http://$R/v2/t/plain/blobs/uploads/" | tr -d '\r' |
		sed -n 's/^location: //Ip')
	curl -sX PUT -H 'Content-Type: application/octet-stream' --data-binary "@$1" \
		"$location&digest=$sum" >/dev/null
	echo "$sum"
}
put_signature() {
	local layer config
	echo -n '{}' >config.json
	layer=$(put_blob "$1")
	config=$(put_blob config.json)
	jq -nc --arg l "$layer" --argjson ls "$(stat -c %s "$1")" --arg c "$config" --arg s "$2" '{
		schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", size: 2, digest: $c},
		layers: [{mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", size: $ls,
			digest: $l, annotations: {"dev.cosignproject.cosign/signature": $s}}]}' >sig.json
	curl -sX PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
		--data-binary @sig.json "http://$R/v2/t/plain/manifests/${digest/:/-}.sig" >/dev/null
}
payload() {
	jq -ncj --arg d "$1" --arg t "${2:-cosign container image signature}" --arg r "$R/t/plain" \
		'{critical: {identity: {"docker-reference": $r}, image: {"docker-manifest-digest": $d},
		type: $t}, optional: null}'
}
openssl ecparam -genkey -name prime256v1 -noout -out p256.pem
openssl ecparam -genkey -name secp384r1 -noout -out p384.pem
openssl genpkey -algorithm ED25519 -out ed.pem
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out weak.pem
for k in p256 p384 ed rsa weak; do openssl pkey -in $k.pem -pubout -out $k.pub; done
payload "$digest" >good
sign() {
	case $1 in
	ed) openssl pkeyutl -sign -rawin -inkey ed.pem -in "$2" ;;
	p384) openssl dgst -sha384 -sign p384.pem "$2" ;;
	*) openssl dgst -sha256 -sign "$1.pem" "$2" ;;
	esac | base64 -w0
}
for k in p256 p384 ed rsa; do
	put_signature good "$(sign $k good)"
	run_bombus verify --key $k.pub "$R/t/plain:1"
	is "openssl's signature with $k holds" "$RC" 0
done
run_bombus verify --key weak.pub "$R/t/plain:1"
is 'a weak key is refused' "$RC" 2

signature=$(sign p256 good)
sed 's/null}/null }/' good >changed
put_signature changed "$signature"
refused 'a changed statement' 'no signature is by a trusted key' pull --verify-key p256.pub "$R/t/plain:1"
put_signature good "A${signature:1}"
refused 'a changed signature' 'no signature is by a trusted key' pull --verify-key p256.pub "$R/t/plain:1"
payload "sha256:$(printf '0%.0s' {1..64})" >other
put_signature other "$(sign p256 other)"
refused 'a signature over another digest' 'over another digest' pull --verify-key p256.pub "$R/t/plain:1"
payload "$digest" 'something else' >lie
put_signature lie "$(sign p256 lie)"
refused 'another kind of statement' 'not trusted' pull --verify-key p256.pub "$R/t/plain:1"
payload 'sha256:zz' >lie
put_signature lie "$(sign p256 lie)"
refused 'a statement without a digest' 'not trusted' pull --verify-key p256.pub "$R/t/plain:1"

# --- an index --------------------------------------------------------------------------------------
# index_of DIGEST...: as the tag t/index:1; this machine's platform has the first, others the rest.
platforms=(amd64 arm64 riscv64)
[ "$(uname -m)" = aarch64 ] && platforms=(arm64 amd64 riscv64)
index_of() {
	local i=0 list='[]' one
	for one in "$@"; do
		list=$(jq -c --arg d "$one" --arg a "${platforms[i++]}" '. + [{
			mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: '"$(stat -c %s manifest)"',
			platform: {os: "linux", architecture: $a}}]' <<<"$list")
	done
	jq -nc --argjson m "$list" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
		manifests: $m}' >index.json
	curl -sX PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @index.json \
		"http://$R/v2/t/index/manifests/1" >/dev/null
}
run_bombus push tool "$R/t/index:only"
curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$R/v2/t/index/manifests/only" >manifest
own=sha256:$(sha256sum <manifest | cut -d' ' -f1)
index_of "$own"
refused 'an index without a signature' 'it has no signature' pull --verify-key a.pub "$R/t/index:1"
run_bombus sign --key a.key "$R/t/index:1"
is 'an index is signed as a whole' "$RC" 0
is 'it, and not the image in it' \
	"$(grep -o 'sha256:[0-9a-f]*' <<<"$ERR")" "sha256:$(sha256sum <index.json | cut -d' ' -f1)"
run_bombus verify --key a.pub "$R/t/index:1"
is 'its image is trusted with it' "$RC" 0
run_bombus --store s-index pull --verify-key a.pub "$R/t/index:1"
is 'and pulled' "$RC" 0
run_bombus --store s-index run --dry-run --verify-key a.pub "$R/t/index:1"
is 'and would run' "$RC" 0
run_bombus --store s-index pull --verify-key a.pub "$R/t/index:1"
like 'what is here is checked again' "$ERR" 'is up to date'
signed=sha256:$(sha256sum <index.json | cut -d' ' -f1)
run_bombus build tool.bpf.c other --annotation other=yes
run_bombus push other "$R/t/index:other"
run_bombus --store forged pull "$R/t/index:other"
jq -c --arg d "$signed" '.manifests[0].annotations["io.bombus.origin.digest"] = $d' forged/index.json >forged.json
cp forged.json forged/index.json
run_bombus --store forged run --dry-run --verify-key a.pub "$R/t/index:other"
is 'an image that says it is of a signed index' "$RC" 5
like 'is looked for in it' "$ERR" 'its index does not list it'
index_of "$own" "$own"
refused 'a changed index' 'it has no signature' pull --verify-key a.pub "$R/t/index:1"
run_bombus --store s-index run --dry-run --verify-key b.pub "$R/t/index:1"
is 'nor by another key' "$RC" 5

# --- policy --------------------------------------------------------------------------------------
# policy DEFAULT [DOCKER]
policy() {
	jq -n --argjson d "$1" --argjson t "${2:-"{}"}" '{default: $d, transports: {docker: $t}}' >policy.json
}
signed="[{\"type\":\"sigstoreSigned\",\"keyPath\":\"$T/a.pub\",\"signedIdentity\":{\"type\":\"matchRepository\"}}]"
policy '[{"type":"reject"}]'
refused 'a policy that rejects' 'the policy rejects it' pull --policy policy.json "$R/t/tag:1"
policy '[{"type":"reject"}]' "{\"$R/t/tag\":$signed}"
run_bombus --store p1 pull --policy policy.json "$R/t/tag:1"
is 'the nearest scope counts' "$RC" 0
refused 'and the default elsewhere' 'the policy rejects it' pull --policy policy.json "$R/t/plain:1"
policy "$signed"
run_bombus verify --policy policy.json "$R/t/referrer:1"
is 'signed by default' "$RC" 0
refused 'not signed' 'not trusted' pull --policy policy.json "$R/t/plain:1"
policy '[{"type":"insecureAcceptAnything"}]' "{\"$R\":$signed}"
refused 'by registry' 'not trusted' pull --policy policy.json "$R/t/plain:1"
policy "[{\"type\":\"sigstoreSigned\",\"keyPath\":\"$T/a.pub\"}]"
refused 'the name is compared' 'names another image' pull --policy policy.json "$R/t/tag:1"
run_bombus verify --policy policy.json "$R/t/bundle:1"
is 'a bundle names none' "$RC" 0
for wrong in '[{"type":"signedBy"}]' '[]' '{}' '[{"type":"sigstoreSigned"}]' \
	'[{"type":"sigstoreSigned","keyPath":"a.pub","rekorPublicKeyPath":"a.pub"}]' \
	'[{"type":"sigstoreSigned","fulcio":{}}]' '[{"type":"sigstoreSigned","keyPath":"none"}]'; do
	policy "$wrong"
	run_bombus --store p2 pull --policy policy.json "$R/t/tag:1"
	ok "refused: $wrong" test "$RC" -ne 0 -a ! -e p2/index.json
done
run_bombus verify "$R/t/tag:1"
is 'verify without key and policy is wrong usage' "$RC" 2
done_testing
