// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/trace/waterfall.h"

#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/tui/model/blocks.h"

#define NO_ROW UINT32_MAX

void span_row_read(struct span_row *ret, const struct span_plan *plan, const struct record *record,
		   uint64_t number)
{
	const void *value = record->part[PART_VALUE];
	/* A negative duration counts as zero, as in every output. */
	int64_t given = plan->duration ? field_i64(plan->duration, value, 0) : 0;
	uint64_t took = (uint64_t)MAX(given, (int64_t)0);

	*ret = (struct span_row){ .number = number, .order = number };
	if (!span_id_read(&plan->trace_id, value, ret->trace, sizeof(ret->trace)))
		memcpy(ret->trace, &number, sizeof(number));
	span_id_read(&plan->span_id, value, (uint8_t *)&ret->id, sizeof(ret->id));
	span_id_read(&plan->parent_id, value, (uint8_t *)&ret->parent, sizeof(ret->parent));
	if (__builtin_mul_overflow(took, plan->duration_unit_ns, &ret->duration_ns))
		ret->duration_ns = UINT64_MAX;
	/* On the clock of the record, which is the same for all records of a map. */
	ret->start_ns = plan->start.field ? field_u64(plan->start.field, value, 0) : 0;
	if (!ret->start_ns)
		ret->start_ns = record->time_ns - MIN(ret->duration_ns, record->time_ns);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_trace(const void *a, const void *b)
{
	const struct span_row *x = a, *y = b;
	int ret = memcmp(x->trace, y->trace, sizeof(x->trace));

	if (!ret)
		ret = compare_u64(x->start_ns, y->start_ns);
	if (!ret)
		ret = compare_u64(y->duration_ns, x->duration_ns);
	return ret ? ret : compare_u64(x->number, y->number);
}

/* Orders traces, and the spans of each by the tree order in `id`. */
static int by_newest(const void *a, const void *b)
{
	const struct span_row *x = a, *y = b;
	int ret = compare_u64(x->trace_newest, y->trace_newest);

	if (!ret)
		ret = memcmp(x->trace, y->trace, sizeof(x->trace));
	return ret ? ret : compare_u64(x->id, y->id);
}

struct node {
	uint64_t id;
	uint32_t row, parent, child, next; /* rows of the trace */
	bool done;
};

static int by_id(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;
	int ret = compare_u64((*x)->id, (*y)->id);

	return ret ? ret : compare_u64((*x)->row, (*y)->row);
}

static uint32_t find_node(struct node *const *sorted, uint32_t count, uint64_t id)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (sorted[mid]->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return id && low < count && sorted[low]->id == id ? sorted[low]->row : NO_ROW;
}

static void link_nodes(struct node *nodes, struct node **sorted, const struct span_row *rows,
		       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		nodes[i] = (struct node){ .id = rows[i].id, .row = i };
		nodes[i].child = nodes[i].next = NO_ROW;
		sorted[i] = &nodes[i];
	}
	qsort(sorted, count, sizeof(struct node *), by_id);
	/* From the last on, so that the first child is the first in time. */
	for (uint32_t i = count; i-- > 0;) {
		uint32_t parent = find_node(sorted, count, rows[i].parent);

		nodes[i].parent = parent == i ? NO_ROW : parent;
		if (nodes[i].parent == NO_ROW)
			continue;
		nodes[i].next = nodes[parent].child;
		nodes[parent].child = i;
	}
}

/* Numbers a root and its descendants, from `place` on. Each has one parent, so none is met twice.
 */
static uint32_t walk(struct node *nodes, struct span_row *rows, uint32_t root, uint32_t place)
{
	uint32_t at = root, depth = 0;

	for (;;) {
		nodes[at].done = true;
		rows[at].depth = depth;
		rows[at].id = place++;
		if (nodes[at].child != NO_ROW) {
			at = nodes[at].child;
			depth++;
			continue;
		}
		while (at != root && nodes[at].next == NO_ROW) {
			rows[at].below = (uint32_t)(place - rows[at].id - 1);
			at = nodes[at].parent;
			depth--;
		}
		rows[at].below = (uint32_t)(place - rows[at].id - 1);
		if (at == root)
			return place;
		at = nodes[at].next;
	}
}

