// SPDX-License-Identifier: Apache-2.0
/* --folded: "comm;outer;inner 42", one stack a line, as flame graph tools read it. */
#include <math.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/flame/flame_file.h"

#define WRITE_BYTES (1u << 20)
#define LINE_MAX_BYTES (4u << 20)

/* From the outermost frame on. The depth of a stack bounds it. */
static void add_frames(struct strbuf *out, const struct flame_tree *tree, uint32_t node)
{
	uint32_t depth = tree->nodes[node].depth, *path = xcalloc(depth + 1, sizeof(*path));

	for (uint32_t at = node, i = depth; at && i > 0; at = tree->nodes[at].parent)
		path[--i] = at;
	for (uint32_t i = 0; i < depth; i++)
		strbuf_addf(out, "%s%s", i ? ";" : "", flame_name(tree, path[i]));
	free(path);
}

static int write_folded(const struct flame_report *report, int fd)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT(WRITE_BYTES + LINE_MAX_BYTES);
	const struct flame_tree *tree = report->tree;
	int code = 0;

	for (uint32_t i = 1; i < tree->count && code == 0; i++) {
		if (tree->nodes[i].self < 0.5)
			continue;
		add_frames(&out, tree, i);
		strbuf_addf(&out, " %.0f\n", round(tree->nodes[i].self));
		if (out.len < WRITE_BYTES)
			continue;
		code = write_all(fd, out.buf, out.len);
		strbuf_reset(&out);
	}
	return code < 0 ? code : write_all(fd, out.buf, out.len);
}

static const struct flame_form folded_form = {
	.ops = flame_file_ops("folded"),
	.write = write_folded,
};

static int folded_new(struct sink **ret, const void *args, const struct export_env *env,
		      struct err *err)
{
	const struct flame_args *a = args;

	if (a->path)
		*ret = flame_file_new(&folded_form, a->path, env);
	return 0;
}

static const struct opt folded_opts[] = {
	{ .name = "folded",
	  .arg = "FILE",
	  .kind = OPT_TEXT,
	  .offset = offsetof(struct flame_args, path),
	  .help = "at the end, write stacks with their values, one a line",
	  .complete = "file" },
	{ 0 },
};

const struct exporter exporter_folded = {
	.name = "folded",
	.group = "Stacks",
	.opts = folded_opts,
	.args_bytes = sizeof(struct flame_args),
	.writes_file = true,
	.wanted = flame_wanted,
	.new = folded_new,
};
