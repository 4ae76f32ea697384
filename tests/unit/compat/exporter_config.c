// SPDX-License-Identifier: Apache-2.0
/* Configurations for ebpf_exporter: their recipes, and the message for each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <bpf/libbpf.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/compat/exporter_config.h"
#include "runner/load/elf/elf.h"
#include "runner/load/plan/plan.h"
#include "tests/support/load_object.h"

#define UINT "decoders: [{name: uint}]"
#define HEAD "metrics:\n  counters:\n  - name: hits\n    help: H\n"
#define HIST "metrics:\n  histograms:\n  - name: lat\n    help: H\n"
#define BUCKET "    labels: [{name: bucket, size: 8, " UINT "}]\n"
#define LABELS "    labels:\n"

static int parse(const char *text, struct exporter_config **ret, struct err *err)
{
	return exporter_config_parse(ret, "x.yaml", text, strlen(text), err);
}

static struct exporter_config *parse_good(const char *text)
{
	struct exporter_config *config = NULL;
	struct err err = { 0 };

	if (parse(text, &config, &err) < 0)
		fail_msg("%s", err.msg);
	return config;
}

static void test_a_counter_is_a_recipe(void **state)
{
	struct exporter_config *c = parse_good("metrics:\n"
					       "  counters:\n"
					       "    - name: hits_total\n"
					       "      help: Number of hits\n"
					       "      labels:\n"
					       "        - name: op\n"
					       "          size: 1\n"
					       "          padding: 7\n"
					       "          decoders:\n"
					       "            - name: uint\n"
					       "            - name: static_map\n"
					       "              allow_unknown: true\n"
					       "              static_map:\n"
					       "                1: it's | read\n"
					       "                0x2: ~\n"
					       "        - name: comm\n"
					       "          size: 16\n"
					       "          decoders:\n"
					       "            - name: string\n"
					       "            - name: regexp\n"
					       "              regexps: ['^(a b).*$', \"^'$\"]\n");
	const struct plan_recipe *r = c->recipes;

	assert_int_equal(c->nrecipes, 1);
	assert_string_equal(r->map, "hits_total");
	assert_string_equal(r->help, "Number of hits");
	assert_string_equal(r->name_space, "ebpf_exporter");
	assert_int_equal(r->role, ROLE_COUNTER);
	assert_false(r->is_stream);
	assert_int_equal(r->nlabels, 2);
	assert_string_equal(r->labels[0].name, "op");
	assert_int_equal(r->labels[0].size_bytes, 1);
	assert_int_equal(r->labels[0].padding_bytes, 7);
	assert_int_equal(r->labels[0].at.line, 6);
	assert_int_equal(r->labels[0].at.column, 11);
	assert_string_equal(r->labels[0].decode,
			    "uint | static_map allow_unknown '1=it'\"'\"'s | read' '0x2='");
	assert_string_equal(r->labels[1].decode, "string | regexp '^(a b).*$' '^'\"'\"'$'");
	exporter_config_free(c);
}

static void test_buckets_are_words(void **state)
{
	static const struct {
		const char *yaml, *words;
	} cases[] = {
		{ "    bucket_type: exp2\n    bucket_min: 0\n    bucket_max: 27\n"
		  "    bucket_multiplier: 0.000001\n",
		  "keys exp2 0 27 times 9.9999999999999995e-07" },
		{ "    bucket_type: exp2zero\n    bucket_max: 17\n", "keys exp2zero 0 17" },
		{ "    bucket_type: linear\n    bucket_min: 2\n    bucket_max: 20\n"
		  "    bucket_multiplier: 50\n",
		  "keys linear 2 20 times 50" },
		{ "    bucket_type: fixed\n    bucket_keys: [1, 5.0, 1e1]\n", "keys 1,5,10" },
		{ "    bucket_type: exp2\n    bucket_max: 3\n    bucket_multiplier: 0\n",
		  "keys exp2 0 3" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *text = xasprintf(HIST "%s" BUCKET, cases[i].yaml);
		struct exporter_config *c = parse_good(text);

		assert_string_equal(c->recipes[0].buckets, cases[i].words);
		exporter_config_free(c);
	}
}

static void test_spans_and_streams_are_recipes(void **state)
{
	struct exporter_config *c = parse_good(
		"metrics:\n"
		"  counters:\n"
		"    - {name: ooms, help: H, perf_event_array: true, flush_interval: 1m30s,\n"
		"       labels: [{name: id, size: 8, " UINT "}]}\n"
		"tracing:\n"
		"  spans:\n"
		"    - ringbuf: exec_spans\n"
		"      name: exec\n"
		"      service: exec-trace\n"
		"      labels:\n"
		"        - {name: cpu.orig, size: 4, " UINT "}\n");

	assert_int_equal(c->nrecipes, 2);
	assert_true(c->recipes[0].is_stream);
	assert_int_equal(c->recipes[0].flush_ns, 90000000000ull);
	assert_int_equal(c->recipes[1].role, ROLE_SPANS);
	assert_string_equal(c->recipes[1].map, "exec_spans");
	assert_string_equal(c->recipes[1].span, "exec");
	assert_string_equal(c->recipes[1].service, "exec-trace");
	assert_string_equal(c->recipes[1].labels[0].name, "cpu.orig");
	exporter_config_free(c);
}

static void test_each_mistake_has_its_place(void **state)
{
	static const struct {
		const char *yaml, *msg, *hint;
	} cases[] = {
		{ "", "1:1: neither metrics nor spans stand here", "tracing: {spans: [...]}" },
		{ "metric: 1\n", "1:1: 'metric' is not known here", "did you mean 'metrics'?" },
		{ "metrics: 1\n", "1:10: 'metrics' takes a mapping", "" },
		{ "metrics:\n  counters: x\n", "2:13: 'counters' takes a list", "" },
		{ "metrics:\n  counters:\n  - help: H\n", "3:5: a counter needs 'name'", "" },
		{ "metrics:\n  counters:\n  - name: a\n", "3:5: a counter needs 'help'", "" },
		{ "metrics:\n  counters:\n  - name: a-b\n    help: H\n",
		  "3:11: 'a-b' cannot be the name of a map", "the map in the program" },
		{ HEAD "    flush_interval: 10s\n",
		  "5:5: 'flush_interval' belongs to a perf event array", "" },
		{ HEAD "    perf_event_array: true\n    flush_interval: 10\n",
		  "6:21: '10' has no unit", "flush_interval: 10s" },
		{ HEAD "    perf_event_array: maybe\n", "5:23: 'perf_event_array' takes true or",
		  "" },
		{ HEAD "    labls: []\n", "5:5: 'labls' is not known here", "'labels'" },
		{ HEAD "  - name: hits\n    help: I\n",
		  "5:11: the map 'hits' stands here twice: first on line 3", "" },
		{ HEAD LABELS "    - size: 8\n", "6:7: a label needs 'name'", "" },
		{ HEAD LABELS "    - name: x\n", "6:7: a label needs 'size'", "" },
		{ HEAD LABELS "    - name: 1x\n", "6:13: '1x' cannot be the name of a label",
		  "no digit first" },
		{ HEAD LABELS "    - name: cpu.orig\n", "6:13: 'cpu.orig' cannot be the name", "" },
		{ HEAD LABELS "    - {name: x, size: 0}\n", "6:23: 'size' takes a whole number",
		  "" },
		{ HEAD LABELS "    - {name: x, size: 8}\n", "6:7: label 'x' has no decoders",
		  "decoders: [{name: uint}]" },
		{ HEAD LABELS "    - {name: x, size: 8, padding: -1}\n", "6:35: 'padding' takes",
		  "" },
		{ HEAD LABELS "    - {name: x, size: 8, decoders: [{name: uimt}]}\n",
		  "6:37: no decoder 'uimt'", "'uint'" },
		{ HEAD LABELS "    - {name: x, size: 3, decoders: [{name: uint}]}\n",
		  "6:37: uint takes no 3 bytes", "" },
		{ HEAD LABELS "    - {name: x, size: 8, decoders: [{name: uint}, {name: ksym}]}\n",
		  "6:51: ksym takes bytes, and comes first", "" },
		{ HEAD LABELS
		  "    - {name: x, size: 8, decoders: [{name: string}, {name: errno}]}\n",
		  "6:53: errno takes a number", "" },
		{ HEAD LABELS "    - {name: x, size: 8, decoders: [{name: static_map}]}\n",
		  "6:37: the decoder static_map needs 'static_map'", "" },
		{ HEAD LABELS "    - {name: x, size: 8, decoders: [{name: regexp}]}\n",
		  "6:37: the decoder regexp needs 'regexps'", "" },
		{ HEAD LABELS
		  "    - {name: x, size: 8, decoders: [{name: regexp, regexps: ['(']}]}\n",
		  "6:37: regular expression '(': missing closing parenthesis", "" },
		{ HEAD LABELS "    - {name: x, size: 8, decoders: [{name: uint, regexps: [a]}]}\n",
		  "6:50: 'regexps' belongs to the decoder regexp, and this is uint", "" },
		{ HEAD LABELS "    - {name: x, size: 8, " UINT "}\n    - {name: x, size: 8, " UINT
			      "}\n",
		  "7:7: two labels have the name 'x'", "" },
		{ HIST, "3:5: a histogram needs 'bucket_type'", "" },
		{ HIST "    bucket_type: exp3\n", "5:18: 'exp3' is no type of buckets", "'exp2'" },
		{ HIST "    bucket_type: exp2\n", "3:5: a histogram needs 'bucket_max'", "" },
		{ HIST "    bucket_type: exp2\n    bucket_min: 5\n    bucket_max: 5\n",
		  "7:17: bucket_max has to be above bucket_min, 5", "" },
		{ HIST "    bucket_type: exp2\n    bucket_min: -1\n    bucket_max: 5\n",
		  "6:17: no bucket is below 0", "" },
		{ HIST "    bucket_type: exp2\n    bucket_max: 64\n", "6:17: 64 is more than 63",
		  "" },
		{ HIST "    bucket_type: linear\n    bucket_max: 2000\n",
		  "6:17: more than 1024 buckets", "" },
		{ HIST "    bucket_type: fixed\n", "3:5: a histogram of the type fixed needs", "" },
		{ HIST "    bucket_type: fixed\n    bucket_keys: [1, 0.5]\n",
		  "6:22: 0.5 is no whole number", "" },
		{ HIST "    bucket_type: fixed\n    bucket_keys: [2, 1]\n", "6:22: 1 does not rise",
		  "" },
		{ HIST "    bucket_type: fixed\n    bucket_keys: [2]\n    bucket_max: 3\n",
		  "7:5: 'bucket_max' does not belong to the type fixed", "" },
		{ HIST "    bucket_type: exp2\n    bucket_max: 3\n    bucket_multiplier: x\n",
		  "7:24: 'bucket_multiplier' takes a number", "" },
		{ HIST "    bucket_type: exp2\n    bucket_max: 3\n",
		  "3:5: 'lat' has no label for the bucket", "name: bucket" },
		{ HIST "    bucket_type: exp2\n    bucket_max: 3\n"
		       "    labels: [{name: b, size: 8, decoders: [{name: string}]}]\n",
		  "7:14: the last label is the bucket, a number", "" },
		{ HIST "    bucket_type: exp2\n    bucket_max: 3\n"
		       "    labels: [{name: le, size: 8, " UINT "}, {name: b, size: 8, " UINT
		       "}]\n",
		  "7:14: the label le belongs to the buckets", "" },
		{ "tracing:\n  spans:\n  - name: x\n", "3:5: a span needs 'ringbuf'", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *want = xasprintf("x.yaml:%s", cases[i].msg);
		struct exporter_config *c = NULL;
		struct err err = { 0 };

		if (parse(cases[i].yaml, &c, &err) == 0)
			fail_msg("taken: %s", cases[i].yaml);
		if (!has_prefix(err.msg, want) || !strstr(err.hint, cases[i].hint))
			fail_msg("%s (%s), not %s (%s)", err.msg, err.hint, want, cases[i].hint);
		assert_int_equal(err.exit, EXIT_USAGE);
	}
}

static char warning[512];

static void keep_warning(void *ctx, enum log_level level, const char *line)
{
	snprintf(warning, sizeof(warning), "%s", line);
}

static void test_a_key_of_another_tool_is_warned_of(void **state)
{
	struct exporter_config *c;

	log_to(keep_warning, NULL);
	c = parse_good(HEAD "frobnicate: 1\n");
	log_to(NULL, NULL);
	assert_string_equal(warning,
			    "x.yaml:5:1: 'frobnicate' is not known here, and does nothing");
	exporter_config_free(c);
}

/* --- beside an object --- */

