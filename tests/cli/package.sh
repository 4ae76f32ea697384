#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `bombus package`: container images with bombus, its libraries and programs.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/docker_registry.sh
. "$TESTS/support/docker_registry.sh"
need jq skopeo umoci
[ -d "$EXAMPLES/blobs" ] || EXAMPLES=$TOP/build/store
[ -d "$EXAMPLES/blobs" ] || skip_all "the examples are not built"

bombus_there
export TMPDIR=$T/tmp
mkdir tmp
"$BOMBUS" -q --store "$EXAMPLES" save opensnoop syscount -o "$BOMBUS_STORE/" || exit 1
config() {
	skopeo inspect --config "$1" | jq -c "$2"
}

# --- into the store ------------------------------------------------------------------------------
run_bombus -q package opensnoop syscount tools:1
is 'an image is made' "$RC" 0
first=$OUT
run_bombus -q package opensnoop syscount tools:again
is 'the same again is the same image' "$OUT" "$first"
"$BOMBUS" -q --store "$T/later" load "$BOMBUS_STORE" 2>/dev/null
jq '.manifests[].annotations["org.opencontainers.image.created"] = "2001-02-03T04:05:06Z"' later/index.json >later.json
mv later.json later/index.json
is 'also when the programs were saved at another time' \
	"$("$BOMBUS" -q --store "$T/later" package opensnoop syscount tools:1 2>/dev/null)" "$first"
like 'other programs are another one' "$("$BOMBUS" -q package opensnoop tools:2 2>/dev/null)" '^sha256:'
like 'list has it' "$("$BOMBUS" list)" '^tools:1 +sha256:'
is 'it runs the programs' "$(config "oci:$BOMBUS_STORE:tools:1" '.config | [.Entrypoint, .Cmd]')" \
	'[["/usr/bin/bombus","run"],["opensnoop","syscount"]]'
is 'and has no time' "$(config "oci:$BOMBUS_STORE:tools:1" .created)" '"1970-01-01T00:00:00Z"'
SOURCE_DATE_EPOCH=1793523600 run_bombus -q package opensnoop --user 65534 --arg=-o --arg=json tools:3
is 'or the given one, a user and arguments' \
	"$(config "oci:$BOMBUS_STORE:tools:3" '[.created, .config.User, .config.Cmd]')" \
	'["2026-11-01T09:00:00Z","65534",["opensnoop","-o","json"]]'

# --- what is in it -------------------------------------------------------------------------------
if [ "$(id -u)" -eq 0 ]; then
	ok 'umoci unpacks it' umoci unpack --image "$BOMBUS_STORE:tools:1" bundle
	# A sanitizer wants /proc.
	! grep -q __asan_init "$BOMBUS" || inside_why='the sanitizers do not start without /proc'
	inside() {
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LD_LIBRARY_PATH="$(jq -r '.process.env[] | select(startswith("LD_")) | split("=")[1]' \
			bundle/config.json)" ASAN_OPTIONS=detect_leaks=0 chroot bundle/rootfs /usr/bin/bombus "$@"
	}
	if [ -z "${inside_why:-}" ]; then
		is 'the program starts there' "$(inside version 2>&1)" "bombus $(cat "$TOP/VERSION")"
		# There is no /proc, by which it finds where it is.
		images='--store /usr/share/bombus/images'
		# shellcheck disable=SC2086 # two words
		is 'and has its programs' "$(inside $images list -q 2>&1 | xargs)" 'opensnoop syscount'
		# shellcheck disable=SC2086
		is 'each as it was' "$(inside $images inspect --format json opensnoop | jq -r .image.digest)" \
			"$("$BOMBUS" inspect --format json opensnoop | jq -r .image.digest)"
	else
		skip 'the program starts there' "$inside_why"
	fi
	is 'all belongs to root' "$(find bundle/rootfs ! -uid 0 | head -n 3)" ''
	is 'and others write only to /tmp' "$(find bundle/rootfs -perm -o=w ! -type l -printf '%P\n')" tmp
	like 'with its libraries for metrics' "$(find bundle/rootfs -name 'lib*')" '/libmicrohttpd\.so\.12$'
