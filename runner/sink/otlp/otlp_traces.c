// SPDX-License-Identifier: Apache-2.0
/*
 * A span is encoded into a buffer of this thread first, where names are looked up. It goes into
 * the queue in one piece, which is locked no longer than that takes, next to others of its origin.
 */
#include "runner/sink/otlp/otlp_traces.h"

#include <errno.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/sink/otlp/otlp_attrs.h"
#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/otlp/otlp_groups.h"

#define SPAN_MAX_BYTES OTLP_REQUEST_MAX_BYTES
#define OWN_SERVICE "bombus"

/* Field numbers and names of opentelemetry/proto/trace/v1/trace.proto. */
#define SPAN_TRACE_ID OTLP_KEY(1, "traceId")
#define SPAN_SPAN_ID OTLP_KEY(2, "spanId")
#define SPAN_TRACE_STATE OTLP_KEY(3, "traceState")
#define SPAN_PARENT_ID OTLP_KEY(4, "parentSpanId")
#define SPAN_NAME OTLP_KEY(5, "name")
#define SPAN_KIND OTLP_KEY(6, "kind")
#define SPAN_START OTLP_KEY(7, "startTimeUnixNano")
#define SPAN_END OTLP_KEY(8, "endTimeUnixNano")
#define SPAN_ATTRIBUTES OTLP_KEY(9, "attributes")
#define SPAN_DROPPED OTLP_KEY(10, "droppedAttributesCount")
#define SPAN_EVENTS OTLP_KEY(11, "events")
#define SPAN_DROPPED_EVENTS OTLP_KEY(12, "droppedEventsCount")
#define SPAN_LINKS OTLP_KEY(13, "links")
#define SPAN_DROPPED_LINKS OTLP_KEY(14, "droppedLinksCount")
#define SPAN_STATUS OTLP_KEY(15, "status")
#define SPAN_FLAGS OTLP_KEY(16, "flags")
#define STATUS_MESSAGE OTLP_KEY(2, "message")
#define STATUS_CODE OTLP_KEY(3, "code")
#define EVENT_TIME OTLP_KEY(1, "timeUnixNano")
#define EVENT_NAME OTLP_KEY(2, "name")
#define EVENT_ATTRIBUTES OTLP_KEY(3, "attributes")
#define EVENT_DROPPED OTLP_KEY(4, "droppedAttributesCount")
#define LINK_TRACE_ID OTLP_KEY(1, "traceId")
#define LINK_SPAN_ID OTLP_KEY(2, "spanId")
#define LINK_TRACE_STATE OTLP_KEY(3, "traceState")
#define LINK_ATTRIBUTES OTLP_KEY(4, "attributes")
#define LINK_DROPPED OTLP_KEY(5, "droppedAttributesCount")
#define LINK_FLAGS OTLP_KEY(6, "flags")

struct otlp_traces {
	const struct otlp_config *config;
	struct source *source;
	struct otlp_resources *resources;
	struct resolver *resolver;
	struct otlp_queue *queue;
	struct otlp_groups *groups;
	struct span_maker *maker;
	struct span_sampler sampler;
	struct span_plan *plans; /* by the map's index */
	struct arena arena;
	char *room; /* for the text of one attribute */
	struct strbuf bytes;
	struct otlp_writer w; /* into `bytes` */
};

/* ---- Attributes ---- */

/* Returns how many were over the limit. */
static uint32_t put_attributes(struct otlp_traces *t, struct otlp_key key,
			       const struct span_attrs *list, const void *base, uint64_t limit)
{
	struct otlp_attrs attrs = { .w = &t->w,
				    .resolver = t->resolver,
				    .room = t->room,
				    .value_chars = t->config->span_attributes.value_chars,
				    .left = limit };

	otlp_list(&t->w, key);
	for (uint32_t i = 0; i < list->count; i++)
		otlp_attrs_put(&attrs, key.number, &list->all[i], base);
	otlp_list_end(&t->w);
	return attrs.over;
}

static void put_count(struct otlp_traces *t, struct otlp_key key, uint32_t count)
{
	if (count)
		otlp_enum(&t->w, key, count);
}

