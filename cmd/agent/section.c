// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/section.h"

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "cmd/run/job_args.h"
#include "cmd/run/program.h"

#define NAMES_MAX_BYTES (16u << 10)

void section_init(struct section *s, unsigned place)
{
	s->place = place;
	strbuf_init(&s->names, NAMES_MAX_BYTES);
	s->count = keys_of(place, s->keys, &s->names);
}

void section_release(struct section *s)
{
	strbuf_release(&s->names);
}

/* "FILE:LINE:COLUMN: " before what an option says of its value. */
static int at_node(const struct yaml_node *node, int code, struct err *err)
{
	if (code < 0)
		err_wrap(err, "%s:%u:%u", node->path, node->line, node->column);
	return code;
}

/* Whether the words have the form that their option takes. */
static int check_words(struct section *s, const struct yaml_node *node)
{
	_cleanup_(arena_release) struct arena arena = { 0 };
	const struct program none = { .name = (char *)"" };
	struct job_config config;

	return at_node(node, job_config_of(s->args, &none, NULL, &arena, &config, s->err), s->err);
}

/*
 * Keeps each key in the identity that it belongs to: of the exporter or the program, or of all
 * programs. The other keys of the file are in none.
 */
static void note(struct section *s, const struct key *key, const char *text)
{
	struct strbuf *to = s->identity;

	if (s->place == KEY_TOP && key->owner == KEY_RUN && key_places(key->opt) & KEY_PROGRAM)
		to = s->defaults;
	if (to)
		strbuf_addf(to, "%s=%s\n", key->name, text);
}

static void *values_of(const struct section *s, const struct key *key)
{
	return key->owner == KEY_OWN	    ? (void *)s->own
	       : key->owner == KEY_EXPORTER ? s->exporter
					    : (void *)s->args;
}

static int set_text(struct section *s, const struct key *key, const struct yaml_node *node,
		    const char *text)
{
	struct arena *arena = &s->config->yaml.arena;
	void *values = values_of(s, key);
	char *shown = arena_printf(arena, "'%s'", key->name);
	int ret = opt_set(key->opt, values, shown, arena_strdup(arena, text), s->err);

	note(s, key, text);
	ret = at_node(node, ret, s->err);
	return ret == 0 && key->opt->kind == OPT_WORDS ? check_words(s, node) : ret;
}

/* What stands between the two parts of a word: "MAP=ROLE", "[MAP:]EXPR", "MAP,FIELD,REGEX". */
static char middle_of(const struct opt *opt)
{
	return strchr(opt->arg, '=') ? '=' : strchr(opt->arg, ':') ? ':' : ',';
}

/* "key: value" or "key: [a, b]" as a word. */
static int set_pair(struct section *s, const struct key *key, const struct yaml_node *node)
{
	_cleanup_strbuf_ struct strbuf word = STRBUF_INIT(YAML_MAX_BYTES);
	const char *text;
	int ret = 0;

	strbuf_addf(&word, "%s%c", node->key->text, middle_of(key->opt));
	if (node->kind == YAML_LIST) {
		for (const struct yaml_node *n = node->first; n && ret == 0; n = n->next) {
			ret = yaml_text(n, &text, s->err);
			if (ret == 0)
				strbuf_addf(&word, "%s%s", n == node->first ? "" : ",", text);
		}
	} else {
		ret = yaml_text(node, &text, s->err);
		if (ret == 0)
			strbuf_adds(&word, text);
	}
	return ret < 0 ? ret : set_text(s, key, node, strbuf_str(&word));
}

static int set_words(struct section *s, const struct key *key, const struct yaml_node *node)
{
	const char *text;
	int ret = 0;

	if (node->kind == YAML_TEXT)
		return set_text(s, key, node, node->text);
	if (node->kind == YAML_MAP && key->opt->kind == OPT_CSV)
		return yaml_list(node, s->err);
	for (const struct yaml_node *n = node->first; n && ret == 0; n = n->next) {
		if (n->key) {
			ret = set_pair(s, key, n);
			continue;
		}
		ret = yaml_text(n, &text, s->err);
		if (ret == 0)
			ret = set_text(s, key, n, text);
	}
	return ret;
}

static int set_key(struct section *s, const struct key *key, const struct yaml_node *node)
{
	void *values = values_of(s, key);
	const char *text;
	bool on;
	int ret;

	if (key->opt->kind == OPT_WORDS || key->opt->kind == OPT_CSV)
		return set_words(s, key, node);
	if (key->opt->kind == OPT_FLAG) {
		ret = yaml_bool(node, &on, s->err);
		if (ret < 0)
			return ret;
		*(bool *)((char *)values + key->opt->offset) = on;
		note(s, key, on ? "true" : "false");
		return 0;
	}
	ret = yaml_text(node, &text, s->err);
	return ret < 0 ? ret : set_text(s, key, node, text);
}

static const struct key *find_key(const struct section *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (streq(s->keys[i].name, name))
			return &s->keys[i];
	return NULL;
}

static bool is_more(const struct section *s, const char *name)
{
	for (size_t i = 0; i < s->nmore; i++)
		if (streq(s->more[i], name))
			return true;
	return false;
}

static int unknown_key(const struct section *s, const struct yaml_node *node)
{
	const char *names[KEYS_MAX + 8];
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++)
		names[count++] = s->keys[i].name;
	for (size_t i = 0; i < s->nmore; i++)
		names[count++] = s->more[i];
	return yaml_unknown_key(node, suggest_from(node->key->text, names, count), s->err);
}

int section_read(struct section *s, const struct yaml_node *map)
{
	int ret = yaml_map(map, s->err);

	for (const struct yaml_node *node = map->first; node && ret == 0; node = node->next) {
		const struct key *key = find_key(s, node->key->text);

		if (!key && !is_more(s, node->key->text))
			ret = unknown_key(s, node);
		else if (key && !yaml_is_null(node))
			ret = set_key(s, key, node);
	}
	return ret;
}
