// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <yaml.h>

#include "base/dynlib.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "base/util.h"

#define TEXT_SHOWN 64

struct library {
	void *handle;
	__typeof__(&yaml_parser_initialize) init;
	__typeof__(&yaml_parser_set_input_string) set_input;
	__typeof__(&yaml_parser_parse) parse;
	__typeof__(&yaml_event_delete) event_delete;
	__typeof__(&yaml_parser_delete) release;
};

/* A list or mapping that is not closed yet. */
struct level {
	struct yaml_node *node, *last;
	struct yaml_node *key; /* of a mapping: read, and its value is not */
};

struct reading {
	struct library lib;
	yaml_parser_t parser;
	struct yaml *yaml;
	const char *path;
	struct level levels[YAML_MAX_DEPTH];
	unsigned depth;
	size_t nodes;
	struct err *err;
};

/* --- errors --- */

static int refuse_at(const char *path, unsigned line, unsigned column, struct err *err,
		     const char *fmt, va_list ap)
{
	_cleanup_free_ char *what = NULL;

	if (vasprintf(&what, fmt, ap) < 0)
		abort();
	return err_usage(err, "%s:%u:%u: %s", path, line, column, what);
}

int yaml_refuse(const struct yaml_node *node, struct err *err, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = refuse_at(node->path, node->line, node->column, err, fmt, ap);
	va_end(ap);
	return ret;
}

int yaml_refuse_key(const struct yaml_node *value, struct err *err, const char *fmt, ...)
{
	const struct yaml_node *at = value->key ? value->key : value;
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = refuse_at(at->path, at->line, at->column, err, fmt, ap);
	va_end(ap);
	return ret;
}

static int refuse_event(struct reading *r, const yaml_event_t *event, const char *what)
{
	return err_usage(r->err, "%s:%zu:%zu: %s", r->path, event->start_mark.line + 1,
			 event->start_mark.column + 1, what);
}

/* --- the tree --- */

static struct yaml_node *new_node(struct reading *r, enum yaml_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = arena_new(&r->yaml->arena, struct yaml_node);

	node->kind = kind;
	node->path = r->path;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	return node;
}

static int take_key(struct reading *r, struct level *level, struct yaml_node *node,
		    const yaml_event_t *event)
{
	if (node->kind != YAML_TEXT)
		return refuse_event(r, event, "a key has to be a single word");
	if (node->plain && streq(node->text, "<<"))
		return refuse_event(r, event, "merge keys are not supported: write the keys out");
	for (const struct yaml_node *other = level->node->first; other; other = other->next)
		if (streq(other->key->text, node->text))
			return yaml_refuse(node, r->err, "'%.*s' stands on line %u already",
					   TEXT_SHOWN, node->text, other->key->line);
	level->key = node;
	return 0;
}

/* Where the node belongs: below the innermost open one, as key or as value. */
static int take_node(struct reading *r, struct yaml_node *node, const yaml_event_t *event)
{
	struct level *level = r->depth ? &r->levels[r->depth - 1] : NULL;

	if (++r->nodes > YAML_MAX_NODES)
		return refuse_event(r, event, "the document has too many values");
	if (!level) {
		r->yaml->root = node;
		return 0;
	}
	if (level->node->kind == YAML_MAP && !level->key)
		return take_key(r, level, node, event);
	node->key = steal_ptr(&level->key);
	if (level->last)
		level->last->next = node;
	else
		level->node->first = node;
	level->last = node;
	level->node->count++;
	return 0;
}

static int take_text(struct reading *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	struct yaml_node *node = new_node(r, YAML_TEXT, event);

	if (event->data.scalar.anchor)
		return refuse_event(r, event, "anchors are not supported: write the value out");
	if (event->data.scalar.tag)
		return refuse_event(r, event, "tags are not supported: leave the word with ! out");
	if (strlen(text) != event->data.scalar.length)
		return refuse_event(r, event, "a text cannot have a NUL character");
	node->text = arena_strdup(&r->yaml->arena, text);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return take_node(r, node, event);
}

