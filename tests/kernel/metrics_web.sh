#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# How metrics are guarded, with --web-config: TLS and its versions, certificates of clients, passwords,
# and all of them exchanged while they are served.
. "$(dirname "$0")/../support/lib.sh"
. "$TESTS/support/prometheus.sh"
need_root
need curl jq openssl python3

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ca \
	-keyout ca.key -out ca.pem 2>/dev/null
issue() { # NAME USAGE
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
		-keyout "$1.key" -out "$1.csr" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$1.pem" \
		-extfile <(printf 'extendedKeyUsage=%s\nsubjectAltName=IP:127.0.0.1\n' "$2") 2>/dev/null
}
issue server serverAuth
issue client clientAuth
issue other serverAuth
cat >web.yml <<'END'
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  min_version: TLS12
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_AES_256_GCM_SHA384]
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
basic_auth_users:
  alice: $2b$04$PXDdMyrBBx16KtKwtOZIJelcDzT76MViEeelBdUczD7.Xe8DkgC02
END
PORT=$(free_port)
ok 'it starts with TLS' bombus_start tls run "$OBJECTS/metrics_hist.bpf.o" -o none \
	--metrics="127.0.0.1:$PORT" --web-config web.yml
web() { # ARGUMENTS...: the status, 000 where there is none
	curl -sS --max-time 10 -o web.out -D web.head -w '%{http_code}' "$@" \
		"https://127.0.0.1:$PORT/metrics" 2>web.err
}
GOOD=(--cacert ca.pem --cert client.pem --key client.key)
is 'with certificate and password' "$(web "${GOOD[@]}" -u alice:secret)" 200
like 'metrics come' "$(cat web.out)" '^bombus_build_info'
like 'so do the headers' "$(cat web.head)" '^X-Frame-Options: deny'
is 'and once more' "$(web "${GOOD[@]}" -u alice:secret)" 200
is 'a wrong password' "$(web "${GOOD[@]}" -u alice:Secret)" 401
unlike 'prints nothing' "$(cat web.out)" bombus_build_info
like 'but how' "$(cat web.head)" '^WWW-Authenticate: Basic realm="bombus"'
is 'another user' "$(web "${GOOD[@]}" -u mallory:secret)" 401
is 'no password' "$(web "${GOOD[@]}")" 401
is 'no certificate: no handshake' "$(web --cacert ca.pem -u alice:secret)" 000
is 'a certificate for something else' \
	"$(web --cacert ca.pem --cert other.pem --key other.key -u alice:secret)" 000
is 'old TLS' "$(web "${GOOD[@]}" -u alice:secret --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0)" 000
is 'no TLS' "$(curl -sS -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/metrics" 2>&1 |
	tail -c 3)" 000
cat >secure.yml <<END
global: { scrape_interval: 1s, scrape_timeout: 900ms }
scrape_configs:
- job_name: bombus
  scheme: https
  basic_auth: { username: alice, password: secret }
  tls_config: { ca_file: $T/ca.pem, cert_file: $T/client.pem, key_file: $T/client.key }
  static_configs: [ { targets: [ '127.0.0.1:$PORT' ] } ]
END
if prometheus_there; then
	ok 'Prometheus starts with the same' prometheus_start "$T/secure.yml"
	ok 'and may scrape' wait_for 15 query_is 'up{job="bombus"}' 1
else
	skip 'Prometheus scrapes with the same' 'it is not to be had'
fi

# --- exchanged while it is served, listener and connections staying ---
serial() { # of the certificate that it shows
	openssl s_client -connect "127.0.0.1:$PORT" -cert client.pem -key client.key </dev/null \
		2>/dev/null | openssl x509 -noout -serial
}
serial_is() { [ "$(serial)" = "$1" ]; }
before=$(serial)
like 'it shows its certificate' "$before" '^serial='
is 'which is the file'"'"'s' "$before" "$(openssl x509 -noout -serial -in server.pem)"
cp server.pem old.pem
# One connection that stays: two requests, and a new certificate between them.
mkfifo keep
(exec 4>keep; cat >&4 <<<$'GET /-/healthy HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWxpY2U6c2VjcmV0\r\n\r'
	wait_for 10 test -e renewed
	cat >&4 <<<$'GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic YWxpY2U6c2VjcmV0\r\n\r'
	sleep 1) &