/* ---- Events and links ---- */

static void put_event(struct otlp_traces *t, const struct span_event_plan *plan, const void *value,
		      uint64_t time_ns)
{
	size_t event = otlp_item(&t->w, SPAN_EVENTS);
	struct span_text name = { "", 0 };

	if (plan->name)
		name = span_text_read(t->maker, plan->name, value);
	otlp_fixed64(&t->w, EVENT_TIME, time_ns);
	otlp_string(&t->w, EVENT_NAME, name.ptr, name.len);
	put_count(t, EVENT_DROPPED,
		  put_attributes(t, EVENT_ATTRIBUTES, &plan->attrs, value,
				 t->config->max_event_attributes));
	otlp_end(&t->w, event);
}

static void put_events(struct otlp_traces *t, const struct span_plan *plan, const void *value)
{
	uint64_t left = t->config->max_span_events;
	uint32_t over = 0;

	otlp_list(&t->w, SPAN_EVENTS);
	for (uint32_t i = 0; i < plan->nevents; i++) {
		uint64_t time_ns = span_event_time(t->maker, &plan->events[i], value);

		if (!time_ns)
			continue;
		if (left) {
			put_event(t, &plan->events[i], value, time_ns);
			left--;
		} else {
			over++;
		}
	}
	otlp_list_end(&t->w);
	put_count(t, SPAN_DROPPED_EVENTS, over);
}

static void put_link(struct otlp_traces *t, const struct span_link_plan *plan, const void *value,
		     const uint8_t *trace_id, const uint8_t *span_id)
{
	size_t link = otlp_item(&t->w, SPAN_LINKS);
	struct span_text state;

	otlp_id(&t->w, LINK_TRACE_ID, trace_id, TRACE_ID_BYTES);
	otlp_id(&t->w, LINK_SPAN_ID, span_id, SPAN_ID_BYTES);
	if (plan->trace_state) {
		state = span_text_read(t->maker, plan->trace_state, value);
		otlp_string(&t->w, LINK_TRACE_STATE, state.ptr, state.len);
	}
	put_count(t, LINK_DROPPED,
		  put_attributes(t, LINK_ATTRIBUTES, &plan->attrs, value,
				 t->config->max_link_attributes));
	if (plan->trace_flags)
		otlp_fixed32(&t->w, LINK_FLAGS, field_u64(plan->trace_flags, value, 0) & 0xff);
	otlp_end(&t->w, link);
}

static void put_links(struct otlp_traces *t, const struct span_plan *plan, const void *value)
{
	uint64_t left = t->config->max_span_links;
	uint8_t trace_id[TRACE_ID_BYTES], span_id[SPAN_ID_BYTES];
	uint32_t over = 0;

	otlp_list(&t->w, SPAN_LINKS);
	for (uint32_t i = 0; i < plan->nlinks; i++) {
		const struct span_link_plan *link = &plan->links[i];

		if (!span_id_read(&link->trace_id, value, trace_id, sizeof(trace_id)) ||
		    !span_id_read(&link->span_id, value, span_id, sizeof(span_id)))
			continue;
		if (left) {
			put_link(t, link, value, trace_id, span_id);
			left--;
		} else {
			over++;
		}
	}
	otlp_list_end(&t->w);
	put_count(t, SPAN_DROPPED_LINKS, over);
}

/* ---- Spans ---- */

static void put_head(struct otlp_traces *t, const struct trace_span *span)
{
	struct otlp_writer *w = &t->w;

	otlp_id(w, SPAN_TRACE_ID, span->trace_id, TRACE_ID_BYTES);
	otlp_id(w, SPAN_SPAN_ID, span->span_id, SPAN_ID_BYTES);
	if (span->trace_state.len)
		otlp_string(w, SPAN_TRACE_STATE, span->trace_state.ptr, span->trace_state.len);
	if (!span->is_root)
		otlp_id(w, SPAN_PARENT_ID, span->parent_id, SPAN_ID_BYTES);
	otlp_string(w, SPAN_NAME, span->name.ptr, span->name.len);
	otlp_enum(w, SPAN_KIND, span->kind);
	otlp_fixed64(w, SPAN_START, span->start_ns);
	otlp_fixed64(w, SPAN_END, span->end_ns);
	otlp_fixed32(w, SPAN_FLAGS, span->flags);
}

