#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The manual pages, made from the tables of the help and from spec/.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need mandoc

bombus_there
export SOURCE_DATE_EPOCH=1793523600
ok 'the pages are made' "$TOP/docs/man/make.sh" "$BOMBUS" "$T/man"
mapfile -t pages < <(find man -type f | sort)
mapfile -t commands < <("$BOMBUS" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\).*/\1/p')
is 'one of each command, and the others' "$(basename -a "${pages[@]}" | sort | xargs)" "$({
	printf 'bombus-%s.1\n' "${commands[@]}"
	printf '%s\n' bombus.1 bombus-agent.yaml.5 bombus-image.5 bombus-maps.7
} | sort | xargs)"
# References to other pages are looked up there.
PATH=$PATH:/usr/sbin makewhatis "$T/man"
is 'mandoc finds nothing to say' "$(MANPATH=$T/man mandoc -T lint -W style "${pages[@]}" 2>&1)" ''
is 'the date is the given one' "$(head -qn 1 "${pages[@]}" | sort -u)" '.Dd November 1, 2026'

text() {
	mandoc -T ascii -O width=200 "man/$1" | col -b
}
for command in run build list; do
	text "man1/bombus-$command.1" >"$command.txt"
	missing=
	while read -r option; do
		grep -qE "^ +(-., )?$option( |\[|\$)" "$command.txt" || missing+=" $option"
	done < <("$BOMBUS" help "$command" | sed -n '/^Options of every/q; s/^ \{2,6\}\(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p')
	is "$command: every option of the help is there" "$missing" ''
done
like 'an option with its argument and its text' "$(tr '\n\t' '  ' <list.txt | tr -s ' ')" \
	'--format FORM table, json, or a template of \{\{\.Name\}\}'
like 'an option whose value may be missing' "$(cat run.txt)" '^ +--metrics\[=ADDR\]'
like 'long examples go on behind a backslash' "$(cat man/man1/bombus-run.1)" ' \\e$'
like 'the keys of the agent' "$(text man5/bombus-agent.yaml.5)" '^ +drop_label '
like 'tables of spec' "$(text man7/bombus-maps.7)" '^ +section suffix$'
like 'words in code are bold' "$(cat man/man5/bombus-image.5)" '\\fBindex\.json\\fP'
done_testing
