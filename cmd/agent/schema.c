// SPDX-License-Identifier: Apache-2.0
/* JSON Schema of the configuration, for editors; made from the tables that its reader uses. */
#include <jansson.h>

#include "base/util.h"
#include "cmd/agent/keys.h"

#define NAMES_MAX_BYTES (16u << 10)

static json_t *choices_of(const char *choices)
{
	json_t *list = json_array();

	for (const char *c = choices; *c; c += strspn(c, " ")) {
		size_t len = strcspn(c, " ");

		json_array_append_new(list, json_stringn(c, len));
		c += len;
	}
	return list;
}

/* Every value may be an environment variable. */
static json_t *or_variable(json_t *type)
{
	return json_pack("{s: [o, {s: s, s: s}]}", "anyOf", type, "type", "string", "pattern",
			 "\\$\\{");
}

static json_t *type_of(const struct opt *opt)
{
	json_t *type;

	switch (opt->kind) {
	case OPT_FLAG:
		return or_variable(json_pack("{s: s}", "type", "boolean"));
	case OPT_CHOICE:
		return or_variable(json_pack("{s: o}", "enum", choices_of(opt->choices)));
	case OPT_U64:
		type = json_pack("{s: s, s: I}", "type", "integer", "minimum",
				 (json_int_t)opt->min);
		if (opt->max)
			json_object_set_new(type, "maximum", json_integer((json_int_t)opt->max));
		return json_pack("{s: [o, {s: s, s: s}]}", "anyOf", type, "type", "string",
				 "pattern", "^(0x)?[0-9a-fA-F]+$|\\$\\{");
	case OPT_WORDS:
		return json_pack("{s: [s, s, s], s: {s: [s, s]}}", "type", "string", "array",
				 "object", "items", "type", "string", "number");
	case OPT_CSV:
		return json_pack("{s: [s, s], s: {s: s}}", "type", "string", "array", "items",
				 "type", "string");
	case OPT_TEXT:
	case OPT_OPTIONAL:
		return json_pack("{s: [s, s]}", "type", "string", "number");
	default: /* times and sizes */
		return json_pack("{s: [s, s]}", "type", "string", "integer");
	}
}

static json_t *object_of(unsigned place)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT(NAMES_MAX_BYTES);
	struct key keys[KEYS_MAX];
	size_t count = keys_of(place, keys, &names);
	json_t *properties = json_object();

	for (size_t i = 0; i < count; i++) {
		json_t *type = type_of(keys[i].opt);

		json_object_set_new(type, "description", json_string(keys[i].opt->help));
		json_object_set_new(properties, keys[i].name, type);
	}
	return json_pack("{s: s, s: o, s: b}", "type", "object", "properties", properties,
			 "additionalProperties", 0);
}

static json_t *exporter_of(size_t number, const char *type)
{
	json_t *object = object_of(KEY_EXPORT(number)), *settings = json_deep_copy(object);
	json_t *properties = json_object_get(object, "properties");

	json_object_set_new(properties, "type", json_pack("{s: s}", "const", type));
	json_object_set_new(properties, "settings", settings);
	json_object_set_new(object, "required", json_pack("[s]", "type"));
	return object;
}

static json_t *exporters_list(void)
{
	json_t *any = json_array();

	for (size_t i = 0; i < EXPORTERS_COUNT; i++) {
		if (exporters[i]->type)
			json_array_append_new(any, exporter_of(i, exporters[i]->type));
		if (exporters[i]->alias)
			json_array_append_new(any, exporter_of(i, exporters[i]->alias));
	}
	return json_pack("{s: s, s: {s: o}}", "type", "array", "items", "anyOf", any);
}

/* Options of `run` that are no keys, with the reason. */
static json_t *options_missing(void)
{
	json_t *missing = json_object();

	for (const struct opt *o = run_opts; o->kind != OPT_END; o++)
		if (o->kind != OPT_GROUP && key_missing(o))
			json_object_set_new(missing, o->name, json_string(key_missing(o)));
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		for (const struct opt *o = exporters[i]->opts;
		     o && o->kind != OPT_END && !exporters[i]->type; o++)
			json_object_set_new(missing, o->name, json_string("no terminal"));
	return missing;
}

char *keys_schema(void)
{
	json_t *schema = object_of(KEY_TOP), *program = object_of(KEY_PROGRAM);
	json_t *properties = json_object_get(schema, "properties");
	char *text;

	json_object_set_new(json_object_get(program, "properties"), "enabled",
			    json_pack("{s: s, s: s}", "type", "boolean", "description",
				      "false: as if the program did not stand here (true)"));
	json_object_set_new(program, "required", json_pack("[s]", "image"));
	json_object_set_new(properties, "programs",
			    json_pack("{s: s, s: o}", "type", "array", "items", program));
	json_object_set_new(properties, "exporters", exporters_list());
	json_object_set_new(properties, "adapters", exporters_list());
	json_object_set_new(schema, "x-options-without-key", options_missing());
	json_object_set_new(schema, "$schema",
			    json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_set_new(schema, "title", json_string("configuration of bombus agent"));
	text = json_dumps(schema, JSON_INDENT(2));
	json_decref(schema);
	return text;
}
