# SPDX-License-Identifier: Apache-2.0
# Spans as `bombus run -o json` writes them, one shape for the tests: name, service, trace, id,
# parent (null: a root), begin and end (ns since the second in which the first one began), map, and
# the attributes. Every trace that is not whole or not nested is a mistake of its own.

def seconds: .[0:19] + "Z" | fromdateiso8601;

def spans:
	map(select(.kind == "span")) | (map(.time | seconds) | min) as $zero | map(
		.fields as $f | $f.span_base as $b |
		(((.time | seconds) - $zero) * 1000000000 + (.time[20:29] | tonumber)) as $begin |
		{ name: ($f.span_name // .map), service: $f.service, map, trace: $b.trace_id,
		  id: $b.span_id, begin: $begin, end: ($begin + $b.span_duration_ns),
		  parent: (if $b.parent_span_id | test("^0*$") then null else $b.parent_span_id end),
		  attributes: $f });

# The tree below a parent: ["name", [children]], in the order in which they began.
def tree($parent): . as $all | map(select(.parent == $parent)) | sort_by(.begin) |
	map(. as $s | [.name, ($all | tree($s.id))]);

# Those whose parent is missing, of another trace, or does not contain them.
def misplaced: (map({ key: .id, value: . }) | from_entries) as $by | map(select(.parent != null) |
	. as $s | $by[.parent] as $p | select($p == null or $p.trace != $s.trace or
		$p.begin > $s.begin or $p.end < $s.end) | [.name, $p.name]);
