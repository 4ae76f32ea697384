// SPDX-License-Identifier: Apache-2.0
/*
 * One JSON object a line. Everything that does not change from record to record is text made at
 * open(); a record is formatted straight into the output buffer.
 */
#include "base/num.h"
#include "base/util.h"
#include "runner/sink/print/json_shape.h"
#include "runner/sink/print/json_span.h"
#include "runner/sink/exporter.h"
#include "runner/sink/print/print.h"

#define TIME_BYTES 31 /* format_rfc3339() with its NUL */
#define TIME_HEAD "{\"time\":\""
#define NAME_MAX_BYTES (1u << 20)

struct text {
	const char *ptr;
	size_t len;
};

struct json_sink {
	struct print_sink print;
	bool names; /* beside numbers that have one */
	bool own_fd;
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
	struct text name; /* quoted, behind that of the program where there are several */
};

static char *put(char *dst, const char *bytes, size_t len)
{
	memcpy(dst, bytes, len);
	return dst + len;
}

#define put_const(dst, text) put((dst), (text), sizeof(text) - 1)

static char *put_text(char *dst, struct text text)
{
	return json_put_chunks(dst, text.ptr, text.len);
}

static char *put_time(char *dst, uint64_t time_ns)
{
	dst = put_const(dst, TIME_HEAD);
	return dst + format_rfc3339(time_ns, dst);
}

static struct text text_of(struct arena *arena, const char *text)
{
	size_t len = strlen(text);
	char *copy = arena_alloc(arena, len + JSON_CHUNK, 1);

	memcpy(copy, text, len + 1);
	return (struct text){ copy, len };
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

static uint32_t shown_members(struct json_member *dst, const struct layout *layout, uint8_t part,
			      bool names, struct arena *arena)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		if (!(layout->fields[i].tags & TAG_HIDE))
			dst[n++] = (struct json_member){ layout->fields[i].path, &layout->fields[i],
							 part };
	}
	return names ? json_members_name(dst, n, arena) : n;
}

static void prepare_records(struct print_source *ps, struct json_map *ret,
			    const struct map_plan *map, bool names)
{
	uint32_t most = MAX(map->value.nfields, map->has_key ? map->key.nfields : 0) + 1;
	_cleanup_free_ struct json_member *members = xcalloc(2 * (size_t)most, sizeof(*members));

	json_shape_init(&ret->fields, &ps->arena, members,
			shown_members(members, &map->value, PART_VALUE, names, &ps->arena));
	ret->record_key = map->has_key && map->key.nfields;
	if (ret->record_key)
		json_shape_init(&ret->key, &ps->arena, members,
				shown_members(members, &map->key, PART_KEY, names, &ps->arena));
	ret->head =
		text_of(&ps->arena,
			arena_printf(&ps->arena, "\",%s,\"kind\":\"event\",\"%s\":", ret->name.ptr,
				     ret->record_key ? "key" : "fields"));
	ret->record_max = strlen(TIME_HEAD) + TIME_BYTES + ret->head.len + ret->key.max_bytes +
			  ret->fields.max_bytes + sizeof(",\"fields\":}\n") + JSON_CHUNK;
}

static void prepare_spans(struct print_source *ps, struct json_map *ret, const struct map_plan *map,
			  bool names)
{
	json_span_init(&ret->span, &ps->arena, ps->spans, span_views_plan(ps->spans, map), names);
	ret->head = text_of(&ps->arena,
			    arena_printf(&ps->arena, "\",%s,\"kind\":\"span\",", ret->name.ptr));
	ret->record_max = strlen(TIME_HEAD) + TIME_BYTES + ret->head.len + ret->span.max_bytes +
			  sizeof("}\n") + JSON_CHUNK;
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

static void prepare_families(struct print_source *ps, struct json_map *ret,
			     const struct metric_plan *plan)
{
	bool one = plan->nfamilies == 1 && !plan->families[0].base[0];
	const char *before = ",\"value\":{";

	ret->plain_histogram = plan->nfamilies == 1 && plan->families[0].type == METRIC_HISTOGRAM;
	ret->family_head = arena_array(&ps->arena, struct text, plan->nfamilies + 1);
	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		if (ret->plain_histogram)
			ret->family_head[i] = text_of(&ps->arena, ",");
		else if (one)
			ret->family_head[i] = text_of(&ps->arena, ",\"value\":");
		else
			ret->family_head[i] = text_of(
				&ps->arena,
				arena_printf(&ps->arena, "%s%s:", i ? "," : before,
					     quoted(&ps->arena, plan->families[i].base).ptr));
		ret->row_max += ret->family_head[i].len + family_max(&plan->families[i]);
	}
	ret->row_tail = text_of(&ps->arena, one || ret->plain_histogram ? "}\n" : "}}\n");
}