started+=("$!")
openssl s_client -quiet -connect "127.0.0.1:$PORT" -cert client.pem -key client.key <keep \
	>kept 2>/dev/null &
started+=("$!")
ok 'a connection is open' wait_for 10 grep -q healthy kept
issue server serverAuth
ok 'the next client sees the new certificate' wait_for 10 serial_is \
	"$(openssl x509 -noout -serial -in server.pem)"
unlike 'another one' "$(serial)" "$before"
is 'and good' "$(web "${GOOD[@]}" -u alice:secret)" 200
touch renewed
two_answers() { [ "$(grep -c '^bombus is healthy' kept)" = 2 ]; }
ok 'the open connection continues' wait_for 10 two_answers
good=$(serial)
echo broken >server.pem
is 'one that is no good is not taken' "$(serial)" "$good"
is 'and all goes on' "$(web "${GOOD[@]}" -u alice:secret)" 200
like 'with a message' "$(cat tls.err)" 'warning: .*web.yml: the certificate and its key.*stays'
cp old.pem server.pem
is 'a certificate of another key is not taken either' "$(serial)" "$good"
issue server serverAuth
ok 'but the next good one is' wait_for 10 serial_is "$(openssl x509 -noout -serial -in server.pem)"
sed -i 's/alice/bob/' web.yml
is 'users change too' "$(web "${GOOD[@]}" -u bob:secret)" 200
is 'a removed user is refused' "$(web "${GOOD[@]}" -u alice:secret)" 401
sed -i 's/min_version: TLS12/min_version: TLS13/; s/RequireAndVerify/RequireAny/; /cipher_suites/d' web.yml
is 'as do versions' "$(web "${GOOD[@]}" -u bob:secret --tls-max 1.2)" 000
is 'and the requirements for clients' \
	"$(web --cacert ca.pem --cert other.pem --key other.key -u bob:secret)" 200
is 'which is a certificate, still' "$(web --cacert ca.pem -u bob:secret)" 000
ok 'it ends' bombus_stop INT

# --- what may be asked of clients ---
asked() { # TYPE CA WITHOUT GOOD OTHER: the statuses without a certificate, with one, with another
	local ca=
	[ "$2" = no ] || ca='client_ca_file: ca.pem'
	printf '%s\n' 'tls_server_config:' '  cert_file: server.pem' '  key_file: server.key' \
		"  client_auth_type: $1" "  $ca" >asked.yml
	PORT=$(free_port)
	bombus_start "asked-$1" run "$OBJECTS/metrics_hist.bpf.o" -o none \
		--metrics="127.0.0.1:$PORT" --web-config asked.yml || fail "$1: it starts"
	is "$1: without, with a good, with another one" "$(web --cacert ca.pem) $(
		web "${GOOD[@]}") $(web --cacert ca.pem --cert other.pem --key other.key)" "$3 $4 $5"
	bombus_stop INT
}
asked NoClientCert no 200 200 200
asked RequestClientCert no 200 200 200
asked RequireAnyClientCert no 000 200 200
asked VerifyClientCertIfGiven ca 200 200 000
asked RequireAndVerifyClientCert ca 000 200 000

# --- versions and suites: what is named and nothing else ---
printf '%s\n' 'tls_server_config:' '  cert_file: server.pem' '  key_file: server.key' \
	'  min_version: TLS12' '  max_version: TLS12' '  prefer_server_cipher_suites: true' \
	'  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]' '  curve_preferences: [CurveP384]' \
	>suites.yml
PORT=$(free_port)
ok 'it starts' bombus_start suites run "$OBJECTS/metrics_hist.bpf.o" -o none \
	--metrics="127.0.0.1:$PORT" --web-config suites.yml
is 'the named map' "$(web --cacert ca.pem --ciphers ECDHE-ECDSA-AES128-SHA --curves P-384:P-256)" 200
is 'not another cipher' "$(web --cacert ca.pem --ciphers ECDHE-ECDSA-AES128-GCM-SHA256)" 000
is 'nor another curve' "$(web --cacert ca.pem --curves P-256)" 000
is 'nor another version' "$(web --cacert ca.pem --tlsv1.3)" 000
ok 'it ends' bombus_stop INT

