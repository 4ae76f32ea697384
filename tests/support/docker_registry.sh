# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A real registry, docker-registry, without TLS and passwords.

# docker_registry_start: on a free port; $R is its address. Skips all where it is missing.
docker_registry_start() {
	local port

	command -v docker-registry >/dev/null || unpacked docker-registry ||
		skip_all "docker-registry is missing (make deps)"
	port=$(free_port)
	printf '%s\n' 'version: 0.1' 'log: {level: error}' \
		"storage: {filesystem: {rootdirectory: $T/data}, delete: {enabled: true}}" \
		"http: {addr: 127.0.0.1:$port}" >registry.yml
	docker-registry serve registry.yml >registry.log 2>&1 &
	started+=($!)
	# shellcheck disable=SC2034 # read by the tests
	R=127.0.0.1:$port
	wait_for 20 curl -so /dev/null "http://$R/v2/" || skip_all 'docker-registry does not start'
}

# tool_build: tool.bpf.c, a program that counts nothing, as the image `tool`.
tool_build() {
	printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' \
		'SEC("tracepoint/syscalls/sys_enter_getppid") int on_hit(void *ctx) { return 0; }' \
		'char LICENSE[] SEC("license") = "GPL";' >tool.bpf.c
	run_bombus build tool.bpf.c
	is 'there is an image' "$RC" 0
}
