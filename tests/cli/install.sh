#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `make install` installs, with the programs that run by their short names; uninstall, dist.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need clang jq make

made() {
	# Nothing of an outer make, and its own build folder as it is.
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TOP" BUILD="$TOP/build" PREFIX=/usr \
		DESTDIR="$T/root" "$@" >"$T/make.out" 2>&1 || { cat "$T/make.out"; return 1; }
}
[ "$BUILD" = "$TOP/build" ] || skip_all "the build folder is not the one that make installs"
# What it would build, other tests may be using.
made -q all examples man || skip_all "the build is not up to date"

# --- install -------------------------------------------------------------------------------------
ok 'make install' made install
find root -type f | sed 's|blobs/sha256/.*|blobs/sha256/X|' | sort -u >files
root=$T/root/usr
for file in bin/bombus lib/libbombus-trace.a include/bombus/bombus.bpf.h lib/systemd/system/bombus.service \
	share/bombus/images/index.json share/bash-completion/completions/bombus share/doc/bombus/bombus.yaml \
	share/man/man1/bombus.1 share/man/man7/bombus-maps.7; do
	ok "installs $file" test -s "$root/$file"
done
like 'the unit starts the program where it is' "$(cat "$root/lib/systemd/system/bombus.service")" \
	'^ExecStart=/usr/bin/bombus agent'
is 'all can read it' "$(find root ! -perm -go=r | head -n 3)" ''
is 'nothing but images is in the store' \
	"$(find "$root/share/bombus/images" -maxdepth 1 -printf '%f ' | tr ' ' '\n' | sort | xargs)" \
	'blobs images index.json oci-layout'
chmod -R a-w "$root/share/bombus/images"
find "$root/share/bombus/images" -type f -exec sha256sum {} + | sort >before

# --- the system's store --------------------------------------------------------------------------
# The program under test, where the installed one was.
cp "$BOMBUS" "$root/bin/bombus"
BOMBUS=$root/bin/bombus
names=$(cd "$TOP/bpf-examples" && printf '%s\n' *.bpf.c | sed 's/\.bpf\.c$//' | sort)
run_bombus list --available --format json
is 'every example is there' "$(jq -r '.[].name' <<<"$OUT" | sort)" "$names"
is 'and says what it is for' "$(jq -r '.[] | select(.description == "") | .name' <<<"$OUT")" ''
run_bombus list --available
like 'a table for people' "$OUT" '^opensnoop +files that processes open, with the results$'
run_bombus list
is 'list is about the own store' "$RC $OUT" '0 '
like 'which is empty' "$ERR" "--available. shows the images that are installed with bombus"
run_bombus inspect opensnoop
like 'inspect finds it by its short name' "$OUT" '^Image: +opensnoop$'
run_bombus dashboard tcpconnlat
is 'and dashboard' $RC 0
run_bombus run opensnoop --dry-run
if [ "$(id -u)" -eq 0 ]; then
	is 'and run' $RC 0
else
	skip 'and run' 'not root'
fi
run_bombus run opensnop
is 'a mistyped name is not there' $RC 1
like 'but the nearest one is named' "$ERR" '^hint: did you mean opensnoop\?$'
run_bombus rm --force opensnoop
is 'it cannot be removed' $RC 1
like 'and the hint says why' "$ERR" '^hint: opensnoop was installed with bombus'
run_bombus tag opensnoop registry.example/tools/opensnoop:1
is 'tag copies it into the own store' "$RC $("$BOMBUS" list -q)" '0 registry.example/tools/opensnoop:1'
run_bombus save tcpconnlat registry.example/tools/opensnoop:1 -o both.tar
is 'save takes from both stores' $RC 0
run_bombus --store "$T/copy" load both.tar
is 'all of it' "$("$BOMBUS" --store "$T/copy" list -q | xargs)" 'registry.example/tools/opensnoop:1 tcpconnlat'

# --- the own store is in front -------------------------------------------------------------------
digest() {
	"$BOMBUS" inspect --format json "$1" | jq -r .image.digest
}
other=$(digest syscount)
run_bombus tag syscount opensnoop:latest
is 'an own image of the name hides it' "$(digest opensnoop)" "$other"
is 'in the list too' "$("$BOMBUS" list -aq | grep -c '^opensnoop')" 1
run_bombus rm --force opensnoop
ok 'without it the installed one is back' test "$(digest opensnoop)" != "$other"
run_bombus list --available registry.example/tools
is '--available is not for a registry' $RC 2
is 'nothing was written' "$(find "$root/share/bombus/images" -type f -exec sha256sum {} + | sort)" \
	"$(cat before)"

# --- completion, uninstall, dist -----------------------------------------------------------------
# shellcheck disable=SC2016 # for the inner shell
complete='. "$1"; COMP_WORDS=(bombus "$2" opensn); COMP_CWORD=2; _bombus; echo "${COMPREPLY[*]}"'
is 'the shell completes installed names' "$(PATH=$root/bin:$PATH bash -c "$complete" - \
	"$root/share/bash-completion/completions/bombus" run)" opensnoop
is 'but for rm' "$(PATH=$root/bin:$PATH bash -c "$complete" - \
	"$root/share/bash-completion/completions/bombus" rm)" ''
chmod -R u+w root
touch "$root/bin/other" "$root/include/other.h"
ok 'make uninstall' made uninstall
is 'leaves only what others put there' "$(find root -type f -printf '%f ')" 'other other.h '
like 'make help names both' "$(make -s -C "$TOP" help)" '^ +make uninstall '
is 'the changes begin with this version' "$(sed -n 's/^## \([^ ]*\).*/\1/p' "$TOP/CHANGELOG.md" | head -n 1)" \
	"$(cat "$TOP/VERSION")"
is 'and so does the program' "$("$TOP/build/bombus" version)" "bombus $(cat "$TOP/VERSION")"
is 'the packages want to build what make does' "$(sed -n '/^COMPILE_PACKAGES=(/,/^)/{/[()]/d;p}' "$TOP/tests/deps.sh" |
	tr -s ' \t' '\n' | grep -vE '^(gcc|libc6-dev|make|)$' | while read -r package; do
		grep -q "^ ${package}[ ,]" "$TOP/debian/control" || echo "$package"; done)" ''
opened=$(sed -n '/dynlib_names\[\] = {/,/^};/p' "$TOP/base/dynlib.c" | grep -o '"[^"]*"' | tr -d '"' | sort)
is 'every library that is opened is in the list' "$(grep -rhoE '"lib[a-z0-9-]*\.so\.[0-9]+"' "$TOP"/{base,oci,runner,cmd} |
	tr -d '"' | grep -v '^libc\.' | sort -u)" "$opened"
is 'and in the packages' "$(sed -nE 's/^(DEPENDS|RECOMMENDS) += //p' "$TOP/debian/rules" | tr ' ' '\n' | sort)" "$opened"
if git -C "$TOP" rev-parse -q --verify HEAD >git.out 2>&1; then
	ok 'make dist' made dist
	tar=$BUILD/bombus-$(cat "$TOP/VERSION").tar.gz
	sum=$(sha256sum <"$tar")
	is 'packs the sources' "$(tar tzf "$tar" | grep -cE '^bombus-[0-9.]+/(VERSION|Makefile|cmd/main.c)$')" 3
	made dist
	is 'always to the same bytes' "$(sha256sum <"$tar")" "$sum"
else
	skip 'make dist' "$(cat git.out)"
fi
done_testing
