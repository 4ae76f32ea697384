// SPDX-License-Identifier: Apache-2.0
/*
 * Comma-separated values, quoted as RFC 4180 says, lines end in LF. Columns:
 *
 *	time,map,kind,<key or label paths>,<field paths or values>
 *
 * With several programs a column "program" stands before that of the map.
 *
 * Spans have the columns of span_view.h before those of their attributes.
 *
 * There is one header, with the columns of all maps (csv_sheet.h) and, where there are records,
 * those of lines about loss: "time,map,kind,count,where" (kernel: the program could not hand it
 * over; queue: the output was too slow). It comes before the first line, and again only when a
 * program joins later that has other columns. A histogram is count, sum (where known) and
 * cumulative le_<bound> columns. Keys that are gone have the columns of their map with empty
 * values. Control characters and bytes that are not UTF-8 are written \xNN, so that a line is
 * always one line.
 */
#include "base/clock.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/sink/exporter.h"
#include "runner/sink/print/csv_sheet.h"
#include "runner/sink/print/print.h"

#define TIME_BYTES 31
#define HEADER_MAX_BYTES (16u << 20)
#define LOST_HEADER "time,map,kind,count,where\n"
#define LOST_HEADER_SEVERAL "time,program,map,kind,count,where\n"

struct csv_map {
	char *header;
	char *name; /* quoted where it has to be, with commas around; the program's before it */
	size_t line_max;
	const struct metric_plan *plan; /* of rows */
	struct csv_place place;
};

struct csv_sink {
	struct print_sink print;
	struct csv_sheet sheet;
	struct csv_place lost;
	bool planned;	  /* the sheet has all maps */
	bool has_records; /* that may be lost */
	char *header;	  /* that was printed last; NULL: none */
	char *line;	  /* before it is spread */
	size_t line_max;
	char *plain, *escaped; /* one value, before quoting */
	size_t plain_max, plain_room;
};

static struct csv_sink *csv_of(struct sink *sink)
{
	return container_of(print_of(sink), struct csv_sink, print);
}

static struct csv_map *map_of(const struct print_source *ps, const struct map_plan *map)
{
	return &((struct csv_map *)ps->maps)[map->index];
}

/* A value of `len` bytes of any content can become so long, with its comma. */
#define VALUE_ROOM(len) (2 * UTF8_TERM_ROOM(len) + 4)

static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];

		if (c < ' ' || c > '~')
			return false;
	}
	return true;
}

/* Blanks at an edge are part of the value, but many readers would strip them. */
static bool needs_quotes(const char *text, size_t len)
{
	return memchr(text, ',', len) || memchr(text, '"', len) ||
	       (len && (text[0] == ' ' || text[len - 1] == ' '));
}

/* dst has VALUE_ROOM(len), scratch UTF8_TERM_ROOM(len). Returns the end. */
static char *put_value(char *dst, char *scratch, const char *text, size_t len)
{
	if (!is_plain(text, len)) {
		len = utf8_term_escape(scratch, text, len);
		text = scratch;
	}
	if (!needs_quotes(text, len)) {
		memcpy(dst, text, len);
		return dst + len;
	}
	*dst++ = '"';
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			*dst++ = '"';
		*dst++ = text[i];
	}
	*dst++ = '"';
	return dst;
}

static void add_value(struct strbuf *sb, const char *text)
{
	size_t len = strlen(text);
	_cleanup_free_ char *scratch = xmalloc(UTF8_TERM_ROOM(len) + 1);
	char *dst = strbuf_reserve(sb, VALUE_ROOM(len));

	if (dst)
		strbuf_advance(sb, put_value(dst, scratch, text, len) - dst);
}

static void add_column(struct strbuf *sb, const char *prefix, const char *name)
{
	_cleanup_free_ char *full = xasprintf("%s%s", prefix, name);

	strbuf_addc(sb, ',');
	add_value(sb, full);
}

/* One more value of at most this many bytes in this map's lines. */
static void will_hold(struct csv_sink *csv, struct csv_map *map, size_t bytes)
{
	map->line_max += VALUE_ROOM(bytes);
	csv->plain_max = MAX(csv->plain_max, bytes);
}

/* The columns that all lines begin with; `program` among them only with several programs. */
static bool is_first_column(const char *name)
{
	return streq(name, "time") || streq(name, "program") || streq(name, "map") ||
	       streq(name, "kind");
}

static void prepare_layout(struct csv_sink *csv, struct csv_map *ret, struct strbuf *header,
			   const struct layout *layout, const struct layout *other,
			   const char *part)
{
	const struct field *field;
	bool twice;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		field = &layout->fields[i];
		if (!has_column(layout, field))
			continue;
		twice = is_first_column(field->path) || (other && layout_find(other, field->path));
		add_column(header, twice ? part : "", field->path);
		will_hold(csv, ret, field_text_max(field));
	}
}