static void put_status(struct otlp_traces *t, const struct trace_span *span)
{
	size_t status;

	if (span->status == SPAN_STATUS_UNSET)
		return;
	status = otlp_message(&t->w, SPAN_STATUS);
	if (span->status_message.len)
		otlp_string(&t->w, STATUS_MESSAGE, span->status_message.ptr,
			    span->status_message.len);
	otlp_enum(&t->w, STATUS_CODE, span->status);
	otlp_end(&t->w, status);
}

static void hand_over(struct otlp_traces *t, struct span_text service, bool is_member,
		      uint64_t cgroup)
{
	const struct otlp_origin *origin = otlp_resources_get(t->resources, t->source, service,
							      is_member, cgroup, t->resolver);
	struct otlp_writer *w;

	if (likely(!t->bytes.full)) {
		otlp_groups_add(t->groups, origin, t->bytes.buf, t->bytes.len);
		return;
	}
	w = otlp_queue_item(t->queue, origin);
	if (!w)
		return;
	w->out->full = true; /* the queue counts it as too large for any request */
	otlp_queue_item_end(t->queue);
}

void otlp_traces_flush(struct otlp_traces *t)
{
	otlp_groups_flush(t->groups);
}

void otlp_traces_event(struct otlp_traces *t, const struct record *record)
{
	const struct span_plan *plan = &t->plans[record->map->index];
	const void *value = record->part[PART_VALUE];
	struct trace_span span;

	if (record->map->role != ROLE_SPANS || span_make(t->maker, plan, record, &span) != 0)
		return;
	strbuf_reset(&t->bytes);
	put_head(t, &span);
	put_status(t, &span);
	put_count(t, SPAN_DROPPED,
		  put_attributes(t, SPAN_ATTRIBUTES, &plan->attrs, value,
				 t->config->span_attributes.count));
	if (plan->nevents)
		put_events(t, plan, value);
	if (plan->nlinks)
		put_links(t, plan, value);
	hand_over(t, span.service, span.service_is_member, span.cgroup);
}

/* ---- The start of bombus itself ---- */

struct own_span {
	struct trace_span span;
	const char *names[4]; /* attributes; a value that is NULL is left out */
	const char *values[4];
};

static void put_own(struct otlp_traces *t, struct own_span *own)
{
	static const char service[] = OWN_SERVICE;

	strbuf_reset(&t->bytes);
	put_head(t, &own->span);
	put_status(t, &own->span);
	otlp_list(&t->w, SPAN_ATTRIBUTES);
	for (size_t i = 0; i < ARRAY_LEN(own->names); i++)
		if (own->values[i])
			otlp_attr_text(&t->w, SPAN_ATTRIBUTES.number, own->names[i],
				       own->values[i]);
	otlp_list_end(&t->w);
	hand_over(t, (struct span_text){ service, strlen(service) }, false, 0);
}

/* A step of the trace that `parent` begins; the span's id is new. */
static struct own_span own_span(struct otlp_traces *t, const struct trace_span *parent,
				const char *name, struct step step)
{
	struct own_span own = { .names = { "bombus.image" }, .values = { t->source->name } };
	struct trace_span *span = &own.span;

	if (parent) {
		memcpy(span->trace_id, parent->trace_id, TRACE_ID_BYTES);
		memcpy(span->parent_id, parent->span_id, SPAN_ID_BYTES);
	} else {
		span_new_trace_id(t->maker, span->trace_id);
		span->is_root = true;
	}
	span_new_span_id(t->maker, span->span_id);
	span->flags = TRACE_FLAG_SAMPLED;
	span->kind = SPAN_KIND_INTERNAL;
	span->name = (struct span_text){ name, strlen(name) };
	span->start_ns = wallclock_from_mono(t->source->clock, step.start_ns);
	span->end_ns = span->start_ns + (step.end_ns - step.start_ns);
	return own;
}