else
	skip 'what is in it' 'not root: umoci and chroot'
fi

# --- archives ------------------------------------------------------------------------------------
run_bombus package opensnoop oci-archive:tools.tar:tools:1
is 'an OCI archive' "$RC" 0
run_bombus package opensnoop docker-archive:docker.tar:tools:1
is 'a docker-archive' "$RC" 0
is 'both hold the same' "$(config oci-archive:tools.tar:tools:1 .rootfs)" "$(config docker-archive:docker.tar .rootfs)"
is 'the tag is in it' "$(tar xOf docker.tar manifest.json | jq -c '.[0].RepoTags')" '["tools:1"]'
ok 'skopeo reads every byte of it' skopeo --insecure-policy copy -q docker-archive:docker.tar oci:copied:x
is 'nothing of it is in the store' "$("$BOMBUS" list -q | grep -c bombus)" 0
is 'and no folder to work in stays' "$(find "$TMPDIR" -name 'bombus-*')" ''

# --- the agent -----------------------------------------------------------------------------------
run_bombus package --entry agent opensnoop syscount agent:1
is 'the agent is the entry point' "$(config "oci:$BOMBUS_STORE:agent:1" '.config | [.Entrypoint, .Cmd]')" \
	'[["/usr/bin/bombus","agent","-c","/etc/bombus/bombus.yaml"],null]'
if [ "$(id -u)" -eq 0 ]; then
	umoci unpack --image "$BOMBUS_STORE:agent:1" agent >umoci.log 2>&1
	run_bombus agent --check -c agent/rootfs/etc/bombus/bombus.yaml
	is 'its configuration is right' "$RC$ERR" 0
	is 'and has the programs' "$(sed -n 's/^  - image: //p' agent/rootfs/etc/bombus/bombus.yaml | xargs)" \
		'opensnoop syscount'
fi

# --- platforms -----------------------------------------------------------------------------------
mkdir -p other/usr/bin other/lib
echo elf >other/usr/bin/bombus
ln -s ../usr/bin/bombus other/lib/link
run_bombus package --root linux/riscv64=other opensnoop all:1
is 'several platforms are an index' "$RC $(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "all:1").mediaType' \
	"$BOMBUS_STORE/index.json")" '0 application/vnd.oci.image.index.v1+json'
if [ "$(id -u)" -eq 0 ]; then
	ok 'one of which skopeo takes' skopeo --insecure-policy --override-arch riscv64 copy -q \
		"oci:$BOMBUS_STORE:all:1" oci:riscv:x
	umoci unpack --image riscv:x riscv >umoci.log 2>&1
	is 'with the files of the folder' "$(cat riscv/rootfs/lib/link)" elf
	ok 'and the programs' test -s riscv/rootfs/usr/share/bombus/images/index.json
fi
run_bombus package --root linux/riscv64=other opensnoop docker-archive:all.tar
is 'a docker-archive holds one platform' "$RC" 2
run_bombus package --root linux/riscv64=nowhere opensnoop x:1
is 'a folder without bombus is refused' "$RC" 1
like 'and the message names what is missing' "$ERR" 'cannot read nowhere/usr/bin/bombus'
run_bombus package --root here=other opensnoop x:1
is 'so is a platform that is none' "$RC" 2

# --- mistakes ------------------------------------------------------------------------------------
run_bombus package opensnoop
is 'a target is needed' "$RC" 2
run_bombus package nothing x:1
is 'a program that is not there' "$RC" 1
like 'is named' "$ERR" "no image 'nothing'"
run_bombus package --config x.yaml opensnoop x:1
is 'a configuration is for the agent' "$RC" 2
run_bombus package opensnoop oci-archive:/nowhere/x.tar
is 'an archive that cannot be written' "$RC" 1
is 'leaves no image' "$("$BOMBUS" list -q | grep -c '^x')" 0

# --- a registry ----------------------------------------------------------------------------------
docker_registry_start
run_bombus package opensnoop syscount "docker://$R/tools:1"
is 'a registry gets it' "$RC" 0
is 'as it is' "$(skopeo inspect --tls-verify=false "docker://$R/tools:1" | jq -r .Digest)" "$first"
done_testing
