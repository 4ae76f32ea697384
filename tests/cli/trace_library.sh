#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# libbombus-trace as others use it: its header alone, in C and C++, and a program that links it.
. "$(dirname "$0")/../support/lib.sh"
need cc readelf

lib=$(dirname "$BOMBUS")/libtrace.a
[ -e "$lib" ] || skip_all "$lib is not built"
if grep -q __asan_init "$lib"; then
	skip_all 'a library with sanitizers is not for others'
fi

cat >work.c <<'END'
#include <bombus/trace.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	struct bombus_span span;
	char text[BOMBUS_TRACEPARENT_SIZE];

	if (bombus_span_start_remote(&span, getenv("TRACEPARENT"), "work") < 0)
		bombus_span_start(&span, 0, "work");
	bombus_follow_thread(&span);
	bombus_follow_thread(0);
	bombus_follow_socket(0, &span);
	bombus_traceparent(&span, text);
	bombus_span_end(&span);
	return puts(text) < 0;
}
END
cp work.c work.cc
for language in 'cc -std=c99 work.c' 'c++ -std=c++11 work.cc'; do
	compiler=${language%% *}
	if ! command -v "$compiler" >/dev/null; then
		skip "$compiler" 'it is not installed'
		continue
	fi
	# shellcheck disable=SC2086 # a command and its words
	ok "$compiler: it compiles and links" $language -Wall -Wextra -Wpedantic -Werror -O2 \
		-I"$TOP/include" -o "work-$compiler" -Wl,--as-needed "$lib"
	ok "$compiler: it runs while nobody listens" "./work-$compiler"
	is "$compiler: there is one probe" \
		"$(readelf -n "./work-$compiler" | grep -cE 'Provider: bombus$')" 1
	like "$compiler: and it is the one" "$(readelf -n "./work-$compiler")" 'Name: trace$'
done
like 'a trace of its own' "$(./work-cc)" '^00-[0-9a-f]{32}-[0-9a-f]{16}-01$'
like "another's goes on" \
	"$(TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ./work-cc)" \
	'^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$'

done_testing
