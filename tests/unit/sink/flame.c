// SPDX-License-Identifier: Apache-2.0
/* Stacks in files: folded, for pprof, drawn. */
#include "tests/support/sink_fixture.h"

#include <zlib.h>

#include "base/proto_read.h"
#include "runner/sink/exporter.h"
#include "runner/sink/flame/flame_tree.h"

extern const struct exporter exporter_folded, exporter_pprof, exporter_flamegraph;

/* A record and a key: which stacks. */
struct stacked {
	uint32_t pid;
	int32_t user, kernel;
	char comm[8];
};

static struct field event_fields[] = {
	FIELD("pid", "pid", 0, 32, 1, KIND_UINT, MEAN_PID),
	FIELD("user", "user", 4, 32, 1, KIND_INT, MEAN_USTACK, .is_signed = true),
	FIELD("kernel", "kernel", 8, 32, 1, KIND_INT, MEAN_KSTACK, .is_signed = true),
	FIELD("comm", "comm", 12, 64, 1, KIND_TEXT, MEAN_NONE),
};
static struct field value_field[] = {
	FIELD("us", "us", 0, 64, 1, KIND_UINT, MEAN_DURATION_US, .unit = "us"),
};

enum { EVENTS, TIMES, MAPS };

struct stacks_fixture {
	struct fake_source fake;
	struct map_plan maps[MAPS];
	struct metric_plan metric;
	struct plan plan;
	struct wallclock *clock;
	struct name_source names;
	struct sink *sink;
	char path[64];
};

/* The names that a resolver would find. */
static bool find(void *ctx, enum meaning meaning, uint64_t id, char text[])
{
	static const char *const user[] = {
		"", "main+0x5;work+0x1;leaf+0x2", "main+0x9;work+0x1",
		"main;<T>&\"x\"\xff+0x1;[libx.so]+0x10;0x7f [process ended]"
	};
	static const char *const kernel[] = { "", "do_syscall_64+0x5;vfs_read+0x1 [vfs]" };

	if (meaning == MEAN_USTACK && id < ARRAY_LEN(user))
		snprintf(text, resolve_max(meaning), "%s", user[id]);
	else if (meaning == MEAN_KSTACK && id < ARRAY_LEN(kernel))
		snprintf(text, resolve_max(meaning), "%s", kernel[id]);
	else
		return false;
	return true;
}