struct fixture {
	struct btf *btf;
	uint32_t u32, u64, s32, key, comm;
	struct elf_image image;
	struct bpf_object *obj;
	struct plan plan;
	struct exporter_config *config;
	struct err err;
};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static void fixture_init(struct fixture *f)
{
	struct btf *b = f->btf = btf__new_empty();
	int u8 = btf__add_int(b, "unsigned char", 1, 0);
	int ch = btf__add_int(b, "char", 1, BTF_INT_SIGNED);

	f->u32 = obj_u32(b);
	f->u64 = (uint32_t)btf__add_int(b, "__u64", 8, 0);
	f->s32 = (uint32_t)btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	f->comm = (uint32_t)btf__add_array(b, (int)f->s32, ch, 16);
	f->key = (uint32_t)btf__add_struct(b, "key", 32);
	btf__add_field(b, "dev", (int)f->s32, 0, 0);
	btf__add_field(b, "op", u8, 32, 0);
	btf__add_field(b, "comm", (int)f->comm, 64, 0);
	btf__add_field(b, "bucket", (int)f->u64, 192, 0);
	libbpf_set_print(quiet);
}

static void fixture_release(struct fixture *f)
{
	plan_release(&f->plan);
	bpf_object__close(f->obj);
	elf_image_release(&f->image);
	exporter_config_free(f->config);
	btf__free(f->btf);
}

