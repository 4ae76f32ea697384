// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/show_plan.h"

#include <stdio.h>

#include "base/util.h"
#include "cmd/cmd.h"
#include "cmd/run/program.h"
#include "runner/load/attach/object.h"

static struct listing *start_listing(const struct column *columns, size_t count,
				     const char *heading)
{
	printf("%s\n", heading);
	return listing_new("table", columns, count, NULL);
}

void show_programs(struct source *source)
{
	const struct plan *plan = source->plan;
	static const struct column columns[] = {
		{ "Program" }, { "Type" }, { "Hook" }, { "State" }, { "Reason" },
	};
	struct listing *l;

	if (source->several)
		printf("%s:\n", source->program);
	l = listing_new("table", columns, ARRAY_LEN(columns), NULL);
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *p = &plan->progs[i];
		struct prog_status status = source_prog_status(source, p);
		const char *cells[] = { p->name, p->type, p->target, prog_state_name(status.state),
					status.reason };

		listing_row(l, cells);
	}
	listing_end(l, NULL);
}

static const char *field_type(const struct field *f, char *text, size_t size)
{
	static const char *const kinds[] = {
		[KIND_UINT] = "uint",	[KIND_INT] = "int",	[KIND_BOOL] = "bool",
		[KIND_FLOAT] = "float", [KIND_ENUM] = "enum",	[KIND_PTR] = "pointer",
		[KIND_TEXT] = "text",	[KIND_BYTES] = "bytes",
	};
	const char *meaning = meaning_type(f->meaning);
	int n;

	if (meaning)
		n = snprintf(text, size, "%s", meaning);
	else if (f->is_bits)
		n = snprintf(text, size, "%s:%u", kinds[f->kind], f->size_bits);
	else if (f->kind == KIND_TEXT || f->kind == KIND_BYTES)
		n = snprintf(text, size, "%s[%u]", kinds[f->kind], f->size_bits / 8);
	else if (f->kind == KIND_UINT || f->kind == KIND_INT || f->kind == KIND_FLOAT)
		n = snprintf(text, size, "%s%u", kinds[f->kind], f->size_bits);
	else
		n = snprintf(text, size, "%s", kinds[f->kind]);
	if (f->count > 1 && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, "[%u]", f->count);
	return text;
}

static void field_rows(struct listing *l, const struct map_plan *map, const struct layout *layout,
		       const char *part, const struct metric_plan *metric)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *f = &layout->fields[i];
		char type[64];
		const char *cells[] = { map->name,
					part,
					f->path,
					field_type(f, type, sizeof(type)),
					metric ? metric_field_word(metric, f) : "",
					f->unit,
					f->help };

		if (!(f->tags & TAG_HIDE))
			listing_row(l, cells);
	}
}

static void show_maps(const struct plan *plan)
{
	static const struct column maps[] = {
		{ "Map" },  { "Role" }, { "Type" }, { "Entries", .right = true },
		{ "Loss" }, { "Help" },
	};
	static const struct column fields[] = {
		{ "Map" }, { "Part" }, { "Field" }, { "Type" }, { "As" }, { "Unit" }, { "Help" },
	};
	struct listing *l = start_listing(maps, ARRAY_LEN(maps), "\nMaps:");

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *m = &plan->maps[i];
		_cleanup_free_ char *entries = xasprintf("%u", m->max_entries);
		bool stream = m->source == SOURCE_RING || m->source == SOURCE_QUEUE;
		const char *loss = map_evicts(m)				  ? "?"
				   : m->lost_map >= 0 || m->source == SOURCE_PERF ? "exact"
				   : stream					  ? "?"
										  : "";
		const char *cells[] = { m->name,
					map_role_name(m->role),
					map_type_name(m->type),
					m->source == SOURCE_ITER ? "" : entries,
					loss,
					m->help };

		listing_row(l, cells);
	}
	listing_end(l, NULL);
	l = start_listing(fields, ARRAY_LEN(fields), "\nFields:");
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *m = &plan->maps[i];
		struct metric_plan metric;
		bool has_metric = map_has_series(m) && metric_compile(&metric, m, NULL, NULL) >= 0;
		const struct metric_plan *as = has_metric ? &metric : NULL;

		if (m->role != ROLE_INTERNAL && m->has_key)
			field_rows(l, m, &m->key, "key", as);
		if (m->role != ROLE_INTERNAL && m->has_value)
			field_rows(l, m, &m->value, m->has_key ? "value" : "record", as);
		if (has_metric)
			metric_release(&metric);
	}
	listing_end(l, NULL);
}

void show_plan(const struct plan *plan, const char *name)
{
	static const struct column params[] = {
		{ "Parameter" },
		{ "Type" },
		{ "Default" },
		{ "Help" },
	};
	static const struct column progs[] = { { "Program" }, { "Type" }, { "Hook" } };
	struct listing *l;

	printf("\n%s\n", name);
	show_maps(plan);
	if (plan->nparams) {
		l = start_listing(params, ARRAY_LEN(params), "\nParameters (--set NAME=VALUE):");
		for (uint32_t i = 0; i < plan->nparams; i++) {
			const struct param *p = &plan->params[i];
			const char *cells[] = { p->name, p->type_name, p->default_text, p->help };

			listing_row(l, cells);
		}
		listing_end(l, NULL);
	}
	l = start_listing(progs, ARRAY_LEN(progs), "\nPrograms:");
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		const struct prog_plan *p = &plan->progs[i];
		const char *cells[] = { p->name, p->type,
					p->target	  ? p->target
					: p->needs_target ? "needs --attach"
							  : "" };

		listing_row(l, cells);
	}
	listing_end(l, NULL);
}

int program_help(const struct global_args *global, const char *word, struct err *err)
{
	_cleanup_(program_release) struct program program = { 0 };
	struct object_opts opts = { 0 };
	struct object *object = NULL;
	int ret = program_open(&program, global, word, NULL, err);

	if (ret >= 0)
		ret = program_object(&object, &program, &opts, err);
	if (ret >= 0)
		show_plan(object_plan(object), program.name);
	object_free(object);
	return ret;
}
