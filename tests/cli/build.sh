#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Building: options, the same bytes from the same source, and what is said when something is missing.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang jq

export BOMBUS_STORE=$T/store BOMBUS_INCLUDE=$TOP/include XDG_CACHE_HOME=$T/cache

# program NAME [MORE-CODE]: a source that needs no vmlinux.h.
program() {
	cat >"$1" <<-END
	#include <linux/bpf.h>
	#include <bpf/bpf_helpers.h>
	${2:-}
	struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 1);
		__type(key, __u32);
		__type(value, __u64);
	} hits SEC(".maps.counter");

	SEC("tracepoint/syscalls/sys_enter_getppid")
	int on_hit(void *ctx)
	{
		__u32 zero = 0;
		__u64 *count = bpf_map_lookup_elem(&hits, &zero);

		if (count)
			__sync_fetch_and_add(count, 1);
		return 0;
	}

	char LICENSE[] SEC("license") = "GPL";
	END
}

digest_of() {
	"$BOMBUS" list --format '{{.Name}} {{.Digest}}' | sed -n "s|^$1 ||p"
}

# --- the ways to build ---------------------------------------------------------------------------
program plain.bpf.c
run_bombus build plain.bpf.c
is 'a source becomes an image of its name' "$RC $("$BOMBUS" list -q)" '0 plain'
run_bombus build plain.bpf.c team/plain:2
is 'or of the name given' "$RC $("$BOMBUS" list -q | head -n 2 | tail -n 1)" '0 team/plain:2'
run_bombus build plain.bpf.c --binary-only
is '--binary-only writes beside the source' "$RC $(head -c 4 plain.bpf.o | tail -c 3)" '0 ELF'
is 'and saves nothing more' "$("$BOMBUS" list -q | wc -l)" 2
"$BOMBUS" build plain.bpf.c --binary-only -o - >out.o 2>out.err
ok '-o - is standard output' cmp out.o plain.bpf.o
"$BOMBUS" build plain.bpf.c --binary-only -o - | "$BOMBUS" inspect - >piped.txt 2>&1
like 'which can be piped on' "$(cat piped.txt)" '^hits +counter'
run_bombus build plain.bpf.c both -o both.o
ok '-o alone writes the object as well' cmp both.o plain.bpf.o
is 'as in the image' "$("$BOMBUS" inspect both --format json | jq -r '.image.layers[0].digest')" \
	"sha256:$(sha256sum <both.o | cut -d' ' -f1)"
run_bombus -q build plain.bpf.c quiet
is 'with -q it prints nothing' "$OUT$ERR" ''
run_bombus build plain.bpf.c notes --annotation a.b=c --annotation a.b=d --description 'It counts.'
is 'annotations are in the image' \
	"$("$BOMBUS" inspect notes --format json | jq -c '.image.annotations')" \
	'{"a.b":"d","org.opencontainers.image.description":"It counts.","org.opencontainers.image.title":"plain"}'
# Words that a program wants for itself, and a member that has no name.
cat >own.bpf.c <<-END
	#include "vmlinux.h"
	#define BOMBUS_NO_SHORT_TYPES
	#include <bombus/bombus.bpf.h>
	#include <bombus/span.bpf.h>
	__u64 bytes, hex, uid, gid, duration, ifindex;
	struct event {
		__u32 pid;
		struct in_addr;
		bombus_duration took;
		bombus_bytes sent;
		bombus_uid user;
	};
	BOMBUS_EVENTS(events, struct event, 1 << 16);
	SEC("tracepoint/syscalls/sys_enter_getppid") int on_call(void *ctx)
	{
		struct event *e = bombus_reserve(&events, sizeof(*e));

		if (e)
			bpf_ringbuf_submit(e, 0);
		return 0;
	}
	char LICENSE[] SEC("license") = "GPL";
