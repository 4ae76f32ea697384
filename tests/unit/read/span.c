// SPDX-License-Identifier: Apache-2.0
/*
 * Spans from records: which member is what, every rule for what is missing, sampling, times. The
 * clock is made up, so that steps and sleep are exact: this file's clock_gettime() takes the place
 * of the C library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "runner/read/span/span.h"
#include "tests/support/read_fixture.h"

#define S 1000000000ULL
#define MONO (1000 * S)
#define SLEPT (500 * S)
#define REAL_AHEAD (1795165200 * S)
#define READ_AT 77777

static struct {
	uint64_t mono_ns, slept_ns, real_ns;
} fake = { MONO, SLEPT, REAL_AHEAD };

int clock_gettime(clockid_t id, struct timespec *ts)
{
	uint64_t ns = fake.mono_ns + (id == CLOCK_MONOTONIC ? 0 : fake.slept_ns) +
		      (id == CLOCK_REALTIME ? fake.real_ns : 0);

	*ts = (struct timespec){ .tv_sec = (time_t)(ns / S), .tv_nsec = (long)(ns % S) };
	return 0;
}

struct event {
	uint64_t time_ns;
	char name[8];
	uint32_t step;
};
struct link {
	uint8_t trace_id[16], span_id[8];
	uint8_t flags;
	uint32_t why;
};
struct rec {
	uint8_t trace_id[16], span_id[8], parent_id[8];
	uint64_t start, took;
	uint8_t flags;
	char name[12], service[8], message[12], state[8];
	uint32_t kind;
	int32_t status;
	uint64_t big;
	int64_t small;
	double ratio;
	float half;
	uint8_t yes;
	uint16_t list[3];
	uint64_t cgroup;
	char comm[8];
	uint8_t addr[4];
	uint64_t at;
	struct event events[2];
	struct link links[2];
};

static struct enum_name kind_values[] = { { 7, "MY_CLIENT" }, { 9, "consumer" }, { 11, "other" } };
static struct enum_names kind_enum = { .count = 3, .names = kind_values };

#define EVENT(i)                                                                                   \
	FIELD_NAMED("span_events." #i ".time_ns", struct rec, events[i].time_ns, KIND_UINT),       \
		FIELD_NAMED("span_events." #i ".name", struct rec, events[i].name, KIND_TEXT),     \
		FIELD_NAMED("span_events." #i ".step", struct rec, events[i].step, KIND_UINT)
#define LINK(i)                                                                                    \
	FIELD_NAMED("x.span_links." #i ".trace_id", struct rec, links[i].trace_id, KIND_BYTES),    \
		FIELD_NAMED("x.span_links." #i ".span_id", struct rec, links[i].span_id,           \
			    KIND_BYTES),                                                           \
		FIELD_NAMED("x.span_links." #i ".trace_flags", struct rec, links[i].flags,         \
			    KIND_UINT),                                                            \
		FIELD_NAMED("x.span_links." #i ".why", struct rec, links[i].why, KIND_UINT)

enum { F_TRACE, F_SPAN, F_PARENT, F_START, F_TOOK, F_FLAGS, F_NAME, F_SERVICE, F_MESSAGE, F_STATE };
enum { F_KIND = F_STATE + 1, F_STATUS, F_BIG };
static const struct field template[] = {
	FIELD_NAMED("base.trace_id", struct rec, trace_id, KIND_BYTES),
	FIELD_NAMED("base.span_id", struct rec, span_id, KIND_BYTES),
	FIELD_NAMED("base.parent_span_id", struct rec, parent_id, KIND_BYTES),
	FIELD_NAMED("base.span_monotonic_timestamp_ns", struct rec, start, KIND_UINT),
	FIELD_NAMED("base.span_duration_ns", struct rec, took, KIND_UINT),
	FIELD_NAMED("base.trace_flags", struct rec, flags, KIND_UINT),
	FIELD_NAMED("span_name", struct rec, name, KIND_TEXT),
	FIELD(struct rec, service, KIND_TEXT),
	FIELD_NAMED("span_status_message", struct rec, message, KIND_TEXT),
	FIELD_NAMED("trace_state", struct rec, state, KIND_TEXT),
	FIELD_NAMED("span_kind", struct rec, kind, KIND_UINT),
	FIELD_NAMED("span_status", struct rec, status, KIND_INT),
	FIELD(struct rec, big, KIND_UINT),
	FIELD(struct rec, small, KIND_INT),
	FIELD(struct rec, ratio, KIND_FLOAT),
	FIELD(struct rec, half, KIND_FLOAT),
	FIELD(struct rec, yes, KIND_BOOL),
	LIST(struct rec, list, KIND_UINT),
	FIELD(struct rec, cgroup, KIND_UINT, .meaning = MEAN_CGROUP),
	FIELD_NAMED("src.comm", struct rec, comm, KIND_TEXT),
	FIELD_NAMED("src.addr", struct rec, addr, KIND_UINT, .meaning = MEAN_IPV4),
	FIELD(struct rec, at, KIND_UINT, .meaning = MEAN_BOOTTIME_NS),
	EVENT(0),
	EVENT(1),
	LINK(0),
	LINK(1),
};

/* One test's world. */
struct world {
	struct field fields[ARRAY_LEN(template)];
	struct map_plan map;
	struct arena arena;
	struct span_plan plan;
	struct wallclock *clock;
	struct resolver *resolver;
	struct span_maker *maker;
	struct rec rec;
	struct record record;
	struct trace_span span;
	struct span_sampler sampler;
};

