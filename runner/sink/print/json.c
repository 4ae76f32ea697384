// SPDX-License-Identifier: Apache-2.0
/*
 * One JSON object a line. Everything that does not change from record to record is text made at
 * open(); a record is formatted straight into the output buffer.
 */
#include "base/num.h"
#include "base/util.h"
#include "runner/sink/print/json_shape.h"
#include "runner/sink/print/json_span.h"
#include "runner/sink/out.h"
#include "runner/sink/text.h"

#define TIME_BYTES 31 /* format_rfc3339() with its NUL */
#define TIME_HEAD "{\"time\":\""
#define NAME_MAX_BYTES (1u << 20)

struct text {
	const char *ptr;
	size_t len;
};

struct json_map {
	struct text head;      /* records: after the time, up to the fields */
	struct json_shape key; /* records with a key, and rows */
	struct json_shape fields;
	struct json_span span; /* instead of these two, for maps of role spans */
	bool record_key;
	struct text live, gone;	  /* rows: after the time, up to the key */
	struct text *family_head; /* rows: before each family's value */
	struct text row_tail;
	bool plain_histogram; /* the only family: its members stand beside the key */
	size_t record_max, row_max;
	struct text name; /* quoted */
};

struct json_sink {
	struct sink sink;
	struct out out;
	struct arena arena;
	struct sink_names names;
	struct span_views *spans;
	struct json_map *maps;
	uint64_t left; /* lines until -n is reached */
};

static struct json_sink *json_of(struct sink *sink)
{
	return container_of(sink, struct json_sink, sink);
}

static char *put(char *dst, const char *bytes, size_t len)
{
	memcpy(dst, bytes, len);
	return dst + len;
}

#define put_const(dst, text) put((dst), (text), sizeof(text) - 1)

static char *put_text(char *dst, struct text text)
{
	return put(dst, text.ptr, text.len);
}

static char *put_time(char *dst, uint64_t time_ns)
{
	dst = put_const(dst, TIME_HEAD);
	return dst + format_rfc3339(time_ns, dst);
}

static struct text text_of(struct arena *arena, const char *text)
{
	struct text ret = { arena_strdup(arena, text), strlen(text) };

	return ret;
}

static struct text quoted(struct arena *arena, const char *name)
{
	struct strbuf sb = STRBUF_INIT(NAME_MAX_BYTES);
	struct text ret;

	json_add_string(&sb, name, strlen(name));
	ret = text_of(arena, strbuf_str(&sb));
	strbuf_release(&sb);
	return ret;
}

static uint32_t shown_members(struct json_member *dst, const struct layout *layout, uint8_t part)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		if (!(layout->fields[i].tags & TAG_HIDE))
			dst[n++] = (struct json_member){ layout->fields[i].path, &layout->fields[i],
							 part };
	}
	return n;
}

static void prepare_records(struct json_sink *json, struct json_map *ret,
			    const struct map_plan *map)
{
	uint32_t most = MAX(map->value.nfields, map->has_key ? map->key.nfields : 0) + 1;
	_cleanup_free_ struct json_member *members = xcalloc(most, sizeof(*members));

	json_shape_init(&ret->fields, &json->arena, members,
			shown_members(members, &map->value, PART_VALUE));
	ret->record_key = map->has_key && map->key.nfields;
	if (ret->record_key)
		json_shape_init(&ret->key, &json->arena, members,
				shown_members(members, &map->key, PART_KEY));
	ret->head = text_of(&json->arena,
			    arena_printf(&json->arena, "\",\"map\":%s,\"kind\":\"event\",\"%s\":",
					 ret->name.ptr, ret->record_key ? "key" : "fields"));
	ret->record_max = strlen(TIME_HEAD) + TIME_BYTES + ret->head.len + ret->key.max_bytes +
			  ret->fields.max_bytes + sizeof(",\"fields\":}\n");
}

static void prepare_spans(struct json_sink *json, struct json_map *ret, const struct map_plan *map)
{
	json_span_init(&ret->span, &json->arena, json->spans, span_views_plan(json->spans, map));
	ret->head =
		text_of(&json->arena, arena_printf(&json->arena, "\",\"map\":%s,\"kind\":\"span\",",
						   ret->name.ptr));
	ret->record_max = strlen(TIME_HEAD) + TIME_BYTES + ret->head.len + ret->span.max_bytes +
			  sizeof("}\n");
}

/* Members of the key's object; a path that is there already (a value's member that became a
 * label) gives way to the label's name, which is unique. */
static uint32_t label_members(struct json_member *dst, const struct metric_plan *plan)
{
	for (uint32_t i = 0; i < plan->nlabels; i++) {
		dst[i] = (struct json_member){ plan->labels[i].in_key.path, &plan->labels[i].in_key,
					       PART_KEY };
		for (uint32_t k = 0; k < i; k++) {
			if (streq(dst[k].path, dst[i].path)) {
				dst[i].path = plan->labels[i].name;
				break;
			}
		}
	}
	return plan->nlabels;
}