END
run_bombus build own.bpf.c --cflags -fms-extensions
is 'own words: it builds' $RC 0
run_bombus inspect own --format json
is 'own words: the types keep their meanings, and a member without a name has one' \
	"$(jq -c '.maps[] | select(.name == "events").record.fields | map([.name, .meaning])' <<<"$OUT")" \
	'[["pid",null],["s_addr","ipv4_addr"],["took","duration"],["sent","bytes"],["user","uid"]]'

program flags.bpf.c $'#if !defined(A) || B != 2\n#error flags\n#endif\n#include "my header.h"'
mkdir 'a folder' && touch 'a folder/my header.h'
run_bombus build flags.bpf.c --cflags "-DA -DB=2 -I 'a folder'"
is '--cflags are split as a shell does' $RC 0

# --- what stays and what goes --------------------------------------------------------------------
if command -v readelf >/dev/null; then
	sections=$(readelf -SW plain.bpf.o)
	unlike 'no DWARF' "$sections" '\.debug'
	like 'BTF' "$sections" ' \.BTF '
	like 'line information' "$sections" ' \.BTF\.ext '
	like 'with the lines themselves' "$(strings plain.bpf.o)" '__sync_fetch_and_add\(count, 1\);'
	ok 'the object is sound' test -z "$(readelf -a plain.bpf.o 2>&1 >/dev/null)"
else
	skip 'sections' 'readelf is not installed'
fi

# --- the same source, the same image -------------------------------------------------------------
mkdir -p one two/deep
program one/same.bpf.c
cp one/same.bpf.c two/deep/
"$BOMBUS" -q build one/same.bpf.c same-1
(cd two/deep && "$BOMBUS" -q build same.bpf.c same-2)
(cd two && "$BOMBUS" -q build "$T/two/deep/same.bpf.c" same-3)
sleep 1.1
cp -r "$TOP/include" headers
BOMBUS_INCLUDE=$T/headers "$BOMBUS" -q build ./one/../one/same.bpf.c same-4
for i in 2 3 4; do
	is "the folder and the time do not matter ($i)" "$(digest_of same-$i)" "$(digest_of same-1)"
done
# Its first declaration comes from a macro: clang 14 forgets the text of such a file.
mkdir -p macro/headers macro/deep decoy
{
	printf '#define FIRST char LICENSE[] __attribute__((section("license"), used)) = "GPL"\nFIRST;\n'
	printf '#include "near.h"\n#include <far.h>\n'
	printf '__attribute__((section("tracepoint/syscalls/sys_enter_getppid"), used))\n'
	printf 'int on_hit(void *ctx)\n{\n\treturn near(far((long)ctx)); /* the line */\n}\n'
} >macro/macro.bpf.c
printf '#define NEAR static __attribute__((noinline)) int near\nNEAR(long x)\n{\n\treturn x + 1; /* near */\n}\n' >macro/near.h
printf '#define FAR static __attribute__((noinline)) long far\nFAR(long x)\n{\n\treturn x * 3; /* far */\n}\n' >macro/headers/far.h
for i in 1 2 3 4 5 6 7 8 9 10; do echo "/* the decoy */"; done >decoy/macro.bpf.c
cp decoy/macro.bpf.c decoy/near.h
(cd macro && "$BOMBUS" -q build macro.bpf.c macro-1 -o ../macro-1.o --cflags '-Iheaders')
(cd macro && "$BOMBUS" -q build ./macro.bpf.c macro-2 --cflags '-I ./headers')
"$BOMBUS" -q build macro/macro.bpf.c macro-3 --cflags "-I $T/macro/headers"
(cd macro/deep && "$BOMBUS" -q build ../macro.bpf.c macro-4 --cflags '-isystem ../headers')
(cd decoy && "$BOMBUS" -q build "$T/macro/macro.bpf.c" macro-5 -o ../macro-5.o --cflags '-I../macro/headers')
for i in 2 3 4 5; do
	is "nor does the folder of a file that begins with a macro ($i)" "$(digest_of macro-$i)" "$(digest_of macro-1)"
