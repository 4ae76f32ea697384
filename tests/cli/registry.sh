#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Registries that misbehave (tests/support/registry.py): each ends in a named error, in bounded memory, and
# with nothing outside the store. Those that are only slow, busy or cut end well.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang jq python3

# shellcheck source=../support/registry.sh
. "$TESTS/support/registry.sh"

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
is 'with a line for each blob where there is no terminal' \
	"$(grep -cE '^bombus: [0-9a-f]{12}: [0-9.]+(B|KiB)$' <<<"$ERR")" 2
: >server/requests
run_bombus pull "$R/good:1"
is 'a second pull makes one request, a HEAD' "$(cut -d' ' -f2 server/requests)" HEAD
like 'and the message says so' "$ERR" 'up to date'
rm "store/blobs/sha256/$(sha256sum <program.o | cut -d' ' -f1)"
pulled good 'a blob that got lost is brought again'
printf x >>"store/blobs/sha256/$(sha256sum <program.o | cut -d' ' -f1)"
pulled good 'as is one that was damaged'
run_bombus list "$R/good"
is 'tags are listed over pages' "$OUT" $'TAG\na\nb\nc'
run_bombus list "$R/gone"
is 'but no page is fetched from elsewhere' "$RC $OUT" $'4 TAG\na'
run_bombus list -q "$R/tagsmany"
is 'thousands of tags' "$RC $(wc -l <<<"$OUT") $(tail -n 1 <<<"$OUT")" '0 12000 t11999'
for form in both twice plain relative query proxy; do
	run_bombus list -q "$R/tags$form"
	is "a link to the next page: $form" "$RC ${OUT//$'\n'/ }" '0 t00000 t00001 t00002'
done
run_bombus list -q "$R/tagsself"
is 'pages without an end are shown as far as they came' "$RC ${OUT//$'\n'/ }" '4 t00000 t00001'
run_bombus list -q "$R/tagsodd"
is 'invalid tags are left out' "$RC ${OUT//$'\n'/ }" '0 good t00000 t00001'
run_bombus list "$R/tagsodd"
like 'and counted' "$ERR" '^bombus: warning: 4 entries in the list of .* cannot be a tag$'
for status in 403 404 405; do
	pulled head$status "HEAD is answered with $status"
	run_bombus pull "$R/head$status:1"
	like "GET tells that it is up to date ($status)" "$ERR" 'is up to date'
done
for type in json text octet none; do
	pulled type$type "a manifest that is served as $type and names its own type"
done
run_bombus pull "$R/typeunknown:1"
is 'one that names none is refused' $RC 4
pulled scopename 'a scope that only the challenge knows'
pulled scopemore 'a scope that the challenge adds'
run_bombus --store inspected inspect "$R/good:1"
is 'a remote image is inspected' $RC 0
ok 'without a store' test ! -e inspected
run_bombus --store fresh run --dry-run --pull never "$R/good:1"
is 'without --pull nothing is run' $RC 1

# wrong WHAT STATUS REGEX ARGUMENTS...: it is the command line that is wrong, not the registry.
wrong() {
	local what=$1 status=$2 regex=$3
	shift 3
	run_bombus "$@"
	is "$what: status" "$RC" "$status"
	like "$what: why" "$ERR" "$regex"
}
wrong 'no platform' 2 "'linux/' is no platform" pull --platform linux/ "$R/good:1"
wrong 'no platform to inspect' 2 "'' is no platform" inspect --platform '' "$R/elsewhere:1"
wrong 'no such authority' 1 'ca-file .*No such file' pull --ca-file nowhere "$R/good:1"
wrong 'a folder as certificate' 1 'cert .*Is a directory' pull --cert . "$R/good:1"
wrong 'no certificates in it' 4 'hint: .*PEM' --store fresh2 pull --ca-file program.o "$R/good:1"
wrong 'no such credentials' 4 'nowhere: No such file' --store fresh2 pull --authfile nowhere "$R/basic:1"
wrong 'no store' 2 'store is empty: it takes DIR' --store '' list
wrong 'no such port' 2 'not the name of a registry' pull localhost:65536/x/y
wrong 'a registry to list' 2 "hint: .*$R/REPOSITORY" list "$R"
wrong 'nothing to push' 1 "hint: 'bombus list'" push nothing "$R/good:2"
wrong 'an IPv6 address' 4 'connect' pull '[::1]:1/x/y'

# --- slow, busy, cut -----------------------------------------------------------------------------
rm -rf store
pulled cut 'a connection cut everywhere'
at_least 'went on where it stopped' "$(requests "/cut/blobs/.* bytes=[1-9]")" 3
rm -rf store
pulled nolength 'bodies whose length nobody says, cut'
rm -rf store
pulled norange 'a server that begins again'
rm -rf store
refused wrongrange 'another part than was asked for' 'another part of the blob'
pulled busy 'Retry-After in seconds'
pulled date 'Retry-After as a date'
pulled flaky 'a server that fails twice'
: >server/requests
refused never 'Retry-After of an hour' 'asked too often \(status 429, TOOMANYREQUESTS: later\)'
is 'and is not requested again' "$(requests /never/)" 1
rm -rf store
run_bombus pull "$R/large:1" --retries 1
is 'without retries a cut ends the pull' $RC 4
at_least 'what came stays' "$(cat store/.part-* | wc -c)" 100000
: >server/requests
pulled large 'the next pull'
like 'goes on behind it' "$(grep -m 1 'blobs.*bytes' server/requests)" 'bytes=[1-9]'
is 'no part is left' "$(find store -name '.part-*' | wc -l)" 0
for at in 1 4095 4096 99999 3145727 3145728; do
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

