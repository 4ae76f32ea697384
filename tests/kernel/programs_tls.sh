#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tlssnoop, with TLS of known size by each of the libraries; and probes of a library by its bare name:
# in this machine's, in the one that a process has loaded, and in that of a container.
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq python3 openssl

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=here 2>/dev/null
# tls_start WORDS...: $TLS_PID has the library loaded and waits; tls_go: until it has done its work.
tls_start() {
	rm -f .tls && mkfifo .tls
	"${IN[@]}" python3 "$TESTS/support/tls.py" "$@" <.tls >tls.out 2>tls.err &
	TLS_PID=$!
	started+=("$TLS_PID")
	exec {tls_fd}>.tls
	wait_for 20 grep -q ready tls.out || fail "$1: its library is loaded" "$(cat tls.err)"
}
tls_go() {
	echo >&"$tls_fd"
	exec {tls_fd}>&-
	wait "$TLS_PID"
}
# tls NAME WORDS -- OPTIONS...
tls() {
	local words=()

	while [ "$1" != -- ]; do words+=("$1") && shift; done
	shift
	tls_start "${words[@]}"
	ok "${words[0]}: it attaches" example_start tlssnoop "$@"
	ok "${words[0]}: it works" tls_go
	ok "${words[0]}: it ends" bombus_stop INT
}
IN=(env)
OPENSSL=(openssl "$T/cert.pem" "$T/key.pem")
DONE='map(select(.failed == false) | [.library, .call, .size]) | group_by(.) | map(.[0] + [length])'
OPENSSL_DONE='[["OPENSSL","TLS_HANDSHAKE",0,2],["OPENSSL","TLS_READ",1000,5],["OPENSSL","TLS_WRITE",1000,5]]'

tls "${OPENSSL[@]}" -- --comm python3
events tlssnoop calls "map(select(.pid == $TLS_PID)) | $DONE" "$OPENSSL_DONE"
events tlssnoop calls "map(select(.pid == $TLS_PID) | .data) | unique" '[""]'
no_loss tlssnoop

# --- the data, when it is asked for; and how much there was ---
tls_start "${OPENSSL[@]}"
ok 'data: it attaches' example_start tlssnoop --pid "$TLS_PID" --set with_data=12
ok 'data: it works' tls_go
bombus_stop INT
events tlssnoop calls 'map(select(.size > 0) | [.call, .data]) | group_by(.) | map(.[0] + [length])' \
	'[["TLS_READ","in the clear",5],["TLS_WRITE","in the clear",5]]'
series tlssnoop tls_data 'map([.key.library, .key.call, .value])' \
	'[["OPENSSL","TLS_READ",5000],["OPENSSL","TLS_WRITE",5000]]'
series tlssnoop tls_latency 'map(select(.key.call != "TLS_HANDSHAKE") | [.key.call, .count])' \
	'[["TLS_READ",5],["TLS_WRITE",5]]'

if [ "$(ldconfig -p | grep -c libgnutls.so.30)" -gt 0 ]; then
	tls_start gnutls
	ok 'GnuTLS: it attaches' example_start tlssnoop --pid "$TLS_PID"
	ok 'GnuTLS: it works' tls_go
	bombus_stop INT
	events tlssnoop calls "$DONE" \
		'[["GNUTLS","TLS_HANDSHAKE",0,2],["GNUTLS","TLS_READ",500,4],["GNUTLS","TLS_WRITE",500,4]]'
else
	skip GnuTLS 'it is not installed'
fi
if [ "$(ldconfig -p | grep -c libnspr4.so)" -gt 0 ]; then
	tls_start nspr
	ok 'NSS: it attaches' example_start tlssnoop --pid "$TLS_PID"
	ok 'NSS: it works' tls_go
	bombus_stop INT
	events tlssnoop calls "$DONE" '[["NSS","TLS_WRITE",100,3]]'
else
	skip NSS 'it is not installed'
fi