static int take_start(struct reading *r, enum yaml_kind kind, const yaml_event_t *event)
{
	bool list = kind == YAML_LIST;
	struct yaml_node *node;
	int ret;

	if (list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor)
		return refuse_event(r, event, "anchors are not supported: write the value out");
	if (list ? event->data.sequence_start.tag : event->data.mapping_start.tag)
		return refuse_event(r, event, "tags are not supported: leave the word with ! out");
	if (r->depth == YAML_MAX_DEPTH)
		return refuse_event(r, event, "lists and mappings are nested too deeply");
	node = new_node(r, kind, event);
	ret = take_node(r, node, event);
	r->levels[r->depth++] = (struct level){ .node = node };
	return ret;
}

static int take_event(struct reading *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return r->yaml->root ? refuse_event(r, event, "a second document begins here") : 0;
	case YAML_ALIAS_EVENT:
		return refuse_event(r, event, "aliases are not supported: write the value out");
	case YAML_SCALAR_EVENT:
		return take_text(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return take_start(r, YAML_LIST, event);
	case YAML_MAPPING_START_EVENT:
		return take_start(r, YAML_MAP, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return 0;
	default:
		return 0;
	}
}

/* The library tells the place by a mark, or of bytes that are no characters by their offset. */
static int refuse_syntax(struct reading *r, const char *bytes)
{
	const yaml_parser_t *p = &r->parser;
	size_t line = p->problem_mark.line, column = p->problem_mark.column;

	if (p->error == YAML_MEMORY_ERROR)
		return err_set(r->err, ENOMEM, "%s: memory ran out", r->path);
	if (p->error == YAML_READER_ERROR) {
		line = column = 0;
		for (size_t i = 0; i < p->problem_offset; i++) {
			column = bytes[i] == '\n' ? 0 : column + 1;
			line += bytes[i] == '\n';
		}
	}
	return err_usage(r->err, "%s:%zu:%zu: this is not YAML: %s", r->path, line + 1, column + 1,
			 p->problem ? p->problem : "unknown");
}

static int read_events(struct reading *r, const char *bytes)
{
	yaml_event_t event;
	bool more = true;
	int ret = 0;

	while (more && ret == 0) {
		if (!r->lib.parse(&r->parser, &event))
			return refuse_syntax(r, bytes);
		ret = take_event(r, &event);
		more = event.type != YAML_STREAM_END_EVENT;
		r->lib.event_delete(&event);
	}
	return ret;
}

static int load_library(struct library *lib, struct err *err)
{
	const struct dynlib_symbol symbols[] = {
		{ "yaml_parser_initialize", &lib->init },
		{ "yaml_parser_set_input_string", &lib->set_input },
		{ "yaml_parser_parse", &lib->parse },
		{ "yaml_event_delete", &lib->event_delete },
		{ "yaml_parser_delete", &lib->release },
	};

	return dynlib_open(&lib->handle, "libyaml-0.so.2", "libyaml-0-2", "cannot read YAML",
			   symbols, ARRAY_LEN(symbols), err);
}

int yaml_parse(struct yaml *ret, const char *name, const char *bytes, size_t len, struct err *err)
{
	struct reading r = { .yaml = ret, .err = err };
	int code;

	*ret = (struct yaml){ 0 };
	r.path = arena_strdup(&ret->arena, name);
	if (len > YAML_MAX_BYTES)
		return err_usage(err, "%s: the file is larger than %u bytes", name, YAML_MAX_BYTES);
	code = load_library(&r.lib, err);
	if (code < 0)
		return code;
	if (r.lib.init(&r.parser)) {
		r.lib.set_input(&r.parser, (const unsigned char *)bytes, len);
		code = read_events(&r, bytes);
		r.lib.release(&r.parser);
	} else {
		code = err_set(err, ENOMEM, "%s: the YAML parser does not start", name);
	}
	dynlib_close(r.lib.handle);
	if (code == 0 && !ret->root) {
		ret->root = arena_new(&ret->arena, struct yaml_node);
		*ret->root = (struct yaml_node){
			.line = 1, .column = 1, .path = r.path, .plain = true, .text = ""
		};
	}
	return code;
}

int yaml_read(struct yaml *ret, const char *path, struct err *err)
{
	_cleanup_free_ void *bytes = NULL;
	size_t len;
	int code;

	*ret = (struct yaml){ 0 };
	code = read_file(path, YAML_MAX_BYTES, &bytes, &len, err);
	return code < 0 ? code : yaml_parse(ret, path, bytes, len, err);
}

void yaml_release(struct yaml *yaml)
{
	arena_release(&yaml->arena);
	*yaml = (struct yaml){ 0 };
}

/* --- environment variables --- */

/* The length of "${NAME}" or "${NAME:-text}" at `text`; 0: it is neither. */
static size_t variable_len(const char *text, size_t *ret_name_len)
{
	size_t len = 2, end;

	if (text[0] != '$' || text[1] != '{' || isdigit((unsigned char)text[2]))
		return 0;
	while (isalnum((unsigned char)text[len]) || text[len] == '_')
		len++;
	*ret_name_len = len - 2;
	if (!*ret_name_len)
		return 0;
	end = has_prefix(text + len, ":-") ? len + strcspn(text + len, "}") : len;
	return text[end] == '}' ? end + 1 : 0;
}

static int add_variable(struct strbuf *sb, const struct yaml_node *node, const char *text,
			size_t len, size_t name_len, struct err *err)
{
	_cleanup_free_ char *name = xstrndup(text + 2, name_len);
	const char *value = getenv(name), *spare = text + 2 + name_len;
	bool has_spare = *spare == ':';

	if (has_spare && (!value || !*value))
		strbuf_add(sb, spare + 2, len - name_len - sizeof("${:-}") + 1);
	else if (value)
		strbuf_adds(sb, value);
	if (value || has_spare)
		return 0;
	err_hint(err, "${%s:-text} gives a text for that case, and $${ stands for ${ itself", name);
	return yaml_refuse(node, err, "the environment variable %s is not set", name);
}

static int expand_text(struct yaml *yaml, struct yaml_node *node, struct err *err)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(YAML_MAX_BYTES);
	const char *at = node->text;
	int ret = 0;

	if (!strstr(at, "${"))
		return 0;
	while (*at && ret == 0) {
		size_t name_len, len = variable_len(at, &name_len);

		if (len)
			ret = add_variable(&sb, node, at, len, name_len, err);
		else if (has_prefix(at, "$${"))
			strbuf_adds(&sb, "${");
		else
			strbuf_addc(&sb, *at);
		at += len ? len : has_prefix(at, "$${") ? 3 : 1;
	}
	if (ret == 0 && sb.full)
		return yaml_refuse(node, err, "the value is too long with its variables");
	node->text = ret == 0 ? arena_strdup(&yaml->arena, strbuf_str(&sb)) : node->text;
	return ret;
}