static void prepare_rows(struct print_source *ps, struct json_map *ret, const struct map_plan *map,
			 const struct metric_plan *plan, bool names)
{
	_cleanup_free_ struct json_member *members =
		xcalloc(2 * (size_t)plan->nlabels + 1, sizeof(*members));
	const char *form = "\",%s,\"kind\":\"%s\",\"key\":";
	uint32_t nmembers = label_members(members, plan);

	if (names)
		nmembers = json_members_name(members, nmembers, &ps->arena);
	json_shape_init(&ret->key, &ps->arena, members, nmembers);
	ret->live = text_of(&ps->arena, arena_printf(&ps->arena, form, ret->name.ptr,
						     map_role_name(map->role)));
	ret->gone = text_of(&ps->arena, arena_printf(&ps->arena, form, ret->name.ptr, "gone"));
	ret->row_max = strlen(TIME_HEAD) + TIME_BYTES + MAX(ret->live.len, ret->gone.len) +
		       ret->key.max_bytes + sizeof(",\"value\":{}}\n") + JSON_CHUNK;
	prepare_families(ps, ret, plan);
}

/* "map":"conns", or "program":"x","map":"conns". */
static struct text name_members(struct print_source *ps, const struct map_plan *map)
{
	const struct text name = quoted(&ps->arena, map->name);

	if (!ps->source->several)
		return text_of(&ps->arena, arena_printf(&ps->arena, "\"map\":%s", name.ptr));
	return text_of(&ps->arena,
		       arena_printf(&ps->arena, "\"program\":%s,\"map\":%s",
				    quoted(&ps->arena, ps->source->program).ptr, name.ptr));
}

static void json_map(struct print_sink *print, struct print_source *ps, const struct map_plan *map,
		     const struct metric_plan *metric, void *ret)
{
	bool names = container_of(print, struct json_sink, print)->names;
	struct json_map *json = ret;

	json->name = name_members(ps, map);
	if (span_views_plan(ps->spans, map))
		prepare_spans(ps, json, map, names);
	else if (map_has_records(map))
		prepare_records(ps, json, map, names);
	else if (metric)
		prepare_rows(ps, json, map, metric, names);
}

static int put_span(struct out *out, struct print_source *ps, const struct json_map *map,
		    const struct record *record)
{
	struct resolver *resolver = sink_names_get(&ps->names);
	const struct trace_span *span = span_views_read(ps->spans, record);
	char *start, *p;

	if (!span)
		return 0;
	start = out_reserve(out, map->record_max);
	p = put_text(put_time(start, span->start_ns), map->head);
	p = json_span_write(p, &map->span, ps->spans, span, resolver);
	p = put_const(p, "}\n");
	out_advance(out, p - start);
	return out_pace(out);
}

static int json_event(struct sink *sink, struct source *source, const struct record *record)
{
	struct print_source *ps = print_source_of(sink, source);
	const struct json_map *map = &((struct json_map *)ps->maps)[record->map->index];
	struct out *out = &print_of(sink)->out;
	char *start, *p;

	if (map->span.plan)
		return put_span(out, ps, map, record);
	start = out_reserve(out, map->record_max);
	p = put_text(put_time(start, record->time_ns), map->head);
	if (map->record_key) {
		p = json_shape_write(p, &map->key, record->part, sink_names_get(&ps->names));
		p = put_const(p, ",\"fields\":");
	}
	p = json_shape_write(p, &map->fields, record->part, sink_names_get(&ps->names));
	p = put_const(p, "}\n");
	out_advance(out, p - start);
	return out_pace(out);
}