# --- a library of its own, as a container has one: it is not this machine's file ---
libssl=$(ldconfig -p | awk '$1 == "libssl.so.3" { print $NF; exit }')
# own_library NAME: a copy in a folder of its own, for what starts next.
own_library() {
	mkdir "$1"
	cp "$(realpath "$libssl")" "$1/libssl.so.3"
	IN=(env LD_LIBRARY_PATH="$T/$1")
}
own_library other
tls "${OPENSSL[@]}" -- --comm python3
events tlssnoop calls "map(select(.pid == $TLS_PID)) | length" 0
for how in loaded deleted container attach; do
	own_library "$how"
	tls_start "${OPENSSL[@]}"
	aim=(--pid "$TLS_PID")
	case $how in
	deleted) rm deleted/libssl.so.3 ;;
	container)
		cgroup_make 2>/dev/null || continue
		echo "$TLS_PID" >"$GROUP/cgroup.procs"
		aim=(--cgroup "/${GROUP##*/}")
		;;
	attach) aim=(--attach "ssl_*=pid=$TLS_PID") ;;
	esac
	ok "$how: it attaches" example_start tlssnoop "${aim[@]}"
	ok "$how: it works" tls_go
	bombus_stop INT
	events tlssnoop calls "$DONE" "$OPENSSL_DONE"
done

# --- the agent, whose loader looks for the library; also where the cgroups are found late ---
names_there() { [ -n "$(helper_of "$agent" names)" ]; }
for how in agent late; do
	[ -n "${GROUP:-}" ] || continue
	own_library "$how"
	tls_start "${OPENSSL[@]}"
	echo "$TLS_PID" >"$GROUP/cgroup.procs"
	cat >"$how.yaml" <<END
programs:
  - {image: tlssnoop, cgroup: [/${GROUP##*/}]}
exporters:
  - {type: json, file: $how.out}
END
	cp "$how.yaml" used.yaml
	[ "$how" = agent ] || echo 'programs: []' >used.yaml
	"$BOMBUS" --store "$EXAMPLES" agent -c used.yaml >"$how.log" 2>&1 &
	agent=$!
	started+=("$agent")
	if [ "$how" = late ]; then
		wait_for 20 names_there
		names=$(helper_of "$agent" names)
		kill -STOP "$names"
		cp late.yaml used.yaml
		kill -HUP "$agent"
		# Longer than the agent waits for names.
		sleep 6
		kill -CONT "$names"
	fi
	ok "$how: it is attached" wait_for 20 grep -q 'tlssnoop is attached' "$how.log"
	ok "$how: it works" tls_go
	ok "$how: all is shown" wait_for 10 has_lines "$how.out" 12 '"failed":false'
	kill -INT "$agent"
	wait "$agent"
	events "$how" calls "$DONE" "$OPENSSL_DONE"
done

# --- a namespace of mounts, in which this machine's path is another file ---
own_library mounts
IN=(unshare -m sh -c "mount --bind '$T/mounts/libssl.so.3' '$(realpath "$libssl")' && exec \"\$@\"" sh)
tls_start "${OPENSSL[@]}"
ok 'mounts: it attaches' example_start tlssnoop --pid "$TLS_PID"
ok 'mounts: it works' tls_go
bombus_stop INT
events tlssnoop calls "$DONE" "$OPENSSL_DONE"

# --- programs that may be left out ---
traffic_start getppid,3
ok 'optional: the others attach' bombus_start optional run "$OBJECTS/load_optional.bpf.o" -o json \
	--set target_pid="$TRAFFIC_PID"
ok 'optional: three calls' traffic_go
bombus_stop INT
jq_is 'optional: three calls are counted' optional.out 'map(select(.map == "by_pid") | .value) | last' 3
run_bombus run "$OBJECTS/load_optional.bpf.o" --dry-run
like 'optional: why one is left out' "$OUT" "^no_library .* refused +this machine has no library 'libnot_there'"
like 'optional: why another one is' "$OUT" '^no_function .* refused .*no_such_function'
like 'optional: a tracepoint' "$OUT" '^no_tracepoint .* refused +this kernel has no tracepoint'
run_bombus run "$OBJECTS/load_optional.bpf.o" --dry-run --only no_library
is 'optional: nothing is left' "$RC" 3
like 'optional: it says so' "$ERR" "none of its programs has its hook here; 'no_library'"
run_bombus run "$OBJECTS/load_optional.bpf.o" --dry-run --attach no_function=/bin/nothing:f
is 'optional: a file that was named has to be there' "$RC" 2
like 'optional: and is named' "$ERR" 'there is no file /bin/nothing'

done_testing
