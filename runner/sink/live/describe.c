// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/live/describe.h"

#include <inttypes.h>
#include <string.h>
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/span/span.h"
#include "runner/read/text/decode.h"
#include "runner/sink/print/json_shape.h"

static void add_text(struct strbuf *sb, const char *name, const char *text)
{
	strbuf_addf(sb, ",\"%s\":", name);
	if (text)
		json_add_string(sb, text, strlen(text));
	else
		strbuf_adds(sb, "null");
}

static void begin_object(struct strbuf *sb, const char *name, const char *text)
{
	if (sb->len && sb->buf[sb->len - 1] == '}')
		strbuf_addc(sb, ',');
	strbuf_addf(sb, "{\"%s\":", name);
	json_add_string(sb, text, strlen(text));
}

/* --- the parts of a program --- */

static const char *nature(const struct field *field)
{
	if (field->meaning == MEAN_KSTACK)
		return "stack";
	if (field->meaning == MEAN_USTACK)
		return "user stack";
	if (meaning_traits(field->meaning)->is_time)
		return "time";
	if (field->count > 1)
		return "list";
	return field_is_numeric(field) ? "amount" : NULL;
}

static void add_field(struct strbuf *sb, const char *path, const struct field *field)
{
	const struct meaning_traits *traits = meaning_traits(field->meaning);

	begin_object(sb, "path", path);
	add_text(sb, "unit", traits->unit ? traits->unit : field->unit);
	add_text(sb, "is", nature(field));
	add_text(sb, "help", field->help);
	strbuf_addc(sb, '}');
}

static void add_fields(struct strbuf *sb, const char *name, const struct layout *layout)
{
	strbuf_addf(sb, ",\"%s\":[", name);
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (!(layout->fields[i].tags & TAG_HIDE))
			add_field(sb, layout->fields[i].path, &layout->fields[i]);
	strbuf_addc(sb, ']');
}

static void add_family(struct strbuf *sb, const struct family *family)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	const struct meaning_traits *traits = meaning_traits(family->meaning);

	begin_object(sb, "name", family->base);
	add_text(sb, "type", types[family->type]);
	add_text(sb, "unit", traits->unit ? traits->unit : family->cell_unit);
	add_text(sb, "help", family->help);
	strbuf_addc(sb, '}');
}

/* The name in lines: where two labels have the same path, the second one has its label's name. */
static const char *label_path(const struct metric_plan *plan, uint32_t number)
{
	const char *path = plan->labels[number].in_key.path;

	for (uint32_t i = 0; i < number; i++)
		if (streq(plan->labels[i].in_key.path, path))
			return plan->labels[number].name;
	return path;
}

static void add_series(struct strbuf *sb, const struct metric_plan *plan)
{
	strbuf_adds(sb, ",\"key\":[");
	for (uint32_t i = 0; i < plan->nlabels; i++)
		add_field(sb, label_path(plan, i), &plan->labels[i].in_key);
	strbuf_adds(sb, "],\"values\":[");
	for (uint32_t i = 0; i < plan->nfamilies; i++)
		add_family(sb, &plan->families[i]);
	strbuf_addc(sb, ']');
}

/* The fields of a span beside the members that all spans have. */
static void add_attributes(struct strbuf *sb, const struct map_plan *map)
{
	struct arena arena = { 0 };
	struct span_plan plan;

	span_plan_init(&plan, &arena, map);
	strbuf_adds(sb, ",\"fields\":[");
	for (uint32_t i = 0; i < plan.attrs.count; i++)
		add_field(sb, plan.attrs.all[i].name, plan.attrs.all[i].field);
	strbuf_addc(sb, ']');
	arena_release(&arena);
}

