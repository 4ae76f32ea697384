// SPDX-License-Identifier: Apache-2.0
/*
 * Spans as OTLP requests: the bytes are decoded by this file's own reader of the wire format, with
 * the field numbers and types of opentelemetry/proto/trace/v1/trace.proto, and shown as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/bytes.h"
#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/otlp/otlp_traces.h"
#include "runner/sink/print/span_view.h"
#include "tests/support/fake_source.h"
#include "tests/support/read_fixture.h"

/* ---- The wire ---- */

/* v varint, u fixed64, w fixed32, d double, s text, x bytes in hex, m message */
struct message {
	const char *name;
	struct {
		uint32_t number;
		char kind;
		const char *name;
		const struct message *message;
	} fields[16];
};

static const struct message any;
static const struct message array = { "array", { { 1, 'm', "value", &any } } };
static const struct message any = { "any",
				    { { 1, 's', "text" },
				      { 2, 'v', "bool" },
				      { 3, 'v', "int" },
				      { 4, 'd', "double" },
				      { 5, 'm', "array", &array } } };
static const struct message pair = { "pair", { { 1, 's', "key" }, { 2, 'm', "value", &any } } };
static const struct message event = {
	"event",
	{ { 1, 'u', "time" }, { 2, 's', "name" }, { 3, 'm', "attr", &pair }, { 4, 'v', "dropped" } }
};
static const struct message link_ = { "link",
				      { { 1, 'x', "trace" },
					{ 2, 'x', "span" },
					{ 3, 's', "state" },
					{ 4, 'm', "attr", &pair },
					{ 5, 'v', "dropped" },
					{ 6, 'w', "flags" } } };
static const struct message status = { "status", { { 2, 's', "message" }, { 3, 'v', "code" } } };
static const struct message span = { "span",
				     { { 1, 'x', "trace" },
				       { 2, 'x', "id" },
				       { 3, 's', "state" },
				       { 4, 'x', "parent" },
				       { 5, 's', "name" },
				       { 6, 'v', "kind" },
				       { 7, 'u', "start" },
				       { 8, 'u', "end" },
				       { 9, 'm', "attr", &pair },
				       { 10, 'v', "dropped" },
				       { 11, 'm', "event", &event },
				       { 12, 'v', "dropped_events" },
				       { 13, 'm', "link", &link_ },
				       { 14, 'v', "dropped_links" },
				       { 15, 'm', "status", &status },
				       { 16, 'w', "flags" } } };
static const struct message scope = { "scope", { { 1, 's', "name" }, { 2, 's', "version" } } };
static const struct message scope_spans = {
	"scope_spans", { { 1, 'm', "scope", &scope }, { 2, 'm', "span", &span } }
};
static const struct message resource = { "resource", { { 1, 'm', "attr", &pair } } };
static const struct message resource_spans = { "resource_spans",
					       { { 1, 'm', "resource", &resource },
						 { 2, 'm', "scope_spans", &scope_spans } } };
static const struct message request = { "request",
					{ { 1, 'm', "resource_spans", &resource_spans } } };

static uint64_t take(struct bytes *s, size_t len) /* little-endian */
{
	uint64_t v = 0;

	assert_true(len <= s->len);
	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)s->ptr[i] << (8 * i);
	s->ptr += len;
	s->len -= len;
	return v;
}

static uint64_t take_varint(struct bytes *s)
{
	uint64_t v = 0, byte = 0x80;

	for (unsigned shift = 0; byte & 0x80; shift += 7) {
		assert_true(shift < 70);
		byte = take(s, 1);
		v |= (byte & 0x7f) << shift;
	}
	return v;
}

static void dump(struct strbuf *dst, struct bytes s, const struct message *m);

static void dump_bytes(struct strbuf *dst, struct bytes s, char kind)
{
	if (kind == 's')
		strbuf_addf(dst, "'%.*s'", (int)s.len, (const char *)s.ptr);
	for (size_t i = 0; kind == 'x' && i < s.len; i++)
		strbuf_addf(dst, "%02x", s.ptr[i]);
}

