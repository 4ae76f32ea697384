// SPDX-License-Identifier: Apache-2.0
/*
 * Members that do not apply are left out, not null. Text that is not UTF-8 (it comes from objects
 * and kernels) is escaped as it is everywhere else in JSON.
 */
#include "cmd/images/inspect_json.h"

#include <errno.h>
#include <jansson.h>

#include "base/err.h"
#include "base/utf8.h"
#include "base/util.h"
#include "cmd/images/files.h"
#include "cmd/run/needs.h"
#include "oci/image.h"
#include "runner/load/plan/plan.h"
#include "runner/sink/text.h"

/* What one name for many structs needs; a histogram of the kernel's enums has hundreds. */
#define MAX_ENUM_NAMES 1024

static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);

	if (!json) {
		_cleanup_free_ char *safe = utf8_term_text(text);

		json = json_string(safe);
	}
	return json;
}

static void put_text(json_t *object, const char *name, const char *text)
{
	if (text)
		json_object_set_new(object, name, text_json(text));
}

static void put_int(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void put_flag(json_t *object, const char *name, bool value)
{
	if (value)
		json_object_set_new(object, name, json_true());
}

static json_t *pairs_json(const struct image_pair *pairs, size_t count)
{
	json_t *json = json_object();

	for (size_t i = 0; i < count; i++)
		put_text(json, pairs[i].name, pairs[i].value);
	return json;
}

static json_t *layers_json(const struct image_info *image)
{
	json_t *json = json_array();

	for (size_t i = 0; i < image->nlayers; i++) {
		json_t *layer = json_object();

		put_text(layer, "title", image->layers[i].title);
		put_text(layer, "mediaType", image->layers[i].media_type);
		put_text(layer, "digest", image->layers[i].digest);
		put_int(layer, "size", image->layers[i].size_bytes);
		json_array_append_new(json, layer);
	}
	return json;
}

static json_t *signatures_json(const struct image_info *image)
{
	json_t *json = json_array();

	for (size_t i = 0; i < image->nsignatures; i++) {
		const struct image_signature *s = &image->signatures[i];
		json_t *one = json_object();

		put_text(one, "form", s->form);
		put_text(one, "state",
			 s->signer ? INSPECT_SIGNATURE_VERIFIED : INSPECT_SIGNATURE_STATE);
		put_text(one, "key", s->signer);
		put_text(one, "of", s->subject);
		put_text(one, "manifest", s->manifest);
		put_text(one, "where", s->where);
		json_array_append_new(json, one);
	}
	return json;
}

static json_t *image_json(const struct image_info *image)
{
	json_t *json = json_object();

	put_text(json, "name", image->name);
	put_text(json, "digest", image->digest);
	put_int(json, "size", image->size_bytes);
	put_text(json, "created", image->created);
	put_text(json, "platform", image->platform);
	put_text(json, "platforms", image->platforms);
	put_text(json, "format", image_format(image));
	json_object_set_new(json, "annotations",
			    pairs_json(image->annotations, image->nannotations));
	if (image->nlabels)
		json_object_set_new(json, "labels", pairs_json(image->labels, image->nlabels));
	json_object_set_new(json, "layers", layers_json(image));
	json_object_set_new(json, "signatures", signatures_json(image));
	put_text(json, "signaturesTrouble", image->signatures_trouble);
	json_object_set_new(json, "manifest", json_loads(image->manifest_json, 0, NULL));
	return json;
}

static json_t *tags_json(uint8_t tags)
{
	static const struct {
		uint8_t tag;
		const char *name;
	} names[] = {
		{ TAG_LABEL, "label" }, { TAG_VALUE, "value" }, { TAG_COUNTER, "counter" },
		{ TAG_GAUGE, "gauge" }, { TAG_HIDE, "hide" },	{ TAG_OBSERVE, "observe" },
	};
	json_t *json = json_array();

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (tags & names[i].tag)
			json_array_append_new(json, json_string(names[i].name));
	return json;
}

static json_t *enum_json(const struct enum_names *enums)
{
	json_t *json = json_object();

	for (uint32_t i = 0; i < enums->count && i < MAX_ENUM_NAMES; i++)
		json_object_set_new(json, enums->names[i].name,
				    json_integer(enums->names[i].value));
	return json;
}

static json_t *field_json(const struct field *f, const struct metric_plan *metric)
{
	static const char *const kinds[] = {
		[KIND_UINT] = "uint",	[KIND_INT] = "int",	[KIND_BOOL] = "bool",
		[KIND_FLOAT] = "float", [KIND_ENUM] = "enum",	[KIND_PTR] = "pointer",
		[KIND_TEXT] = "text",	[KIND_BYTES] = "bytes",
	};
	json_t *json = json_object();

	put_text(json, "name", f->path);
	put_text(json, "label", f->label);
	put_text(json, "kind", f->kind < ARRAY_LEN(kinds) ? kinds[f->kind] : NULL);
	put_text(json, "meaning", meaning_type(f->meaning));
	if (metric && *metric_field_word(metric, f))
		put_text(json, "as", metric_field_word(metric, f));
	put_text(json, "unit", f->unit);
	put_text(json, "help", f->help);
	put_int(json, "offsetBits", f->off_bits);
	put_int(json, "sizeBits", f->size_bits);
	if (f->count > 1)
		put_int(json, "count", f->count);
	if (f->tags)
		json_object_set_new(json, "tags", tags_json(f->tags));
	if (f->enums)
		json_object_set_new(json, "enum", enum_json(f->enums));
	return json;
}

static json_t *layout_json(const struct layout *layout, const struct metric_plan *metric)
{
	json_t *json = json_object(), *fields = json_array();

	put_text(json, "type", *layout->type_name ? layout->type_name : NULL);
	put_int(json, "size", layout->size_bytes);
	for (uint32_t i = 0; i < layout->nfields; i++)
		json_array_append_new(fields, field_json(&layout->fields[i], metric));
	json_object_set_new(json, "fields", fields);
	return json;
}

static json_t *map_json(const struct map_plan *m)
{
	json_t *json = json_object();
	struct metric_plan metric;
	bool has_metric;

	put_text(json, "name", m->name);
	put_text(json, "symbol", m->symbol);
	put_text(json, "role", map_role_name(m->role));
	put_text(json, "type", m->source == SOURCE_ITER ? "iterator" : map_type_name(m->type));
	put_text(json, "help", m->help);
	put_text(json, "unit", m->unit);
	put_text(json, "buckets", m->buckets ? m->buckets : m->counted);
	put_text(json, "service", m->service);
	put_text(json, "span", m->span);
	if (m->source != SOURCE_ITER)
		put_int(json, "maxEntries", m->max_entries);
	put_flag(json, "perCpu", m->per_cpu);
	if (!map_evicts(m) && (m->lost_map >= 0 || m->source == SOURCE_PERF))
		put_text(json, "loss", "exact");
	else if (map_evicts(m) || m->source == SOURCE_RING)
		put_text(json, "loss", "unknown");
	has_metric = map_has_series(m) && metric_compile(&metric, m, NULL, NULL) >= 0;
	if (m->has_key)
		json_object_set_new(json, "key", layout_json(&m->key, has_metric ? &metric : NULL));
	if (m->has_value)
		json_object_set_new(json, m->has_key ? "value" : "record",
				    layout_json(&m->value, has_metric ? &metric : NULL));
	if (has_metric)
		metric_release(&metric);
	return json;
}

static json_t *program_json(const struct prog_plan *p)
{
	json_t *json = json_object();

	put_text(json, "name", p->name);
	put_text(json, "job", p->job);
	put_text(json, "section", p->section);
	put_text(json, "type", p->type);
	put_text(json, "hook", p->target);
	put_flag(json, "needsTarget", p->needs_target);
	return json;
}

static json_t *param_json(const struct param *p)
{
	json_t *json = json_object();

	put_text(json, "name", p->name);
	put_text(json, "type", p->type_name);
	put_text(json, "default", p->default_text);
	put_text(json, "meaning", meaning_type(p->field.meaning));
	put_text(json, "unit", p->field.unit);
	put_text(json, "help", p->help);
	put_flag(json, "tagged", p->tagged);
	return json;
}

static json_t *needs_json(const struct plan *plan)
{
	_cleanup_(needs_release) struct needs needs = { 0 };
	json_t *json = json_array();

	needs_of(plan, &needs);
	for (size_t i = 0; i < needs.count; i++) {
		json_t *need = json_object(), *any = json_array();

		for (size_t k = 0; k < needs.items[i].count; k++)
			json_array_append_new(any, json_string(needs.items[i].any_of[k]));
		json_object_set_new(need, "anyOf", any);
		put_text(need, "for", needs.items[i].reason);
		json_array_append_new(json, need);
	}
	return json;
}

static void put_plan(json_t *json, const struct plan *plan)
{
	json_t *programs = json_array(), *maps = json_array(), *params = json_array();

	for (uint32_t i = 0; i < plan->nprogs; i++)
		json_array_append_new(programs, program_json(&plan->progs[i]));
	for (uint32_t i = 0; i < plan->nmaps; i++)
		json_array_append_new(maps, map_json(&plan->maps[i]));
	for (uint32_t i = 0; i < plan->nparams; i++)
		json_array_append_new(params, param_json(&plan->params[i]));
	put_text(json, "license", plan->license);
	json_object_set_new(json, "programs", programs);
	json_object_set_new(json, "maps", maps);
	json_object_set_new(json, "parameters", params);
	json_object_set_new(json, "needs", needs_json(plan));
}

int inspect_print_image_json(const struct image_info *image, struct err *err)
{
	json_t *json = json_object();

	put_text(json, "name", image->name);
	json_object_set_new(json, "image", image_json(image));
	return file_print_json(json, err);
}

int inspect_print_json(const char *name, size_t program_bytes, const struct image_info *image,
		       const struct plan *plan, struct err *err)
{
	json_t *json = json_object();

	put_text(json, "name", name);
	put_int(json, "programBytes", program_bytes);
	if (image)
		json_object_set_new(json, "image", image_json(image));
	put_plan(json, plan);
	return file_print_json(json, err);
}