static void fixture_make(struct stacks_fixture *f, const struct exporter *exporter, bool events)
{
	const struct map_plan maps[MAPS] = {
		[EVENTS] = { .name = "events",
			     .role = events ? ROLE_EVENTS : ROLE_INTERNAL,
			     .source = SOURCE_RING,
			     .has_value = true,
			     .value = LAYOUT(event_fields, "stacked", 20) },
		[TIMES] = { .name = "times",
			    .role = events ? ROLE_INTERNAL : ROLE_COUNTER,
			    .source = SOURCE_HASH,
			    .exported = true,
			    .has_key = true,
			    .has_value = true,
			    .type = BPF_MAP_TYPE_HASH,
			    .max_entries = 64,
			    .key_bytes = 20,
			    .value_bytes = 8,
			    .key = LAYOUT(event_fields, "stacked", 20),
			    .value = LAYOUT(value_field, "__u64", 8, .is_scalar = true) },
	};
	struct export_env env = { 0 };
	const char *path = f->path;
	struct err err = { 0 };

	memset(f, 0, sizeof(*f));
	memcpy(f->maps, maps, sizeof(maps));
	for (uint32_t i = 0; i < MAPS; i++) {
		f->maps[i].index = i;
		f->maps[i].symbol = f->maps[i].name;
		f->maps[i].prog = f->maps[i].lost_map = -1;
	}
	f->clock = wallclock_new();
	f->plan = (struct plan){ .maps = f->maps, .nmaps = MAPS };
	fake_source_init(&f->fake, "profile", &f->plan, f->clock);
	f->names = (struct name_source){ find, NULL };
	f->fake.source.names = &f->names;
	assert_int_equal(metric_compile(&f->metric, &f->maps[TIMES], NULL, &err), 0);
	f->fake.series[TIMES] = series_new(&f->metric, &(struct series_opts){ 0 });
	snprintf(f->path, sizeof(f->path), "/tmp/bombus-test-flame-%d", getpid());
	assert_int_equal(exporter->new (&f->sink, &path, &env, &err), 0);
	assert_int_equal(f->sink->ops->open(f->sink, &err), 0);
	assert_int_equal(f->sink->ops->add(f->sink, &f->fake.source, &err), 0);
	assert_int_equal(f->sink->ops->start(f->sink, &err), 0);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void give(struct stacks_fixture *f, int32_t user, int32_t kernel, const char *comm)
{
	struct stacked e = { 7, user, kernel, "" };
	struct record record = { .map = &f->maps[EVENTS], .part = { NULL, &e }, .value_bytes = 20 };

	memcpy(e.comm, comm, strlen(comm));
	assert_int_equal(f->sink->ops->event(f->sink, &f->fake.source, &record), 0);
}

/* A row as a sweep gives it. */
static void give_row(struct stacks_fixture *f, uint64_t id, struct stacked key, uint64_t value,
		     uint8_t flags)
{
	union cell cell = { .u = value };
	uint64_t ns = 0;
	uint32_t place = 0;
	struct series_rows rows = { .plan = &f->metric,
				    .count = 1,
				    .max = 1,
				    .keys = (uint8_t *)&key,
				    .cells = &cell,
				    .flags = &flags,
				    .change_ns = &ns,
				    .place = &place,
				    .id = &id };

	assert_int_equal(f->metric.key_bytes, sizeof(key));
	assert_int_equal(f->sink->ops->rows(f->sink, &f->fake.source, &rows, 0), 0);
}

/* Ends it: the file, malloc'ed. */
static char *end(struct stacks_fixture *f, size_t *ret_len)
{
	void *bytes = NULL;
	struct stat st;

	f->sink->ops->remove(f->sink, &f->fake.source);
	f->sink->ops->close(f->sink);
	f->sink->ops->free(f->sink);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(read_file(f->path, 1 << 20, &bytes, ret_len, NULL), 0);
	unlink(f->path);
	series_free(f->fake.series[TIMES]);
	metric_release(&f->metric);
	wallclock_free(f->clock);
	fake_source_release(&f->fake);
	return bytes;
}

static void test_folded_events(void **state)
{
	struct stacks_fixture f;
	_cleanup_free_ char *text = NULL;

	fixture_make(&f, &exporter_folded, true);
	give(&f, 1, 1, "nginx");
	give(&f, 1, 1, "nginx");
	give(&f, 2, -14, "nginx"); /* not in the kernel: says nothing beside a user stack */
	give(&f, -14, 1, "kworker");
	give(&f, -17, 1, "lost");
	give(&f, -14, -14, "none");
	give(&f, 3, -14, "a;b");
	text = end(&f, NULL);
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
	struct stacks_fixture f;
	_cleanup_free_ char *text = NULL;

	fixture_make(&f, &exporter_folded, false);
	give_row(&f, 1, a, 10, 0);
	give_row(&f, 2, b, 5, 0);
	give_row(&f, 1, a, 30, 0); /* in place of 10 */
	give_row(&f, 2, b, 5, SERIES_GONE);
	give_row(&f, 3, b, 1, 0); /* the same again, from the beginning */
	give_row(&f, 4, a, 9, SERIES_OVERFLOW);
	text = end(&f, NULL);
	assert_string_equal(text, "sh;main;work 6\n"
				  "sh;main;work;leaf 30\n"
				  "[other stacks: more than --max-series] 9\n");
}

/* What does not count any more is no part of a gauge. */
static void test_folded_gauges(void **state)
{
	struct stacked a = { 7, 1, -14, "sh" };
	struct stacks_fixture f;
	_cleanup_free_ char *text = NULL;

	fixture_make(&f, &exporter_folded, false);
	f.metric.families[0].type = METRIC_GAUGE;
	give_row(&f, 1, a, 30, 0);
	give_row(&f, 1, a, 0, SERIES_GONE);
	give_row(&f, 2, a, 4, 0);
	text = end(&f, NULL);
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
	struct stacks_fixture f;
	_cleanup_free_ char *packed = NULL, *bytes = NULL;
	unsigned fields[16] = { 0 };
	struct proto_field field;
	struct bytes rest;
	size_t len;

	fixture_make(&f, &exporter_pprof, true);
	give(&f, 1, 1, "nginx");
	give(&f, 1, 1, "nginx");
	give(&f, 2, -14, "nginx");
	packed = end(&f, &len);
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
	struct stacks_fixture f;
	_cleanup_free_ char *text = NULL;

	fixture_make(&f, &exporter_flamegraph, true);
	for (int i = 0; i < 3; i++)
		give(&f, 1, 1, "nginx");
	give(&f, 3, -14, "nginx");
	text = end(&f, NULL);
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
	struct stacks_fixture f;
	_cleanup_free_ char *text = NULL;

	fixture_make(&f, &exporter_flamegraph, true);
	text = end(&f, NULL);
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
