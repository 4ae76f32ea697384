// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/util.h"
#include "runner/read/text/decode.h"
#include "runner/sink/otlp/otlp_attrs.h"
#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/otlp/otlp_logs.h"
#include "runner/sink/text.h"

/* Field numbers and names of opentelemetry/proto/logs/v1/logs.proto. */
#define LOG_TIME OTLP_KEY(1, "timeUnixNano")
#define LOG_SEVERITY OTLP_KEY(2, "severityNumber")
#define LOG_SEVERITY_TEXT OTLP_KEY(3, "severityText")
#define LOG_BODY OTLP_KEY(5, "body")
#define LOG_ATTRIBUTES OTLP_KEY(6, "attributes")
#define LOG_DROPPED OTLP_KEY(7, "droppedAttributesCount")
#define LOG_TRACE_ID OTLP_KEY(9, "traceId")
#define LOG_SPAN_ID OTLP_KEY(10, "spanId")
#define LOG_OBSERVED OTLP_KEY(11, "observedTimeUnixNano")
#define LOG_EVENT_NAME OTLP_KEY(12, "eventName")

#define SEVERITY_INFO 9

struct log_map {
	struct span_attr *attrs;
	uint8_t *parts; /* enum part, of each */
	uint32_t nattrs;
	struct span_plan span; /* where it stands: ids and cgroup */
};

struct otlp_logs {
	const struct otlp_config *config;
	const struct source *source;
	struct otlp_resources *resources;
	struct resolver *resolver;
	struct otlp_queue *queue;
	struct log_map *maps; /* by the map's index */
	struct arena arena;
	char *room;
	struct strbuf bytes, body;
	struct otlp_writer w; /* into `bytes` */
};

/* An id that has a field of its own in the log record is no attribute. */
static bool is_id(const struct span_plan *plan, const struct field *field)
{
	const struct span_id_fields *ids[] = { &plan->trace_id, &plan->span_id };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		for (uint32_t k = 0; k < ids[i]->nparts; k++)
			if (ids[i]->part[k] == field)
				return true;
	return false;
}

static void add_attrs(struct otlp_logs *logs, struct log_map *map, const struct layout *layout,
		      enum part part, size_t *room)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *field = &layout->fields[i];
		struct span_attr *attr = &map->attrs[map->nattrs];

		if (!has_column(layout, field) || is_id(&map->span, field))
			continue;
		span_attr_init(attr, field, field->path);
		map->parts[map->nattrs++] = (uint8_t)part;
		*room = MAX(*room, (size_t)span_attr_text_max(attr));
		*room = MAX(*room, field_text_max(field));
	}
}

static void prepare_map(struct otlp_logs *logs, const struct map_plan *plan, size_t *room)
{
	struct log_map *map = &logs->maps[plan->index];
	uint32_t most = plan->value.nfields + (plan->has_key ? plan->key.nfields : 0);

	map->attrs = arena_array(&logs->arena, struct span_attr, most + 1);
	map->parts = arena_array(&logs->arena, uint8_t, most + 1);
	span_plan_init(&map->span, &logs->arena, plan);
	if (plan->has_key)
		add_attrs(logs, map, &plan->key, PART_KEY, room);
	add_attrs(logs, map, &plan->value, PART_VALUE, room);
}

struct otlp_logs *otlp_logs_new(const struct otlp_config *config, bool json, struct source *source,
				struct otlp_resources *resources, struct resolver *resolver,
				struct otlp_queue *queue)
{
	struct otlp_logs *logs = xcalloc(1, sizeof(*logs));
	size_t room = 1;

	logs->config = config;
	logs->source = source;
	logs->resources = resources;
	logs->resolver = resolver;
	logs->queue = queue;
	logs->maps = xcalloc(source->plan->nmaps + 1, sizeof(*logs->maps));
	for (uint32_t i = 0; i < source->plan->nmaps; i++)
		if (source->plan->maps[i].role == ROLE_EVENTS && source->plan->maps[i].has_value)
			prepare_map(logs, &source->plan->maps[i], &room);
	logs->room = xmalloc(room);
	strbuf_init(&logs->bytes, OTLP_REQUEST_MAX_BYTES);
	strbuf_init(&logs->body, OTLP_REQUEST_MAX_BYTES);
	logs->w = (struct otlp_writer){ &logs->bytes, json };
	return logs;
}

