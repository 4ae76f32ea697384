# SPDX-License-Identifier: Apache-2.0
# Spans as `bombus run -o json` writes them, in the shape that the tests of traces ask for: begin and
# end are ns since the second in which the first span began (a number of jq's would not hold ns since
# 1970), parent is null for a root.

def seconds: .[0:19] + "Z" | fromdateiso8601;
def nanoseconds($zero): ((seconds - $zero) * 1000000000) + (.[20:29] | tonumber);

def spans:
	map(select(.kind == "span")) | (map(.start | seconds) | min) as $zero | map({
		name, service, status, kind: .span_kind, map, attributes: .fields, trace: .trace_id, id: .span_id,
		begin: (.start | nanoseconds($zero)), end: (.end | nanoseconds($zero)),
		parent: (.parent_span_id | if . == null or test("^0*$") then null else . end) });

# The tree below a parent: ["name", [children]], in the order in which they began.
def tree($parent): . as $all | map(select(.parent == $parent)) | sort_by(.begin) |
	map(. as $s | [.name, ($all | tree($s.id))]);

# Those whose parent is missing, of another trace, or does not contain them.
def misplaced: (map({ key: .id, value: . }) | from_entries) as $by | map(select(.parent != null) |
	. as $s | $by[.parent] as $p | select($p == null or $p.trace != $s.trace or
		$p.begin > $s.begin or $p.end < $s.end) | [.name, $p.name]);
