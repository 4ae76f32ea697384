// SPDX-License-Identifier: Apache-2.0
/*
 * --pprof: a profile as pprof reads it, profile.proto of github.com/google/pprof, in gzip. A
 * function, and a location with its number, for each name; a sample for each stack. Programs and
 * processes are labels of a sample, not frames.
 */
#include <errno.h>
#include <math.h>
#include <zlib.h>

#include "base/proto.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/sink/flame/flame_file.h"

#define PROFILE_MAX (512u << 20)
#define PACK_BYTES 65536
#define GZIP_WINDOW (15 + 16)

/* Fields of Profile, and of the messages in it. */
enum { SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, TIME = 9, DURATION };
enum { TYPE_NAME = 1, TYPE_UNIT };
enum { SAMPLE_LOCATIONS = 1, SAMPLE_VALUES, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_TEXT };
enum { MAPPING_ID = 1, MAPPING_FILE = 5, MAPPING_FUNCTIONS = 7, MAPPING_INLINES = 10 };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_LINE = 4 };
enum { LINE_FUNCTION = 1 };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME };

/* Numbers of the strings that come first: the rest are names of the tree. */
enum {
	STRING_NONE,
	STRING_WHAT,
	STRING_UNIT,
	STRING_PROGRAM,
	STRING_PROCESS,
	STRING_TITLE,
	STRINGS
};

/* A name's number in the table of strings. */
static uint64_t string_of(const struct flame_tree *tree, uint32_t node)
{
	return STRINGS + tree->nodes[node].name;
}

static void add_string(struct strbuf *sb, const char *text)
{
	proto_bytes(sb, STRING, text, strlen(text));
}

static void add_sample(struct strbuf *sb, const struct flame_tree *tree, uint32_t node)
{
	size_t sample = proto_open(sb, SAMPLE), at = proto_open(sb, SAMPLE_LOCATIONS);
	uint32_t n = node;

	for (; n && tree->nodes[n].kind > FLAME_PROCESS; n = tree->nodes[n].parent)
		proto_varint(sb, tree->nodes[n].name);
	proto_close(sb, at);
	at = proto_open(sb, SAMPLE_VALUES);
	proto_varint(sb, (uint64_t)(int64_t)round(tree->nodes[node].self));
	proto_close(sb, at);
	for (; n; n = tree->nodes[n].parent) {
		at = proto_open(sb, SAMPLE_LABEL);
		proto_u64(sb, LABEL_KEY,
			  tree->nodes[n].kind == FLAME_PROCESS ? STRING_PROCESS : STRING_PROGRAM);
		proto_u64(sb, LABEL_TEXT, string_of(tree, n));
		proto_close(sb, at);
	}
	proto_close(sb, sample);
}

/* Names begin with 1, as ids of locations and functions do. */
static void add_function(struct strbuf *sb, uint32_t name)
{
	size_t location = proto_open(sb, LOCATION), at;

	proto_u64(sb, LOCATION_ID, name);
	proto_u64(sb, LOCATION_MAPPING, 1);
	at = proto_open(sb, LOCATION_LINE);
	proto_u64(sb, LINE_FUNCTION, name);
	proto_close(sb, at);
	proto_close(sb, location);
	at = proto_open(sb, FUNCTION);
	proto_u64(sb, FUNCTION_ID, name);
	proto_u64(sb, FUNCTION_NAME, STRINGS + name);
	proto_u64(sb, FUNCTION_SYSTEM_NAME, STRINGS + name);
	proto_close(sb, at);
}

static void add_profile(struct strbuf *sb, const struct flame_report *report)
{
	const struct flame_tree *tree = report->tree;
	size_t at = proto_open(sb, SAMPLE_TYPE);

	proto_u64(sb, TYPE_NAME, STRING_WHAT);
	proto_u64(sb, TYPE_UNIT, STRING_UNIT);
	proto_close(sb, at);
	for (uint32_t i = 1; i < tree->count; i++)
		if (tree->nodes[i].self >= 0.5)
			add_sample(sb, tree, i);
	at = proto_open(sb, MAPPING);
	proto_u64(sb, MAPPING_ID, 1);
	proto_u64(sb, MAPPING_FILE, STRING_TITLE);
	proto_u64(sb, MAPPING_FUNCTIONS, 1);
	proto_u64(sb, MAPPING_INLINES, 1);
	proto_close(sb, at);
	for (uint32_t name = 1; name < tree->nnames; name++)
		add_function(sb, name);
	add_string(sb, "");
	add_string(sb, report->unit.what);
	add_string(sb, report->unit.unit);
	add_string(sb, "program");
	add_string(sb, "process");
	add_string(sb, report->title);
	for (uint32_t name = 0; name < tree->nnames; name++)
		add_string(sb, tree->bytes + tree->names[name]);
	proto_u64(sb, TIME, report->time_ns);
	proto_u64(sb, DURATION, report->duration_ns);
}

static int write_packed(int fd, struct strbuf *bytes)
{
	_cleanup_free_ unsigned char *room = xmalloc(PACK_BYTES);
	z_stream z = { .next_in = (unsigned char *)bytes->buf, .avail_in = (uInt)bytes->len };
	int code = deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
				Z_DEFAULT_STRATEGY);

	if (code != Z_OK)
		return -ENOMEM;
	code = 0;
	for (int end = Z_OK; end == Z_OK && code == 0;) {
		z.next_out = room;
		z.avail_out = PACK_BYTES;
		end = deflate(&z, Z_FINISH);
		if (end != Z_OK && end != Z_STREAM_END)
			code = -EIO;
		else
			code = write_all(fd, room, PACK_BYTES - z.avail_out);
	}
	deflateEnd(&z);
	return code;
}

static int write_pprof(const struct flame_report *report, int fd)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(PROFILE_MAX);

	add_profile(&sb, report);
	return sb.full ? -EFBIG : write_packed(fd, &sb);
}

static const struct flame_form pprof_form = {
	.ops = flame_file_ops("pprof"),
	.write = write_pprof,
};

static int pprof_new(struct sink **ret, const void *args, const struct export_env *env,
		     struct err *err)
{
	const struct flame_args *a = args;

	if (a->path)
		*ret = flame_file_new(&pprof_form, a->path, env);
	return 0;
}

static const struct opt pprof_opts[] = {
	{ .name = "pprof",
	  .arg = "FILE",
	  .kind = OPT_TEXT,
	  .offset = offsetof(struct flame_args, path),
	  .help = "at the end, write stacks with their values as a profile for pprof",
	  .complete = "file" },
	{ 0 },
};

const struct exporter exporter_pprof = {
	.name = "pprof",
	.group = "Stacks",
	.opts = pprof_opts,
	.args_bytes = sizeof(struct flame_args),
	.writes_file = true,
	.wanted = flame_wanted,
	.new = pprof_new,
};