done
for word in 'the line' near far; do
	is "its lines stay, wherever it is built: $word" "$(grep -ac "/\* $word \*/" macro-1.o) $(grep -ac "/\* $word \*/" macro-5.o)" '1 1'
done
is 'and lines of no other file of its name' "$(grep -ac decoy macro-5.o)" 0
is 'files are called as they are seen from the source' "$(strings -a macro-5.o | grep -E '^\./.*\.[ch]$' | sort | tr '\n' ' ')" \
	'./headers/far.h ./macro.bpf.c ./near.h '
ok 'no path of this machine is in the object' test -z "$(strings -a both.o | grep -F "$T")"
SOURCE_DATE_EPOCH=86400 "$BOMBUS" -q build one/same.bpf.c dated
is 'SOURCE_DATE_EPOCH is the time in the image' \
	"$("$BOMBUS" inspect dated --format json | jq -r '.image.annotations["org.opencontainers.image.created"]')" \
	1970-01-02T00:00:00Z
is 'and in the listing' "$("$BOMBUS" list --format '{{.Name}} {{.Created}}' | sed -n 's/^dated //p')" \
	1970-01-02T00:00:00Z
SOURCE_DATE_EPOCH=yesterday run_bombus build plain.bpf.c
is 'a wrong one is wrong usage' $RC 2

