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

static json_t *object_of(enum key_place place)
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

static json_t *exporter_of(const struct exporter_type *type)
{
	json_t *object = object_of(type->place), *settings = json_deep_copy(object);
	json_t *properties = json_object_get(object, "properties");

	json_object_set_new(properties, "type", json_pack("{s: s}", "const", type->name));
	json_object_set_new(properties, "settings", settings);
	json_object_set_new(object, "required", json_pack("[s]", "type"));
	return object;
}

static json_t *exporters_list(void)
{
	json_t *any = json_array();

	for (size_t i = 0; i < EXPORTER_TYPES; i++)
		json_array_append_new(any, exporter_of(&exporter_types[i]));
	return json_pack("{s: s, s: {s: o}}", "type", "array", "items", "anyOf", any);
}

char *keys_schema(void)
{
	json_t *schema = object_of(KEY_TOP), *program = object_of(KEY_PROGRAM);
	json_t *properties = json_object_get(schema, "properties"), *missing = json_object();
	char *text;

	json_object_set_new(json_object_get(program, "properties"), "enabled",
			    json_pack("{s: s, s: s}", "type", "boolean", "description",
				      "false: as if the program did not stand here (true)"));
	json_object_set_new(program, "required", json_pack("[s]", "image"));
	json_object_set_new(properties, "programs",
			    json_pack("{s: s, s: o}", "type", "array", "items", program));
	json_object_set_new(properties, "exporters", exporters_list());
	json_object_set_new(properties, "adapters", exporters_list());
	for (const struct opt *o = run_opts; o->kind != OPT_END; o++)
		if (o->kind != OPT_GROUP && key_missing(o))
			json_object_set_new(missing, o->name, json_string(key_missing(o)));
	json_object_set_new(schema, "x-options-without-key", missing);
	json_object_set_new(schema, "$schema",
			    json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_set_new(schema, "title", json_string("configuration of bombus agent"));
	text = json_dumps(schema, JSON_INDENT(2));
	json_decref(schema);
	return text;
}