static int expand_node(struct yaml *yaml, struct yaml_node *node, struct err *err)
{
	int ret = node->kind == YAML_TEXT ? expand_text(yaml, node, err) : 0;

	for (struct yaml_node *child = node->first; child && ret == 0; child = child->next)
		ret = expand_node(yaml, child, err);
	return ret;
}

int yaml_expand(struct yaml *yaml, struct err *err)
{
	return expand_node(yaml, yaml->root, err);
}

/* --- getters --- */

bool yaml_is_null(const struct yaml_node *node)
{
	return !node || (node->kind == YAML_TEXT && node->plain &&
			 (!*node->text || streq(node->text, "~") || streq(node->text, "null")));
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	struct yaml_node *node = map && map->kind == YAML_MAP ? map->first : NULL;

	while (node && !streq(node->key->text, key))
		node = node->next;
	return yaml_is_null(node) ? NULL : node;
}

/* "'ports' is " before what it is not, where it has a name. */
static int refuse_value(const struct yaml_node *node, struct err *err, const char *what)
{
	const char *text = node->kind == YAML_LIST  ? "a list"
			   : node->kind == YAML_MAP ? "a mapping"
						    : NULL;

	if (node->key && text)
		return yaml_refuse(node, err, "'%.*s' takes %s, not %s", TEXT_SHOWN,
				   node->key->text, what, text);
	if (node->key)
		return yaml_refuse(node, err, "'%.*s' takes %s, not '%.*s'", TEXT_SHOWN,
				   node->key->text, what, TEXT_SHOWN, node->text);
	if (text)
		return yaml_refuse(node, err, "%s is expected here, not %s", what, text);
	return yaml_refuse(node, err, "%s is expected here, not '%.*s'", what, TEXT_SHOWN,
			   node->text);
}

