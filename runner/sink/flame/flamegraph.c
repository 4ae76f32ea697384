// SPDX-License-Identifier: Apache-2.0
/*
 * --flamegraph: a picture of the stacks, an SVG file that needs nothing else. The root is at the
 * bottom; a frame is as wide as its part of all values. Without scripts the picture stands as it
 * is; flamegraph.js adds zoom and search.
 */
#include <inttypes.h>
#include <math.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/flame/flame_file.h"

#define WIDTH 1200.0
#define MARGIN 10.0
#define ROW 17
#define TOP 58
#define BOTTOM 30
#define LETTER 7.1	/* the width of one in the picture's font */
#define LEAST_WIDTH 0.2 /* of a frame that is drawn */
#define WRITE_BYTES (1u << 20)
#define NODE_BYTES (64u << 10)

static const char script[] =
#include "flamegraph.js.inc"
	;

struct picture {
	const struct flame_report *report;
	struct strbuf out;
	double *left; /* of each node, in values */
	uint32_t depth;
	int fd, code;
};

static const char *unit_of(const struct picture *p)
{
	const struct flame_unit *unit = &p->report->unit;

	return streq(unit->unit, "count") ? unit->what : unit->unit;
}

static const struct flame_node *node_of(const struct picture *p, uint32_t node)
{
	return &p->report->tree->nodes[node];
}

static double scale(const struct picture *p)
{
	double all = node_of(p, 0)->total;

	return all > 0 ? (WIDTH - 2 * MARGIN) / all : 0;
}

static bool is_drawn(const struct picture *p, uint32_t node)
{
	return node_of(p, node)->total * scale(p) >= LEAST_WIDTH;
}

/* Children stand side by side, in the order of their names. */
static void lay_out(struct picture *p)
{
	const struct flame_tree *tree = p->report->tree;

	for (uint32_t i = 0; i < tree->count; i++) {
		double at = p->left[i];

		for (uint32_t c = tree->nodes[i].child; c; c = tree->nodes[c].next) {
			p->left[c] = at;
			at += tree->nodes[c].total;
		}
		if (is_drawn(p, i))
			p->depth = MAX(p->depth, tree->nodes[i].depth);
	}
}

/* The same name has the same colour in every picture. */
static void add_colour(struct picture *p, uint32_t node)
{
	static const struct {
		unsigned hue, range, saturation;
	} kinds[] = {
		[FLAME_GROUP] = { 140, 1, 8 }, [FLAME_PROCESS] = { 130, 20, 32 },
		[FLAME_USER] = { 8, 46, 86 },  [FLAME_KERNEL] = { 196, 34, 62 },
		[FLAME_NONE] = { 0, 1, 0 },
	};
	uint8_t kind = node ? node_of(p, node)->kind : FLAME_GROUP;
	unsigned sum = 2166136261u;

	for (const char *c = flame_name(p->report->tree, node); *c; c++)
		sum = (sum ^ (unsigned char)*c) * 16777619u;
	strbuf_addf(&p->out, "hsl(%u,%u%%,%u%%)", kinds[kind].hue + sum % kinds[kind].range,
		    kinds[kind].saturation, 66 + (sum >> 8) % 10);
}

static void add_cut_name(struct picture *p, const char *name, double width)
{
	size_t room = width > 2 * LETTER + 6 ? (size_t)((width - 6) / LETTER) : 0;
	size_t len = strlen(name);
	_cleanup_free_ char *part = NULL;

	if (len <= room) {
		strbuf_add_html(&p->out, name);
		return;
	}
	if (room < 3)
		return;
	/* Not in the middle of a character. */
	for (len = room - 2; len && ((unsigned char)name[len] & 0xc0) == 0x80;)
		len--;
	part = xasprintf("%.*s..", (int)len, name);
	strbuf_add_html(&p->out, part);
}

