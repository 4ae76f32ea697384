#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/run itself, on files of this test's own: each way to fail counts, in the order of the list.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# Of the run that this one is a part of.
unset BEHIND
mkdir -p tests/cli tests/support sanitized-build
cp "$TESTS/run" tests/
cp "$TESTS/support/tap.sh" tests/support/
# file NAME: a test of that name from standard input.
file() {
	cat >"tests/cli/$1.sh"
}
# run_tests ARGUMENTS...: leaves $RC and $OUT.
run_tests() {
	env -u BUILD SANITIZED="$T/sanitized-build" TEST_LIMIT=2 tests/run "$@" >run.out 2>run.err
	RC=$?
	OUT=$(cat run.out)
}

file a_slow <<<'touch slow; echo 1..1; sleep 0.5; rm slow; echo ok 1 - slow'
file b_quick <<<'echo 1..2; echo ok 1 - one; echo "ok 2 - two # SKIP no tool"'
file c_alone <<'END'
# alone: it looks for others
echo 1..1
[ ! -e slow ] && echo ok 1 - nothing else runs
END
run_tests cli
is 'good files' "$RC $(tail -n 1 run.out)" '0 3 passed, 0 failed, 1 skipped'
is 'in order, what is alone last' "$(grep -oE '[abc]_[a-z]+' run.out | xargs)" 'a_slow b_quick c_alone'

file d_fails <<<'echo 1..2; echo not ok 1 - bad; echo "# why"; echo ok 2 - good; exit 1'
file e_crash <<<'echo 1..1; echo ok 1 - before; kill -SEGV $$'
file f_late <<<'echo 1..1; echo ok 1 - before; sleep 30'
file g_plan <<<'echo 1..3; echo ok 1 - one; echo ok 2 - two'
file h_none <<<'echo words; exit 3'
file i_status <<<'echo 1..1; echo ok 1 - one; echo complaint >&2; exit 4'
run_tests cli
is 'each failure counts' "$RC $(tail -n 1 run.out)" '1 9 passed, 6 failed, 1 skipped'
is 'each file is named' "$(grep '^failed: ' run.out)" \
	'failed: cli/d_fails cli/e_crash cli/f_late cli/g_plan cli/h_none cli/i_status'
like 'a failed result, with its reason' "$OUT" 'not ok 1 - bad'
like 'a crash' "$OUT" 'ended by signal 11'
like 'a time-out' "$OUT" 'took longer than 2 seconds'
like 'a wrong plan' "$OUT" 'planned 3 tests, 2 ran'
like 'no plan' "$OUT" 'ended with status 3 before'
like 'a status' "$OUT" 'ended with status 4 though'
like 'what it said' "$OUT" '\| complaint'
rm tests/cli/[d-i]_*

TEST_JOBS=1 run_tests cli
is 'one at a time gives the same' "$RC $(tail -n 1 run.out)" '0 3 passed, 0 failed, 1 skipped'
file d_built <<<'echo 1..1; [ -e built ] && echo ok 1 - built'
BEHIND='sleep 1' run_tests cli/b_quick
is 'a build beside the tests' "$RC $(tail -n 1 run.out)" '0 1 passed, 0 failed, 1 skipped'
BEHIND=false run_tests cli/b_quick
is 'one that fails is a failure' "$RC $(tail -n 1 run.out)" '1 1 passed, 1 failed, 1 skipped'
printf '#!/bin/sh\nsleep 0.5\ntouch %s\n' "$T/built" >build.sh
chmod +x build.sh
rm -f built
BEHIND=$T/build.sh run_tests sanitized/cli/d_built
is 'sanitized waits for it' "$RC $(tail -n 1 run.out)" '0 1 passed, 0 failed, 0 skipped'

file d_built <<<'echo $$ >pid; exec sleep 30'
env -u BUILD tests/run cli/d_built >run.out 2>run.err &
started+=($!)
ok 'a test runs' wait_for 10 test -s pid
kill -TERM $!
ok 'it ends with its runner' wait_for 10 gone "$(cat pid)"
done_testing
