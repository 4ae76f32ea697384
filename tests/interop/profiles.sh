#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# profile on a C, a Go and a Python program of the test's own: their functions have names live and in
# each file, `go tool pprof` reads the profile, and a browser runs the script of the picture. PYTHON
# names an interpreter with the perf trampoline (3.12) that was compiled with frame pointers; what
# cannot be had is skipped by name.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq cc

# pid_of_job COMMAND...: in the background.
job_start() {
	"$@" >/dev/null 2>"$T/job.err" &
	JOB=$!
	started+=("$JOB")
	sleep 0.5
}

# profiled NAME FOLDED LIVE: two seconds of the job; patterns of a line in the file, and of a stack.
profiled() {
	local name=$1 folded=$2 live=$3

	ok "$name: two seconds" "$BOMBUS" --store "$EXAMPLES" run profile --pid "$JOB" --duration 2s -o json \
		--folded "$name.folded" --pprof "$name.pb.gz" --flamegraph "$name.svg"
	cp "$T/.ok" "$name.out"
	kill "$JOB"
	like "$name: live" "$(grep '^{' "$name.out" | jq -r 'select(.map == "samples") | .key.user')" "$live"
	like "$name: folded" "$(cat "$name.folded")" "$folded"
	like "$name: drawn" "$(cat "$name.svg")" "<title>${4} \\([0-9]+ samples"
	if command -v go >/dev/null; then
		like "$name: go tool pprof" "$(HOME=/tmp go tool pprof -top "$name.pb.gz" 2>&1)" " $4\$"
	else
		skip "$name: go tool pprof" 'no go'
	fi
}

# A function that calls none has no frame, and its caller is missing.
cat >hot.c <<'END'
volatile unsigned long sum;
__attribute__((noinline)) void c_idle(void) { __asm__ volatile(""); }
__attribute__((noinline)) void c_leaf(void) { c_idle(); for (int i = 0; i < 100000; i++) sum += i; }
__attribute__((noinline)) void c_middle(void) { c_leaf(); sum++; }
int main(void) { for (;;) c_middle(); }
END
cc -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -o hot_c hot.c
job_start ./hot_c
profiled c '^hot_c;.*main;c_middle;c_leaf[; ]' 'main\+0x[0-9a-f]+;c_middle\+0x[0-9a-f]+;c_leaf' c_middle
if browser=$(command -v chromium || command -v chromium-browser); then
	like 'c: a browser runs the script of the picture' \
		"$("$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$T/browser" \
			--dump-dom "file://$T/c.svg" 2>/dev/null)" 'id="search"[^>]*>search<'
else
	skip 'c: a browser runs the script of the picture' 'no chromium'
fi

cat >hot.go <<'END'
package main

//go:noinline
func goIdle() int { return 1 }

//go:noinline
func goLeaf(n int) (s int) {
	s = goIdle()
	for i := 0; i < n; i++ {
		s += i * i
	}
	return
}

//go:noinline
func goMiddle(n int) int { return goLeaf(n) + 1 }

func main() {
	for {
		goMiddle(100000)
	}
}
END
if command -v go >/dev/null && HOME=/tmp go build -o hot_go hot.go 2>"$T/go.log"; then
	job_start ./hot_go
	profiled go '^hot_go;runtime\.goexit.*;main\.main;main\.goMiddle;main\.goLeaf ' \
		'main\.main\+0x[0-9a-f]+;main\.goMiddle\+0x[0-9a-f]+;main\.goLeaf' main.goLeaf
else
	skip 'go: its functions' "it cannot be built here: $(tail -n 1 "$T/go.log" 2>/dev/null)"
fi

cat >hot.py <<'END'
def py_leaf(n):
    s = 0
    for i in range(n):
        s += i * i
    return s


def py_middle(n):
    return py_leaf(n)


while True:
    py_middle(20000)
END
PYTHON=${PYTHON:-python3}
if "$PYTHON" -c 'import sysconfig, sys
sys.exit(not (sysconfig.get_config_var("PY_HAVE_PERF_TRAMPOLINE") and "-fno-omit-frame-pointer" in
	sysconfig.get_config_var("CFLAGS")))' 2>/dev/null; then
	job_start "$PYTHON" -X perf hot.py
	profiled python 'py::py_middle:.*py::py_leaf:' 'py::py_middle:.*py::py_leaf:' 'py::py_leaf:[^ ]*'
else
	skip 'python: its functions' "$PYTHON has no perf trampoline, or no frame pointers"
fi
done_testing
