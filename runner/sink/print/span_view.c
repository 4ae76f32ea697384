// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/print/span_view.h"

#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/text/human.h"

#define SHORT_ROOM 64 /* ids, times, numbers, words: with quotes */

struct span_views {
	struct span_maker *maker;
	struct span_text program;
	struct arena arena;
	struct span_plan *plans; /* by the map's index */
	struct trace_span span;
};

static const struct column {
	const char *name;
	enum { ID_16, ID_8, TEXT, TIME, WORD, NANOSECONDS } type;
	uint16_t off; /* in struct trace_span */
} columns[SPAN_CELLS] = {
#define SPAN(member) offsetof(struct trace_span, member)
	[SPAN_CELL_TRACE] = { "trace_id", ID_16, SPAN(trace_id) },
	[SPAN_CELL_ID] = { "span_id", ID_8, SPAN(span_id) },
	[SPAN_CELL_PARENT] = { "parent_span_id", ID_8, SPAN(parent_id) },
	[SPAN_CELL_NAME] = { "name", TEXT, SPAN(name) },
	[SPAN_CELL_SERVICE] = { "service", TEXT, SPAN(service) },
	[SPAN_CELL_START] = { "start", TIME, SPAN(start_ns) },
	[SPAN_CELL_END] = { "end", TIME, SPAN(end_ns) },
	[SPAN_CELL_DURATION] = { "duration_ns", NANOSECONDS, 0 },
	[SPAN_CELL_KIND] = { "span_kind", WORD, SPAN(kind) },
	[SPAN_CELL_STATUS] = { "status", WORD, SPAN(status) },
	[SPAN_CELL_MESSAGE] = { "status_message", TEXT, SPAN(status_message) },
#undef SPAN
};

struct span_views *span_views_new(const struct source *source, struct resolver *resolver)
{
	static const struct span_sampler every = { .kind = SAMPLER_ON };
	struct span_views *views = NULL;

	for (uint32_t i = 0; i < source->plan->nmaps; i++) {
		if (source->plan->maps[i].role != ROLE_SPANS)
			continue;
		if (!views) {
			views = xcalloc(1, sizeof(*views));
			views->maker = span_maker_new(&every, source->clock, resolver);
			views->program = program_service(source->name);
			views->plans =
				arena_array(&views->arena, struct span_plan, source->plan->nmaps);
		}
		span_plan_init(&views->plans[i], &views->arena, &source->plan->maps[i]);
	}
	return views;
}

void span_views_free(struct span_views *views)
{
	if (!views)
		return;
	span_maker_free(views->maker);
	arena_release(&views->arena);
	free(views);
}

const struct span_plan *span_views_plan(const struct span_views *views, const struct map_plan *map)
{
	return views && map->role == ROLE_SPANS ? &views->plans[map->index] : NULL;
}

struct span_maker *span_views_maker(const struct span_views *views)
{
	return views->maker;
}

const struct trace_span *span_views_read(struct span_views *views, const struct record *record)
{
	struct trace_span *span = &views->span;

	if (span_make(views->maker, &views->plans[record->map->index], record, span) != 0)
		return NULL;
	if (!span->service.len)
		span->service = views->program;
	return span;
}

const char *span_cell_name(enum span_cell cell)
{
	return columns[cell].name;
}

static size_t text_room(const struct field *field, size_t fallback)
{
	size_t room = fallback;

	return field ? MAX(room, field_text_max(field)) : room;
}

size_t span_cell_max(const struct span_views *views, const struct span_plan *plan,
		     enum span_cell cell)
{
	const struct map_plan *map = plan->map;
	size_t room;

	switch (cell) {
	case SPAN_CELL_NAME:
		room = text_room(plan->name, strlen(map->span ? map->span : map->name));
		break;
	case SPAN_CELL_SERVICE:
		room = text_room(plan->service,
				 map->service ? strlen(map->service) : views->program.len);
		break;
	case SPAN_CELL_STATUS:
	case SPAN_CELL_MESSAGE:
		room = text_room(plan->status_message, 0) + SHORT_ROOM; /* or an errno's name */
		break;
	default:
		return SHORT_ROOM;
	}
	return UTF8_JSON_ROOM(room) + 2;
}

static size_t put(char *dst, const char *text, size_t len, enum style style)
{
	size_t n = 0;

	switch (style) {
	case STYLE_JSON:
	case STYLE_NAME:
		dst[n++] = '"';
		n += utf8_json_escape(dst + n, text, len);
		dst[n++] = '"';
		return n;
	case STYLE_TABLE:
		return utf8_term_escape(dst, text, len);
	case STYLE_PLAIN:
		break;
	}
	memcpy(dst, text, len);
	return len;
}

static size_t put_id(char *dst, const void *id, size_t len, enum style style)
{
	char hex[NUM_HEX_ROOM(TRACE_ID_BYTES)];

	return put(dst, hex, num_hex_bytes(hex, id, len), style);
}

static size_t put_time(char *dst, uint64_t ns, enum style style)
{
	char text[31];

	return put(dst, text, format_rfc3339(ns, text), style);
}

static size_t put_word(char *dst, const char *word, enum style style)
{
	return put(dst, word, strlen(word), style);
}

static size_t put_duration(char *dst, uint64_t ns, enum style style)
{
	return style == STYLE_TABLE ? human_duration(dst, ns, 1) : num_u64(dst, ns);
}

size_t span_cell(char *dst, const struct span_views *views, const struct trace_span *span,
		 enum span_cell cell, enum style style)
{
	const struct column *column = &columns[cell];
	const void *at = (const char *)span + column->off;
	const struct span_text *text = at;

	if (cell == SPAN_CELL_PARENT && span->is_root) {
		memcpy(dst, "null", 4);
		return style == STYLE_JSON ? 4 : 0;
	}
	if (cell == SPAN_CELL_STATUS && style == STYLE_TABLE) {
		if (span->status_message.len)
			return put(dst, span->status_message.ptr, span->status_message.len, style);
		if (span->status == SPAN_STATUS_UNSET)
			return 0;
	}
	switch (column->type) {
	case ID_16:
		return put_id(dst, at, TRACE_ID_BYTES, style);
	case ID_8:
		return put_id(dst, at, SPAN_ID_BYTES, style);
	case TEXT:
		return put(dst, text->ptr, text->len, style);
	case TIME:
		return put_time(dst, *(const uint64_t *)at, style);
	case WORD:
		return put_word(dst,
				cell == SPAN_CELL_KIND ? span_kind_name(span->kind)
						       : span_status_name(span->status),
				style);
	case NANOSECONDS:
		return put_duration(dst, span->end_ns - span->start_ns, style);
	}
	return 0;
}
