// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <bpf/libbpf.h>
#include <errno.h>
#include "base/err.h"
#include "base/util.h"
#include "runner/load/elf/elf.h"
#include "runner/load/plan/plan.h"
#include "tests/support/load_object.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

/* An object that is open, and its plan. */
#define MAX_ROLES 4

struct fixture {
	struct btf *btf;
	int u8, u32, u64, s32, pid, comm, ids8, ids16, buckets;
	int event, key, hist_key, slots, text_only, span, stats;
	struct elf_image image;
	struct bpf_object *obj;
	struct plan_opts opts;
	struct plan_role roles[MAX_ROLES];
	char texts[MAX_ROLES][64];
	struct plan plan;
	struct err err;
};

static void add_structs(struct fixture *f)
{
	struct btf *b = f->btf;

	f->event = btf__add_struct(b, "event", 32);
	btf__add_field(b, "pid", f->pid, 0, 0);
	btf__add_field(b, "took", f->u64, 64, 0);
	btf__add_field(b, "comm", f->comm, 128, 0);
	f->key = btf__add_struct(b, "key", 8);
	btf__add_field(b, "pid", f->pid, 0, 0);
	btf__add_field(b, "kind", f->u32, 32, 0);
	f->hist_key = btf__add_struct(b, "hist_key", 8);
	btf__add_field(b, "disk", f->u32, 0, 0);
	btf__add_field(b, "bucket", f->u32, 32, 0);
	f->slots = btf__add_struct(b, "slots", 264);
	btf__add_field(b, "sum", f->u64, 0, 0);
	btf__add_field(b, "slots", f->buckets, 64, 0);
	f->text_only = btf__add_struct(b, "text_only", 16);
	btf__add_field(b, "comm", f->comm, 0, 0);
	f->span = btf__add_struct(b, "span", 48);
	btf__add_field(b, "trace_id", f->ids16, 0, 0);
	btf__add_field(b, "span_id", f->ids8, 128, 0);
	btf__add_field(b, "span_monotonic_timestamp_ns", f->u64, 192, 0);
	btf__add_field(b, "span_duration_ns", f->u64, 256, 0);
	f->stats = btf__add_struct(b, "stats", 24);
	btf__add_field(b, "bytes", f->u64, 0, 0);
	btf__add_field(b, "last", f->comm, 64, 0);
}

static void fixture_init(struct fixture *f)
{
	struct btf *b = f->btf = btf__new_empty();

	f->u32 = (int)obj_u32(b);
	f->u8 = btf__add_int(b, "unsigned char", 1, 0);
	f->u64 = btf__add_int(b, "__u64", 8, 0);
	f->s32 = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	f->pid = btf__add_typedef(b, "pid_t", f->s32);
	f->comm = btf__add_array(b, f->s32, btf__add_int(b, "char", 1, BTF_INT_SIGNED), 16);
	f->ids8 = btf__add_array(b, f->s32, f->u8, 8);
	f->ids16 = btf__add_array(b, f->s32, f->u8, 16);
	f->buckets = btf__add_array(b, f->s32, f->u64, 32);
	/* Fields go to the struct that was added last: nothing else is added from here on. */
	add_structs(f);
}

/* All but the types, so that another object can be opened. */
static void fixture_close(struct fixture *f)
{
	plan_release(&f->plan);
	bpf_object__close(f->obj);
	elf_image_release(&f->image);
	f->obj = NULL;
	f->err = (struct err){ 0 };
}

static void fixture_release(struct fixture *f)
{
	fixture_close(f);
	btf__free(f->btf);
}

#define FIXTURE(f)                                                                                 \
	_cleanup_(fixture_release) struct fixture f = { 0 };                                       \
	fixture_init(&f)

/* "events=gauge", "events=gauge:type" */
static struct plan_role role_of(char *text)
{
	char *role = strchr(text, '='), *type;

	assert_non_null(role);
	*role++ = '\0';
	type = strchr(role, ':');
	if (type)
		*type++ = '\0';
	assert_true(map_role_parse(role) >= 0);
	return (struct plan_role){ text, (enum map_role)map_role_parse(role), type };
}

/* Builds, merges, opens and plans. Words are those of --map, NULL at the end. */
static int plan_of(struct fixture *f, const struct obj *o, bool all_maps, const char *const *words)
{
	_cleanup_free_ void *bytes = NULL;
	size_t len, nwords = 0;

	bytes = obj_build(o, &len);
	if (elf_merge_maps(bytes, len, &f->image, &f->err))
		fail_msg("%s", f->err.msg);
	f->obj = bpf_object__open_mem(f->image.bytes, f->image.len, NULL);
	assert_non_null(f->obj);
	for (; words && words[nwords]; nwords++) {
		assert_true(nwords < MAX_ROLES);
		snprintf(f->texts[nwords], sizeof(f->texts[nwords]), "%s", words[nwords]);
		f->roles[nwords] = role_of(f->texts[nwords]);
	}
	f->opts.roles = f->roles;
	f->opts.nroles = nwords;
	f->opts.all_maps = all_maps;
	return plan_compile(&f->plan, f->obj, &f->image, &f->opts, &f->err);
}

static const struct obj_prog a_prog[] = { { "on_exec", "tracepoint/sched/sched_process_exec" } };

static void plan_ok(struct fixture *f, const struct obj_map *maps, size_t nmaps, bool all_maps,
		    const char *const *words)
{
	struct obj o = {
		.btf = f->btf, .maps = maps, .nmaps = nmaps, .progs = a_prog, .nprogs = 1
	};

	if (plan_of(f, &o, all_maps, words))
		fail_msg("%s", f->err.msg);
}

/* What the command line asks for is refused; what the object says is a fault of the map. */
static void plan_refused(struct fixture *f, const struct obj_map *map, const char *const *words,
			 int exit_status, const char *part)
{
	struct obj o = { .btf = f->btf, .maps = map, .nmaps = 1, .progs = a_prog, .nprogs = 1 };
	int rc = plan_of(f, &o, false, words);
	const char *msg = f->err.msg;

	if (exit_status != EXIT_USAGE) {
		assert_int_equal(rc, 0);
		assert_int_equal(f->plan.maps[0].role, ROLE_INTERNAL);
		msg = f->plan.maps[0].fault ? f->plan.maps[0].fault : "";
	} else {
		assert_int_equal(f->err.exit, EXIT_USAGE);
		assert_true(rc < 0);
	}
	if (!strstr(msg, part))
		fail_msg("%d '%s' is not '%s'", rc, msg, part);
}

static struct map_plan *get(const struct fixture *f, const char *name)
{
	struct map_plan *map = plan_map(&f->plan, name);

	if (!map)
		fail_msg("no map %s", name);
	return map;
}

