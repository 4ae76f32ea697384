#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tests/bpf/metrics_hist.bpf.c observed, computed anew, against an exposition.

    metrics_edges.py text|openmetrics FILE ROUNDS

Reads the exposition with Prometheus' own parser (the strict one for OpenMetrics) and checks every
bucket, sum and count of every histogram."""
import sys
from fractions import Fraction

form, path, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
if form == "openmetrics":
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
else:
    from prometheus_client.parser import text_string_to_metric_families as parse

observed = {side: [] for side in range(3)}
for n in range(rounds):
    observed[n % 3].append((1 << (n // 3 & 63)) + n % 3 - 1)

families = {f.name: f for f in parse(open(path, encoding="utf-8").read())}
scales = {"ebpf_powers": 1, "ebpf_waits_seconds": Fraction(1, 10**6), "ebpf_fine": 1, "ebpf_fine1": 1,
          "ebpf_fine2": 1, "ebpf_fine4": 1, "ebpf_steps": 1, "ebpf_fixed": 1, "ebpf_part": 1, "ebpf_part_fine": 1}
checked = 0


def equal(got, want, what):
    if float(got) != float(want):
        sys.exit(f"{what}: got {got}, wanted {want}")


for name, scale in scales.items():
    for sample in families[name].samples:
        values = observed[int(sample.labels["side"])]
        what = f"{sample.name} {sample.labels}"
        if sample.name.endswith("_bucket"):
            le = sample.labels["le"]
            # The bound as it was before it was scaled and rounded: whole.
            bound = None if le == "+Inf" else round(Fraction(float(le)) / scale)
            under = [v for v in values if bound is None or v <= bound]
            # What a double cannot tell apart from the bound may be on either side.
            near = [v for v in values if bound is not None and v != bound
                    and float(v) == float(bound)]
            if near:
                continue
            equal(sample.value, len(under), what)
        elif sample.name.endswith("_sum"):
            equal(sample.value, float(Fraction(sum(values) % 2**64) * scale), what)
        elif sample.name.endswith("_count"):
            equal(sample.value, len(values), what)
        else:
            sys.exit(f"what is {sample.name}?")
        checked += 1
shown = {float(s.labels["le"]) for s in families["ebpf_part"].samples if "le" in s.labels}
if shown != {2.0**k for k in range(4, 28)} | {float("inf")}:
    sys.exit(f"of a part is shown {sorted(shown)}")
if not {"0", "0.0"} & {s.labels.get("le") for s in families["ebpf_steps"].samples}:
    sys.exit("linear bounds begin with 0")
print(checked)
sys.exit(checked < 1000)
