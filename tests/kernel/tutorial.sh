#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/tutorial.md, line by line: each command runs in one folder, against the tests' own registry, and
# prints what the document says ("..." stands for anything).
. "$(dirname "$0")/../support/lib.sh"
need_root
need clang python3 curl
. "$TESTS/support/registry.sh"

PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir bin tutorial
# The document's registry and port are the test's.
cat >bin/bombus <<-END
	#!/bin/bash
	words=("\${@//registry.example\/you\/opencount/$R/upplain}")
	case \$1 in push) words+=(--plain-http) ;; run) words=(run --plain-http "\${words[@]:1}") ;; esac
	{ '$BOMBUS' "\${words[@]//9191/$PORT}" 2>&1 >&3 3>&- |
		sed 's|$R/upplain|registry.example/you/opencount|g' >&2; } 3>&1
	exit "\${PIPESTATUS[0]}"
END
cat >bin/curl <<-END
	#!/bin/bash
	exec $(command -v curl) "\${@//9191/$PORT}"
END
chmod +x bin/bombus bin/curl
cat >steps.py <<'END'
import re, sys
steps = []
for block in re.findall(r'^```console\n(.*?)^```', open(sys.argv[1]).read(), re.M | re.S):
    for line in block.splitlines():
        if line.startswith('$ '):
            steps.append([line[2:], []])
        elif line.startswith('> '):
            steps[-1][0] += '\n' + line[2:]
        else:
            steps[-1][1].append(line)
for n, (command, wanted) in enumerate(steps):
    open(f'step.{n:02}.sh', 'w').write(command + '\n')
    open(f'step.{n:02}.out', 'w').write(''.join(l + '\n' for l in wanted))
END
cat >match.py <<'END'
# Whether a text is as the document has it: "..." is anything in a line, a line of "..." any lines.
import re, sys
def pattern(line):
    return r'.*?'.join(r'\s+'.join(map(re.escape, p.split())) if p.strip() else re.escape(p.strip())
                       for p in line.split('...'))
wanted, got = open(sys.argv[1]).read(), open(sys.argv[2]).read()
parts = []
for line in wanted.splitlines():
    parts.append(r'(?:.*\n)*?' if line.strip() == '...' else r'\s*' + pattern(line).replace('.*?', r'[^\n]*?') + r'[ \t]*\n')
sys.exit(0 if re.fullmatch(''.join(parts), got) else 1)
END
python3 steps.py "$TOP/docs/tutorial.md"
at_least 'the document has commands' "$(ls step.*.sh | wc -l)" 15
# One shell for all: the last lines wait for a job of an earlier one.
cat >all.sh <<-'END'
	cd "$1/tutorial"
	export PATH=$1/bin:$PATH
	for step in "$1"/step.*.sh; do
		. "$step" >"${step%.sh}.got" 2>&1 </dev/null
		echo $? >"${step%.sh}.rc"
	done
END
timeout $((300 * SLOW)) bash all.sh "$T"
for step in step.*.sh; do
	name=$(head -n 1 "$step")
	if ! [ -e "${step%.sh}.rc" ]; then
		fail "$name" 'it did not run'
	elif [ "$(cat "${step%.sh}.rc")" != 0 ]; then
		fail "$name" "status $(cat "${step%.sh}.rc")" "$(cat "${step%.sh}.got")"
	elif grep -q '&$' "$step" || python3 match.py "${step%.sh}.out" "${step%.sh}.got"; then
		pass "$name"
	else
		fail "$name" 'wanted:' "$(cat "${step%.sh}.out")" 'got:' "$(head -n 20 "${step%.sh}.got")"
	fi
done
is 'the dashboard is JSON' "$(jq -r 'type' tutorial/opencount.json)" object

done_testing