/* {name=value ...} */
static void dump(struct strbuf *dst, struct bytes s, const struct message *m)
{
	const char *blank = "";

	strbuf_addc(dst, '{');
	while (s.len) {
		uint64_t tag = take_varint(&s), v;
		static const char wires[] = "vudsxmw", types[] = { 0, 1, 1, 2, 2, 2, 5 };
		struct bytes piece;
		double d;
		size_t i = 0;

		while (i < 16 && m->fields[i].number != tag >> 3)
			i++;
		if (i == 16)
			fail_msg("%s has a field %u", m->name, (unsigned)(tag >> 3));
		strbuf_addf(dst, "%s%s=", blank, m->fields[i].name);
		blank = " ";
		assert_int_equal(tag & 7, types[strchr(wires, m->fields[i].kind) - wires]);
		switch (m->fields[i].kind) {
		case 'v':
			strbuf_addf(dst, "%lld", (long long)take_varint(&s));
			continue;
		case 'u':
			strbuf_addf(dst, "%llu", (unsigned long long)take(&s, 8));
			continue;
		case 'w':
			strbuf_addf(dst, "%llu", (unsigned long long)take(&s, 4));
			continue;
		case 'd':
			v = take(&s, 8);
			memcpy(&d, &v, 8);
			strbuf_addf(dst, "%.17g", d);
			continue;
		}
		v = take_varint(&s);
		piece = bytes_of(s.ptr, v);
		assert_true(v <= s.len);
		s = bytes_of(s.ptr + v, s.len - v);
		if (m->fields[i].kind == 'm')
			dump(dst, piece, m->fields[i].message);
		else
			dump_bytes(dst, piece, m->fields[i].kind);
	}
	strbuf_addc(dst, '}');
}

/* ---- A run ---- */

struct rec {
	uint8_t trace_id[16], span_id[8], parent_id[8];
	uint64_t start, took;
	uint8_t flags;
	char name[8], service[8], state[8];
	int32_t status;
	uint8_t kind;
	uint64_t big;
	int64_t small;
	double ratio;
	uint8_t yes;
	uint16_t list[2];
	char comm[8];
	uint64_t cgroup;
	uint64_t event_at[2];
	char event_name[2][8];
	uint32_t event_step[2];
	uint8_t link_trace[16], link_span[8];
	uint32_t link_why;
	int32_t failed;
};

static struct field fields[] = {
	FIELD(struct rec, trace_id, KIND_BYTES),
	FIELD(struct rec, span_id, KIND_BYTES),
	FIELD_NAMED("parent_span_id", struct rec, parent_id, KIND_BYTES),
	FIELD_NAMED("start", struct rec, start, KIND_UINT, .meaning = MEAN_UNIX_NS),
	FIELD_NAMED("span_duration_ns", struct rec, took, KIND_UINT),
	FIELD_NAMED("trace_flags", struct rec, flags, KIND_UINT),
	FIELD_NAMED("span_name", struct rec, name, KIND_TEXT),
	FIELD(struct rec, service, KIND_TEXT),
	FIELD_NAMED("trace_state", struct rec, state, KIND_TEXT),
	FIELD_NAMED("span_status", struct rec, status, KIND_INT),
	FIELD_NAMED("span_kind", struct rec, kind, KIND_UINT),
	FIELD(struct rec, big, KIND_UINT),
	FIELD(struct rec, small, KIND_INT),
	FIELD(struct rec, ratio, KIND_FLOAT),
	FIELD(struct rec, yes, KIND_BOOL),
	LIST(struct rec, list, KIND_UINT),
	FIELD(struct rec, failed, KIND_INT, .meaning = MEAN_ERRNO),
	FIELD_NAMED("proc.comm", struct rec, comm, KIND_TEXT),
	FIELD(struct rec, cgroup, KIND_UINT, .meaning = MEAN_CGROUP, .tags = TAG_HIDE),
	FIELD_NAMED("span_events.0.at", struct rec, event_at[0], KIND_UINT,
		    .meaning = MEAN_UNIX_NS),
	FIELD_NAMED("span_events.0.name", struct rec, event_name[0], KIND_TEXT),
	FIELD_NAMED("span_events.0.step", struct rec, event_step[0], KIND_UINT),
	FIELD_NAMED("span_events.1.at", struct rec, event_at[1], KIND_UINT,
		    .meaning = MEAN_UNIX_NS),
	FIELD_NAMED("span_events.1.name", struct rec, event_name[1], KIND_TEXT),
	FIELD_NAMED("span_events.1.step", struct rec, event_step[1], KIND_UINT),
	FIELD_NAMED("span_links.0.trace_id", struct rec, link_trace, KIND_BYTES),
	FIELD_NAMED("span_links.0.span_id", struct rec, link_span, KIND_BYTES),
	FIELD_NAMED("span_links.0.why", struct rec, link_why, KIND_UINT),
};