static void plan_again(struct world *w)
{
	span_plan_init(&w->plan, &w->arena, &w->map);
}

static int set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	fake.mono_ns = MONO;
	fake.slept_ns = SLEPT;
	fake.real_ns = REAL_AHEAD;
	memcpy(w->fields, template, sizeof(template));
	w->map = (struct map_plan){
		.name = "waits",
		.role = ROLE_SPANS,
		.has_value = true,
		.value = { .type_name = "rec",
			   .fields = w->fields,
			   .nfields = ARRAY_LEN(template),
			   .size_bytes = sizeof(struct rec) },
	};
	plan_again(w);
	w->clock = wallclock_new();
	w->resolver = resolver_new(w->clock);
	w->sampler = SPAN_SAMPLER_DEFAULT;
	w->maker = span_maker_new(&w->sampler, w->clock, w->resolver);
	memset(w->rec.trace_id, 0x11, 16);
	memset(w->rec.span_id, 0x22, 8);
	memset(w->rec.parent_id, 0x33, 8);
	w->rec.start = MONO + 5;
	w->rec.took = 100;
	w->rec.flags = 1;
	w->record = record_of(&w->map, NULL, &w->rec);
	w->record.time_ns = READ_AT;
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	span_maker_free(w->maker);
	resolver_free(w->resolver);
	wallclock_free(w->clock);
	arena_release(&w->arena);
	free(w);
	return 0;
}

static void make(struct world *w)
{
	assert_int_equal(span_make(w->maker, &w->plan, &w->record, &w->span), 0);
}

static void assert_text(struct span_text text, const char *want)
{
	assert_int_equal(text.len, strlen(want));
	assert_memory_equal(text.ptr, want, text.len);
}

static bool is_zero(const uint8_t *id, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (id[i])
			return false;
	return true;
}

static void hide(struct world *w, int field) /* as if it were not there */
{
	w->fields[field].path = "some.thing";
	plan_again(w);
}