# --- what an image says of itself ----------------------------------------------------------------
if command -v git >/dev/null; then
	work=$T/work
	mkdir "$work"
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	in_git() {
		git -C "$work" -c user.name=x -c user.email=x@example.org "$@" >/dev/null 2>&1
	}
	notes_of() {
		"$BOMBUS" inspect "$1" --format json |
			jq -c '.image.annotations | with_entries(.key |= ltrimstr("org.opencontainers.image."))'
	}
	{
		printf '// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */\n'
		printf '#include "vmlinux.h"\n#include <bombus/bombus.bpf.h>\n'
		printf 'SEC("tracepoint/syscalls/sys_enter_getppid") int hit(void *ctx) { return 0; }\n'
		printf 'char LICENSE[] SEC("license") BOMBUS_HELP("counts \\"it\\"") BOMBUS_AUTHORS("A and B") = "GPL";\n'
	} >"$work/told.bpf.c"
	plain='"authors":"A and B","description":"counts \"it\"","licenses":"GPL-2.0-only OR Apache-2.0"'
	run_bombus build "$work/told.bpf.c" told
	is 'title, description, authors and licences come from the source' "$(notes_of told)" \
		"{$plain,\"title\":\"told\"}"
	in_git init
	in_git remote add origin https://code.example.org/team/told.git
	run_bombus build "$work/told.bpf.c" told
	is 'a source outside git has no revision' "$(notes_of told)" "{$plain,\"title\":\"told\"}"
	in_git add told.bpf.c
	GIT_COMMITTER_DATE='2026-11-01T09:00:00Z' in_git commit -m told
	revision=$(git -C "$work" rev-parse HEAD)
	run_bombus build "$work/told.bpf.c" told
	source='"source":"https://code.example.org/team/told.git"'
	is 'a committed source has a revision, a time and an origin' "$(notes_of told)" \
		"$(jq -cS . <<<"{$plain,\"created\":\"2026-11-01T09:00:00Z\",\"revision\":\"$revision\",$source,\"title\":\"told\"}")"
	git clone -q "$work" clone 2>/dev/null
	git -C clone remote set-url origin https://code.example.org/team/told.git
	(cd clone && "$BOMBUS" -q build told.bpf.c told-2)
	is 'a clone elsewhere gives the same image' "$(digest_of told-2)" "$(digest_of told)"
	SOURCE_DATE_EPOCH=86400 run_bombus build "$work/told.bpf.c" over --description 'else' \
		--annotation org.opencontainers.image.revision=v1 \
		--annotation org.opencontainers.image.source=
	is 'the explicit value wins' "$(notes_of over | jq -c 'del(.licenses, .authors, .title)')" \
		'{"created":"1970-01-02T00:00:00Z","description":"else","revision":"v1"}'
	for url in /srv/told.git https://me:word@code.example.org/told https://token@code.example.org/told \
		'https://code.example.org/told?token=x' https://localhost/told https://10.0.0.1/told \
		https://git/told https://git.local/told git@code.example.org:told ssh://git@code.example.org/told; do
		in_git remote set-url origin "$url"
		run_bombus build "$work/told.bpf.c" url
		is "no source: $url" "$(notes_of url | jq -r .source)" null
	done
	echo >>"$work/told.bpf.c"
	run_bombus build "$work/told.bpf.c" changed
	is 'a modified source has no revision' "$(notes_of changed | jq -c '[.revision, .created]')" \
		'[null,null]'
	in_git checkout told.bpf.c
	run_bombus build "$work/told.bpf.c" back
	is 'a file that is as committed again has its revision' "$(notes_of back | jq -r .revision)" "$revision"
	ln -s told.bpf.c "$work/link.bpf.c"
	in_git add link.bpf.c
	run_bombus build "$work/told.bpf.c" added
	is 'a file that was added since has none' "$(notes_of added | jq -c .revision)" null
	in_git commit -m link
	run_bombus build "$work/told.bpf.c" linked
	is 'a link is compared by its target' "$(notes_of linked | jq -r .revision)" \
		"$(git -C "$work" rev-parse HEAD)"

	# A tree as an attacker packs it: each file named ran-* is the trace of one command.
	evil() {
		printf '#!/bin/sh\ntouch %s/ran-%s\n' "$T" "$1" >"$T/evil-$1"
		chmod +x "$T/evil-$1"
		printf '%s' "$T/evil-$1"
	}
	in_git config filter.x.clean "$(evil clean)"
	in_git config filter.x.process "$(evil process)"
	in_git config core.fsmonitor "$(evil fsmonitor)"
	in_git config core.pager "$(evil pager)"
	in_git config diff.external "$(evil external)"
	in_git config diff.x.textconv "$(evil textconv)"
	in_git config log.showSignature true
	in_git config gpg.program "$(evil gpg)"
	for hook in post-index-change reference-transaction post-checkout; do
		cp "$(evil $hook)" "$work/.git/hooks/$hook"
	done
	echo '* filter=x diff=x' >"$work/.git/info/attributes"
	touch "$work/told.bpf.c"
	run_bombus build "$work/told.bpf.c" evil
	is 'a tree with commands in its configuration is built' "$RC $(notes_of evil | jq -r .revision)" \
		"0 $(git -C "$work" rev-parse HEAD)"
	is 'and none of them ran' "$(echo ran-*)" 'ran-*'
	touch "$work/told.bpf.c"
	git -C "$work" status >/dev/null 2>&1
	ok 'while git status runs them' test "$(echo ran-*)" != 'ran-*'
	rm -f ran-*
	for kind in uploadpack vcs ext; do
		rm -rf partial
		git init -q partial
		cp "$work/told.bpf.c" partial/
		git -C partial add told.bpf.c
		git -C partial -c user.name=x -c user.email=x@example.org commit -q -m one
		git -C partial config extensions.partialClone origin
		git -C partial config core.repositoryFormatVersion 1
		git -C partial config protocol.allow always
		case $kind in
		ext) git -C partial config remote.origin.url "ext::$(evil ext)" ;;
		uploadpack)
			git -C partial config remote.origin.url "$work"
			git -C partial config remote.origin.uploadpack "$(evil uploadpack)"
			;;
		vcs)
			git -C partial config remote.origin.url "$work"
			git -C partial config remote.origin.vcs ext
			;;
		esac
		# The tree of the commit is missing: git wants to fetch it.
		tree=$(git -C partial rev-parse 'HEAD^{tree}')
		rm -f "partial/.git/objects/${tree:0:2}/${tree:2}"
		run_bombus build partial/told.bpf.c partial
		is "a clone without its objects is built ($kind)" "$RC $(notes_of partial | jq -c .revision)" '0 null'
		is "and its transport does not run ($kind)" "$(echo ran-*)" 'ran-*'
	done
	git -C partial ls-tree HEAD >/dev/null 2>&1
	is 'which git itself does run' "$(echo ran-*)" ran-ext
	rm -f ran-*