/* The plan of an object with maps of each kind by this configuration. */
static int plan_of(struct fixture *f, const char *yaml)
{
	enum { NONE, KEY_T, U32, U64 };
	static const struct {
		const char *name;
		uint32_t type, max;
		int key, value;
	} rows[] = {
		{ "hits", BPF_MAP_TYPE_HASH, 64, KEY_T, U64 },
		{ "lone", BPF_MAP_TYPE_ARRAY, 1, U32, U64 },
		{ "many", BPF_MAP_TYPE_ARRAY, 8, U32, U64 },
		{ "each", BPF_MAP_TYPE_PERCPU_ARRAY, 8, U32, U64 },
		{ "small", BPF_MAP_TYPE_HASH, 64, U64, U32 },
		{ "ring", BPF_MAP_TYPE_RINGBUF, 4096, NONE, NONE },
		{ "perf", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 0, U32, U32 },
	};
	struct obj_map maps[ARRAY_LEN(rows)] = { 0 };
	struct obj o = { .maps = maps, .nmaps = ARRAY_LEN(maps) };
	_cleanup_free_ void *bytes = NULL;
	struct plan_opts opts = { 0 };
	size_t len;

	fixture_init(f);
	o.btf = f->btf;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint32_t ids[] = { 0, f->key, f->u32, f->u64 };

		maps[i] = (struct obj_map){ .name = rows[i].name,
					    .section = ".maps",
					    .type = rows[i].type,
					    .max_entries = rows[i].max,
					    .key = ids[rows[i].key],
					    .value = ids[rows[i].value] };
	}
	f->config = parse_good(yaml);
	opts.recipes = f->config->recipes;
	opts.nrecipes = f->config->nrecipes;
	bytes = obj_build(&o, &len);
	assert_int_equal(elf_merge_maps(bytes, len, &f->image, &f->err), 0);
	f->obj = bpf_object__open_mem(f->image.bytes, f->image.len, NULL);
	assert_non_null(f->obj);
	return plan_compile(&f->plan, f->obj, &f->image, &opts, &f->err);
}

