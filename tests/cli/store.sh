#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The local store: list, inspect, other tools, writers at the same time, killed ones, no room.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang jq

export BOMBUS_STORE=$T/store BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache

cat >tool.bpf.c <<'END'
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bombus/bombus.bpf.h>

const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only from here on") = 7;

struct event {
	pid_t pid BOMBUS_LABEL BOMBUS_HELP("who");
	__u64 took BOMBUS_UNIT("us");
};
BOMBUS_EVENTS(events, struct event, 4096) BOMBUS_HELP("what happened");

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_hit(void *ctx)
{
	struct event *e = bombus_reserve(&events, sizeof(*e));

	if (!e)
		return 0;
	e->took = min_us;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
END

# --- an empty store ------------------------------------------------------------------------------
run_bombus list
is 'a store that does not exist is no error' $RC 0
is 'and prints nothing' "$OUT" ''
like 'with a message on standard error' "$ERR" 'is empty'
run_bombus list --format json
is 'in JSON it is an empty list' "$(jq -c . <<<"$OUT")" '[]'
run_bombus list -q
is 'quiet it is nothing at all' "$OUT$ERR" ''
ok 'reading makes no folder' test ! -e store

# --- list ----------------------------------------------------------------------------------------
run_bombus build tool.bpf.c
is 'an image is built' $RC 0
like 'and reported in one line' "$ERR" '^bombus: saved tool \(sha256:[0-9a-f]{12}, [0-9.]+KiB\)$'
run_bombus build tool.bpf.c registry.example/team/other:1.2
run_bombus list
is 'the table has a row each' "$(wc -l <<<"$OUT")" 3
like 'sorted by name' "$(sed -n 2p <<<"$OUT")" '^registry.example/team/other:1.2 +sha256:[0-9a-f]{12} '
like 'with sizes and ages' "$OUT" '^tool .*KiB  +(just now|[0-9]+ seconds? ago)$'
run_bombus list -q
is 'quiet: the names' "$OUT" $'registry.example/team/other:1.2\ntool'
run_bombus list --format json
is 'JSON has whole digests' "$(jq -r '.[1].digest | test("^sha256:[0-9a-f]{64}$")' <<<"$OUT")" true
is 'and bytes' "$(jq -r '.[1].size > 1000' <<<"$OUT")" true
digest=$(jq -r '.[1].digest' <<<"$OUT")
run_bombus list --format '{{.Name}}={{.Platform}}'
like 'a template' "$OUT" '^tool=linux/'
run_bombus list --format '{{.Nmae}}'
is 'a template with a wrong field is wrong usage' $RC 2
like 'and names the fields' "$ERR" 'hint: .*\{\{.Name\}\}'
run_bombus list --store "$T/nowhere"
is 'another store is another store' $RC 0

# --- inspect -------------------------------------------------------------------------------------
run_bombus inspect tool
is 'inspect takes a name' $RC 0
like 'shows the digest' "$OUT" "^Digest: +$digest\$"
like 'the layer' "$OUT" 'program\.o +application/ebpf\.oci\.image\.program\.v1\+binary'
like 'the map with its role' "$OUT" '^events +events +ringbuf +4096 +exact +what happened'
like 'its fields' "$OUT" '^events +record +took +uint64 +us'
like 'the parameter' "$OUT" '^min_us +duration_us +7 +only from here on'
like 'the program and its hook' "$OUT" '^on_hit +tracepoint +syscalls/sys_enter_getppid'
like 'and what it needs' "$OUT" '^ringbuf +map events'
run_bombus describe tool:latest
is 'latest is the tag of what has none' $RC 0
run_bombus describe tool:1
is 'another tag is not' $RC 1
run_bombus inspect tool --format json
printf '%s' "$OUT" >inspect.json
jq_is 'JSON: the image' inspect.json '.[0].image.digest' "$digest"
jq_is 'JSON: the manifest unchanged' inspect.json '.[0].image.manifest.config.mediaType' \
	application/ebpf.oci.image.config.v1+json
jq_is 'JSON: fields' inspect.json \
	'.[0].maps[] | select(.name == "events") | .record.fields | map(.name)' '["pid","took"]'
jq_is 'JSON: tags' inspect.json \
	'.[0].maps[] | select(.name == "events") | .record.fields[0].tags' '["label"]'
jq_is 'JSON: loss' inspect.json '.[0].maps[] | select(.name == "events") | .loss' exact
jq_is 'JSON: parameters' inspect.json '.[0].parameters | map([.name,.default,.help])' \
	'[["min_us","7","only from here on"]]'
jq_is 'JSON: programs' inspect.json '.[0].programs | map([.name,.type,.hook])' \
	'[["on_hit","tracepoint","syscalls/sys_enter_getppid"]]'
jq_is 'JSON: needs' inspect.json '[.[0].needs[].anyOf[0]] | contains(["tracepoint","ringbuf"])' true
run_bombus inspect "${digest#sha256:}"
is 'a digest names an image' $RC 0
for what in 'list' 'list --format json' 'inspect tool' 'inspect tool --format json' 'dashboard tool'; do
	# shellcheck disable=SC2086 # words
	"$BOMBUS" $what 2>full.err >/dev/full
	is "$what: what cannot be written" "$? $(cat full.err)" \
		'1 bombus: standard output: No space left on device'
done
"$BOMBUS" dashboard tool 2>left.err | head -c 1 >/dev/null
is 'a reader that closes the pipe is not an error' "${PIPESTATUS[0]} $(cat left.err)" '0 '
mkfifo pipe
timeout 10 cat pipe >piped.tar &
run_bombus save tool -o pipe
is 'a pipe can be saved to' $RC 0
ok 'and stays one' test -p pipe
wait $!
"$BOMBUS" save tool >whole.tar
ok 'the output is the archive' cmp -s piped.tar whole.tar
run_bombus inspect "${digest:7:8}"
is 'so does the beginning of one' $RC 0
run_bombus inspect "${digest:7:5}"
is 'but not a very short one' $RC 1
run_bombus build tool.bpf.c --binary-only -o tool.o
run_bombus inspect tool.o --format json
printf '%s' "$OUT" >object.json
jq_is 'an object has no image' object.json '.[0] | has("image")' false
# Those with a point hold variables, and are called after the file.
maps='[.maps[] | select(.symbol | contains(".") | not)]'
jq_is 'but the same maps' object.json ".[0] | $maps == $(jq -c "$maps" inspect.json)" true
"$BOMBUS" inspect - <tool.o >stdin.txt 2>&1
like 'standard input is inspected' "$(cat stdin.txt)" '^on_hit +tracepoint'
run_bombus inspect toool
is 'a typing mistake fails' $RC 1
like 'and is suggested' "$ERR" 'hint: did you mean tool\?'
run_bombus inspect missing.o
like 'a file that is not there' "$ERR" 'missing\.o: No such file'
echo 'no object' >bad.o
run_bombus inspect bad.o
is 'a file that is not an object fails' $RC 1
like 'and is reported as invalid' "$ERR" 'not an ELF object'

# --- what is there is what other tools read ------------------------------------------------------
is 'the layout' "$(cat store/oci-layout)" '{"imageLayoutVersion":"1.0.0"}'
for blob in store/blobs/sha256/*; do
	[ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ] || fail "blob $blob"
done
is 'every name has one entry' \
	"$(jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"]] | sort | join(" ")' \
		store/index.json)" 'registry.example/team/other:1.2 tool'
if command -v skopeo >/dev/null; then
	is 'skopeo reads the manifest' \
		"$(skopeo inspect --raw "oci:$T/store:tool" | sha256sum | cut -d' ' -f1)" "${digest#sha256:}"
	ok 'skopeo copies and checks the image' \
		skopeo --insecure-policy copy "oci:$T/store:tool" "oci:$T/copy:tool"
	run_bombus --store "$T/copy" inspect tool
	is 'and bombus reads what skopeo wrote' $RC 0
	run_bombus --store "$T/copy" build tool.bpf.c second
	is 'and adds to it' "$("$BOMBUS" --store "$T/copy" list -q)" $'second\ntool'
else
	skip 'skopeo reads the store' 'skopeo is not installed'
fi

# --- text that could steer a terminal or a shell ---------------------------------------------------
hidden=$'a\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\x8b\xd8\x9c\xe2\x80\xa8\xf3\xa0\x81\x81z'
run_bombus build tool.bpf.c hidden --annotation "x=$hidden"
run_bombus inspect hidden --format json
is 'JSON has control and hidden characters as escapes' "$(grep -a -m 1 '"x":' <<<"$OUT" | tr -d ' ,')" \
	'"x":"a\u007f\u009b\u202e\u200b\u061c\u2028\udb40\udc41z"'
is 'which are the same text' "$(jq -r '.image.annotations.x' <<<"$OUT")" "$hidden"
run_bombus inspect hidden
is 'a table has them as bytes' "$(grep -a '^x ' <<<"$OUT" | tr -s ' ')" \
	'x a\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\x8b\xd8\x9c\xe2\x80\xa8\xf3\xa0\x81\x81z'
run_bombus inspect $'none\nbombus: warning: forged\nhint: forged'
is 'a newline begins no message of its own' "$(grep -c forged <<<"$ERR") $(grep -vE \
	'^(bombus: |hint: )[^ ]|^(bombus|hint):     ' <<<"$ERR")" '2 '
is 'but lines that are indented' "$(grep forged <<<"$ERR")" \
	$'bombus:     bombus: warning: forged\nbombus:     hint: forged\' in the store'
run_bombus rm --force hidden
cp -r store named
jq -c '.manifests[0] as $m | .manifests += [
	"x$(touch ran-by-name)", "two\nlines", "\u001b[2J", "a b", "-q" |
	. as $n | $m | .annotations["org.opencontainers.image.ref.name"] = $n]' \
	store/index.json >named/index.json
run_bombus --store named list -q
is 'names that images cannot have are not listed' "$OUT" "$("$BOMBUS" list -q)"
run_bombus --store named prune --force
is 'but keeps their targets' "$RC $(jq '.manifests | length' named/index.json)" \
	"0 $(($(jq '.manifests | length' store/index.json) + 5))"

# complete WORD...: what bash offers for the last of these words, where an image is called $(...).
complete_words() {
	bash --norc -c '
		source <("$BOMBUS" completion bash)
		bombus() {
			case $* in *inspect*) "$BOMBUS" "$@"; return ;; esac
			"$BOMBUS" list -q; printf "%s\n" "tool\$(touch ran-by-name)" "tool\`touch ran-by-name\`"
		}
		COMP_WORDS=(bombus "$@") COMP_CWORD=$#
		_bombus
		printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
export BOMBUS
is 'completion offers commands' "$(complete_words pru)" prune
is 'and values' "$(complete_words run -o --output js)" json
is 'after the letter too' "$(complete_words run -o js)" json
is 'and behind =' "$(complete_words run --output = js)" json
is 'right behind =' "$(complete_words list --format = | tr '\n' ' ')" 'table json '
is 'an option of all commands comes first' "$(complete_words --store store run --outp)" --output
is 'maps of the program' "$(complete_words run tool --where '')" events
is 'and its parameters' "$(complete_words run "$OBJECTS/tui.bpf.o" --set k)" keys=
is 'and images' "$(complete_words inspect registry)" "$("$BOMBUS" list -q | grep '^registry')"
# shellcheck disable=SC2016 # not to be expanded
# shellcheck disable=SC2016 # the name is text
is 'whose names are text' "$(complete_words inspect 'tool$')" 'tool$(touch ran-by-name)'
ok 'and run nothing' test ! -e ran-by-name

# A manifest of 2 MiB that asked for 10 GB of blanks: many short rows beside a long one.
python3 - <<'END'
import hashlib, json, os
index = json.load(open("store/index.json"))
entry = index["manifests"][0]
manifest = json.load(open("store/blobs/sha256/" + entry["digest"][7:]))
manifest["annotations"] = {"n%05d" % i: "v" for i in range(40000)} | {"long": "w" * 1000000, "m" * 200: "v"}
text = json.dumps(manifest).encode()
digest = hashlib.sha256(text).hexdigest()
open("store/blobs/sha256/" + digest, "wb").write(text)
entry.update(digest="sha256:" + digest, size=len(text))
entry["annotations"]["org.opencontainers.image.ref.name"] = "wide"
index["manifests"].append(entry)
index["manifests"][0] = json.load(open("named/index.json"))["manifests"][0]
json.dump(index, open("store/index.json", "w"))
END
"$BOMBUS" inspect wide >wide.txt
is 'a wide table is small' "$(($(wc -c <wide.txt) < 4000000))" 1
is 'its rows are padded to 64 columns at most' "$(grep -c '^n00007 \{60\}v$' wide.txt)" 1
is 'wider cells stand out' "$(grep -c '^m\{200\}  v$' wide.txt)" 1
is 'and a longer value is cut' "$(grep -o '^long .*' wide.txt | tr -s ' ')" "long $(printf 'w%.0s' {1..1021})..."
run_bombus rm --force wide

# --- stores of others ----------------------------------------------------------------------------
# A user links folders inside a store to a folder of files; root prunes the store.
mkdir victim
echo kept >victim/words
echo kept >"victim/$(printf '%064d' 0)"
cp -r store linked
rm -r linked/blobs/sha256
ln -s "$T/victim" linked/blobs/sha256
run_bombus --store linked prune --force
is 'a linked folder of blobs is refused' "$RC $(find victim -mindepth 1 | wc -l)" '1 2'
like 'and named' "$ERR" '^bombus: cannot open linked/blobs/sha256: '
run_bombus --store linked build tool.bpf.c
is 'nothing is written into it either' "$RC $(find victim -mindepth 1 | wc -l)" '1 2'
rm -r linked/blobs
mkdir victim/sha256
ln -s "$T/victim" linked/blobs
for words in 'prune --force' 'build tool.bpf.c' 'inspect tool' 'rm --force tool'; do
	# shellcheck disable=SC2086 # words
	run_bombus --store linked $words
	is "nor is a linked folder around it: $words" "$RC $(find victim -type f | wc -l)" '1 2'
done
rm linked/blobs
ln -s "$T/victim/words" linked/.part-x
cp -r store/blobs linked/
cp victim/words linked/blobs/sha256/README
cp victim/words "linked/blobs/sha256/$(printf '%064d' 1)"
ln -s "$T/victim/words" "linked/blobs/sha256/$(printf '%064d' 2)"
run_bombus --store linked prune --force
is 'pruning removes only files with a name of 64 digits' \
	"$RC $(cd linked/blobs/sha256 && find . -name README -o -name '0000*' | sort | tr -d './' | tr '\n' ' ')" \
	"0 $(printf '%064d' 2) README "
is 'and keeps the targets of links' "$(cat victim/words)" kept

# --- damage --------------------------------------------------------------------------------------
cp -r store damaged
for blob in damaged/blobs/sha256/*; do
	[ "$(head -c 4 "$blob" | tail -c 3)" != ELF ] || printf x >>"$blob"
done
run_bombus --store damaged inspect tool
is 'a program that was changed is refused' $RC 1
like 'as damaged' "$ERR" 'is damaged'
echo '{' >damaged/index.json
run_bombus --store damaged list
is 'an index that is none is an error' $RC 1
like 'which names the folder' "$ERR" 'damaged: index.json is not JSON'
head -c 5000000 /dev/zero | tr '\0' '[' >damaged/index.json
run_bombus --store damaged list
like 'one that is too large is not even parsed' "$ERR" 'larger than'
mkdir other && echo words >other/notes.txt
run_bombus --store other build tool.bpf.c
is 'a folder of other things is left alone' "$RC $(ls -A other)" '1 notes.txt'
like 'with a reason' "$ERR" 'not a store of images'
run_bombus --store tool.bpf.c list
is 'a file is no store' $RC 1

# --- at the same time, and killed ----------------------------------------------------------------
pids=()
for i in 1 2 3 4 5 6; do
	"$BOMBUS" -q build tool.bpf.c "many/x:$i" &
	pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do
	wait "$pid" || failed=$((failed + 1))
done
is 'builds at the same time all succeed' $failed 0
is 'and all are there' "$("$BOMBUS" list -q | grep -c '^many/x:')" 6

# The whole build takes some tenths of a second; the kill comes everywhere in it.
for i in $(seq 1 25); do
	"$BOMBUS" -q build tool.bpf.c "killed:$i" 2>/dev/null &
	pid=$!
	sleep "0.$(printf %03d $((i * 23 % 600)))"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	"$BOMBUS" list >/dev/null 2>killed.err
	[ ! -s killed.err ] || fail "the store after kill $i" "$(cat killed.err)"
done 2>/dev/null
run_bombus build tool.bpf.c after
is 'a store whose writers were killed is written to' $RC 0
is 'nothing unfinished stays' "$(find store -name '.tmp-*' | wc -l)" 0
bad=0
while read -r name; do
	"$BOMBUS" inspect "$name" >/dev/null 2>&1 || bad=$((bad + 1))
done < <("$BOMBUS" list -q)
is 'and every name in it works' $bad 0

# --- save, killed --------------------------------------------------------------------------------
mkdir saved
# The size limit of a file kills it in the middle of writing.
(ulimit -c 0 -f 8 && exec "$BOMBUS" save tool -o saved/x.tar 2>/dev/null) 2>/dev/null
is 'a killed save leaves nothing behind' "$(ls -A saved)" ''
run_bombus save tool -o saved/x.tar
is 'and a whole one its file alone' "$RC $(ls -A saved)" '0 x.tar'
is 'with the usual mode' "$(stat -c %a saved/x.tar)" 644

# --- no room, no permission ----------------------------------------------------------------------
mkdir small
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=16k tmpfs small 2>/dev/null; then
	at_exit+=("umount -l '$T/small'")
	status=0
	for i in 1 2 3 4 5 6 7 8; do
		run_bombus --store small/s build tool.bpf.c "x:$i" --annotation "n=$i$(printf %03000d 0)"
		[ $RC -eq 0 ] || { status=$RC; break; }
	done
	is 'a full disk is an error' $status 1
	like 'which is named' "$ERR" 'No space left on device'
	run_bombus --store small/s list
	is 'and leaves the store as it was' $RC 0
	cat /dev/zero >small/fill 2>/dev/null
	run_bombus save tool -o small/x.tar
	is 'an archive that has no room is an error' $RC 1
	like 'which is named, too' "$ERR" 'cannot write the archive: No space left on device'
	is 'and no archive' "$(find small -name 'x.tar*' | wc -l)" 0
	rm -f small/fill
	is 'with nothing unfinished' "$(find small -name '.tmp-*' | wc -l)" 0
	mount -o remount,ro small
	run_bombus --store small/s build tool.bpf.c again
	is 'a read-only store is an error' $RC 1
	like 'with a way out' "$ERR" 'hint: .*--store'
	run_bombus --store small/s list
	is 'that can still be listed' $RC 0
	mkdir full
	mount -t tmpfs -o size=128k tmpfs full
	at_exit+=("umount -l '$T/full'")
	for i in 1 2 3; do
		"$BOMBUS" -q --store full/s build tool.bpf.c "x:$i" --annotation "n=$i"
	done
	cat /dev/zero >full/fill 2>/dev/null
	run_bombus --store full/s rm --force x:1
	is 'an image can be removed from a full disk' "$RC $("$BOMBUS" --store full/s list -q | tr '\n' ' ')" \
		'0 x:2 x:3 '
	run_bombus --store full/s inspect x:2
	is 'and the others stay whole' $RC 0
else
	skip 'a full disk' 'no tmpfs can be mounted'
	skip 'a read-only store' 'no tmpfs can be mounted'
fi

done_testing