static void test_plan_roles(void **state)
{
	static const struct {
		const char *symbol, *section;
		uint32_t type;
		const char *key, *value; /* names of types */
		const char *name;
		enum map_role role;
		enum map_source source;
		bool exported, per_cpu, all_maps;
	} cases[] = {
		{ "events", ".maps", BPF_MAP_TYPE_RINGBUF, NULL, "event", "events", ROLE_EVENTS,
		  SOURCE_RING, true },
		{ "events", ".maps", BPF_MAP_TYPE_PERF_EVENT_ARRAY, NULL, "event", "events",
		  ROLE_EVENTS, SOURCE_PERF, true },
		{ "ring", ".maps", BPF_MAP_TYPE_RINGBUF, NULL, NULL, "ring", ROLE_INTERNAL,
		  SOURCE_RING },
		{ "perf", ".maps", BPF_MAP_TYPE_PERF_EVENT_ARRAY, "__u32", "__u32", "perf",
		  ROLE_INTERNAL, SOURCE_PERF },
		{ "e", ".maps.counter", BPF_MAP_TYPE_RINGBUF, NULL, "event", "e", ROLE_COUNTER,
		  SOURCE_RING, true },
		{ "e", ".maps.print", BPF_MAP_TYPE_RINGBUF, NULL, "event", "e", ROLE_EVENTS,
		  SOURCE_RING, true },
		{ "e", ".maps.histogram", BPF_MAP_TYPE_RINGBUF, NULL, "event", "e", ROLE_HISTOGRAM,
		  SOURCE_RING, true },
		{ "s", ".maps.spans", BPF_MAP_TYPE_RINGBUF, NULL, "span", "s", ROLE_SPANS,
		  SOURCE_RING, true },
		{ "spans_s", ".maps", BPF_MAP_TYPE_RINGBUF, NULL, "span", "s", ROLE_SPANS,
		  SOURCE_RING, true },
		{ "counter_c", ".maps", BPF_MAP_TYPE_HASH, "key", "__u64", "c", ROLE_COUNTER,
		  SOURCE_HASH, true },
		{ "counter_c", ".maps.gauge", BPF_MAP_TYPE_HASH, "key", "__u64", "counter_c",
		  ROLE_GAUGE, SOURCE_HASH, true },
		{ "gauge_g", ".maps", BPF_MAP_TYPE_PERCPU_ARRAY, "__u32", "__u64", "g", ROLE_GAUGE,
		  SOURCE_ARRAY, true, true },
		{ "gauge_g", ".maps", BPF_MAP_TYPE_LRU_HASH, "pid_t", "stats", "g", ROLE_GAUGE,
		  SOURCE_HASH, true },
		{ "print_p", ".maps", BPF_MAP_TYPE_HASH, "key", "text_only", "p", ROLE_GAUGE,
		  SOURCE_HASH, false },
		{ "p", ".maps.events", BPF_MAP_TYPE_ARRAY, "__u32", "event", "p", ROLE_GAUGE,
		  SOURCE_ARRAY, false },
		{ "hist_h", ".maps", BPF_MAP_TYPE_LRU_PERCPU_HASH, "hist_key", "__u64", "h",
		  ROLE_HISTOGRAM, SOURCE_HASH, true, true },
		{ "h", ".maps.hist", BPF_MAP_TYPE_HASH, "pid_t", "slots", "h", ROLE_HISTOGRAM,
		  SOURCE_HASH, true },
		{ "q", ".maps.events", BPF_MAP_TYPE_QUEUE, NULL, "event", "q", ROLE_EVENTS,
		  SOURCE_QUEUE, true },
		{ "plain", ".maps", BPF_MAP_TYPE_HASH, "key", "__u64", "plain", ROLE_GAUGE,
		  SOURCE_HASH }, /* the only one */
		{ "plain", ".maps", BPF_MAP_TYPE_HASH, "key", "__u64", "plain", ROLE_GAUGE,
		  SOURCE_HASH, false, false, true },
		{ "plain", ".maps.internal", BPF_MAP_TYPE_HASH, "key", "__u64", "plain",
		  ROLE_INTERNAL, SOURCE_HASH, false, false, true },
		{ "q", ".maps", BPF_MAP_TYPE_QUEUE, NULL, "event", "q", ROLE_INTERNAL, SOURCE_QUEUE,
		  false, false, true },
		{ "x__lost", ".maps", BPF_MAP_TYPE_PERCPU_ARRAY, "__u32", "__u64", "x__lost",
		  ROLE_INTERNAL, SOURCE_ARRAY, false, true, true },
		{ "stacks", ".maps", BPF_MAP_TYPE_STACK_TRACE, "__u32", "__u64", "stacks",
		  ROLE_INTERNAL, SOURCE_NONE, false, false, true },
		{ "counter_", ".maps", BPF_MAP_TYPE_HASH, "key", "__u64", "counter_", ROLE_GAUGE,
		  SOURCE_HASH },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		FIXTURE(f);
		struct obj_map map = { cases[i].symbol, cases[i].section, cases[i].type, 16 };
		struct map_plan *m;

		if (cases[i].key)
			map.key = (uint32_t)btf__find_by_name(f.btf, cases[i].key);
		if (cases[i].value)
			map.value = (uint32_t)btf__find_by_name(f.btf, cases[i].value);
		plan_ok(&f, &map, 1, cases[i].all_maps, NULL);
		m = get(&f, cases[i].name);
		if (m->role != cases[i].role || m->source != cases[i].source ||
		    m->exported != cases[i].exported || m->per_cpu != cases[i].per_cpu)
			fail_msg("case %zu %s in %s: role %s source %u exported %d per_cpu %d", i,
				 cases[i].symbol, cases[i].section, map_role_name(m->role),
				 m->source, m->exported, m->per_cpu);
		assert_string_equal(m->symbol, cases[i].symbol);
		assert_string_equal(m->backing_symbol, cases[i].symbol);
		assert_int_equal(m->index, 0);
		assert_int_equal(m->prog, -1);
	}
}