: >server/requests
run_bombus --store tencut pull "$R/tencut:1"
is 'a body that always lacks ten bytes is refused' $RC 4
at_least 'and soon' "$((8 - $(requests 'tencut/blobs')))" 0

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
# case: q-basicbearer, q-bearerbasic2, q-expired, q-relrealm, D
pulled basicbearer 'Basic where the token server refuses'
pulled bearerbasic 'and in the other order'
pulled relrealm 'a token server on the same host'
pulled expired 'a public image in spite of credentials that are out of date'
run_bombus pull "$R/expired:1"
like 'which are named' "$ERR" "warning: $R refuses the stored credentials.*'bombus login $R'"
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
# One that answers, closes its output and lives on.
printf '#!/bin/sh\necho "{\\"Username\\":\\"user\\",\\"Secret\\":\\"secret\\"}"\nexec >&- 2>&-\nexec sleep 60\n' \
	>bin/docker-credential-x
start=$SECONDS
PATH=$PATH:$T/bin run_bombus pull "$R/basic:2"
is 'a helper that does not end is an error' $RC 4
like 'which is named' "$ERR" 'docker-credential-x closed its output and does not end'
at_least 'and soon' $((20 - (SECONDS - start))) 0
# shellcheck disable=SC2016 # expanded by the helper
printf '#!/bin/sh\nprintf "no\\nbombus: warning: forged"; exit 1\n' >bin/docker-credential-x
PATH=$PATH:$T/bin run_bombus pull "$R/basic:2"
is 'the words of a helper forge no message' "$RC $(grep -c '^bombus: warning' <<<"$ERR")" '4 0'
printf '%s' '{"auths":{"'"$R"'":{"auth":"'"$(printf user:secret | base64)"'"}}}' >auth.json
chmod 644 auth.json
rm -rf store
run_bombus pull "$R/basic:1"
like 'credentials that others can read are warned of' "$ERR" '^bombus: warning: other users can read the credentials in .*auth.json'
chmod 600 auth.json
rm -rf store
run_bombus pull "$R/basic:1"
is 'others are not' "$RC $(grep -c warning <<<"$ERR")" '0 0'
unset REGISTRY_AUTH_FILE

# login_to FILE: its status.
login_to() {
	printf secret | "$BOMBUS" login "$R" -u user --password-stdin --authfile "$1" 2>login.err
	echo $?
}
mkdir real
ln -s real/auth.json linked.json
is 'login through a link that leads nowhere yet' "$(login_to linked.json)" 0
ok 'makes the file that it leads to' test -L linked.json -a -f real/auth.json
is 'and through one to a file' "$(login_to linked.json) $(readlink linked.json)" '0 real/auth.json'
is 'which stays private' "$(stat -c %a real/auth.json)" 600
if [ "$(id -u)" -eq 0 ]; then
	chown 12345:23456 real/auth.json
	is 'login keeps the owner of the file' "$(login_to real/auth.json) $(stat -c %u:%g real/auth.json)" '0 12345:23456'
fi
echo '{"auths":{"kept.example":{"auth":"eDp5"}}}' >mounted.json
echo '{}' >over.json
if [ "$(id -u)" -eq 0 ] && mount --bind mounted.json over.json 2>/dev/null; then
	at_exit+=("umount -l '$T/over.json'")
	is 'login to a file that is a mount' "$(login_to over.json)" 0
	is 'adds to it' "$(jq -r '.auths | keys | length' mounted.json)" 2
else
	skip 'login to a file that is a mount' 'nothing can be mounted'
fi
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
mkfifo pipe
printf secret | timeout 10 "$BOMBUS" login "$R" -u user --password-stdin --authfile pipe 2>login.err
is 'a pipe keeps no credentials' $? 1
ok 'and is unchanged' test -p pipe
cat >asked.py <<'END'
import os, pty, subprocess, sys, termios
master, slave = pty.openpty()
login = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave)
said = b""
while b"Password: " not in said:
    said += os.read(master, 100)
os.write(master, b"sec\x03")
print(login.wait(timeout=10), "echo" if termios.tcgetattr(slave)[3] & termios.ECHO else "no echo")
END
is 'Ctrl-C at the password leaves the terminal as it was' \
	"$(timeout 20 python3 asked.py "$BOMBUS" login "$R" -u user)" '-2 echo'

# --- lies ----------------------------------------------------------------------------------------
rm -rf store
refused wrong 'a blob with another digest' 'the data is not sha256:'
refused short 'a blob that is too short' 'ends too early|the data is not' --retries 2
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
refused forged 'a reason of several lines' 'status 400, A  B: C bombus: pulled it'
is 'which are one here' "$(wc -l <<<"$ERR")" 1
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

refused longheader 'a header without an end' 'the answer has a header that is too long'

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
	is 'prune frees the space' $RC 0
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
	pulled "$repository" "$repository"
	run_bombus inspect "$R/$repository:1" --format json
	printf '%s' "$OUT" >"$repository.json"
	jq_is "$repository: the program in it" "$repository.json" '.[0].programs[0].name' on_hit
done
jq_is 'bpfman: its format' bpfman.json '.[0].image.format' bpfman
jq_is 'bpfman: its labels' bpfman.json '.[0].image.labels["io.ebpf.programs"]' '{"count": "xdp"}'
jq_is 'gadget: its format' gadget.json '.[0].image.format' 'Inspektor Gadget'
: >server/requests
run_bombus pull "$R/gadget:1"
is 'one of several platforms: a second pull is one HEAD' "$(cut -d' ' -f2 server/requests)" HEAD
run_bombus pull "$R/gadget:1" --platform linux/riscv64
is 'a platform that is not there' $RC 4
like 'an absent platform: the hint lists the present ones' "$ERR" 'hint: it is there for: linux/s390x'
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