refused() { # NAME YAML REGEX
	printf '%b' "$2" >bad.yml
	run_bombus run "$OBJECTS/metrics_hist.bpf.o" --metrics=127.0.0.1:0 --web-config bad.yml
	is "$1: status" "$RC" 2
	like "$1: why" "$ERR" "$3"
}
refused 'no YAML' 'tls_server_config: [' '^bombus: bad.yml:[12]:[0-9]+: this is not YAML'
refused 'an unknown word' 'tls_server_config:\n  cert: x\n' "bad.yml:2:3: 'cert' is not known"
refused 'a plain password' 'basic_auth_users:\n  bob: secret\n' 'bad.yml:2:8: .*hashed with bcrypt'
refused 'no key' 'tls_server_config:\n  cert_file: server.pem\n' 'needs cert_file and key_file'
mkfifo pipe
refused 'a pipe, which nobody writes' 'tls_server_config:\n  cert_file: pipe\n  key_file: server.key\n' \
	'pipe is not a file'
refused 'no CA' 'tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_auth_type: RequireAndVerifyClientCert\n' 'needs client_ca_file'
TLS='tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n'
refused 'a suite that is none' "$TLS  cipher_suites: [TLS_NULL]\n" "bad.yml:4:19: 'TLS_NULL' is no cipher"
refused 'one that Go calls insecure' "$TLS  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n" \
	"'TLS_RSA_WITH_RC4_128_SHA' is no cipher suite"
refused 'suites that would let in another' "$TLS  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,$(
	) TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n" 'name it, too.*TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'
refused 'none for TLS 1.3' "$TLS  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n" 'max_version: TLS12'
refused 'a curve' "$TLS  curve_preferences: [P256]\n" "'P256' is no curve"
refused 'a version' "$TLS  min_version: TLS14\n" "'TLS14' is no version"
refused 'versions' "$TLS  min_version: TLS13\n  max_version: TLS12\n" 'min_version is above max_version'
refused 'no truth' "$TLS  prefer_server_cipher_suites: perhaps\n" "takes true or false, not 'perhaps'"
refused 'http2' 'http_server_config:\n  http2: 2\n' "takes true or false, not '2'"
# shellcheck disable=SC2016 # a hash
HASH='$2b$04$PXDdMyrBBx16KtKwtOZIJelcDzT76MViEeelBdUczD7.Xe8DkgC02'
refused 'a user twice' "basic_auth_users:\n  bob: $HASH\n  eve: $HASH\n  bob: $HASH\n" \
	"bad.yml:4:3: 'bob' stands on line 2 already"
refused 'a user whom nobody can be' "basic_auth_users:\n  a:b: $HASH\n" "'a:b' cannot be a user"
refused 'a header that would break answers' 'http_server_config:\n  headers:\n    Content-Length: 5\n' \
	"bad.yml:3:5: 'Content-Length' is no header that can be set"
run_bombus run "$OBJECTS/metrics_hist.bpf.o" --web-config web.yml --duration 1s
is 'nothing to guard: status' "$RC" 2
like 'nothing to guard: why' "$ERR" '--metrics or --web is missing'
bombus_start free run "$OBJECTS/metrics_hist.bpf.o" -o none --metrics=127.0.0.1:0
PORT=$(sed -n 's/^bombus: metrics are on port //p' free.err)
cat >slow.py <<'END'
import socket, sys, time
held = []
for i in range(100):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", int(sys.argv[1])))
    held.append(s)
print("begun", flush=True)
for i in range(20):
    time.sleep(1)
    for s in held:
        try:
            s.send(b"GET /metrics HTTP/1.1\r\nX: " if i == 0 else b"x")
        except OSError:
            pass
END
python3 slow.py "$PORT" >slow.out &
started+=("$!")
wait_for 10 grep -q begun slow.out
sleep 2
is 'a hundred slow clients do not block others' "$(curl -s --max-time 10 "127.0.0.1:$PORT/-/ready")" \
	'bombus is ready.'
is 'the chosen port is printed' "$(curl -s "127.0.0.1:$PORT/-/ready")" 'bombus is ready.'
ok 'it ends' bombus_stop INT
refused 'a client type' "$TLS  client_auth_type: Always\n" "'Always' is not known"
done_testing
