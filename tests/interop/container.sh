#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Container images of `bombus package`, unpacked by umoci and started by runc.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_root
need jq umoci runc

"$BOMBUS" -q --store "$EXAMPLES" save opensnoop syscount -o "$BOMBUS_STORE/" || exit 1
port=$(free_port)
id=bombus-test-$$
at_exit+=("runc delete -f $id-run; runc delete -f $id-agent")

# bundle NAME IMAGE: with the capabilities that `bombus check` names, those of runc's own left out.
bundle() {
	ok "umoci unpacks $2" umoci unpack --image "$BOMBUS_STORE:$2" "$1"
	jq '.process.terminal = false | .root.readonly = true |
		.process.capabilities |= with_entries(.value = ["CAP_BPF", "CAP_PERFMON", "CAP_DAC_READ_SEARCH"]) |
		.linux.namespaces |= map(select(.type != "network")) |
		.mounts += [{destination: "/sys/kernel/tracing", type: "bind",
			source: "/sys/kernel/tracing", options: ["rbind", "ro"]}]' "$1/config.json" >config.new &&
		mv config.new "$1/config.json"
}

run_bombus package opensnoop --arg=-o --arg=json --arg=-n --arg=3 run:1
is 'an image that runs a program' "$RC" 0
bundle run run:1
timeout 60 runc run -b run "$id-run" >run.json 2>run.err
is "runc runs it to its end: $(tail -n 1 run.err)" $? 0
is 'it shows what happens' "$(jq -r .map run.json | xargs)" 'events events events'

printf '%s\n' 'programs: [{image: syscount}, {image: opensnoop}]' "exporters: [{type: prometheus, listen: '127.0.0.1:$port'}]" >agent.yaml
run_bombus package --entry agent --config agent.yaml opensnoop syscount agent:1
is 'an image with the agent' "$RC" 0
bundle agent agent:1
runc run -b agent "$id-agent" >agent.out 2>&1 &
started+=("$!")
ok 'the agent is ready' wait_for 30 fetch "http://127.0.0.1:$port/-/ready"
fetch "http://127.0.0.1:$port/metrics" >metrics
is 'with both programs' "$(grep -c '^bombus_program_up{.*} 1$' metrics)" 2
runc kill "$id-agent" TERM
ok 'it ends on a signal' wait_for 20 gone "${started[-1]}"
done_testing