/* What its children, in the order of their starts, leave of a span. */
static uint64_t self_time(const struct node *nodes, const struct span_row *rows, uint32_t at)
{
	uint64_t self = rows[at].to_ns - rows[at].from_ns, done = rows[at].from_ns;

	for (uint32_t i = nodes[at].child; i != NO_ROW; i = nodes[i].next) {
		uint64_t from = MAX(rows[i].from_ns, done), to = MIN(rows[i].to_ns, rows[at].to_ns);

		if (to <= from)
			continue;
		self -= to - from;
		done = to;
	}
	return self;
}

static void lay_out_trace(struct span_row *rows, uint32_t count, struct node *nodes,
			  struct node **sorted)
{
	uint64_t start = rows[0].start_ns, length = 0, newest = 0;
	uint32_t place = 0;

	link_nodes(nodes, sorted, rows, count);
	for (uint32_t i = 0; i < count; i++) {
		struct span_row *row = &rows[i];

		row->from_ns = row->start_ns - start;
		if (__builtin_add_overflow(row->from_ns, row->duration_ns, &row->to_ns))
			row->to_ns = UINT64_MAX;
		length = MAX(length, row->to_ns);
		newest = MAX(newest, row->order);
		if (nodes[i].parent == NO_ROW)
			place = walk(nodes, rows, i, place);
	}
	for (uint32_t i = 0; i < count; i++) {
		rows[i].trace_ns = length;
		rows[i].trace_newest = newest;
		rows[i].self_ns = rows[i].missing ? 0 : self_time(nodes, rows, i);
		if (!nodes[i].done) /* in a ring of ancestors */
			rows[i].id = place++;
	}
}

void waterfall_layout(struct span_row *rows, uint32_t count)
{
	_cleanup_free_ struct node *nodes = xcalloc(count + 1, sizeof(*nodes));
	_cleanup_free_ struct node **sorted = xcalloc(count + 1, sizeof(*sorted));
	uint32_t end;

	qsort(rows, count, sizeof(*rows), by_trace);
	for (uint32_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && memcmp(rows[i].trace, rows[end].trace,
							sizeof(rows[i].trace)) == 0;)
			end++;
		lay_out_trace(rows + i, end - i, nodes, sorted);
	}
	qsort(rows, count, sizeof(*rows), by_newest);
}

static int by_span(const void *a, const void *b)
{
	const struct span_row *x = a, *y = b;
	int ret = memcmp(x->trace, y->trace, sizeof(x->trace));

	return ret ? ret : compare_u64(x->id, y->id);
}

static void take_child(struct span_row *parent, const struct span_row *child)
{
	uint64_t end = parent->start_ns + parent->duration_ns, other;

	if (__builtin_add_overflow(child->start_ns, child->duration_ns, &other))
		other = UINT64_MAX;
	end = MAX(end, other);
	parent->start_ns = MIN(parent->start_ns, child->start_ns);
	parent->duration_ns = end - parent->start_ns;
	parent->order = MAX(parent->order, child->order);
}

uint32_t waterfall_add_missing(struct span_row *rows, uint32_t count)
{
	struct span_row *added = rows + count;
	uint32_t n = 0, kept = 0;

	qsort(rows, count, sizeof(*rows), by_span);
	for (uint32_t i = 0; i < count; i++) {
		struct span_row parent = { .id = rows[i].parent, .missing = true };

		memcpy(parent.trace, rows[i].trace, sizeof(parent.trace));
		if (!parent.id || bsearch(&parent, rows, count, sizeof(*rows), by_span))
			continue;
		parent.start_ns = rows[i].start_ns;
		take_child(&parent, &rows[i]);
		added[n++] = parent;
	}
	qsort(added, n, sizeof(*added), by_span);
	for (uint32_t i = 0; i < n; i++) {
		if (kept && by_span(&added[kept - 1], &added[i]) == 0)
			take_child(&added[kept - 1], &added[i]);
		else
			added[kept++] = added[i];
	}
	return count + kept;
}

size_t waterfall_bar(char *dst, const struct span_row *row, uint32_t cells, bool utf8)
{
	double whole = row->trace_ns ? (double)row->trace_ns : 1;
	uint32_t lead = MIN((uint32_t)((double)row->from_ns / whole * cells), cells - 1), used;

	memset(dst, ' ', lead);
	/* A span without duration is visible too. */
	return lead + blocks_bar(dst + lead,
				 MAX((double)(row->to_ns - row->from_ns) / whole * cells, 0.125) /
					 (cells - lead),
				 cells - lead, utf8, &used);
}