#define KEY                                                                                        \
	LABELS "    - {name: dev, size: 4, " UINT "}\n"                                            \
	       "    - {name: op, size: 1, padding: 3, decoders: [{name: uint}, {name: errno}]}\n"  \
	       "    - {name: comm, size: 16, decoders: [{name: string}]}\n"                        \
	       "    - {name: bucket, size: 8, " UINT "}\n"

static void test_labels_are_the_fields_of_the_key(void **state)
{
	_cleanup_(fixture_release) struct fixture f = { 0 };
	const struct map_plan *map;

	log_to(keep_warning, NULL);
	assert_int_equal(plan_of(&f, HEAD KEY), 0);
	log_to(NULL, NULL);
	/* dev is an int. */
	assert_string_equal(warning, "x.yaml:6:7: label 'dev' is a signed number, of which uint "
				     "makes a large one where it is below 0");
	map = plan_map(&f.plan, "hits");
	assert_int_equal(map->role, ROLE_COUNTER);
	assert_true(map->exported);
	assert_true(map_is_exact(map));
	assert_int_equal(map->key.nfields, 4);
	assert_int_equal(map->key.fields[0].kind, KIND_UINT);
	assert_null(map->key.fields[0].decoders);
	assert_non_null(map->key.fields[1].decoders);
	assert_int_equal(map->key.fields[1].off_bits, 32);
	assert_int_equal(map->key.fields[1].size_bits, 8);
	assert_int_equal(map->key.fields[2].kind, KIND_TEXT);
	assert_int_equal(map->key.fields[2].off_bits, 64);
	assert_int_equal(map->key.fields[3].off_bits, 192);
	for (uint32_t i = 0; i < f.plan.nmaps; i++)
		if (&f.plan.maps[i] != map)
			assert_int_equal(f.plan.maps[i].role, ROLE_INTERNAL);
}