static void prepare_span(struct csv_sink *csv, struct print_source *ps, struct csv_map *ret,
			 struct strbuf *header, const struct span_plan *plan)
{
	for (int i = 0; i < SPAN_CELLS; i++) {
		add_column(header, "", span_cell_name(i));
		will_hold(csv, ret, span_cell_max(ps->spans, plan, i));
	}
	for (uint32_t i = 0; i < plan->attrs.count; i++) {
		add_column(header, "", plan->attrs.all[i].name);
		will_hold(csv, ret, field_text_max(plan->attrs.all[i].field));
	}
}

static void prepare_family(struct csv_sink *csv, struct csv_map *ret, struct strbuf *header,
			   const struct family *family)
{
	_cleanup_free_ char *prefix = xasprintf("%s%s", family->base, family->base[0] ? "_" : "");
	_cleanup_free_ char *le = xasprintf("%sle_", prefix);
	char bound[NUM_U64_ROOM + 1];

	will_hold(csv, ret, CELL_ROOM);
	if (family->type != METRIC_HISTOGRAM) {
		add_column(header, "", family->base[0] ? family->base : "value");
		return;
	}
	add_column(header, prefix, "count");
	if (family->has_sum)
		add_column(header, prefix, "sum");
	for (uint32_t i = 0; i < family->nbounds; i++) {
		if (!family_shows_bound(family, i))
			continue;
		bound[num_u64(bound, family->bounds[i])] = '\0';
		add_column(header, le, bound);
		will_hold(csv, ret, CELL_ROOM);
	}
	add_column(header, le, "inf");
	ret->line_max += 2 * VALUE_ROOM(CELL_ROOM);
}

static bool is_family_column(const struct metric_plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		const char *base = plan->families[i].base;

		if (streq(name, base[0] ? base : "value"))
			return true;
	}
	return false;
}

static void start_map(struct print_source *ps, struct csv_map *ret, const struct map_plan *map,
		      struct strbuf *header)
{
	struct strbuf sb = STRBUF_INIT(HEADER_MAX_BYTES);

	strbuf_addc(&sb, ',');
	if (ps->source->several) {
		add_value(&sb, ps->source->program);
		strbuf_addc(&sb, ',');
	}
	add_value(&sb, map->name);
	strbuf_addc(&sb, ',');
	ret->name = strbuf_steal(&sb);
	ret->line_max = TIME_BYTES + strlen(ret->name) + 64;
	strbuf_adds(header, ps->source->several ? "time,program,map,kind" : "time,map,kind");
}

static void prepare_map(struct csv_sink *csv, struct print_source *ps, struct csv_map *ret,
			const struct map_plan *map)
{
	struct strbuf sb = STRBUF_INIT(HEADER_MAX_BYTES);
	const struct metric_plan *plan = ret->plan;
	const struct span_plan *span = span_views_plan(ps->spans, map);
	const char *path;
	bool twice;

	start_map(ps, ret, map, &sb);
	for (uint32_t i = 0; plan && i < plan->nlabels; i++) {
		path = plan->labels[i].in_key.path;
		twice = is_family_column(plan, path) || is_first_column(path);
		add_column(&sb, twice ? "key." : "", path);
		will_hold(csv, ret, label_text_max(&plan->labels[i]));
	}
	for (uint32_t i = 0; plan && i < plan->nfamilies; i++)
		prepare_family(csv, ret, &sb, &plan->families[i]);
	if (span)
		prepare_span(csv, ps, ret, &sb, span);
	else if (!plan && map->has_key)
		prepare_layout(csv, ret, &sb, &map->key, &map->value, "key.");
	if (!span && !plan)
		prepare_layout(csv, ret, &sb, &map->value, map->has_key ? &map->key : NULL,
			       "value.");
	strbuf_addc(&sb, '\n');
	ret->header = strbuf_steal(&sb);
}

static void csv_map(struct print_sink *print, struct print_source *ps, const struct map_plan *map,
		    const struct metric_plan *metric, void *ret)
{
	struct csv_sink *csv = csv_of(&print->sink);

	((struct csv_map *)ret)->plan = metric;
	csv->planned = false;
	csv->has_records |= map_has_records(map);
	if (metric || map_has_records(map) || map->lost_map >= 0)
		prepare_map(csv, ps, ret, map);
	if (csv->plain && csv->plain_room >= csv->plain_max)
		return;
	free(csv->plain);
	free(csv->escaped);
	csv->plain_room = csv->plain_max;
	csv->plain = xmalloc(csv->plain_max + 1);
	csv->escaped = xmalloc(UTF8_TERM_ROOM(csv->plain_max) + 1);
}