static void test_span_members_and_attributes(void **state)
{
	static const char *const want[] = { "big",  "small",  "ratio",	  "half",     "yes",
					    "list", "cgroup", "src.comm", "src.addr", "at" };
	struct world *w = *state;
	const struct span_plan *p = &w->plan;

	assert_ptr_equal(p->trace_id.part[0], &w->fields[F_TRACE]);
	assert_ptr_equal(p->span_id.part[0], &w->fields[F_SPAN]);
	assert_ptr_equal(p->parent_id.part[0], &w->fields[F_PARENT]);
	assert_ptr_equal(p->start.field, &w->fields[F_START]);
	assert_int_equal(p->attrs.count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(p->attrs.all[i].name, want[i]);
	assert_int_equal(p->nevents, 2);
	assert_int_equal(p->events[1].attrs.count, 1);
	assert_string_equal(p->events[1].attrs.all[0].name, "step");
	assert_int_equal(p->nlinks, 2);
	assert_string_equal(p->links[0].attrs.all[0].name, "why");
	assert_non_null(p->cgroup);
	/* An event without a time is none, and leaves nothing behind for the next. */
	for (uint32_t i = 0; i < ARRAY_LEN(template); i++)
		if (streq(w->fields[i].path, "span_events.0.time_ns"))
			w->fields[i].path = "span_events.0.other";
	plan_again(w);
	assert_int_equal(p->nevents, 1);
	assert_int_equal(p->events[0].attrs.count, 1);
	assert_ptr_equal(p->events[0].name, layout_find(&w->map.value, "span_events.1.name"));
	/* What is hidden is none; what is of no possible type is one. */
	w->fields[F_BIG].tags = TAG_HIDE;
	w->fields[F_TRACE].size_bits = 32;
	plan_again(w);
	assert_string_equal(p->attrs.all[0].name, "base.trace_id");
	assert_string_equal(p->attrs.all[1].name, "small");
	assert_int_equal(p->trace_id.nparts, 0);
}

static void test_span_ids_as_given(void **state)
{
	struct world *w = *state;

	make(w);
	assert_memory_equal(w->span.trace_id, w->rec.trace_id, 16);
	assert_memory_equal(w->span.span_id, w->rec.span_id, 8);
	assert_memory_equal(w->span.parent_id, w->rec.parent_id, 8);
	assert_false(w->span.is_root);
	/* One byte is enough not to be zero. */
	memset(w->rec.trace_id, 0, 16);
	w->rec.trace_id[15] = 1;
	make(w);
	assert_memory_equal(w->span.trace_id, w->rec.trace_id, 16);
}

static void test_span_missing_ids(void **state)
{
	struct world *w = *state;
	uint8_t before[16];

	memset(w->rec.span_id, 0, 8);
	memset(w->rec.parent_id, 0, 8);
	make(w);
	assert_false(is_zero(w->span.span_id, 8));
	assert_true(w->span.is_root);
	assert_true(is_zero(w->span.parent_id, 8));

	memset(w->rec.trace_id, 0, 16);
	assert_int_equal(span_make(w->maker, &w->plan, &w->record, &w->span), -EINVAL);
	assert_int_equal(span_maker_counts(w->maker).invalid, 1);
	assert_int_equal(span_maker_counts(w->maker).made, 1);

	hide(w, F_TRACE);
	hide(w, F_SPAN);
	hide(w, F_PARENT);
	make(w);
	memcpy(before, w->span.trace_id, 16);
	assert_false(is_zero(before, 16));
	assert_true(w->span.is_root);
	make(w);
	assert_memory_not_equal(before, w->span.trace_id, 16);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_span_new_ids_differ(void **state)
{
	enum { N = 100000 };
	struct world *w = *state;
	struct span_maker *other = span_maker_new(&w->sampler, w->clock, w->resolver);
	_cleanup_free_ uint64_t *ids = xcalloc(2 * N, sizeof(*ids));
	uint8_t trace[16], any[16] = { 0 };

	for (uint32_t i = 0; i < N; i++) {
		span_new_span_id(w->maker, (uint8_t *)&ids[2 * i]);
		span_new_span_id(other, (uint8_t *)&ids[2 * i + 1]);
	}
	qsort(ids, 2 * N, sizeof(*ids), compare_u64);
	for (uint32_t i = 1; i < 2 * N; i++)
		assert_true(ids[i] != ids[i - 1]);
	assert_true(ids[0] != 0);
	for (int i = 0; i < 64; i++) {
		span_new_trace_id(w->maker, trace);
		for (int k = 0; k < 16; k++)
			any[k] |= trace[k];
	}
	for (int k = 0; k < 16; k++) /* no byte is a constant */
		assert_int_not_equal(any[k], 0);
	span_maker_free(other);
}

/* The members of the exporter that these names come from. */
static void test_span_base_of_halves(void **state)
{
	struct base {
		uint64_t hi, lo, parent, span, start, took;
	} rec = { 1, 2, 3, 4, MONO, 50 };
	struct field fields[] = {
		FIELD_NAMED("span_base.parent.trace_id_hi", struct base, hi, KIND_UINT),
		FIELD_NAMED("span_base.parent.trace_id_lo", struct base, lo, KIND_UINT),
		FIELD_NAMED("span_base.parent.span_id", struct base, parent, KIND_UINT),
		FIELD_NAMED("span_base.span_id", struct base, span, KIND_UINT),
		FIELD_NAMED("span_base.span_monotonic_timestamp_ns", struct base, start, KIND_UINT),
		FIELD_NAMED("span_base.span_duration_ns", struct base, took, KIND_UINT),
	};
	struct world *w = *state;

	w->map.value = (struct layout){ .fields = fields, .nfields = 6, .size_bytes = sizeof(rec) };
	plan_again(w);
	w->record = record_of(&w->map, NULL, &rec);
	make(w);
	assert_memory_equal(w->span.trace_id, &rec.hi, 16);
	assert_memory_equal(w->span.parent_id, &rec.parent, 8);
	assert_memory_equal(w->span.span_id, &rec.span, 8);
	assert_int_equal(w->plan.attrs.count, 0);
	rec.hi = rec.lo = 0;
	assert_int_equal(span_make(w->maker, &w->plan, &w->record, &w->span), -EINVAL);
	assert_int_equal(span_trace_id(&w->map).nparts, 2);
	/* One half is no id, and stays what it is. */
	w->map.value.nfields = 1;
	plan_again(w);
	assert_int_equal(w->plan.trace_id.nparts, 0);
	assert_int_equal(w->plan.attrs.count, 1);
}

static void test_span_times(void **state)
{
	struct world *w = *state;

	make(w);
	assert_int_equal(w->span.start_ns, MONO + 5 + SLEPT + REAL_AHEAD);
	assert_int_equal(w->span.end_ns, w->span.start_ns + 100);
	/* A name goes with a clock, a type stands over it. */
	w->fields[F_START].path = "span_boottime_timestamp_ns";
	plan_again(w);
	make(w);
	assert_int_equal(w->span.start_ns, MONO + 5 + REAL_AHEAD);
	w->fields[F_START].meaning = MEAN_UNIX_NS;
	plan_again(w);
	make(w);
	assert_int_equal(w->span.start_ns, MONO + 5);
	/* Without the names: the first point in time. */
	w->fields[F_START].meaning = MEAN_KTIME_NS;
	hide(w, F_START);
	make(w);
	assert_int_equal(w->span.start_ns, MONO + 5 + SLEPT + REAL_AHEAD);
	/* None: it ended when it was read. */
	w->rec.start = 0;
	make(w);
	assert_int_equal(w->span.start_ns, READ_AT - 100);
	assert_int_equal(w->span.end_ns, READ_AT);
	/* Units, none, and more than there is. */
	w->fields[F_TOOK].meaning = MEAN_DURATION_US;
	w->rec.start = MONO;
	plan_again(w);
	make(w);
	assert_int_equal(w->span.end_ns - w->span.start_ns, 100000);
	w->rec.took = INT64_MAX;
	make(w);
	assert_true(w->span.end_ns == UINT64_MAX);
	w->rec.took = (uint64_t)-5; /* it ended before it began */
	make(w);
	assert_int_equal(w->span.end_ns, w->span.start_ns);
	hide(w, F_TOOK);
	make(w);
	assert_int_equal(w->span.end_ns, w->span.start_ns);
}

/* A span keeps the clock of its start, however late it is read, and its length. */
static void test_span_times_across_steps(void **state)
{
	struct world *w = *state;

	w->rec.start = MONO - S;
	w->rec.took = 10 * S;
	fake.mono_ns += 5 * S;
	fake.real_ns += 3600 * S; /* somebody sets the clock */
	wallclock_refresh(w->clock);
	fake.mono_ns += 4 * S;
	make(w);
	assert_int_equal(w->span.start_ns, MONO - S + SLEPT + REAL_AHEAD);
	assert_int_equal(w->span.end_ns - w->span.start_ns, 10 * S);
	w->rec.start = fake.mono_ns;
	make(w);
	assert_int_equal(w->span.start_ns, fake.mono_ns + SLEPT + REAL_AHEAD + 3600 * S);

	fake.slept_ns += 7200 * S; /* the machine sleeps */
	wallclock_refresh(w->clock);
	fake.mono_ns += S;
	w->rec.start = fake.mono_ns;
	make(w);
	assert_int_equal(w->span.start_ns, fake.mono_ns + SLEPT + REAL_AHEAD + 3600 * S + 7200 * S);
	w->rec.start = MONO + S;
	make(w);
	assert_int_equal(w->span.start_ns, MONO + S + SLEPT + REAL_AHEAD);
}

static void test_span_name_and_service(void **state)
{
	struct world *w = *state;

	make(w);
	assert_text(w->span.name, "waits");
	assert_text(w->span.service, "");
	w->map.span = "wait";
	w->map.service = "sched";
	make(w);
	assert_text(w->span.name, "wait");
	assert_text(w->span.service, "sched");
	assert_false(w->span.service_is_member);
	memcpy(w->rec.name, "twelve bytes", 12); /* no NUL */
	memcpy(w->rec.service, "api", 3);
	memcpy(w->rec.state, "a=b", 3);
	make(w);
	assert_text(w->span.name, "twelve bytes");
	assert_text(w->span.service, "api");
	assert_true(w->span.service_is_member);
	assert_text(w->span.trace_state, "a=b");
	/* A name that is no text in the record. */
	w->fields[F_NAME] = (struct field)FIELD_NAMED("span_name", struct rec, status, KIND_INT,
						      .meaning = MEAN_SYSCALL);
	hide(w, F_STATUS);
	w->rec.status = -77;
	make(w);
	assert_text(w->span.name, "-77");
}

static void assert_status(struct world *w, int32_t value, uint8_t status, const char *message)
{
	w->rec.status = value;
	make(w);
	assert_int_equal(w->span.status, status);
	assert_text(w->span.status_message, message);
}

static void test_span_kind_and_status(void **state)
{
	static const uint8_t kinds[] = { 1, 1, 2, 3, 4, 5, 1 };
	struct world *w = *state;

	for (uint32_t i = 0; i < ARRAY_LEN(kinds); i++) {
		w->rec.kind = i;
		make(w);
		assert_int_equal(w->span.kind, kinds[i]);
	}
	w->fields[F_KIND].kind = KIND_ENUM;
	w->fields[F_KIND].enums = &kind_enum;
	for (uint32_t i = 0; i < 3; i++) {
		static const uint8_t want[] = { SPAN_KIND_CLIENT, SPAN_KIND_CONSUMER,
						SPAN_KIND_INTERNAL };

		w->rec.kind = (uint32_t)kind_values[i].value;
		make(w);
		assert_int_equal(w->span.kind, want[i]);
	}
	assert_status(w, 0, SPAN_STATUS_UNSET, "");
	assert_status(w, 1, SPAN_STATUS_OK, "");
	assert_status(w, 2, SPAN_STATUS_ERROR, "");
	assert_status(w, 3, SPAN_STATUS_UNSET, "");
	assert_status(w, -2, SPAN_STATUS_ERROR, "ENOENT");
	memcpy(w->rec.message, "broken", 6);
	assert_status(w, -2, SPAN_STATUS_ERROR, "broken");
	assert_status(w, 2, SPAN_STATUS_ERROR, "broken");
	assert_status(w, 1, SPAN_STATUS_OK, "");
	memset(w->rec.message, 0, 6);
	w->fields[F_STATUS].meaning = MEAN_ERRNO;
	assert_status(w, 0, SPAN_STATUS_UNSET, "");
	assert_status(w, 2, SPAN_STATUS_ERROR, "ENOENT");
	assert_status(w, -111, SPAN_STATUS_ERROR, "ECONNREFUSED");
	w->fields[F_STATUS] = (struct field)FIELD_NAMED("span_status", struct rec, comm, KIND_TEXT);
	plan_again(w);
	memcpy(w->rec.comm, "error", 5);
	assert_status(w, 0, SPAN_STATUS_ERROR, "");
	memcpy(w->rec.comm, "terror", 6);
	assert_status(w, 0, SPAN_STATUS_UNSET, "");
}

static struct attr_value value_of(struct world *w, const char *name, uint32_t i)
{
	static char room[65536];
	struct attr_value value = { 0 };

	assert_true(w->plan.text_max <= sizeof(room));
	for (uint32_t k = 0; k < w->plan.attrs.count; k++)
		if (streq(w->plan.attrs.all[k].name, name)) {
			if (!attr_read(&w->plan.attrs.all[k], &w->rec, i, room, w->resolver,
				       &value))
				value.type = UINT8_MAX;
			return value;
		}
	fail_msg("no attribute %s", name);
	return value;
}

static void assert_attr_text(struct world *w, const char *name, const char *want)
{
	struct attr_value v = value_of(w, name, 0);

	assert_int_equal(v.type, ATTR_TEXT);
	assert_text((struct span_text){ v.text.ptr, v.text.len }, want);
}

static void test_span_attribute_types(void **state)
{
	struct world *w = *state;

	w->rec.big = INT64_MAX;
	assert_true(value_of(w, "big", 0).i == INT64_MAX);
	w->rec.big++;
	assert_attr_text(w, "big", "9223372036854775808");
	w->rec.small = INT64_MIN;
	assert_int_equal(value_of(w, "small", 0).type, ATTR_INT);
	assert_true(value_of(w, "small", 0).i == INT64_MIN);
	w->rec.ratio = 0.25;
	w->rec.half = 0.5f;
	assert_int_equal(value_of(w, "ratio", 0).type, ATTR_DOUBLE);
	assert_true(value_of(w, "ratio", 0).d == 0.25);
	assert_true(value_of(w, "half", 0).d == 0.5);
	w->rec.yes = 1;
	assert_int_equal(value_of(w, "yes", 0).type, ATTR_BOOL);
	assert_true(value_of(w, "yes", 0).b);
	w->rec.list[2] = 65535;
	assert_int_equal(value_of(w, "list", 0).i, 0);
	assert_int_equal(value_of(w, "list", 2).i, 65535);
	memcpy(w->rec.comm, "comm\0xyz", 8);
	assert_attr_text(w, "src.comm", "comm");
	memcpy(w->rec.addr, (uint8_t[]){ 10, 0, 0, 1 }, 4);
	assert_attr_text(w, "src.addr", "10.0.0.1");
	assert_int_equal(value_of(w, "at", 0).type, UINT8_MAX);
	w->rec.at = MONO;
	assert_int_equal(value_of(w, "at", 0).text.len, 30);
	w->fields[F_BIG].kind = KIND_ENUM;
	w->fields[F_BIG].enums = &kind_enum;
	w->rec.big = 11;
	plan_again(w);
	assert_attr_text(w, "big", "other");
}

static void test_span_text_cut_by_characters(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		size_t want;
	} cases[] = {
		{ "abc", 3, 3 },
		{ "abc", 2, 2 },
		{ "abc", 0, 0 },
		{ "abc", UINT64_MAX, 3 },
		{ "h\xc3\xa9j", 2, 3 },
		{ "h\xc3\xa9j", 1, 1 },
		{ "\xff\xfe\xc3\xa9", 3, 4 },
		{ "\xc3", 1, 1 },
		{ "", 5, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(attr_text_cut(cases[i].text, strlen(cases[i].text), cases[i].max),
				 cases[i].want);
}

static void test_span_events_and_links(void **state)
{
	struct world *w = *state;
	uint8_t id[16];

	assert_int_equal(span_event_time(w->maker, &w->plan.events[0], &w->rec), 0);
	w->rec.events[1] = (struct event){ MONO + 9, "retry", 3 };
	assert_int_equal(span_event_time(w->maker, &w->plan.events[1], &w->rec),
			 MONO + 9 + SLEPT + REAL_AHEAD);
	assert_text(span_text_read(w->maker, w->plan.events[1].name, &w->rec), "retry");
	assert_false(span_id_read(&w->plan.links[1].trace_id, &w->rec, id, 16));
	memset(w->rec.links[1].trace_id, 7, 16);
	assert_true(span_id_read(&w->plan.links[1].trace_id, &w->rec, id, 16));
	assert_memory_equal(id, w->rec.links[1].trace_id, 16);
	assert_false(span_id_read(&w->plan.links[1].span_id, &w->rec, id, 8));
}

static void test_span_sampler_words(void **state)
{
	static const struct {
		const char *name, *arg;
		int want;
		uint8_t kind;
		bool parent_based;
		uint64_t below;
	} cases[] = {
		{ "always_on", NULL, 0, SAMPLER_ON, false, 0 },
		{ "always_off", "0.5", 0, SAMPLER_OFF, false, 0 },
		{ "parentbased_always_on", NULL, 0, SAMPLER_ON, true, 0 },
		{ "parentbased_always_off", "", 0, SAMPLER_OFF, true, 0 },
		{ "traceidratio", "0.25", 0, SAMPLER_RATIO, false, 1ULL << 61 },
		{ "parentbased_traceidratio", "1e-1", 0, SAMPLER_RATIO, true, 922337203685477632 },
		{ "ParentBased_TraceIdRatio", "0.5", 0, SAMPLER_RATIO, true, 1ULL << 62 },
		{ "traceidratio", NULL, 0, SAMPLER_RATIO, false, 1ULL << 63 },
		{ "traceidratio", "0", 0, SAMPLER_RATIO, false, 0 },
		{ "traceidratio", "1.0", 0, SAMPLER_RATIO, false, 1ULL << 63 },
		/* What is wrong is as if it were not set, for who only warns. */
		{ "traceidratio", "1.5", -EINVAL, SAMPLER_RATIO, false, 1ULL << 63 },
		{ "traceidratio", "-0.1", -EINVAL, SAMPLER_RATIO, false, 1ULL << 63 },
		{ "traceidratio", "half", -EINVAL, SAMPLER_RATIO, false, 1ULL << 63 },
		{ "traceidratio", "nan", -EINVAL, SAMPLER_RATIO, false, 1ULL << 63 },
		{ "jaeger_remote", NULL, -EINVAL, SAMPLER_ON, true, 0 },
		{ "parentbased_jaeger_remote", NULL, -EINVAL, SAMPLER_ON, true, 0 },
	};
	struct span_sampler s;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(span_sampler_parse(&s, cases[i].name, cases[i].arg, &err),
				 cases[i].want);
		assert_int_equal(s.kind, cases[i].kind);
		assert_int_equal(s.parent_based, cases[i].parent_based);
		assert_true(s.below == cases[i].below);
	}
}

/* The last 8 bytes of the trace id, as a big-endian number without its lowest bit, below the
 * ratio's part of 2^63: what every SDK decides by. */
static void test_span_ratio_of_known_ids(void **state)
{
	static const struct {
		uint8_t id[16];
		const char *ratio;
		bool want;
	} cases[] = {
		{ { [8] = 0x80 }, "0.5", false },
		{ { [8] = 0x7f, [9] = 0xff }, "0.5", true },
		{ { [0] = 0xff, [7] = 0xff, [15] = 1 }, "0.000001", true }, /* the first half has
									     * no say */
		{ { [8] = 0x3f, [9] = 0xff, [15] = 0xff }, "0.25", true },
		{ { [8] = 0x40 }, "0.25", false },
		{ { [8] = 0xff, [9] = 0xff, [10] = 0xff, [15] = 0xff }, "1", true },
		{ { [15] = 1 }, "0", false },
		{ { [8] = 0x19, [9] = 0x99 }, "0.1", true },
		{ { [8] = 0x19, [9] = 0x9a }, "0.1", false },
	};
	struct span_sampler s;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(span_sampler_parse(&s, "traceidratio", cases[i].ratio, NULL), 0);
		assert_int_equal(span_sampled(&s, cases[i].id, false, false, false), cases[i].want);
	}
}

static void test_span_sampling_by_parent(void **state)
{
	static const uint8_t id[16] = { [15] = 9 };
	struct span_sampler s;

	assert_int_equal(span_sampler_parse(&s, "parentbased_always_off", NULL, NULL), 0);
	assert_true(span_sampled(&s, id, true, true, true));
	assert_false(span_sampled(&s, id, true, true, false));
	assert_false(span_sampled(&s, id, true, false, false)); /* not known: as a root */
	assert_false(span_sampled(&s, id, false, true, true));	/* a root has no parent's flag */
	assert_int_equal(span_sampler_parse(&s, "parentbased_always_on", NULL, NULL), 0);
	assert_false(span_sampled(&s, id, true, true, false));
	assert_true(span_sampled(&s, id, true, false, false));
	assert_int_equal(span_sampler_parse(&s, "always_on", NULL, NULL), 0);
	assert_true(span_sampled(&s, id, true, true, false));
}

static void test_span_unsampled_is_counted(void **state)
{
	struct world *w = *state;

	w->rec.flags = 0;
	assert_int_equal(span_make(w->maker, &w->plan, &w->record, &w->span), 1);
	memset(w->rec.parent_id, 0, 8); /* a root's own flag is not looked at */
	make(w);
	assert_int_equal(w->span.flags, TRACE_FLAG_SAMPLED);
	assert_int_equal(span_maker_counts(w->maker).unsampled, 1);
	assert_int_equal(span_maker_counts(w->maker).made, 1);
	memset(w->rec.parent_id, 3, 8);
	hide(w, F_FLAGS);
	make(w);
}

/* Whatever stands in a record: nothing outside it is read, no text is longer than its room. */
static void test_span_any_bytes(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *room = xmalloc(w->plan.text_max);
	struct attr_value value;
	uint64_t seed = 1;

	for (int round = 0; round < 2000; round++) {
		uint8_t *bytes = (uint8_t *)&w->rec;

		for (size_t i = 0; i < sizeof(w->rec); i++) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			bytes[i] = (uint8_t)(seed >> 56);
		}
		w->rec.flags |= 1;
		make(w);
		assert_true(w->span.end_ns >= w->span.start_ns);
		for (uint32_t i = 0; i < w->plan.attrs.count; i++) {
			const struct span_attr *attr = &w->plan.attrs.all[i];

			for (uint32_t k = 0; k < attr->field->count; k++)
				attr_read(attr, &w->rec, k, room, w->resolver, &value);
		}
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_span_members_and_attributes),
		TEST(test_span_ids_as_given),
		TEST(test_span_missing_ids),
		TEST(test_span_new_ids_differ),
		TEST(test_span_base_of_halves),
		TEST(test_span_times),
		TEST(test_span_times_across_steps),
		TEST(test_span_name_and_service),
		TEST(test_span_kind_and_status),
		TEST(test_span_attribute_types),
		cmocka_unit_test(test_span_text_cut_by_characters),
		TEST(test_span_events_and_links),
		cmocka_unit_test(test_span_sampler_words),
		cmocka_unit_test(test_span_ratio_of_known_ids),
		cmocka_unit_test(test_span_sampling_by_parent),
		TEST(test_span_unsampled_is_counted),
		TEST(test_span_any_bytes),
	};

	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