static void test_addresses_and_ids_need_no_decoder(void **state)
{
	_cleanup_(fixture_release) struct fixture f = { 0 };
	const struct map_plan *map;

	assert_int_equal(plan_of(&f, "tracing:\n  spans:\n  - ringbuf: ring\n    labels:\n"
				     "    - {name: trace_id, size: 16, decoders: [{name: hex}]}\n"
				     "    - {name: peer, size: 4, decoders: [{name: inet_ip}]}\n"),
			 0);
	map = plan_map(&f.plan, "ring");
	assert_int_equal(map->role, ROLE_SPANS);
	assert_int_equal(map->value.fields[0].meaning, MEAN_HEX);
	assert_null(map->value.fields[0].decoders);
	assert_int_equal(map->value.fields[1].meaning, MEAN_IPV4);
	assert_true(map->value.is_open);
}

static void test_the_cpu_is_no_part_of_the_key(void **state)
{
	_cleanup_(fixture_release) struct fixture f = { 0 };
	const struct map_plan *map;

	assert_int_equal(plan_of(&f, "metrics:\n  counters:\n  - name: each\n    help: H\n" LABELS
				     "    - {name: vec, size: 4, " UINT "}\n"
				     "    - {name: cpu, size: 2, " UINT "}\n"),
			 0);
	map = plan_map(&f.plan, "each");
	assert_true(map->split_cpu);
	assert_int_equal(map->key.nfields, 1);
}

#define ONE(map) "metrics:\n  counters:\n  - name: " map "\n    help: H\n"