static void add_node(struct picture *p, uint32_t node)
{
	const struct flame_node *n = node_of(p, node);
	const char *name = node ? flame_name(p->report->tree, node) : "all";
	double x = MARGIN + p->left[node] * scale(p), width = n->total * scale(p);
	unsigned y = TOP + (p->depth - n->depth) * ROW;

	strbuf_addf(&p->out, "<g data-l=\"%.12g\" data-t=\"%.12g\" data-d=\"%u\"><title>",
		    p->left[node], n->total, n->depth);
	strbuf_add_html(&p->out, name);
	strbuf_addf(&p->out,
		    " (%.0f %s, %.2f%%)</title><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" "
		    "height=\"%d\" fill=\"",
		    round(n->total), unit_of(p), 100 * n->total / node_of(p, 0)->total, x, y, width,
		    ROW - 1);
	add_colour(p, node);
	strbuf_addf(&p->out, "\"/><text x=\"%.2f\" y=\"%u\">", x + 3, y + 12);
	add_cut_name(p, name, width);
	strbuf_adds(&p->out, "</text></g>\n");
}

static void write_out(struct picture *p, size_t above)
{
	if (p->code == 0 && p->out.len > above) {
		p->code = write_all(p->fd, p->out.buf, p->out.len);
		strbuf_reset(&p->out);
	}
}

static void add_head(struct picture *p)
{
	unsigned height = TOP + (p->depth + 1) * ROW + BOTTOM;

	strbuf_addf(&p->out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%.0f\" "
		    "height=\"%u\" viewBox=\"0 0 %.0f %u\">\n"
		    "<style>text{font:12px Menlo,Consolas,\"DejaVu Sans Mono\",monospace;fill:#111}"
		    "g{cursor:pointer}g:hover rect{stroke:#000}.far{opacity:.5}"
		    "#title{font-size:16px;text-anchor:middle}"
		    ".button{cursor:pointer;fill:#2a5db0}#hits{text-anchor:end}</style>\n"
		    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fafafa\"/>\n"
		    "<text id=\"title\" x=\"%.0f\" y=\"24\">",
		    WIDTH, height, WIDTH, height, WIDTH / 2);
	strbuf_add_html(&p->out, p->report->title);
	strbuf_addf(&p->out,
		    "</text>\n<text id=\"zoom\" class=\"button\" x=\"%.0f\" y=\"46\"></text>\n"
		    "<text id=\"search\" class=\"button\" x=\"%.0f\" y=\"46\"></text>\n"
		    "<text id=\"hits\" x=\"%.0f\" y=\"%u\"></text>\n"
		    "<text id=\"told\" x=\"%.0f\" y=\"%u\">",
		    MARGIN, WIDTH - MARGIN - 60, WIDTH - MARGIN, height - 10, MARGIN, height - 10);
	strbuf_addf(&p->out, "%.0f %s", round(node_of(p, 0)->total), unit_of(p));
	strbuf_adds(&p->out, "</text>\n<g id=\"frames\">\n");
}

static int write_picture(const struct flame_report *report, int fd)
{
	struct picture p = { .report = report, .fd = fd };

	strbuf_init(&p.out, WRITE_BYTES + NODE_BYTES);
	p.left = xcalloc(report->tree->count, sizeof(*p.left));
	if (report->tree->nodes[0].total > 0)
		lay_out(&p);
	add_head(&p);
	for (uint32_t i = 0; i < report->tree->count && p.code == 0; i++) {
		if (!is_drawn(&p, i))
			continue;
		add_node(&p, i);
		write_out(&p, WRITE_BYTES);
	}
	strbuf_addf(&p.out, "</g>\n<script><![CDATA[\n%s]]></script>\n</svg>\n", script);
	write_out(&p, 0);
	strbuf_release(&p.out);
	free(p.left);
	return p.code;
}

static const struct flame_form flamegraph_form = {
	.ops = flame_file_ops("flamegraph"),
	.write = write_picture,
};

static int flamegraph_new(struct sink **ret, const void *args, const struct export_env *env,
			  struct err *err)
{
	const struct flame_args *a = args;

	if (a->path)
		*ret = flame_file_new(&flamegraph_form, a->path, env);
	return 0;
}

static const struct opt flamegraph_opts[] = {
	{ .name = "flamegraph",
	  .arg = "FILE",
	  .kind = OPT_TEXT,
	  .offset = offsetof(struct flame_args, path),
	  .help = "at the end, draw stacks as a flame graph, an SVG for browsers",
	  .complete = "file" },
	{ 0 },
};

const struct exporter exporter_flamegraph = {
	.name = "flamegraph",
	.group = "Stacks",
	.opts = flamegraph_opts,
	.args_bytes = sizeof(struct flame_args),
	.writes_file = true,
	.wanted = flame_wanted,
	.new = flamegraph_new,
};