static size_t family_max(const struct family *family)
{
	size_t buckets = family->type == METRIC_HISTOGRAM ? (size_t)family->nbounds + 1 : 0;

	return 64 + CELL_ROOM * 2 + buckets * (sizeof("{\"le\":,\"count\":},") + 2 * CELL_ROOM);
}

static void prepare_families(struct json_sink *json, struct json_map *ret,
			     const struct metric_plan *plan)
{
	bool one = plan->nfamilies == 1 && !plan->families[0].base[0];
	const char *before = ",\"value\":{";

	ret->plain_histogram = plan->nfamilies == 1 && plan->families[0].type == METRIC_HISTOGRAM;
	ret->family_head = arena_array(&json->arena, struct text, plan->nfamilies + 1);
	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		if (ret->plain_histogram)
			ret->family_head[i] = text_of(&json->arena, ",");
		else if (one)
			ret->family_head[i] = text_of(&json->arena, ",\"value\":");
		else
			ret->family_head[i] = text_of(
				&json->arena,
				arena_printf(&json->arena, "%s%s:", i ? "," : before,
					     quoted(&json->arena, plan->families[i].base).ptr));
		ret->row_max += ret->family_head[i].len + family_max(&plan->families[i]);
	}
	ret->row_tail = text_of(&json->arena, one || ret->plain_histogram ? "}\n" : "}}\n");
}

static void prepare_rows(struct json_sink *json, struct json_map *ret, const struct map_plan *map,
			 const struct metric_plan *plan)
{
	_cleanup_free_ struct json_member *members = xcalloc(plan->nlabels + 1, sizeof(*members));
	const char *form = "\",\"map\":%s,\"kind\":\"%s\",\"key\":";

	json_shape_init(&ret->key, &json->arena, members, label_members(members, plan));
	ret->live = text_of(&json->arena, arena_printf(&json->arena, form, ret->name.ptr,
						       map_role_name(map->role)));
	ret->gone = text_of(&json->arena, arena_printf(&json->arena, form, ret->name.ptr, "gone"));
	ret->row_max = strlen(TIME_HEAD) + TIME_BYTES + MAX(ret->live.len, ret->gone.len) +
		       ret->key.max_bytes + sizeof(",\"value\":{}}\n");
	prepare_families(json, ret, plan);
}

static int json_open(struct sink *sink, const struct sink_env *env, struct err *err)
{
	struct json_sink *json = json_of(sink);
	const struct series *series;
	const struct map_plan *map;

	sink_names_init(&json->names, env);
	json->spans = span_views_new(env, json->names.resolver);
	json->left = env->max_records ? env->max_records : UINT64_MAX;
	json->maps = arena_array(&json->arena, struct json_map, env->plan->nmaps + 1);
	for (uint32_t i = 0; i < env->plan->nmaps; i++) {
		map = &env->plan->maps[i];
		json->maps[i].name = quoted(&json->arena, map->name);
		series = map_has_series(map) ? collector_series(env->collector, map) : NULL;
		if (span_views_plan(json->spans, map))
			prepare_spans(json, &json->maps[i], map);
		else if (map_has_records(map))
			prepare_records(json, &json->maps[i], map);
		else if (series)
			prepare_rows(json, &json->maps[i], map, series_plan(series));
	}
	return 0;
}

/* After a line of data: 1 when it was the last one wanted. */
static int line_done(struct json_sink *json)
{
	int ret = out_pace(&json->out);

	return ret ? ret : --json->left == 0;
}

static int put_span(struct json_sink *json, const struct json_map *map, const struct record *record)
{
	struct resolver *resolver = sink_names_get(&json->names);
	const struct trace_span *span = span_views_read(json->spans, record);
	char *start, *p;

	if (!span)
		return 0;
	start = out_reserve(&json->out, map->record_max);
	p = put_text(put_time(start, span->start_ns), map->head);
	p = json_span_write(p, &map->span, json->spans, span, resolver);
	p = put_const(p, "}\n");
	out_advance(&json->out, p - start);
	return line_done(json);
}

static int json_event(struct sink *sink, const struct record *record)
{
	struct json_sink *json = json_of(sink);
	const struct json_map *map = &json->maps[record->map->index];
	char *start, *p;

	if (map->span.plan)
		return put_span(json, map, record);
	start = out_reserve(&json->out, map->record_max);
	p = put_text(put_time(start, record->time_ns), map->head);
	if (map->record_key) {
		p = json_shape_write(p, &map->key, record->part, sink_names_get(&json->names));
		p = put_const(p, ",\"fields\":");
	}
	p = json_shape_write(p, &map->fields, record->part, sink_names_get(&json->names));
	p = put_const(p, "}\n");
	out_advance(&json->out, p - start);
	return line_done(json);
}