static void test_plan_words_come_first(void **state)
{
	static const struct {
		const char *section, *words[3];
		enum map_role role;
		bool exported;
	} cases[] = {
		{ ".maps", { "events=counter" }, ROLE_COUNTER, true },
		{ ".maps.counter", { "events=events" }, ROLE_EVENTS, true },
		{ ".maps.counter", { "events=internal" }, ROLE_INTERNAL, false },
		{ ".maps", { "events=hist" }, ROLE_HISTOGRAM, true },
		{ ".maps", { "events=counter", "events=print" }, ROLE_EVENTS, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		FIXTURE(f);
		struct obj_map map = { "events", cases[i].section, BPF_MAP_TYPE_RINGBUF, 4096,
				       0,	 (uint32_t)f.event };

		plan_ok(&f, &map, 1, false, cases[i].words);
		assert_int_equal(f.plan.maps[0].role, cases[i].role);
		assert_int_equal(f.plan.maps[0].exported, cases[i].exported);
	}
}

/* A prefix stays off the name whatever gives the role, and either name is understood. */
static void test_plan_words_know_both_names(void **state)
{
	static const char *const words[][2] = { { "counter_c=gauge" }, { "c=gauge" } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		FIXTURE(f);
		struct obj_map map = { "counter_c", ".maps",	     BPF_MAP_TYPE_HASH,
				       4,	    (uint32_t)f.key, (uint32_t)f.u64 };

		plan_ok(&f, &map, 1, false, words[i]);
		assert_int_equal(get(&f, "c")->role, ROLE_GAUGE);
		assert_ptr_equal(get(&f, "c"), get(&f, "counter_c"));
	}
}

static void test_plan_words_give_types(void **state)
{
	static const struct {
		uint32_t type;
		const char *word, *part; /* NULL: right */
	} cases[] = {
		{ BPF_MAP_TYPE_RINGBUF, "m=events:event", NULL },
		{ BPF_MAP_TYPE_RINGBUF, "m=events:struct event", NULL },
		{ BPF_MAP_TYPE_PERF_EVENT_ARRAY, "m=counter:event", NULL },
		{ BPF_MAP_TYPE_RINGBUF, "m=events:evnt", "no struct 'evnt'" },
		{ BPF_MAP_TYPE_RINGBUF, "m=events", "type of its records is not known" },
		{ BPF_MAP_TYPE_HASH, "m=gauge:event",
		  "its type is of 32 bytes, its values are of 8" },
		{ BPF_MAP_TYPE_RINGBUF, "n=events", "no map 'n'" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		FIXTURE(f);
		const char *const words[] = { cases[i].word, NULL };
		struct obj_map map = { "m", ".maps", cases[i].type, 4096 };

		if (cases[i].type == BPF_MAP_TYPE_HASH) {
			map.key = (uint32_t)f.key;
			map.value_size = 8;
		}
		if (cases[i].part) {
			plan_refused(&f, &map, words, EXIT_USAGE, cases[i].part);
			continue;
		}
		plan_ok(&f, &map, 1, false, words);
		assert_string_equal(f.plan.maps[0].value.type_name, "event");
		assert_int_equal(f.plan.maps[0].value.size_bytes, 32);
	}
}

static void test_plan_suggests_map_names(void **state)
{
	FIXTURE(f);
	static const char *const words[] = { "evnts=counter", NULL };
	struct obj_map map = {
		"events", ".maps", BPF_MAP_TYPE_RINGBUF, 4096, 0, (uint32_t)f.event
	};

	plan_refused(&f, &map, words, EXIT_USAGE, "no map 'evnts'");
	assert_string_equal(f.err.hint, "did you mean 'events'?");
}

static void test_plan_refuses_roles(void **state)
{
	static const struct {
		const char *symbol, *section;
		uint32_t type;
		const char *key, *value, *word;
		int exit_status;
		const char *part;
	} cases[] = {
		{ "m", ".maps.gauge", BPF_MAP_TYPE_RINGBUF, NULL, "event", NULL, EXIT_FAILED,
		  "cannot have the role gauge" },
		{ "m", ".maps", BPF_MAP_TYPE_RINGBUF, NULL, "event", "m=gauge", EXIT_USAGE,
		  "cannot have the role gauge" },
		{ "m", ".maps.hist", BPF_MAP_TYPE_HASH, "key", "__u64", NULL, EXIT_FAILED,
		  "none of the three forms" },
		{ "m", ".maps.hist", BPF_MAP_TYPE_ARRAY, "__u32", "key", NULL, EXIT_FAILED,
		  "none of the three forms" },
		{ "m", ".maps.hist", BPF_MAP_TYPE_RINGBUF, NULL, "text_only", NULL, EXIT_FAILED,
		  "no number to observe" },
		{ "m", ".maps.spans", BPF_MAP_TYPE_RINGBUF, NULL, "event", NULL, EXIT_FAILED,
		  "span_duration_ns" },
		{ "m", ".maps.spans", BPF_MAP_TYPE_HASH, "key", "span", NULL, EXIT_FAILED,
		  "spans come from ring buffers" },
		{ "m", ".maps.counter", BPF_MAP_TYPE_HASH, "key", "text_only", NULL, EXIT_FAILED,
		  "holds no number" },
		{ "counter_m", ".maps", BPF_MAP_TYPE_STACK_TRACE, "__u32", "__u64", NULL,
		  EXIT_FAILED, "nothing to show" },
		{ "m", ".maps.counter", BPF_MAP_TYPE_RINGBUF, NULL, NULL, NULL, EXIT_FAILED,
		  "type of its records is not known" },
		{ "m", ".maps.teapot", BPF_MAP_TYPE_RINGBUF, NULL, "event", NULL, EXIT_FAILED,
		  "'.maps.teapot', which names no role" },
		{ "m", ".maps", 99, "key", "__u64", NULL, EXIT_FAILED, "type 99" },
		{ "m", ".maps", BPF_MAP_TYPE_RINGBUF, NULL, "many", NULL, EXIT_FAILED,
		  "more than 1024 fields" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		FIXTURE(f);
		const char *const words[] = { cases[i].word, NULL };
		struct obj_map map = { cases[i].symbol, cases[i].section, cases[i].type, 4096 };
		char name[16];

		btf__add_struct(f.btf, "many", 40000);
		for (int k = 0; k < 10000; k++) {
			snprintf(name, sizeof(name), "m%d", k);
			btf__add_field(f.btf, name, f.u32, (uint32_t)k * 32, 0);
		}
		if (cases[i].key)
			map.key = (uint32_t)btf__find_by_name(f.btf, cases[i].key);
		if (cases[i].value)
			map.value = (uint32_t)btf__find_by_name(f.btf, cases[i].value);
		plan_refused(&f, &map, words, cases[i].exit_status, cases[i].part);
	}
}

static void test_plan_recognises_histograms(void **state)
{
	static const struct {
		const char *shape;
		bool ok;
	} cases[] = {
		{ "slot first", true }, { "u32 slots", true },	    { "bare", true },
		{ "buckets", true },	{ "bucket between", true }, { "u32 value", true },
		{ "bare u32", true },	{ "text bucket", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		FIXTURE(f);
		const char *shape = cases[i].shape;
		struct btf *b = f.btf;
		int arr32 = btf__add_array(b, f.s32, f.u32, 27),
		    arr64 = btf__add_array(b, f.s32, f.u64, 27);
		int value = f.u64, key = f.key;
		struct obj_map map = { "m", ".maps.hist", BPF_MAP_TYPE_HASH, 16 };
		struct obj o = { .btf = b, .maps = &map, .nmaps = 1, .progs = a_prog, .nprogs = 1 };

		if (streq(shape, "slot first")) {
			key = btf__add_struct(b, "k", 8);
			btf__add_field(b, "slot", f.u32, 0, 0);
			btf__add_field(b, "disk", f.u32, 32, 0);
		} else if (streq(shape, "bucket between")) {
			key = btf__add_struct(b, "k", 12);
			btf__add_field(b, "a", f.u32, 0, 0);
			btf__add_field(b, "bucket", f.u32, 32, 0);
			btf__add_field(b, "c", f.u32, 64, 0);
		} else if (streq(shape, "text bucket")) {
			key = btf__add_struct(b, "k", 16);
			btf__add_field(b, "bucket", f.comm, 0, 0);
		} else if (streq(shape, "u32 value")) {
			key = f.hist_key;
			value = f.u32;
		} else if (streq(shape, "bare")) {
			value = arr64;
		} else if (streq(shape, "bare u32")) {
			value = arr32;
		} else {
			value = btf__add_struct(b, "v", 216);
			btf__add_field(b, streq(shape, "buckets") ? "buckets" : "slots",
				       streq(shape, "buckets") ? arr64 : arr32, 0, 0);
		}
		map.key = (uint32_t)key;
		map.value = (uint32_t)value;
		if (plan_of(&f, &o, false, NULL) || !f.plan.maps[0].fault != cases[i].ok)
			fail_msg("%s: %s", shape, f.err.msg);
	}
}

static void test_plan_links_lost_maps(void **state)
{
	FIXTURE(f);
	const uint32_t event = (uint32_t)f.event, u32 = (uint32_t)f.u32, u64 = (uint32_t)f.u64;
	struct obj_map maps[] = {
		{ "a", ".maps", BPF_MAP_TYPE_RINGBUF, 4096, 0, event },
		{ "b", ".maps", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 0, 0, event },
		{ "c", ".maps", BPF_MAP_TYPE_RINGBUF, 4096, 0, event },
		{ "a__lost", ".maps", BPF_MAP_TYPE_PERCPU_ARRAY, 1, u32, u64 },
		{ "b_lost_samples", ".maps", BPF_MAP_TYPE_PERCPU_ARRAY, 1, u32, u64 },
		{ "c__lost", ".maps", BPF_MAP_TYPE_HASH, 1, u32, u64 }, /* not as it should be */
		{ "hist_h", ".maps", BPF_MAP_TYPE_HASH, 9, (uint32_t)f.hist_key, u64 },
		{ "hist_h__lost", ".maps", BPF_MAP_TYPE_PERCPU_ARRAY, 1, u32, u64 },
		{ "a__unread", ".maps", BPF_MAP_TYPE_ARRAY, 1, u32, u32 },
		{ "b__unread", ".maps", BPF_MAP_TYPE_ARRAY, 1, u32, u64 }, /* nor this */
	};

	plan_ok(&f, maps, 10, true, NULL);
	assert_int_equal(get(&f, "a")->unread_map, get(&f, "a__unread")->index);
	assert_int_equal(get(&f, "a__unread")->role, ROLE_INTERNAL);
	assert_int_equal(get(&f, "b")->unread_map, -1);
	assert_int_equal(get(&f, "a")->lost_map, get(&f, "a__lost")->index);
	assert_int_equal(get(&f, "b")->lost_map, get(&f, "b_lost_samples")->index);
	assert_int_equal(get(&f, "c")->lost_map, -1);
	assert_int_equal(get(&f, "h")->lost_map, get(&f, "hist_h__lost")->index);
	assert_int_equal(get(&f, "a__lost")->role, ROLE_INTERNAL);
	assert_int_equal(get(&f, "a__lost")->lost_map, -1);
	assert_int_equal(get(&f, "hist_h__lost")->role, ROLE_INTERNAL);
}

static void test_plan_keeps_names_apart(void **state)
{
	FIXTURE(f);
	struct obj_map maps[] = {
		{ "x", ".maps", BPF_MAP_TYPE_HASH, 4, (uint32_t)f.key, (uint32_t)f.u64 },
		{ "counter_x", ".maps", BPF_MAP_TYPE_HASH, 4, (uint32_t)f.key, (uint32_t)f.u64 },
		{ "gauge_y", ".maps", BPF_MAP_TYPE_HASH, 4, (uint32_t)f.key, (uint32_t)f.u64 },
	};

	plan_ok(&f, maps, 3, false, NULL);
	assert_string_equal(f.plan.maps[0].name, "x");
	assert_string_equal(f.plan.maps[1].name, "counter_x");
	assert_string_equal(f.plan.maps[2].name, "y");
}

static void test_plan_names_keys(void **state)
{
	FIXTURE(f);
	const uint32_t u64 = (uint32_t)f.u64;
	struct obj_map maps[] = {
		{ "gauge_a", ".maps", BPF_MAP_TYPE_HASH, 4, (uint32_t)f.u32, u64 },
		{ "gauge_b", ".maps", BPF_MAP_TYPE_HASH, 4, (uint32_t)f.pid, u64 },
		{ "gauge_c", ".maps", BPF_MAP_TYPE_ARRAY, 4, (uint32_t)f.u32, u64 },
	};

	plan_ok(&f, maps, 3, false, NULL);
	assert_string_equal(get(&f, "a")->key.fields[0].name, "key");
	assert_string_equal(get(&f, "b")->key.fields[0].name, "pid");
	assert_string_equal(get(&f, "c")->key.fields[0].name, "index");
	assert_string_equal(get(&f, "a")->value.fields[0].name, "value");
	assert_int_equal(get(&f, "c")->max_entries, 4);
	assert_int_equal(get(&f, "c")->value_bytes, 8);
}

static void test_plan_reads_map_tags(void **state)
{
	FIXTURE(f);
	struct obj_map map = { "gauge_a", ".maps",	   BPF_MAP_TYPE_HASH,
			       4,	  (uint32_t)f.u32, (uint32_t)f.u64 };
	int var = obj_declare_map(f.btf, &map);

	btf__add_decl_tag(f.btf, "bombus:help:what\nit is, \xc3\xa4\xff", var, -1);
	btf__add_decl_tag(f.btf, "bombus:unit:us", var, -1);
	btf__add_decl_tag(f.btf, "bombus:name:latency", var, -1);
	btf__add_decl_tag(f.btf, "bombus:buckets:1,5,10", var, -1);
	plan_ok(&f, &map, 1, false, NULL);
	assert_string_equal(get(&f, "latency")->help, "what it is, \xc3\xa4?");
	assert_string_equal(get(&f, "latency")->unit, "us");
	assert_string_equal(get(&f, "latency")->buckets, "1,5,10");
	assert_string_equal(get(&f, "gauge_a")->name, "latency");
}

/* Where no map has a role all are shown, and the advice says how to export one. */
static void test_plan_shows_all_where_nothing_has_a_role(void **state)
{
	FIXTURE(f);
	const uint32_t key = (uint32_t)f.key, u64 = (uint32_t)f.u64, u32 = (uint32_t)f.u32;
	const struct obj_map maps[] = {
		{ "http_stats", ".maps", BPF_MAP_TYPE_HASH, 16, key, u64 },
		{ "starts", ".maps", BPF_MAP_TYPE_HASH, 16, key, u64 },
		{ "http_stats__lost", ".maps", BPF_MAP_TYPE_PERCPU_ARRAY, 1, u32, u64 },
	};
	static const char *const words[] = { "starts=counter", NULL };

	plan_ok(&f, maps, 3, false, NULL);
	assert_int_equal(get(&f, "http_stats")->role, ROLE_GAUGE);
	assert_false(get(&f, "http_stats")->exported);
	assert_int_equal(get(&f, "starts")->role, ROLE_GAUGE);
	assert_int_equal(get(&f, "http_stats__lost")->role, ROLE_INTERNAL);
	assert_non_null(strstr(f.plan.advice, "no map has a role: --map http_stats=counter"));
	assert_false(f.plan.shows_nothing);
	fixture_close(&f);
	plan_ok(&f, maps, 3, false, words);
	assert_int_equal(get(&f, "http_stats")->role, ROLE_INTERNAL);
	assert_true(get(&f, "starts")->exported);
	assert_null(f.plan.advice);
}

static void test_plan_says_why_it_shows_nothing(void **state)
{
	static const struct {
		struct obj_map map;
		const char *advice;
	} cases[] = {
		{ { "ev", ".maps", BPF_MAP_TYPE_RINGBUF, 4096 },
		  "map 'ev' does not say what its records are: --map ev=events:STRUCT" },
		{ { "lost_map", ".data", BPF_MAP_TYPE_HASH, 16 },
		  "variable 'lost_map' looks like a map" },
		{ { "stacks", ".maps", BPF_MAP_TYPE_STACK_TRACE, 16 }, "it has no maps" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		FIXTURE(f);

		plan_ok(&f, &cases[i].map, 1, true, NULL);
		assert_true(f.plan.shows_nothing);
		if (!strstr(f.plan.advice, cases[i].advice))
			fail_msg("%s", f.plan.advice);
		assert_null(strstr(f.plan.advice, "--all-maps"));
	}
}

/* case: B2, a buffer of records without a type beside maps that are shown. */
static void test_plan_names_a_buffer_that_is_left_out(void **state)
{
	static const char *const typed[] = { "calls=counter", NULL };
	static const char *const unwanted[] = { "calls=counter", "ev=internal", NULL };

	for (int i = 0; i < 3; i++) {
		FIXTURE(f);
		const struct obj_map maps[] = {
			{ "calls", ".maps", BPF_MAP_TYPE_HASH, 16, (uint32_t)f.key,
			  (uint32_t)f.u64 },
			{ "ev", ".maps", BPF_MAP_TYPE_RINGBUF, 4096 },
		};

		plan_ok(&f, maps, 2, false, i == 0 ? NULL : i == 1 ? typed : unwanted);
		assert_int_equal(get(&f, "calls")->exported, i > 0);
		assert_false(f.plan.shows_nothing);
		if (i == 2) {
			assert_null(f.plan.advice);
			continue;
		}
		assert_non_null(strstr(f.plan.advice, "--map ev=events:STRUCT"));
		assert_int_equal(!!strstr(f.plan.advice, "no map has a role"), i == 0);
	}
}

/* Names from the command line stand over those of the object. */
static void test_plan_takes_names_of_the_command_line(void **state)
{
	FIXTURE(f);
	static const char *const map[] = { "traces=spans" };
	static const char *const names[] = { "http_stats=requests" };
	static const char *const labels[] = { "http_stats,kind=net.kind",
					      "http_stats,value=calls" };
	static const char *const spans[] = { "traces=wait" };
	static const struct {
		const char *name, *label, *span, *part;
	} wrong[] = {
		{ .name = "htp_stats=x", .part = "--name: no map 'htp_stats'" },
		{ .name = "http_stats=traces", .part = "another map is called 'traces'" },
		{ .label = "http_stats,knd=x", .part = "has no field 'knd'" },
		{ .label = "http_stats,kind=pid", .part = "another field is called 'pid'" },
		{ .label = "http_stats,kind=a b", .part = "--label wants" },
		{ .span = "http_stats=x", .part = "has the role gauge, not spans" },
	};
	const struct obj_map maps[] = {
		{ "http_stats", ".maps.gauge", BPF_MAP_TYPE_HASH, 16, (uint32_t)f.key,
		  (uint32_t)f.u64 },
		{ "traces", ".maps", BPF_MAP_TYPE_RINGBUF, 4096, 0, (uint32_t)f.span },
	};
	struct obj o = { .btf = f.btf, .maps = maps, .nmaps = 2, .progs = a_prog, .nprogs = 1 };
	const struct map_plan *stats;

	f.opts = (struct plan_opts){ .names = { names, 1 },
				     .labels = { labels, 2 },
				     .spans = { spans, 1 } };
	if (plan_of(&f, &o, false, (const char *const[]){ map[0], NULL }))
		fail_msg("%s", f.err.msg);
	stats = get(&f, "requests");
	assert_ptr_equal(stats, get(&f, "http_stats"));
	assert_string_equal(stats->key.fields[1].path, "net.kind");
	assert_string_equal(stats->key.fields[1].name, "kind");
	assert_string_equal(stats->key.fields[1].label, "net_kind");
	assert_string_equal(stats->value.fields[0].name, "calls");
	assert_string_equal(get(&f, "traces")->span, "wait");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		fixture_close(&f);
		f.opts = (struct plan_opts){
			.names = { &wrong[i].name, wrong[i].name ? 1 : 0 },
			.labels = { &wrong[i].label, wrong[i].label ? 1 : 0 },
			.spans = { &wrong[i].span, wrong[i].span ? 1 : 0 },
		};
		assert_true(plan_of(&f, &o, false, NULL) < 0);
		assert_int_equal(f.err.exit, EXIT_USAGE);
		if (!strstr(f.err.msg, wrong[i].part))
			fail_msg("'%s' is not '%s'", f.err.msg, wrong[i].part);
	}
}

/* --map shows a variable that nothing tags; its section has the same name in every file. */
static void test_plan_shows_variables_that_are_named(void **state)
{
	FIXTURE(f);
	const struct obj_var vars[] = {
		{ "calls", ".bss", (uint32_t)f.u64, 8 },
		{ "hist", ".bss", (uint32_t)f.buckets, 256 },
		{ "state", ".bss", (uint32_t)f.u32, 4 },
	};
	struct obj o = { .btf = f.btf, .progs = a_prog, .nprogs = 1, .vars = vars, .nvars = 3 };
	static const char *const words[] = { "calls=counter", "hist=histogram", NULL };
	static const char *const wrong[] = { "cals=counter", NULL };

	if (plan_of(&f, &o, false, words))
		fail_msg("%s", f.err.msg);
	assert_int_equal(get(&f, "calls")->role, ROLE_COUNTER);
	assert_int_equal(get(&f, "hist")->role, ROLE_HISTOGRAM);
	assert_int_equal(get(&f, "hist")->source, SOURCE_GLOBALS);
	assert_string_equal(get(&f, "hist")->backing_symbol, ".bss");
	assert_null(plan_map(&f.plan, "state"));
	assert_non_null(plan_map(&f.plan, ".bss"));
	fixture_close(&f);
	assert_true(plan_of(&f, &o, false, NULL) == 0);
	assert_non_null(strstr(f.plan.advice, "--map calls=counter shows one of them"));
	fixture_close(&f);
	assert_true(plan_of(&f, &o, false, wrong) < 0);
	assert_non_null(strstr(f.err.msg, "no map 'cals'"));
}

static void test_plan_exports_globals(void **state)
{
	FIXTURE(f);
	struct obj_map map = {
		"m", ".maps", BPF_MAP_TYPE_HASH, 4, (uint32_t)f.u32, (uint32_t)f.u64
	};
	struct obj_var vars[] = {
		{ "other", ".bss", (uint32_t)f.u64, 8, NULL },
		{ "total", ".bss", (uint32_t)f.u64, 8, NULL },
		{ "seen", ".data", (uint32_t)f.stats, 24, "\1" },
	};
	struct obj o = { .btf = f.btf,
			 .maps = &map,
			 .nmaps = 1,
			 .progs = a_prog,
			 .nprogs = 1,
			 .vars = vars,
			 .nvars = 3 };
	uint8_t stats[24] = { 1 };
	const struct map_plan *m;

	vars[2].bytes = stats;
	btf__add_decl_tag(f.btf, "bombus:counter", obj_declare_var(f.btf, &vars[1]), -1);
	btf__add_decl_tag(f.btf, "bombus:help:all", obj_declare_var(f.btf, &vars[1]), -1);
	btf__add_decl_tag(f.btf, "bombus:gauge", obj_declare_var(f.btf, &vars[2]), -1);
	if (plan_of(&f, &o, true, NULL))
		fail_msg("%s", f.err.msg);
	m = get(&f, "total");
	assert_int_equal(m->role, ROLE_COUNTER);
	assert_int_equal(m->source, SOURCE_GLOBALS);
	assert_string_equal(m->backing_symbol, ".bss");
	assert_string_equal(m->help, "all");
	assert_int_equal(m->value_bytes, 16);
	assert_int_equal(m->max_entries, 1);
	assert_false(m->has_key);
	assert_true(m->exported);
	assert_int_equal(m->value.size_bytes, 16);
	assert_int_equal(m->value.fields[0].off_bits, 64); /* where the variable stands */
	m = get(&f, "seen");
	assert_int_equal(m->role, ROLE_GAUGE);
	assert_string_equal(m->backing_symbol, ".data");
	assert_int_equal(m->value.nfields, 2);
	assert_non_null(bpf_object__find_map_by_name(f.obj, m->backing_symbol));
	assert_null(plan_map(&f.plan, "other"));
}

static void test_plan_finds_iterators(void **state)
{
	FIXTURE(f);
	static const struct obj_prog progs[] = { { "dump", "iter/task" }, { "plain", "iter/tcp" } };
	static const struct plan_role gauge[] = { { "dump", ROLE_GAUGE, NULL } };
	struct obj_var vars[] = { { "bombus_iter___dump", ".bss", 0, 8, NULL },
				  { "bombus_iter___gone", ".bss", 0, 8, NULL } };
	struct obj o = { .btf = f.btf, .progs = progs, .nprogs = 2, .vars = vars, .nvars = 2 };
	const struct map_plan *m;

	vars[0].type = (uint32_t)btf__add_ptr(f.btf, btf__add_const(f.btf, f.event));
	vars[1].type = vars[0].type;
	if (plan_of(&f, &o, false, NULL))
		fail_msg("%s", f.err.msg);
	m = get(&f, "dump");
	assert_int_equal(m->role, ROLE_EVENTS);
	assert_int_equal(m->source, SOURCE_ITER);
	assert_string_equal(f.plan.progs[m->prog].name, "dump");
	assert_string_equal(m->value.type_name, "event");
	assert_null(m->backing_symbol);
	assert_null(plan_map(&f.plan, "plain"));
	plan_release(&f.plan);
	assert_int_equal(plan_compile(&f.plan, f.obj, &f.image,
				      &(struct plan_opts){ .roles = gauge, .nroles = 1 }, NULL),
			 0);
	assert_int_equal(get(&f, "dump")->role, ROLE_GAUGE);
}

static void add_func(struct btf *btf, const char *name, const char *const *tags)
{
	int func = btf__add_func(btf, name, BTF_FUNC_GLOBAL, btf__add_func_proto(btf, 0));

	for (; *tags; tags++)
		btf__add_decl_tag(btf, *tags, func, -1);
}

static void test_plan_reads_tags_of_programs(void **state)
{
	FIXTURE(f);
	static const struct obj_prog progs[] = { { "first", "iter/tcp" },
						 { "often", "iter/bpf_map_elem" },
						 { "set", "cgroup/sock_release" },
						 { "plain", "iter/udp" } };
	struct obj_map map = {
		"m", ".maps", BPF_MAP_TYPE_HASH, 4, (uint32_t)f.u32, (uint32_t)f.u64
	};
	struct obj o = {
		.btf = f.btf, .maps = &map, .nmaps = 1, .progs = progs, .nprogs = ARRAY_LEN(progs)
	};
	const struct prog_plan *p;

	btf__add_decl_tag(f.btf, "bombus:plain_names", obj_declare_map(f.btf, &map), -1);
	add_func(f.btf, "first", (const char *const[]){ "bombus:at_start", NULL });
	add_func(f.btf, "often", (const char *const[]){ "bombus:at_sweep", "bombus:over:m", NULL });
	add_func(f.btf, "set", (const char *const[]){ "bombus:attach:/", NULL });
	add_func(f.btf, "plain", (const char *const[]){ "bombus:statistics", NULL });
	if (plan_of(&f, &o, false, NULL))
		fail_msg("%s", f.err.msg);
	assert_true(f.plan.statistics);
	assert_true(get(&f, "m")->plain_names);
	p = plan_prog(&f.plan, "first");
	assert_int_equal(p->walk, WALK_START);
	assert_null(p->iter_map);
	p = plan_prog(&f.plan, "often");
	assert_int_equal(p->walk, WALK_SWEEP);
	assert_string_equal(p->iter_map, "m");
	p = plan_prog(&f.plan, "set");
	assert_int_equal(p->walk, WALK_NONE);
	assert_string_equal(p->preset, "/");
	p = plan_prog(&f.plan, "plain");
	assert_int_equal(p->walk, WALK_NONE);
	assert_null(p->preset);
}

static void test_plan_programs_and_alternatives(void **state)
{
	FIXTURE(f);
	static const struct obj_prog progs[] = {
		{ "connect___fentry", "fentry/tcp_v4_connect" },
		{ "connect___kprobe", "kprobe/tcp_v4_connect" },
		{ "exit", "tp/sched/sched_process_exit" },
		{ "pkt", "xdp" },
		{ "off___a", "?kprobe/x" },
		{ "off___b", "kprobe/y" },
		{ "___odd", "uprobe//bin/sh:main" },
	};
	static const struct {
		const char *job, *section, *type, *target;
		bool needs;
		enum prog_state state;
	} want[] = {
		{ "connect", "fentry/tcp_v4_connect", "fentry", "tcp_v4_connect", false,
		  PROG_WANTED },
		{ "connect", "kprobe/tcp_v4_connect", "kprobe", "tcp_v4_connect", false,
		  PROG_STANDBY },
		{ "exit", "tp/sched/sched_process_exit", "tracepoint", "sched/sched_process_exit",
		  false, PROG_WANTED },
		{ "pkt", "xdp", "xdp", NULL, true, PROG_WANTED },
		{ "off", "kprobe/x", "kprobe", "x", false, PROG_OFF },
		{ "off", "kprobe/y", "kprobe", "y", false, PROG_WANTED },
		{ "___odd", "uprobe//bin/sh:main", "uprobe", "/bin/sh:main", false, PROG_WANTED },
	};
	struct obj_map map = {
		"m", ".maps", BPF_MAP_TYPE_HASH, 4, (uint32_t)f.u32, (uint32_t)f.u64
	};
	struct obj o = { .btf = f.btf,
			 .maps = &map,
			 .nmaps = 1,
			 .progs = progs,
			 .nprogs = ARRAY_LEN(progs),
			 .license = "GPL" };

	if (plan_of(&f, &o, false, NULL))
		fail_msg("%s", f.err.msg);
	assert_string_equal(f.plan.license, "GPL");
	assert_int_equal(f.plan.nprogs, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct prog_plan *p = plan_prog(&f.plan, progs[i].name);

		assert_non_null(p);
		assert_string_equal(p->job, want[i].job);
		assert_string_equal(p->section, want[i].section);
		assert_string_equal(p->type, want[i].type);
		if (want[i].target)
			assert_string_equal(p->target, want[i].target);
		else
			assert_null(p->target);
		assert_int_equal(p->needs_target, want[i].needs);
		if (p->first_state != want[i].state)
			fail_msg("%s: state %u", p->name, p->first_state);
		assert_int_equal(p->off_reason != NULL, want[i].state == PROG_OFF);
	}
	assert_null(plan_prog(&f.plan, "none"));
}

static void test_plan_lists_params(void **state)
{
	FIXTURE(f);
	struct btf *b = f.btf;
	int cv64 = btf__add_const(b, btf__add_volatile(b, f.u64));
	int cvpid = btf__add_const(b, btf__add_volatile(b, f.pid));
	int chr = btf__find_by_name(b, "char");
	int text = btf__add_array(b, f.s32, btf__add_const(b, btf__add_volatile(b, chr)), 8);
	struct obj_var vars[] = {
		{ "zeta", ".rodata", (uint32_t)cv64, 8, "\7\0\0\0\0\0\0" },
		{ "who", ".rodata", (uint32_t)text, 8, "me\x1b\0\0\0\0" },
		{ "only", ".rodata", (uint32_t)cvpid, 4, "\xff\xff\xff\xff" },
		{ "table", ".rodata", (uint32_t)btf__add_const(b, f.u64), 8, NULL },
		{ "bombus_inner", ".rodata", (uint32_t)cv64, 8, NULL },
		{ "cfg", ".rodata", (uint32_t)btf__add_const(b, btf__add_volatile(b, f.stats)), 24,
		  NULL },
	};
	struct obj o = { .btf = b, .progs = a_prog, .nprogs = 1, .vars = vars, .nvars = 6 };
	const struct param *p;

	btf__add_decl_tag(b, "bombus:param", obj_declare_var(b, &vars[0]), -1);
	btf__add_decl_tag(b, "bombus:help:the last", obj_declare_var(b, &vars[0]), -1);
	if (plan_of(&f, &o, false, NULL))
		fail_msg("%s", f.err.msg);
	assert_int_equal(f.plan.nparams, 3);
	p = &f.plan.params[0];
	assert_string_equal(p->name, "zeta");
	assert_true(p->tagged);
	assert_string_equal(p->help, "the last");
	assert_string_equal(p->type_name, "__u64");
	assert_string_equal(p->default_text, "7");
	p = plan_param(&f.plan, "only");
	assert_ptr_equal(p, &f.plan.params[1]);
	assert_string_equal(p->type_name, "pid_t");
	assert_string_equal(p->default_text, "-1");
	assert_int_equal(p->section_off_bytes, 16);
	assert_int_equal(p->size_bytes, 4);
	assert_int_equal(p->field.off_bits, 0);
	p = plan_param(&f.plan, "who");
	assert_string_equal(p->type_name, "char[8]");
	assert_string_equal(p->default_text, "me?");
}

static void test_plan_keeps_maps_in_maps_internal(void **state)
{
	FIXTURE(f);
	struct obj_map maps[] = {
		{ "inner", ".maps", BPF_MAP_TYPE_ARRAY, 1, (uint32_t)f.u32, (uint32_t)f.u64 },
		{ "outer", ".maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 2, .inner = { "inner", "inner" } },
	};

	plan_ok(&f, maps, 2, true, NULL);
	assert_int_equal(get(&f, "outer")->role, ROLE_INTERNAL);
	assert_int_equal(get(&f, "outer")->source, SOURCE_NONE);
}

static void test_plan_words_for_roles_and_types(void **state)
{
	for (int role = ROLE_INTERNAL; role <= ROLE_SPANS; role++)
		assert_int_equal(map_role_parse(map_role_name((enum map_role)role)), role);
	assert_int_equal(map_role_parse("hist"), ROLE_HISTOGRAM);
	assert_int_equal(map_role_parse("print"), ROLE_EVENTS);
	assert_int_equal(map_role_parse("event"), -EINVAL);
	assert_string_equal(map_type_name(BPF_MAP_TYPE_RINGBUF), "ringbuf");
	assert_string_equal(map_type_name(BPF_MAP_TYPE_HASH), "hash");
	assert_string_equal(map_type_name(BPF_MAP_TYPE_STACK), "stack");
	assert_string_equal(map_type_name(BPF_MAP_TYPE_LRU_PERCPU_HASH), "lru_percpu_hash");
	assert_string_equal(map_type_name(BPF_MAP_TYPE_TASK_STORAGE), "task_storage");
	assert_string_equal(map_type_name(99), "type 99");
	assert_string_equal(map_type_name(0), "iterator");
}

/* Definitions of five numbers become maps as BTF describes them. */
static void test_plan_reads_legacy_maps(void **state)
{
	static const uint32_t defs[][5] = {
		{ BPF_MAP_TYPE_ARRAY, 4, 8, 7, 0 },
		{ BPF_MAP_TYPE_HASH, 12, 4, 100, BPF_F_NO_PREALLOC },
		{ BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0, 0 },
	};
	FIXTURE(f);
	const int def = btf__add_struct(f.btf, "bpf_map_def", 20);
	static const char *const members[] = { "type", "key_size", "value_size", "max_entries",
					       "map_flags" };
	const struct map_plan *m;

	for (uint32_t i = 0; i < 5; i++)
		btf__add_field(f.btf, members[i], f.u32, i * 32, 0);
	{
		const struct obj_var vars[] = { { "old", "maps", (uint32_t)def, 20, defs[0] },
						{ "by_key", "maps", (uint32_t)def, 20, defs[1] },
						{ "perf", "maps", (uint32_t)def, 20, defs[2] } };
		const struct obj_map today = { "today", ".maps",	 BPF_MAP_TYPE_HASH,
					       16,	(uint32_t)f.key, (uint32_t)f.u64 };
		struct obj o = { .btf = f.btf,
				 .progs = a_prog,
				 .nprogs = 1,
				 .maps = &today,
				 .nmaps = 1,
				 .vars = vars,
				 .nvars = 3 };

		if (plan_of(&f, &o, true, NULL))
			fail_msg("%s", f.err.msg);
	}
	assert_int_equal(f.plan.nmaps, 4);
	m = get(&f, "old");
	assert_int_equal(m->type, BPF_MAP_TYPE_ARRAY);
	assert_int_equal(m->max_entries, 7);
	assert_true(m->has_value);
	assert_int_equal(m->value.fields[0].size_bits, 64);
	m = get(&f, "by_key");
	assert_int_equal(m->key.fields[0].kind, KIND_BYTES);
	assert_int_equal(m->key_bytes, 12);
	assert_int_equal(m->value.fields[0].size_bits, 32);
	m = get(&f, "perf");
	assert_int_equal(m->source, SOURCE_PERF);
	assert_false(m->has_value);
	assert_int_equal(get(&f, "today")->max_entries, 16);
}

/* case: igtypes, B5: another tool's way of saying what its maps, members and iterators are. */
static void test_plan_knows_gadgets(void **state)
{
	FIXTURE(f);
	struct btf *b = f.btf;
	const int slot = btf__add_typedef(b, "gadget_histogram_slot__u32", f.u32);
	const int counter = btf__add_typedef(b, "gadget_counter__u64", f.u64);
	const int gauge = btf__add_typedef(b, "gadget_gauge__u32", f.u32);
	const int list = btf__add_array(b, f.u32, slot, 27);
	int hval, cval;
	static const struct obj_prog progs[] = { { "dump", "iter/bpf_map_elem" },
						 { "tasks", "iter/task" },
						 { "drop", "classifier/ingress/drop" },
						 { "see", "socket1" },
						 { "walk", "iter/task" } };
	static const char *const vars[] = { "gadget_mapiter_blockio___hists",
					    "gadget_mapiter_stats___stats",
					    "gadget_iter_all___event___other___tasks",
					    "gadget_snapshotter_d___key___dump",
					    "gadget_mapelem_iter_target_dump___stats" };
	struct obj_map maps[2];
	struct obj o = { .btf = b, .maps = maps, .nmaps = 2, .progs = progs, .nprogs = 5 };
	const struct map_plan *m;

	hval = btf__add_struct(b, "hval", 108);
	btf__add_field(b, "latency", list, 0, 0);
	cval = btf__add_struct(b, "cval", 16);
	btf__add_field(b, "calls", counter, 0, 0);
	btf__add_field(b, "level", gauge, 64, 0);
	for (size_t i = 0; i < ARRAY_LEN(vars); i++)
		btf__add_var(b, vars[i], BTF_VAR_GLOBAL_ALLOCATED, f.u64);
	maps[0] = (struct obj_map){ "hists", ".maps",	      BPF_MAP_TYPE_HASH,
				    64,	     (uint32_t)f.key, (uint32_t)hval };
	maps[1] = (struct obj_map){ "stats", ".maps",	      BPF_MAP_TYPE_HASH,
				    64,	     (uint32_t)f.key, (uint32_t)cval };
	if (plan_of(&f, &o, false, NULL))
		fail_msg("%s", f.err.msg);
	assert_int_equal(get(&f, "hists")->role, ROLE_HISTOGRAM);
	m = get(&f, "stats");
	assert_int_equal(m->role, ROLE_GAUGE);
	assert_int_equal(m->value.fields[0].tags, TAG_COUNTER);
	assert_int_equal(m->value.fields[1].tags, TAG_GAUGE);
	assert_string_equal(get(&f, "tasks")->value.type_name, "event");
	assert_string_equal(get(&f, "dump")->value.type_name, "key");
	assert_string_equal(plan_prog(&f.plan, "dump")->iter_map, "stats");
	assert_null(plan_map(&f.plan, "walk"));
	assert_false(plan_prog(&f.plan, "see")->needs_target); /* all interfaces */
	assert_string_equal(plan_prog(&f.plan, "drop")->type, "tc");
}

/* Programs for one hook by two mechanisms are alternatives where their names say so. */
static void test_plan_twins_are_alternatives(void **state)
{
	static const struct obj_prog progs[] = {
		{ "sched_switch_btf", "tp_btf/sched_switch" },
		{ "sched_switch_raw", "raw_tp/sched_switch" },
		{ "handle_sched_wakeup", "raw_tp/sched_wakeup" },
		{ "sched_wakeup", "tp_btf/sched_wakeup" },
		{ "vfs_open_fentry", "fentry/vfs_open" },
		{ "kprobe_vfs_open", "kprobe/vfs_open" },
		{ "vfs_open_fexit", "fexit/vfs_open" },
		{ "on_exit", "tp_btf/sched_process_exit" },
		{ "count_exits", "raw_tp/sched_process_exit" },
		{ "one", "raw_tp/sys_exit" },
		{ "two", "raw_tp/sys_exit" },
	};
	static const char *const other[] = { "sched_switch_raw", "sched_wakeup",
					     "kprobe_vfs_open" };
	static const char *const of[] = { "sched_switch_btf", "handle_sched_wakeup",
					  "vfs_open_fentry" };
	FIXTURE(f);
	struct obj o = { .btf = f.btf, .progs = progs, .nprogs = ARRAY_LEN(progs) };
	uint32_t standby = 0;

	if (plan_of(&f, &o, false, NULL))
		fail_msg("%s", f.err.msg);
	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		assert_string_equal(plan_prog(&f.plan, of[i])->job,
				    plan_prog(&f.plan, other[i])->job);
	for (uint32_t i = 0; i < f.plan.nprogs; i++)
		standby += f.plan.progs[i].first_state == PROG_STANDBY;
	assert_int_equal(standby, 3);
	assert_true(
		prog_same_hook(plan_prog(&f.plan, "on_exit"), plan_prog(&f.plan, "count_exits")));
	assert_false(prog_same_hook(plan_prog(&f.plan, "one"), plan_prog(&f.plan, "two")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_roles),
		cmocka_unit_test(test_plan_words_come_first),
		cmocka_unit_test(test_plan_words_know_both_names),
		cmocka_unit_test(test_plan_words_give_types),
		cmocka_unit_test(test_plan_suggests_map_names),
		cmocka_unit_test(test_plan_refuses_roles),
		cmocka_unit_test(test_plan_recognises_histograms),
		cmocka_unit_test(test_plan_links_lost_maps),
		cmocka_unit_test(test_plan_keeps_names_apart),
		cmocka_unit_test(test_plan_names_keys),
		cmocka_unit_test(test_plan_reads_map_tags),
		cmocka_unit_test(test_plan_reads_tags_of_programs),
		cmocka_unit_test(test_plan_shows_all_where_nothing_has_a_role),
		cmocka_unit_test(test_plan_says_why_it_shows_nothing),
		cmocka_unit_test(test_plan_names_a_buffer_that_is_left_out),
		cmocka_unit_test(test_plan_takes_names_of_the_command_line),
		cmocka_unit_test(test_plan_exports_globals),
		cmocka_unit_test(test_plan_shows_variables_that_are_named),
		cmocka_unit_test(test_plan_finds_iterators),
		cmocka_unit_test(test_plan_programs_and_alternatives),
		cmocka_unit_test(test_plan_lists_params),
		cmocka_unit_test(test_plan_keeps_maps_in_maps_internal),
		cmocka_unit_test(test_plan_words_for_roles_and_types),
		cmocka_unit_test(test_plan_reads_legacy_maps),
		cmocka_unit_test(test_plan_knows_gadgets),
		cmocka_unit_test(test_plan_twins_are_alternatives),
	};

	libbpf_set_print(quiet);
	return cmocka_run_group_tests_name("load_plan", tests, NULL, NULL);
}