static struct prog_plan progs[] = {
	{ .name = "on_exec",
	  .section = "tp_btf/sched_process_exec",
	  .target = "sched_process_exec" },
	{ .name = "on_exit", .section = "kprobe/x" },
	{ .name = "spare", .section = "kprobe/y" },
};

static const struct prog_status states[] = {
	{ .state = PROG_ATTACHED, .attach = { 700, 800 } },
	{ .state = PROG_REFUSED, .reason = "no such function", .attach = { 800, 850 } },
	{ .state = PROG_OFF },
};

struct run {
	struct map_plan map;
	struct plan plan;
	struct fake_source fake;
	struct wallclock *clock;
	struct otlp_config config;
	struct otlp_resources *resources;
	struct otlp_queue *queue;
	struct otlp_traces *traces;
	struct resolver *resolver;
	struct rec rec;
	struct record record;
	struct strbuf text; /* of all requests */
	char dir[64];
};

static const char *no_variables(void *ctx, const char *name)
{
	return ctx && streq(name, "OTEL_TRACES_SAMPLER") ? ctx : NULL;
}

static void begin_with(struct run *r, bool json, uint64_t max_batch, const char *sampler)
{
	struct otlp_queue_opts opts = {
		.shape = &otlp_spans_shape, .json = json, .max_items = 1000, .max_batch = max_batch
	};
	struct otlp_flags flags = { .url = "http://127.0.0.1:1" };
	struct err err = { 0 };

	*r = (struct run){ .text = STRBUF_INIT(1 << 20) };
	r->map = (struct map_plan){ .name = "calls",
				    .role = ROLE_SPANS,
				    .has_value = true,
				    .value = LAYOUT(struct rec, fields) };
	r->plan = (struct plan){
		.maps = &r->map, .nmaps = 1, .progs = progs, .nprogs = ARRAY_LEN(progs)
	};
	assert_int_equal(otlp_config_read(&r->config, &flags, no_variables, (void *)sampler, &err),
			 0);
	r->clock = wallclock_new();
	fake_source_init(&r->fake, "x/demo:1", &r->plan, r->clock);
	memcpy(r->fake.progs, states, sizeof(states));
	r->fake.steps =
		(struct source_steps){ { 100, 200 }, { 200, 300 }, { 300, 600 }, { 600, 900 } };
	r->resolver = resolver_new(r->clock);
	snprintf(r->dir, sizeof(r->dir), "%s/span-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(r->dir)); /* empty: the resource has what is compiled in */
	r->resources = otlp_resources_new(&r->config, json,
					  (struct otlp_resource_paths){ r->dir, r->dir, r->dir });
	r->queue = otlp_queue_new(&opts);
	assert_int_equal(otlp_traces_new(&r->traces, &r->config, json, &r->fake.source,
					 r->resources, r->resolver, r->queue, &err),
			 0);
	memset(r->rec.trace_id, 0x11, 16);
	memset(r->rec.span_id, 0x22, 8);
	r->rec.start = 1000;
	r->rec.took = 50;
	r->record = record_of(&r->map, NULL, &r->rec);
}

static void begin(struct run *r)
{
	begin_with(r, false, 512, NULL);
}

static void put(struct run *r)
{
	otlp_traces_event(r->traces, &r->record);
}

/* Everything that was put, as text; the number of requests. */
static uint32_t finish(struct run *r, bool json)
{
	struct otlp_request *got;
	uint32_t n = 0;

	otlp_traces_flush(r->traces);
	otlp_queue_close(r->queue);
	while (otlp_queue_wait(r->queue, UINT64_MAX, &got) == OTLP_WAIT_REQUEST) {
		if (json)
			strbuf_add(&r->text, got->body.buf, got->body.len);
		else
			dump(&r->text, bytes_of(got->body.buf, got->body.len), &request);
		otlp_queue_done(r->queue, got->items, 0);
		n++;
	}
	assert_false(r->text.full);
	return n;
}

static void end(struct run *r)
{
	otlp_traces_free(r->traces);
	otlp_resources_free(r->resources);
	otlp_queue_free(r->queue);
	resolver_free(r->resolver);
	fake_source_release(&r->fake);
	wallclock_free(r->clock);
	otlp_config_release(&r->config);
	strbuf_release(&r->text);
	rmdir(r->dir);
}

static void assert_has(const struct run *r, const char *want)
{
	if (!strstr(strbuf_str(&r->text), want))
		fail_msg("no\n%s\nin\n%s", want, strbuf_str(&r->text));
}

static uint32_t count_of(const struct run *r, const char *what)
{
	uint32_t n = 0;

	for (const char *at = strstr(strbuf_str(&r->text), what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void fill(struct run *r)
{
	struct rec *rec = &r->rec;

	memset(rec->parent_id, 0x33, 8);
	rec->flags = 1;
	memcpy(rec->name, "GET \xc3\xa9\xff", 7);
	memcpy(rec->service, "api", 3);
	memcpy(rec->state, "a=b", 3);
	rec->status = -2;
	rec->kind = 2;
	rec->big = UINT64_MAX;
	rec->small = -7;
	rec->ratio = 0.5;
	rec->yes = 1;
	rec->list[0] = 3;
	rec->list[1] = 65535;
	memcpy(rec->comm, "curl", 4);
	rec->event_at[1] = 1020;
	memcpy(rec->event_name[1], "retry", 5);
	rec->event_step[1] = 9;
	memset(rec->link_trace, 0x44, 16);
	memset(rec->link_span, 0x55, 8);
	rec->link_why = 8;
}

static void test_otlp_span_whole(void **state)
{
	struct run r;

	begin(&r);
	fill(&r);
	put(&r);
	assert_int_equal(finish(&r, false), 1);
	assert_has(&r, "scope_spans={scope={name='bombus'");
	/* The byte that is no UTF-8 became the character of its number. */
	assert_has(&r,
		   "span={trace=11111111111111111111111111111111 id=2222222222222222 state='a=b' "
		   "parent=3333333333333333 name='GET \xc3\xa9\xc3\xbf' kind=2 start=1000 end=1050 "
		   "flags=1 status={message='ENOENT' code=2} "
		   "attr={key='big' value={text='18446744073709551615'}} "
		   "attr={key='small' value={int=-7}} attr={key='ratio' value={double=0.5}} "
		   "attr={key='yes' value={bool=1}} "
		   "attr={key='list' value={array={value={int=3} value={int=65535}}}} "
		   "attr={key='proc.comm' value={text='curl'}} "
		   "event={time=1020 name='retry' attr={key='step' value={int=9}}} "
		   "link={trace=44444444444444444444444444444444 span=5555555555555555 "
		   "attr={key='why' value={int=8}}}}");
	assert_has(&r, "attr={key='service.name' value={text='api'}}");
	end(&r);
}

static void test_otlp_span_json(void **state)
{
	struct run r;

	begin_with(&r, true, 512, NULL);
	fill(&r);
	put(&r);
	assert_int_equal(finish(&r, true), 1);
	assert_has(&r,
		   "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
		   "\"value\":{\"stringValue\":\"api\"}}");
	assert_has(
		&r,
		"\"spans\":[{\"traceId\":\"11111111111111111111111111111111\","
		"\"spanId\":\"2222222222222222\",\"traceState\":\"a=b\","
		"\"parentSpanId\":\"3333333333333333\",\"name\":\"GET \xc3\xa9\\u00ff\",\"kind\":2,"
		"\"startTimeUnixNano\":\"1000\",\"endTimeUnixNano\":\"1050\",\"flags\":1,"
		"\"status\":{\"message\":\"ENOENT\",\"code\":2},\"attributes\":["
		"{\"key\":\"big\",\"value\":{\"stringValue\":\"18446744073709551615\"}},"
		"{\"key\":\"small\",\"value\":{\"intValue\":\"-7\"}},"
		"{\"key\":\"ratio\",\"value\":{\"doubleValue\":0.5}},"
		"{\"key\":\"yes\",\"value\":{\"boolValue\":true}},"
		"{\"key\":\"list\",\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":\"3\"},"
		"{\"intValue\":\"65535\"}]}}},"
		"{\"key\":\"proc.comm\",\"value\":{\"stringValue\":\"curl\"}}],"
		"\"events\":[{\"timeUnixNano\":\"1020\",\"name\":\"retry\",\"attributes\":["
		"{\"key\":\"step\",\"value\":{\"intValue\":\"9\"}}]}],"
		"\"links\":[{\"traceId\":\"44444444444444444444444444444444\","
		"\"spanId\":\"5555555555555555\",\"attributes\":["
		"{\"key\":\"why\",\"value\":{\"intValue\":\"8\"}}]}]}]}]}]}");
	end(&r);
}

static void test_otlp_span_least(void **state)
{
	struct run r;

	begin(&r);
	put(&r);
	assert_int_equal(finish(&r, false), 1);
	assert_has(&r, "span={trace=11111111111111111111111111111111 id=2222222222222222 "
		       "name='calls' kind=1 start=1000 end=1050 flags=1 attr={key='big'");
	assert_has(&r, "attr={key='service.name' value={text='demo'}}");
	assert_int_equal(count_of(&r, "event={"), 0);
	assert_int_equal(count_of(&r, "link={"), 0);
	assert_int_equal(count_of(&r, "parent="), 0);
	assert_int_equal(count_of(&r, "status="), 0);
	end(&r);
}

static void test_otlp_span_limits(void **state)
{
	struct run r;

	begin(&r);
	fill(&r);
	r.rec.event_at[0] = 1001;
	r.config.span_attributes.count = 2;
	r.config.span_attributes.value_chars = 3;
	r.config.max_span_events = 1;
	r.config.max_span_links = 0;
	r.config.max_event_attributes = 0;
	put(&r);
	finish(&r, false);
	assert_has(&r, "attr={key='big' value={text='184'}} attr={key='small' value={int=-7}} "
		       "dropped=4 event={time=1001 name='' dropped=1} dropped_events=1 "
		       "dropped_links=1}");
	end(&r);
}

/* What is none is no attribute, and takes no room of the limit. */
static void test_otlp_span_attribute_of_none(void **state)
{
	struct run r;

	begin(&r);
	put(&r);
	r.rec.failed = -2;
	put(&r);
	finish(&r, false);
	assert_int_equal(count_of(&r, "'failed'"), 1);
	assert_has(&r, "attr={key='failed' value={text='ENOENT'}}");
	end(&r);
}

/* One resource for each service; requests of the batch's size. */
static void test_otlp_spans_grouped(void **state)
{
	static const char *const services[] = { "a", "b", "a", "a", "b" };
	struct run r;

	begin(&r);
	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		r.rec.service[0] = services[i][0];
		put(&r);
	}
	assert_int_equal(finish(&r, false), 1);
	assert_int_equal(count_of(&r, " span={"), 5);
	assert_int_equal(count_of(&r, "resource_spans={"), 2);
	end(&r);

	/* More services than are kept apart, and more spans than are held. */
	begin_with(&r, false, UINT64_MAX, NULL);
	for (int i = 0; i < 900; i++) {
		r.rec.service[0] = (char)('0' + i % 10);
		r.rec.service[1] = (char)('0' + i / 10 % 10);
		put(&r);
	}
	finish(&r, false);
	assert_int_equal(count_of(&r, " span={"), 900);
	for (int i = 0; i < 100; i++) {
		char want[64];

		snprintf(want, sizeof(want), "{key='service.name' value={text='%d%d'}}", i % 10,
			 i / 10);
		assert_true(count_of(&r, want) >= 1);
	}
	end(&r);

	begin(&r);
	r.rec.service[0] = 'a';
	put(&r);
	assert_true(otlp_queue_is_empty(r.queue));
	otlp_traces_flush(r.traces);
	assert_false(otlp_queue_is_empty(r.queue));
	end(&r);

	begin_with(&r, false, 2, NULL);
	for (int i = 0; i < 5; i++)
		put(&r);
	assert_int_equal(finish(&r, false), 3);
	assert_int_equal(count_of(&r, "resource_spans={"), 3);
	assert_int_equal(count_of(&r, " span={"), 5);
	end(&r);
}

static void test_otlp_spans_sampled(void **state)
{
	struct run r;

	begin_with(&r, false, 512, "parentbased_always_off");
	put(&r); /* a root */
	memset(r.rec.parent_id, 3, 8);
	put(&r); /* its parent is not sampled */
	r.rec.flags = 1;
	put(&r);
	memset(r.rec.trace_id, 0, 16);
	put(&r);
	otlp_traces_start(r.traces); /* bombus' own is a root */
	finish(&r, false);
	assert_int_equal(count_of(&r, " span={"), 1);
	assert_int_equal(otlp_traces_counts(r.traces).made, 1);
	assert_int_equal(otlp_traces_counts(r.traces).unsampled, 2);
	assert_int_equal(otlp_traces_counts(r.traces).invalid, 1);
	end(&r);
}

static void test_otlp_sampler_refused(void **state)
{
	struct run r;
	struct err err = { 0 };
	struct otlp_traces *traces = NULL;

	begin(&r);
	r.config.sampler = "xray";
	assert_int_equal(otlp_traces_new(&traces, &r.config, false, &r.fake.source, r.resources,
					 r.resolver, r.queue, &err),
			 -EINVAL);
	assert_null(traces);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_non_null(strstr(err.msg, "OTEL_TRACES_SAMPLER"));
	assert_non_null(strstr(err.msg, "xray"));
	end(&r);
}

/* The id of the span of this name, and of its parent, as text. */
static void ids_of(const struct run *r, const char *name, char id[17], char parent[17])
{
	_cleanup_free_ char *mark = xasprintf("name='%s' ", name);
	const char *at = strstr(strbuf_str(&r->text), mark), *begin_at = at, *found;

	if (!at)
		fail_msg("no span '%s' in %s", name, strbuf_str(&r->text));
	while (strncmp(begin_at, "span={", 6) != 0)
		begin_at--;
	found = strstr(begin_at, "id=");
	snprintf(id, 17, "%.16s", found + 3);
	found = strstr(begin_at, "parent=");
	snprintf(parent, 17, "%.16s", found && found < at ? found + 7 : "");
}

static void test_otlp_own_start(void **state)
{
	static const char *const steps[] = { "pull", "open", "load", "attach" };
	char root[17], id[17], parent[17], attach[17];
	uint64_t offset;
	char want[128];
	struct run r;

	begin(&r);
	otlp_traces_start(r.traces);
	offset = wallclock_from_mono(r.clock, 100) - 100;
	finish(&r, false);
	assert_int_equal(count_of(&r, " span={"), 7);
	ids_of(&r, "start", root, parent);
	assert_string_equal(parent, "");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		ids_of(&r, steps[i], id, parent);
		assert_string_equal(parent, root);
		memcpy(attach, id, sizeof(id));
	}
	ids_of(&r, "attach on_exec", id, parent);
	assert_string_equal(parent, attach);
	ids_of(&r, "attach on_exit", id, parent);
	assert_string_equal(parent, attach);
	snprintf(want, sizeof(want), "name='start' kind=1 start=%llu end=%llu ",
		 (unsigned long long)offset + 100, (unsigned long long)offset + 900);
	assert_has(&r, want);
	snprintf(want, sizeof(want), "name='attach on_exec' kind=1 start=%llu end=%llu ",
		 (unsigned long long)offset + 700, (unsigned long long)offset + 800);
	assert_has(&r, want);
	assert_has(&r, "status={message='no such function' code=2}");
	assert_has(&r, "attr={key='bombus.section' value={text='tp_btf/sched_process_exec'}} "
		       "attr={key='bombus.target' value={text='sched_process_exec'}}");
	assert_has(&r, "attr={key='service.name' value={text='bombus'}}");
	end(&r);
}

static void test_otlp_program_service(void **state)
{
	static const char *const cases[][2] = {
		{ "exec-trace", "exec-trace" },
		{ "example.org/x/exec-trace:1.2", "exec-trace" },
		{ "localhost:5000/exec-trace@sha256:00", "exec-trace" },
		{ "./exec-trace.bpf.o", "exec-trace" },
		{ "/tmp/a.o", "a" },
		{ "dir/opens.bpf.c", "opens" },
		{ ".o", ".o" },
		{ "standard input", "standard input" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct span_text got = program_service(cases[i][0]);

		assert_int_equal(got.len, strlen(cases[i][1]));
		assert_memory_equal(got.ptr, cases[i][1], got.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_otlp_span_whole),
		cmocka_unit_test(test_otlp_span_json),
		cmocka_unit_test(test_otlp_span_least),
		cmocka_unit_test(test_otlp_span_limits),
		cmocka_unit_test(test_otlp_span_attribute_of_none),
		cmocka_unit_test(test_otlp_spans_grouped),
		cmocka_unit_test(test_otlp_spans_sampled),
		cmocka_unit_test(test_otlp_sampler_refused),
		cmocka_unit_test(test_otlp_own_start),
		cmocka_unit_test(test_otlp_program_service),
	};

	return cmocka_run_group_tests_name("otlp traces", tests, NULL, NULL);
}