else
	skip 'revision and source' 'git is not installed'
fi

# --- mistakes in the words -----------------------------------------------------------------------
run_bombus build
is 'no file is wrong usage' $RC 2
for flag in --local -l -i -b --builder; do
	run_bombus build $flag plain.bpf.c
	is "bee's $flag is named" "$RC $(grep -c '^hint: .*clang of this machine' <<<"$ERR")" '2 1'
done
run_bombus build --debug plain.bpf.c
like "as is bee's --debug" "$ERR" '^hint: .*--verbose'
run_bombus build missing.bpf.c
is 'a file that is not there fails' $RC 1
like 'and init is offered' "$ERR" 'hint: .*bombus init'
run_bombus build "$T"
like 'a folder is no source' "$ERR" 'Is a directory'
run_bombus build both.o
is 'an object is no source' $RC 2
run_bombus build plain.bpf.c 'bad name'
is 'a bad name is wrong usage' $RC 2
run_bombus build plain.bpf.c x.o
like 'a name that run would take for a file is refused' "$ERR" 'taken for a file'
run_bombus build plain.bpf.c --binary-only name
is '--binary-only takes no name' $RC 2
run_bombus build plain.bpf.c --platform linux/amd46
like 'a platform is suggested' "$ERR" 'hint: did you mean linux/amd64\?'
run_bombus build plain.bpf.c --annotation nothing
is 'an annotation without a value is wrong usage' $RC 2
run_bombus build plain.bpf.c --cflags "-DX='"
is 'an open quote is wrong usage' $RC 2
run_bombus build plain.bpf.c --binary-only -o nowhere/x.o
like 'an output that cannot be written' "$ERR" 'cannot write nowhere/x\.o: No such file'
run_bombus build plain.bpf.c --binary-only -o /dev/full
like 'a full device' "$ERR" 'No space left'

# --- mistakes in the source ----------------------------------------------------------------------
program broken.bpf.c 'int f(void) { return unknown; }'
run_bombus build broken.bpf.c
is 'source that does not compile fails' $RC 1
like "clang's words are shown" "$ERR" "broken\.bpf\.c:3:22: error: use of undeclared identifier 'unknown'"
like 'and ours after them' "$(tail -n 1 <<<"$ERR")" '^bombus: broken\.bpf\.c does not compile$'
unlike 'nothing is saved' "$("$BOMBUS" list -q)" '^broken$'
program warned.bpf.c 'static int f(void) { return 1; }'
run_bombus build warned.bpf.c
is 'a warning is no error' $RC 0
like 'but shown' "$ERR" "warning: unused function 'f'"
: >empty.bpf.c
run_bombus build empty.bpf.c
is 'a source without a program fails' $RC 1
like 'and the message says so' "$ERR" 'empty\.bpf\.c has no program'
run_bombus build /dev/null
is 'nor does nothing at all have one' "$RC" 1
cp plain.bpf.c ./-dash.c
run_bombus build --binary-only -o dash.o -- -dash.c
is 'a name that looks like an option' $RC 0
echo 'int f(void) { return 1; }' >function.bpf.c
run_bombus build function.bpf.c
like 'a function alone is no program' "$ERR" 'function\.bpf\.c has no program'
printf '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xdp") int f(void *c) { return 2; }\n' \
	>free.bpf.c