static void forget_map(void *map)
{
	struct csv_map *csv = map;

	free(csv->header);
	free(csv->name);
	csv_place_release(&csv->place);
}

/* Calls with all maps that have lines. */
static void each_map(struct csv_sink *csv, void (*call)(struct csv_sink *csv, struct csv_map *map))
{
	for (uint32_t i = 0; i < csv->print.sources.count; i++) {
		const struct print_source *ps = csv->print.sources.all[i];
		struct csv_map *maps = ps ? ps->maps : NULL;

		for (uint32_t k = 0; maps && k < ps->source->plan->nmaps; k++)
			if (maps[k].header)
				call(csv, &maps[k]);
	}
}

static void add_map(struct csv_sink *csv, struct csv_map *map)
{
	csv_sheet_add(&csv->sheet, map->header);
	csv->line_max = MAX(csv->line_max, map->line_max);
}

static void place_map(struct csv_sink *csv, struct csv_map *map)
{
	csv_place_find(&map->place, &csv->sheet, map->header);
}

/* Plans the header of all maps, and prints it if it is new. */
static void plan_sheet(struct csv_sink *csv, const struct source *source)
{
	const char *lost = source->several ? LOST_HEADER_SEVERAL : LOST_HEADER;
	_cleanup_free_ char *before = steal_ptr(&csv->header);

	csv->planned = true;
	csv_sheet_release(&csv->sheet);
	csv->line_max = TIME_BYTES + SOURCE_PROGRAM_MAX + 256;
	each_map(csv, add_map);
	if (csv->has_records) {
		csv_sheet_need(&csv->sheet, "count");
		csv_sheet_need(&csv->sheet, "where");
	}
	each_map(csv, place_map);
	csv_place_find(&csv->lost, &csv->sheet, lost);
	free(csv->line);
	csv->line = xmalloc(csv->line_max + 1);
	csv->header = csv_sheet_header(&csv->sheet);
	if (!before || !streq(before, csv->header))
		out_adds(&csv->print.out, csv->header);
}

/* Where a line is written; line_done() follows. */
static char *begin_line(struct csv_sink *csv, const struct source *source)
{
	if (unlikely(!csv->planned))
		plan_sheet(csv, source);
	return csv->line;
}

static char *put_start(char *p, const struct csv_map *map, uint64_t time_ns, const char *kind)
{
	p += format_rfc3339(time_ns, p);
	return stpcpy(stpcpy(p, map->name), kind);
}

static int line_done(struct csv_sink *csv, const struct csv_place *place, const char *end)
{
	size_t len = (size_t)(end - csv->line);
	char *start = out_reserve(&csv->print.out, len + csv->sheet.count + 1), *p;

	p = csv_sheet_spread(&csv->sheet, place, start, csv->line, len);
	*p++ = '\n';
	out_advance(&csv->print.out, p - start);
	return out_pace(&csv->print.out);
}

static char *put_part(struct csv_sink *csv, struct print_source *ps, char *p,
		      const struct layout *layout, const void *base)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *field = &layout->fields[i];
		size_t len = 0;

		if (!has_column(layout, field))
			continue;
		if (base)
			len = field_text(csv->plain, field, base, STYLE_PLAIN,
					 sink_names_get(&ps->names));
		*p++ = ',';
		p = put_value(p, csv->escaped, csv->plain, len);
	}
	return p;
}

static int put_span(struct csv_sink *csv, struct print_source *ps, const struct csv_map *map,
		    const struct record *record)
{
	struct resolver *resolver = sink_names_get(&ps->names);
	const struct trace_span *span = span_views_read(ps->spans, record);
	char *p;

	if (!span)
		return 0;
	p = put_start(begin_line(csv, ps->source), map, span->start_ns, "span");
	for (int i = 0; i < SPAN_CELLS; i++) {
		*p++ = ',';
		p = put_value(p, csv->escaped, csv->plain,
			      span_cell(csv->plain, ps->spans, span, i, STYLE_PLAIN));
	}
	for (uint32_t i = 0; i < span->plan->attrs.count; i++) {
		*p++ = ',';
		p = put_value(p, csv->escaped, csv->plain,
			      field_text(csv->plain, span->plan->attrs.all[i].field,
					 record->part[PART_VALUE], STYLE_PLAIN, resolver));
	}
	return line_done(csv, &map->place, p);
}