static char *put_histogram(char *p, const struct family *family, const union cell *cells)
{
	uint64_t cumulative = 0;

	p = put_const(p, "\"count\":");
	p += num_u64(p, histogram_count(family, cells));
	if (family_knows_sum(family, cells)) {
		p = put_const(p, ",\"sum\":");
		p += cell_text(p, family->cell_type, histogram_sum(family, cells), true);
	}
	p = put_const(p, ",\"buckets\":[");
	for (uint32_t i = 0; i <= family->nbounds; i++) {
		cumulative += cells[family->cell + i].u;
		if (!family_shows_bound(family, i))
			continue;
		if (p[-1] != '[')
			*p++ = ',';
		p = put_const(p, "{\"le\":");
		if (i < family->nbounds)
			p += num_u64(p, family->bounds[i]);
		else
			p = put_const(p, "\"+Inf\"");
		p = put_const(p, ",\"count\":");
		p += num_u64(p, cumulative);
		*p++ = '}';
	}
	*p++ = ']';
	return p;
}

static char *put_values(char *p, const struct json_map *map, const struct metric_plan *plan,
			const union cell *cells)
{
	const struct family *family;

	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		family = &plan->families[i];
		p = put_text(p, map->family_head[i]);
		if (map->plain_histogram) {
			p = put_histogram(p, family, cells);
		} else if (family->type == METRIC_HISTOGRAM) {
			*p++ = '{';
			p = put_histogram(p, family, cells);
			*p++ = '}';
		} else {
			p += cell_text(p, family->cell_type, cells[family->cell], true);
		}
	}
	return p;
}

static int put_row(struct json_sink *json, const struct json_map *map,
		   const struct series_rows *rows, uint32_t i, uint64_t time_ns)
{
	const void *const bases[2] = { [PART_KEY] = row_key(rows, i) };
	bool gone = rows->flags[i] & SERIES_GONE;
	char *start = out_reserve(&json->out, map->row_max);
	char *p = put_time(start, time_ns);

	p = put_text(p, gone ? map->gone : map->live);
	if (rows->flags[i] & SERIES_OVERFLOW)
		p = json_shape_write_same(p, &map->key, "\"" OVERFLOW_TEXT "\"");
	else
		p = json_shape_write(p, &map->key, bases, sink_names_get(&json->names));
	if (gone) {
		p = put_const(p, "}\n");
	} else {
		p = put_values(p, map, rows->plan, row_cells(rows, i));
		p = put_text(p, map->row_tail);
	}
	out_advance(&json->out, p - start);
	return line_done(json);
}

static int json_rows(struct sink *sink, const struct series_rows *rows, uint64_t time_ns)
{
	struct json_sink *json = json_of(sink);
	const struct json_map *map = &json->maps[rows->plan->map->index];
	int ret = 0;

	for (uint32_t i = 0; i < rows->count && !ret; i++)
		ret = put_row(json, map, rows, i, time_ns);
	return ret;
}

static int json_lost(struct sink *sink, const struct map_plan *plan, enum lost_where where,
		     uint64_t count, uint64_t time_ns)
{
	struct json_sink *json = json_of(sink);
	const struct json_map *map = &json->maps[plan->index];
	char *start = out_reserve(&json->out, TIME_BYTES + map->name.len + 128);
	char *p = put_time(start, time_ns);

	p = put_const(p, "\",\"map\":");
	p = put_text(p, map->name);
	p = put_const(p, ",\"kind\":\"lost\",\"count\":");
	p += num_u64(p, count);
	if (where == LOST_QUEUE)
		p = put_const(p, ",\"where\":\"queue\"");
	p = put_const(p, "}\n");
	out_advance(&json->out, p - start);
	return out_pace(&json->out);
}

static int json_flush(struct sink *sink)
{
	return out_flush(&json_of(sink)->out);
}

static struct out *json_out(struct sink *sink)
{
	return &json_of(sink)->out;
}

static void json_free(struct sink *sink)
{
	struct json_sink *json = json_of(sink);

	span_views_free(json->spans);
	sink_names_release(&json->names);
	out_release(&json->out);
	arena_release(&json->arena);
	free(json);
}

static const struct sink_ops json_ops = {
	.name = "json",
	.open = json_open,
	.event = json_event,
	.rows = json_rows,
	.lost = json_lost,
	.flush = json_flush,
	.free = json_free,
	.out = json_out,
};

struct sink *sink_json_new(int fd)
{
	struct json_sink *json = xcalloc(1, sizeof(*json));

	json->sink.ops = &json_ops;
	out_init(&json->out, fd);
	return &json->sink;
}