static void put_program(struct otlp_traces *t, const struct trace_span *parent,
			const struct prog_plan *prog, const struct prog_status *status)
{
	_cleanup_free_ char *name = xasprintf("attach %s", prog->name);
	struct own_span own = own_span(t, parent, name, status->attach);

	own.names[1] = "bombus.program";
	own.values[1] = prog->name;
	own.names[2] = "bombus.section";
	own.values[2] = prog->section;
	own.names[3] = "bombus.target";
	own.values[3] = prog->target;
	if (status->state == PROG_REFUSED) {
		own.span.status = SPAN_STATUS_ERROR;
		own.span.status_message =
			(struct span_text){ status->reason, strlen(status->reason) };
	}
	put_own(t, &own);
}

static void put_step(struct otlp_traces *t, const struct trace_span *parent, const char *name,
		     struct step step, struct own_span *ret)
{
	*ret = own_span(t, parent, name, step);
	put_own(t, ret);
}

void otlp_traces_start(struct otlp_traces *t)
{
	struct source *source = t->source;
	const struct plan *plan = source->plan;
	struct source_steps steps;
	struct own_span root, step;

	if (!source->ops->steps || !source->ops->steps(source, &steps))
		return;
	root = own_span(
		t, NULL, "start",
		(struct step){ steps.pull.end_ns ? steps.pull.start_ns : steps.open.start_ns,
			       steps.attach.end_ns });
	if (!span_sampled(&t->sampler, root.span.trace_id, false, false, false))
		return;
	otlp_queue_write_own(t->queue, true);
	put_own(t, &root);
	if (steps.pull.end_ns)
		put_step(t, &root.span, "pull", steps.pull, &step);
	put_step(t, &root.span, "open", steps.open, &step);
	put_step(t, &root.span, "load", steps.load, &step);
	put_step(t, &root.span, "attach", steps.attach, &step);
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		struct prog_status status = source_prog_status(source, &plan->progs[i]);

		if (status.attach.end_ns)
			put_program(t, &step.span, &plan->progs[i], &status);
	}
	otlp_groups_flush(t->groups);
	otlp_queue_write_own(t->queue, false);
}

/* ---- Life ---- */

int otlp_traces_new(struct otlp_traces **ret, const struct otlp_config *config, bool json,
		    struct source *source, struct otlp_resources *resources,
		    struct resolver *resolver, struct otlp_queue *queue, struct err *err)
{
	struct span_sampler sampler = SPAN_SAMPLER_DEFAULT;
	struct otlp_traces *t;
	uint32_t room = 1;

	if (config->sampler &&
	    span_sampler_parse(&sampler, config->sampler, config->sampler_arg, err) < 0) {
		err_exit(err, EXIT_USAGE);
		err_wrap(err, "OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG");
		return -EINVAL;
	}
	t = xcalloc(1, sizeof(*t));
	t->config = config;
	t->source = source;
	t->resources = resources;
	t->resolver = resolver;
	t->queue = queue;
	t->sampler = sampler;
	t->groups = otlp_groups_new(queue);
	t->maker = span_maker_new(&sampler, source->clock, resolver);
	t->plans = arena_array(&t->arena, struct span_plan, source->plan->nmaps + 1);
	for (uint32_t i = 0; i < source->plan->nmaps; i++) {
		if (source->plan->maps[i].role == ROLE_SPANS)
			span_plan_init(&t->plans[i], &t->arena, &source->plan->maps[i]);
		room = MAX(room, t->plans[i].text_max);
	}
	t->room = xmalloc(room);
	strbuf_init(&t->bytes, SPAN_MAX_BYTES);
	t->w = (struct otlp_writer){ &t->bytes, json };
	*ret = t;
	return 0;
}

void otlp_traces_free(struct otlp_traces *t)
{
	if (!t)
		return;
	otlp_groups_free(t->groups);
	span_maker_free(t->maker);
	strbuf_release(&t->bytes);
	arena_release(&t->arena);
	free(t->room);
	free(t);
}

struct span_counts otlp_traces_counts(const struct otlp_traces *t)
{
	return span_maker_counts(t->maker);
}