static int csv_event(struct sink *sink, struct source *source, const struct record *record)
{
	struct csv_sink *csv = csv_of(sink);
	struct print_source *ps = print_source_of(sink, source);
	const struct map_plan *plan = record->map;
	const struct csv_map *map = map_of(ps, plan);
	char *p;

	if (plan->role == ROLE_SPANS)
		return put_span(csv, ps, map, record);
	p = put_start(begin_line(csv, source), map, record->time_ns, "event");
	if (plan->has_key)
		p = put_part(csv, ps, p, &plan->key, record->part[PART_KEY]);
	p = put_part(csv, ps, p, &plan->value, record->part[PART_VALUE]);
	return line_done(csv, &map->place, p);
}

/* Without cells: as many empty columns. */
static char *put_family(char *p, const struct family *family, const union cell *cells)
{
	uint64_t cumulative = 0;

	*p++ = ',';
	if (family->type != METRIC_HISTOGRAM)
		return cells ? p + cell_text(p, family->cell_type, cells[family->cell], false) : p;
	if (cells)
		p += num_u64(p, histogram_count(family, cells));
	if (family->has_sum) {
		*p++ = ',';
		if (cells && family_knows_sum(family, cells))
			p += cell_text(p, family->cell_type, histogram_sum(family, cells), false);
	}
	for (uint32_t i = 0; i <= family->nbounds; i++) {
		cumulative += cells ? cells[family->cell + i].u : 0;
		if (!family_shows_bound(family, i))
			continue;
		*p++ = ',';
		if (cells)
			p += num_u64(p, cumulative);
	}
	return p;
}

static int put_row(struct csv_sink *csv, struct print_source *ps, const struct csv_map *map,
		   const struct series_rows *rows, uint32_t i, uint64_t time_ns)
{
	const struct metric_plan *plan = rows->plan;
	bool gone = rows->flags[i] & SERIES_GONE;
	char *p;
	size_t len;

	p = put_start(begin_line(csv, ps->source), map, time_ns,
		      gone ? "gone" : map_role_name(plan->map->role));
	for (uint32_t k = 0; k < plan->nlabels; k++) {
		len = label_text(csv->plain, &plan->labels[k], rows, i, STYLE_PLAIN,
				 sink_names_get(&ps->names));
		*p++ = ',';
		p = put_value(p, csv->escaped, csv->plain, len);
	}
	for (uint32_t k = 0; k < plan->nfamilies; k++)
		p = put_family(p, &plan->families[k], gone ? NULL : row_cells(rows, i));
	return line_done(csv, &map->place, p);
}

static int csv_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		    uint64_t time_ns)
{
	struct csv_sink *csv = csv_of(sink);
	struct print_source *ps = print_source_of(sink, source);
	const struct csv_map *map = map_of(ps, rows->plan->map);
	int ret = 0;

	for (uint32_t i = 0; i < rows->count && !ret; i++)
		ret = put_row(csv, ps, map, rows, i, time_ns);
	return ret;
}

static int csv_lost(struct sink *sink, struct source *source, const struct map_plan *plan,
		    enum lost_where where, uint64_t count, uint64_t time_ns)
{
	struct csv_sink *csv = csv_of(sink);
	const struct csv_map *map = map_of(print_source_of(sink, source), plan);
	char *p;

	if (!map->name)
		return 0;
	/* Without records the sheet has no columns for losses until the first one. */
	p = begin_line(csv, source);
	if (!csv->has_records) {
		csv->has_records = true;
		plan_sheet(csv, source);
		p = csv->line;
	}
	p = put_start(p, map, time_ns, "lost,");
	p += num_u64(p, count);
	p = stpcpy(p, where == LOST_QUEUE ? ",queue" : ",kernel");
	return line_done(csv, &csv->lost, p);
}

static void csv_free(struct print_sink *print)
{
	struct csv_sink *csv = csv_of(&print->sink);

	csv_sheet_release(&csv->sheet);
	csv_place_release(&csv->lost);
	free(csv->header);
	free(csv->line);
	free(csv->plain);
	free(csv->escaped);
}

static const struct sink_ops csv_ops = {
	.name = "csv",
	.add = print_add,
	.event = csv_event,
	.rows = csv_rows,
	.lost = csv_lost,
	.flush = print_flush,
	.remove = print_remove,
	.free = print_free,
	.out = print_out,
};

static const struct print_kind csv_kind = {
	.sink_bytes = sizeof(struct csv_sink),
	.map_bytes = sizeof(struct csv_map),
	.map = csv_map,
	.forget_map = forget_map,
	.free = csv_free,
};

struct sink *sink_csv_new(int fd)
{
	return &print_new(&csv_ops, &csv_kind, fd)->sink;
}

static int csv_new(struct sink **ret, const void *args, const struct export_env *env,
		   struct err *err)
{
	*ret = sink_csv_new(env->out_fd);
	return 0;
}

const struct exporter exporter_csv = { .name = "csv", .new = csv_new };