void otlp_logs_free(struct otlp_logs *logs)
{
	if (!logs)
		return;
	arena_release(&logs->arena);
	strbuf_release(&logs->bytes);
	strbuf_release(&logs->body);
	free(logs->room);
	free(logs->maps);
	free(logs);
}

/* One line for people and for searches. */
static void put_body(struct otlp_logs *logs, const struct log_map *map, const struct record *record)
{
	struct strbuf *body = &logs->body;
	size_t message;

	strbuf_reset(body);
	for (uint32_t i = 0; i < map->nattrs; i++) {
		const struct span_attr *attr = &map->attrs[i];

		if (!record->part[map->parts[i]])
			continue;
		if (body->len)
			strbuf_addc(body, ' ');
		strbuf_adds(body, attr->name);
		strbuf_addc(body, '=');
		strbuf_add(body, logs->room,
			   field_text(logs->room, attr->field, record->part[map->parts[i]],
				      STYLE_PLAIN, logs->resolver));
	}
	message = otlp_message(&logs->w, LOG_BODY);
	otlp_string(&logs->w, OTLP_ANY_STRING, strbuf_str(body), body->len);
	otlp_end(&logs->w, message);
}

static void put_attributes(struct otlp_logs *logs, const struct log_map *map,
			   const struct record *record)
{
	struct otlp_attrs attrs = { .w = &logs->w,
				    .resolver = logs->resolver,
				    .room = logs->room,
				    .value_chars = logs->config->log_attributes.value_chars,
				    .left = logs->config->log_attributes.count };

	otlp_list(&logs->w, LOG_ATTRIBUTES);
	for (uint32_t i = 0; i < map->nattrs; i++) {
		const void *base = record->part[map->parts[i]];

		if (base)
			otlp_attrs_put(&attrs, LOG_ATTRIBUTES.number, &map->attrs[i], base);
	}
	otlp_list_end(&logs->w);
	if (attrs.over)
		otlp_enum(&logs->w, LOG_DROPPED, attrs.over);
}

static void put_ids(struct otlp_logs *logs, const struct log_map *map, const void *value)
{
	uint8_t trace[TRACE_ID_BYTES], span[SPAN_ID_BYTES];

	if (!span_id_read(&map->span.trace_id, value, trace, sizeof(trace)))
		return;
	otlp_id(&logs->w, LOG_TRACE_ID, trace, sizeof(trace));
	if (span_id_read(&map->span.span_id, value, span, sizeof(span)))
		otlp_id(&logs->w, LOG_SPAN_ID, span, sizeof(span));
}

static void put_record(struct otlp_logs *logs, const struct log_map *map,
		       const struct record *record)
{
	struct otlp_writer *w = &logs->w;
	const char *name = record->map->name;

	otlp_fixed64(w, LOG_TIME, record->time_ns);
	otlp_enum(w, LOG_SEVERITY, SEVERITY_INFO);
	otlp_string(w, LOG_SEVERITY_TEXT, "INFO", 4);
	put_body(logs, map, record);
	put_attributes(logs, map, record);
	put_ids(logs, map, record->part[PART_VALUE]);
	otlp_fixed64(w, LOG_OBSERVED, now_real_ns());
	otlp_string(w, LOG_EVENT_NAME, name, strlen(name));
}

void otlp_logs_event(struct otlp_logs *logs, const struct record *record)
{
	const struct log_map *map = &logs->maps[record->map->index];
	const struct otlp_origin *origin;
	struct otlp_writer *w;
	uint64_t cgroup = 0;

	if (record->map->role != ROLE_EVENTS)
		return;
	if (map->span.cgroup)
		cgroup = field_u64(map->span.cgroup, record->part[PART_VALUE], 0);
	strbuf_reset(&logs->bytes);
	put_record(logs, map, record);
	origin = otlp_resources_get(logs->resources, logs->source, (struct span_text){ "", 0 },
				    false, cgroup, logs->resolver);
	w = otlp_queue_item(logs->queue, origin);
	if (!w)
		return;
	if (logs->bytes.full)
		w->out->full = true;
	else
		otlp_raw(w, logs->bytes.buf, logs->bytes.len);
	otlp_queue_item_end(logs->queue);
}
