// SPDX-License-Identifier: Apache-2.0
/* Stacks in files: folded, for pprof, drawn. */
#include "tests/support/stacks_fixture.h"

#include <zlib.h>

#include "base/proto_read.h"
#include "runner/sink/exporter.h"
#include "runner/sink/flame/flame_tree.h"

extern const struct exporter exporter_folded, exporter_pprof, exporter_flamegraph;

struct written {
	struct stacks_fixture f;
	struct sink *sink;
	char path[64];
};

static void begin(struct written *w, const struct exporter *exporter, bool events)
{
	struct export_env env = { 0 };
	const char *path = w->path;
	struct err err = { 0 };

	stacks_init(&w->f, events);
	snprintf(w->path, sizeof(w->path), "/tmp/bombus-test-flame-%d", getpid());
	assert_int_equal(exporter->new (&w->sink, &path, &env, &err), 0);
	assert_int_equal(w->sink->ops->open(w->sink, &err), 0);
	assert_int_equal(w->sink->ops->add(w->sink, &w->f.fake.source, &err), 0);
	assert_int_equal(w->sink->ops->start(w->sink, &err), 0);
	assert_int_equal(access(w->path, F_OK), -1);
}

static void give(struct written *w, int32_t user, int32_t kernel, const char *comm)
{
	struct stacked e = { 7, user, kernel, "" };
	struct record record = { .map = &w->f.maps[STACK_EVENTS],
				 .part = { NULL, &e },
				 .value_bytes = sizeof(e) };

	memcpy(e.comm, comm, strlen(comm));
	assert_int_equal(w->sink->ops->event(w->sink, &w->f.fake.source, &record), 0);
}

static void give_row(struct written *w, uint64_t id, struct stacked key, uint64_t value,
		     uint8_t flags)
{
	struct stacks_row row = { .key = key, .cell = { .u = value }, .id = id, .flags = flags };
	struct series_rows rows = stacks_rows(&w->f, &row);

	assert_int_equal(w->sink->ops->rows(w->sink, &w->f.fake.source, &rows, 0), 0);
}

/* Ends it: the file, malloc'ed. */
static char *end(struct written *w, size_t *ret_len)
{
	void *bytes = NULL;
	struct stat st;

	w->sink->ops->remove(w->sink, &w->f.fake.source);
	w->sink->ops->close(w->sink);
	w->sink->ops->free(w->sink);
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(read_file(w->path, 1 << 20, &bytes, ret_len, NULL), 0);
	unlink(w->path);
	stacks_release(&w->f);
	return bytes;
}

static void test_folded_events(void **state)
{
	struct written w;
	_cleanup_free_ char *text = NULL;

	begin(&w, &exporter_folded, true);
	give(&w, 1, 1, "nginx");
	give(&w, 1, 1, "nginx");
	give(&w, 2, -14, "nginx"); /* not in the kernel: says nothing beside a user stack */
	give(&w, -14, 1, "kworker");
	give(&w, -17, 1, "lost");
	give(&w, -14, -14, "none");
	give(&w, 3, -14, "a;b");
	text = end(&w, NULL);
	assert_string_equal(text, "nginx;main;work 1\n"
				  "nginx;main;work;leaf;do_syscall_64;vfs_read [vfs] 2\n"
				  "kworker;do_syscall_64;vfs_read [vfs] 1\n"
				  "lost;[lost: another stack has its place in the map];"
				  "do_syscall_64;vfs_read [vfs] 1\n"
				  "none;[not in the kernel] 1\n"
				  "a:b;main;<T>&\"x\"\\xff;[libx.so];[process ended] 1\n");
}

static void test_folded_counters(void **state)
{
	struct stacked a = { 7, 1, -14, "sh" }, b = { 8, 2, -14, "sh" };
	struct written w;
	_cleanup_free_ char *text = NULL;

	begin(&w, &exporter_folded, false);
	give_row(&w, 1, a, 10, 0);
	give_row(&w, 2, b, 5, 0);
	give_row(&w, 1, a, 30, 0); /* in place of 10 */
	give_row(&w, 2, b, 5, SERIES_GONE);
	give_row(&w, 3, b, 1, 0); /* the same again, from the beginning */
	give_row(&w, 4, a, 9, SERIES_OVERFLOW);
	text = end(&w, NULL);
	assert_string_equal(text, "sh;main;work 6\n"
				  "sh;main;work;leaf 30\n"
				  "[other stacks: more than --max-series] 9\n");
}