run_bombus build free.bpf.c
is 'a source without a licence is built' $RC 0
like 'with a warning' "$ERR" 'names no licence'
program other.bpf.c '#include "nowhere.h"'
run_bombus build other.bpf.c
like 'a header that is missing' "$ERR" "hint: --cflags '-I FOLDER'"

# --- what is not installed -----------------------------------------------------------------------
BOMBUS_CLANG=no-such-clang run_bombus build plain.bpf.c
is 'no clang fails' $RC 1
like 'and names the package' "$ERR" 'hint: apt install clang'
printf '#!/bin/sh\nkill -9 $$\n' >dies && chmod +x dies
BOMBUS_CLANG=./dies run_bombus build plain.bpf.c
like 'a clang that is killed' "$ERR" 'ended by signal 9'
printf '#!/bin/sh\nexit 0\n' >silent && chmod +x silent
BOMBUS_CLANG=./silent run_bombus build plain.bpf.c
like 'a clang that writes nothing' "$ERR" 'wrote no object'
printf '#!/bin/sh\nhead -c 1000 /dev/urandom\n' >noise && chmod +x noise
BOMBUS_CLANG=./noise run_bombus build plain.bpf.c
like 'a clang that writes noise' "$ERR" 'plain\.bpf\.c: not a relocatable ELF object'
run_bombus build plain.bpf.c --cflags '-nostdinc -isystem nowhere'
is 'no headers at all fail' $RC 1
program bpf-missing.bpf.c '#include <bpf/no_such_header.h>'
run_bombus build bpf-missing.bpf.c
like "libbpf's headers" "$ERR" 'hint: .*apt install libbpf-dev'
program ours.bpf.c '#include <bombus/bombus.bpf.h>'
# Where bombus is installed, clang finds them by itself.
BOMBUS_INCLUDE=$T/nowhere run_bombus build ours.bpf.c \
	--cflags "-nostdinc -isystem /usr/include -isystem /usr/include/$(uname -m)-linux-gnu"
like 'our own headers' "$ERR" 'hint: .*BOMBUS_INCLUDE'

# --- vmlinux.h -----------------------------------------------------------------------------------
cat >kernel.bpf.c <<'END'
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "solo_types.h"

struct event { ipv4_addr daddr; };

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_hit(struct trace_event_raw_sys_enter *ctx)
{
	return ctx->id == -1;
}

char LICENSE[] SEC("license") = "GPL";
END
BOMBUS_VMLINUX_BTF=$T/nowhere run_bombus build kernel.bpf.c
is 'no BTF, no vmlinux.h' $RC 1
like 'and why' "$ERR" 'hint: vmlinux.h could not be made: .*nowhere'
run_bombus build kernel.bpf.c --vmlinux plain.bpf.c
is 'a file that is no BTF fails' $RC 1
BOMBUS_VMLINUX_BTF=$T/nowhere run_bombus build plain.bpf.c
is 'a run without it does not need it' $RC 0
if [ -r /sys/kernel/btf/vmlinux ]; then
	run_bombus build kernel.bpf.c
	is 'it is made from the kernel' $RC 0
	is 'and kept' "$(find "$T/cache" -name vmlinux.h | wc -l)" 1
	run_bombus build kernel.bpf.c --vmlinux /sys/kernel/btf/vmlinux
	is 'from a file as well, and only once' "$RC $(find "$T/cache" -name vmlinux.h | wc -l)" '0 1'
	XDG_CACHE_HOME=/proc/nowhere TMPDIR=$T/tmp run_bombus build kernel.bpf.c
	is 'without cache and temporary folder it fails' $RC 1
	mkdir tmp
	XDG_CACHE_HOME=/proc/nowhere TMPDIR=$T/tmp run_bombus build kernel.bpf.c
	is 'without a cache a temporary folder will do' "$RC" 0
	is 'and is gone afterwards' "$(find tmp -mindepth 1 | wc -l)" 0
	cp "$(find "$T/cache" -name vmlinux.h)" vmlinux.h
	BOMBUS_VMLINUX_BTF=$T/nowhere run_bombus build kernel.bpf.c
	is 'one beside the source comes first' $RC 0
	mkdir types && mv vmlinux.h types/
	BOMBUS_VMLINUX_BTF=$T/nowhere run_bombus build kernel.bpf.c --cflags '-I types'
	is 'so does one that --cflags name' $RC 0
	rm -rf types "$T/cache"
	pids=()
	for i in 1 2 3; do
		"$BOMBUS" -q build kernel.bpf.c "at-once:$i" &
		pids+=($!)
	done
	failed=0
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=$((failed + 1))
	done
	is 'first builds at the same time' $failed 0
	run_bombus build kernel.bpf.c arm --platform arm64
	is 'a platform' "$("$BOMBUS" list --format '{{.Name}} {{.Platform}}' | sed -n 's/^arm //p')" \
		linux/arm64
	printf '\nstruct task_struct { int mine; };\n' >>kernel.bpf.c
	run_bombus build kernel.bpf.c
	like "a clash with the kernel's names is explained" "$ERR" 'hint: the kernel has a type of that name'