int yaml_map(const struct yaml_node *node, struct err *err)
{
	return yaml_is_null(node) || node->kind == YAML_MAP
		       ? 0
		       : refuse_value(node, err, "a mapping (words with a colon)");
}

int yaml_list(const struct yaml_node *node, struct err *err)
{
	return yaml_is_null(node) || node->kind == YAML_LIST ? 0
							     : refuse_value(node, err, "a list");
}

int yaml_unknown_key(const struct yaml_node *value, const char *near, struct err *err)
{
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return yaml_refuse_key(value, err, "'%.*s' is not known here", TEXT_SHOWN,
			       value->key->text);
}

int yaml_keys(const struct yaml_node *map, const char *const *keys, size_t count, struct err *err)
{
	int ret = yaml_map(map, err);

	for (const struct yaml_node *node = map ? map->first : NULL; node && ret == 0;
	     node = node->next) {
		size_t i = 0;

		while (i < count && !streq(keys[i], node->key->text))
			i++;
		if (i == count)
			ret = yaml_unknown_key(node, suggest_from(node->key->text, keys, count),
					       err);
	}
	return ret;
}

int yaml_text(const struct yaml_node *node, const char **ret, struct err *err)
{
	if (node->kind != YAML_TEXT)
		return refuse_value(node, err, "a text");
	*ret = node->text;
	return 0;
}

int yaml_bool(const struct yaml_node *node, bool *ret, struct err *err)
{
	if (node->kind != YAML_TEXT || parse_bool(node->text, ret) < 0)
		return refuse_value(node, err, "true or false");
	return 0;
}

int yaml_u64(const struct yaml_node *node, uint64_t min, uint64_t max, uint64_t *ret,
	     struct err *err)
{
	char what[96];
	uint64_t value;

	if (max)
		snprintf(what, sizeof(what), "a whole number from %llu to %llu",
			 (unsigned long long)min, (unsigned long long)max);
	else if (min)
		snprintf(what, sizeof(what), "a whole number of %llu or more",
			 (unsigned long long)min);
	else
		snprintf(what, sizeof(what), "a whole number");
	if (node->kind != YAML_TEXT || parse_u64(node->text, &value) < 0 || value < min ||
	    (max && value > max))
		return refuse_value(node, err, what);
	*ret = value;
	return 0;
}

int yaml_double(const struct yaml_node *node, double *ret, struct err *err)
{
	if (node->kind != YAML_TEXT || parse_double(node->text, ret) < 0)
		return refuse_value(node, err, "a number");
	return 0;
}

int yaml_size(const struct yaml_node *node, uint64_t *ret, struct err *err)
{
	if (node->kind != YAML_TEXT || parse_size(node->text, ret) < 0)
		return refuse_value(node, err, "a size (bytes, or 64K, 4M, 1G)");
	return 0;
}

int yaml_duration_ns(const struct yaml_node *node, uint64_t *ret, struct err *err)
{
	if (node->kind != YAML_TEXT || parse_duration_ns(node->text, ret) < 0)
		return refuse_value(node, err, "a time (10s, 1m30s, 250ms)");
	return 0;
}