static void test_an_object_that_differs_is_refused(void **state)
{
	static const struct {
		const char *yaml, *msg, *hint;
	} cases[] = {
		{ ONE("hit"), "3:11: the object has no map 'hit'", "did you mean 'hits'?" },
		{ HEAD LABELS "    - {name: dev, size: 4, " UINT "}\n",
		  "6:7: the labels of 'hits' take 4 bytes with their padding, and its key has 32",
		  "by its type the key is: dev 4, op 1, 3 of padding, comm 16, bucket 8" },
		{ ONE("many"), "3:11: 'many' has no label for the index of its 8 entries",
		  "name: index" },
		{ ONE("small") LABELS "    - {name: x, size: 8, " UINT "}\n",
		  "3:11: the values of map 'small' have 4 bytes", "" },
		{ ONE("ring") LABELS "    - {name: x, size: 8, " UINT "}\n",
		  "3:11: 'ring' is a map of the type ringbuf; a metric needs a hash or an array",
		  "" },
		{ ONE("perf"), "3:11: 'perf' is a perf event array, and nothing here says so",
		  "perf_event_array: true" },
		{ HEAD "    perf_event_array: true\n", "3:11: 'hits' is no perf event array", "" },
		{ ONE("each") LABELS "    - {name: vec, size: 4, " UINT "}\n"
				     "    - {name: cpu, size: 4, " UINT "}\n",
		  "7:7: the label cpu of the per-CPU map 'each' has 4 bytes", "" },
		{ "tracing:\n  spans:\n  - ringbuf: hits\n", "3:14: spans come from a ringbuf",
		  "" },
		{ "tracing:\n  spans:\n  - ringbuf: ring\n", "3:14: 'ring' has no labels", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_(fixture_release) struct fixture f = { 0 };
		_cleanup_free_ char *want = xasprintf("x.yaml:%s", cases[i].msg);

		if (plan_of(&f, cases[i].yaml) == 0)
			fail_msg("taken: %s", cases[i].yaml);
		if (!has_prefix(f.err.msg, want) || !strstr(f.err.hint, cases[i].hint))
			fail_msg("%s (%s), not %s (%s)", f.err.msg, f.err.hint, want,
				 cases[i].hint);
		assert_int_equal(f.err.exit, EXIT_USAGE);
	}
}

static void test_a_label_that_cuts_a_number_is_warned_of(void **state)
{
	_cleanup_(fixture_release) struct fixture f = { 0 };

	log_to(keep_warning, NULL);
	assert_int_equal(plan_of(&f, HEAD LABELS
				 "    - {name: all, size: 28, decoders: [{name: hex}]}\n"
				 "    - {name: half, size: 4, decoders: [{name: hex}]}\n"),
			 0);
	log_to(NULL, NULL);
	assert_string_equal(warning, "x.yaml:7:7: label 'half' is bytes 28 to 32, which cut a "
				     "number in two");
}

static void test_a_label_that_is_missing_is_no_entry(void **state)
{
	_cleanup_(fixture_release) struct fixture f = { 0 };
	const struct map_plan *map;

	assert_int_equal(plan_of(&f, ONE("lone")), 0);
	map = plan_map(&f.plan, "lone");
	assert_false(map->has_key);
	assert_int_equal(map->value.size_bytes, 8);
}

static void test_the_object_stands_beside(void **state)
{
	_cleanup_free_ char *object = exporter_config_object("a/b.c.yaml");
	_cleanup_free_ char *other = exporter_config_object("x.yml");

	assert_string_equal(object, "a/b.c.bpf.o");
	assert_string_equal(other, "x.bpf.o");
	assert_true(exporter_config_is("a.yaml"));
	assert_false(exporter_config_is("a.yaml.o"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_counter_is_a_recipe),
		cmocka_unit_test(test_buckets_are_words),
		cmocka_unit_test(test_spans_and_streams_are_recipes),
		cmocka_unit_test(test_each_mistake_has_its_place),
		cmocka_unit_test(test_a_key_of_another_tool_is_warned_of),
		cmocka_unit_test(test_labels_are_the_fields_of_the_key),
		cmocka_unit_test(test_addresses_and_ids_need_no_decoder),
		cmocka_unit_test(test_the_cpu_is_no_part_of_the_key),
		cmocka_unit_test(test_an_object_that_differs_is_refused),
		cmocka_unit_test(test_a_label_that_cuts_a_number_is_warned_of),
		cmocka_unit_test(test_a_label_that_is_missing_is_no_entry),
		cmocka_unit_test(test_the_object_stands_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