else
	skip 'vmlinux.h' 'this kernel has no BTF'
fi

# --- at each save --------------------------------------------------------------------------------
saved() {
	[ "$(grep -c "saved $1" "$1.err")" -ge "$2" ]
}
program saves.bpf.c '#include "saves.h"'
echo '/* first */' >saves.h
"$BOMBUS" build saves.bpf.c --watch 2>saves.err &
pid=$!
started+=("$pid")
ok '--watch builds' wait_for 10 saved saves 1
wait_for 10 grep -q 'waiting for the next save' saves.err
echo 'static int more;' >saves.h
ok 'and again at the save of a header' wait_for 10 saved saves 2
echo 'static int' >saves.h
ok 'an error is reported' wait_for 10 grep -q 'saves.bpf.c does not compile' saves.err
echo '/* last */' >saves.h
ok 'and ends nothing' wait_for 10 saved saves 3
kill -TERM $pid
wait $pid 2>/dev/null

# Folders may be removed, moved and made again, as a checkout does.
mkdir -p up/folder
cp plain.bpf.c up/folder/moved.bpf.c
"$BOMBUS" build up/folder/moved.bpf.c --watch 2>moved.err &
pid=$!
started+=("$pid")
ok '--watch in a folder' wait_for 10 saved moved 1
wait_for 10 grep -q 'waiting for the next save' moved.err
rm -r up
mkdir -p new/folder
cp plain.bpf.c new/folder/moved.bpf.c
mv new up
ok 'the folder was removed and is back' wait_for 10 saved moved 2
mv up/folder aside
mkdir up/folder
cp plain.bpf.c up/folder/moved.bpf.c
ok 'another one is in its place' wait_for 10 saved moved 3
echo '/* last */' >>up/folder/moved.bpf.c
ok 'and a save in it is noticed' wait_for 10 saved moved 4
kill -TERM $pid
wait $pid 2>/dev/null
run_bombus build saves.bpf.c --watch --binary-only -o -
is 'standard output is not for --watch' $RC 2
run_bombus build nowhere.bpf.c --watch
is 'a missing source is an error at once' $RC 1

# --- ended early ---------------------------------------------------------------------------------
printf '#!/bin/sh\necho $$ >pid\nexec sleep 100\n' >slow && chmod +x slow
BOMBUS_CLANG=./slow "$BOMBUS" build plain.bpf.c late 2>/dev/null &
pid=$!
started+=("$pid")
wait_for 10 test -s pid
kill -TERM $pid
wait $pid 2>/dev/null
started+=("$(cat pid)")
unlike 'a build that was ended saves nothing' "$("$BOMBUS" list -q)" '^late$'

done_testing
