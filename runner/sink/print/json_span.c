// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/print/json_span.h"

#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"

#define TIME_BYTES 31
#define KEY_ROOM 24 /* of the longest name of a cell, with quotes, colon and comma */

static void shape_of(struct json_shape *ret, struct arena *arena, const struct span_attrs *attrs,
		     bool names)
{
	_cleanup_free_ struct json_member *members =
		xcalloc(2 * (size_t)attrs->count + 1, sizeof(*members));

	for (uint32_t i = 0; i < attrs->count; i++)
		members[i] =
			(struct json_member){ attrs->all[i].name, attrs->all[i].field, PART_VALUE };
	json_shape_init(ret, arena, members,
			names ? json_members_name(members, attrs->count, arena) : attrs->count);
}

void json_span_init(struct json_span *ret, struct arena *arena, const struct span_views *views,
		    const struct span_plan *plan, bool names)
{
	*ret = (struct json_span){ .plan = plan };
	for (int i = 0; i < SPAN_CELLS; i++)
		ret->max_bytes += KEY_ROOM + span_cell_max(views, plan, i);
	shape_of(&ret->fields, arena, &plan->attrs, names);
	ret->max_bytes += ret->fields.max_bytes + sizeof(",\"fields\":,\"events\":[],\"links\":[]");
	ret->events = arena_array(arena, struct json_shape, plan->nevents + 1);
	for (uint32_t i = 0; i < plan->nevents; i++) {
		const struct span_event_plan *event = &plan->events[i];

		shape_of(&ret->events[i], arena, &event->attrs, names);
		ret->max_bytes += ret->events[i].max_bytes + TIME_BYTES +
				  sizeof(",{\"time\":\"\",\"name\":\"\",\"fields\":}");
		if (event->name)
			ret->max_bytes += UTF8_JSON_ROOM(field_text_max(event->name));
	}
	ret->links = arena_array(arena, struct json_shape, plan->nlinks + 1);
	for (uint32_t i = 0; i < plan->nlinks; i++) {
		shape_of(&ret->links[i], arena, &plan->links[i].attrs, names);
		ret->max_bytes += ret->links[i].max_bytes +
				  NUM_HEX_ROOM(TRACE_ID_BYTES + SPAN_ID_BYTES) +
				  sizeof(",{\"trace_id\":\"\",\"span_id\":\"\",\"fields\":}");
	}
}

static char *put_events(char *p, const struct json_span *json, const struct span_views *views,
			const struct trace_span *span, struct resolver *resolver)
{
	struct span_maker *maker = span_views_maker(views);
	const void *const *parts = span->record->part;

	p = stpcpy(p, ",\"events\":[");
	for (uint32_t i = 0; i < json->plan->nevents; i++) {
		const struct span_event_plan *event = &json->plan->events[i];
		uint64_t time_ns = span_event_time(maker, event, parts[PART_VALUE]);
		struct span_text name = { "", 0 };

		if (!time_ns)
			continue;
		if (event->name)
			name = span_text_read(maker, event->name, parts[PART_VALUE]);
		p = stpcpy(p, p[-1] == '[' ? "{\"time\":\"" : ",{\"time\":\"");
		p += format_rfc3339(time_ns, p);
		p = stpcpy(p, "\",\"name\":\"");
		p += utf8_json_escape(p, name.ptr, name.len);
		p = stpcpy(p, "\",\"fields\":");
		p = json_shape_write(p, &json->events[i], parts, resolver);
		*p++ = '}';
	}
	*p++ = ']';
	return p;
}

static char *put_links(char *p, const struct json_span *json, const struct trace_span *span,
		       struct resolver *resolver)
{
	const void *const *parts = span->record->part;
	uint8_t trace_id[TRACE_ID_BYTES], span_id[SPAN_ID_BYTES];

	p = stpcpy(p, ",\"links\":[");
	for (uint32_t i = 0; i < json->plan->nlinks; i++) {
		const struct span_link_plan *link = &json->plan->links[i];

		if (!span_id_read(&link->trace_id, parts[PART_VALUE], trace_id, sizeof(trace_id)) ||
		    !span_id_read(&link->span_id, parts[PART_VALUE], span_id, sizeof(span_id)))
			continue;
		p = stpcpy(p, p[-1] == '[' ? "{\"trace_id\":\"" : ",{\"trace_id\":\"");
		p += num_hex_bytes(p, trace_id, sizeof(trace_id));
		p = stpcpy(p, "\",\"span_id\":\"");
		p += num_hex_bytes(p, span_id, sizeof(span_id));
		p = stpcpy(p, "\",\"fields\":");
		p = json_shape_write(p, &json->links[i], parts, resolver);
		*p++ = '}';
	}
	*p++ = ']';
	return p;
}

char *json_span_write(char *p, const struct json_span *json, const struct span_views *views,
		      const struct trace_span *span, struct resolver *resolver)
{
	for (int i = 0; i < SPAN_CELLS; i++) {
		p = stpcpy(p, i ? ",\"" : "\"");
		p = stpcpy(p, span_cell_name(i));
		p = stpcpy(p, "\":");
		p += span_cell(p, views, span, i, STYLE_JSON);
	}
	p = stpcpy(p, ",\"fields\":");
	p = json_shape_write(p, &json->fields, span->record->part, resolver);
	if (json->plan->nevents)
		p = put_events(p, json, views, span, resolver);
	if (json->plan->nlinks)
		p = put_links(p, json, span, resolver);
	return p;
}