/* What does not count any more is no part of a gauge. */
static void test_folded_gauges(void **state)
{
	struct stacked a = { 7, 1, -14, "sh" };
	struct written w;
	_cleanup_free_ char *text = NULL;

	begin(&w, &exporter_folded, false);
	w.f.metric.families[0].type = METRIC_GAUGE;
	give_row(&w, 1, a, 30, 0);
	give_row(&w, 1, a, 0, SERIES_GONE);
	give_row(&w, 2, a, 4, 0);
	text = end(&w, NULL);
	assert_string_equal(text, "sh;main;work;leaf 4\n");
}

static char *unpacked(const char *bytes, size_t len, size_t *ret_len)
{
	z_stream z = { .next_in = (unsigned char *)bytes, .avail_in = (uInt)len };
	char *text = xcalloc(1, 1 << 16);

	z.next_out = (unsigned char *)text;
	z.avail_out = 1 << 16;
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	*ret_len = z.total_out;
	return text;
}

/* `go tool pprof -raw` reads it in tests/interop; here its strings and samples are counted. */
static void test_pprof(void **state)
{
	struct written w;
	_cleanup_free_ char *packed = NULL, *bytes = NULL;
	unsigned fields[16] = { 0 };
	struct proto_field field;
	struct bytes rest;
	size_t len;

	begin(&w, &exporter_pprof, true);
	give(&w, 1, 1, "nginx");
	give(&w, 1, 1, "nginx");
	give(&w, 2, -14, "nginx");
	packed = end(&w, &len);
	bytes = unpacked(packed, len, &len);
	rest = bytes_of(bytes, len);
	while (proto_take(&rest, &field)) {
		assert_true(field.number < ARRAY_LEN(fields));
		fields[field.number]++;
	}
	assert_int_equal(fields[1], 1); /* sample types */
	assert_int_equal(fields[2], 2); /* samples */
	assert_int_equal(fields[3], 1); /* mappings */
	/* nginx, main, work, leaf, do_syscall_64, vfs_read [vfs] */
	assert_int_equal(fields[4], 6);
	assert_int_equal(fields[5], 6);
	assert_int_equal(fields[6], 6 + 1 + 6);
	assert_int_equal(fields[9], 1);
	assert_int_equal(fields[10], 1);
}

static void assert_has(const char *text, const char *want)
{
	if (!strstr(text, want))
		fail_msg("%s is not in %s", want, text);
}

static void test_flamegraph(void **state)
{
	struct written w;
	_cleanup_free_ char *text = NULL;

	begin(&w, &exporter_flamegraph, true);
	for (int i = 0; i < 3; i++)
		give(&w, 1, 1, "nginx");
	give(&w, 3, -14, "nginx");
	text = end(&w, NULL);
	assert_has(text, "<title>leaf (3 samples, 75.00%)</title>");
	assert_has(text, "<title>&lt;T&gt;&amp;&quot;x&quot;\\xff (1 samples, 25.00%)</title>");
	assert_has(text, "<title>nginx (4 samples, 100.00%)</title>"
			 "<rect x=\"10.00\" y=\"");
	assert_has(text, " width=\"885.00\" height=\"16\"");
	assert_has(text, "text ? new RegExp(text)");
	assert_has(text, "]]></script>\n</svg>\n");
}

static void test_flamegraph_of_nothing(void **state)
{
	struct written w;
	_cleanup_free_ char *text = NULL;

	begin(&w, &exporter_flamegraph, true);
	text = end(&w, NULL);
	assert_has(text, "0 samples");
	assert_null(strstr(text, "data-l="));
	assert_has(text, "</svg>\n");
}

static void test_tree_is_bounded(void **state)
{
	struct flame_tree tree;
	char name[32];
	uint32_t node = 0;

	flame_init(&tree);
	for (uint32_t i = 0; i < FLAME_MAX_NODES + 10; i++) {
		snprintf(name, sizeof(name), "f%u", i % 1000);
		node = flame_child(&tree, i % 1000 ? node : 0, name, strlen(name), FLAME_USER);
		if (i % 1000 == 999)
			node = flame_child(&tree, node, "x", 1, FLAME_KERNEL);
		snprintf(name, sizeof(name), "g%u", i);
		node = flame_child(&tree, node, name, strlen(name), FLAME_USER);
	}
	assert_int_equal(tree.count, FLAME_MAX_NODES);
	assert_true(tree.cut > 0);
	flame_sum(&tree);
	flame_release(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folded_events),
		cmocka_unit_test(test_folded_counters),
		cmocka_unit_test(test_folded_gauges),
		cmocka_unit_test(test_pprof),
		cmocka_unit_test(test_flamegraph),
		cmocka_unit_test(test_flamegraph_of_nothing),
		cmocka_unit_test(test_tree_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