static void add_map(struct strbuf *sb, struct source *source, const struct map_plan *map)
{
	const struct metric_plan *metric = map_has_series(map) ? source_metric(source, map) : NULL;

	if (!metric && !map_has_records(map))
		return;
	begin_object(sb, "map", map->name);
	add_text(sb, "kind", map_role_name(map->role));
	add_text(sb, "help", map->help);
	if (metric) {
		add_series(sb, metric);
	} else if (map->role == ROLE_SPANS) {
		add_attributes(sb, map);
	} else {
		if (map->has_key && map->key.nfields)
			add_fields(sb, "key", &map->key);
		add_fields(sb, "fields", &map->value);
	}
	strbuf_addc(sb, '}');
}

static void add_prog(struct strbuf *sb, const struct prog_plan *prog)
{
	begin_object(sb, "name", prog->name);
	add_text(sb, "type", prog->type);
	add_text(sb, "hook", prog->target);
	strbuf_addc(sb, '}');
}

void describe_program(struct strbuf *sb, struct source *source)
{
	const struct plan *plan = source->plan;

	begin_object(sb, "program", source->program);
	add_text(sb, "image", source->name);
	add_text(sb, "digest", source->digest);
	add_text(sb, "help", plan->help);
	strbuf_addf(sb, ",\"recorded\":%s,\"maps\":[", source->recorded ? "true" : "false");
	for (uint32_t i = 0; i < plan->nmaps; i++)
		add_map(sb, source, &plan->maps[i]);
	strbuf_adds(sb, "],\"progs\":[");
	for (uint32_t i = 0; i < plan->nprogs; i++)
		add_prog(sb, &plan->progs[i]);
	strbuf_adds(sb, "]}");
}

/* --- its state --- */

static void add_number(struct strbuf *sb, const char *name, uint64_t number)
{
	strbuf_addf(sb, ",\"%s\":%" PRIu64, name, number);
}

static void add_map_state(struct strbuf *sb, struct source *source, const struct map_plan *map)
{
	struct map_stats stats = source_map_stats(source, map);

	begin_object(sb, "map", map->name);
	add_number(sb, "read", stats.read);
	add_number(sb, "filtered", stats.filtered);
	add_number(sb, "malformed", stats.malformed);
	if (stats.lost_known || map_loses_nothing(map))
		add_number(sb, "lost", stats.lost);
	else
		strbuf_adds(sb, ",\"lost\":null");
	add_number(sb, "dropped", stats.dropped);
	if (map_has_series(map) && source_metric(source, map)) {
		add_number(sb, "entries", stats.entries);
		add_number(sb, "sweep_ns", stats.sweep_ns);
		add_number(sb, "overflow", source_series_stats(source, map).overflowed);
	}
	strbuf_addc(sb, '}');
}

static void add_prog_state(struct strbuf *sb, struct source *source, const struct prog_plan *prog)
{
	struct prog_status status = source_prog_status(source, prog);
	struct prog_stats stats;

	begin_object(sb, "name", prog->name);
	add_text(sb, "state", prog_state_name(status.state));
	add_text(sb, "reason", status.reason);
	if (source_prog_stats(source, prog, &stats) == 0) {
		add_number(sb, "runs", stats.runs);
		add_number(sb, "run_ns", stats.run_ns);
		add_number(sb, "misses", stats.misses);
	}
	strbuf_addc(sb, '}');
}

void describe_state(struct strbuf *sb, struct source *source, uint64_t time_ns)
{
	const struct plan *plan = source->plan;
	char time[31];

	time[format_rfc3339(time_ns, time)] = '\0';
	begin_object(sb, "program", source->program);
	add_text(sb, "time", time);
	strbuf_adds(sb, ",\"maps\":[");
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (map_has_series(&plan->maps[i]) || map_has_records(&plan->maps[i]))
			add_map_state(sb, source, &plan->maps[i]);
	strbuf_adds(sb, "],\"progs\":[");
	for (uint32_t i = 0; i < plan->nprogs; i++)
		add_prog_state(sb, source, &plan->progs[i]);
	strbuf_adds(sb, "]}");
}
