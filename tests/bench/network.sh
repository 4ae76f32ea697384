# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# shellcheck disable=SC2154 # set by run.sh
#
# What the network sidecar and an agent cost, for tests/bench/run.sh, which sources it.

bench_net=$objects/bench_net
for name in connections tcpconnect; do
	BOMBUS_INCLUDE=include "$bombus" -q build bpf-examples/$name.bpf.c --binary-only \
		-o "$work/$name.o" || exit 1
done

heading "A TCP request and its answer over the loopback interface, beside connections"
# Where the kernel allows no fexit, UDP is counted at tracepoints that TCP passes as well.
"$bombus" check "$work/connections.o" 2>/dev/null | grep -q 'on_udp_sent___fexit .* no ' &&
	echo "  (which is so here)"
read -r without_ns with_ns ratio < <(python3 tests/bench/latency.py "$bench_net" 20 \
	"$bombus" run "$work/connections.o" -o none --dogstatsd=127.0.0.1:9)
echo "  median $without_ns ns without, $with_ns ns with it"
holds "times the median latency" "$ratio" '<=' 1.03

heading "An agent with twenty programs, 10,000 connections a second"
{
	echo "programs:"
	echo "  - {image: $work/connections.o}"
	for i in {1..19}; do
		echo "  - {image: $work/tcpconnect.o, name: quiet-$i, set: {target_pid: 1}}"
	done
	echo "exporters:"
	echo "  - {type: prometheus, listen: '127.0.0.1:9797'}"
} >"$work/agent.yaml"
"$bombus" agent -c "$work/agent.yaml" 2>"$work/agent.err" &
agent=$!
for _ in $(seq 200); do
	curl -sf http://127.0.0.1:9797/-/ready >/dev/null && break
	sleep 0.1
done
before_ns=$(cpu_ns $agent)
made=$("$bench_net" connect 10000 10) || exit 1
took_ns=$(($(cpu_ns $agent) - before_ns))
curl -s http://127.0.0.1:9797/metrics >"$work/agent.metrics"
# Two sockets a connection: both ends are here.
counted=$(sed -n 's/^ebpf_tcp_connections_total{.*} //p' "$work/agent.metrics")
echo "  $made connections in 10 s, $counted of their ends counted"
holds "percent of a core, at 10,000 a second" \
	"$(jq -n "$took_ns / 1e8 * ([100000 / $made, 1] | max) | . * 100 | round / 100")" '<' 1
holds "of the ends of connections, counted" "$(jq -n "[$counted / $made / 2, 1] | min")" '>=' 1
# Without the pages of ring buffers, which are the kernel's and as large as the programs ask for.
resident_mb=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { ring = /bpf-map/ } /^Rss:/ && !ring { sum += $2 }
	END { print int(sum / 102.4 + 0.5) / 10 }' "/proc/$agent/smaps")
holds "MB resident, without the pages of ring buffers" "$resident_mb" '<' 24
kill $agent
wait $agent