static char *put_histogram(char *p, const struct family *family, const union cell *cells)
{
	uint64_t cumulative = 0, total = histogram_count(family, cells);
	bool all = false;

	p = put_const(p, "\"count\":");
	p += num_u64(p, total);
	if (family_knows_sum(family, cells)) {
		p = put_const(p, ",\"sum\":");
		p += cell_text(p, family->cell_type, histogram_sum(family, cells), true);
	}
	p = put_const(p, ",\"buckets\":[");
	/* Buckets above the last observation would all repeat the total. */
	for (uint32_t i = 0; i <= family->nbounds && !all; i++) {
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
		all = cumulative == total;
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

static int put_row(struct out *out, struct print_source *ps, const struct json_map *map,
		   const struct series_rows *rows, uint32_t i, uint64_t time_ns)
{
	const void *const bases[2] = { [PART_KEY] = row_key(rows, i) };
	bool gone = rows->flags[i] & SERIES_GONE;
	char *start = out_reserve(out, map->row_max);
	char *p = put_time(start, time_ns);

	p = put_text(p, gone ? map->gone : map->live);
	if (rows->flags[i] & SERIES_OVERFLOW)
		p = json_shape_write_same(p, &map->key, "\"" OVERFLOW_TEXT "\"");
	else
		p = json_shape_write(p, &map->key, bases, sink_names_get(&ps->names));
	if (gone) {
		p = put_const(p, "}\n");
	} else {
		p = put_values(p, map, rows->plan, row_cells(rows, i));
		p = put_text(p, map->row_tail);
	}
	out_advance(out, p - start);
	return out_pace(out);
}

static int json_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		     uint64_t time_ns)
{
	struct print_source *ps = print_source_of(sink, source);
	const struct json_map *map = &((struct json_map *)ps->maps)[rows->plan->map->index];
	int ret = 0;

	for (uint32_t i = 0; i < rows->count && !ret; i++)
		ret = put_row(&print_of(sink)->out, ps, map, rows, i, time_ns);
	return ret;
}

static int json_lost(struct sink *sink, struct source *source, const struct map_plan *plan,
		     enum lost_where where, uint64_t count, uint64_t time_ns)
{
	struct print_source *ps = print_source_of(sink, source);
	const struct json_map *map = &((struct json_map *)ps->maps)[plan->index];
	struct out *out = &print_of(sink)->out;
	char *start = out_reserve(out, TIME_BYTES + map->name.len + 128);
	char *p = put_time(start, time_ns);

	p = put_const(p, "\",");
	p = put_text(p, map->name);
	p = put_const(p, ",\"kind\":\"lost\",\"count\":");
	p += num_u64(p, count);
	if (where == LOST_QUEUE)
		p = put_const(p, ",\"where\":\"queue\"");
	p = put_const(p, "}\n");
	out_advance(out, p - start);
	return out_pace(out);
}

static void json_free(struct print_sink *print)
{
	if (container_of(print, struct json_sink, print)->own_fd)
		close(print->out.fd);
}

static const struct sink_ops json_ops = {
	.name = "json",
	.add = print_add,
	.event = json_event,
	.rows = json_rows,
	.lost = json_lost,
	.flush = print_flush,
	.remove = print_remove,
	.free = print_free,
	.out = print_out,
};

static const struct print_kind json_kind = {
	.sink_bytes = sizeof(struct json_sink),
	.map_bytes = sizeof(struct json_map),
	.map = json_map,
	.free = json_free,
};

struct sink *sink_json_new(int fd)
{
	return &print_new(&json_ops, &json_kind, fd)->sink;
}

void sink_json_own_fd(struct sink *sink)
{
	container_of(print_of(sink), struct json_sink, print)->own_fd = true;
}

void sink_json_names(struct sink *sink)
{
	container_of(print_of(sink), struct json_sink, print)->names = true;
}

/* --- its options --- */

struct json_args {
	bool names;
};

static int json_new(struct sink **ret, const void *args, const struct export_env *env,
		    struct err *err)
{
	*ret = sink_json_new(env->out_fd);
	if (env->gives_fd)
		sink_json_own_fd(*ret);
	if (((const struct json_args *)args)->names)
		sink_json_names(*ret);
	return 0;
}

static const struct opt json_opts[] = {
	{ .name = "names",
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct json_args, names),
	  .help = "in JSON, the names of users, groups, cgroups, open flags and file modes beside "
		  "their numbers (uid_name)" },
	{ 0 },
};

const struct exporter exporter_json = {
	.name = "json",
	.type = "json",
	.group = "JSON",
	.opts = json_opts,
	.args_bytes = sizeof(struct json_args),
	.new = json_new,
};
